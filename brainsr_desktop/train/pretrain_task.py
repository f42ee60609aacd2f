"""What a feature network learns from MR slices: which contrast, plane and source a crop has, and its noise taken away.

Recognition asks the deepest layer what the picture shows; denoising asks every depth for the detail, so that no layer
is left out. Both together are a task for features that a perceptual loss can use where ImageNet's are not to be had.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from brainsr_desktop.core.degrade import Degradation, degrade
from brainsr_desktop.core.errors import UsageError
from brainsr_desktop.models.networks.feature_network import FeatureNetwork
from brainsr_desktop.train.dataset import Bytes, Floats, read_stack_file
from brainsr_desktop.train.features import FeatureName

KINDS: Final = ("contrast", "plane", "source")
TAPS: Final[Mapping[FeatureName, Mapping[str, int]]] = {
    "vgg19": {"relu1_2": 1, "relu2_2": 2, "relu3_4": 4, "relu4_4": 8, "relu5_4": 16},
    "inception_v3": {"Conv2d_2b_3x3": 2, "Conv2d_4a_3x3": 4, "Mixed_5d": 8, "Mixed_6e": 16},
}
"""Layers that are asked, with their strides; the last one also answers what the picture shows."""

Classes: TypeAlias = Mapping[str, tuple[str, ...]]
UNKNOWN: Final = -1
_FLAT_BELOW: Final = 0.02
_ATTEMPTS: Final = 8


@dataclass(frozen=True, slots=True)
class LabelledSlice:
    """A slice (rows, columns) uint8 and what is known of it, in the order of `KINDS`."""

    pixels: Bytes
    labels: tuple[str, str, str]


def read_labelled(folder: Path, names: Sequence[str]) -> list[LabelledSlice]:
    """All slices of the stack files. Raises ReadError where one cannot be read."""
    return [
        LabelledSlice(
            pixels,
            (str(meta.get("contrast", "")), str(meta.get("plane", "")), str(meta.get("source", ""))),
        )
        for name in names
        for stack, meta in read_stack_file(folder / name)
        for pixels in stack
    ]


def classes_of(slices: Sequence[LabelledSlice]) -> dict[str, tuple[str, ...]]:
    """The labels that occur, by kind, in the order of the alphabet."""
    return {kind: tuple(sorted({entry.labels[i] for entry in slices})) for i, kind in enumerate(KINDS)}


@dataclass(frozen=True, slots=True)
class Crops:
    """noisy and clean (batch, 1, side, side) 0..1; labels (batch, 3): the number of the class of each of `KINDS`."""

    noisy: Floats
    clean: Floats
    labels: npt.NDArray[np.int64]


class CropSource:
    """Crops with noise; what batch a step gets depends on nothing but the seed and the step's number."""

    def __init__(
        self, slices: Sequence[LabelledSlice], classes: Classes, side: int, noise: tuple[float, float]
    ) -> None:
        if min(min(entry.pixels.shape) for entry in slices) < side:
            raise UsageError(f"A crop of {side} pixels is larger than the smallest slice.")
        self._slices, self._side, self._noise = slices, side, noise
        self._labels = np.array([numbered(entry, classes) for entry in slices], np.int64)
        # Between the shares in the data and equal ones: what is rare is seen often, but not always the same few slices.
        counts = Counter(entry.labels for entry in slices)
        weights = np.array([counts[entry.labels] ** -0.5 for entry in slices])
        self._cumulative = (weights / weights.sum()).cumsum()

    def batch(self, seed: int, step: int, size: int) -> Crops:
        random = np.random.Generator(np.random.Philox(key=[seed, step]))
        chosen = np.minimum(np.searchsorted(self._cumulative, random.random(size)), len(self._slices) - 1)
        clean = [self._crop(self._slices[index].pixels, random) for index in chosen]
        noisy = [
            noisy_crop(crop, float(random.uniform(*self._noise)), int(random.integers(2**62)), i)
            for i, crop in enumerate(clean)
        ]
        return Crops(np.stack(noisy)[:, None], np.stack(clean)[:, None], self._labels[chosen])

    def _crop(self, pixels: Bytes, random: np.random.Generator) -> Floats:
        crop = np.zeros((self._side, self._side), np.float32)
        for _ in range(_ATTEMPTS):
            row, column = (int(random.integers(size - self._side + 1)) for size in pixels.shape)
            crop = pixels[row : row + self._side, column : column + self._side].astype(np.float32) / 255.0
            if crop.std() > _FLAT_BELOW:
                break
        return np.ascontiguousarray(crop[:, ::-1] if random.integers(2) else crop)


