"""Measurements of a stack as a JSON text that can be read again, and by other programs.

Places are in mm of the slice's plane (see `core.measure`), slices count from 0. The text names no patient: the series
is told by a hash of its UID.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from brainsr_desktop.core.errors import ReadError
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.language import tr
from brainsr_desktop.session.measurements import KINDS, Measurement

FORMAT: Final = "brainsr-measurements"
VERSION: Final = 1
LARGEST_BYTES: Final = 4 << 20
MOST_ITEMS: Final = 10_000
FARTHEST_MM: Final = 1e5


def series_hash(stack: StackInfo) -> str:
    """Tells a series without its UID; empty where it has none."""
    return hashlib.sha256(stack.series_uid.encode()).hexdigest() if stack.series_uid else ""


def to_text(items: Iterable[Measurement], stack: StackInfo) -> str:
    """All measurements of a stack."""
    geometry = stack.geometry
    table = {
        "format": FORMAT,
        "version": VERSION,
        "series_hash": series_hash(stack),
        "matrix": [geometry.rows, geometry.columns],
        "spacing_mm": list(geometry.spacing_mm),
        "spacing_known": stack.has_spacing,
        "measurements": [
            {
                "number": item.number,
                "slice": item.slice_index,
                "kind": item.kind,
                "start_mm": list(item.start),
                "end_mm": list(item.end),
            }
            for item in items
        ],
    }
    return json.dumps(table, indent=1) + "\n"


def from_text(text: str) -> tuple[tuple[Measurement, ...], str]:
    """The measurements, and the hash of the series they were made on.

    Raises:
        ReadError: the text is damaged, of a later version, or holds something else.
    """
    if len(text) > LARGEST_BYTES:
        raise _bad(tr("it is far too large"))
    try:
        table = json.loads(text)
    except (ValueError, RecursionError):
        raise _bad(tr("it is damaged")) from None
    if not isinstance(table, dict) or table.get("format") != FORMAT:
        raise _bad(tr("it holds something else"))
    version, entries = table.get("version"), table.get("measurements")
    if not isinstance(version, int) or version > VERSION:
        raise _bad(tr("it belongs to a later version of the program"))
    if not isinstance(entries, list) or len(entries) > MOST_ITEMS:
        raise _bad(tr("it is damaged"))
    return tuple(_item(entry) for entry in entries), str(table.get("series_hash", ""))


def _item(entry: object) -> Measurement:
    if not isinstance(entry, dict) or entry.get("kind") not in KINDS:
        raise _bad(tr("it is damaged"))
    return Measurement(
        _whole(entry, "number"),
        _whole(entry, "slice"),
        entry["kind"],
        _place(entry, "start_mm"),
        _place(entry, "end_mm"),
    )


def _whole(entry: Mapping[str, Any], name: str) -> int:
    value = entry.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10**9:
        raise _bad(tr("it is damaged"))
    return value


def _place(entry: Mapping[str, Any], name: str) -> tuple[float, float]:
    values = entry.get(name)
    if not isinstance(values, list) or len(values) != 2:
        raise _bad(tr("it is damaged"))
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _bad(tr("it is damaged"))
        if not abs(value) <= FARTHEST_MM:  # neither is what is no number
            raise _bad(tr("a place in it is not in the slice's plane"))
    return float(values[0]), float(values[1])


def _bad(reason: str) -> ReadError:
    return ReadError(
        tr("This is no file of measurements: {reason}.", reason=reason),
        advice=tr("Choose a file that was written with Save measurements."),
    )
