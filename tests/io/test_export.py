"""What an export holds, from the window's slices to the finished folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import nibabel
import numpy as np
import pytest
import SimpleITK
import tifffile
from PIL import Image
from pydicom import dcmread

from brainsr_desktop.core.errors import (
    InternalError,
    Problem,
    UsageError,
    WriteError,
)
from brainsr_desktop.io.export import Exports
from brainsr_desktop.io.messages import CloseExport, ExportOptions
from tests.io.export_kit import (
    JOB,
    Loaded,
    Silent,
    enlarged,
    export,
    files_of,
    load,
    open_request,
    phantom_dataset,
    phantom_series,
    save,
    stack_of,
    tree,
    write,
)


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    """A small series of five slices, InstanceNumber 11 to 15."""
    return load(stack_of(phantom_series(tmp_path / "source")))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_that_a_series_is_written_beside_its_number_and_description(loaded: Loaded, out: Path) -> None:
    answer = export(loaded, open_request(loaded, out))
    folder = out / "504_t1_mpr_sag_SRx4"
    assert Path(answer.target) == folder
    assert answer.files == 5
    assert sorted(path.name for path in folder.iterdir()) == [
        *(f"IM{n:05d}.dcm" for n in range(11, 16)),
        "export.json",
    ]
    assert [path.name for path in out.iterdir()] == [folder.name]


def test_that_files_hold_the_enlarged_slices_in_stored_units(loaded: Loaded, out: Path) -> None:
    folder = Path(export(loaded, open_request(loaded, out)).target)
    by_number = {
        frame.instance_number: index for index, frame in enumerate(loaded.stack.frames) if frame is not None
    }
    for path in files_of(folder):
        data = dcmread(path)
        expected = np.clip(np.rint(enlarged(loaded, by_number[int(data.InstanceNumber)])), -32768, 32767)
        np.testing.assert_array_equal(data.pixel_array, expected)
        assert path.name == f"IM{int(data.InstanceNumber):05d}.dcm"


def test_that_the_program_finds_its_export_at_the_same_place(loaded: Loaded, out: Path) -> None:
    folder = Path(export(loaded, open_request(loaded, out)).target)
    again, before = stack_of(folder), loaded.stack.geometry
    assert "AI-made" in again.badges
    assert again.slices == loaded.stack.slices
    np.testing.assert_allclose(again.geometry.offsets_mm(), before.offsets_mm(), atol=1e-6)
    for index in range(again.slices):
        np.testing.assert_allclose(again.geometry.corners_mm(index), before.corners_mm(index), atol=1e-6)
    assert again.study_uid == loaded.stack.study_uid


def test_that_simpleitk_sees_the_same_field_of_view(loaded: Loaded, tmp_path: Path, out: Path) -> None:
    folder = Path(export(loaded, open_request(loaded, out)).target)

    def corners(of: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        reader: Any = cast(Any, SimpleITK).ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(of)))
        image = reader.Execute()
        size = image.GetSize()
        ends = [(-0.5, n - 0.5) for n in size[:2]]
        return np.array(
            [
                image.TransformContinuousIndexToPhysicalPoint((x, y, z))
                for x in ends[0]
                for y in ends[1]
                for z in (0, size[2] - 1)
            ]
        )

    np.testing.assert_allclose(corners(folder), corners(tmp_path / "source"), atol=1e-5)


def test_that_every_format_comes_from_the_same_pixels(loaded: Loaded, out: Path) -> None:
    request = open_request(loaded, out, formats=("dicom", "nifti", "png", "tiff", "gif"))
    answer = export(loaded, request)
    folder = Path(answer.target)
    assert answer.files == 5 + 5 + 3
    order = np.argsort(loaded.stack.geometry.offsets_mm())
    pixels = {int(data.InstanceNumber): data.pixel_array for data in map(dcmread, files_of(folder))}
    numbers = [frame.instance_number for frame in loaded.stack.frames if frame is not None]
    stack = np.stack([pixels[numbers[index]] for index in order if numbers[index] is not None])
    found = cast(Any, nibabel).load(folder / f"{folder.name}.nii.gz")
    np.testing.assert_array_equal(np.asarray(found.dataobj).transpose(2, 1, 0), stack)
    np.testing.assert_array_equal(tifffile.imread(folder / f"{folder.name}.tif"), stack)
    for number, expected in pixels.items():
        with Image.open(folder / f"IM{number:05d}.png") as picture:
            np.testing.assert_array_equal(np.asarray(picture).astype(int) - 32768, expected)
    with Image.open(folder / f"{folder.name}.gif") as movie:
        assert (getattr(movie, "n_frames", 1), movie.size) == (5, (78, 48))  # 1.1 mm columns, 0.9 mm rows


def test_that_the_nifti_corners_are_those_of_the_dicom_source(loaded: Loaded, out: Path) -> None:
    folder = Path(export(loaded, open_request(loaded, out, formats=("nifti",))).target)
    assert sorted(path.name for path in folder.iterdir()) == [f"{folder.name}.nii.gz", "export.json"]
    affine = cast(Any, nibabel).load(folder / f"{folder.name}.nii.gz").affine
    geometry = loaded.stack.geometry
    order = np.argsort(geometry.offsets_mm())
    for rank in (0, len(order) - 1):
        corners = [(-0.5, -0.5), (63.5, -0.5), (-0.5, 47.5), (63.5, 47.5)]
        ras = np.array([(affine @ [column, row, rank, 1])[:3] for column, row in corners])
        np.testing.assert_allclose(ras * [-1, -1, 1], geometry.corners_mm(int(order[rank])), atol=1e-4)


@pytest.mark.parametrize("syntax", ["j2k", "rle"])
def test_that_compressed_exports_hold_the_same_pixels(loaded: Loaded, out: Path, syntax: str) -> None:
    plain = Path(export(loaded, open_request(loaded, out)).target)
    options = ExportOptions(str(out / "packed"), transfer_syntax=syntax)  # type: ignore[arg-type]
    packed = Path(export(loaded, open_request(loaded, out, options=options)).target)
    for one, other in zip(files_of(plain), files_of(packed), strict=True):
        assert dcmread(other).file_meta.TransferSyntaxUID.is_compressed
        np.testing.assert_array_equal(dcmread(one).pixel_array, dcmread(other).pixel_array)


def test_that_the_report_names_sources_files_and_corners(loaded: Loaded, tmp_path: Path, out: Path) -> None:
    folder = Path(export(loaded, open_request(loaded, out)).target)
    report = json.loads((folder / "export.json").read_text())
    assert report["factor"] == 4
    assert report["model"]["sha256"] == "ab" * 32
    assert report["model"]["grid"] == "half_pixel"
    assert (report["engine"], report["missing"]) == ({"backend": "openvino", "device": "cpu"}, [])
    assert report["source"]["series_uid"] == loaded.stack.series_uid
    assert len(report["source"]["sop_uids"]) == 5
    for entry in report["source"]["files"]:
        path = tmp_path / "source" / entry["name"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"]
    for entry in report["files"]:
        assert hashlib.sha256((folder / entry["name"]).read_bytes()).hexdigest() == entry["sha256"]
        assert dcmread(folder / entry["name"]).SOPInstanceUID == entry["sop_uid"]
    np.testing.assert_allclose(
        report["geometry"]["corners_mm_before"], report["geometry"]["corners_mm_after"], atol=1e-5
    )
    assert report["source_comments"] == ["seen by Dr. Lindqvist"]
    assert report["private_elements_dropped"] == 2


def test_that_an_anonymised_export_has_nothing_of_the_patient_in_any_file_or_name(
    loaded: Loaded, out: Path
) -> None:
    options = ExportOptions(str(out), ("dicom", "nifti", "png", "tiff", "gif"), anonymise=True)
    folder = Path(export(loaded, open_request(loaded, out, options=options)).target)
    secrets = [
        "Mustermann",
        "PID-90210",
        "ACC5551",
        "Lindqvist",
        "Klinik Nord",
        "SN-4711",
        "19500607",
        "20200102",
    ]
    secrets += ["t1_mpr", "Kopf", "1.2.826.0.1.3680043.8.498.77", "slice0.dcm"]
    for name, content in tree(out).items():
        for secret in secrets:
            assert secret not in name
            assert secret.encode("latin-1") not in content, (name, secret)
    assert folder.name == "504_MR_SRx4"
    assert {dcmread(path).PatientIdentityRemoved for path in files_of(folder)} == {"YES"}


def test_that_exports_of_one_action_share_their_new_identity(loaded: Loaded, out: Path) -> None:
    key = "0f8fad5b-d9cb-469f-a165-70867728950e"
    studies = set()
    for name in ("a", "b"):
        options = ExportOptions(str(out / name), anonymise=True, anonymise_key=key)
        assert key not in repr(options)
        folder = Path(export(loaded, open_request(loaded, out, options=options)).target)
        studies |= {str(dcmread(path).StudyInstanceUID) for path in files_of(folder)}
    assert len(studies) == 1


def test_that_a_range_keeps_its_numbers_and_places(loaded: Loaded, out: Path) -> None:
    whole = Path(export(loaded, open_request(loaded, out / "whole")).target)
    part = Path(export(loaded, open_request(loaded, out / "part", indices=(1, 2))).target)
    for path in files_of(part):
        one, other = dcmread(path), dcmread(whole / path.name)
        assert one.ImagePositionPatient == other.ImagePositionPatient
        np.testing.assert_array_equal(one.pixel_array, other.pixel_array)
    assert len(files_of(part)) == 2


def test_that_a_single_slice_can_be_exported(loaded: Loaded, out: Path) -> None:
    folder = Path(export(loaded, open_request(loaded, out, indices=(3,), formats=("dicom", "nifti"))).target)
    assert len(files_of(folder)) == 1
    assert cast(Any, nibabel).load(folder / f"{folder.name}.nii.gz").shape == (64, 48, 1)


def test_that_slices_that_were_not_made_are_named(loaded: Loaded, out: Path) -> None:
    exports = Exports()
    opened = exports.open(open_request(loaded, out, formats=("dicom", "nifti")), Silent())
    for index in opened.missing[:2]:
        write(exports, opened.export, index, enlarged(loaded, index))
    note = Problem("", "DECODE_FAILED", "slice 3 could not be decoded")
    answer = exports.close(CloseExport(JOB, opened.export, notes=(note,)), Silent())
    report = json.loads((Path(answer.target) / "export.json").read_text())
    assert [entry["number"] for entry in report["missing"]] == [13, 14, 15]
    assert "DECODE_FAILED" in {warning["code"] for warning in report["warnings"]}


def test_that_gaps_refuse_nifti_but_not_dicom(tmp_path: Path, out: Path) -> None:
    folder = phantom_series(tmp_path / "gap", slices=7)
    (folder / "slice3.dcm").unlink()
    gap = load(stack_of(folder))
    answer = export(gap, open_request(gap, out, formats=("dicom", "nifti")))
    assert [problem.code for problem in answer.problems] == ["GAP"]
    assert len(files_of(answer.target)) == 6
    assert files_of(answer.target, ".nii.gz") == []


@pytest.mark.parametrize(
    ("keyword", "code"), [("PixelSpacing", "NO_SPACING"), ("ImagePositionPatient", "NO_POSITION")]
)
def test_that_a_series_without_a_place_is_no_dicom_but_can_be_pictures(
    tmp_path: Path, out: Path, keyword: str, code: str
) -> None:
    source = tmp_path / "lost"
    source.mkdir()
    for index in range(3):
        data = phantom_dataset(index)
        del data[keyword]
        save(data, source / f"{index}.dcm")
    lost = load(stack_of(source))
    with pytest.raises(WriteError, match=code):
        Exports().open(open_request(lost, out), Silent())
    answer = export(lost, open_request(lost, out, formats=("dicom", "png")))
    assert code in {problem.code for problem in answer.problems}
    assert len(files_of(answer.target, ".png")) == 3
    assert files_of(answer.target) == []


def test_that_a_series_without_uids_is_exported_only_without_the_patient(tmp_path: Path, out: Path) -> None:
    source = tmp_path / "nameless"
    source.mkdir()
    for index in range(3):
        data = phantom_dataset(index)
        del data["SOPInstanceUID"]
        save(data, source / f"{index}.dcm")
    nameless = load(stack_of(source))
    with pytest.raises(WriteError, match="NO_UID"):
        Exports().open(open_request(nameless, out), Silent())
    options = ExportOptions(str(out), anonymise=True)
    folder = Path(export(nameless, open_request(nameless, out, options=options)).target)
    assert len({dcmread(path).SOPInstanceUID for path in files_of(folder)}) == 3


def test_that_a_floating_point_source_is_scaled_and_says_so(tmp_path: Path, out: Path) -> None:
    source = tmp_path / "float"
    source.mkdir()
    for index in range(3):
        data = phantom_dataset(index)
        values = np.frombuffer(data.PixelData, np.int16).astype(np.float32) / 7 - 3
        del data["PixelData"], data["PixelRepresentation"], data["BitsStored"], data["HighBit"]
        data.BitsAllocated = 32
        data.FloatPixelData = values.tobytes()
        data.RescaleSlope, data.RescaleIntercept = "2", "10"
        save(data, source / f"{index}.dcm")
    made = load(stack_of(source))
    assert made.stack.dtype == "float32"
    folder = Path(export(made, open_request(made, out)).target)
    numbers = {
        frame.instance_number: index for index, frame in enumerate(made.stack.frames) if frame is not None
    }
    for path in files_of(folder):
        data = dcmread(path)
        units = data.pixel_array * float(data.RescaleSlope) + float(data.RescaleIntercept)
        expected = 2 * enlarged(made, numbers[int(data.InstanceNumber)]).astype(float) + 10
        assert np.abs(units - expected).max() <= float(data.RescaleSlope)
        assert (data.BitsAllocated, data.PixelRepresentation) == (16, 0)


def test_that_overshoot_is_clipped_counted_and_told(tmp_path: Path, out: Path) -> None:
    made = load(stack_of(phantom_series(tmp_path / "bright")))
    exports = Exports()
    opened = exports.open(open_request(made, out), Silent())
    for index in opened.missing:
        pixels = enlarged(made, index)
        pixels[:2] = 1e6
        write(exports, opened.export, index, pixels)
    answer = exports.close(CloseExport(JOB, opened.export), Silent())
    assert answer.clipped == 5 * 2 * 64
    assert [problem.code for problem in answer.problems] == ["CLIPPED"]
    assert json.loads((Path(answer.target) / "export.json").read_text())["clipped_pixels"] == 640


def test_that_series_numbers_of_the_study_are_avoided(loaded: Loaded, out: Path) -> None:
    folder = Path(export(loaded, open_request(loaded, out, taken=(504, 514))).target)
    assert folder.name == "524_t1_mpr_sag_SRx4"
    assert {dcmread(path).SeriesNumber for path in files_of(folder)} == {524}


def test_that_the_users_pattern_names_the_folder(loaded: Loaded, out: Path) -> None:
    options = ExportOptions(str(out), name_pattern="{patient_id}_{model}_{number}")
    folder = Path(export(loaded, open_request(loaded, out, options=options)).target)
    assert folder.name == "PID-90210_brainsr-x4_504"


@pytest.fixture
def wrong_requests(loaded: Loaded, out: Path) -> Iterator[None]:
    yield
    assert not out.exists() or list(out.iterdir()) == []


@pytest.mark.usefixtures("wrong_requests")
def test_that_wrong_requests_leave_nothing_behind(loaded: Loaded, out: Path) -> None:
    good = open_request(loaded, out)
    for request, error in (
        (replace(good, indices=()), UsageError),
        (replace(good, indices=(99,)), UsageError),
        (replace(good, geometry=loaded.stack.geometry), InternalError),
        (replace(good, options=replace(good.options, formats=())), UsageError),
        (replace(good, options=replace(good.options, name_pattern="{x}")), UsageError),
        (replace(good, options=replace(good.options, anonymise_key="no key")), UsageError),
    ):
        with pytest.raises(error):
            Exports().open(request, Silent())
