"""Does a network gain by more input than the slice alone? One paired training, small, on the processor.

Networks that differ in nothing but their input channels start from the same function, see the same patches in the
same order, and are judged on a stack file that none was trained on::

    python -m brainsr_desktop.train.trials.channels --data DATA --steps 4000

`noise` gets the noise level as a constant plane, `neighbours` the two neighbouring slices (the slice itself where
there is none) and the slice step. `again` is the plain network with other first weights: what chance alone does.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from brainsr_desktop.core.degrade import NOISE_REFERENCE_PERCENTILE, ComplexArray, Degradation, apply, draw
from brainsr_desktop.core.metrics import head_mask, psnr
from brainsr_desktop.models.networks.brainsr import BrainSR, Config
from brainsr_desktop.models.networks.layers import EdgeConv2d
from brainsr_desktop.train.config import Optimiser
from brainsr_desktop.train.curriculum import learning_rate
from brainsr_desktop.train.dataset import Bytes, TrainingSlice, read_stack_file, slice_shares
from brainsr_desktop.train.protocols import PROTOCOLS, drawn
from brainsr_desktop.train.records import say
from brainsr_desktop.train.trials.pairs import paired_table

Floats: TypeAlias = npt.NDArray[np.float32]

STACKS: Final = ("train_00.npz", "train_01.npz", "train_02.npz")
SHARES: Final = {"T1": 0.40, "T2": 0.25, "FLAIR": 0.25, "T1ce": 0.08, "PD": 0.02}
PLANES: Final = ("slice", "before", "after", "step", "noise")
VARIANTS: Final[dict[str, tuple[int, ...]]] = {
    "plain": (0,),
    "again": (0,),
    "noise": (0, 4),
    "neighbours": (0, 1, 2, 3),
}
"""Which of ``PLANES`` a network gets."""
STEP_UNIT_MM: Final = 5.0
BATCH: Final = 16
PATCH_PX: Final = 24
RENEWED_PER_STEP: Final = 2
REPORT_EVERY: Final = 100


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A true slice (rows, columns) uint8 with its neighbours, itself where there is none; the step between them."""

    pixels: Bytes
    before: Bytes
    after: Bytes
    step_mm: float
    subject: str
    contrast: str

    @property
    def is_inside(self) -> bool:
        """Whether both neighbours are there."""
        return self.before is not self.pixels and self.after is not self.pixels


def read_placed(paths: Sequence[Path]) -> list[Placed]:
    """The slices of stack files with their neighbours.

    Raises:
        ReadError: a file is missing or is not a stack file.
    """
    found = []
    for path in paths:
        for stack, meta in read_stack_file(path):
            numbers: dict[int, Bytes] = dict(zip(meta["idx"], stack, strict=True))
            for number, pixels in numbers.items():
                before, after = numbers.get(number - 1, pixels), numbers.get(number + 1, pixels)
                subject, contrast = str(meta["subject"]), str(meta["contrast"])
                found.append(Placed(pixels, before, after, float(meta["step_mm"]), subject, contrast))
    return found


def planes(placed: Placed, degradation: Degradation, noises: Sequence[ComplexArray | None]) -> Floats:
    """``PLANES`` of one slice, float32, reduced alike, each of the three slices with noise of its own."""
    slices = [a.astype(np.float32) / 255.0 for a in (placed.pixels, placed.before, placed.after)]
    low = [apply(a, degradation, noise) for a, noise in zip(slices, noises, strict=True)]
    level = degradation.noise_percent / 100.0 * np.percentile(slices[0], NOISE_REFERENCE_PERCENTILE)
    constant = (np.full_like(low[0], value) for value in (placed.step_mm / STEP_UNIT_MM, 10.0 * level))
    return np.stack([*low, *constant])


