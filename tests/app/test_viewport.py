"""One pane: where pixels are drawn and how bright."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.viewport_pair import ViewportPair
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.session.pictures import PaneState, PaneStatus
from brainsr_desktop.session.state import RectMm, ViewState, WindowLevel
from tests.app.viewing import (
    FULL,
    ORIGINAL,
    PLANES,
    WINDOW,
    centre_of_light,
    drawn,
    make_stack,
    make_state,
    move,
    picture_of,
    show_pair,
)

FLIPS = list(itertools.product((False, True), repeat=2))
ZOOMS = {"fit": None, "half": RectMm(6.0, 7.0, 20.0, 22.0), "close": RectMm(14.0, 9.0, 4.0, 4.0)}
DOT = (13, 14)


def pair_with_dot(qtbot: QtBot, stack: StackInfo, scale: int, **changes: Any) -> ViewportPair:
    """One bright original pixel, and the pixels of the enhanced picture that cover the same square."""
    pair, _ = show_pair(qtbot, make_state(stack, **changes))
    rows, columns = stack.geometry.rows, stack.geometry.columns
    original = np.zeros((rows, columns), np.int16)
    original[DOT] = 1000
    enhanced = np.kron(original, np.ones((scale, scale))).astype(np.float32)
    pair.set_left(picture_of(stack, original), ORIGINAL)
    pair.set_right(picture_of(stack, enhanced), FULL)
    return pair


@pytest.mark.parametrize("zoom", ZOOMS)
@pytest.mark.parametrize(("flip_h", "flip_v"), FLIPS)
@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("scale", [2, 4])
def test_that_a_dot_lies_under_both_cursors(
    qtbot: QtBot, plane: str, flip_h: bool, flip_v: bool, zoom: str, scale: int
) -> None:
    spacing = (0.8, 1.1)
    stack = make_stack(spacing_mm=spacing, plane=plane)
    pair = pair_with_dot(qtbot, stack, scale, flip_h=flip_h, flip_v=flip_v, rect_mm=ZOOMS[zoom])
    left, right = pair.left.view, pair.right.view
    seen_left, seen_right = centre_of_light(left), centre_of_light(right)
    # The half-pixel rule: centre of original (r, c) is enhanced (s (r + 0.5) - 0.5, ...), in mm one and the same place.
    truth = ((DOT[1] + 0.5) * spacing[1], (DOT[0] + 0.5) * spacing[0])
    enhanced_pixel = min(spacing) / scale
    screen_pixel = pair.field.mm_per_px / pair.devicePixelRatioF()
    for view, seen in ((left, seen_left), (right, seen_right)):
        # A picture drawn with single pixels is itself only as exact as half a screen pixel.
        assert view.to_mm(seen) == pytest.approx(truth, abs=0.5 * enhanced_pixel + 0.5 * screen_pixel)
        at = view.to_px(truth)
        assert abs(at.x() - seen.x()) < 0.5 + 0.5 * enhanced_pixel / pair.field.mm_per_px
        assert view.to_mm(at) == pytest.approx(truth, abs=1e-6)
    move(left, left.to_px(truth))
    assert pair.cursor_mm == pytest.approx(truth, abs=1e-6)
    assert right._cross == pytest.approx(truth, abs=0.5 * enhanced_pixel)
    assert left._cross is None


@pytest.mark.parametrize(("rows", "columns"), [(1023, 517), (1030, 2050)])
def test_that_a_large_picture_shown_small_keeps_its_place(qtbot: QtBot, rows: int, columns: int) -> None:
    stack = make_stack(rows, columns, (0.2, 0.1))
    pair, _ = show_pair(qtbot, make_state(stack))
    pixels = np.zeros((rows, columns), np.uint16)
    pixels[-8:, -8:] = 1000
    pair.set_right(picture_of(stack, pixels), FULL)
    height, width = stack.geometry.extent_mm
    at = pair.right.view.to_mm(centre_of_light(pair.right.view))
    assert at == pytest.approx((width - 0.4, height - 0.8), abs=0.6 * pair.field.mm_per_px)


def test_that_pixels_that_are_not_square_are_drawn_in_proportion(qtbot: QtBot) -> None:
    stack = make_stack(rows=20, columns=40, spacing_mm=(2.0, 0.5))
    pair, _ = show_pair(qtbot, make_state(stack))
    pair.set_left(picture_of(stack, np.full((20, 40), 1000, np.int16)), ORIGINAL)
    light = drawn(pair.left.view)[..., 0] > 128
    height, width = np.count_nonzero(light.any(1)), np.count_nonzero(light.any(0))
    assert height / width == pytest.approx(40.0 / 20.0, abs=0.02)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("monochrome1", [False, True])
def test_that_grey_follows_the_window_in_units(
    qtbot: QtBot, dtype: str, inverted: bool, monochrome1: bool
) -> None:
    stack = make_stack(4, 4)
    stored = np.arange(16).reshape(4, 4) * 7
    state = make_state(stack, window=WindowLevel(110.0, 150.0), inverted=inverted)
    pair, _ = show_pair(qtbot, state)
    picture = picture_of(stack, stored.astype(dtype), slope=2.0, intercept=10.0, inverted=monochrome1)
    pair.set_left(picture, ORIGINAL)
    wanted = np.clip((stored * 2.0 + 10.0 - 35.0) / 150.0, 0.0, 1.0)
    if inverted != monochrome1:
        wanted = 1.0 - wanted
    seen = pixels_seen(pair, 4, 4)
    np.testing.assert_allclose(seen[..., 0], wanted * 255.0, atol=1.0)
    assert (seen[..., 0] == seen[..., 1]).all()


def test_that_what_is_no_number_is_black(qtbot: QtBot) -> None:
    stack = make_stack(2, 2)
    for inverted in (False, True):
        pair, _ = show_pair(qtbot, make_state(stack, inverted=inverted))
        pixels = np.array([[np.nan, 1000.0], [np.inf, -np.inf]], np.float32)
        pair.set_left(picture_of(stack, pixels), ORIGINAL)
        seen = pixels_seen(pair, 2, 2)[..., 0]
        assert seen.tolist() == ([[0, 0], [0, 255]] if inverted else [[0, 255], [255, 0]])


def test_that_colour_is_shown_as_it_is(qtbot: QtBot) -> None:
    stack = make_stack(2, 2)
    pair, store = show_pair(qtbot, make_state(stack))
    colours = np.array([[[255, 0, 0], [0, 200, 0]], [[0, 0, 100], [7, 8, 9]]], np.uint8)
    pair.set_left(picture_of(stack, colours), ORIGINAL)
    assert np.array_equal(pixels_seen(pair, 2, 2), colours)
    store.apply(lambda state: replace(state, window=WindowLevel(10.0, 5.0)))
    assert np.array_equal(pixels_seen(pair, 2, 2), colours)


def test_that_no_picture_is_drawn_after_none_is_set(qtbot: QtBot) -> None:
    pair = pair_with_dot(qtbot, make_stack(), 4)
    assert drawn(pair.right.view).max() == 255
    pair.set_right(None, PaneStatus(PaneState.OFF, ""))
    assert drawn(pair.right.view).max() == 0


@pytest.mark.parametrize(
    ("screen_px_per_pixel", "changes", "nearest"),
    [
        (0.7, {}, False),
        (1.5, {}, False),
        (2.5, {}, True),
        (2.5, {"interpolation": "linear"}, True),
    ],
)
def test_that_the_enhanced_pane_shows_single_pixels_from_two_hundred_percent(
    qtbot: QtBot, screen_px_per_pixel: float, changes: dict[str, Any], nearest: bool
) -> None:
    pair = pair_zoomed(qtbot, screen_px_per_pixel, changes)
    assert has_only_black_and_white(pair, "right") == nearest


@pytest.mark.parametrize(
    ("screen_px_per_pixel", "changes", "nearest"),
    [(0.7, {}, False), (1.5, {}, True), (9.3, {}, True), (9.3, {"interpolation": "linear"}, False)],
)
def test_that_the_original_is_drawn_as_chosen(
    qtbot: QtBot, screen_px_per_pixel: float, changes: dict[str, Any], nearest: bool
) -> None:
    pair = pair_zoomed(qtbot, screen_px_per_pixel, changes)
    assert has_only_black_and_white(pair, "left") == nearest


def test_that_a_preview_is_always_drawn_smooth(qtbot: QtBot) -> None:
    stack = make_stack(32, 32)
    pair, _ = show_pair(qtbot, make_state(stack))
    status = PaneStatus(PaneState.INTERPOLATED, "Preview - interpolated (linear), no network")
    pair.set_right(picture_of(stack, checks(32), smooth=True), status)
    assert not has_only_black_and_white(pair, "right")


def test_that_the_original_in_the_enhanced_pane_looks_like_the_original(qtbot: QtBot) -> None:
    stack = make_stack(250, 250)
    pair, _ = show_pair(qtbot, make_state(stack))
    pair.set_left(picture_of(stack, checks(250)), ORIGINAL)
    pair.set_right(picture_of(stack, checks(250)), PaneStatus(PaneState.ORIGINAL, "Original"))
    assert np.array_equal(drawn(pair.left.view), drawn(pair.right.view))


def test_that_all_this_holds_on_a_screen_of_a_fractional_scale() -> None:
    # The scale of a screen is fixed when an application starts: another process.
    chosen = "(fit and axial) or grey or enhanced or large"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__, "-k", chosen]
    scaled = {**os.environ, "QT_SCALE_FACTOR": "1.5"}
    done = subprocess.run(command, env=scaled, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def checks(side: int) -> np.ndarray[Any, np.dtype[np.int16]]:
    """A chess board of black and white pixels."""
    rows, columns = np.indices((side, side))
    return np.asarray((rows + columns) % 2 * 1000, np.int16)


def pair_zoomed(qtbot: QtBot, screen_px_per_pixel: float, changes: dict[str, Any]) -> ViewportPair:
    stack = make_stack(400, 400)
    pair, store = show_pair(qtbot, make_state(stack, **changes))
    ratio = pair.devicePixelRatioF()
    width, height = (side * ratio for side in pair.left.view.size_px)

    def zoomed(state: ViewState) -> ViewState:
        across, down = width / screen_px_per_pixel, height / screen_px_per_pixel
        return replace(state, rect_mm=RectMm(200 - across / 2, 200 - down / 2, across, down), window=WINDOW)

    store.apply(zoomed)
    pair.set_left(picture_of(stack, checks(400)), ORIGINAL)
    pair.set_right(picture_of(stack, checks(400)), FULL)
    return pair


def has_only_black_and_white(pair: ViewportPair, side: str) -> bool:
    view = pair.left.view if side == "left" else pair.right.view
    grey = drawn(view)[60:-60, 60:-60, 0]
    return bool(np.isin(grey, (0, 255)).all())


def pixels_seen(pair: ViewportPair, rows: int, columns: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Colour at the middle of each original pixel in the left pane."""
    view = pair.left.view
    image = drawn(view)
    places = [[view.to_px((column + 0.5, row + 0.5)) for column in range(columns)] for row in range(rows)]
    ratio = view.devicePixelRatioF()
    return np.array([[image[int(at.y() * ratio), int(at.x() * ratio)] for at in line] for line in places])
