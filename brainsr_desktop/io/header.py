"""Typed, forgiving access to the elements of a DICOM data set.

Values are taken from the raw bytes, by the value representation that the file gives: a text where a number
belongs, a comma for a point, NaN or one value for two are *absent*, and their keywords are noted in `Header.bad`.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, TypeAlias

import pydicom.config
from pydicom.charset import convert_encodings, decode_bytes
from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset

from brainsr_desktop.io.text import clean

pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE

_BINARY = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d", "UV": "Q", "SV": "q"}
_SIZES = {code: struct.calcsize("<" + code) for code in _BINARY.values()}
_TEXT = frozenset({"DS", "IS", "LO", "SH", "ST", "LT", "CS", "UT", "UN", "OB"})
_UID_CHARACTERS = frozenset("0123456789.")
_ESCAPES = re.compile(r"\x1b[\x20-\x2f]+[\x30-\x7e]")
"""Designations of character sets (ISO/IEC 2022)."""
_NAME_DELIMITERS = {0xD, 0xA, 0x9, 0xC, 0x5E, 0x3D, 0x5C}
_TEXT_DELIMITERS = {0xD, 0xA, 0x9, 0xC, 0x5C}

Key: TypeAlias = int | str
"""A keyword (``SeriesDescription``) or a tag (0x0008103E)."""


class Header:
    """A data set, or an item of a sequence, read with care. Elements go by keyword or by tag.

    ``bad`` collects keywords whose value could not be used, ``straightened`` directions that were nearly right,
    ``undecoded`` what did not fit the character set.
    """

    def __init__(self, dataset: Dataset, parent: Header | None = None) -> None:
        self.dataset = dataset
        # By plain numbers: a scan asks for a hundred elements of each file, and pydicom's tags compare slowly.
        self._elements = {int(tag): element for tag, element in dataset.items()}
        self.bad: set[str] = parent.bad if parent else set()
        self.straightened: set[str] = parent.straightened if parent else set()
        self.undecoded: set[str] = parent.undecoded if parent else set()
        own = self._ascii_values("SpecificCharacterSet")
        self._charsets: tuple[str, ...] = own or (parent._charsets if parent else ())

    def has(self, key: Key) -> bool:
        """Whether the element is there, empty or not."""
        return tag_of(key) in self._elements

    def integer(self, key: Key) -> int | None:
        """The first value as a whole number."""
        values = self.numbers(key)
        if not values:
            return None
        if values[0] != int(values[0]):
            self.bad.add(keyword(key))
            return None
        return int(values[0])

    def number(self, key: Key) -> float | None:
        """The first value."""
        values = self.numbers(key)
        return values[0] if values else None

    def numbers(self, key: Key, count: int | None = None, private_vr: str = "UN") -> tuple[float, ...]:
        """All values; empty if absent, not finite, not numbers, or not ``count`` many.

        ``private_vr`` stands in where the file does not tell (private elements of implicit files).
        """
        value, vr, little = self._raw(key)
        vr = private_vr if vr == "UN" else vr
        if value is None:
            return ()
        try:
            numbers = _parse_numbers(value, vr, little)
        except (ValueError, struct.error, TypeError):
            numbers = None
        if numbers is None or not all(map(math.isfinite, numbers)):
            self.bad.add(keyword(key))
            return ()
        if numbers and count is not None and len(numbers) != count:
            self.bad.add(keyword(key))
            return ()
        return numbers

    def text(self, key: Key, *, name: bool = False) -> str:
        """Text for people: decoded by the file's character set, cleaned and cut. ``name``: a person's name."""
        value, _vr, _ = self._raw(key)
        if value is None:
            return ""
        if not isinstance(value, bytes):
            return clean(str(value))
        decoded = self._decode(value[:4096], _NAME_DELIMITERS if name else _TEXT_DELIMITERS)
        if name:
            parts = (part.replace("^", " ").strip() for part in decoded.split("="))
            decoded = " = ".join(part for part in parts if part)
        return clean(decoded)

    def strings(self, key: Key) -> tuple[str, ...]:
        """Values of a code string, upper case."""
        return tuple(clean(value.upper()) for value in self._ascii_values(key))

    def names(self, key: Key) -> tuple[str, ...]:
        """The values of a code string as they are."""
        return self._ascii_values(key)

    def uid(self, key: Key) -> str:
        """A unique identifier; empty if absent or not made of at most 64 digits and points."""
        values = self._ascii_values(key)
        if not values or not values[0]:
            return ""
        if len(values[0]) > 64 or not _UID_CHARACTERS.issuperset(values[0]):
            self.bad.add(keyword(key))
            return ""
        return values[0]

    def data(self, key: Key) -> bytes:
        """The raw bytes of a value."""
        value, _, _ = self._raw(key)
        return value if isinstance(value, bytes) else b""

    def words(self, key: Key) -> tuple[bytes, bool] | None:
        """The raw bytes of a binary value, and whether its words are little endian; None if absent."""
        value, _, little = self._raw(key)
        if isinstance(value, bytes):
            return value, little
        numbers = self.numbers(key)
        if not numbers or not all(0 <= number <= 0xFFFF for number in numbers):
            return None
        return struct.pack(f"<{len(numbers)}H", *map(int, numbers)), True

    def items(self, key: Key) -> Iterator[Header]:
        """The items of a sequence. Raises what pydicom raises on a damaged one."""
        tag = tag_of(key)
        if tag not in self._elements:
            return
        value = self.dataset[tag].value
        if isinstance(value, bytes) or value is None:
            return
        for item in value:
            if isinstance(item, Dataset):
                yield Header(item, self)

    def first_item(self, key: Key) -> Header | None:
        """The first item of a sequence."""
        return next(self.items(key), None)

    def private_tag(self, group: int, creator: str, element: int) -> int | None:
        """The tag of a private element, by its creator's reserved block (PS3.5 7.8.1)."""
        for block in range(0x10, 0x18):
            tag = group << 16 | block
            if tag in self._elements and self.text(tag) == creator:
                return group << 16 | block << 8 | element
        return None

    def _raw(self, key: Key) -> tuple[Any, str, bool]:
        tag = tag_of(key)
        element: DataElement | RawDataElement | None = self._elements.get(tag)
        if element is None:
            return None, "", True
        if isinstance(element, RawDataElement):
            return element.value or None, element.VR or _vr_of(tag), element.is_little_endian
        value = element.value
        return (None if value is None or value == "" else value), str(element.VR), True

    def _ascii_values(self, key: Key) -> tuple[str, ...]:
        value, _, _ = self._raw(key)
        if value is None:
            return ()
        if isinstance(value, bytes):
            return tuple(part.strip(" \0") for part in value[:4096].decode("ascii", "replace").split("\\"))
        if isinstance(value, str):
            return (value.strip(" \0"),)
        return tuple(str(part).strip(" \0") for part in value)

    def _decode(self, value: bytes, delimiters: set[int]) -> str:
        if value.isascii() and b"\x1b" not in value:
            return value.decode("ascii")
        decoded, certain = _decoded(value, self._charsets, delimiters)
        if not certain:
            self.undecoded.add("SpecificCharacterSet")
        return decoded


