"""The row under the panes: slider with ticks, number field, volumes."""

from __future__ import annotations

import itertools
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QHelpEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QSpinBox, QToolTip, QWidget
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.slice_slider import SliceSlider
from brainsr_desktop.app.store import Store
from brainsr_desktop.session import intents, intents_series
from brainsr_desktop.session.pictures import SliceState
from brainsr_desktop.session.state import ViewState
from tests.app.frame_kit import make_rig, series_of, stack
from tests.app.viewing import make_stack, make_state, show, turn

STATES = dict(enumerate(SliceState))


def make_slider(qtbot: QtBot, state: ViewState | None = None, width: int = 900) -> tuple[SliceSlider, Store]:
    store = Store(state or make_state())
    slider = SliceSlider(store)
    show(qtbot, slider, (width, 80))
    return slider, store


def tick_picture(slider: SliceSlider, index: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    image = slider.track.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    lines = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    colours = lines[:, : image.width() * 3].reshape(image.height(), image.width(), 3)
    x, ratio = slider.track.place(index), slider.devicePixelRatioF()
    return colours[:, round((x - 7) * ratio) : round((x + 8) * ratio)].copy()


def test_that_the_ticks_of_all_states_differ_in_shape(qtbot: QtBot) -> None:
    slider, _ = make_slider(qtbot, make_state(slice_index=20))
    slider.set_slice_states(STATES)
    shapes = []
    for index in STATES:
        picture = tick_picture(slider, index).astype(int)
        shapes.append(np.abs(picture - picture[0, 0]).sum(2) > 90)
    for one, other in itertools.combinations(shapes, 2):
        assert np.count_nonzero(one != other) > 10


def test_that_a_click_goes_to_the_slice_under_the_mouse(qtbot: QtBot) -> None:
    slider, store = make_slider(qtbot)
    at = QPoint(round(slider.track.place(17)), 15)
    QTest.mouseClick(slider.track, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    assert store.state.slice_index == 17


def test_that_dragging_goes_through_the_slices(qtbot: QtBot) -> None:
    slider, store = make_slider(qtbot)
    places = [QPoint(round(slider.track.place(index)), 15) for index in (2, 9, 99)]
    QTest.mousePress(slider.track, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, places[0])
    QTest.mouseMove(slider.track, places[1])
    assert store.state.slice_index == 9
    QTest.mouseMove(slider.track, places[2])
    assert store.state.slice_index == 23


@pytest.mark.parametrize(
    ("key", "modifier", "reached"),
    [
        (Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, 11),
        (Qt.Key.Key_Down, Qt.KeyboardModifier.NoModifier, 11),
        (Qt.Key.Key_Up, Qt.KeyboardModifier.NoModifier, 9),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier, 0),
        (Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier, 20),
        (Qt.Key.Key_Home, Qt.KeyboardModifier.NoModifier, 0),
        (Qt.Key.Key_End, Qt.KeyboardModifier.NoModifier, 23),
    ],
)
def test_that_the_slider_obeys_the_keys(
    qtbot: QtBot, key: Qt.Key, modifier: Qt.KeyboardModifier, reached: int
) -> None:
    slider, store = make_slider(qtbot, make_state(slice_index=10))
    QTest.keyClick(slider.track, key, modifier)
    assert store.state.slice_index == reached


def test_that_the_wheel_goes_one_slice_a_notch_and_down_is_next(qtbot: QtBot) -> None:
    slider, store = make_slider(qtbot, make_state(slice_index=10))
    turn(slider.track, -120)
    assert store.state.slice_index == 11
    for _ in range(4):
        turn(slider.track, 30)
    assert store.state.slice_index == 10


def test_that_a_typed_number_goes_to_the_slice(qtbot: QtBot) -> None:
    slider, store = make_slider(qtbot)
    slider.focus_number()
    QTest.keyClicks(slider.number, "12")
    assert store.state.slice_index == 0
    QTest.keyClick(slider.number, Qt.Key.Key_Return)
    assert store.state.slice_index == 11
    assert slider.number.text() == "12 / 24"


def test_that_number_position_and_description_follow_the_slice(qtbot: QtBot) -> None:
    slider, store = make_slider(qtbot)
    slider.set_slice_states({11: SliceState.FULL})
    store.apply(lambda state: intents.go_to(state, 11))
    assert slider.number.text() == "12 / 24"
    assert slider.position.text() == "z 55.0 mm"
    assert slider.track.accessibleDescription() == "slice 12 of 24, full result"
    slider.set_slice_states({11: SliceState.FAILED})
    assert slider.track.accessibleDescription() == "slice 12 of 24, failed"


@pytest.mark.parametrize(
    ("name", "reached"), [("First slice", 0), ("Previous slice", 9), ("Next slice", 11), ("Last slice", 23)]
)
def test_that_the_buttons_go_to_their_slice(qtbot: QtBot, name: str, reached: int) -> None:
    slider, store = make_slider(qtbot, make_state(slice_index=10))
    button = next(b for b in slider.findChildren(QAbstractButton) if b.accessibleName() == name)
    assert min(button.width(), button.height()) >= 24
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert store.state.slice_index == reached


@pytest.mark.qt_log_ignore("This plugin does not support raise")  # the offscreen platform, for every tool tip
def test_that_the_tool_tip_names_slice_position_and_state(qtbot: QtBot) -> None:
    slider, _ = make_slider(qtbot)
    slider.set_slice_states({3: SliceState.FAST})
    at = QPoint(round(slider.track.place(3)), 15)
    event = QHelpEvent(QEvent.Type.ToolTip, at, slider.track.mapToGlobal(at))
    QApplication.sendEvent(slider.track, event)
    assert QToolTip.text() == "Slice 4 of 24, z 15.0 mm, fast result"
    QToolTip.hideText()


def test_that_volumes_have_a_second_slider_with_their_labels(qtbot: QtBot) -> None:
    slider, store = make_slider(qtbot, make_state(make_stack(volumes=3)))
    assert slider.volume_row.isVisible()
    assert slider.volume_text.text() == "b-value 0  (1 / 3)"
    QTest.keyClick(slider.volumes, Qt.Key.Key_Right)
    assert store.state.volume == 1
    assert slider.volume_text.text() == "b-value 1000  (2 / 3)"
    store.apply(lambda state: intents.open_stack(state, make_stack()))
    assert not slider.volume_row.isVisible()


def test_that_the_states_of_another_stack_are_forgotten(qtbot: QtBot) -> None:
    slider, store = make_slider(qtbot)
    slider.set_slice_states({0: SliceState.FULL})
    store.apply(lambda state: intents.open_stack(state, make_stack(id="2")))
    assert slider.track.state_of(0) is SliceState.NONE


def test_that_a_crowded_slider_still_shows_a_failed_slice(qtbot: QtBot) -> None:
    slider, _ = make_slider(qtbot, make_state(make_stack(slices=2000)), width=600)
    even = slider.track.grab().toImage()
    slider.set_slice_states({1201: SliceState.FAILED})
    failed = slider.track.grab().toImage()
    x, ratio = slider.track.place(1201), slider.devicePixelRatioF()
    column = range(round((x - 6) * ratio), round((x + 7) * ratio))
    assert any(
        even.pixelColor(at, y) != failed.pixelColor(at, y) for at in column for y in range(failed.height())
    )


@pytest.mark.parametrize("slices", [0, 1])
def test_that_no_slices_and_one_slice_are_no_trouble(qtbot: QtBot, slices: int) -> None:
    state = ViewState() if slices == 0 else make_state(make_stack(slices=1))
    slider, store = make_slider(qtbot, state)
    assert slider.isEnabled() == bool(slices)
    assert slider.number.text() == f"{slices} / {slices}"
    turn(slider.track, -120)
    slider.grab()
    assert store.state.slice_index == 0


def test_that_every_control_has_a_name(qtbot: QtBot) -> None:
    slider, _ = make_slider(qtbot)
    for widget in slider.findChildren(QWidget):
        if widget.focusPolicy() != Qt.FocusPolicy.NoFocus and not isinstance(widget.parent(), QSpinBox):
            assert widget.accessibleName(), widget


def test_that_the_tick_in_view_is_framed(qtbot: QtBot) -> None:
    slider, store = make_slider(qtbot)
    plain = tick_picture(slider, 12)
    store.apply(lambda state: intents.go_to(state, 12))
    assert np.count_nonzero((tick_picture(slider, 12) != plain).any(2)) > 20
    assert slider.track.step_at(QPointF(slider.track.place(12), 0).x()) == 12


def test_that_a_marked_slice_has_a_ring_whatever_its_state(qtbot: QtBot) -> None:
    slider, store = make_slider(qtbot, make_state(slice_index=20))
    slider.set_slice_states(STATES)
    for index in STATES:
        plain = tick_picture(slider, index).astype(int)
        store.apply(partial(intents.go_to, slice_index=index))
        store.apply(intents_series.toggle_mark)
        store.apply(lambda state: intents.go_to(state, 20))
        assert slider.track.is_marked(index)
        assert np.count_nonzero(np.abs(tick_picture(slider, index) - plain).max(2) > 60) > 15, index


def test_that_a_mark_is_heard_and_told(qtbot: QtBot) -> None:
    slider, store = make_slider(qtbot, make_state(slice_index=3))
    slider.seconds_of = {3: 1.84}.get
    slider.set_slice_states({3: SliceState.FULL})
    store.apply(intents_series.toggle_mark)
    assert slider.track.accessibleDescription() == "slice 4 of 24, full result, marked"
    assert slider._tip(3, SliceState.FULL) == "Slice 4 of 24, z 15.0 mm, full result, 1.8 s, marked"
    store.apply(intents_series.toggle_mark)
    assert slider.track.accessibleDescription() == "slice 4 of 24, full result"


def test_that_reverse_order_turns_the_slider_round(qtbot: QtBot) -> None:
    slider, store = make_slider(qtbot, make_state(slice_index=10))
    store.apply(lambda state: intents_series.set_reverse_order(state, on=True))
    assert slider.track.place(0) > slider.track.place(23)
    for index in (0, 7, 23):
        assert slider.track.step_at(slider.track.place(index)) == index
    QTest.keyClick(slider.track, Qt.Key.Key_Right)
    assert store.state.slice_index == 9
    turn(slider.track, -120)
    assert store.state.slice_index == 8
    QTest.keyClick(slider.track, Qt.Key.Key_Home)
    assert store.state.slice_index == 23
    QTest.keyClick(slider.track, Qt.Key.Key_End)
    assert store.state.slice_index == 0
    assert slider.number.text() == "1 / 24"


def test_that_a_number_typed_in_the_window_goes_to_its_slice_and_back_to_the_slider(
    qtbot: QtBot, tmp_path: Path
) -> None:
    for rig in make_rig(qtbot, tmp_path):
        rig.open(series_of(stack(1)))
        rig.focus_images()
        window = rig.store.state.window
        rig.key(Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
        rig.key(Qt.Key.Key_6)
        rig.key(Qt.Key.Key_Return)
        assert rig.store.state.slice_index == 5
        assert rig.store.state.window == window
        assert rig.controller.asked_for("retry") == []
        assert QApplication.focusWidget() is rig.window.areas.slider.track
        rig.key(Qt.Key.Key_K)
        assert rig.window.areas.slider.track.is_marked(5)
        assert rig.window.actions_["mark_slice"].isChecked()
        rig.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert not rig.window.areas.slider.track.is_marked(5)
