"""NIfTI goes to NIfTI at the same place and in the same order; pictures go to pictures."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, cast

import nibabel
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.core.errors import WriteError
from brainsr_desktop.core.recipe import DEGRADED, Recipe
from brainsr_desktop.core.resample import enlarge
from brainsr_desktop.io.export import Exports
from brainsr_desktop.io.messages import CloseExport, ExportFormat, ExportOptions
from brainsr_desktop.io.raster_write import write_png
from tests.io.export_kit import (
    JOB,
    Silent,
    enlarged,
    export,
    files_of,
    load,
    open_request,
    stack_of,
    tree,
    write,
)
from tests.mat_kit import write_mat

nib = cast(Any, nibabel)


def oblique(signs: tuple[int, int, int], voxels: tuple[float, float, float]) -> NDArray[np.float64]:
    """An affine with axes in any direction, turned by some degrees."""
    angle = np.deg2rad(12)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.diag(np.multiply(signs, voxels))
    affine[:3, 3] = [11.0, -22.0, 33.0]
    return affine


def nifti(
    path: Path, array: NDArray[Any], affine: NDArray[np.float64], codes: tuple[int, int] = (2, 1)
) -> Path:
    image = nib.Nifti1Image(array, affine)
    image.set_sform(affine, codes[0])
    image.set_qform(affine, codes[1])
    image.header["descrip"] = b"Mustermann PID-90210"
    image.header["pixdim"][4] = 2.5
    image.header.set_xyzt_units("mm", "sec")
    nib.save(image, path)
    return path


def formula(affine: NDArray[np.float64], scale: int, depth: int) -> NDArray[np.float64]:
    """A' = A diag(1/s, 1/s, 1), moved by (1/s - 1)/2 on the two in-plane axes."""
    grid = np.eye(4)
    for axis in {0, 1, 2} - {depth}:
        grid[axis, axis], grid[axis, 3] = 1 / scale, (1 / scale - 1) / 2
    return affine @ grid


@pytest.mark.parametrize("signs", list(product((1, -1), repeat=3)))
@pytest.mark.parametrize("thick", [0, 1, 2])
def test_that_a_nifti_source_stays_at_its_place_and_in_its_order(
    tmp_path: Path, signs: tuple[int, int, int], thick: int
) -> None:
    shape, voxels = [36, 40, 44], [1.0, 1.1, 0.9]
    shape[thick], voxels[thick] = 3, 4.0
    array = np.random.default_rng(3).integers(0, 900, shape).astype(np.int16)
    affine = oblique(signs, (voxels[0], voxels[1], voxels[2]))
    source = load(stack_of(nifti(tmp_path / "head.nii.gz", array, affine)))
    folder = Path(export(source, open_request(source, tmp_path / "out", scale=2, formats=("nifti",))).target)
    assert folder.name == "9002_head_SRx2"
    found = nib.load(folder / f"{folder.name}.nii.gz")
    np.testing.assert_allclose(found.affine, formula(affine, 2, thick), atol=1e-4)
    np.testing.assert_allclose(found.get_qform(), formula(affine, 2, thick), atol=1e-3)
    assert (int(found.header["sform_code"]), int(found.header["qform_code"])) == (2, 1)
    for index in range(3):
        plane = np.asarray(enlarge(np.take(array, index, axis=thick).astype(np.float32), 2, "bicubic"))
        got = np.take(np.asarray(found.dataobj), index, axis=thick)
        assert np.abs(got - np.rint(plane)).max() <= 1  # the order of sums may differ in the last bit


def test_that_nothing_of_the_sources_texts_passes(tmp_path: Path) -> None:
    array = np.zeros((36, 36, 4), np.int16)
    array[9:20, 9:20] = 500
    source = load(stack_of(nifti(tmp_path / "head.nii", array, oblique((1, 1, 1), (1, 1, 3)))))
    options = ExportOptions(str(tmp_path / "out"), ("nifti", "gif", "tiff", "png"), anonymise=True)
    folder = Path(export(source, open_request(source, tmp_path, options=options)).target)
    (path,) = folder.glob("*.nii.gz")
    assert b"Mustermann" not in bytes(nib.load(path).header["descrip"])
    for name, content in tree(tmp_path / "out").items():
        assert "head" not in name
        assert b"head" not in content


