"""ESPCN (Shi 2016, arXiv 1609.05158), layer sizes of the Keras super-resolution example: fit for a live preview.

Other than there, the bicubically enlarged input is added at the end (`skip`, on by default): the few layers then learn
only what bicubic lacks, and a flat region stays exactly flat. With `skip=False` it is the network of the example.
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
    skip: bool = True

    def __post_init__(self) -> None:
        if self.scale not in (2, 3, 4):
            raise ValueError(f"No such network: {self}.")

    @property
    def receptive_field_px(self) -> int:
        """Side in LR pixels of the square that one LR pixel's output depends on."""
        return 2 * (2 + 1 + 1 + 1) + 1


class Espcn(nn.Module):
    """(batch, 1, rows, columns) to (batch, 1, scale * rows, scale * columns); any matrix, intensities about 0..1."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.layers = nn.Sequential(
            EdgeConv2d(1, 64, 5),
            nn.ReLU(),
            EdgeConv2d(64, 64, 3),
            nn.ReLU(),
            EdgeConv2d(64, 32, 3),
            nn.ReLU(),
        )
        self.tail = EdgeConv2d(32, config.scale * config.scale, 3)
        if config.skip:
            shrink_(self.tail, 0.1)
            self.enlarged = BicubicEnlargement(config.scale)

    def forward(self, x: Tensor) -> Tensor:
        detail = functional.pixel_shuffle(self.tail(self.layers(x)), self.config.scale).float()
        return self.enlarged(x) + detail if self.config.skip else detail


def build(**config: Any) -> Espcn:
    """The network of a card's `[config]`. Raises TypeError or ValueError where there is no such network."""
    return Espcn(Config(**config))
