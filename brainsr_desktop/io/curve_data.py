"""What a plot shows: lines, axes, fields. No picture library: the window keeps its curves so."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

Colour: TypeAlias = tuple[int, int, int]

COLOURS: Final[tuple[Colour, ...]] = (
    (0, 114, 178),
    (213, 94, 0),
    (0, 158, 115),
    (204, 121, 167),
    (168, 121, 0),
    (58, 143, 192),
    (90, 90, 90),
    (140, 86, 75),
)
"""Told apart by people who do not see all colours, too (after Okabe and Ito, darkened to be read on white)."""
TICKS: Final = 6
ROOM: Final = 0.05
"""Of the range, left free above and below the curves."""


@dataclass(frozen=True, slots=True)
class Line:
    """A named curve through points (x, y). ``dashed`` sets it back; ``mark`` is a point that a diamond stands on, and
    ``note`` what the legend says of it."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    dashed: bool = False
    mark: tuple[float, float] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Axes:
    """What a plot shows: title, names of the axes, ranges, ticks; ``mark_x`` draws an upright line."""

    title: str
    x_name: str
    y_name: str
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    x_ticks: Sequence[float]
    y_ticks: Sequence[float]
    mark_x: float | None = None


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Gains over two controls: ``values[row][column]`` belongs to ``y[row]`` and ``x[column]``; None: not there.

    ``x_name`` names both axes; the numbers have so many ``digits``.
    """

    title: str
    x_name: str
    x: Sequence[float]
    y: Sequence[float]
    values: Sequence[Sequence[float | None]]
    digits: int = 2


def nice_ticks(low: float, high: float, most: int = TICKS) -> tuple[float, ...]:
    """Round values (1, 2 or 5 times a power of ten apart) inside a range, at most ``most``."""
    span = high - low
    if not (math.isfinite(span) and span > 0.0):
        return (low,)
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(factor * power for factor in (1, 2, 5, 10, 20, 50) if span / (factor * power) < most)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return tuple(round(number * step, 12) for number in range(first, last + 1))


def fitted(title: str, x_name: str, y_name: str, lines: Sequence[Line]) -> Axes:
    """Axes that hold all points of some lines, with a little room above and below."""
    x = _range([value for line in lines for value in line.x], 0.0)
    y = _range([value for line in lines for value in line.y], ROOM)
    return Axes(title, x_name, y_name, x, y, nice_ticks(*x), nice_ticks(*y))


def _range(values: Sequence[float], room: float) -> tuple[float, float]:
    finite = [value for value in values if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    if high <= low:
        low, high = low - 0.5, high + 0.5
    free = room * (high - low)
    return low - free, high + free