def test_that_volumes_scale_and_time_are_kept(tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 200, (36, 36, 3, 2)).astype(np.uint8)
    path = nifti(tmp_path / "run.nii.gz", array, oblique((-1, 1, 1), (2, 2, 4)))
    image = nib.load(path)
    image.header.set_slope_inter(0.5, 7.0)
    nib.save(nib.Nifti1Image(array, image.affine, image.header), path)
    source = load(stack_of(path))
    folder = Path(export(source, open_request(source, tmp_path / "out", scale=2, formats=("nifti",))).target)
    found = nib.load(next(folder.glob("*.nii.gz")))
    assert found.shape == (72, 72, 3, 2)
    assert found.header.get_zooms() == pytest.approx((1.0, 1.0, 4.0, 2.5))
    slope, intercept = source.stack.frames[0].slope, source.stack.frames[0].intercept  # type: ignore[union-attr]
    assert found.dataobj.slope == pytest.approx(slope)
    assert found.dataobj.inter == pytest.approx(intercept)


def test_that_floating_point_values_and_nan_stay(tmp_path: Path) -> None:
    array = np.random.default_rng(0).normal(0, 1e-3, (36, 36, 3)).astype(np.float32)
    source = load(stack_of(nifti(tmp_path / "map.nii.gz", array, oblique((1, 1, 1), (1, 1, 3)))))
    exports = Exports()
    opened = exports.open(
        open_request(source, tmp_path / "out", scale=2, formats=("nifti", "tiff", "png")), Silent()
    )
    for index in opened.missing:
        pixels = enlarged(source, index, 2)
        pixels[3, 4] = np.nan
        write(exports, opened.export, index, pixels)
    folder = Path(exports.close(CloseExport(JOB, opened.export), Silent()).target)
    found = nib.load(next(folder.glob("*.nii.gz")))
    assert found.get_data_dtype() == np.float32
    values = np.asarray(found.dataobj)
    assert np.count_nonzero(np.isnan(values)) == 3
    with Image.open(files_of(folder, ".png")[0]) as picture:
        assert "value = " in picture.info["Scale"]


def test_that_a_nifti_without_orientation_stays_without(tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 900, (36, 40, 3)).astype(np.int16)
    path = nifti(tmp_path / "lost.nii.gz", array, np.diag([1.0, 1.5, 3.0, 1.0]), (0, 0))
    source = load(stack_of(path))
    folder = Path(export(source, open_request(source, tmp_path / "out", scale=2, formats=("nifti",))).target)
    found = nib.load(next(folder.glob("*.nii.gz")))
    assert (int(found.header["sform_code"]), int(found.header["qform_code"])) == (0, 0)
    assert found.header.get_zooms() == pytest.approx((0.5, 0.75, 3.0))


def test_that_a_range_of_slices_begins_where_it_should(tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 900, (36, 40, 9)).astype(np.int16)
    affine = oblique((1, 1, -1), (1, 1, 3))
    source = load(stack_of(nifti(tmp_path / "head.nii.gz", array, affine)))
    request = open_request(source, tmp_path / "out", scale=2, indices=(2, 3, 4), formats=("nifti",))
    folder = Path(export(source, request).target)
    found = nib.load(next(folder.glob("*.nii.gz")))
    geometry = source.stack.geometry
    ends = [(found.affine @ [-0.5, -0.5, index, 1])[:3] * [-1, -1, 1] for index in (0, 2)]
    corners = [np.array(geometry.corners_mm(index)) for index in (2, 4)]
    for end in ends:
        assert min(float(np.linalg.norm(corner - end, axis=1).min()) for corner in corners) < 1e-3


def test_that_no_dicom_comes_from_a_source_that_is_none(tmp_path: Path) -> None:
    path = nifti(tmp_path / "head.nii.gz", np.zeros((36, 36, 3), np.int16), np.eye(4))
    source = load(stack_of(path))
    with pytest.raises(WriteError, match="NO_DICOM_SOURCE"):
        Exports().open(open_request(source, tmp_path / "out"), Silent())


def test_that_a_stack_of_png_pictures_becomes_larger_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "png"
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(1000, 3000, (3, 40, 36)).astype(np.uint16)
    for index, picture in enumerate(pixels):
        Image.fromarray(picture).save(folder / f"{index}.png")
    source = load(stack_of(folder))
    target = Path(
        export(source, open_request(source, tmp_path / "out", scale=2, formats=("png", "tiff"))).target
    )
    made = [np.asarray(Image.open(path)) for path in files_of(target, ".png")]
    for index, picture in enumerate(made):
        expected = enlarge(source.pixels[index].astype(np.float32), 2, "bicubic")
        np.testing.assert_array_equal(picture, np.clip(np.rint(expected), 0, 65535))
    np.testing.assert_array_equal(tifffile.imread(next(target.glob("*.tif"))), made)
    with pytest.raises(WriteError, match="NO_POSITION"):
        Exports().open(open_request(source, tmp_path / "other", formats=("nifti",)), Silent())


