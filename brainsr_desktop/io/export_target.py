"""Where an export goes: a folder that can be written to, has room, is not the source, and overwrites nothing."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from brainsr_desktop.core.errors import DiskFull, InUse, NotWritable, Problem, UsageError, WriteError
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io.export_journal import (
    JOURNAL_NAME,
    LOCK_NAME,
    FolderLock,
    Journal,
    file_digest,
    rename_folder,
    sync_folder,
    write_error,
)
from brainsr_desktop.io.export_names import PARTIAL, REPORT_NAME, candidates, present
from brainsr_desktop.io.export_records import JobRecord
from brainsr_desktop.io.export_report import holds_nothing_else, is_intact, own_names, read_report
from brainsr_desktop.language import mark, tr

SPACE_MARGIN: Final = 1.1
SMALL: Final = frozenset({"gif", "csv", "report"})
"""Formats whose size does not follow that of the slices."""
CHOOSING_PATIENCE_S: Final = 30.0
CHOOSING_PAUSE_S: Final = 0.01
_PROBE: Final = ".brainsr-probe-"
IN_USE_ADVICE: Final = mark("Wait until the other window or command has finished this export.")


@dataclass(slots=True)
class Target:
    """A chosen target. ``name`` was asked for; ``partial`` is where files are written until the export is complete.

    ``journal`` is None where all files of an earlier run lie in ``partial`` and only the renaming is left; ``lock`` is
    None where the export lies complete under its final name already.
    """

    name: str
    final: Path
    partial: Path
    lock: FolderLock | None
    journal: Journal | None
    overwrite: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to do."""
        return self.lock is None

    def release(self) -> None:
        """Let go of the partial folder, which stays."""
        if self.lock is not None:
            self.lock.release(remove=True)


def check_not_in_source(folder: Path, stack: StackInfo) -> None:
    """Refuse a folder that is, or lies inside, a folder that the source's files are in (`WriteError`).

    A NIfTI file, a file of arrays or an archive is a source by itself; its folder may be written to.
    """
    if stack.kind in ("nifti", "numpy"):
        return
    chosen = folder.resolve()
    sources = {
        Path(frame.path).parent for frame in stack.frames if frame is not None and frame.member is None
    }
    for source in sources:
        if chosen.is_relative_to(source.resolve()):
            raise NotWritable(
                tr("The chosen folder lies inside the folder of the source files."),
                advice=tr("Choose a folder outside it, so that source and result are never mixed."),
                path=folder,
            )


def probe(folder: Path) -> None:
    """Make the folder if it is not there, and write and delete a small file in it (`NotWritable`, `DiskFull`)."""
    name = folder / f"{_PROBE}{secrets.token_hex(4)}"
    try:
        if folder.exists() and not folder.is_dir():
            raise NotWritable(tr("The chosen target is a file."), advice=tr("Choose a folder."), path=folder)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with name.open("xb") as file:
                file.write(b"probe")
        finally:
            # Those of killed runs as well; another that probes just now does not mind.
            for left in folder.glob(f"{_PROBE}*"):
                left.unlink(missing_ok=True)
    except OSError as error:
        raise write_error(error, folder) from error


def check_space(folder: Path, needed_bytes: int) -> None:
    """Refuse an export that will not fit, before anything is computed (`DiskFull`)."""
    free, needed = shutil.disk_usage(folder).free, int(SPACE_MARGIN * needed_bytes)
    if free < needed:
        raise DiskFull(
            tr(
                "There is not enough room: {needed} are needed and {free} are free.",
                needed=_size(needed),
                free=_size(free),
            ),
            advice=tr("Make room, or choose another folder or fewer slices."),
            path=folder,
        )


