"""Talks to the files process: scans, loads, thumbnails, headers, exports."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.app.child_worker import ChildWorker
from brainsr_desktop.core.errors import BrainSRError
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io.messages import (
    CloseExport,
    LoadStack,
    MakeThumbnail,
    OpenExport,
    ReadHeader,
    ReadMask,
    ScanSources,
    Scores,
    WriteFrames,
)
from brainsr_desktop.ipc.child import report_of
from brainsr_desktop.ipc.messages import Answer, Failed, JobId, Request
from brainsr_desktop.ipc.shared_array import SharedArray
from brainsr_desktop.session.windows import SeriesRange, measure


@dataclass(frozen=True, slots=True, eq=False)
class BlockMade:
    """The block that a load fills."""

    job: JobId
    block: SharedArray


@dataclass(frozen=True, slots=True)
class Measured:
    """Windows and range of some frames of a stack; None for colour."""

    stack: str
    range: SeriesRange | None


@dataclass(frozen=True, slots=True, eq=False)
class MeasureOrder:
    """Frames to be measured: ``block`` holds stored values, ``indices`` are loaded."""

    stack: StackInfo
    name: str
    block: SharedArray
    indices: tuple[int, ...]
    volume: int
    final: bool


class FilesWorker(ChildWorker):
    """Each method returns the number of the job at once; ``heard`` brings its answers, `BlockMade` and `Measured`."""

    def __init__(self, target: str) -> None:
        super().__init__(target, name="files")
        self._batches: dict[JobId, SharedArray] = {}
        self._blocks: weakref.WeakSet[SharedArray] = weakref.WeakSet()

    def scan(self, paths: tuple[str, ...], *, password: str | None = None) -> JobId:
        """Answers: SeriesBegun*, SeriesFound*, ScanDone."""
        return self._ask(ScanSources(self._client.next_job(), paths, password=password, begun=True))

    def load(
        self, stack: StackInfo, block: SharedArray | None = None, indices: tuple[int, ...] | None = None
    ) -> JobId:
        """Load a stack into a new block (`BlockMade` comes first), or some frames into the one there is."""
        job = self._client.next_job()
        self._post(lambda: self._load(job, stack, block, indices))
        return job

    def thumbnail(self, stack: StackInfo, side_px: int = 96) -> JobId:
        """Answer: ThumbnailMade."""
        return self._ask(MakeThumbnail(self._client.next_job(), stack, side_px))

    def header(self, stack: StackInfo, index: int) -> JobId:
        """Answer: HeaderRead."""
        return self._ask(ReadHeader(self._client.next_job(), stack, index))

    def mask(self, stack: StackInfo, index: int) -> JobId:
        """Answer: MaskRead."""
        return self._ask(ReadMask(self._client.next_job(), stack, index))

    def open_export(self, request: OpenExport) -> JobId:
        """Answer: ExportOpened. The job number of the request is replaced."""
        return self._ask(request)

    def next_job(self) -> JobId:
        """For requests that the caller builds."""
        return self._client.next_job()

    def write_frames(
        self, export: int, frames: Mapping[int, NDArray[np.float32]], scores: tuple[Scores, ...] = ()
    ) -> JobId:
        """Hand frames of one size, and what figures they have, to an open export. Answer: FramesWritten."""
        job = self._client.next_job()
        self._post(lambda: self._write(job, export, dict(frames), scores))
        return job

    def close_export(self, request: CloseExport) -> JobId:
        """Answer: Exported."""
        return self._ask(request)

    def measure(self, order: MeasureOrder) -> None:
        """Measure frames; `Measured` follows."""
        self._post(lambda: self._measure(order))

    def _ask(self, request: Request) -> JobId:
        self._post(lambda: self._send(request))
        return request.job

    def _load(
        self, job: JobId, stack: StackInfo, block: SharedArray | None, indices: tuple[int, ...] | None
    ) -> None:
        if block is None:
            try:
                block = SharedArray.create(stack.shape, stack.dtype)
            except BrainSRError as error:
                self.heard.emit(Failed(job, report_of(error)))
                return
            self._blocks.add(block)
            self.heard.emit(BlockMade(job, block))
        if not block.closed:
            self._send(LoadStack(job, stack, block.ref, indices))

    def _write(
        self, job: JobId, export: int, frames: dict[int, NDArray[np.float32]], scores: tuple[Scores, ...]
    ) -> None:
        pixels = tuple(frames.values())
        try:
            batch = SharedArray.create((len(pixels), *pixels[0].shape), np.float32)
        except BrainSRError as error:
            self.heard.emit(Failed(job, report_of(error)))
            return
        for place, picture in enumerate(pixels):
            batch.array[place] = picture
        self._batches[job] = batch
        self._send(WriteFrames(job, export, tuple(frames), batch.ref, scores))

    def _measure(self, order: MeasureOrder) -> None:
        if order.block.closed:
            return
        found = measure(order.stack, order.block.array, order.indices, order.volume, final=order.final)
        self.heard.emit(Measured(order.name, found))

    def _on_answer(self, answer: Answer) -> None:
        if answer.final and (batch := self._batches.pop(answer.job, None)) is not None:
            batch.close()
        super()._on_answer(answer)

    def _on_stopped(self) -> None:
        # The event that brings a block to its new owner may never be delivered any more.
        for block in self._blocks:
            block.close()

    def _on_reset(self) -> None:
        for batch in self._batches.values():
            batch.close()
        self._batches.clear()
