"""The sample study: what is shipped is what its script makes, and other programs accept it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest

from brainsr_desktop.core.degrade import Degradation, degrade

FOLDERS = {"1_t1_fast_scan": 50, "2_t1_reference": 50, "3_localizer": 3}


@pytest.fixture(scope="module")
def sample(project: Path) -> Path:
    return project / "resources" / "sample"


@pytest.fixture(scope="module")
def made(project: Path, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The study, made twice."""
    script, source = project / "packaging" / "make_sample.py", shared / "sample"
    folders = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")
    for folder in folders:
        subprocess.run([sys.executable, script, source, "--out", folder], check=True, timeout=120)
    return folders


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.dcm"))}


def test_that_the_same_source_gives_the_same_bytes(made: tuple[Path, Path]) -> None:
    first, second = made
    assert files(first) == files(second)
    assert len(files(first)) == 103


def test_that_the_shipped_study_is_what_its_script_makes(made: tuple[Path, Path], sample: Path) -> None:
    assert files(made[0]).keys() == files(sample).keys()
    for name in files(sample):
        again, shipped = pydicom.dcmread(made[0] / name), pydicom.dcmread(sample / name)
        # Another processor may round a transform differently by the last digit.
        assert np.abs(again.pixel_array.astype(int) - shipped.pixel_array).max() <= 1
        del again.PixelData, shipped.PixelData
        assert again == shipped


def test_that_the_whole_study_takes_at_most_5_mb(sample: Path) -> None:
    assert sum(path.stat().st_size for path in sample.rglob("*") if path.is_file()) < 5_000_000


def test_that_the_licence_lies_beside_the_study(sample: Path) -> None:
    assert "Public Domain Dedication" in (sample / "LICENSE-PDDL.txt").read_text("utf-8-sig")
    assert "studyforrest" in (sample / "README.md").read_text("utf-8")


def test_that_the_reference_holds_the_published_pixels(sample: Path, shared: Path) -> None:
    published = sorted((shared / "sample" / "t1_067mm").glob("*.dcm"))
    shipped = sorted((sample / "2_t1_reference").glob("*.dcm"))
    assert len(shipped) == len(published) == 50
    for ours, theirs in zip(shipped, published, strict=True):
        assert np.array_equal(pydicom.dcmread(ours).pixel_array, pydicom.dcmread(theirs).pixel_array)


def test_that_the_fast_scan_is_the_degraded_reference(sample: Path) -> None:
    wanted = Degradation(noise_percent=2.0, reduction=2, method="kspace", seed=1)
    for index in (0, 24, 49):
        name = f"IM{index + 1:04d}.dcm"
        fast = pydicom.dcmread(sample / "1_t1_fast_scan" / name)
        reference = pydicom.dcmread(sample / "2_t1_reference" / name)
        values = fast.pixel_array * float(fast.RescaleSlope)
        made = degrade(reference.pixel_array.astype(np.float32), wanted, slice_index=index)
        assert np.abs(values - made).max() < 0.1
        assert fast.SourceImageSequence[0].ReferencedSOPInstanceUID == reference.SOPInstanceUID


def test_that_the_outer_edges_of_fast_scan_and_reference_coincide(sample: Path) -> None:
    corners = []
    for folder in ("1_t1_fast_scan", "2_t1_reference"):
        header = pydicom.dcmread(sample / folder / "IM0030.dcm", stop_before_pixels=True)
        right, down = np.split(np.array(header.ImageOrientationPatient, float), 2)
        row_mm, column_mm = map(float, header.PixelSpacing)
        place = np.array(header.ImagePositionPatient, float)
        size = (header.Rows, header.Columns)
        corners.append(
            [
                place + column_mm * (x - 0.5) * right + row_mm * (y - 0.5) * down
                for y in (0, size[0])
                for x in (0, size[1])
            ]
        )
    assert np.allclose(corners[0], corners[1], atol=1e-6)


def test_that_the_localizer_shows_the_place_it_claims(sample: Path) -> None:
    """The axial plane and the nearest reference slices show the same head at the same patient position."""
    localizer = pydicom.dcmread(sample / "3_localizer" / "IM0001.dcm")
    headers = [pydicom.dcmread(path) for path in sorted((sample / "2_t1_reference").glob("*.dcm"))]
    origin = np.array(headers[0].ImagePositionPatient, float)
    right, down = np.split(np.array(headers[0].ImageOrientationPatient, float), 2)
    step = (np.array(headers[-1].ImagePositionPatient, float) - origin) / (len(headers) - 1)
    row_mm, column_mm = map(float, headers[0].PixelSpacing)
    axes = np.stack([step, down * row_mm, right * column_mm], axis=1)
    place = np.array(localizer.ImagePositionPatient, float)
    for row, column in ((100, 128), (128, 100), (140, 150)):
        index = np.linalg.solve(axes, place + np.array((column, row, 0.0)) - origin)
        below = int(index[0])
        near = [
            h.pixel_array[int(index[1]) : int(index[1]) + 2, int(index[2]) : int(index[2]) + 2]
            for h in headers[below : below + 2]
        ]
        assert np.min(near) - 1 <= localizer.pixel_array[row, column] <= np.max(near) + 1


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="needs dicom3tools")
@pytest.mark.parametrize("folder", FOLDERS)
def test_that_a_validator_finds_no_error(folder: str, sample: Path) -> None:
    paths = sorted((sample / folder).glob("*.dcm"))
    assert len(paths) == FOLDERS[folder]
    for path in (paths[0], paths[len(paths) // 2], paths[-1]):
        done = subprocess.run(["dciodvfy", "-new", path], capture_output=True, text=True, check=False)
        said = (done.stdout + done.stderr).splitlines()
        assert "MRImage" in said
        assert not [line for line in said if line.startswith("Error")]


@pytest.mark.skipif(shutil.which("dcm2niix") is None, reason="needs dcm2niix")
def test_that_another_program_reads_two_volumes_and_a_localizer(sample: Path, tmp_path: Path) -> None:
    command = ["dcm2niix", "-z", "n", "-b", "n", "-f", "%s_%i", "-o", str(tmp_path), str(sample)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert "(137x192x50x1)" in done.stdout
    assert "(274x384x50x1)" in done.stdout
    assert done.stdout.count("(256x256x1x1)") == 3
