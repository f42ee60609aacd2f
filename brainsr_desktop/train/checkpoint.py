"""Checkpoints: one safetensors file with every tensor, and all else that decides the outcome as JSON in its header.

Never a pickle. A file is written beside the old one and put in its place at once, so a run killed at any moment leaves
a whole checkpoint behind.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from brainsr_desktop.core.errors import ReadError
from brainsr_desktop.train.config import Config, from_table, to_table
from brainsr_desktop.train.dataset import SourceState

FILE_NAME = "checkpoint.safetensors"
FORMAT = "brainsr-checkpoint-1"
_OPTIMISER_ENTRIES = ("step", "exp_avg", "exp_avg_sq")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A moment of a run.

    weights, average: state dictionaries of the network and of its moving average. optimiser: per parameter (by its
    number) the entries of Adam's state. seconds: time spent training so far. source: the state of the `PatchSource`.
    opponent: all of the discriminator, as `Opponent.tensors` gives it. feature_texts: the weights of the feature loss.
    """

    config: Config
    step: int
    seconds: float
    weights: dict[str, Tensor]
    average: dict[str, Tensor]
    optimiser: dict[int, dict[str, Tensor]]
    torch_random: Tensor
    source: SourceState
    command: str = ""
    opponent: dict[str, Tensor] = field(default_factory=dict)
    feature_texts: dict[str, str] = field(default_factory=dict)


def save(checkpoint: Checkpoint, path: Path) -> None:
    """Write the checkpoint in place of `path`, complete or not at all."""
    tensors = {f"weights/{name}": tensor for name, tensor in checkpoint.weights.items()}
    tensors |= {f"average/{name}": tensor for name, tensor in checkpoint.average.items()}
    for number, entries in checkpoint.optimiser.items():
        tensors |= {f"optimiser/{number}/{name}": tensor for name, tensor in entries.items()}
    tensors |= {f"opponent/{name}": tensor for name, tensor in checkpoint.opponent.items()}
    tensors["torch_random"] = checkpoint.torch_random
    facts = {
        "config": to_table(checkpoint.config),
        "step": checkpoint.step,
        "seconds": checkpoint.seconds,
        "source": checkpoint.source.to_json(),
        "command": checkpoint.command,
        "feature_texts": checkpoint.feature_texts,
    }
    plain = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.new")
    save_file(plain, beside, metadata={"format": FORMAT, "facts": json.dumps(facts)})
    with beside.open("rb+") as file:
        os.fsync(file.fileno())
    beside.replace(path)


def load(path: Path) -> Checkpoint:
    """Read a checkpoint; the tensors are on the CPU.

    Raises:
        ReadError: the file is missing, damaged, or no checkpoint of this program.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        if header.get("format") != FORMAT:
            raise ReadError(f"{path.name} is no checkpoint of this program.", path=path)
        facts = json.loads(header["facts"])
        return _assembled(facts, tensors)
    except (OSError, RuntimeError, SafetensorError, ValueError, KeyError) as error:
        raise ReadError(
            f"The checkpoint {path.name} cannot be read: {error}",
            advice="Start the run again without --resume.",
            path=path,
        ) from error


def _assembled(facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Checkpoint:
    config = from_table(facts["config"])
    return Checkpoint(
        config=config,
        step=int(facts["step"]),
        seconds=float(facts["seconds"]),
        weights=below("weights/", tensors),
        average=below("average/", tensors),
        optimiser=numbered_below("optimiser/", tensors),
        torch_random=tensors["torch_random"],
        source=SourceState.from_json(facts["source"], config.network.scale),
        command=str(facts.get("command", "")),
        opponent=below("opponent/", tensors),
        feature_texts=dict(facts.get("feature_texts", {})),
    )


def below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names begin so, by the rest of their names."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def numbered_below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[int, dict[str, Tensor]]:
    """As `below`, one level deeper: by number and the rest of the names."""
    numbers = sorted({int(name.partition("/")[0]) for name in below(prefix, tensors)})
    return {number: below(f"{prefix}{number}/", tensors) for number in numbers}


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[int, dict[str, Tensor]]:
    """Adam's state by the number of the parameter."""
    state = optimiser.state_dict()["state"]
    return {number: {name: entries[name] for name in _OPTIMISER_ENTRIES} for number, entries in state.items()}


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[int, Mapping[str, Tensor]]) -> None:
    """Put back what `optimiser_tensors` gave, laid out in memory like the parameters.

    Adam's fused kernel walks through memory, so moments in another layout would go to the wrong weights.
    """
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    state = optimiser.state_dict()
    state["state"] = {
        number: {
            name: torch.empty_like(parameters[number]).copy_(tensor) if tensor.ndim else tensor
            for name, tensor in entries.items()
        }
        for number, entries in tensors.items()
    }
    optimiser.load_state_dict(state)
