"""The log tells what happened and holds no patient data."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from brainsr_desktop import log


@pytest.fixture
def logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(log, "_SECRETS", log._Secrets())
    level = logging.getLogger().level
    path = log.start(tmp_path / "logs")
    assert path is not None
    yield path
    log.stop()
    logging.getLogger().setLevel(level)


def _say(path: Path, text: str, *values: object) -> str:
    logging.getLogger("brainsr_desktop.app").warning(text, *values)
    return path.read_text("utf-8")


def test_that_a_record_is_one_line_with_level_and_logger(logged: Path) -> None:
    text = _say(logged, "the engine stopped with exit %d", 139)
    assert text.count("\n") == 1
    assert "WARNING" in text and "brainsr_desktop.app: the engine stopped with exit 139" in text


@pytest.mark.parametrize(
    ("said", "leaked"),
    [
        ("cannot read '/home/ann/Doe John 1970/IM 1.dcm' now", "Doe"),
        ("cannot read /media/cd/DOE/IM1 now", "DOE"),
        (r"cannot read C:\studies\Doe\IM1 now", "Doe"),
        (r"cannot read \\server\share\Doe now", "Doe"),
        ("series 1.2.840.113619.2.176.2025.5 failed", "113619"),
        ("born 1970-12-31, seen 20240131", "1970"),
        ("born 1970-12-31, seen 20240131", "20240131"),
    ],
)
def test_that_paths_dates_and_uids_are_masked(logged: Path, said: str, leaked: str) -> None:
    text = _say(logged, "%s", said)
    assert leaked not in text.split("app: ", 1)[1]
    assert log.HIDDEN in text


def test_that_declared_words_are_masked_in_any_case(logged: Path) -> None:
    log.keep_out("Dvořák^Anna", "ID-77", "ab", "")
    text = _say(logged, "patient DVOŘÁK^ANNA with id-77 and abacus")
    assert "77" not in text.split("app: ", 1)[1] and "DVO" not in text
    assert "abacus" in text


def test_that_what_lies_in_a_declared_folder_is_masked_with_it(logged: Path) -> None:
    log.keep_out("/data/Doe John")
    text = _say(logged, "cannot read /data/Doe John/Doe/IM1 now")
    assert text.endswith(f"cannot read {log.HIDDEN} now\n")


def test_that_figures_of_the_program_stay_readable(logged: Path) -> None:
    text = _say(logged, "brainsr-x4 on cuda:0, 640x640, 1.8 s, 24/24 slices, version 2026.4.1")
    assert "brainsr-x4 on cuda:0, 640x640, 1.8 s, 24/24 slices, version 2026.4.1" in text


def test_that_text_from_a_file_cannot_forge_a_record(logged: Path) -> None:
    text = _say(logged, "name: %s", "x\n2026 ERROR all gone\x1b[31m\x00\u202e")
    assert text.count("\n") == 1
    assert "\x1b" not in text and "\x00" not in text and "\u202e" not in text


def test_that_a_traceback_names_the_program_file_but_not_the_patients(logged: Path) -> None:
    try:
        raise ValueError("bad value in '/data/Doe/IM1'\nforged 2026 ERROR")
    except ValueError:
        logging.getLogger("brainsr_desktop").exception("reading failed")
    text = logged.read_text("utf-8")
    assert "Doe" not in text and "ValueError" in text
    assert all(line.startswith("    | ") for line in text.splitlines()[1:])


def test_that_a_long_text_is_cut(logged: Path) -> None:
    assert len(_say(logged, "%s", "x" * 60_000)) < log.MESSAGE_LENGTH + 200


def test_that_the_file_is_rotated_and_old_ones_go(logged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = next(h for h in logging.getLogger().handlers if h.get_name() == log.FILE_NAME)
    monkeypatch.setattr(handler, "maxBytes", 2000)
    for _ in range(200):
        _say(logged, "a line that fills the file")
    assert len(list(logged.parent.iterdir())) == log.FILES_KEPT + 1
    assert logged.stat().st_size <= 2000


def test_that_the_program_runs_without_a_folder_to_log_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    try:
        assert log.start(tmp_path / "file" / "logs") is None
    finally:
        log.stop()
