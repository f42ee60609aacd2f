"""How large a network is: parameters, operations."""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor, nn

_SIDE_PX: Final = 32


def parameter_count(network: nn.Module) -> int:
    """Numbers that training sets."""
    return sum(tensor.numel() for tensor in network.parameters())


def gflop(network: nn.Module, pixels: int) -> float:
    """Operations of the convolutions for that many LR pixels, in 1e9; a multiplication and an addition are two.

    Counted while the network enlarges a small picture, since some of its layers may work at full size.
    """
    counted = 0

    def count(layer: nn.Module, _given: Any, result: Tensor) -> None:
        nonlocal counted
        assert isinstance(layer, nn.Conv2d)
        counted += 2 * layer.weight.numel() * result.shape[-2] * result.shape[-1]

    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    try:
        with torch.inference_mode():
            network(torch.zeros(1, 1, _SIDE_PX, _SIDE_PX, device=next(network.parameters()).device))
    finally:
        for hook in hooks:
            hook.remove()
    return counted * pixels / _SIDE_PX**2 / 1e9
