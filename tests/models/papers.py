"""The networks' layers as their papers give them, written down apart from the code that builds them.

Parameter counts and receptive fields come from these tables alone, so that a network is held against its paper.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True)
class Layer:
    """A convolution with a bias. grid: how many times finer than the LR pixels it works."""

    size: int
    channels_in: int
    channels_out: int
    grid: int = 1
    stride: int = 1

    @property
    def weights(self) -> int:
        return self.size**2 * self.channels_in * self.channels_out

    @property
    def parameters(self) -> int:
        return self.weights + self.channels_out


@dataclass(frozen=True)
class Paper:
    """shape_in: (rows, columns) of the slice to try; shape_out: (channels, rows, columns) of what comes of it."""

    name: str
    config: dict[str, Any]
    shape_in: tuple[int, int]
    shape_out: tuple[int, int, int]
    parameters: int
    receptive_field_px: int


def _count(layers: Iterable[Layer]) -> int:
    return sum(layer.parameters for layer in layers)


def _reach(layers: Sequence[Layer], scale: int, *, from_bicubic: bool = False) -> int:
    """Back from the first full-size pixel of an LR pixel, layer by layer and grid by grid, to the LR pixels."""
    first, grid = 0, scale
    for layer in reversed(layers):
        first, grid = first // (grid // layer.grid), layer.grid
        first -= layer.size // 2
    if from_bicubic:
        place = (first + 0.5) / scale - 0.5
        first = math.floor(place - 2) + 1  # the cubic kernel ends at 2, where it is 0
    return 1 - 2 * first


def _enlarger(
    name: str,
    layers: Sequence[Layer],
    scale: int,
    *,
    from_bicubic: bool = False,
    width: int | None = None,
) -> Paper:
    return Paper(
        name,
        {"scale": scale} | ({"width": width} if width else {}),
        (17, 22),
        (1, 17 * scale, 22 * scale),
        _count(layers),
        _reach(layers, scale, from_bicubic=from_bicubic),
    )


def srcnn(scale: int) -> Paper:
    """9-1-5 with 64 and 32 channels, section 4.1 of the paper, which counts 8,032 weights."""
    layers = (Layer(9, 1, 64, scale), Layer(1, 64, 32, scale), Layer(5, 32, 1, scale))
    assert sum(layer.weights for layer in layers) == 8032
    return _enlarger("srcnn", layers, scale, from_bicubic=True)


def espcn(scale: int, name: str = "espcn", *, width: int | None = None) -> Paper:
    """The Keras example prints 59,657 parameters for a factor of 3."""
    first = width or 64

    def layers(factor: int) -> tuple[Layer, ...]:
        half = first // 2
        return (Layer(5, 1, first), Layer(3, first, first), Layer(3, first, half), Layer(3, half, factor**2))

    assert first != 64 or _count(layers(3)) == 59_657
    return _enlarger(name, layers(scale), scale, width=width)


def brainsr(scale: int) -> Paper:
    """64 channels, 16 blocks of two 3x3."""
    block = [Layer(3, 64, 64)] * 2
    layers = (Layer(3, 1, 64), *block * 16, Layer(3, 64, 64), Layer(3, 64, scale**2))
    return _enlarger("brainsr", layers, scale)


def staged(scale: int) -> Paper:
    """SRGAN, figure 4: k9n64, 16 blocks of two k3n64, k3n64, a k3n256 for each doubling, k9."""
    stages = [Layer(3, 64, 256, grid) for grid in (1, 2)[: scale // 2]]
    block = [Layer(3, 64, 64)] * 2
    layers = (Layer(9, 1, 64), *block * 16, Layer(3, 64, 64), *stages, Layer(9, 64, 1, scale))
    return _enlarger("brainsr-staged", layers, scale)


def _strided_reach(layers: Iterable[tuple[int, int]]) -> int:
    """Side of what one output depends on, after layers of (size, stride)."""
    side, step = 1, 1
    for size, stride in layers:
        side += (size - 1) * step
        step *= stride
    return side


def discriminator() -> Paper:
    """SRGAN, figure 4: k3n64s1, k3n64s2, 128, 128, 256, 256, 512, 512 alike, a ninth block, and a verdict per patch.

    Two channels in, for it sees the enlarged LR too. Side and verdicts in HR pixels.
    """
    widths = (2, 64, 64, 128, 128, 256, 256, 512, 512, 512)
    blocks = [
        Layer(3, before, after, stride=1 + number % 2)
        for number, (before, after) in enumerate(itertools.pairwise(widths))
    ]
    layers = [*blocks, Layer(3, 512, 1)]
    reach = _strided_reach((layer.size, layer.stride) for layer in layers)
    return Paper("discriminator", {"scale": 4}, (40, 8), (1, 10, 2), _count(layers), reach)


def vgg19() -> Paper:
    """Configuration E up to relu5_4: 20,024,384 parameters, 123,642,856 less than with its classifier."""
    layers: list[Layer] = []
    reached: list[tuple[int, int]] = []
    channels = 3
    for width, count in ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4)):
        reached += [(2, 2)] if layers else []
        for _ in range(count):
            layers.append(Layer(3, channels, width))
            reached.append((3, 1))
            channels = width
    assert _count(layers) == 20_024_384 == 143_667_240 - 123_642_856
    return Paper("vgg19", {}, (288, 32), (512, 18, 2), _count(layers), _strided_reach(reached))


Branch: TypeAlias = tuple[tuple[int, int, int, int], ...]
"""(rows, columns, channels out, stride) of the convolutions of an Inception branch, one after the other."""


def _inception_small(pooled: int) -> tuple[Branch, ...]:
    return (
        ((1, 1, 64, 1),),
        ((1, 1, 48, 1), (5, 5, 64, 1)),
        ((1, 1, 64, 1), (3, 3, 96, 1), (3, 3, 96, 1)),
        ((1, 1, pooled, 1),),
    )


def _inception_wide(width: int) -> tuple[Branch, ...]:
    flat, tall = (1, 7, width, 1), (7, 1, width, 1)
    return (
        ((1, 1, 192, 1),),
        ((1, 1, width, 1), flat, (7, 1, 192, 1)),
        ((1, 1, width, 1), tall, flat, tall, (1, 7, 192, 1)),
        ((1, 1, 192, 1),),
    )


def inception_v3() -> Paper:
    """Table 1 and figures 5, 6 and 10 of the paper, with batch normalisation (2 numbers a channel) and no bias.

    In all it has 23,834,568 parameters, and one number of its last map sees 1,311 pixels (Araujo 2019, Distill).
    """
    stem: list[tuple[Branch, ...]] = [
        (((3, 3, 32, 2),),), (((3, 3, 32, 1),),), (((3, 3, 64, 1),),), ((), ),
        (((1, 1, 80, 1),),), (((3, 3, 192, 1),),), ((), ),
    ]  # fmt: skip
    small = [_inception_small(pooled) for pooled in (32, 64, 64)]
    reduction = [(((3, 3, 384, 2),), ((1, 1, 64, 1), (3, 3, 96, 1), (3, 3, 96, 2)))]
    wide = [_inception_wide(width) for width in (128, 160, 160, 192)]
    channels, parameters, side, step = 3, 0, 1, 1
    for block in (*stem, *small, *reduction, *wide):
        if block == ((),):  # max pooling, 3x3 with a stride of 2
            side, step = side + 2 * step, step * 2
            continue
        parameters += sum(_branch_parameters(branch, channels) for branch in block)
        side += step * max(sum(rows - 1 for rows, _, _, _ in branch) for branch in block)
        step *= max(branch[-1][3] for branch in block)
        channels = sum(branch[-1][2] for branch in block) + (channels if block in reduction else 0)
    assert (channels, step) == (768, 16)
    return Paper("inception_v3", {}, (971, 75), (768, 59, 3), parameters, side)


def _branch_parameters(branch: Branch, channels: int) -> int:
    total = 0
    for rows, columns, width, _ in branch:
        total += rows * columns * channels * width + 2 * width
        channels = width
    return total


PAPERS = (
    *(srcnn(scale) for scale in (2, 3, 4)),
    *(espcn(scale) for scale in (2, 3, 4)),
    *(espcn(scale, "espcn-tanh") for scale in (2, 4)),
    *(espcn(4, "espcn-ps", width=width) for width in (32, 64, 128)),
    espcn(2, "espcn-ps", width=64),
    *(brainsr(scale) for scale in (2, 4)),
    *(staged(scale) for scale in (2, 4)),
    discriminator(),
    vgg19(),
    inception_v3(),
)
