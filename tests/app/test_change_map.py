"""The map of the change: large ones are made in the background, and only the one of the pictures in view is shown."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from brainsr_desktop.app import change_map
from brainsr_desktop.core import trust
from brainsr_desktop.session import comparison, intents, intents_compare
from brainsr_desktop.session.compare import Source
from brainsr_desktop.session.comparison import Subtracted
from brainsr_desktop.session.pictures import PaneState, PaneStatus, Picture
from tests.app.controlling import READY, Desk, series_folder

NEAREST = Source("model", "nearest")


class Gate:
    """Lets subtractions wait, and counts those that were done in the GUI thread."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.in_gui = 0
        self.elsewhere = 0

    def subtract(self, upper: Picture, lower: Picture) -> Subtracted:
        if threading.current_thread() is threading.main_thread():
            self.in_gui += 1
        else:
            self.elsewhere += 1
            assert self.open.wait(20)
        return _subtract(upper, lower)


_subtract = comparison.subtract


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    made = Gate()
    monkeypatch.setattr(comparison, "subtract", made.subtract)
    yield made
    made.open.set()


@pytest.fixture
def desk(qtbot: QtBot, tmp_path: Path, gate: Gate) -> Iterator[Desk]:
    made = Desk(qtbot)
    made.do(intents_compare.choose_source, "right", NEAREST)
    made.open(series_folder(tmp_path / "head"))
    made.wait(lambda: not made.controller.loading, "the load")
    yield made
    gate.open.set()
    made.leave()


def test_that_a_small_map_comes_in_the_same_frame_as_its_picture(desk: Desk, gate: Gate) -> None:
    maps = watched(desk)
    desk.do(intents_compare.choose_mode, "difference")
    desk.wait(lambda: maps[-1][0] is not None, "the map")
    assert (gate.in_gui, gate.elsewhere) == (1, 0)


def test_that_a_large_map_comes_later_and_never_for_another_slice(
    desk: Desk, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_map, "AT_ONCE_PX", 0)
    maps = watched(desk)
    first = desk.store.state.slice_index
    desk.do(intents_compare.choose_mode, "difference")
    desk.wait(lambda: gate.elsewhere == 1, "the first subtraction")
    picture, status, _ = maps[-1]
    assert picture is None
    assert (status.state, status.text) == (PaneState.LOADING, "Difference - computing")

    desk.do(intents.scroll, 1)
    desk.wait(lambda: desk.controller.right_status.state in READY, "the next slice")
    gate.open.set()
    desk.wait(lambda: maps[-1][0] is not None, "the map of the next slice")
    QTest.qWait(50)
    shown, _, index = maps[-1]
    compared = desk.controller.compared
    assert index == first + 1
    assert shown is not None and compared is not None
    assert np.array_equal(shown.pixels, trust.difference(compared.upper.pixels, compared.lower.pixels))
    assert gate.in_gui == 0
    for picture, _, index in maps:
        assert picture is None or (picture.key is not None and picture.key.frame == index)


def test_that_a_map_is_not_made_twice_for_the_same_pictures(
    desk: Desk, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_map, "AT_ONCE_PX", 0)
    maps = watched(desk)
    desk.do(intents_compare.choose_mode, "difference")
    for percent in (3.0, 4.0, 6.0):  # while it is being made
        desk.do(intents_compare.set_range, percent)
    gate.open.set()
    desk.wait(lambda: maps[-1][0] is not None, "the map")
    desk.do(intents_compare.set_range, 10.0)
    assert maps[-1][0] is not None
    assert (gate.in_gui, gate.elsewhere) == (0, 1)


def watched(desk: Desk) -> list[tuple[Picture | None, PaneStatus, int]]:
    """What the right pane is told to draw, and the slice in view then."""
    told: list[tuple[Picture | None, PaneStatus, int]] = []
    desk.controller.map_changed.connect(
        lambda picture, status: told.append((picture, status, desk.store.state.slice_index))
    )
    return told
