"""The PixelShuffle network of the ADNI study: ESPCN (Shi 2016, arXiv 1609.05158) with its width as an argument.

5x5 to `width`, 3x3 to `width`, 3x3 to half of it, ReLU after each; 3x3 to scale², sub-pixel shuffle. The study compared
widths of 32, 64 and 128; `train.ablation` does so here. With `skip` the bicubically enlarged input is added at the end.
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
    width: int = 64
    skip: bool = False

    def __post_init__(self) -> None:
        if self.scale not in (2, 3, 4) or not 2 <= self.width <= 512 or self.width % 2:
            raise ValueError(f"No such network: {self}.")

    @property
    def receptive_field_px(self) -> int:
        """Side in LR pixels of the square that one LR pixel's output depends on."""
        return 2 * (2 + 1 + 1 + 1) + 1


class EspcnPs(nn.Module):
    """(batch, 1, rows, columns) to (batch, 1, scale * rows, scale * columns); any matrix, intensities about 0..1."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.layers = nn.Sequential(
            EdgeConv2d(1, width, 5),
            nn.ReLU(),
            EdgeConv2d(width, width, 3),
            nn.ReLU(),
            EdgeConv2d(width, width // 2, 3),
            nn.ReLU(),
        )
        self.tail = EdgeConv2d(width // 2, config.scale * config.scale, 3)
        if config.skip:
            shrink_(self.tail, 0.1)
            self.enlarged = BicubicEnlargement(config.scale)

    def forward(self, x: Tensor) -> Tensor:
        result = functional.pixel_shuffle(self.tail(self.layers(x)), self.config.scale).float()
        return self.enlarged(x) + result if self.config.skip else result


def build(**config: Any) -> EspcnPs:
    """The network of a card's `[config]`. Raises TypeError or ValueError where there is no such network."""
    return EspcnPs(Config(**config))
