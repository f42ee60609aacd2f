"""The panes in every way of comparing: what is drawn where, under which name, and where the cursor is."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.compare_paint import LENS_PX
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.viewport import Viewport
from brainsr_desktop.app.viewport_bars import NOTICE_NETWORK, NOTICE_PLAIN
from brainsr_desktop.app.viewport_pair import ViewportPair
from brainsr_desktop.core.measure import Padding
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.session import intents, intents_compare
from brainsr_desktop.session.compare import IN_ONE_PANE, MAPS, MODES, Comparing, Mode
from brainsr_desktop.session.pictures import PaneState, PaneStatus, ResultKey
from brainsr_desktop.session.state import RectMm, WindowLevel
from tests.app.viewing import (
    FULL,
    ORIGINAL,
    centre_of_light,
    double_click,
    drag,
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
SPACING = (0.8, 1.1)
SCALE = 4
KEY = ResultKey("digest", 0, "recipe")
DIFFERENCE = PaneStatus(PaneState.DIFFERENCE, "Difference: BrainSR x4 minus cubic interpolation")
LEFT, RIGHT = 300, 900
"""What the left and the right picture hold everywhere, where they hold one value."""


def compared_pair(
    qtbot: QtBot, mode: Mode, left: Any, right: Any, stack: StackInfo | None = None, **changes: Any
) -> tuple[ViewportPair, Store]:
    """A pair in a mode with two pictures and the map between them."""
    stack = stack or make_stack()
    pair, store = show_pair(qtbot, make_state(stack, mode=mode, **changes))
    pair.set_left(picture_of(stack, left), ORIGINAL)
    pair.set_right(picture_of(stack, right, key=KEY), replace(FULL, name="BrainSR x4"))
    if mode in MAPS:
        pair.set_map(picture_of(stack, np.asarray(right, np.float32), key=KEY, span=1000.0), DIFFERENCE)
    QApplication.processEvents()
    return pair, store


def flat_pair(qtbot: QtBot, mode: Mode, **changes: Any) -> tuple[ViewportPair, Store]:
    """Two pictures of one value each."""
    flat = np.ones((40, 32), np.int16)
    return compared_pair(
        qtbot, mode, flat * LEFT, np.kron(flat, np.ones((4, 4))).astype(np.float32) * RIGHT, **changes
    )


def value_at(view: Viewport, at: QPointF) -> int:
    """The value that a pane draws at a place, from its grey (window 0 to 1000)."""
    grey = drawn(view)[int(at.y() * view.devicePixelRatioF()), int(at.x() * view.devicePixelRatioF())]
    return int(round(float(grey[0]) / 255 * 1000, -2))


def dotted(scale: int) -> np.ndarray[Any, Any]:
    """One bright pixel of the original, on a matrix ``scale`` times as fine."""
    dot = np.zeros((40, 32), np.float32)
    dot[DOT] = 1000
    return np.asarray(np.kron(dot, np.ones((scale, scale))), np.float32)


TRUTH = ((DOT[1] + 0.5) * SPACING[1], (DOT[0] + 0.5) * SPACING[0])


def settings_that_show(side: str, mode: Mode) -> Comparing:
    """Settings of a mode that show that list's picture where the dot is."""
    line = {"left": 1.0, "right": 0.0}[side]
    return Comparing(line=line, alone=side, blink_side=side)  # type: ignore[arg-type]  # one of both sides


