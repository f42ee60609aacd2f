"""From stored values to the 8-bit pixels that a screen can show: window, visible part, reduction. Numpy only.

A slice may have 2048 x 2048 values or more, a pane far fewer screen pixels, and a drag must be drawn within 16 ms.
So only the visible part is windowed, in blocks of rows that stay in the processor's cache, into a kept buffer; and
a picture that is shown smaller than half its size is first reduced by means of 2 x 2 pixels, which also shows less
noise than leaving pixels out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.core import intensity
from brainsr_desktop.core.measure import Padding
from brainsr_desktop.session.pictures import Picture
from brainsr_desktop.session.state import RectMm, WindowLevel

_ROWS_AT_ONCE: Final = 32
_PICTURES_KEPT: Final = 3
_MARGIN_PX: Final = 2
_SAMPLES: Final = 256 * 256
SMALLEST_WIDTH: Final = 1e-12

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Part:
    """Rows and columns (half-open) of a picture that was reduced ``level`` times by two."""

    level: int
    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class Grey:
    """8-bit value = gain * stored + offset, cut at 0 and 255; not-a-number is black.

    With a ``curve`` (greys of equal parts of the window) the value names the part, 255 being the end of the last one.
    """

    gain: float
    offset: float
    curve: bytes = b""


def grey_of(picture: Picture, window: WindowLevel, *, inverted: bool) -> Grey:
    """How stored values become grey for a window in units; ``inverted`` is the user's wish, MONOCHROME1 is added."""
    gain = 255.0 / max(window.width, SMALLEST_WIDTH)
    slope, offset = picture.slope * gain, (picture.intercept - window.low) * gain
    dark_is_high = inverted != picture.inverted
    if window.curve:
        return Grey(
            slope, offset, bytes(255 - grey for grey in window.curve) if dark_is_high else window.curve
        )
    if dark_is_high:
        slope, offset = -slope, 255.0 - offset
    return Grey(slope, offset)


