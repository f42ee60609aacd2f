"""The mouse map of both panes (wheel, drags, clicks): what the hand does becomes calls of `PaneActions`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, Literal, Protocol

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QMouseEvent, QNativeGestureEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from brainsr_desktop.app.view_field import PointMm, SizePx
from brainsr_desktop.session.state import RectMm, Tool, ViewState, WindowLevel

Side = Literal["left", "right"]
NOTCH: Final = 120
CLICK_PX: Final = 4
SLOW: Final = 0.25
ZOOM_PER_NOTCH: Final = 1.2
ZOOM_PER_PX: Final = 1.01
SCROLL_PX: Final = 6.0
ONE_GESTURE_MS: Final = 500
"""Turns of the wheel that follow each other within this time are one undo step."""
NARROWEST: Final = 1e-3
"""A drag does not make the window narrower than this part of the robust range."""


class PaneView(Protocol):
    """What the mouse map needs of the pane that it follows."""

    @property
    def size_px(self) -> SizePx: ...
    def viewport(self) -> QWidget: ...
    def to_mm(self, at: QPointF) -> PointMm: ...
    def to_px(self, at: PointMm) -> QPointF: ...
    def set_rubber(self, rect: RectMm | None) -> None: ...


class PaneActions(Protocol):
    """What the mouse may ask for. ``gesture`` makes the steps of one drag one undo step."""

    @property
    def state(self) -> ViewState: ...
    @property
    def grey(self) -> WindowLevel: ...
    def robust_span(self) -> float: ...
    def scroll_slices(self, steps: int) -> None: ...
    def zoom_about(self, factor: float, about: PointMm, gesture: object) -> None: ...
    def pan(self, dx_mm: float, dy_mm: float, gesture: object) -> None: ...
    def set_window(self, window: WindowLevel, gesture: object) -> None: ...
    def set_window_from(self, side: Side, rect: RectMm) -> None: ...
    def restore(self, before: ViewState, gesture: object) -> None: ...
    def toggle_single(self, side: Side) -> None: ...
    def point_at(self, side: Side, at: PointMm | None) -> None: ...
    def ask_menu(self, side: Side, at: QPoint) -> None: ...


class Over(Protocol):
    """What lies over the picture and is asked first: it may take a press, and then the whole drag."""

    def press(self, event: QMouseEvent, view: PaneView) -> bool: ...
    def move(self, event: QMouseEvent, view: PaneView) -> bool: ...
    def release(self, event: QMouseEvent) -> bool: ...
    def cancel(self) -> bool: ...


class Line(Over, Protocol):
    """The wipe line: what is taken hold of before everything else."""

    def is_at(self, at: QPointF, view: PaneView) -> bool: ...
    @property
    def cursor(self) -> Qt.CursorShape: ...


class Doing(Enum):
    """What a drag does."""

    WINDOW = auto()
    PAN = auto()
    ZOOM = auto()
    SCROLL = auto()
    RECTANGLE = auto()


_OF_TOOL: Final[dict[Tool, Doing]] = {
    "window": Doing.WINDOW,
    "pan": Doing.PAN,
    "zoom": Doing.ZOOM,
    "scroll": Doing.SCROLL,
}
_CURSORS: Final = {
    Doing.WINDOW: Qt.CursorShape.CrossCursor,
    Doing.PAN: Qt.CursorShape.OpenHandCursor,
    Doing.ZOOM: Qt.CursorShape.SizeVerCursor,
    Doing.SCROLL: Qt.CursorShape.SizeVerCursor,
    Doing.RECTANGLE: Qt.CursorShape.CrossCursor,
}


@dataclass(slots=True)
class Drag:
    """A drag under way. ``wanted`` is the window asked for so far, without its limits."""

    doing: Doing
    button: Qt.MouseButton
    start: QPointF
    start_mm: PointMm
    before: ViewState
    last: QPointF
    wanted: WindowLevel
    span: float
    moved: bool = False
    scrolled: float = 0.0
    gesture: object = field(default_factory=object)


@dataclass(frozen=True, slots=True)
class MouseHabits:
    """What the user is used to: which way the wheel turns, whether up is brighter, how fast a drag is."""

    wheel_turned: bool = False
    up_is_darker: bool = False
    speed: float = 1.0


class MouseMap:
    """Follows the mouse over one pane."""

    def __init__(self, view: PaneView, side: Side, actions: PaneActions) -> None:
        self._view, self._side, self._actions = view, side, actions
        self._drag: Drag | None = None
        self._wheel = 0
        self._zoom_gesture: object = object()
        self._zoomed_at_ms = 0
        self._at: QPointF | None = None
        self.habits = MouseHabits()
        self.over: Over | None = None
        self.line: Line | None = None

    @property
    def dragging(self) -> bool:
        """Whether a button is held."""
        return self._drag is not None

    @property
    def _overs(self) -> tuple[Over, ...]:
        return tuple(over for over in (self.line, self.over) if over is not None)

    def show_tool(self, tool: Tool) -> None:
        """Give the pane the cursor of the active tool."""
        cursor = _CURSORS[_OF_TOOL.get(tool, Doing.RECTANGLE)]
        if self.line is not None and self._at is not None and self.line.is_at(self._at, self._view):
            cursor = self.line.cursor
        if self._view.viewport().cursor().shape() != cursor:
            self._view.viewport().setCursor(cursor)

    def press(self, event: QMouseEvent) -> None:
        """Begin a drag; a second button while one is held does nothing."""
        if self._drag is None and any(over.press(event, self._view) for over in self._overs):
            return
        doing = self._doing(event)
        if doing is None or self._drag is not None:
            return
        at = event.position()
        actions = self._actions
        self._drag = Drag(
            doing,
            event.button(),
            at,
            self._view.to_mm(at),
            actions.state,
            at,
            actions.grey,
            actions.robust_span(),
        )

    def move(self, event: QMouseEvent) -> None:
        """Go on with the drag, if any, and tell where the cursor is."""
        self._at = event.position()
        drag = self._drag
        if drag is None:
            self.show_tool(self._actions.state.tool)
            # The first that has a drag under way takes the move.
            any(over.move(event, self._view) for over in self._overs)
        if drag is not None:
            drag.moved = drag.moved or (self._at - drag.start).manhattanLength() >= CLICK_PX
            if drag.moved:
                slow = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
                self._step(drag, self._at, SLOW if slow else 1.0)
                drag.last = self._at
        self.tell_cursor()

    def release(self, event: QMouseEvent) -> None:
        """End the drag; a right click that was none asks for the menu."""
        if any(over.release(event) for over in self._overs):
            return
        drag = self._drag
        if drag is None or event.button() != drag.button:
            return
        self._drag = None
        if drag.doing is Doing.RECTANGLE:
            self._view.set_rubber(None)
            if drag.moved:
                self._actions.set_window_from(self._side, self._rectangle(drag, event.position()))
        if drag.button == Qt.MouseButton.RightButton and not drag.moved:
            self._actions.ask_menu(self._side, event.globalPosition().toPoint())

    def cancel(self) -> bool:
        """Take the drag under way back (Esc); False when there is none."""
        if any(over.cancel() for over in self._overs):
            return True
        drag, self._drag = self._drag, None
        if drag is None:
            return False
        self._view.set_rubber(None)
        self._actions.restore(drag.before, drag.gesture)
        return True

    def double_click(self, event: QMouseEvent) -> None:
        """One pane full, or both again."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._actions.toggle_single(self._side)

    def wheel(self, event: QWheelEvent) -> None:
        """A slice for each notch; small deltas of touch pads are summed."""
        turned = event.angleDelta()
        # With Shift or Alt some systems turn the wheel sideways.
        delta = turned.y() or turned.x()
        event.accept()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._wheel = 0
            self._zoom(ZOOM_PER_NOTCH ** (delta / NOTCH), event.position(), event.timestamp())
            return
        if delta * self._wheel < 0:
            self._wheel = 0
        self._wheel += delta
        notches = int(self._wheel / NOTCH)
        self._wheel -= notches * NOTCH
        if notches:
            far = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            forward = notches if self.habits.wheel_turned else -notches
            self._actions.scroll_slices(forward * (10 if far else 1))

    def gesture(self, event: QNativeGestureEvent) -> bool:
        """Pinch zooms about the fingers; True when it was one."""
        if event.gestureType() != Qt.NativeGestureType.ZoomNativeGesture:
            return False
        self._zoom(1.0 + event.value(), event.position(), event.timestamp())
        return True

    def leave(self) -> None:
        """The cursor has left the pane."""
        self._at = None
        self._actions.point_at(self._side, None)

    def context_menu(self, event: QEvent) -> None:
        """The menu key asks for the menu at the pane's middle; the mouse's own request is answered on release."""
        if isinstance(event, QContextMenuEvent) and event.reason() == QContextMenuEvent.Reason.Keyboard:
            port = self._view.viewport()
            self._actions.ask_menu(self._side, port.mapToGlobal(port.rect().center()))
        event.accept()

    def tell_cursor(self) -> None:
        """Tell again where the cursor is, after the picture under it has moved."""
        if self._at is not None:
            self._actions.point_at(self._side, self._view.to_mm(self._at))

    def _zoom(self, factor: float, about: QPointF, now_ms: int) -> None:
        if now_ms - self._zoomed_at_ms > ONE_GESTURE_MS:
            self._zoom_gesture = object()
        self._zoomed_at_ms = now_ms
        self._actions.zoom_about(factor, self._view.to_mm(about), self._zoom_gesture)

    def _doing(self, event: QMouseEvent) -> Doing | None:
        keys = event.modifiers()
        match event.button():
            case Qt.MouseButton.MiddleButton:
                return Doing.PAN
            case Qt.MouseButton.RightButton:
                return Doing.ZOOM
            case Qt.MouseButton.LeftButton if keys & Qt.KeyboardModifier.ControlModifier:
                return Doing.RECTANGLE
            case Qt.MouseButton.LeftButton if keys & Qt.KeyboardModifier.ShiftModifier:
                return Doing.PAN
            case Qt.MouseButton.LeftButton:
                return _OF_TOOL.get(self._actions.state.tool)
        return None

    def _step(self, drag: Drag, at: QPointF, speed: float) -> None:
        dx, dy = at.x() - drag.last.x(), at.y() - drag.last.y()
        match drag.doing:
            case Doing.WINDOW:
                self._step_window(drag, dx * speed, dy * speed)
            case Doing.PAN:
                x, y = self._view.to_mm(at)
                self._actions.pan(drag.start_mm[0] - x, drag.start_mm[1] - y, drag.gesture)
            case Doing.ZOOM:
                self._actions.zoom_about(ZOOM_PER_PX ** (-dy * speed), drag.start_mm, drag.gesture)
            case Doing.SCROLL:
                drag.scrolled += dy * speed / SCROLL_PX
                steps = int(drag.scrolled)
                drag.scrolled -= steps
                if steps:
                    self._actions.scroll_slices(steps)
            case Doing.RECTANGLE:
                self._view.set_rubber(self._rectangle(drag, at))

    def _step_window(self, drag: Drag, dx: float, dy: float) -> None:
        per_px = drag.span / max(self._view.size_px[0], 1.0) * self.habits.speed
        # Up is brighter: the same value is higher in a window whose centre is lower.
        down = -dy if self.habits.up_is_darker else dy
        drag.wanted = WindowLevel(drag.wanted.center + down * per_px, drag.wanted.width + dx * per_px)
        width = max(drag.wanted.width, drag.span * NARROWEST)
        self._actions.set_window(WindowLevel(drag.wanted.center, width), drag.gesture)

    def _rectangle(self, drag: Drag, at: QPointF) -> RectMm:
        (x0, y0), (x1, y1) = drag.start_mm, self._view.to_mm(at)
        return RectMm(min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0))
