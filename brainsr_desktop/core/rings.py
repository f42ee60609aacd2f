"""Fourier ring correlation: up to which fineness a picture agrees with the truth.

Saxton and Baumeister 1982; the threshold of 1/7 is that of Rosenthal and Henderson 2003. A picture can be sharp and
wrong: power alone (see `core.spectrum`) does not tell, the correlation of the Fourier coefficients does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from brainsr_desktop.core.filters import block_means, gaussian_taps, separable
from brainsr_desktop.core.intensity import robust_range
from brainsr_desktop.core.resample import enlarge

Floats: TypeAlias = npt.NDArray[np.float64]
AnyFloats: TypeAlias = npt.NDArray[np.floating]

THRESHOLD: Final = 1.0 / 7.0
PATCH_PX: Final = 32
FWHM_TO_SIGMA: Final = 1.0 / (2.0 * math.sqrt(2.0 * math.log(2.0)))
DETAIL_FLOOR: Final = 0.005
"""Of the truth's robust range: detail of this size is none; where neither picture has more, they agree."""


@dataclass(frozen=True, slots=True, eq=False)
class Rings:
    """Correlation by ring: ``frequencies`` (1/mm) their middles, ``correlation`` -1..1, ``counts`` of coefficients.

    ``finest_mm``: two pixels, the finest pair of lines that the matrix holds.
    """

    frequencies: Floats
    correlation: Floats
    counts: npt.NDArray[np.intp]
    finest_mm: float


def ring_correlation(first: AnyFloats, second: AnyFloats, spacing_mm: tuple[float, float]) -> Rings:
    """Correlation of two pictures (rows, columns), any unit, all finite, in rings of equal width in 1/mm.

    ``spacing_mm`` between rows, between columns. Rings are as wide as the lowest frequency of the longer side and end
    at the coarser axis' Nyquist frequency. The pictures are not periodic, so they are weighted by a Hann window. A ring
    in which one of them has no power has the correlation 0.

    Raises:
        ValueError: the pictures have different shapes, or the spacing is not positive.
    """
    if first.shape != second.shape or first.ndim != 2:
        raise ValueError(f"Pictures of {first.shape} and {second.shape} pixels have no common rings.")
    if not min(spacing_mm) > 0.0:
        raise ValueError(f"The distance of pixels must be above 0, not {spacing_mm}.")
    rows, columns = first.shape
    window = np.hanning(rows + 2)[1:-1, None] * np.hanning(columns + 2)[None, 1:-1]
    one, two = (_windowed_spectrum(picture, window) for picture in (first, second))
    radius = _radius(first.shape, spacing_mm)
    width = 1.0 / max(rows * spacing_mm[0], columns * spacing_mm[1])
    number = max(1, math.floor(0.5 / max(spacing_mm) / width + 1e-9))
    ring = np.floor(radius / width + 0.5).astype(np.intp) - 1  # ring k is centred on the (k + 1)-th frequency
    inside = (ring >= 0) & (ring < number)
    counts = np.bincount(ring[inside], minlength=number)

    def total(values: Floats) -> Floats:
        return np.asarray(np.bincount(ring[inside], values[inside], minlength=number), np.float64)

    shared = total((one * two.conj()).real)
    power = np.sqrt(total(np.square(np.abs(one))) * total(np.square(np.abs(two))))
    correlation = np.divide(shared, power, out=np.zeros(number), where=power > 0.0)
    frequencies = (np.arange(number) + 1.0) * width
    return Rings(frequencies, np.clip(correlation, -1.0, 1.0), counts, 2.0 * max(spacing_mm))


