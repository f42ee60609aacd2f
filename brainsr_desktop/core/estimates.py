"""What can be measured without a reference: the noise of a slice, and how much steeper its edges became.

Neither says whether the picture is right.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from brainsr_desktop.core.filters import block_means, dilated, gaussian_taps, separable
from brainsr_desktop.core.intensity import otsu_threshold, robust_range
from brainsr_desktop.core.resample import enlarge

Floats: TypeAlias = npt.NDArray[np.float64]
AnyFloats: TypeAlias = npt.NDArray[np.floating]

MAD_TO_SIGMA: Final = 1.482602218505602
"""Standard deviation of a normal distribution over its median absolute deviation."""
FLATTEST: Final = 0.5
"""The noise is measured in this part of the head's pixels, those with the least gradient."""
STEEPEST_PERCENTILE: Final = 90.0
"""Edges are where the gradient of the enlarged input is above this percentile of the head's ..."""
EDGE_PX: Final = 3
"""... and so many input pixels around it, so that a wide edge is seen whole."""
FLAT: Final = 1e-6
"""Of the largest value: a gradient of rounding errors is none."""

_SECOND = np.array([1.0, -2.0, 1.0])
_LAPLACIAN_NORM: Final = 6.0
"""Root of the sum of squares of the mask (1, -2, 1) x (1, -2, 1)."""


def noise_sigma(image: AnyFloats) -> float:
    """Standard deviation of the noise in the head of a slice (rows, columns), in its unit; 0.0 where it has none.

    Immerkaer's mask (1996), which no plane and no straight edge along an axis passes, over the flattest half of the
    head, by the median, so that structure counts little. What is left of structure in coarse pixels is in the result.
    Noise that a scanner interpolated is no longer white and comes out too small. What is not finite is left out.
    """
    rows, columns = image.shape
    if rows < 3 or columns < 3:
        return 0.0
    finite = np.isfinite(image)
    if not finite.any():
        return 0.0
    clean = np.where(finite, image, 0.0).astype(np.float64)
    curved = separable(clean, _SECOND) / _LAPLACIAN_NORM
    lifted = clean - min(float(clean[finite].min()), 0.0)
    inside = (lifted > 0.5 * otsu_threshold(lifted[finite])) & ~dilated(~finite, 2)
    inside[[0, -1]] = inside[:, [0, -1]] = False
    if not inside.any():
        return 0.0
    # Of Sobel's odd masks, whose noise is independent of that of the even one: choosing by them does not bias it.
    smooth, step = np.array([1.0, 2.0, 1.0]), np.array([-1.0, 0.0, 1.0])
    gradient = np.hypot(separable(clean, step, smooth), separable(clean, smooth, step))
    flat = inside & (gradient <= np.quantile(gradient[inside], FLATTEST))
    values = curved[flat]
    return float(MAD_TO_SIGMA * np.median(np.abs(values - np.median(values))))


def noise_percent(image: AnyFloats) -> float:
    """`noise_sigma` in percent of the slice's robust range; 0.0 where it has no range."""
    low, high = robust_range(image)
    return 100.0 * noise_sigma(image) / (high - low) if high > low else 0.0


def edge_sharpness_ratio(enhanced: npt.NDArray[np.float32], source: npt.NDArray[np.float32]) -> float:
    """How much steeper the edges of the enhanced slice are than those of its cubically enlarged input; 1.0 = as steep.

    ``enhanced`` (scale * rows, scale * columns), ``source`` (rows, columns) float32, same unit. Steepness is the mean
    of the gradient weighted by itself, sum(g^2) / sum(g), near the input's edges: A / (2 sqrt(pi) sigma) for an edge of
    height A blurred by a Gaussian sigma, so the ratio is that of the widths. 1.0 where the input has no edges.

    Raises:
        ValueError: the enhanced slice is not a whole number of times as large as the source.
    """
    scale = enhanced.shape[0] // source.shape[0]
    if scale < 1 or enhanced.shape != (scale * source.shape[0], scale * source.shape[1]):
        raise ValueError(f"{enhanced.shape} pixels are no enlargement of {source.shape}.")
    low = np.where(np.isfinite(source), source, np.float32(0.0))
    plain = enlarge(low, scale, "bicubic")
    picture = np.where(np.isfinite(enhanced), enhanced, plain)
    lifted = low - min(float(low.min()), 0.0)
    head = lifted > 0.5 * otsu_threshold(lifted)
    if not head.any():
        return 1.0
    before, after = _gradient(plain), _gradient(picture)
    # Edges are looked for on the input's matrix: sixteen times fewer pixels.
    coarse = block_means(before, scale)
    steep = float(np.percentile(coarse[head], STEEPEST_PERCENTILE))
    if steep <= FLAT * float(np.abs(low).max()):
        return 1.0
    edges = dilated(coarse >= steep, EDGE_PX).repeat(scale, axis=0).repeat(scale, axis=1)
    return _steepness(after[edges]) / _steepness(before[edges])


def _steepness(gradient: npt.NDArray[np.float32]) -> float:
    total = float(gradient.sum(dtype=np.float64))
    return float(np.square(gradient).sum(dtype=np.float64)) / total if total > 0.0 else 0.0


def _gradient(image: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Magnitude of the gradient per pixel, after a light Gaussian that is the same for both pictures."""
    smooth = separable(image.astype(np.float64), gaussian_taps(0.7, 2)).astype(np.float32)
    down, across = np.gradient(smooth)
    return np.asarray(np.hypot(down, across), np.float32)