def numbered(entry: LabelledSlice, classes: Classes) -> list[int]:
    """The number of each label among its classes, `UNKNOWN` for one that is not among them."""
    return [
        classes[kind].index(label) if label in classes[kind] else UNKNOWN
        for kind, label in zip(KINDS, entry.labels, strict=True)
    ]


def noisy_crop(crop: Floats, percent: float, seed: int, index: int) -> Floats:
    return degrade(crop, Degradation(noise_percent=percent, seed=seed), slice_index=index)


class Heads(nn.Module):
    """Answers from the features; they are thrown away after the training.

    For each kind of label a linear layer on the mean of the deepest layer, and for the noise a sub-pixel 1x1
    convolution on every tap, whose results are added up at full size.
    """

    def __init__(self, network: FeatureNetwork, taps: Mapping[str, int], classes: Classes) -> None:
        super().__init__()
        with torch.no_grad():
            shapes = {
                name: found.shape[1]
                for name, found in network.eval()(torch.zeros(1, 1, 96, 96), tuple(taps)).items()
            }
        network.train()
        self._taps = dict(taps)
        self._deepest = tuple(taps)[-1]
        deepest = shapes[self._deepest]
        self.labels = nn.ModuleDict({kind: nn.Linear(deepest, len(classes[kind])) for kind in KINDS})
        self.noise = nn.ModuleDict({name: nn.Conv2d(shapes[name], taps[name] ** 2, 1) for name in taps})
        for layer in self.noise.values():
            # The sum begins near the noisy picture itself, and the deep layers do not drown the shallow ones.
            nn.init.normal_(layer.weight, std=1e-3)  # type: ignore[arg-type]
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, noisy: Tensor, found: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """The picture without noise, as large as `noisy`, and the logits (batch, classes) of each kind."""
        clean = noisy.float()
        for name, stride in self._taps.items():
            part = functional.pixel_shuffle(self.noise[name](found[name]), stride).float()
            clean = clean - _centred(part, noisy.shape[-1])
        deepest = found[self._deepest].float().mean((2, 3))
        return clean, {kind: layer(deepest).float() for kind, layer in self.labels.items()}


def _centred(part: Tensor, side: int) -> Tensor:
    """Zeros around a map that layers without padding have made smaller."""
    before = (side - part.shape[-1]) // 2
    after = side - part.shape[-1] - before
    return functional.pad(part, (before, after, before, after))


@torch.no_grad()
def begin_by_data(network: FeatureNetwork, pictures: Tensor) -> None:
    """Give every channel of a plain convolution mean 0 and deviation 1 on `pictures` (batch, 1, rows, columns).

    Through 16 layers of chance all pictures come out nearly alike, and there is little to learn from; so the first
    batch decides the first biases and scales (Salimans and Kingma 2016, arXiv 1602.07868). Layers with batch
    normalisation do this by themselves and are left as they are.
    """
    x = (pictures.expand(-1, 3, -1, -1) - network.mean) / network.deviation
    for _, layer in network.steps():
        if isinstance(layer, nn.Conv2d) and layer.bias is not None:
            found = layer(x)
            mean, deviation = found.mean((0, 2, 3)), found.std((0, 2, 3)).clamp_min(1e-3)
            layer.weight.div_(deviation[:, None, None, None])
            layer.bias.sub_(mean).div_(deviation)
        x = layer(x)


def task_loss(
    clean: Tensor, logits: Mapping[str, Tensor], truth: Tensor, labels: Tensor, denoising: float
) -> Tensor:
    """Mean cross entropy of the three kinds plus `denoising` times the mean absolute error of the clean picture."""
    entropies = [
        functional.cross_entropy(logits[kind], labels[:, i], ignore_index=UNKNOWN)
        for i, kind in enumerate(KINDS)
    ]
    return torch.stack(entropies).mean() + denoising * (clean - truth).abs().mean()
