"""What tests of the whole program share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.window import MainWindow
from tests.app.controlling import Desk
from tests.app.frame_kit import READ, restore_look


@pytest.fixture
def seat(qtbot: QtBot, tmp_path: Path) -> Iterator[tuple[Desk, MainWindow]]:
    """Someone in front of a real window."""
    desk = Desk(qtbot)
    window = MainWindow(desk.store, desk.controller, READ, settings_path=tmp_path / "settings.toml")
    qtbot.addWidget(window)
    window.resize(1100, 760)
    window.show()
    yield desk, window
    desk.leave()
    window.hide()
    restore_look()
