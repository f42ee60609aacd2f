"""Takes out of a network the pattern that it draws into flat areas.

A sub-pixel tail gives each of the scale x scale pixels its own filter. Adversarial training lets their answers to a
flat picture drift apart: a fine grid, the same in every flat place (Odena 2016, "Deconvolution and checkerboard
artifacts"). The least change of the tail's filters that makes flat pictures stay flat is a linear least-squares
problem.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

LEVELS: Final = torch.linspace(0.0, 1.2, 25)
"""Intensities that are to stay as they are."""
SMALLEST_PART: Final = 0.05
"""Directions of the features weaker than this part of the strongest are left alone: they would cost large changes."""
_SIDE_PX: Final = 60


@torch.no_grad()
def flatten(network: nn.Module) -> None:
    """Correct the filters of ``network.tail``, whose answer is added to the enlarged input, in place."""
    tail = network.get_submodule("tail")
    assert isinstance(tail, nn.Conv2d)
    seen: list[tuple[Tensor, Tensor]] = []
    hook = tail.register_forward_hook(lambda _, given, answer: seen.append((given[0], answer)))
    try:
        for level in LEVELS:
            network(torch.full((1, 1, _SIDE_PX, _SIDE_PX), float(level)))
    finally:
        hook.remove()
    middle = _SIDE_PX // 2
    features, answers = (
        torch.stack([pair[k][0, :, middle, middle] for pair in seen]).double() for k in (0, 1)
    )
    change = torch.linalg.lstsq(features, -answers, rcond=SMALLEST_PART, driver="gelsd").solution.T
    taps = tail.kernel_size[0] * tail.kernel_size[1]
    tail.weight += (change / taps).to(tail.weight)[:, :, None, None]
