"""Whether an enhanced slice agrees with what was measured, and the one step that makes its regions agree."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from brainsr_desktop.core.estimates import noise_sigma
from brainsr_desktop.core.filters import block_means, dilated, gaussian_taps, labelled, separable
from brainsr_desktop.core.intensity import robust_range
from brainsr_desktop.core.resample import enlarge
from brainsr_desktop.core.trust import Place

SIGMA_PX: Final = 3.0
"""Width of what counts as a region, in input pixels: wide enough that the noise a network took out stays out."""

LIMIT: Final = 2.5
"""Percent, see `Residual.part`; calibrated on slices held back from training. A card may have its own."""
SPOT_MM: Final = 1.4
SPOT_PX: Final = 0.75
"""The residual is smoothed by a Gaussian of this standard deviation, to spots of about 4 mm, but by no less than so
many input pixels."""
AROUND: Final = (2.0, 4.0)
"""The surroundings of a spot lie between Gaussians so many times as wide."""
ALLOWED: Final = 0.01
"""Of the robust range: a residual of this size in quiet surroundings counts in full, ..."""
MOST_AROUND: Final = 0.02
"""... and surroundings excuse no more than if their residual were of this size."""
RINGS: Final = 12
"""Bands of frequency in which the reduction is fitted, up to the input's Nyquist frequency along an axis."""
MOST_GAIN: Final = 2.0
NO_POWER: Final = 1e-5
"""Of the mean of the bands above the lowest."""
MOST_PLACES: Final = 12

Floats = npt.NDArray[np.float32]
Doubles: TypeAlias = npt.NDArray[np.float64]
Mask: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Residual:
    """What is left when an enhanced slice is reduced again and the input is taken away.

    ``map`` (rows, columns) float32, signed, in the unit of the pictures, on the input's matrix. ``weighed`` (rows,
    columns) float32, percent of the input's robust range: the residual at the size of a small lesion, counted the less
    the larger it is all around, see `residual`. ``part``: the greatest of it, one number for the slice; over the limit
    the slice does not agree with its input. ``noise``: standard deviation of the input's noise, in its unit.
    """

    map: Floats
    weighed: Floats
    part: float
    noise: float


def residual(
    enhanced: Floats, source: Floats, scale: int, spacing_mm: tuple[float, float] | None = None
) -> Residual:
    """Reduce an enhanced slice again and compare it with its input.

    ``source`` (rows, columns), ``enhanced`` (scale * rows, scale * columns, or a little less at the far edges) float32,
    same unit, half-pixel aligned. ``spacing_mm`` between the input's rows, between its columns; where it is not known,
    pixels are taken to be coarse. Where the input is not finite the residual is 0.

    How the input came about is not known: k-space may have been cut, blurred, or the picture averaged. So the
    enhanced slice is cut to the input's frequencies (by the cosine transform, which has no seam at the edges), and how
    much of each band is left is fitted to the input by least squares; brightness, the lowest band, is not fitted.

    Noise that a network took out and edges that it made steeper leave a residual that is honest. They leave it along
    whole edges, a lesion added or removed leaves it in one spot. So the residual, smoothed to spots of `SPOT_MM`, is
    divided by 1 + (its root mean square around the spot, `MOST_AROUND` of the range at most) / `ALLOWED` of the range.

    Raises:
        ValueError: the enhanced slice is not ``scale`` times as large as the source.
    """
    finite = np.isfinite(source)
    known = finite & ~dilated(~finite, 2)
    low, high = robust_range(source)
    clean = np.where(finite, source, np.float32(0.0)).astype(np.float64)
    ours = _reduced_spectrum(_whole(enhanced, source.shape, scale), scale)
    theirs = _reduced_spectrum(clean, 1)
    left = _from_spectrum(_fitted(ours, theirs) - theirs)
    left[~known] = 0.0
    if not high > low:
        flat = np.zeros(source.shape, np.float32)
        return Residual(left.astype(np.float32), flat, 0.0, 0.0)
    sides = spacing_mm if spacing_mm is not None and min(spacing_mm) > 0.0 else (math.inf, math.inf)
    spot_px = (max(SPOT_PX, SPOT_MM / sides[0]), max(SPOT_PX, SPOT_MM / sides[1]))
    weighed = 100.0 * _weighed(left / (high - low), spot_px)
    return Residual(
        left.astype(np.float32), weighed.astype(np.float32), float(weighed.max()), noise_sigma(source)
    )


def disagreeing(residual: Residual, limit: float = LIMIT) -> tuple[Place, ...]:
    """The places over the limit (percent), the worst first, in input pixels; empty where the input was kept.

    ``change`` of a place is the mean absolute residual in it.
    """
    labels = labelled(residual.weighed > limit)
    places: list[tuple[float, Place]] = []
    for number in range(1, int(labels.max()) + 1):
        inside = labels == number
        rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
        change = float(np.abs(residual.map[inside]).mean(dtype=np.float64))
        box = (int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)
        places.append((float(residual.weighed[inside].max()), Place(*box, change, int(inside.sum()))))
    places.sort(key=lambda found: -found[0])
    return tuple(place for _, place in places[:MOST_PLACES])


