"""``brainsr degrade``: the pictures are those of `core.degrade`, in their place."""

from __future__ import annotations

from pathlib import Path

import nibabel.nifti1
import numpy as np
import pydicom
import pytest

from brainsr_desktop.core.degrade import Degradation, degrade
from tests.cli.conftest import Brainsr


def run_on(
    brainsr: Brainsr, sample: Path, out: Path, *options: str
) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], nibabel.nifti1.Nifti1Image]:
    source = sample / "2_t1_reference"
    command = ("degrade", source, "-o", out, "--slices", "20-24", *options, "--json")
    ended = brainsr(*command)
    assert ended.status == 0, ended.err
    (file,) = Path(ended.lines[0]["output"]).glob("*.nii.gz")
    image = nibabel.nifti1.Nifti1Image.from_filename(file)
    return np.asarray(image.get_fdata(), np.float64), image


def test_that_the_pictures_are_those_of_the_degradation(
    brainsr: Brainsr, sample: Path, tmp_path: Path
) -> None:
    options = ("--scale", "2", "--down", "kspace", "--noise", "3", "--blur", "0.5", "--seed", "9")
    pixels, _ = run_on(brainsr, sample, tmp_path, *options)
    wanted = Degradation(noise_percent=3.0, blur_px=0.5, reduction=2, method="kspace", seed=9)
    for place, index in enumerate(range(19, 24)):
        source = pydicom.dcmread(sample / "2_t1_reference" / f"IM{index + 1:04d}.dcm").pixel_array
        made = degrade(source.astype(np.float32), wanted, slice_index=index)
        assert np.abs(pixels[:, :, place].T - np.rint(made)).max() <= 1


def test_that_the_outer_edges_stay_where_they_were(brainsr: Brainsr, sample: Path, tmp_path: Path) -> None:
    _, whole = run_on(brainsr, sample, tmp_path / "1", "--scale", "1", "--noise", "1")
    _, half = run_on(brainsr, sample, tmp_path / "2", "--scale", "2")
    assert half.shape[:2] == (137, 192)
    for image in (whole, half):
        assert image.shape[2] == 5
    corner = (-0.5, -0.5, 0.0, 1.0)
    assert half.affine @ corner == pytest.approx(whole.affine @ corner, abs=1e-3)
    far = [np.array([*(np.array(image.shape[:2]) - 0.5), 0.0, 1.0]) for image in (whole, half)]
    assert half.affine @ far[1] == pytest.approx(whole.affine @ far[0], abs=1e-3)


def test_that_the_seed_decides_the_noise(brainsr: Brainsr, sample: Path, tmp_path: Path) -> None:
    first, _ = run_on(brainsr, sample, tmp_path / "a", "--noise", "5", "--seed", "1")
    same, _ = run_on(brainsr, sample, tmp_path / "b", "--noise", "5", "--seed", "1")
    other, _ = run_on(brainsr, sample, tmp_path / "c", "--noise", "5", "--seed", "2")
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


def test_that_a_degraded_picture_cannot_pass_for_a_scan(
    brainsr: Brainsr, sample: Path, tmp_path: Path
) -> None:
    ended = brainsr("degrade", sample, "-o", tmp_path / "out", "--format", "dicom")
    assert ended.status == 2
    assert "DICOM" in ended.err


@pytest.mark.parametrize(
    "options",
    [
        ("--noise", "101"),
        ("--noise", "nan"),
        ("--noise-kind", "poisson"),
        ("--blur", "-1"),
        ("--bias", "41"),
        ("--scale", "3"),
        ("--seed", "-1"),
    ],
)
def test_that_a_value_out_of_range_ends_with_status_2(
    brainsr: Brainsr, sample: Path, tmp_path: Path, options: tuple[str, str]
) -> None:
    ended = brainsr("degrade", sample, "-o", tmp_path / "out", *options)
    assert ended.status == 2
    assert options[0] in ended.err


def test_that_bias_and_gaussian_noise_are_those_of_the_degradation(
    brainsr: Brainsr, sample: Path, tmp_path: Path
) -> None:
    options = ("--scale", "4", "--noise", "4", "--noise-kind", "gaussian", "--bias", "30", "--seed", "3")
    pixels, _ = run_on(brainsr, sample, tmp_path, *options)
    wanted = Degradation(4.0, 0.0, 4, seed=3, noise="gaussian", bias_percent=30.0)
    source = pydicom.dcmread(sample / "2_t1_reference" / "IM0022.dcm").pixel_array
    made = degrade(source.astype(np.float32), wanted, slice_index=21)
    assert made.min() < -1.0
    assert np.abs(pixels[:, :, 2].T - np.rint(made)).max() <= 1
