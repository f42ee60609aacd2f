"""Plots for figures, drawn with Pillow alone: lines with a legend, heat maps of gains, several of them on one sheet."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeAlias

from PIL import Image, ImageDraw, ImageFont

from brainsr_desktop.io.curve_data import COLOURS, Axes, Colour, HeatMap, Line

Box: TypeAlias = tuple[int, int, int, int]
Pen: TypeAlias = ImageDraw.ImageDraw

BEHIND: Final[Colour] = (213, 94, 0)
AHEAD: Final[Colour] = (0, 114, 178)
NOTHING: Final[Colour] = (225, 225, 225)
QUIET: Final[Colour] = (90, 90, 90)
FINER: Final = 3
"""Drawn so many times larger and reduced, for smooth lines."""
MARGIN_LEFT: Final = 44
MARGIN_TOP: Final = 24
MARGIN_BOTTOM: Final = 40
MARGIN_RIGHT: Final = 150
TEXT_PX: Final = 13
LINE_PX: Final = 18
GAP_PX: Final = 8
MARK_PX: Final = 6


def write_png(path: Path, image: Image.Image) -> None:
    """Write a figure.

    Raises:
        OSError: it cannot be written.
    """
    image.save(path, format="PNG", optimize=True)


def line_plot(lines: Sequence[Line], axes: Axes, size: tuple[int, int]) -> Image.Image:
    """Lines with a legend at their right, (width, height) pixels. What lies outside the ranges ends at their border."""
    left = _margin_left(axes)
    box = (left, MARGIN_TOP, size[0] - MARGIN_RIGHT, size[1] - MARGIN_BOTTOM)
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
        _draw_line(pen, points, number, dashed=line.dashed)
    for number, line in enumerate(lines):
        if line.mark is not None:
            _draw_mark(pen, _place(*line.mark, axes, box), number)
    pen.rectangle([FINER * side for side in box], outline=(0, 0, 0), width=FINER)
    plot = canvas.resize(size, Image.Resampling.BOX)
    _write(ImageDraw.Draw(plot), lines, axes, box)
    return plot


def heat_map(data: HeatMap, size: tuple[int, int], largest: float) -> Image.Image:
    """Gains as coloured fields with their numbers: blue ahead, orange and outlined behind; ``largest`` is full colour.

    (width, height) pixels. Rows go upwards with ``y``.
    """
    canvas = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(TEXT_PX)
    left, top, right, bottom = MARGIN_LEFT, MARGIN_TOP, size[0] - GAP_PX, size[1] - MARGIN_BOTTOM
    pen.text((left, 4), data.title, fill="black", font=font)
    width, height = (right - left) / len(data.x), (bottom - top) / len(data.y)
    fits = width >= 3.2 * TEXT_PX and height >= LINE_PX
    for row, column in ((r, c) for r in range(len(data.y)) for c in range(len(data.x))):
        value = data.values[row][column]
        x, y = left + column * width, bottom - (row + 1) * height
        field = (round(x), round(y), round(x + width) - 1, round(y + height) - 1)
        fill, ink = _field_colours(value, largest)
        behind = value is not None and value < 0.0
        pen.rectangle(field, fill=fill, outline="black" if behind else "white", width=2 if behind else 1)
        if value is not None and fits:
            pen.text(
                (x + width / 2, y + height / 2), f"{value:+.{data.digits}f}", fill=ink, font=font, anchor="mm"
            )
    for column in _sparse(len(data.x), width, 34.0):
        place = (left + (column + 0.5) * width, bottom + 3)
        pen.text(place, f"{data.x[column]:g}", fill="black", font=font, anchor="ma")
    for row in _sparse(len(data.y), height, LINE_PX):
        at = (left - 5, bottom - (row + 0.5) * height)
        pen.text(at, f"{data.y[row]:g}", fill="black", font=font, anchor="rm")
    pen.text(((left + right) / 2, bottom + LINE_PX), data.x_name, fill="black", font=font, anchor="ma")
    return canvas


def sheet(images: Sequence[Image.Image], columns: int, caption: Sequence[str] = ()) -> Image.Image:
    """Pictures of one size in rows, with lines of text below them.

    Raises:
        ValueError: there is no picture.
    """
    if not images:
        raise ValueError("A sheet needs pictures.")
    width, height = images[0].size
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    below = LINE_PX * len(caption) + (GAP_PX if caption else 0)
    size = (columns * (width + GAP_PX) + GAP_PX, rows * (height + GAP_PX) + GAP_PX + below)
    canvas = Image.new("RGB", size, "white")
    for number, image in enumerate(images):
        row, column = divmod(number, columns)
        canvas.paste(image, (GAP_PX + column * (width + GAP_PX), GAP_PX + row * (height + GAP_PX)))
    pen, font = ImageDraw.Draw(canvas), ImageFont.load_default(TEXT_PX)
    for number, line in enumerate(caption):
        at = (2 * GAP_PX, rows * (height + GAP_PX) + GAP_PX + number * LINE_PX)
        pen.text(at, line, fill=QUIET, font=font)
    return canvas


def _draw_line(pen: Pen, points: Sequence[tuple[float, float]], number: int, *, dashed: bool) -> None:
    large = _large(points)
    colour = _colour(number)
    if not dashed and len(large) > 1:
        pen.line(large, fill=colour, width=2 * FINER, joint="curve")
    for (x, y), (next_x, next_y) in itertools.pairwise(large):
        pieces = max(int(math.hypot(next_x - x, next_y - y) / (10 * FINER)), 1) if dashed else 0
        for piece in range(pieces):
            start, end = piece / pieces, (piece + 0.55) / pieces
            ends = [(x + part * (next_x - x), y + part * (next_y - y)) for part in (start, end)]
            pen.line(ends, fill=colour, width=2 * FINER)
    if len(large) == 1:
        x, y = large[0]
        radius = 2 * FINER
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _draw_mark(pen: Pen, place: tuple[float, float], number: int) -> None:
    x, y, side = FINER * place[0], FINER * place[1], FINER * MARK_PX
    corners = [(x, y - side), (x + side, y), (x, y + side), (x - side, y)]
    pen.polygon(corners, fill=_colour(number), outline="black", width=FINER)


def _write(pen: Pen, lines: Sequence[Line], axes: Axes, box: Box) -> None:
    font = ImageFont.load_default(TEXT_PX)
    left, top, right, bottom = box
    heading = f"{axes.title}; {axes.y_name}" if axes.title else axes.y_name
    pen.text((left, top - LINE_PX - 2), heading, fill="black", font=font)
    pen.text(((left + right) / 2, bottom + LINE_PX), axes.x_name, fill="black", font=font, anchor="ma")
    for tick in axes.x_ticks:
        place = (_place(tick, axes.y_range[0], axes, box)[0], bottom + 3)
        pen.text(place, f"{tick:g}", fill="black", font=font, anchor="ma")
    for tick in axes.y_ticks:
        at = (left - 5, _place(axes.x_range[0], tick, axes, box)[1])
        pen.text(at, f"{tick:g}", fill="black", font=font, anchor="rm")
    y = top + 0.5 * LINE_PX
    for number, line in enumerate(lines):
        points = [(right + 8.0, y), (right + 24.0, y)]
        if line.dashed:
            for start in (0.0, 9.0):
                ends = [(points[0][0] + start, y), (points[0][0] + start + 6.0, y)]
                pen.line(ends, fill=_colour(number), width=3)
        else:
            pen.line(points, fill=_colour(number), width=3)
        pen.text((right + 28, y), line.name, fill="black", font=font, anchor="lm")
        y += LINE_PX
        if line.note:
            pen.text((right + 28, y), line.note, fill=QUIET, font=font, anchor="lm")
            y += LINE_PX


def _margin_left(axes: Axes) -> int:
    """Room for the longest tick."""
    font = ImageFont.load_default(TEXT_PX)
    widest = max((font.getlength(f"{tick:g}") for tick in axes.y_ticks), default=0.0)
    return max(MARGIN_LEFT, math.ceil(widest) + 12)


def _field_colours(value: float | None, largest: float) -> tuple[Colour, str]:
    if value is None or not math.isfinite(value):
        return NOTHING, "black"
    part = min(abs(value) / largest, 1.0) if largest > 0.0 else 0.0
    full = BEHIND if value < 0.0 else AHEAD
    red, green, blue = (round(255 + part * (channel - 255)) for channel in full)
    return (red, green, blue), "white" if part > 0.6 and full is AHEAD else "black"


def _sparse(count: int, step_px: float, least_px: float) -> range:
    """Numbers of the fields that have room for a label."""
    return range(0, count, max(math.ceil(least_px / step_px), 1))


def _colour(number: int) -> Colour:
    return COLOURS[number % len(COLOURS)]


def _place(x: float, y: float, axes: Axes, box: Box) -> tuple[float, float]:
    left, top, right, bottom = box
    across = (x - axes.x_range[0]) / (axes.x_range[1] - axes.x_range[0])
    up = (y - axes.y_range[0]) / (axes.y_range[1] - axes.y_range[0])
    return left + min(max(across, 0.0), 1.0) * (right - left), bottom - min(max(up, 0.0), 1.0) * (
        bottom - top
    )


def _large(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(FINER * x, FINER * y) for x, y in points]
