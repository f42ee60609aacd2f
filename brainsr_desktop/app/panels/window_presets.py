"""Grey windows of the keys 0 to 9, relative to the series, because MR intensities have no scale of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.language import mark
from brainsr_desktop.session.state import WindowLevel
from brainsr_desktop.session.windows import SeriesRange
from brainsr_desktop.settings import GreyPreset

NAMES: Final[tuple[str, ...]] = (
    mark("Automatic"),
    mark("DICOM window 1"),
    mark("DICOM window 2"),
    mark("Full range"),
    mark("Soft (1.5 times as wide)"),
    mark("Hard (0.6 times as wide)"),
    mark("White and grey matter"),
    mark("Dark lesions"),
    mark("Bright lesions"),
    mark("Own window"),
)
Own = tuple[float, float]
"""Centre and width of the user's window in parts of the robust range, so that it fits any series."""


def preset(key: int, series: SeriesRange, own: Own) -> WindowLevel | None:
    """The window of a key, in units; None where this series has no such window."""
    automatic, tissue = series.automatic, series.tissue
    found = {
        0: automatic,
        1: series.header,
        2: series.header_2,
        3: series.full,
        4: WindowLevel(automatic.center, automatic.width * 1.5),
        5: WindowLevel(automatic.center, automatic.width * 0.6),
        6: tissue,
        7: _between(series.robust_low, tissue.center),
        8: _between(tissue.center, series.full.high),
        9: absolute(own, series),
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


def absolute(own: Own, series: SeriesRange) -> WindowLevel | None:
    """The other way round."""
    span = series.robust_high - series.robust_low
    return WindowLevel(series.robust_low + own[0] * span, own[1] * span) if span > 0 else None


def suits(kept: GreyPreset, stack: StackInfo) -> bool:
    """Whether a preset of the user is for such a series: its word is the modality, or a word of the description."""
    word = kept.word.casefold().strip()
    words = re.split(r"[^\w*]+|_", f"{stack.modality} {stack.description}".casefold())
    return not word or word in words


def kept_for(key: int, presets: Iterable[GreyPreset], stack: StackInfo) -> GreyPreset | None:
    """The user's preset on a key for a series; one with a word goes before one for all."""
    fitting = [kept for kept in presets if kept.key == key and suits(kept, stack)]
    return max(fitting, key=lambda kept: bool(kept.word.strip()), default=None)


def _between(low: float, high: float) -> WindowLevel | None:
    return WindowLevel((low + high) / 2, high - low) if high > low else None