@pytest.mark.parametrize("zoom", ZOOMS)
@pytest.mark.parametrize(("flip_h", "flip_v"), FLIPS)
@pytest.mark.parametrize("mode", MODES)
def test_that_a_dot_lies_under_the_cursor_in_every_mode(
    qtbot: QtBot, mode: Mode, flip_h: bool, flip_v: bool, zoom: str
) -> None:
    enhanced_pixel = min(SPACING) / SCALE
    for side in ("left", "right"):
        pair, _ = compared_pair(
            qtbot,
            mode,
            dotted(1).astype(np.int16),
            dotted(SCALE),
            make_stack(spacing_mm=SPACING),
            flip_h=flip_h,
            flip_v=flip_v,
            rect_mm=ZOOMS[zoom],
            compare=settings_that_show(side, mode),
        )
        both = mode not in IN_ONE_PANE
        shown = {"left": pair.left.view, "right": pair.right.view}
        view = shown[side] if both or mode == "single" else pair.right.view
        assert view.isVisible()
        seen = _centre(view)
        screen_pixel = pair.field.mm_per_px / pair.devicePixelRatioF()
        assert view.to_mm(seen) == pytest.approx(TRUTH, abs=0.5 * enhanced_pixel + 0.5 * screen_pixel)
        move(view, view.to_px(TRUTH))
        assert pair.cursor_mm == pytest.approx(TRUTH, abs=1e-6)
        if both:
            other = shown["right" if side == "left" else "left"]
            assert other._cross == pytest.approx(TRUTH, abs=0.5 * enhanced_pixel)


def _centre(view: Viewport) -> QPointF:
    """Centre of what is as bright as the dot; lines, names and scales are not."""
    image = drawn(view).astype(int)
    bright = (image[..., 0] > 250) & (image[..., 2] < 90) if _is_map(view) else image.min(axis=-1) > 250
    inside = np.zeros_like(bright)
    at = view.to_px(TRUTH)
    ratio = view.devicePixelRatioF()
    reach = 60 * ratio + view.device_px_per_pixel() * SCALE
    x, y = at.x() * ratio, at.y() * ratio
    rows = slice(max(int(y - reach), 0), int(y + reach))
    inside[rows, max(int(x - reach), 0) : int(x + reach)] = True
    places = np.argwhere(bright & inside)
    assert places.size, "no dot is drawn"
    row, column = places.mean(axis=0) + 0.5
    return QPointF(column / ratio, row / ratio)


def _is_map(view: Viewport) -> bool:
    return view.picture is not None and view.picture.span is not None


@pytest.mark.parametrize("mode", MODES)
def test_that_every_mode_keeps_field_flips_window_and_cursor(qtbot: QtBot, mode: Mode) -> None:
    pair, store = flat_pair(qtbot, "side", rect_mm=RectMm(5, 6, 9, 8), flip_h=True)
    before, field = store.state, pair.field
    store.apply(lambda state: intents_compare.choose_mode(state, mode))
    QApplication.processEvents()
    after = store.state
    kept = ("rect_mm", "flip_h", "flip_v", "window", "slice_index", "tool")
    assert all(getattr(after, name) == getattr(before, name) for name in kept)
    assert (pair.field.x, pair.field.y) == pytest.approx((field.x, field.y))
    store.apply(lambda state: intents_compare.choose_mode(state, "side"))
    QApplication.processEvents()
    for view in (pair.left.view, pair.right.view):
        middle = QPointF(view.size_px[0] / 2, view.size_px[1] / 2)
        assert view.to_mm(middle) == pytest.approx((field.x, field.y), abs=1e-6)
        step = abs(view.to_mm(middle + QPointF(50, 0))[0] - view.to_mm(middle)[0])
        assert step == pytest.approx(50 * field.mm_per_px)


@pytest.mark.parametrize("mode", sorted(IN_ONE_PANE))
def test_that_one_pane_is_as_wide_as_both_and_takes_the_focus(qtbot: QtBot, mode: Mode) -> None:
    pair, store = flat_pair(qtbot, "side")
    pair.set_active("left")
    width = pair.right.view.size_px[0]
    store.apply(lambda state: intents_compare.choose_mode(state, mode))
    QApplication.processEvents()
    assert (pair.left.isVisible(), pair.right.isVisible()) == (False, True)
    assert pair.right.view.size_px[0] > 1.8 * width
    assert (pair.active, pair.right.active, pair.left.active) == ("right", True, False)
    store.apply(lambda state: intents_compare.choose_mode(state, "side"))
    QApplication.processEvents()
    assert pair.left.isVisible()
    assert pair.left.view.size_px[0] == pytest.approx(pair.right.view.size_px[0], abs=1)


