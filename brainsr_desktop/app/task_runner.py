"""The long jobs: enhance a series, export. One at a time, in the order they were asked for, behind the panes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from brainsr_desktop.app.enhancer import Enhancer
from brainsr_desktop.app.export_task import ExportEnd, ExportTask
from brainsr_desktop.app.jobs import JobBoard
from brainsr_desktop.app.plain_text import size_text
from brainsr_desktop.app.series_task import SeriesTask
from brainsr_desktop.app.stack_library import STOPPED, StackLibrary
from brainsr_desktop.app.sweep_runner import SweepRunner
from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.core.errors import DiskFull, UsageError
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io.export_names import taken_numbers
from brainsr_desktop.io.messages import ModelNote, ReportNote
from brainsr_desktop.ipc.messages import ErrorReport
from brainsr_desktop.language import tr, trn
from brainsr_desktop.models.card import Card
from brainsr_desktop.models.card_rows import rows_of
from brainsr_desktop.session.arranging import found_id
from brainsr_desktop.session.cache import Result
from brainsr_desktop.session.exporting import (
    PicturePlan,
    frame_key,
    model_note,
    picture_note,
    picture_plan,
    suitable,
)
from brainsr_desktop.session.panes import Failure
from brainsr_desktop.session.pictures import ResultKey
from brainsr_desktop.session.planner import Want, WeightsOf
from brainsr_desktop.session.reports import ExportRequest, JobState, Notice
from brainsr_desktop.session.sweep_report import sweep_section
from brainsr_desktop.session.trust import limit_of

NAME_LENGTH: Final = 40
ROOM: Final = 1.1
"""An export wants this many times its size (EXPORT section 7)."""
OPENED: Final = frozenset({"dicom", "nifti", "png", "png8", "tiff"})
"""Formats that the program itself opens as a series."""


class TaskRunner(QObject):
    """Runs one `SeriesTask` or `ExportTask` after another. ``changed`` asks for a new plan."""

    changed = Signal()
    notice = Signal(object)
    series_asked = Signal(str)  # a folder that was written is to be opened as a series

    def __init__(
        self,
        library: StackLibrary,
        enhancer: Enhancer,
        board: JobBoard,
        card_of: Callable[[str], Card],
        weights_of: WeightsOf,
        hides_paths: Callable[[], bool],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._hides_paths = hides_paths
        self._library = library
        self._enhancer = enhancer
        self._board = board
        self._card_of = card_of
        self._weights_of = weights_of
        self._waiting: deque[tuple[int, Callable[[int], None]]] = deque()
        self._series: SeriesTask | None = None
        self._export: ExportTask | None = None
        self._paused: set[int] = set()
        self.sweeps = SweepRunner(library, enhancer, board, weights_of, self)
        self.sweeps.outdated.connect(self.changed)
        library.answered.connect(self._on_answer)
        library.restarted.connect(self._on_files_restarted)
        library.stopped.connect(self._on_files_stopped)
        enhancer.result_ready.connect(self._on_result)
        enhancer.stored_found.connect(self._on_result)
        enhancer.slice_failed.connect(self._on_failure)

    def enhance(self, stack: StackInfo, recipe: Recipe) -> None:
        """Make every slice of a stack with a recipe."""
        total = len(suitable(stack, range(len(stack.frames))))
        if total == 0:
            self.notice.emit(_nothing_to_do(stack))
            return
        title = tr("Enhance {series}", series=_named(stack))
        self._add(title, total, lambda number: self._begin_series(number, stack, recipe))

    def export(self, request: ExportRequest, recipe: Recipe, degradation: Degradation) -> None:
        """Make what is missing of some frames, and write them. ``degradation`` is that of test mode."""
        plan = picture_plan(request.options.picture, recipe, degradation)
        total = len(suitable(request.stack, request.indices))
        if total == 0:
            self.notice.emit(_nothing_to_do(request.stack))
            return
        try:
            report = self._report_note(request, plan)
        except UsageError as error:
            self.notice.emit(Notice("error", error.message, error.advice))
            return
        title = tr("Export {series}", series=_named(request.stack))
        again = partial(self.export, request, recipe, degradation)
        self._add(title, total, lambda number: self._begin_export(number, request, plan, report, again))

    def wants(self) -> Iterator[Want]:
        """What the sweep and the running job want from the engine."""
        yield from self.sweeps.wants()
        for task in (self._series, self._export):
            if task is not None and task.number not in self._paused:
                yield from task.wants()

    def advance(self) -> None:
        """Look how far the sweep and the running job are, and go on with them."""
        self.sweeps.advance()
        if self._series is not None:
            self._advance_series(self._series)
        if self._export is not None:
            export = self._export
            export.advance(self._enhancer.cache.peek)
            if self._export is export:
                self._board.update(export.number, export.done, export.total)

    def drop_all(self) -> None:
        """Stop every job at once: what they worked on is being closed."""
        self.sweeps.cancel()
        for number, _ in tuple(self._waiting):
            self._board.end(number, "cancelled")
        self._waiting.clear()
        if self._series is not None:
            self._end_series(self._series, "cancelled")
        if self._export is not None:
            self._export.cancel()

    def _add(self, title: str, total: int, begin: Callable[[int], None]) -> None:
        number = self._board.open(
            title,
            total,
            cancel=lambda: self._cancel(number),
            keeps_window=True,
            waits=True,
            pause=lambda on: self._pause(number, on),
        )
        self._waiting.append((number, begin))
        self._begin_next()

    def _begin_next(self) -> None:
        if self._series is None and self._export is None and self._waiting:
            number, begin = self._waiting.popleft()
            begin(number)
            self.changed.emit()

    def _pause(self, number: int, on: bool) -> None:
        """No further slice is asked for while a job rests; what is being made is finished."""
        if on:
            self._paused.add(number)
        else:
            self._paused.discard(number)
        self.changed.emit()

    def _cancel(self, number: int) -> None:
        for waiting in tuple(self._waiting):
            if waiting[0] == number:
                self._waiting.remove(waiting)
                self._board.end(number, "cancelled")
        if self._series is not None and self._series.number == number:
            self._end_series(self._series, "cancelled")
        elif self._export is not None and self._export.number == number:
            self._export.cancel()
            self.changed.emit()

    # A series

    def _begin_series(self, number: int, stack: StackInfo, recipe: Recipe) -> None:
        opened = self._library.hold(stack, self)
        self._series = SeriesTask(number, opened, recipe, self._weights_of)
        self._enhancer.forgive(self._series.keys)
        self._series.look(self._enhancer.has)
        self._board.begin(number, self._series.done, self._series.total)

    def _advance_series(self, task: SeriesTask) -> None:
        task.look(self._enhancer.has)
        self._board.update(task.number, task.done, task.total)
        if task.finished:
            made = task.total - task.failed
            words = tr(
                "{made} of {total} slices of {series} are enhanced.",
                made=made,
                total=task.total,
                series=_named(task.opened.stack),
            )
            self.notice.emit(Notice("warning" if task.failed else "info", words))
            self._end_series(task, "failed" if made == 0 else "done")

    def _end_series(self, task: SeriesTask, state: JobState) -> None:
        self._series = None
        self._paused.discard(task.number)
        self._library.release(task.opened, self)
        self._board.end(task.number, state)
        self._begin_next()
        self.changed.emit()

    # An export

    def _report_note(self, request: ExportRequest, plan: PicturePlan) -> ReportNote:
        """What a report says of the model, and the last sweep over the series.

        Raises:
            UsageError: there is no such model any more.
        """
        table = self.sweeps.table_of(request.stack)
        sections = () if table is None else (sweep_section(table),)
        if picture_note(plan) is not None:
            return ReportNote(sections=sections)
        card = self._card_of(plan.recipe.model)
        return ReportNote(tuple(rows_of(card)), limit_of(card), sections)

    def _begin_export(
        self,
        number: int,
        request: ExportRequest,
        plan: PicturePlan,
        report: ReportNote,
        again: Callable[[], None],
    ) -> None:
        stack = request.stack
        if picture_note(plan) is None:
            self._enhancer.prepare(plan.recipe)
        self._enhancer.forgive(
            frame_key(stack, index, recipe, self._weights_of)
            for index in suitable(stack, request.indices)
            for recipe in plan.needs
        )
        self._export = ExportTask(
            number,
            request,
            taken_numbers(self._library.found, plan.recipe.scale).get(found_id(stack.id), ()),
            self._library.hold(stack, self),
            plan,
            report,
            lambda: picture_note(plan) or self._model_note(plan.recipe),
            self._weights_of,
            self._library.worker,
            lambda end: self._end_export(end, again),
        )
        self._board.begin(number, 0, self._export.total)

    def _model_note(self, recipe: Recipe) -> ModelNote | None:
        known = self._enhancer.made_on(recipe)
        if known is None:
            return None
        return model_note(self._card_of(recipe.model), backend=known[0], device=known[1])

    def _end_export(self, end: ExportEnd, again: Callable[[], None]) -> None:
        task, self._export = self._export, None
        if task is None:
            return
        self._paused.discard(task.number)
        self._library.release(task.opened, self)
        self._board.end(task.number, end.state)
        self.notice.emit(self._notice_of(end, task.request, again))
        self._begin_next()
        self.changed.emit()

    def _notice_of(self, end: ExportEnd, request: ExportRequest, again: Callable[[], None]) -> Notice:
        detail = "\n".join(f"{problem.code}: {problem.reason} ({problem.done})" for problem in end.problems)
        if end.state == "done":
            failed = end.total - end.written
            where = tr("a hidden folder") if self._hides_paths() else end.target
            words = trn(
                "{count} file written to {folder}, {failed} slices failed.",
                "{count} files written to {folder}, {failed} slices failed.",
                end.files,
                folder=where,
                failed=failed,
            )
            opens = (tr("Open as series"), lambda: self.series_asked.emit(end.target))
            return Notice(
                "warning" if failed else "info",
                words,
                detail=detail,
                label=tr("Open folder"),
                action=lambda: _open_folder(end.target),
                more=(opens,) if OPENED & set(request.options.formats) else (),
            )
        if end.error is None:
            words = tr("The export was stopped. Nothing was written.")
            if end.written:
                words = tr(
                    "The export was stopped. {written} of {total} slices are written and kept.",
                    written=end.written,
                    total=end.total,
                )
            advice = tr("The same export goes on where it stopped.")
        elif end.error.family == DiskFull.__name__:
            words = tr(
                "{written} of {total} slices are written; the disk is full.",
                written=end.written,
                total=end.total,
            )
            room = size_text(ROOM * max(end.missing_bytes, 1_000_000))
            advice = tr("Free {size} and press Continue.", size=room)
        else:
            words = tr(
                "The export failed: {reason} {written} of {total} slices are written and kept.",
                reason=end.error.message,
                written=end.written,
                total=end.total,
            )
            advice = end.error.advice
            detail = "\n".join(filter(None, (detail, end.error.traceback)))
        return Notice(
            "info" if end.error is None else "error",
            words,
            advice,
            detail,
            label=tr("Continue"),
            action=again,
            more=((tr("Cancel"), _leave_it),) if end.error is not None else (),
        )

    # What others say

    def _on_answer(self, answer: object) -> None:
        if self._export is not None:
            self._export.on_answer(answer)  # type: ignore[arg-type]  # Qt's signals know no types
            self.changed.emit()

    def _on_files_restarted(self) -> None:
        if self._export is not None:
            self._export.on_files_restarted()

    def _on_files_stopped(self) -> None:
        if self._export is not None:
            self._export.on_files_stopped(
                ErrorReport("ChildDied", f"{STOPPED}.", tr("Start it again, then continue."))
            )

    def _on_result(self, key: ResultKey, result: Result) -> None:
        if self._series is not None:
            self._series.on_result(key)
        if self._export is not None:
            self._export.on_result(key, result)

    def _on_failure(self, key: ResultKey, failure: Failure) -> None:
        if self._series is not None:
            self._series.on_failure(key)
        if self._export is not None:
            self._export.on_failure(key, failure)


def _leave_it() -> None:
    """What is written stays; the notice closes."""


def _named(stack: StackInfo) -> str:
    name = " ".join(stack.description.split())[:NAME_LENGTH]
    if stack.series_number is None:
        return tr("series “{name}”", name=name) if name else tr("series")
    if not name:
        return tr("series {number}", number=stack.series_number)
    return tr("series {number} “{name}”", number=stack.series_number, name=name)


def _nothing_to_do(stack: StackInfo) -> Notice:
    reason = stack.why_not or tr("no volume of it is suitable")
    words = tr("The {series} cannot be enhanced: {reason}.", series=_named(stack), reason=reason)
    return Notice("warning", words, tr("It can be viewed."))


def _open_folder(target: str) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(target))))
