"""How slices lie in a NIfTI array, and how they are turned to be looked at."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.core.geometry import Geometry, Vec3, unknown_geometry

THICKER: Final = 1.2
"""The slice axis is the one whose voxels are longer than the others by this factor; else the third."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How slices lie in a NIfTI array: which axes are rows, columns and slices, and which of them run backwards.

    ``affine`` (4, 4) turns array indices into LPS mm; None where the file does not say where the picture lies.
    """

    shape: tuple[int, int, int]
    volumes: int
    rows: int
    columns: int
    slices: int
    flipped: tuple[bool, bool, bool]
    """Whether (rows, columns, slices) are turned round."""
    affine: NDArray[np.float64] | None
    voxel_mm: tuple[float, float, float]

    def cut(self, volume: NDArray[Any], number: int) -> NDArray[Any]:
        """Slice ``number`` (in the order of display) of a volume (i, j, k[, samples]) as (rows, columns[, samples])."""
        last = self.shape[self.slices] - 1
        plane: NDArray[Any] = np.take(volume, last - number if self.flipped[2] else number, axis=self.slices)
        if self.rows > self.columns:
            plane = np.swapaxes(plane, 0, 1)
        plane = plane[::-1] if self.flipped[0] else plane
        return plane[:, ::-1] if self.flipped[1] else plane

    def geometry(self) -> Geometry:
        """Rows, columns and the position of every slice; a stand-in where the file does not say."""
        rows, columns, slices = (self.shape[axis] for axis in (self.rows, self.columns, self.slices))
        spacing = (self.voxel_mm[self.rows], self.voxel_mm[self.columns])
        if self.affine is None:
            return unknown_geometry(rows, columns, slices, spacing)
        turned = self.flipped
        directions = [
            self.affine[:3, axis] * (-1 if flip else 1)
            for axis, flip in zip((self.rows, self.columns, self.slices), turned, strict=True)
        ]
        start = np.zeros(3)
        for axis, flip in zip((self.rows, self.columns, self.slices), turned, strict=True):
            start[axis] = self.shape[axis] - 1 if flip else 0
        first = self.affine[:3, :3] @ start + self.affine[:3, 3]
        column = directions[0] / np.linalg.norm(directions[0])
        row = directions[1] / np.linalg.norm(directions[1])
        places = tuple(_vec(first + number * directions[2]) for number in range(slices))
        return Geometry(rows, columns, spacing, _vec(row), _vec(column), places)


def layout_of(
    shape: tuple[int, int, int],
    volumes: int,
    affine: NDArray[np.float64] | None,
    voxel_mm: tuple[float, float, float],
    slice_dimension: int = 0,
) -> Layout:
    """Choose rows, columns and slices as radiologists look at them.

    Slices go along the axis that the header names (``slice_dimension`` from 1), else along the longest voxels, else
    along the third axis; from foot to head, right to left, or front to back. Rows run downwards to posterior or foot,
    columns to the patient's left or posterior.
    """
    slices = _slice_axis(shape, voxel_mm, slice_dimension)
    first, second = (axis for axis in range(3) if axis != slices)
    if affine is None:
        return Layout(shape, volumes, second, first, slices, (True, False, False), None, voxel_mm)
    directions = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    along = _nearest_axes(directions)
    # of two in-plane axes the one nearer to left-right, else to front-back, is drawn horizontally
    columns, rows = (first, second) if along[first] < along[second] else (second, first)
    flipped = (
        directions[along[rows], rows] * (-1 if along[rows] == 2 else 1) < 0,
        directions[along[columns], columns] < 0,
        directions[along[slices], slices] < 0,
    )
    return Layout(
        shape,
        volumes,
        rows,
        columns,
        slices,
        (bool(flipped[0]), bool(flipped[1]), bool(flipped[2])),
        affine,
        voxel_mm,
    )


def _slice_axis(shape: tuple[int, int, int], voxel_mm: tuple[float, float, float], told: int) -> int:
    flat = [axis for axis in range(3) if shape[axis] == 1]
    if len(flat) == 1:
        return flat[0]
    if told:
        return told - 1
    longest = max(range(3), key=lambda axis: voxel_mm[axis])
    others = [voxel_mm[axis] for axis in range(3) if axis != longest]
    return longest if voxel_mm[longest] > THICKER * max(others) > 0 else 2


def _nearest_axes(directions: NDArray[np.float64]) -> tuple[int, int, int]:
    """For each array axis the patient axis (0 left, 1 posterior, 2 head) that it is nearest to, each taken once."""
    best = max(
        itertools.permutations(range(3)),
        key=lambda order: sum(abs(directions[order[axis], axis]) for axis in range(3)),
    )
    return best[0], best[1], best[2]


def _vec(values: NDArray[np.float64]) -> Vec3:
    return float(values[0]), float(values[1]), float(values[2])
