"""Series from their files through the engine to folders of their own: the work of `brainsr enhance` and `degrade`."""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, Literal, cast

import numpy as np

from brainsr_desktop.cli.console import Console, path_text
from brainsr_desktop.cli.engine_pool import EnginePool
from brainsr_desktop.cli.outcomes import Outcome, Status, Tally
from brainsr_desktop.cli.sources import FILES_CHILD, scan
from brainsr_desktop.core.errors import (
    BrainSRError,
    Cancelled,
    InputUnsuitable,
    InternalError,
    InUse,
    Problem,
    ReadError,
)
from brainsr_desktop.core.geometry import Geometry
from brainsr_desktop.core.measure import padding_of
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.engine.pipeline import FALLBACK, FLAT, Engine, Enhanced, Ready
from brainsr_desktop.io.export_names import taken_numbers
from brainsr_desktop.io.messages import (
    CloseExport,
    Exported,
    ExportOpened,
    ExportOptions,
    FrameLoaded,
    LoadStack,
    ModelNote,
    OpenExport,
    ReportNote,
    StackLoaded,
    WriteFrames,
)
from brainsr_desktop.ipc.client import BlockingClient
from brainsr_desktop.ipc.messages import Answer, ArrayRef, JobId
from brainsr_desktop.ipc.shared_array import SharedArray, sweep_stale
from brainsr_desktop.models.catalog import Catalog

log = logging.getLogger(__name__)

IN_USE_PAUSE_S: Final = 0.5
NO_FAILURE: Final = frozenset({"UNSUITABLE_VOLUME", "MISSING_SLICE", "CLIPPED", FLAT})
"""Codes of problems that do not mean that something asked for is missing from the result."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is the same for every series.

    ``geometry`` gives the place of the results from that of the source, ``report`` what a report says of the model.
    """

    recipe: Recipe
    model: ModelNote
    options: ExportOptions
    geometry: Callable[[Geometry], Geometry]
    slices: range | None = None
    report: ReportNote = field(default_factory=ReportNote)

    def on(self, engine: Ready) -> Plan:
        """The plan for an engine that is ready."""
        return replace(self, model=replace(self.model, backend=engine.backend, device=engine.device))


def run(options: argparse.Namespace, console: Console, plan: Plan, catalog: Catalog) -> int:
    """Scan, then take series after series; the exit status."""
    sweep_stale()
    with (
        Tally(options, console, plan.model.id) as tally,
        EnginePool(catalog, options.jobs) as pool,
        BlockingClient(FILES_CHILD, name="files") as files,
    ):
        ready = pool.prepare(plan.recipe)
        found = scan(files, options.paths, console)
        stacks = found.chosen(options.series)
        engine = ready.result()
        console.detail(
            f"The engine is {engine.backend} on {engine.device}, ready after {engine.seconds:.1f} s"
        )
        plan = plan.on(engine)
        exporter = SeriesExport(files, pool, plan, console)
        taken = taken_numbers(found.stacks, plan.recipe.scale)
        tally.expect(len(stacks))
        for count, stack in enumerate(stacks, 1):
            title = title_of(stack, count, len(stacks))
            tally.add(exporter.run(stack, taken[stack.id], title), title)
        return tally.end()


def title_of(stack: StackInfo, count: int, total: int) -> str:
    """What a series is called in messages."""
    return f"{count}/{total} {stack.description or 'series ' + stack.id}"