# Wipe


@pytest.mark.parametrize("level", [False, True])
def test_that_a_wipe_shows_one_picture_on_each_side_of_its_line(qtbot: QtBot, level: bool) -> None:
    pair, _ = flat_pair(qtbot, "wipe", compare=Comparing(line=0.4, level=level), rect_mm=RectMm(10, 10, 9, 9))
    view = pair.right.view
    width, height = view.size_px
    for part in (0.05, 0.25, 0.37, 0.43, 0.7, 0.95):
        at = QPointF(width * 0.77, height * part) if level else QPointF(width * part, height * 0.7)
        assert value_at(view, at) == (LEFT if part < 0.4 else RIGHT)


@pytest.mark.parametrize("level", [False, True])
def test_that_both_sides_of_the_line_are_named(qtbot: QtBot, level: bool) -> None:
    pair, store = flat_pair(qtbot, "wipe", compare=Comparing(level=level))
    assert pair.right.view.signs.names == ("Original", "BrainSR x4")
    assert pair.right.second_bar.isVisible()
    assert pair.right.second_bar.label.text == "Original"
    assert pair.right.bar.label.text == FULL.text
    described = pair.right.view.accessibleDescription()
    assert described == f"slice 1 of 24, Original, {FULL.text}"
    # The names stay when every other text is switched off, and they are really painted.
    with_names = drawn(pair.right.view)
    pair.set_left(pair.left_picture, PaneStatus(PaneState.DEGRADED, "DEGRADED INPUT", name="Degraded"))
    assert (drawn(pair.right.view) != with_names).any()
    assert pair.right.second_bar.label.text == "DEGRADED INPUT"
    store.apply(lambda state: intents_compare.choose_mode(state, "side"))
    assert not pair.right.second_bar.isVisible()


@pytest.mark.parametrize("level", [False, True])
@pytest.mark.parametrize(("away", "taken"), [(0, True), (6, True), (-6, True), (8, False), (-8, False)])
def test_that_the_line_is_taken_within_six_pixels(qtbot: QtBot, level: bool, away: int, taken: bool) -> None:
    pair, store = flat_pair(qtbot, "wipe", compare=Comparing(line=0.5, level=level))
    view = pair.right.view
    width, height = view.size_px
    way = QPointF(0, 1) if level else QPointF(1, 0)
    length = height if level else width
    start = QPointF(width * 0.3, round(height / 2)) if level else QPointF(round(width / 2), height * 0.3)
    drag(view, start + way * away, start + way * (away + 0.25 * length))
    assert (store.state.compare.line != 0.5) is taken
    assert (store.state.window == WindowLevel(500.0, 1000.0)) is taken
    if taken:
        assert store.state.compare.line == pytest.approx(0.75, abs=8 / length)


def test_that_a_line_that_is_dragged_out_stays_at_the_edge_and_esc_brings_it_back(qtbot: QtBot) -> None:
    pair, store = flat_pair(qtbot, "wipe")
    view = pair.right.view
    middle = QPointF(round(view.size_px[0] / 2), 60)
    drag(view, middle, middle + QPointF(5000, 0), release=False)
    assert store.state.compare.line == 1.0
    assert pair.cancel_drag()
    assert store.state.compare.line == 0.5
    move(view, middle + QPointF(40, 0), Qt.MouseButton.LeftButton)
    assert store.state.compare.line == 0.5


def test_that_the_mouse_shows_where_the_line_can_be_taken(qtbot: QtBot) -> None:
    pair, _ = flat_pair(qtbot, "wipe")
    view = pair.right.view
    middle = QPointF(round(view.size_px[0] / 2), 60)
    for at, shape in (
        (middle, Qt.CursorShape.SplitHCursor),
        (middle + QPointF(30, 0), Qt.CursorShape.CrossCursor),
    ):
        move(view, at)
        assert view.viewport().cursor().shape() == shape


