"""Comparing in the window: bar, keys, mouse, blink and pictures as seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QWidget
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.compare_bar import percent_of, step_of
from brainsr_desktop.app.compare_blink import period_ms
from brainsr_desktop.app.held_key import LoupeKey
from brainsr_desktop.session import intents, intents_compare
from brainsr_desktop.session.compare import (
    CURRENT,
    INPUT,
    MAPS,
    MODES,
    RANGES,
    REFERENCE,
    Comparing,
    Mode,
    Source,
)
from brainsr_desktop.session.pictures import PaneState, PaneStatus, Picture
from tests.app.frame_kit import Rig, make_rig, series_of, stack
from tests.app.viewing import drag, drawn, move, turn

ALT = Qt.KeyboardModifier.AltModifier
FAR = ALT | Qt.KeyboardModifier.ShiftModifier
MODE_KEYS = dict(zip((getattr(Qt.Key, f"Key_{n}") for n in range(1, 10)), MODES, strict=True))


@pytest.fixture
def rig(qtbot: QtBot, tmp_path: Path) -> Iterator[Rig]:
    for made in make_rig(qtbot, tmp_path):
        made.open(series_of(stack(1)))
        made.focus_images()
        yield made


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def texts(box: QComboBox) -> list[str]:
    return [box.itemText(row) for row in range(box.count())]


def pick(box: QComboBox, text: str) -> None:
    """Choose an entry as with the keyboard."""
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Home)
    while box.currentText() != text:
        row = box.currentIndex()
        QTest.keyClick(box, Qt.Key.Key_Down)
        assert box.currentIndex() > row, f"{text} is not in the list"


# Keys


@pytest.mark.parametrize(("key", "mode"), MODE_KEYS.items())
def test_that_alt_and_a_digit_choose_the_way_of_comparing(rig: Rig, key: Qt.Key, mode: Mode) -> None:
    start: Mode = "wipe" if mode == "side" else "side"
    rig.store.apply(lambda state: replace(state, mode=start, test_mode=mode == "agreement"))
    rig.key(key, ALT)
    assert rig.store.state.mode == mode
    assert rig.window.actions_[f"mode_{mode}"].isChecked()
    rig.window.actions_["undo"].trigger()
    assert rig.store.state.mode == start
    assert not rig.window.actions_[f"mode_{mode}"].isChecked()


def test_that_alt_2_again_turns_the_line_and_the_arrows_move_it(rig: Rig) -> None:
    rig.key(Qt.Key.Key_2, ALT)
    for key, keys, line in (
        (Qt.Key.Key_Right, ALT, 0.51),
        (Qt.Key.Key_Left, FAR, 0.41),
        (Qt.Key.Key_Up, ALT, 0.41),
    ):
        rig.key(key, keys)
        assert rig.store.state.compare.line == pytest.approx(line)
    rig.key(Qt.Key.Key_2, ALT)
    assert rig.store.state.compare.level
    rig.key(Qt.Key.Key_Down, FAR)
    rig.key(Qt.Key.Key_Up, ALT)
    assert rig.store.state.compare.line == pytest.approx(0.50)
    assert rig.store.state.slice_index == 4  # the arrows went to the line, not through the slices


def test_that_the_wipe_line_follows_the_hand(rig: Rig) -> None:
    rig.key(Qt.Key.Key_2, ALT)
    QApplication.processEvents()
    view = rig.window.areas.pair.right.view
    width = view.size_px[0]
    start = QPointF(round(width / 2) + 4, view.size_px[1] / 3)
    drag(view, start, start + QPointF(-0.3 * width, 10))
    assert rig.store.state.compare.line == pytest.approx(0.2, abs=0.02)


def test_that_b_begins_to_blink_and_swaps(rig: Rig) -> None:
    rig.key(Qt.Key.Key_B)
    assert (rig.store.state.mode, rig.store.state.compare.blink_side) == ("blink", "right")
    rig.key(Qt.Key.Key_B)
    assert rig.store.state.compare.blink_side == "left"
    assert rig.window.areas.pair.right.bar.label.text == "Original"
    assert not rig.window.comparing.clock.running
    rig.key(Qt.Key.Key_1, ALT)
    assert rig.store.state.mode == "side"


@pytest.mark.parametrize(
    ("held_s", "before", "after"),
    [(0.1, False, True), (0.1, True, False), (1.0, False, False), (1.0, True, True)],
)
def test_that_q_held_shows_the_loupe_and_tapped_keeps_it(
    rig: Rig, held_s: float, before: bool, after: bool
) -> None:
    clock = Clock()
    key = LoupeKey(rig.window.actions_["loupe"], rig.store, rig.window, clock)
    pair = rig.window.areas.pair
    pair.left.view.removeEventFilter(rig.window.comparing.loupe_key)
    key.watch(pair)
    rig.store.apply(lambda state: intents_compare.show_loupe(state, on=before))
    QTest.keyPress(pair.left.view, Qt.Key.Key_Q)
    assert rig.store.state.compare.loupe
    assert key.held
    clock.now += held_s
    QTest.keyRelease(pair.left.view, Qt.Key.Key_Q)
    assert rig.store.state.compare.loupe is after


def test_that_the_wheel_with_q_changes_the_factor_and_nothing_else(rig: Rig) -> None:
    view = rig.window.areas.pair.left.view
    slice_index = rig.store.state.slice_index
    QTest.keyPress(view, Qt.Key.Key_Q)
    factors = []
    for delta in (120, 120, 120, 120, 120, 120, -120):
        turn(view, delta)
        factors.append(rig.store.state.compare.loupe_factor)
    QTest.keyRelease(view, Qt.Key.Key_Q)
    assert factors[0] == pytest.approx(3.75)
    assert factors[-2] == 8.0
    assert factors[-1] == pytest.approx(6.4)
    assert not rig.store.state.compare.loupe  # it was used, not tapped
    assert rig.store.state.slice_index == slice_index
    turn(view, -120)
    assert rig.store.state.slice_index == slice_index + 1


def test_that_another_key_for_the_loupe_is_held_as_well(rig: Rig) -> None:
    rig.window.preferences.set(replace(rig.window.preferences.settings, keys=(("loupe", ("Y",)),)))
    view = rig.window.areas.pair.left.view
    QTest.keyPress(view, Qt.Key.Key_Y)
    assert rig.store.state.compare.loupe
    rig.window.areas.browser.search.setFocus()
    assert not rig.store.state.compare.loupe
    QTest.keyClick(view, Qt.Key.Key_Q)
    assert not rig.store.state.compare.loupe


def test_that_letters_typed_into_a_field_do_not_compare(rig: Rig) -> None:
    search = rig.window.areas.browser.search
    search.setFocus()
    QTest.keyClicks(search, "bqn")
    assert search.text() == "bqn"
    assert (rig.store.state.mode, rig.store.state.compare.loupe) == ("side", False)


def test_that_without_a_series_nothing_can_be_compared(rig: Rig) -> None:
    rig.controller.close_all()
    for name in ("mode_wipe", "blink", "loupe", "next_place", "line_left"):
        assert not rig.window.actions_[name].isEnabled()
    assert not rig.window.areas.compare.isVisible()


# The bar


def test_that_the_lists_offer_the_input_the_chosen_model_interpolations_and_networks(rig: Rig) -> None:
    bar = rig.window.areas.compare
    expected = [
        "Original",
        "BrainSR x4 (chosen)",
        "Interpolated: nearest",
        "Interpolated: linear",
        "Interpolated: cubic",
        "Interpolated: Lanczos",
        "Interpolated: zero-filled",
        "BrainSR x4",
        "ESPCN x4",
        "Sharp x4 (may invent detail)",
        "BrainSR x2",
    ]
    assert texts(bar.left) == texts(bar.right) == expected
    assert (bar.left.currentText(), bar.right.currentText()) == ("Original", "BrainSR x4 (chosen)")
    rig.store.apply(lambda state: intents.set_test_mode(state, on=True))
    assert texts(bar.left)[:2] == ["Degraded", "Reference (original)"]
    assert bar.left.currentText() == "Degraded"


def test_that_a_choice_in_a_list_is_a_choice_of_its_pane_and_can_be_undone(rig: Rig) -> None:
    bar = rig.window.areas.compare
    pick(bar.left, "Interpolated: cubic")
    pick(bar.right, "Sharp x4 (may invent detail)")
    state = rig.store.state
    assert (state.left, state.right) == (Source("model", "bicubic"), Source("model", "sharp-x4", 4))
    assert "Sharp x4" in bar.right.toolTip()
    while rig.store.undo_name:
        rig.window.actions_["undo"].trigger()
    assert (rig.store.state.left, rig.store.state.right) == (INPUT, CURRENT)
    assert (bar.left.currentText(), bar.right.currentText()) == ("Original", "BrainSR x4 (chosen)")


def test_that_the_wheel_over_a_list_changes_nothing(rig: Rig) -> None:
    bar = rig.window.areas.compare
    bar.left.setFocus()
    turn(bar.left, -120, QPointF(5, 5))
    assert rig.store.state.left == INPUT


def test_that_each_way_shows_its_own_settings(rig: Rig) -> None:
    bar = rig.window.areas.compare
    fields: dict[Mode, set[QWidget]] = {
        "wipe": {bar.turn},
        "blink": {bar.swap, bar.rate},
        "difference": {bar.range_, bar.range_words},
        "consistency": {bar.range_, bar.range_words},
        "stability": {bar.range_, bar.range_words},
        "agreement": {bar.limit, bar.limit_words},
        "board": {bar.fields, bar.fields_words},
    }
    every = {field for of_mode in fields.values() for field in of_mode}
    for mode in MODES:
        rig.store.apply(partial(replace, mode=mode))
        assert {field for field in every if field.isVisible()} == fields.get(mode, set())
    rig.store.apply(lambda state: intents_compare.show_loupe(state, on=True))
    assert bar.factor.isVisible()


def test_that_the_settings_do_what_they_say(rig: Rig) -> None:
    bar = rig.window.areas.compare

    def compare() -> Comparing:
        return rig.store.state.compare

    rig.key(Qt.Key.Key_2, ALT)
    QTest.mouseClick(bar.turn, Qt.MouseButton.LeftButton)
    assert compare().level
    rig.key(Qt.Key.Key_4, ALT)
    bar.range_.setFocus()
    QTest.keyClick(bar.range_, Qt.Key.Key_End)
    assert compare().range_percent == RANGES[1]
    assert bar.range_words.text() == "± 50 %"
    rig.store.apply(lambda state: intents_compare.choose_mode(state, "stability"))
    assert bar.range_words.text() == "to 50 %"
    rig.store.apply(lambda state: intents_compare.choose_mode(state, "agreement"))
    bar.limit.setFocus()
    QTest.keyClick(bar.limit, Qt.Key.Key_Right)
    assert (compare().agreement_limit, bar.limit_words.text()) == (0.51, "under 0.51")
    rig.store.apply(lambda state: intents_compare.choose_mode(state, "board"))
    bar.fields.setFocus()
    QTest.keyClick(bar.fields, Qt.Key.Key_Home)
    assert (compare().fields, bar.fields_words.text()) == (4, "4")
    rig.store.apply(lambda state: intents_compare.choose_mode(state, "blink"))
    QTest.mouseClick(bar.swap, Qt.MouseButton.LeftButton)
    assert compare().blink_side == "left"
    rig.store.apply(lambda state: intents_compare.show_loupe(state, on=True))
    bar.factor.setFocus()
    QTest.keyClick(bar.factor, Qt.Key.Key_Up)
    assert compare().loupe_factor == 3.5


@pytest.mark.parametrize("percent", [0.5, 1.0, 5.0, 12.0, 50.0])
def test_that_the_range_slider_keeps_the_range_it_shows(percent: float) -> None:
    assert percent_of(step_of(percent)) == pytest.approx(percent, rel=0.03)


@pytest.mark.parametrize("size", [(1280, 800), (1024, 640)])
@pytest.mark.parametrize("mode", MODES)
def test_that_nothing_of_the_bar_is_cut_off(rig: Rig, size: tuple[int, int], mode: Mode) -> None:
    rig.window.resize(*size)
    rig.store.apply(lambda state: replace(state, mode=mode))
    rig.store.apply(lambda state: intents_compare.show_loupe(state, on=True))
    QApplication.processEvents()
    bar = rig.window.areas.compare
    shown = [child for child in bar.children() if isinstance(child, QWidget) and child.isVisible()]
    edges = sorted((child.x(), child.x() + child.width()) for child in shown)
    assert edges[0][0] >= 0
    assert edges[-1][1] <= bar.width()
    assert all(one[1] <= other[0] for one, other in pairwise(edges))
    assert (
        min(
            child.height()
            for child in shown
            if hasattr(child, "x") and child not in (bar.range_words, bar.limit_words)
        )
        >= 15
    )
    assert bar.left.height() >= 24


def test_that_full_screen_shows_the_panes_without_the_bar(rig: Rig) -> None:
    rig.window.actions_["full_screen"].trigger()
    assert not rig.window.areas.compare.isVisible()
    rig.window.actions_["full_screen"].trigger()
    assert rig.window.areas.compare.isVisible()


# Blink


def test_that_pictures_are_swapped_as_often_as_asked_and_only_while_blinking(rig: Rig) -> None:
    rig.store.apply(lambda state: intents_compare.set_blinks(state, 2.0))
    assert period_ms(rig.store.state) is None
    rig.key(Qt.Key.Key_B)
    clock = rig.window.comparing.clock
    assert (period_ms(rig.store.state), clock.running) == (500, True)
    before = rig.store.state.compare.blink_side
    rig.qtbot.waitUntil(lambda: rig.store.state.compare.blink_side != before)
    rig.key(Qt.Key.Key_B)
    assert not clock.running
    rig.key(Qt.Key.Key_B)
    assert clock.running
    rig.store.apply(lambda state: intents.show_original(state, on=True))
    assert not clock.running
    rig.store.apply(lambda state: intents.show_original(state, on=False))
    rig.key(Qt.Key.Key_1, ALT)
    assert not clock.running


def test_that_more_than_three_swaps_a_second_need_a_second_yes(rig: Rig) -> None:
    rig.key(Qt.Key.Key_3, ALT)
    rate = rig.window.areas.compare.rate
    rate.setFocus()
    rate.setValue(3.0)
    assert rig.store.state.compare.blinks == 3.0
    notifier = rig.window.areas.notifier
    assert "epilepsy" not in notifier.text.text()
    rate.setValue(4.5)
    assert rig.store.state.compare.blinks == 3.0
    assert rate.value() == 3.0
    assert "epilepsy" in notifier.text.text()
    QTest.mouseClick(notifier.action, Qt.MouseButton.LeftButton)
    assert rig.store.state.compare.blinks == 4.5
    assert rate.value() == 4.5
    rate.setValue(0.1)
    assert rig.store.state.compare.blinks in (0.0, 0.3)
    rate.setValue(0.0)
    assert (rig.store.state.compare.blinks, rate.text()) == (0.0, "by hand")


# Pictures as seen


def show_two(rig: Rig) -> None:
    """Dark on the left, bright on the right."""
    found = rig.store.state.stack
    assert found is not None
    pixels = np.full((found.geometry.rows, found.geometry.columns), 100, np.int16)
    extent = found.geometry.extent_mm
    pair = rig.window.areas.pair
    pair.set_left(Picture(pixels, extent), PaneStatus(PaneState.ORIGINAL, "Original", name="Original"))
    full = PaneStatus(PaneState.FULL, "Network BrainSR x4 - CPU, 1.8 s", name="BrainSR x4")
    pair.set_right(Picture(pixels * 6, extent), full)
    if rig.store.state.mode in MAPS:
        status = PaneStatus(PaneState.DIFFERENCE, "Difference: BrainSR x4 minus cubic interpolation")
        pair.set_map(Picture(pixels * 5, extent, span=500.0), status)
    QApplication.processEvents()


@pytest.mark.parametrize("mode", MODES)
def test_that_a_picture_is_saved_and_copied_as_it_is_seen_with_its_notice(
    rig: Rig, tmp_path: Path, mode: Mode
) -> None:
    rig.store.apply(lambda state: replace(state, mode=mode))
    show_two(rig)
    pair = rig.window.areas.pair
    rig.window.actions_["copy_picture"].trigger()
    copied = QGuiApplication.clipboard().image()
    assert copied.size() == pair.size() * rig.window.devicePixelRatioF()
    rig.window.pictures.save(tmp_path / "seen.png")
    rig.qtbot.waitUntil(lambda: "seen.png" in rig.window.statusBar().currentMessage())
    saved = QPixmap(str(tmp_path / "seen.png")).toImage()
    assert saved.convertToFormat(copied.format()) == copied
    # The notice and every label that is seen are in it: the picture has the pixels of those widgets.
    pane = pair.right
    for widget in (pane.strip, pane.bar, *((pane.second_bar,) if mode in ("wipe", "board") else ())):
        assert widget.isVisible()
        corner = widget.mapTo(pair, widget.rect().topLeft())
        part = copied.copy(corner.x(), corner.y(), widget.width(), widget.height())
        assert part == widget.grab().toImage().convertToFormat(part.format())
    assert pane.strip.text().startswith("AI-enhanced")


def test_that_the_loupe_is_in_the_picture(rig: Rig) -> None:
    show_two(rig)
    view = rig.window.areas.pair.left.view
    plain = drawn(view)
    rig.store.apply(lambda state: intents_compare.show_loupe(state, on=True))
    move(view, QPointF(view.size_px[0] / 2, view.size_px[1] / 2))
    assert (drawn(view) != plain).any()


def test_that_the_reference_button_and_the_list_are_one_choice(rig: Rig) -> None:
    rig.store.apply(lambda state: intents.set_test_mode(state, on=True))
    rig.window.actions_["show_truth"].trigger()
    assert rig.store.state.left == REFERENCE
    assert rig.window.areas.compare.left.currentText() == "Reference (original)"
    pick(rig.window.areas.compare.left, "Degraded")
    assert not rig.window.actions_["show_truth"].isChecked()
