"""A slider over whole steps that behaves like the panes, and one with a tick for each slice's state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QSlider, QToolTip, QWidget

from brainsr_desktop.app.theme import Colours, colours_of
from brainsr_desktop.session.pictures import SliceState

_NOTCH: Final = 120
_EDGE_PX: Final = 12.0
_HEIGHT_PX: Final = 30
_TICK_PX: Final = (9.0, 12.0)
_CROWDED_PX: Final = 5.0
_FAR: Final = 10
_RING_PX: Final = (4.0, 3.0)
"""A mark's ring reaches so far beyond its tick: to the sides, up and down."""
_END: Final = 1 << 24
_STEPS: Final = {
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_PageUp: -_FAR,
    Qt.Key.Key_PageDown: _FAR,
    Qt.Key.Key_Home: -_END,
    Qt.Key.Key_End: _END,
}
_WORST_FIRST: Final = (
    SliceState.FAILED,
    SliceState.COMPUTING,
    SliceState.NONE,
    SliceState.FAST,
    SliceState.FULL,
)


class StepSlider(QSlider):
    """A slider over whole steps that goes where it is clicked; keys and wheel as in the panes (down = next).

    With ``invertedAppearance`` the last step is on the left and comes first.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setPageStep(_FAR)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._turned = 0

    def place(self, step: int) -> float:
        """Where a step lies, in logical pixels from the left."""
        last = max(1, self.maximum())
        part = step / last if not self.invertedAppearance() else 1 - step / last
        return _EDGE_PX + (self.width() - 2 * _EDGE_PX) * part

    def step_at(self, x: float) -> int:
        """The step nearest to a place."""
        room = max(1.0, self.width() - 2 * _EDGE_PX)
        part = (x - _EDGE_PX) / room
        part = part if not self.invertedAppearance() else 1 - part
        return min(max(round(part * self.maximum()), 0), self.maximum())

    def go(self, steps: int) -> None:
        """Go some steps to the right."""
        self.setValue(self.value() + (-steps if self.invertedAppearance() else steps))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt calls it."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.setValue(self.step_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Qt calls it."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.setValue(self.step_at(event.position().x()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Qt calls it; nothing is left to do."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """One step a notch, small deltas summed."""
        turned = event.angleDelta()
        delta = turned.y() or turned.x()
        self._turned = delta if delta * self._turned < 0 else self._turned + delta
        notches = int(self._turned / _NOTCH)
        self._turned -= notches * _NOTCH
        far = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self.go(-notches * (_FAR if far else 1))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows, Home and End as in the panes."""
        step = _STEPS.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        far = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier) and abs(step) == 1
        self.go(step * (_FAR if far else 1))

    def sizeHint(self) -> QSize:
        """Qt asks for it."""
        return QSize(200, _HEIGHT_PX)

    def minimumSizeHint(self) -> QSize:
        """Qt asks for it."""
        return QSize(80, _HEIGHT_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Qt calls it: line, dots, handle."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = colours_of(self.palette())
        middle = self.height() / 2
        painter.setPen(QPen(QColor(colours.line), 2))
        painter.drawLine(QPointF(self.place(0), middle), QPointF(self.place(self.maximum()), middle))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.dim_text))
        if abs(self.place(1) - self.place(0)) >= _CROWDED_PX:
            for step in range(self.maximum() + 1):
                painter.drawEllipse(QPointF(self.place(step), middle), 2.0, 2.0)
        painter.setBrush(QColor(colours.accent))
        painter.drawEllipse(QPointF(self.place(self.value()), middle), 6.0, 6.0)
        self.paint_focus(painter, colours)

    def paint_focus(self, painter: QPainter, colours: Colours) -> None:
        """The ring of the widget that has the keys."""
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colours.focus), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 5, 5)


