"""A file that the system hands to the running program."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QUrl
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.file_open import FileOpen


def test_that_a_file_sent_as_an_event_is_opened_and_other_events_go_on(qtbot: QtBot, tmp_path: Path) -> None:
    app = QApplication.instance()
    assert app is not None
    opened: list[list[str]] = []
    handler = FileOpen(opened.append)
    app.installEventFilter(handler)
    try:
        image = tmp_path / "scan 1.nii.gz"
        taken = QApplication.sendEvent(app, QFileOpenEvent(QUrl.fromLocalFile(str(image))))
        QApplication.sendEvent(app, QEvent(QEvent.Type.User))
    finally:
        app.removeEventFilter(handler)
    assert taken
    assert [Path(path) for (path,) in opened] == [image]
