"""How near a picture is to the truth. Every function takes the picture first, the truth second.

Both are (rows, columns), any real dtype, in the same unit; computed in double precision. ``peak`` is the intensity
range that counts as full scale, ``mask`` (bool, same shape) restricts the mean to its pixels; neither is guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
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
    "head_hfen": "HFEN in the head",
    "gradient": "Gradient error of the whole slice",
    "head_gradient": "Gradient error in the head",
}
"""What ``scores`` gives, with a title for tables."""

LESION_SCORES: Final = {
    "lesion_psnr": "PSNR in the lesion, dB",
    "lesion_ssim": "SSIM in the lesion",
    "lesion_nrmse": "NRMSE in the lesion",
}
"""What ``lesion_scores`` gives, with a title for tables."""

LOWER_IS_BETTER: Final = frozenset(
    {"nrmse", "head_nrmse", "hfen", "head_hfen", "gmsd", "gradient", "head_gradient"}
)


def psnr(image: AnyFloats, truth: AnyFloats, *, peak: float, mask: Mask | None = None) -> float:
    """Peak signal-to-noise ratio in dB: 10 log10(peak^2 / mean squared error), at most 120."""
    error = _inside(np.square(_double(image) - _double(truth)), mask)
    return float(-10.0 * np.log10(max(float(error.mean()) / peak**2, SMALLEST_MSE)))


def ssim_map(image: AnyFloats, truth: AnyFloats, *, peak: float) -> Floats:
    """SSIM of every pixel (Wang 2004): Gaussian window 11 x 11, sigma 1.5, K1 0.01, K2 0.03, mirrored edges."""
    x, y = _double(image), _double(truth)
    return _similarity(x, y, *_local_moments(y), peak)


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


def hfen(image: AnyFloats, truth: AnyFloats, *, mask: Mask | None = None) -> float:
    """High-frequency error norm (Ravishankar and Bresler 2011) over that of the truth; 0 is perfect."""
    error = laplacian_of_gaussian(_double(image) - _double(truth))
    return _part(error, laplacian_of_gaussian(truth), mask)


def gradient_error(image: AnyFloats, truth: AnyFloats, *, mask: Mask | None = None) -> float:
    """Norm of the gradient's error over the norm of the truth's gradient; 0 is perfect.

    The gradient is Prewitt's, the edges are mirrored (the edge pixel comes twice).
    """
    return _part(_slopes(_double(image) - _double(truth)), _slopes(_double(truth)), mask)


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
    reference = Reference.of(truth, range_max=range_max, mask=mask)
    return {} if reference is None else reference.scores(image)


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A true slice made ready to judge several pictures by: what ``scores`` needs of the truth alone.

    ``truth`` (rows, columns) is cut to its robust range from ``low`` on, ``peak`` wide; ``known`` where it is finite,
    ``head`` the head in it. The others are the moments for SSIM and what the error norms are divided by.
    """

    truth: Floats
    low: float
    peak: float
    known: Mask
    head: Mask
    mean: Floats
    variance: Floats
    laplacian: Floats
    slopes: Floats

    @classmethod
    def of(cls, truth: AnyFloats, *, range_max: float = 0.0, mask: Mask | None = None) -> Reference | None:
        """See ``scores``; None for a truth without any range."""
        low, high = _limits(truth, range_max)
        if not high > low:
            return None
        known = np.isfinite(truth)
        head = (head_mask(truth) if mask is None else mask) & known
        return cls._made(_cut(truth, known, low, high), low, high - low, known, head)

    @classmethod
    def _made(cls, truth: Floats, low: float, peak: float, known: Mask, head: Mask) -> Reference:
        inside = head if head.any() else known
        mean, variance = _local_moments(truth)
        laplacian, slopes = laplacian_of_gaussian(truth), _slopes(truth)
        return cls(truth, low, peak, known, inside, mean, variance, laplacian, slopes)

    @property
    def nbytes(self) -> int:
        """What it takes."""
        arrays = (self.truth, self.known, self.head, self.mean, self.variance, self.laplacian, self.slopes)
        return sum(array.nbytes for array in arrays)

    def scores(self, image: AnyFloats) -> dict[str, float]:
        """The figures of ``SCORES`` of a picture (rows, columns) of this slice; none where nothing of it is finite."""
        known = self.known & np.isfinite(image)
        if not known.any():
            return {}
        if not np.array_equal(known, self.known):
            return self._without(known).scores(image)
        x, y, peak, head = (
            _cut(image, known, self.low, self.low + self.peak),
            self.truth,
            self.peak,
            self.head,
        )
        error = x - y
        similar = _similarity(x, y, self.mean, self.variance, peak)
        fine, slopes = laplacian_of_gaussian(error), _slopes(error)
        found = (
            psnr(x, y, peak=peak, mask=head),
            psnr(x, y, peak=peak),
            float(similar[head].mean()),
            float(similar.mean()),
            nrmse(x, y),
            nrmse(x, y, mask=head),
            _part(fine, self.laplacian),
            gmsd(x, y, peak=peak),
            haarpsi(x, y, peak=peak),
            _part(fine, self.laplacian, head),
            _part(slopes, self.slopes),
            _part(slopes, self.slopes, head),
        )
        return dict(zip(SCORES, found, strict=True))

    def _without(self, known: Mask) -> Reference:
        truth = np.where(known, self.truth, self.low)
        return Reference._made(truth, self.low, self.peak, known, self.head & known)


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
    low, high = _limits(truth, range_max)
    known = np.isfinite(image) & np.isfinite(truth)
    return _cut(image, known, low, high), _cut(truth, known, low, high), known, high - low


def _limits(truth: AnyFloats, range_max: float) -> tuple[float, float]:
    low, high = robust_range(truth)
    return low, low + range_max if range_max > 0.0 else high


def _cut(picture: AnyFloats, known: Mask, low: float, high: float) -> Floats:
    return np.where(known, np.clip(_double(picture), low, high), low)


def _local_moments(image: Floats) -> tuple[Floats, Floats]:
    """Mean and variance in SSIM's window around every pixel."""
    taps = gaussian_taps(1.5, 5)
    mean = separable(image, taps)
    return mean, separable(image * image, taps) - mean**2


def _similarity(x: Floats, y: Floats, mean_y: Floats, var_y: Floats, peak: float) -> Floats:
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    mean_x, var_x = _local_moments(x)
    covariance = separable(x * y, gaussian_taps(1.5, 5)) - mean_x * mean_y
    above = (2.0 * mean_x * mean_y + c1) * (2.0 * covariance + c2)
    return np.asarray(above / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2)))


def _slopes(image: Floats) -> Floats:
    """Prewitt's gradient without its factor, down and across: (2, rows, columns)."""
    padded = np.pad(image, 1, mode="symmetric")
    columns = padded[:-2] + padded[1:-1] + padded[2:]
    rows = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    return np.stack([rows[2:] - rows[:-2], columns[:, 2:] - columns[:, :-2]])


def _part(error: Floats, truth: Floats, mask: Mask | None = None) -> float:
    """Norm of the error over the norm of the truth, in the mask; both (..., rows, columns)."""
    if mask is not None:
        error, truth = error[..., mask], truth[..., mask]
    return _ratio(_norm(error), _norm(truth))


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
