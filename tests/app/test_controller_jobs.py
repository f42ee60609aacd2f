"""Series enhanced and exported by real children."""

from __future__ import annotations

import json
from pathlib import Path

from brainsr_desktop.session import intents
from brainsr_desktop.session.pictures import SliceState
from tests.app.controlling import MakeDesk, dicom_files, series_folder, slice_of
from tests.phantom import with_value


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
