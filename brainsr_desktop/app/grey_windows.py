"""The grey window of each series: measured once, taken at first, remembered while the program runs."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from brainsr_desktop.app.files_worker import Measured
from brainsr_desktop.app.stack_library import StackLibrary
from brainsr_desktop.app.store import Store
from brainsr_desktop.session import intents
from brainsr_desktop.session.open_stack import OpenStack
from brainsr_desktop.session.pictures import stack_name
from brainsr_desktop.session.state import ViewState, WindowLevel
from brainsr_desktop.session.windows import SeriesRange


class GreyWindows(QObject):
    """Asks for measurements when frames come, and gives the stack in view a window as long as the user chose none."""

    range_changed = Signal(object)  # SeriesRange | None, of the stack in view

    def __init__(self, store: Store, library: StackLibrary, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._library = library
        self._ranges: dict[str, SeriesRange] = {}
        self._final: set[str] = set()
        self._asked: set[tuple[str, bool]] = set()
        self._chosen: dict[str, WindowLevel | None] = {}
        library.measured.connect(self._on_measured)

    def current(self) -> SeriesRange | None:
        """Ranges of the stack in view; None until enough of it is loaded."""
        stack = self._store.state.stack
        return None if stack is None else self._ranges.get(stack_name(stack))

    def range_of(self, name: str) -> SeriesRange | None:
        """Ranges of a stack."""
        return self._ranges.get(name)

    def is_final(self, name: str) -> bool:
        """Whether all of a stack was measured (or has no range at all)."""
        return name in self._final

    def remembered(self, name: str) -> WindowLevel | None:
        """The window a stack had when it was last in view."""
        return self._chosen.get(name)

    def on_state(self, before: ViewState, after: ViewState) -> None:
        """Another stack: keep the window of the last one. No window: take the first one."""
        if before.stack is not after.stack:
            if before.stack is not None:
                self._chosen[stack_name(before.stack)] = before.window
            self.range_changed.emit(self.current())
        if after.window is None:
            self._take(None)

    def on_frames(self, opened: OpenStack, volume: int) -> None:
        """Frames of a stack came: measure the first ones, and all of them at the end."""
        ask = opened.name, opened.complete
        if ask not in self._asked and opened.loaded(volume):
            self._asked.add(ask)
            self._library.measure(opened, volume)

    def clear(self) -> None:
        """Everything is closed."""
        for kept in (self._ranges, self._final, self._asked, self._chosen):
            kept.clear()

    def _on_measured(self, measured: Measured) -> None:
        found = measured.range
        if found is None or found.final:
            self._final.add(measured.stack)
        before = self._ranges.get(measured.stack)
        if found is None or (before is not None and before.final):
            return
        self._ranges[measured.stack] = found
        stack = self._store.state.stack
        if stack is not None and stack_name(stack) == measured.stack:
            self.range_changed.emit(found)
            self._take(before)

    def _take(self, before: SeriesRange | None) -> None:
        """Use the first window of the series, unless the user chose one. ``before``: what was known until now."""
        found, window = self.current(), self._store.state.window
        if found is not None and (window is None or (before is not None and window == before.initial)):
            self._store.apply(lambda state: intents.set_window(state, found.initial))
