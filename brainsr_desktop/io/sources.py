"""Files, folders and archives as a list of things to read. Nothing is opened here that is not a regular file."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from brainsr_desktop.core.errors import Problem, ReadError
from brainsr_desktop.io import archive, dicomdir
from brainsr_desktop.io.text import natural_key, path_text
from brainsr_desktop.language import tr

FILE_LIMIT: Final = 200_000
PREFIX_BYTES: Final = 132
_UNPLUGGED: Final = frozenset(
    getattr(errno, name)
    for name in (
        "ENODEV",
        "ENXIO",
        "ENOTCONN",
        "ESTALE",
        "ETIMEDOUT",
        "EHOSTDOWN",
        "EHOSTUNREACH",
        "ENETUNREACH",
    )
    if hasattr(errno, name)
)
"""What systems say of a drive that was pulled out, or of a share whose server is gone."""
_SYSTEM_FILES: Final = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db", "icon\r"})
_SYSTEM_FOLDERS: Final = frozenset({"__macosx", "system volume information", "$recycle.bin", "lost+found"})


@dataclass(frozen=True, slots=True)
class Source:
    """A regular file, or an entry of an archive. ``shown`` is its path relative to what the user opened.

    ``stamp`` is (size in bytes, modification time in ns) when it was found.
    """

    path: str
    shown: str
    stamp: tuple[int, int]
    member: str | None = None

    @property
    def size_bytes(self) -> int:
        """Size when it was found."""
        return self.stamp[0]

    @property
    def name(self) -> str:
        """Name without folders."""
        return Path(self.member or self.path).name

    def open(self) -> BinaryIO:
        """The content, to be closed by the caller. Raises OSError, or ReadError for an archive."""
        return open_content(self.path, self.member)

    def changed(self) -> bool:
        """Whether the file is not the one that was found."""
        return stamp_of(self.path) != self.stamp if self.member is None else False


def open_content(path: str, member: str | None) -> BinaryIO:
    """Open a file, or an entry of an archive in memory. Never blocks on a fifo."""
    if member is None:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise ReadError(tr("{name} is not a regular file.", name=path_text(path)), path=path)
        return os.fdopen(descriptor, "rb")
    return io.BytesIO(archive.read_member(path, member))


def stamp_of(path: str) -> tuple[int, int] | None:
    """Size and modification time of a file; None when it is gone."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def problem_of(error: OSError, shown: str) -> Problem:
    """The reason code of a failed access, told by errno and type."""
    if isinstance(error, FileNotFoundError):
        return Problem(shown, "GONE", tr("The file is no longer there."))
    if isinstance(error, PermissionError):
        return Problem(shown, "NO_PERMISSION", tr("There is no permission to read it."))
    if error.errno == errno.ENAMETOOLONG:
        return Problem(shown, "PATH_TOO_LONG", tr("The path is longer than the system allows."))
    if error.errno == errno.ELOOP:
        return Problem(shown, "LINK_LOOP", tr("It is a link that leads in a circle."))
    if error.errno in _UNPLUGGED:
        return Problem(shown, "GONE", tr("The drive or share that holds it is no longer there."))
    reason = error.strerror or type(error).__name__
    return Problem(shown, "READ_ERROR", tr("The system could not read it: {reason}.", reason=reason))


class Walk:
    """Iterates over the sources below some paths, each real file once; what is left out goes to ``skipped``.

    Folder trouble goes to ``problems``. ``seen`` counts files: those yielded and those in ``skipped``.
    """

    def __init__(
        self,
        paths: Sequence[str],
        *,
        recursive: bool = True,
        check_cancelled: Callable[[], None] = lambda: None,
    ) -> None:
        self._paths = [str(Path(path).absolute()) for path in paths]
        self._recursive = recursive
        self._check_cancelled = check_cancelled
        self._known: set[tuple[int, int]] = set()
        self.seen = 0
        self.skipped: list[Problem] = []
        self.problems: list[Problem] = []

    def __iter__(self) -> Iterator[Source]:
        missing = []
        for path in self._paths:
            try:
                mode = Path(path).stat().st_mode
            except OSError as error:
                missing.append(path)
                self.problems.append(problem_of(error, path_text(path)))
                continue
            if stat.S_ISDIR(mode):
                yield from self._folder(path, path)
            else:
                yield from self._file(path, path_text(Path(path).name))
                yield from self._listed(path)
        if missing and len(missing) == len(self._paths):
            message = tr("{name} does not exist or cannot be read.", name=path_text(missing[0]))
            raise ReadError(message, advice=tr("Check the path and the permissions."), path=missing[0])

    def _listed(self, path: str) -> Iterator[Source]:
        """The files that a DICOMDIR names, when it was opened itself."""
        folder = Path(path).parent.resolve()
        try:
            with open_content(path, None) as stream:
                if not dicomdir.is_dicomdir(stream):
                    return
            listed = dicomdir.listed_files(open_content(path, None), folder)
        except (OSError, ReadError):
            return
        self.problems += listed.problems
        for file in listed.files:
            yield from self._file(str(file), _relative(str(file), str(folder)))

    def _folder(self, top: str, path: str) -> Iterator[Source]:
        waiting = [path]
        while waiting:
            folder = waiting.pop()
            self._check_cancelled()
            try:
                with os.scandir(folder) as listing:
                    entries = sorted(listing, key=lambda entry: natural_key(entry.name))
            except OSError as error:
                self.problems.append(problem_of(error, _relative(folder, top)))
                continue
            folders = []
            for entry in entries:
                if _is_folder(entry):
                    if self._recursive and not _ignored_folder(entry):
                        folders.append(entry.path)
                    continue
                yield from self._file(entry.path, _relative(entry.path, top), walked=True)
            waiting.extend(reversed(folders))

    def _file(self, path: str, shown: str, *, walked: bool = False) -> Iterator[Source]:
        if self.seen >= FILE_LIMIT:
            if self.seen == FILE_LIMIT and not any(p.code == "TOO_MANY" for p in self.problems):
                self.problems.append(
                    Problem(
                        shown,
                        "TOO_MANY",
                        tr("Only the first {limit} files were read.", limit=FILE_LIMIT),
                    )
                )
            return
        if self.seen % 100 == 0:
            self._check_cancelled()
        try:
            found = Path(path).stat()
        except OSError as error:
            self._skip(problem_of(error, shown))
            return
        if stat.S_ISDIR(found.st_mode):
            return
        if not stat.S_ISREG(found.st_mode):
            self._skip(Problem(shown, "NOT_A_FILE", tr("It is a device, pipe or socket, no file.")))
        elif (found.st_dev, found.st_ino) in self._known:
            self._skip(Problem(shown, "SAME_FILE", tr("Another name of a file that was read already.")))
        elif walked and _hidden(Path(path).name):
            self._skip(Problem(shown, "HIDDEN", tr("A hidden or system file.")))
        else:
            self._known.add((found.st_dev, found.st_ino))
            self.seen += 1
            yield Source(path, shown, (found.st_size, found.st_mtime_ns))

    def _skip(self, problem: Problem) -> None:
        self.seen += 1
        self.skipped.append(problem)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _ignored_folder(entry: os.DirEntry[str]) -> bool:
    return entry.name.startswith(".") or entry.name.casefold() in _SYSTEM_FOLDERS


def _hidden(name: str) -> bool:
    return name.startswith(".") or name.casefold() in _SYSTEM_FILES


def _relative(path: str, top: str) -> str:
    inside = path[len(top) :].lstrip(os.sep) if path.startswith(top) else path
    return path_text(inside.replace(os.sep, "/") or ".")
