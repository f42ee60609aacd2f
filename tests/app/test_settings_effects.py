"""Settings that change how the window behaves: the mouse, the convention, the export, what waits for the next start."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QDoubleSpinBox, QLineEdit

from brainsr_desktop.app.dialogs.settings import SettingsDialog
from brainsr_desktop.core.geometry import Geometry
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.session import intents
from brainsr_desktop.session.state import ViewState
from brainsr_desktop.settings import load
from tests.app.frame_kit import Rig, series_of, stack

LAS = ((-1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
"""Row and column directions of slices whose left edge is the patient's left, as many NIfTI files store them."""


def opened(rig: Rig) -> SettingsDialog:
    rig.window.actions_["settings"].trigger()
    dialog = rig.window.dialogs.current(SettingsDialog)
    assert dialog is not None
    return dialog


def pick(dialog: SettingsDialog, page: str, field: str, value: object) -> None:
    box = dialog.pages[page].editors[field]
    assert isinstance(box, QComboBox)
    box.setCurrentIndex(box.findData(value))
    box.activated.emit(box.currentIndex())


def turn_wheel(rig: Rig, notches: int) -> None:
    """Turn the wheel over the left pane; negative is towards the user."""
    port = rig.window.areas.pair.left.view.viewport()
    at = QPointF(port.rect().center())
    event = QWheelEvent(
        at,
        QPointF(port.mapToGlobal(port.rect().center())),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(port, event)


def drag_up(rig: Rig, pixels: int) -> float:
    """Drag upwards in the left pane; how far the grey window's centre moved."""
    port = rig.window.areas.pair.left.view.viewport()
    before = rig.store.state.window
    middle = port.rect().center()
    QTest.mousePress(port, Qt.MouseButton.LeftButton, pos=middle)
    QTest.mouseMove(port, middle - QPoint(0, pixels // 2))
    QTest.mouseMove(port, middle - QPoint(0, pixels))
    QTest.mouseRelease(port, Qt.MouseButton.LeftButton, pos=middle - QPoint(0, pixels))
    after = rig.store.state.window
    assert before is not None and after is not None
    return after.center - before.center


def test_that_the_wheel_can_be_turned_round(rig: Rig) -> None:
    rig.open(series_of(stack(1, slices=9)))
    turn_wheel(rig, -1)
    assert rig.store.state.slice_index == 5
    pick(opened(rig), "Viewing", "wheel", "up_next")
    turn_wheel(rig, -1)
    assert rig.store.state.slice_index == 4


def test_that_dragging_up_is_brighter_unless_the_user_wants_it_darker(rig: Rig) -> None:
    rig.open(series_of(stack(1)))
    brighter = drag_up(rig, 60)
    assert brighter < 0  # a lower centre shows the same values brighter
    dialog = opened(rig)
    pick(dialog, "Viewing", "drag_up", "darker")
    rig.window.preferences.update("viewing", drag_speed=200)
    assert drag_up(rig, 60) == pytest.approx(-2 * brighter, rel=0.05)


def stored_left(made: StackInfo) -> StackInfo:
    row, column = LAS
    geometry: Geometry = replace(made.geometry, row_direction=row, column_direction=column)
    return replace(made, geometry=geometry)


@pytest.mark.parametrize(
    ("convention", "left_is_left", "flipped"),
    [
        ("radiological", False, False),
        ("radiological", True, True),
        ("neurological", False, True),
        ("neurological", True, False),
    ],
)
def test_that_the_convention_decides_which_side_is_on_the_left(
    convention: str, left_is_left: bool, flipped: bool
) -> None:
    made = stored_left(stack(1)) if left_is_left else stack(1)
    state = replace(ViewState(), convention=convention)  # type: ignore[arg-type]
    state = intents.open_stack(state, made)
    assert state.flip_h == flipped
    assert intents.reset_view(intents.flip_h(state)).flip_h == flipped


def test_that_another_convention_turns_what_is_in_view(rig: Rig) -> None:
    rig.open(series_of(stack(1)))
    assert not rig.store.state.flip_h
    pick(opened(rig), "Viewing", "convention", "neurological")
    assert rig.store.state.flip_h
    letters = rig.window.areas.pair.left
    assert letters is not None
    pick(opened(rig), "Viewing", "convention", "radiological")
    assert not rig.store.state.flip_h


def test_that_a_stack_without_position_is_never_turned() -> None:
    state = replace(ViewState(), convention="neurological")
    assert not intents.open_stack(state, replace(stack(1), has_position=False)).flip_h


def test_that_names_numbers_and_results_are_kept_and_cleared(rig: Rig) -> None:
    dialog = opened(rig)
    pattern = dialog.pages["Export"].editors["name_pattern"]
    angle = dialog.pages["Grouping"].editors["angle_deg"]
    assert isinstance(pattern, QLineEdit) and isinstance(angle, QDoubleSpinBox)
    QTest.keyClicks(pattern, "{number}_mine")
    QTest.keyClick(pattern, Qt.Key.Key_Tab)
    pattern.editingFinished.emit()
    angle.setValue(2.5)
    pick(dialog, "General", "language", "de")
    rig.window.preferences.finish()
    kept = load(rig.window.preferences.path).settings
    assert kept.export.name_pattern == "{number}_mine"
    assert kept.grouping.angle_deg == 2.5
    assert kept.general.language == "de"
    dialog.reset_all.click()
    assert rig.window.preferences.settings.grouping.angle_deg == 1.0
    clear = [b for b in dialog.pages["Networks"].findChildren(type(dialog.reset_all)) if "Clear" in b.text()]
    clear[0].click()
    assert rig.controller.asked_for("clear") == [("clear",)]


@pytest.mark.parametrize(
    "word", ["language", "wheel", "echo", "left of the screen", "tile", "pattern", "fit"]
)
def test_that_search_finds_every_kind_of_setting(rig: Rig, word: str) -> None:
    dialog = opened(rig)
    dialog.search.setText({"pattern": "name of the folder"}.get(word, word))
    shown = [row for row in range(dialog.list.count()) if not dialog.list.item(row).isHidden()]
    assert shown
