"""Somebody who presses everything: random keys, clicks, drags and wheels on the real window with its real children.

A few seconds among the other tests; ``make monkey`` plays for five minutes, by ``BRAINSR_MONKEY_S``.
"""

from __future__ import annotations

import gc
import logging
import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import shiboken6
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QKeySequence, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QLineEdit, QMenu, QWidget
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.window import MainWindow
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.session.known_models import KnownModels
from brainsr_desktop.session.pictures import Picture
from brainsr_desktop.session.planner import key_of
from tests.app.controlling import Desk, blocks_left, children_left, series_folder
from tests.app.frame_kit import READ, restore_look

SECONDS = float(os.environ.get("BRAINSR_MONKEY_S", "6"))
SEED = int(os.environ.get("BRAINSR_MONKEY_SEED", "20261121"))
NOT_FOR_MONKEYS = {"quit", "open_log"}
"""They end the game or start another program."""
MODIFIERS = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
)
BUTTONS = (
    Qt.MouseButton.LeftButton,
    Qt.MouseButton.LeftButton,
    Qt.MouseButton.MiddleButton,
    Qt.MouseButton.RightButton,
)
KEYS = (Qt.Key.Key_Tab, Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Space, Qt.Key.Key_Up, Qt.Key.Key_Down,
        Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_A, Qt.Key.Key_5, Qt.Key.Key_Delete)  # fmt: skip
DIALOGS = ("sweep", "settings", "export", "keys", "about", "research_notice", "tour")
CLOSE_MODAL_MS = 150
WARM_S = 60.0
"""After so many seconds of play everything was used once."""


def usable_widgets() -> list[QWidget]:
    """Every widget that can be pressed. (PySide keeps what findChildren gives as long as it keeps the parent.)"""
    return [one for one in QApplication.allWidgets() if one.isVisible() and one.isEnabled()]


def left_over() -> list[QWidget]:
    """Widgets that are deleted in Qt and still known to Python."""
    # Of the type alone: some objects of torch warn as soon as they are asked for anything.
    widgets = [one for one in gc.get_objects() if issubclass(type(one), QWidget)]
    return [one for one in widgets if not shiboken6.isValid(one)]


