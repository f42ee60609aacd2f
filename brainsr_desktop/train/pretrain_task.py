"""What a feature network learns from MR slices: which contrast, plane and source a crop has, and its noise taken away.

Both are asked of several depths, so that no layer is left out. Together they are a task for features that a perceptual
loss can use where ImageNet's are not to be had.
"""

from __future__ import annotations

import copy
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
from torch.nn.utils.fusion import fuse_conv_bn_eval

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
"""Layers that are asked, with their strides."""

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

    Every tap gives its answers: for each kind of label those of a linear layer on its mean over the picture, for the
    noise that of a sub-pixel 1x1 convolution.
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
        self._counts = [len(classes[kind]) for kind in KINDS]
        self.labels = nn.ModuleDict({name: nn.Linear(shapes[name], sum(self._counts)) for name in taps})
        self.noise = nn.ModuleDict({name: nn.Conv2d(shapes[name], taps[name] ** 2, 1) for name in taps})
        for layer in self.noise.values():
            # The sum begins near the noisy picture itself, and the deep layers do not drown the shallow ones.
            nn.init.normal_(layer.weight, std=1e-3)  # type: ignore[arg-type]
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, noisy: Tensor, found: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """The picture without noise, as large as `noisy`; by kind the logits (taps, batch, classes)."""
        clean = noisy.float()
        for name, stride in self._taps.items():
            part = functional.pixel_shuffle(self.noise[name](found[name]), stride).float()
            clean = clean - _centred(part, noisy.shape[-1])
        answers = [self.labels[name](found[name].float().mean((2, 3))).float() for name in self._taps]
        kinds = torch.split(torch.stack(answers), self._counts, -1)
        return clean, dict(zip(KINDS, kinds, strict=True))


def _centred(part: Tensor, side: int) -> Tensor:
    """Zeros around a map that layers without padding have made smaller."""
    before = (side - part.shape[-1]) // 2
    after = side - part.shape[-1] - before
    return functional.pad(part, (before, after, before, after))


def normalise(network: FeatureNetwork) -> None:
    """Put batch normalisation (Ioffe and Szegedy 2015, arXiv 1502.03167) behind every plain convolution, for training.

    Through 16 layers of chance all pictures come out nearly alike, and without it there is little to learn from.
    """
    for parent in list(network.modules()):
        for name, layer in list(parent.named_children()):
            if isinstance(layer, nn.Conv2d) and layer.bias is not None:
                setattr(parent, name, nn.Sequential(layer, nn.BatchNorm2d(layer.out_channels)))


def folded(network: FeatureNetwork) -> FeatureNetwork:
    """A copy that computes the same with what `normalise` put in multiplied into the convolutions."""
    result = copy.deepcopy(network).eval()
    for parent in list(result.modules()):
        for name, layer in list(parent.named_children()):
            match list(layer.children()):
                case [nn.Conv2d() as convolution, nn.BatchNorm2d() as normalisation]:
                    if isinstance(layer, nn.Sequential):
                        setattr(parent, name, fuse_conv_bn_eval(convolution, normalisation))
    return result


def task_loss(
    clean: Tensor, logits: Mapping[str, Tensor], truth: Tensor, labels: Tensor, denoising: float
) -> Tensor:
    """Cross entropy, mean over kinds and taps, plus `denoising` times the mean absolute error of the clean picture."""
    entropies = [
        functional.cross_entropy(answer, labels[:, i], ignore_index=UNKNOWN)
        for i, kind in enumerate(KINDS)
        for answer in logits[kind]
    ]
    return torch.stack(entropies).mean() + denoising * (clean - truth).abs().mean()
