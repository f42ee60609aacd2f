"""The export lane of the files process: open, write slices as they are enhanced, close.

An export is complete under its final name or lies, whole in every file, under ``.partial`` and can go on.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID, uuid4

import numpy as np

from brainsr_desktop.core.errors import BrainSRError, InternalError, Problem, UsageError, WriteError
from brainsr_desktop.core.geometry import Geometry
from brainsr_desktop.core.recipe import DEGRADED
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io import export_names
from brainsr_desktop.io.dicom_sources import SourceSlice
from brainsr_desktop.io.export_job import ExportJob
from brainsr_desktop.io.export_plan import PlannedFrame, fingerprint, plan, possible_formats
from brainsr_desktop.io.export_records import JobRecord
from brainsr_desktop.io.export_report import read_report
from brainsr_desktop.io.export_source import SourceFiles, check_source
from brainsr_desktop.io.export_target import (
    Target,
    check_not_in_source,
    check_space,
    choose_target,
    move_into_place,
    needed_bytes,
    probe,
)
from brainsr_desktop.io.export_values import stored_differences, stored_values
from brainsr_desktop.io.messages import (
    CloseExport,
    Exported,
    ExportOpened,
    FramesWritten,
    OpenExport,
    WriteFrames,
)
from brainsr_desktop.ipc.shared_array import attach
from brainsr_desktop.language import mark, tr

log = logging.getLogger(__name__)

SAME_PLACE: Final = 1e-6
"""Relative difference of spacings that counts as none."""


class Context(Protocol):
    """What the export needs of the job it works for (`ipc.child.JobContext`)."""

    def progress(self, done: int, total: int, note: str = "") -> None: ...

    def check_cancelled(self) -> None: ...


class Exports:
    """The exports that are open in this process. Handlers of one lane: never two at a time."""

    def __init__(self) -> None:
        self._jobs: dict[int, ExportJob] = {}
        self._finished: dict[int, tuple[Target, tuple[Problem, ...]]] = {}
        self._count = 0

    def open(self, request: OpenExport, ctx: Context) -> ExportOpened:
        """Check everything that can be checked before a network runs, and find or begin the export.

        Raises:
            UsageError, InternalError: the request is wrong.
            NotWritable, DiskFull, WriteError: the target cannot be used, is in use, or no format is possible.
            ReadError: the source has changed since it was opened.
        """
        self._count += 1
        opened = _open(request, ctx)
        if isinstance(opened, ExportJob):
            self._jobs[self._count] = opened
            return ExportOpened(request.job, self._count, str(opened.target.final), opened.missing, False)
        target, problems = opened
        self._finished[self._count] = target, problems
        return ExportOpened(request.job, self._count, str(target.final), (), True)

    def write(self, request: WriteFrames, ctx: Context) -> FramesWritten:
        """Write slices from a shared block; the answer names those that are safe on disk.

        A slice whose source has changed is left out and told of at the end. After any error the export can go on.
        """
        job = self._job(request.export)
        written: list[int] = []
        with attach(request.pixels) as block:
            if block.dtype != np.float32 or len(block) < len(request.indices):
                raise InternalError("Slices for an export come as float32, one for each index.")
            for done, index in enumerate(request.indices):
                ctx.check_cancelled()
                scores = request.scores[done] if done < len(request.scores) else ()
                if job.write(index, block[done].astype(np.float32, copy=False), scores):
                    written.append(index)
                ctx.progress(done + 1, len(request.indices))
        return FramesWritten(request.job, tuple(written))

    def close(self, request: CloseExport, ctx: Context) -> Exported:
        """End an export. ``finish`` reads back and renames; ``partial`` keeps what is there; ``delete`` removes it.

        If finishing fails or is cancelled the export stays open, so that it can be finished again, kept or deleted.
        """
        if request.export in self._finished:
            return self._close_finished(request)
        job = self._job(request.export)
        target = job.target
        if request.keep == "finish":

            def tick(done: int, total: int, note: str) -> None:
                ctx.check_cancelled()
                ctx.progress(done, total, note)

            folder, files, clipped = job.finish(request.notes, tick)
            del self._jobs[request.export]
            return Exported(request.job, str(folder), files, clipped, tuple(job.problems))
        del self._jobs[request.export]
        target.release()
        if request.keep == "delete":
            shutil.rmtree(target.partial)
        return Exported(request.job, str(target.partial), job.written, 0, tuple(job.problems))

    def end(self) -> None:
        """Let go of every open export, at the end of the process; their partial folders stay."""
        targets = [job.target for job in self._jobs.values()] + [
            target for target, _ in self._finished.values()
        ]
        for target in targets:
            target.release()
        self._jobs.clear()
        self._finished.clear()

    def _job(self, number: int) -> ExportJob:
        if number not in self._jobs:
            raise UsageError(
                tr("This export is not open any more."),
                advice=tr("Start it again: it goes on where it stopped."),
            )
        return self._jobs[number]

    def _close_finished(self, request: CloseExport) -> Exported:
        target, problems = self._finished.pop(request.export)
        folder = target.final
        if not target.is_complete:
            folder, more = move_into_place(target)
            problems = (*problems, *more)
        content = read_report(folder) or {"files": [], "clipped_pixels": 0}
        return Exported(request.job, str(folder), len(content["files"]), content["clipped_pixels"], problems)


def _open(request: OpenExport, ctx: Context) -> ExportJob | tuple[Target, tuple[Problem, ...]]:
    stack, options = request.stack, request.options
    frames, left_out = plan(stack, request.indices)
    formats, refused = possible_formats(request, frames)
    if not frames:
        reason = left_out[0].reason if left_out else tr("no slice was chosen")
        raise UsageError(tr("There is nothing to export: {reason}.", reason=reason))
    if not options.formats:
        raise UsageError(tr("No file format was chosen for the export."))
    if not formats:
        raise WriteError(
            tr(
                "This series cannot be exported: {reason} ({code}).",
                reason=refused[0].reason,
                code=refused[0].code,
            ),
            advice=tr(_ADVICE),
        )
    folder = Path(options.folder)
    check_not_in_source(folder, stack)
    geometry = _geometry(request)
    probe(folder)
    sources = SourceFiles(stack)
    source_range = check_source(request, ctx.check_cancelled)
    values = (
        stored_differences(stack) if options.picture == "difference" else stored_values(stack, source_range)
    )
    groups, heads = _groups(stack, frames, sources)
    key = _key(options.anonymise_key)
    numbers = _series_numbers(request, len(set(groups.values())))
    name = _name(request, numbers[0], heads)
    mark, key_check = fingerprint(request, frames, formats), _check_of(key) if options.anonymise else ""

    def begin() -> JobRecord:
        return JobRecord(
            job=str(uuid4()),
            started=datetime.now(UTC).astimezone().replace(tzinfo=None).isoformat(timespec="microseconds"),
            fingerprint=mark,
            key=key_check,
            name=name,
            formats=tuple(formats),
            series_numbers=numbers,
            values=values,
            model=request.model,
            volume_step_s=_volume_step_s(heads),
        )

    target = choose_target(
        folder,
        name,
        mark,
        key_check,
        overwrite=options.overwrite,
        begin=begin,
        always_new=options.always_new,
    )
    problems = (*left_out, *refused)
    if target.journal is None:
        return target, problems
    job = ExportJob(
        request, frames, tuple(formats), geometry, target, target.journal, sources, groups, key, problems
    )
    bytes_a_value = np.dtype(values.dtype).itemsize
    try:
        check_space(
            folder, needed_bytes(len(job.missing), geometry.rows, geometry.columns, formats, bytes_a_value)
        )
    except BrainSRError:
        target.release()
        if not job.written:
            shutil.rmtree(target.partial)
        raise
    return job


_ADVICE: Final = mark("Choose another format, or export the series without changes from its source.")


def _geometry(request: OpenExport) -> Geometry:
    """The enlarged stack: matrix and spacing as asked for, positions by the half-pixel rule, outer edges unmoved."""
    source, asked = request.stack.geometry, request.geometry
    if request.options.picture == "original":
        return source
    row_mm, column_mm = asked.spacing_mm
    if request.recipe.degradation is None and request.recipe.model != DEGRADED:
        enlarged = source.enlarged(request.recipe.scale)
        near = np.allclose(asked.spacing_mm, enlarged.spacing_mm, rtol=SAME_PLACE, atol=0.0)
        if (asked.rows, asked.columns) != (enlarged.rows, enlarged.columns) or not near:
            raise InternalError(
                f"The pictures to export have {asked.rows} x {asked.columns} pixels where a factor of "
                f"{request.recipe.scale} gives {enlarged.rows} x {enlarged.columns}."
            )
        return enlarged
    shift = (column_mm - source.spacing_mm[1]) / 2 * np.asarray(source.row_direction)
    shift = shift + (row_mm - source.spacing_mm[0]) / 2 * np.asarray(source.column_direction)
    moved = np.asarray(source.positions_mm) + shift
    positions = tuple((float(x), float(y), float(z)) for x, y, z in moved)
    return replace(
        source, rows=asked.rows, columns=asked.columns, spacing_mm=asked.spacing_mm, positions_mm=positions
    )


def _groups(
    stack: StackInfo, frames: Sequence[PlannedFrame], sources: SourceFiles
) -> tuple[dict[int, int], list[SourceSlice]]:
    """The output series of each volume (those of one kind share one), and the first header of each volume."""
    if stack.kind != "dicom":
        return dict.fromkeys({item.volume for item in frames}, 0), []
    first: dict[int, PlannedFrame] = {}
    for item in sorted(frames, key=lambda item: item.index):
        first.setdefault(item.volume, item)
    heads = {volume: sources.slice(item.frame) for volume, item in first.items()}
    kinds = list(dict.fromkeys(head.output_kind for head in heads.values()))
    return {volume: kinds.index(head.output_kind) for volume, head in heads.items()}, list(heads.values())


def _series_numbers(request: OpenExport, count: int) -> tuple[int, ...]:
    numbers: list[int] = []
    for _ in range(count):
        taken = (*request.taken_series_numbers, *numbers)
        numbers.append(export_names.series_number(request.stack.series_number, request.recipe.scale, taken))
    return tuple(numbers)


def _name(request: OpenExport, number: int, heads: Sequence[SourceSlice]) -> str:
    options = request.options
    facts = export_names.NameFacts(
        number,
        request.model.id,
        request.recipe.scale,
        options.picture,
        heads[0].readable("PatientName") if heads else "",
        heads[0].readable("PatientID") if heads else "",
        heads[0].string("StudyDate") if heads else "",
    )
    hidden = options.anonymise or options.hide_patient
    return export_names.target_name(
        request.stack, options.name_pattern, facts, hidden=hidden, anonymise=options.anonymise
    )


def _key(text: str) -> UUID:
    try:
        return UUID(text) if text else uuid4()
    except ValueError:
        raise UsageError(tr("The key for removing patient data is no UUID.")) from None


def _check_of(key: UUID) -> str:
    """Tells whether two runs have the same key without giving it away: a hash of 122 random bits."""
    return hashlib.sha256(b"brainsr anonymising key\n" + key.bytes).hexdigest()[:32]


def _volume_step_s(heads: Sequence[SourceSlice]) -> float:
    """Repetition time in seconds where there is more than one volume, else 0."""
    try:
        return float(heads[0].string("RepetitionTime")) / 1000.0 if len(heads) > 1 else 0.0
    except ValueError:
        return 0.0