class SeriesExport:
    """Takes one series after the other; what fails in one does not stop the next.

    ``patience_s``: how long to wait for another process that has the same export in hand.
    """

    def __init__(
        self,
        files: BlockingClient,
        pool: EnginePool,
        plan: Plan,
        console: Console,
        *,
        patience_s: float = 0.0,
    ) -> None:
        self._files = files
        self._pool = pool
        self._plan = plan
        self._console = console
        self._patience_s = patience_s
        self._written = 0

    def run(self, stack: StackInfo, taken_numbers: tuple[int, ...], title: str) -> Outcome:
        """The whole way of one series, whose result gets none of those series numbers; errors are in the outcome."""
        started = time.monotonic()
        try:
            status, ended, problems, slices = self._export(stack, taken_numbers, title)
        except BrainSRError as error:
            log.warning("A series failed", exc_info=True)
            return _failed(stack, started, error)
        except Cancelled:
            raise
        # The boundary: what nobody foresaw in one series must not stop the thousands behind it.
        except Exception as error:
            log.exception("A series failed unforeseen")
            unforeseen = InternalError(f"Something went wrong: {type(error).__name__}.")
            return _failed(stack, started, unforeseen)
        failures = [problem.reason for problem in problems if problem.code not in NO_FAILURE]
        return Outcome(
            stack.series_uid,
            status,
            ended.target,
            slices,
            time.monotonic() - started,
            "; ".join(dict.fromkeys(failures)) or None,
        )

    def _export(
        self, stack: StackInfo, taken_numbers: tuple[int, ...], title: str
    ) -> tuple[Status, Exported, list[Problem], int]:
        if stack.why_not is not None:
            raise InputUnsuitable(f"This series cannot be enhanced: {stack.why_not}.")
        indices = self._usable(stack)
        with closing(SharedArray.create(stack.shape, stack.dtype)) as source:
            digest, damaged = self._load(stack, indices, source, title)
            if len(damaged) == len(indices):
                raise ReadError(f"Not one slice could be read: {next(iter(damaged.values())).reason}")
            asked = tuple(index for index in self._chosen(stack) if index not in damaged)
            opened = self._open(
                lambda job: OpenExport(
                    job,
                    stack,
                    digest,
                    asked,
                    self._plan.geometry(stack.geometry),
                    self._plan.recipe,
                    self._plan.model,
                    self._plan.options,
                    taken_numbers,
                    self._plan.report,
                    loaded_indices=indices,
                )
            )
            notes = list(damaged.values())
            self._written = 0
            try:
                if not opened.complete:
                    notes += self._write(stack, source, opened, title)
                ended = cast(
                    Exported,
                    self._files.call(lambda job: CloseExport(job, opened.export, notes=tuple(notes))),
                )
            except BaseException:  # Ctrl-C too: what is written stays whole, and the export can go on
                self._leave(opened, len(indices) - len(damaged))
                raise
        status: Status = "skipped" if opened.complete else "done"
        problems = list(dict.fromkeys((*ended.problems, *notes)))
        return status, ended, problems, len(indices) - len(damaged)

    def _open(self, request: Callable[[JobId], OpenExport]) -> ExportOpened:
        """Open the export, once whoever has it in hand lets go of it."""
        deadline = time.monotonic() + self._patience_s
        while True:
            try:
                return cast(ExportOpened, self._files.call(request))
            except InUse:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(IN_USE_PAUSE_S)

    def _chosen(self, stack: StackInfo) -> tuple[int, ...]:
        """The pictures of the chosen slices, in every volume."""
        wanted = range(stack.slices) if self._plan.slices is None else self._plan.slices
        numbers = [number for number in wanted if number < stack.slices]
        if not numbers:
            raise ReadError(f"--slices: the series has {stack.slices} slices, none of those asked for.")
        return tuple(volume * stack.slices + number for volume in range(stack.volumes) for number in numbers)

    def _usable(self, stack: StackInfo) -> tuple[int, ...]:
        """Those of the chosen pictures that are there and may be enhanced; the export names the others."""
        usable = tuple(
            index
            for index in self._chosen(stack)
            if stack.frames[index] is not None and stack.volume_unsuitable[index // stack.slices] is None
        )
        if not usable:
            raise ReadError("None of the chosen slices can be used.")
        return usable

    def _load(
        self, stack: StackInfo, indices: tuple[int, ...], source: SharedArray, title: str
    ) -> tuple[str, dict[int, Problem]]:
        """Decode into the block; the digest of the pixels, and the pictures that could not be decoded."""
        damaged: dict[int, Problem] = {}
        with self._console.bar(len(indices), f"{title}: reading") as bar:

            def on_answer(answer: Answer) -> None:
                if isinstance(answer, FrameLoaded):
                    bar.update(1)
                    if answer.problem is not None:
                        damaged[answer.index] = answer.problem

            loaded = self._files.call(lambda job: LoadStack(job, stack, source.ref, indices), on_answer)
        for problem in damaged.values():
            self._console.warn(f"{title}: {path_text(problem.path)}: {problem.reason}")
        return cast(StackLoaded, loaded).digest, damaged

    def _write(
        self, stack: StackInfo, source: SharedArray, opened: ExportOpened, title: str
    ) -> list[Problem]:
        """Make what is missing and write it; what is to be said of single slices."""
        self._console.detail(f"{title}: {len(opened.missing)} slices to make")
        pixels, recipe = source.array, self._plan.recipe

        def make(engine: Engine, check_cancelled: Callable[[], None], index: int) -> Enhanced:
            number = index % stack.slices
            frame, stored = stack.frames[index], np.asarray(pixels[index], np.float32)
            limits = None if frame is None else frame.padding
            return engine.enhance(
                stored,
                recipe,
                stack.geometry.slice(number),
                slice_index=number,
                padding=None if limits is None else padding_of(stored, *limits),
                check_cancelled=check_cancelled,
            )

        place = self._plan.geometry(stack.geometry)
        problems: list[Problem] = []
        with (
            closing(SharedArray.create((1, place.rows, place.columns), np.float32)) as target,
            self._console.bar(len(opened.missing), title) as bar,
        ):
            for index, made in self._pool.run(make, opened.missing):
                target.array[0] = made.pixels
                self._files.call(partial(_write_request, opened.export, index, target.ref))
                self._written += 1
                problems += self._noted(made, index, stack, title)
                bar.update(1)
        return problems

    def _noted(self, made: Enhanced, index: int, stack: StackInfo, title: str) -> Iterable[Problem]:
        volume, number = divmod(index, stack.slices)
        where = f"slice {number + 1}" + (f" of volume {volume + 1}" if stack.volumes > 1 else "")
        for note in made.notes:
            code = next((code for code in (FALLBACK, FLAT) if note.startswith(code)), "")
            text = note.removeprefix(f"{code}: ") if code else note
            (self._console.warn if code == FALLBACK else self._console.detail)(f"{title}: {where}: {text}")
            if code:
                done = "cubic interpolation" if code == FALLBACK else "kept as it is"
                yield Problem("", code, f"{where}: {text}", done)

    def _leave(self, opened: ExportOpened, wanted: int) -> None:
        """Keep what is finished so that the same command can go on; leave nothing where there is nothing to keep."""
        has_some = self._written > 0 or len(opened.missing) < wanted
        keep: Literal["partial", "delete"] = "partial" if has_some else "delete"
        with suppress(
            BrainSRError
        ):  # the files process may be what failed; what lies on disk can go on all the same
            self._files.call(lambda job: CloseExport(job, opened.export, keep))


def _failed(stack: StackInfo, started: float, error: BrainSRError) -> Outcome:
    message = f"{error.message} {error.advice}".strip()
    return Outcome(stack.series_uid, "failed", None, 0, time.monotonic() - started, message, error)


def _write_request(export: int, index: int, pixels: ArrayRef, job: JobId) -> WriteFrames:
    return WriteFrames(job, export, (index,), pixels)
