"""The manual's pages as plain text: which there are, in which order, and where words stand in them. Knows no Qt."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FIRST: Final = "index.md"
_LINK: Final = re.compile(r"\[[^]]*\]\(([\w./-]+\.md)\)")
_HEADING: Final = re.compile(r"#{1,6} (.+)")
_PICTURE: Final = re.compile(r"!\[[^]]*\]\([^)]*\)")
_TARGET: Final = re.compile(r"\]\([^)]*\)")
_MARKS: Final = re.compile(r"[*`\[\]|]+")


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its file below the manual's folder, its heading, its Markdown."""

    name: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A line in which all words stand, or under whose heading they do. ``heading`` is "" above the first one."""

    page: Page
    heading: str
    line: str


def read_pages(folder: Path) -> tuple[Page, ...]:
    """The first page, those that it links to in the order of the links, then all others; none without a first page.

    Raises:
        OSError, UnicodeDecodeError: a page cannot be read.
    """
    found: dict[str, Page] = {}

    def read(name: str) -> None:
        if name in found or not (folder / name).is_file():
            return
        text = (folder / name).read_text(encoding="utf-8")
        found[name] = Page(name, _title(text) or name, text)
        for link in _LINK.findall(text) if Path(name).name == FIRST else ():
            read(posixpath.normpath(posixpath.join(posixpath.dirname(name), link)))

    read(FIRST)
    for path in sorted(folder.rglob("*.md")) if found else ():
        read(path.relative_to(folder).as_posix())
    return tuple(found.values())


def search(pages: Sequence[Page], words: str) -> tuple[Hit, ...]:
    """Lines with all words, without regard to case; the pages whose heading has them first."""
    wanted = words.casefold().split()
    if not wanted:
        return ()
    hits = [
        Hit(page, heading, line)
        for page in pages
        for heading, line in _lines(page.text)
        if all(word in line.casefold() for word in wanted)
    ]
    return tuple(sorted(hits, key=lambda hit: hit.line != hit.heading))


def slug(heading: str) -> str:
    """The part of a link that names a heading: lower case, hyphens for spaces, no other marks (GitHub's rule)."""
    kept = "".join(c for c in heading.lower() if c.isalnum() or c in " -_")
    return kept.strip().replace(" ", "-")


def _title(text: str) -> str:
    return next((found[1] for line in text.splitlines() if (found := _HEADING.fullmatch(line))), "")


def _lines(text: str) -> Iterator[tuple[str, str]]:
    heading, in_code = "", False
    for line in text.splitlines():
        if line.startswith("```"):
            in_code = not in_code
            continue
        found = None if in_code else _HEADING.fullmatch(line)
        heading = _plain(found[1]) if found else heading
        plain = heading if found else _plain(line)
        if plain.strip(" -:"):
            yield heading, plain


def _plain(line: str) -> str:
    return " ".join(_MARKS.sub(" ", _TARGET.sub("]", _PICTURE.sub("", line))).split())
