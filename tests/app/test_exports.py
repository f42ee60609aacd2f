"""Exports through the real children: every kind of picture, a pause, several series, what is said at the end."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.export_task import ExportEnd
from brainsr_desktop.core.degrade import Degradation, degrade
from brainsr_desktop.io.messages import ExportOptions
from brainsr_desktop.io.report_file import decoded
from brainsr_desktop.ipc.messages import ErrorReport
from brainsr_desktop.session import intents
from brainsr_desktop.session.reports import ExportRequest
from tests.app.controlling import Desk, MakeDesk, marked_slices, series_folder


def exported(one: Desk, folder: Path, *formats: Any, **changes: Any) -> Path:
    """Export the first three slices of what is in view; the folder it came to."""
    stack = one.store.state.stack
    assert stack is not None
    one.controller.export(ExportRequest(stack, (0, 1, 2), ExportOptions(str(folder), formats, **changes)))
    one.wait(lambda: one.ended("Export"), "the export")
    assert one.job("Export").state == "done", [(n.text, n.detail) for n in one.notices]
    (found,) = folder.iterdir()
    return found


def values(path: Path) -> Any:
    with Image.open(path) as file:
        return np.asarray(file).astype(int)


def test_that_original_slices_are_written_without_a_network(desk: MakeDesk, tmp_path: Path) -> None:
    one = desk()
    one.open(series_folder(tmp_path / "head"))
    out = exported(one, tmp_path / "out", "png", picture="original")
    pixels = [values(path) for path in sorted(out.glob("*.png"))]
    assert np.array_equal(pixels, marked_slices()[:3])


def test_that_a_difference_is_the_result_minus_cubic_interpolation(desk: MakeDesk, tmp_path: Path) -> None:
    one = desk()
    one.open(series_folder(tmp_path / "head"))
    one.do(intents.choose_model, "nearest", 2)
    out = exported(one, tmp_path / "out", "png", picture="difference")
    from brainsr_desktop.core.resample import enlarge

    source = marked_slices()[1].astype(np.float32)
    expected = enlarge(source, 2, "nearest") - enlarge(source, 2, "bicubic")
    found = values(sorted(out.glob("*.png"))[1]) - 32768
    assert np.abs(found - expected).max() <= 0.51
    assert np.abs(found).max() > 5


@pytest.mark.parametrize("picture", ["degraded", "test"])
def test_that_pictures_of_test_mode_have_their_own_matrix(
    desk: MakeDesk, tmp_path: Path, picture: Any
) -> None:
    one = desk()
    one.open(series_folder(tmp_path / "head"))
    one.wait(lambda: not one.controller.loading, "the load")
    one.do(intents.set_degradation, Degradation(reduction=4, noise_percent=3.0, seed=5))
    out = exported(one, tmp_path / "out", "png", picture=picture)
    shape = (12, 10) if picture == "degraded" else (48, 40)
    assert {values(path).shape for path in out.glob("*.png")} == {shape}
    assert picture in out.name


def test_that_a_test_is_scored_beside_cubic_interpolation(desk: MakeDesk, tmp_path: Path) -> None:
    one = desk()
    one.open(series_folder(tmp_path / "head"))
    one.wait(lambda: not one.controller.loading, "the load")
    one.do(intents.choose_model, "lanczos", 4)
    one.do(intents.set_degradation, Degradation(reduction=4, seed=5))
    out = exported(one, tmp_path / "out", "csv", "report", picture="test")
    with next(out.glob("*.csv")).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3
    assert all(float(row["psnr"]) > 10 and float(row["bicubic psnr"]) > 10 for row in rows)
    page = next(out.glob("*.html")).read_text(encoding="utf-8")
    assert "Test mode: seed" in page and "Lanczos" in page
    told = decoded(next(out.glob("*_report.json")).read_bytes())
    (shown,) = (section for section in told.sections if section.heading == "Slices")
    pictures = {picture.title: picture for picture in shown.blocks[0].pictures}  # type: ignore[union-attr]
    assert set(pictures) == {
        "Original",
        "Degraded",
        "Enhanced from the degraded slice",
        "Enhanced minus truth",
    }
    given = degrade(marked_slices()[0].astype(np.float32), Degradation(reduction=4, seed=5), slice_index=0)
    shown_greys = np.asarray(Image.fromarray(pictures["Degraded"].pixels()).resize(given.shape[::-1])).ravel()
    assert np.corrcoef(shown_greys.astype(float), given.ravel())[0, 1] > 0.99


def test_that_a_paused_job_rests_and_goes_on(desk: MakeDesk, tmp_path: Path, slow: str) -> None:
    one = desk(engine_target=slow)
    one.open(series_folder(tmp_path / "head", 12))
    one.controller.enhance_series()
    one.wait(lambda: one.job("Enhance").done >= 2, "some slices")
    number = one.job("Enhance").id
    one.controller.pause_job(number, True)
    assert one.job("Enhance").state == "paused"
    one.wait(lambda: not one.controller.computing, "what was being made")
    rested = one.job("Enhance").done
    one._qtbot.wait(700)
    assert one.job("Enhance").done == rested < 12
    one.controller.pause_job(number, False)
    one.wait(lambda: one.ended("Enhance"), "the rest")
    assert one.job("Enhance").state == "done"


def test_that_several_series_are_enhanced_one_after_another(desk: MakeDesk, tmp_path: Path) -> None:
    one = desk()
    series_folder(tmp_path / "a" / "one", 3)
    series_folder(tmp_path / "a" / "two", 3, series=2)
    one.open(tmp_path / "a")
    stacks = tuple(stack for series in one.series for stack in series.stacks)
    one.controller.enhance_stacks(stacks)
    one.wait(lambda: sum(job.state == "done" for job in one.jobs.values() if "Enhance" in job.title) == 2)


def test_that_an_export_that_was_cancelled_goes_on_after_a_restart(
    qtbot: QtBot, tmp_path: Path, slow: str
) -> None:
    folder = series_folder(tmp_path / "head", 20)
    one = Desk(qtbot, engine_target=slow)
    stack = one.open(folder)
    one.export(stack, tmp_path / "out")
    one.wait(lambda: one.job("Export").done >= 8, "the first files")
    one.controller.cancel_job(one.job("Export").id)
    one.wait(lambda: one.ended("Export"), "the end")
    (partial,) = (tmp_path / "out").glob("*.partial")
    kept = {path.name: path.read_bytes() for path in partial.glob("*.dcm")}
    assert 8 <= len(kept) < 20
    one.leave()
    again = Desk(qtbot)
    again.export(again.open(folder), tmp_path / "out")
    again.wait(lambda: again.ended("Export"), "the rest")
    again.leave()
    (done,) = (tmp_path / "out").iterdir()
    files = {path.name: path.read_bytes() for path in done.glob("*.dcm")}
    assert len(files) == 20
    assert kept.items() <= files.items()


def test_that_what_was_exported_opens_as_a_series_made_by_a_network(desk: MakeDesk, tmp_path: Path) -> None:
    one = desk()
    one.open(series_folder(tmp_path / "head"))
    asked: list[str] = []
    one.controller.export_opened.connect(asked.append)
    out = exported(one, tmp_path / "out", "dicom")
    label, opens = one.notices[-1].more[0]
    assert label == "Open as series"
    opens()
    assert asked == [str(out)]
    stack = one.open(out)
    assert "AI-made" in stack.badges
    assert (stack.geometry.rows, stack.slices) == (192, 3)


def test_that_a_full_disk_says_how_much_room_is_missing_and_offers_to_go_on(
    desk: MakeDesk, tmp_path: Path
) -> None:
    one = desk()
    stack = one.open(series_folder(tmp_path / "head"))
    request = ExportRequest(stack, (0, 1, 2), ExportOptions(str(tmp_path / "out")))
    report = ErrorReport("DiskFull", "The disk is full after 12 of 24 slices.")
    end = ExportEnd("failed", "", 0, 12, 24, error=report, missing_bytes=40_000_000)
    again: list[str] = []
    notice = one.controller._tasks._notice_of(end, request, lambda: again.append("again"))
    assert notice.text == "12 of 24 slices are written; the disk is full."
    assert notice.advice == "Free 44 MB and press Continue."
    assert (notice.label, [label for label, _ in notice.more]) == ("Continue", ["Cancel"])
    assert notice.action is not None
    notice.action()
    assert again == ["again"]