class SliceTrack(StepSlider):
    """One tick a slice. States differ by shape and by colour: hollow, half full, full, cross, tall bar; a ring is a
    mark of the user."""

    def __init__(
        self, name: str, tip: Callable[[int, SliceState], str], parent: QWidget | None = None
    ) -> None:
        super().__init__(name, parent)
        self._tip = tip
        self._states: Mapping[int, SliceState] = {}
        self._marks: frozenset[int] = frozenset()

    def set_states(self, states: Mapping[int, SliceState]) -> None:
        """Take the state of each slice by its index; slices that are not named are not computed."""
        self._states = dict(states)
        self.update()

    def set_marks(self, marks: Iterable[int]) -> None:
        """Take the slices that the user marked."""
        self._marks = frozenset(marks)
        self.update()

    def is_marked(self, step: int) -> bool:
        """Whether the user marked a slice."""
        return step in self._marks

    def state_of(self, step: int) -> SliceState:
        """The state of one slice."""
        return self._states.get(step, SliceState.NONE)

    def event(self, event: QEvent) -> bool:
        """Qt calls it: the tool tip is that of the tick under the mouse."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            step = self.step_at(event.pos().x())
            QToolTip.showText(event.globalPos(), self._tip(step, self.state_of(step)), self)
            return True
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Qt calls it: ticks, handle."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = colours_of(self.palette())
        if self.isEnabled():
            for step, state, width in self._ticks():
                _paint_tick(painter, QPointF(self.place(step), self.height() / 2), width, state, colours)
            for step in self._marks:
                _paint_ring(painter, QPointF(self.place(step), self.height() / 2), colours)
            self._paint_handle(painter, colours)
        self.paint_focus(painter, colours)

    def _ticks(self) -> list[tuple[int, SliceState, float]]:
        apart = abs(self.place(1) - self.place(0))
        if apart >= _CROWDED_PX or self.maximum() == 0:
            width = min(_TICK_PX[0], apart - 2) if self.maximum() else _TICK_PX[0]
            return [(step, self.state_of(step), width) for step in range(self.maximum() + 1)]
        # Slices that share a place show the state that needs most attention.
        together = max(1, round(4.0 / max(apart, 1e-6)))
        ticks = []
        for first in range(0, self.maximum() + 1, together):
            states = {self.state_of(step) for step in range(first, min(first + together, self.maximum() + 1))}
            ticks.append((first, next(state for state in _WORST_FIRST if state in states), 3.0))
        return ticks

    def _paint_handle(self, painter: QPainter, colours: Colours) -> None:
        x, middle = self.place(self.value()), self.height() / 2
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(colours.focus), 2))
        painter.drawRoundedRect(QRectF(x - 8.5, middle - 11, 17, 22), 4, 4)


def _paint_ring(painter: QPainter, at: QPointF, colours: Colours) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(colours.warning), 2))
    painter.drawEllipse(at, _TICK_PX[0] / 2 + _RING_PX[0], _TICK_PX[1] / 2 + _RING_PX[1])


def _paint_tick(painter: QPainter, at: QPointF, width: float, state: SliceState, colours: Colours) -> None:
    height = _TICK_PX[1]
    box = QRectF(at.x() - width / 2, at.y() - height / 2, width, height)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    match state:
        case SliceState.NONE:
            painter.setPen(QPen(QColor(colours.dim_text), 1))
            painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
        case SliceState.FAST:
            painter.fillRect(box.adjusted(0, height / 2, 0, 0), QColor(colours.fast))
            painter.setPen(QPen(QColor(colours.fast), 1))
            painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
        case SliceState.FULL:
            painter.fillRect(box, QColor(colours.good))
        case SliceState.COMPUTING:
            painter.fillRect(box.adjusted(0, -2, 0, 2), QColor(colours.computing))
        case SliceState.FAILED:
            painter.setPen(QPen(QColor(colours.error), 2))
            painter.drawLine(box.topLeft() + QPointF(0, 1), box.bottomRight() - QPointF(0, 1))
            painter.drawLine(box.topRight() + QPointF(0, 1), box.bottomLeft() - QPointF(0, 1))
