"""Zip, tar and gzip files, read in memory entry by entry; nothing is ever unpacked to disk.

Limits are counted while reading, never believed from a directory: 50,000 entries, 4 GiB in all, a ratio of 200 for
entries over 10 MB. An archive inside an archive is not opened.
"""

from __future__ import annotations

import gzip
import io
import lzma
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol

from brainsr_desktop.core.errors import Problem, ReadError
from brainsr_desktop.io.text import path_text
from brainsr_desktop.language import tr

ENTRY_LIMIT: Final = 50_000
TOTAL_LIMIT_BYTES: Final = 4 << 30
RATIO_LIMIT: Final = 200
RATIO_FREE_BYTES: Final = 10_000_000
_CHUNK: Final = 1 << 20

ArchiveKind = Literal["zip", "tar", "gzip"]
GZIP_MEMBER: Final = "<content>"
"""Stands for the single content of a .gz file."""

_passwords: dict[str, bytes] = {}
_last_lock = threading.Lock()
_last: tuple[tuple[str, int, int], zipfile.ZipFile | tarfile.TarFile] | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One regular entry: its name, a label only, never a path to write to."""

    name: str
    data: bytes

    @property
    def label(self) -> str:
        """The name as one line of text."""
        return path_text(self.name)


def kind_of(path: str, prefix: bytes) -> ArchiveKind | None:
    """What kind of archive a file is, by its first bytes (tar: by its own check)."""
    if prefix.startswith((b"PK\3\4", b"PK\5\6")):
        return "zip"
    name = path.casefold()
    if name.endswith((".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")) and _is_tar(path):
        return "tar"
    return "gzip" if prefix.startswith(b"\x1f\x8b") else None


def _is_tar(path: str) -> bool:
    try:
        return tarfile.is_tarfile(path)
    except (EOFError, zlib.error, lzma.LZMAError, ValueError, OverflowError):  # of what is packed around it
        return False


def remember_password(path: str, password: str) -> None:
    """Keep the password of an archive for later reading, in this process alone."""
    _passwords[path] = password.encode()


def entries(path: str, kind: ArchiveKind, skipped: Callable[[Problem], None], shown: str) -> Iterator[Entry]:
    """All regular entries with their content. Entries left out are told to ``skipped``.

    Raises ReadError when the archive as a whole cannot be read, or a limit is passed.
    """
    budget = _Budget(shown)
    try:
        if kind == "zip":
            yield from _zip_entries(path, budget, skipped, shown)
        elif kind == "tar":
            yield from _tar_entries(path, budget, skipped, shown)
        else:
            with gzip.open(path, "rb") as stream:
                yield Entry(GZIP_MEMBER, budget.read(stream, _size_of(path)))
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile) as error:
        raise ReadError(tr("The archive {shown} is damaged.", shown=shown), path=path) from error
    except NotImplementedError as error:  # zipfile's word for what it cannot unpack
        raise ReadError(
            tr("The archive {shown} uses a compression or encryption that cannot be read.", shown=shown),
            advice=tr("Unpack it first."),
            path=path,
        ) from error


def read_member(path: str, member: str) -> bytes:
    """One entry again, by its name. Raises ReadError or OSError."""
    budget = _Budget(path_text(path))
    try:
        if member == GZIP_MEMBER:
            with gzip.open(path, "rb") as stream:
                return budget.read(stream, _size_of(path))
        with _last_lock:
            opened = _opened(path)
            if isinstance(opened, zipfile.ZipFile):
                with opened.open(member, pwd=_passwords.get(path)) as stream:
                    return budget.read(stream, opened.getinfo(member).compress_size)
            found = opened.extractfile(_tar_entry(opened, member))
            if found is None:
                raise KeyError(member)
            return budget.read(found, _size_of(path))
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, KeyError, RuntimeError) as error:
        raise ReadError(
            tr("{name} can no longer be read from its archive.", name=path_text(member)), path=path
        ) from error


class Readable(Protocol):
    """A stream as archives give it."""

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes."""