class Source:
    """Batches of planes and truths; every slice keeps its planes until its turn comes to be degraded anew."""

    def __init__(self, slices: Sequence[Placed], scale: int, seed: int) -> None:
        self._slices, self._scale = slices, scale
        self._random = np.random.default_rng(seed)
        entries = [TrainingSlice(entry.pixels, entry.contrast) for entry in slices]
        self._cumulative = slice_shares(entries, SHARES).cumsum()
        self._planes = [self._made(index) for index in range(len(slices))]
        self._next = 0

    def batch(self) -> tuple[Floats, Floats]:
        """(batch, planes, patch, patch) and (batch, 1, scale * patch, scale * patch)."""
        for _ in range(RENEWED_PER_STEP):
            self._planes[self._next] = self._made(self._next)
            self._next = (self._next + 1) % len(self._slices)
        pairs = [self._pair() for _ in range(BATCH)]
        low, truth = (np.stack(side) for side in zip(*pairs, strict=True))
        return low, truth

    def _made(self, index: int) -> Floats:
        kind = self._random.choice(3, p=(0.3, 0.3, 0.4))
        blur, noise = self._random.uniform(0.0, 1.0), self._random.uniform(0.0, 4.0)
        seed = int(self._random.integers(2**62))
        degradation = (
            Degradation(noise, blur, self._scale, seed=seed)
            if kind == 2
            else Degradation(reduction=self._scale, method="bicubic" if kind == 0 else "kspace")
        )
        shape = self._slices[index].pixels.shape
        noises = [draw((shape[0], shape[1]), degradation, slice_index=i) for i in range(3)]
        return planes(self._slices[index], degradation, noises)

    def _pair(self) -> tuple[Floats, Floats]:
        index = int(np.searchsorted(self._cumulative, self._random.random() * self._cumulative[-1]))
        low, truth, scale = self._planes[index], self._slices[index].pixels, self._scale
        row, column = (int(self._random.integers(side - PATCH_PX + 1)) for side in low.shape[1:])
        cut = low[:, row : row + PATCH_PX, column : column + PATCH_PX].copy()
        high = truth[row * scale : (row + PATCH_PX) * scale, column * scale : (column + PATCH_PX) * scale]
        factor = np.float32(self._random.uniform(0.7, 1.3))
        cut[[0, 1, 2, 4]] *= factor
        turns, mirrored, swapped = self._random.integers((4, 2, 2))
        if swapped:
            cut[[1, 2]] = cut[[2, 1]]
        pair = [np.rot90(a, turns, (1, 2)) for a in (cut, high[None] * (factor / np.float32(255.0)))]
        first, second = (np.ascontiguousarray(a[..., ::-1] if mirrored else a) for a in pair)
        return first, second


class Channelled(BrainSR):
    """The residual network with several input channels, the first of which is enlarged."""

    def __init__(self, config: Config, channels: int) -> None:
        super().__init__(config)
        if channels == 1:
            return
        alone = self.pre
        self.pre = EdgeConv2d(channels, config.features, 3)
        with torch.no_grad():
            # The same function as with one channel at first: what is gained is gained by the channels.
            self.pre.weight.zero_()
            self.pre.weight[:, :1] = alone.weight
            assert self.pre.bias is not None
            assert alone.bias is not None
            self.pre.bias.copy_(alone.bias)

    def forward(self, x: Tensor) -> Tensor:
        features = self.pre(x)
        features = features + self.post(self.blocks(features))
        detail = functional.pixel_shuffle(self.tail(features), self.config.scale)
        enlarged: Tensor = self.enlarged(x[:, :1])
        return enlarged + detail.float()


