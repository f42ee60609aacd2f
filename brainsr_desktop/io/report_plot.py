"""A plot of curves as strokes and words at places: what SVG and PDF draw alike, in points from the upper left."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from brainsr_desktop.io.report_model import Curves, Line

Point: TypeAlias = tuple[float, float]
Anchor = Literal["start", "middle", "end"]

WIDTH: Final = 500.0
HEIGHT: Final = 238.0
LEFT: Final = 46.0
RIGHT: Final = 352.0
TOP: Final = 26.0
BOTTOM: Final = 200.0
TEXT: Final = 9.0
LINE_STEP: Final = 15.0
TICKS: Final = 5
LONGEST_NAME: Final = 30
MOST_DOTS: Final = 24
COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#a87900", "#3a8fc0", "#5a5a5a", "#8c564b")
"""Told apart by people who do not see all colours (after Okabe and Ito, darkened to be read on white)."""
DASHES: Final[tuple[tuple[float, ...], ...]] = ((), (6.0, 3.0), (2.0, 2.0), (8.0, 3.0, 2.0, 3.0))
"""Lines differ by their dashes, too."""
GRID: Final = "#dddddd"
INK: Final = "#1b1f24"
LIMIT: Final = "#8a4b00"


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line through points."""

    points: tuple[Point, ...]
    colour: str
    width: float
    dashes: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Dot:
    """A filled dot."""

    centre: Point
    colour: str


@dataclass(frozen=True, slots=True)
class Label:
    """A line of text; its baseline begins, ends or has its middle at ``place``."""

    place: Point
    text: str
    anchor: Anchor = "start"
    bold: bool = False


Mark: TypeAlias = Stroke | Dot | Label


@dataclass(frozen=True, slots=True)
class _Scale:
    """Values of an axis onto points."""

    low: float
    high: float
    first: float
    last: float

    def place(self, value: float) -> float:
        part = (value - self.low) / (self.high - self.low)
        return self.first + min(max(part, 0.0), 1.0) * (self.last - self.first)


def drawn(curves: Curves) -> tuple[Mark, ...]:
    """The plot on ``WIDTH`` x ``HEIGHT`` points: grid, levels, curves with a dot at each of few points, legend."""
    x_ticks = ticks(
        [x for line in curves.lines for x in line.x] + [v.value for v in curves.levels if v.axis == "x"]
    )
    y_ticks = ticks(
        [y for line in curves.lines for y in line.y if y is not None]
        + [v.value for v in curves.levels if v.axis == "y"]
    )
    across, up = _Scale(x_ticks[0], x_ticks[-1], LEFT, RIGHT), _Scale(y_ticks[0], y_ticks[-1], BOTTOM, TOP)
    marks: list[Mark] = [
        Label((LEFT, 12.0), f"{curves.title}; {curves.y_name}" if curves.title else curves.y_name, bold=True),
        Label(((LEFT + RIGHT) / 2, HEIGHT - 8.0), curves.x_name, "middle"),
    ]
    for tick in y_ticks:
        place = up.place(tick)
        marks += [
            Stroke(((LEFT, place), (RIGHT, place)), GRID, 0.6),
            Label((LEFT - 4.0, place + 3.0), f"{tick:g}", "end"),
        ]
    marks += [Label((across.place(tick), BOTTOM + 13.0), f"{tick:g}", "middle") for tick in x_ticks]
    corners = ((LEFT, TOP), (RIGHT, TOP), (RIGHT, BOTTOM), (LEFT, BOTTOM), (LEFT, TOP))
    marks.append(Stroke(corners, INK, 0.8))
    for number, line in enumerate(curves.lines):
        marks += _curve(line, number, across, up)
        marks += _legend(line.name, number, COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)])
    for number, level in enumerate(curves.levels, len(curves.lines)):
        place = across.place(level.value) if level.axis == "x" else up.place(level.value)
        ends = ((place, TOP), (place, BOTTOM)) if level.axis == "x" else ((LEFT, place), (RIGHT, place))
        marks.append(Stroke(ends, LIMIT, 1.0, (3.0, 3.0)))
        marks += _legend(level.name, number, LIMIT, (3.0, 3.0))
    return tuple(marks)


def ticks(values: list[float]) -> tuple[float, ...]:
    """Round numbers from below the least to above the greatest value, about ``TICKS`` of them."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if not high > low:
        low, high = low - (abs(low) or 1.0) / 2, low + (abs(low) or 1.0) / 2
    raw = (high - low) / TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next((factor * power for factor in (1.0, 2.0, 2.5, 5.0) if factor * power >= raw), 10.0 * power)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(float(f"{number * step:.9g}") for number in range(first, last + 1))


def _curve(line: Line, number: int, across: _Scale, up: _Scale) -> list[Mark]:
    colour, dashes = COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)]
    marks: list[Mark] = []
    run: list[Point] = []
    for x, y in (*zip(line.x, line.y, strict=True), (0.0, None)):
        if y is not None:
            run.append((_short(across.place(x)), _short(up.place(y))))
            continue
        if len(run) > 1:
            marks.append(Stroke(tuple(run), colour, 1.5, dashes))
        if len(line.x) <= MOST_DOTS or len(run) == 1:
            marks += [Dot(point, colour) for point in run]
        run = []
    return marks


def _legend(name: str, number: int, colour: str, dashes: tuple[float, ...]) -> tuple[Mark, ...]:
    y = TOP + 6.0 + number * LINE_STEP
    words = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
    stroke = Stroke(((RIGHT + 8.0, y), (RIGHT + 30.0, y)), colour, 1.8, dashes)
    return stroke, Label((RIGHT + 34.0, y + 3.0), words)


def _short(value: float) -> float:
    return round(value, 2)
