"""A small line plot, drawn with Pillow alone: what the power spectra of a figure need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from PIL import Image, ImageDraw, ImageFont

Colour: TypeAlias = tuple[int, int, int]

COLOURS: Final[tuple[Colour, ...]] = (
    (0, 114, 178),
    (213, 94, 0),
    (0, 158, 115),
    (204, 121, 167),
    (230, 159, 0),
    (86, 180, 233),
    (110, 110, 110),
    (140, 86, 75),
)
"""Told apart by people who do not see all colours, too (Okabe and Ito)."""
FINER: Final = 3
"""Drawn so many times larger and reduced, for smooth lines."""
MARGIN_LEFT: Final = 44
MARGIN_TOP: Final = 24
MARGIN_BOTTOM: Final = 40
MARGIN_RIGHT: Final = 150
TEXT_PX: Final = 13
LINE_PX: Final = 18


@dataclass(frozen=True, slots=True)
class Line:
    """A named curve through points (x, y)."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


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


def line_plot(lines: Sequence[Line], axes: Axes, size: tuple[int, int]) -> Image.Image:
    """Lines with a legend at their right, (width, height) pixels. What lies outside the ranges ends at their border."""
    box = (MARGIN_LEFT, MARGIN_TOP, size[0] - MARGIN_RIGHT, size[1] - MARGIN_BOTTOM)
    canvas = Image.new("RGB", (FINER * size[0], FINER * size[1]), "white")
    pen = ImageDraw.Draw(canvas)
    for tick in axes.y_ticks:
        ends = [_place(x, tick, axes, box) for x in axes.x_range]
        pen.line(_large(ends), fill=(220, 220, 220) if tick else (120, 120, 120), width=FINER)
    if axes.mark_x is not None:
        ends = [_place(axes.mark_x, y, axes, box) for y in axes.y_range]
        pen.line(_large(ends), fill=(160, 160, 160), width=FINER)
    for number, line in enumerate(lines):
        points = [_place(x, y, axes, box) for x, y in zip(line.x, line.y, strict=True)]
        pen.line(_large(points), fill=_colour(number), width=2 * FINER, joint="curve")
    pen.rectangle([FINER * side for side in box], outline=(0, 0, 0), width=FINER)
    plot = canvas.resize(size, Image.Resampling.BOX)
    _write(ImageDraw.Draw(plot), lines, axes, box)
    return plot


def _write(
    pen: ImageDraw.ImageDraw, lines: Sequence[Line], axes: Axes, box: tuple[int, int, int, int]
) -> None:
    font = ImageFont.load_default(TEXT_PX)
    left, top, right, bottom = box
    pen.text((left, top - LINE_PX - 2), f"{axes.title}; {axes.y_name}", fill="black", font=font)
    pen.text(((left + right) / 2, bottom + LINE_PX), axes.x_name, fill="black", font=font, anchor="ma")
    for tick in axes.x_ticks:
        pen.text((_place(tick, axes.y_range[0], axes, box)[0], bottom + 3), f"{tick:g}", fill="black", font=font,
                 anchor="ma")  # fmt: skip
    for tick in axes.y_ticks:
        pen.text((left - 5, _place(axes.x_range[0], tick, axes, box)[1]), f"{tick:g}", fill="black", font=font,
                 anchor="rm")  # fmt: skip
    for number, line in enumerate(lines):
        y = top + (number + 0.5) * LINE_PX
        pen.line([(right + 8, y), (right + 24, y)], fill=_colour(number), width=3)
        pen.text((right + 28, y), line.name, fill="black", font=font, anchor="lm")


def _colour(number: int) -> Colour:
    return COLOURS[number % len(COLOURS)]


def _place(x: float, y: float, axes: Axes, box: tuple[int, int, int, int]) -> tuple[float, float]:
    left, top, right, bottom = box
    across = (x - axes.x_range[0]) / (axes.x_range[1] - axes.x_range[0])
    up = (y - axes.y_range[0]) / (axes.y_range[1] - axes.y_range[0])
    return left + min(max(across, 0.0), 1.0) * (right - left), bottom - min(max(up, 0.0), 1.0) * (
        bottom - top
    )


def _large(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(FINER * x, FINER * y) for x, y in points]