def _whole(enhanced: Floats, shape: tuple[int, ...], scale: int) -> Doubles:
    """Finite, and as large as it would be had nothing been cut at the far edges."""
    missing = [scale * small - large for small, large in zip(shape, enhanced.shape, strict=True)]
    if not all(0 <= pixels < scale for pixels in missing):
        raise ValueError(f"{enhanced.shape} pixels are not {scale} times those of {shape}.")
    clean = np.where(np.isfinite(enhanced), enhanced, np.float32(0.0)).astype(np.float64)
    return np.pad(clean, [(0, pixels) for pixels in missing], mode="edge") if any(missing) else clean


@lru_cache(maxsize=16)
def _cosines(size: int, kept: int) -> Doubles:
    """The first ``kept`` rows of the orthonormal cosine transform (DCT-II) of ``size`` samples."""
    angle = np.pi / size * (np.arange(size) + 0.5)[None, :] * np.arange(kept)[:, None]
    rows = np.cos(angle) * math.sqrt(2.0 / size)
    rows[0] = math.sqrt(1.0 / size)
    rows.flags.writeable = False
    return np.asarray(rows)


def _reduced_spectrum(picture: Doubles, scale: int) -> Doubles:
    """Cosine transform of a picture cut to the frequencies that one of ``scale`` times fewer pixels holds.

    The transform continues a picture by mirroring it at its outer edges, where the pixels of both matrices end: so
    the lowest coefficients are those of the half-pixel aligned smaller picture.
    """
    rows, columns = (_cosines(size, size // scale) for size in picture.shape)
    return np.asarray(rows @ picture @ columns.T) / scale


def _from_spectrum(spectrum: Doubles) -> Doubles:
    rows, columns = (_cosines(size, size) for size in spectrum.shape)
    return np.asarray(rows.T @ spectrum @ columns)


def _fitted(ours: Doubles, theirs: Doubles) -> Doubles:
    """Our spectrum, each band (a ring, smoothly joined to the next) as strong as it fits theirs best."""
    down, across = (np.arange(size) / (2.0 * size) for size in ours.shape)
    radius = np.hypot(down[:, None], across[None, :])
    ring = (radius * (2.0 * RINGS)).astype(np.intp)
    shared = np.bincount(ring.ravel(), (ours * theirs).ravel())
    power = np.bincount(ring.ravel(), np.square(ours).ravel())
    # A band with next to no power says nothing and is left as it is.
    weak = NO_POWER * float(power[1:].sum()) / max(len(power) - 1, 1)
    gain = np.divide(shared + weak, power + weak, out=np.ones(len(power)), where=power + weak > 0.0)
    gain = np.clip(gain / gain[0], 0.0, MOST_GAIN) if gain[0] > 0.0 else np.ones(len(power))
    middle = (np.arange(len(gain)) + 0.5) / (2.0 * RINGS)
    return np.asarray(ours * np.interp(radius, middle, gain), np.float64)


def _weighed(part: Doubles, spot_px: tuple[float, float]) -> Doubles:
    """A residual as a part of the range, see `residual`."""
    spots = _smooth(part, spot_px, 1.0)
    power = np.square(spots)
    inner, outer = AROUND
    around = _smooth(power, spot_px, outer) - (inner / outer) ** 2 * _smooth(power, spot_px, inner)
    excused = np.minimum(np.sqrt(np.maximum(around, 0.0)), MOST_AROUND)
    return np.asarray(np.abs(spots) * ALLOWED / (ALLOWED + excused))


def _smooth(values: Doubles, spot_px: tuple[float, float], times: float) -> Doubles:
    down, across = (gaussian_taps(times * sigma, math.ceil(3.0 * times * sigma)) for sigma in spot_px)
    return separable(values, down, across)


def keep_region_means(enlarged: Floats, source: Floats, scale: int) -> Floats:
    """The enlarged slice, corrected so that its regions are as bright as the source's.

    ``source`` (rows, columns) and ``enlarged`` (scale * rows, scale * columns) float32 in the same units. What the
    enlarged picture, averaged back to the input's matrix, lacks or has too much is smoothed by a Gaussian of
    ``SIGMA_PX`` input pixels and put back: one step of back-projection (Irani and Peleg 1991) restricted to low
    frequencies, so that neither the noise nor the blur of the input returns with it.
    """
    missing = source - block_means(enlarged, scale)
    taps = gaussian_taps(SIGMA_PX, round(3 * SIGMA_PX))
    smooth = separable(missing, taps).astype(np.float32)
    return enlarged + enlarge(smooth, scale, "linear")