# Checkerboard, blink, difference


@pytest.mark.parametrize("fields", [4, 9, 32])
def test_that_a_board_shows_both_pictures_in_turn(qtbot: QtBot, fields: int) -> None:
    pair, _ = flat_pair(qtbot, "board", compare=Comparing(fields=fields), rect_mm=RectMm(10, 10, 9, 9))
    view = pair.right.view
    side = max(view.size_px) / fields
    for x, y in ((0, 1), (1, 1), (2, 2), (3, 2), (3, 0)):
        at = QPointF((x + 0.6) * side, (y + 0.4) * side)
        if at.y() < view.size_px[1]:
            assert value_at(view, at) == (LEFT if (x + y) % 2 == 0 else RIGHT)
    assert pair.right.second_bar.label.text == "1: Original"
    assert pair.right.bar.label.text == f"2: {FULL.text}"


def test_that_a_blink_changes_picture_and_label_together_and_nothing_moves(qtbot: QtBot) -> None:
    pair, store = flat_pair(qtbot, "blink", rect_mm=RectMm(10, 10, 9, 9))
    view = pair.right.view
    place = view.to_mm(QPointF(50, 60))
    for value, text in ((RIGHT, FULL.text), (LEFT, "Original"), (RIGHT, FULL.text)):
        assert value_at(view, QPointF(50, 60)) == value
        assert pair.right.bar.label.text == text
        assert view.to_mm(QPointF(50, 60)) == place
        store.apply(intents_compare.swap)


def test_that_a_map_has_neutral_zero_blue_below_and_orange_above(qtbot: QtBot) -> None:
    values = np.tile(np.repeat(np.array([-500.0, -250.0, 0.0, 250.0]), 8), (40, 1))
    pair, _ = compared_pair(qtbot, "difference", values, values, rect_mm=RectMm(0, 8, 32, 24))
    pair.set_map(picture_of(make_stack(), values, key=KEY, span=500.0), DIFFERENCE)
    view = pair.right.view
    colours = [
        drawn(view)[int(at.y()), int(at.x())].astype(int)
        for at in (view.to_px((column, 30.0)) for column in (4.0, 12.0, 20.0, 28.0))
    ]
    blue, light_blue, neutral, orange = colours
    assert blue[2] > blue[0] + 100
    assert light_blue[2] > light_blue[0] + 50
    assert np.ptp(neutral) <= 4
    assert orange[0] > orange[2] + 50
    assert blue.sum() > light_blue.sum() > neutral.sum()


def test_that_a_map_is_not_changed_by_the_grey_window_and_has_a_scale_in_units(qtbot: QtBot) -> None:
    values = np.full((40, 32), 200.0, np.float32)
    stack = make_stack(unit="Hz")
    pair, store = compared_pair(qtbot, "difference", values, values, stack, rect_mm=RectMm(10, 10, 9, 9))
    before = drawn(pair.right.view)
    store.apply(lambda state: intents.set_window(state, WindowLevel(10.0, 20.0)))
    store.apply(intents.invert)
    assert np.array_equal(drawn(pair.right.view), before)
    scale = pair.right.view.signs.scale
    assert scale is not None
    assert (scale.span, scale.unit) == (1000.0, "Hz")
    assert pair.left.view.signs.scale is None
    assert pair.right.bar.label.text == DIFFERENCE.text


def test_that_padding_is_black_in_a_map_too(qtbot: QtBot) -> None:
    values = np.full((40, 32), -1000.0, np.float32)
    mask = np.zeros((20, 16), np.bool_)
    mask[:, :8] = True
    pair, _ = compared_pair(qtbot, "difference", values, values, rect_mm=RectMm(8, 12, 16, 16))
    pair.set_map(picture_of(make_stack(), values, key=KEY, span=500.0, padding=Padding(mask)), DIFFERENCE)
    view = pair.right.view
    hidden, seen = (drawn(view)[int(at.y()), int(at.x())] for at in map(view.to_px, ((12, 14), (18, 14))))
    assert hidden.max() == 0
    assert seen.max() > 200


