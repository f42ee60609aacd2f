from __future__ import annotations

import threading

import numpy as np
import pytest

from brainsr_desktop.train.config import Stage
from brainsr_desktop.train.dataset import Batch, SourceState
from brainsr_desktop.train.prefetch import BatchStream

STATE = SourceState({}, (), 0)


def numbered(step: int) -> Batch:
    return Batch(np.full((1, 1, 1, 1), step, np.float32), np.zeros((1, 1, 1, 1), np.float32), Stage(), STATE)


@pytest.mark.parametrize("ahead", [0, 1, 4])
def test_that_batches_come_in_their_order(ahead: int) -> None:
    stream = BatchStream(numbered, 7, ahead)
    try:
        assert [int(stream.next().low.item()) for _ in range(6)] == [7, 8, 9, 10, 11, 12]
    finally:
        stream.close()


def test_that_batches_are_made_ahead_in_another_thread() -> None:
    made: list[int] = []
    fifth = threading.Event()

    def make(step: int) -> Batch:
        assert threading.current_thread() is not threading.main_thread()
        made.append(step)
        if step == 4:
            fifth.set()
        return numbered(step)

    stream = BatchStream(make, 0, ahead=4)
    try:
        stream.next()
        assert fifth.wait(timeout=30)
        assert made == [0, 1, 2, 3, 4]
    finally:
        stream.close()


def test_that_an_error_reaches_the_loop() -> None:
    def fail(step: int) -> Batch:
        raise OSError("gone")

    stream = BatchStream(fail, 0, ahead=2)
    try:
        with pytest.raises(OSError, match="gone"):
            stream.next()
    finally:
        stream.close()
