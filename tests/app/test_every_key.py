"""Each key of each command, pressed in the real window: it does what its row of the sheet promises."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Final

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from brainsr_desktop.app import held_key
from brainsr_desktop.app.command_table import BY_ID, SPECS
from brainsr_desktop.app.mouse_table import FIXED_KEYS
from tests.app.frame_kit import Rig
from tests.app.key_effects import EFFECTS, TEST_ON, computing, measured, put
from tests.app.shared_window import SERIES, SharedWindow, shared_window
from tests.app.viewing import drag

KEYS: Final = [(spec.id, key) for spec in SPECS for key in spec.keys]
OVER_IMAGES: Final = [(name, key) for name, key in KEYS if BY_ID[name].scope == "image"]
OF_A_FIELD: Final = {"copy_picture", "undo", "redo", "previous_volume", "next_volume"}
"""A field takes the keys of these for itself."""
IN_TURN: Final = {"next_area", "previous_area"}
"""What these do depends on where the focus is."""
EVERYWHERE: Final = [
    (name, key)
    for name, key in KEYS
    if BY_ID[name].scope == "window" and key != "?" and name not in OF_A_FIELD | IN_TURN
]


@pytest.fixture(scope="module")
def shared_rig(
    request: pytest.FixtureRequest, qapp: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SharedWindow]:
    yield from shared_window(request, tmp_path_factory.mktemp("keys"))


@pytest.fixture
def rig(shared_rig: SharedWindow, monkeypatch: pytest.MonkeyPatch) -> Rig:
    monkeypatch.setattr(held_key, "TAP_S", math.inf)  # however slow the machine is, a click is a tap
    return shared_rig.restart()


def left(rig: Rig) -> QWidget:
    """The left pane, or the only one."""
    pair = rig.window.areas.pair
    return pair.left.view if pair.left.isVisible() else pair.right.view


WHERE: Final[dict[str, Callable[[Rig], QWidget]]] = {
    "right pane": lambda rig: rig.window.areas.pair.right.view,
    "slider": lambda rig: rig.window.areas.slider.track,
}


def press(rig: Rig, qtbot: QtBot, name: str, key: str, where: Callable[[Rig], QWidget]) -> None:
    """Prepare the window, give a widget the focus, press, and look for the effect."""
    effect = EFFECTS[name]
    effect.prepare(rig)
    target = where(rig)
    target.setFocus()
    assert QApplication.focusWidget() is target
    assert rig.window.actions_[name].isEnabled()
    assert not effect.seen(rig), f"{name} cannot be told from what was there before"
    QTest.keySequence(target, QKeySequence(key))
    qtbot.waitUntil(lambda: effect.seen(rig))


def test_that_every_command_with_a_key_has_an_expectation() -> None:
    assert set(EFFECTS) == {name for name, _ in KEYS}


@pytest.mark.parametrize(("name", "key"), KEYS)
def test_that_a_key_does_over_the_left_pane_what_its_row_says(
    rig: Rig, qtbot: QtBot, name: str, key: str
) -> None:
    press(rig, qtbot, name, key, left)


@pytest.mark.parametrize(("name", "key"), OVER_IMAGES)
@pytest.mark.parametrize("where", WHERE)
def test_that_a_key_of_the_images_acts_in_the_other_pane_and_on_the_slider(
    rig: Rig, qtbot: QtBot, where: str, name: str, key: str
) -> None:
    press(rig, qtbot, name, key, WHERE[where])


@pytest.mark.parametrize(("name", "key"), EVERYWHERE)
def test_that_a_key_of_the_window_acts_while_a_field_has_the_focus(
    rig: Rig, qtbot: QtBot, name: str, key: str
) -> None:
    press(rig, qtbot, name, key, lambda rig: rig.window.areas.browser.search)


def test_that_the_keys_of_the_images_do_nothing_in_a_field(rig: Rig, qtbot: QtBot) -> None:
    for prepare in (TEST_ON, put(mode="wipe"), measured(), computing):  # every command is possible
        prepare(rig)
    assert all(rig.window.actions_[name].isEnabled() for name, _ in OVER_IMAGES)
    browser = rig.window.areas.browser
    browser.search.setFocus()
    before = rig.store.state
    for name, key in OVER_IMAGES:
        QTest.keySequence(browser.search, QKeySequence(key))
        QApplication.processEvents()
        assert rig.store.state == before, name
    assert [asked for asked in rig.controller.asked if asked[0] != "thumbnail"] == []
    browser.search.clear()
    qtbot.waitUntil(lambda: len(browser.stacks()) == len(SERIES))


def test_that_escape_takes_back_the_drag_then_the_tool_then_the_preview(rig: Rig) -> None:
    computing(rig)
    put(tool="zoom")(rig)
    view = rig.window.areas.pair.left.view
    drag(view, QPointF(100, 200), QPointF(100, 120), release=False)
    assert rig.store.state.rect_mm is not None
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert (rig.store.state.rect_mm, rig.store.state.tool) == (None, "zoom")
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert rig.store.state.tool == "window"
    assert rig.controller.asked_for("stop") == []
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert rig.controller.asked_for("stop") == [("stop",)]


# Keys that belong to no command


def test_that_every_fixed_key_has_a_test() -> None:
    assert [fixed.key for fixed in FIXED_KEYS] == ["Space", "Tab", "Shift+Backtab"]


@pytest.mark.parametrize("where", ["left pane", *WHERE])
def test_that_space_tapped_keeps_the_original_and_the_next_tap_takes_it_away(rig: Rig, where: str) -> None:
    target = left(rig) if where == "left pane" else WHERE[where](rig)
    target.setFocus()
    for shown in (True, False):
        QTest.keyClick(target, Qt.Key.Key_Space)
        assert rig.store.state.show_original is shown
        assert rig.window.actions_["show_original"].isChecked() is shown


def test_that_space_held_shows_the_original_as_long_as_it_is_held(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_key, "TAP_S", 0.0)
    view = left(rig)
    QTest.keyPress(view, Qt.Key.Key_Space)
    assert rig.store.state.show_original
    QTest.keyRelease(view, Qt.Key.Key_Space)
    assert not rig.store.state.show_original


def test_that_the_tab_key_goes_from_pane_to_pane_and_back(rig: Rig) -> None:
    pair = rig.window.areas.pair
    QTest.keyClick(pair.left.view, Qt.Key.Key_Tab)
    assert pair.right.view.hasFocus() and pair.active == "right"
    QTest.keyClick(pair.right.view, Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    assert pair.left.view.hasFocus() and pair.active == "left"