def test_that_a_map_of_another_picture_is_not_drawn(qtbot: QtBot) -> None:
    values = np.full((40, 32), 200.0, np.float32)
    pair, _ = compared_pair(qtbot, "difference", values, values)
    assert _is_map(pair.right.view)
    newer = picture_of(make_stack(), values, key=ResultKey("digest", 0, "another"))
    pair.set_right(newer, FULL)
    assert not _is_map(pair.right.view)
    assert pair.right.bar.label.text == FULL.text


# Space, notice, staleness, one pane


@pytest.mark.parametrize("mode", MODES)
def test_that_space_shows_the_original_where_the_enhanced_picture_is(qtbot: QtBot, mode: Mode) -> None:
    pair, store = flat_pair(
        qtbot, mode, rect_mm=RectMm(10, 10, 9, 9), compare=Comparing(line=0.1, blink_side="left")
    )
    store.apply(lambda state: intents.show_original(state, on=True))
    pair.set_right(pair.left_picture, ORIGINAL)
    pair.set_map(pair.left_picture, ORIGINAL)
    view = pair.right.view
    at = QPointF(view.size_px[0] * 0.6, view.size_px[1] * 0.7)
    assert value_at(view, at) == LEFT
    assert "Original" in pair.right.bar.label.text
    assert pair.right.strip.text() == ""


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("interpolated", [False, True])
def test_that_the_notice_is_there_in_every_mode(qtbot: QtBot, mode: Mode, interpolated: bool) -> None:
    pair, store = flat_pair(qtbot, mode)
    status = replace(FULL, interpolated=interpolated)
    pair.set_right(pair.right_picture, status)
    if mode in MAPS:
        pair.set_map(pair.right.view.picture, replace(DIFFERENCE, interpolated=interpolated))
    assert pair.right.strip.text() == (NOTICE_PLAIN if interpolated else NOTICE_NETWORK)
    store.apply(lambda state: intents_compare.show_alone(state, "left"))
    assert pair.left.strip.text() == ""
    pair.set_left(pair.left_picture, FULL)
    assert pair.left.strip.text() == NOTICE_NETWORK


@pytest.mark.parametrize("mode", MODES)
def test_that_no_mode_keeps_a_picture_of_another_slice(qtbot: QtBot, mode: Mode) -> None:
    pair, store = flat_pair(qtbot, mode)
    store.apply(lambda state: intents.scroll(state, 1))
    for view in (pair.left.view, pair.right.view):
        assert (view.picture, view.second) == (None, None)
    assert pair.right.bar.label.text.endswith("Loading")
    assert pair.right.strip.text() == ""


@pytest.mark.parametrize("mode", ["side", "wipe", "board", "difference", "blink"])
def test_that_a_double_click_shows_one_pane_and_again_what_was_there(qtbot: QtBot, mode: Mode) -> None:
    pair, store = flat_pair(qtbot, mode)
    double_click(pair.right.view)
    QApplication.processEvents()
    assert (store.state.mode, pair.single) == ("single", "right")
    assert pair.right.view.second is None
    double_click(pair.right.view)
    QApplication.processEvents()
    assert store.state.mode == mode
    assert store.undo() == "Way of comparing"
    assert store.state.mode == "single"


# Loupe


