"""Text from files on its way to the screen: plain, short, without control characters."""

from __future__ import annotations

import html
import unicodedata
from typing import Final

from brainsr_desktop.language import mark, tr
from brainsr_desktop.log import HIDDEN as MASKED
from brainsr_desktop.log import cleaned

LONGEST: Final = 256
HIDDEN: Final = mark("hidden")
REPLACEMENT: Final = "\ufffd"

# Bidirectional controls can make a name read as another one (PS3.5 allows none of them in a value).
_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def shown(text: str, limit: int = LONGEST) -> str:
    """Text as a label may show it: control and bidirectional characters replaced, cut to `limit` characters."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(REPLACEMENT if c in _BIDI or unicodedata.category(c) in ("Cc", "Cs") else c for c in cut)


def masked(text: str) -> str:
    """A message while patient data are hidden: without names of files, dates, UIDs and what the log keeps secret."""
    return cleaned(text).replace(MASKED, tr(HIDDEN))


def tool_tip(*lines: str) -> str:
    """A tool tip of several lines; Qt would read a bare one as HTML."""
    return "<br>".join(html.escape(shown(line)) for line in lines if line)


def person(name: str) -> str:
    """A DICOM person name for people: `Doe^John` becomes `Doe, John`."""
    family, *given = (part.strip() for part in name.split("=", maxsplit=1)[0].split("^"))
    rest = " ".join(part for part in given if part)
    return ", ".join(part for part in (family, rest) if part)


def day(date: str) -> str:
    """A DICOM date (YYYYMMDD) as 2024-03-01; anything else is shown as it is."""
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == 8 and date.isdigit() else date


def size_text(count: float) -> str:
    """Bytes for people: `48 MB`, powers of 1000."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.0f} {unit}" if count >= 10 or unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def duration_text(seconds: float) -> str:
    """A time for people: `40 s`, `3 min`, `1 h 20 min`."""
    if seconds < 90:
        return f"{max(seconds, 0):.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def plural(count: int, one: str, many: str = "") -> str:
    """`1 slice`, `12 slices`."""
    return f"{count} {one}" if count == 1 else f"{count} {many or one + 's'}"
