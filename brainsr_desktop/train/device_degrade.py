"""`core.degrade` for many slices at once, on the device where they are trained on.

`core.degrade` is the definition; this here is held to it by a test. Single precision, and the noise comes from the
device's own generator: the same distribution, other numbers.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from brainsr_desktop.core.degrade import Reduction, reduced_shape
from brainsr_desktop.core.resample import half_pixel_ramp, resize

_MOST_SIZES: Final = 256
"""Matrices kept for the sizes that were reduced last."""


def apply(
    images: Tensor, method: Reduction, reduction: int, blur_px: Tensor, sigma: Tensor, noise: Tensor | None
) -> Tensor:
    """Degrade slices of one size: (slices, rows, columns) to (slices, rows / reduction, columns / reduction), float32.

    blur_px, sigma: (slices,), the Gaussian's sigma in pixels of the reduced slice, the noise's in intensities. noise:
    complex, of the result's shape, standard deviation 1 in each part, or None where none is asked for.
    """
    rows, columns = (-side % reduction for side in images.shape[-2:])
    padded = functional.pad(images.float()[:, None], (0, columns, 0, rows), mode="replicate")[:, 0]
    reduced = (
        _kspace(padded, reduction, blur_px) if method == "kspace" else _bicubic(padded, reduction, blur_px)
    )
    if noise is not None:
        reduced = reduced + sigma[:, None, None] * noise
    return reduced.abs().float()


def draw(slices: int, shape: tuple[int, int], reduction: int, generator: torch.Generator) -> Tensor:
    """Noise for slices of `shape` (before the reduction), as `apply` takes it, on the generator's device."""
    small = reduced_shape(shape, reduction)
    parts = torch.randn((slices, *small, 2), generator=generator, device=generator.device)
    return torch.view_as_complex(parts)


def _kspace(images: Tensor, reduction: int, blur_px: Tensor) -> Tensor:
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    (first_row, row_ramp), (first_column, column_ramp) = (
        _kept(side, reduction, images.device) for side in images.shape[-2:]
    )
    rows, columns = len(row_ramp), len(column_ramp)
    kept = spectrum[:, first_row : first_row + rows, first_column : first_column + columns]
    kept = kept * (row_ramp * _gaussian(rows, blur_px))[:, :, None]
    kept = kept * (column_ramp * _gaussian(columns, blur_px))[:, None, :]
    result: Tensor = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1)))
    return result


def _bicubic(images: Tensor, reduction: int, blur_px: Tensor) -> Tensor:
    if bool((blur_px > 0).any()):
        images = _kspace(images, 1, blur_px * reduction).real
    rows, columns = (_matrix(side, reduction, images.device) for side in images.shape[-2:])
    return torch.matmul(torch.matmul(rows, images), columns.T).clamp_min(0.0)


def _gaussian(size: int, sigma_px: Tensor) -> Tensor:
    """Transfer functions (slices, size) of Gaussians of `sigma_px` samples at the centred frequencies."""
    frequency = (torch.arange(size, device=sigma_px.device) - size // 2) / size
    return torch.exp(-2.0 * (torch.pi * sigma_px[:, None] * frequency) ** 2)


@lru_cache(_MOST_SIZES)
def _kept(large: int, reduction: int, device: torch.device) -> tuple[int, Tensor]:
    """Index of the first frequency that is kept, and the factors of those that are."""
    small = large // reduction
    first = large // 2 - small // 2
    ramp = half_pixel_ramp(large, -(reduction - 1) / 2)[first : first + small] / reduction
    return first, torch.from_numpy(ramp.astype(np.complex64)).to(device)


@lru_cache(_MOST_SIZES)
def _matrix(large: int, reduction: int, device: torch.device) -> Tensor:
    """The antialiased bicubic reduction of one side as a matrix (small, large)."""
    matrix = resize(np.eye(large), (large // reduction, large), "bicubic")
    return torch.from_numpy(matrix.astype(np.float32)).to(device)
