"""The ESPCN of the brain-tumour study (after Shi 2016, arXiv 1609.05158), with one layer more after the first.

5x5 to 64, 3x3 to 64, 3x3 to 32, tanh after each; 3x3 to scale², sub-pixel shuffle, sigmoid.

A sigmoid ends at 1, and intensities do not: 1 is the robust maximum of a slice, which bright vessels and fat exceed.
So its range is 0 to `CEILING`, and what the input has above 1 goes round the network: it is enlarged bicubically and
added. Where the input stays below 1 this is the study's network, times `CEILING`.

With `skip` the sigmoid, less one half, gives what the bicubically enlarged input lacks; then it limits the correction
only, never the intensity. The study's network, without it, is the default.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from torch import Tensor, nn
from torch.nn import functional

from brainsr_desktop.models.networks.layers import BicubicEnlargement, EdgeConv2d, shrink_

CEILING: Final = 1.5
"""The largest value of the network's own part: room for edges that are sharper, so brighter, than in the input."""
_DARK: Final = -1.5
"""First bias before the sigmoid, which makes about 0.27 of it: near the mean of a slice."""


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
        return 2 * (2 + 1 + 1 + 1) + 1


class EspcnTanh(nn.Module):
    """(batch, 1, rows, columns) to (batch, 1, scale * rows, scale * columns); any matrix, intensities about 0..1."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.layers = nn.Sequential(
            EdgeConv2d(1, 64, 5),
            nn.Tanh(),
            EdgeConv2d(64, 64, 3),
            nn.Tanh(),
            EdgeConv2d(64, 32, 3),
            nn.Tanh(),
        )
        self.tail = EdgeConv2d(32, config.scale * config.scale, 3)
        self.enlarged = BicubicEnlargement(config.scale)
        for layer in (*self.layers, self.tail):
            if isinstance(layer, nn.Conv2d):
                nn.init.xavier_uniform_(layer.weight, nn.init.calculate_gain("tanh"))
        if config.skip:
            shrink_(self.tail, 0.1)
        else:
            nn.init.constant_(self.tail.bias, _DARK)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        within = x if self.config.skip else x.clamp(max=1.0)
        result = functional.pixel_shuffle(self.tail(self.layers(within)), self.config.scale).float().sigmoid()
        if self.config.skip:
            enlarged: Tensor = self.enlarged(x)
            return enlarged + (result - 0.5)
        excess: Tensor = self.enlarged(x - within)
        return CEILING * result + excess


def build(**config: Any) -> EspcnTanh:
    """The network of a card's `[config]`. Raises TypeError or ValueError where there is no such network."""
    return EspcnTanh(Config(**config))
