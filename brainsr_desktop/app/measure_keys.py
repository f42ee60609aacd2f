"""Arrow keys over the images while a handle of a measurement has the focus: they move it on the screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QKeyEvent

from brainsr_desktop.app.measure_paint import visible
from brainsr_desktop.app.measure_text import TITLES
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.viewport import Viewport
from brainsr_desktop.app.viewport_pair import ViewportPair
from brainsr_desktop.language import tr
from brainsr_desktop.session import intents_measure
from brainsr_desktop.session.measurements import Measurement

STEP_PX: Final = 1
FAR_PX: Final = 10
_STEPS: Final[Mapping[int, tuple[int, int]]] = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class MeasureKeys(QObject):
    """Watches the panes; takes the arrows from the commands of the window as long as there is a handle to move."""

    def __init__(self, store: Store, pair: ViewportPair, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._views = (pair.left.view, pair.right.view)
        for view in self._views:
            view.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt calls it."""
        if not isinstance(event, QKeyEvent) or event.key() not in _STEPS:
            return False
        if event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier):
            return False
        focused = self._focused()
        if focused is None:
            return False
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        if event.type() == QEvent.Type.KeyPress:
            view = next(view for view in self._views if view is watched)
            far = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._move(*focused, view, event.key(), FAR_PX if far else STEP_PX)
            return True
        return False

    def _focused(self) -> tuple[Measurement, int] | None:
        state = self._store.state
        handle = state.measuring.handle
        item = intents_measure.selected_in_view(state)
        return None if item is None or handle is None or item not in visible(state) else (item, handle)

    def _move(self, item: Measurement, handle: int, view: Viewport, key: int, px: int) -> None:
        dx, dy = _STEPS[key]
        to = view.to_mm(view.to_px(item.handles[handle]) + QPointF(dx * px, dy * px))
        self._store.apply(
            lambda state: intents_measure.move_handle(state, item.number, handle, to),
            undo=tr(TITLES[item.kind]),
            # One step back for a row of presses.
            gesture=("arrow keys", item.number, handle),
        )
