"""The program as a user starts it: another process, its own settings."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import qWarning
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.mishaps import Mishaps
from brainsr_desktop.session.reports import Notice
from tests.app.controlling import series_folder

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start the program with folders of its own, so that it meets no window of the user."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "QT_QPA_PLATFORM": "offscreen",
        "HOME": str(tmp_path / "home"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_DATA_HOME": str(tmp_path / "data"),
    }
    (tmp_path / "config" / "brainsr-desktop").mkdir(parents=True)
    settings = '[general]\naccepted_notice = "0"\n'
    (tmp_path / "config" / "brainsr-desktop" / "settings.toml").write_text(settings)
    running: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "brainsr_desktop", *arguments]
        running.append(
            subprocess.Popen(
                command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        )
        return running[-1]

    yield run
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def log_of(tmp_path: Path) -> str:
    path = tmp_path / "state" / "brainsr-desktop" / "log" / "brainsr.log"
    return path.read_text() if path.exists() else ""


def wait_until(condition: Callable[[], object], what: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until, what
        time.sleep(0.05)


def children(process: subprocess.Popen[str]) -> list[psutil.Process]:
    try:
        every = psutil.Process(process.pid).children(recursive=True)
        return [child for child in every if "resource_tracker" not in " ".join(child.cmdline())]
    except psutil.NoSuchProcess:
        return []


def test_that_help_and_version_are_told(start: Start) -> None:
    out, _ = start("--help").communicate(timeout=PATIENCE_S)
    assert "example: brainsr-desktop" in out
    out, _ = start("--version").communicate(timeout=PATIENCE_S)
    assert out.startswith("brainsr-desktop 0.")


def test_that_a_wrong_option_is_refused(start: Start) -> None:
    process = start("--no-such-option")
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert "--no-such-option" in err


@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM ends a process at once there")
def test_that_a_window_opens_its_paths_and_ends_with_its_children(start: Start, tmp_path: Path) -> None:
    window = start("--new-window", str(series_folder(tmp_path / "head")))
    wait_until(lambda: len(children(window)) == 2, "both children")
    left = children(window)
    window.send_signal(signal.SIGTERM)
    _, err = window.communicate(timeout=PATIENCE_S)
    assert window.returncode == 0
    assert err == ""
    wait_until(lambda: not any(child.is_running() for child in left), "the children's end")
    assert "the end" in log_of(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
def test_that_a_killed_window_leaves_no_child(start: Start, tmp_path: Path) -> None:
    window = start("--new-window", str(series_folder(tmp_path / "head")))
    wait_until(lambda: len(children(window)) == 2, "both children")
    left = children(window)
    window.kill()
    wait_until(lambda: not any(child.is_running() for child in left), "the children's end")


@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM ends a process at once there")
def test_that_a_second_start_hands_over_and_ends(start: Start, tmp_path: Path) -> None:
    first = start()
    wait_until(lambda: children(first), "the first window")
    second = start(str(series_folder(tmp_path / "head")))
    second.communicate(timeout=PATIENCE_S)
    assert second.returncode == 0
    assert "handed over" in log_of(tmp_path)
    wait_until(lambda: len(children(first)) == 2, "the engine, which starts when a series opens")
    first.terminate()
    first.communicate(timeout=PATIENCE_S)
    assert first.returncode == 0


@pytest.mark.slow
def test_that_the_smoke_test_drives_the_whole_program(start: Start, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = start("--smoke-test", str(out), str(series_folder(tmp_path / "head", 14)))
    _, err = process.communicate(timeout=240)
    report = json.loads((out / "report.json").read_text())
    assert [step for step in report["steps"] if not step["ok"]] == []
    assert (process.returncode, err) == (0, "")
    assert report["child_processes_left"] == 0


# What nobody foresaw


@pytest.fixture
def mishaps() -> Iterator[tuple[Mishaps, list[Notice]]]:
    made, notices = Mishaps(), list[Notice]()
    made.happened.connect(notices.append)
    made.install()
    yield made, notices
    made.remove()


def test_that_an_exception_of_a_thread_is_told_and_names_where(
    qtbot: QtBot, mishaps: tuple[Mishaps, list[Notice]]
) -> None:
    import threading

    def draw_profile() -> None:
        raise ZeroDivisionError("/home/anna/scans")

    thread = threading.Thread(target=draw_profile)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: bool(mishaps[1]), timeout=10_000)
    notice = mishaps[1][0]
    assert notice.text == "Something went wrong in “draw profile”. Your images are safe."
    assert "ZeroDivisionError" in notice.detail
    assert "anna" not in notice.detail
    assert (notice.label, [label for label, _ in notice.more]) == ("Copy report", ["Continue"])
    assert notice.action is not None
    notice.action()
    copied = QGuiApplication.clipboard().text()
    assert "ZeroDivisionError" in copied and "anna" not in copied


def test_that_an_exception_is_logged_and_the_handlers_are_given_back(
    qtbot: QtBot, mishaps: tuple[Mishaps, list[Notice]], caplog: pytest.LogCaptureFixture
) -> None:
    error = ValueError("odd")
    sys.excepthook(ValueError, error, None)
    assert mishaps[1][0].text == "Something went wrong. Your images are safe."
    assert "unforeseen" in caplog.text
    mishaps[0].remove()
    assert sys.excepthook is sys.__excepthook__
    mishaps[0].install()


def test_that_ctrl_c_is_no_mishap(qtbot: QtBot, mishaps: tuple[Mishaps, list[Notice]]) -> None:
    asked: list[bool] = []
    mishaps[0].interrupted.connect(lambda: asked.append(True))
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert asked == [True]
    assert mishaps[1] == []


@pytest.mark.qt_no_exception_capture
def test_that_what_qt_says_is_logged(qtbot: QtBot, caplog: pytest.LogCaptureFixture) -> None:
    made = Mishaps()
    made.install()
    qWarning("an odd font")
    made.remove()
    assert "an odd font" in caplog.text
