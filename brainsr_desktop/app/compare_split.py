"""Two pictures in one pane: which part of it shows which of them. Plain geometry in logical pixels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise
from typing import TypeAlias

from PySide6.QtCore import QRect
from PySide6.QtGui import QRegion

from brainsr_desktop.app.view_field import SizePx
from brainsr_desktop.session.state import ViewState


@dataclass(frozen=True, slots=True)
class Wipe:
    """A line across the pane, 0..1 from its left or upper edge."""

    line: float
    level: bool = False


@dataclass(frozen=True, slots=True)
class Board:
    """Square fields, so many along the longer side of the pane."""

    fields: int


Split: TypeAlias = Wipe | Board


def split_of(state: ViewState) -> Split | None:
    """How the mode of a state parts the pane."""
    if state.mode == "wipe":
        return Wipe(state.compare.line, state.compare.level)
    return Board(state.compare.fields) if state.mode == "board" else None


def line_px(wipe: Wipe, size: SizePx) -> int:
    """Where the line is, logical pixels from the left or upper edge."""
    return round(wipe.line * size[1 if wipe.level else 0])


def edges_of(board: Board, size: SizePx) -> tuple[list[int], list[int]]:
    """Where the fields' edges are, from left to right and from top to bottom."""
    width, height = int(size[0]), int(size[1])
    side = max(max(width, height) / board.fields, 1.0)

    def along(length: int) -> list[int]:
        inside = [round(place * side) for place in range(board.fields + 1)]
        return [edge for edge in inside if edge < length] + [length]

    return along(width), along(height)


@lru_cache(maxsize=16)
def regions_of(split: Split, size: SizePx) -> tuple[QRegion, QRegion]:
    """The left list's part and the right list's part; together the pane, without overlap. Not to be changed.

    The left list's picture is left of the line, or above it, and in the upper left field.
    """
    whole = QRegion(0, 0, int(size[0]), int(size[1]))
    if isinstance(split, Wipe):
        at = line_px(split, size)
        left = QRegion(0, 0, int(size[0]), at) if split.level else QRegion(0, 0, at, int(size[1]))
    else:
        columns, rows = edges_of(split, size)
        left = QRegion()
        for y, (top, bottom) in enumerate(pairwise(rows)):
            for start, end in islice(pairwise(columns), y % 2, None, 2):
                left += QRect(start, top, end - start, bottom - top)
    return left, whole.subtracted(left)
