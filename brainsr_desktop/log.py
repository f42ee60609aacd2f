"""Logging of one process: a rotating file that holds no patient data.

Code does not log names, identifiers, dates or paths in the first place; what slips through (an exception's
text, a traceback) is masked here: words that were declared with `keep_out`, absolute paths, dates and UIDs.
"""

from __future__ import annotations

import logging
import re
import sys
import unicodedata
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

FILE_NAME: Final = "brainsr.log"
FILE_BYTES: Final = 1 << 20
FILES_KEPT: Final = 4
MESSAGE_LENGTH: Final = 2000
HIDDEN: Final = "<hidden>"
SHORTEST_WORD: Final = 3
SHORTEST_INSIDE: Final = 5

_PROGRAM_FILE = re.compile(
    r"""(?:[A-Za-z]:)?[\\/][^"'\n]*?[\\/]((?:brainsr_desktop|site-packages|lib[\\/]python3[^\\/]*)[\\/][^"'\n:]*)"""
)
_QUOTED_PATH = re.compile(r"""(["'`])(?:[A-Za-z]:[\\/]|[\\/~])[^"'`\n]*\1""")
_BARE_PATH = re.compile(r"""(?<![\w.<>"'`])(?:[A-Za-z]:[\\/]|[\\/]{1,2})[^\s"'`|<>]+""")
_UID = re.compile(r"\b[0-2](?:\.\d+){5,}\b")
_DATE = re.compile(r"\b(?:19|20)\d\d([-./]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])\b")


class _Secrets:
    """Words that must not reach the log, longest first so that a full name goes before its parts."""

    def __init__(self) -> None:
        self._words: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def add(self, words: tuple[str, ...]) -> None:
        new = {word.strip() for word in words if len(word.strip()) >= SHORTEST_WORD} - self._words
        if new:
            self._words |= new
            ordered = sorted(self._words, key=len, reverse=True)
            self._pattern = re.compile("|".join(_pattern_of(word) for word in ordered), re.IGNORECASE)

    def mask(self, text: str) -> str:
        return text if self._pattern is None else self._pattern.sub(HIDDEN, text)


def _pattern_of(word: str) -> str:
    """The word itself; what lies below it as well if it is a folder. A short one inside another word is chance."""
    below = r"""(?:[\\/][^\s"'`]*)?""" if "/" in word or "\\" in word else ""
    pattern = re.escape(word) + below
    return pattern if len(word) >= SHORTEST_INSIDE else rf"(?<![^\W_]){pattern}(?![^\W_])"


_SECRETS = _Secrets()


def keep_out(*words: str) -> None:
    """Declare names, identifiers, dates or folders that must never reach the log. Short words are ignored."""
    _SECRETS.add(words)


def cleaned(text: str) -> str:
    """Text without patient data and without characters that could forge a second line."""
    text = _PROGRAM_FILE.sub(lambda found: found.group(1), text)
    text = _SECRETS.mask(_QUOTED_PATH.sub(HIDDEN, text))
    text = _BARE_PATH.sub(HIDDEN, text)
    text = _DATE.sub(HIDDEN, _UID.sub(HIDDEN, text))
    return "".join(c if c.isprintable() or c == "\n" else _escape(c) for c in text)


def _escape(character: str) -> str:
    return " " if unicodedata.category(character) == "Zs" else f"\\x{ord(character):02x}"


class CleanFormatter(logging.Formatter):
    """One line a record; a traceback follows indented, so that no text from a file can look like a record."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(process)d %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        head = cleaned(record.getMessage()).replace("\n", "\\n")[:MESSAGE_LENGTH]
        stamp = f"{self.formatTime(record)} {record.levelname:<7} {record.process} {record.name}: "
        lines = [stamp + head]
        if record.exc_info:
            lines += [f"    | {line}" for line in cleaned(self.formatException(record.exc_info)).splitlines()]
        return "\n".join(lines)


class _LogFile(RotatingFileHandler):
    """A log that cannot be written, as on a full disk, loses lines and disturbs nobody."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Nothing: the traceback would go to the terminal, line after line."""

    def close(self) -> None:
        with suppress(OSError):
            super().close()


def start(folder: Path, *, level: int = logging.INFO) -> Path | None:
    """Log this process into a rotating file of `folder`; the file, or None where it cannot be written.

    Without a file the program runs on: warnings go to standard error.
    """
    root = logging.getLogger()
    stop()
    handler: logging.Handler
    path: Path | None = folder / FILE_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = _LogFile(folder / FILE_NAME, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8")
    except OSError:
        path = None
        handler = logging.StreamHandler(sys.stderr)
        handler.setLevel(logging.WARNING)
    handler.setFormatter(CleanFormatter())
    handler.set_name(FILE_NAME)
    root.addHandler(handler)
    root.setLevel(level)
    return path


def stop() -> None:
    """Close what `start` opened."""
    root = logging.getLogger()
    for handler in [h for h in root.handlers if h.get_name() == FILE_NAME]:
        root.removeHandler(handler)
        handler.close()
