"""Training pairs: slices decoded once into memory, low-resolution pictures made once per slice and renewed in turn.

A *stack file* is an `.npz` with lossless WebP slices: `blob` (uint8), `size` (bytes per slice), `count` (slices per
stack) and `meta` (one JSON text per stack with `contrast`, `subject`, `source`, ...).
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image
from torch import Tensor

from brainsr_desktop.core.degrade import Degradation, degrade, reduced_shape
from brainsr_desktop.core.errors import ReadError, UsageError
from brainsr_desktop.train.config import Data, Run, Stage

Bytes: TypeAlias = npt.NDArray[np.uint8]
Floats: TypeAlias = npt.NDArray[np.float32]

_ATTEMPTS: Final = 8
"""How often a patch is drawn again because it is flat; slices that are empty throughout must not stop the run."""


@dataclass(frozen=True, slots=True)
class TrainingSlice:
    """A true slice (rows, columns) uint8, 255 = the volume's robust maximum, its contrast, and whose it is."""

    pixels: Bytes
    contrast: str
    subject: str = ""


def read_stack_file(path: Path) -> Iterator[tuple[list[Bytes], dict[str, Any]]]:
    """The stacks of a file one after the other: slices (rows, columns) uint8 and what is known of the volume.

    Raises:
        ReadError: the file is missing or is not a stack file.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            blob, sizes, counts, metas = file["blob"].tobytes(), file["size"], file["count"], file["meta"]
        ends = np.cumsum(sizes)
        first = 0
        for count, meta in zip(counts, metas, strict=True):
            span = range(first, first + int(count))
            first += int(count)
            yield [_decoded(blob[ends[i] - sizes[i] : ends[i]]) for i in span], json.loads(str(meta))
    except (OSError, KeyError, ValueError) as error:
        raise ReadError(
            f"The training data {path.name} cannot be read: {error}",
            advice="Give the folder with the stack files by --data.",
            path=path,
        ) from error


def _decoded(encoded: bytes) -> Bytes:
    return np.asarray(Image.open(io.BytesIO(encoded)).convert("L"), np.uint8)


def read_slices(folder: Path, names: Sequence[str]) -> list[TrainingSlice]:
    """All slices of the stack files, in the order of the files."""
    return [
        TrainingSlice(pixels, str(meta.get("contrast", "")), str(meta.get("subject", "")))
        for name in names
        for stack, meta in read_stack_file(folder / name)
        for pixels in stack
    ]


def slice_shares(slices: Sequence[TrainingSlice], shares: Mapping[str, float]) -> npt.NDArray[np.float64]:
    """How often each slice is drawn (sum 1): contrasts by their shares, slices of one contrast by their area."""
    area = np.array([entry.pixels.size for entry in slices], np.float64)
    contrasts = np.array([entry.contrast for entry in slices])
    if not shares:
        return np.asarray(area / area.sum())
    result = np.zeros_like(area)
    for contrast in set(contrasts.tolist()) & set(shares):
        chosen = contrasts == contrast
        result[chosen] = shares[contrast] * area[chosen] / area[chosen].sum()
    if result.sum() == 0:
        raise UsageError(f"None of the contrasts {', '.join(shares)} is in the data.")
    return np.asarray(result / result.sum())


@dataclass(frozen=True, slots=True)
class SourceState:
    """All that decides the next batches: the generator, what each LR picture was made with, whose turn is next."""

    random: dict[str, Any]
    degradations: tuple[Degradation, ...]
    next: int

    def to_json(self) -> dict[str, Any]:
        table = [[d.noise_percent, d.blur_px, d.method, d.seed] for d in self.degradations]
        return {"random": self.random, "degradations": table, "next": self.next}

    @classmethod
    def from_json(cls, facts: dict[str, Any], scale: int) -> SourceState:
        table = tuple(
            Degradation(noise_percent=noise, blur_px=blur, reduction=scale, method=method, seed=seed)
            for noise, blur, method, seed in facts["degradations"]
        )
        return cls(facts["random"], table, int(facts["next"]))


@dataclass(frozen=True, slots=True)
class Batch:
    """LR (batch, 1, patch, patch) and truth (batch, 1, scale * patch, scale * patch), intensities about 0..1.

    Arrays, or tensors on the device. state: the source as it was after making this batch, for a checkpoint taken after
    the step that used it.
    """

    low: Floats | Tensor
    truth: Floats | Tensor
    stage: Stage
    state: SourceState


class PatchSource:
    """Draws batches of pairs.

    The LR picture of each slice is kept, and `refresh_per_step` of them are made anew at each step with another
    degradation, slice after slice, so over a run each slice is seen with many.
    """

    def __init__(self, slices: Sequence[TrainingSlice], data: Data, run: Run, scale: int) -> None:
        self._slices = slices
        self._data = data
        self._run = run
        self._scale = scale
        self._cumulative = slice_shares(slices, data.contrast_shares).cumsum()
        self._random = np.random.default_rng(run.seed)
        self._degradations: list[Degradation] = []
        self._low: list[Floats] = []
        self._next = 0

    def start(self, stage: Stage) -> None:
        """Make the first LR picture of every slice."""
        self._degradations = [drawn_degradation(self._random, stage, self._scale) for _ in self._slices]
        self._low = [self._made(index) for index in range(len(self._slices))]

    def state(self) -> SourceState:
        return SourceState(dict(self._random.bit_generator.state), tuple(self._degradations), self._next)

    def restore(self, state: SourceState) -> None:
        """Go on where `state` was taken. Raises UsageError where the data are others."""
        if len(state.degradations) != len(self._slices):
            raise UsageError("The training data are not those that the checkpoint was made with.")
        self._random.bit_generator.state = state.random
        self._degradations = list(state.degradations)
        self._low = [self._made(index) for index in range(len(self._slices))]
        self._next = state.next

    def batch(self, stage: Stage) -> Batch:
        """The next batch, with patches and degradations of `stage`."""
        for _ in range(self._run.refresh_per_step):
            self._degradations[self._next] = drawn_degradation(self._random, stage, self._scale)
            self._low[self._next] = self._made(self._next)
            self._next = (self._next + 1) % len(self._slices)
        pairs = [self._pair(stage.patch_px) for _ in range(self._run.batch)]
        low, truth = (np.stack(side)[:, None] for side in zip(*pairs, strict=True))
        return Batch(low, truth, stage, self.state())

    def _made(self, index: int) -> Floats:
        truth = self._slices[index].pixels.astype(np.float32) / 255.0
        return degrade(truth, self._degradations[index], slice_index=index)

    def _pair(self, patch_px: int) -> tuple[Floats, Floats]:
        low, truth = self._cut(patch_px)
        attempts = 1
        while truth.std() < self._data.flat_below and attempts < _ATTEMPTS:
            low, truth = self._cut(patch_px)
            attempts += 1
        factor = np.float32(self._random.uniform(*self._data.intensity))
        turns, mirrored = int(self._random.integers(4)), bool(self._random.integers(2))
        return _turned(low * factor, turns, mirrored), _turned(truth * factor, turns, mirrored)

    def _cut(self, patch_px: int) -> tuple[Floats, Floats]:
        index = int(np.searchsorted(self._cumulative, self._random.random(), side="right"))
        index = min(index, len(self._slices) - 1)
        low, truth, scale = self._low[index], self._slices[index].pixels, self._scale
        row, column = (int(self._random.integers(max(side - patch_px, 0) + 1)) for side in low.shape)
        rows, columns = slice(row, row + patch_px), slice(column, column + patch_px)
        high = truth[row * scale : (row + patch_px) * scale, column * scale : (column + patch_px) * scale]
        return low[rows, columns], high.astype(np.float32) / 255.0


def drawn_degradation(random: np.random.Generator, stage: Stage, scale: int) -> Degradation:
    """One of the three kinds of LR picture, by their shares in the stage."""
    shares = np.array([stage.bicubic, stage.kspace, stage.noisy]).cumsum()
    kind = int(np.searchsorted(shares / shares[-1], random.random(), side="right"))
    seed = int(random.integers(2**62))
    blur, noise = random.uniform(*stage.blur_px), random.uniform(*stage.noise_percent)
    if kind == 2:
        return Degradation(noise_percent=noise, blur_px=blur, reduction=scale, seed=seed)
    return Degradation(reduction=scale, method="bicubic" if kind == 0 else "kspace", seed=seed)


def _turned(patch: Floats, turns: int, mirrored: bool) -> Floats:
    turned = np.rot90(patch, turns)
    return np.ascontiguousarray(turned[:, ::-1] if mirrored else turned)


def check_sizes(slices: Sequence[TrainingSlice], patch_px: int, scale: int) -> None:
    """Raises UsageError where a slice is smaller than a patch or its sides are no multiples of the scale."""
    smallest = min(math.inf, *(min(reduced_shape(entry.pixels.shape, scale)) for entry in slices))
    if smallest < patch_px:
        raise UsageError(
            f"A patch of {patch_px} pixels is larger than the smallest reduced slice ({smallest} pixels)."
        )
    if any(side % scale for entry in slices for side in entry.pixels.shape):
        raise UsageError(f"The sides of every training slice must be multiples of {scale}.")
