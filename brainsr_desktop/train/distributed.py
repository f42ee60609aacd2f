"""Several processes that train one network together, as `torchrun` starts them; one process alone needs none of it.

Every process draws the same batch, `run.batch` pairs for each of them, and learns from its own share of it, so any
number of processes goes the way that one process would go with the whole batch. Process 0 writes.
"""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

import torch
import torch.distributed
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from brainsr_desktop.train.dataset import Floats


@dataclass(frozen=True, slots=True)
class World:
    """rank: number of this process, from 0; size: how many there are; local_rank: its number on this machine."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    @property
    def writes(self) -> bool:
        return self.rank == 0

    def device(self, name: str) -> str:
        """Each process of a machine has a graphics card of its own."""
        if self.size > 1 and name in ("auto", "cuda") and torch.cuda.is_available():
            return f"cuda:{self.local_rank}"
        return name

    def share(self, pairs: Floats | Tensor) -> Floats | Tensor:
        """This process's part of what all have drawn alike, along the first axis."""
        each = len(pairs) // self.size
        return pairs[self.rank * each : (self.rank + 1) * each]

    def wrapped(self, network: nn.Module) -> nn.Module:
        """The network whose gradients are the mean over all processes."""
        if self.size == 1:
            return network
        with warnings.catch_warnings():
            # Its successor came with torch 2.13.
            warnings.filterwarnings("ignore", "`broadcast_buffers`", FutureWarning)
            # Buffers follow from the weights and the steps, alike in every process.
            return DistributedDataParallel(network, broadcast_buffers=False)

    def agreed(self, value: float) -> float:
        """Process 0's value, in every process: clocks differ."""
        if self.size == 1:
            return value
        shared = torch.tensor([value], dtype=torch.float64, device=self._meeting_place)
        torch.distributed.broadcast(shared, 0)
        return float(shared)

    def mean(self, value: Tensor) -> Tensor:
        """The mean over all processes."""
        if self.size == 1:
            return value
        total = value.detach().clone()
        torch.distributed.all_reduce(total)
        return total / self.size

    @property
    def _meeting_place(self) -> str:
        return f"cuda:{self.local_rank}" if torch.distributed.get_backend() == "nccl" else "cpu"


ALONE: Final = World()


@contextmanager
def joined(device: str) -> Iterator[World]:
    """The processes that `torchrun` started together, or this one alone."""
    world = World(*(int(os.environ.get(name, default)) for name, default in _PLACES))
    if world.size == 1:
        yield replace(world, rank=0)
        return
    on_cards = device != "cpu" and torch.cuda.is_available()
    if on_cards:
        torch.cuda.set_device(world.local_rank)
    torch.distributed.init_process_group("nccl" if on_cards else "gloo")
    try:
        yield world
    finally:
        # What still waits in the group's threads may hold Python objects: let go while the interpreter lives, or the
        # threads end the process by SIGABRT when it goes.
        gc.collect()
        torch.distributed.destroy_process_group()


_PLACES = (("RANK", "0"), ("WORLD_SIZE", "1"), ("LOCAL_RANK", "0"))
