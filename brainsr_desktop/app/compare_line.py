"""The wipe line under the mouse: taken hold of within a few pixels, dragged, let go or taken back."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent

from brainsr_desktop.app.compare_split import Wipe, line_px, split_of
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.viewport_mouse import PaneView
from brainsr_desktop.session import intents_compare

GRAB_PX: Final = 6.0


class WipeLine:
    """Implements `viewport_mouse.Line` for the pane that the line parts."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._before: float | None = None

    @property
    def _wipe(self) -> Wipe | None:
        split = split_of(self._store.state)
        return split if isinstance(split, Wipe) and self._store.state.stack is not None else None

    @property
    def cursor(self) -> Qt.CursorShape:
        """The mouse's shape over the line."""
        level = self._store.state.compare.level
        return Qt.CursorShape.SplitVCursor if level else Qt.CursorShape.SplitHCursor

    def is_at(self, at: QPointF, view: PaneView) -> bool:
        """Whether the line is under the mouse, or held."""
        wipe = self._wipe
        if wipe is None:
            return False
        place = at.y() if wipe.level else at.x()
        return self._before is not None or abs(place - line_px(wipe, view.size_px)) <= GRAB_PX

    def press(self, event: QMouseEvent, view: PaneView) -> bool:
        """Take hold of the line if it is there."""
        if event.button() != Qt.MouseButton.LeftButton or not self.is_at(event.position(), view):
            return self._before is not None
        self._before = self._store.state.compare.line
        return True

    def move(self, event: QMouseEvent, view: PaneView) -> bool:
        """Drag the line; True while it is held."""
        wipe = self._wipe
        if self._before is None or wipe is None:
            return False
        at, size = event.position(), view.size_px
        place = at.y() / max(size[1], 1.0) if wipe.level else at.x() / max(size[0], 1.0)
        self._store.apply(lambda state: intents_compare.move_line(state, place))
        return True

    def release(self, event: QMouseEvent) -> bool:
        """Let go of it."""
        if self._before is None or event.button() != Qt.MouseButton.LeftButton:
            return False
        self._before = None
        return True

    def cancel(self) -> bool:
        """Bring it back to where it was taken (Esc); False when it is not held."""
        before, self._before = self._before, None
        if before is None:
            return False
        self._store.apply(lambda state: intents_compare.move_line(state, before))
        return True