def _decoded(value: bytes, charsets: tuple[str, ...], delimiters: set[int]) -> tuple[str, bool]:
    """Text, and whether it is what the file says. Where no character set is named UTF-8 is tried."""
    if not any(charsets):
        try:
            return value.decode("utf-8"), False
        except UnicodeDecodeError:
            return value.decode("ascii", "replace"), False
    encodings = _encodings(charsets)
    if len(encodings) == 1:
        try:
            decoded = value.decode(encodings[0])
        except (UnicodeDecodeError, LookupError):
            return value.decode("ascii", "replace"), False
        # ISO 8859 leaves 0x80 to 0x9F empty: text that has them is of another character set
        return decoded, not any("\x80" <= character <= "\x9f" for character in decoded)
    # pydicom leaves the escape sequences of ISO IR 58 in the text
    decoded = _ESCAPES.sub("", decode_bytes(value, list(encodings), delimiters))
    return decoded, "\ufffd" not in decoded


@lru_cache(maxsize=1024)
def tag_of(key: Key) -> int:
    """The tag of a keyword. Raises KeyError for a keyword that does not exist."""
    tag = tag_for_keyword(key) if isinstance(key, str) else key
    if tag is None:
        raise KeyError(key)
    return int(tag)


def keyword(key: Key) -> str:
    """The keyword of a tag, or its numbers for a private one."""
    tag = tag_of(key)
    return keyword_for_tag(tag) or f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


@lru_cache(maxsize=512)
def _vr_of(tag: int) -> str:
    try:
        return dictionary_VR(tag).split(" ")[0]
    except KeyError:
        return "UN"


@lru_cache(maxsize=64)
def _encodings(charsets: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(convert_encodings(list(charsets) or None))


def _parse_numbers(value: Any, vr: str, little: bool) -> tuple[float, ...] | None:
    if isinstance(value, (int, float)):
        return (float(value),)
    if not isinstance(value, bytes):
        return tuple(float(part) for part in ([value] if isinstance(value, str) else value))
    if vr in _BINARY:
        code = _BINARY[vr]
        size = _SIZES[code]
        if len(value) % size:
            return None
        return tuple(map(float, struct.unpack(f"{'<' if little else '>'}{len(value) // size}{code}", value)))
    if vr not in _TEXT:
        return None
    text = value.decode("ascii").strip(" \0\t")
    if not text:
        return ()
    if "_" in text:
        return None
    return tuple(map(float, text.split("\\")))
