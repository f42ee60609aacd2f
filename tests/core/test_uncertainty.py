"""Rank correlation against scipy; blocks and the reliability curve against formulas."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from brainsr_desktop.core.uncertainty import by_block, rank_correlation, reliability


@given(st.lists(st.tuples(st.integers(0, 9), st.floats(-1e6, 1e6)), min_size=3, max_size=60))
def test_that_the_rank_correlation_is_that_of_scipy(pairs: list[tuple[int, float]]) -> None:
    first, second = (np.array(column, np.float64) for column in zip(*pairs, strict=True))
    found = rank_correlation(first, second)
    if np.ptp(first) == 0.0 or np.ptp(second) == 0.0:
        assert found == 0.0
    else:
        assert found == pytest.approx(stats.spearmanr(first, second).statistic, abs=1e-12)


def test_that_any_rising_function_correlates_fully() -> None:
    values = np.random.default_rng(1).random(200)
    assert rank_correlation(values, np.exp(9 * values)) == pytest.approx(1.0)
    assert rank_correlation(values, -values) == pytest.approx(-1.0)


def test_that_a_block_has_its_root_mean_square_and_the_rest_is_left_out() -> None:
    spread = np.zeros((17, 26))
    spread[:8, 8:16] = [3.0, 4.0] * 4
    error = np.full((17, 26), -2.0)
    first, second = by_block(spread, error)
    assert first.tolist() == pytest.approx([0.0, np.sqrt(12.5), 0.0, 0.0, 0.0, 0.0])
    assert second.tolist() == [2.0] * 6


def test_that_blocks_outside_the_mask_are_left_out() -> None:
    spread = np.arange(256.0).reshape(16, 16)
    mask = np.zeros((16, 16), np.bool_)
    mask[:8, :8] = mask[8:12, 8:] = mask[8:11, :8] = True
    first, _ = by_block(spread, spread, mask)
    expected = [np.sqrt(np.mean(spread[:8, :8] ** 2)), np.sqrt(np.mean(spread[8:, 8:] ** 2))]
    assert first.tolist() == pytest.approx(expected)


def test_that_unlike_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="not that of an error"):
        by_block(np.zeros((8, 8)), np.zeros((8, 16)))
    with pytest.raises(ValueError, match="no pairs"):
        rank_correlation(np.zeros(3), np.zeros(4))


def test_that_an_honest_spread_lies_on_the_diagonal() -> None:
    rng = np.random.default_rng(2)
    spread = rng.uniform(1.0, 10.0, 100_000)
    points = reliability(spread, spread * rng.normal(0.0, 1.0, spread.size))
    assert [point.count for point in points] == [10_000] * 10
    for point in points:
        assert point.error == pytest.approx(point.spread, rel=0.04)


def test_that_the_points_are_in_the_order_of_the_spread() -> None:
    points = reliability(np.array([3.0, 1.0, 2.0, 4.0]), np.array([30.0, 10.0, 20.0, 40.0]), bins=2)
    assert [point.spread for point in points] == pytest.approx([np.sqrt(2.5), np.sqrt(12.5)])
    assert [point.error for point in points] == pytest.approx([np.sqrt(250.0), np.sqrt(1250.0)])


def test_that_few_blocks_have_few_points() -> None:
    assert len(reliability(np.arange(3.0), np.arange(3.0))) == 3
    assert reliability(np.zeros(0), np.zeros(0)) == ()
