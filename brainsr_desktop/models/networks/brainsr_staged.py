"""BrainSR's residual network with the head and the tail of SRGAN's generator (arXiv 1609.04802).

9x9 head; the residual blocks, post-residual convolution and long skip of `brainsr`; one sub-pixel stage for each
doubling (3x3 to 4 * features, shuffle, ReLU); 9x9 tail at full size. The bicubically enlarged input is added at the
end. ReLU stands where SRGAN has PReLU, and there is no batch normalisation, as in `brainsr`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from brainsr_desktop.models.networks.brainsr import ResidualBlock
from brainsr_desktop.models.networks.layers import BicubicEnlargement, EdgeConv2d, shrink_


@dataclass(frozen=True, slots=True)
class Config:
    scale: int = 4
    features: int = 64
    blocks: int = 16

    def __post_init__(self) -> None:
        if self.scale not in (2, 4) or self.features < 1 or self.blocks < 1:
            raise ValueError(f"No such network: {self}.")

    @property
    def stages(self) -> int:
        """How often the picture is doubled."""
        return self.scale // 2

    @property
    def receptive_field_px(self) -> int:
        """Side in LR pixels of the square that one LR pixel's output depends on."""
        first = -4  # of the tail's 9x9, in full-size pixels from the LR pixel's corner
        for _ in range(self.stages):
            first = first // 2 - 1
        return 2 * (-first + 1 + 2 * self.blocks + 4) + 1


def _even_(layer: nn.Conv2d, phases: int) -> nn.Conv2d:
    """Give the small pixels of one pixel the same first weights, so that training starts without a chequered pattern.

    Aitken 2017, arXiv 1707.02937.
    """
    with torch.no_grad():
        for tensor in layer.parameters():
            tensor.copy_(tensor[::phases].repeat_interleave(phases, dim=0))
    return layer


class BrainSRStaged(nn.Module):
    """(batch, 1, rows, columns) to (batch, 1, scale * rows, scale * columns); any matrix, intensities about 0..1."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        features = config.features
        self.head = EdgeConv2d(1, features, 9)
        self.blocks = nn.Sequential(*(ResidualBlock(features) for _ in range(config.blocks)))
        self.post = EdgeConv2d(features, features, 3)
        self.stages = nn.ModuleList(
            _even_(EdgeConv2d(features, 4 * features, 3), 4) for _ in range(config.stages)
        )
        self.tail = shrink_(EdgeConv2d(features, 1, 9), 0.1)
        self.enlarged = BicubicEnlargement(config.scale)

    def forward(self, x: Tensor) -> Tensor:
        features = functional.relu(self.head(x))
        features = features + self.post(self.blocks(features))
        for stage in self.stages:
            features = functional.relu(functional.pixel_shuffle(stage(features), 2))
        enlarged: Tensor = self.enlarged(x)
        detail: Tensor = self.tail(features).float()
        return enlarged + detail


def build(**config: Any) -> BrainSRStaged:
    """The network of a card's `[config]`. Raises TypeError or ValueError where there is no such network."""
    return BrainSRStaged(Config(**config))
