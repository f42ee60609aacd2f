"""Batches made ahead in a thread, so that a fast device does not wait for the processor."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from brainsr_desktop.train.dataset import Batch


class BatchStream:
    """Hands out `make(step)` for one step after the other, `ahead` of them made beforehand.

    One thread makes all batches in their order, so the source is never used twice at once and the batches are the same
    with and without it. With `ahead` 0 there is no thread.
    """

    def __init__(self, make: Callable[[int], Batch], first_step: int, ahead: int) -> None:
        self._make = make
        self._step = first_step
        self._ahead = ahead
        self._waiting: deque[Future[Batch]] = deque()
        self._thread = ThreadPoolExecutor(1, "batches") if ahead else None

    def next(self) -> Batch:
        """The batch of the next step; an error of `make` is raised here."""
        if self._thread is None:
            self._step += 1
            return self._make(self._step - 1)
        while len(self._waiting) <= self._ahead:
            self._waiting.append(self._thread.submit(self._make, self._step))
            self._step += 1
        return self._waiting.popleft().result()

    def close(self) -> None:
        if self._thread is not None:
            self._thread.shutdown(cancel_futures=True)
