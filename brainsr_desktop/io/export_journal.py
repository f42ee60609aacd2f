"""What keeps an export whole when the power fails: a lock, a journal, and files that appear complete or not at all.

An export grows in ``<target>.partial`` beside the target. Each file is written under another name, flushed, renamed,
and only then noted in the journal; the journal's first line says what job it is, so the same export can go on later.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final

from brainsr_desktop.core.errors import DiskFull, NotWritable, WriteError
from brainsr_desktop.io.export_records import JobRecord, SliceRecord
from brainsr_desktop.language import tr

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

log = logging.getLogger(__name__)

JOURNAL_NAME: Final = "export.journal"
LOCK_NAME: Final = "export.lock"
SCHEMA: Final = "brainsr-export-journal/1"
LONGEST_JSON_BYTES: Final = 64 * 2**20
DEEPEST_JSON: Final = 32
RENAME_TRIES: Final = 5
RENAME_PAUSE_S: Final = 0.6
_NO_SPACE: Final = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
_NOT_OFFERED: Final = frozenset({errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP})


class FolderLock:
    """The operating system's lock on a growing export; it ends with the process, however that ends."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self._file = file
        self._path = path

    @classmethod
    def take(cls, folder: Path) -> FolderLock | None:
        """Lock `folder`, or None where another process holds it or has just finished with it."""
        path = folder / LOCK_NAME
        try:
            file = path.open("ab")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise write_error(error, path) from error
        try:
            if sys.platform == "win32":
                file.seek(0)
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in _NOT_OFFERED:
                file.close()
                return None
            log.warning("This folder's file system has no locks; the export goes on without one.")
        # Its holder may have renamed the folder between our opening and our locking.
        if not _is_same(file, path):
            file.close()
            return None
        return cls(file, path)

    def release(self, *, remove: bool) -> None:
        """Let go; ``remove``: the lock's file goes as well, before the folder gets its final name."""
        if self._file.closed:
            return
        if remove and sys.platform != "win32":
            self._path.unlink(missing_ok=True)
        self._file.close()
        if remove and sys.platform == "win32":
            self._path.unlink(missing_ok=True)


def _is_same(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


class Journal:
    """The lines of an export's journal, and the file they are added to.

    ``job`` is the first line, ``slices`` the others by the name of their file (the last line of a name holds),
    ``complete`` tells whether the last step was reached.
    """

    def __init__(self, folder: Path, job: JobRecord) -> None:
        self.folder = folder
        self.job = job
        self.slices: dict[str, SliceRecord] = {}
        self.complete = False
        self._torn_bytes = 0

    @property
    def path(self) -> Path:
        return self.folder / JOURNAL_NAME

    @classmethod
    def begin(cls, folder: Path, job: JobRecord) -> Journal:
        """Start a journal in an empty folder; its first line is safe on disk afterwards."""
        journal = cls(folder, job)
        journal._append({"schema": SCHEMA, **job.as_line()})
        sync_folder(folder)
        return journal

    @classmethod
    def read(cls, folder: Path) -> Journal | None:
        """The journal of an earlier run; None where there is none or it is not ours.

        A torn last line is left out; a line that is damaged in the middle makes the whole journal unusable.
        """
        path = folder / JOURNAL_NAME
        try:
            if path.stat().st_size > LONGEST_JSON_BYTES:
                return None
            lines = path.read_bytes().split(b"\n")
        except OSError:
            return None
        torn = lines.pop()
        parsed = [json_object(line) for line in lines]
        sound = [line for line in parsed if line is not None]
        if not sound or len(sound) < len(parsed) or sound[0].get("schema") != SCHEMA:
            return None
        job = JobRecord.from_line(sound[0])
        if job is None:
            return None
        journal = cls(folder, job)
        journal._torn_bytes = len(torn)
        for line in sound[1:]:
            record = SliceRecord.from_line(line)
            if record is not None:
                journal.slices[record.file] = record
        journal.complete = any(line.get("state") == "complete" for line in sound[1:])
        return journal

    def mend(self) -> None:
        """Cut a torn last line off, so that the next one begins on its own. Only under the folder's lock."""
        if self._torn_bytes:
            with self.path.open("r+b") as file:
                file.truncate(self.path.stat().st_size - self._torn_bytes)
            self._torn_bytes = 0

    def forget(self, name: str) -> None:
        """A file turned out to be damaged or gone: it will be written, and noted, again."""
        self.slices.pop(name, None)

    def add(self, record: SliceRecord) -> None:
        """Note a slice that is safe on disk."""
        self.slices[record.file] = record
        self._append(record.as_line())

    def finish(self) -> None:
        """Note that everything was written and read back."""
        self.complete = True
        self._append({"state": "complete"})

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)

    def _append(self, line: Mapping[str, Any]) -> None:
        text = json.dumps(line, ensure_ascii=True, sort_keys=True)
        try:
            with self.path.open("ab") as file:
                file.write(text.encode("ascii") + b"\n")
                file.flush()
                _sync(file.fileno())
        except OSError as error:
            raise write_error(error, self.path) from error


