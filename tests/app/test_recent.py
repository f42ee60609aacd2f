"""Recent folders: kept, greyed when they are gone, hidden with the patient."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.recent import RecentMenu, entry_words, there, today
from brainsr_desktop.settings import RecentFolder, load
from tests.app.frame_kit import READ, Rig, series_of, stack


def entries(menu: RecentMenu) -> list[QAction]:
    return [action for action in menu.actions() if isinstance(action.data(), str)]


def test_that_an_opened_folder_is_remembered_with_day_and_number(rig: Rig, tmp_path: Path) -> None:
    rig.open(series_of(stack(1)), series_of(stack(2)), path="/data/Study one")
    assert [action.text() for action in entries(rig.window.recent)] == [
        f"1  Study one  ({today()}, 2 series)"
    ]
    rig.window.preferences.finish()
    kept = load(tmp_path / "settings.toml").settings.recent
    assert kept == (RecentFolder("/data/Study one", today(), 2),)


def test_that_the_newest_comes_first_and_none_twice(rig: Rig) -> None:
    for name in ("a", "b", "a"):
        rig.open(series_of(stack(1)), path=f"/data/{name}")
    assert [action.data() for action in entries(rig.window.recent)] == ["/data/a", "/data/b"]


def test_that_folders_without_images_and_the_sample_are_not_remembered(rig: Rig) -> None:
    rig.open(path="/data/empty")
    rig.window.actions_["open_sample"].trigger()
    assert entries(rig.window.recent) == []
    assert rig.window.recent.actions()[0].text() == "No recent folders"


def test_that_a_recent_folder_is_opened_again(rig: Rig) -> None:
    rig.open(series_of(stack(1)), path="/data/a")
    entries(rig.window.recent)[0].trigger()
    assert rig.controller.asked_for("open")[-1] == ("open", ("/data/a",), False, None)


def test_that_the_list_can_be_cleared_and_turned_off(rig: Rig) -> None:
    rig.open(series_of(stack(1)), path="/data/a")
    rig.window.preferences.update("general", remember_recent=False)
    assert entries(rig.window.recent) == []
    rig.open(series_of(stack(1)), path="/data/b")
    rig.window.preferences.update("general", remember_recent=True)
    assert [action.data() for action in entries(rig.window.recent)] == ["/data/a"]
    rig.window.recent.actions()[-1].trigger()
    assert rig.window.preferences.settings.recent == ()


def test_that_missing_folders_turn_grey(rig: Rig, qtbot: QtBot, tmp_path: Path) -> None:
    folders = (RecentFolder(str(tmp_path)), RecentFolder(str(tmp_path / "gone")), RecentFolder("/a\x00b"))
    rig.window.preferences.set(replace(READ, recent=folders))
    rig.window.recent.look()
    qtbot.waitUntil(
        lambda: [action.isEnabled() for action in entries(rig.window.recent)] == [True, False, False]
    )
    assert "not there any more" in entries(rig.window.recent)[1].toolTip()
    assert there([str(tmp_path), str(tmp_path / "gone")]) == {str(tmp_path)}


def test_that_names_and_days_are_hidden_with_the_patient() -> None:
    folder = RecentFolder("/data/Muster Anna", "2024-03-05", 3)
    assert entry_words(folder, 2, hidden=False) == "2  Muster Anna  (2024-03-05, 3 series)"
    assert entry_words(folder, 2, hidden=True) == "2  hidden  (3 series)"


def test_that_an_ampersand_of_a_folder_is_shown(rig: Rig) -> None:
    rig.window.preferences.set(replace(READ, recent=(RecentFolder("/data/A & B"),)))
    assert entries(rig.window.recent)[0].text() == "1  A && B"


def action_of(rig: Rig, words: str) -> QAction:
    return next(action for action in rig.window.recent.actions() if words in action.text().replace("&", ""))


def pin(rig: Rig, name: str) -> None:
    pins = action_of(rig, "Pin").menu()
    assert isinstance(pins, QMenu)
    next(action for action in pins.actions() if action.text() == name).trigger()


def test_that_a_pinned_folder_comes_first_and_survives_clearing(rig: Rig, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        rig.open(series_of(stack(1)), path=f"/data/{name}")
    pin(rig, "a")
    assert [action.data() for action in entries(rig.window.recent)] == ["/data/a", "/data/c", "/data/b"]
    assert "pinned" in entries(rig.window.recent)[0].text()
    action_of(rig, "Clear").trigger()
    assert [folder.path for folder in rig.window.preferences.settings.recent] == ["/data/a"]
    rig.window.preferences.finish()
    assert load(tmp_path / "settings.toml").settings.recent[0].pinned
    pin(rig, "a")
    action_of(rig, "Clear").trigger()
    assert rig.window.preferences.settings.recent == ()


def test_that_of_more_than_twelve_folders_a_pinned_one_stays(rig: Rig) -> None:
    rig.open(series_of(stack(1)), path="/data/first")
    pin(rig, "first")
    for number in range(20):
        rig.open(series_of(stack(1)), path=f"/data/{number}")
    kept = [folder.path for folder in rig.window.preferences.settings.recent]
    assert len(kept) == 12
    assert kept[0] == "/data/19" and kept[-1] == "/data/first"
    rig.open(series_of(stack(1)), path="/data/first")
    assert rig.window.preferences.settings.recent[0].pinned


def test_that_the_menu_switches_remembering_off_and_on(rig: Rig) -> None:
    rig.open(series_of(stack(1)), path="/data/a")
    assert action_of(rig, "Remember").isChecked()
    action_of(rig, "Remember").trigger()
    assert not rig.window.preferences.settings.general.remember_recent
    assert entries(rig.window.recent) == []
    action_of(rig, "Remember").trigger()
    assert len(entries(rig.window.recent)) == 1


def test_that_the_empty_window_offers_the_recent_folders(rig: Rig) -> None:
    button = rig.window.areas.empty.recent
    assert not button.isVisible()
    rig.open(series_of(stack(1)), path="/data/a")
    rig.window.actions_["close_all"].trigger()
    assert button.isVisible()
    menu = button.menu()
    assert isinstance(menu, RecentMenu)
    entries(menu)[0].trigger()
    assert rig.controller.asked_for("open")[-1] == ("open", ("/data/a",), False, None)


def test_that_no_name_is_told_in_the_pin_menu_while_the_patient_is_hidden(rig: Rig) -> None:
    rig.open(series_of(stack(1)), path="/data/Muster Anna")
    rig.window.actions_["hide_patient"].trigger()
    pins = action_of(rig, "Pin").menu()
    assert isinstance(pins, QMenu)
    assert [action.text() for action in pins.actions()] == ["hidden"]
