"""Files appear whole or not at all; a journal survives being cut; a lock tells who is at work."""

from __future__ import annotations

import errno
import hashlib
import json
import multiprocessing
import multiprocessing.synchronize
import os
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest

from brainsr_desktop.core.errors import DiskFull, NotWritable, WriteError
from brainsr_desktop.io.export_journal import (
    JOURNAL_NAME,
    FolderLock,
    Journal,
    file_digest,
    json_object,
    write_error,
    write_whole,
)
from brainsr_desktop.io.export_records import JobRecord, SliceRecord
from brainsr_desktop.io.export_values import StoredValues
from brainsr_desktop.io.messages import ModelNote

JOB = JobRecord(
    job="12345678-1234-4234-9234-123456789abc",
    started="2026-03-04T05:06:07.000008",
    fingerprint="f",
    key="",
    name="504_t1_SRx4",
    formats=("dicom", "gif"),
    series_numbers=(504, 514),
    values=StoredValues("uint16", 0.5, -3.0),
    model=ModelNote("brainsr-x4", "ab", "half_pixel"),
    volume_step_s=2.5,
)


def record(name: str, index: int = 0) -> SliceRecord:
    return SliceRecord(
        file=name,
        sha256="00",
        kept=True,
        index=index,
        number=index + 11,
        volume=1,
        slice=index + 1,
        group=0,
        frame=None,
        tile=4,
        sop_uid="2.25.1",
        source_uid="1.2",
        source_file="a.dcm",
        source_sha256="11",
        pixels="22",
        lowest=-1.0,
        highest=7.0,
        clipped=3,
        repairs=(("SliceThickness", "shortened"),),
        dropped=("OperatorsName",),
        private=2,
        comment="é",
    )


def begun(folder: Path) -> Journal:
    journal = Journal.begin(folder, JOB)
    for index in range(3):
        journal.add(record(f"IM{index}", index))
    return journal


def test_that_a_journal_comes_back_as_it_was_written(tmp_path: Path) -> None:
    begun(tmp_path)
    found = Journal.read(tmp_path)
    assert found is not None
    assert found.job == JOB
    assert list(found.slices.values()) == [record(f"IM{index}", index) for index in range(3)]
    assert not found.complete


def test_that_the_last_line_of_a_file_holds(tmp_path: Path) -> None:
    begun(tmp_path).add(replace(record("IM1", 1), sha256="11"))
    found = Journal.read(tmp_path)
    assert found is not None
    assert found.slices["IM1"].sha256 == "11"


@pytest.mark.parametrize("kept", range(1, 40))
def test_that_a_torn_last_line_is_left_out_and_cut_off(tmp_path: Path, kept: int) -> None:
    begun(tmp_path)
    path = tmp_path / JOURNAL_NAME
    whole = path.read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    path.write_bytes(whole[: last + kept])
    found = Journal.read(tmp_path)
    assert found is not None
    assert list(found.slices) == ["IM0", "IM1"]
    found.mend()
    found.add(record("IM9"))
    again = Journal.read(tmp_path)
    assert again is not None
    assert list(again.slices) == ["IM0", "IM1", "IM9"]


