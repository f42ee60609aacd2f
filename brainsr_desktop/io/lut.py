"""Look-up tables of a header: modality LUT (stored values to units) and VOI LUT (units to grey), PS3.3 C.11.1, C.11.2.

A modality LUT is no straight line, so no slope and intercept can stand for it. It is applied where pixels are read:
what the program calls stored values of such a file are the LUT's outputs, unsigned with 16 bits, slope 1. Read-out,
network, export and commands therefore see the same numbers without knowing of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.io.header import Header

MODALITY_DTYPE: Final = "uint16"
CURVE_STEPS: Final = 4096
"""A VOI LUT with more entries is thinned out to so many: a screen shows 256 greys."""


@dataclass(frozen=True, slots=True, eq=False)
class Lut:
    """``table`` uint16 (entries,): the output for input ``first``, ``first`` + 1 ...; ``bits`` of an output.

    Inputs below the first take the first entry, those above the last the last one.
    """

    first: int
    table: NDArray[np.uint16]
    bits: int

    def of(self, values: NDArray[Any]) -> NDArray[np.uint16]:
        """Outputs for whole numbers of any shape."""
        index = np.clip(values.astype(np.int64) - self.first, 0, self.table.size - 1)
        return np.asarray(self.table[index])

    def range_of(self, low: float, high: float) -> tuple[float, float] | None:
        """The outputs of the inputs ``low`` to ``high``, if no other input gives one of that range; else None.

        Inputs are looked at as far as the table and ``low`` to ``high`` reach. So padding stays known behind a
        modality LUT.
        """
        first, last = math.ceil(low), math.floor(high)
        if first > last:
            return None
        inputs = np.arange(min(first, self.first), max(last, self.first + self.table.size - 1) + 1)
        outputs = self.of(inputs)
        inside = (inputs >= first) & (inputs <= last)
        least, most = outputs[inside].min(), outputs[inside].max()
        mixed = ((outputs >= least) & (outputs <= most) & ~inside).any()
        return None if mixed else (float(least), float(most))

    @property
    def window(self) -> tuple[float, float]:
        """Centre and width of the inputs that it tells apart, each with the half step to its neighbours."""
        return self.first + (self.table.size - 1) / 2.0, float(self.table.size)

    def curve(self) -> bytes:
        """Greys 0..255 for equal parts of `window`, at most `CURVE_STEPS` of them."""
        return _curve(self.table.tobytes(), self.bits)


def modality_lut(header: Header) -> Lut | None:
    """The modality LUT of a file; None where it has none that can be used. It goes before a rescale (C.11.1)."""
    return _lut(header.first_item("ModalityLUTSequence"), signed=header.integer("PixelRepresentation") == 1)


def modality_unit(header: Header) -> str:
    """The unit of a modality LUT's outputs (C.11.1.1.2), empty where none is named."""
    item = header.first_item("ModalityLUTSequence")
    unit = "" if item is None else item.text("ModalityLUTType")
    return "" if unit.upper() in {"US", "UNSPECIFIED"} else unit


def voi_lut(header: Header) -> Lut | None:
    """The first VOI LUT of a file or frame; None where it has none that can be used. Its inputs are in units."""
    intercept = header.number("RescaleIntercept") or 0.0
    behind_modality = header.has("ModalityLUTSequence")
    signed = not behind_modality and (header.integer("PixelRepresentation") == 1 or intercept < 0.0)
    return _lut(header.first_item("VOILUTSequence"), signed=signed)


def _lut(item: Header | None, *, signed: bool) -> Lut | None:
    descriptor = () if item is None else item.numbers("LUTDescriptor", 3)
    if item is None or not descriptor:
        return None
    entries, first, bits = (int(number) for number in descriptor)
    # The first number is unsigned and 65536 does not fit. Files that give US, and implicit ones, have the 16 bits of
    # a first value below 0; those that give SS have the 16 bits of a large number of entries.
    entries = (entries if entries >= 0 else entries + 65536) or 65536
    first = first - 65536 if signed and first >= 32768 else first
    table = _entries(item, entries, bits)
    return None if table is None or not 8 <= bits <= 16 else Lut(first, table, bits)


def _entries(item: Header, entries: int, bits: int) -> NDArray[np.uint16] | None:
    """LUT Data in bytes or in words; one padding byte may follow."""
    words = item.words("LUTData")
    if words is None:
        return None
    raw, little = words
    if bits == 8 and entries <= len(raw) <= entries + 1:
        return np.frombuffer(raw, np.uint8, entries).astype(np.uint16)
    if len(raw) < 2 * entries:
        return None
    return np.frombuffer(raw, "<u2" if little else ">u2", entries).astype(np.uint16)


@lru_cache(maxsize=64)
def _curve(table: bytes, bits: int) -> bytes:
    """One object for equal tables: a series of 1000 files travels between processes with one curve."""
    outputs = np.frombuffer(table, np.uint16)
    if outputs.size > CURVE_STEPS:
        outputs = outputs[(np.arange(CURVE_STEPS) * outputs.size + outputs.size // 2) // CURVE_STEPS]
    greys = np.rint(outputs * (255.0 / ((1 << bits) - 1)))
    return bytes(np.clip(greys, 0, 255).astype(np.uint8))
