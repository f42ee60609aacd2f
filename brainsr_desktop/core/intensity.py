"""Intensity: the robust range of a slice, the first grey window, and the reversible normalisation for the networks.

MR intensities have no unit of their own. A network sees them divided by the *robust maximum*, the 99.5th percentile
of the pixels above half of Otsu's threshold: the head decides, not the air around it and not a few bright vessels.
Values that are not finite are left out of every statistic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.ma  # np.percentile loads it at its first call, and that would be in the GUI thread
import numpy.typing as npt

AnyArray: TypeAlias = npt.NDArray[np.generic]
Floats: TypeAlias = npt.NDArray[np.float64]

ROBUST_PERCENTILE: Final = 99.5
OFFSET_PERCENTILE: Final = 0.1
OTSU_BINS: Final = 256


def otsu_threshold(values: AnyArray, bins: int = OTSU_BINS) -> float:
    """Threshold between the two classes of a histogram (Otsu 1979), in the values' unit.

    If all values are equal: that value.

    Raises:
        ValueError: there is no finite value.
    """
    finite = _finite(values)
    low, high = float(finite.min()), float(finite.max())
    # A range of a few rounding steps cannot be cut into bins.
    if not np.all(np.diff(np.linspace(low, high, bins + 1)) > 0.0):
        return low
    counts, edges = np.histogram(finite, bins)
    centres = (edges[1:] + edges[:-1]) / 2.0
    below = np.cumsum(counts)[:-1].astype(np.float64)
    # Relative to the middle of the range, so that a large offset does not eat the digits.
    sums = np.cumsum(counts * ((centres - centres.mean()) / (high - low)))
    total, whole = float(finite.size), float(sums[-1])
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (whole * below / total - sums[:-1]) ** 2 / (below * (total - below))
    return float(centres[int(np.nanargmax(between))])


def robust_max(image: AnyArray) -> float:
    """99.5th percentile of the pixels above half of Otsu's threshold; 0.0 where no pixel is finite.

    Any shape and real dtype, background at 0. See the catalogue of the training data, where 1.0 is this value.
    """
    finite = np.asarray(image)[np.isfinite(image)].astype(np.float64)
    if finite.size == 0:
        return 0.0
    head = finite[finite > 0.5 * otsu_threshold(finite)]
    return float(np.percentile(head if head.size else finite, ROBUST_PERCENTILE))


def robust_range(image: AnyArray) -> tuple[float, float]:
    """(low, high) in the image's unit: 0 or a negative 0.1 percentile; the robust maximum above it.

    ``high - low`` is the peak that PSNR and SSIM refer to. (0.0, 0.0) where no pixel is finite.
    """
    finite = np.asarray(image)[np.isfinite(image)].astype(np.float64)
    if finite.size == 0:
        return 0.0, 0.0
    low = min(float(np.percentile(finite, OFFSET_PERCENTILE)), 0.0)
    return low, low + robust_max(finite - low)


def auto_window(values: AnyArray) -> tuple[float, float]:
    """(centre, width) of a grey window over the 0.5 to 99.5 percentile of the values that are not background.

    Background is what lies below half of Otsu's threshold, counted from the lowest value. ``width`` is above 0, also
    for a picture of one value; (0.5, 1.0) where no value is finite.
    """
    finite = np.asarray(values)[np.isfinite(values)].astype(np.float64)
    if finite.size == 0:
        return 0.5, 1.0
    floor = min(float(finite.min()), 0.0)
    head = finite[finite - floor > 0.5 * (otsu_threshold(finite) - floor)]
    low, high = np.percentile(head if head.size else finite, [100.0 - ROBUST_PERCENTILE, ROBUST_PERCENTILE])
    width = float(high - low)
    smallest = max(abs(float(high)), 1.0) * 1e-6
    return float(low + high) / 2.0, width if width > smallest else max(abs(float(high)), 1.0)


@dataclass(frozen=True, slots=True)
class Normalisation:
    """Reversible map between stored values and what a network sees: normalised = (stored - offset) / gain.

    ``gain`` is above 0. ``flat``: all finite pixels are equal, or none is finite; there is nothing to enhance.
    """

    offset: float = 0.0
    gain: float = 1.0
    flat: bool = False

    @classmethod
    def of(cls, image: AnyArray) -> Normalisation:
        """The normalisation of one slice: its robust range becomes 0..1, brighter pixels lie above 1."""
        finite = np.asarray(image)[np.isfinite(image)]
        if finite.size == 0 or finite.min() == finite.max():
            return cls(flat=True)
        low, high = robust_range(finite)
        gain = high - low
        if not gain > 0.0:
            return cls(flat=True)
        return cls(low, gain)

    def forward(self, image: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Stored values (any shape) as a network sees them, float32; what is not finite counts as stored 0."""
        clean = np.where(np.isfinite(image), image, 0.0).astype(np.float64)
        return np.asarray((clean - self.offset) / self.gain, np.float32)

    def backward(self, normalised: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Normalised values (any shape) in stored units again, float32, cut at its range."""
        limit = float(np.finfo(np.float32).max)
        stored = normalised.astype(np.float64) * self.gain + self.offset
        return np.clip(stored, -limit, limit).astype(np.float32)


def _finite(values: AnyArray) -> Floats:
    finite = np.asarray(values)[np.isfinite(values)].astype(np.float64)
    if finite.size == 0:
        raise ValueError("There is no finite value.")
    return finite
