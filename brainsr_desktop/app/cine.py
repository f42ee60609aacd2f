"""Cine: plays slices or volumes at a rate, whatever is ready of each, until someone clicks."""

from __future__ import annotations

import time
from collections import deque
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget

from brainsr_desktop.app.store import Store
from brainsr_desktop.session import intents_series as intents
from brainsr_desktop.session.state import ViewState

MEASURED_S: Final = 1.0
LEAST_S: Final = 0.3
"""The rate that is shown is that of the last second, or of what there is of it, but not of a moment."""


class Cine(QObject):
    """Follows the state: while it says "playing", the next picture comes at every beat; no beat waits for a result.

    Clicks on its controls do not stop it; any other click in the program does, and so does Esc.
    """

    measured = Signal(float)  # pictures per second that were really shown; 0 at the end

    def __init__(self, store: Store, controls: QWidget, parent: QObject) -> None:
        super().__init__(parent)
        self._store = store
        self._controls = [controls]
        self._shown: deque[float] = deque()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        store.changed.connect(self._on_changed)

    def add_control(self, control: QWidget) -> None:
        """A click on this widget does not stop it either."""
        self._controls.append(control)

    def toggle(self) -> None:
        """Start or stop."""
        self._store.apply(lambda state: intents.play(state, on=not state.cine.playing))

    def stop(self) -> None:
        """Stop; nothing happens when nothing plays."""
        self._store.apply(lambda state: intents.play(state, on=False))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt calls it while something plays."""
        if event.type() == QEvent.Type.MouseButtonPress and isinstance(watched, QWidget):
            if not self._is_control(watched):
                self.stop()
        elif isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            # Asked first whether the key is a shortcut: it is not while something plays.
            event.accept()
            if event.type() == QEvent.Type.KeyPress:
                self.stop()
            return True
        return False

    def _is_control(self, widget: QWidget) -> bool:
        return any(widget is control or control.isAncestorOf(widget) for control in self._controls)

    def _on_changed(self, before: ViewState, after: ViewState) -> None:
        if after.cine.playing != before.cine.playing:
            self._switch(on=after.cine.playing)
        if after.cine.playing:
            interval = round(1000 / intents.rate_of(after))
            if interval != self._timer.interval() or not self._timer.isActive():
                self._timer.start(interval)

    def _switch(self, *, on: bool) -> None:
        app = QApplication.instance()
        assert app is not None
        self._shown.clear()
        if on:
            app.installEventFilter(self)
        else:
            app.removeEventFilter(self)
            self._timer.stop()
            self.measured.emit(0.0)

    def _beat(self) -> None:
        self._store.apply(intents.next_picture)
        now = time.perf_counter()
        self._shown.append(now)
        while now - self._shown[0] > MEASURED_S:
            self._shown.popleft()
        if now - self._shown[0] >= LEAST_S:
            self.measured.emit((len(self._shown) - 1) / (now - self._shown[0]))
