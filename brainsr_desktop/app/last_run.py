"""Whether the program closed properly the last time, and what was open if it did not.

Each running window keeps one small file, named by its process; it is removed at the end. A file whose process is gone
was left by a crash.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import psutil

LARGEST_FILE_BYTES: Final = 1 << 16
SAME_START_S: Final = 2.0
"""Start times of one process, told by two questions, differ by less."""


class LastRun:
    """The file of this process in ``folder``, and those that others left. Trouble with the disk is no trouble here."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / f"{os.getpid()}.json"

    def begin(self) -> tuple[str, ...] | None:
        """Start a run: what was open when an earlier one crashed; None if all of them ended well."""
        crashed: tuple[str, ...] | None = None
        for file in self._files():
            left = _read(file)
            if _still_runs(file, left):
                continue
            crashed = (crashed or ()) + tuple(
                str(path) for path in left.get("paths", ()) if isinstance(path, str)
            )
            with contextlib.suppress(OSError):
                file.unlink()
        self.note(())
        return crashed

    def note(self, paths: Sequence[str]) -> None:
        """Keep what is open now."""
        record = {"started": psutil.Process().create_time(), "paths": list(paths)}
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file.write_text(json.dumps(record), "utf-8")

    def end(self) -> None:
        """The program closes properly."""
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        try:
            return sorted(file for file in self._folder.glob("*.json") if file != self._file)
        except OSError:
            return []


def _read(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > LARGEST_FILE_BYTES:
            return {}
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict) or not isinstance(found.get("paths"), list):
        return {}
    return found


def _still_runs(file: Path, left: dict[str, Any]) -> bool:
    """Whether the process that wrote it lives; its number may have gone to another one meanwhile."""
    started = left.get("started")
    if not file.stem.isdigit() or not isinstance(started, int | float):
        return False
    try:
        return bool(abs(psutil.Process(int(file.stem)).create_time() - started) < SAME_START_S)
    except (psutil.Error, OverflowError, ValueError):
        return False
