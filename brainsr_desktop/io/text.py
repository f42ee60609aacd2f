"""Text out of files, made fit to be shown: one line, no control or direction marks, not endless."""

from __future__ import annotations

import os
import re
import unicodedata

DISPLAY_LIMIT = 256
"""Characters of a header value that are shown."""

_NATURAL = re.compile(r"(\d+)")


def clean(text: str, limit: int = DISPLAY_LIMIT) -> str:
    """Text with control, direction and private characters as U+FFFD, at most ``limit`` characters long.

    The cut comes first, so that a label of a million characters costs nothing.
    """
    cut = text[: limit * 2].strip(" \0")[:limit]
    if cut.isprintable():
        return cut
    return "".join(character if _harmless(character) else "\ufffd" for character in cut)


def _harmless(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"


def path_text(path: str | bytes | os.PathLike[str]) -> str:
    """A path as one line of text: bytes that are no UTF-8 as ``\\xNN``, line breaks as ``\\n``."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if _harmless(character):
        return character
    return character.encode("unicode_escape").decode("ascii")


def natural_key(name: str) -> tuple[tuple[int, int | str], ...]:
    """Sort key by which ``slice2`` comes before ``slice10``."""
    parts = _NATURAL.split(name)
    return tuple(
        (0, int(part)) if i % 2 and len(part) < 20 else (1, part.casefold()) for i, part in enumerate(parts)
    )
