"""Export of one stack: opened in the files process, slices enhanced that are missing, written in batches, closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.app.files_worker import FilesWorker
from brainsr_desktop.app.series_task import AT_ONCE
from brainsr_desktop.core.errors import Problem
from brainsr_desktop.io.messages import (
    CloseExport,
    Exported,
    ExportOpened,
    FramesWritten,
    ModelNote,
    OpenExport,
    ReportNote,
    Scores,
)
from brainsr_desktop.ipc.messages import Answer, ErrorReport, Failed, JobCancelled, JobId
from brainsr_desktop.language import tr
from brainsr_desktop.session.cache import Result
from brainsr_desktop.session.exporting import PicturePlan, job_want, slice_problem, suitable
from brainsr_desktop.session.open_stack import OpenStack
from brainsr_desktop.session.panes import Failure
from brainsr_desktop.session.pictures import ResultKey
from brainsr_desktop.session.planner import Want, WeightsOf
from brainsr_desktop.session.reports import ExportRequest, JobState

BATCH_BYTES: Final = 32 * 2**20
BATCH_FRAMES: Final = 8

Step = Literal["loading", "opening", "working", "closing", "ended"]


@dataclass(frozen=True, slots=True)
class ExportEnd:
    """How an export ended: ``files`` in ``target``, ``written`` slices of ``total``; ``error`` if it failed.

    ``missing_bytes``: about how much is still to be written.
    """

    state: JobState
    target: str = ""
    files: int = 0
    written: int = 0
    total: int = 0
    problems: tuple[Problem, ...] = ()
    error: ErrorReport | None = None
    missing_bytes: int = 0


class ExportTask:
    """One export. Whoever owns it calls it when something came, and `advance` after that.

    ``model_of`` gives what the files say of the model, None until it is known what runs it. ``on_end`` is called once.
    If the files process dies, the export is opened again and goes on with what is missing.
    """

    def __init__(
        self,
        number: int,
        request: ExportRequest,
        taken_series_numbers: tuple[int, ...],
        opened: OpenStack,
        plan: PicturePlan,
        report: ReportNote,
        model_of: Callable[[], ModelNote | None],
        weights_of: WeightsOf,
        worker: FilesWorker,
        on_end: Callable[[ExportEnd], None],
    ) -> None:
        self.number = number
        self.request = request
        self._taken_series_numbers = taken_series_numbers
        self.opened = opened
        self._plan = plan
        self.recipe = plan.recipe
        self._report = report
        self._model_of = model_of
        self._model: ModelNote | None = None
        self._weights_of = weights_of
        self._worker = worker
        self._on_end = on_end
        self._step: Step = "loading"
        self._indices = suitable(opened.stack, request.indices)
        self._left: dict[ResultKey, Want] = {}
        self._parts: dict[int, dict[ResultKey, Result]] = {}
        self._untouched: list[int] = []
        self._scores: dict[int, Scores] = {}
        self._made: dict[int, NDArray[np.float32]] = {}
        self._writing: dict[int, NDArray[np.float32]] = {}
        self._written: set[int] = set()
        self._left_out: dict[int, Problem] = {}
        self._fallbacks: dict[int, Problem] = {}
        self._target = ""
        self._export = 0
        self._job: JobId | None = None
        self._stopping = False
        self._error: ErrorReport | None = None

    @property
    def total(self) -> int:
        """How many slices are exported."""
        return len(self._indices)

    @property
    def done(self) -> int:
        """How many of them are on disk, or given up."""
        return len(self._written | self._left_out.keys())

    def wants(self) -> Iterator[Want]:
        """The next slices to be made; none while enough of them wait to be written."""
        if self._step != "working" or self._stopping or len(self._made) >= 2 * self._batch:
            return iter(())
        return islice((want for want in self._left.values() if self.opened.has(want.frame)), AT_ONCE)

    def on_result(self, key: ResultKey, result: Result) -> None:
        """A slice was made, for this export or for something else."""
        want = self._left.pop(key, None)
        if want is None:
            return
        parts = self._parts.setdefault(want.frame, {})
        parts[key] = result
        if result.fallback:
            self._fallbacks[want.frame] = slice_problem(
                self.opened.stack,
                want.frame,
                "FALLBACK",
                tr("the network's output could not be used"),
                tr("cubic interpolation was written"),
            )
        if len(parts) == len(self._plan.needs):
            results = [parts[each.key] for each in self._wants_of(want.frame)]
            self._made[want.frame] = self._plan.combined(results)
            self._scores[want.frame] = self._plan.scores(results)
            del self._parts[want.frame]

    def on_failure(self, key: ResultKey, failure: Failure) -> None:
        """A slice could not be made: it is left out, and named in the report."""
        want = self._left.pop(key, None)
        if want is not None:
            self._drop_frame(want.frame)
            self._leave_out(want.frame, "NOT_ENHANCED", failure.text)

    def advance(self, result_of: Callable[[ResultKey], Result | None]) -> None:
        """Do what can be done now."""
        if self._step == "loading":
            self._begin_if_loaded()
        elif self._step == "working" and self._job is None:
            self._take_ready(result_of)
            self._go_on()

    def on_answer(self, answer: Answer) -> None:
        """The files process says something; what is not about this export is ignored."""
        if answer.job != self._job or not answer.final:
            return
        self._job = None
        match answer:
            case ExportOpened():
                self._on_opened(answer)
            case FramesWritten():
                self._on_written(answer)
            case Exported():
                self._on_exported(answer)
            case JobCancelled():
                self._on_cancelled()
            case Failed():
                self._on_failed(answer.report)

    def cancel(self) -> None:
        """Stop; what is written stays, and the same export can go on later."""
        self._stopping = True
        if self._step == "loading":
            self._end("cancelled")
        elif self._job is not None:
            self._worker.cancel(self._job)
        elif self._step == "working":
            self._close("partial")

    def on_files_restarted(self) -> None:
        """The files process is a new one: open the export again."""
        if self._step in ("opening", "working", "closing"):
            if self._stopping or self._error is not None:
                self._end("cancelled" if self._error is None else "failed")
            else:
                self._open()

    def on_files_stopped(self, report: ErrorReport) -> None:
        """There is no files process any more."""
        if self._step != "ended":
            self._error = report
            self._end("failed")

    # Steps

    def _begin_if_loaded(self) -> None:
        if self.opened.trouble:
            self._error = ErrorReport("ReadError", self.opened.trouble)
            self._end("failed")
            return
        self._model = self._model_of()
        if self.opened.complete and self._model is not None:
            for index in self._indices:
                if not self.opened.has(index):
                    self._leave_out(index, "NOT_READ", self.opened.why_missing(index))
            self._open()

    def _open(self) -> None:
        stack, model = self.opened.stack, self._model
        assert model is not None  # the first step waits for it
        self._step = "opening"
        self._made.update(self._writing)
        self._writing.clear()
        self._job = self._worker.next_job()
        self._worker.open_export(
            OpenExport(
                self._job,
                stack,
                self.opened.digest,
                self._indices,
                self._plan.geometry(stack),
                self.recipe,
                model,
                self.request.options,
                self._taken_series_numbers,
                self._report,
            )
        )

    def _on_opened(self, answer: ExportOpened) -> None:
        self._step = "working"
        self._export, self._target = answer.export, answer.target
        missing = frozenset(answer.missing)
        self._written = {index for index in self._indices if index not in missing} - self._left_out.keys()
        self._made = {index: pixels for index, pixels in self._made.items() if index in missing}
        todo = [i for i in answer.missing if i not in self._made and i not in self._left_out]
        self._parts.clear()
        self._left = {want.key: want for index in todo for want in self._wants_of(index)}
        self._untouched = [] if self._plan.needs else todo
        if self._stopping:
            self._close("partial")

    def _take_ready(self, result_of: Callable[[ResultKey], Result | None]) -> None:
        self._take_untouched()
        for key, want in list(self._left.items()):
            if len(self._made) >= 2 * self._batch:
                return
            if key not in self._left:  # its slice was given up on the way
                continue
            if not self.opened.has(want.frame):
                self._drop_frame(want.frame)
                self._leave_out(want.frame, "NOT_READ", self.opened.why_missing(want.frame))
            elif (result := result_of(key)) is not None:
                self.on_result(key, result)

    def _take_untouched(self) -> None:
        """Slices that are written as they are."""
        while self._untouched and len(self._made) < 2 * self._batch:
            frame = self._untouched.pop(0)
            pixels = self.opened.pixels(frame)
            if pixels is None:
                self._leave_out(frame, "NOT_READ", self.opened.why_missing(frame))
            else:
                self._made[frame] = pixels.astype(np.float32)

    def _wants_of(self, frame: int) -> list[Want]:
        stack = self.opened.stack
        return [job_want(stack, frame, recipe, self._weights_of) for recipe in self._plan.needs]

    def _drop_frame(self, frame: int) -> None:
        """Nothing more is wanted of a slice."""
        self._parts.pop(frame, None)
        for want in self._wants_of(frame):
            self._left.pop(want.key, None)

    def _go_on(self) -> None:
        # Whatever is made by now: while it is encoded and written the network makes the next.
        if self._made:
            self._writing = dict(islice(sorted(self._made.items()), self._batch))
            for index in self._writing:
                del self._made[index]
            scores = tuple(self._scores.get(index, ()) for index in self._writing)
            self._job = self._worker.write_frames(self._export, self._writing, scores)
        elif not self._left and not self._untouched:
            self._close("finish")

    def _on_written(self, answer: FramesWritten) -> None:
        for index in self._writing.keys() - set(answer.indices):
            # Its file has changed since it was opened; the files process has noted that.
            self._written.add(index)
        self._written.update(answer.indices)
        self._writing.clear()
        if self._stopping:
            self._close("partial")

    def _close(self, keep: Literal["finish", "partial"]) -> None:
        self._step = "closing"
        self._job = self._worker.next_job()
        notes = (*self._left_out.values(), *self._fallbacks.values())
        self._worker.close_export(CloseExport(self._job, self._export, keep, notes))

    def _on_exported(self, answer: Exported) -> None:
        self._target = answer.target
        if self._error is not None:
            self._end("failed", answer)
        else:
            self._end("cancelled" if self._stopping else "done", answer)

    def _on_cancelled(self) -> None:
        if self._step == "opening":
            self._end("cancelled")
        else:
            self._close("partial")

    def _on_failed(self, report: ErrorReport) -> None:
        if self._error is None and self._step in ("working", "closing"):
            # Let go of the folder, so that the same export can go on later.
            self._error = report
            self._close("partial")
        else:
            self._error = self._error or report
            self._end("failed")

    def _end(self, state: JobState, answer: Exported | None = None) -> None:
        self._step = "ended"
        noted = (*self._left_out.values(), *self._fallbacks.values())
        problems = (*noted, *(() if answer is None else answer.problems))
        # Of several slices handed over at once, some may be on disk although there was no room for the rest.
        written = len(self._written) if answer is None or state == "done" else answer.files
        self._on_end(
            ExportEnd(
                state,
                self._target,
                0 if answer is None else answer.files,
                written,
                self.total,
                tuple(dict.fromkeys(problems)),
                self._error,
                (self.total - self.done) * self._frame_bytes // 2 * len(self.request.options.formats),
            )
        )

    def _leave_out(self, index: int, code: str, reason: str) -> None:
        self._left_out[index] = slice_problem(self.opened.stack, index, code, reason, tr("left out"))

    @property
    def _batch(self) -> int:
        return max(1, min(BATCH_FRAMES, BATCH_BYTES // max(self._frame_bytes, 1)))

    @property
    def _frame_bytes(self) -> int:
        """What a slice takes in memory; a file holds two bytes a pixel, half of that."""
        geometry = self._plan.geometry(self.opened.stack)
        return 4 * geometry.rows * geometry.columns
