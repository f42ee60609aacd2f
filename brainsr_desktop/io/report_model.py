"""A report as data: sections of facts, tables, pictures and curves, with every word that stands in it.

Renderers add no text of their own, so a report reads the same in HTML and PDF, and years later in another version.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image  # the window may hand over sections of a report, and loads no Pillow

Kind = Literal["series", "bench"]
Rows: TypeAlias = tuple[tuple[str, str], ...]
Bytes: TypeAlias = NDArray[np.uint8]

LONGEST_SIDE_PX: Final = 4096
"""Of a picture in a report; larger ones are refused when a report is read."""
_NUMBER: Final = re.compile(r"[<>]?\s?[+-]?[\d.]+(e[+-]?\d+)?( (to|bis) [+-]?[\d.]+)?( (%|dB|mm))?|inf|nan")
_DIRECTIONS: Final = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c")


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and what is said of them."""

    rows: Rows


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under their heads, as many in each row; an empty cell is not known."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""

    def to_the_right(self) -> tuple[bool, ...]:
        """Which columns hold numbers."""
        columns = zip(*self.rows, strict=True) if self.rows else ((),) * len(self.heads)
        return tuple(any(cells) and all(map(_is_number, filter(None, cells))) for cells in columns)


@dataclass(frozen=True, slots=True)
class Bar:
    """What the colours of a map mean: a strip of them (PNG, one row) and its ends in words."""

    png: bytes
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with its title, as PNG: 8-bit grey or RGB. ``rows`` and ``columns`` are its pixels."""

    title: str
    png: bytes
    rows: int
    columns: int
    bar: Bar | None = None

    def pixels(self) -> Bytes:
        """(rows, columns) or (rows, columns, 3) uint8."""
        from PIL import Image

        with Image.open(BytesIO(self.png), formats=("PNG",)) as file:
            return np.asarray(file)


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures side by side: one thing in several ways, so all are drawn with the same width."""

    pictures: tuple[Picture, ...]
    title: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A named curve through points; None in ``y`` is a gap."""

    name: str
    x: tuple[float, ...]
    y: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Level:
    """A straight line across a plot: at ``value`` of the axis ``along``, with a name."""

    name: str
    value: float
    axis: Literal["x", "y"] = "y"


@dataclass(frozen=True, slots=True)
class Curves:
    """Lines in one plot."""

    title: str
    x_name: str
    y_name: str
    lines: tuple[Line, ...]
    levels: tuple[Level, ...] = ()


Block: TypeAlias = Words | Facts | Table | Pictures | Curves


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading."""

    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report. ``notice`` stands in a frame at the top, ``footer`` on every page; ``language`` is its code."""

    kind: Kind
    title: str
    notice: str
    footer: str
    sections: tuple[Section, ...]
    language: str = "en"


def picture(title: str, pixels: Bytes | Image.Image, bar: Bar | None = None) -> Picture:
    """A picture of a report from 8-bit pixels: (rows, columns) or (rows, columns, 3)."""
    from PIL import Image

    made = Image.fromarray(pixels) if isinstance(pixels, np.ndarray) else pixels
    return Picture(title, png_of(made), made.height, made.width, bar)


def png_of(made: Image.Image) -> bytes:
    """A picture as PNG without any text or time in it."""
    out = BytesIO()
    made.save(out, "PNG")
    return out.getvalue()


def facts(rows: Sequence[tuple[str, str]]) -> Facts:
    """Facts without those of which nothing is said."""
    return Facts(tuple((name, text) for name, text in rows if text))


def plain(text: str) -> str:
    """Text that can do nothing but be read: no control, direction or half characters, line breaks kept."""
    kept = text if text.isprintable() else "".join(map(_harmless, text))
    return kept if _DIRECTIONS.isdisjoint(kept) else "".join(c for c in kept if c not in _DIRECTIONS)


def _harmless(character: str) -> str:
    if character.isprintable() or character == "\n":
        return character
    return " " if character.isspace() else "\ufffd"


def _is_number(text: str) -> bool:
    """Figures with or without a sign, a unit of percent or dB, or the ends of an interval."""
    return _NUMBER.fullmatch(text) is not None
