"""N and Shift+N in the real window with the real engine: to the places of greatest change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.window import MainWindow
from brainsr_desktop.core import trust
from brainsr_desktop.core.resample import enlarge
from brainsr_desktop.session import intents, intents_compare
from brainsr_desktop.session.compare import INPUT, Source
from brainsr_desktop.session.pictures import PaneState
from tests.app.controlling import Desk
from tests.app.frame_kit import READ, restore_look
from tests.phantom import classic

SHIFT = Qt.KeyboardModifier.ShiftModifier
NEAREST, CUBIC = Source("model", "nearest"), Source("model", "bicubic")


def with_steps(slices: int = 4) -> np.ndarray[tuple[int, ...], np.dtype[np.uint16]]:
    """Three fields of stripes, of other contrast each, on grey: what nearest and cubic draw differently."""
    pixels = np.full((slices, 64, 56), 500, np.uint16)
    for contrast, (row, column) in ((400, (8, 8)), (200, (8, 32)), (100, (36, 20))):
        pixels[:, row : row + 16 : 2, column : column + 14] += np.uint16(contrast)
    return pixels


class Person:
    def __init__(self, desk: Desk, window: MainWindow) -> None:
        self.desk, self.window = desk, window
        self.pair = window.areas.pair

    def press(self, key: Qt.Key, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        self.pair.left.view.setFocus()
        QTest.keyClick(self.pair.left.view, key, keys)

    @property
    def place(self) -> int | None:
        return self.desk.store.state.compare.place


@pytest.fixture
def person(qtbot: QtBot, tmp_path: Path) -> Iterator[Person]:
    desk = Desk(qtbot)
    window = MainWindow(desk.store, desk.controller, READ, settings_path=tmp_path / "settings.toml")
    qtbot.addWidget(window)
    window.resize(1000, 700)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    classic(tmp_path / "head", pixels=with_steps(), spacing_mm=(1.5, 1.25))
    desk.open(tmp_path / "head")
    desk.do(intents.choose_model, "nearest", 4)
    yield Person(desk, window)
    desk.leave()
    window.hide()
    restore_look()


def expected_places() -> tuple[trust.Place, ...]:
    source = with_steps()[0].astype(np.float32)
    change = trust.difference(enlarge(source, 4, "nearest"), enlarge(source, 4, "bicubic"))
    return trust.places_of_change(change, 4)


def test_that_n_goes_round_the_places_and_tells_size_and_percent(person: Person) -> None:
    desk, pair = person.desk, person.pair
    expected = expected_places()
    assert len(expected) == 3
    person.press(Qt.Key.Key_N)
    desk.wait(lambda: person.place == 0, "the first place")
    assert person.window.comparing.changes.places == expected
    field, first = pair.field, expected[0]
    assert (field.x, field.y) == pytest.approx(
        ((first.left + first.right) / 2 * 1.25, (first.top + first.bottom) / 2 * 1.5)
    )
    series = desk.controller.series_range
    assert series is not None
    for view in (pair.left.view, pair.right.view):
        mark = view.signs.place
        assert mark is not None
        assert (mark.rect.width, mark.rect.height) == pytest.approx(
            ((first.right - first.left) * 1.25, (first.bottom - first.top) * 1.5)
        )
        percent = 100.0 * first.change / series.initial.width
        assert mark.text == (
            f"1 of 3: {mark.rect.width:.3g} × {mark.rect.height:.3g} mm, change {percent:.2g} % of window"
        )
        # All of it is seen, and not tiny.
        corners = (
            view.to_px((mark.rect.x, mark.rect.y)),
            view.to_px((mark.rect.x + mark.rect.width, mark.rect.y + mark.rect.height)),
        )
        assert all(0 < at.x() < view.size_px[0] and 0 < at.y() < view.size_px[1] for at in corners)
        assert abs(corners[1].x() - corners[0].x()) > 40
    assert "1 of 3" in person.window.statusBar().currentMessage()
    for key, keys, place in (
        (Qt.Key.Key_N, None, 1),
        (Qt.Key.Key_N, None, 2),
        (Qt.Key.Key_N, None, 0),
        (Qt.Key.Key_N, SHIFT, 2),
    ):
        person.press(key, keys or Qt.KeyboardModifier.NoModifier)
        assert person.place == place
    desk.store.undo()
    assert person.place == 0


def test_that_the_marks_go_with_the_slice_and_n_finds_those_of_the_next(person: Person) -> None:
    person.press(Qt.Key.Key_N, SHIFT)
    person.desk.wait(lambda: person.place == 2, "the last place")
    person.desk.do(intents.scroll, 1)
    assert person.place is None
    assert person.pair.right.view.signs.place is None
    person.press(Qt.Key.Key_N)
    person.desk.wait(lambda: person.place == 0, "the first place of the next slice")


def test_that_a_slice_without_change_says_so(person: Person) -> None:
    person.desk.do(intents.choose_model, "bicubic", 4)
    person.press(Qt.Key.Key_N)
    message = person.window.statusBar()
    person.desk.wait(lambda: "No place of this slice" in message.currentMessage(), "the answer")
    assert person.place is None


def test_that_without_an_enhanced_picture_n_says_why(person: Person) -> None:
    person.desk.do(intents_compare.choose_source, "right", INPUT)
    person.press(Qt.Key.Key_N)
    assert "no enhanced picture" in person.window.statusBar().currentMessage()


def test_that_the_map_in_the_pane_is_the_difference_of_both_pictures(person: Person) -> None:
    desk, view = person.desk, person.pair.right.view
    QTest.keyClick(view, Qt.Key.Key_4, Qt.KeyboardModifier.AltModifier)
    desk.wait(lambda: view.picture is not None and view.picture.span is not None, "the map")
    source = with_steps()[0].astype(np.float32)
    expected = enlarge(source, 4, "nearest") - enlarge(source, 4, "bicubic")
    picture, series = view.picture, desk.controller.series_range
    assert picture is not None
    assert series is not None
    assert picture.pixels == pytest.approx(expected, abs=1e-2)
    assert picture.span == pytest.approx(0.05 * series.initial.width)
    assert person.pair.right.bar.label.text == "Difference: Nearest x4 minus cubic interpolation"
    desk.do(intents_compare.set_range, 20.0)
    assert view.picture is not None
    assert view.picture.span == pytest.approx(0.2 * series.initial.width)
    assert view.picture.pixels is picture.pixels
    desk.do(intents_compare.choose_source, "left", CUBIC)
    desk.wait(lambda: view.picture is not None and view.picture.span is not None, "the map of two pictures")
    assert person.pair.right.bar.label.text == "Difference: Nearest x4 minus Cubic x4"


def test_that_two_pictures_of_models_are_both_made_and_named(person: Person) -> None:
    desk = person.desk
    desk.do(intents_compare.choose_source, "left", Source("model", "lanczos"))
    desk.do(intents_compare.choose_source, "right", CUBIC)
    desk.wait(lambda: desk.controller.left_status.state is PaneState.FULL, "the left picture")
    desk.wait(lambda: desk.controller.right_status.state is PaneState.FULL, "the right picture")
    assert desk.controller.left_status.text == "Interpolated (Lanczos x4), no network"
    assert desk.controller.right_status.text == "Interpolated (Cubic x4), no network"
    left = desk.controller.left_picture
    assert left is not None
    source = with_steps()[desk.store.state.slice_index].astype(np.float32)
    assert left.pixels == pytest.approx(enlarge(source, 4, "lanczos"), abs=1e-2)


def test_that_test_mode_measures_against_the_reference(qtbot: QtBot, person: Person) -> None:
    desk, view = person.desk, person.pair.right.view
    desk.do(intents.set_test_mode, on=True)
    desk.do(intents.set_show_reference, on=True)
    desk.do(intents_compare.choose_mode, "difference")
    desk.wait(lambda: view.picture is not None and view.picture.span is not None, "the map")
    assert person.pair.right.bar.label.text == "Difference: Nearest x4 minus Reference"
    picture, right = view.picture, person.pair.right_picture
    assert picture is not None
    assert right is not None
    truth = with_steps()[0].astype(np.float32)
    assert picture.pixels == pytest.approx(right.pixels - truth, abs=1e-2)
