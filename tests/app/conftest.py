"""What most tests of the window start with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from tests.app import slow_engine
from tests.app.controlling import Desk, MakeDesk, series_folder
from tests.app.frame_kit import Rig, make_rig


@pytest.fixture
def rig(qtbot: QtBot, tmp_path: Path) -> Iterator[Rig]:
    """A window with the pretend controller."""
    yield from make_rig(qtbot, tmp_path)


@pytest.fixture
def desk(qtbot: QtBot) -> Iterator[MakeDesk]:
    """Makes controllers with real children; at the end nothing of them may be left."""
    made: list[Desk] = []

    def make(**arguments: Any) -> Desk:
        made.append(Desk(qtbot, **arguments))
        return made[-1]

    yield make
    for one in made:
        one.leave()


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> str:
    """An engine that takes its time."""
    monkeypatch.setenv(slow_engine.PAUSE_S, "0.15")
    return slow_engine.TARGET


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one series."""
    return series_folder(tmp_path / "head")
