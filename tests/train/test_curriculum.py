from __future__ import annotations

import pytest

from brainsr_desktop.train.config import Optimiser, Stage
from brainsr_desktop.train.curriculum import learning_rate, stage_at, stage_number

STAGES = (
    Stage(noise_percent=(0.0, 2.0), l1=1.0, patch_px=24),
    Stage(start=0.5, ramp=0.2, noise_percent=(1.0, 6.0), l1=0.0, squared=1.0, patch_px=32),
)


@pytest.mark.parametrize(("progress", "number"), [(0.0, 0), (0.49, 0), (0.5, 1), (1.0, 1)])
def test_that_a_stage_holds_from_its_start(progress: float, number: int) -> None:
    assert stage_number(STAGES, progress) == number


def test_that_values_pass_over_along_the_ramp() -> None:
    half_way = stage_at(STAGES, 0.6)
    assert half_way.noise_percent == pytest.approx((0.5, 4.0))
    assert (half_way.l1, half_way.squared) == pytest.approx((0.5, 0.5))


def test_that_the_patch_size_jumps() -> None:
    assert stage_at(STAGES, 0.5).patch_px == 32


@pytest.mark.parametrize("progress", [0.71, 0.9, 1.0])
def test_that_a_stage_is_itself_after_its_ramp(progress: float) -> None:
    assert stage_at(STAGES, progress) == STAGES[1]


def test_that_the_rate_warms_up_and_falls_to_its_end() -> None:
    optimiser = Optimiser(rate=1e-3, final_rate=1e-5, warmup_steps=9)
    assert learning_rate(optimiser, 0, 0.0) == pytest.approx(1e-4)
    assert learning_rate(optimiser, 9, 0.0) == pytest.approx(1e-3)
    assert learning_rate(optimiser, 500, 0.5) == pytest.approx((1e-3 + 1e-5) / 2)
    assert learning_rate(optimiser, 1000, 1.0) == pytest.approx(1e-5)
