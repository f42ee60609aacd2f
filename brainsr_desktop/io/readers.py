"""Files read ahead by a few threads, each within its time: a share that hangs must not stop the rest."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Final, Generic, Self, TypeVar, cast

from brainsr_desktop.language import tr

HEADER_LIMIT_S: Final = 5.0
THREADS: Final = 4
AHEAD: Final = 32

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class _Task(Generic[_Item, _Result]):
    __slots__ = ("done", "error", "function", "item", "result", "started")

    def __init__(self, function: Callable[[_Item], _Result], item: _Item) -> None:
        self.function = function
        self.item = item
        self.result: _Result | None = None
        self.error: Exception | None = None
        self.started = threading.Event()
        self.done = threading.Event()

    def run(self) -> None:
        self.started.set()
        try:
            self.result = self.function(self.item)
        except Exception as error:  # noqa: BLE001 - handed to whoever waits for this item
            self.error = error
        self.done.set()

    def outcome(self, limit_s: float) -> _Result | Exception:
        """What came of it. Raises TimeoutError if it takes longer than the limit once begun."""
        self.started.wait()
        if not self.done.wait(limit_s):
            raise TimeoutError(tr("no answer in {seconds:g} s", seconds=limit_s))
        return self.error if self.error is not None else cast(_Result, self.result)


class Readers:
    """A few daemon threads; one that hangs on a file is left behind and replaced."""

    def __init__(self, threads: int = THREADS, limit_s: float = HEADER_LIMIT_S) -> None:
        self._limit_s = limit_s
        self._waiting: queue.SimpleQueue[_Task[object, object] | None] = queue.SimpleQueue()
        self._threads = threads
        for _ in range(threads):
            self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _ in range(self._threads):
            self._waiting.put(None)

    def map(
        self, function: Callable[[_Item], _Result], items: Iterable[_Item]
    ) -> Iterator[tuple[_Item, _Result | Exception]]:
        """Results in the order of the items; an exception, or TimeoutError, stands where one went wrong."""
        ahead: deque[_Task[_Item, _Result]] = deque()
        for item in items:
            task: _Task[_Item, _Result] = _Task(function, item)
            self._waiting.put(task)  # type: ignore[arg-type]
            ahead.append(task)
            if len(ahead) >= AHEAD:
                yield ahead[0].item, self._wait(ahead.popleft().outcome)
        while ahead:
            yield ahead[0].item, self._wait(ahead.popleft().outcome)

    def _wait(self, outcome: Callable[[float], _Result | Exception]) -> _Result | Exception:
        try:
            return outcome(self._limit_s)
        except TimeoutError as error:
            self._start()
            return error

    def _start(self) -> None:
        threading.Thread(target=self._work, name="header reader", daemon=True).start()

    def _work(self) -> None:
        while (task := self._waiting.get()) is not None:
            task.run()
