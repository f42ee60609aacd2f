"""NIfTI files say where their pixels are, and hold them unchanged."""

from __future__ import annotations

from io import BytesIO
from itertools import permutations, product
from pathlib import Path
from typing import Any, cast

import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainsr_desktop.core.geometry import Geometry, Vec3
from brainsr_desktop.io.nifti_place import NiftiPlace, affine_of, is_sheared, place_of_dicom
from brainsr_desktop.io.nifti_write import NiftiImage, NiftiType, write_nifti

ROW: Vec3 = (0.8, 0.6, 0.0)
COLUMN: Vec3 = (0.0, 0.0, -1.0)
STEP = 1.5 * np.cross(ROW, COLUMN)


def geometry(slices: int, step: np.ndarray[tuple[int], np.dtype[np.float64]] = STEP) -> Geometry:
    positions = tuple(
        tuple(map(float, np.array([-20.0, 15.0, 30.0]) + index * step)) for index in range(slices)
    )
    return Geometry(12, 16, (0.9, 1.1), ROW, COLUMN, positions)  # type: ignore[arg-type]


def written(image: NiftiImage, slices: np.ndarray[tuple[int, ...], np.dtype[np.generic]], path: Path) -> Any:
    with path.open("wb") as file:
        write_nifti(file, image, slices)
    return cast(Any, nibabel).load(path)


def test_that_all_corners_lie_where_dicom_says(tmp_path: Path) -> None:
    place = geometry(7)
    pixels = np.arange(7 * 12 * 16, dtype=np.int16).reshape(7, 12, 16)
    image = NiftiImage((12, 16, 7, 1), "int16", place_of_dicom(place, range(7)))
    found = written(image, pixels, tmp_path / "a.nii.gz")
    for form in (found.get_sform(), found.get_qform()):
        for column, row, index in product((-0.5, 15.5), (-0.5, 11.5), (0, 6)):
            ras = (form @ [column, row, index, 1])[:3]
            lps = ras * [-1, -1, 1]
            assert np.abs(lps - place.position_at(index, row, column)).max() < 3e-4
    assert (
        np.abs(
            (found.get_sform() @ [15.5, 11.5, 6, 1])[:3] * [-1, -1, 1] - place.position_at(6, 11.5, 15.5)
        ).max()
        < 1e-4
    )
    assert (int(found.header["sform_code"]), int(found.header["qform_code"])) == (1, 1)
    assert found.header.get_xyzt_units() == ("mm", "sec")


def test_that_values_are_stored_as_column_row_slice_volume(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(-500, 500, (6, 12, 16)).astype(np.int16)
    image = NiftiImage(
        (12, 16, 3, 2), "int16", place_of_dicom(geometry(3), range(3), volume_step_s=3.2), 2.0, 5.0
    )
    found = written(image, pixels, tmp_path / "a.nii.gz")
    expected = pixels.reshape(2, 3, 12, 16).transpose(3, 2, 1, 0)
    np.testing.assert_array_equal(np.asarray(found.dataobj.get_unscaled()), expected)
    np.testing.assert_allclose(found.get_fdata(), 2.0 * expected + 5.0)
    assert found.header.get_zooms() == pytest.approx((1.1, 0.9, 1.5, 3.2))


@pytest.mark.parametrize(("dtype", "code"), [("int16", 4), ("uint16", 512), ("float32", 16)])
def test_that_the_type_of_the_values_is_kept(tmp_path: Path, dtype: NiftiType, code: int) -> None:
    pixels = np.full((1, 12, 16), 7, dtype)
    found = written(
        NiftiImage((12, 16, 1, 1), dtype, place_of_dicom(geometry(1), [0], 1.5)),
        pixels,
        tmp_path / "a.nii.gz",
    )
    assert int(found.header["datatype"]) == code
    assert found.shape == (16, 12, 1)
    assert found.header.get_zooms()[2] == pytest.approx(1.5)


def test_that_a_sheared_stack_has_no_quaternion(tmp_path: Path) -> None:
    straight, sheared = geometry(9), geometry(9, STEP + np.array([0.0, 0.0, 0.01]))
    assert not is_sheared(affine_of(straight, range(9)), 9)
    affine = affine_of(sheared, range(9))
    assert is_sheared(affine, 9)
    found = written(
        NiftiImage((12, 16, 9, 1), "int16", place_of_dicom(sheared, range(9))),
        np.zeros((9, 12, 16), np.int16),
        tmp_path / "a.nii.gz",
    )
    assert (int(found.header["sform_code"]), int(found.header["qform_code"])) == (1, 0)
    np.testing.assert_allclose(found.affine, affine, atol=1e-4)


def test_that_the_same_image_gives_the_same_bytes() -> None:
    image = NiftiImage((12, 16, 2, 1), "int16", place_of_dicom(geometry(2), range(2)), description="x" * 200)
    files = [BytesIO(), BytesIO()]
    for file in files:
        write_nifti(file, image, np.ones((2, 12, 16), np.int16))
    assert files[0].getvalue() == files[1].getvalue()
    assert files[0].getvalue()[4:8] == bytes(4)  # time of the gzip member


def test_that_a_wrong_number_of_slices_is_refused() -> None:
    image = NiftiImage((12, 16, 2, 1), "int16", place_of_dicom(geometry(2), range(2)))
    with pytest.raises(ValueError, match="3 slices"):
        write_nifti(BytesIO(), image, np.ones((3, 12, 16), np.int16))


@given(st.integers(1, 6), st.sampled_from([2, 4]))
def test_that_enlarging_a_geometry_is_the_affine_formula(slices: int, scale: int) -> None:
    place = geometry(slices)
    before, after = affine_of(place, range(slices)), affine_of(place.enlarged(scale), range(slices))
    grid = np.diag([1 / scale, 1 / scale, 1.0, 1.0])
    grid[:2, 3] = (1 / scale - 1) / 2
    np.testing.assert_allclose(after, before @ grid, atol=1e-12)


@pytest.mark.parametrize("axes", list(permutations(range(3))))
@pytest.mark.parametrize("flipped", list(product((False, True), repeat=3)))
def test_that_pictures_go_back_into_the_order_of_any_array(
    axes: tuple[int, int, int], flipped: tuple[bool, bool, bool], tmp_path: Path
) -> None:
    shape = (3, 4, 5)
    array = np.arange(60, dtype=np.int16).reshape(shape)
    rows, columns, depth = axes
    pictures = np.transpose(array, (depth, rows, columns))
    pictures = pictures[:, ::-1] if flipped[0] else pictures
    pictures = pictures[:, :, ::-1] if flipped[1] else pictures
    place = NiftiPlace(axes, flipped, np.eye(4), np.eye(4), (2, 0), (1.0, 1.0, 1.0))
    image = NiftiImage((shape[rows], shape[columns], shape[depth], 1), "int16", place)
    np.testing.assert_array_equal(np.asarray(written(image, pictures, tmp_path / "a.nii.gz").dataobj), array)
