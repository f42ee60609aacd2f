"""Where an exported NIfTI image lies and how its values are ordered: from DICOM positions, or as in its source."""

from __future__ import annotations

import gzip
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import nibabel
import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.core.errors import ReadError
from brainsr_desktop.core.geometry import Geometry
from brainsr_desktop.core.series import FrameInfo
from brainsr_desktop.io import sources
from brainsr_desktop.io.dicom_file import BadDicom
from brainsr_desktop.io.nifti import HEADER_BYTES, read_header
from brainsr_desktop.language import tr

STRAIGHT_MM: Final = 1e-3
"""A stack whose last slice lies further off the normal is sheared, which a quaternion cannot say."""
_LPS_TO_RAS: Final = np.diag([-1.0, -1.0, 1.0, 1.0])
_SECONDS: Final = {8: 1.0, 16: 1e-3, 24: 1e-6}
"""Length of the header's unit of time."""
_MILLIMETRES: Final = {1: 1000.0, 3: 1e-3}
"""Length of the header's unit of space where it is not mm."""

Affine = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NiftiPlace:
    """Order and place of an image.

    ``axes`` are the array axes of (rows, columns, slices), ``flipped`` which of them run against the pictures.
    ``sform`` and ``qform`` (4, 4) turn array indices into RAS+ mm; ``codes`` are their codes, 0 where that form is not
    to be used. ``voxel_mm`` holds for each array axis.
    """

    axes: tuple[int, int, int]
    flipped: tuple[bool, bool, bool]
    sform: Affine
    qform: Affine
    codes: tuple[int, int]
    voxel_mm: tuple[float, float, float]
    volume_step_s: float = 0.0


def place_of_dicom(
    geometry: Geometry, slices: Sequence[int], fallback_step_mm: float = 1.0, volume_step_s: float = 0.0
) -> NiftiPlace:
    """The place of evenly spaced slices, given in order along the normal: index order (column, row, slice)."""
    affine = affine_of(geometry, slices, fallback_step_mm)
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    codes = (1, 0 if is_sheared(affine, len(slices)) else 1)
    voxels = (float(lengths[0]), float(lengths[1]), float(lengths[2]))
    return NiftiPlace((1, 0, 2), (False, False, False), affine, affine, codes, voxels, volume_step_s)


def place_of_nifti(
    frame: FrameInfo, scale: float, shape: tuple[int, int], slices: Sequence[int]
) -> NiftiPlace:
    """The place of a resized NIfTI source, in its own index order, with its own form codes.

    A' = A G, where G shrinks the two in-plane axes to 1/scale and moves them by (1/scale - 1)/2, so that the outer
    edges stay; along the slices it begins at the first of `slices` (indices as the program shows them, evenly spaced).
    `shape` is (rows, columns) of the pictures.

    Raises:
        ReadError: the source cannot be read any more.
    """
    layout, header = _source(frame)
    axes = (layout.rows, layout.columns, layout.slices)
    grid, factors = np.eye(4), [1.0, 1.0, 1.0]
    for axis, flipped, side in zip(axes[:2], layout.flipped[:2], shape, strict=True):
        # A reduced picture may reach beyond its source, always at the far end of what is shown.
        beyond = side / scale - layout.shape[axis] if flipped else 0.0
        grid[axis, axis], grid[axis, 3] = 1 / scale, (1 / scale - 1) / 2 - beyond
        factors[axis] = 1 / scale
    last = layout.shape[layout.slices] - 1
    stored = sorted(last - index if layout.flipped[2] else index for index in slices)
    step = stored[1] - stored[0] if len(stored) > 1 else 1
    grid[layout.slices, layout.slices], grid[layout.slices, 3] = step, stored[0]
    factors[layout.slices] = float(step)
    unit = _MILLIMETRES.get(int(header["xyzt_units"]) & 7, 1.0)
    to_mm = np.diag([unit, unit, unit, 1.0])
    sform, scode = _form(header, "sform")
    qform, qcode = _form(header, "qform")
    voxels = [layout.voxel_mm[axis] * factors[axis] for axis in range(3)]
    second = _SECONDS.get(int(header["xyzt_units"]) & 56, 1.0)
    pause = float(header["pixdim"][4]) * second
    return NiftiPlace(
        axes,
        layout.flipped,
        to_mm @ sform @ grid,
        to_mm @ qform @ grid,
        (scode, qcode),
        (voxels[0], voxels[1], voxels[2]),
        pause if np.isfinite(pause) and pause > 0 else 0.0,
    )


def affine_of(geometry: Geometry, slices: Sequence[int], fallback_step_mm: float = 1.0) -> Affine:
    """Affine (4, 4) from indices (column, row, slice) to RAS+ mm for evenly spaced slices, in their stored order.

    One slice alone gets a step of `fallback_step_mm` along the normal.
    """
    row_mm, column_mm = geometry.spacing_mm
    first, last = (np.asarray(geometry.positions_mm[index]) for index in (slices[0], slices[-1]))
    alone = len(slices) < 2
    step = np.asarray(geometry.normal) * fallback_step_mm if alone else (last - first) / (len(slices) - 1)
    lps = np.eye(4)
    lps[:3, 0] = np.asarray(geometry.row_direction) * column_mm
    lps[:3, 1] = np.asarray(geometry.column_direction) * row_mm
    lps[:3, 2] = step
    lps[:3, 3] = first
    return np.asarray(_LPS_TO_RAS @ lps)


def is_sheared(affine: Affine, slices: int) -> bool:
    """Whether the slices (third axis) lie beside the normal by more than 0.001 mm over the whole stack."""
    normal = np.cross(affine[:3, 0], affine[:3, 1])
    normal /= np.linalg.norm(normal)
    way = affine[:3, 2] * max(slices - 1, 1)
    return float(np.linalg.norm(way - (way @ normal) * normal)) > STRAIGHT_MM


def _source(frame: FrameInfo) -> tuple[Any, Any]:
    """Layout and header of a source file."""
    name = frame.path if frame.member is None else frame.member
    try:
        with sources.open_content(frame.path, frame.member) as stream:
            unpacked: Any = gzip.GzipFile(fileobj=stream) if name.casefold().endswith(".gz") else stream
            head = unpacked.read(HEADER_BYTES)
        layout = read_header(io.BytesIO(head)).layout
    except (OSError, EOFError, BadDicom) as error:
        raise ReadError(tr("The NIfTI source cannot be read any more."), path=frame.path) from error
    kinds = cast(Any, nibabel)
    if head[4:7] in (b"n+2", b"ni2"):
        return layout, kinds.Nifti2Header(head[:540], check=False)
    return layout, kinds.Nifti1Header(head[:348], check=False)


def _form(header: Any, name: str) -> tuple[Affine, int]:
    """One of the two affines and its code; code 0 where it is not usable."""
    code = int(header[f"{name}_code"])
    if code <= 0:
        return np.eye(4), 0
    try:
        affine = np.asarray(getattr(header, f"get_{name}")(), float)
    except (ValueError, nibabel.spatialimages.HeaderDataError):
        return np.eye(4), 0
    sound = np.isfinite(affine).all() and abs(float(np.linalg.det(affine[:3, :3]))) > 0.0
    return (affine, code) if sound else (np.eye(4), 0)
