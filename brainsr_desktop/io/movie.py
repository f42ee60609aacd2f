"""A GIF of the slices: 256 greys under the window in view, for talks and messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import IO, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SLICE_MS: Final = 80
LONGEST_SIDE_PX: Final = 512


def write_gif(
    file: IO[bytes],
    slices: Iterable[NDArray[np.uint8]],
    spacing_mm: tuple[float, float] = (1.0, 1.0),
    *,
    longest_side_px: int = LONGEST_SIDE_PX,
    comment: str = "",
) -> None:
    """Write 8-bit slices (rows, columns) as an endless movie, 80 ms each.

    Frames keep their values where the matrix fits and the pixels (`spacing_mm`: between rows, between columns) are
    square; else they are resized to the right proportions.

    Raises:
        ValueError: there is no slice.
    """
    pictures = (proportional(pixels, spacing_mm, longest_side_px) for pixels in slices)
    first = next(pictures, None)
    if first is None:
        raise ValueError("A movie needs at least one slice.")
    first.save(
        file,
        "GIF",
        save_all=True,
        append_images=pictures,
        duration=SLICE_MS,
        loop=0,
        optimize=False,
        comment=comment.encode("ascii", "replace"),
    )


def windowed(
    slices: Iterable[NDArray[np.floating]], window: tuple[float, float], *, inverted: bool = False
) -> Iterator[NDArray[np.uint8]]:
    """Slices in units as 8-bit greys under a window (centre, width) (PS3.3 C.11.2); `inverted` for MONOCHROME1."""
    centre, width = window
    for pixels in slices:
        grey = np.clip((np.nan_to_num(pixels) - (centre - width / 2)) / max(width, 1e-12), 0.0, 1.0)
        grey = 1.0 - grey if inverted else grey
        yield np.rint(grey * 255.0).astype(np.uint8)


def automatic_window(load: Callable[[], Iterable[NDArray[np.floating]]]) -> tuple[float, float]:
    """Centre and width from the darkest to the 99.8th percentile of the slices that `load` gives."""
    samples = [np.nan_to_num(pixels)[::4, ::4].ravel() for pixels in load()]
    low, high = np.percentile(np.concatenate(samples), (0.1, 99.8))
    return float(low + high) / 2, max(float(high - low), 1e-12)


def proportional(pixels: NDArray[np.uint8], spacing_mm: tuple[float, float], longest: int) -> Image.Image:
    """A picture in the patient's proportions, its long side at most `longest`; exact where that asks for nothing."""
    picture = Image.fromarray(pixels)
    finest = min(spacing_mm)
    height, width = (side * mm / finest for side, mm in zip(pixels.shape, spacing_mm, strict=True))
    shrink = min(1.0, longest / max(height, width))
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    if size == picture.size:
        return picture
    return picture.resize(size, Image.Resampling.LANCZOS if shrink < 1.0 else Image.Resampling.BICUBIC)
