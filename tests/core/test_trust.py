"""The change that an enhanced slice brings, and its greatest places, against formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from brainsr_desktop.core.trust import (
    MOST_PLACES,
    connected,
    difference,
    least_of_squares,
    places_of_change,
)

SIDE = 96


def blob(row: float, column: float, height: float, sigma: float, scale: int = 1) -> np.ndarray:
    """A Gaussian hill, centre and sigma in input pixels, on a matrix ``scale`` times as fine."""
    y, x = (np.indices((SIDE * scale, SIDE * scale)) + 0.5) / scale
    return np.asarray(height * np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * sigma**2)), np.float32)


def test_that_a_difference_is_signed_and_on_one_matrix_exact() -> None:
    one, other = np.array([[3, 5]], np.int16), np.array([[4.5, 1.0]], np.float32)
    assert difference(one, other).tolist() == [[-1.5, 4.0]]
    assert difference(other, one).tolist() == [[1.5, -4.0]]


def test_that_unsigned_pixels_do_not_wrap_round() -> None:
    assert difference(np.zeros((1, 1), np.uint16), np.full((1, 1), 65535, np.uint16)).tolist() == [[-65535.0]]


@pytest.mark.parametrize("side", [2, 4])
def test_that_a_finer_picture_is_averaged_to_the_coarser_matrix(side: int) -> None:
    coarse = np.arange(12, dtype=np.float32).reshape(3, 4)
    fine = np.kron(coarse, np.ones((side, side), np.float32)) + 1.0
    assert np.array_equal(difference(fine, coarse), np.ones((3, 4)))
    assert np.array_equal(difference(coarse, fine), -np.ones((3, 4)))


def test_that_matrices_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        difference(np.zeros((6, 6)), np.zeros((4, 4)))


def test_that_what_is_no_number_is_no_change() -> None:
    holes = np.array([[np.nan, np.inf, 1.0]], np.float32)
    assert difference(holes, np.zeros((1, 3))).tolist() == [[0.0, 0.0, 1.0]]


@pytest.mark.parametrize("scale", [1, 2, 4])
@pytest.mark.parametrize("sigma", [3.0, 6.0])
def test_that_a_gaussian_change_has_the_width_that_the_formula_says(scale: int, sigma: float) -> None:
    place = places_of_change(-blob(40.5, 50.5, 80.0, sigma, scale), scale)[0]
    # The corner of the 3 x 3 square is sqrt(2) px from the top; the place ends where half of its height is left.
    level = math.exp(-2 / (2 * sigma**2)) / 2
    radius = sigma * math.sqrt(-2 * math.log(level))
    assert (place.top + place.bottom) / 2 == pytest.approx(40.5, abs=0.5)
    assert (place.left + place.right) / 2 == pytest.approx(50.5, abs=0.5)
    assert place.bottom - place.top == pytest.approx(2 * radius, abs=1.0)
    assert place.right - place.left == pytest.approx(2 * radius, abs=1.0)
    # Mean of a Gaussian over the disc where it is above ``level``: (1 - level) / ln(1 / level).
    assert place.change == pytest.approx(80.0 * (1 - level) / -math.log(level), rel=0.05)
    assert place.pixels == pytest.approx(math.pi * radius**2, rel=0.1)


def test_that_places_come_in_the_order_of_their_change_and_no_more_than_five() -> None:
    heights = (50.0, 90.0, 30.0, 70.0, 60.0, 40.0)
    change = sum(
        (blob(12.5 + 35 * (n // 3), 12.5 + 35 * (n % 3), height, 3.0) for n, height in enumerate(heights)),
        np.zeros((SIDE, SIDE), np.float32),
    )
    found = places_of_change(change, 1)
    assert len(found) == MOST_PLACES
    columns = [((place.top // 35) * 3 + place.left // 35) for place in found]
    assert [heights[n] for n in columns] == [90.0, 70.0, 60.0, 50.0, 40.0]


@pytest.mark.parametrize(
    ("height", "width", "found"), [(3, 3, 0), (2, 30, 0), (1, 1, 0), (3, 4, 1), (4, 4, 1)]
)
def test_that_a_place_is_larger_than_three_by_three_pixels(height: int, width: int, found: int) -> None:
    change = np.zeros((30, 40), np.float32)
    change[5 : 5 + height, 6 : 6 + width] = 7.0
    places = places_of_change(change, 1)
    assert len(places) == found
    if found:
        place = places[0]
        assert (place.top, place.bottom, place.left, place.right) == (5, 5 + height, 6, 6 + width)
        assert (place.change, place.pixels) == (7.0, height * width)


def test_that_detail_inside_one_input_pixel_counts_although_its_mean_is_zero() -> None:
    change = np.zeros((80, 80), np.float32)
    change[16:40, 20:48] = np.tile([[5.0, -5.0], [-5.0, 5.0]], (12, 14))
    assert [(p.top, p.bottom, p.left, p.right, p.change) for p in places_of_change(change, 4)] == [
        (4, 10, 5, 12, 5.0)
    ]


@pytest.mark.parametrize("shape", [(2, 2), (1, 40), (40, 40)])
def test_that_no_change_has_no_places(shape: tuple[int, int]) -> None:
    assert places_of_change(np.zeros(shape, np.float32), 1) == ()


@given(st.integers(0, 2**32 - 1), st.integers(3, 20), st.integers(3, 20))
def test_that_squares_and_connected_pixels_are_those_of_scipy(seed: int, rows: int, columns: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.random((rows, columns)).astype(np.float32)
    expected = ndimage.minimum_filter(values, 3, mode="constant", cval=0.0)
    assert np.array_equal(least_of_squares(values), expected)
    mask = values > 0.4
    row, column = int(rng.integers(rows)), int(rng.integers(columns))
    labels, _ = ndimage.label(mask)
    wanted = (labels == labels[row, column]) & mask
    assert np.array_equal(connected(mask, row, column), wanted if mask[row, column] else np.zeros_like(mask))
