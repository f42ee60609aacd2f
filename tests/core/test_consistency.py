"""Regions stay as bright as they were measured; what a network does below their size is left alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainsr_desktop.core.consistency import SIGMA_PX, block_means, keep_region_means
from brainsr_desktop.core.resample import enlarge


def _scene(seed: int, rows: int = 96, columns: int = 80) -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0.0, 1.0, (rows // 16, columns // 16)).astype(np.float32)
    return enlarge(coarse, 16, "bicubic") + rng.normal(0.0, 0.02, (rows, columns)).astype(np.float32)


@given(seed=st.integers(0, 1000), gain=st.floats(0.8, 1.2), offset=st.floats(-0.1, 0.1))
def test_that_a_network_that_changes_brightness_cannot_change_a_regions_mean(
    seed: int, gain: float, offset: float
) -> None:
    source = _scene(seed)
    wrong = (gain * enlarge(source, 2, "bicubic") + offset).astype(np.float32)
    kept = keep_region_means(wrong, source, 2)
    inner = (slice(24, 72), slice(20, 60))
    assert abs(float(block_means(kept, 2)[inner].mean() - source[inner].mean())) < 0.005


def test_that_fine_detail_of_the_network_is_left_alone() -> None:
    source = _scene(1)
    detail = np.indices((192, 160)).sum(axis=0) % 2 * np.float32(0.1) - np.float32(0.05)
    plain = enlarge(source, 2, "bicubic")
    difference = keep_region_means((plain + detail).astype(np.float32), source, 2) - keep_region_means(
        plain, source, 2
    )
    assert np.abs(difference - detail).max() < 1e-5


def test_that_noise_which_was_taken_out_does_not_come_back() -> None:
    rng = np.random.default_rng(3)
    noise = rng.normal(0.0, 1.0, (128, 128)).astype(np.float32)
    kept = keep_region_means(np.zeros((256, 256), np.float32), noise, 2)
    expected = 1.0 / (2.0 * np.sqrt(np.pi) * SIGMA_PX)
    assert kept.std() == pytest.approx(expected, rel=0.25)


def test_that_a_picture_which_agrees_with_its_source_is_returned_as_it_is() -> None:
    source = _scene(2)
    blocks = source.repeat(4, axis=0).repeat(4, axis=1)
    assert np.abs(keep_region_means(blocks, source, 4) - blocks).max() < 1e-6