def visible_part(picture: Picture, visible: RectMm, device_px_per_mm: float) -> Part | None:
    """The part that covers the visible rectangle at a resolution no coarser than the screen's; None: nothing."""
    rows, columns = picture.pixels.shape[:2]
    row_mm, column_mm = picture.extent_mm[0] / rows, picture.extent_mm[1] / columns
    shown = device_px_per_mm * max(row_mm, column_mm)
    level = max(0, math.floor(-math.log2(shown))) if shown > 0 else 0
    level = min(level, max(0, min(rows, columns).bit_length() - 2))
    step = 1 << level
    top, bottom = _span(visible.y, visible.height, row_mm * step, -(-rows // step))
    left, right = _span(visible.x, visible.width, column_mm * step, -(-columns // step))
    return Part(level, top, bottom, left, right) if top < bottom and left < right else None


def part_mm(picture: Picture, part: Part) -> RectMm:
    """Where a part lies in the plane, mm. A reduced part may reach past the picture by less than a screen pixel."""
    rows, columns = picture.pixels.shape[:2]
    row_mm = picture.extent_mm[0] / rows * (1 << part.level)
    column_mm = picture.extent_mm[1] / columns * (1 << part.level)
    return RectMm(
        part.left * column_mm,
        part.top * row_mm,
        (part.right - part.left) * column_mm,
        (part.bottom - part.top) * row_mm,
    )


class Reductions:
    """Pictures reduced by two, four and so on. Keeps the last few: both panes often show one array."""

    def __init__(self) -> None:
        self._kept: list[list[NDArray[np.generic]]] = []

    def level(self, pixels: NDArray[np.generic], level: int) -> NDArray[np.generic]:
        """``pixels`` reduced ``level`` times by two."""
        if level == 0:
            return pixels
        levels = next((levels for levels in self._kept if levels[0] is pixels), None)
        if levels is None:
            levels = [pixels]
            self._kept = [*self._kept[1 - _PICTURES_KEPT :], levels]
        while len(levels) <= level:
            levels.append(halved(levels[-1]))
        return levels[level]

    def clear(self) -> None:
        """Let go of every picture."""
        self._kept = []


class SlicePixels:
    """Makes the 8-bit pixels of a part of a picture; keeps its buffers."""

    def __init__(self, reductions: Reductions) -> None:
        self._reductions = reductions
        self._buffer: Pixels = np.empty(0, np.uint8)
        self._block = np.empty(0, np.float32)

    def drawn(self, picture: Picture, part: Part, grey: Grey) -> Pixels:
        """The part's pixels, (rows, columns) grey or (rows, columns, 3) colour; valid until the next call."""
        values = self._reductions.level(picture.pixels, part.level)
        values = values[part.top : part.bottom, part.left : part.right]
        if values.ndim == 3:
            return np.ascontiguousarray(values, np.uint8)
        if self._buffer.size < values.size:
            self._buffer = np.empty(values.size, np.uint8)
        out = self._buffer[: values.size].reshape(values.shape)
        self._window(values, grey, out)
        if picture.padding is not None:
            _clear_padding(picture.padding, picture.pixels.shape, part, out)
        return out

    def _window(self, values: NDArray[np.generic], grey: Grey, out: Pixels) -> None:
        rows, columns = values.shape
        if self._block.size < _ROWS_AT_ONCE * columns:
            self._block = np.empty(_ROWS_AT_ONCE * columns, np.float32)
        gain, offset = np.float32(grey.gain), np.float32(grey.offset + 0.5)
        highest = np.float32(255)
        curve = np.frombuffer(grey.curve, np.uint8)
        if curve.size:
            parts = curve.size / 255.0
            gain, offset = np.float32(grey.gain * parts), np.float32(grey.offset * parts)
            highest = np.float32(curve.size - 1)
        may_be_nan = values.dtype.kind == "f"
        with np.errstate(all="ignore"):
            for top in range(0, rows, _ROWS_AT_ONCE):
                source = values[top : top + _ROWS_AT_ONCE]
                block = self._block[: source.size].reshape(source.shape)
                np.multiply(source, gain, out=block, casting="unsafe")
                block += offset
                if may_be_nan:
                    np.fmax(block, np.float32(0), out=block)
                np.clip(block, np.float32(0), highest, out=block)
                here = out[top : top + _ROWS_AT_ONCE]
                if curve.size:
                    np.take(curve, block.astype(np.intp), out=here, mode="clip")
                else:
                    np.copyto(here, block, casting="unsafe")


def _clear_padding(padding: Padding, shape: tuple[int, ...], part: Part, out: Pixels) -> None:
    """Padding becomes 0, which is kept for it: a picture's own black is 1, no difference that can be seen."""
    step = 1 << part.level
    row = np.minimum(np.arange(part.top, part.bottom) * step + step // 2, shape[0] - 1)
    column = np.minimum(np.arange(part.left, part.right) * step + step // 2, shape[1] - 1)
    hidden = padding.at(row[:, None], column[None, :], (shape[0], shape[1]))
    np.maximum(out, 1, out=out)
    out[hidden] = 0


def halved(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Means of 2 x 2 pixels (float32; uint8 for colour); an odd last row or column is repeated."""
    odd = [(0, side % 2) for side in values.shape[:2]]
    if any(after for _, after in odd):
        values = np.pad(values, [*odd, (0, 0)][: values.ndim], mode="edge")
    rows, columns, *colours = values.shape
    means = np.empty((rows // 2, columns // 2, *colours), np.float32)
    for top in range(0, rows, _ROWS_AT_ONCE):
        block = values[top : top + _ROWS_AT_ONCE]
        pairs = np.add(block[::2], block[1::2], dtype=np.float32)
        here = means[top // 2 : top // 2 + len(pairs)]
        np.add(pairs[:, ::2], pairs[:, 1::2], out=here)
        here *= np.float32(0.25)
    return np.rint(means).astype(np.uint8) if values.ndim == 3 else means


def automatic_window(picture: Picture) -> WindowLevel:
    """A window for a picture whose series has none yet, from a sample of its values."""
    if picture.pixels.ndim == 3:
        return WindowLevel(127.5, 255.0)
    center, width = intensity.auto_window(sample_of(picture))
    return WindowLevel(float(center), max(float(width), SMALLEST_WIDTH))


def robust_span(picture: Picture) -> float:
    """Size of the robust data range in units: what a drag over the pane's width changes the window by."""
    low, high = intensity.robust_range(sample_of(picture))
    return max(float(high - low), SMALLEST_WIDTH)


def window_of_values(picture: Picture, rect: RectMm) -> WindowLevel | None:
    """The window that shows the values inside a rectangle (0.5 to 99.5 percentile); None where there are none."""
    if picture.pixels.ndim == 3:
        return None
    rows, columns = picture.pixels.shape
    row_mm, column_mm = picture.extent_mm[0] / rows, picture.extent_mm[1] / columns
    top, bottom = max(0, math.floor(rect.y / row_mm)), min(rows, math.ceil((rect.y + rect.height) / row_mm))
    left, right = (
        max(0, math.floor(rect.x / column_mm)),
        min(columns, math.ceil((rect.x + rect.width) / column_mm)),
    )
    if top >= bottom or left >= right:
        return None
    inside = _in_units(picture, np.arange(top, bottom), np.arange(left, right))
    inside = inside[np.isfinite(inside)]
    if inside.size == 0:
        return None
    low, high = np.percentile(inside, (0.5, 99.5))
    return WindowLevel(float(low + high) / 2, max(float(high - low), SMALLEST_WIDTH))


def sample_of(picture: Picture) -> NDArray[np.float32]:
    """At most some 65 000 values of a picture, in units; NaN where it is padding."""
    rows, columns = picture.pixels.shape[:2]
    step = max(1, math.isqrt(max(1, rows * columns // _SAMPLES)))
    return _in_units(picture, np.arange(0, rows, step), np.arange(0, columns, step)).astype(np.float32)


def _in_units(picture: Picture, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.float64]:
    """Values of some rows and columns, NaN where they are padding."""
    values = picture.pixels[rows[:, None], columns].astype(np.float64) * picture.slope + picture.intercept
    if picture.padding is not None:
        shape = picture.pixels.shape
        values[picture.padding.at(rows[:, None], columns, (shape[0], shape[1]))] = np.nan
    return values


def _span(start_mm: float, size_mm: float, pixel_mm: float, count: int) -> tuple[int, int]:
    first = max(0, math.floor(start_mm / pixel_mm) - _MARGIN_PX)
    last = min(count, math.ceil((start_mm + size_mm) / pixel_mm) + _MARGIN_PX)
    return first, last
