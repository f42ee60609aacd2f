from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from brainsr_desktop.app import jobs
from brainsr_desktop.app.jobs import JobBoard
from brainsr_desktop.session.reports import JobView


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(jobs, "monotonic", made)
    return made


@pytest.fixture
def board(qtbot: QtBot, clock: Clock) -> tuple[JobBoard, list[JobView]]:
    made, told = JobBoard(), list[JobView]()
    made.changed.connect(told.append)
    return made, told


def test_that_the_time_left_follows_from_the_mean_speed(
    board: tuple[JobBoard, list[JobView]], clock: Clock
) -> None:
    made, told = board
    number = made.open("Enhance", 10)
    made.update(number, 0, 10)
    assert told[-1].seconds_left is None
    clock.now += 6.0
    made.update(number, 3, 10)
    assert told[-1].seconds_left == pytest.approx(14.0)
    made.end(number, "done")
    assert (told[-1].state, told[-1].seconds_left) == ("done", None)


def test_that_what_was_there_already_does_not_count_for_the_speed(
    board: tuple[JobBoard, list[JobView]], clock: Clock
) -> None:
    made, told = board
    number = made.open("Export", 10, waits=True)
    assert told[-1].state == "waiting"
    clock.now += 1000.0
    made.begin(number, 8, 10)
    assert told[-1].state == "running"
    clock.now += 5.0
    made.update(number, 9, 10)
    assert told[-1].seconds_left == pytest.approx(5.0)


def test_that_nothing_is_told_twice_and_nothing_after_the_end(board: tuple[JobBoard, list[JobView]]) -> None:
    made, told = board
    number = made.open("Scan")
    made.update(number, 3, 0)
    made.update(number, 3, 0)
    made.end(number, "cancelled")
    made.end(number, "done")
    made.update(number, 4, 0)
    made.begin(number, 0, 1)
    made.cancel(number)
    assert [view.state for view in told] == ["running", "running", "cancelled"]


def test_that_a_job_that_does_not_stop_at_once_says_that_it_is_stopping(
    qtbot: QtBot, board: tuple[JobBoard, list[JobView]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "SAY_STOPPING_MS", 1)
    made, told = board
    asked: list[int] = []
    number = made.open("Enhance", 10, cancel=lambda: asked.append(1))
    made.cancel(number)
    qtbot.waitUntil(lambda: told[-1].state == "stopping", timeout=10_000)
    made.cancel(number)
    assert asked == [1]


def test_that_only_jobs_with_something_to_lose_keep_the_window(board: tuple[JobBoard, list[JobView]]) -> None:
    made, _ = board
    made.open("Scan")
    assert not made.keeps_window
    number = made.open("Export", keeps_window=True, waits=True)
    assert made.keeps_window
    made.end(number, "done")
    assert not made.keeps_window