@pytest.mark.parametrize(
    "damage",
    [
        b"not json\n",
        b'{"schema": "other/1"}\n',
        b"[]\n",
        b"",
        b'{"schema": "brainsr-export-journal/1"}\n???\n{"file": "IM0"}\n',
        b'{"schema": "brainsr-export-journal/1", "x": ' + b"[" * 5000 + b"]" * 5000 + b"}\n",
    ],
)
def test_that_a_damaged_journal_is_none_of_ours(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / JOURNAL_NAME).write_bytes(damage)
    assert Journal.read(tmp_path) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("job", "no uuid"),
        ("started", "yesterday"),
        ("formats", ["exe"]),
        ("formats", 3),
        ("series_numbers", ["1"]),
        ("name", "../x"),
        ("model", {"id": 3}),
        ("model", {"unknown": "x"}),
        ("values", {"dtype": "object", "slope": 1, "intercept": 0}),
        ("values", {"dtype": "int16", "slope": 0, "intercept": 0}),
        ("fingerprint", None),
    ],
)
def test_that_a_crafted_first_line_is_none_of_ours(tmp_path: Path, name: str, value: object) -> None:
    begun(tmp_path)
    path = tmp_path / JOURNAL_NAME
    first, rest = path.read_bytes().split(b"\n", 1)
    path.write_bytes(json.dumps({**json.loads(first), name: value}).encode() + b"\n" + rest)
    assert Journal.read(tmp_path) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("file", "../../x"),
        ("file", 1),
        ("kept", "yes"),
        ("index", True),
        ("lowest", []),
        ("repairs", ["x"]),
        ("more", 1),
    ],
)
def test_that_a_crafted_slice_is_not_believed(tmp_path: Path, name: str, value: object) -> None:
    journal = begun(tmp_path)
    journal._append({**record("IM7").as_line(), name: value})
    found = Journal.read(tmp_path)
    assert found is not None
    assert list(found.slices) == ["IM0", "IM1", "IM2"]


def test_that_deeply_nested_json_is_refused() -> None:
    assert json_object(b'{"a": ' + b"[" * 20 + b"]" * 20 + b"}") is not None
    assert json_object(b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}") is None


def test_that_a_file_is_written_whole_and_its_digest_is_right(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    assert write_whole(path, b"hello") == hashlib.sha256(b"hello").hexdigest() == file_digest(path)
    assert write_whole(path, lambda file: void(file.write(b"other"))) == hashlib.sha256(b"other").hexdigest()
    assert path.read_bytes() == b"other"
    assert [found.name for found in tmp_path.iterdir()] == ["a.bin"]


def void(_: object) -> None:
    """Nothing."""


def test_that_a_failing_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def full(file: IO[bytes]) -> None:
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DiskFull) as caught:
        write_whole(path, full)
    assert caught.value.path == path
    assert path.read_bytes() == b"old"
    assert [found.name for found in tmp_path.iterdir()] == ["a.bin"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_that_a_really_full_device_is_told_by_its_number() -> None:
    with pytest.raises(OSError, match="space") as caught, Path("/dev/full").open("wb") as file:  # noqa: PT012
        file.write(b"x")
        file.flush()
    assert isinstance(write_error(caught.value, Path("x")), DiskFull)


@pytest.mark.parametrize(
    ("number", "family"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EACCES, NotWritable),
        (errno.EROFS, NotWritable),
        (errno.ENOENT, NotWritable),
        (errno.EIO, WriteError),
    ],
)
def test_that_an_error_of_the_system_gets_its_family(number: int, family: type[WriteError]) -> None:
    assert type(write_error(OSError(number, "reason"), Path("x"))) is family


def hold(
    folder: str, ready: multiprocessing.synchronize.Event, end: multiprocessing.synchronize.Event
) -> None:
    lock = FolderLock.take(Path(folder))
    assert lock is not None
    ready.set()
    end.wait(30)
    os._exit(0)  # like a crash: nothing is released by hand


def test_that_only_one_process_holds_a_folder_and_its_end_frees_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready, end = context.Event(), context.Event()
    process = context.Process(target=hold, args=(str(tmp_path), ready, end))
    process.start()
    try:
        assert ready.wait(30)
        assert FolderLock.take(tmp_path) is None
    finally:
        end.set()
        process.join(30)
    lock = FolderLock.take(tmp_path)
    assert lock is not None
    lock.release(remove=True)
    assert list(tmp_path.iterdir()) == []


def test_that_a_folder_that_is_gone_cannot_be_locked(tmp_path: Path) -> None:
    assert FolderLock.take(tmp_path / "gone") is None


def test_that_the_journal_is_plain_json_lines(tmp_path: Path) -> None:
    begun(tmp_path).finish()
    lines = [json.loads(line) for line in (tmp_path / JOURNAL_NAME).read_text().splitlines()]
    assert lines[0]["job"] == JOB.job
    assert lines[-1] == {"state": "complete"}
    found = Journal.read(tmp_path)
    assert found is not None
    assert found.complete
