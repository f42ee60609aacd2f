"""A series whose files are gone when it is chosen: said in words, tried again or closed, at the press of a button."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.window import MainWindow
from brainsr_desktop.core.series import StackInfo
from tests.app.controlling import Desk, series_folder
from tests.app.frame_kit import READ, restore_look


@pytest.fixture
def desk(qtbot: QtBot) -> Iterator[Desk]:
    made = Desk(qtbot)
    yield made
    made.controller.shut_down()
    restore_look()


@pytest.fixture
def window(desk: Desk, qtbot: QtBot, tmp_path: Path) -> MainWindow:
    made = MainWindow(desk.store, desk.controller, READ, settings_path=tmp_path / "settings.toml")
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def gone(desk: Desk, window: MainWindow, tmp_path: Path) -> tuple[StackInfo, Path]:
    """A stack that was found, whose folder was moved away before it was shown; another one is in view."""
    folder = series_folder(tmp_path / "disk" / "second", 3, (48, 40), series=2)
    desk.open(series_folder(tmp_path / "first", 3, (48, 40), series=1))
    before = len(desk.summaries)
    desk.controller.open_paths([str(folder)])
    desk.wait(lambda: len(desk.summaries) > before, "the end of the scan")
    moved = tmp_path / "elsewhere"
    shutil.move(folder, moved)
    stack = desk.series[-1].stacks[0]
    desk.controller.open_stack(stack)
    desk.wait(
        lambda: window.areas.notifier.current is not None and window.areas.notifier.action.text() == "Retry"
    )
    return stack, moved


def button(window: MainWindow, words: str) -> QPushButton:
    return next(one for one in window.areas.notifier.findChildren(QPushButton) if one.text() == words)


def test_that_a_series_that_is_gone_is_closed_on_request(
    desk: Desk, window: MainWindow, gone: tuple[StackInfo, Path]
) -> None:
    stack, _ = gone
    QTest.mouseClick(button(window, "Close series"), Qt.MouseButton.LeftButton)
    state = desk.store.state
    assert state.stack is not None and state.stack.series_uid != stack.series_uid
    assert [one.series_uid for one in window.areas.browser.stacks()] == [state.stack.series_uid]


def test_that_a_series_that_came_back_is_read_again(
    desk: Desk, window: MainWindow, gone: tuple[StackInfo, Path]
) -> None:
    stack, moved = gone
    frame = stack.frames[0]
    assert frame is not None
    shutil.move(moved, Path(frame.path).parent)
    QTest.mouseClick(button(window, "Retry"), Qt.MouseButton.LeftButton)
    desk.wait(lambda: desk.controller.left_picture is not None, "the slice")
    assert desk.store.state.stack is stack
