"""Names of exported folders and files, made safe for every system. Nothing from a file becomes a path without this.

Plain text work without pydicom, so that the export dialog can show a preview.
"""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from brainsr_desktop.core.errors import UsageError
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io.messages import ExportPicture
from brainsr_desktop.language import tr

PARTIAL: Final = ".partial"
REPORT_NAME: Final = "export.json"
LONGEST_PART: Final = 48
LONGEST_PATH_WINDOWS: Final = 240
LONGEST_FILE_NAME: Final = len("/IM00000000.dcm.tmp")
LARGEST_INTEGER_STRING: Final = 2**31 - 1
PATTERN_FIELDS: Final = (
    "number",
    "description",
    "model",
    "scale",
    "picture",
    "source_number",
    "patient_id",
    "patient_name",
    "study_date",
)
_DEVICES: Final = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])", re.IGNORECASE)
_ENDINGS: Final = re.compile(r"(\.(nii|hdr|img|png|jpe?g|tiff?|mat|np[yz])|\.gz)+$", re.IGNORECASE)
_FIELD: Final = re.compile(r"\{([^{}]*)\}")


def clean(text: str, *, longest: int = LONGEST_PART, empty: str = "series") -> str:
    """A part of a name: letters, digits and hyphens of any script; everything else becomes one underscore.

    NFC; no control or bidi characters, dots or separators; at most `longest` characters; never a device of Windows.
    """
    kept = "".join(
        c if c == "-" or unicodedata.category(c)[0] == "L" or unicodedata.category(c) == "Nd" else "_"
        for c in unicodedata.normalize("NFC", text)
    )
    short = re.sub("_+", "_", kept).strip("_")[:longest].rstrip("_")
    if not short:
        return empty
    return f"{short}_" if _DEVICES.fullmatch(short) else short


def without_patient(text: str, secrets: tuple[str, ...]) -> str:
    """`text` without words that name the patient: whole identifiers and parts of a name of four letters or more."""
    for secret in secrets:
        for part in (secret, *re.split(r"[\s^=]+", secret)):
            if len(part) >= 4:
                text = re.sub(rf"(?<!\w){re.escape(part)}(?!\w)", " ", text, flags=re.IGNORECASE)
    return text


def series_number(source: int | None, scale: int, taken: tuple[int, ...] = ()) -> int:
    """Number of the new series: beside its source in every list, and free in the study."""
    number = 9000 + scale
    if source is not None and source >= 0 and 100 * source + scale <= LARGEST_INTEGER_STRING:
        number = 100 * source + scale
    while number in taken:
        number += 10
    return number


def taken_numbers(stacks: Iterable[StackInfo], scale: int) -> dict[str, tuple[int, ...]]:
    """The series numbers taken in each stack's study, by its id: those of the sources, and of results before it."""
    everything = tuple(stacks)
    in_study: dict[str, list[int]] = {}
    for stack in everything:
        if stack.series_number is not None:
            in_study.setdefault(stack.study_uid, []).append(stack.series_number)
    taken: dict[str, tuple[int, ...]] = {}
    for stack in everything:
        numbers = in_study.setdefault(stack.study_uid, [])
        taken[stack.id] = tuple(numbers)
        numbers.append(series_number(stack.series_number, scale, tuple(numbers)))
    return taken


@dataclass(frozen=True, slots=True)
class NameFacts:
    """What a folder's name may tell: number of the new series, model, factor, picture; patient and date of the scan."""

    number: int
    model: str
    scale: int
    picture: ExportPicture = "enhanced"
    person: str = ""
    identity: str = ""
    date: str = ""


def target_name(stack: StackInfo, pattern: str, facts: NameFacts, *, hidden: bool, anonymise: bool) -> str:
    """Name of the folder. Patient data only where the user's own pattern asks for them, and they are not ``hidden``.

    Raises:
        UsageError: the pattern asks for a field that does not exist.
    """
    description = without_patient(stack.description, (facts.person, facts.identity))
    if stack.kind != "dicom":  # the name of a file
        description = _ENDINGS.sub("", description)
    description = "MR" if anonymise else description
    if not pattern:
        return folder_name(facts.number, description, facts.scale, facts.picture)
    fields = {
        "number": str(facts.number),
        "description": clean(description),
        "model": facts.model,
        "scale": str(facts.scale),
        "picture": facts.picture,
        "source_number": "" if stack.series_number is None else str(stack.series_number),
        "patient_id": "anonymous" if hidden else facts.identity,
        "patient_name": "anonymous" if hidden else facts.person,
        "study_date": "" if hidden else facts.date,
    }
    return pattern_name(pattern, fields)


def folder_name(number: int, description: str, scale: int, picture: ExportPicture = "enhanced") -> str:
    """``<SeriesNumber>_<SeriesDescription>_SRx<scale>``; what is not the model's picture of a scan says what it is."""
    ending = {
        "enhanced": f"SRx{scale}",
        "test": f"test_SRx{scale}",
        "difference": f"difference_SRx{scale}",
        "original": "original",
        "degraded": "degraded",
    }[picture]
    return f"{number}_{clean(description)}_{ending}"


def pattern_name(pattern: str, fields: Mapping[str, str]) -> str:
    """A folder name from the user's own pattern: ``{number}_{description}_{model}`` and the like, made safe.

    Raises:
        UsageError: the pattern asks for a field that does not exist.
    """

    def fill(found: re.Match[str]) -> str:
        if found[1] not in fields:
            raise UsageError(
                tr("The name pattern asks for {{{found}}}, which does not exist.", found=found[1]),
                advice=tr("These do: {names}.", names=", ".join(f"{{{name}}}" for name in PATTERN_FIELDS)),
            )
        return fields[found[1]]

    return clean(_FIELD.sub(fill, pattern), longest=2 * LONGEST_PART)


def file_name(number: int, suffix: str) -> str:
    """``IM00017.dcm``: five digits or more."""
    return f"IM{number:05d}{suffix}"


def candidates(folder: Path, name: str) -> Iterator[Path]:
    """Target folders to try: ``name``, ``name (2)`` ... each inside `folder`.

    Raises:
        UsageError: no name is short enough for this system, or it would lie outside the folder.
    """
    yield _inside(folder, name)
    for count in range(2, 10_000):
        yield _inside(folder, f"{name} ({count})")


def present(folder: Path, name: str) -> Iterator[Path]:
    """Those of `candidates` that are there, complete or unfinished, in their order."""
    own = re.compile(
        rf"{re.escape(_inside(folder, name).name)}(?: \((\d{{1,4}})\))?(?:{re.escape(PARTIAL)})?"
    )
    try:
        found = [own.fullmatch(entry.name) for entry in os.scandir(folder)]
    except OSError:
        return
    for count in sorted({int(match[1] or 1) for match in found if match is not None}):
        yield _inside(folder, name if count == 1 else f"{name} ({count})")


def _inside(folder: Path, name: str) -> Path:
    if sys.platform == "win32":
        room = LONGEST_PATH_WINDOWS - len(str(folder)) - 1 - len(PARTIAL) - LONGEST_FILE_NAME
        if room < 16:
            raise UsageError(
                tr("The path of the chosen folder is too long for Windows."),
                advice=tr("Choose a folder nearer to the drive's root."),
                path=folder,
            )
        name = name if len(name) <= room else name[: room - 4].rstrip("_ (") + name[-4:]
    target = folder / name
    if target.parent != folder or name in ("", ".", "..") or target.name != name:
        raise UsageError(tr("{name!r} is no name for a folder.", name=name), path=folder)
    return target
