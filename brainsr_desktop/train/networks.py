"""The network of a run: built from its configuration, begun from other weights where wanted."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from brainsr_desktop.core.errors import ReadError, UsageError
from brainsr_desktop.models import weights
from brainsr_desktop.models.card import Card
from brainsr_desktop.models.catalog import load_catalog
from brainsr_desktop.models.networks import NETWORKS
from brainsr_desktop.train.config import Network


def build_network(network: Network) -> nn.Module:
    """The torch module of a configuration or card. Raises UsageError where there is none."""
    if network.name not in NETWORKS:
        raise UsageError(f"There is no network {network.name!r}; there are {', '.join(NETWORKS)}.")
    module, _, function = NETWORKS[network.name].partition(":")
    try:
        built: nn.Module = getattr(importlib.import_module(module), function)(**network.config)
    except (TypeError, ValueError) as error:
        raise UsageError(f"The network {network.name} cannot be built so: {error}") from error
    return built


def load_weights(source: str) -> dict[str, Tensor]:
    """The weights of a model by its name, or of a safetensors file or a checkpoint (its moving average), on the CPU.

    Raises:
        ReadError: the file cannot be read.   UsageError: there is neither such a file nor such a model.
    """
    path = Path(source)
    if not path.is_file():
        return {name: torch.from_numpy(array) for name, array in weights.load_weights(_card(source)).items()}
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise ReadError(f"The weights {path.name} cannot be read: {error}", path=path) from error
    average = {name.removeprefix("average/"): t for name, t in tensors.items() if name.startswith("average/")}
    return average or tensors


def begin_from(network: nn.Module, given: Mapping[str, Tensor]) -> tuple[str, ...]:
    """Give the network the weights that fit it; returns the names of its layers that stay as they were begun.

    A network of another scale has another tail, and one with another number of input channels another first layer.

    Raises:
        UsageError: less than half of the network's weights are given.
    """
    own = network.state_dict()
    fitting = {
        name: tensor for name, tensor in given.items() if name in own and own[name].shape == tensor.shape
    }
    if 2 * sum(tensor.numel() for tensor in fitting.values()) < sum(t.numel() for t in own.values()):
        raise UsageError(
            "The given weights do not fit the network: less than half of it would be begun from them.",
            advice="Start from weights of the same [network], or without --finetune.",
        )
    network.load_state_dict(fitting, strict=False)
    return tuple(dict.fromkeys(name.rpartition(".")[0] or name for name in own if name not in fitting))


def _card(name: str) -> Card:
    catalog = load_catalog()
    if name not in catalog.names():
        raise UsageError(
            f"There is neither a file nor a model named {name!r}.",
            advice=f"Models: {', '.join(catalog.names())}.",
        )
    return catalog.find(name)
