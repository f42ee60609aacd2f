"""Grey windows of a series: what it starts with, and the presets, computed once for the whole series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from brainsr_desktop.core.intensity import auto_window, robust_range
from brainsr_desktop.core.measure import Units, counts_of
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.session.pictures import stack_name
from brainsr_desktop.session.state import WindowLevel

MOST_VALUES = 2_000_000
"""So many pixels of a series are enough for percentiles."""
BINS = 256
LEAST_COVERED = (0.05, 0.95)
"""A window of the header is used if it covers this part of the robust range."""


@dataclass(frozen=True, slots=True)
class SeriesRange:
    """Ranges of one volume of a stack, in units. ``final`` once all of it was loaded.

    ``stack`` as `stack_name` gives it. ``initial`` is what the panes start with, ``tissue`` spans the 20th to the 95th
    percentile of the head, ``header`` and ``header_2`` are the DICOM windows.
    """

    stack: str
    volume: int
    initial: WindowLevel
    automatic: WindowLevel
    header: WindowLevel | None
    full: WindowLevel
    tissue: WindowLevel
    robust_low: float
    robust_high: float
    final: bool
    header_2: WindowLevel | None = None
    counts: tuple[int, ...] = ()
    """Histogram of a sample of the series: equal bins over ``full``."""


def measure(
    stack: StackInfo, frames: npt.NDArray[np.generic], indices: tuple[int, ...], volume: int, *, final: bool
) -> SeriesRange | None:
    """Ranges from the loaded frames ``indices`` of a grey stack's block; None for colour or if nothing is finite.

    ``frames``: the block (frames, rows, columns), stored values. Takes some 100 ms: not for the GUI thread.
    """
    values = _sample(stack, frames, indices)
    if values.size == 0:
        return None
    low, high = robust_range(values)
    automatic = WindowLevel(*auto_window(values))
    header = header_window(stack, volume)
    fits = header is not None and covers(header, low, high)
    full = _between(float(values.min()), float(values.max()))
    head = values[values > low + 0.1 * (high - low)]
    tissue = np.percentile(head if head.size else values, [20.0, 95.0])
    return SeriesRange(
        stack=stack_name(stack),
        volume=volume,
        initial=header if fits and header is not None else automatic,
        automatic=automatic,
        header=header,
        full=full,
        tissue=_between(float(tissue[0]), float(tissue[1])),
        robust_low=low,
        robust_high=high,
        final=final,
        header_2=header_window(stack, volume, second=True),
        counts=tuple(counts_of(values, full.low, full.high, BINS).tolist()),
    )


def header_window(stack: StackInfo, volume: int, *, second: bool = False) -> WindowLevel | None:
    """The DICOM window of the middle slice of a volume (its VOI LUT, if it has one), or its second one."""
    frame = stack.frame_at(volume, stack.slices // 2)
    found = None if frame is None else frame.second_window if second else frame.window
    if frame is None or found is None or not found[1] > 0.0:
        return None
    return WindowLevel(*found, b"" if second else frame.curve)


def covers(window: WindowLevel, low: float, high: float) -> bool:
    """Whether a window covers 5 to 95 % of a range: neither washed out nor cut off."""
    span = high - low
    if not span > 0.0:
        return False
    return window.low <= low + LEAST_COVERED[0] * span and window.high >= low + LEAST_COVERED[1] * span


def _sample(
    stack: StackInfo, frames: npt.NDArray[np.generic], indices: tuple[int, ...]
) -> npt.NDArray[np.float64]:
    """Some of the finite values in units, evenly taken from all frames."""
    if stack.samples != 1 or not indices:
        return np.empty(0)
    pixels = stack.geometry.rows * stack.geometry.columns
    step = max(1, round(pixels * len(indices) / MOST_VALUES))
    parts = []
    for number, index in enumerate(indices):
        frame = stack.frames[index]
        if frame is not None:
            # Another start in each frame, so that no column is left out of all of them.
            stored = frames[index].reshape(-1)[number % step :: step]
            parts.append(Units(frame.slope, frame.intercept, frame.padding).of(stored))
    values = np.concatenate(parts) if parts else np.empty(0)
    return values[np.isfinite(values)]


def _between(low: float, high: float) -> WindowLevel:
    width = high - low
    return WindowLevel((low + high) / 2.0, width if width > 0.0 else max(abs(high), 1.0))