def choose_target(
    folder: Path,
    name: str,
    fingerprint: str,
    key: str,
    *,
    overwrite: bool,
    begin: Callable[[], JobRecord],
    always_new: bool = False,
) -> Target:
    """Find what can go on or is complete already, or start under a free name.

    `fingerprint` and `key` (check of the anonymising key) must agree for going on; `begin` makes the first journal line
    of a new export. Other exports, damaged journals and foreign folders are left alone. `always_new`: what is
    complete already does not count.

    Raises:
        InUse: this very export is being written by another process.
    """
    if not overwrite:
        found = _begun_already(folder, name, fingerprint, key, always_new=always_new)
        if found is not None:
            return found
    with _choosing(folder):
        # Again, for another process may have chosen meanwhile, and of two with the same export one must see the other.
        for final in candidates(folder, name):
            target = Target(name, final, final.with_name(final.name + PARTIAL), None, None)
            if _takes_up(target, fingerprint, key, overwrite=overwrite, always_new=always_new):
                return target
            is_free = not os.path.lexists(final) or target.overwrite
            if is_free and not os.path.lexists(target.partial) and _start(target, begin):
                return target
    raise UsageError(tr("Too many exports of this name lie in the chosen folder."), path=folder)


def _begun_already(folder: Path, name: str, fingerprint: str, key: str, *, always_new: bool) -> Target | None:
    """That very export under whichever of its names: beside it another may have failed and left its name free."""
    for final in present(folder, name):
        target = Target(name, final, final.with_name(final.name + PARTIAL), None, None)
        if _takes_up(target, fingerprint, key, overwrite=False, always_new=always_new):
            return target
    return None


def _takes_up(target: Target, fingerprint: str, key: str, *, overwrite: bool, always_new: bool) -> bool:
    """Whether that export is complete or can go on here; says in ``target`` whether it may replace what lies here."""
    if os.path.lexists(target.final):
        same = _reports.fingerprint(target.final) == fingerprint
        found = read_report(target.final) if same or overwrite else None
        if not always_new and _is_complete(target.final, found, fingerprint):
            return True
        target.overwrite = overwrite and found is not None and holds_nothing_else(target.final, found)
        if not target.overwrite:
            return False
    return os.path.lexists(target.partial) and _resume(target, fingerprint, key)


