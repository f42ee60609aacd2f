"""Both panes together: one field, one grey window, one cursor, and the mouse map."""

from __future__ import annotations

import weakref
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QNativeGestureEvent, QPointingDevice
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.store import Store
from brainsr_desktop.app.viewport import Viewport
from brainsr_desktop.app.viewport_pair import ViewportPair
from brainsr_desktop.core.intensity import robust_range
from brainsr_desktop.session import intents
from brainsr_desktop.session.pictures import PaneState, PaneStatus, ResultKey
from brainsr_desktop.session.state import RectMm, ViewState, WindowLevel
from tests.app.viewing import (
    FULL,
    ORIGINAL,
    double_click,
    drag,
    drawn,
    leave,
    make_state,
    move,
    picture_of,
    show_pair,
    turn,
)

CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def ramp() -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    """Values 0..1000 from left to right, 40 x 32."""
    return np.tile(np.linspace(0, 1000, 32), (40, 1)).astype(np.int16)


def filled_pair(qtbot: QtBot, state: ViewState | None = None) -> tuple[ViewportPair, Store]:
    pair, store = show_pair(qtbot, state or make_state())
    stack = store.state.stack
    assert stack is not None
    pair.set_left(picture_of(stack, ramp()), ORIGINAL)
    pair.set_right(picture_of(stack, np.kron(ramp(), np.ones((4, 4))).astype(np.float32)), FULL)
    return pair, store


def middle(view: Viewport) -> QPointF:
    return QPointF(view.viewport().rect().center())


# Grey window


@pytest.mark.parametrize("side", ["left", "right"])
def test_that_a_drag_changes_the_window_of_both_panes(qtbot: QtBot, side: str) -> None:
    pair, store = filled_pair(qtbot)
    before = drawn(pair.left.view), drawn(pair.right.view)
    view = pair.left.view if side == "left" else pair.right.view
    drag(view, middle(view), middle(view) + QPointF(-80, 40))
    assert store.state.window is not None
    assert (drawn(pair.left.view) != before[0]).any()
    assert (drawn(pair.right.view) != before[1]).any()


def test_that_a_drag_over_the_panes_width_widens_the_window_by_the_robust_range(qtbot: QtBot) -> None:
    pair, store = filled_pair(qtbot)
    low, high = robust_range(ramp())
    width = pair.left.view.size_px[0]
    drag(pair.left.view, QPointF(0, 100), QPointF(width, 100))
    assert store.state.window is not None
    assert store.state.window.center == 500.0
    assert store.state.window.width == pytest.approx(1000.0 + high - low, rel=1e-6)


def test_that_dragging_up_is_brighter(qtbot: QtBot) -> None:
    pair, store = filled_pair(qtbot)
    dark = drawn(pair.left.view).mean()
    drag(pair.left.view, middle(pair.left.view), middle(pair.left.view) - QPointF(0, 60))
    assert store.state.window is not None
    assert store.state.window.center < 500.0
    assert store.state.window.width == 1000.0
    assert drawn(pair.left.view).mean() > dark


def test_that_shift_held_after_the_start_is_a_quarter_as_fast(qtbot: QtBot) -> None:
    results = []
    for later in (None, SHIFT):
        pair, store = filled_pair(qtbot)
        drag(pair.left.view, QPointF(50, 100), QPointF(250, 100), later=later)
        assert store.state.window is not None
        results.append(store.state.window.width - 1000.0)
    assert results[1] == pytest.approx(results[0] / 4)


def test_that_the_window_never_becomes_empty_and_comes_back_with_the_mouse(qtbot: QtBot) -> None:
    pair, store = filled_pair(qtbot)
    view = pair.left.view
    drag(view, QPointF(400, 100), QPointF(-2000, 100), release=False)
    assert store.state.window is not None
    assert 0 < store.state.window.width < 5
    move(view, QPointF(400, 100), Qt.MouseButton.LeftButton)
    assert store.state.window.width == pytest.approx(1000.0)


