"""The colours of signed differences, in the window and in reports."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Colours = npt.NDArray[np.uint8]

_STOPS: Final = (
    (0.0, (120, 190, 255)),
    (0.25, (36, 108, 205)),
    (0.5, (42, 42, 42)),
    (0.75, (196, 98, 16)),
    (1.0, (255, 176, 74)),
)
"""Blue below zero, dark neutral at zero, orange above: told apart with red-green blindness, as bright on both sides."""


def _table(stops: tuple[tuple[float, tuple[int, int, int]], ...]) -> Colours:
    places = np.linspace(0.0, 1.0, 256)
    parts = [np.interp(places, [at for at, _ in stops], [rgb[part] for _, rgb in stops]) for part in range(3)]
    table: Colours = np.stack(parts, axis=1).round().astype(np.uint8)
    table.flags.writeable = False
    return table


DIFFERENCE: Final = _table(_STOPS)
"""(256, 3) uint8 RGB: entry 0 for the most negative value, 255 for the most positive one."""
