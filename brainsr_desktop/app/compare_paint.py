"""What a way of comparing writes over a pane: the wipe line, names, colour scale, the rim of the loupe, a place."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPainterPath, QPen

from brainsr_desktop.app.colour_tables import extent_table
from brainsr_desktop.app.compare_split import Board, Split, Wipe, edges_of, line_px
from brainsr_desktop.app.theme import IMAGE
from brainsr_desktop.app.view_field import PointMm
from brainsr_desktop.app.viewport_overlays import outlined_text
from brainsr_desktop.core.colours import DIFFERENCE
from brainsr_desktop.session.pictures import Outline
from brainsr_desktop.session.state import RectMm

LENS_PX: Final = 200.0
"""Diameter of the loupe, logical pixels."""
FIELD_NUMBERS: Final = ("1", "2")
"""What the fields of the checkerboard are called: of the left and of the right list's picture."""
_GAP_PX: Final = 8.0
_LEAST_FIELD_PX: Final = 18
_SCALE_PX: Final = (14.0, 0.33)
"""Width of the colour scale, and its height as a part of the pane's."""
_SIDE_MARGIN_PX: Final = 10.0
_LEGEND_PX: Final = 190.0
_LEGEND_PART: Final = 0.6
"""The words beside a scale are at least so wide, and at most this part of the pane."""

ToPx = Callable[[PointMm], QPointF]


@dataclass(frozen=True, slots=True)
class ColourScale:
    """The colours of a map: values in units at both ends, the unit, and lines of words on what they mean.

    ``lowest`` None: as far below zero.
    """

    span: float
    unit: str
    lowest: float | None = None
    legend: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class MapOutline:
    """What a map draws attention to, mm of the plane."""

    path: QPainterPath
    colour: str


@lru_cache(maxsize=4)
def outline_of(outline: Outline) -> MapOutline:
    """Pieces as a path."""
    path = QPainterPath()
    for x, y, end_x, end_y in outline.pieces.tolist():
        path.moveTo(x, y)
        path.lineTo(end_x, end_y)
    return MapOutline(path, IMAGE.red if outline.grave else IMAGE.amber)


@dataclass(frozen=True, slots=True)
class Lens:
    """The loupe at a place of the plane."""

    at: PointMm
    factor: float


@dataclass(frozen=True, slots=True)
class PlaceMark:
    """A place of great change and what is said of it."""

    rect: RectMm
    text: str


@dataclass(frozen=True, slots=True)
class Signs:
    """Everything that comparing writes over one pane. ``names``: of the left and of the right list's picture."""

    split: Split | None = None
    names: tuple[str, str] = ("", "")
    scale: ColourScale | None = None
    lens: Lens | None = None
    place: PlaceMark | None = None
    outline: MapOutline | None = None


def paint_signs(painter: QPainter, size: QSizeF, font: QFont, signs: Signs, to_px: ToPx) -> None:
    """Paint all of it over a pane of ``size`` logical pixels; the loupe's picture is there already."""
    painter.setFont(font)
    if isinstance(signs.split, Wipe):
        _wipe(painter, size, signs.split, signs.names)
    elif isinstance(signs.split, Board):
        _board(painter, size, signs.split)
    if signs.scale is not None:
        _scale(painter, size, signs.scale)
    if signs.place is not None:
        _place(painter, size, signs.place, to_px)
    if signs.lens is not None:
        _rim(painter, to_px(signs.lens.at), signs.lens.factor)


def lens_area(at: QPointF) -> QRectF:
    """The square around the loupe."""
    return QRectF(at.x() - LENS_PX / 2, at.y() - LENS_PX / 2, LENS_PX, LENS_PX)


def _wipe(painter: QPainter, size: QSizeF, wipe: Wipe, names: tuple[str, str]) -> None:
    at = line_px(wipe, (size.width(), size.height()))
    ends = (
        (QPointF(0, at), QPointF(size.width(), at))
        if wipe.level
        else (QPointF(at, 0), QPointF(at, size.height()))
    )
    for colour, width in ((IMAGE.outline, 4.0), (IMAGE.accent, 2.0)):
        painter.setPen(QPen(QColor(colour), width))
        painter.drawLine(*ends)
    metrics = QFontMetricsF(painter.font())
    rooms = (size.width(), size.width()) if wipe.level else (at, size.width() - at)
    for number, (name, room) in enumerate(zip(names, rooms, strict=True)):
        text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, max(room - 2 * _GAP_PX, 0.0))
        if not text:
            continue
        wide = metrics.horizontalAdvance(text)
        if wipe.level:
            x = (size.width() - wide) / 2
            y = at - _GAP_PX - metrics.descent() if number == 0 else at + _GAP_PX + metrics.ascent()
        else:
            x = at - _GAP_PX - wide if number == 0 else at + _GAP_PX
            # Between the corner text above and the letters in the middle.
            y = size.height() * 0.32
        outlined_text(painter, QPointF(x, y), text)


