"""What all commands share: help, streams, colour, progress, the log, and how errors become exit statuses."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from brainsr_desktop.cli.arguments import slice_range
from brainsr_desktop.cli.console import json_text, plain, table, wants_colour
from brainsr_desktop.cli.main import COMMANDS, build_parser, status_of
from brainsr_desktop.core import errors
from tests.cli.conftest import Brainsr


@pytest.mark.parametrize("command", COMMANDS)
def test_that_every_command_has_help_with_an_example_that_is_right(command: str, brainsr: Brainsr) -> None:
    ended = brainsr(command, "--help")
    example = COMMANDS[command].EXAMPLE
    assert ended.status == 0
    assert f"example:\n  {example}" in ended.out
    assert build_parser().parse_args(example.split()[1:]).command == command


def test_that_no_command_is_wrong_use(brainsr: Brainsr) -> None:
    assert brainsr().status == 2
    assert brainsr("no-such-command").status == 2


@pytest.mark.parametrize(
    ("family", "status"),
    [
        (errors.UsageError, 2),
        (errors.NotAnImage, 3),
        (errors.ReadError, 3),
        (errors.WeightsChanged, 4),
        (errors.CardInvalid, 4),
        (errors.DeviceUnavailable, 4),
        (errors.OutOfMemory, 4),
        (errors.DiskFull, 1),
        (errors.NotWritable, 1),
        (errors.ChildDied, 1),
        (errors.InternalError, 1),
    ],
)
def test_that_each_family_of_errors_has_its_status(family: type[errors.BrainSRError], status: int) -> None:
    assert status_of(family("what happened")) == status


def test_that_quiet_says_nothing_but_the_result(brainsr: Brainsr, sample: Path, tmp_path: Path) -> None:
    ended = brainsr(
        "enhance",
        sample,
        "-o",
        tmp_path / "out",
        "--series",
        "1",
        "--slices",
        "25",
        "--model",
        "nearest",
        "--quiet",
    )
    assert ended.status == 0
    assert ended.err == ""
    assert Path(ended.out.strip()).is_dir()


def test_that_colour_is_for_terminals_without_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert wants_colour(Terminal())
    assert not wants_colour(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not wants_colour(Terminal())
    monkeypatch.setenv("NO_COLOR", "")
    assert wants_colour(Terminal())


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
def test_that_a_terminal_sees_the_time_left(
    environment: dict[str, str], sample: Path, tmp_path: Path
) -> None:
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    command = [
        sys.executable, "-m", "brainsr_desktop.cli.main", "enhance", str(sample / "1_t1_fast_scan"),
        "-o", str(tmp_path / "out"), "--model", "zerofill", "--slices", "1-20",
    ]  # fmt: skip
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=theirs) as running:
        os.close(theirs)
        seen = b""
        while chunk := read(ours):
            seen += chunk
    os.close(ours)
    text = seen.decode(errors="replace")
    assert running.returncode == 0
    assert "20/20" in text
    assert "slice/s" in text
    assert "00:0" in text
    assert "<" in text.split("20/20")[1][:40]


def read(descriptor: int) -> bytes:
    """The next bytes of a terminal; none at its end, which Linux tells by an error."""
    try:
        return os.read(descriptor, 4096)
    except OSError:
        return b""


def test_that_the_log_is_kept_without_patient_data(brainsr: Brainsr, sample: Path, tmp_path: Path) -> None:
    study = tmp_path / "Meyer^Anna"
    study.mkdir()
    broken = study / "IM0001.dcm"
    shutil.copy(sample / "1_t1_fast_scan" / broken.name, broken)
    broken.write_bytes(broken.read_bytes()[:-4000])
    state = tmp_path / "state"
    ended = brainsr(
        "enhance", study, "-o", tmp_path / "out", "--verbose", more={"XDG_STATE_HOME": str(state)}
    )
    (log,) = state.rglob("brainsr.log")
    text = log.read_text()
    assert ended.status == 1
    assert "A series failed" in text
    assert "Meyer" not in text
    assert "Sample^Head" not in text


def test_that_a_reader_that_has_enough_ends_the_command_quietly(
    environment: dict[str, str], sample: Path
) -> None:
    listing = [sys.executable, "-m", "brainsr_desktop.cli.main", "info", str(sample), "--json", "--quiet"]
    with subprocess.Popen(
        listing, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == b""


@pytest.mark.parametrize(
    ("text", "wanted"), [("10-40", range(9, 40)), ("7", range(6, 7)), ("3-3", range(2, 3))]
)
def test_that_slices_are_counted_from_1_with_both_ends_in(text: str, wanted: range) -> None:
    assert slice_range(text) == wanted


def test_that_text_from_files_cannot_rewrite_the_terminal() -> None:
    assert plain("a\x1b[2Jb\u202ec\x00") == "a\ufffd[2Jb\ufffdc\ufffd"


def test_that_numbers_json_has_not_become_null() -> None:
    assert json_text({"a": [float("inf"), float("nan"), 1.5]}) == '{"a": [null, null, 1.5]}'


def test_that_numbers_stand_to_the_right_in_a_table() -> None:
    assert table([("a", 5), ("bcd", 125)], ("name", "n")) == "name    n\na       5\nbcd   125"
