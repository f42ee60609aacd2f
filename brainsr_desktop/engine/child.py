"""The engine process: one engine, one request at a time; Cancel is seen inside and between tiles."""

from __future__ import annotations

import math
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import psutil

from brainsr_desktop.core.errors import InternalError
from brainsr_desktop.core.measure import padding_of
from brainsr_desktop.engine.importing import import_model
from brainsr_desktop.engine.messages import (
    Devices,
    ImportModel,
    Infer,
    Inferred,
    ListDevices,
    ModelImported,
    Prepare,
    Prepared,
)
from brainsr_desktop.engine.pipeline import Engine, Enhanced
from brainsr_desktop.ipc.child import JobContext, serve
from brainsr_desktop.ipc.messages import ArrayRef
from brainsr_desktop.ipc.shared_array import attach
from brainsr_desktop.models.catalog import load_catalog

BEHIND: Final = 10
"""Niceness of the engine process."""


def main(connection: Connection) -> None:
    """Entry point, named by text: "brainsr_desktop.engine.child:main"."""
    _step_behind_the_window()
    serve_engine(connection, Engine())


def _step_behind_the_window() -> None:
    """The engine takes every core; with a lower priority than the window's, scrolling stays smooth meanwhile."""
    with suppress(psutil.Error, OSError):  # a system that does not allow it loses smoothness only
        psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else BEHIND)


def serve_engine(connection: Connection, engine: Engine) -> None:
    """Answer requests with this engine until the pipe closes."""
    handlers = Handlers(engine)
    serve(
        connection,
        {
            ListDevices: handlers.list_devices,
            Prepare: handlers.prepare,
            ImportModel: handlers.import_model,
            Infer: handlers.infer,
        },
    )


class Handlers:
    """The requests of `engine.messages`, answered by one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def list_devices(self, request: ListDevices, context: JobContext) -> Devices:  # noqa: ARG002 - every handler has it
        """What there is to run on."""
        return Devices(request.job, self._engine.devices())

    def prepare(self, request: Prepare, context: JobContext) -> Prepared:
        """Load a model."""
        context.check_cancelled()
        ready = self._engine.prepare(request.recipe)
        return Prepared(request.job, ready.backend, ready.device, ready.seconds)

    def import_model(self, request: ImportModel, context: JobContext) -> ModelImported:
        """Check and install a model; the engine knows it from then on."""
        context.check_cancelled()
        made = import_model(Path(request.source))
        self._engine.catalog = load_catalog()
        card = made.card
        return ModelImported(request.job, card.name, card.title, card.scale, made.seconds)

    def infer(self, request: Infer, context: JobContext) -> Inferred:
        """Make one slice and put it into the upper left corner of the target."""
        _check_blocks(request)
        with attach(_one_frame(request)) as source, attach(request.target) as target:
            pixels = np.asarray(source[request.frame], np.float32)
            done = self._engine.enhance(
                pixels,
                request.recipe,
                request.geometry,
                slice_index=request.slice_index,
                range_max=request.range_max,
                padding=None if request.padding is None else padding_of(pixels, *request.padding),
                check_cancelled=context.check_cancelled,
                progress=context.progress,
            )
            rows, columns = _put(done.pixels, target)
            has_spread = _put_spread(done, request)
        return Inferred(
            request.job,
            rows,
            columns,
            done.geometry,
            done.seconds,
            done.backend,
            done.device,
            tuple(done.scores.items()),
            done.notes,
            done.fallback,
            has_spread,
            done.numbers,
        )


def _one_frame(request: Infer) -> ArrayRef:
    """The block up to the wanted frame: a mapping costs nothing, only what is read becomes memory."""
    source = request.source
    return ArrayRef(source.block, (request.frame + 1, *source.shape[1:]), source.dtype)


def _check_blocks(request: Infer) -> None:
    source, target = request.source, request.target
    if len(source.shape) != 3 or np.dtype(source.dtype).kind not in "iuf":
        raise InternalError(
            f"A source block of numbers (frames, rows, columns) is needed, not {source.shape}."
        )
    if not 0 <= request.frame < source.shape[0]:
        raise InternalError(f"There is no frame {request.frame} in a block of {source.shape[0]}.")
    if source.shape[1:] != (request.geometry.rows, request.geometry.columns):
        raise InternalError("The geometry of a slice does not fit its block.")
    if len(target.shape) != 2 or np.dtype(target.dtype) != np.float32:
        raise InternalError("A target block (rows, columns) float32 is needed.")
    spread = request.spread
    if spread is not None and (spread.shape != target.shape or np.dtype(spread.dtype) != np.float32):
        raise InternalError("A block for the spread is as large as the target, float32.")
    if not math.isfinite(request.range_max):
        raise InternalError("The range of a series must be a number.")


def _put_spread(done: Enhanced, request: Infer) -> bool:
    """Whether there is a spread and a place for it; it is there now."""
    if done.spread is None or request.spread is None:
        return False
    with attach(request.spread) as block:
        _put(done.spread, block)
    return True


def _put(pixels: npt.NDArray[np.float32], target: npt.NDArray[np.generic]) -> tuple[int, int]:
    rows, columns = pixels.shape
    if rows > target.shape[0] or columns > target.shape[1]:
        raise InternalError(f"A slice of {rows} x {columns} does not fit into a target of {target.shape}.")
    target[:rows, :columns] = pixels
    return rows, columns
