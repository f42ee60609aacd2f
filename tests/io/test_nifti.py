"""NIfTI files: the same head whatever the storage order, and damage told (faults 56 to 62)."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.series import ScanSummary, StackInfo
from brainsr_desktop.io.load import load_stack
from brainsr_desktop.io.nifti_layout import layout_of
from brainsr_desktop.io.scan import scan_all
from tests import phantom

library: Any = nibabel
RAS = np.array([[1.25, 0, 0, -25.0], [0, 1.5, 0, -36.0], [0, 0, 4.0, -10.0], [0, 0, 0, 1.0]])
"""Voxels of phantom.head: columns 1.25 mm, rows 1.5 mm, slices 4 mm; array axes to right, front and head."""


def ras_head() -> NDArray[np.uint16]:
    """The phantom as an array (right, front, head)."""
    return np.ascontiguousarray(phantom.head().transpose(2, 1, 0)[::-1, ::-1])


def loaded(path: Path) -> tuple[StackInfo, NDArray[Any], tuple[Problem, ...]]:
    """The one stack of a file and its pixels."""
    (stack,) = [stack for series in scan_all([str(path)])[0] for stack in series.stacks]
    out = np.zeros(stack.shape, stack.dtype)
    return stack, out, load_stack(stack, out)[1]


def refused(path: Path) -> str:
    """The reason code of a file that gives no series."""
    series, summary = scan_all([str(path)])
    assert series == []
    return summary.skipped[0].code


@pytest.mark.parametrize("codes", ["RAS", "LPS", "LAS", "PIR", "ASR", "RSA", "ILA", "SPL", "IRP"])
def test_that_the_storage_order_changes_nothing(tmp_path: Path, codes: str) -> None:
    image = library.Nifti1Image(ras_head(), RAS)
    turn = library.orientations.ornt_transform(
        library.orientations.axcodes2ornt("RAS"), library.orientations.axcodes2ornt(codes)
    )
    library.save(image.as_reoriented(turn), tmp_path / "x.nii.gz")
    stack, pixels, problems = loaded(tmp_path / "x.nii.gz")
    assert np.array_equal(pixels, phantom.head())
    assert stack.geometry.spacing_mm == pytest.approx(
        (1.5, 1.25)
    ) and stack.geometry.step_mm == pytest.approx(4.0)
    assert "".join(stack.geometry.edges[side] for side in ("left", "right", "top", "bottom")) == "RLAP"
    # right, back, head corner of the RAS box, in LPS
    assert np.allclose(stack.geometry.positions_mm[0], (-(-25 + 39 * 1.25), -(-36 + 47 * 1.5), -10))
    assert problems == () and stack.supported and stack.badges == ("no DICOM",)


@given(
    angles=st.tuples(*[st.floats(-3.0, 3.0)] * 3),
    flips=st.tuples(*[st.sampled_from([-1.0, 1.0])] * 3),
    voxels=st.tuples(*[st.floats(0.3, 6.0)] * 3),
    index=st.tuples(st.integers(0, 4), st.integers(0, 5), st.integers(0, 6)),
)
def test_that_every_voxel_keeps_its_place_in_the_patient(
    angles: tuple[float, ...], flips: tuple[float, ...], voxels: tuple[float, ...], index: tuple[int, ...]
) -> None:
    shape = (5, 6, 7)
    rotation = np.eye(3)
    for axis, angle in enumerate(angles):
        one = np.eye(3)
        a, b = [n for n in range(3) if n != axis]
        one[a, a] = one[b, b] = np.cos(angle)
        one[a, b], one[b, a] = -np.sin(angle), np.sin(angle)
        rotation = rotation @ one
    affine = np.eye(4)
    affine[:3, :3] = rotation @ np.diag(flips) @ np.diag(voxels)
    affine[:3, 3] = (3.0, -7.0, 11.0)
    layout = layout_of(shape, 1, affine, (voxels[0], voxels[1], voxels[2]))
    values = np.arange(np.prod(shape)).reshape(shape)
    geometry = layout.geometry()
    wanted = affine[:3, :3] @ index + affine[:3, 3]
    for number in range(shape[layout.slices]):
        found = np.argwhere(layout.cut(values, number) == values[index])
        if len(found):
            row, column = found[0]
            assert np.allclose(geometry.position_at(number, float(row), float(column)), wanted)
            return
    raise AssertionError("the voxel is on no slice")


def test_that_thick_slices_are_the_slices_wherever_they_are_stored(tmp_path: Path) -> None:
    affine = np.diag([5.0, 1.0, 1.0, 1.0])
    stack, pixels, _ = loaded(
        phantom.nifti(tmp_path / "s.nii", np.arange(6 * 40 * 50, dtype=np.int16).reshape(6, 40, 50), affine)
    )
    assert stack.geometry.plane == "sagittal"
    assert pixels.shape == (6, 50, 40)
    assert stack.geometry.edges == {"left": "A", "right": "P", "top": "H", "bottom": "F"}


def test_that_volumes_are_kept(tmp_path: Path) -> None:
    series = np.stack([ras_head(), ras_head() + 1, ras_head() + 2], axis=-1)
    stack, pixels, _ = loaded(phantom.nifti(tmp_path / "v.nii", series, RAS))
    assert (stack.slices, stack.volumes) == (6, 3)
    assert np.array_equal(pixels.reshape(3, 6, 48, 40)[2], phantom.head() + 2)


def test_that_one_flat_picture_is_one_slice(tmp_path: Path) -> None:
    stack, pixels, _ = loaded(phantom.nifti(tmp_path / "f.nii", ras_head()[:, :, 2]))
    assert stack.slices == 1 and np.array_equal(pixels[0], phantom.head()[2])


def test_that_five_dimensions_are_refused_unless_the_fifth_is_one(tmp_path: Path) -> None:
    assert (
        refused(phantom.nifti(tmp_path / "5.nii", np.zeros((33, 33, 3, 2, 2), np.int16)))
        == "UNSUPPORTED_DIMS"
    )
    assert loaded(phantom.nifti(tmp_path / "1.nii", np.zeros((33, 33, 3, 2, 1), np.int16)))[0].volumes == 2


@pytest.mark.parametrize(
    "dtype", ["uint8", "int16", "int32", "float32", "float64", "int8", "uint16", "uint32"]
)
def test_that_values_of_every_type_are_exact(tmp_path: Path, dtype: str) -> None:
    stack, pixels, _ = loaded(phantom.nifti(tmp_path / "x.nii", (ras_head() % 100).astype(dtype), RAS))
    assert stack.dtype == dtype and np.array_equal(pixels, (phantom.head() % 100).astype(dtype))


def test_that_wide_integers_are_read(tmp_path: Path) -> None:
    values = ras_head().astype(np.int64) * 10**10
    path = tmp_path / "wide.nii"
    library.save(library.Nifti1Image(values, RAS, dtype=np.int64), path)
    assert np.array_equal(loaded(path)[1], phantom.head().astype(np.int64) * 10**10)


def test_that_scale_goes_into_the_frames_not_into_the_values(tmp_path: Path) -> None:
    path = phantom.nifti(tmp_path / "x.nii", ras_head(), RAS, scl_slope=2.5, scl_inter=-7.0)
    stack, pixels, _ = loaded(path)
    assert stack.frames[0] is not None and (stack.frames[0].slope, stack.frames[0].intercept) == (2.5, -7.0)
    assert np.array_equal(pixels, phantom.head())
    path = phantom.nifti(tmp_path / "y.nii", ras_head(), RAS, scl_slope=0.0, scl_inter=5.0, vox_offset=0)
    frame = loaded(path)[0].frames[0]
    assert frame is not None and (frame.slope, frame.intercept) == (1.0, 0.0)


def test_that_not_a_numbers_are_kept(tmp_path: Path) -> None:
    values = ras_head().astype(np.float32)
    values[3, 4, 2] = np.nan
    values[5, 4, 2] = np.inf
    pixels = loaded(phantom.nifti(tmp_path / "n.nii", values, RAS))[1]
    assert np.isnan(pixels).sum() == 1 and np.isinf(pixels).sum() == 1


def test_that_complex_values_are_shown_as_magnitude_and_colour_for_viewing(tmp_path: Path) -> None:
    stack, pixels, _ = loaded(phantom.nifti(tmp_path / "c.nii", ras_head() * np.complex64(0.6 + 0.8j), RAS))
    assert np.allclose(pixels, phantom.head(), rtol=1e-5)
    assert [problem.code for problem in stack.problems] == ["COMPLEX"]
    colour = np.zeros((40, 48, 6), np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")]))
    colour["R"] = ras_head() % 256
    stack, pixels, _ = loaded(phantom.nifti(tmp_path / "rgb.nii", colour, RAS))
    assert stack.why_not == "colour image"
    assert np.array_equal(pixels[..., 0], phantom.head() % 256) and not pixels[..., 1:].any()


@pytest.mark.parametrize(
    "fields",
    [
        {"sform_code": 0, "qform_code": 0},
        {"srow_x": [0, 0, 0, 0], "srow_y": [0, 0, 0, 0], "srow_z": [0, 0, 0, 0]},
        {"srow_x": [np.nan, 0, 0, 0]},
        {"srow_x": [1, 0.5, 0, 0]},
    ],
)
def test_that_an_unusable_orientation_is_not_replaced_by_a_guess(
    tmp_path: Path, fields: dict[str, Any]
) -> None:
    stack, pixels, _ = loaded(phantom.nifti(tmp_path / "x.nii", ras_head(), RAS, **fields))
    assert not stack.has_position and stack.has_spacing
    assert [problem.code for problem in stack.problems] == ["NO_ORIENTATION"]
    assert stack.geometry.spacing_mm == pytest.approx((1.5, 1.25))
    assert pixels.shape == (6, 48, 40)


def test_that_oblique_files_keep_their_angle(tmp_path: Path) -> None:
    angle = 0.3
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    stack = loaded(phantom.nifti(tmp_path / "o.nii", ras_head(), turn @ RAS))[0]
    assert np.allclose(np.abs(stack.geometry.row_direction), (np.cos(angle), np.sin(angle), 0), atol=1e-6)


@pytest.mark.parametrize("keep", [0.02, 0.5, 0.999])
@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_that_a_cut_file_is_told(tmp_path: Path, ending: str, keep: float) -> None:
    noise = np.random.default_rng(5).integers(0, 60000, (40, 48, 6), dtype=np.uint16)
    path = phantom.nifti(tmp_path / f"x{ending}", noise, RAS)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    series, summary = scan_all([str(path)])
    if not series:
        assert summary.skipped[0].code in ("TRUNCATED", "NOT_NIFTI")
        return
    assert {problem.code for problem in loaded(path)[2]} == {"TRUNCATED"}


def test_that_a_flipped_byte_is_found_by_the_checksum(tmp_path: Path) -> None:
    noise = np.random.default_rng(6).integers(0, 60000, (40, 48, 6), dtype=np.uint16)
    path = phantom.nifti(tmp_path / "x.nii.gz", noise, RAS)
    content = bytearray(path.read_bytes())
    plain = gzip.compress(gzip.decompress(content), compresslevel=0)
    damaged = bytearray(plain)
    damaged[len(damaged) // 2] ^= 0x10
    path.write_bytes(damaged)
    assert {problem.code for problem in loaded(path)[2]} == {"CORRUPT"}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"dim": [3, -40, 48, 6, 1, 1, 1, 1]}, "BAD_HEADER"),
        ({"dim": [3, 32000, 32000, 32000, 1, 1, 1, 1]}, "TOO_LARGE"),
        ({"dim": [9, 40, 48, 6, 1, 1, 1, 1]}, "BAD_HEADER"),
        ({"datatype": 1}, "UNSUPPORTED_BITS"),
        ({"datatype": 9999}, "UNSUPPORTED_BITS"),
        ({"vox_offset": np.nan}, "BAD_HEADER"),
        ({"magic": b"none"}, "NOT_NIFTI"),
    ],
)
def test_that_impossible_headers_are_refused_before_anything_is_allocated(
    tmp_path: Path, fields: dict[str, Any], code: str
) -> None:
    assert refused(phantom.nifti(tmp_path / "x.nii", ras_head(), RAS, **fields)) == code


def test_that_pairs_are_read_and_halves_told(tmp_path: Path) -> None:
    library.save(library.Nifti1Pair(ras_head(), RAS), tmp_path / "pair.img")
    series, summary = scan_all([str(tmp_path)])
    assert (summary.seen, summary.used, len(series)) == (2, 2, 1)
    stack = series[0].stacks[0]
    out = np.zeros(stack.shape, stack.dtype)
    assert load_stack(stack, out)[1] == () and np.array_equal(out, phantom.head())
    (tmp_path / "pair.img").unlink()
    assert _codes(scan_all([str(tmp_path)])[1]) == ["NO_PAIR"]
    (tmp_path / "pair.hdr").unlink()
    (tmp_path / "disc.img").write_bytes(b"x" * 500)
    assert _codes(scan_all([str(tmp_path)])[1]) == ["NO_PAIR"]


def test_that_both_versions_are_read(tmp_path: Path) -> None:
    library.save(library.Nifti2Image(ras_head(), RAS), tmp_path / "two.nii")
    assert np.array_equal(loaded(tmp_path / "two.nii")[1], phantom.head())


def test_that_two_files_are_two_series(tmp_path: Path) -> None:
    for name in "ab":
        phantom.nifti(tmp_path / f"{name}.nii", ras_head(), RAS)
    series = scan_all([str(tmp_path)])[0]
    assert len({one.series_uid for one in series}) == 2
    assert [one.stacks[0].description for one in series] == ["a.nii", "b.nii"]


def _codes(summary: ScanSummary) -> list[str]:
    return [problem.code for problem in summary.skipped]
