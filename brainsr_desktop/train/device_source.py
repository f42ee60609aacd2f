"""Training pairs without the processor: slices decoded once and kept on the device, degraded and cut there.

What is to be done is drawn on the processor, a few numbers for each batch; pixels never leave the device. Slices of one
size are degraded together, and a patch is cut, turned and mirrored by one look-up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from brainsr_desktop.core.degrade import NOISE_REFERENCE_PERCENTILE, Degradation, Reduction, reduced_shape
from brainsr_desktop.core.errors import UsageError
from brainsr_desktop.train import device_degrade
from brainsr_desktop.train.config import Data, Run, Stage
from brainsr_desktop.train.dataset import Batch, SourceState, TrainingSlice, drawn_degradation, slice_shares

GROUP: Final = 32
"""Slices of one size that are degraded together, at most."""
CANDIDATES: Final = 2
"""Patches that are looked at for each one that is used: flat ones are used only where there are no others."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Numbers of slices of one shape (rows, columns)."""

    members: tuple[int, ...]
    shape: tuple[int, int]


class _Pool:
    """Pictures of all sizes one after the other in one tensor, so that patches of any are cut by one look-up."""

    def __init__(self, shapes: npt.NDArray[np.int64], dtype: torch.dtype, device: torch.device) -> None:
        sizes = shapes.prod(1)
        self.pixels = torch.zeros(int(sizes.sum()), dtype=dtype, device=device)
        self.widths = shapes[:, 1]
        self.starts = np.concatenate([[0], sizes.cumsum()[:-1]])
        self._shapes = shapes

    def put(self, index: int, picture: Tensor) -> None:
        start = int(self.starts[index])
        self.pixels[start : start + picture.numel()] = picture.flatten()

    def picture(self, index: int) -> Tensor:
        start, (rows, columns) = int(self.starts[index]), self._shapes[index]
        return self.pixels[start : start + int(rows * columns)].view(int(rows), int(columns))


