"""The second start is another process, as in life."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtNetwork import QLocalServer, QLocalSocket
from pytestqt.qtbot import QtBot

from brainsr_desktop.app import single_instance
from brainsr_desktop.app.single_instance import SingleInstance, hand_over, server_name

ROOT = Path(__file__).parents[2]
SECOND = """
import sys
from PySide6.QtCore import QCoreApplication
from brainsr_desktop.app.single_instance import hand_over
app = QCoreApplication([])
sys.exit(0 if hand_over(sys.argv[1], sys.argv[2:]) else 3)
"""


@pytest.fixture
def name() -> str:
    return f"brainsr-test-{secrets.token_hex(6)}"


def second_start(name: str, *paths: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", SECOND, name, *paths], env=environment)


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is not None


def test_that_a_second_start_hands_its_paths_over(qtbot: QtBot, name: str) -> None:
    first = SingleInstance(name)
    received: list[list[str]] = []
    first.paths_received.connect(received.append)
    assert first.listen()
    for paths in (["/scans/Kopf 1", "/scans/头.zip"], []):
        second = second_start(name, *paths)
        qtbot.waitUntil(partial(has_ended, second), timeout=30_000)
        assert second.returncode == 0
        assert received[-1] == paths
    first.close()


def test_that_a_first_start_finds_nobody(qtbot: QtBot, name: str) -> None:
    assert not hand_over(name, ["/scans"])


def test_that_a_window_that_does_not_answer_is_not_waited_for(
    qtbot: QtBot, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(single_instance, "PATIENCE_MS", 300)
    deaf = QLocalServer()
    assert deaf.listen(name)
    assert not hand_over(name, ["/scans"])
    deaf.close()


@pytest.mark.skipif(sys.platform == "win32", reason="pipes leave nothing behind there")
def test_that_the_socket_of_a_killed_window_is_taken_over(qtbot: QtBot, name: str) -> None:
    script = (
        "import sys, os\nfrom PySide6.QtCore import QCoreApplication\n"
        "from brainsr_desktop.app.single_instance import SingleInstance\n"
        "app = QCoreApplication([])\nSingleInstance(sys.argv[1]).listen()\n"
        f"os.kill(os.getpid(), {int(signal.SIGKILL)})"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", script, name], env=environment, check=False)
    assert not hand_over(name, [])
    first = SingleInstance(name)
    assert first.listen()
    second = second_start(name)
    qtbot.waitUntil(lambda: second.poll() is not None, timeout=30_000)
    assert second.returncode == 0
    first.close()


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense\n",
        b"[]\n",
        b'{"paths": 3}\n',
        b'{"paths": [3]}\n',
        b"{}\n",
        b"\xff\xfe\n",
        b"[" * 5000 + b"\n",
    ],
)
def test_that_a_stranger_who_says_something_else_is_hung_up_on(qtbot: QtBot, name: str, line: bytes) -> None:
    first = SingleInstance(name)
    received: list[list[str]] = []
    first.paths_received.connect(received.append)
    assert first.listen()
    stranger = QLocalSocket()
    stranger.connectToServer(name)
    assert stranger.waitForConnected(1000)
    stranger.write(line)
    qtbot.waitUntil(
        lambda: stranger.state() == QLocalSocket.LocalSocketState.UnconnectedState, timeout=30_000
    )
    assert received == []
    first.close()


def test_that_other_settings_are_another_window(tmp_path: Path) -> None:
    assert server_name(tmp_path / "a") != server_name(tmp_path / "b")
    assert server_name(tmp_path / "a") == server_name(tmp_path / "a")
    assert str(tmp_path) not in server_name(tmp_path / "a")
