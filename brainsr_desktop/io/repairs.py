"""Mending of header values on their way into an exported file. Nothing is invented: the unreadable is left out.

Works on raw bytes as they lie in the source, so text in any character set (declared or not) passes unchanged unless it
breaks a rule of its value representation (DICOM PS3.5 section 6.2).
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from pydicom.charset import convert_encodings, decode_bytes, encode_string
from pydicom.valuerep import format_number_as_ds

from brainsr_desktop.language import mark, tr

_DECIMAL: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?")
_INTEGER: Final = re.compile(r"[+-]?\d{1,12}")
_UID: Final = re.compile(r"[12](\.(0|[1-9]\d*))+")
_TIME: Final = re.compile(r"(\d{2})(\d{2})?(\d{2})?(\.\d{1,6})?")
_DATE_TIME: Final = re.compile(r"(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\.\d{1,6})?([+-]\d{4})?")
_AGE: Final = re.compile(r"(\d{1,3})([DWMY]?)")
_CODE: Final = re.compile(r"[A-Z0-9 _]*")
_CONTROL: Final = re.compile(r"[\x00-\x1a\x1c-\x1f\x7f]")
_CONTROL_IN_TEXT: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")

_LENGTHS: Final = {"SH": 16, "LO": 64, "PN": 64, "ST": 1024, "LT": 10240}
_PARAGRAPHS: Final = frozenset({"ST", "LT"})


@dataclass(frozen=True, slots=True)
class Repaired:
    """A value fit to be written: unpadded bytes, empty where there is none, or None where it must be left out.

    ``note`` says what was done, without quoting the value; empty where nothing was.
    """

    value: bytes | None
    note: str = ""


def encodings_of(character_set: bytes | str | Sequence[str]) -> list[str]:
    """Python codecs of a SpecificCharacterSet; the default repertoire where it is empty or unknown."""
    text = character_set.decode("ascii", "replace") if isinstance(character_set, bytes) else character_set
    terms = text.strip("\0 ").split("\\") if isinstance(text, str) else list(text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(convert_encodings([term.strip() for term in terms]))


def decoded(raw: bytes, encodings: Sequence[str]) -> str | None:
    """Text of a value, or None where the bytes do not fit the character set."""
    try:
        if b"\x1b" not in raw:
            return raw.decode(encodings[0])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return decode_bytes(raw, encodings, {ord("\\"), ord("^"), ord("="), 10, 12, 13})
    except (UnicodeError, LookupError, UserWarning):
        return None


def encoded(text: str, encodings: Sequence[str]) -> bytes:
    """Bytes of a text in the character set; characters outside it become ``?``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return encode_string(text, list(encodings))


def repaired(vr: str, raw: bytes, encodings: Sequence[str]) -> Repaired:
    """Make one value of a string representation fit its rules.

    `raw` are the bytes of the element, padding included. Representations without a rule here pass unchanged.
    """
    value = raw.strip(b"\0 ") if vr not in _PARAGRAPHS else raw.rstrip(b"\0 ")
    if not value:
        return Repaired(b"")
    if vr in _LENGTHS:
        return _text(vr, value, encodings)
    mend = _PARTS.get(vr)
    if mend is None:
        return Repaired(value)
    parts = [part.strip(" \0") for part in value.decode("latin-1").split("\\")]
    mended = [mend(part) for part in parts]
    usable = [part for part in mended if part is not None]
    if len(usable) < len(mended):
        return Repaired(None, tr("not a valid {vr}, left out", vr=vr))
    result = "\\".join(usable).encode("latin-1")
    note = "" if usable == parts else tr(_NOTES.get(vr, mark("reformatted")))
    return Repaired(result, note)


def cut(text: str, vr: str) -> str:
    """Text of the program itself, cut to the length its representation allows."""
    return text[: _LENGTHS[vr]]


