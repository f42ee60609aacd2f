"""Whose a slice is, and in which split: a person is never in two.

A subject's split depends on a hash of its name alone, so it stays where it is when others come or go, on any machine.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Final, Literal, TypeAlias

from brainsr_desktop.core.series import StudyInfo
from brainsr_desktop.io.placeless import head_of
from brainsr_desktop.train.config import Split

SplitName: TypeAlias = Literal["train", "val", "test"]

_KNOWN: Final = tuple(
    re.compile(rf"(?<![A-Za-z0-9])({name})")
    for name in ("sub-[A-Za-z0-9]+", r"\d{3}_S_\d{4}", r"OAS[123]_?\d{4,5}")
)
"""How BIDS, ADNI and OASIS name people."""
_ENDINGS: Final = re.compile(r"(\.(nii|gz|hdr|img|png|jpe?g|jpe|jfif|tiff?|mat|np[yz]))+$", re.IGNORECASE)
_WORDS: Final = re.compile(
    r"(^|[_\-. ])(t1(w|ce|gd|c|kmr)?|t2(w|star)?|pd(w)?|flair|dwi|adc|brain|head|anat|train|val|test|ad|nc|cn|mci)$",
    re.IGNORECASE,
)
"""Words of contrasts, groups and splits: they tell slices apart, not people."""
_CONTRASTS: Final = (
    ("FLAIR", re.compile(r"flair|dark.?fluid", re.IGNORECASE)),
    ("T1ce", re.compile(r"t1[_\-. ]?(ce|gd|c(?![a-z]))|post.?contrast", re.IGNORECASE)),
    ("T2", re.compile(r"(?<![a-z0-9])t2", re.IGNORECASE)),
    ("PD", re.compile(r"(?<![a-z0-9])pd(w|(?![a-z]))|proton", re.IGNORECASE)),
    ("T1", re.compile(r"(?<![a-z0-9])t1|mp.?rage|spgr", re.IGNORECASE)),
)


def contrast_in(text: str) -> str:
    """The contrast that a description or path names: FLAIR, T1ce, T2, PD, T1; empty where it names none."""
    return next((name for name, pattern in _CONTRASTS if pattern.search(text)), "")


def subject_of_study(study: StudyInfo) -> str:
    """Who was examined: the patient's number, or name and birth date; empty where a header tells neither.

    The number alone where there is one: a name may be spelt in two ways, and that would make two people of one.
    """
    if study.patient_id or not study.patient_name:
        return study.patient_id
    return f"{study.patient_name}/{study.birth_date}"


def subject_of_path(path: str, pattern: str = "") -> str:
    """Who the path of a file (relative to its source, / between folders) names.

    ``pattern`` has a group `subject`; empty where it is not found. Without one: a name as BIDS, ADNI or OASIS give it,
    anywhere; the file's name without its slice number and words of contrast if three digits or more are left
    (``AD/218391_78.jpeg``); the first folder with a number (``patient12/study1_T1W.nii.gz``); else all names together.
    In doubt two people are taken for one, which costs some order, not the other way round, which would cost the test
    its worth.
    """
    if pattern:
        found = re.search(pattern, path)
        return found["subject"] or "" if found else ""
    known = next((match[1] for name in _KNOWN if (match := name.search(path))), "")
    if known:
        return known
    place = PurePosixPath(path)
    stem = _ENDINGS.sub("", place.name)
    name = without_words(stem if _is_volume(place.name) else head_of(stem)).strip(" _-.")
    if len(re.findall(r"\d", name)) >= 3:
        return name
    folders = [*filter(None, map(without_words, place.parent.parts))]
    return next((folder for folder in folders if re.search(r"\d", folder)), "/".join([*folders, name]))


def _is_volume(name: str) -> bool:
    """A file that holds a whole volume: the number at the end of its name is not that of a slice."""
    return not re.search(r"\.(png|jpe?g|jpe|jfif|tiff?|mat)$", name, re.IGNORECASE)


def without_words(name: str) -> str:
    """A name without words of contrasts, groups and splits at its end."""
    while (shorter := _WORDS.sub("", name)) != name:
        name = shorter
    return name


def place_of(subject: str) -> float:
    """Where a subject lies between 0 and 1: a hash of its name, case and outer spaces aside."""
    digest = hashlib.sha256(subject.strip().casefold().encode()).digest()
    return int.from_bytes(digest[:7], "big") / 2**56


def divided(subjects: Iterable[str], split: Split) -> Mapping[str, SplitName]:
    """The split of every subject: by its place in train, val, test, in this order, each as wide as its share.

    Where nobody came to val although it has a share and train has two or more, the one nearest to it goes there.
    """
    whole = split.train + split.val + split.test
    edge, end = split.train / whole, (split.train + split.val) / whole
    places = {subject: place_of(subject) for subject in subjects}
    found: dict[str, SplitName] = {
        subject: "train" if place < edge else "val" if place < end else "test"
        for subject, place in places.items()
    }
    training = sorted((places[name], name) for name, use in found.items() if use == "train")
    if split.val > 0 and "val" not in found.values() and len(training) > 1:
        nearest = training[-1][0]
        # names that differ in case only are one person
        found.update(
            {name: "val" for place, name in training if place == nearest and training[0][0] < nearest}
        )
    return found
