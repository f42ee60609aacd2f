from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage import filters as skimage_filters

from brainsr_desktop.core.intensity import (
    Normalisation,
    auto_window,
    otsu_threshold,
    robust_max,
    robust_range,
)

threshold_otsu: Any = skimage_filters.threshold_otsu  # untyped

Floats = npt.NDArray[np.float32]

IMAGES = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12),
    elements=st.floats(-(2.0**30), 2.0**30, width=32),
)


def head(seed: int = 0) -> Floats:
    """Air around 0, tissue around 400, a few very bright pixels."""
    generator = np.random.default_rng(seed)
    image = np.abs(generator.normal(0.0, 8.0, (80, 80)))
    image[20:60, 15:65] = generator.normal(400.0, 60.0, (40, 50))
    image[30, 30:33] = 5000.0
    return image.astype(np.float32)


def test_that_otsus_threshold_is_scikit_images() -> None:
    assert otsu_threshold(head()) == pytest.approx(threshold_otsu(head().astype(np.float64)), rel=1e-6)


def test_that_one_value_is_its_own_threshold() -> None:
    assert otsu_threshold(np.full((3, 3), 7.0)) == 7.0


def test_that_a_threshold_needs_a_finite_value() -> None:
    with pytest.raises(ValueError, match="finite"):
        otsu_threshold(np.array([np.nan]))


def test_that_the_robust_maximum_is_that_of_the_catalogue() -> None:
    image = head().astype(np.float64)
    tissue = image[image > 0.5 * threshold_otsu(image)]
    assert robust_max(image) == pytest.approx(np.percentile(tissue, 99.5))


def test_that_air_and_single_bright_pixels_do_not_decide_the_robust_maximum() -> None:
    image = head()
    wider = np.pad(image, 60)
    assert robust_max(wider) == pytest.approx(robust_max(image), rel=0.02)
    assert robust_max(image) < 700.0


def test_that_values_that_are_not_finite_count_nowhere() -> None:
    image = head()
    holed = np.pad(image, 3, constant_values=np.nan)
    holed[0, 0] = np.inf
    assert robust_max(holed) == robust_max(image)
    assert robust_range(holed) == robust_range(image)
    assert auto_window(holed) == auto_window(image)
    assert Normalisation.of(holed) == Normalisation.of(image)


def test_that_the_range_of_a_magnitude_picture_starts_at_zero() -> None:
    low, high = robust_range(head())
    assert low == 0.0
    assert high == robust_max(head())


def test_that_a_shifted_picture_has_a_shifted_range() -> None:
    image = head() - np.float32(1000.0)
    low, high = robust_range(image)
    assert low == pytest.approx(np.percentile(image, 0.1))
    assert high - low == pytest.approx(robust_max(image.astype(np.float64) - low))


def test_that_no_finite_value_has_an_empty_range_and_a_usable_window() -> None:
    empty = np.full((4, 4), np.nan)
    assert robust_max(empty) == 0.0
    assert robust_range(empty) == (0.0, 0.0)
    assert auto_window(empty)[1] > 0.0


def test_that_the_first_window_spans_the_tissue() -> None:
    image = head()
    tissue = image[image > 0.5 * threshold_otsu(image)]
    low, high = np.percentile(tissue, [0.5, 99.5])
    centre, width = auto_window(image)
    assert centre == pytest.approx((low + high) / 2, rel=1e-3)
    assert width == pytest.approx(high - low, rel=1e-3)


@given(IMAGES)
def test_that_every_window_has_a_width(image: Floats) -> None:
    centre, width = auto_window(image)
    assert np.isfinite(centre)
    assert np.isfinite(width)
    assert width > 0.0


@given(IMAGES)
def test_that_normalising_can_be_undone(image: Floats) -> None:
    normalisation = Normalisation.of(image)
    if normalisation.flat:
        assert image.min() == image.max() or robust_range(image)[0] == robust_range(image)[1]
        return
    assert normalisation.gain > 0.0
    there = normalisation.forward(image)
    assert np.isfinite(there).all()
    tolerance = 1e-6 * max(normalisation.gain, float(np.abs(image).max()))
    np.testing.assert_allclose(normalisation.backward(there), image, rtol=1e-6, atol=tolerance)


@given(IMAGES, st.integers(-8, 8))
def test_that_a_network_sees_the_same_picture_whatever_the_scanners_gain(image: Floats, power: int) -> None:
    louder = (image * np.float32(2.0) ** power).astype(np.float32)
    first, second = Normalisation.of(image), Normalisation.of(louder)
    if not first.flat and not second.flat:
        np.testing.assert_allclose(second.forward(louder), first.forward(image), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("value", [0.0, -3.0, 1e30, np.nan])
def test_that_one_value_everywhere_is_flat(value: float) -> None:
    assert Normalisation.of(np.full((5, 5), value, np.float32)).flat


def test_that_holes_are_stored_zero_for_the_network() -> None:
    image = head() - np.float32(100.0)
    image[0, 0] = np.nan
    normalisation = Normalisation.of(image)
    assert normalisation.offset < 0.0
    assert normalisation.forward(image)[0, 0] == pytest.approx(-normalisation.offset / normalisation.gain)


def test_that_the_robust_range_becomes_zero_to_one_and_is_not_cut() -> None:
    image = head()
    there = Normalisation.of(image).forward(image)
    assert np.percentile(there[there > 0.3], 99.5) == pytest.approx(1.0, abs=0.01)
    assert there.max() > 5.0


def test_that_values_beyond_single_precision_are_cut_at_its_range() -> None:
    back = Normalisation(0.0, 1e38).backward(np.array([[1e3, -1e3]], np.float32))
    assert np.isfinite(back).all()
