"""The engine in this process: slices in worker threads, while this process's main thread writes what is finished."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

from brainsr_desktop.core.errors import Cancelled
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.engine.pipeline import Engine, Ready
from brainsr_desktop.models.catalog import Catalog

Item = TypeVar("Item")
Result = TypeVar("Result")


class EnginePool:
    """``jobs`` threads with an engine each. A context manager; leaving it stops what runs."""

    def __init__(self, catalog: Catalog, jobs: int) -> None:
        self._catalog = catalog
        self._jobs = jobs
        self._own = threading.local()
        self._stopping = threading.Event()
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="engine")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def stop(self) -> None:
        """Let what runs end with `Cancelled` as soon as it can."""
        self._stopping.set()

    def prepare(self, recipe: Recipe) -> Future[Ready]:
        """Load a recipe's model meanwhile."""
        return self._threads.submit(lambda: self._engine().prepare(recipe))

    def run(
        self, work: Callable[[Engine, Callable[[], None], Item], Result], items: Sequence[Item]
    ) -> Iterator[tuple[Item, Result]]:
        """Results of ``work(engine, check_cancelled, item)`` in the order of the items.

        One more than ``jobs`` is made ahead, so that writing a result does not stop the engine.
        """
        waiting: deque[tuple[Item, Future[Result]]] = deque()
        try:
            for item in items:
                waiting.append((item, self._threads.submit(self._work, work, item)))
                if len(waiting) > self._jobs:
                    done, future = waiting.popleft()
                    yield done, future.result()
            while waiting:
                done, future = waiting.popleft()
                yield done, future.result()
        finally:
            for _, future in waiting:
                future.cancel()

    def _work(self, work: Callable[[Engine, Callable[[], None], Item], Result], item: Item) -> Result:
        self._check_cancelled()
        return work(self._engine(), self._check_cancelled, item)

    def _engine(self) -> Engine:
        """This thread's own: an engine is not for several threads."""
        if not hasattr(self._own, "engine"):
            self._own.engine = Engine(self._catalog)
        engine: Engine = self._own.engine
        return engine

    def _check_cancelled(self) -> None:
        if self._stopping.is_set():
            raise Cancelled
