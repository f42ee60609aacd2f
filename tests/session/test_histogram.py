"""Histograms against numpy, of slices, shapes and series."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from brainsr_desktop.core.measure import padding_of
from brainsr_desktop.session.histogram import BINS, of_pictures, of_series
from brainsr_desktop.session.measurements import Measurement
from brainsr_desktop.session.pictures import Picture
from brainsr_desktop.session.windows import measure
from tests.session.making import stack

RNG = np.random.default_rng(8)


def test_that_both_pictures_are_counted_in_one_set_of_bins() -> None:
    left = Picture(RNG.normal(100, 10, (20, 30)), (20.0, 30.0), slope=2.0, intercept=1.0)
    right = Picture(RNG.normal(100, 10, (80, 120)).astype(np.float32), (20.0, 30.0), slope=2.0, intercept=1.0)
    found = of_pictures(left, right, None, None)
    assert found is not None and found.left is not None and found.right is not None
    assert found.left.sum() == pytest.approx(1.0) and found.right.sum() == pytest.approx(1.0)
    wanted, edges = np.histogram(
        2.0 * np.asarray(left.pixels, float) + 1.0, BINS, (found.edges[0], found.edges[-1])
    )
    np.testing.assert_allclose(found.left, wanted / 600)
    np.testing.assert_allclose(found.edges, edges)


def test_that_a_shape_is_counted_alone_and_padding_never() -> None:
    pixels = np.zeros((10, 10))
    pixels[:, 5:] = 50.0
    pixels[0] = -99.0
    picture = Picture(pixels, (10.0, 10.0), padding=padding_of(pixels, -99.0, -99.0))
    whole = of_pictures(picture, None, None, None)
    assert whole is not None and whole.left is not None and whole.right is None
    assert (whole.edges[0], whole.edges[-1]) == (0.0, 50.0)
    assert whole.left[0] == whole.left[-1] == pytest.approx(0.5)
    shape = Measurement(1, 0, "rectangle", (0.0, 0.0), (5.0, 10.0))
    part = of_pictures(picture, None, shape, (0.0, 50.0))
    assert part is not None and part.left is not None
    assert part.left[0] == 1.0


def test_that_nothing_is_counted_where_nothing_is() -> None:
    colour = Picture(np.zeros((4, 4, 3), np.uint8), (4.0, 4.0))
    assert of_pictures(colour, None, None, None) is None
    nan = Picture(np.full((4, 4), np.nan), (4.0, 4.0))
    assert of_pictures(nan, nan, None, None) is None


def test_that_the_histogram_of_a_series_covers_its_full_range() -> None:
    values = RNG.integers(0, 500, (7, 8, 6)).astype(np.int16)
    found = measure(stack(), values, tuple(range(7)), 0, final=True)
    assert found is not None
    histogram = of_series(found)
    assert histogram is not None and histogram.left is not None
    assert histogram.left.sum() == pytest.approx(1.0)
    assert (histogram.edges[0], histogram.edges[-1]) == (found.full.low, found.full.high)
    assert of_series(replace(found, counts=())) is None


def test_that_a_large_picture_is_counted_by_a_part_of_its_pixels() -> None:
    pixels = RNG.normal(100, 10, (1600, 1500)).astype(np.float32)
    pixels[:800] = -99.0
    picture = Picture(pixels, (160.0, 150.0), padding=padding_of(pixels, -99.0, -99.0))
    found = of_pictures(picture, None, None, (50.0, 150.0))
    assert found is not None and found.left is not None
    wanted, _ = np.histogram(pixels[800:], BINS, (50.0, 150.0))
    np.testing.assert_allclose(found.left, wanted / wanted.sum(), atol=2e-3)
