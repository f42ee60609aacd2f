"""How often which values occur in both pictures of a slice, in a shape on it, or in the series. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.core.measure import counts_of
from brainsr_desktop.session.measurements import Measurement, units_of, values_inside
from brainsr_desktop.session.pictures import Picture
from brainsr_desktop.session.windows import SeriesRange

Source = Literal["slice", "shape", "series"]
BINS: Final = 256
MOST_PIXELS: Final = 500_000
"""Of a larger picture only some are counted: a thread that counts millions would hold the window up."""


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """Shares of the pixels in equal bins: ``edges`` (bins + 1,) in units, ``left`` and ``right`` (bins,), at most 1.

    None where there is no picture, or nothing in it. Padding and what is not finite are not counted.
    """

    edges: NDArray[np.float64]
    left: NDArray[np.float64] | None = None
    right: NDArray[np.float64] | None = None


def of_series(series: SeriesRange) -> Histogram | None:
    """Of the original series; None where nothing was counted."""
    if not sum(series.counts):
        return None
    counts = np.asarray(series.counts, np.float64)
    edges = np.linspace(series.full.low, series.full.high, counts.size + 1)
    return Histogram(edges, counts / counts.sum())


def of_pictures(
    left: Picture | None,
    right: Picture | None,
    item: Measurement | None,
    span: tuple[float, float] | None,
    bins: int = BINS,
) -> Histogram | None:
    """Of two pictures of a slice, or of what lies inside a shape on it. ``span``: lowest and highest value, if known.

    Takes up to 50 ms: not for the GUI thread.
    """
    values = [_values(picture, item) for picture in (left, right)]
    known = [found for found in values if found.size]
    if not known:
        return None
    low, high = span or (min(float(v.min()) for v in known), max(float(v.max()) for v in known))
    high = high if high > low else low + 1.0
    shares = [counts_of(v, low, high, bins) / v.size if v.size else None for v in values]
    return Histogram(np.linspace(low, high, bins + 1), *shares)


def _values(picture: Picture | None, item: Measurement | None) -> NDArray[np.float64]:
    if picture is None or picture.pixels.ndim != 2:
        return np.empty(0)
    found = _of_slice(picture) if item is None else values_inside(item, picture)
    return found[np.isfinite(found)]


def _of_slice(picture: Picture) -> NDArray[np.float64]:
    """The values of a slice; of a large one those of every second, third ... row and column."""
    rows, columns = picture.pixels.shape
    step = max(1, math.isqrt(rows * columns // MOST_PIXELS) if rows * columns > MOST_PIXELS else 1)
    row, column = np.arange(0, rows, step)[:, None], np.arange(0, columns, step)[None, :]
    values = units_of(picture).of(picture.pixels[::step, ::step])
    if picture.padding is None:
        return values.reshape(-1)
    return values[~picture.padding.at(row, column, (rows, columns))]