def _board(painter: QPainter, size: QSizeF, board: Board) -> None:
    """A number in each field of the upper row, in its lower corner, clear of other texts."""
    columns, rows = edges_of(board, (size.width(), size.height()))
    metrics = QFontMetricsF(painter.font())
    if columns[1] - columns[0] < max(_LEAST_FIELD_PX, metrics.height()):
        return
    for number, left in enumerate(columns[:-1]):
        at = QPointF(left + 4, rows[1] - 3 - metrics.descent())
        outlined_text(painter, at, FIELD_NUMBERS[number % 2], IMAGE.cross)


def _scale(painter: QPainter, size: QSizeF, scale: ColourScale) -> None:
    width, height = _SCALE_PX[0], round(size.height() * _SCALE_PX[1])
    metrics = QFontMetricsF(painter.font())
    lowest = -scale.span if scale.lowest is None else scale.lowest
    texts = [_told(value, scale) for value in (scale.span, (scale.span + lowest) / 2, lowest)]
    widest = max(map(metrics.horizontalAdvance, texts))
    # Below the corner text, so that there is room for the words above that of the lower corner.
    top = max(size.height() * 0.15, 4.8 * metrics.lineSpacing())
    bar = QRectF(size.width() - _SIDE_MARGIN_PX - width, top, width, height)
    # Clear of the letter in the middle of the right side.
    bar.translate(-metrics.horizontalAdvance("MM") * 1.35, 0)
    table = DIFFERENCE if scale.lowest is None else extent_table()
    column = table[::-1].reshape(256, 1, 3).copy()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(bar, QImage(column.data, 1, 256, 3, QImage.Format.Format_RGB888))
    painter.setPen(QPen(QColor(IMAGE.text), 1.0))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(bar)
    for place, text in zip((0.0, 0.5, 1.0), texts, strict=True):
        y = bar.top() + place * bar.height()
        painter.setPen(QPen(QColor(IMAGE.text), 1.0))
        painter.drawLine(QPointF(bar.left() - 4, y), QPointF(bar.left(), y))
        x = bar.left() - 7 - metrics.horizontalAdvance(text)
        outlined_text(painter, QPointF(x, y + metrics.capHeight() / 2), text)
    unit = metrics.elidedText(scale.unit, Qt.TextElideMode.ElideRight, max(widest + 7 + width, 60.0))
    outlined_text(painter, QPointF(bar.right() - metrics.horizontalAdvance(unit), bar.top() - 10), unit)
    _legend(painter, size, bar, scale.legend)


def _legend(painter: QPainter, size: QSizeF, bar: QRectF, legend: str) -> None:
    """The words on what the colours mean, on dark ground below the bar."""
    if not legend:
        return
    metrics = QFontMetricsF(painter.font())
    width = min(max(size.width() * _LEGEND_PART, _LEGEND_PX), size.width() - 2 * _GAP_PX)
    wrapped = int(Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap)
    needed = metrics.boundingRect(QRectF(0, 0, width - 2 * _GAP_PX, 1e4), wrapped, legend)
    area = QRectF(0, 0, needed.width() + 2 * _GAP_PX, needed.height() + _GAP_PX)
    area.moveTopRight(QPointF(max(bar.right(), area.width() + _GAP_PX), bar.bottom() + 1.5 * _GAP_PX))
    ground = QColor(IMAGE.bar)
    ground.setAlpha(200)
    painter.fillRect(area, ground)
    painter.setPen(QColor(IMAGE.text))
    painter.drawText(area.adjusted(_GAP_PX, _GAP_PX / 2, -_GAP_PX, -_GAP_PX / 2), wrapped, legend)


def _told(value: float, scale: ColourScale) -> str:
    if value == 0.0:
        return "0"
    sign = "+" if scale.lowest is None else ""
    return f"{value:{sign}.{digits_of(scale.span)}f}".replace("-", "−")


def digits_of(span: float) -> int:
    """Digits after the point that show three of a value's."""
    return min(max(2 - math.floor(math.log10(max(span, 1e-9))), 0), 9)


def _place(painter: QPainter, size: QSizeF, mark: PlaceMark, to_px: ToPx) -> None:
    r = mark.rect
    frame = (
        QRectF(to_px((r.x, r.y)), to_px((r.x + r.width, r.y + r.height))).normalized().adjusted(-4, -4, 4, 4)
    )
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((IMAGE.outline, 4.0), (IMAGE.cross, 2.0)):
        painter.setPen(QPen(QColor(colour), width))
        painter.drawRoundedRect(frame, 6, 6)
    metrics = QFontMetricsF(painter.font())
    wide = metrics.horizontalAdvance(mark.text)
    x = min(max(frame.center().x() - wide / 2, 4.0), max(size.width() - wide - 4, 4.0))
    y = frame.bottom() + 4 + metrics.ascent()
    if y > size.height() - 60:
        y = max(frame.top() - 6 - metrics.descent(), metrics.ascent())
    outlined_text(painter, QPointF(x, y), mark.text)


def _rim(painter: QPainter, at: QPointF, factor: float) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((IMAGE.outline, 4.0), (IMAGE.accent, 2.0)):
        painter.setPen(QPen(QColor(colour), width))
        painter.drawEllipse(lens_area(at))
    text = f"× {factor:.3g}"
    metrics = QFontMetricsF(painter.font())
    outlined_text(
        painter, QPointF(at.x() - metrics.horizontalAdvance(text) / 2, at.y() + LENS_PX / 2 - 8), text
    )
