"""Where an export goes: a folder that can be written to, has room, is not the source, and overwrites nothing."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from brainsr_desktop.core.errors import DiskFull, NotWritable, Problem, UsageError, WriteError
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io.export_journal import (
    FolderLock,
    Journal,
    file_digest,
    rename_folder,
    sync_folder,
    write_error,
)
from brainsr_desktop.io.export_names import PARTIAL, candidates
from brainsr_desktop.io.export_report import holds_nothing_else, is_whole, read_report

SPACE_MARGIN: Final = 1.1
IN_USE_ADVICE: Final = "Wait until the other window or command has finished this export."


@dataclass(slots=True)
class Target:
    """A chosen target. ``partial`` is where files are written until it is complete.

    ``journal`` is None where all files of an earlier run lie in ``partial`` and only the renaming is left; ``lock`` is
    None where the export lies complete under its final name already.
    """

    final: Path
    partial: Path
    lock: FolderLock | None
    journal: Journal | None
    overwrite: bool = False

    @property
    def is_complete(self) -> bool:
        return self.lock is None


def check_not_in_source(folder: Path, stack: StackInfo) -> None:
    """Refuse a folder that is, or lies inside, a folder that the source's files are in (`WriteError`).

    A NIfTI file or an archive is a source by itself; its folder may be written to.
    """
    if stack.kind == "nifti":
        return
    chosen = folder.resolve()
    sources = {
        Path(frame.path).parent for frame in stack.frames if frame is not None and frame.member is None
    }
    for source in sources:
        if chosen.is_relative_to(source.resolve()):
            raise NotWritable(
                "The chosen folder lies inside the folder of the source files.",
                advice="Choose a folder outside it, so that source and result are never mixed.",
                path=folder,
            )


def probe(folder: Path) -> None:
    """Make the folder if it is not there, and write and delete a small file in it (`NotWritable`, `DiskFull`)."""
    if folder.exists() and not folder.is_dir():
        raise NotWritable("The chosen target is a file.", advice="Choose a folder.", path=folder)
    name = folder / f".brainsr-probe-{secrets.token_hex(4)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with name.open("xb") as file:
            file.write(b"probe")
        name.unlink()
    except OSError as error:
        raise write_error(error, folder) from error


def check_space(folder: Path, needed_bytes: int) -> None:
    """Refuse an export that will not fit, before anything is computed (`DiskFull`)."""
    free, needed = shutil.disk_usage(folder).free, int(SPACE_MARGIN * needed_bytes)
    if free < needed:
        raise DiskFull(
            f"There is not enough room: {_size(needed)} are needed and {_size(free)} are free.",
            advice="Make room, or choose another folder or fewer slices.",
            path=folder,
        )


def choose_target(
    folder: Path,
    name: str,
    job: Mapping[str, Any],
    *,
    overwrite: bool,
    begin: Callable[[], Mapping[str, Any]],
) -> Target:
    """Find what can go on or is complete already, or start under a free name.

    `job` holds what must agree for going on (fingerprint, check of the anonymising key); `begin` makes the first
    journal line of a new export. Other exports, damaged journals and foreign folders are left alone.

    Raises:
        NotWritable: this very export is being written by another process.
    """
    for final in candidates(folder, name):
        partial = final.with_name(final.name + PARTIAL)
        replace = False
        if os.path.lexists(final):
            found = read_report(final)
            if found is not None and _agrees(found, job) and is_whole(final, found):
                return Target(final, partial, None, None)
            replace = overwrite and found is not None and holds_nothing_else(final, found)
            if not replace:
                continue
        target = _resume(final, partial, job) if os.path.lexists(partial) else _start(final, partial, begin)
        if target is not None:
            target.overwrite = replace
            return target
    raise UsageError("Too many exports of this name lie in the chosen folder.", path=folder)


def move_into_place(target: Target) -> tuple[Path, list[Problem]]:
    """Give the finished export its final name; never over anything but the export it was allowed to replace.

    Returns the folder it lies in, and a problem if it had to keep its partial name.
    """
    final = _still_free(target)
    old: Path | None = None
    if target.lock is not None:
        target.lock.release(remove=True)
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
            f"all files are complete, but the folder could not be renamed: {error.strerror}",
            "left under its partial name; the same export, started again, only renames it",
        )
        return target.partial, [problem]
    if old is not None:
        shutil.rmtree(old)
    sync_folder(final.parent)
    return final, []


def _agrees(found: Mapping[str, Any], job: Mapping[str, Any]) -> bool:
    return bool(found.get("fingerprint") == job["fingerprint"])


def _start(final: Path, partial: Path, begin: Callable[[], Mapping[str, Any]]) -> Target | None:
    try:
        partial.mkdir()
    except FileExistsError:  # another process was faster
        return None
    except OSError as error:
        raise write_error(error, partial) from error
    lock = FolderLock.take(partial)
    if lock is None:
        return None
    try:
        journal = Journal.begin(partial, begin())
    except WriteError:
        lock.release(remove=True)
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return Target(final, partial, lock, journal)


def _resume(final: Path, partial: Path, job: Mapping[str, Any]) -> Target | None:
    """The unfinished export in `partial` if it is this one; None if it is another, which is left alone."""
    journal, found = Journal.read(partial), read_report(partial)
    unfinished = journal is not None and all(journal.job.get(key) == value for key, value in job.items())
    finished = journal is None and found is not None and _agrees(found, job) and is_whole(partial, found)
    if not unfinished and not finished:
        return None
    lock = FolderLock.take(partial)
    if lock is None:
        raise NotWritable(
            "This export is in use by another window or command.", advice=IN_USE_ADVICE, path=partial
        )
    if finished:
        return Target(final, partial, lock, None)
    journal = Journal.read(partial)  # again, now that nobody else writes to it
    if journal is None:
        lock.release(remove=False)
        return None
    journal.mend()
    clear_up(journal)
    return Target(final, partial, lock, journal)


def clear_up(journal: Journal) -> None:
    """Forget files that are damaged or gone, and delete what the journal does not know."""
    for name, entry in list(journal.entries.items()):
        path = journal.folder / name
        try:
            intact = path.name == name and file_digest(path) == entry.get("sha256")
        except OSError:
            intact = False
        if not intact:
            journal.forget(name)
    known = set(journal.entries) | {journal.path.name, "export.lock"}
    for path in journal.folder.iterdir():
        if path.name not in known and (path.is_file() or path.is_symlink()):
            path.unlink()


def _still_free(target: Target) -> Path:
    if target.overwrite or not os.path.lexists(target.final):
        return target.final
    base = (
        target.final.name.removesuffix(")").rsplit(" (", 1)[0]
        if target.final.name.endswith(")")
        else target.final.name
    )
    return next(path for path in candidates(target.final.parent, base) if not os.path.lexists(path))


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
    large = sum(1 for name in names if name != "gif") + (0 if "dicom" in names else 1)
    return slices * rows * columns * bytes_a_value * large + (slices * 512 * 512 if "gif" in names else 0)


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(count, 1) / 1e6:.1f} MB"