def json_object(text: bytes) -> dict[str, Any] | None:
    """A JSON object from a file that anyone may have edited; None if it is none or nested absurdly deep."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and _is_shallow(value) else None


def _is_shallow(value: object) -> bool:
    level: list[object] = [value]
    for _ in range(DEEPEST_JSON):
        inner: list[object] = []
        for item in level:
            if isinstance(item, dict):
                inner.extend(item.values())
            elif isinstance(item, list):
                inner.extend(item)
        if not inner:
            return True
        level = inner
    return False


def write_whole(path: Path, content: bytes | Callable[[IO[bytes]], None]) -> str:
    """Write a file that is complete under its name or not there at all; returns the SHA-256 of what was written.

    `content` is the bytes, or a function that writes them to a file opened for writing (and seeking).

    Raises:
        DiskFull, NotWritable, WriteError: with the path; nothing is left under it.
    """
    temporary = path.with_name(path.name + ".tmp")
    try:
        with temporary.open("wb") as file:
            if isinstance(content, bytes):
                file.write(content)
            else:
                content(file)
            file.flush()
            _sync(file.fileno())
        digest = hashlib.sha256(content).hexdigest() if isinstance(content, bytes) else file_digest(temporary)
        replace(temporary, path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise write_error(error, path) from error
    return digest


def file_digest(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def replace(source: Path, target: Path) -> None:
    """Rename a file over another; on Windows a virus scanner may hold it for a moment.

    Raises:
        OSError: it could not be renamed.
    """
    _patiently(lambda: source.replace(target))


def rename_folder(source: Path, target: Path) -> None:
    """Give a folder its final name, which must be free.

    Raises:
        OSError: it could not be renamed.
    """
    _patiently(lambda: source.rename(target))


def _patiently(rename: Callable[[], object]) -> None:
    tries = RENAME_TRIES if sys.platform == "win32" else 1
    for attempt in range(tries):
        try:
            rename()
        except PermissionError:
            if attempt == tries - 1:
                raise
            time.sleep(RENAME_PAUSE_S)
        else:
            return


def sync_folder(folder: Path) -> None:
    """Make new names in a folder safe on disk, where the system can."""
    if sys.platform == "win32":
        return
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            _sync(descriptor)
        finally:
            os.close(descriptor)


def _sync(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NOT_OFFERED:
            raise
        log.warning("This folder's file system cannot say when a file is safe on disk.")


def write_error(error: OSError, path: Path) -> WriteError:
    """The error of this program for one of the operating system, told by its number."""
    if error.errno in _NO_SPACE:
        return DiskFull(
            tr("The disk is full."),
            advice=tr("Make room and start the export again: it goes on where it stopped."),
            path=path,
        )
    if error.errno == errno.ENAMETOOLONG:
        return WriteError(
            tr("The path of the chosen folder is longer than the system allows."),
            advice=tr("Choose a folder nearer to the top."),
            path=path,
        )
    reason = error.strerror or type(error).__name__
    if (
        isinstance(error, PermissionError | NotADirectoryError | FileNotFoundError)
        or error.errno == errno.EROFS
    ):
        return NotWritable(
            tr("{name} could not be written: {reason}.", name=path.name, reason=reason),
            advice=tr("Choose a folder that you may write to."),
            path=path,
        )
    return WriteError(
        tr("{name} could not be written: {reason}.", name=path.name, reason=reason),
        advice=tr("Check the disk or the network share, or choose another folder."),
        path=path,
    )