def test_that_a_drag_is_one_undo_step(qtbot: QtBot) -> None:
    pair, store = filled_pair(qtbot)
    drag(pair.left.view, QPointF(50, 100), QPointF(150, 150))
    drag(pair.left.view, QPointF(50, 100), QPointF(90, 200))
    assert store.undo() == "Grey window"
    assert store.state.window != WindowLevel(500.0, 1000.0)
    assert store.undo() == "Grey window"
    assert store.state.window == WindowLevel(500.0, 1000.0)


def test_that_a_cancelled_drag_leaves_everything_as_it_was(qtbot: QtBot) -> None:
    pair, store = filled_pair(qtbot)
    before = store.state
    drag(pair.left.view, QPointF(50, 100), QPointF(150, 150), release=False)
    assert store.state != before
    assert pair.cancel_drag()
    assert store.state == before
    move(pair.left.view, QPointF(300, 300), Qt.MouseButton.LeftButton)
    assert store.state == before
    assert not pair.cancel_drag()


def test_that_a_rectangle_sets_the_window_from_the_values_inside(qtbot: QtBot) -> None:
    pair, store = filled_pair(qtbot)
    view = pair.left.view
    drag(view, view.to_px((10.05, 5.0)), view.to_px((19.95, 30.0)), modifiers=CONTROL)
    inside = ramp()[0, 10:20]
    assert store.state.window is not None
    assert store.state.window.low == pytest.approx(inside.min(), abs=1.0)
    assert store.state.window.high == pytest.approx(inside.max(), abs=1.0)


def test_that_a_stack_without_a_window_gets_one_and_keeps_it_over_its_slices(qtbot: QtBot) -> None:
    pair, store = filled_pair(qtbot, make_state(window=None))
    first = pair.grey
    assert first.width > 0
    store.apply(lambda state: intents.go_to(state, 3))
    assert store.state.stack is not None
    pair.set_left(picture_of(store.state.stack, ramp() * 2), ORIGINAL)
    assert pair.grey == first


# Slices


@pytest.mark.parametrize(
    ("deltas", "keys", "reached"),
    [
        ([-120], Qt.KeyboardModifier.NoModifier, 11),
        ([120], Qt.KeyboardModifier.NoModifier, 9),
        ([-240], Qt.KeyboardModifier.NoModifier, 12),
        ([-30, -30, -30], Qt.KeyboardModifier.NoModifier, 10),
        ([-30, -30, -30, -30], Qt.KeyboardModifier.NoModifier, 11),
        ([-90, 90, 30], Qt.KeyboardModifier.NoModifier, 9),
        ([-120], SHIFT, 20),
        ([-12000], Qt.KeyboardModifier.NoModifier, 23),
    ],
)
def test_that_the_wheel_goes_one_slice_a_notch(
    qtbot: QtBot, deltas: list[int], keys: Qt.KeyboardModifier, reached: int
) -> None:
    pair, store = filled_pair(qtbot, make_state(slice_index=10))
    for delta in deltas:
        turn(pair.right.view, delta, modifiers=keys)
    assert store.state.slice_index == reached


def test_that_the_scroll_tool_goes_through_the_slices(qtbot: QtBot) -> None:
    pair, store = filled_pair(qtbot, make_state(slice_index=5, tool="scroll"))
    drag(pair.left.view, QPointF(100, 100), QPointF(100, 130))
    assert store.state.slice_index == 10


# Zoom and pan


@pytest.mark.parametrize(("flip_h", "flip_v"), [(False, False), (True, False), (True, True)])
def test_that_the_place_under_the_cursor_stays_while_zooming(
    qtbot: QtBot, flip_h: bool, flip_v: bool
) -> None:
    pair, store = filled_pair(qtbot, make_state(flip_h=flip_h, flip_v=flip_v))
    view, at = pair.left.view, QPointF(150, 120)
    before, scale = view.to_mm(at), pair.field.mm_per_px
    turn(view, 360, at, CONTROL)
    assert view.to_mm(at) == pytest.approx(before, abs=1e-6)
    assert pair.field.mm_per_px == pytest.approx(scale / 1.2**3)
    assert store.state.slice_index == 0


