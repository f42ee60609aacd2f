"""Between what a scan finds and what the window shows: series split and merged as the state says, and remembered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from brainsr_desktop.app.background import Newest
from brainsr_desktop.app.controller import Controller
from brainsr_desktop.app.store import Store
from brainsr_desktop.core.series import SeriesInfo, StackInfo
from brainsr_desktop.language import tr
from brainsr_desktop.session import arrangement_file, intents, intents_series
from brainsr_desktop.session.arranging import (
    Arrangement,
    arranged,
    series_key,
    split_fields,
    why_not_merge,
)
from brainsr_desktop.session.reports import Notice
from brainsr_desktop.session.state import ViewState


@dataclass(slots=True)
class _Entry:
    """A series as it was found and as it is shown."""

    key: str
    found: SeriesInfo
    shown: SeriesInfo


@dataclass(frozen=True, slots=True)
class Possible:
    """What can be done with the series of a stack. ``fields`` it can be split by; ``why_not_merge`` empty: it can."""

    fields: tuple[str, ...] = ()
    why_not_merge: str = ""
    merged: bool = False


class SeriesArranger(QObject):
    """Follows ``store.state.arrangements``. Opens the part that holds the picture in view when that was arranged."""

    found = Signal(object)  # SeriesInfo, arranged
    replaced = Signal(object, object)  # tuple[StackInfo, ...] that are gone, SeriesInfo instead

    def __init__(
        self, store: Store, controller: Controller, file: Path, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._controller = controller
        self._file = file
        self._entries: list[_Entry] = []
        self._writing = Newest(self)
        remembered, note = arrangement_file.load(file)
        if note:  # the window that shows it is still being built
            QTimer.singleShot(0, self, lambda: controller.notice.emit(Notice("warning", note)))
        if remembered:
            store.apply(lambda state: _remember(state, remembered))
        controller.series_found.connect(self._take)
        controller.closed.connect(self._entries.clear)
        store.changed.connect(self._on_changed)

    def possible(self, stack: StackInfo) -> Possible:
        """What the series of a stack can be made into."""
        entry = self._entry(stack)
        if entry is None:
            return Possible(why_not_merge=tr("The series has one part only."))
        arrangement = intents_series.arrangement_of(self._store.state, entry.key)
        if arrangement.merged and len(entry.shown.stacks) < len(entry.found.stacks):
            return Possible(why_not_merge=tr("The series has one part only."), merged=True)
        split = len(entry.shown.stacks) > len(entry.found.stacks)
        return Possible(split_fields(stack), "" if split else why_not_merge(entry.shown.stacks))

    def split(self, stack: StackInfo, field: str) -> None:
        """Split the series of a stack by a field; empty: into the parts that were found."""
        entry = self._entry(stack)
        if entry is None:
            return
        change = (
            partial(intents_series.split_by, series=entry.key, field=field)
            if field
            else partial(intents_series.as_found, series=entry.key)
        )
        self._store.apply(change, undo=tr("split"))

    def merge(self, stack: StackInfo) -> None:
        """Join the parts of a stack's series."""
        entry = self._entry(stack)
        if entry is not None:
            self._store.apply(partial(intents_series.merge, series=entry.key), undo=tr("merge"))

    def forget(self, stacks: Iterable[StackInfo]) -> None:
        """Series whose stacks were closed."""
        gone = {stack.id for stack in stacks}
        self._entries = [
            entry for entry in self._entries if not gone & {stack.id for stack in entry.shown.stacks}
        ]

    def parts(self, stack: StackInfo) -> tuple[StackInfo, ...]:
        """Every shown part of a stack's series."""
        entry = self._entry(stack)
        return () if entry is None else entry.shown.stacks

    def _entry(self, stack: StackInfo) -> _Entry | None:
        return next((e for e in self._entries if any(part.id == stack.id for part in e.shown.stacks)), None)

    def _take(self, series: SeriesInfo) -> None:
        key = series_key(series)
        shown = arranged(series, intents_series.arrangement_of(self._store.state, key))
        self._entries.append(_Entry(key, series, shown))
        self.found.emit(shown)

    def _on_changed(self, before: ViewState, after: ViewState) -> None:
        if before.arrangements == after.arrangements:
            return
        self._writing.ask(partial(arrangement_file.save, after.arrangements, self._file), lambda _: None)
        changed = {*before.arrangements} ^ {*after.arrangements}
        for key in {arrangement.series for arrangement in changed}:
            arrangement = intents_series.arrangement_of(after, key)
            for entry in [entry for entry in self._entries if entry.key == key]:
                self._show(entry, arrangement)

    def _show(self, entry: _Entry, arrangement: Arrangement) -> None:
        new = arranged(entry.found, arrangement)
        gone, entry.shown = entry.shown.stacks, new
        if _ids(new.stacks) == _ids(gone):
            return
        self.replaced.emit(gone, new)
        self._follow(gone, new.stacks)

    def _follow(self, gone: Sequence[StackInfo], new: Sequence[StackInfo]) -> None:
        """Show the picture that was in view where it is now."""
        state = self._store.state
        if state.stack is None or state.stack.id not in _ids(gone):
            return
        frame = state.stack.frames[state.frame_index]
        stack = next((part for part in new if frame is not None and frame in part.frames), new[0])
        self._controller.open_stack(stack)
        if frame in stack.frames:
            volume, place = divmod(stack.frames.index(frame), stack.slices)
            self._store.apply(lambda state: intents.go_to_volume(intents.go_to(state, place), volume))


def _ids(stacks: Iterable[StackInfo]) -> tuple[str, ...]:
    return tuple(stack.id for stack in stacks)


def _remember(state: ViewState, remembered: Iterable[Arrangement]) -> ViewState:
    for arrangement in remembered:
        state = intents_series.arrange(state, arrangement)
    return state
