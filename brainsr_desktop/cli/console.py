"""What a command says: results to standard output, everything for people to standard error."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol, TextIO

RED: Final = "\x1b[31m"
YELLOW: Final = "\x1b[33m"
RESET: Final = "\x1b[0m"


class Bar(Protocol):
    """A progress bar, drawn or not; ``total`` may be set when it becomes known."""

    total: float | None

    def update(self, n: float = 1) -> object:
        """Move on by ``n``."""

    def set_description(self, desc: str) -> object:
        """Say what is being done."""


class _NoBar:
    total: float | None = None

    def update(self, n: float = 1) -> None:
        """Nothing is drawn."""

    def set_description(self, desc: str) -> None:
        """Nothing is drawn."""


class Console:
    """Where a command writes. ``quiet`` leaves errors and warnings only, ``verbose`` adds details."""

    def __init__(self, *, quiet: bool = False, verbose: bool = False) -> None:
        self.quiet = quiet
        self.verbose = verbose and not quiet
        for stream in (sys.stdout, sys.stderr):
            # A file name may hold bytes that are no text; showing them must not end the command.
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        self._bar_is_shown = False

    def result(self, text: str) -> None:
        """A line of the result."""
        sys.stdout.write(f"{plain(text)}\n")

    def json(self, value: object, *, indent: int | None = None) -> None:
        """A result for programs, ASCII so that every pipe takes it, written at once."""
        sys.stdout.write(f"{json_text(value, indent=indent)}\n")
        sys.stdout.flush()

    def say(self, text: str) -> None:
        """What is going on; not with --quiet."""
        if not self.quiet:
            self._tell(plain(text))

    def detail(self, text: str) -> None:
        """Only with --verbose."""
        if self.verbose:
            self._tell(plain(text))

    def warn(self, text: str) -> None:
        """Something to look at; the command goes on."""
        self._tell(self._coloured(YELLOW, "Warning:") + f" {plain(text)}")

    def error(self, text: str, advice: str = "") -> None:
        """Something failed; ``advice`` says what to do."""
        self._tell(
            self._coloured(RED, "Error:") + f" {plain(text)}" + (f"\n  {plain(advice)}" if advice else "")
        )

    @contextmanager
    def bar(self, total: int, title: str, unit: str = "slice") -> Iterator[Bar]:
        """A progress bar with the time left; drawn only on a terminal and not with --quiet."""
        if self.quiet or not sys.stderr.isatty():
            yield _NoBar()
            return
        from tqdm import tqdm

        self._bar_is_shown = True
        try:
            with tqdm(
                total=total,
                desc=plain(title),
                unit=unit,
                file=sys.stderr,
                leave=False,
                dynamic_ncols=True,
                miniters=1,
            ) as bar:
                yield bar
                bar.refresh()  # tqdm skips what comes within 0.1 s of the last drawing, the end too
        finally:
            self._bar_is_shown = False

    def _tell(self, text: str) -> None:
        if self._bar_is_shown:
            from tqdm import tqdm

            tqdm.write(text, file=sys.stderr)
        else:
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()

    def _coloured(self, colour: str, text: str) -> str:
        return f"{colour}{text}{RESET}" if wants_colour(sys.stderr) else text


def wants_colour(stream: TextIO) -> bool:
    """Colour only on a terminal, and never where NO_COLOR is set to anything (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def plain(text: str) -> str:
    """Text from files without control or direction characters, which could rewrite the terminal."""
    return "".join(
        c if c.isprintable() or c in "\n\t" or "\ud800" <= c <= "\udfff" else "\ufffd" for c in text
    )


def json_text(value: object, *, indent: int | None = None) -> str:
    """JSON in ASCII; null for numbers that JSON has not (the PSNR of equal pictures is infinite)."""
    return json.dumps(_finite(value), indent=indent, allow_nan=False)


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return value


def path_text(path: str | os.PathLike[str]) -> str:
    """A path as JSON text; bytes that are no UTF-8 become ``\\xNN``."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def table(rows: Sequence[Sequence[Any]], heads: Sequence[str]) -> str:
    """Columns under their heads, numbers to the right."""
    cells = [list(heads), *[["" if value is None else plain(str(value)) for value in row] for row in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(heads))]
    to_the_right = [all(_is_number(row[i]) for row in cells[1:]) for i in range(len(heads))]
    lines = [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, to_the_right, strict=True)
        ).rstrip()
        for row in cells
    ]
    return "\n".join(lines)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
