from __future__ import annotations

import pytest
import torch

from brainsr_desktop.train.config import Stage
from brainsr_desktop.train.losses import CHARBONNIER_EPSILON, charbonnier, weighted_loss

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
