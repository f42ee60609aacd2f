"""Work in other threads leaves nothing behind."""

from __future__ import annotations

import gc
import time
import weakref
from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, QObject, QThreadPool
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.background import Newest, in_background


def test_that_the_answer_comes_in_the_window_s_thread(qtbot: QtBot) -> None:
    owner = QObject()
    heard: list[tuple[int, bool]] = []
    in_background(lambda: 7, lambda result: heard.append((result, owner.thread().isCurrentThread())), owner)
    qtbot.waitUntil(lambda: heard == [(7, True)])


@pytest.mark.parametrize("work", [lambda: None, lambda: time.sleep(0.01)], ids=["short", "long"])
def test_that_a_closed_dialog_is_not_kept_by_its_work(qtbot: QtBot, work: Callable[[], None]) -> None:
    known = []
    for _ in range(50):
        dialog = QDialog()
        in_background(work, lambda _: None, dialog)
        known.append(weakref.ref(dialog))
        dialog.deleteLater()
        del dialog
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    def all_gone() -> bool:
        gc.collect()
        return not any(one() is not None for one in known)

    QThreadPool.globalInstance().waitForDone()
    qtbot.waitUntil(all_gone)


def test_that_a_request_that_waits_is_replaced_by_a_newer_one(qtbot: QtBot) -> None:
    owner = QObject()
    slot = Newest(owner)
    heard: list[int] = []
    for number in range(5):
        slot.ask(lambda number=number: number, heard.append)  # type: ignore[misc]  # a lambda's default
    qtbot.waitUntil(lambda: heard == [0, 4])
