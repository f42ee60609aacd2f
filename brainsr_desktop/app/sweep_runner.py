"""Runs one sweep at a time through the engine, behind the panes and before the long jobs: somebody watches it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from brainsr_desktop.app.enhancer import Enhancer
from brainsr_desktop.app.jobs import JobBoard
from brainsr_desktop.app.stack_library import StackLibrary
from brainsr_desktop.app.sweep_task import SweepTask
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.language import tr
from brainsr_desktop.session.cache import Result
from brainsr_desktop.session.panes import Failure
from brainsr_desktop.session.pictures import ResultKey, stack_name
from brainsr_desktop.session.planner import Want, WeightsOf
from brainsr_desktop.session.reports import JobState
from brainsr_desktop.session.sweep import SweepRequest
from brainsr_desktop.session.sweep_table import Table


@dataclass(frozen=True, slots=True, eq=False)
class SweepView:
    """A sweep as its panel shows it; ``number`` is that of its job, the table goes on being filled."""

    number: int
    table: Table
    done: int
    total: int
    failed: int
    state: JobState


class SweepRunner(QObject):
    """``changed`` brings a `SweepView` at every picture, ``outdated`` asks for a new plan."""

    changed = Signal(object)
    outdated = Signal()

    def __init__(
        self,
        library: StackLibrary,
        enhancer: Enhancer,
        board: JobBoard,
        weights_of: WeightsOf,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._library = library
        self._enhancer = enhancer
        self._board = board
        self._weights_of = weights_of
        self._task: SweepTask | None = None
        self._last: tuple[str, Table] | None = None
        enhancer.result_ready.connect(self._on_result)
        enhancer.slice_failed.connect(self._on_failure)

    def begin(self, request: SweepRequest) -> None:
        """Start a sweep; one that runs is given up."""
        self.cancel()
        number = self._board.open(tr("Sweep"), request.total, cancel=self.cancel, keeps_window=True)
        opened = self._library.hold(request.stack, self)
        self._task = SweepTask(number, opened, request, self._weights_of)
        self._last = (stack_name(request.stack), self._task.table)
        self._board.begin(number, 0, request.total)
        self._tell(self._task, "running")
        self.outdated.emit()

    def cancel(self) -> None:
        """Give up the sweep that runs; its figures stay where they are shown."""
        if self._task is not None:
            self._end(self._task, "cancelled")

    def table_of(self, stack: StackInfo) -> Table | None:
        """What the last sweep found, if it was over this stack and found anything."""
        if self._last is None or self._last[0] != stack_name(stack) or not len(self._last[1]):
            return None
        return self._last[1]

    def wants(self) -> Iterator[Want]:
        """What the sweep wants from the engine."""
        return iter(()) if self._task is None else self._task.wants()

    def advance(self) -> None:
        """Look how far the sweep is, and go on with it."""
        task = self._task
        if task is None:
            return
        before = task.done
        task.look(self._enhancer.cache.peek)
        if task.done != before:
            self._tell(task, "running")
        self._board.update(task.number, task.done, task.total)
        if task.finished:
            self._end(task, "failed" if task.failed == task.total else "done")

    def _end(self, task: SweepTask, state: JobState) -> None:
        self._task = None
        self._library.release(task.opened, self)
        self._board.end(task.number, state)
        self._tell(task, state)
        self.outdated.emit()

    def _tell(self, task: SweepTask, state: JobState) -> None:
        self.changed.emit(SweepView(task.number, task.table, task.done, task.total, task.failed, state))

    def _on_result(self, key: ResultKey, result: Result) -> None:
        if self._task is not None:
            self._task.on_result(key, result)
            self._tell(self._task, "running")

    def _on_failure(self, key: ResultKey, _failure: Failure) -> None:
        if self._task is not None:
            self._task.on_failure(key)
            self._tell(self._task, "running")
