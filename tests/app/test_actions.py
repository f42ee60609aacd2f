"""One table holds every command: its words, its keys and where they act."""

from __future__ import annotations

from collections import Counter

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QToolButton

from brainsr_desktop.app.actions import effective_keys, normal_key, owner_of
from brainsr_desktop.app.command_table import BY_ID, SPECS
from brainsr_desktop.app.menu_table import MENUS, SEPARATOR, SUBMENUS, TOOL_BAR
from brainsr_desktop.app.menus import ICONS
from tests.app.frame_kit import Rig, series_of, stack


def test_that_every_command_has_a_place_in_the_menus(qapp: object) -> None:
    placed = [name for entries in (*MENUS.values(), *SUBMENUS.values()) for name in entries]
    placed = [name for name in placed if name != SEPARATOR and not name.startswith(">")]
    assert sorted(placed) == sorted(BY_ID)
    assert set(TOOL_BAR) - {SEPARATOR} <= set(BY_ID)
    assert set(ICONS) <= set(BY_ID)


def test_that_no_key_belongs_to_two_commands(qapp: object) -> None:
    keys = Counter(normal_key(key) for spec in SPECS for key in spec.keys)
    assert [key for key, count in keys.items() if count > 1 or not key] == []


def test_that_letters_and_arrows_act_on_images_only(qapp: object) -> None:
    free = ("Ctrl+", "F", "Shift+F", "Alt+")
    for spec in SPECS:
        if spec.scope == "window":
            # A field takes what is typed before a command does, so the question mark may act everywhere.
            assert all((key.startswith(free) and len(key) > 1) or key == "?" for key in spec.keys), spec.id


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("open_folder", "Ctrl+O"), ("open_files", "Ctrl+Shift+O"), ("export", "Ctrl+E"), ("settings", "Ctrl+,"),
        ("test_mode", "Ctrl+T"), ("hide_patient", "Ctrl+Shift+H"), ("browser", "F9"), ("panel", "F10"),
        ("full_screen", "F11"), ("next_area", "F6"), ("keys", "F1"), ("go_to_slice", "Ctrl+G"), ("undo", "Ctrl+Z"),
        ("redo", "Ctrl+Shift+Z"), ("enhance_series", "Ctrl+Return"), ("window_0", "0"), ("window_9", "9"),
        ("invert", "I"), ("flip_h", "H"), ("flip_v", "V"), ("fit", "F"), ("reset", "R"), ("reset_all", "Shift+R"),
        ("scale", "G"), ("previous_model", "["), ("next_model", "]"), ("metrics", "M"), ("overlays", "X"),
        ("masks", "U"),
        ("next_slice", "Down"), ("previous_slice", "Up"), ("first_slice", "Home"), ("last_slice", "End"),
        ("next_series", "PgDown"), ("tool_window", "W"), ("tool_pan", "T"), ("tool_zoom", "Z"), ("tool_scroll", "S"),
    ],
)  # fmt: skip
def test_that_the_default_keys_are_those_of_the_specification(qapp: object, name: str, key: str) -> None:
    assert normal_key(key) in effective_keys(())[name]


def test_that_the_users_keys_replace_the_defaults(qapp: object) -> None:
    keys = effective_keys((("fit", ("Ctrl+9",)), ("invert", ())))
    assert keys["fit"] == ("Ctrl+9",)
    assert keys["invert"] == ()
    assert keys["zoom_in"] == ("=", "+")


def test_that_a_key_of_another_command_is_left_out(qapp: object) -> None:
    keys = effective_keys((("fit", ("W", "Ctrl+9")),))
    assert keys["fit"] == ("Ctrl+9",)
    assert keys["tool_window"] == ("W",)
    assert owner_of("W", keys, "fit") == "Window / level"
    assert owner_of("W", keys, "tool_window") == ""


def test_that_what_is_no_key_or_no_command_is_left_out(qapp: object) -> None:
    keys = effective_keys((("fit", ("Ctrl+NoSuchKey", "")), ("no_such_command", ("Ctrl+9",))))
    assert keys["fit"] == ()
    assert set(keys) == set(BY_ID)


