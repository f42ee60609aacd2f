"""The job list: progress, time left, cancel, what ended."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.job_list import ENDED_KEPT, JobButton, JobList, job_words
from brainsr_desktop.app.plain_text import duration_text, size_text
from brainsr_desktop.session.reports import JobView


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    made.resize(900, 600)
    made.show()
    return made


@pytest.fixture
def jobs(parent: QWidget) -> JobList:
    return JobList(parent)


def view(
    number: int = 1, done: int = 12, total: int = 24, state: str = "running", **changes: object
) -> JobView:
    return JobView(number, "Enhance series 4", done, total, state, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (view(seconds_left=40.0), "running, 12 of 24, about 40 s left"),
        (view(seconds_left=4800.0), "running, 12 of 24, about 1 h 20 min left"),
        (view(total=0), "running"),
        (view(state="waiting"), "waiting"),
        (view(state="stopping"), "stopping after this tile, 12 of 24"),
        (view(state="done", done=24), "✓ done"),
        (view(state="cancelled"), "cancelled, 12 of 24"),
        (view(state="failed"), "✖ failed, 12 of 24"),
    ],
)
def test_that_a_job_says_how_far_it_is(job: JobView, words: str) -> None:
    assert job_words(job) == words


def test_that_progress_is_shown_and_updated(jobs: JobList) -> None:
    jobs.update_job(view())
    row = jobs.row(1)
    assert (row.bar.value(), row.bar.maximum()) == (12, 24)
    jobs.update_job(view(done=20))
    assert jobs.row(1) is row
    assert row.bar.value() == 20
    jobs.update_job(view(total=0))
    assert row.bar.maximum() == 0  # Qt shows a bar that moves


def test_that_cancel_asks_once_and_says_so(jobs: JobList, qtbot: QtBot) -> None:
    jobs.update_job(view(7))
    row = jobs.row(7)
    with qtbot.waitSignal(jobs.cancel_asked) as heard:
        row.cancel.click()
    assert heard.args == [7]
    assert not row.cancel.isEnabled()
    assert "stopping" in row.state.text()


def test_that_a_job_that_cannot_be_cancelled_has_no_button(jobs: JobList) -> None:
    jobs.update_job(view(can_cancel=False))
    assert jobs.row(1).cancel.isHidden()
    jobs.update_job(view(2, state="done"))
    assert jobs.row(2).cancel.isHidden()


def test_that_only_running_jobs_are_counted(jobs: JobList) -> None:
    counts: list[int] = []
    jobs.count_changed.connect(counts.append)
    jobs.update_job(view(1))
    jobs.update_job(view(2, state="waiting"))
    jobs.update_job(view(1, state="done"))
    jobs.update_job(view(2, state="cancelled"))
    assert counts == [1, 2, 1, 0]


def test_that_ended_jobs_are_forgotten_after_a_while(jobs: JobList) -> None:
    jobs.update_job(view(0))
    for number in range(1, 40):
        jobs.update_job(view(number, state="done"))
    rows = [number for number in range(40) if number in jobs._rows]
    assert rows == [0, *range(40 - ENDED_KEPT, 40)]


def test_that_the_button_tells_the_only_job_or_their_number(jobs: JobList, parent: QWidget) -> None:
    button = JobButton(jobs, parent)
    assert button.text() == "No jobs"
    jobs.update_job(view())
    assert button.text() == "Enhance series 4 50 %"
    jobs.update_job(view(2))
    assert button.text() == "2 jobs"
    assert button.accessibleName() == "2 jobs, show the list"


def test_that_the_list_opens_above_its_button_and_escape_closes_it(jobs: JobList, parent: QWidget) -> None:
    button = JobButton(jobs, parent)
    button.move(700, 560)
    button.show()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert jobs.isVisible()
    assert parent.rect().contains(jobs.geometry())
    assert jobs.geometry().bottom() < button.mapTo(parent, QPoint(0, 0)).y()
    QTest.keyClick(jobs, Qt.Key.Key_Escape)
    assert not jobs.isVisible()
    button.click()
    button.click()
    assert not jobs.isVisible()


def test_that_names_of_jobs_are_plain_text(jobs: JobList) -> None:
    jobs.update_job(JobView(1, "<b>x\x1b</b>", 1, 2, "running"))
    assert jobs.row(1).title.textFormat() == Qt.TextFormat.PlainText
    assert jobs.row(1).title.text() == "<b>x\ufffd</b>"


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (48_000_000, "48 MB"), (2**31, "2.1 GB")],
)
def test_that_sizes_are_written_for_people(count: int, text: str) -> None:
    assert size_text(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "0 s"), (40.4, "40 s"), (180, "3 min"), (7200, "2 h 0 min")]
)
def test_that_times_are_written_for_people(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text
