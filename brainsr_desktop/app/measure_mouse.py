"""Drawing and moving measurements with the left button. One for all panes: there is one drag at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent

from brainsr_desktop.app.measure_paint import hit
from brainsr_desktop.app.measure_text import TITLES
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.view_field import PointMm
from brainsr_desktop.app.viewport_mouse import CLICK_PX, PaneView
from brainsr_desktop.language import tr
from brainsr_desktop.session import intents_measure
from brainsr_desktop.session.measurements import KINDS, Kind, Measurement, Measuring
from brainsr_desktop.session.state import ViewState

_HELD: Final = (
    Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
)


@dataclass(slots=True)
class _Drag:
    """A drag under way. ``item`` is what is moved, as it was at the start; None while something new is drawn."""

    start: QPointF
    start_mm: PointMm
    before: Measuring
    tool: Kind | None
    item: Measurement | None = None
    handle: int | None = None
    moved: bool = False
    gesture: object = field(default_factory=object)


class MeasureMouse:
    """Takes a press on a measurement, and every press while a measuring tool is active (see `viewport_mouse.Over`)."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._drag: _Drag | None = None

    def press(self, event: QMouseEvent, view: PaneView) -> bool:
        """Begin to draw or to move; True when the press was taken."""
        if self._drag is not None:
            return True
        state = self._store.state
        if event.button() != Qt.MouseButton.LeftButton or event.modifiers() & _HELD or state.stack is None:
            return False
        at = event.position()
        found = hit(state, at, view.to_px)
        tool = state.tool if state.tool in KINDS else None
        if found is None and tool is None:
            return False
        self._drag = _Drag(at, view.to_mm(at), state.measuring, tool)
        if found is not None:
            self._drag.item, self._drag.handle = found
            self._store.apply(lambda s: intents_measure.select(s, found[0].number, found[1]))
        return True

    def move(self, event: QMouseEvent, view: PaneView) -> bool:
        """Go on; True while a drag is under way."""
        drag, at = self._drag, event.position()
        if drag is None:
            return False
        drag.moved = drag.moved or (at - drag.start).manhattanLength() >= CLICK_PX
        if drag.moved:
            self._step(drag, view.to_mm(at))
        return True

    def release(self, event: QMouseEvent) -> bool:
        """End the drag; a click beside every measurement selects none."""
        drag = self._drag
        if drag is None:
            return False
        if event.button() == Qt.MouseButton.LeftButton:
            self._drag = None
            if drag.item is None and not drag.moved:
                self._store.apply(lambda state: intents_measure.select(state, None))
        return True

    def cancel(self) -> bool:
        """Take the drag back (Esc); False when there is none."""
        drag, self._drag = self._drag, None
        if drag is None:
            return False
        self._apply(drag, lambda state: intents_measure.restore(state, drag.before))
        return True

    def _step(self, drag: _Drag, at: PointMm) -> None:
        if drag.item is None:
            if drag.tool is not None:
                self._draw_new(drag, drag.tool, at)
        elif drag.handle is None:
            item = drag.item.moved(at[0] - drag.start_mm[0], at[1] - drag.start_mm[1])
            self._apply(drag, lambda state: intents_measure.put(state, item))
        else:
            number, handle, before = drag.item.number, drag.handle, drag.item.handles[drag.handle]
            to = before[0] + at[0] - drag.start_mm[0], before[1] + at[1] - drag.start_mm[1]
            self._apply(drag, lambda state: intents_measure.move_handle(state, number, handle, to))

    def _draw_new(self, drag: _Drag, kind: Kind, at: PointMm) -> None:
        def draw(state: ViewState) -> ViewState:
            clean = intents_measure.restore(state, drag.before)
            return intents_measure.begin(clean, kind, drag.start_mm, at)

        self._apply(drag, draw)

    def _apply(self, drag: _Drag, intent: Callable[[ViewState], ViewState]) -> None:
        kind = drag.tool if drag.item is None else drag.item.kind
        if kind is not None:
            self._store.apply(intent, undo=tr(TITLES[kind]), gesture=drag.gesture)
