"""Losses of the fidelity training, as a weighted sum, and the moving average of the weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from brainsr_desktop.train.config import Stage

CHARBONNIER_EPSILON = 1e-3


def absolute(difference: Tensor) -> Tensor:
    """Mean absolute error (L1)."""
    return difference.abs().mean()


def charbonnier(difference: Tensor) -> Tensor:
    """Smooth absolute error (Charbonnier 1994): the square near 0, the absolute value beyond `CHARBONNIER_EPSILON`."""
    return (difference.square() + CHARBONNIER_EPSILON**2).sqrt().mean()


def squared(difference: Tensor) -> Tensor:
    """Mean squared error: its minimum is the mean of all truths that fit, which is also the highest PSNR."""
    return difference.square().mean()


def weighted_loss(result: Tensor, truth: Tensor, weights: Stage) -> Tensor:
    """Sum of the losses that have a weight; `result` and `truth` (batch, 1, rows, columns), intensities about 0..1."""
    difference = result - truth
    loss = difference.new_zeros(())
    for weight, term in (
        (weights.l1, absolute),
        (weights.charbonnier, charbonnier),
        (weights.squared, squared),
    ):
        if weight > 0:
            loss = loss + weight * term(difference)
    return loss


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    """Move a moving average towards the weights; faster at first, when the weights are still those of chance."""
    decay = min(decay, (1 + step) / (10 + step))
    for mean, weight in zip(average.parameters(), network.parameters(), strict=True):
        mean.lerp_(weight, 1.0 - decay)
    for kept, buffer in zip(average.buffers(), network.buffers(), strict=True):
        kept.copy_(buffer)
