"""The residual network of BrainSR v1.0.3 (its cGAN generator), without batch normalisation: EDSR (arXiv 1707.02921).

Pre-residual convolution, residual blocks, post-residual convolution with the long skip, one sub-pixel convolution
(arXiv 1609.05158), and the bicubically enlarged input added at the end: the network learns only what bicubic lacks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from brainsr_desktop.models.networks.layers import BicubicEnlargement, EdgeConv2d, shrink_


@dataclass(frozen=True, slots=True)
class Config:
    scale: int = 4
    features: int = 64
    blocks: int = 16

    def __post_init__(self) -> None:
        if self.scale not in (2, 3, 4) or self.features < 1 or self.blocks < 1:
            raise ValueError(f"No such network: {self}.")

    @property
    def receptive_field_px(self) -> int:
        """Side in LR pixels of the square that one LR pixel's output depends on."""
        return 2 * (2 * self.blocks + 3) + 1


class ResidualBlock(nn.Module):
    def __init__(self, features: int) -> None:
        super().__init__()
        self.first = EdgeConv2d(features, features, 3)
        self.second = shrink_(EdgeConv2d(features, features, 3), 0.1)

    def forward(self, x: Tensor) -> Tensor:
        detail: Tensor = self.second(functional.relu(self.first(x)))
        return x + detail


class BrainSR(nn.Module):
    """(batch, 1, rows, columns) to (batch, 1, scale * rows, scale * columns); any matrix, intensities about 0..1."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        features, scale = config.features, config.scale
        self.pre = EdgeConv2d(1, features, 3)
        self.blocks = nn.Sequential(*(ResidualBlock(features) for _ in range(config.blocks)))
        self.post = EdgeConv2d(features, features, 3)
        self.tail = shrink_(EdgeConv2d(features, scale * scale, 3), 0.1)
        self.enlarged = BicubicEnlargement(scale)

    def forward(self, x: Tensor) -> Tensor:
        features = self.pre(x)
        features = features + self.post(self.blocks(features))
        detail = functional.pixel_shuffle(self.tail(features), self.config.scale)
        enlarged: Tensor = self.enlarged(x)
        return enlarged + detail.float()


def build(**config: Any) -> BrainSR:
    """The network of a card's `[config]`. Raises TypeError or ValueError where there is no such network."""
    return BrainSR(Config(**config))
