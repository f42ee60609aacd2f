"""Lengths, areas, statistics and profiles against closed forms, scipy and scikit-image."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage, signal, special
from skimage import draw

from brainsr_desktop.core.measure import (
    Shape,
    Units,
    area_mm2,
    counts_of,
    describe,
    edge_width_mm,
    inside,
    length_mm,
    padding_of,
    peak_of,
    profile,
    samples_for,
)
from brainsr_desktop.core.resample import enlarge

RNG = np.random.default_rng(11)
places = st.tuples(st.floats(-5.0, 40.0), st.floats(-5.0, 40.0))
drawn_ellipse: Any = draw.ellipse  # it has no types
SHAPES: tuple[Shape, ...] = ("ellipse", "rectangle")


def test_that_a_length_is_the_one_of_pythagoras() -> None:
    assert length_mm((1.0, 2.0), (4.0, 6.0)) == 5.0


def test_that_areas_are_those_of_the_closed_forms() -> None:
    assert area_mm2("rectangle", (1.0, 5.0), (4.0, 1.0)) == 12.0
    assert area_mm2("ellipse", (0.0, 0.0), (6.0, 4.0)) == pytest.approx(math.pi * 3.0 * 2.0)


@given(places, places, st.integers(3, 40), st.integers(3, 40))
def test_that_an_ellipse_holds_the_pixels_that_scikit_image_draws(
    start: tuple[float, float], end: tuple[float, float], rows: int, columns: int
) -> None:
    numbers = np.arange(rows * columns).reshape(rows, columns)
    found = inside(numbers, (rows * 1.5, columns * 0.75), "ellipse", start, end)
    centre = (start[1] + end[1]) / 3.0 - 0.5, (start[0] + end[0]) / 1.5 - 0.5
    radii = abs(end[1] - start[1]) / 3.0, abs(end[0] - start[0]) / 1.5
    if min(radii) < 1e-3:
        return
    wanted = numbers[drawn_ellipse(*centre, *radii, shape=(rows, columns))]
    # A pixel whose centre lies on the line itself may go either way by rounding.
    assert len(set(found.tolist()) ^ set(wanted.tolist())) <= 4
    assert np.all(np.isin(found, numbers))


@given(places, places)
def test_that_a_rectangle_holds_the_pixels_whose_centre_it_covers(
    start: tuple[float, float], end: tuple[float, float]
) -> None:
    numbers = np.arange(20 * 30).reshape(20, 30)
    y, x = (np.arange(20) + 0.5) * 1.5, (np.arange(30) + 0.5) * 0.75
    tall = (y >= min(start[1], end[1])) & (y < max(start[1], end[1]))
    wide = (x >= min(start[0], end[0])) & (x < max(start[0], end[0]))
    wanted = set(numbers[np.ix_(tall, wide)].ravel().tolist())
    found = set(inside(numbers, (30.0, 22.5), "rectangle", start, end).tolist())
    assert len(found ^ wanted) <= 30  # one line of pixels, where a corner hits centres by rounding
    if all(
        abs(round(v / s - 0.5) - (v / s - 0.5)) > 1e-9
        for p in (start, end)
        for v, s in zip(p, (0.75, 1.5), strict=True)
    ):
        assert found == wanted


def test_that_neighbouring_rectangles_share_no_pixel_and_leave_none_out() -> None:
    numbers = np.arange(100).reshape(10, 10)
    parts = [
        inside(numbers, (10.0, 10.0), "rectangle", (x, 0.0), (x + 2.5, 10.0)) for x in (0.0, 2.5, 5.0, 7.5)
    ]
    assert sorted(np.concatenate(parts).tolist()) == list(range(100))


@given(st.integers(2, 4), places, places, st.sampled_from(SHAPES))
def test_that_a_shape_covers_the_same_tissue_in_an_enlargement(
    scale: int, start: tuple[float, float], end: tuple[float, float], shape: Shape
) -> None:
    extent = (24.0, 30.0)
    rows, columns = 24, 30
    coarse = np.ones((rows, columns))
    fine = np.ones((rows * scale, columns * scale))
    width, height = abs(end[0] - start[0]), abs(end[1] - start[1])
    few = inside(coarse, extent, shape, start, end).size
    many = inside(fine, extent, shape, start, end).size / scale**2
    # What differs is at most the ring of pixels along the outline.
    assert abs(few - many) <= 2.0 * (width + height) + 4.0


def test_that_statistics_are_those_of_scipy_and_numpy() -> None:
    picture = RNG.normal(100.0, 20.0, (32, 48))
    mask = np.zeros((32, 48), bool)
    mask[drawn_ellipse(15.5, 23.5, 8.0, 12.0)] = True
    found = describe(inside(picture, (32.0, 48.0), "ellipse", (12.0, 8.0), (36.0, 24.0)))
    assert found.count == mask.sum()
    assert found.mean == pytest.approx(ndimage.mean(picture, mask, True))
    population = ndimage.standard_deviation(picture, mask, True)
    assert found.sd == pytest.approx(population * math.sqrt(found.count / (found.count - 1)))
    assert found.minimum == ndimage.minimum(picture, mask, True)
    assert found.maximum == ndimage.maximum(picture, mask, True)
    assert found.median == pytest.approx(ndimage.median(picture, mask, True))


def test_that_padding_and_what_is_not_finite_count_nowhere() -> None:
    stored = np.array([[-2000, 10, 20], [30, -2000, -1990]], np.int16)
    units = Units(2.0, 1.0, (-2000.0, -1990.0))
    found = describe(units.of(stored))
    assert (found.count, found.mean, found.minimum, found.maximum) == (3, 41.0, 21.0, 61.0)
    assert describe(np.array([np.nan, np.inf, 4.0])).count == 1
    assert math.isnan(describe(np.array([np.nan, np.inf, 4.0])).sd)
    assert describe(np.empty(0)).count == 0


@given(places, places, st.integers(2, 60))
def test_that_a_profile_agrees_with_scipys_interpolation(
    start: tuple[float, float], end: tuple[float, float], samples: int
) -> None:
    picture = np.random.default_rng(2).normal(size=(20, 26))
    extent = (30.0, 32.5)
    found = profile(picture, extent, Units(3.0, -1.0), start, end, samples)
    x, y = (np.linspace(start[axis], end[axis], samples) for axis in (0, 1))
    wanted = (
        3.0 * ndimage.map_coordinates(picture, [y / 1.5 - 0.5, x / 1.25 - 0.5], order=1, mode="nearest") - 1.0
    )
    within = (x >= 0) & (x <= 32.5) & (y >= 0) & (y <= 30.0)
    np.testing.assert_allclose(found[within], wanted[within], atol=1e-9)
    assert np.isnan(found[~within]).all()


@given(places, places)
def test_that_a_profile_runs_backwards_from_the_other_end(
    start: tuple[float, float], end: tuple[float, float]
) -> None:
    picture = np.random.default_rng(3).normal(size=(20, 26))
    there = profile(picture, (20.0, 26.0), Units(), start, end, 31)
    back = profile(picture, (20.0, 26.0), Units(), end, start, 31)
    np.testing.assert_allclose(there, back[::-1], atol=1e-7)


def test_that_both_panes_have_the_same_profile_at_the_same_place() -> None:
    y, x = np.mgrid[0:24, 0:24] + 0.5
    smooth = (np.sin(x / 6.0) + np.cos(y / 7.0)).astype(np.float32)
    large = enlarge(smooth, 4, "linear")
    places_ = ((4.3, 5.1), (19.2, 17.7))
    few = profile(smooth, (24.0, 24.0), Units(), *places_, 40)
    many = profile(large, (24.0, 24.0), Units(), *places_, 40)
    assert np.abs(few - many).max() < 0.02


def test_that_a_profile_is_undefined_beside_padding() -> None:
    picture = np.array([[1.0, 1.0, -5.0, 1.0]])
    found = profile(picture, (1.0, 4.0), Units(padding=(-5.0, -5.0)), (0.5, 0.5), (3.5, 0.5), 7)
    assert np.isnan(found).tolist() == [False, False, False, True, True, True, False]


@pytest.mark.parametrize("sigma", [0.4, 1.0, 2.5])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_that_a_blurred_edge_is_as_wide_as_the_error_function_says(sigma: float, sign: float) -> None:
    distance = np.linspace(0.0, 40.0, 4000)
    curve = 100.0 + sign * 30.0 * special.erf((distance - 18.0) / (sigma * math.sqrt(2.0)))
    assert edge_width_mm(distance, curve) == pytest.approx(2.0 * 1.2815515655 * sigma, rel=1e-3)


def test_that_a_ramp_has_four_fifths_of_its_length() -> None:
    distance = np.linspace(0.0, 10.0, 101)
    assert edge_width_mm(distance, np.clip(distance - 3.0, 0.0, 5.0)) == pytest.approx(4.0)


@pytest.mark.parametrize("curve", [np.full(50, 7.0), np.full(50, np.nan), np.arange(2.0)])
def test_that_no_edge_has_no_width(curve: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    assert edge_width_mm(np.arange(curve.size, dtype=float), curve) is None
    assert peak_of(np.arange(curve.size, dtype=float), curve) is None


@given(st.floats(0.5, 4.0), st.floats(12.0, 28.0), st.booleans())
def test_that_a_gaussian_peak_has_its_known_width(sigma: float, centre: float, bright: bool) -> None:
    distance = np.linspace(0.0, 40.0, 2001)
    bell = 50.0 * np.exp(-0.5 * ((distance - centre) / sigma) ** 2)
    found = peak_of(distance, 100.0 + bell if bright else 100.0 - bell)
    assert found is not None
    assert found.bright is bright
    assert found.place_mm == pytest.approx(centre, abs=0.03)
    if min(centre, 40.0 - centre) > 5 * sigma:
        assert found.width_mm == pytest.approx(2.0 * math.sqrt(2.0 * math.log(2.0)) * sigma, rel=5e-3)


@given(st.integers(0, 10_000))
def test_that_the_width_of_a_peak_agrees_with_scipy(seed: int) -> None:
    random = np.random.default_rng(seed)
    curve = ndimage.gaussian_filter1d(random.normal(size=80), 4.0)
    curve[40] = curve.max() + 1.0
    found = peak_of(np.arange(80.0), curve)
    wanted = signal.peak_widths(curve, [40], rel_height=0.5)[0][0]
    assert found is not None
    if found.bright:
        assert found.width_mm == pytest.approx(wanted, rel=1e-6)


def test_that_an_edge_alone_is_no_peak() -> None:
    distance = np.linspace(0.0, 20.0, 201)
    assert peak_of(distance, special.erf(distance - 10.0)) is None


def test_that_a_profile_has_two_samples_a_pixel_within_limits() -> None:
    assert samples_for(10.0, 0.5) == 41
    assert samples_for(0.0, 0.5) == 2
    assert samples_for(1e6, 0.1) == 4096


def test_that_counts_add_up_to_the_values_in_range() -> None:
    values = np.array([0.0, 0.5, 1.0, 2.0, 9.0, np.nan])
    assert counts_of(values, 0.0, 2.0, 4).tolist() == [1, 1, 1, 1]


@given(places, places, st.sampled_from(SHAPES), st.integers(1, 3))
def test_that_padding_is_inside_no_shape_of_a_slice_or_its_enlargement(
    start: tuple[float, float], end: tuple[float, float], shape: Shape, scale: int
) -> None:
    stored = np.random.default_rng(5).integers(0, 4, (20, 24))
    padding = padding_of(stored, 2.0, 3.0)
    large = np.repeat(np.repeat(stored, scale, 0), scale, 1)
    found = inside(large, (20.0, 24.0), shape, start, end, padding)
    every = inside(large, (20.0, 24.0), shape, start, end)
    assert sorted(found.tolist()) == sorted(value for value in every.tolist() if value < 2)


def test_that_a_profile_beside_padding_of_its_input_is_undefined() -> None:
    stored = np.array([[1.0, 1.0, -5.0, 1.0]])
    large = np.ones((1, 8))
    padding = padding_of(stored, -5.0, -5.0)
    found = profile(large, (1.0, 4.0), Units(), (0.25, 0.5), (3.75, 0.5), 8, padding)
    assert np.isnan(found).tolist() == [False] * 4 + [True] * 2 + [False] * 2


def test_that_zeros_inside_the_head_are_no_padding() -> None:
    stored = np.ones((6, 7), np.int16)
    stored[:2] = 0
    stored[:, 0] = 0
    stored[4, 4] = 0
    padding = padding_of(stored, 0.0, 0.0)
    assert padding is not None
    assert padding.mask.sum() == (stored == 0).sum() - 1
    assert not padding.mask[4, 4]
    below = padding_of(np.where(stored == 0, -5, stored), -5.0, -5.0)
    assert below is not None and below.mask.sum() == (stored == 0).sum()
    assert padding_of(np.ones((3, 3)), 0.0, 0.0) is None
