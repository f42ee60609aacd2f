"""The settings: choices, search, keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QCheckBox, QComboBox, QSpinBox
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.dialogs.settings import SettingsDialog
from brainsr_desktop.app.dialogs.settings_rows import pages
from brainsr_desktop.app.preferences import Preferences
from brainsr_desktop.settings import Settings, load
from tests.app.frame_kit import CATALOG, READ, Rig, series_of, stack


@pytest.fixture
def preferences(tmp_path: Path) -> Iterator[Preferences]:
    made = Preferences(READ, tmp_path / "settings.toml")
    yield made
    made.finish()


@pytest.fixture
def settings(preferences: Preferences, qtbot: QtBot) -> SettingsDialog:
    dialog = SettingsDialog(preferences, CATALOG)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def test_that_a_choice_is_in_force_and_saved_at_once(
    settings: SettingsDialog, preferences: Preferences
) -> None:
    hide = settings.pages["Privacy"].editors["hide_at_start"]
    assert isinstance(hide, QCheckBox)
    hide.click()
    assert preferences.settings.privacy.hide_at_start
    preferences.finish()
    assert load(preferences.path).settings.privacy.hide_at_start


def test_that_lists_and_numbers_are_kept(settings: SettingsDialog, preferences: Preferences) -> None:
    model = settings.pages["Networks"].editors["model"]
    size = settings.pages["General"].editors["text_percent"]
    assert isinstance(model, QComboBox) and isinstance(size, QSpinBox)
    model.setCurrentIndex(model.findData("lanczos"))
    model.activated.emit(model.currentIndex())
    size.setValue(150)
    assert preferences.settings.networks.model == "lanczos"
    assert preferences.settings.general.text_percent == 150
    settings.pages["Networks"].reset.click()
    assert preferences.settings.networks.model == Settings().networks.model
    assert preferences.settings.general.text_percent == 150
    assert model.currentData() == "brainsr-x4"


def test_that_every_row_is_a_real_setting() -> None:
    for page in pages(CATALOG):
        for row in page.rows:
            section = getattr(Settings(), row.section)
            assert row.field in {entry.name for entry in fields(section)}
            if row.options:
                assert getattr(section, row.field) in [value for _, value in row.options]


def test_that_search_finds_settings_on_every_page(settings: SettingsDialog) -> None:
    settings.search.setText("tile")
    shown = [
        settings.list.item(row).text()
        for row in range(settings.list.count())
        if not settings.list.item(row).isHidden()
    ]
    assert shown == ["Networks"]
    assert settings.list.currentItem().text() == "Networks"
    assert settings.pages["Networks"].row_widgets["tile"].isVisible()
    assert not settings.pages["Networks"].row_widgets["model"].isVisible()
    settings.search.setText("flip")
    assert settings.list.currentItem().text() == "Keys"
    settings.search.clear()
    assert not any(settings.list.item(row).isHidden() for row in range(settings.list.count()))


def test_that_resetting_everything_keeps_place_and_recent_folders(
    settings: SettingsDialog, preferences: Preferences
) -> None:
    preferences.set(replace(preferences.settings, keys=(("fit", ("Ctrl+9",)),)))
    preferences.update("networks", device="cpu")
    preferences.update("window", place=(1, 2, 3, 4))
    settings.reset_all.click()
    assert preferences.settings.networks == Settings().networks
    assert preferences.settings.keys == ()
    assert preferences.settings.window.place == (1, 2, 3, 4)
    assert preferences.settings.general.accepted_notice == "0"


def _press_key(settings: SettingsDialog, command: str, key: str) -> None:
    page = settings.keys
    names = [page.table.item(row, 0).text() for row in range(page.table.rowCount())]  # type: ignore[union-attr]
    page.table.selectRow(names.index(command))
    page.key.setKeySequence(QKeySequence(key))
    page.take.click()


def test_that_a_key_is_changed(settings: SettingsDialog, preferences: Preferences) -> None:
    _press_key(settings, "Fit", "Ctrl+9")
    assert preferences.settings.keys == (("fit", ("Ctrl+9",)),)
    settings.keys.reset_one.click()
    assert preferences.settings.keys == ()


@pytest.mark.parametrize(
    ("key", "owner"), [("W", "Window / level"), ("Ctrl+O", "Open folder"), ("Space", "Show the original")]
)
def test_that_a_key_in_use_is_refused_with_its_owner(
    settings: SettingsDialog, preferences: Preferences, key: str, owner: str
) -> None:
    _press_key(settings, "Fit", key)
    assert preferences.settings.keys == ()
    assert owner in settings.keys.told.text()


def test_that_a_command_can_be_left_without_a_key(settings: SettingsDialog, preferences: Preferences) -> None:
    _press_key(settings, "Fit", "")
    assert preferences.settings.keys == (("fit", ()),)


def test_that_changed_keys_act_in_the_window(rig: Rig) -> None:
    rig.open(series_of(stack(1)))
    rig.window.preferences.set(replace(rig.window.preferences.settings, keys=(("invert", ("Ctrl+9",)),)))
    rig.focus_images()
    rig.key(Qt.Key.Key_I)
    assert not rig.store.state.inverted
    rig.key(Qt.Key.Key_9, Qt.KeyboardModifier.ControlModifier)
    assert rig.store.state.inverted


def test_that_settings_reach_the_view(rig: Rig) -> None:
    rig.window.preferences.update("networks", model="lanczos", device="cpu")
    rig.window.preferences.update("viewing", interpolation="linear")
    assert rig.store.state.recipe.model == "lanczos"
    assert rig.store.state.recipe.device == "cpu"
    assert rig.store.state.interpolation == "linear"
