"""A DICOMDIR as a list of files: only those that lie below its own folder are believed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from brainsr_desktop.core.errors import Problem
from brainsr_desktop.io.dicom_file import DAMAGE, MEDIA_DIRECTORY, BadDicom, media_class, open_dicom, quiet
from brainsr_desktop.io.header import Header, tag_of
from brainsr_desktop.io.text import path_text
from brainsr_desktop.language import tr

RECORD_LIMIT: Final = 200_000


@dataclass(slots=True)
class Listed:
    """Files that a DICOMDIR names and that exist, and a problem for each other one."""

    files: list[Path] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def is_dicomdir(stream: BinaryIO) -> bool:
    """Whether a file is a media directory by its own statement."""
    return media_class(stream) == MEDIA_DIRECTORY


def listed_files(stream: BinaryIO, folder: Path) -> Listed:
    """The files that a DICOMDIR in ``folder`` names (PS3.3 F.3.2.2, ReferencedFileID); the stream is closed.

    Damage gives an empty list and a problem.
    """
    listed = Listed()
    seen: set[Path] = set()
    try:
        with quiet():
            parts = list(_references(stream))
    except (BadDicom, *DAMAGE):
        listed.problems.append(Problem("DICOMDIR", "BAD_HEADER", tr("The directory record is damaged.")))
        return listed
    for names in parts:
        shown = path_text("/".join(names))
        found = _inside(folder, names)
        if found is None:
            listed.problems.append(
                Problem(shown, "OUTSIDE", tr("It points outside its own folder: ignored."))
            )
        elif not found.is_file():
            listed.problems.append(
                Problem(shown, "GONE", tr("The directory record names it, but it is not there."))
            )
        elif found not in seen:
            seen.add(found)
            listed.files.append(found)
    return listed


def _references(stream: BinaryIO) -> Iterator[tuple[str, ...]]:
    with open_dicom(stream, only=[tag_of("DirectoryRecordSequence")], directory=True) as opened:
        for number, record in enumerate(Header(opened.dataset).items("DirectoryRecordSequence")):
            names = record.names("ReferencedFileID")
            if names:
                yield names
            if number >= RECORD_LIMIT:
                return


def _inside(folder: Path, names: tuple[str, ...]) -> Path | None:
    """The file below the folder; lower case if the disc was written so. None for anything that leads out of it."""
    if any(name in ("", ".", "..") or set(name) & set("/\\:\0") for name in names):
        return None
    for parts in (names, tuple(name.lower() for name in names)):
        found = folder.joinpath(*parts)
        if found.exists():
            return found if found.resolve().is_relative_to(folder) else None
    return folder.joinpath(*names)
