"""Measurements as values: handles, moves, what they say about pictures."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainsr_desktop.core.measure import padding_of
from brainsr_desktop.core.resample import enlarge
from brainsr_desktop.session.measurements import KINDS, Kind, Measurement, cost, read, values_inside
from brainsr_desktop.session.pictures import Picture

places = st.tuples(st.floats(0.0, 30.0), st.floats(0.0, 40.0))
kinds = st.sampled_from(KINDS)


def made(
    kind: Kind, start: tuple[float, float] = (4.0, 6.0), end: tuple[float, float] = (14.0, 12.0)
) -> Measurement:
    return Measurement(3, 2, kind, start, end)


@given(kinds, places, places, places, st.integers(0, 4))
def test_that_a_handle_lies_where_it_was_put(
    kind: Kind, start: tuple[float, float], end: tuple[float, float], to: tuple[float, float], handle: int
) -> None:
    item = made(kind, start, end)
    handle = min(handle, len(item.handles) - 1)
    moved = item.with_handle_at(handle, to)
    assert moved.handles[handle] == pytest.approx(to)
    assert (moved.number, moved.slice_index, moved.kind) == (3, 2, kind)


@given(kinds, places, places, places)
def test_that_the_middle_moves_all_and_changes_no_size(
    kind: Kind, start: tuple[float, float], end: tuple[float, float], to: tuple[float, float]
) -> None:
    item = made(kind, start, end)
    moved = item.with_handle_at(len(item.handles) - 1, to)
    assert moved.length_mm == pytest.approx(item.length_mm, abs=1e-9)
    assert moved.area_mm2 == pytest.approx(item.area_mm2, abs=1e-9)


@given(places, places, places, st.integers(0, 3))
def test_that_the_opposite_corner_stays(
    start: tuple[float, float], end: tuple[float, float], to: tuple[float, float], handle: int
) -> None:
    item = made("rectangle", start, end)
    assert item.with_handle_at(handle, to).handles[(handle + 2) % 4] == item.handles[(handle + 2) % 4]


@given(places, places, kinds)
def test_that_it_does_not_matter_which_corner_was_first(
    start: tuple[float, float], end: tuple[float, float], kind: Kind
) -> None:
    pixels = np.random.default_rng(1).normal(size=(20, 15))
    picture = Picture(pixels, (40.0, 30.0), slope=2.0, intercept=5.0)
    one, other = made(kind, start, end), made(kind, end, start)
    assert one.length_mm == other.length_mm and one.area_mm2 == other.area_mm2
    assert sorted(values_inside(one, picture)) == sorted(values_inside(other, picture))


def test_that_both_panes_are_measured_at_the_same_place() -> None:
    y, x = np.mgrid[0:40, 0:30] + 0.5
    slice_ = (100.0 + 3.0 * x + 2.0 * y).astype(np.float32)
    left = Picture(slice_, (40.0, 30.0), slope=0.5, intercept=-10.0)
    right = Picture(enlarge(slice_, 4, "linear"), (40.0, 30.0), slope=0.5, intercept=-10.0)
    shapes: tuple[Kind, ...] = ("ellipse", "rectangle")
    for kind in shapes:
        readings = read(made(kind, (5.0, 8.0), (17.0, 30.0)), left, right)
        means = []
        for reading in readings:
            assert reading is not None and reading.statistics is not None
            means.append(reading.statistics.mean)
        # A plane's mean is its value in the middle of the shape, (11, 19).
        assert means == pytest.approx([0.5 * (100.0 + 33.0 + 38.0) - 10.0] * 2, rel=0.01)
    one, other = read(made("profile"), left, right)
    assert one is not None and one.curve is not None and other is not None and other.curve is not None
    np.testing.assert_array_equal(one.curve.distance_mm, other.curve.distance_mm)
    assert one.curve.distance_mm[-1] == pytest.approx(math.hypot(10.0, 6.0))
    np.testing.assert_allclose(one.curve.values, other.curve.values, atol=0.3)


def test_that_padding_is_left_out_of_both_panes() -> None:
    stored = np.full((8, 8), 10.0, np.float32)
    stored[:4] = -99.0
    padding = padding_of(stored, -99.0, -99.0)
    left = Picture(stored, (8.0, 8.0), padding=padding)
    right = Picture(np.repeat(np.repeat(stored, 2, 0), 2, 1), (8.0, 8.0), padding=padding)
    for reading, count in zip(
        read(made("rectangle", (0.0, 2.0), (8.0, 6.0)), left, right), (16, 64), strict=True
    ):
        assert reading is not None and reading.statistics is not None
        assert (reading.statistics.count, reading.statistics.minimum) == (count, 10.0)


def test_that_colour_and_absent_pictures_say_nothing() -> None:
    colour = Picture(np.zeros((4, 4, 3), np.uint8), (4.0, 4.0))
    found = read(made("ellipse"), colour, None)
    assert found[0] is not None and found[0].statistics is None
    assert found[1] is None
    assert values_inside(made("ellipse"), colour).size == 0


def test_that_a_large_shape_costs_more_than_a_line() -> None:
    large = Picture(np.zeros((2048, 2048), np.uint8), (200.0, 200.0))
    assert cost(made("rectangle", (0.0, 0.0), (200.0, 200.0)), None, large) == pytest.approx(2048**2)
    assert cost(made("distance", (0.0, 0.0), (200.0, 200.0)), None, large) < 10_000
