"""Pictures of a report from slices: greys under a window, and signed maps with the bar that says what they mean."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from brainsr_desktop.core.colours import DIFFERENCE
from brainsr_desktop.io import movie
from brainsr_desktop.io.report_model import Bar, Picture, picture, png_of

Floats = NDArray[np.float32]

LONGEST_SIDE_PX: Final = 512


def grey_picture(
    title: str,
    pixels: Floats,
    window: tuple[float, float],
    spacing_mm: tuple[float, float],
    *,
    inverted: bool = False,
) -> Picture:
    """A slice (rows, columns) under a window (centre, width), in the patient's proportions."""
    (greys,) = movie.windowed([pixels], window, inverted=inverted)
    return picture(title, movie.proportional(greys, spacing_mm, LONGEST_SIDE_PX))


def signed_picture(
    title: str, values: Floats, limit: float, spacing_mm: tuple[float, float], unit: str = ""
) -> Picture:
    """A map (rows, columns) of differences in colours: blue below zero, orange above; ``limit`` is where they end."""
    (levels,) = movie.windowed([values], (0.0, 2.0 * limit))
    resized = np.asarray(movie.proportional(levels, spacing_mm, LONGEST_SIDE_PX))
    words = f"{limit:.3g} {unit}".strip()
    return picture(title, DIFFERENCE[resized], Bar(_strip(), f"-{words}", f"+{words}"))


def _strip() -> bytes:
    return png_of(Image.fromarray(DIFFERENCE[None, :, :]))
