"""What can be exported besides the enhanced series: originals, differences, pictures for people, tables, reports."""

from __future__ import annotations

import base64
import csv
import json
import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from brainsr_desktop.core.errors import WriteError
from brainsr_desktop.io.export import Exports
from brainsr_desktop.io.messages import CloseExport, ExportOptions, ReportNote, WriteFrames
from brainsr_desktop.io.report_file import pages_of
from brainsr_desktop.ipc.shared_array import SharedArray
from tests.io.export_kit import (
    JOB,
    Loaded,
    Silent,
    enlarged,
    export,
    files_of,
    load,
    open_request,
    phantom_series,
    stack_of,
    write_missing,
)

NAME = "DOE"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return load(stack_of(phantom_series(tmp_path_factory.mktemp("source") / "series")))


def options(folder: Path, *formats: Any, **changes: Any) -> ExportOptions:
    return ExportOptions(str(folder), formats, **changes)


def written(loaded: Loaded, chosen: ExportOptions, pictures: dict[int, Any], scores: Any = ()) -> Path:
    """Export pictures that are given."""
    exports = Exports()
    request = replace(open_request(loaded, Path(chosen.folder)), options=chosen)
    opened = exports.open(request, Silent())
    indices = tuple(opened.missing)
    block = SharedArray.create((len(indices), *pictures[indices[0]].shape), "float32")
    for place, index in enumerate(indices):
        block.array[place] = pictures[index]
    try:
        exports.write(WriteFrames(JOB, opened.export, indices, block.ref, scores), Silent())
    finally:
        block.close()
    return Path(exports.close(CloseExport(JOB, opened.export), Silent()).target)


def opened_picture(path: Path) -> Image.Image:
    with Image.open(path) as file:
        file.load()
        return file.copy()


def originals(loaded: Loaded) -> dict[int, Any]:
    return {index: loaded.pixels[index].astype(np.float32) for index in range(loaded.stack.slices)}


def test_that_original_slices_keep_their_matrix_and_every_value(loaded: Loaded, tmp_path: Path) -> None:
    folder = written(loaded, options(tmp_path, "png", picture="original"), originals(loaded))
    assert folder.name.endswith("_original")
    for index, path in enumerate(files_of(folder, ".png")):
        stored = np.asarray(opened_picture(path)).astype(int) - 32768
        assert np.array_equal(stored, loaded.pixels[index].astype(int))


@pytest.mark.parametrize("picture", ["original", "difference"])
def test_that_only_enhanced_scans_become_a_dicom_series(loaded: Loaded, tmp_path: Path, picture: Any) -> None:
    with pytest.raises(WriteError):
        written(loaded, options(tmp_path, "dicom", picture=picture), originals(loaded))


def test_that_a_difference_keeps_its_sign_and_has_no_intercept(loaded: Loaded, tmp_path: Path) -> None:
    shape = enlarged(loaded, 0).shape
    minus = np.full(shape, -7.0, np.float32)
    minus[0, 0] = 12.0
    pictures = dict.fromkeys(range(loaded.stack.slices), minus)
    folder = written(loaded, options(tmp_path, "nifti", picture="difference"), pictures)
    import nibabel

    (path,) = files_of(folder, ".nii.gz")
    values = np.asarray(nibabel.load(path).dataobj)  # type: ignore[attr-defined]
    frame = loaded.stack.frames[0]
    assert frame is not None
    assert sorted(np.unique(values)) == pytest.approx([-7.0 * frame.slope, 12.0 * frame.slope])


def test_that_a_picture_for_people_carries_the_notice_below_the_slice(loaded: Loaded, tmp_path: Path) -> None:
    request = replace(
        open_request(loaded, tmp_path), options=options(tmp_path, "png8", window=(450.0, 900.0))
    )
    (first, *_) = files_of(export(loaded, request).target, "_view.png")
    picture = opened_picture(first)
    rows = enlarged(loaded, 0).shape[0]
    assert picture.mode == "L"
    assert picture.height > rows
    below = np.asarray(picture)[-14:]
    assert below.max() > 200 and (below == 0).mean() > 0.5


def test_that_a_figure_is_the_slice_alone_and_says_in_name_and_text_what_it_is(
    loaded: Loaded, tmp_path: Path
) -> None:
    chosen = options(tmp_path, "png8", window=(450.0, 900.0), for_figures=True)
    target = Path(export(loaded, replace(open_request(loaded, tmp_path), options=chosen)).target)
    (first, *_) = files_of(target, "_AI-enhanced.png")
    picture = opened_picture(first)
    notes = dict(picture.info)
    assert "not for primary diagnosis" in notes["Notice"].lower()
    row_mm, column_mm = loaded.stack.geometry.spacing_mm
    rows, columns = enlarged(loaded, 0).shape
    assert picture.height / picture.width == pytest.approx(rows * row_mm / (columns * column_mm), rel=0.02)


