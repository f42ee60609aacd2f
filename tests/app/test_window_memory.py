"""What the window remembers."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import (
    QApplication,
)
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.window_memory import corrected_place, first_state, with_choices
from brainsr_desktop.models.catalog import BASELINES, Catalog
from brainsr_desktop.session import intents
from brainsr_desktop.session.state import ViewState
from brainsr_desktop.settings import Networks, Settings, Viewing, load
from tests.app.frame_kit import (
    CATALOG,
    make_rig,
)

SCREEN = QRect(0, 0, 1600, 1000)


def test_that_size_sections_and_areas_come_back(qtbot: QtBot, tmp_path: Path) -> None:
    for rig in make_rig(qtbot, tmp_path):
        rig.window.areas.panel.set_open_sections(("device", "metrics"))
        rig.key(Qt.Key.Key_F9)
        rig.window.resize(1190, 700)
    kept = load(tmp_path / "settings.toml")
    assert kept.notes == ()
    assert kept.settings.window.place[2:] == (1190, 700)
    for rig in make_rig(qtbot, tmp_path, kept.settings):
        assert rig.window.areas.panel.open_sections == ("device", "metrics")
        assert not rig.window.areas.browser.isVisible()


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ((), QRect(160, 100, 1280, 800)),
        ((100, 50, 1200, 700), QRect(100, 50, 1200, 700)),
        ((5000, 50, 1200, 700), QRect(200, 150, 1200, 700)),
        ((100, -900, 1200, 700), QRect(200, 150, 1200, 700)),
        ((100, 990, 1200, 700), QRect(200, 150, 1200, 700)),
        ((-1150, 50, 1200, 700), QRect(200, 150, 1200, 700)),
        ((0, 0, 9000, 9000), QRect(0, 0, 1600, 1000)),
        ((10, 10, 20, 20), QRect(10, 10, 960, 600)),
        ((10, 10, -5, 0), QRect(160, 100, 1280, 800)),
        ((1, 2, 3), QRect(160, 100, 1280, 800)),
    ],
)
def test_that_a_place_off_every_screen_is_corrected(place: tuple[int, ...], expected: QRect) -> None:
    assert corrected_place(place, [SCREEN]) == expected


def test_that_a_place_on_the_second_screen_is_kept() -> None:
    second = QRect(1600, 0, 1920, 1080)
    assert corrected_place((1700, 20, 1280, 800), [SCREEN, second]) == QRect(1700, 20, 1280, 800)
    assert corrected_place((1700, 20, 1280, 800), [SCREEN]).x() < 1600


def test_that_a_screen_smaller_than_the_least_size_is_not_exceeded() -> None:
    small = QRect(0, 0, 910, 512)
    assert corrected_place((), [small]) == small


def test_that_the_last_choices_come_back() -> None:
    chosen = intents.choose_model(ViewState(), "brainsr-x2", 2, None)
    chosen = intents.set_tile(intents.set_precision(intents.set_device(chosen, "cpu"), "fast"), 128)
    chosen = intents.set_overlays(intents.set_interpolation(chosen, "linear"), "few")
    kept = with_choices(Settings(), chosen)
    assert (
        kept.networks
        == Networks(model="brainsr-x2", scale=2, fast_preview=False, device="cpu", precision="fast", tile=128)
        or kept.networks.fast_preview
    )
    again = first_state(ViewState(), kept, CATALOG)
    assert again.recipe == chosen.recipe
    assert (again.interpolation, again.overlays) == ("linear", "few")


def test_that_a_model_that_is_gone_is_replaced() -> None:
    settings = Settings(networks=Networks(model="no-such-model", scale=3), viewing=Viewing())
    assert first_state(ViewState(), settings, CATALOG).recipe.model == "brainsr-x4"
    assert first_state(ViewState(), settings, Catalog(BASELINES)).recipe.model == "bicubic"


def test_that_settings_that_cannot_be_saved_are_told_once(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").mkdir()
    for rig in make_rig(qtbot, tmp_path):
        notifier = rig.window.areas.notifier
        for theme in ("dark", "light"):
            rig.window.preferences.update("general", theme=theme)
            rig.window.preferences.finish()
            QApplication.processEvents()
        assert "could not be saved" in notifier.text.text()
        assert notifier.waiting == 1
        assert "times" not in notifier.text.text()
