"""The one current ViewState of the window."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from brainsr_desktop.session.history import History
from brainsr_desktop.session.state import ViewState

Intent = Callable[[ViewState], ViewState]


class Store(QObject):
    """Holds the state, applies intents, tells who listens what was and what is. Lives in the GUI thread."""

    changed = Signal(object, object)  # before, after: ViewState

    def __init__(self, state: ViewState | None = None) -> None:
        super().__init__()
        self._state = state or ViewState()
        self._history = History()
        self._untold: deque[tuple[ViewState, ViewState]] = deque()

    @property
    def state(self) -> ViewState:
        """The current value."""
        return self._state

    def apply(self, intent: Intent, *, undo: str = "", gesture: object = None) -> None:
        """Apply an intent. ``undo`` names the step in the menu; steps of one ``gesture`` are one undo step."""
        before = self._state
        after = intent(before)
        if after == before:
            return
        if undo:
            self._history.record(before, after, undo, gesture)
        self._set(after)

    @property
    def undo_name(self) -> str:
        """The step that undo would take back; empty when there is none."""
        return self._history.undo_name

    @property
    def redo_name(self) -> str:
        """The step that redo would do again; empty when there is none."""
        return self._history.redo_name

    def undo(self) -> str:
        """Go back one step; the name of the step, empty when there is none."""
        return self._step(self._history.undo(self._state))

    def redo(self) -> str:
        """Go forward one step; the name of the step, empty when there is none."""
        return self._step(self._history.redo(self._state))

    def _step(self, found: tuple[ViewState, str] | None) -> str:
        if found is None:
            return ""
        self._set(found[0])
        return found[1]

    def _set(self, after: ViewState) -> None:
        before, self._state = self._state, after
        self._untold.append((before, after))
        if len(self._untold) > 1:
            return  # a listener changed the state: every listener hears of the changes in their order
        while self._untold:
            self.changed.emit(*self._untold[0])
            self._untold.popleft()