class DeviceSource:
    """Draws batches of pairs like `dataset.PatchSource`, on the device.

    At each step with `run.refresh_per_step` above 0 the next group of slices gets new LR pictures, all of it.
    """

    def __init__(
        self, slices: Sequence[TrainingSlice], data: Data, run: Run, scale: int, device: torch.device
    ) -> None:
        self._data, self._run, self._scale, self._device = data, run, scale, device
        shapes = np.array([entry.pixels.shape for entry in slices], np.int64)
        self._low_shapes = np.array([reduced_shape((r, c), scale) for r, c in shapes.tolist()], np.int64)
        self._truth = _Pool(shapes, torch.uint8, device)
        self._low = _Pool(self._low_shapes, torch.float32, device)
        for index, entry in enumerate(slices):
            self._truth.put(index, torch.from_numpy(entry.pixels.copy()))
        self._references = np.array(
            [np.percentile(entry.pixels, NOISE_REFERENCE_PERCENTILE) / 255.0 for entry in slices], np.float32
        )
        self._groups = _groups(shapes)
        self._cumulative = slice_shares(slices, data.contrast_shares).cumsum()
        self._random = np.random.default_rng(run.seed)
        self._degradations = [Degradation()] * len(slices)
        self._noise = torch.Generator(device)
        self._turns: dict[int, Tensor] = {}
        self._next = 0

    def start(self, stage: Stage) -> None:
        """Make the first LR picture of every slice."""
        for group in self._groups:
            self._renew(group, stage)

    def state(self) -> SourceState:
        return SourceState(dict(self._random.bit_generator.state), tuple(self._degradations), self._next)

    def restore(self, state: SourceState) -> None:
        """Go on where `state` was taken. Raises UsageError where the data are others."""
        if len(state.degradations) != len(self._degradations):
            raise UsageError("The training data are not those that the checkpoint was made with.")
        self._random.bit_generator.state = state.random
        self._degradations = list(state.degradations)
        self._next = state.next % len(self._groups)
        for group in self._groups:
            self._make(group)

    def batch(self, stage: Stage) -> Batch:
        """The next batch, with patches and degradations of `stage`; its tensors are on the device."""
        if self._run.refresh_per_step:
            self._renew(self._groups[self._next], stage)
            self._next = (self._next + 1) % len(self._groups)
        patch, scale = stage.patch_px, self._scale
        count = self._run.batch * CANDIDATES
        chosen = np.searchsorted(self._cumulative, self._random.random(count), side="right")
        chosen = np.minimum(chosen, len(self._degradations) - 1)
        free = np.maximum(self._low_shapes[chosen] - patch, 0) + 1
        corners = (self._random.random((count, 2)) * free).astype(np.int64)
        turns = self._sent(self._random.integers(8, size=count))
        factor = self._random.uniform(*self._data.intensity, self._run.batch).astype(np.float32)
        truths = self._cut(self._truth, chosen, corners * scale, turns, patch * scale).float() / 255.0
        flat = truths.flatten(1).std(1) < self._data.flat_below
        best = flat.to(torch.uint8).argsort(stable=True)[: self._run.batch]
        lows = self._cut(self._low, chosen, corners, turns, patch)
        factors = self._sent(factor)[:, None, None]
        low, truth = (side[best] * factors for side in (lows, truths))
        return Batch(low[:, None], truth[:, None], stage, self.state())

    def _renew(self, group: _Group, stage: Stage) -> None:
        for index in group.members:
            self._degradations[index] = drawn_degradation(self._random, stage, self._scale)
        self._make(group)

    def _make(self, group: _Group) -> None:
        """LR pictures as the degradations of the group say; the seed of its first one is that of all its noise."""
        self._noise.manual_seed(self._degradations[group.members[0]].seed)
        noise = device_degrade.draw(len(group.members), group.shape, self._scale, self._noise)
        methods: tuple[Reduction, Reduction] = ("kspace", "bicubic")
        for method in methods:
            places = [i for i, n in enumerate(group.members) if self._degradations[n].method == method]
            if not places:
                continue
            members = [group.members[i] for i in places]
            wanted = [self._degradations[n] for n in members]
            blur = self._sent(np.array([d.blur_px for d in wanted], np.float32))
            percent = np.array([d.noise_percent for d in wanted], np.float32)
            sigma = self._sent(percent / np.float32(100.0) * self._references[members])
            truths = torch.stack([self._truth.picture(n) for n in members]).float() / 255.0
            kept = noise[self._sent(np.array(places))] if percent.any() else None
            lows = device_degrade.apply(truths, method, self._scale, blur, sigma, kept)
            for index, low in zip(members, lows, strict=True):
                self._low.put(index, low)

    def _cut(
        self,
        pool: _Pool,
        chosen: npt.NDArray[np.int64],
        corners: npt.NDArray[np.int64],
        turns: Tensor,
        side: int,
    ) -> Tensor:
        """Patches (patches, side, side), each turned and mirrored as its number says."""
        widths = pool.widths[chosen]
        firsts = self._sent(pool.starts[chosen] + corners[:, 0] * widths + corners[:, 1])
        places = self._turned(side)[turns]
        rows = torch.div(places, side, rounding_mode="floor")
        inside = rows * self._sent(widths)[:, None] + places % side
        return pool.pixels[firsts[:, None] + inside].view(-1, side, side)

    def _turned(self, side: int) -> Tensor:
        """(8, side * side): which pixel of a patch comes where, for each of the 8 turns and mirrorings of a square."""
        if side not in self._turns:
            plain = np.arange(side * side).reshape(side, side)
            turned = [np.rot90(plain, n) for n in range(4)]
            both = [picture.ravel() for picture in [*turned, *(p[:, ::-1] for p in turned)]]
            self._turns[side] = torch.from_numpy(np.stack(both)).to(self._device)
        return self._turns[side]

    def _sent(self, numbers: npt.NDArray[np.generic]) -> Tensor:
        tensor = torch.from_numpy(np.ascontiguousarray(numbers))
        if self._device.type == "cuda":
            tensor = tensor.pin_memory()
        return tensor.to(self._device, non_blocking=True)


def _groups(shapes: npt.NDArray[np.int64]) -> list[_Group]:
    """Slices by their shape, in parts of `GROUP`."""
    by_shape: dict[tuple[int, int], list[int]] = {}
    for index, (rows, columns) in enumerate(shapes.tolist()):
        by_shape.setdefault((rows, columns), []).append(index)
    return [
        _Group(tuple(members[first : first + GROUP]), shape)
        for shape, members in by_shape.items()
        for first in range(0, len(members), GROUP)
    ]
