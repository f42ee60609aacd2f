"""Notices: never modal, counted when they repeat, with a way on."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from brainsr_desktop import log
from brainsr_desktop.app import notifier as notifier_module
from brainsr_desktop.app.dialogs.notice import DetailsDialog
from brainsr_desktop.app.notifier import Notifier
from brainsr_desktop.core.errors import DiskFull
from brainsr_desktop.session.reports import Notice

FULL = Notice("warning", "12 of 24 files written; the disk is full.", "Free 40 MB and press Continue.")


@pytest.fixture
def stage(qtbot: QtBot) -> QWidget:
    """What a notice lies on; kept by the fixture, as Qt would delete the notice with it."""
    made = QWidget()
    qtbot.addWidget(made)
    made.resize(800, 200)
    made.show()
    return made


@pytest.fixture
def notifier(stage: QWidget, monkeypatch: pytest.MonkeyPatch) -> Notifier:
    monkeypatch.setattr(log, "_SECRETS", log._Secrets())
    made = Notifier(stage)
    made.resize(780, 80)
    return made


def test_that_a_notice_says_what_happened_and_what_to_do(notifier: Notifier) -> None:
    assert not notifier.isVisible()
    notifier.show_notice(FULL)
    assert notifier.isVisible()
    assert notifier.text.text() == f"{FULL.text} {FULL.advice}"
    assert notifier.sign.accessibleName() == "Warning"
    assert not notifier.action.isVisible() and not notifier.details.isVisible()


def test_that_repeats_are_counted_not_stacked(notifier: Notifier) -> None:
    for _ in range(3):
        notifier.show_notice(FULL)
    assert "(3 times)" in notifier.text.text()
    assert notifier.waiting == 1
    notifier.close_button.click()
    assert not notifier.isVisible()


def test_that_earlier_notices_come_back(notifier: Notifier) -> None:
    notifier.show_notice(FULL)
    notifier.show_notice(Notice("error", "The network process stopped."))
    assert "1 more behind this one" in notifier.text.text()
    notifier.close_button.click()
    assert FULL.text in notifier.text.text()


def test_that_the_button_does_what_it_says_once(notifier: Notifier) -> None:
    done: list[int] = []
    notifier.show_notice(Notice("error", "It failed.", label="Retry", action=lambda: done.append(1)))
    assert notifier.action.text() == "Retry"
    QTest.mouseClick(notifier.action, Qt.MouseButton.LeftButton)
    assert done == [1]
    assert not notifier.isVisible()


def test_that_an_action_may_show_another_notice(notifier: Notifier) -> None:
    again = Notice("error", "It failed again.")
    notifier.show_notice(
        Notice("error", "It failed.", label="Retry", action=lambda: notifier.show_notice(again))
    )
    notifier.action.click()
    assert notifier.current is again


def test_that_technical_text_waits_behind_details(notifier: Notifier) -> None:
    notifier.show_notice(Notice("error", "It failed.", detail="Traceback: line 1"))
    notifier.details.click()
    dialog = notifier.window().findChild(DetailsDialog)
    assert isinstance(dialog, DetailsDialog)
    assert dialog.detail.toPlainText() == "Traceback: line 1"
    dialog.close()


def test_that_information_goes_by_itself_and_errors_stay(
    notifier: Notifier, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier_module, "INFO_STAYS_MS", 30)
    monkeypatch.setattr(Notifier, "underMouse", lambda _self: False)
    notifier.show_notice(FULL)
    notifier.show_notice(Notice("info", "The panes were copied."))
    qtbot.waitUntil(lambda: notifier.current is FULL)
    qtbot.wait(80)
    assert notifier.current is FULL


def test_that_markup_and_control_characters_are_shown_as_text(notifier: Notifier) -> None:
    notifier.show_notice(Notice("error", "<b>file\x1b[31m\u202e</b>\nnext", "a" * 5000))
    assert notifier.text.textFormat() == Qt.TextFormat.PlainText
    assert notifier.text.text().startswith("<b>file\ufffd[31m\ufffd</b> next aaa")
    assert len(notifier.text.text()) < 1300


def test_that_errors_of_the_program_bring_their_advice(notifier: Notifier) -> None:
    notifier.show_error(DiskFull("The disk is full.", advice="Free 40 MB."))
    assert notifier.text.text() == "The disk is full. Free 40 MB."
    assert notifier.property("level") == "error"


def test_that_a_flood_of_notices_is_bounded(notifier: Notifier) -> None:
    for number in range(500):
        notifier.show_notice(Notice("warning", f"problem {number}"))
    assert notifier.waiting == notifier_module.KEPT
    assert "problem 499" in notifier.text.text()


def test_that_hidden_patient_data_are_masked_in_notices(notifier: Notifier) -> None:
    log.keep_out("/data/Muster Anna", "Muster")
    notifier.show_notice(
        Notice("error", "“Muster” can no longer be read: '/data/Muster Anna/IM1'.", detail="born 1960-01-02")
    )
    assert "Muster" in notifier.text.text()
    notifier.set_hidden(True)
    assert notifier.text.text() == "“hidden” can no longer be read: hidden."
    notifier.details.click()
    dialog = notifier.window().findChild(DetailsDialog)
    assert isinstance(dialog, DetailsDialog)
    assert dialog.detail.toPlainText() == "born hidden"
    dialog.close()
    notifier.set_hidden(False)
    assert "Muster" in notifier.text.text()
