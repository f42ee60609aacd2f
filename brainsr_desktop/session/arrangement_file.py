"""The file that remembers how the user arranged series: JSON, series named by a hash, nothing of a patient."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from brainsr_desktop.session.arranging import FIELD_NAMES, Arrangement

SCHEMA: Final = 1
LARGEST_FILE_BYTES: Final = 1 << 20


def load(path: Path) -> tuple[Arrangement, ...]:
    """What is in the file; nothing where there is none or it cannot be read."""
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            return ()
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return ()
    if (
        not isinstance(found, dict)
        or found.get("schema") != SCHEMA
        or not isinstance(found.get("series"), list)
    ):
        return ()
    read = [_arrangement(entry) for entry in found["series"]]
    return tuple(entry for entry in read if entry is not None and not entry.as_found)


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
