"""Colours for 8-bit values: the scale of signed differences, and the colour maps for grey values."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray

from brainsr_desktop.core.colours import DIFFERENCE
from brainsr_desktop.session.state import ColourMap

Table = NDArray[np.uint8]


@lru_cache(maxsize=2)
def difference_table(*, padded: bool = False) -> Table:
    """`DIFFERENCE`; ``padded``: entry 0 is the black of the pane."""
    return _with_black(DIFFERENCE) if padded else DIFFERENCE


def extent_table(*, padded: bool = False) -> Table:
    """The colours of maps without a sign, dark blue to yellow: told apart by everybody, and in grey."""
    table = table_named("cividis", padded=padded)
    assert table is not None
    return table


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