def test_that_arrows_scroll_while_a_pane_has_the_focus(rig: Rig) -> None:
    rig.open(series_of(stack(1, slices=30)))
    rig.focus_images()
    assert rig.store.state.slice_index == 15
    rig.key(Qt.Key.Key_Down)
    rig.key(Qt.Key.Key_Right)
    assert rig.store.state.slice_index == 17
    rig.key(Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert rig.store.state.slice_index == 7
    rig.key(Qt.Key.Key_End)
    assert rig.store.state.slice_index == 29
    rig.key(Qt.Key.Key_Home)
    assert rig.store.state.slice_index == 0


def test_that_letters_typed_into_a_field_do_not_act(rig: Rig) -> None:
    rig.open(series_of(stack(1)))
    before = rig.store.state
    search = rig.window.areas.browser.search
    search.setFocus()
    QTest.keyClicks(search, "withvgrx0")
    QTest.keyClick(search, Qt.Key.Key_Escape)
    assert search.text() == "withvgrx0"
    assert rig.store.state == before
    assert rig.controller.asked_for("stop") == []


def test_that_letters_act_while_the_slider_has_the_focus(rig: Rig) -> None:
    rig.open(series_of(stack(1)))
    rig.window.areas.slider.track.setFocus()
    rig.key(Qt.Key.Key_I)
    assert rig.store.state.inverted


@pytest.mark.parametrize(("key", "center", "width"), [
    (Qt.Key.Key_0, 450.0, 900.0), (Qt.Key.Key_1, 400.0, 800.0), (Qt.Key.Key_3, 600.0, 1200.0),
    (Qt.Key.Key_4, 450.0, 1350.0), (Qt.Key.Key_5, 450.0, 540.0), (Qt.Key.Key_6, 500.0, 300.0),
    (Qt.Key.Key_7, 250.0, 500.0), (Qt.Key.Key_8, 850.0, 700.0), (Qt.Key.Key_9, 500.0, 1000.0),
])  # fmt: skip
def test_that_digits_choose_the_grey_window(rig: Rig, key: Qt.Key, center: float, width: float) -> None:
    rig.open(series_of(stack(1)))
    rig.focus_images()
    rig.key(key)
    window = rig.store.state.window
    assert window is not None
    assert (window.center, window.width) == pytest.approx((center, width))


def test_that_a_window_that_the_series_lacks_is_greyed_out(rig: Rig) -> None:
    rig.open(series_of(stack(1)))
    assert not rig.window.actions_["window_2"].isEnabled()
    assert rig.window.actions_["window_1"].isEnabled()


def test_that_the_own_window_is_kept_relative_to_the_series(rig: Rig) -> None:
    rig.open(series_of(stack(1)))
    rig.focus_images()
    rig.key(Qt.Key.Key_6)
    rig.window.actions_["save_own_window"].trigger()
    viewing = rig.window.preferences.settings.viewing
    assert (viewing.own_center, viewing.own_width) == pytest.approx((0.5, 0.3))
    rig.key(Qt.Key.Key_0)
    rig.key(Qt.Key.Key_9)
    window = rig.store.state.window
    assert window is not None
    assert (window.center, window.width) == pytest.approx((500.0, 300.0))


def test_that_the_menu_names_the_step_that_undo_takes_back(rig: Rig) -> None:
    undo, redo = rig.window.actions_["undo"], rig.window.actions_["redo"]
    rig.open(series_of(stack(1)))
    assert not redo.isEnabled()
    rig.focus_images()
    rig.key(Qt.Key.Key_H)
    assert undo.text() == "&Undo flip left-right"
    rig.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not rig.store.state.flip_h
    assert redo.text() == "&Redo flip left-right"
    rig.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert rig.store.state.flip_h


def test_that_nothing_can_be_enhanced_while_nothing_is_open(rig: Rig) -> None:
    for name in ("export", "enhance_series", "enhance_slice", "test_mode", "fit", "go_to_slice"):
        assert not rig.window.actions_[name].isEnabled(), name
    rig.open(series_of(stack(1, why_not="colour image")))
    for name in ("export", "enhance_series", "enhance_slice", "test_mode"):
        assert not rig.window.actions_[name].isEnabled(), name
    assert rig.window.actions_["fit"].isEnabled()


def test_that_escape_takes_the_tool_back_before_it_stops_the_network(rig: Rig) -> None:
    rig.open(series_of(stack(1)))
    rig.focus_images()
    rig.key(Qt.Key.Key_Z)
    assert rig.store.state.tool == "zoom"
    rig.key(Qt.Key.Key_Escape)
    assert rig.store.state.tool == "window"
    assert rig.controller.asked_for("stop") == []
    rig.key(Qt.Key.Key_Escape)
    assert rig.controller.asked_for("stop") == []  # the picture is complete: nothing is running


def test_that_tool_tips_tell_the_key(rig: Rig) -> None:
    assert rig.window.actions_["open_folder"].toolTip().endswith("(Ctrl+O)")


def test_that_every_button_of_the_tool_bar_has_a_name_and_a_sign(rig: Rig) -> None:
    buttons = [b for b in rig.window.tools.findChildren(QToolButton) if b.defaultAction() is not None]
    assert len(buttons) == len([entry for entry in TOOL_BAR if entry != SEPARATOR])
    for button in buttons:
        assert button.accessibleName()
        assert not button.icon().isNull()


def test_that_no_menu_entry_is_dead(rig: Rig) -> None:
    """A command that is triggered must reach somebody: each action has a receiver besides its group."""
    for menu in rig.window.menuBar().findChildren(QMenu):
        for action in menu.actions():
            if action.objectName() in BY_ID:
                assert action.receivers("2triggered(bool)") > 0, action.objectName()
