"""VGG19 (Simonyan and Zisserman 2014, arXiv 1409.1556, configuration E) as a feature network, up to relu5_4.

Parameter names and layer indices are torchvision's (`features.34.weight`), so its ImageNet weights fit as they are.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

from torch import nn

from brainsr_desktop.models.networks.feature_network import FeatureNetwork

IMAGENET_MEAN: Final = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION: Final = (0.229, 0.224, 0.225)
_BLOCKS: Final = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))
"""Channels and convolutions of each block; a pooling by 2 lies between two blocks."""


def _named_layers() -> Iterator[tuple[str, nn.Module]]:
    """conv1_1, relu1_1, conv1_2, relu1_2, pool1, conv2_1, ... in the order of torchvision's indices."""
    channels = 3
    for block, (width, count) in enumerate(_BLOCKS, 1):
        for number in range(1, count + 1):
            yield f"conv{block}_{number}", nn.Conv2d(channels, width, 3, padding=1)
            yield f"relu{block}_{number}", nn.ReLU()
            channels = width
        yield f"pool{block}", nn.MaxPool2d(2)


class Vgg19(FeatureNetwork):
    """Layers `conv1_1`, `relu1_1`, ..., `pool1`, ... up to `deepest`; sides are halved by each pooling."""

    def __init__(self, deepest: str = "relu5_4") -> None:
        super().__init__(IMAGENET_MEAN, IMAGENET_DEVIATION)
        named = list(_named_layers())
        names = [name for name, _ in named]
        if deepest not in names:
            raise ValueError(f"VGG19 has no layer {deepest!r}; it has {', '.join(names)}.")
        named = named[: names.index(deepest) + 1]
        self._names = tuple(name for name, _ in named)
        self.features = nn.Sequential(*(layer for _, layer in named))
        for layer in self.features:
            if isinstance(layer, nn.Conv2d):
                # Without batch normalisation nothing but this (He 2015) brings a signal through 16 layers.
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def steps(self) -> Iterator[tuple[str, nn.Module]]:
        return zip(self._names, itertools.chain(self.features), strict=True)


def build(deepest: str = "relu5_4") -> Vgg19:
    """Raises ValueError where there is no such layer."""
    return Vgg19(deepest)