class _Reports:
    """Fingerprints of the exports that lie in a folder, read once: a folder may hold thousands of one name."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[tuple[int, int, int], str]] = {}

    def fingerprint(self, folder: Path) -> str:
        """That of the export in ``folder``; empty where there is none."""
        try:
            found = (folder / REPORT_NAME).lstat()
        except OSError:
            return ""
        stamp = (found.st_ino, found.st_size, found.st_mtime_ns)
        known = self._known.get(folder)
        if known is None or known[0] != stamp:
            content = read_report(folder)
            known = stamp, str(content.get("fingerprint", "")) if content is not None else ""
            self._known[folder] = known
        return known[1]


_reports: Final = _Reports()


@contextmanager
def _choosing(folder: Path) -> Iterator[None]:
    """One process at a time chooses a name in a folder.

    Raises:
        NotWritable: another one has been choosing for half a minute.
    """
    deadline = time.monotonic() + CHOOSING_PATIENCE_S
    while (lock := FolderLock.take(folder)) is None:
        if time.monotonic() > deadline:
            raise NotWritable(
                tr("Another window or command keeps the chosen folder locked."),
                advice=tr(IN_USE_ADVICE),
                path=folder,
            )
        time.sleep(CHOOSING_PAUSE_S)
    try:
        yield
    finally:
        lock.release(remove=True)


def move_into_place(target: Target) -> tuple[Path, list[Problem]]:
    """Give the finished export its final name; never over anything but the export it was allowed to replace.

    Returns the folder it lies in, and a problem if it had to keep its partial name.
    """
    final = _still_free(target)
    old: Path | None = None
    target.release()
    try:
        if target.overwrite and os.path.lexists(final):
            old = final.with_name(f"{final.name}.old-{secrets.token_hex(4)}")
            rename_folder(final, old)
        try:
            rename_folder(target.partial, final)
        except OSError as error:
            if isinstance(error, PermissionError) or not _copied(target.partial, final):
                if old is not None:
                    rename_folder(old, final)
                raise
    except OSError as error:
        problem = Problem(
            target.partial.name,
            "RENAME_FAILED",
            tr(
                "all files are complete, but the folder could not be renamed: {reason}",
                reason=error.strerror,
            ),
            tr("left under its partial name; the same export, started again, only renames it"),
        )
        return target.partial, [problem]
    if old is not None:
        shutil.rmtree(old)
    sync_folder(final.parent)
    return final, []


def _is_complete(folder: Path, found: Mapping[str, Any] | None, fingerprint: str) -> bool:
    """Whether that very export lies there with every slice it was to have."""
    agrees = found is not None and found.get("fingerprint") == fingerprint and not found.get("missing")
    return agrees and found is not None and is_intact(folder, found)


def _start(target: Target, begin: Callable[[], JobRecord]) -> bool:
    """Begin a new export; False where another process was faster."""
    try:
        target.partial.mkdir()
    except FileExistsError:
        return False
    except OSError as error:
        raise write_error(error, target.partial) from error
    target.lock = FolderLock.take(target.partial)
    if target.lock is None:
        return False
    try:
        target.journal = Journal.begin(target.partial, begin())
    except WriteError:
        target.release()
        shutil.rmtree(target.partial, ignore_errors=True)
        raise
    return True


def _resume(target: Target, fingerprint: str, key: str) -> bool:
    """Go on with the unfinished export if it is this one; False if it is another, which is left alone."""
    if not _is_ours(target.partial, fingerprint, key):
        return False
    target.lock = FolderLock.take(target.partial)
    if target.lock is None:
        raise InUse(
            tr("This export is in use by another window or command."),
            advice=tr(IN_USE_ADVICE),
            path=target.partial,
        )
    # Again, now that nobody else writes to it.
    if not _is_ours(target.partial, fingerprint, key):
        target.lock.release(remove=False)
        target.lock = None
        return False
    journal, found = Journal.read(target.partial), read_report(target.partial)
    if found is not None and (journal is None or journal.complete) and is_intact(target.partial, found):
        _delete_others(target.partial, own_names(found))
    elif journal is not None:
        journal.mend()
        _forget_damaged(journal)
        _delete_others(target.partial, {*journal.slices, JOURNAL_NAME})
        target.journal = journal
    return True


def _is_ours(partial: Path, fingerprint: str, key: str) -> bool:
    journal = Journal.read(partial)
    if journal is not None:
        return (journal.job.fingerprint, journal.job.key) == (fingerprint, key)
    found = read_report(partial)
    return found is not None and found.get("fingerprint") == fingerprint and is_intact(partial, found)


def _forget_damaged(journal: Journal) -> None:
    for name, record in list(journal.slices.items()):
        try:
            intact = file_digest(journal.folder / name) == record.sha256
        except OSError:
            intact = False
        if not intact:
            journal.forget(name)


def _delete_others(partial: Path, known: set[str]) -> None:
    """Delete what a killed run left behind: halves of files, and files that were never noted."""
    for path in partial.iterdir():
        if path.name not in known | {LOCK_NAME} and (path.is_file() or path.is_symlink()):
            path.unlink()


def _still_free(target: Target) -> Path:
    if target.overwrite or not os.path.lexists(target.final):
        return target.final
    return next(path for path in candidates(target.final.parent, target.name) if not os.path.lexists(path))


def _copied(source: Path, target: Path) -> bool:
    """For shares that cannot rename a folder: copy, compare, delete. False where that fails; the source then stays."""
    if os.path.lexists(target):
        return False
    try:
        shutil.copytree(source, target)
        same = all(file_digest(path) == file_digest(target / path.name) for path in source.iterdir())
    except OSError:
        same = False
    shutil.rmtree(source if same else target, ignore_errors=True)
    return same


def needed_bytes(slices: int, rows: int, columns: int, formats: Iterable[str], bytes_a_value: int) -> int:
    """Upper estimate of the room an export takes, its working files included."""
    names = list(formats)
    large = sum(1 for name in names if name not in SMALL) + (0 if "dicom" in names else 1)
    return slices * rows * columns * bytes_a_value * large + (slices * 512 * 512 if SMALL & set(names) else 0)


def _size(count: int) -> str:
    if count >= 1e9:
        return f"{count / 1e9:.1f} GB"
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"
