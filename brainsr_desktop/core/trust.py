"""Where an enhanced slice differs from what it was made from: the signed change, and the places of greatest change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from brainsr_desktop.core.filters import block_means

MOST_PLACES: Final = 5
LEAST_SIDE_PX: Final = 3
"""A place of change is larger than so many by so many input pixels."""
LEAST_PART: Final = 0.1
"""A place that changed less than this part of the first one is none of the greatest."""
GROWN_TO: Final = 0.5
"""A place reaches to where the change has fallen to this part: its full width at half maximum."""

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Place:
    """A place of change: rows and columns (half-open) of the input's matrix around it.

    ``change`` is the mean absolute change inside it, in the units of the pictures; ``pixels`` its size.
    """

    top: int
    bottom: int
    left: int
    right: int
    change: float
    pixels: int


def difference(enhanced: npt.NDArray[np.generic], reference: npt.NDArray[np.generic]) -> Floats:
    """Signed change ``enhanced - reference`` (rows, columns) float32, on the coarser of both matrices.

    Both cover the same rectangle with half-pixel aligned edges. Of the finer one each block of pixels is averaged, so
    that nothing is invented on the way. What is not finite becomes zero.

    Raises:
        ValueError: no whole number of pixels of the one fits into a pixel of the other.
    """
    first, second = _averaged(enhanced, reference.shape), _averaged(reference, enhanced.shape)
    if first.shape != second.shape:
        raise ValueError(f"{enhanced.shape} and {reference.shape} pixels cannot be compared one by one.")
    change: Floats = np.subtract(first, second, dtype=np.float32)
    if not np.isfinite(change.sum(dtype=np.float64)):
        np.nan_to_num(change, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    return change


def _averaged(picture: npt.NDArray[np.generic], other: tuple[int, ...]) -> npt.NDArray[np.generic]:
    (rows, columns), (fewer_rows, fewer_columns) = picture.shape, other
    side = rows // fewer_rows
    if side < 2 or rows % fewer_rows or columns != fewer_columns * side:
        return picture
    return block_means(picture.astype(np.float32, copy=False), side)


def places_of_change(change: Floats, scale: int, most: int = MOST_PLACES) -> tuple[Place, ...]:
    """The places of greatest change, the greatest first, each larger than 3 x 3 input pixels.

    ``change`` (rows, columns) float32 as `difference` gives it, ``scale`` its pixels along one pixel of the input; both
    sides are multiples of it. Measured is the mean absolute change in each input pixel. A place begins where a square
    of 3 x 3 of them has changed most, even its least pixel, and grows to all connected pixels that changed half as
    much; so single bright pixels, noise or a sharpened edge of one pixel's width, are none.
    """
    size = block_means(np.abs(change), scale).astype(np.float32) if scale > 1 else np.abs(change)
    places: list[Place] = []
    free = np.ones(size.shape, np.bool_)
    first = 0.0
    while len(places) < most:
        floor = least_of_squares(np.where(free, size, np.float32(0)))
        row, column = np.unravel_index(int(floor.argmax()), floor.shape)
        level = float(floor[row, column])
        first = first or level
        if level <= LEAST_PART * first or level <= 0.0:
            break
        inside = connected((size >= GROWN_TO * level) & free, int(row), int(column))
        free &= ~widened(inside)
        place = _place(inside, size)
        if place.pixels > LEAST_SIDE_PX**2:
            places.append(place)
    return tuple(places)


def least_of_squares(values: Floats) -> Floats:
    """The least of the 3 x 3 pixels around each one; 0 where the square would leave the picture."""
    rows, columns = values.shape
    least = np.zeros_like(values)
    if rows < LEAST_SIDE_PX or columns < LEAST_SIDE_PX:
        return least
    shifts = range(LEAST_SIDE_PX)
    squares = [values[r : rows - 2 + r, c : columns - 2 + c] for r in shifts for c in shifts]
    least[1:-1, 1:-1] = np.minimum.reduce(squares)
    return least


def connected(mask: Mask, row: int, column: int) -> Mask:
    """The pixels of ``mask`` that hang together with one of them, over sides."""
    found = np.zeros_like(mask)
    found[row, column] = mask[row, column]
    count = 0
    while count != (count := int(found.sum())):
        found = widened(found) & mask
    return found


def widened(mask: Mask) -> Mask:
    """A mask and the pixels that share a side with it."""
    wide = mask.copy()
    wide[1:] |= mask[:-1]
    wide[:-1] |= mask[1:]
    wide[:, 1:] |= mask[:, :-1]
    wide[:, :-1] |= mask[:, 1:]
    return wide


def _place(inside: Mask, size: Floats) -> Place:
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    return Place(
        int(rows[0]),
        int(rows[-1]) + 1,
        int(columns[0]),
        int(columns[-1]) + 1,
        float(size[inside].mean(dtype=np.float64)),
        int(inside.sum()),
    )
