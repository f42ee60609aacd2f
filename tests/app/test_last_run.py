"""A crash is noticed at the next start; a proper end leaves nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.last_run import LARGEST_FILE_BYTES, LastRun
from tests.app.frame_kit import make_rig, series_of, stack


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


def test_that_the_window_offers_the_last_study_after_a_crash(
    qtbot: QtBot, tmp_path: Path, dead_pid: int
) -> None:
    (tmp_path / "runs").mkdir()
    left = tmp_path / "runs" / f"{dead_pid}.json"
    left.write_text(json.dumps({"started": 1.0, "paths": ["/data/a"]}))
    for rig in make_rig(qtbot, tmp_path):
        notifier = rig.window.areas.notifier
        assert "did not close properly" in notifier.text.text()
        notifier.action.click()
        assert rig.controller.asked_for("open") == [("open", ("/data/a",), False, None)]
    assert list((tmp_path / "runs").iterdir()) == []


def test_that_the_window_notes_what_is_open(qtbot: QtBot, tmp_path: Path) -> None:
    for rig in make_rig(qtbot, tmp_path):
        rig.open(series_of(stack(1)), path="/data/a")
        rig.open(series_of(stack(2)), path="/data/b")
        (file,) = (tmp_path / "runs").iterdir()
        assert json.loads(file.read_text())["paths"] == ["/data/a", "/data/b"]
        rig.window.actions_["close_all"].trigger()
        assert json.loads(file.read_text())["paths"] == []
