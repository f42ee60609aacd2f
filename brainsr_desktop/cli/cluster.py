"""``brainsr enhance --dask``: the series of a run spread over the workers of a Dask scheduler.

The command reads the headers, hands out series, a few for each worker at a time, and tells how they ended. Workers read
and write the files themselves, so the folders must have the same path everywhere.
"""

from __future__ import annotations

import argparse
import logging
import re
import uuid
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from brainsr_desktop import __version__
from brainsr_desktop.cli import cluster_worker
from brainsr_desktop.cli.cluster_worker import Answer, Needs, Task
from brainsr_desktop.cli.console import Console
from brainsr_desktop.cli.outcomes import Outcome, Tally
from brainsr_desktop.cli.series_export import Plan, title_of
from brainsr_desktop.cli.sources import FILES_CHILD, Found, scan
from brainsr_desktop.core.errors import BrainSRError, ChildDied, EngineError, InternalError, UsageError
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io.export_names import taken_numbers
from brainsr_desktop.io.export_target import probe
from brainsr_desktop.ipc.client import BlockingClient

if TYPE_CHECKING:
    from distributed import Client, Future

log = logging.getLogger(__name__)

ADDRESS: Final = re.compile(r"(tcp|tls|ws|wss)://[^/\s]+:\d{1,5}")
CONNECT_S: Final = 20
AHEAD: Final = 3
"""Series handed out for each thread of a worker: enough that none waits, few enough for the scheduler's memory."""
FEWEST_AHEAD: Final = 8


def run(options: argparse.Namespace, console: Console, plan: Plan) -> int:
    """Scan here, enhance there; the exit status.

    Raises:
        UsageError: the address is none, or the extra is not installed.
        EngineError: there is no scheduler, or a worker that cannot do this work.
    """
    check_address(options.dask)
    with Tally(options, console, plan.model.id) as tally, _client(options.dask) as client:
        with BlockingClient(FILES_CHILD, name="files") as files:
            found = scan(files, options.paths, console)
        stacks = found.chosen(options.series)
        run_name = uuid.uuid4().hex
        with _token(options.output.absolute(), run_name) as token:
            needs = _needs(plan, token, stacks)
            _check_workers(client, needs, console)
            tally.expect(len(stacks))
            tasks = _tasks(run_name, needs, plan, options.jobs, found, stacks)
            with (
                closing(_answers(client, tasks, run_name)) as answers,
                console.bar(len(stacks), "All series", unit="series") as bar,
            ):
                for task, answer in answers:
                    for text in answer.warnings:
                        console.warn(text)
                    tally.add(answer.outcome, task.title)
                    bar.update(1)
        return tally.end()


def check_address(address: str) -> None:
    """Refuse what is no scheduler's address, and a program without the extra (`UsageError`)."""
    if not ADDRESS.fullmatch(address):
        raise UsageError(
            f"--dask: {address!r} is no address of a Dask scheduler.",
            advice="Right would be tcp://scheduler:8786.",
        )
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise UsageError(
            "--dask: the Dask library is not installed.",
            advice="Install it: pip install 'brainsr-desktop[cluster]'.",
        ) from error


@contextmanager
def _client(address: str) -> Iterator[Client]:
    from distributed import Client

    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False, name="brainsr")
    except (OSError, ValueError) as error:  # Dask's own time-out is an OSError
        raise EngineError(
            f"There is no Dask scheduler at {address}.",
            advice="Start one with `dask scheduler`, and workers with `dask worker ADDRESS --no-nanny`.",
        ) from error
    with client:
        yield client


@contextmanager
def _token(folder: Path, run_name: str) -> Iterator[Path]:
    """A file in the folder for the results by which a worker knows that it sees the same folder."""
    was_there = folder.exists()
    probe(folder)
    token = folder / f".brainsr-run-{run_name[:8]}"
    token.touch()
    try:
        yield token
    finally:
        token.unlink(missing_ok=True)
        if not was_there and not any(folder.iterdir()):
            folder.rmdir()


def _needs(plan: Plan, token: Path, stacks: tuple[StackInfo, ...]) -> Needs:
    path = next((frame.path for stack in stacks for frame in stack.frames if frame is not None), "")
    return Needs(
        version=__version__,
        model=plan.recipe.model,
        scale=plan.recipe.scale,
        weights=plan.model.sha256,
        token=str(token),
        source=(path, Path(path).stat().st_size),
    )


def _check_workers(client: Client, needs: Needs, console: Console) -> None:
    """Ask the workers that are there before anything is handed out; later ones are asked by their first series."""
    found: dict[str, Any] = client.run(cluster_worker.unfit, needs, on_error="return")
    console.say(
        f"Workers connected: {len(found)}" if found else "No worker is connected yet; waiting for one"
    )
    for address, told in found.items():
        failed = isinstance(told, BaseException)
        reason = f"BrainSR Desktop does not run there ({type(told).__name__}: {told})" if failed else told
        if reason:
            raise EngineError(
                f"The worker {address} cannot be used: {reason}.", advice="See docs/cluster.md."
            )


def _tasks(
    run_name: str, needs: Needs, plan: Plan, jobs: int, found: Found, stacks: tuple[StackInfo, ...]
) -> Iterator[Task]:
    taken = taken_numbers(found.stacks, plan.recipe.scale)
    for count, stack in enumerate(stacks, 1):
        title = title_of(stack, count, len(stacks))
        yield Task(run_name, needs, plan, jobs, stack, taken[stack.id], title)


def _answers(
    client: Client, tasks: Iterator[Task], run_name: str
) -> Generator[tuple[Task, Answer], None, None]:
    """Hand tasks out and yield them as they end. Leaving this early stops what the workers still do."""
    from distributed import as_completed

    running: dict[str, Task] = {}
    ended = as_completed(loop=client.loop)

    def hand_out() -> None:
        while len(running) < max(FEWEST_AHEAD, AHEAD * sum(client.nthreads().values())):
            task = next(tasks, None)
            if task is None:
                return
            key = f"brainsr-{run_name}-{task.stack.id}"
            running[key] = task
            ended.add(client.submit(cluster_worker.enhance_series, task, key=key, pure=False))

    try:
        hand_out()
        for future in ended:
            task = running.pop(future.key)
            yield task, _answer(future, task)
            hand_out()
    finally:
        for future in list(ended.futures):
            future.cancel()
        if client.status == "running":
            client.run(cluster_worker.release, run_name, on_error="ignore")


def _answer(future: Future[Answer], task: Task) -> Answer:
    from distributed import KilledWorker

    if future.cancelled():
        raise EngineError(
            "The Dask scheduler went away.",
            advice="Start the same command again: what is finished is skipped.",
        )
    try:
        return future.result()
    except KilledWorker:
        error: BrainSRError = ChildDied(
            "Every worker that took this series died.", advice="Its log says why: often for want of memory."
        )
    except EngineError:
        raise
    except Exception as unforeseen:  # the boundary: whatever Dask or another machine's program raised
        log.exception("A worker failed unforeseen")
        error = InternalError(f"A worker failed: {type(unforeseen).__name__}: {unforeseen}.")
    message = f"{error.message} {error.advice}".strip()
    return Answer(Outcome(task.stack.series_uid, "failed", None, 0, 0.0, message, error), ())
