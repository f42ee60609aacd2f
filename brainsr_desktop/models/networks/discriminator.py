"""The conditional discriminator: tells a true slice from an enlarged one, patch by patch, given the LR slice.

Nine convolution blocks as in SRGAN (arXiv 1609.04802), stride 2 in every other one; conditional and with a patch output
as in pix2pix (arXiv 1611.07004); spectral normalisation (arXiv 1802.05957) in place of batch normalisation, so that no
sample's verdict depends on the others.

BrainSR v1.0.3 calls the nine blocks of its discriminator *deconvolution blocks*. What they do there is to take the
image apart, from full size to a few numbers, and that is what a convolution with a stride does; a transposed
convolution, the usual meaning of the word, would make the image larger. So they are strided convolutions here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from brainsr_desktop.models.networks.layers import BicubicEnlargement


@dataclass(frozen=True, slots=True)
class Config:
    """width: channels of the first block; they double at strides up to eight times as many."""

    scale: int = 4
    width: int = 64
    blocks: int = 9

    def __post_init__(self) -> None:
        if self.scale not in (2, 3, 4) or self.width < 1 or self.blocks < 1:
            raise ValueError(f"No such discriminator: {self}.")

    @property
    def strides(self) -> tuple[int, ...]:
        """2 in every other block, beginning with the second."""
        return tuple(2 if block % 2 else 1 for block in range(self.blocks))

    @property
    def receptive_field_px(self) -> int:
        """Side in HR pixels of the square that one verdict depends on."""
        side, step = 1, 1
        for stride in self.strides:
            side += 2 * step
            step *= stride
        return side + 2 * step


def _convolution(channels_in: int, channels_out: int, stride: int) -> nn.Module:
    return spectral_norm(nn.Conv2d(channels_in, channels_out, 3, stride, 1, padding_mode="replicate"))


class Discriminator(nn.Module):
    """HR or SR (batch, 1, s * rows, s * columns) and LR (batch, 1, rows, columns) to verdicts, one for each patch.

    Verdicts (batch, 1, s * rows / 16, s * columns / 16) for nine blocks, rounded up; large means true, not limited.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        layers: list[nn.Module] = []
        channels, width = 2, config.width
        for stride in config.strides:
            layers += [_convolution(channels, width, stride), nn.LeakyReLU(0.2)]
            channels = width
            width = min(width * 2, config.width * 8) if stride == 2 else width
        self.blocks = nn.Sequential(*layers)
        self.verdict = _convolution(channels, 1, 1)
        self.enlarged = BicubicEnlargement(config.scale)

    def forward(self, image: Tensor, low: Tensor) -> Tensor:
        both = torch.cat([image.float(), self.enlarged(low)], 1)
        # An untouched mean of 0.5 would be the first thing to learn away.
        verdict: Tensor = self.verdict(self.blocks(both * 2.0 - 1.0))
        return verdict.float()


def build(**config: Any) -> Discriminator:
    """The discriminator of a configuration. Raises TypeError or ValueError where there is no such network."""
    return Discriminator(Config(**config))