def other_source(kind: str, folder: Path, pixels: NDArray[np.uint8]) -> Path:
    folder.mkdir()
    for index, picture in enumerate(pixels):
        if kind == "jpeg":
            Image.fromarray(picture).save(folder / f"{index}.jpg", quality=100)
        elif kind == "mat":
            write_mat(folder / f"{index}.mat", picture)
    if kind in ("npy", "npz"):
        np.save(folder / "x.npy", pixels) if kind == "npy" else np.savez(folder / "x.npz", head=pixels)
    return folder


@pytest.mark.parametrize("kind", ["jpeg", "mat", "npy", "npz"])
def test_that_every_other_source_becomes_larger_pictures(tmp_path: Path, kind: str) -> None:
    pixels = np.random.default_rng(0).integers(50, 200, (3, 40, 36)).astype(np.uint8)
    source = load(stack_of(other_source(kind, tmp_path / "source", pixels)))
    formats: tuple[ExportFormat, ...] = ("png", "tiff", "gif")
    target = Path(export(source, open_request(source, tmp_path / "out", scale=2, formats=formats)).target)
    made = [np.asarray(Image.open(path)) for path in files_of(target, ".png")]
    assert len(made) == 3 and len(list(target.glob("*.gif"))) == 1
    for index, picture in enumerate(made):
        expected = enlarge(source.pixels[index].astype(np.float32), 2, "bicubic")
        np.testing.assert_array_equal(picture, np.clip(np.rint(expected), 0, 65535))
    np.testing.assert_array_equal(tifffile.imread(next(target.glob("*.tif"))), made)
    with pytest.raises(WriteError, match="NO_POSITION"):
        Exports().open(open_request(source, tmp_path / "other", formats=("nifti",)), Silent())


def test_that_our_own_signed_pictures_keep_their_offset(tmp_path: Path) -> None:
    folder = tmp_path / "png"
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(-500, 500, (2, 40, 36)).astype(np.int16)
    for index, picture in enumerate(pixels):
        with (folder / f"{index}.png").open("wb") as file:
            write_png(file, picture, {})
    source = load(stack_of(folder))
    target = Path(export(source, open_request(source, tmp_path / "out", scale=2, formats=("png",))).target)
    for path, picture in zip(files_of(target, ".png"), pixels, strict=True):
        with Image.open(path) as found:
            values = np.asarray(found).astype(int) - int(found.info["Offset"])
        expected = enlarge(picture.astype(np.float32), 2, "bicubic")
        assert np.abs(values - expected).max() <= 0.51


@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, -1, 1), (-1, 1, -1), (1, -1, 1)])
def test_that_a_reduced_picture_keeps_the_place_of_every_pixel(
    tmp_path: Path, signs: tuple[int, int, int]
) -> None:
    shape, reduction = (37, 41, 3), 4
    affine = oblique(signs, (1.0, 1.2, 5.0))
    i, j, _ = np.meshgrid(*[np.arange(n) for n in shape], indexing="ij")
    array = (10 * i + 100 * j).astype(np.int16)  # a plane: its reduction is known without any filter
    source = load(stack_of(nifti(tmp_path / "ramp.nii.gz", array, affine)))
    before = source.stack.geometry
    small = replace(
        before,
        rows=-(-before.rows // reduction),
        columns=-(-before.columns // reduction),
        spacing_mm=(before.spacing_mm[0] * reduction, before.spacing_mm[1] * reduction),
    )
    base = open_request(source, tmp_path / "out", formats=("nifti",))
    recipe = Recipe(DEGRADED, reduction, Degradation(reduction=reduction))
    exports = Exports()
    opened = exports.open(replace(base, recipe=recipe, geometry=small), Silent())
    for index in opened.missing:
        padded = np.pad(
            source.pixels[index], [(0, -n % reduction) for n in source.pixels[index].shape], mode="edge"
        )
        rows, columns = padded.shape[0] // reduction, padded.shape[1] // reduction
        means = padded.reshape(rows, reduction, columns, reduction).mean((1, 3))
        write(exports, opened.export, index, means.astype(np.float32))
    folder = Path(exports.close(CloseExport(JOB, opened.export), Silent()).target)
    found = nib.load(next(folder.glob("*.nii.gz")))
    values = np.asarray(found.dataobj, float)
    inverse = np.linalg.inv(affine) @ found.affine
    for place in np.ndindex(*found.shape):
        x, y, _, _ = inverse @ [*place, 1]
        if 0 <= x <= shape[0] - 2 and 0 <= y <= shape[1] - 2:  # away from the repeated edge
            assert abs(values[place] - (10 * x + 100 * y)) <= 0.51