@pytest.mark.parametrize(("flip_h", "flip_v"), FLIPS)
@pytest.mark.parametrize("factor", [2.0, 5.0])
def test_that_the_loupe_shows_the_same_place_larger_in_both_panes(
    qtbot: QtBot, flip_h: bool, flip_v: bool, factor: float
) -> None:
    compare = Comparing(loupe=True, loupe_factor=factor)
    pair, _ = compared_pair(
        qtbot,
        "side",
        dotted(1).astype(np.int16),
        dotted(SCALE),
        make_stack(spacing_mm=SPACING),
        flip_h=flip_h,
        flip_v=flip_v,
        rect_mm=RectMm(0, 0, 32, 32),
        compare=compare,
    )
    left = pair.left.view
    # A little beside the dot, so that the lens must put it at the right distance, too.
    beside = (TRUTH[0] + 2.2 / factor, TRUTH[1] - 1.6 / factor)
    move(left, left.to_px(beside))
    for view in (left, pair.right.view):
        lens = view.signs.lens
        assert lens is not None
        assert lens.at == pytest.approx(beside, abs=1e-6)
        centre, dot = view.to_px(beside), view.to_px(TRUTH)
        expected = centre + (dot - centre) * factor
        side = SPACING[0] / pair.field.mm_per_px * factor
        seen = _light_around(view, expected, side)
        assert (seen.x(), seen.y()) == pytest.approx((expected.x(), expected.y()), abs=1.0)
        outside = expected + QPointF(side * 0.8, 0)
        assert value_at(view, outside) == 0


def _light_around(view: Viewport, at: QPointF, reach: float) -> QPointF:
    light = drawn(view)[..., 2].astype(float)
    light[light < 128] = 0
    y, x = np.indices(light.shape) + 0.5
    light[(abs(x - at.x()) > reach) | (abs(y - at.y()) > reach)] = 0
    assert light.any(), "no dot in the lens"
    return QPointF(float((x * light).sum() / light.sum()), float((y * light).sum() / light.sum()))


def test_that_the_loupe_is_round_and_two_hundred_pixels_wide(qtbot: QtBot) -> None:
    pair, store = flat_pair(qtbot, "side", rect_mm=RectMm(10, 10, 9, 9))
    view = pair.left.view
    before = drawn(view)
    store.apply(lambda state: intents_compare.show_loupe(state, on=True))
    centre = QPointF(view.size_px[0] / 2, view.size_px[1] / 2)
    move(view, centre)
    changed = np.argwhere((drawn(view) != before).any(axis=2))
    radii = np.hypot(changed[:, 1] + 0.5 - centre.x(), changed[:, 0] + 0.5 - centre.y())
    assert radii.max() == pytest.approx(LENS_PX / 2, abs=3)
    store.apply(lambda state: intents_compare.show_loupe(state, on=False))
    assert np.array_equal(drawn(view), before)


def test_that_the_loupe_over_a_wipe_shows_both_pictures(qtbot: QtBot) -> None:
    pair, _ = flat_pair(qtbot, "wipe", compare=Comparing(loupe=True), rect_mm=RectMm(10, 10, 9, 9))
    view = pair.right.view
    middle = QPointF(round(view.size_px[0] / 2), view.size_px[1] * 0.6)
    move(view, middle)
    assert value_at(view, middle + QPointF(-40, 20)) == LEFT
    assert value_at(view, middle + QPointF(40, 20)) == RIGHT


def test_that_the_divider_still_makes_room_and_halves(qtbot: QtBot) -> None:
    pair, store = flat_pair(qtbot, "side")
    pair._divider.setSizes([500, 250])
    QApplication.processEvents()
    wide = pair.left.view.size_px[0]
    modes: tuple[Mode, ...] = ("wipe", "side")
    for mode in modes:
        store.apply(partial(intents_compare.choose_mode, mode=mode))
        QApplication.processEvents()
    assert pair.left.view.size_px[0] == pytest.approx(wide, abs=2)
    QTest.mouseDClick(pair._divider.handle(1), Qt.MouseButton.LeftButton)
    QApplication.processEvents()
    assert pair.left.view.size_px[0] == pytest.approx(pair.right.view.size_px[0], abs=2)
    assert centre_of_light(pair.left.view) is not None
