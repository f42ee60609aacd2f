"""Making a slice worse on purpose: a bias field, blur, reduction of the matrix, Rician or Gaussian noise.

One implementation for training, the window's test mode, `brainsr degrade` and the evaluation. What chance decides is
*drawn* first and then *applied*, so a stored picture can be made again from its own noise.

Order: bias field, blur, reduction, complex Gaussian noise, magnitude (Gudbjartsson and Patz 1995); Gaussian noise is
added to the magnitude instead, whose values may then fall below zero. Everything is half-pixel aligned (see
`core.resample`). The Fourier steps treat the slice as periodic, as a scanner does.

A side that the reduction does not divide is continued at its far edge (last row, last column) by repeating the last
sample up to the next multiple, so the result has `ceil(side / reduction)` samples and the near edge keeps its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from brainsr_desktop.core.resample import half_pixel_ramp, resize

FloatArray: TypeAlias = npt.NDArray[np.floating]
ComplexArray: TypeAlias = npt.NDArray[np.complex128]
Reduction = Literal["kspace", "bicubic"]
NoiseKind = Literal["rician", "gaussian"]

NOISE_REFERENCE_PERCENTILE: Final = 99.5
LARGEST_BIAS_PERCENT: Final = 40.0
BIAS_WAVES: Final = ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0))
"""Half waves along rows and columns that a bias field is made of: nothing faster, as with a receive coil."""
LATER: Final[Mapping[str, object]] = {"noise": "rician", "bias_percent": 0.0}
_BIAS_STREAM: Final = 2**64 - 1
"""Instead of a slice index in the key of the generator: no slice has this number."""


@dataclass(frozen=True, slots=True)
class Degradation:
    """What is done to a slice.

    noise_percent: sigma of the real and of the imaginary part, in percent of the slice's 99.5th percentile.
    blur_px: sigma of the Gaussian, in pixels of the reduced slice.
    reduction: factor by which rows and columns become fewer; 1 keeps the matrix.
    method: `kspace` keeps the centre of k-space, `bicubic` is the antialiased bicubic reduction, clipped below at 0.
    seed: with the slice index it fixes the noise, in any process and on any machine; alone it fixes the bias field.
    noise: `rician` as a magnitude picture has it, `gaussian` for a picture with a sign.
    bias_percent: how far the bias field departs from 1 where it does so most.
    """

    noise_percent: float = 0.0
    blur_px: float = 0.0
    reduction: int = 1
    method: Reduction = "kspace"
    seed: int = 0
    noise: NoiseKind = "rician"
    bias_percent: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.noise_percent <= 100.0:
            raise ValueError(f"The noise must lie between 0 and 100 percent, not at {self.noise_percent}.")
        if not 0.0 <= self.blur_px <= 100.0:
            raise ValueError(f"The blur must lie between 0 and 100 pixels, not at {self.blur_px}.")
        if self.reduction < 1:
            raise ValueError(f"The reduction must be at least 1, not {self.reduction}.")
        if self.method not in ("kspace", "bicubic"):
            raise ValueError(f"A slice is reduced by 'kspace' or 'bicubic', not by {self.method!r}.")
        if not 0 <= self.seed < 2**64:
            raise ValueError(f"The seed must lie between 0 and 2**64 - 1, not at {self.seed}.")
        if self.noise not in ("rician", "gaussian"):
            raise ValueError(f"Noise is 'rician' or 'gaussian', not {self.noise!r}.")
        if not 0.0 <= self.bias_percent <= LARGEST_BIAS_PERCENT:
            raise ValueError(f"The bias must lie between 0 and 40 percent, not at {self.bias_percent}.")

    @property
    def changes_nothing(self) -> bool:
        return not (self.noise_percent or self.blur_px or self.bias_percent) and self.reduction == 1

    def choices(self) -> dict[str, Any]:
        """Every choice by its name, for digests. Those that came later are named only where they are taken, so that
        what was made before stays known."""
        return {name: value for name, value in asdict(self).items() if LATER.get(name) != value}


def reduced_shape(shape: tuple[int, int], reduction: int) -> tuple[int, int]:
    """Rows and columns of the degraded slice: `ceil(side / reduction)`."""
    return -(-shape[0] // reduction), -(-shape[1] // reduction)


def draw(shape: tuple[int, int], degradation: Degradation, *, slice_index: int) -> ComplexArray | None:
    """The noise of one slice of `shape` (rows, columns, before reduction), or None where none is asked for.

    Real and imaginary part have a standard deviation of 1 each. Philox is counter-based: seed and slice index give the
    same numbers whatever was drawn before, so the slices may be made in any order and in any process.
    """
    if degradation.noise_percent == 0.0:
        return None
    generator = _generator(degradation.seed, slice_index)
    real, imaginary = generator.standard_normal((2, *reduced_shape(shape, degradation.reduction)))
    return np.asarray(real + 1j * imaginary, np.complex128)


def apply(image: FloatArray, degradation: Degradation, noise: ComplexArray | None) -> npt.NDArray[np.float32]:
    """Degrade a slice (rows, columns), any real range, with noise as `draw` gives it.

    Returns float32 of `reduced_shape`. Computed in double precision.

    Raises:
        ValueError: the array is not two-dimensional or empty, or the noise has another shape.
    """
    if image.ndim != 2 or image.size == 0:
        raise ValueError(f"A slice has rows and columns, this array has the shape {image.shape}.")
    if degradation.changes_nothing:
        return image.astype(np.float32)
    exact = image.astype(np.float64)
    if degradation.bias_percent > 0.0:
        exact *= bias_field((image.shape[0], image.shape[1]), degradation)
    reduce = _reduce_kspace if degradation.method == "kspace" else _reduce_bicubic
    reduced = reduce(_padded(exact, degradation.reduction), degradation)
    if noise is None:
        return np.abs(reduced).astype(np.float32)
    if noise.shape != reduced.shape:
        raise ValueError(f"The noise has the shape {noise.shape}, the reduced slice {reduced.shape}.")
    sigma = degradation.noise_percent / 100.0 * float(np.percentile(image, NOISE_REFERENCE_PERCENTILE))
    if degradation.noise == "gaussian":
        return np.asarray(np.abs(reduced) + sigma * noise.real, np.float32)
    return np.abs(reduced + sigma * noise).astype(np.float32)


def bias_field(shape: tuple[int, int], degradation: Degradation) -> npt.NDArray[np.float64]:
    """What the brightness of a slice of `shape` (rows, columns) is multiplied by, float64, positive.

    A sum of slow cosines over the whole slice, drawn from the seed alone: every slice of a stack, and every matrix of
    the same slice, has the same field. It departs from 1 by `bias_percent` in one pixel, elsewhere by less.
    """
    weights = _generator(degradation.seed, _BIAS_STREAM).standard_normal(len(BIAS_WAVES))
    down, across = ((np.arange(side) + 0.5) / side for side in shape)
    field = np.zeros(shape)
    for weight, (rows, columns) in zip(weights, BIAS_WAVES, strict=True):
        wave = np.cos(np.pi * rows * down)[:, None] * np.cos(np.pi * columns * across)[None, :]
        field += weight / (rows + columns) * wave
    largest = float(np.abs(field).max())
    part = degradation.bias_percent / 100.0
    return np.asarray(1.0 + part * field / largest if largest > 0.0 else np.ones(shape))


def degrade(image: FloatArray, degradation: Degradation, *, slice_index: int) -> npt.NDArray[np.float32]:
    """Draw and apply: see `apply` and `draw`. `slice_index` (from 0) tells the slices of a stack apart."""
    rows, columns = image.shape
    return apply(image, degradation, draw((rows, columns), degradation, slice_index=slice_index))


def _generator(seed: int, stream: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=np.array([seed, stream], np.uint64)))


def _padded(image: FloatArray, reduction: int) -> FloatArray:
    missing = [(0, -side % reduction) for side in image.shape]
    return np.pad(image, missing, mode="edge") if any(after for _, after in missing) else image


def _gaussian(size: int, sigma_px: float) -> FloatArray:
    """Transfer function of a Gaussian of `sigma_px` samples at the centred frequencies of `size` samples."""
    frequency = (np.arange(size) - size // 2) / size
    return np.asarray(np.exp(-2.0 * (np.pi * sigma_px * frequency) ** 2))


def _reduce_rows(image: ComplexArray | FloatArray, reduction: int, blur_px: float) -> ComplexArray:
    """Keep the central frequencies of axis 0; `blur_px` counts samples after the reduction."""
    large = image.shape[0]
    small = large // reduction
    spectrum = np.fft.fftshift(np.fft.fft(image, axis=0), axes=0)
    first = large // 2 - small // 2
    # Without the ramp the small samples would lie at the corners of the pixels they stand for, not at their centres.
    ramp = half_pixel_ramp(large, -(reduction - 1) / 2)[first : first + small]
    kept = spectrum[first : first + small] * (ramp * _gaussian(small, blur_px) / reduction)[:, None]
    return np.fft.ifft(np.fft.ifftshift(kept, axes=0), axis=0)


def _reduce_kspace(image: FloatArray, degradation: Degradation) -> ComplexArray:
    rows = _reduce_rows(image, degradation.reduction, degradation.blur_px)
    transposed = np.ascontiguousarray(rows.T)
    return _reduce_rows(transposed, degradation.reduction, degradation.blur_px).T


def _reduce_bicubic(image: FloatArray, degradation: Degradation) -> FloatArray:
    if degradation.blur_px > 0.0:
        unreduced = Degradation(blur_px=degradation.blur_px * degradation.reduction)
        image = np.ascontiguousarray(_reduce_kspace(image, unreduced).real)
    rows, columns = reduced_shape((image.shape[0], image.shape[1]), degradation.reduction)
    return np.maximum(resize(image, (rows, columns), "bicubic"), 0.0)
