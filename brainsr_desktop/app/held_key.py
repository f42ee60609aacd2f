"""Keys over the images that act while they are held, and stay when they are only tapped."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QKeyCombination, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QWheelEvent
from PySide6.QtWidgets import QWidget

from brainsr_desktop.app.store import Store
from brainsr_desktop.session import intents, intents_compare

TAP_S: Final = 0.3
NOTCH: Final = 120


class HeldKey(QObject):
    """Watches a key in some widgets and what is inside them. What it switches on is told by its heirs.

    Qt's classes leave no room for `abc`: what an heir must have raises NotImplementedError here.
    """

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

    @property
    def held(self) -> bool:
        """Whether the key is down."""
        return self._pressed_at is not None

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Qt calls it."""
        if isinstance(event, QKeyEvent):
            if event.type() == QEvent.Type.KeyRelease and self.held and self._is_released_by(event):
                self._release()
                return True
            if self.matches(event):
                return self._take(event)
        elif event.type() == QEvent.Type.FocusOut and self.held:
            # The release goes to another widget: a key that is not ours any more must not stay pressed.
            self._pressed_at = None
            self.show(self._before)
        return False

    def matches(self, event: QKeyEvent) -> bool:
        """Whether it is the key."""
        raise NotImplementedError

    def is_shown(self) -> bool:
        """What the key switches, now."""
        raise NotImplementedError

    def show(self, on: bool) -> None:
        """Switch it."""
        raise NotImplementedError

    def after_hold(self) -> bool:
        """How it stands after the key was held, not tapped."""
        return self._before

    def _take(self, event: QKeyEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()  # a key press, not the shortcut of a command
            return True
        if event.type() == QEvent.Type.KeyPress and not event.isAutoRepeat():
            self._press()
        return event.type() in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease)

    def _is_released_by(self, event: QKeyEvent) -> bool:
        # Another modifier may have been let go first: only the key itself counts.
        return not event.isAutoRepeat() and event.key() == self._key

    def _press(self) -> None:
        self._before = self.is_shown()
        self._pressed_at = self._clock()
        self.show(True)

    def _release(self) -> None:
        if self._pressed_at is None:
            return
        tapped = self._clock() - self._pressed_at < TAP_S
        self._pressed_at = None
        self.show(not self._before if tapped else self.after_hold())

    _key = Qt.Key.Key_unknown


class OriginalKey(HeldKey):
    """Space: the original in the enhanced pane."""

    _key = Qt.Key.Key_Space

    def matches(self, event: QKeyEvent) -> bool:
        """Space alone."""
        return event.key() == Qt.Key.Key_Space and not event.modifiers()

    def is_shown(self) -> bool:
        """Whether the original is up."""
        return self._store.state.show_original

    def show(self, on: bool) -> None:
        """Show it, or the enhanced picture."""
        if self._store.state.stack is not None:
            self._store.apply(lambda state: intents.show_original(state, on=on))

    def after_hold(self) -> bool:
        """Letting go always brings the enhanced picture."""
        return False


class LoupeKey(HeldKey):
    """The loupe, by the key of its command; while it is held the wheel changes the factor."""

    def __init__(
        self, action: QAction, store: Store, parent: QObject, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(store, parent, clock)
        self._action = action
        self._turned = False

    def watch(self, area: QWidget) -> None:
        """Watch a widget and its children: the wheel also where there is no focus."""
        super().watch(area)
        for widget in area.findChildren(QWidget):
            if widget.focusPolicy() == Qt.FocusPolicy.NoFocus:
                widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt calls it."""
        if isinstance(event, QWheelEvent) and self.held:
            self._turned = True
            notches = event.angleDelta().y() / NOTCH
            self._store.apply(lambda state: intents_compare.zoom_loupe(state, notches))
            return True
        return super().eventFilter(watched, event)

    def matches(self, event: QKeyEvent) -> bool:
        """One of the command's keys."""
        pressed = QKeySequence(QKeyCombination(event.modifiers(), Qt.Key(event.key())))
        if pressed not in self._action.shortcuts():
            return False
        self._key = Qt.Key(event.key())
        return True

    def is_shown(self) -> bool:
        """Whether the loupe is there."""
        return self._store.state.compare.loupe

    def show(self, on: bool) -> None:
        """Hold it over the pictures, or put it away."""
        if self._store.state.stack is not None:
            self._store.apply(lambda state: intents_compare.show_loupe(state, on=on))

    def _press(self) -> None:
        self._turned = False
        super()._press()

    def _release(self) -> None:
        if self._turned:
            self._pressed_at = None
            self.show(self._before)
        else:
            super()._release()