class _Budget:
    """Counts what an archive really gives."""

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._bytes = 0
        self._entries = 0

    def entry(self) -> None:
        self._entries += 1
        if self._entries > ENTRY_LIMIT:
            raise ReadError(
                tr(
                    "The archive {shown} has more than {limit} entries.",
                    shown=self._shown,
                    limit=ENTRY_LIMIT,
                )
            )

    def read(self, stream: Readable, packed_bytes: int) -> bytes:
        """The whole stream, if it stays within the limits."""
        parts = io.BytesIO()
        while chunk := stream.read(_CHUNK):
            self._bytes += len(chunk)
            parts.write(chunk)
            size = parts.tell()
            if size > RATIO_FREE_BYTES and size > RATIO_LIMIT * max(packed_bytes, 1):
                raise ReadError(
                    tr(
                        "An entry of {shown} grows more than {limit}-fold: not read.",
                        shown=self._shown,
                        limit=RATIO_LIMIT,
                    )
                )
            if self._bytes > TOTAL_LIMIT_BYTES:
                raise ReadError(
                    tr("The archive {shown} holds more than 4 GiB.", shown=self._shown),
                    advice=tr("Unpack it first."),
                )
        return parts.getvalue()


def _zip_entries(
    path: str, budget: _Budget, skipped: Callable[[Problem], None], shown: str
) -> Iterator[Entry]:
    with zipfile.ZipFile(path) as opened:
        names: set[str] = set()
        for info in opened.infolist():
            if info.is_dir():
                continue
            budget.entry()
            label = f"{shown}/{path_text(info.filename)}"
            if info.filename in names:
                skipped(
                    Problem(
                        label, "SAME_NAME", tr("The archive has two entries of this name; the last was read.")
                    )
                )
                continue
            names.add(info.filename)
            try:
                with opened.open(info.filename, pwd=_passwords.get(path)) as stream:
                    data = budget.read(stream, opened.getinfo(info.filename).compress_size)
            except RuntimeError:
                wrong = path in _passwords
                code, reason = (
                    ("PASSWORD_WRONG", tr("The password does not open it."))
                    if wrong
                    else ("PASSWORD", tr("It is encrypted and needs a password."))
                )
                skipped(Problem(label, code, reason))
                continue
            except (zipfile.BadZipFile, zlib.error, EOFError):
                skipped(Problem(label, "CORRUPT", tr("The entry is damaged.")))
                continue
            yield Entry(info.filename, data)


def _tar_entries(
    path: str, budget: _Budget, skipped: Callable[[Problem], None], shown: str
) -> Iterator[Entry]:
    packed = _size_of(path)
    with tarfile.open(path) as opened:
        for info in opened:
            if info.isdir():
                continue
            budget.entry()
            if not info.isreg():
                skipped(
                    Problem(
                        f"{shown}/{path_text(info.name)}",
                        "NOT_A_FILE",
                        tr("It is a link or device, no file."),
                    )
                )
                continue
            stream = opened.extractfile(info)
            if stream is not None:
                yield Entry(info.name, budget.read(stream, packed))


def _tar_entry(opened: tarfile.TarFile, name: str) -> tarfile.TarInfo:
    """The last entry of a name, in a cut archive the last one that is there."""
    found = None
    with suppress(tarfile.ReadError):
        for info in opened:
            found = info if info.name == name else found
    if found is None:
        raise KeyError(name)
    return found


def _opened(path: str) -> zipfile.ZipFile | tarfile.TarFile:
    """The archive, kept open: its slices are read one after the other, and its directory may be long."""
    global _last  # noqa: PLW0603 - the one archive of this process that is kept open
    now = Path(path).stat()
    key = (path, now.st_size, now.st_mtime_ns)
    if _last is None or _last[0] != key:
        close()
        _last = (key, zipfile.ZipFile(path) if zipfile.is_zipfile(path) else tarfile.open(path))  # noqa: SIM115
    return _last[1]


def close() -> None:
    """Close the archive that was kept open."""
    global _last  # noqa: PLW0603
    if _last is not None:
        _last[1].close()
        _last = None


def _size_of(path: str) -> int:
    return Path(path).stat().st_size
