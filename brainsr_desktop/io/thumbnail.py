"""A small picture of a stack's middle slice, with an automatic window."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.core.intensity import auto_window
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io.load import read_frame


def thumbnail(stack: StackInfo, side_px: int = 96) -> NDArray[np.uint8]:
    """The middle slice of the first volume as 8-bit picture (rows, columns[, 3]), its longer side ``side_px`` pixels.

    Pixels that are not square are shown in true proportion. A slice that cannot be read is black.
    """
    pixels, _ = read_frame(stack, stack.slices // 2)
    grey = pixels if stack.samples == 3 else _windowed(pixels, inverted=stack.photometric == "MONOCHROME1")
    height, width = stack.geometry.extent_mm if stack.has_spacing else pixels.shape[:2]
    factor = side_px / max(height, width)
    return _resized(grey, max(1, round(height * factor)), max(1, round(width * factor)))


def _windowed(pixels: NDArray[Any], *, inverted: bool) -> NDArray[np.uint8]:
    if not pixels.any():
        return np.zeros(pixels.shape, np.uint8)
    centre, width = auto_window(pixels)
    values = np.nan_to_num(pixels.astype(np.float32), posinf=centre + width, neginf=centre - width)
    scaled = np.clip((values - centre) / width + 0.5, 0, 1) * 255
    return np.asarray(255 - scaled if inverted else scaled).round().astype(np.uint8)


def _resized(picture: NDArray[np.uint8], rows: int, columns: int) -> NDArray[np.uint8]:
    from PIL import Image

    return np.asarray(
        Image.fromarray(picture).resize(
            (columns, rows), Image.Resampling.BOX if rows < picture.shape[0] else Image.Resampling.BILINEAR
        )
    )
