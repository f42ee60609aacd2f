from __future__ import annotations

import torch
from torch import nn

from brainsr_desktop.models.networks.brainsr import build
from brainsr_desktop.train.flatten import flatten


def _pattern(network: nn.Module) -> float:
    """The largest departure from a flat picture, over several levels."""
    levels = (0.0, 0.3, 0.8, 1.1)
    with torch.no_grad():
        return max(
            float((network(torch.full((1, 1, 40, 36), level)) - level).abs().max()) for level in levels
        )


def test_that_flat_pictures_become_flat_and_others_hardly_change() -> None:
    torch.manual_seed(3)
    network = build(scale=4, features=16, blocks=2).eval()
    busy = torch.rand(1, 1, 40, 36)
    with torch.no_grad():
        network.tail.weight += 0.02 * torch.randn_like(network.tail.weight)
        before, pattern = network(busy), _pattern(network)
        flatten(network)
        change = float((network(busy) - before).square().mean().sqrt())
    assert pattern > 0.05
    assert _pattern(network) < 0.1 * pattern
    assert change < pattern