class Monkey:
    """Does one random thing after the other; the same seed does the same things."""

    def __init__(self, desk: Desk, window: MainWindow, folders: list[Path]) -> None:
        self.desk = desk
        self.window = window
        self.folders = folders
        self.models = KnownModels(desk.controller.catalog)
        self.random = random.Random(SEED)
        self.done: list[str] = []
        self._deeds: tuple[tuple[int, Callable[[], str]], ...] = (
            (8, self.press_shortcut),
            (2, self.press_key),
            (4, self.wheel),
            (4, self.drag),
            (4, self.click_something),
            (2, self.use_dialog),
            (1, self.resize),
            (1, self.open_something),
        )
        # Menus and native questions stop every other event: somebody has to close them.
        self._closer = QTimer(window, interval=CLOSE_MODAL_MS)
        self._closer.timeout.connect(self.close_what_blocks)
        self._closer.start()

    def play(self, seconds: float) -> None:
        """Play for so long, and look at the panes after every deed."""
        weights, deeds = zip(*self._deeds, strict=True)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.close_what_blocks()
            (deed,) = self.random.choices(deeds, weights)
            self.done.append(deed())
            QTest.qWait(self.random.choice((0, 0, 5, 30)))
            self.look()

    def look(self) -> None:
        """No pane shows a result that is not of the slice in view."""
        state = self.desk.store.state
        for picture in (self.window.areas.pair.left_picture, self.window.areas.pair.right_picture):
            if picture is not None and picture.key is not None:
                assert picture.key.frame == state.frame_index
                assert state.stack is not None
                assert picture.key.stack_digest == self._name_of(picture)

    def _name_of(self, picture: Picture) -> str:
        state = self.desk.store.state
        return key_of(state, Recipe("bicubic", state.recipe.scale), self.models.weights_of).stack_digest

    # Deeds: each says what it did

    def press_shortcut(self) -> str:
        """A key of the table of commands, where the focus is."""
        actions = self.window.actions_
        name = self.random.choice(
            [name for name in actions if name not in NOT_FOR_MONKEYS and actions[name].shortcuts()]
        )
        keys = self.random.choice(actions[name].shortcuts())
        target = QApplication.focusWidget() or self.window
        QTest.keySequence(target, QKeySequence(keys))
        return f"{keys.toString()} ({name}) on {type(target).__name__}"

    def press_key(self) -> str:
        """A plain key, with any modifier."""
        key, modifier = self.random.choice(KEYS), self.random.choice(MODIFIERS)
        target = QApplication.focusWidget() or self.window
        QTest.keyClick(target, key, modifier)
        return f"key {key.name} with {modifier.name} on {type(target).__name__}"

    def wheel(self) -> str:
        """The wheel over anything."""
        widget = self.some_widget()
        at = self.some_place(widget)
        turn = QPoint(0, self.random.choice((-240, -120, 15, 120)))
        QApplication.sendEvent(
            widget,
            QWheelEvent(
                QPointF(at), QPointF(widget.mapToGlobal(at)), QPoint(), turn, Qt.MouseButton.NoButton,
                self.random.choice(MODIFIERS), Qt.ScrollPhase.NoScrollPhase, False,
            ),
        )  # fmt: skip
        return f"wheel over {type(widget).__name__}"

    def drag(self) -> str:
        """A drag over a pane, sometimes ended by Esc."""
        pair = self.window.areas.pair
        widget = self.random.choice((pair.left.view, pair.right.view))
        if not widget.isVisible():
            return "nothing to drag over"
        button, modifier = self.random.choice(BUTTONS), self.random.choice(MODIFIERS)
        start = self.some_place(widget)
        self._mouse(widget, QEvent.Type.MouseButtonPress, start, button, button, modifier)
        at = start
        for _ in range(self.random.randrange(6)):
            at += QPoint(self.random.randint(-40, 40), self.random.randint(-40, 40))
            self._mouse(widget, QEvent.Type.MouseMove, at, Qt.MouseButton.NoButton, button, modifier)
        if self.random.random() < 0.1:
            QTest.keyClick(widget, Qt.Key.Key_Escape)
        self._mouse(widget, QEvent.Type.MouseButtonRelease, at, button, Qt.MouseButton.NoButton, modifier)
        return f"drag with {button.name} and {modifier.name}"

    def click_something(self) -> str:
        """Any widget of the window, once or twice."""
        widget = self.some_widget()
        click = QTest.mouseDClick if self.random.random() < 0.15 else QTest.mouseClick
        words = f"click on {type(widget).__name__} {widget.objectName() or widget.accessibleName()}"
        click(
            widget, self.random.choice(BUTTONS[:2]), Qt.KeyboardModifier.NoModifier, self.some_place(widget)
        )
        return words

    def use_dialog(self) -> str:
        """Press about in a dialog that is open, or open one."""
        open_now = [
            one for one in QApplication.topLevelWidgets() if isinstance(one, QDialog) and one.isVisible()
        ]
        if not open_now:
            name = self.random.choice(DIALOGS)
            self.window.actions_[name].trigger()
            return f"open {name}"
        dialog = self.random.choice(open_now)
        children = [one for one in usable_widgets() if dialog.isAncestorOf(one)]
        if not children or self.random.random() < 0.3:
            dialog.reject()
            return f"close {type(dialog).__name__}"
        child = self.random.choice(children)
        if isinstance(child, QLineEdit):
            child.insert(self.random.choice(("x", "12", "ä", "{slice}", "../..")))
        else:
            QTest.mouseClick(child, Qt.MouseButton.LeftButton)
        return f"press {type(child).__name__} in {type(dialog).__name__}"

    def resize(self) -> str:
        """Another size of the window."""
        self.window.resize(self.random.randint(400, 1400), self.random.randint(300, 900))
        return "resize"

    def open_something(self) -> str:
        """Open a folder, or close everything."""
        if self.random.random() < 0.2:
            self.window.actions_["close_all"].trigger()
            return "close all"
        folder = self.random.choice(self.folders)
        self.window.open_paths([str(folder)])
        return f"open {folder.name}"

    def open_each_dialog(self) -> None:
        """Open and close every dialog once."""
        for name in DIALOGS:
            self.window.actions_[name].trigger()
            QTest.qWait(50)
            self.rest()

    def rest(self) -> None:
        """Close dialogs and series."""
        self.close_what_blocks()
        for dialog in QApplication.topLevelWidgets():
            if isinstance(dialog, QDialog):
                dialog.reject()
        self.desk.controller.close_all()
        QTest.qWait(300)
        self.desk.forget()

    def widgets_at_rest(self) -> int:
        """How many widgets there are with nothing open."""
        self.rest()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        gc.collect()
        return len(QApplication.allWidgets())

    def some_widget(self) -> QWidget:
        """A visible, usable widget of the window."""
        return self.random.choice(
            [one for one in usable_widgets() if one.window() is self.window] or [self.window]
        )

    def some_place(self, widget: QWidget) -> QPoint:
        """A place inside it."""
        return QPoint(
            self.random.randrange(max(1, widget.width())), self.random.randrange(max(1, widget.height()))
        )

    def close_what_blocks(self) -> None:
        """Close menus and questions that wait for an answer."""
        popup = QApplication.activePopupWidget()
        if isinstance(popup, QMenu):
            popup.close()
        modal = QApplication.activeModalWidget()
        if isinstance(modal, QDialog):
            modal.reject()
        for dialog in QApplication.topLevelWidgets():
            if isinstance(dialog, QFileDialog):
                dialog.reject()  # the system's own, not ours to press about in

    def _mouse(
        self,
        widget: QWidget,
        kind: QEvent.Type,
        at: QPoint,
        button: Qt.MouseButton,
        held: Qt.MouseButton,
        modifier: Qt.KeyboardModifier,
    ) -> None:
        place = QPointF(at)
        QApplication.sendEvent(
            widget, QMouseEvent(kind, place, QPointF(widget.mapToGlobal(at)), button, held, modifier)
        )


