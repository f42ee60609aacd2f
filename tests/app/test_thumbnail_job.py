"""Thumbnails as a job: shown when they take long, counted, given up."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from brainsr_desktop.app import thumbnail_job
from brainsr_desktop.app.jobs import JobBoard
from brainsr_desktop.app.thumbnail_job import ThumbnailJob
from brainsr_desktop.session.reports import JobView


@pytest.fixture
def told(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> tuple[ThumbnailJob, JobBoard, list[JobView], list[str]]:
    monkeypatch.setattr(thumbnail_job, "SHOW_AFTER_MS", 30)
    board, views, given_up = JobBoard(), list[JobView](), list[str]()
    board.changed.connect(views.append)
    owner = QObject(board)
    made = ThumbnailJob(board, lambda: given_up.append("cancelled"), owner)
    return made, board, views, given_up


Told = tuple[ThumbnailJob, JobBoard, list[JobView], list[str]]


def test_that_quick_thumbnails_are_no_job(told: Told, qtbot: QtBot) -> None:
    made, _, views, _ = told
    for waiting in (1, 2, 1, 0):
        made.sync(waiting)
    qtbot.wait(60)
    assert views == []


def test_that_slow_ones_are_counted_until_they_are_there(told: Told, qtbot: QtBot) -> None:
    made, _, views, _ = told
    made.sync(1)
    made.sync(4)
    made.sync(3)
    qtbot.waitUntil(lambda: bool(views))
    assert (views[-1].title, views[-1].done, views[-1].total) == ("Make thumbnails", 1, 4)
    made.sync(5)
    assert (views[-1].done, views[-1].total) == (1, 6)
    made.sync(0)
    assert views[-1].state == "done"
    made.sync(1)
    qtbot.waitUntil(lambda: views[-1].state == "running")
    assert (views[-1].done, views[-1].total) == (0, 1)


def test_that_they_can_be_given_up(told: Told, qtbot: QtBot) -> None:
    made, board, views, given_up = told
    made.sync(3)
    qtbot.waitUntil(lambda: bool(views))
    board.cancel(views[-1].id)
    assert given_up == ["cancelled"]
    made.sync(0)
    assert views[-1].state == "cancelled"
