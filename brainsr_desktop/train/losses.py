"""Losses of the fidelity training, as a weighted sum, and the moving average of the weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from brainsr_desktop.train.config import Stage

CHARBONNIER_EPSILON = 1e-3
SIMILARITY_T = 170.0 / 255.0**2
"""Stability of the similarity of gradients (Xue 2014), for intensities of 0..1."""
_STEEPNESS_AT_ZERO = 1e-8


def absolute(difference: Tensor) -> Tensor:
    """Mean absolute error (L1)."""
    return difference.abs().mean()


def charbonnier(difference: Tensor) -> Tensor:
    """Smooth absolute error (Charbonnier 1994): the square near 0, the absolute value beyond `CHARBONNIER_EPSILON`."""
    return (difference.square() + CHARBONNIER_EPSILON**2).sqrt().mean()


def squared(difference: Tensor) -> Tensor:
    """Mean squared error: its minimum is the mean of all truths that fit, which is also the highest PSNR."""
    return difference.square().mean()


def gradients(result: Tensor, truth: Tensor) -> Tensor:
    """Mean squared dissimilarity of the gradients' magnitudes at half size (Xue 2014, arXiv 1308.3052), 0 is perfect.

    `core.metrics.gmsd` is the deviation of the same map. Both (batch, 1, rows, columns), intensities about 0..1.
    """
    first, second = (_steepness(functional.avg_pool2d(picture, 2)) for picture in (result, truth))
    similarity = (2 * first * second + SIMILARITY_T) / (first**2 + second**2 + SIMILARITY_T)
    return (1 - similarity).square().mean()


def _steepness(picture: Tensor) -> Tensor:
    """Magnitude of the gradient by Prewitt's operator, where the picture surrounds it."""
    down = picture.new_tensor([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [-1.0, -1.0, -1.0]]) / 3
    both = functional.conv2d(picture, torch.stack([down, down.T])[:, None])
    return (both.square().sum(1) + _STEEPNESS_AT_ZERO).sqrt()


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
    if weights.gradients > 0:
        loss = loss + weights.gradients * gradients(result, truth)
    return loss


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    """Move a moving average towards the weights; faster at first, when the weights are still those of chance."""
    decay = min(decay, (1 + step) / (10 + step))
    for mean, weight in zip(average.parameters(), network.parameters(), strict=True):
        mean.lerp_(weight, 1.0 - decay)
    for kept, buffer in zip(average.buffers(), network.buffers(), strict=True):
        kept.copy_(buffer)
