"""Measurements drawn over a pane: lines and shapes with a dark edge, handles, labels; and what lies under the mouse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPainterPathStroker, QPen

from brainsr_desktop.app.theme import IMAGE
from brainsr_desktop.app.view_field import PointMm
from brainsr_desktop.session.measurements import KINDS, Measurement
from brainsr_desktop.session.state import ViewState

ToPx: TypeAlias = Callable[[PointMm], QPointF]
HANDLE_PX: Final = 10.0
GRAB_PX: Final = 8.0
"""A handle is grabbed so near to its middle, a line within `NEAR_PX`."""
NEAR_PX: Final = 5.0
_TICK_PX: Final = 5.0
_GAP_PX: Final = 12.0


@dataclass(frozen=True, slots=True)
class Mark:
    """One measurement as a pane draws it. ``handle``: the one with the focus."""

    item: Measurement
    label: tuple[str, ...] = ()
    selected: bool = False
    handle: int | None = None


def visible(state: ViewState) -> tuple[Measurement, ...]:
    """The measurements that are drawn: those of the slice, unless all overlays are off and no tool draws them."""
    if state.stack is None or (state.overlays == "none" and state.tool not in KINDS):
        return ()
    return state.measuring.of_slice(state.slice_index)


def hit(state: ViewState, at: QPointF, to_px: ToPx) -> tuple[Measurement, int | None] | None:
    """The measurement at a place of the pane (logical pixels), and its handle if it is one; None: nothing is there.

    Handles are there where they are drawn: on the selected measurement.
    """
    items = visible(state)
    for item in items:
        if item.number == state.measuring.selected:
            for handle, place in enumerate(item.handles):
                away = to_px(place) - at
                if max(abs(away.x()), abs(away.y())) <= GRAB_PX:
                    return item, handle
    stroker = QPainterPathStroker()
    stroker.setWidth(2 * NEAR_PX)
    for item in reversed(items):
        if stroker.createStroke(outline(item, to_px)).contains(at):
            return item, None
    return None


def outline(item: Measurement, to_px: ToPx) -> QPainterPath:
    """The line or shape on the screen, logical pixels."""
    start, end = to_px(item.start), to_px(item.end)
    path = QPainterPath(start)
    match item.kind:
        case "ellipse":
            path = QPainterPath()
            path.addEllipse(QRectF(start, end).normalized())
        case "rectangle":
            path = QPainterPath()
            path.addRect(QRectF(start, end).normalized())
        case _:
            path.lineTo(end)
    return path


def paint_marks(painter: QPainter, marks: Sequence[Mark], to_px: ToPx, size: QSizeF) -> None:
    """Draw measurements in logical pixels; the painter has the font of the labels."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    taken: list[QRectF] = []
    for mark in marks:
        path = outline(mark.item, to_px)
        if mark.item.shape is None:
            _add_ticks(path, to_px(mark.item.start), to_px(mark.item.end), first=mark.item.kind == "distance")
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((IMAGE.outline, 4.0), (IMAGE.cross, 2.0 if mark.selected else 1.4)):
            painter.setPen(QPen(QColor(colour), width))
            painter.drawPath(path)
        if mark.item.kind == "profile":
            _dot(painter, to_px(mark.item.start))
        if mark.selected:
            _handles(painter, mark, to_px)
    for mark in marks:
        if mark.label:
            box = _free(_label_box(painter, mark, to_px, size), taken, size)
            taken.append(box)
            _label(painter, mark, box)


def _add_ticks(path: QPainterPath, start: QPointF, end: QPointF, *, first: bool) -> None:
    along = end - start
    length = max((along.x() ** 2 + along.y() ** 2) ** 0.5, 1e-9)
    across = QPointF(-along.y(), along.x()) * (_TICK_PX / length)
    for place in (start, end) if first else (end,):
        path.moveTo(place - across)
        path.lineTo(place + across)


def _dot(painter: QPainter, at: QPointF) -> None:
    painter.setPen(QPen(QColor(IMAGE.outline), 1.0))
    painter.setBrush(QColor(IMAGE.cross))
    painter.drawEllipse(at, 4.0, 4.0)


def _handles(painter: QPainter, mark: Mark, to_px: ToPx) -> None:
    half = HANDLE_PX / 2
    for number, place in enumerate(mark.item.handles):
        at, focused = to_px(place), number == mark.handle
        painter.setPen(QPen(QColor(IMAGE.outline), 1.0))
        painter.setBrush(QColor(IMAGE.accent if focused else IMAGE.text))
        painter.drawRect(QRectF(at.x() - half, at.y() - half, HANDLE_PX, HANDLE_PX))
        if focused:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(IMAGE.text), 2.0))
            painter.drawRect(QRectF(at.x() - half - 2, at.y() - half - 2, HANDLE_PX + 4, HANDLE_PX + 4))


def _label_box(painter: QPainter, mark: Mark, to_px: ToPx, size: QSizeF) -> QRectF:
    metrics = QFontMetricsF(painter.font())
    width = max(map(metrics.horizontalAdvance, mark.label)) + 8
    height = metrics.lineSpacing() * len(mark.label) + 4
    corners = [to_px(place) for place in (mark.item.start, mark.item.end)]
    left = max(corner.x() for corner in corners) + _GAP_PX
    top = max(corner.y() for corner in corners) - height / 2
    if left + width > size.width():
        left = min(corner.x() for corner in corners) - _GAP_PX - width
    left = min(max(left, 2.0), max(size.width() - width - 2, 2.0))
    top = min(max(top, 2.0), max(size.height() - height - 2, 2.0))
    return QRectF(left, top, width, height)


def _free(box: QRectF, taken: list[QRectF], size: QSizeF) -> QRectF:
    """The same box below the others that it would cover, as long as there is room."""
    found = QRectF(box)
    for other in sorted(taken, key=QRectF.top):
        if found.intersects(other):
            found.moveTop(other.bottom() + 1)
    return found if found.bottom() <= size.height() else box


def _label(painter: QPainter, mark: Mark, box: QRectF) -> None:
    metrics = QFontMetricsF(painter.font())
    painter.fillRect(box, QColor(0, 0, 0, 170))
    painter.setPen(QColor(IMAGE.cross if mark.selected else IMAGE.text))
    for number, line in enumerate(mark.label):
        y = box.top() + 2 + metrics.ascent() + number * metrics.lineSpacing()
        painter.drawText(QPointF(box.left() + 4, y), line)