def test_that_a_right_drag_upwards_zooms_in_about_its_start(qtbot: QtBot) -> None:
    pair, _ = filled_pair(qtbot)
    view, start = pair.left.view, QPointF(200, 200)
    before, scale = view.to_mm(start), pair.field.mm_per_px
    drag(view, start, QPointF(200, 150), Qt.MouseButton.RightButton)
    assert pair.field.mm_per_px == pytest.approx(scale / 1.01**50)
    assert view.to_mm(start) == pytest.approx(before, abs=1e-6)


@pytest.mark.parametrize("flip_h", [False, True])
@pytest.mark.parametrize(
    ("button", "keys"),
    [(Qt.MouseButton.MiddleButton, Qt.KeyboardModifier.NoModifier), (Qt.MouseButton.LeftButton, SHIFT)],
)
def test_that_a_pan_keeps_the_picture_under_the_hand(
    qtbot: QtBot, button: Qt.MouseButton, keys: Qt.KeyboardModifier, flip_h: bool
) -> None:
    pair, store = filled_pair(qtbot, make_state(rect_mm=RectMm(8, 8, 12, 12), flip_h=flip_h))
    view, start, end = pair.left.view, QPointF(100, 100), QPointF(130, 80)
    held = view.to_mm(start)
    drag(view, start, end, button, modifiers=keys)
    assert view.to_mm(end) == pytest.approx(held, abs=1e-6)
    assert store.undo() == "Pan"
    assert store.state.rect_mm == RectMm(8, 8, 12, 12)


def test_that_turns_of_the_wheel_in_a_row_are_one_undo_step(qtbot: QtBot) -> None:
    pair, store = filled_pair(qtbot)
    for _ in range(3):
        turn(pair.left.view, 120, modifiers=CONTROL)
    assert store.undo() == "Zoom"
    assert store.state.rect_mm is None


def test_that_one_to_one_shows_one_screen_pixel_for_each(qtbot: QtBot) -> None:
    pair, store = filled_pair(qtbot)
    pair.zoom_to_pixels("left")
    assert pair.left.view.device_px_per_pixel() == pytest.approx(1.0)
    pair.zoom_to_pixels("right")
    assert pair.right.view.device_px_per_pixel() == pytest.approx(1.0)
    assert pair.zoom[1] == pytest.approx(400.0)
    pair.fit()
    assert store.state.rect_mm is None
    assert pair.zoom[1] != pytest.approx(400.0)


def test_that_a_fitted_slice_is_seen_whole_and_in_the_middle(qtbot: QtBot) -> None:
    pair, _ = filled_pair(qtbot)
    for view in (pair.left.view, pair.right.view):
        width, height = view.size_px
        top_left, bottom_right = view.to_px((0.0, 0.0)), view.to_px((32.0, 40.0))
        assert top_left.x() > 0
        assert top_left.y() > 0
        assert top_left.x() + bottom_right.x() == pytest.approx(width, abs=1e-6)
        assert top_left.y() + bottom_right.y() == pytest.approx(height, abs=1e-6)
        assert bottom_right.y() - top_left.y() > 0.95 * height


@pytest.mark.parametrize("rect", [None, RectMm(5, 5, 10, 10)])
def test_that_both_panes_keep_one_scale_and_one_centre_when_the_divider_moves(
    qtbot: QtBot, rect: RectMm | None
) -> None:
    pair, _ = filled_pair(qtbot, make_state(rect_mm=rect))
    pair._divider.setSizes([500, 250])
    QApplication.processEvents()
    left, right = pair.left.view, pair.right.view
    assert left.size_px[0] > right.size_px[0] + 100
    centres = [view.to_mm(QPointF(view.size_px[0] / 2, view.size_px[1] / 2)) for view in (left, right)]
    assert centres[0] == pytest.approx(centres[1], abs=1e-6)
    scales = [view.to_mm(QPointF(100, 100))[0] - view.to_mm(QPointF(0, 100))[0] for view in (left, right)]
    assert scales[0] == pytest.approx(scales[1])