def is_valid_uid(uid: str) -> bool:
    """Whether it has the form that PS3.5 section 9.1 demands, under a root that anybody in DICOM holds.

    ISO's (1) and the joint one (2): UIDs under ITU-T's (0) come from careless anonymisers, and validators refuse them.
    """
    return len(uid) <= 64 and _UID.fullmatch(uid) is not None


def _text(vr: str, value: bytes, encodings: Sequence[str]) -> Repaired:
    limit = _LENGTHS[vr]
    text = decoded(value, encodings)
    if text is None:
        # Bytes that do not fit the declared character set go on as they are, so that all files of the patient agree.
        return (
            Repaired(value)
            if len(value) <= limit
            else Repaired(value[:limit], tr("cut to {limit} bytes", limit=limit))
        )
    mended, notes = text, []
    control = _CONTROL_IN_TEXT if vr in _PARAGRAPHS else _CONTROL
    if control.search(mended):
        mended = control.sub(" ", mended)
        notes.append(tr("control characters replaced by spaces"))
    parts = [mended] if vr in _PARAGRAPHS else mended.split("\\")
    shortened = [
        "=".join(group[:limit] for group in part.split("=")) if vr == "PN" else part[:limit] for part in parts
    ]
    if shortened != parts:
        notes.append(tr("cut to {limit} characters", limit=limit))
    if not notes:
        return Repaired(value)
    joined = "\\".join(shortened)
    return Repaired(
        encoded(joined.rstrip() if vr in _PARAGRAPHS else joined.strip(), encodings), ", ".join(notes)
    )


def _decimal(part: str) -> str | None:
    if part == "":
        return ""
    if not _DECIMAL.fullmatch(part):
        return None
    number = float(part)
    if not math.isfinite(number):
        return None
    return part if len(part) <= 16 else format_number_as_ds(number)


def _integer(part: str) -> str | None:
    if part == "":
        return ""
    if not _INTEGER.fullmatch(part):
        whole = _DECIMAL.fullmatch(part) and math.isfinite(float(part)) and float(part).is_integer()
        if not whole:
            return None
        part = str(int(float(part)))
    return part if -(2**31) <= int(part) < 2**31 else None


def _date(part: str) -> str | None:
    text = part.replace(".", "") if re.fullmatch(r"\d{4}\.\d{2}\.\d{2}", part) else part
    return text if re.fullmatch(r"\d{8}", text) and _is_day(text[:4], text[4:6], text[6:]) else None


def _is_day(year: str, month: str, day: str) -> bool:
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True


def _time(part: str) -> str | None:
    text = part.replace(":", "")
    found = _TIME.fullmatch(text)
    if not found or (found[4] and not found[3]):
        return None
    hours, minutes, seconds = (int(found[i] or 0) for i in (1, 2, 3))
    return text if hours < 24 and minutes < 60 and seconds <= 60 else None


def _date_time(part: str) -> str | None:
    found = _DATE_TIME.fullmatch(part)
    if not found or not _is_day(found[1], found[2] or "01", found[3] or "01"):
        return None
    hours, minutes, seconds = (int(found[i] or 0) for i in (4, 5, 6))
    return part if hours < 24 and minutes < 60 and seconds <= 60 else None


def _age(part: str) -> str | None:
    found = _AGE.fullmatch(part)
    return f"{int(found[1]):03d}{found[2] or 'Y'}" if found else None


def _code(part: str) -> str | None:
    upper = part.upper()
    text = upper if _CODE.fullmatch(upper) else re.sub(r"[^A-Z0-9 _]", "_", upper)
    return text[:16].rstrip()


def _uid(part: str) -> str | None:
    return part if is_valid_uid(part) else None


_PARTS: Final[dict[str, Callable[[str], str | None]]] = {
    "DS": _decimal,
    "IS": _integer,
    "DA": _date,
    "TM": _time,
    "DT": _date_time,
    "AS": _age,
    "CS": _code,
    "UI": _uid,
}
_NOTES: Final = {
    "CS": mark("made a valid code string"),
    "AS": mark("padded to three digits and a unit"),
    "DS": mark("shortened to 16 characters"),
}
