"""Keeps what was measured: the mean brightness of a region is the scanner's, a network may only add detail to it."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from brainsr_desktop.core.filters import gaussian_taps, separable
from brainsr_desktop.core.resample import enlarge

SIGMA_PX: Final = 3.0
"""Width of what counts as a region, in input pixels: wide enough that the noise a network took out stays out."""

Floats = npt.NDArray[np.float32]


def block_means(picture: npt.NDArray[np.floating], side: int) -> npt.NDArray[np.float64]:
    """Mean of each block of ``side`` x ``side`` pixels; both sides of the picture are multiples of it."""
    rows, columns = picture.shape[0] // side, picture.shape[1] // side
    blocks = picture.reshape(rows, side, columns, side)
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float64))


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
