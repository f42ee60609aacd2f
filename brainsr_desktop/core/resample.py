"""Resizing a slice without a network: the baselines that every network must beat, and the bicubic reduction.

Everything is *half-pixel aligned*: the outer edges of the small and the large picture coincide, so sample `i` of the
small one lies at coordinate `scale * i + (scale - 1) / 2` of the large one and the picture does not move.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.floating]
Method = Literal["nearest", "linear", "bicubic", "lanczos", "zerofill"]
Kernel = Literal["linear", "bicubic", "lanczos"]


def _linear(x: FloatArray) -> FloatArray:
    return np.maximum(1.0 - np.abs(x), 0.0)


def _bicubic(x: FloatArray) -> FloatArray:
    """Keys 1981, a = -0.5."""
    a, x = -0.5, np.abs(x)
    near = ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
    far = (((x - 5.0) * x + 8.0) * x - 4.0) * a
    return np.where(x < 1.0, near, np.where(x < 2.0, far, 0.0))


def _lanczos(x: FloatArray) -> FloatArray:
    """Sinc windowed by its own main lobe over three samples to each side (Duchon 1979)."""
    return np.where(np.abs(x) < 3.0, np.sinc(x) * np.sinc(x / 3.0), 0.0)


_KERNELS: Final[dict[Kernel, tuple[Callable[[FloatArray], FloatArray], float]]] = {
    "linear": (_linear, 1.0),
    "bicubic": (_bicubic, 2.0),
    "lanczos": (_lanczos, 3.0),
}


@lru_cache(maxsize=64)
def _taps(size_in: int, size_out: int, kernel: Kernel) -> tuple[npt.NDArray[np.intp], FloatArray]:
    """Source positions (size_out, taps) and float64 weights of the same shape; each row of weights sums to 1.

    A kernel is widened by the reduction factor when the picture shrinks (antialiasing). Samples beyond the edge are
    left out and the rest weighted up, so a constant stays constant up to the last pixel.
    """
    weigh, support = _KERNELS[kernel]
    step = size_in / size_out
    width = max(step, 1.0)
    centre = (np.arange(size_out) + 0.5) * step - 0.5
    first = np.ceil(centre - support * width).astype(np.intp)
    position = first[:, None] + np.arange(int(2 * support * width) + 1)
    weight = weigh((position - centre[:, None]) / width)
    weight[(position < 0) | (position >= size_in)] = 0.0
    weight /= weight.sum(axis=1, keepdims=True)
    position = position.clip(0, size_in - 1)
    position.flags.writeable = weight.flags.writeable = False
    return position, weight


def _resize_rows(image: FloatArray, rows: int, kernel: Kernel) -> FloatArray:
    position, weight = _taps(image.shape[0], rows, kernel)
    weight = weight.astype(image.dtype, copy=False)
    result = np.zeros((rows, image.shape[1]), image.dtype)
    for tap in range(position.shape[1]):
        result += weight[:, tap, None] * image[position[:, tap]]
    return result


def resize(image: FloatArray, shape: tuple[int, int], kernel: Kernel) -> FloatArray:
    """Resize (rows, columns) to `shape`, antialiased where it shrinks; the dtype stays, and is the precision."""
    narrowed = np.ascontiguousarray(_resize_rows(np.ascontiguousarray(image.T), shape[1], kernel).T)
    return _resize_rows(narrowed, shape[0], kernel)


def half_pixel_ramp(size: int, shift_px: float) -> npt.NDArray[np.complex128]:
    """Factors for centred frequencies that move a signal of `size` samples by `shift_px` samples."""
    frequency = np.arange(size) - size // 2
    return np.asarray(np.exp(-2j * np.pi * frequency * shift_px / size))


def _nearest(image: FloatArray, scale: int) -> FloatArray:
    return image.repeat(scale, axis=0).repeat(scale, axis=1)


def _zerofill_rows(spectrum: npt.NDArray[np.complex128], scale: int) -> npt.NDArray[np.complex128]:
    """Enlarge axis 0 of an image by zeros around its spectrum, moved back by the half-sample offset."""
    small, large = spectrum.shape[0], spectrum.shape[0] * scale
    centred = np.fft.fftshift(np.fft.fft(spectrum, axis=0), axes=0)
    first = large // 2 - small // 2
    filled = np.zeros((large, spectrum.shape[1]), np.complex128)
    filled[first : first + small] = centred
    filled *= scale * half_pixel_ramp(large, (scale - 1) / 2)[:, None]
    return np.fft.ifft(np.fft.ifftshift(filled, axes=0), axis=0)


def _zerofill(image: FloatArray, scale: int) -> FloatArray:
    rows = _zerofill_rows(image.astype(np.complex128), scale)
    return np.ascontiguousarray(_zerofill_rows(np.ascontiguousarray(rows.T), scale).T.real)


def _by_kernel(kernel: Kernel) -> Callable[[FloatArray, int], FloatArray]:
    def enlarge_by_kernel(image: FloatArray, scale: int) -> FloatArray:
        return resize(image, (image.shape[0] * scale, image.shape[1] * scale), kernel)

    return enlarge_by_kernel


METHODS: Final[dict[Method, Callable[[FloatArray, int], FloatArray]]] = {
    "nearest": _nearest,
    "linear": _by_kernel("linear"),
    "bicubic": _by_kernel("bicubic"),
    "lanczos": _by_kernel("lanczos"),
    "zerofill": _zerofill,
}


def enlarge(image: npt.NDArray[np.float32], scale: int, method: Method) -> npt.NDArray[np.float32]:
    """Enlarge a slice (rows, columns) float32 by a whole factor; any range, which over- and undershoots may leave.

    `bicubic` is Keys' kernel with a = -0.5, `lanczos` has three lobes, `zerofill` puts zeros around the k-space.

    Raises:
        ValueError: the array is not two-dimensional or empty, the scale below 1, or the method unknown.
    """
    if image.ndim != 2 or image.size == 0:
        raise ValueError(f"A slice has rows and columns, this array has the shape {image.shape}.")
    if scale < 1:
        raise ValueError(f"The scale must be at least 1, not {scale}.")
    if method not in METHODS:
        raise ValueError(f"There is no interpolation named {method!r}; there are {', '.join(METHODS)}.")
    return np.ascontiguousarray(METHODS[method](image.astype(np.float32, copy=False), scale), np.float32)
