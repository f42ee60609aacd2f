"""Grey windows of the keys 0 to 9, relative to the series, because MR intensities have no scale of their own."""

from __future__ import annotations

from typing import Final

from brainsr_desktop.session.state import WindowLevel
from brainsr_desktop.session.windows import SeriesRange

NAMES: Final[tuple[str, ...]] = (
    "Automatic",
    "DICOM window 1",
    "DICOM window 2",
    "Full range",
    "Soft (1.5 times as wide)",
    "Hard (0.6 times as wide)",
    "White and grey matter",
    "Dark lesions",
    "Bright lesions",
    "Own window",
)
Own = tuple[float, float]
"""Centre and width of the user's window in parts of the robust range, so that it fits any series."""


def preset(key: int, series: SeriesRange, own: Own) -> WindowLevel | None:
    """The window of a key, in units; None where this series has no such window."""
    automatic, tissue = series.automatic, series.tissue
    span = series.robust_high - series.robust_low
    found = {
        0: automatic,
        1: series.header,
        3: series.full,
        4: WindowLevel(automatic.center, automatic.width * 1.5),
        5: WindowLevel(automatic.center, automatic.width * 0.6),
        6: tissue,
        7: _between(series.robust_low, tissue.center),
        8: _between(tissue.center, series.full.high),
        9: WindowLevel(series.robust_low + own[0] * span, own[1] * span) if span > 0 else None,
    }
    return found.get(key)


def possible(series: SeriesRange | None, own: Own) -> frozenset[int]:
    """The keys that have a window in this series."""
    if series is None:
        return frozenset()
    return frozenset(key for key in range(len(NAMES)) if preset(key, series, own) is not None)


def relative(window: WindowLevel, series: SeriesRange) -> Own | None:
    """A window in parts of the series' robust range; None where that is empty."""
    span = series.robust_high - series.robust_low
    return ((window.center - series.robust_low) / span, window.width / span) if span > 0 else None


def _between(low: float, high: float) -> WindowLevel | None:
    return WindowLevel((low + high) / 2, high - low) if high > low else None
