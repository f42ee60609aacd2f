"""With real children and real files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from pytestqt.qtbot import QtBot

from brainsr_desktop.core.errors import OutOfMemory
from brainsr_desktop.ipc.shared_array import SharedArray
from brainsr_desktop.session import intents
from brainsr_desktop.session.pictures import PaneState, SliceState
from brainsr_desktop.session.state import WindowLevel
from tests.app import slow_engine
from tests.app.controlling import READY, Desk, blocks_left, children_left, series_folder, slice_of
from tests.phantom import classic, with_value

MakeDesk = Callable[..., Desk]


@pytest.fixture
def desk(qtbot: QtBot) -> Iterator[MakeDesk]:
    made: list[Desk] = []

    def make(**arguments: Any) -> Desk:
        made.append(Desk(qtbot, **arguments))
        return made[-1]

    yield make
    for one in made:
        one.leave()


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(slow_engine.PAUSE_S, "0.15")
    return slow_engine.TARGET


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return series_folder(tmp_path / "head")


# Opening


def test_that_a_folder_becomes_series_pictures_and_thumbnails(desk: MakeDesk, folder: Path) -> None:
    one = desk()
    stack = one.open(folder)
    assert (stack.slices, one.summaries[0].used) == (6, 6)
    picture = one.controller.left_picture
    assert picture is not None
    assert slice_of(picture.pixels) == 3
    one.controller.request_thumbnail(stack)
    one.wait(lambda: stack.id in one.thumbnails, "the thumbnail")
    assert max(one.thumbnails[stack.id].shape) <= 96
    one.wait_ready()
    right = one.controller.right_picture
    assert right is not None
    assert right.pixels.shape == (48 * 4, 40 * 4)
    assert slice_of(right.pixels) == 3


def test_that_the_enhanced_pane_shows_the_interpolation_at_once_and_then_the_network(
    desk: MakeDesk, folder: Path
) -> None:
    one = desk()
    one.do(intents.choose_model, "brainsr-x4", 4, "espcn-x4")
    one.open(folder)
    one.wait_ready()
    words = [status.text for picture, status in one.right if picture is not None]
    assert words[0].startswith("Preview - interpolated (linear), no network")
    assert words[-1].startswith("Network BrainSR x4 - CPU, ")
    one.do(intents.scroll, 1)
    assert one.controller.right_picture is not None
    one.wait_ready()
    one.do(intents.scroll, -1)
    assert one.controller.right_status.text == "Network BrainSR x4 - stored"


def test_that_scrolling_shows_the_new_slice_in_the_same_call(desk: MakeDesk, folder: Path) -> None:
    one = desk()
    one.open(folder)
    one.wait(lambda: not one.controller.loading, "every slice")
    for index in (0, 5, 2, 4):
        one.do(intents.go_to, index)
        left, right = one.controller.left_picture, one.controller.right_picture
        assert left is not None
        assert right is not None
        assert slice_of(left.pixels) == slice_of(right.pixels) == index


def test_that_every_neighbour_is_made_ahead(desk: MakeDesk, folder: Path) -> None:
    one = desk()
    one.open(folder)
    one.wait(lambda: sum(state is SliceState.FULL for state in one.states.values()) == 5, "all neighbours")
    assert one.states[0] is SliceState.NONE  # two against the direction of scrolling, three along it


def test_that_the_first_grey_window_is_the_automatic_one_and_stays(desk: MakeDesk, folder: Path) -> None:
    one = desk()
    one.open(folder)
    one.wait(
        lambda: one.controller.series_range is not None and one.controller.series_range.final, "the range"
    )
    found = one.controller.series_range
    assert found is not None
    assert one.store.state.window == found.automatic
    one.do(intents.set_window, WindowLevel(10.0, 20.0))
    one.do(intents.scroll, 1)
    one.do(intents.choose_model, "lanczos", 2)
    assert one.store.state.window == WindowLevel(10.0, 20.0)


def test_that_the_window_of_the_header_is_used_if_it_fits(desk: MakeDesk, tmp_path: Path) -> None:
    def edit(dataset: Any, number: int) -> None:
        dataset.WindowCenter, dataset.WindowWidth = 400.0, 820.0

    one = desk()
    one.open(series_folder(tmp_path / "head", edit=edit))
    one.wait(lambda: one.store.state.window is not None, "the window")
    assert one.store.state.window == WindowLevel(400.0, 820.0)


def test_that_the_grey_window_is_remembered_for_each_series(desk: MakeDesk, tmp_path: Path) -> None:
    one = desk()
    first = one.open(series_folder(tmp_path / "a"))
    one.do(intents.set_window, WindowLevel(10.0, 20.0))
    second = one.open(series_folder(tmp_path / "b", series=2))
    one.wait(lambda: one.store.state.window is not None, "a window")
    assert one.store.state.window != WindowLevel(10.0, 20.0)
    assert first.id != second.id
    one.controller.open_stack(first)
    assert one.store.state.window == WindowLevel(10.0, 20.0)


def test_that_a_broken_slice_is_told_and_the_others_are_shown(desk: MakeDesk, tmp_path: Path) -> None:
    def cut(data: bytes, number: int) -> bytes:
        return data[:-1000] if number == 2 else data

    one = desk()
    one.open(series_folder(tmp_path / "head", raw=cut))
    one.wait(lambda: not one.controller.loading, "the load")
    one.do(intents.go_to, 2)
    assert one.controller.left_picture is None
    assert one.controller.left_status.state is PaneState.FAILED
    one.do(intents.go_to, 3)
    assert one.controller.left_picture is not None


def test_that_too_little_memory_is_told_and_the_window_lives(
    desk: MakeDesk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> SharedArray:
        raise OutOfMemory("There is not enough memory for 9 MiB of pixels.", advice="Close something.")

    one = desk()
    monkeypatch.setattr(SharedArray, "create", refuse)
    one.controller.open_paths([str(folder)])
    one.wait(lambda: one.summaries, "the scan")
    one.controller.open_stack(one.series[0].stacks[0])
    one.wait(lambda: one.said("not enough memory"), "the notice")
    assert one.controller.left_status.state is PaneState.FAILED


def test_that_a_path_that_does_not_exist_is_told(desk: MakeDesk, tmp_path: Path) -> None:
    one = desk()
    one.controller.open_paths([str(tmp_path / "nothing here")])
    one.wait(lambda: one.notices, "the notice")
    assert one.ended("Look")


def test_that_closing_everything_frees_blocks_and_results(desk: MakeDesk, folder: Path) -> None:
    one = desk()
    memory: list[int] = []
    one.controller.memory_changed.connect(lambda used, _limit: memory.append(used))
    one.open(folder)
    one.wait_ready()
    one.controller.close_all()
    one.wait(lambda: memory[-1] == 0)
    assert one.controller.left_status.state is PaneState.EMPTY
    assert one.open(folder).slices == 6


def test_that_headers_are_read_on_request(desk: MakeDesk, folder: Path) -> None:
    one = desk()
    stack = one.open(folder)
    heard: list[tuple[Any, Any]] = []
    one.controller.header_ready.connect(lambda *answer: heard.append(answer))
    one.controller.request_header(stack, 0)
    one.wait(lambda: heard, "the header")
    assert any(row[1] == "Modality" and row[3] == "MR" for row in heard[0][1])


def test_that_devices_are_listed(desk: MakeDesk, folder: Path) -> None:
    one = desk()
    found: list[Any] = []
    one.controller.devices_found.connect(found.append)
    one.open(folder)
    one.wait(lambda: found, "the devices")
    assert any(device.id == "cpu" for device in found[0])


def test_that_values_are_read_in_units_under_both_panes(desk: MakeDesk, tmp_path: Path) -> None:
    one = desk()
    one.open(series_folder(tmp_path / "head", edit=with_value("RescaleSlope", 2.0)))
    one.wait_ready()
    height, width = one.store.state.stack.geometry.extent_mm  # type: ignore[union-attr]
    left, right = one.controller.values_at(width / 2, height / 2)
    assert left is not None
    assert right == pytest.approx(left, rel=0.01)


# Test mode


def test_that_test_mode_shows_the_degraded_input_and_scores_every_model(desk: MakeDesk, folder: Path) -> None:
    one = desk()
    one.open(folder)
    one.wait_ready()
    one.do(intents.set_test_mode, on=True)
    one.wait(lambda: one.controller.left_status.text == "DEGRADED INPUT", "the degraded input")
    left = one.controller.left_picture
    assert left is not None
    assert left.pixels.shape == (12, 10)
    assert left.extent_mm == one.store.state.stack.geometry.extent_mm  # type: ignore[union-attr]
    one.wait_ready()
    right = one.controller.right_picture
    assert right is not None
    assert right.pixels.shape == (48, 40)
    one.wait(lambda: len(one.controller.scores) == 4, "the scores of all interpolations")
    assert all(scores["psnr"] > 5 for scores in one.controller.scores.values())
    one.do(intents.set_test_mode, on=False)
    assert one.controller.left_status.text == "Original"
    assert one.controller.scores == {}
    assert one.controller.right_status.state in READY


def test_that_the_truth_can_be_shown_in_test_mode(desk: MakeDesk, folder: Path) -> None:
    one = desk()
    one.open(folder)
    one.do(intents.set_test_mode, on=True)
    one.do(intents.set_show_reference, on=True)
    assert one.controller.left_status.text == "Reference"
    picture = one.controller.left_picture
    assert picture is not None
    assert slice_of(picture.pixels) == 3


# The network


def test_that_network_off_and_on_again(desk: MakeDesk, folder: Path) -> None:
    one = desk()
    one.open(folder)
    one.wait_ready()
    one.controller.stop_network()
    assert one.controller.right_status.text == "Network off"
    one.do(intents.set_network, on=True)
    assert one.controller.right_status.state in READY


def test_that_a_model_comes_with_its_preview_and_can_be_undone(desk: MakeDesk, folder: Path) -> None:
    one = desk()
    one.do(intents.choose_model, "brainsr-x4", 4, "espcn-x4")
    one.controller.choose_model("lanczos", 4)
    assert one.store.state.recipe.model == "lanczos"
    assert one.store.undo() == "model"
    assert one.store.state.recipe.model == "brainsr-x4"


def test_that_a_model_that_cannot_run_says_so_and_retry_tries_again(desk: MakeDesk, folder: Path) -> None:
    one = desk()
    one.do(intents.choose_model, "no-such-model", 4)
    one.open(folder)
    one.wait(lambda: one.controller.right_status.state is PaneState.FAILED, "the failure")
    assert "interpolated shown" in one.controller.right_status.text
    assert one.controller.right_picture is not None
    one.do(intents.choose_model, "bicubic", 4)
    one.controller.retry(on_cpu=True)
    assert one.store.state.recipe.device == "cpu"
    one.wait_ready()


# Long jobs


def test_that_a_whole_series_is_enhanced(desk: MakeDesk, tmp_path: Path) -> None:
    one = desk()
    one.open(series_folder(tmp_path / "head", 12))
    one.controller.enhance_series()
    assert one.controller.busy
    one.wait(lambda: one.ended("Enhance"), "the series")
    assert one.job("Enhance").state == "done"
    assert set(one.states.values()) == {SliceState.FULL}
    assert one.said("12 of 12 slices")
    assert not one.controller.busy


def test_that_a_series_job_can_be_cancelled_and_keeps_what_is_made(
    desk: MakeDesk, tmp_path: Path, slow: str
) -> None:
    one = desk(engine_target=slow)
    one.open(series_folder(tmp_path / "head", 20))
    one.controller.enhance_series()
    one.wait(lambda: one.job("Enhance").done > 3, "some slices")
    one.controller.cancel_job(one.job("Enhance").id)
    assert one.job("Enhance").state == "cancelled"
    assert sum(state is SliceState.FULL for state in one.states.values()) >= 3


def test_that_jobs_wait_for_each_other(desk: MakeDesk, tmp_path: Path, slow: str) -> None:
    one = desk(engine_target=slow)
    stack = one.open(series_folder(tmp_path / "head", 12))
    one.controller.enhance_series()
    one.export(stack, tmp_path / "out")
    assert one.job("Enhance").state == "running"
    assert one.job("Export").state == "waiting"
    one.controller.cancel_job(one.job("Export").id)
    assert one.job("Export").state == "cancelled"
    one.controller.cancel_job(one.job("Enhance").id)


def dicom_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.dcm"))


def test_that_an_export_writes_every_slice(desk: MakeDesk, folder: Path, tmp_path: Path) -> None:
    import pydicom

    one = desk()
    stack = one.open(folder)
    one.export(stack, tmp_path / "out")
    one.wait(lambda: one.ended("Export"), "the export")
    assert one.job("Export").state == "done", one.notices
    files = dicom_files(tmp_path / "out")
    assert len(files) == 6
    assert one.said("files written to")
    order = sorted((pydicom.dcmread(path) for path in files), key=lambda d: float(d.ImagePositionPatient[2]))
    for index, dataset in enumerate(order):
        values = dataset.pixel_array * float(dataset.get("RescaleSlope", 1)) + float(
            dataset.get("RescaleIntercept", 0)
        )
        assert values.shape == (192, 160)
        assert slice_of(values) == index


def test_that_a_cancelled_export_goes_on_where_it_stopped(desk: MakeDesk, tmp_path: Path, slow: str) -> None:
    one = desk(engine_target=slow)
    stack = one.open(series_folder(tmp_path / "head", 30))
    one.export(stack, tmp_path / "out")
    one.wait(lambda: one.job("Export").done >= 8, "the first files")
    one.controller.cancel_job(one.job("Export").id)
    one.wait(lambda: one.ended("Export"), "the end")
    assert one.job("Export").state == "cancelled"
    kept = {path.name: path.read_bytes() for path in dicom_files(tmp_path / "out")}
    assert 8 <= len(kept) < 30
    one.notices[-1].action()  # type: ignore[misc]
    one.wait(lambda: one.job("Export").state == "done", "the rest")
    files = dicom_files(tmp_path / "out")
    assert len(files) == 30
    assert all(kept[path.name] == path.read_bytes() for path in files if path.name in kept)


def test_that_an_export_into_a_file_fails_with_words(desk: MakeDesk, folder: Path, tmp_path: Path) -> None:
    one = desk()
    stack = one.open(folder)
    (tmp_path / "file").write_text("not a folder")
    one.export(stack, tmp_path / "file" / "out")
    one.wait(lambda: one.ended("Export"), "the end")
    assert one.job("Export").state == "failed"
    assert one.said("The export failed")


def test_that_a_series_not_in_view_is_exported(desk: MakeDesk, tmp_path: Path) -> None:
    one = desk()
    first = one.open(series_folder(tmp_path / "a"))
    one.open(series_folder(tmp_path / "b", series=2))
    one.export(first, tmp_path / "out", (1, 2))
    one.wait(lambda: one.ended("Export"), "the export")
    assert len(dicom_files(tmp_path / "out")) == 2


def test_that_an_export_takes_a_series_number_that_is_free_in_the_study(
    desk: MakeDesk, tmp_path: Path
) -> None:
    import pydicom

    one = desk()
    first = one.open(series_folder(tmp_path / "a"))
    one.open(series_folder(tmp_path / "b", series=104))
    one.export(first, tmp_path / "out", (1,))
    one.wait(lambda: one.ended("Export"), "the export")
    (made,) = dicom_files(tmp_path / "out")
    assert pydicom.dcmread(made).SeriesNumber == 114


def test_that_what_cannot_be_enhanced_is_refused_with_the_reason(desk: MakeDesk, tmp_path: Path) -> None:
    one = desk()
    stack = one.open(series_folder(tmp_path / "ct", edit=with_value("Modality", "CT")))
    assert one.controller.right_status.text.startswith("Viewing only: ")
    one.export(stack, tmp_path / "out")
    one.controller.enhance_series()
    assert one.said("cannot be enhanced: not an MR image")
    assert not one.controller.busy


def test_that_an_export_report_names_what_ran_the_model(desk: MakeDesk, folder: Path, tmp_path: Path) -> None:
    one = desk()
    one.do(intents.choose_model, "brainsr-x4", 4, None)
    stack = one.open(folder)
    one.export(stack, tmp_path / "out")
    one.wait(lambda: one.ended("Export"), "the export")
    (report,) = (tmp_path / "out").rglob("export.json")
    engine = json.loads(report.read_text())["engine"]
    assert engine["device"] == "cpu"
    assert engine["backend"] in ("openvino", "torch")


def test_that_an_export_with_a_model_that_is_not_there_is_refused(
    desk: MakeDesk, folder: Path, tmp_path: Path
) -> None:
    one = desk()
    stack = one.open(folder)
    one.do(intents.choose_model, "no-such-model", 4)
    one.export(stack, tmp_path / "out")
    assert one.said("no model named 'no-such-model'")
    assert not one.controller.busy


def test_that_a_hidden_patient_hides_the_folder_of_an_export(
    desk: MakeDesk, folder: Path, tmp_path: Path
) -> None:
    one = desk()
    stack = one.open(folder)
    one.do(intents.hide_patient, on=True)
    one.export(stack, tmp_path / "anna", (0,))
    one.wait(lambda: one.ended("Export"), "the export")
    assert one.said("written to a hidden folder")
    assert not one.said("anna")


def test_that_closing_everything_stops_the_jobs(desk: MakeDesk, tmp_path: Path, slow: str) -> None:
    one = desk(engine_target=slow)
    stack = one.open(series_folder(tmp_path / "head", 20))
    one.export(stack, tmp_path / "out")
    one.controller.enhance_series()
    one.wait(lambda: one.job("Export").done > 0, "the first files")
    one.controller.close_all()
    one.wait(lambda: one.ended("Export") and one.ended("Enhance"), "the end of the jobs")
    assert {one.job("Export").state, one.job("Enhance").state} == {"cancelled"}
    assert one.controller.left_picture is None


def test_that_a_scan_can_be_cancelled(desk: MakeDesk, tmp_path: Path) -> None:
    one = desk()
    for number in range(8):
        series_folder(tmp_path / str(number), 20, series=number + 1)
    one.controller.open_paths([str(tmp_path)])
    one.controller.cancel_job(one.job("Look").id)
    one.wait(lambda: one.ended("Look"), "the end")
    assert one.job("Look").state in ("cancelled", "done")


# Children that end


def test_that_a_killed_engine_is_started_again_and_the_slice_comes(
    desk: MakeDesk, folder: Path, slow: str
) -> None:
    one = desk(engine_target=slow)
    one.open(folder)
    one.wait(lambda: one.controller.computing, "work")
    before = one.kill("engine")
    one.wait(lambda: one.said("The network process stopped (signal 9). It was started again."), "the notice")
    one.wait_ready()
    assert one.controller.child_pids["engine"] != before
    one.do(intents.scroll, 1)
    one.wait_ready()


def test_that_an_engine_killed_twice_waits_for_the_button(desk: MakeDesk, folder: Path, slow: str) -> None:
    one = desk(engine_target=slow)
    one.open(folder)
    one.wait_ready()
    one.kill("engine")
    one.wait(lambda: one.said("It was started again"), "the restart")
    one.kill("engine")
    one.wait(lambda: one.notices[-1].label == "Start again", "the button")
    one.do(intents.choose_model, "lanczos", 4)
    one.wait(lambda: one.controller.right_status.state is PaneState.FAILED, "the label")
    assert one.controller.right_picture is not None
    one.do(intents.go_to, 0)
    assert one.controller.left_picture is not None
    assert one.notices[-1].action is not None
    one.notices[-1].action()
    one.wait_ready()


def test_that_a_slice_that_kills_the_engine_is_given_up(
    desk: MakeDesk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(slow_engine.DEADLY_FRAME, "3")
    one = desk(engine_target=slow_engine.TARGET)
    one.open(folder)
    one.wait(lambda: any(n.label == "Start again" for n in one.notices), "the button")
    one.wait(lambda: one.controller.right_status.state is PaneState.FAILED, "the label")
    next(n for n in one.notices if n.label == "Start again").action()  # type: ignore[misc]
    one.do(intents.go_to, 1)
    one.wait_ready()
    one.do(intents.go_to, 3)
    assert one.controller.right_status.state is PaneState.FAILED


def test_that_a_series_goes_on_after_the_engine_was_killed(desk: MakeDesk, tmp_path: Path, slow: str) -> None:
    one = desk(engine_target=slow)
    one.open(series_folder(tmp_path / "head", 12))
    one.controller.enhance_series()
    one.wait(lambda: one.job("Enhance").done > 2, "some slices")
    one.kill("engine")
    one.wait(lambda: one.ended("Enhance"), "the series")
    assert one.job("Enhance").state == "done"
    assert set(one.states.values()) == {SliceState.FULL}


def test_that_killed_files_lose_nothing_that_is_open(desk: MakeDesk, folder: Path) -> None:
    one = desk()
    one.open(folder)
    one.wait(lambda: not one.controller.loading, "the load")
    one.kill("files")
    one.wait(lambda: one.said("reads files stopped (signal 9). It was started again."), "the notice")
    one.do(intents.go_to, 1)
    assert one.controller.left_picture is not None
    one.wait_ready()
    stack = one.store.state.stack
    assert stack is not None
    one.controller.request_thumbnail(stack)
    one.wait(lambda: one.thumbnails, "a thumbnail")


def test_that_a_scan_begins_again_after_its_process_was_killed_and_tells_every_series_once(
    desk: MakeDesk, tmp_path: Path
) -> None:
    one = desk()
    for number in range(6):
        series_folder(tmp_path / str(number), 30, series=number + 1)
    one.controller.open_paths([str(tmp_path)])
    one.wait(lambda: one.series, "the first series")
    one.kill("files")
    one.wait(lambda: one.said("It was started again"), "the restart")
    one.wait(lambda: one.summaries, "the end of the scan")
    stacks = [stack for series in one.series for stack in series.stacks]
    assert len({stack.series_uid for stack in stacks}) == len(stacks) == 6
    assert len({stack.id for stack in stacks}) == 6


def test_that_a_load_goes_on_after_its_process_was_killed(desk: MakeDesk, tmp_path: Path) -> None:
    one = desk()
    folder = tmp_path / "head"
    classic(folder, pixels=np.full((150, 128, 128), 300, np.uint16))
    one.controller.open_paths([str(folder)])
    one.wait(lambda: one.summaries, "the scan")
    one.controller.open_stack(one.series[0].stacks[0])
    one.wait(lambda: one.controller.left_picture is not None, "the first slice")
    one.kill("files")
    one.wait(lambda: not one.controller.loading, "the whole load")
    assert one.said("It was started again")
    for index in range(150):
        one.do(intents.go_to, index)
        assert one.controller.left_picture is not None


def test_that_an_export_goes_on_after_its_process_was_killed(
    desk: MakeDesk, tmp_path: Path, slow: str
) -> None:
    one = desk(engine_target=slow)
    stack = one.open(series_folder(tmp_path / "head", 20))
    one.export(stack, tmp_path / "out")
    one.wait(lambda: one.job("Export").done >= 8, "the first files")
    one.kill("files")
    one.wait(lambda: one.ended("Export"), "the end")
    assert one.job("Export").state == "done", [n.text for n in one.notices]
    assert len(dicom_files(tmp_path / "out")) == 20
    assert not list((tmp_path / "out").rglob("*.partial"))


# Ending


def test_that_closing_in_the_middle_of_everything_leaves_nothing(
    desk: MakeDesk, tmp_path: Path, slow: str
) -> None:
    one = desk(engine_target=slow)
    stack = one.open(series_folder(tmp_path / "head", 20))
    one.controller.enhance_series()
    one.export(stack, tmp_path / "out")
    one.wait(lambda: one.job("Enhance").done > 1, "some slices")
    one.controller.open_paths([str(tmp_path)])
    one.controller.shut_down()
    assert not children_left()
    assert not blocks_left()


def test_that_a_deaf_engine_does_not_keep_the_window_open(
    desk: MakeDesk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(slow_engine.DEAF_FRAME, "3")
    one = desk(engine_target=slow_engine.TARGET)
    one.open(folder)
    one.wait(lambda: one.controller.computing, "work")
    pid = one.controller.child_pids["engine"]
    assert pid is not None
    one.controller.shut_down()
    assert not psutil.pid_exists(pid) or os.getpid() == pid
