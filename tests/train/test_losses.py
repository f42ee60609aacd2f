from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.ndimage import convolve

from brainsr_desktop.core import metrics
from brainsr_desktop.train.config import Stage
from brainsr_desktop.train.losses import CHARBONNIER_EPSILON, charbonnier, gradients, weighted_loss

RESULT = torch.tensor([[[[0.1, 0.5]]]])
TRUTH = torch.tensor([[[[0.4, 0.4]]]])


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        (Stage(l1=1.0), (0.3 + 0.1) / 2),
        (Stage(l1=0.0, squared=1.0), (0.09 + 0.01) / 2),
        (Stage(l1=2.0, squared=10.0), 2 * 0.2 + 10 * 0.05),
        (Stage(l1=0.0, charbonnier=1.0), ((0.09 + 1e-6) ** 0.5 + (0.01 + 1e-6) ** 0.5) / 2),
    ],
)
def test_that_the_loss_is_the_weighted_sum(weights: Stage, expected: float) -> None:
    assert float(weighted_loss(RESULT, TRUTH, weights)) == pytest.approx(expected, rel=1e-5)


def test_that_charbonnier_is_smooth_at_zero() -> None:
    difference = torch.zeros(3, requires_grad=True)
    charbonnier(difference).backward()  # type: ignore[no-untyped-call]
    assert difference.grad is not None and torch.all(difference.grad == 0)
    assert float(charbonnier(torch.zeros(3))) == pytest.approx(CHARBONNIER_EPSILON)


def test_that_dissimilar_gradients_are_the_map_behind_the_metric() -> None:
    random = np.random.default_rng(3)
    truth = random.random((40, 48))
    result = truth + 0.1 * random.standard_normal(truth.shape)
    pictures = [torch.from_numpy(np.pad(a, 2))[None, None] for a in (result, truth)]
    # Padded by one pixel at half size, as the metric does; E[(1 - s)^2] = var(s) + (1 - E[s])^2.
    loss = float(gradients(*pictures))
    deviation = metrics.gmsd(result, truth, peak=1.0)
    similarity = _similarity(result, truth)
    assert similarity.std() == pytest.approx(deviation, rel=1e-6)
    assert loss == pytest.approx(float(np.mean((1 - similarity) ** 2)), rel=1e-4)


def _similarity(result: NDArray[np.float64], truth: NDArray[np.float64]) -> NDArray[np.float64]:
    kernel = np.array([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [-1.0, -1.0, -1.0]]) / 3
    steep = []
    for picture in (result, truth):
        half = picture.reshape(20, 2, 24, 2).mean((1, 3))
        steep.append(np.hypot(*(convolve(half, k, mode="constant") for k in (kernel, kernel.T))))
    first, second = steep
    return np.asarray((2 * first * second + 170 / 255**2) / (first**2 + second**2 + 170 / 255**2))


def test_that_equal_pictures_have_no_dissimilar_gradients_and_a_gradient_of_zero() -> None:
    flat = torch.zeros(1, 1, 8, 8, requires_grad=True)
    loss = gradients(flat, torch.zeros(1, 1, 8, 8))
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.item() == 0 and flat.grad is not None and torch.all(flat.grad == 0)
