"""The same instance twice in a series: one copy is kept where the pixels are equal, both where they differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from brainsr_desktop.core.errors import Problem
from brainsr_desktop.io.records import Picture
from brainsr_desktop.language import tr


def without_duplicates(
    files: Sequence[list[Picture]], check_cancelled: Callable[[], None]
) -> tuple[list[list[Picture]], list[Problem]]:
    """The files of a series without second copies, and a problem for each copy left out.

    Of a whole and a cut copy the whole one is kept. Copies that differ are kept and marked.
    """
    kept: list[list[Picture]] = []
    place: dict[str, int] = {}
    skipped: list[Problem] = []
    for pictures in files:
        uid = pictures[0].file.sop_uid
        if not uid or uid not in place:
            if uid:
                place[uid] = len(kept)
            kept.append(pictures)
            continue
        check_cancelled()
        first = kept[place[uid]]
        if _equal(first, pictures):
            better, copy = (pictures, first) if _cut(first) and not _cut(pictures) else (first, pictures)
            kept[place[uid]] = better
            skipped.append(_copy(copy, better))
        else:
            kept.append(_marked(pictures, first))
    return kept, skipped


def _copy(copy: Sequence[Picture], original: Sequence[Picture]) -> Problem:
    shown = original[0].file.shown
    if _cut(copy):
        reason = tr("A second copy of {shown} (same instance UID and pixels, and cut short).", shown=shown)
    else:
        reason = tr("A second copy of {shown} (same instance UID and pixels).", shown=shown)
    return Problem(copy[0].file.shown, "DUPLICATE_FILE", reason)


def _marked(pictures: list[Picture], first: Sequence[Picture]) -> list[Picture]:
    reason = tr("It has the instance UID of {shown} but other pixels.", shown=first[0].file.shown)
    mark = Problem(pictures[0].file.shown, "DUPLICATE_UID", reason, tr("Both are kept."))
    return [replace(pictures[0], marks=(*pictures[0].marks, mark)), *pictures[1:]]


def _cut(pictures: Sequence[Picture]) -> bool:
    return any(mark.code == "TRUNCATED_PIXELS" for mark in pictures[0].file.marks)


def _equal(first: Sequence[Picture], second: Sequence[Picture]) -> bool:
    a, b = first[0].file, second[0].file
    if (a.rows, a.columns, a.samples, a.dtype, a.frames) != (b.rows, b.columns, b.samples, b.dtype, b.frames):
        return False
    from brainsr_desktop.io.pixels import same_pixels

    return same_pixels(first, second)
