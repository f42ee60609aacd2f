"""How near a picture is to the truth. Every function takes the picture first, the truth second.

Both are (rows, columns), any real dtype, in the same unit; computed in double precision. ``peak`` is the intensity
range that counts as full scale, ``mask`` (bool, same shape) restricts the mean to its pixels; neither is guessed.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from brainsr_desktop.core.filters import (
    closed,
    correlate,
    dilated,
    filled,
    gaussian_taps,
    halved,
    labelled,
    separable,
)
from brainsr_desktop.core.intensity import otsu_threshold, robust_range

Floats: TypeAlias = npt.NDArray[np.float64]
AnyFloats: TypeAlias = npt.NDArray[np.floating]
Mask: TypeAlias = npt.NDArray[np.bool_]

SMALLEST_MSE: Final = 1e-12
"""Of the squared peak: an exact copy has 120 dB, not infinity, so that means stay finite."""

SCORES: Final = {
    "head_psnr": "PSNR in the head, dB",
    "psnr": "PSNR of the whole slice, dB",
    "ssim": "SSIM in the head",
    "ssim_slice": "SSIM of the whole slice",
    "nrmse": "NRMSE of the whole slice",
    "head_nrmse": "NRMSE in the head",
}
"""What ``scores`` gives, with a title for tables. Higher is better but for NRMSE."""


def psnr(image: AnyFloats, truth: AnyFloats, *, peak: float, mask: Mask | None = None) -> float:
    """Peak signal-to-noise ratio in dB: 10 log10(peak^2 / mean squared error), at most 120."""
    error = _inside(np.square(_double(image) - _double(truth)), mask)
    return float(-10.0 * np.log10(max(float(error.mean()) / peak**2, SMALLEST_MSE)))


def ssim_map(image: AnyFloats, truth: AnyFloats, *, peak: float) -> Floats:
    """SSIM of every pixel (Wang 2004): Gaussian window 11 x 11, sigma 1.5, K1 0.01, K2 0.03, mirrored edges."""
    taps = gaussian_taps(1.5, 5)
    x, y = _double(image), _double(truth)
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    mean_x, mean_y = separable(x, taps), separable(y, taps)
    var_x = separable(x * x, taps) - mean_x**2
    var_y = separable(y * y, taps) - mean_y**2
    covariance = separable(x * y, taps) - mean_x * mean_y
    above = (2.0 * mean_x * mean_y + c1) * (2.0 * covariance + c2)
    return np.asarray(above / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2)))


def ssim(image: AnyFloats, truth: AnyFloats, *, peak: float, mask: Mask | None = None) -> float:
    """Mean of ``ssim_map``, -1..1."""
    return float(_inside(ssim_map(image, truth, peak=peak), mask).mean())


def nrmse(image: AnyFloats, truth: AnyFloats, *, mask: Mask | None = None) -> float:
    """Norm of the error over the norm of the truth; 0 is perfect. Infinite for an empty truth that was missed."""
    x, y = _inside(_double(image), mask), _inside(_double(truth), mask)
    return _ratio(float(np.linalg.norm(x - y)), float(np.linalg.norm(y)))


def laplacian_of_gaussian() -> Floats:
    """The 15 x 15 kernel of HFEN: rotationally symmetric, sigma 1.5 pixels, sum 0."""
    x = np.arange(-7, 8, dtype=np.float64)
    squared = x[:, None] ** 2 + x[None, :] ** 2
    sigma2 = 1.5**2
    bell = np.exp(-squared / (2.0 * sigma2))
    bell /= bell.sum()
    kernel = bell * (squared - 2.0 * sigma2) / sigma2**2
    return np.asarray(kernel - kernel.mean())


def hfen(image: AnyFloats, truth: AnyFloats) -> float:
    """High-frequency error norm (Ravishankar and Bresler 2011) over that of the truth; 0 is perfect."""
    kernel = laplacian_of_gaussian()
    edges = correlate(_double(truth), kernel, mirrored=True)
    error = correlate(_double(image) - _double(truth), kernel, mirrored=True)
    return _ratio(float(np.linalg.norm(error)), float(np.linalg.norm(edges)))


def gmsd(image: AnyFloats, truth: AnyFloats, *, peak: float) -> float:
    """Gradient magnitude similarity deviation (Xue 2014), Prewitt, half size, T = 170 of 255^2; 0 is perfect."""
    stability = 170.0 / 255.0**2
    first, second = (_gradient(halved(_double(a) / peak)) for a in (image, truth))
    similarity = (2.0 * first * second + stability) / (first**2 + second**2 + stability)
    return float(similarity.std())


def haarpsi(image: AnyFloats, truth: AnyFloats, *, peak: float) -> float:
    """Haar wavelet perceptual similarity index (Reisenhofer 2018), C = 30, alpha = 4.2; 0..1, 1 is perfect."""
    c, alpha = 30.0, 4.2
    x, y = (halved(_double(a) * (255.0 / peak)) for a in (image, truth))
    above = below = 0.0
    for axis in (0, 1):
        ours, theirs = ([np.abs(_haar(a, scale, axis)) for scale in (1, 2, 3)] for a in (x, y))
        local = sum(
            (2.0 * a * b + c) / (a**2 + b**2 + c) for a, b in zip(ours[:2], theirs[:2], strict=True)
        )
        weight = np.maximum(ours[2], theirs[2])
        above += float((weight / (1.0 + np.exp(-alpha * np.asarray(local) / 2.0))).sum())
        below += float(weight.sum())
    if below == 0.0:
        return 1.0
    mean = above / below
    return float((np.log(mean / (1.0 - mean)) / alpha) ** 2)


def head_mask(image: AnyFloats) -> Mask:
    """The head in a slice, as the benchmark defines it.

    Gaussian (sigma 1 pixel), half of Otsu's threshold, closing by 3 pixels, holes filled, parts below 5 % of the
    largest dropped, grown by 3 pixels. All True where the slice has no contrast.
    """
    clean = np.where(np.isfinite(image), image, 0.0).astype(np.float64)
    smooth = separable(clean - min(float(clean.min()), 0.0), gaussian_taps(1.0, 4))
    mask = filled(closed(smooth > 0.5 * otsu_threshold(smooth), 3))
    labels = labelled(mask)
    sizes = np.bincount(labels.ravel())
    if len(sizes) < 2:
        return np.ones(mask.shape, np.bool_)
    large = sizes > 0.05 * sizes[1:].max()
    large[0] = False
    return dilated(large[labels], 3)


def scores(
    image: AnyFloats, truth: AnyFloats, *, range_max: float = 0.0, mask: Mask | None = None
) -> dict[str, float]:
    """The figures of ``SCORES``, in that order: the window's table and the evaluation use this one function.

    Both pictures are cut to the truth's robust range first, as on the benchmark: what is brighter than white is not
    judged. ``range_max`` is the size of that range if it is known (that of the series), 0 = that of this slice;
    ``mask`` is the head, found in the truth if absent. Pixels that are not finite in either picture are left out of
    the head and equal outside.
    """
    low, high = robust_range(truth)
    high = low + range_max if range_max > 0.0 else high
    peak = high - low
    if not peak > 0.0:
        return {}
    known = np.isfinite(image) & np.isfinite(truth)
    x, y = (np.where(known, np.clip(_double(a), low, high), low) for a in (image, truth))
    head = (head_mask(truth) if mask is None else mask) & known
    if not head.any():
        head = known
    similar = ssim_map(x, y, peak=peak)
    found = (
        psnr(x, y, peak=peak, mask=head),
        psnr(x, y, peak=peak),
        float(similar[head].mean()),
        float(similar.mean()),
        nrmse(x, y),
        nrmse(x, y, mask=head),
    )
    return dict(zip(SCORES, found, strict=True))


def _double(image: AnyFloats) -> Floats:
    return np.asarray(image, np.float64)


def _inside(values: Floats, mask: Mask | None) -> Floats:
    return values if mask is None else np.asarray(values[mask])


def _ratio(above: float, below: float) -> float:
    if below > 0.0:
        return above / below
    return 0.0 if above == 0.0 else float("inf")


def _gradient(image: Floats) -> Floats:
    prewitt = np.array([[1.0, 0.0, -1.0]] * 3) / 3.0
    across, down = (correlate(image, kernel, mirrored=False) for kernel in (prewitt, prewitt.T))
    return np.asarray(np.sqrt(across**2 + down**2))


def _haar(image: Floats, scale: int, axis: int) -> Floats:
    """Haar coefficient of every pixel: one half of a square of 2^scale pixels minus the other half."""
    side = 2**scale
    half = side // 2
    size = image.shape
    # "same" of a convolution with an even kernel: the square reaches half - 1 pixels back and half pixels ahead.
    padded = np.pad(image, ((half - 1, half), (half - 1, half)))
    total = np.zeros(size)
    for i in range(side):
        for j in range(side):
            sign = 1.0 if (i, j)[axis] < half else -1.0
            total += sign * padded[i : i + size[0], j : j + size[1]]
    return np.asarray(total / side)
