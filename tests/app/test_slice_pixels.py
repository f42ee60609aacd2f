"""From stored values to 8-bit pixels, without a widget."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainsr_desktop.app.slice_pixels import (
    Part,
    Reductions,
    SlicePixels,
    automatic_window,
    grey_of,
    halved,
    part_mm,
    robust_span,
    visible_part,
    window_of_values,
)
from brainsr_desktop.core.measure import padding_of
from brainsr_desktop.session.pictures import Picture, value_at
from brainsr_desktop.session.state import RectMm, WindowLevel


@given(st.integers(1, 90), st.integers(1, 90), st.sampled_from(["uint8", "int16", "float32"]))
def test_that_halving_takes_means_of_two_by_two(rows: int, columns: int, dtype: str) -> None:
    values = (np.arange(rows * columns).reshape(rows, columns) % 251).astype(dtype)
    padded = np.pad(values, ((0, rows % 2), (0, columns % 2)), mode="edge").astype(np.float64)
    wanted = padded.reshape(padded.shape[0] // 2, 2, padded.shape[1] // 2, 2).mean((1, 3))
    np.testing.assert_allclose(halved(values).astype(np.float64), wanted, rtol=1e-6)


def test_that_halving_keeps_colour() -> None:
    colour = np.full((4, 6, 3), (10, 20, 30), np.uint8)
    assert halved(colour).dtype == np.uint8
    assert np.array_equal(halved(colour), colour[:2, :3])


@given(
    st.floats(-5.0, 25.0),
    st.floats(-5.0, 25.0),
    st.floats(0.1, 40.0),
    st.floats(0.05, 60.0),
)
def test_that_the_part_covers_what_is_seen_at_the_screens_resolution(
    x: float, y: float, size: float, px_per_mm: float
) -> None:
    picture = Picture(np.zeros((300, 170), np.int16), (21.0, 17.0))
    visible = RectMm(x, y, size, size)
    part = visible_part(picture, visible, px_per_mm)
    if x > 17.0 + 1 or y > 21.0 + 1:
        assert part is None or part.right <= 170
        return
    if part is None:
        assert x + size < 0.2 or y + size < 0.2 or x > 16.8 or y > 20.8
        return
    place = part_mm(picture, part)
    assert place.x <= max(x, 0.0) + 1e-9
    assert place.y <= max(y, 0.0) + 1e-9
    assert place.x + place.width >= min(x + size, 17.0) - 1e-9
    assert place.y + place.height >= min(y + size, 21.0) - 1e-9
    if part.level:
        assert (1 << part.level) * 0.1 * px_per_mm <= 1.0 + 1e-9


def test_that_a_reduced_picture_has_few_pixels_for_a_small_pane() -> None:
    picture = Picture(np.zeros((2048, 2048), np.float32), (220.0, 220.0))
    part = visible_part(picture, RectMm(0, 0, 220, 220), 600 / 220)
    assert part is not None
    assert part.level == 1
    assert (part.bottom, part.right) == (1024, 1024)


def test_that_both_panes_share_one_reduction() -> None:
    reductions = Reductions()
    pixels = np.ones((64, 64), np.int16)
    first = reductions.level(pixels, 2)
    assert reductions.level(pixels, 2) is first
    assert reductions.level(pixels, 0) is pixels
    reductions.clear()
    assert reductions.level(pixels, 2) is not first


@given(st.floats(-500, 500), st.floats(0.5, 2000.0), st.floats(-3, 3).filter(lambda s: abs(s) > 0.01))
def test_that_windowing_agrees_with_the_formula(center: float, width: float, slope: float) -> None:
    stored = np.arange(-600, 600, 5, dtype=np.int16).reshape(12, 20)
    picture = Picture(stored, (12.0, 20.0), slope=slope, intercept=-7.0)
    grey = grey_of(picture, WindowLevel(center, width), inverted=False)
    drawn = SlicePixels(Reductions()).drawn(picture, Part(0, 0, 12, 0, 20), grey)
    wanted = np.clip((stored * slope - 7.0 - (center - width / 2)) / width, 0.0, 1.0) * 255.0
    np.testing.assert_allclose(drawn, wanted, atol=0.51)


def test_that_a_rectangle_takes_the_values_of_the_pixels_it_touches() -> None:
    picture = Picture(np.arange(100, dtype=np.int16).reshape(10, 10), (20.0, 10.0), slope=2.0, intercept=1.0)
    window = window_of_values(picture, RectMm(2.2, 4.1, 0.5, 1.0))
    assert window is not None
    assert window.center == pytest.approx(22 * 2.0 + 1.0)
    assert window_of_values(picture, RectMm(30.0, 2.0, 4.0, 4.0)) is None
    assert window_of_values(Picture(np.full((4, 4), np.nan, np.float32), (4, 4)), RectMm(0, 0, 4, 4)) is None


def test_that_the_automatic_window_shows_the_head() -> None:
    head = np.zeros((100, 100), np.int16)
    head[20:80, 20:80] = np.linspace(200, 800, 3600).reshape(60, 60).astype(np.int16)
    picture = Picture(head, (100.0, 100.0), slope=0.5)
    window = automatic_window(picture)
    assert 90.0 < window.low < 180.0
    assert window.high == pytest.approx(400.0, rel=0.02)
    assert robust_span(picture) == pytest.approx(400.0, rel=0.02)


@pytest.mark.parametrize("value", [0.0, 5.0, np.nan])
def test_that_an_even_picture_has_a_window(value: float) -> None:
    picture = Picture(np.full((8, 8), value, np.float32), (8.0, 8.0))
    assert automatic_window(picture).width > 0
    assert robust_span(picture) > 0


def _padded() -> Picture:
    stored = np.full((8, 8), 500, np.int16)
    stored[:3] = -2000
    return Picture(stored, (8.0, 8.0), padding=padding_of(stored, -2000.0, -2000.0))


@pytest.mark.parametrize("inverted", [False, True])
def test_that_padding_is_black_and_nothing_else_is_quite(inverted: bool) -> None:
    picture = _padded()
    grey = grey_of(picture, WindowLevel(500.0, 10.0), inverted=inverted)
    drawn = SlicePixels(Reductions()).drawn(picture, Part(0, 0, 8, 0, 8), grey)
    assert not drawn[:3].any()
    assert drawn[3:].all()


def test_that_a_result_is_padded_where_its_input_was() -> None:
    source = _padded()
    made = Picture(np.full((32, 32), 500.0, np.float32), (8.0, 8.0), padding=source.padding)
    drawn = SlicePixels(Reductions()).drawn(
        made, Part(0, 0, 32, 0, 32), grey_of(made, WindowLevel(0, 1), inverted=False)
    )
    assert not drawn[:12].any()
    assert drawn[12:].all()


def test_that_padding_counts_in_no_window() -> None:
    picture = _padded()
    assert automatic_window(picture).center == pytest.approx(500.0)
    window = window_of_values(picture, RectMm(0.0, 0.0, 8.0, 8.0))
    assert window is not None and window.center == pytest.approx(500.0)
    assert window_of_values(picture, RectMm(0.0, 0.0, 8.0, 2.0)) is None
    assert value_at(picture, 1.0, 1.0) is None
    assert value_at(picture, 1.0, 6.0) == 500.0
