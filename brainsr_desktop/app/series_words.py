"""Words of the series browser: patients, studies, badges and reasons, in the user's language."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

from brainsr_desktop.app.plain_text import HIDDEN, day, person, shown
from brainsr_desktop.core.series import StudyInfo
from brainsr_desktop.language import mark, tr, trn
from brainsr_desktop.session.open_stack import OpenStack

WORDS: Final[Mapping[str, str]] = {
    word: word
    for word in (
        mark("localizer"),
        mark("projection"),
        mark("phase"),
        mark("real"),
        mark("imaginary"),
        mark("map"),
        mark("derived"),
        mark("colour"),
        mark("mosaic"),
        mark("no UID"),
        mark("no DICOM"),
        mark("no modality"),
        mark("AI-made"),
        mark("phase image"),
        mark("real image"),
        mark("imaginary image"),
        mark("axial"),
        mark("coronal"),
        mark("sagittal"),
        mark("grey"),
    )
}
"""Words that files' rooms leave in English because others look for them."""
LOCALIZER: Final = "localizer: "

PatientKey = tuple[str, str]


def badge_words(badge: str) -> str:
    """A badge of a stack in the user's language."""
    number, _, rest = badge.partition(" ")
    if rest == "volumes" and number.isdigit():
        return trn("{count} volume", "{count} volumes", int(number))
    return tr(WORDS[badge]) if badge in WORDS else badge


def reason_words(reason: str) -> str:
    """Why a stack was split, or cannot be enhanced, in the user's language."""
    if reason.startswith(LOCALIZER):
        return tr("localizer: {plane}", plane=reason_words(reason.removeprefix(LOCALIZER)))
    return tr(WORDS[reason]) if reason in WORDS else reason


def patient_key(study: StudyInfo) -> PatientKey:
    """Name and ID as they are compared: the same in any spelling of capitals, blanks and carets."""
    name = study.patient_name.split("=", maxsplit=1)[0].replace("^", " ")
    return _plain(name), _plain(study.patient_id)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def patient_hint(key: PatientKey, others: Iterable[PatientKey]) -> str:
    """What to look at where two patients differ in one of name and ID only; else empty."""
    for other in others:
        if other == key:
            continue
        if key[1] and key[1] == other[1]:
            return tr("another patient here has the same ID")
        if key[0] and key[0] == other[0]:
            return tr("another patient here has the same name")
    return ""


def patient_words(study: StudyInfo, *, hidden: bool) -> str:
    """Name, ID and birth date."""
    if hidden:
        return tr("Patient: {name}", name=tr(HIDDEN))
    born = tr("born {day}", day=day(study.birth_date)) if study.birth_date else ""
    name = person(study.patient_name) or tr("No name")
    return ", ".join(shown(part) for part in (name, study.patient_id, born) if part)


def study_words(study: StudyInfo, *, hidden: bool) -> str:
    """Date and description."""
    date = tr(HIDDEN) if hidden else day(study.study_date)
    return ", ".join(shown(part) for part in (date, study.study_description or tr("Study")) if part)


def lost_words(opened: OpenStack) -> str:
    """That pictures of a series can no longer be read."""
    name = shown(opened.stack.description or tr("Series without description"))
    if not any(opened.has(index) for index in range(len(opened.stack.frames))):
        return tr("{series} can no longer be read. Was the disk removed?", series=name)
    return trn(
        "{count} picture of {series} can no longer be read. Was the disk removed?",
        "{count} pictures of {series} can no longer be read. Was the disk removed?",
        len(opened.lost()),
        series=name,
    )
