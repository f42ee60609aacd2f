"""InceptionV3 (Szegedy 2015, arXiv 1512.00567, figures 5 to 7 and 10) as a feature network, up to Mixed_6e.

Parameter names are torchvision's (`Mixed_5b.branch1x1.conv.weight`), so its ImageNet weights fit as they are. They were
trained on channels of -1..1: torchvision's own model takes pictures normalised by ImageNet's mean and deviation and
turns them into just that (`transform_input`), so here the channels are brought to -1..1 at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from brainsr_desktop.models.networks.feature_network import FeatureNetwork

Size: TypeAlias = int | tuple[int, int]


class ConvolutionNormRelu(nn.Module):
    """Convolution without bias, batch normalisation, ReLU: `conv` and `bn` of torchvision's names."""

    def __init__(
        self, channels_in: int, channels_out: int, size: Size, stride: int = 1, padding: Size = 0
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, size, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(channels_out, eps=1e-3)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.bn(self.conv(x)))


def _pooled(x: Tensor) -> Tensor:
    return functional.avg_pool2d(x, 3, stride=1, padding=1)


class _Block(nn.Module):
    """Branches side by side, joined along the channels."""

    def branches(self, x: Tensor) -> Sequence[Tensor]:
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat(list(self.branches(x)), 1)


class SmallBlock(_Block):
    """Figure 5: 1x1, 5x5, twice 3x3 and pooling; 224 + pool_channels channels."""

    def __init__(self, channels: int, pool_channels: int) -> None:
        super().__init__()
        self.branch1x1 = ConvolutionNormRelu(channels, 64, 1)
        self.branch5x5_1 = ConvolutionNormRelu(channels, 48, 1)
        self.branch5x5_2 = ConvolutionNormRelu(48, 64, 5, padding=2)
        self.branch3x3dbl_1 = ConvolutionNormRelu(channels, 64, 1)
        self.branch3x3dbl_2 = ConvolutionNormRelu(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = ConvolutionNormRelu(96, 96, 3, padding=1)
        self.branch_pool = ConvolutionNormRelu(channels, pool_channels, 1)

    def branches(self, x: Tensor) -> Sequence[Tensor]:
        return (
            self.branch1x1(x),
            self.branch5x5_2(self.branch5x5_1(x)),
            self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x))),
            self.branch_pool(_pooled(x)),
        )


class Reduction(_Block):
    """Figure 10: from 288 channels to 768 at half the side."""

    def __init__(self) -> None:
        super().__init__()
        self.branch3x3 = ConvolutionNormRelu(288, 384, 3, stride=2)
        self.branch3x3dbl_1 = ConvolutionNormRelu(288, 64, 1)
        self.branch3x3dbl_2 = ConvolutionNormRelu(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = ConvolutionNormRelu(96, 96, 3, stride=2)

    def branches(self, x: Tensor) -> Sequence[Tensor]:
        return (
            self.branch3x3(x),
            self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x))),
            functional.max_pool2d(x, 3, stride=2),
        )


class WideBlock(_Block):
    """Figure 6 with n = 7: 7x7 as 1x7 and 7x1; 768 channels in and out."""

    def __init__(self, width: int) -> None:
        super().__init__()

        def flat(channels_in: int, channels_out: int) -> ConvolutionNormRelu:
            return ConvolutionNormRelu(channels_in, channels_out, (1, 7), padding=(0, 3))

        def tall(channels_in: int, channels_out: int) -> ConvolutionNormRelu:
            return ConvolutionNormRelu(channels_in, channels_out, (7, 1), padding=(3, 0))

        self.branch1x1 = ConvolutionNormRelu(768, 192, 1)
        self.branch7x7_1 = ConvolutionNormRelu(768, width, 1)
        self.branch7x7_2 = flat(width, width)
        self.branch7x7_3 = tall(width, 192)
        self.branch7x7dbl_1 = ConvolutionNormRelu(768, width, 1)
        self.branch7x7dbl_2 = tall(width, width)
        self.branch7x7dbl_3 = flat(width, width)
        self.branch7x7dbl_4 = tall(width, width)
        self.branch7x7dbl_5 = flat(width, 192)
        self.branch_pool = ConvolutionNormRelu(768, 192, 1)

    def branches(self, x: Tensor) -> Sequence[Tensor]:
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        return (
            self.branch1x1(x),
            self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x))),
            self.branch7x7dbl_5(self.branch7x7dbl_4(double)),
            self.branch_pool(_pooled(x)),
        )


def _named_layers() -> Iterator[tuple[str, nn.Module]]:
    yield "Conv2d_1a_3x3", ConvolutionNormRelu(3, 32, 3, stride=2)
    yield "Conv2d_2a_3x3", ConvolutionNormRelu(32, 32, 3)
    yield "Conv2d_2b_3x3", ConvolutionNormRelu(32, 64, 3, padding=1)
    yield "maxpool1", nn.MaxPool2d(3, stride=2)
    yield "Conv2d_3b_1x1", ConvolutionNormRelu(64, 80, 1)
    yield "Conv2d_4a_3x3", ConvolutionNormRelu(80, 192, 3)
    yield "maxpool2", nn.MaxPool2d(3, stride=2)
    yield "Mixed_5b", SmallBlock(192, 32)
    yield "Mixed_5c", SmallBlock(256, 64)
    yield "Mixed_5d", SmallBlock(288, 64)
    yield "Mixed_6a", Reduction()
    for letter, width in (("b", 128), ("c", 160), ("d", 160), ("e", 192)):
        yield f"Mixed_6{letter}", WideBlock(width)


class InceptionV3(FeatureNetwork):
    """Layers `Conv2d_1a_3x3` to `deepest`; the stem has no padding, so maps are a little smaller than side / stride."""

    def __init__(self, deepest: str = "Mixed_6e") -> None:
        super().__init__((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
        named = list(_named_layers())
        names = [name for name, _ in named]
        if deepest not in names:
            raise ValueError(f"InceptionV3 has no layer {deepest!r}; it has {', '.join(names)}.")
        for name, layer in named[: names.index(deepest) + 1]:
            self.add_module(name, layer)

    def steps(self) -> Iterator[tuple[str, nn.Module]]:
        return self.named_children()


def build(deepest: str = "Mixed_6e") -> InceptionV3:
    """Raises ValueError where there is no such layer."""
    return InceptionV3(deepest)
