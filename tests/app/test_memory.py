"""Series opened and closed in the real window with real children leave nothing behind (INTERFACE 20)."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import psutil
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThreadPool
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.window import MainWindow
from brainsr_desktop.core.series import SeriesInfo, StackInfo
from brainsr_desktop.session import intents, intents_compare
from brainsr_desktop.session.cache import Result
from brainsr_desktop.session.comparison import Compared
from brainsr_desktop.session.open_stack import OpenStack
from brainsr_desktop.session.pictures import Picture
from tests.app.controlling import Desk, blocks_left
from tests.app.frame_kit import READ, restore_look
from tests.phantom import classic

WARM_UP: Final = 8
SERIES: Final = 50
FOLDERS: Final = WARM_UP
"""So many different series, opened in turn: the list of recent folders is as long before as after."""
SHAPE: Final = (10, 256, 224)
MAY_GROW: Final = 0.10
ENGINE_BLOCKS: Final = 2
"""Kept for the next slices that are enhanced."""
KINDS: Final = (SeriesInfo, StackInfo, OpenStack, Picture, Result, Compared)


@dataclass(frozen=True, slots=True)
class Used:
    """What the window's process and its children hold. ``bytes_``: resident memory of all of them."""

    bytes_: int
    files: int
    blocks: int
    widgets: int
    objects: Counter[str]
    kept: Counter[str]

    @classmethod
    def by(cls, window: MainWindow) -> Used:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        gc.collect()
        me = psutil.Process()
        family = [me, *me.children(recursive=True)]
        return cls(
            bytes_=sum(process.memory_info().rss for process in family),
            files=sum(process.num_fds() if psutil.POSIX else process.num_handles() for process in family),
            blocks=len(blocks_left()),
            widgets=len(QApplication.allWidgets()),
            objects=Counter(
                child.metaObject().className()
                for parent in (window, window.controller)
                for child in parent.findChildren(QObject)
            ),
            # By its type alone: asking an object for its class wakes what other tests have imported.
            kept=Counter(
                type(thing).__name__ for thing in gc.get_objects() if issubclass(type(thing), KINDS)
            ),
        )


@pytest.fixture
def seat(qtbot: QtBot, tmp_path: Path) -> Iterator[tuple[Desk, MainWindow]]:
    """Someone in front of a real window, and the folders to open."""
    pixels = np.random.default_rng(7).integers(0, 1000, SHAPE, dtype=np.uint16)
    for number in range(FOLDERS):
        classic(tmp_path / str(number), pixels=pixels, series=number + 1)
    desk = Desk(qtbot)
    window = MainWindow(desk.store, desk.controller, READ, settings_path=tmp_path / "settings.toml")
    qtbot.addWidget(window)
    window.resize(1000, 700)
    window.show()
    desk.do(intents.choose_model, "bicubic", 4)
    yield desk, window
    desk.leave()
    window.hide()
    restore_look()


def open_and_close(desk: Desk, window: MainWindow, folder: Path) -> None:
    """Look at a series: a few slices enhanced, the map of the change, test mode; then close it."""
    window.open_paths([str(folder)])
    desk.wait(lambda: desk.controller.left_picture is not None, "the first slice")
    desk.wait(lambda: not desk.controller.loading, "the load")
    desk.wait_ready()
    desk.do(intents.scroll, 1)
    desk.do(intents_compare.choose_mode, "difference")
    desk.wait_ready()
    desk.do(intents_compare.choose_mode, "side")
    desk.wait(lambda: not desk.controller.computing, "the results")
    window.actions_["close_all"].trigger()
    for kept in (desk.series, desk.summaries, desk.left, desk.right, desk.notices):
        kept.clear()
    desk.thumbnails.clear()
    desk.jobs.clear()
    QTest.qWait(1)


@pytest.mark.slow
def test_that_fifty_series_leave_no_memory_files_blocks_or_widgets(
    seat: tuple[Desk, MainWindow], tmp_path: Path
) -> None:
    desk, window = seat
    for number in range(WARM_UP):
        open_and_close(desk, window, tmp_path / str(number % FOLDERS))
    QThreadPool.globalInstance().waitForDone()
    QTest.qWait(100)
    before = Used.by(window)
    for number in range(SERIES):
        open_and_close(desk, window, tmp_path / str(number % FOLDERS))

    def at_rest() -> bool:
        now = Used.by(window)
        return not now.kept - before.kept and now.files <= before.files

    # Checks of the last slice and a thumbnail may still be under way: they hold pictures and files.
    desk.wait(at_rest, "the end of the work in the background")
    after = Used.by(window)
    assert before.blocks == after.blocks <= ENGINE_BLOCKS
    assert after.kept - before.kept == Counter()
    assert after.widgets <= before.widgets
    assert after.objects - before.objects == Counter()
    assert after.files <= before.files
    assert after.bytes_ <= before.bytes_ * (1 + MAY_GROW)
