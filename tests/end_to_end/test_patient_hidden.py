"""With patient data hidden, no text of the window and no file that it writes tells who the patient is."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from pydicom import Dataset
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QAction, QFont
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from pytestqt.qtbot import QtBot

from brainsr_desktop import log
from brainsr_desktop.app.dialogs.export import ExportDialog
from brainsr_desktop.app.dialogs.header import HeaderDialog
from brainsr_desktop.app.window import MainWindow
from brainsr_desktop.session import intents
from brainsr_desktop.session.reports import Notice
from brainsr_desktop.settings import ExportChoices
from tests.app.controlling import Desk, series_folder
from tests.app.frame_kit import READ, restore_look, visible_texts

PATIENT: Final = {
    "PatientName": "Zwiebelmeier^Quirin",
    "PatientID": "PID918273",
    "PatientBirthDate": "19330307",
    "InstitutionName": "Klinikum Sonnenhang",
    "ReferringPhysicianName": "Oberwasser^Theodora",
    "PerformingPhysicianName": "Unterholz^Kunigunde",
    "AccessionNumber": "ACC554433",
    "StudyDate": "20230417",
}
SECRETS: Final = (
    *("zwiebelmeier", "quirin", "918273", "19330307", "1933-03-07", "sonnenhang"),
    *("oberwasser", "theodora", "unterholz", "kunigunde", "554433", "20230417", "2023-04-17"),
)
FOLDER: Final = "Geheimordner"
"""Paths are hidden in what can be seen; the settings must keep those of the recent folders."""
SECTIONS: Final = ("model", "display", "test", "measure", "metrics", "device")
TIMES_SEEN: Final = 12
"""So often at least the patient is told while nothing is hidden: the search finds what there is."""


class Seat:
    """Someone in front of a real window, with every panel and dialog open."""

    def __init__(self, desk: Desk, window: MainWindow, state: Path, out: Path) -> None:
        self.desk, self.window, self.state, self.out = desk, window, state, out

    def open_everything(self) -> None:
        window, desk, stack = self.window, self.desk, self.desk.store.state.stack
        assert stack is not None
        panel = window.areas.panel
        panel.set_open_sections(SECTIONS)
        dialogs = window.dialogs
        dialogs.show_header(stack)
        header = dialogs.current(HeaderDialog)
        assert header is not None
        desk.wait(lambda: len(header.content.table.rows) > 20, "the header")
        dialogs.show_problems(window.opening.problems, "")
        dialogs.show_keys()
        dialogs.show_about()
        dialogs.show_settings()
        dialogs.show_export()
        path = f"{self.out.parent}/{FOLDER}/IM0001.dcm"
        dialogs.show_failure(f"{path} failed", f"Traceback of {PATIENT['PatientName']}: '{path}'")
        desk.controller.notice.emit(Notice("error", f"Cannot read {path}", detail=f"'{path}' is cut"))
        window.recent.look()
        window.tour.start()
        QTest.qWait(100)

    def close_dialogs(self, *, modal_only: bool = False) -> None:
        for widget in QApplication.topLevelWidgets():
            if widget is not self.window and widget.isVisible() and (widget.isModal() or not modal_only):
                widget.close()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        QApplication.processEvents()

    def texts(self) -> list[str]:
        """What can be read anywhere: widgets, tool tips, accessible texts, menus, titles, corners of the panes."""
        found = []
        for widget in QApplication.topLevelWidgets():
            found += visible_texts(widget)
            actions = {
                action for child in (widget, *widget.findChildren(QWidget)) for action in child.actions()
            }
            for action in (*actions, *widget.findChildren(QAction)):
                found += [action.text(), action.toolTip(), action.statusTip(), action.whatsThis()]
            found += [f"{child.statusTip()} {child.whatsThis()}" for child in widget.findChildren(QWidget)]
        pair = self.window.areas.pair
        for pane in (pair.left, pair.right):
            found += [repr(pane.view.content), pane.bar.label.text, pane.bar.label.detail]
        for menu in self.menus():
            found += [menu.title(), *(f"{one.text()} {one.toolTip()}" for one in menu.actions())]
        return found

    def menus(self) -> list[QMenu]:
        browser = self.window.areas.browser
        top = browser.tree.model().index(0, 0)
        menus = [browser.menu_at(top), *(browser.menu_for(stack) for stack in browser.stacks())]
        return [menu for menu in menus if menu is not None]

    def leaks(self) -> list[str]:
        words = (*SECRETS, FOLDER.lower())
        return [text for text in self.texts() if any(word in text.lower() for word in words)]


@pytest.fixture
def seat(qtbot: QtBot, tmp_path: Path) -> Iterator[Seat]:
    def name_everywhere(dataset: Dataset, _number: int) -> None:
        for keyword, value in PATIENT.items():
            setattr(dataset, keyword, value)

    study, state, out = tmp_path / FOLDER, tmp_path / "state", tmp_path / "out"
    series_folder(study, edit=name_everywhere)
    (study / f"{PATIENT['PatientID']}_broken.dcm").write_bytes((study / "IM0001.dcm").read_bytes()[:900])
    out.mkdir()
    font = QApplication.font()
    assert log.start(state / "logs", level=logging.DEBUG) is not None
    settings = replace(
        READ,
        general=replace(READ.general, remember_recent=True),
        export=ExportChoices(str(out), ("png", "csv"), name_pattern="{patient_name}_{study_date}_{number}"),
    )
    desk = Desk(qtbot)
    window = MainWindow(
        desk.store,
        desk.controller,
        settings,
        settings_path=state / "settings.toml",
        runs_folder=state / "runs",
    )
    qtbot.addWidget(window)
    window.resize(1280, 800)
    window.show()
    desk.do(intents.choose_model, "bicubic", 4)
    yield Seat(desk, window, state, out)
    for widget in QApplication.topLevelWidgets():
        widget.close()
    desk.leave()
    log.stop()
    window.hide()
    restore_look()
    QApplication.setFont(QFont(font))


def test_that_a_hidden_patient_is_told_by_no_text_and_no_file(seat: Seat, tmp_path: Path) -> None:
    desk, window = seat.desk, seat.window
    window.open_paths([str(tmp_path / FOLDER)])
    desk.wait(lambda: desk.summaries and desk.controller.left_picture is not None, "the first slice")
    desk.wait_ready()
    seat.open_everything()
    assert len(seat.leaks()) > TIMES_SEEN
    # What lies open beside the window follows at once; what must be closed first is not there.
    seat.close_dialogs(modal_only=True)
    assert len(seat.leaks()) > TIMES_SEEN
    window.actions_["hide_patient"].trigger()
    assert desk.store.state.hide_patient
    QTest.qWait(50)
    assert seat.leaks() == []
    seat.close_dialogs()
    seat.open_everything()
    assert seat.leaks() == []

    dialog = window.dialogs.current(ExportDialog)
    assert dialog is not None
    dialog.go.click()
    desk.wait(lambda: desk.ended("Export"), "the export")
    desk.wait(lambda: any(seat.out.rglob("*.png")), "the pictures")
    assert seat.leaks() == []
    log_of_a_failure()
    seat.close_dialogs()
    window.close()
    desk.wait((seat.state / "settings.toml").is_file, "the settings")
    assert hits(seat.state, SECRETS) == []
    assert [path for path in seat.out.rglob("*") if told(str(path.relative_to(seat.out)), SECRETS)] == []
    assert hits(seat.out, SECRETS) == []


def log_of_a_failure() -> None:
    """What slips into a log from an exception's text."""
    try:
        raise ValueError(
            f"{PATIENT['PatientName']} {PATIENT['PatientID']} {PATIENT['PatientBirthDate']} ends early"
        )
    except ValueError:
        logging.getLogger("brainsr_desktop.app").exception("at %s", PATIENT["InstitutionName"])


def told(text: str, words: tuple[str, ...]) -> bool:
    return any(word in text.lower() for word in words)


def hits(folder: Path, words: tuple[str, ...]) -> list[str]:
    """Files below a folder that hold one of the words."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [str(path) for path in files if told(path.read_bytes().decode("latin-1"), words)]
