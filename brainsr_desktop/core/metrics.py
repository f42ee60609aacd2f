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
    "hfen": "HFEN, error of the fine structures",
    "gmsd": "GMSD, error of the gradients",
    "haarpsi": "HaarPSI",
}
"""What ``scores`` gives, with a title for tables."""

LESION_SCORES: Final = {
    "lesion_psnr": "PSNR in the lesion, dB",
    "lesion_ssim": "SSIM in the lesion",
    "lesion_nrmse": "NRMSE in the lesion",
}
"""What ``lesion_scores`` gives, with a title for tables."""

LOWER_IS_BETTER: Final = frozenset({"nrmse", "head_nrmse", "hfen", "gmsd"})


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
    return _ratio(_norm(x - y), _norm(y))


def laplacian_of_gaussian(image: AnyFloats) -> Floats:
    """Filtered with HFEN's kernel: 15 x 15, rotationally symmetric, sigma 1.5 pixels, sum 0; mirrored edges.

    The kernel, bell * (x^2 + y^2 - 2 sigma^2) / sigma^4 less its mean, is computed as a sum of separable ones.
    """
    sigma2, radius = 1.5**2, 7
    x2 = np.arange(-radius, radius + 1, dtype=np.float64) ** 2
    bell = gaussian_taps(1.5, radius)
    mean = 2.0 * (float((bell * x2).sum()) - sigma2) / sigma2**2 / (2 * radius + 1) ** 2
    ones = np.ones(2 * radius + 1)
    picture = _double(image)
    curved = separable(picture, bell * (x2 - sigma2), bell) + separable(picture, bell, bell * (x2 - sigma2))
    return np.asarray(curved / sigma2**2 - mean * separable(picture, ones))


def hfen(image: AnyFloats, truth: AnyFloats) -> float:
    """High-frequency error norm (Ravishankar and Bresler 2011) over that of the truth; 0 is perfect."""
    error = laplacian_of_gaussian(_double(image) - _double(truth))
    return _ratio(_norm(error), _norm(laplacian_of_gaussian(truth)))


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
        local = sum((2.0 * a * b + c) / (a**2 + b**2 + c) for a, b in zip(ours[:2], theirs[:2], strict=True))
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
    x, y, known, peak = comparable(image, truth, range_max)
    if not peak > 0.0:
        return {}
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
        hfen(x, y),
        gmsd(x, y, peak=peak),
        haarpsi(x, y, peak=peak),
    )
    return dict(zip(SCORES, found, strict=True))


def lesion_scores(
    image: AnyFloats, truth: AnyFloats, lesion: Mask, *, range_max: float = 0.0
) -> dict[str, float]:
    """The figures of ``LESION_SCORES`` over the pixels of a lesion; empty where it has none (or the truth no range).

    Both pictures are prepared as by ``scores``; the SSIM is the mean of the whole slice's map over the lesion.
    """
    x, y, known, peak = comparable(image, truth, range_max)
    inside = lesion & known
    if not peak > 0.0 or not inside.any():
        return {}
    found = (
        psnr(x, y, peak=peak, mask=inside),
        ssim(x, y, peak=peak, mask=inside),
        nrmse(x, y, mask=inside),
    )
    return dict(zip(LESION_SCORES, found, strict=True))


def comparable(
    image: AnyFloats, truth: AnyFloats, range_max: float = 0.0
) -> tuple[Floats, Floats, Mask, float]:
    """Both pictures cut to the truth's robust range, where they are known, and the size of that range.

    What is not finite in either is the lowest value in both and False in the mask; see ``scores``.
    """
    low, high = robust_range(truth)
    high = low + range_max if range_max > 0.0 else high
    known = np.isfinite(image) & np.isfinite(truth)
    x, y = (np.where(known, np.clip(_double(a), low, high), low) for a in (image, truth))
    return x, y, known, high - low


def _double(image: AnyFloats) -> Floats:
    return np.asarray(image, np.float64)


def _inside(values: Floats, mask: Mask | None) -> Floats:
    return values if mask is None else np.asarray(values[mask])


def _norm(values: Floats) -> float:
    return float(np.sqrt(np.square(values).sum()))


def _ratio(above: float, below: float) -> float:
    if below > 0.0:
        return above / below
    return 0.0 if above == 0.0 else float("inf")


def _gradient(image: Floats) -> Floats:
    """Magnitude of the gradient by Prewitt's operator; beyond the edges there are zeros."""
    padded = np.pad(image, 1)
    columns = padded[:-2] + padded[1:-1] + padded[2:]
    rows = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    across, down = columns[:, 2:] - columns[:, :-2], rows[2:] - rows[:-2]
    return np.asarray(np.sqrt(across**2 + down**2) / 3.0)


def _haar(image: Floats, scale: int, axis: int) -> Floats:
    """Haar coefficient of every pixel: one half of a square of 2^scale pixels minus the other half, over 2^scale."""
    half = 2 ** (scale - 1)
    # The square reaches half - 1 pixels back and half pixels ahead; beyond the edges there are zeros.
    padded = np.pad(image, ((half - 1, half), (half - 1, half)))
    sums = _moving_sum(padded, 2 * half, 1 - axis)
    halves = _moving_sum(sums, half, axis)
    first = halves[:-half] if axis == 0 else halves[:, :-half]
    second = halves[half:] if axis == 0 else halves[:, half:]
    return np.asarray((first - second) / (2 * half))


def _moving_sum(image: Floats, length: int, axis: int) -> Floats:
    """Sum of ``length`` neighbours along an axis, which gets ``length - 1`` shorter; ``length`` is a power of two."""
    step = 1
    while step < length:
        image = image[:-step] + image[step:] if axis == 0 else image[:, :-step] + image[:, step:]
        step *= 2
    return image
