"""What programs of other makers say of an exported series, and that they would notice a wrong one."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import nibabel
import numpy as np
import pytest
import SimpleITK
from pydicom import Dataset, dcmread

from brainsr_desktop.io.messages import ExportOptions
from tests.io.checkers import INVALID_UIDS, checked, failures, source_of
from tests.io.export_kit import Loaded, export, files_of, load, open_request, stacks_of, tool, tree


def loaded_from(source: Path) -> Loaded:
    (stack,) = stacks_of(source)
    return load(stack)


def test_that_independent_programs_find_nothing_wrong(shared: Path, tmp_path: Path) -> None:
    source = shared / "dicom" / "uih_dti_grid"
    answer = export(*exporting(source, tmp_path / "out"))
    lines = checked(source, Path(answer.target), MAX_IOD="24")
    assert failures(lines) == []
    assert lines[-1] == "RESULT OK"


def test_that_series_of_a_study_with_invalid_uids_stay_in_one_valid_study(
    shared: Path, tmp_path: Path
) -> None:
    source = shared / "dicom" / INVALID_UIDS
    studies = set()
    for number in ("first", "second"):
        answer = export(*exporting(source, tmp_path / number))
        written = [dcmread(path, stop_before_pixels=True) for path in files_of(Path(answer.target))]
        studies |= {data.StudyInstanceUID for data in written}
        report = json.loads((Path(answer.target) / "export.json").read_text(encoding="utf-8"))
        assert "StudyInstanceUID" in json.dumps(report["repairs"])
    (study,) = studies
    assert study.startswith("2.25.")


def exporting(source: Path, folder: Path, **options: Any) -> tuple[Loaded, Any]:
    loaded = loaded_from(source)
    return loaded, open_request(loaded, folder, options=ExportOptions(str(folder), **options))


@pytest.mark.parametrize(
    "name", ["siemens_avanto_t1ce", "ge_signa_pd", "siemens_mosaic_sagittal", "philips_ingenia_t1_sag"]
)
def test_that_an_anonymised_export_is_valid_and_nameless(name: str, shared: Path, tmp_path: Path) -> None:
    source = source_of(name, shared, tmp_path / "source")
    answer = export(*exporting(source, tmp_path / "out", anonymise=True))
    lines = checked(source, Path(answer.target), DEIDENT="1", MAX_IOD="12")
    assert failures(lines) == []
    secrets = set()
    for path in source.iterdir():
        data = dcmread(path, stop_before_pixels=True)
        for keyword in (
            "PatientName",
            "PatientID",
            "StudyInstanceUID",
            "SeriesInstanceUID",
            "SOPInstanceUID",
        ):
            secrets.add(str(data.get(keyword, "")))
    for file, content in tree(tmp_path / "out").items():
        for secret in (secret for secret in secrets if len(secret) > 3):
            assert secret.encode() not in content, (file, secret)


@pytest.mark.parametrize("syntax", ["j2k", "rle"])
def test_that_compressed_exports_pass_as_well(syntax: str, shared: Path, tmp_path: Path) -> None:
    source = shared / "dicom" / "siemens_xa30_enhanced"
    loaded = loaded_from(source)
    options = ExportOptions(str(tmp_path / "out"), transfer_syntax=syntax)  # type: ignore[arg-type]
    request = open_request(loaded, tmp_path, indices=range(40, 50), options=options)
    folder = Path(export(loaded, request).target)
    plain = Path(export(loaded, open_request(loaded, tmp_path / "plain", indices=range(40, 50))).target)
    for packed, other in zip(files_of(folder), files_of(plain), strict=True):
        np.testing.assert_array_equal(dcmread(packed).pixel_array, dcmread(other).pixel_array)
        done = subprocess.run([tool("dciodvfy"), "-new", packed], capture_output=True, text=True, check=False)
        assert "Error" not in done.stderr
    one, two = (nifti_of(of, tmp_path / name) for of, name in ((folder, "a"), (plain, "b")))
    np.testing.assert_array_equal(np.asarray(one.dataobj), np.asarray(two.dataobj))


def nifti_of(folder: Path, out: Path) -> Any:
    """What dcm2niix makes of a folder."""
    out.mkdir()
    command = [tool("dcm2niix"), "-z", "n", "-b", "n", "-f", "image", "-o", str(out), str(folder)]
    subprocess.run(command, capture_output=True, check=True)
    (found,) = out.glob("*.nii")
    return cast(Any, nibabel).load(found)


def test_that_our_nifti_lies_where_that_of_dcm2niix_lies(shared: Path, tmp_path: Path) -> None:
    source = source_of("philips_ingenia_t1_sag", shared, tmp_path / "source")
    folder = Path(export(*exporting(source, tmp_path / "out", formats=("dicom", "nifti"))).target)
    (path,) = folder.glob("*.nii.gz")
    ours = cast(Any, nibabel).load(path)
    path.rename(tmp_path / "ours.nii.gz")
    theirs = nifti_of(folder, tmp_path / "theirs")
    ours = cast(Any, nibabel).load(tmp_path / "ours.nii.gz")

    def box(image: Any) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        ends = np.array(np.meshgrid(*[(-0.5, n - 0.5) for n in image.shape[:3]])).reshape(3, 8)
        corners = image.affine[:3, :3] @ ends + image.affine[:3, 3:]
        return np.asarray(corners[:, np.lexsort(np.round(corners, 2))])

    np.testing.assert_allclose(box(ours), box(theirs), atol=1e-3)
    turn = nibabel.orientations.ornt_transform(  # type: ignore[no-untyped-call]
        nibabel.orientations.io_orientation(ours.affine),  # type: ignore[no-untyped-call]
        nibabel.orientations.io_orientation(theirs.affine),  # type: ignore[no-untyped-call]
    )
    np.testing.assert_allclose(ours.as_reoriented(turn).get_fdata(), theirs.get_fdata(), rtol=1e-5, atol=1e-3)


def test_that_simpleitk_finds_the_corners_of_the_source(shared: Path, tmp_path: Path) -> None:
    source = source_of("philips_ingenia_t1_sag", shared, tmp_path / "source")
    folder = Path(export(*exporting(source, tmp_path / "out")).target)

    def corners(of: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        reader: Any = cast(Any, SimpleITK).ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(of)))
        image = reader.Execute()
        x, y, z = image.GetSize()
        ends = [(a, b, c) for a in (-0.5, x - 0.5) for b in (-0.5, y - 0.5) for c in (0, z - 1)]
        return np.array([image.TransformContinuousIndexToPhysicalPoint(end) for end in ends])

    np.testing.assert_allclose(corners(folder), corners(source), atol=1e-4)


@pytest.mark.parametrize("name", ["siemens_xa30_enhanced", "siemens_mosaic_sagittal", "uih_dti_grid"])
def test_that_the_program_finds_its_slices_where_they_were(name: str, shared: Path, tmp_path: Path) -> None:
    loaded, request = exporting(shared / "dicom" / name, tmp_path / "out")
    (again,) = stacks_of(Path(export(loaded, request).target))
    before = loaded.stack.geometry
    assert (again.slices, again.volumes) == (loaded.stack.slices, loaded.stack.volumes)
    for index in range(again.slices):
        np.testing.assert_allclose(again.geometry.corners_mm(index), before.corners_mm(index), atol=1e-4)


def test_that_every_file_is_accepted_by_dcmtk(shared: Path, tmp_path: Path) -> None:
    folder = Path(export(*exporting(shared / "dicom" / "siemens_avanto_t1ce", tmp_path / "out")).target)
    for path in files_of(folder):
        subprocess.run([tool("dcmftest"), str(path)], check=True, capture_output=True)
        subprocess.run(
            [tool("dcmconv"), "+te", str(path), str(tmp_path / "copy.dcm")], check=True, capture_output=True
        )


def test_that_an_archive_takes_every_file(shared: Path, tmp_path: Path) -> None:
    folder = Path(export(*exporting(shared / "dicom" / "siemens_avanto_t1ce", tmp_path / "out")).target)
    sender, archive = tool("storescu"), tool("storescp")
    received = tmp_path / "received"
    received.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    files = [str(path) for path in files_of(folder)]
    with subprocess.Popen([archive, "-od", str(received), port]) as server:
        try:
            said = ""
            for _ in range(100):  # until the archive listens
                done = subprocess.run(
                    [sender, "-v", "127.0.0.1", port, *files], capture_output=True, text=True, check=False
                )
                said = done.stdout + done.stderr
                if "Association Accepted" in said:
                    break
                time.sleep(0.1)
        finally:
            server.terminate()
    assert said.count("Received Store Response (Success)") == len(files)
    assert len(list(received.iterdir())) == len(files)


def shift(data: Dataset) -> None:
    data.ImagePositionPatient = [
        data.ImagePositionPatient[0],
        data.ImagePositionPatient[1] + 0.15,
        data.ImagePositionPatient[2],
    ]


def respace(data: Dataset) -> None:
    data.PixelSpacing = [data.PixelSpacing[0], data.PixelSpacing[1] * 1.01]


def flip(data: Dataset) -> None:
    data.PixelData = np.ascontiguousarray(data.pixel_array[::-1]).tobytes()


def brighten(data: Dataset) -> None:
    data.PixelData = (data.pixel_array * 1.1).astype(data.pixel_array.dtype).tobytes()


def call_original(data: Dataset) -> None:
    data.ImageType = ["ORIGINAL", *data.ImageType[1:]]


def add_private(data: Dataset) -> None:
    data.private_block(0x0029, "ACME", create=True).add_new(0x10, "LO", "x")


@pytest.mark.parametrize(
    ("spoil", "names"),
    [
        (shift, "fov"),
        (respace, "fov"),
        (flip, "means"),
        (brighten, "means"),
        (call_original, "image-type"),
        (add_private, "private"),
    ],
)
def test_that_the_check_would_find_a_wrong_export(
    spoil: Callable[[Dataset], None], names: str, shared: Path, tmp_path: Path
) -> None:
    source = shared / "dicom" / "siemens_dual_echo_classic"
    folder = Path(export(*exporting(source, tmp_path / "out")).target)
    for path in files_of(folder):
        data = dcmread(path)
        spoil(data)
        data.save_as(path)
    assert any(line.startswith(f"FAIL {names}") for line in failures(checked(source, folder)))
