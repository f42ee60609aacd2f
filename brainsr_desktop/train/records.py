"""What a run leaves to be read: rows of CSV, a line with the time left."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

LOSS_FILE: Final = "loss.csv"
VALIDATION_FILE: Final = "validation.csv"


def read_columns(path: Path) -> dict[str, list[float]]:
    """The columns of a CSV file of numbers, NaN where a row has no entry; none where there is no such file."""
    rows = _rows(path)
    return {name: [float(row[name] or "nan") for row in rows] for name in rows[0]} if rows else {}


def say(text: str) -> None:
    """A line for people, on stderr, below a progress bar if there is one."""
    sys.stderr.write(f"\n{text}\n" if sys.stderr.isatty() else f"{text}\n")
    sys.stderr.flush()


def append_row(path: Path, row: Mapping[str, object]) -> None:
    """Add a row to a CSV file, which gets its header line with the first; new columns are empty in older rows."""
    before = _columns(path)
    names = list(dict.fromkeys([*before, *row]))
    older = _rows(path) if before and names != before else []
    with path.open("w" if older else "a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=names)
        if older or not before:
            writer.writeheader()
        writer.writerows([*older, row])


def _columns(path: Path) -> list[str]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return next(csv.reader(file), [])


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class ProgressBar:
    """One line on stderr: renewed in place on a terminal, a line of its own each time in a log file."""

    def __init__(self, name: str, *, silent: bool = False) -> None:
        self._name, self._silent = name, silent
        self._terminal = sys.stderr.isatty() and not silent

    def show(self, step: int, progress: float, seconds: float, loss: float) -> None:
        if self._silent:
            return
        left = seconds * (1.0 - progress) / progress if progress > 0 else 0.0
        filled = round(20 * progress)
        text = (
            f"{self._name} [{'#' * filled}{'.' * (20 - filled)}] {progress:5.1%}  step {step}  loss {loss:.5f}"
            f"  {duration(left)} left"
        )
        sys.stderr.write(f"\r{text}\033[K" if self._terminal else f"{text}\n")
        sys.stderr.flush()

    def close(self) -> None:
        if self._terminal:
            sys.stderr.write("\n")


def duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"
