"""Space over the images: held, it shows the original in the enhanced pane; tapped, it toggles that."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from brainsr_desktop.app.store import Store
from brainsr_desktop.session import intents

TAP_S: Final = 0.3


class OriginalKey(QObject):
    """Watches the key in some widgets and what is inside them."""

    def __init__(self, store: Store, parent: QObject, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parent)
        self._store = store
        self._clock = clock
        self._pressed_at: float | None = None
        self._before = False

    def watch(self, area: QWidget) -> None:
        """Watch a widget and its children."""
        for widget in (area, *area.findChildren(QWidget)):
            if widget.focusPolicy() != Qt.FocusPolicy.NoFocus:
                widget.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Qt calls it."""
        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Space and not event.modifiers():
            if event.type() == QEvent.Type.KeyPress:
                if not event.isAutoRepeat():
                    self._press()
                return True
            if event.type() == QEvent.Type.KeyRelease:
                if not event.isAutoRepeat():
                    self._release()
                return True
        elif event.type() == QEvent.Type.FocusOut and self._pressed_at is not None:
            # The release goes to another widget: a key that is not ours any more must not stay pressed.
            self._pressed_at = None
            self._show(self._before)
        return False

    def _press(self) -> None:
        self._before = self._store.state.show_original
        self._pressed_at = self._clock()
        self._show(True)

    def _release(self) -> None:
        if self._pressed_at is None:
            return
        tapped = self._clock() - self._pressed_at < TAP_S
        self._pressed_at = None
        self._show(not self._before if tapped else False)

    def _show(self, on: bool) -> None:
        if self._store.state.stack is not None:
            self._store.apply(lambda state: intents.show_original(state, on=on))