# Panes


def test_that_a_double_click_shows_one_pane_full_and_again_both(qtbot: QtBot) -> None:
    pair, _ = filled_pair(qtbot)
    width = pair.right.view.size_px[0]
    double_click(pair.right.view)
    QApplication.processEvents()
    assert (pair.left.isVisible(), pair.right.isVisible(), pair.single) == (False, True, "right")
    assert pair.right.view.size_px[0] > 1.8 * width
    double_click(pair.right.view)
    QApplication.processEvents()
    assert (pair.left.isVisible(), pair.right.isVisible(), pair.single) == (True, True, None)


def test_that_the_pane_with_the_focus_is_marked(qtbot: QtBot) -> None:
    pair, _ = filled_pair(qtbot)
    QTest.mouseClick(pair.right.view.viewport(), Qt.MouseButton.LeftButton)
    assert (pair.left.active, pair.right.active, pair.active) == (False, True, "right")
    with qtbot.waitSignal(pair.active_changed):
        pair.set_active("left")
    assert (pair.left.active, pair.right.active) == (True, False)


def test_that_a_right_click_asks_for_the_menu_and_a_drag_does_not(qtbot: QtBot) -> None:
    pair, store = filled_pair(qtbot)
    asked: list[str] = []
    pair.context_menu_requested.connect(lambda side, _at: asked.append(side))
    right = Qt.MouseButton.RightButton
    drag(pair.left.view, QPointF(100, 100), QPointF(100, 97), right, steps=1)
    assert asked == ["left"]
    assert store.state.rect_mm is None
    drag(pair.right.view, QPointF(100, 100), QPointF(100, 80), right)
    assert asked == ["left"]
    assert store.state.rect_mm is not None


def test_that_the_menu_key_asks_for_the_menu(qtbot: QtBot) -> None:
    pair, _ = filled_pair(qtbot)
    view = pair.right.view
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(), view.mapToGlobal(QPoint()))
    with qtbot.waitSignal(pair.context_menu_requested) as asked:
        QApplication.sendEvent(view, event)
    assert asked.args is not None
    assert asked.args[0] == "right"


def test_that_a_pinch_zooms_about_the_fingers(qtbot: QtBot) -> None:
    pair, _ = filled_pair(qtbot)
    view, at = pair.left.view, QPointF(120, 90)
    before, scale = view.to_mm(at), pair.field.mm_per_px
    event = QNativeGestureEvent(
        Qt.NativeGestureType.ZoomNativeGesture,
        QPointingDevice.primaryPointingDevice(),
        2,
        at,
        at,
        at,
        0.25,
        QPointF(),
    )
    QApplication.sendEvent(view.viewport(), event)
    assert pair.field.mm_per_px == pytest.approx(scale / 1.25)
    assert view.to_mm(at) == pytest.approx(before, abs=1e-6)


def test_that_files_dropped_on_a_picture_reach_the_window(qtbot: QtBot) -> None:
    pair, _ = filled_pair(qtbot)
    for pane in (pair.left, pair.right):
        assert not pane.view.acceptDrops()
        assert not pane.view.viewport().acceptDrops()


def test_that_the_cursor_is_forgotten_when_the_mouse_leaves(qtbot: QtBot) -> None:
    pair, _ = filled_pair(qtbot)
    seen: list[object] = []
    pair.cursor_moved.connect(seen.append)
    move(pair.left.view, middle(pair.left.view))
    leave(pair.left.view)
    assert seen[0] == pytest.approx((16.0, 20.0), abs=0.2)
    assert seen[-1] is None
    assert pair.cursor_mm is None


