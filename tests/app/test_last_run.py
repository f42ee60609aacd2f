"""A crash is noticed at the next start; a proper end leaves nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.crash_question import CrashQuestion
from brainsr_desktop.app.last_run import LARGEST_FILE_BYTES, LastRun
from brainsr_desktop.settings import WindowLayout
from tests.app.frame_kit import READ, Rig, make_rig, series_of, stack


@pytest.fixture
def dead_pid() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_that_a_first_start_and_a_proper_end_are_no_crash(tmp_path: Path) -> None:
    run = LastRun(tmp_path / "runs")
    assert run.begin() is None
    run.note(["/data/a"])
    assert len(list((tmp_path / "runs").iterdir())) == 1
    run.end()
    assert list((tmp_path / "runs").iterdir()) == []
    assert LastRun(tmp_path / "runs").begin() is None


def test_that_a_run_that_died_tells_what_was_open_once(tmp_path: Path, dead_pid: int) -> None:
    (tmp_path / f"{dead_pid}.json").write_text(json.dumps({"started": 1.0, "paths": ["/data/a", "/data/b"]}))
    run = LastRun(tmp_path)
    assert run.begin() == ("/data/a", "/data/b")
    assert LastRun(tmp_path).begin() is None
    run.end()


def test_that_a_window_that_still_runs_has_not_crashed(tmp_path: Path) -> None:
    other = psutil.Process().parent()
    assert other is not None
    file = tmp_path / f"{other.pid}.json"
    file.write_text(json.dumps({"started": other.create_time(), "paths": ["/data/a"]}))
    assert LastRun(tmp_path).begin() is None
    assert file.exists()


def test_that_a_number_that_went_to_another_process_is_known(tmp_path: Path) -> None:
    other = psutil.Process().parent()
    assert other is not None
    (tmp_path / f"{other.pid}.json").write_text(json.dumps({"started": 5.0, "paths": ["/data/a"]}))
    assert LastRun(tmp_path).begin() == ("/data/a",)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"paths": 3}', b"\xff\xfe", b"[" * 5000, b"x" * (LARGEST_FILE_BYTES + 1)]
)
def test_that_a_damaged_file_is_a_crash_with_nothing_to_open(
    tmp_path: Path, dead_pid: int, content: bytes
) -> None:
    (tmp_path / f"{dead_pid}.json").write_bytes(content)
    (tmp_path / "no number.json").write_bytes(content)
    run = LastRun(tmp_path)
    assert run.begin() == ()
    run.end()
    assert list(tmp_path.iterdir()) == []


def test_that_a_folder_that_cannot_be_written_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    run = LastRun(tmp_path / "file" / "runs")
    assert run.begin() is None
    run.note(["/data/a"])
    run.end()


def crashed(folder: Path, pid: int, *opened: str) -> None:
    (folder / "runs").mkdir()
    (folder / "runs" / f"{pid}.json").write_text(json.dumps({"started": 1.0, "paths": list(opened)}))


def question_of(rig: Rig) -> CrashQuestion:
    (found,) = rig.window.findChildren(CrashQuestion)
    assert found.isVisible() and not found.isModal()
    return found


@pytest.mark.parametrize(
    ("answer", "opened", "device"), [("yes", True, "auto"), ("no", False, "auto"), ("safe", True, "cpu")]
)
def test_that_the_window_asks_for_the_last_study_after_a_crash(
    qtbot: QtBot, tmp_path: Path, dead_pid: int, answer: str, opened: bool, device: str
) -> None:
    crashed(tmp_path, dead_pid, "/data/a")
    for rig in make_rig(qtbot, tmp_path):
        question = question_of(rig)
        assert "did not close properly" in question.text()
        assert question.informativeText() == "Open the last study again?"
        QTest.mouseClick(getattr(question, answer), Qt.MouseButton.LeftButton)
        assert bool(rig.controller.asked_for("open")) == opened
        assert rig.store.state.recipe.device == device
    assert list((tmp_path / "runs").iterdir()) == []


def test_that_a_safe_start_puts_the_window_in_order(qtbot: QtBot, tmp_path: Path, dead_pid: int) -> None:
    crashed(tmp_path, dead_pid)
    odd = replace(READ, window=WindowLayout(browser=False, panel=False, open_sections=("metrics",)))
    for rig in make_rig(qtbot, tmp_path, odd):
        assert not rig.window.areas.browser.isVisible()
        question = question_of(rig)
        assert not hasattr(question, "yes")
        question.safe.click()
        assert rig.window.areas.browser.isVisible() and rig.window.areas.panel.isVisible()
        assert rig.window.areas.panel.open_sections == WindowLayout().open_sections
        assert rig.controller.asked_for("open") == []


def test_that_the_question_can_be_left_alone(qtbot: QtBot, tmp_path: Path, dead_pid: int) -> None:
    crashed(tmp_path, dead_pid, "/data/a")
    for rig in make_rig(qtbot, tmp_path):
        rig.open(series_of(stack(1)), path="/data/b")
        assert question_of(rig).isVisible()
        QTest.keyClick(question_of(rig), Qt.Key.Key_Escape)
        assert [entry[1] for entry in rig.controller.asked_for("open")] == [("/data/b",)]


def test_that_the_window_notes_what_is_open(qtbot: QtBot, tmp_path: Path) -> None:
    for rig in make_rig(qtbot, tmp_path):
        rig.open(series_of(stack(1)), path="/data/a")
        rig.open(series_of(stack(2)), path="/data/b")
        (file,) = (tmp_path / "runs").iterdir()
        assert json.loads(file.read_text())["paths"] == ["/data/a", "/data/b"]
        rig.window.actions_["close_all"].trigger()
        assert json.loads(file.read_text())["paths"] == []
