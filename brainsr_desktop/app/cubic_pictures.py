"""Originals enlarged by cubic interpolation for the screen, made in the background.

A pane of 2 million pixels takes longer than the 16 ms that the window has. So the whole slice is enlarged once, in its
stored values, by a factor that suits the zoom; panning and the grey window then draw from it as from any picture, and
until it is there the slice is drawn linearly and says so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from brainsr_desktop.app.background import Newest
from brainsr_desktop.core.resample import enlarge
from brainsr_desktop.session.pictures import Picture

LARGEST_FACTOR: Final = 8
"""From there on linear steps between the samples cannot be told from a curve."""
MOST_PIXELS: Final = 1 << 22
"""Of an enlarged slice; twice the size is made of any."""
_KEPT: Final = 3


class CubicPictures(QObject):
    """The last few that were made, the newest one last."""

    ready = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._newest = Newest(self)
        self._asked: tuple[Picture, int] | None = None
        self._made: list[tuple[Picture, int, Picture]] = []

    def of(self, picture: Picture, device_px_per_pixel: float) -> Picture | None:
        """The picture enlarged, if it was made; a sharper one is asked for where this zoom can show it."""
        factor = factor_of(picture, device_px_per_pixel)
        made = [(known, enlarged) for source, known, enlarged in self._made if source is picture]
        if factor > max((known for known, _ in made), default=0):
            self._ask(picture, factor)
        return max(made, key=lambda one: one[0])[1] if made else None

    def clear(self) -> None:
        """Let go of every picture."""
        self._made, self._asked = [], None

    def _ask(self, picture: Picture, factor: int) -> None:
        if self._asked is not None and self._asked[0] is picture and self._asked[1] >= factor:
            return
        self._asked = picture, factor
        self._newest.ask(
            lambda: cubic(picture, factor), lambda enlarged: self._take(picture, factor, enlarged)
        )

    def _take(self, picture: Picture, factor: int, enlarged: Picture) -> None:
        self._made = [*self._made[1 - _KEPT :], (picture, factor, enlarged)]
        self.ready.emit()


def factor_of(picture: Picture, device_px_per_pixel: float) -> int:
    """The power of two by which a slice is enlarged for a zoom: so far that the screen shows no steps."""
    rows, columns = picture.pixels.shape[:2]
    factor = 2
    while factor < min(device_px_per_pixel, LARGEST_FACTOR) and 4 * factor**2 * rows * columns <= MOST_PIXELS:
        factor *= 2
    return factor


def cubic(picture: Picture, factor: int) -> Picture:
    """A grey picture with ``factor`` times the rows and columns over the same place; not for the GUI thread.

    Padding does not ring into the image, and values that are no numbers stay in their places.
    """
    values: NDArray[np.float32] = np.asarray(picture.pixels, np.float32)
    if picture.padding is not None:
        values = picture.padding.filled(values)
    holes = ~np.isfinite(values)
    pixels = enlarge(np.where(holes, np.float32(0), values), factor, "bicubic")
    if holes.any():
        pixels[holes.repeat(factor, axis=0).repeat(factor, axis=1)] = np.nan
    pixels.flags.writeable = False
    return replace(picture, pixels=pixels)
