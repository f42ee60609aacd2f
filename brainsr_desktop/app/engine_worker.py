"""Talks to the engine process: devices, warming up, slices."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.app.child_worker import ChildWorker
from brainsr_desktop.core.errors import BadOutput, BrainSRError
from brainsr_desktop.core.geometry import Geometry
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.engine.messages import ImportModel, Infer, Inferred, ListDevices, Prepare
from brainsr_desktop.ipc.child import report_of
from brainsr_desktop.ipc.messages import Answer, ArrayRef, Failed, JobId
from brainsr_desktop.ipc.shared_array import SharedArray
from brainsr_desktop.session.cache import Result

log = logging.getLogger(__name__)

SILENCE_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Order:
    """A slice to be made: everything the engine needs but a place for the result."""

    recipe: Recipe
    source: ArrayRef
    frame: int
    slice_index: int
    geometry: Geometry
    range_max: float = 0.0
    padding: tuple[float, float] | None = None
    """Stored values that are no image."""


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A slice was made. Its pixels are a copy: the block is used again."""

    job: JobId
    result: Result


class EngineWorker(ChildWorker):
    """Methods return the number of the job at once; ``heard`` brings `Made` for a slice, else the child's answers."""

    def __init__(self, target: str, *, silence_s: float = SILENCE_S) -> None:
        super().__init__(target, name="network", silence_s=silence_s)
        self._free: list[SharedArray] = []
        self._targets: dict[JobId, tuple[SharedArray, ...]] = {}
        """Where the slice comes to, and in careful mode also its spread."""

    def list_devices(self) -> JobId:
        """Answer: Devices."""
        job = self._client.next_job()
        self._post(lambda: self._send(ListDevices(job)))
        return job

    def prepare(self, recipe: Recipe) -> JobId:
        """Answer: Prepared."""
        job = self._client.next_job()
        self._post(lambda: self._send(Prepare(job, recipe)))
        return job

    def import_model(self, source: str) -> JobId:
        """Answer: ModelImported."""
        job = self._client.next_job()
        self._post(lambda: self._send(ImportModel(job, source)))
        return job

    def infer(self, order: Order) -> JobId:
        """Make a slice. `Made` follows, or an answer that says why not."""
        job = self._client.next_job()
        self._post(lambda: self._infer(job, order))
        return job

    def _infer(self, job: JobId, order: Order) -> None:
        scale = order.recipe.scale
        shape = scale * order.geometry.rows, scale * order.geometry.columns
        try:
            blocks = self._blocks(shape, 2 if order.recipe.careful else 1)
        except BrainSRError as error:
            self.heard.emit(Failed(job, report_of(error)))
            return
        self._targets[job] = blocks
        self._send(
            Infer(
                job,
                order.recipe,
                order.source,
                order.frame,
                order.slice_index,
                order.geometry,
                blocks[0].ref,
                order.range_max,
                order.padding,
                blocks[1].ref if blocks[1:] else None,
            )
        )

    def _blocks(self, shape: tuple[int, int], count: int) -> tuple[SharedArray, ...]:
        """So many blocks of a shape; free ones of other shapes are given back."""
        kept = [block for block in self._free if block.array.shape == shape]
        for block in self._free:
            if block not in kept:
                block.close()
        self._free = kept
        while len(self._free) < count:
            self._free.append(SharedArray.create(shape, np.float32))
        blocks, self._free = tuple(self._free[:count]), self._free[count:]
        return blocks

    def _on_answer(self, answer: Answer) -> None:
        blocks = self._targets.pop(answer.job, None) if answer.final else None
        if blocks is None:
            super()._on_answer(answer)
            return
        if isinstance(answer, Inferred):
            self.heard.emit(self._made(answer, *blocks))
        else:
            super()._on_answer(answer)
        self._free += blocks

    def _made(
        self, answer: Inferred, target: SharedArray, spread: SharedArray | None = None
    ) -> Made | Failed:
        place = answer.geometry
        fits = 0 < answer.rows <= target.array.shape[0] and 0 < answer.columns <= target.array.shape[1]
        if not fits or (place.rows, place.columns) != (answer.rows, answer.columns):
            return Failed(answer.job, report_of(BadOutput("The network's picture has a wrong size.")))
        return Made(
            answer.job,
            Result(
                _copy(target, answer),
                place,
                answer.seconds,
                answer.backend,
                answer.device,
                answer.scores,
                answer.notes,
                answer.fallback,
                _copy(spread, answer) if answer.has_spread and spread is not None else None,
                answer.numbers,
            ),
        )

    def _on_reset(self) -> None:
        for block in (*self._free, *chain.from_iterable(self._targets.values())):
            block.close()
        self._free.clear()
        self._targets.clear()


def _copy(block: SharedArray, answer: Inferred) -> NDArray[np.float32]:
    pixels = np.array(block.array[: answer.rows, : answer.columns], np.float32)
    pixels.flags.writeable = False
    return pixels
