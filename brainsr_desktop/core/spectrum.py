"""The radial power spectrum of a picture, and how near it comes to that of the truth.

PSNR rewards a picture for leaving out what it is not sure of; the spectrum shows what is missing, and where. The
picture less its mean is weighted by a Hann window (it is not periodic), and the power of its Fourier transform is
averaged over ``RINGS`` rings of equal width between 0 and 0.5 cycles per pixel, the corners left out. White noise of
standard deviation s has the power s^2 in every ring.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
AnyFloats: TypeAlias = npt.NDArray[np.floating]

RINGS: Final = 32
FLOOR: Final = 1e-3
"""Of the peak: white noise of this size, as 8 bits have it, is added to both spectra, for a scanner that interpolated
leaves rings without any power, whose ratio would mean nothing."""


def frequencies() -> Floats:
    """Middle of each ring, cycles per pixel."""
    return np.asarray((np.arange(RINGS) + 0.5) * (0.5 / RINGS))


def radial_power_spectrum(image: AnyFloats) -> Floats:
    """Mean power in each ring, in the square of the picture's unit; rows and columns from 2 on, all finite.

    Rings that a small picture has no frequency in are interpolated.
    """
    window = np.hanning(image.shape[0] + 2)[1:-1, None] * np.hanning(image.shape[1] + 2)[None, 1:-1]
    exact = np.asarray(image, np.float64)
    spectrum = np.fft.fft2((exact - np.average(exact, weights=window)) * window)
    power = np.square(np.abs(spectrum)) / np.square(window).sum()
    radius = np.hypot(*(np.abs(f) for f in np.meshgrid(*map(np.fft.fftfreq, image.shape), indexing="ij")))
    ring = (radius * (2 * RINGS)).astype(np.intp)
    inside = ring < RINGS
    counts = np.bincount(ring[inside], minlength=RINGS)
    sums = np.bincount(ring[inside], power[inside], minlength=RINGS)
    there = counts > 0
    middle = frequencies()
    return np.asarray(np.interp(middle, middle[there], sums[there] / counts[there]))


def power_ratio_db(image: AnyFloats, truth: AnyFloats, *, peak: float) -> Floats:
    """Power of the picture over that of the truth in each ring, dB: 0 is right, below it something is missing."""
    floor = (FLOOR * peak) ** 2
    ours, theirs = radial_power_spectrum(image), radial_power_spectrum(truth)
    return np.asarray(10.0 * np.log10((ours + floor) / (theirs + floor)))


def spectrum_distance(ratio_db: AnyFloats, scale: int) -> float:
    """Mean size of the power ratio (dB) over the rings that the input of a ``scale`` times finer picture did not have:
    those above 0.5 / scale cycles per pixel. 0 is perfect."""
    return float(np.abs(ratio_db[frequencies() > 0.5 / scale]).mean())