@pytest.fixture
def monkey(qtbot: QtBot, tmp_path: Path) -> Iterator[Monkey]:
    desk = Desk(qtbot, cache_bytes=8 * 2**20)
    window = MainWindow(desk.store, desk.controller, READ, settings_path=tmp_path / "settings.toml")
    qtbot.addWidget(window)
    window.resize(1100, 750)
    window.show()
    folders = [
        series_folder(tmp_path / f"head {number}", slices, (48, 40), series=number + 1)
        for number, slices in enumerate((3, 6, 12))
    ]
    desk.open(folders[0])
    yield Monkey(desk, window, folders)
    window.close()
    desk.controller.shut_down()
    restore_look()


@pytest.mark.gate
@pytest.mark.slow
@pytest.mark.qt_log_ignore("This plugin does not support")
def test_that_whatever_is_pressed_nothing_breaks_and_nothing_is_left(
    monkey: Monkey, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    monkey.open_each_dialog()  # what is made once, at first use, is no leak
    monkey.play(min(SECONDS / 3, WARM_S))
    before, memory = monkey.widgets_at_rest(), psutil.Process().memory_info().rss
    of_others = {id(one) for one in left_over()}  # of the tests before
    monkey.play(SECONDS)
    after = monkey.widgets_at_rest()
    assert after <= before * 1.1 + 30, f"{before} widgets became {after}"
    kept = [type(one).__name__ for one in left_over() if id(one) not in of_others]
    assert not kept, monkey.done[-30:]
    if SECONDS >= WARM_S:  # before that, memory that is used for the first time looks like a leak
        assert psutil.Process().memory_info().rss < memory * 1.1 + 60 * 2**20
    troubles = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert not troubles, monkey.done[-30:]
    monkey.desk.controller.shut_down()
    assert not children_left()
    assert not blocks_left()