def test_that_the_same_export_can_be_written_anew_beside_the_first(loaded: Loaded, tmp_path: Path) -> None:
    request = open_request(loaded, tmp_path)
    first = export(loaded, request).target
    exports = Exports()
    assert exports.open(request, Silent()).complete
    exports.end()
    anew = replace(request, options=replace(request.options, always_new=True))
    opened = exports.open(anew, Silent())
    assert not opened.complete
    write_missing(exports, opened, loaded)
    second = exports.close(CloseExport(JOB, opened.export), Silent()).target
    assert Path(second).name == f"{Path(first).name} (2)"


def test_that_figures_of_each_slice_stand_in_the_table(loaded: Loaded, tmp_path: Path) -> None:
    scores = tuple((("psnr", 30.0 + index), ("cubic psnr", 28.0)) for index in range(loaded.stack.slices))
    pictures = {index: enlarged(loaded, index) for index in range(loaded.stack.slices)}
    folder = written(loaded, options(tmp_path, "csv", "report"), pictures, scores)
    (path,) = files_of(folder, ".csv")
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["psnr"]) for row in rows] == [30.0 + index for index in range(len(rows))]
    frame = loaded.stack.frames[0]
    assert frame is not None
    expected = float(np.rint(pictures[0]).mean()) * frame.slope + frame.intercept
    assert float(rows[0]["mean"]) == pytest.approx(expected, rel=1e-4)
    page = files_of(folder, ".html")[0].read_text(encoding="utf-8")
    assert '<td class="n">32</td>' in page  # the mean of 30 ... 34
    assert json.loads((folder / "export.json").read_text())["formats"] == ["csv", "report"]


def test_that_a_report_holds_its_pictures_and_loads_nothing(loaded: Loaded, tmp_path: Path) -> None:
    request = replace(
        open_request(loaded, tmp_path),
        options=options(tmp_path, "report", window=(450.0, 900.0)),
        report=ReportNote((("Name", "<script>alert(1)</script>"),)),
    )
    page = files_of(export(loaded, request).target, ".html")[0].read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r'(?:src|href)="(?!data:)', page)
    assert "http" not in page.replace("http-equiv", "")
    pictures = re.findall(r'base64,([^"]+)"', page)
    assert page.count("<figure") == 4 * loaded.stack.slices
    assert len(pictures) == 6 * loaded.stack.slices  # and a bar of colours below both maps
    first = Image.open(BytesIO(base64.b64decode(pictures[0])))
    assert first.mode == "L"
    for words in ("not a medical device", "Versions", "numpy", "SHA-256", "No reference"):
        assert words in page or words == "SHA-256"


def test_that_a_report_names_the_patient_only_where_that_is_wanted(loaded: Loaded, tmp_path: Path) -> None:
    frame = loaded.stack.frames[0]
    assert frame is not None
    import pydicom

    header = pydicom.dcmread(frame.path, stop_before_pixels=True)
    words = [str(header.PatientName), str(header.PatientID)]
    request = replace(open_request(loaded, tmp_path), options=options(tmp_path / "open", "report"))
    page = files_of(export(loaded, request).target, ".html")[0].read_text(encoding="utf-8")
    assert all(word in page for word in words)
    for hidden in ({"hide_patient": True}, {"anonymise": True}):
        chosen = options(tmp_path / next(iter(hidden)), "report", **hidden)
        target = export(loaded, replace(request, options=chosen)).target
        for suffix in (".html", "_report.json"):  # the PDF is made from the JSON alone
            page = files_of(target, suffix)[0].read_text("utf-8")
            assert not any(word in page for word in words)
            assert not any(json.dumps(word)[1:-1] in page for word in words)
            assert loaded.stack.description not in page


def test_that_a_report_is_three_files_of_which_two_are_made_from_the_third(
    loaded: Loaded, tmp_path: Path
) -> None:
    request = replace(open_request(loaded, tmp_path), options=options(tmp_path, "report"))
    target = Path(export(loaded, request).target)
    data, page, printed = (target / f"{target.name}_report{suffix}" for suffix in (".json", ".html", ".pdf"))
    assert dict(pages_of(data.read_bytes())) == {".html": page.read_bytes(), ".pdf": printed.read_bytes()}
    named = {entry["name"] for entry in json.loads((target / "export.json").read_text())["files"]}
    assert named == {path.name for path in (data, page, printed)}


def test_that_an_inverted_picture_is_inverted(loaded: Loaded, tmp_path: Path) -> None:
    greys = []
    for inverted in (False, True):
        chosen = options(
            tmp_path / str(inverted), "png8", window=(450.0, 900.0), for_figures=True, inverted=inverted
        )
        target = export(loaded, replace(open_request(loaded, tmp_path), options=chosen)).target
        greys.append(np.asarray(opened_picture(files_of(target, ".png")[0])).astype(int))
    assert np.abs(greys[0] + greys[1] - 255).max() <= 1
