"""Colours for 8-bit values: the scale of signed differences, and the colour maps for grey values."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray

from brainsr_desktop.session.state import ColourMap

Table = NDArray[np.uint8]

_STOPS: Final = (
    (0.0, (120, 190, 255)),
    (0.25, (36, 108, 205)),
    (0.5, (42, 42, 42)),
    (0.75, (196, 98, 16)),
    (1.0, (255, 176, 74)),
)
"""Blue below zero, dark neutral at zero, orange above: told apart with red-green blindness, as bright on both sides."""


def _table(stops: tuple[tuple[float, tuple[int, int, int]], ...]) -> Table:
    places = np.linspace(0.0, 1.0, 256)
    parts = [np.interp(places, [at for at, _ in stops], [rgb[part] for _, rgb in stops]) for part in range(3)]
    table: Table = np.stack(parts, axis=1).round().astype(np.uint8)
    table.flags.writeable = False
    return table


DIFFERENCE: Final = _table(_STOPS)
"""(256, 3) uint8 RGB: entry 0 for the most negative value, 255 for the most positive one."""


@lru_cache(maxsize=2)
def difference_table(*, padded: bool = False) -> Table:
    """`DIFFERENCE`; ``padded``: entry 0 is the black of the pane."""
    return _with_black(DIFFERENCE) if padded else DIFFERENCE


@lru_cache(maxsize=8)
def table_named(name: ColourMap, *, padded: bool = False) -> Table | None:
    """The table of a colour map, as `DIFFERENCE`; None for grey. ``padded``: entry 0 is the black of the pane."""
    if name == "grey":
        return None
    table: Table = pg.colormap.get(name).getLookupTable(nPts=256).copy()
    table.flags.writeable = False
    return _with_black(table) if padded else table


def _with_black(table: Table) -> Table:
    changed = table.copy()
    changed[0] = 0
    changed.flags.writeable = False
    return changed
