"""Where the pixels of a stack lie in the patient.

Conventions, said once:

- Positions are LPS in millimetres: x grows to the patient's left, y to posterior, z to the head (DICOM PS3.3
  C.7.6.2.1.1).
- ``row_direction`` is the direction of growing *column* index (ImageOrientationPatient[0:3]), ``column_direction``
  that of growing *row* index ([3:6]); both are unit vectors, their cross product is the ``normal``.
- ``spacing_mm`` is (between rows, between columns), as in PixelSpacing.
- A position is the centre of the first pixel; index coordinates are (row, column), whole numbers at pixel centres,
  so a picture's edges lie at -0.5 and n - 0.5.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Vec3: TypeAlias = tuple[float, float, float]
OBLIQUE_COSINE = float(np.sin(np.deg2rad(20.0)))
"""A second letter is shown where the direction leans by more than 20 degrees towards another axis."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """A stack of parallel slices that share matrix, orientation and spacing; one position (mm, LPS) for each slice."""

    rows: int
    columns: int
    spacing_mm: tuple[float, float]
    row_direction: Vec3
    column_direction: Vec3
    positions_mm: tuple[Vec3, ...]

    @property
    def normal(self) -> Vec3:
        """Unit normal, row direction x column direction."""
        return _normal(self.row_direction, self.column_direction)

    @property
    def extent_mm(self) -> tuple[float, float]:
        """Outer size (height, width) of a slice in mm."""
        return self.rows * self.spacing_mm[0], self.columns * self.spacing_mm[1]

    @property
    def step_mm(self) -> float | None:
        """Median distance of neighbouring slices along the normal; None for one slice."""
        if len(self.positions_mm) < 2:
            return None
        # numpy's median loads numpy.ma first: 0.1 s, in the middle of drawing the series browser.
        return float(statistics.median(np.abs(np.diff(self.offsets_mm())).tolist()))

    def offsets_mm(self) -> NDArray[np.float64]:
        """Position of each slice along the normal, mm, shape (slices,)."""
        offsets: NDArray[np.float64] = np.asarray(self.positions_mm, float) @ np.asarray(self.normal)
        return offsets

    def slice(self, index: int) -> Geometry:
        """The geometry of one slice alone."""
        return replace(self, positions_mm=(self.positions_mm[index],))

    def enlarged(self, scale: int) -> Geometry:
        """The geometry after in-plane enlargement by a half-pixel aligned model: the outer edges stay where they are.

        IPP' = IPP + (c/s - c)/2 X + (r/s - r)/2 Y (the half-pixel rule).
        """
        row_mm, column_mm = self.spacing_mm
        shift = (column_mm / scale - column_mm) / 2 * np.asarray(self.row_direction) + (
            row_mm / scale - row_mm
        ) / 2 * np.asarray(self.column_direction)
        moved = tuple(_vec(np.asarray(p) + shift) for p in self.positions_mm)
        return replace(
            self,
            rows=self.rows * scale,
            columns=self.columns * scale,
            spacing_mm=(row_mm / scale, column_mm / scale),
            positions_mm=moved,
        )

    def reduced(self, reduction: int) -> Geometry:
        """The geometry after in-plane reduction, half-pixel aligned; the inverse of ``enlarged``.

        The near edges stay where they are; a side that ``reduction`` does not divide is rounded up.
        """
        row_mm, column_mm = self.spacing_mm
        along, down = np.asarray(self.row_direction), np.asarray(self.column_direction)
        shift = (reduction - 1) / 2 * (column_mm * along + row_mm * down)
        return replace(
            self,
            rows=-(-self.rows // reduction),
            columns=-(-self.columns // reduction),
            spacing_mm=(row_mm * reduction, column_mm * reduction),
            positions_mm=tuple(_vec(np.asarray(p) + shift) for p in self.positions_mm),
        )

    def position_at(self, slice_index: int, row: float, column: float) -> Vec3:
        """Patient position (mm, LPS) of an index coordinate of one slice."""
        row_mm, column_mm = self.spacing_mm
        return _vec(
            np.asarray(self.positions_mm[slice_index])
            + column * column_mm * np.asarray(self.row_direction)
            + row * row_mm * np.asarray(self.column_direction)
        )

    def index_at(self, slice_index: int, position_mm: Vec3) -> tuple[float, float]:
        """Index coordinate (row, column) of the foot of a patient position on one slice."""
        away = np.asarray(position_mm) - np.asarray(self.positions_mm[slice_index])
        row_mm, column_mm = self.spacing_mm
        return float(away @ np.asarray(self.column_direction)) / row_mm, float(
            away @ np.asarray(self.row_direction)
        ) / column_mm

    def corners_mm(self, slice_index: int) -> tuple[Vec3, Vec3, Vec3, Vec3]:
        """Outer corners of one slice: top left, top right, bottom left, bottom right."""
        bottom, right = self.rows - 0.5, self.columns - 0.5
        ends = ((-0.5, -0.5), (-0.5, right), (bottom, -0.5), (bottom, right))
        a, b, c, d = (self.position_at(slice_index, row, column) for row, column in ends)
        return a, b, c, d

    @property
    def edges(self) -> dict[str, str]:
        """DICOM's letters (L R A P H F) at the left, right, top and bottom edge of a slice as stored."""
        return dict(_edges(self.row_direction, self.column_direction))

    @property
    def plane(self) -> str:
        """axial, coronal or sagittal: the axis that the normal is nearest to."""
        return ("sagittal", "coronal", "axial")[int(np.argmax(np.abs(self.normal)))]


# Asked for at every step through the slices: the answers for a direction stay.


@lru_cache(maxsize=256)
def _normal(row_direction: Vec3, column_direction: Vec3) -> Vec3:
    return _vec(np.cross(row_direction, column_direction))


@lru_cache(maxsize=256)
def _edges(row_direction: Vec3, column_direction: Vec3) -> tuple[tuple[str, str], ...]:
    right, bottom = np.asarray(row_direction), np.asarray(column_direction)
    return (
        ("left", direction_letters(-right)),
        ("right", direction_letters(right)),
        ("top", direction_letters(-bottom)),
        ("bottom", direction_letters(bottom)),
    )


def direction_letters(direction: NDArray[np.float64]) -> str:
    """Letters of a direction, largest component first; more than one where it is oblique by more than 20 degrees."""
    pairs = [
        (abs(value), letters[0] if value > 0 else letters[1])
        for value, letters in zip(direction, ("LR", "PA", "HF"), strict=True)
    ]
    pairs.sort(key=lambda pair: -pair[0])
    return pairs[0][1] + "".join(letter for size, letter in pairs[1:] if size > OBLIQUE_COSINE)


def unknown_geometry(
    rows: int, columns: int, slices: int, spacing_mm: tuple[float, float] = (1.0, 1.0)
) -> Geometry:
    """A stand-in for stacks without position: slices 1 mm apart, never to be exported as a place in the patient."""
    return Geometry(
        rows,
        columns,
        spacing_mm,
        (1.0, 0.0, 0.0),
        (0.0, 1.0, 0.0),
        tuple((0.0, 0.0, float(i)) for i in range(slices)),
    )


def _vec(values: NDArray[np.float64]) -> Vec3:
    return float(values[0]), float(values[1]), float(values[2])
