"""What several networks share: convolutions without a dark frame, the fixed bicubic enlargement."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from brainsr_desktop.core.resample import resize


class EdgeConv2d(nn.Conv2d):
    """A convolution that keeps rows and columns and continues the picture by its last pixel.

    Zeros around the picture would draw a dark frame. Works for any matrix from 1 x 1 on.
    """

    def __init__(self, channels_in: int, channels_out: int, size: int) -> None:
        super().__init__(channels_in, channels_out, size)
        self._margin = (size // 2,) * 4

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(functional.pad(x, self._margin, mode="replicate"))


def shrink_(layer: nn.Conv2d, factor: float) -> nn.Conv2d:
    """Scale a layer's first weights; small residuals let the bold learning rate start without an explosion."""
    with torch.no_grad():
        layer.weight.mul_(factor)
        if layer.bias is not None:
            layer.bias.mul_(factor)
    return layer


class BicubicEnlargement(nn.Module):
    """Fixed bicubic enlargement (Keys, a = -0.5), half-pixel aligned, one channel, edges continued.

    Written as a convolution and a sub-pixel shuffle, which every backend computes alike, in single precision whatever
    the precision around it. Has nothing to learn and nothing in the state dictionary.
    """

    def __init__(self, scale: int) -> None:
        super().__init__()
        self._scale = scale
        self.register_buffer("kernel", torch.from_numpy(_bicubic_kernels(scale)), persistent=False)
        self.kernel: Tensor

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            padded = functional.pad(x.float(), (2, 2, 2, 2), mode="replicate")
            return functional.pixel_shuffle(functional.conv2d(padded, self.kernel), self._scale)


def _bicubic_kernels(scale: int) -> npt.NDArray[np.float32]:
    """Kernels (scale * scale, 1, 5, 5): what each of the small pixels inside one LR pixel takes from its neighbours."""
    middle = slice(4 * scale, 5 * scale)
    impulses = np.eye(9)
    phases = resize(impulses, (9 * scale, 9), "bicubic")[middle, 2:7]
    kernels = phases[:, None, :, None] * phases[None, :, None, :]
    return kernels.reshape(scale * scale, 1, 5, 5).astype(np.float32)
