"""Overlapping tiles of a slice, blended back, so that a large slice fits into little memory.

Each tile is read with a margin as wide as the network sees (its receptive field), so what is kept of its result is
what the whole slice would have given; neighbouring tiles share a few pixels in which one fades into the other, which
hides rounding. At the slice's own edges there is no margin: there the network continues the picture as it would for
the whole slice.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float32]

BLEND_PX: Final = 8
"""Input pixels over which neighbouring tiles fade into each other."""
SMALLEST_TILE_PX: Final = 16


@dataclass(frozen=True, slots=True)
class Span:
    """One tile along one axis, in input pixels: ``read`` (start, stop) goes in, ``keep`` is used of the result.

    ``fade_in`` and ``fade_out`` are the pixels at both ends of ``keep`` that a neighbour shares.
    """

    read: tuple[int, int]
    keep: tuple[int, int]
    fade_in: int
    fade_out: int


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile: its span along rows and along columns."""

    rows: Span
    columns: Span

    @property
    def source(self) -> tuple[slice, slice]:
        """What to read of the slice."""
        return slice(*self.rows.read), slice(*self.columns.read)


def spans(size: int, tile: int, margin: int, blend: int = BLEND_PX) -> tuple[Span, ...]:
    """Cut ``size`` pixels into pieces of at most ``tile`` kept pixels, as equal as they can be.

    ``margin`` pixels are read beyond what is kept, as far as there are any; neighbours share up to ``blend`` pixels.

    Raises:
        ValueError: size or margin is negative, or the tile is below 1.
    """
    if size < 1 or tile < 1 or margin < 0 or blend < 0:
        raise ValueError(f"{size} pixels cannot be cut into tiles of {tile} with a margin of {margin}.")
    if tile >= size:
        return (Span((0, size), (0, size), 0, 0),)
    shared = min(blend, tile // 4)  # at most: a piece must not fade out before it has faded in
    count = -(-(size - shared) // (tile - shared))
    step = (size - shared) / count
    starts = [round(i * step) for i in range(count)]
    stops = [round((i + 1) * step) + shared for i in range(count)]
    found: list[Span] = []
    for i, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        read = max(start - margin, 0), min(stop + margin, size)
        fade_out = 0 if i == count - 1 else stop - starts[i + 1]
        found.append(Span(read, (start, stop), found[-1].fade_out if found else 0, fade_out))
    return tuple(found)


def plan(shape: tuple[int, int], tile: int, receptive_field: int) -> tuple[Tile, ...]:
    """The tiles of a slice of ``shape`` (rows, columns), row by row.

    ``tile`` is the largest side in input pixels of what one tile contributes, 0 = the whole slice at once;
    ``receptive_field`` the side in input pixels of what one output pixel depends on.
    """
    rows, columns = shape
    margin = receptive_field // 2 + 1
    side = max(tile, SMALLEST_TILE_PX) if tile > 0 else max(shape)
    return tuple(
        Tile(down, across) for down in spans(rows, side, margin) for across in spans(columns, side, margin)
    )


@lru_cache(maxsize=32)
def plan_within(shape: tuple[int, int], most_pixels: int, receptive_field: int) -> tuple[Tile, ...]:
    """The tiles of a slice that read fewest pixels in all, where one tile may read ``most_pixels``.

    A slice within that is one tile. Strips and tiles of any proportion are tried, for what is read twice is what costs.
    """
    rows, columns = shape
    margin = receptive_field // 2 + 1
    best: tuple[int, tuple[Tile, ...]] | None = None
    most_across = max(1, columns // SMALLEST_TILE_PX)
    for across in range(1, most_across + 1):
        side = spans(columns, _side_of(columns, across), margin)
        wide = max(span.read[1] - span.read[0] for span in side)
        down = _fewest(rows, max(most_pixels // wide, 1), margin)
        total = sum(span.read[1] - span.read[0] for span in side) * sum(s.read[1] - s.read[0] for s in down)
        is_small = wide * max(span.read[1] - span.read[0] for span in down) <= most_pixels
        if (is_small or across == most_across) and (best is None or total < best[0]):
            best = total, tuple(Tile(row, column) for row in down for column in side)
    assert best is not None
    return best[1]


def _fewest(size: int, most_px: int, margin: int) -> tuple[Span, ...]:
    """The fewest pieces that read at most so many pixels each; the most there can be where none are small enough."""
    most = max(1, size // SMALLEST_TILE_PX)
    for count in range(1, most + 1):
        found = spans(size, _side_of(size, count), margin)
        if max(span.read[1] - span.read[0] for span in found) <= most_px:
            return found
    return spans(size, SMALLEST_TILE_PX, margin)


def _side_of(size: int, count: int) -> int:
    """The side of tiles of which ``count`` cover ``size`` pixels."""
    return size if count == 1 else -(-(size + (count - 1) * BLEND_PX) // count)


class Blend:
    """Puts the tiles' results together. Add every tile of a plan once, in the plan's order, then take ``result``."""

    def __init__(self, shape: tuple[int, int], scale: int) -> None:
        self._scale = scale
        self._sum = np.zeros((shape[0] * scale, shape[1] * scale), np.float32)

    def add(self, tile: Tile, enlarged: Floats) -> None:
        """``enlarged`` (scale * read rows, scale * read columns) is the result of what ``tile.source`` read.

        Raises:
            ValueError: it has another shape.
        """
        scale = self._scale
        wanted = tuple(scale * (span.read[1] - span.read[0]) for span in (tile.rows, tile.columns))
        if enlarged.shape != wanted:
            raise ValueError(f"A tile of the shape {wanted} was expected, not {enlarged.shape}.")
        target, inside, weights = zip(*(self._along(span) for span in (tile.rows, tile.columns)), strict=True)
        self._sum[target] += enlarged[inside] * (weights[0][:, None] * weights[1][None, :])

    @property
    def result(self) -> Floats:
        """The whole picture, (scale * rows, scale * columns) float32."""
        return self._sum

    def _along(self, span: Span) -> tuple[slice, slice, Floats]:
        scale = self._scale
        start, stop = span.keep
        kept = slice(start * scale, stop * scale)
        inside = slice((start - span.read[0]) * scale, (stop - span.read[0]) * scale)
        weight = np.ones((stop - start) * scale, np.float32)
        if span.fade_in:
            weight[: span.fade_in * scale] = _ramp(span.fade_in * scale)
        if span.fade_out:
            weight[len(weight) - span.fade_out * scale :] = 1.0 - _ramp(span.fade_out * scale)
        return kept, inside, weight


def _ramp(size: int) -> Floats:
    return np.asarray((np.arange(size) + 0.5) / size, np.float32)


def padded_to(image: Floats, multiple: int, smallest: int) -> Floats:
    """Continue a slice at its far edges by reflection until its sides are large enough multiples of ``multiple``.

    The near edges stay, so nothing moves; the result of a network is cut back to the slice's own size.
    """
    wanted = [-(-max(side, smallest) // multiple) * multiple for side in image.shape]
    missing = [(0, target - side) for target, side in zip(wanted, image.shape, strict=True)]
    if not any(after for _, after in missing):
        return image
    return np.pad(image, missing, mode="symmetric")
