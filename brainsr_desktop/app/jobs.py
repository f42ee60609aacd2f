"""The board of jobs: numbers, titles, progress and time left of everything that takes longer than half a second."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic

from PySide6.QtCore import QObject, QTimer, Signal

from brainsr_desktop.session.reports import JobState, JobView

SAY_STOPPING_MS = 500
"""A job that was cancelled and has not ended by then says that it is stopping."""


@dataclass(slots=True)
class _Entry:
    view: JobView
    cancel: Callable[[], None] | None
    started: float
    done_at_start: int = 0
    pause: Callable[[bool], None] | None = None
    paused_at: float = 0.0


class JobBoard(QObject):
    """Who has a job opens it here, says how far it is, and ends it once."""

    changed = Signal(object)  # JobView

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._numbers = itertools.count(1)
        self._entries: dict[int, _Entry] = {}

    @property
    def keeps_window(self) -> bool:
        """Whether something would be lost by closing the window now."""
        return any(entry.view.keeps_window for entry in self._entries.values())

    def open(
        self,
        title: str,
        total: int = 0,
        *,
        cancel: Callable[[], None] | None = None,
        keeps_window: bool = False,
        waits: bool = False,
        pause: Callable[[bool], None] | None = None,
    ) -> int:
        """Begin a job; its number.

        ``cancel`` is called when the user gives it up, ``pause`` with True or False when it is to rest or go on. One
        that ``waits`` begins later.
        """
        number = next(self._numbers)
        state: JobState = "waiting" if waits else "running"
        view = JobView(
            number,
            title,
            0,
            total,
            state,
            can_cancel=cancel is not None,
            keeps_window=keeps_window,
            can_pause=pause is not None,
        )
        self._entries[number] = _Entry(view, cancel, monotonic(), pause=pause)
        self.changed.emit(view)
        return number

    def update(self, number: int, done: int, total: int) -> None:
        """Say how far a job is."""
        entry = self._entries.get(number)
        if entry is None or (entry.view.done, entry.view.total) == (done, total):
            return
        left = None
        if entry.view.state == "running":
            left = _seconds_left(monotonic() - entry.started, done - entry.done_at_start, total - done)
        self._show(entry, replace(entry.view, done=done, total=total, seconds_left=left))

    def begin(self, number: int, done: int, total: int) -> None:
        """The work begins; what is ``done`` was there already and does not count for the speed."""
        entry = self._entries.get(number)
        if entry is not None:
            entry.done_at_start = done
            entry.started = monotonic()
            self._show(entry, replace(entry.view, done=done, total=total, state="running"))

    def pause(self, number: int, on: bool) -> None:
        """Let a running job rest, or go on; the time of the rest does not count for its speed."""
        entry = self._entries.get(number)
        if entry is None or entry.pause is None or entry.view.state != ("running" if on else "paused"):
            return
        if on:
            entry.paused_at = monotonic()
        else:
            entry.started += monotonic() - entry.paused_at
        self._show(entry, replace(entry.view, state="paused" if on else "running", seconds_left=None))
        entry.pause(on)

    def cancel(self, number: int) -> None:
        """The user gives a job up. It may still take a moment; then it says so."""
        entry = self._entries.get(number)
        if entry is None or entry.cancel is None or entry.view.state == "stopping":
            return
        QTimer.singleShot(SAY_STOPPING_MS, self, lambda: self._say_stopping(number))
        entry.cancel()

    def end(self, number: int, state: JobState) -> None:
        """A job ended: "done", "cancelled" or "failed"."""
        entry = self._entries.pop(number, None)
        if entry is not None:
            self.changed.emit(replace(entry.view, state=state, seconds_left=None))

    def _say_stopping(self, number: int) -> None:
        entry = self._entries.get(number)
        if entry is not None:
            self._show(entry, replace(entry.view, state="stopping", seconds_left=None))

    def _show(self, entry: _Entry, view: JobView) -> None:
        entry.view = view
        self.changed.emit(view)


def _seconds_left(elapsed_s: float, done: int, remaining: int) -> float | None:
    """From the mean speed so far; None before anything was done."""
    if done <= 0 or remaining < 0:
        return None
    return elapsed_s / done * remaining
