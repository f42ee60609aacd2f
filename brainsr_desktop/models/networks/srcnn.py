"""SRCNN 9-1-5 (Dong 2014, arXiv 1501.00092): the first convolutional network for super-resolution.

As there, it works at full size on the bicubically enlarged picture, so it costs more than the networks that came after.
With `skip` the enlarged picture is also added at the end; the published network, without it, is the default.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from brainsr_desktop.models.networks.layers import BicubicEnlargement, EdgeConv2d, shrink_


@dataclass(frozen=True, slots=True)
class Config:
    scale: int = 4
    skip: bool = False

    def __post_init__(self) -> None:
        if self.scale not in (2, 3, 4):
            raise ValueError(f"No such network: {self}.")

    @property
    def receptive_field_px(self) -> int:
        """Side in LR pixels of the square that one LR pixel's output depends on."""
        reach = 4 + 0 + 2  # HR pixels
        # The enlargement takes the LR pixels nearer than 2 to the outermost of these HR pixels.
        return 2 * math.floor((reach - 0.5) / self.scale + 0.5 + 2) + 1


class Srcnn(nn.Module):
    """(batch, 1, rows, columns) to (batch, 1, scale * rows, scale * columns); any matrix, intensities about 0..1."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.enlarged = BicubicEnlargement(config.scale)
        self.layers = nn.Sequential(EdgeConv2d(1, 64, 9), nn.ReLU(), EdgeConv2d(64, 32, 1), nn.ReLU())
        self.tail = EdgeConv2d(32, 1, 5)
        for layer in self.layers:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        if config.skip:
            shrink_(self.tail, 0.1)

    def forward(self, x: Tensor) -> Tensor:
        enlarged: Tensor = self.enlarged(x)
        result: Tensor = self.tail(self.layers(enlarged)).float()
        return enlarged + result if self.config.skip else result


def build(**config: Any) -> Srcnn:
    """The network of a card's `[config]`. Raises TypeError or ValueError where there is no such network."""
    return Srcnn(Config(**config))
