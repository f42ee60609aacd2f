"""Keys and wheel whose effect comes from the engine: the right pixels appear in the real window."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from brainsr_desktop.app import held_key
from brainsr_desktop.app.viewport import Viewport
from brainsr_desktop.app.window import MainWindow
from brainsr_desktop.session import intents
from brainsr_desktop.session.pictures import PaneState, SliceState
from brainsr_desktop.session.state import ViewState
from tests.app.controlling import READY, Desk, series_folder, slice_of
from tests.app.frame_kit import READ, restore_look
from tests.app.viewing import turn

SLICES = 24
SLICE = 6


@dataclass
class Person:
    """Whoever presses keys over the left pane."""

    desk: Desk
    window: MainWindow
    start: ViewState

    @property
    def view(self) -> Viewport:
        return self.window.areas.pair.left.view

    def press(self, key: str) -> None:
        self.view.setFocus()
        QTest.keySequence(self.view, QKeySequence(key))

    def sees(self, left: PaneState, right: tuple[PaneState, ...] = READY, index: int = SLICE) -> bool:
        """Whether both panes show this slice, in these states."""
        pair, controller = self.window.areas.pair, self.desk.controller
        pictures = pair.left_picture, pair.right_picture
        states = controller.left_status.state == left and controller.right_status.state in right
        return states and all(
            picture is not None and slice_of(picture.pixels) == index for picture in pictures
        )

    def wait(self, left: PaneState, right: tuple[PaneState, ...] = READY, index: int = SLICE) -> None:
        self.desk.wait(lambda: self.sees(left, right, index), f"slice {index}")


@pytest.fixture(scope="module")
def somebody(
    request: pytest.FixtureRequest, qapp: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Person]:
    folder = tmp_path_factory.mktemp("children")
    qtbot = QtBot(request)
    desk = Desk(qtbot)
    window = MainWindow(desk.store, desk.controller, READ, settings_path=folder / "settings.toml")
    window.resize(1000, 700)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    desk.open(series_folder(folder / "head", SLICES))
    desk.do(intents.choose_model, "bicubic", 4)
    desk.do(intents.go_to, SLICE)
    yield Person(desk, window, desk.store.state)
    desk.leave()
    window.hide()
    window.deleteLater()
    restore_look()


@pytest.fixture
def person(somebody: Person, monkeypatch: pytest.MonkeyPatch) -> Person:
    monkeypatch.setattr(held_key, "TAP_S", math.inf)
    somebody.desk.store.apply(lambda _: somebody.start)
    somebody.wait(PaneState.ORIGINAL)
    return somebody


@pytest.mark.parametrize(
    ("key", "index"),
    [("Down", SLICE + 1), ("Left", SLICE - 1), ("Shift+Right", SLICE + 10), ("Home", 0), ("End", SLICES - 1)],
)
def test_that_a_key_brings_the_slice_into_both_panes(person: Person, key: str, index: int) -> None:
    person.press(key)
    person.wait(PaneState.ORIGINAL, index=index)


def test_that_the_wheel_brings_the_slice_into_both_panes(person: Person) -> None:
    turn(person.view, -240)
    person.wait(PaneState.ORIGINAL, index=SLICE + 2)


def test_that_space_brings_the_original_into_the_enhanced_pane(person: Person) -> None:
    person.press("Space")
    person.wait(PaneState.ORIGINAL, (PaneState.ORIGINAL,))
    assert person.window.areas.pair.right.bar.label.text == "Original"
    person.press("Space")
    person.wait(PaneState.ORIGINAL)


@pytest.mark.parametrize(("key", "times"), [("G", 2), ("Return", 4)])
def test_that_the_enhanced_picture_is_as_large_as_the_scale_says(
    person: Person, key: str, times: int
) -> None:
    if key == "Return":
        person.desk.do(intents.set_network, on=False)
        person.desk.wait(lambda: person.desk.controller.right_status.state not in READY, "no network")
    person.press(key)
    person.wait(PaneState.ORIGINAL)
    pair = person.window.areas.pair
    assert pair.left_picture is not None and pair.right_picture is not None
    rows, columns = pair.left_picture.pixels.shape
    assert pair.right_picture.pixels.shape == (times * rows, times * columns)


def test_that_another_model_is_computed_at_its_key(person: Person) -> None:
    before = person.window.areas.pair.right_picture
    person.press("[")
    assert person.desk.store.state.recipe.model != "bicubic"
    person.desk.wait(lambda: person.window.areas.pair.right_picture is not before, "another picture")
    person.wait(PaneState.ORIGINAL)


def test_that_test_mode_degrades_the_left_pane_and_o_shows_the_truth(person: Person) -> None:
    person.press("Ctrl+T")
    person.wait(PaneState.DEGRADED)
    person.press("O")
    person.wait(PaneState.REFERENCE)
    person.press("Ctrl+T")
    person.wait(PaneState.ORIGINAL)


def test_that_the_whole_series_is_enhanced_at_its_key(person: Person) -> None:
    person.press("Ctrl+Return")
    person.desk.wait(lambda: person.desk.ended("nhance"), "the end of the job")
    assert person.desk.job("nhance").state == "done"
    computed = [index for index, state in person.desk.states.items() if state is SliceState.FULL]
    assert computed == list(range(SLICES))