def resolution_mm(rings: Rings, threshold: float = THRESHOLD) -> float:
    """Effective resolution: the wavelength at which the correlation first falls below ``threshold``, mm.

    Between two rings it is interpolated. Never less than two pixels; infinite where not even the first ring agrees.
    """
    below = np.flatnonzero((rings.correlation < threshold) & (rings.counts > 0))
    if below.size == 0:
        return rings.finest_mm
    k = int(below[0])
    if k == 0:
        return math.inf
    high, low = float(rings.correlation[k - 1]), float(rings.correlation[k])
    part = (high - threshold) / (high - low)
    frequency = rings.frequencies[k - 1] + part * (rings.frequencies[k] - rings.frequencies[k - 1])
    return max(1.0 / float(frequency), rings.finest_mm)


def local_agreement(
    enhanced: AnyFloats,
    truth: AnyFloats,
    spacing_mm: tuple[float, float],
    scale: int,
    patch_px: int = PATCH_PX,
) -> npt.NDArray[np.float32]:
    """Where the detail that the input could not hold agrees with the truth: (rows, columns) float32, 0..1.

    Both pictures (rows, columns) in the same unit, all finite; ``scale`` the enlargement. It is the correlation of one
    ring in a patch around every pixel: all frequencies beyond the input's Nyquist frequency, summed in the picture
    (Parseval) under a Gaussian as wide at half height as half a patch. ``patch_px`` counts the finer pixels. 0: the
    detail is another one (or its opposite). Where neither picture has detail they agree.

    Raises:
        ValueError: the pictures have different shapes.
    """
    if enhanced.shape != truth.shape:
        raise ValueError(f"Pictures of {enhanced.shape} and {truth.shape} pixels cannot agree.")
    fine, finer = (_beyond_input(np.asarray(picture, np.float64), scale) for picture in (enhanced, truth))
    low, high = robust_range(truth)
    floor = (DETAIL_FLOOR * (high - low)) ** 2
    sigma_px = patch_px / 2.0 * FWHM_TO_SIGMA / scale
    taps = [
        gaussian_taps(sigma, math.ceil(3.0 * sigma))
        for sigma in (max(sigma_px * min(spacing_mm) / side, 0.5) for side in spacing_mm)
    ]

    def around(values: Floats) -> Floats:
        """Smoothed, on the input's matrix: a patch is far larger than its pixels."""
        missing = [(0, -side % scale) for side in values.shape]
        return separable(block_means(np.pad(values, missing, mode="edge"), scale), taps[0], taps[1])

    below = np.sqrt(around(fine * fine) * around(finer * finer)) + floor
    above = around(fine * finer) + floor
    agreement = np.divide(above, below, out=np.ones_like(above), where=below > 0.0)
    large = enlarge(np.clip(agreement, 0.0, 1.0).astype(np.float32), scale, "linear")
    return np.ascontiguousarray(large[: truth.shape[0], : truth.shape[1]])


def _windowed_spectrum(picture: AnyFloats, window: Floats) -> npt.NDArray[np.complex128]:
    exact = np.asarray(picture, np.float64)
    return np.fft.fft2((exact - np.average(exact, weights=window)) * window)


def _radius(shape: tuple[int, ...], spacing_mm: tuple[float, float]) -> Floats:
    """Spatial frequency of every coefficient, 1/mm."""
    down, across = (np.fft.fftfreq(size, step) for size, step in zip(shape, spacing_mm, strict=True))
    return np.asarray(np.hypot(down[:, None], across[None, :]))


def _beyond_input(picture: Floats, scale: int) -> Floats:
    """What of a picture lies beyond the centre of k-space that an input of ``scale`` times fewer pixels holds.

    The picture is mirrored at its far edges first, so that they do not ring into each other.
    """
    rows, columns = picture.shape
    whole = np.pad(picture, ((0, rows), (0, columns)), mode="symmetric")
    down, across = np.abs(np.fft.fftfreq(whole.shape[0])), np.fft.rfftfreq(whole.shape[1])
    beyond = (down > 0.5 / scale)[:, None] | (across > 0.5 / scale)[None, :]
    detail = np.fft.irfft2(np.fft.rfft2(whole) * beyond, whole.shape)
    return np.ascontiguousarray(detail[:rows, :columns])
