"""The worker alone, with the real engine behind it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pytest
from PySide6.QtCore import QObject, QThread
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.child_worker import Gone, Started
from brainsr_desktop.app.engine_worker import EngineWorker, Made, Order
from brainsr_desktop.core.geometry import unknown_geometry
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.core.resample import enlarge
from brainsr_desktop.engine.messages import Devices, Prepared
from brainsr_desktop.ipc.messages import Failed, JobCancelled
from brainsr_desktop.ipc.shared_array import SharedArray
from tests.app import slow_engine
from tests.app.controlling import blocks_left, children_left

BICUBIC = Recipe("bicubic", 2)


class Heard(QObject):
    """A worker and what it said. A QObject, as everyone who listens to it: Qt then calls in the object's thread."""

    def __init__(self, qtbot: QtBot, silence_s: float = 120.0) -> None:
        super().__init__()
        self._qtbot = qtbot
        self.events: list[object] = []
        self.threads: set[QThread] = set()
        self.worker = EngineWorker(slow_engine.TARGET, silence_s=silence_s)
        self.worker.heard.connect(self._on_heard)
        self.source = SharedArray.create((3, 20, 16), "int16")
        self.source.array[...] = np.random.default_rng(1).integers(0, 900, (3, 20, 16))
        self.worker.start()

    def _on_heard(self, event: object) -> None:
        self.threads.add(QThread.currentThread())
        self.events.append(event)

    def order(self, frame: int, recipe: Recipe = BICUBIC) -> Order:
        return Order(recipe, self.source.ref, frame, frame, unknown_geometry(20, 16, 1))

    def wait(self, condition: Callable[[], object]) -> None:
        self._qtbot.waitUntil(lambda: bool(condition()), timeout=30_000)

    def ended_since(self, count: int) -> bool:
        return any(isinstance(event, (Started, Gone)) for event in self.events[count:])

    def of(self, kind: type) -> list[object]:
        return [event for event in self.events if isinstance(event, kind)]

    def end(self) -> None:
        self.worker.begin_stop()
        self.worker.wait_stopped()
        self.source.close()


@pytest.fixture
def heard(qtbot: QtBot, request: pytest.FixtureRequest) -> Iterator[Heard]:
    made = Heard(qtbot, getattr(request, "param", 120.0))
    yield made
    made.end()
    assert not blocks_left()
    assert not children_left()


def test_that_slices_are_copied_out_of_the_block_that_is_used_again(heard: Heard) -> None:
    jobs = [heard.worker.infer(heard.order(frame)) for frame in range(3)]
    heard.wait(lambda: len(heard.of(Made)) == 3)
    for frame, (job, event) in enumerate(zip(jobs, heard.of(Made), strict=True)):
        assert isinstance(event, Made)
        assert event.job == job
        expected = enlarge(heard.source.array[frame].astype(np.float32), 2, "bicubic")
        np.testing.assert_allclose(event.result.pixels, expected, atol=0.01)
        assert not event.result.pixels.flags.writeable
        assert (event.result.geometry.rows, event.result.geometry.columns) == (40, 32)


def test_that_everything_is_heard_in_the_gui_thread(heard: Heard) -> None:
    heard.worker.infer(heard.order(0))
    heard.wait(lambda: heard.of(Made))
    assert heard.threads == {QThread.currentThread()}


def test_that_devices_and_models_are_asked_for(heard: Heard) -> None:
    heard.worker.list_devices()
    heard.worker.prepare(BICUBIC)
    heard.wait(lambda: heard.of(Devices) and heard.of(Prepared))


def test_that_a_wrong_request_fails_and_the_next_one_is_answered(heard: Heard) -> None:
    heard.worker.infer(heard.order(0, Recipe("no-such-model", 2)))
    heard.worker.infer(heard.order(1))
    heard.wait(lambda: heard.of(Made))
    (failed,) = heard.of(Failed)
    assert isinstance(failed, Failed)
    assert failed.report.family == "UsageError"


def test_that_a_cancelled_slice_is_answered_as_cancelled(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard.worker.infer(heard.order(0))
    heard.wait(lambda: heard.of(Made))
    jobs = [heard.worker.infer(heard.order(frame)) for frame in range(3)]
    heard.worker.cancel(jobs[2])
    heard.wait(lambda: len(heard.of(Made)) + len(heard.of(JobCancelled)) == 4)


@pytest.fixture
def deaf_frame(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv(slow_engine.DEAF_FRAME, "2")
    return 2


@pytest.mark.parametrize("heard", [6.0], indirect=True)
def test_that_a_silent_engine_is_killed_and_its_slice_fails_after_the_restart(
    deaf_frame: int, heard: Heard
) -> None:
    heard.worker.infer(heard.order(0))
    heard.wait(lambda: heard.of(Made))
    heard.worker.infer(heard.order(deaf_frame))
    heard.wait(lambda: heard.of(Failed))
    kinds = [type(event) for event in heard.events if isinstance(event, (Started, Failed))]
    assert kinds == [Started, Started, Failed]
    assert "signal" in heard.of(Started)[1].after  # type: ignore[attr-defined]
    heard.worker.infer(heard.order(1))
    heard.wait(lambda: len(heard.of(Made)) == 2)


def test_that_a_second_death_waits_to_be_asked(heard: Heard) -> None:
    for _ in range(2):
        heard.worker.infer(heard.order(0))
        heard.wait(lambda: heard.worker.pid is not None and heard.of(Started))
        count = len(heard.events)
        assert heard.worker.pid is not None
        os.kill(heard.worker.pid, signal.SIGKILL)
        heard.wait(partial(heard.ended_since, count))
    assert heard.of(Gone)
    heard.worker.infer(heard.order(1))
    heard.wait(lambda: heard.of(Failed))
    heard.worker.start_again()
    made = len(heard.of(Made))
    heard.worker.infer(heard.order(1))
    heard.wait(lambda: len(heard.of(Made)) > made)


def test_that_careful_mode_brings_a_spread_in_a_block_that_is_used_again(heard: Heard) -> None:
    careful = Recipe("espcn-x4", 4, careful=True)
    for frame in range(2):
        heard.worker.infer(heard.order(frame, careful))
    heard.worker.infer(heard.order(2, Recipe("espcn-x4", 4)))
    heard.wait(lambda: len(heard.of(Made)) == 3)
    results = [event.result for event in heard.of(Made) if isinstance(event, Made)]
    spreads = []
    for result in results[:2]:
        assert result.spread is not None
        spreads.append(result.spread)
        assert result.spread.shape == result.pixels.shape == (80, 64)
        assert result.spread.max() > 0.0
        assert not result.spread.flags.writeable
        assert result.nbytes == 2 * result.pixels.nbytes
    assert not np.array_equal(spreads[0], spreads[1])
    assert results[2].spread is None
