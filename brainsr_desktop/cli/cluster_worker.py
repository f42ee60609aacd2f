"""What a Dask worker does for `brainsr enhance --dask`: one series at a time in each of its threads.

A worker may be killed at any time and the scheduler may give its series to another one. Nothing is lost or written
twice by that: an unfinished export is locked by the process that writes it, every finished slice in it is kept, and a
folder gets its final name by one rename.
"""

from __future__ import annotations

import multiprocessing
import os
import platform
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from brainsr_desktop import __version__
from brainsr_desktop.cli.console import Console
from brainsr_desktop.cli.engine_pool import EnginePool
from brainsr_desktop.cli.outcomes import Outcome
from brainsr_desktop.cli.series_export import Plan, SeriesExport
from brainsr_desktop.cli.sources import FILES_CHILD
from brainsr_desktop.core.errors import BrainSRError, Cancelled, EngineError
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.engine.threads import VARIABLE as THREADS
from brainsr_desktop.ipc.client import BlockingClient
from brainsr_desktop.models.catalog import load_catalog

IN_USE_PATIENCE_S: Final = 600.0
"""A worker that lost its scheduler goes on for a while with a series that another one was given."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What must be the same for the command and a worker.

    ``token`` is a file in the folder for the results, ``source`` one of the files to read and its size in bytes.
    ``weights`` is the hash of the model's weights, "" for an interpolation.
    """

    version: str
    model: str
    scale: int
    weights: str
    token: str
    source: tuple[str, int]


@dataclass(frozen=True, slots=True)
class Task:
    """One series. ``run`` names the command's run, ``jobs`` is how many slices are made at a time."""

    run: str
    needs: Needs
    plan: Plan
    jobs: int
    stack: StackInfo
    taken_numbers: tuple[int, ...]
    title: str


@dataclass(frozen=True, slots=True)
class Answer:
    """How the series ended, and what there was to say meanwhile."""

    outcome: Outcome
    warnings: tuple[str, ...]


def unfit(needs: Needs) -> str:
    """Why this process cannot do such work; empty if it can."""
    if multiprocessing.current_process().daemon:
        return (
            "it may not start processes; start workers with --no-nanny, or with "
            "DASK_DISTRIBUTED__WORKER__DAEMON=False in their environment"
        )
    if needs.version != __version__:
        return f"it has version {__version__} of BrainSR Desktop and this command {needs.version}"
    if not Path(needs.token).is_file():
        return f"it does not see the folder for the results, {Path(needs.token).parent}"
    path, size = needs.source
    try:
        same = Path(path).stat().st_size == size
    except OSError:
        same = False
    if not same:
        return f"it does not see the source files, {Path(path).parent} for one"
    try:
        card = load_catalog().find(needs.model, needs.scale)
    except BrainSRError as error:
        return error.message
    return "" if card.weights_sha256 == needs.weights else f"its model {needs.model} has other weights"


def enhance_series(task: Task) -> Answer:
    """Take one series from its files to its folder; called by Dask.

    Raises:
        EngineError: this worker cannot do this work at all.
        Cancelled: the command was stopped; what is written stays and can go on.
    """
    bench = _begin(task)
    try:
        warnings: list[str] = []
        exporter = SeriesExport(
            bench.files, bench.pool, bench.plan, _Notes(warnings), patience_s=IN_USE_PATIENCE_S
        )
        return Answer(exporter.run(task.stack, task.taken_numbers, task.title), tuple(warnings))
    finally:
        _end(bench)


def release(run: str) -> None:
    """End a run on this worker: stop what it still does, let go of its processes and models."""
    with _lock:
        _ended.add(run)
        for bench in [bench for bench in _benches.values() if bench.run == run]:
            bench.pool.stop()
            if not bench.busy:
                _close(bench)


class _Notes(Console):
    """Keeps warnings for the command's own terminal."""

    def __init__(self, warnings: list[str]) -> None:
        super().__init__(quiet=True)
        self._warnings = warnings

    def warn(self, text: str) -> None:
        self._warnings.append(text)


@dataclass(slots=True)
class _Bench:
    """The files process and the engine of one of the worker's threads, kept from series to series of a run."""

    run: str
    pool: EnginePool
    files: BlockingClient
    plan: Plan
    close: Callable[[], None]
    busy: bool = True


_lock: Final = threading.Lock()
_benches: Final[dict[int, _Bench]] = {}
"""By thread; read and changed under the lock."""
_ended: Final[set[str]] = set()


def _begin(task: Task) -> _Bench:
    with _lock:
        bench = _benches.get(threading.get_ident())
        if bench is not None and bench.run != task.run:  # its command was killed and never said that it ended
            _close(bench)
            bench = None
        if bench is not None:
            bench.busy = True
    if bench is None:
        bench = _new_bench(task)
        with _lock:
            _benches[threading.get_ident()] = bench
    if task.run in _ended:
        _end(bench)
        raise Cancelled
    return bench


def _end(bench: _Bench) -> None:
    with _lock:
        bench.busy = False
        if bench.run in _ended:
            _close(bench)


def _close(bench: _Bench) -> None:
    """Called under the lock."""
    for thread in [thread for thread, known in _benches.items() if known is bench]:
        del _benches[thread]
    bench.close()


def _new_bench(task: Task) -> _Bench:
    reason = unfit(task.needs)
    if reason:
        raise EngineError(f"A worker on {platform.node()} cannot be used: {reason}.")
    # As many series at a time as the worker has threads, so one thread for each; the user may say otherwise.
    os.environ.setdefault(THREADS, "1")
    with ExitStack() as opened:
        pool = opened.enter_context(EnginePool(load_catalog(), task.jobs))
        ready = pool.prepare(task.plan.recipe)
        files = opened.enter_context(BlockingClient(FILES_CHILD, name="files"))
        plan = task.plan.on(ready.result())
        return _Bench(task.run, pool, files, plan, opened.pop_all().close)
