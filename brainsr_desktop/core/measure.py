"""Measuring in the plane of a slice: lengths, areas, what the values inside a shape are, profiles along a line.

Places are (x, y) in mm from the outer top left corner of the slice: x along the row direction, y along the column
direction. The centre of pixel (row, column) of a picture that covers ``extent_mm`` (height, width) with R x C pixels
lies at ((column + 0.5) * width / C, (row + 0.5) * height / R). This is the half-pixel rule of `core.geometry`, so a
shape covers the same tissue in a picture and in its enlargement. Values that are not finite count nowhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

PointMm: TypeAlias = tuple[float, float]
Shape = Literal["ellipse", "rectangle"]
Floats: TypeAlias = NDArray[np.float64]

EDGE_LEVELS: Final = (0.1, 0.9)
LEAST_PROMINENCE: Final = 0.25
"""A peak stands out from its surroundings by at least this part of the profile's range."""
STEPS_PER_PIXEL: Final = 2
MOST_SAMPLES: Final = 4096


@dataclass(frozen=True, slots=True)
class Units:
    """From stored values to values in units: slope * stored + intercept. ``padding``: stored values that are no image.

    ``padding`` is the lowest and the highest of them (PS3.3 C.7.5.1.1.2), None where there are none.
    """

    slope: float = 1.0
    intercept: float = 0.0
    padding: tuple[float, float] | None = None

    def of(self, stored: NDArray[Any]) -> Floats:
        """Values in units, any shape; NaN where the stored value is padding."""
        values: Floats = np.multiply(stored, self.slope, dtype=np.float64)
        values += self.intercept
        if self.padding is not None:
            values[(stored >= self.padding[0]) & (stored <= self.padding[1])] = np.nan
        return values


