"""What a header says of values: from stored ones to units, which are padding, and the grey windows over them."""

from __future__ import annotations

import numpy as np

from brainsr_desktop.io.header import Header
from brainsr_desktop.io.lut import modality_lut, modality_unit, voi_lut


def has_modality_lut(header: Header, samples: int, dtype: str) -> bool:
    """Whether the pixels of a file are read through its modality LUT; ``dtype`` is that of its own stored values."""
    return samples == 1 and np.dtype(dtype).kind in "iu" and modality_lut(header) is not None


def rescale(header: Header) -> tuple[float, float]:
    """Slope and intercept; a slope of 0 is taken as 1. Behind a modality LUT there is none (PS3.3 C.11.1)."""
    if modality_lut(header) is not None:
        return 1.0, 0.0
    slope, intercept = header.number("RescaleSlope"), header.number("RescaleIntercept")
    if slope == 0:
        header.bad.add("RescaleSlope")
        slope = None
    return (1.0 if slope is None else slope), (0.0 if intercept is None else intercept)


def unit_of(header: Header) -> str:
    """The unit of values after rescale or modality LUT, empty if the file does not name one."""
    if modality_lut(header) is not None:
        return modality_unit(header)
    unit = header.text("RescaleType")
    return "" if unit.upper() in {"US", "UNSPECIFIED", "NORMALIZED"} or "UNITLESS" in unit.upper() else unit


def window_of(header: Header, number: int = 0) -> tuple[float, float] | None:
    """Window centre and width in units, the first choice of the header or the one of that number.

    A VOI LUT is the first one (its curve: `curve_of`), then come the header's windows; None where there are no more,
    and where the width is not positive.
    """
    found = voi_lut(header)
    if found is not None and number == 0:
        return found.window
    number -= found is not None
    centres, widths = header.numbers("WindowCenter"), header.numbers("WindowWidth")
    if number >= min(len(centres), len(widths)):
        return None
    if widths[number] <= 0:
        header.bad.add("WindowWidth")
        return None
    return centres[number], widths[number]


def curve_of(header: Header) -> bytes:
    """The greys of the header's first window, if that is a VOI LUT (see `core.series.FrameInfo`); else empty."""
    found = voi_lut(header)
    return b"" if found is None else found.curve()


def padding_of(header: Header) -> tuple[float, float] | None:
    """Lowest and highest stored value that are padding (PS3.3 C.7.5.1.1.2); None where there are none.

    Behind a modality LUT those of its outputs; None also where the LUT gives them to pixels that are no padding.
    """
    signed = header.integer("PixelRepresentation") == 1
    limits = [
        # Implicit files do not tell whether the value is signed.
        value - 65536 if signed and value >= 32768 else value
        for value in (header.number("PixelPaddingValue"), header.number("PixelPaddingRangeLimit"))
        if value is not None
    ]
    if header.number("PixelPaddingValue") is None:
        return None
    modality = modality_lut(header)
    return (min(limits), max(limits)) if modality is None else modality.range_of(min(limits), max(limits))