def test_that_the_linked_cursor_is_drawn_in_the_other_pane(qtbot: QtBot) -> None:
    pair, _ = filled_pair(qtbot)
    before = drawn(pair.left.view), drawn(pair.right.view)
    move(pair.left.view, middle(pair.left.view))
    assert np.array_equal(drawn(pair.left.view), before[0])
    changed = np.argwhere((drawn(pair.right.view) != before[1]).any(2))
    at = pair.right.view.to_px(pair.cursor_mm)  # type: ignore[arg-type]
    ratio = pair.devicePixelRatioF()
    assert (changed.mean(0) + 0.5) / ratio == pytest.approx((at.y(), at.x()), abs=0.6)


def test_that_the_cursor_follows_a_picture_that_moves_under_a_still_mouse(qtbot: QtBot) -> None:
    pair, store = filled_pair(qtbot)
    move(pair.left.view, QPointF(100, 100))
    before = pair.cursor_mm
    store.apply(lambda state: intents.show_rect(state, RectMm(10, 10, 5, 5)))
    assert pair.cursor_mm == pytest.approx(pair.left.view.to_mm(QPointF(100, 100)))
    assert pair.cursor_mm != before


# Never stale


def test_that_a_picture_of_another_slice_is_gone_at_once(qtbot: QtBot) -> None:
    pair, store = filled_pair(qtbot)
    store.apply(lambda state: intents.scroll(state, 1))
    assert (pair.left_picture, pair.right_picture) == (None, None)
    assert drawn(pair.right.view).max() < 255
    assert pair.right.bar.label.text == "Loading"
    assert pair.right.strip.text() == ""
    store.apply(lambda state: intents.scroll(state, -1))
    assert pair.right_picture is not None


def test_that_a_late_result_for_another_slice_is_not_shown(qtbot: QtBot) -> None:
    pair, store = filled_pair(qtbot, make_state(slice_index=7))
    assert store.state.stack is not None
    late = picture_of(store.state.stack, ramp(), key=ResultKey("digest", 6, "recipe"))
    pair.set_right(late, FULL)
    assert pair.right_picture is None
    pair.set_right(replace(late, key=ResultKey("digest", 7, "recipe")), FULL)
    assert pair.right_picture is not None


def test_that_every_step_of_the_view_is_drawn_without_a_stack(qtbot: QtBot) -> None:
    pair, store = show_pair(qtbot, ViewState())
    for step in (intents.fit, intents.flip_h, intents.invert, intents.next_overlays):
        store.apply(step)
    turn(pair.left.view, 120, modifiers=CONTROL)
    drag(pair.left.view, QPointF(10, 10), QPointF(60, 60))
    pair.zoom_by(2.0)
    pair.zoom_to_pixels("right")
    assert pair.left_picture is None


def test_that_a_progress_of_the_full_network_is_told_beside_the_fast_picture(qtbot: QtBot) -> None:
    pair, _ = filled_pair(qtbot)
    assert pair.left_picture is not None
    pair.set_right(pair.left_picture, PaneStatus(PaneState.FAST, "Preview - fast network ESPCN x4", 0.4))
    assert pair.right.bar.label.text == "Preview - fast network ESPCN x4; full network 40 %"
    assert pair.right.view.accessibleDescription().startswith("slice 1 of 24, Preview")


def test_that_a_closed_stack_leaves_no_pixels_behind(qtbot: QtBot) -> None:
    pair, store = show_pair(qtbot, make_state())
    assert store.state.stack is not None
    pixels = np.ones((2048, 1024), np.int16)
    held = weakref.ref(pixels)
    pair.set_left(picture_of(store.state.stack, pixels), ORIGINAL)
    pair.set_right(picture_of(store.state.stack, pixels, smooth=True), FULL)
    del pixels
    assert held() is not None
    store.apply(lambda state: intents.open_stack(state, None))
    assert held() is None
    assert drawn(pair.right.view).max() < 255