class Trainee:
    """One network with its optimiser and moving average."""

    def __init__(self, config: Config, channels: tuple[int, ...], seed: int) -> None:
        torch.manual_seed(seed)
        self.channels = list(channels)
        self.network = Channelled(config, len(channels)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = Channelled(config, len(channels))
        self.average.load_state_dict(self.network.state_dict())
        self.average.requires_grad_(False)
        self._settings = Optimiser()
        self._optimiser = torch.optim.Adam(
            self.network.parameters(), lr=self._settings.rate, betas=self._settings.betas
        )

    def step(self, low: Tensor, truth: Tensor, number: int, steps: int) -> float:
        """Learn from a batch; the mean absolute error before it."""
        for group in self._optimiser.param_groups:
            group["lr"] = learning_rate(self._settings, number, number / steps)
        self._optimiser.zero_grad(set_to_none=True)
        given = low[:, self.channels].contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            result = self.network(given)
        loss = (result - truth).abs().mean()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), self._settings.clip)
        self._optimiser.step()
        decay = min(self._settings.average, (1 + number) / (10 + number))
        with torch.no_grad():
            for average, weight in zip(self.average.parameters(), self.network.parameters(), strict=True):
                average.lerp_(weight, 1.0 - decay)
        return float(loss.detach())

    @torch.inference_mode()
    def enlarged(self, given: Floats) -> Floats:
        """What the moving average makes of the planes of a slice."""
        result: Floats = self.average(torch.from_numpy(given[self.channels])[None])[0, 0].numpy()
        return result


def judged(trainee: Trainee, slices: Sequence[Placed], protocol: str, scale: int) -> list[float]:
    """Head PSNR of every slice in a protocol, dB; the neighbours have the blur of the slice and noise of their own."""
    found = []
    for number, placed in enumerate(slices):
        degradation, noise = drawn(placed.pixels.shape, protocol, scale, number)
        others = [drawn(placed.pixels.shape, protocol, scale, 1000 * by + number)[1] for by in (1, 2)]
        made = trainee.enlarged(planes(placed, degradation, [noise, *others]))
        truth = placed.pixels.astype(np.float32) / np.float32(255.0)
        found.append(psnr(np.clip(made, 0.0, 1.0), truth, peak=1.0, mask=head_mask(truth)))
    return found


def tables(figures: Mapping[str, Mapping[str, list[float]]], slices: Sequence[Placed]) -> str:
    """What each network gains over `plain`: on all slices, then on those that have both neighbours."""
    parts = []
    for words, chosen in (
        ("All slices:", range(len(slices))),
        ("With both neighbours:", [i for i, entry in enumerate(slices) if entry.is_inside]),
    ):
        some = {
            name: {protocol: [values[i] for i in chosen] for protocol, values in by_protocol.items()}
            for name, by_protocol in figures.items()
        }
        parts.append(f"{words}\n\n{paired_table(some, [slices[i].subject for i in chosen], 'plain')}")
    return "\n\n".join(parts)


def run(stacks: Sequence[Path], validation: Path, config: Config, steps: int, seed: int) -> str:
    """Train every variant on the same batches; the tables of what each gains on ``validation``.

    Raises:
        ReadError: a file is missing or is not a stack file.
    """
    source = Source(read_placed(stacks), config.scale, seed)
    trainees = {
        name: Trainee(config, channels, seed + (name == "again")) for name, channels in VARIANTS.items()
    }
    for number in range(steps):
        low, truth = (torch.from_numpy(side) for side in source.batch())
        losses = {name: trainee.step(low, truth, number, steps) for name, trainee in trainees.items()}
        if number % REPORT_EVERY == 0:
            say(f"step {number}: " + ", ".join(f"{name} {loss:.4f}" for name, loss in losses.items()))
    slices = read_placed([validation])
    figures = {
        name: {protocol: judged(trainee, slices, protocol, config.scale) for protocol in PROTOCOLS}
        for name, trainee in trainees.items()
    }
    return tables(figures, slices)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with the stack files")
    parser.add_argument("--validation", default="val.npz")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--scale", type=int, choices=(2, 4), default=4)
    parser.add_argument("--features", type=int, default=32)
    parser.add_argument("--blocks", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    config = Config(options.scale, options.features, options.blocks)
    stacks = [options.data / name for name in STACKS]
    found = run(stacks, options.data / options.validation, config, options.steps, options.seed)
    sys.stdout.write(found + "\n")


if __name__ == "__main__":
    main()
