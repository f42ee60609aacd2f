"""The file that remembers how the user arranged series: JSON, series named by a hash, nothing of a patient."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from brainsr_desktop.language import tr
from brainsr_desktop.session.arranging import FIELD_NAMES, Arrangement
from brainsr_desktop.settings import set_aside

SCHEMA: Final = 1
LARGEST_FILE_BYTES: Final = 1 << 20


def load(path: Path) -> tuple[tuple[Arrangement, ...], str]:
    """What is in the file, and a sentence for the user if there is a file that cannot be used: it is set aside."""
    try:
        found = _read(path)
    except FileNotFoundError:
        return (), ""
    except (OSError, ValueError, RecursionError):
        found = None
    if found is None:
        name = set_aside(path)
        sentence = tr("How series were split and merged could not be read; they are shown as found.")
        return (), f"{sentence} " + tr("The old file was kept as {name}.", name=name) if name else sentence
    read = [_arrangement(entry) for entry in found]
    return tuple(entry for entry in read if entry is not None and not entry.as_found), ""


def _read(path: Path) -> list[Any] | None:
    """The entries; None if the file is too large, or of another kind or version."""
    if path.stat().st_size > LARGEST_FILE_BYTES:
        return None
    found = json.loads(path.read_text("utf-8"))
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        return None
    series = found.get("series")
    return series if isinstance(series, list) else None


def save(arrangements: Sequence[Arrangement], path: Path) -> bool:
    """Write them instead of what is there; whether that went well."""
    entries = [
        {"series": entry.series, "split_by": list(entry.split_by), "merged": entry.merged}
        for entry in arrangements
    ]
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps({"schema": SCHEMA, "series": entries}, indent=1), "utf-8")
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        return False
    return True


def _arrangement(entry: Any) -> Arrangement | None:
    if not isinstance(entry, dict):
        return None
    series, fields, merged = entry.get("series"), entry.get("split_by", []), entry.get("merged", False)
    known = isinstance(fields, list) and all(isinstance(name, str) and name in FIELD_NAMES for name in fields)
    if not isinstance(series, str) or not known or not isinstance(merged, bool):
        return None
    return Arrangement(series, tuple(fields), merged)
