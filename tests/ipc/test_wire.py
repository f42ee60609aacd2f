"""What comes off a pipe: our own messages arrive, and whatever else is said does nothing."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

import psutil
import pytest

from brainsr_desktop.core.errors import ChildDied, Problem, ReadError
from brainsr_desktop.core.series import ScanSummary
from brainsr_desktop.io.decode_process import MEMORY_LIMIT_BYTES, DecoderProcess
from brainsr_desktop.io.dicom_file import BadDicom
from brainsr_desktop.io.mat_file import MatOrder
from brainsr_desktop.io.messages import ScanDone, ScanSources, StackLoaded
from brainsr_desktop.io.scan import scan_all
from brainsr_desktop.ipc import wire
from brainsr_desktop.ipc.client import BlockingClient
from brainsr_desktop.ipc.messages import ErrorReport, Failed, Hello, JobId, LogLine, Progress
from tests.ipc.children import Do

if sys.platform != "win32":
    import resource

JOB = JobId(3)


def sent(message: object) -> bytes:
    """The bytes that a connection carries."""
    return bytes(ForkingPickler.dumps(message))


@pytest.mark.parametrize(
    "message",
    [
        Hello(1, 12),
        Progress(JOB, 1, 2, "note"),
        LogLine("x", 20, "y" * 70_000),
        Failed(JOB, ErrorReport("ReadError", "It is cut.")),
        ScanDone(JOB, ScanSummary(3, 2, (Problem("a", "EMPTY", "It is empty."),), ())),
        StackLoaded(JOB, "ab", ()),
        Do(JOB, "signal", signal.SIGTERM),
        (1 << 70, -5, 2.5, None, True, b"bytes" * 100, {"a": [1, 2]}, frozenset({3}), ()),
    ],
    ids=lambda message: type(message).__name__,
)
def test_that_our_own_messages_arrive_as_they_were(message: object) -> None:
    assert wire.read(sent(message)) == message


def test_that_a_real_series_arrives_as_it_was(data: Path) -> None:
    (series, *_), _ = scan_all([str(data / "ge_signa_pd_duplicate")])
    assert wire.read(sent(series)) == series


class Harm:
    """Runs a command where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return os.system, (f"touch {self.mark}",)


def test_that_nothing_that_could_be_called_is_found(tmp_path: Path) -> None:
    mark = tmp_path / "harmed"
    harmful = [
        *(pickle.dumps(Harm(mark), protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)),
        sent((Progress(JOB, 1, 2), Harm(mark))),
        pickle.dumps(os.getenv, 4),
        pickle.dumps(Path, 4),
        pickle.dumps(BlockingClient, 4),
        pickle.dumps(Problem, 0),
    ]
    for content in harmful:
        with pytest.raises(wire.BadMessage):
            wire.read(content)
    assert not mark.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b".",
        b"\x80\x04.",
        sent(Progress(JOB, 1, 2))[:-1],
        sent(Progress(JOB, 1, 2)) + b".",
        b"\x80\x04K\x01r\xff\xff\xff\x7f.",
        b"\x80\x04p99999999999\n.",
        b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\x7fx.",
        sent(Progress("three", 1, 2)),  # type: ignore[arg-type]
        sent(LogLine("x", "loud", "text")),  # type: ignore[arg-type]
    ],
)
def test_that_what_is_no_message_is_refused(content: bytes) -> None:
    with pytest.raises(wire.BadMessage):
        wire.read(content)


def liar(connection: Connection) -> None:
    """A child that says something harmful as soon as it is asked."""
    connection.send(Hello(1, os.getpid()))
    connection.recv_bytes()
    connection.send_bytes(b"cposix\nsystem\n(S'touch harmed'\ntR.")
    connection.recv_bytes()


def test_that_a_child_that_says_anything_else_is_ended_and_its_job_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with BlockingClient("tests.ipc.test_wire:liar", name="liar") as client, pytest.raises(ChildDied):
        client.call(lambda job: Do(job, "echo"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="asks for limits as Linux tells them")
def test_that_the_files_process_is_bounded(tmp_path: Path) -> None:
    with BlockingClient("brainsr_desktop.io.child:main", name="files") as client:
        with pytest.raises(ReadError):
            client.call(lambda job: ScanSources(job, (str(tmp_path / "nowhere"),)))
        assert client.pid is not None
        assert resource.prlimit(client.pid, resource.RLIMIT_CORE) == (0, 0)
        most = 2 * psutil.virtual_memory().total + (8 << 30)
        assert 0 < resource.prlimit(client.pid, resource.RLIMIT_AS)[0] <= most


@pytest.mark.skipif(sys.platform != "linux", reason="asks for limits as Linux tells them")
def test_that_the_decoder_is_bounded() -> None:
    decoder = DecoderProcess()
    try:
        with pytest.raises(BadDicom):
            decoder.ask(b"no such file", MatOrder("facts"))
        assert decoder.pid is not None
        assert resource.prlimit(decoder.pid, resource.RLIMIT_AS)[0] <= MEMORY_LIMIT_BYTES
        assert resource.prlimit(decoder.pid, resource.RLIMIT_CORE) == (0, 0)
    finally:
        decoder.stop()
    assert multiprocessing.active_children() == []