@dataclass(frozen=True, slots=True, eq=False)
class Padding:
    """Which pixels of a slice are no image: ``mask`` (rows, columns) as stored. Nor is its enlargement there."""

    mask: NDArray[np.bool_]

    def at(self, rows: NDArray[Any], columns: NDArray[Any], shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Whether pixels (row, column) of a picture of that shape are padding; the indices are broadcast."""
        own = self.mask.shape
        return np.asarray(self.mask[rows * own[0] // shape[0], columns * own[1] // shape[1]])

    def over(self, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """The mask for a picture (rows, columns) of the same slice in another matrix."""
        rows, columns = shape
        return self.at(np.arange(rows)[:, None], np.arange(columns), shape)

    def lowest(self, pixels: NDArray[np.float32]) -> np.float32 | None:
        """The smallest finite value of a slice (rows, columns) that is no padding; None where there is none."""
        image = pixels[~self.mask & np.isfinite(pixels)]
        return np.float32(image.min()) if image.size else None

    def filled(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """The slice with its padding replaced by `lowest`, so that it looks like air; all padding: as it is."""
        lowest = self.lowest(pixels)
        return pixels if lowest is None else np.where(self.mask, lowest, pixels)


def padding_of(stored: NDArray[Any], low: float, high: float) -> Padding | None:
    """The padding of a slice (rows, columns): stored values from ``low`` to ``high``; None where it has none.

    Where 0 is among them, padding is only what reaches the edge of the slice along its row or column: zero is also
    what a place without signal holds.
    """
    mask = np.asarray((stored >= low) & (stored <= high))
    if low <= 0.0 <= high:
        reach = [
            np.logical_and.accumulate(np.flip(mask, axis) if back else mask, axis)
            for axis in (0, 1)
            for back in (False, True)
        ]
        mask = reach[0] | np.flip(reach[1], 0) | reach[2] | np.flip(reach[3], 1)
    return Padding(mask) if mask.any() else None


@dataclass(frozen=True, slots=True)
class Statistics:
    """What some values are, in their unit. ``sd`` is that of a sample (n - 1), as in ImageJ. NaN where undefined."""

    count: int
    mean: float
    sd: float
    minimum: float
    maximum: float
    median: float


@dataclass(frozen=True, slots=True)
class Peak:
    """A peak of a profile, or a dip where not ``bright``: place of its top and full width at half height, mm."""

    place_mm: float
    width_mm: float
    bright: bool


def length_mm(start: PointMm, end: PointMm) -> float:
    """Distance of two places."""
    return math.dist(start, end)


def area_mm2(shape: Shape, start: PointMm, end: PointMm) -> float:
    """Area of the shape that fills the box between two opposite corners, also where it leaves the slice."""
    box = abs(end[0] - start[0]) * abs(end[1] - start[1])
    return box * math.pi / 4.0 if shape == "ellipse" else box


def inside(
    pixels: NDArray[Any],
    extent_mm: tuple[float, float],
    shape: Shape,
    start: PointMm,
    end: PointMm,
    padding: Padding | None = None,
) -> NDArray[Any]:
    """The stored values, shape (n,), of the pixels whose centre lies in the shape between two opposite corners.

    ``pixels``: (rows, columns); those that are padding are left out. Left and top edge of a rectangle belong to it,
    right and bottom do not, so that rectangles side by side share no pixel.
    """
    rows, columns = pixels.shape
    row_mm, column_mm = extent_mm[0] / rows, extent_mm[1] / columns
    (left, right), (top, bottom) = sorted((start[0], end[0])), sorted((start[1], end[1]))
    first_row, last_row = _covered(top, bottom, row_mm, rows)
    first_column, last_column = _covered(left, right, column_mm, columns)
    part = pixels[first_row:last_row, first_column:last_column]
    if part.size == 0:
        return part.reshape(-1)
    row, column = np.arange(first_row, last_row)[:, None], np.arange(first_column, last_column)[None, :]
    wanted = np.ones(part.shape, bool)
    if shape == "ellipse":
        y = ((row + 0.5) * row_mm - (top + bottom) / 2.0) / ((bottom - top) / 2.0)
        x = ((column + 0.5) * column_mm - (left + right) / 2.0) / ((right - left) / 2.0)
        wanted = y**2 + x**2 < 1.0
    if padding is not None:
        wanted &= ~padding.at(row, column, (rows, columns))
    return part[wanted]


def describe(values: Floats) -> Statistics:
    """Statistics of the finite ones among some values of any shape."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return Statistics(0, math.nan, math.nan, math.nan, math.nan, math.nan)
    return Statistics(
        count=int(finite.size),
        mean=float(finite.mean()),
        sd=float(finite.std(ddof=1)) if finite.size > 1 else math.nan,
        minimum=float(finite.min()),
        maximum=float(finite.max()),
        median=float(np.median(finite)),
    )


def samples_for(length: float, pixel_mm: float) -> int:
    """How many places a profile of that length is taken at: two a pixel, from 2 to 4096."""
    wanted = math.ceil(length / pixel_mm * STEPS_PER_PIXEL) + 1
    return min(max(wanted, 2), MOST_SAMPLES)


def profile(
    pixels: NDArray[Any],
    extent_mm: tuple[float, float],
    units: Units,
    start: PointMm,
    end: PointMm,
    samples: int,
    padding: Padding | None = None,
) -> Floats:
    """Values in units, shape (samples,), at even steps from start to end, linear between pixel centres.

    NaN outside the slice and beside padding; within half a pixel of the edge the edge pixel's value.
    """
    rows, columns = pixels.shape
    x, y = (np.linspace(start[axis], end[axis], samples) for axis in (0, 1))
    outside = (x < 0.0) | (y < 0.0) | (x > extent_mm[1]) | (y > extent_mm[0])
    row = np.clip(y / extent_mm[0] * rows - 0.5, 0.0, rows - 1.0)
    column = np.clip(x / extent_mm[1] * columns - 0.5, 0.0, columns - 1.0)
    top, left = row.astype(np.intp), column.astype(np.intp)
    bottom, right = np.minimum(top + 1, rows - 1), np.minimum(left + 1, columns - 1)
    down, across = row - top, column - left

    def values(rows_: NDArray[Any], columns_: NDArray[Any]) -> Floats:
        there = units.of(pixels[rows_, columns_])
        if padding is not None:
            there[padding.at(rows_, columns_, (rows, columns))] = np.nan
        return there

    upper = _between(values(top, left), values(top, right), across)
    lower = _between(values(bottom, left), values(bottom, right), across)
    found = _between(upper, lower, down)
    found[outside] = np.nan
    return found


def edge_width_mm(distance_mm: Floats, values: Floats) -> float | None:
    """Width of the steepest edge of a profile between 10 and 90 % of the profile's range, mm; None without an edge.

    Both arrays have shape (n,); the levels refer to the lowest and the highest value of the profile. An ideal edge
    blurred by a Gaussian has the width 2.563 sigma.
    """
    distance, curve = _finite(distance_mm, values)
    if curve.size < 3 or not np.ptp(curve) > 0.0:
        return None
    steepest = int(np.argmax(np.abs(np.diff(curve))))
    if curve[steepest + 1] < curve[steepest]:
        curve = -curve
    low, high = (float(curve.min() + level * np.ptp(curve)) for level in EDGE_LEVELS)
    before = np.flatnonzero(curve[: steepest + 1] <= low)
    after = np.flatnonzero(curve[steepest + 1 :] >= high)
    if before.size == 0 or after.size == 0:
        return None
    first, last = int(before[-1]), steepest + 1 + int(after[0])
    width = _crossing(distance, curve, last - 1, high) - _crossing(distance, curve, first, low)
    return width if width > 0.0 else None


def peak_of(distance_mm: Floats, values: Floats) -> Peak | None:
    """The most prominent peak or dip of a profile with its full width at half of its prominence; None without one.

    Prominence: height over the higher one of the lowest values to both sides. A maximum at the end is no peak.
    """
    distance, curve = _finite(distance_mm, values)
    if curve.size < 3 or not np.ptp(curve) > 0.0:
        return None
    bright, dark = _prominence(curve), _prominence(-curve)
    height = max(bright, dark)
    if height < LEAST_PROMINENCE * float(np.ptp(curve)):
        return None
    is_bright = bright >= dark
    curve = curve if is_bright else -curve
    top = int(np.argmax(curve))
    level = float(curve[top]) - height / 2.0
    left = int(np.flatnonzero(curve[:top] <= level)[-1])
    right = top + 1 + int(np.flatnonzero(curve[top + 1 :] <= level)[0])
    width = _crossing(distance, curve, right - 1, level) - _crossing(distance, curve, left, level)
    return Peak(float(distance[top]), width, is_bright)


def counts_of(values: Floats, low: float, high: float, bins: int) -> NDArray[np.int64]:
    """Histogram of the finite values, shape (bins,), from ``low`` to ``high`` (> low), without those outside."""
    finite = values[np.isfinite(values)]
    counts, _ = np.histogram(finite, bins, (low, high))
    return np.asarray(counts, np.int64)


def _covered(low: float, high: float, pixel_mm: float, count: int) -> tuple[int, int]:
    """First and last (exclusive) pixel whose centre lies in low <= centre < high."""
    first, last = math.ceil(low / pixel_mm - 0.5), math.ceil(high / pixel_mm - 0.5)
    return min(max(first, 0), count), min(max(last, 0), count)


def _between(first: Floats, second: Floats, share: Floats) -> Floats:
    """``first`` where the share is 0, also beside a value that is not finite."""
    with np.errstate(invalid="ignore"):
        return np.where(share > 0.0, first + (second - first) * share, first)


def _finite(distance_mm: Floats, values: Floats) -> tuple[Floats, Floats]:
    known = np.isfinite(values)
    return distance_mm[known], values[known]


def _prominence(curve: Floats) -> float:
    top = int(np.argmax(curve))
    return float(curve[top] - max(curve[: top + 1].min(), curve[top:].min()))


def _crossing(distance: Floats, curve: Floats, index: int, level: float) -> float:
    """Where the curve passes a level between two neighbouring samples."""
    here, there = float(curve[index]), float(curve[index + 1])
    share = 0.0 if there == here else (level - here) / (there - here)
    return float(distance[index] + share * (distance[index + 1] - distance[index]))
