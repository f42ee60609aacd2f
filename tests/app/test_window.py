"""The window: opening, showing, hiding who the patient is, remembering how it stood."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QByteArray, QMimeData, QPoint, QPointF, QRect, Qt, QUrl
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QLabel,
    QMessageBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from brainsr_desktop import paths
from brainsr_desktop.app.controller import Controller
from brainsr_desktop.app.dialogs.notice import ResearchNotice
from brainsr_desktop.app.series_tree import STACK_MIME
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.window import MainWindow
from brainsr_desktop.core.errors import Problem
from brainsr_desktop.models.catalog import BASELINES, Catalog
from brainsr_desktop.session.pictures import PaneState
from brainsr_desktop.session.reports import JobView
from brainsr_desktop.settings import General, Networks, Privacy, Settings, WindowLayout, load
from tests.app.frame_kit import (
    PATIENT,
    READ,
    PretendController,
    Rig,
    make_rig,
    restore_look,
    series_of,
    stack,
    visible_texts,
)

SCREEN = QRect(0, 0, 1600, 1000)


def shown_id(rig: Rig) -> str | None:
    found = rig.store.state.stack
    return None if found is None else found.id


# Opening


def test_that_the_pretend_controller_has_the_face_of_the_real_one() -> None:
    ours = {name for name in vars(PretendController) if not name.startswith("_")} - {
        "asked_for",
        "show_pictures",
    }
    assert ours <= {*dir(Controller), "staticMetaObject"}


def test_that_nothing_open_offers_three_ways_to_begin(rig: Rig) -> None:
    areas = rig.window.areas
    assert areas.empty.isVisible()
    assert not areas.pair.isVisible()
    areas.empty.sample.click()
    assert rig.controller.asked_for("open") == [("open", (str(paths.sample_dir()),), False, None)]


def test_that_the_first_series_that_suits_is_opened(rig: Rig) -> None:
    localizer = stack(1, badges=("localizer",))
    colour = stack(2, why_not="colour image")
    rig.open(series_of(localizer), series_of(colour), series_of(stack(3)), series_of(stack(4)))
    assert shown_id(rig) == "3"
    assert rig.window.areas.pair.isVisible()
    assert rig.controller.asked_for("stack") == [("stack", "3")]


def test_that_a_localizer_is_opened_where_there_is_nothing_better(rig: Rig) -> None:
    rig.open(series_of(stack(1, why_not="colour image")), series_of(stack(2, badges=("localizer",))))
    assert shown_id(rig) == "2"


def test_that_what_cannot_be_enhanced_is_shown_all_the_same(rig: Rig) -> None:
    rig.open(series_of(stack(1, why_not="not an MR image")))
    assert shown_id(rig) == "1"


def test_that_a_second_folder_is_added_and_can_replace_the_first(rig: Rig) -> None:
    rig.open(series_of(stack(1)), path="/data/one")
    rig.open(series_of(stack(2)), path="/data/two")
    assert {s.id for s in rig.window.areas.browser.stacks()} == {"1", "2"}
    notice = rig.window.areas.notifier
    assert "“two”" in notice.text.text()
    assert notice.action.text() == "Replace"
    notice.action.click()
    assert [s.id for s in rig.window.areas.browser.stacks()] == ["2"]
    assert rig.controller.asked_for("open")[-1] == ("open", ("/data/two",), True, None)


def test_that_a_folder_without_images_says_what_was_looked_at(rig: Rig) -> None:
    problems = (
        Problem("a.txt", "NOT_DICOM", "no image"),
        Problem("b.pdf", "NO_IMAGE", "no image"),
        Problem("c.dcm", "TRUNCATED_HEADER", "it ends early"),
    )
    rig.open(problems=problems, path="/data/empty")
    notifier = rig.window.areas.notifier
    assert "No images in “empty” (3 files looked at, 2 of other types, 1 unreadable)." in notifier.text.text()
    notifier.action.click()
    assert rig.window.dialogs.problems.isVisible()
    assert len(rig.window.dialogs.problems.rows()) == 3


def test_that_the_status_line_counts_what_a_folder_held(rig: Rig) -> None:
    problems = (Problem("a.txt", "NOT_DICOM", "x"), Problem("b.dcm", "DECODE_FAILED", "y"))
    rig.open(series_of(stack(1)), problems=problems)
    assert (
        rig.window.statusBar().currentMessage()
        == "3 files: 1 image in 1 series, 1 not DICOM, 1 with problems"
    )
    assert rig.window.areas.browser.problems.text() == "!  1 problem"


def test_that_an_encrypted_archive_is_opened_with_its_password(rig: Rig, qtbot: QtBot) -> None:
    rig.open(problems=(Problem("a.zip/1.dcm", "PASSWORD", "encrypted"),), path="/data/a.zip")
    rig.window.areas.notifier.action.click()
    dialog = next(w for w in rig.window.findChildren(QWidget) if type(w).__name__ == "QInputDialog")
    dialog.setTextValue("sesame")  # type: ignore[attr-defined]
    dialog.accept()  # type: ignore[attr-defined]
    assert rig.controller.asked_for("open")[-1] == ("open", ("/data/a.zip",), False, "sesame")


def _drop(target: QWidget, data: QMimeData) -> bool:
    place, action = QPoint(50, 50), Qt.DropAction.CopyAction
    button, modifier = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place, action, data, button, modifier)
    QApplication.sendEvent(target, enter)
    if enter.isAccepted():
        QApplication.sendEvent(target, QDropEvent(QPointF(place), action, data, button, modifier))
    return enter.isAccepted()


def test_that_a_folder_can_be_dropped_anywhere(rig: Rig) -> None:
    for target in (rig.window, rig.window.areas.empty, rig.window.areas.pair):
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile("/data/a folder"), QUrl("https://example.org/x")])
        assert _drop(target, data)
        assert rig.controller.asked_for("open")[-1] == ("open", ("/data/a folder",), False, None)


def test_that_text_is_not_taken_when_dropped(rig: Rig) -> None:
    data = QMimeData()
    data.setText("hello")
    assert not _drop(rig.window, data)


def test_that_a_card_dropped_on_the_panes_opens_its_series(rig: Rig) -> None:
    rig.open(series_of(stack(1)), series_of(stack(2)))
    data = QMimeData()
    data.setData(STACK_MIME, QByteArray(b"2"))
    assert not _drop(rig.window, data)
    assert _drop(rig.window.areas.pair, data)
    assert shown_id(rig) == "2"


def test_that_page_keys_go_through_the_series(rig: Rig) -> None:
    rig.open(*(series_of(stack(number)) for number in (1, 2, 3)))
    rig.focus_images()
    rig.key(Qt.Key.Key_PageDown)
    rig.key(Qt.Key.Key_PageDown)
    assert shown_id(rig) == "3"
    rig.key(Qt.Key.Key_PageDown)
    assert shown_id(rig) == "3"
    rig.key(Qt.Key.Key_PageUp)
    assert shown_id(rig) == "2"


# Who the patient is


def test_that_hiding_leaves_no_patient_data_anywhere(rig: Rig) -> None:
    problem = Problem("MUSTER_ANNA/IM1", "DECODE_FAILED", "IM1 of Muster ends early", "left out")
    shown = stack(1, header=(("Study date", "2024-03-05"),))
    rig.open(series_of(shown), problems=(problem,), path="/data/Muster Anna")
    window = rig.window
    window.dialogs.show_header(shown)
    rows = (("(0010,0010)", "PatientName", "PN", "Muster^Anna"), ("(0009,1001)", "", "LO", "Muster private"),
            ("(0008,0080)", "InstitutionName", "LO", "General Hospital"))  # fmt: skip
    rig.controller.header_ready.emit(shown, rows)
    window.dialogs.show_problems(window.opening.problems, "")
    secrets = ("muster", "anna", "4711", "1960", "2024-03-05", "20240305", "general hospital")

    def leaks() -> list[str]:
        return [text for text in visible_texts(window) if any(word in text.lower() for word in secrets)]

    assert len(leaks()) > 8
    rig.key(Qt.Key.Key_H, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert rig.store.state.hide_patient
    assert leaks() == []
    assert window.areas.lock.isVisible()
    window.dialogs.show_header(shown)
    rig.controller.header_ready.emit(shown, rows)
    assert leaks() == []
    rig.window.actions_["hide_patient"].trigger()
    assert len(leaks()) > 8
    assert not window.areas.lock.isVisible()


def test_that_patient_data_can_be_hidden_from_the_start(qtbot: QtBot, tmp_path: Path) -> None:
    for rig in make_rig(qtbot, tmp_path, replace(READ, privacy=Privacy(hide_at_start=True))):
        rig.open(series_of(stack(1)))
        assert "Muster" not in rig.window.windowTitle()
        assert "hidden" in rig.window.windowTitle()


def test_that_markup_in_names_is_shown_literally(rig: Rig) -> None:
    nasty = '<img src="file:///etc/passwd"><a href="x">&amp;'
    study = replace(PATIENT, patient_name=nasty, study_description=nasty)
    rig.open(series_of(stack(1, description=nasty, split_reason=nasty), study=study))
    for label in rig.window.findChildren(QLabel):
        if "<img" in label.text():
            assert label.textFormat() == Qt.TextFormat.PlainText
    tips = [text for text in visible_texts(rig.window.areas.browser) if "passwd" in text]
    assert tips
    model = rig.window.areas.browser.tree.model()
    tip = model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert "&lt;img" in tip and "<img" not in tip


def test_that_the_title_names_series_and_patient(rig: Rig) -> None:
    assert rig.window.windowTitle() == "BrainSR Desktop"
    rig.open(series_of(stack(1)))
    assert rig.window.windowTitle() == "series 1 - Muster, Anna - BrainSR Desktop"


# First start


def test_that_the_first_start_asks_to_read_the_notice(qtbot: QtBot, tmp_path: Path) -> None:
    for rig in make_rig(qtbot, tmp_path, Settings(general=General(theme="light"))):
        dialog = rig.window.dialogs.current(ResearchNotice)
        assert dialog is not None and dialog.isVisible()
        assert not dialog.go_on.isEnabled()
        dialog.go_on.click()
        assert dialog.isVisible()
        dialog.tick.click()
        dialog.go_on.click()
        assert rig.window.dialogs.current(ResearchNotice) is None
        assert rig.window.isVisible()
    assert load(tmp_path / "settings.toml").settings.general.accepted_notice == "0"


def test_that_who_does_not_accept_leaves(qtbot: QtBot, tmp_path: Path) -> None:
    for rig in make_rig(qtbot, tmp_path, Settings(general=General(theme="light"))):
        dialog = rig.window.dialogs.current(ResearchNotice)
        assert dialog is not None
        dialog.quit.click()
        assert not rig.window.isVisible()
    assert load(tmp_path / "settings.toml").settings.general.accepted_notice == ""


def test_that_the_notice_is_not_asked_again_but_can_be_read(rig: Rig) -> None:
    assert rig.window.dialogs.current(ResearchNotice) is None
    rig.window.actions_["research_notice"].trigger()
    dialog = rig.window.dialogs.current(ResearchNotice)
    assert dialog is not None and dialog.go_on.isEnabled() and not dialog.quit.isVisible()
    dialog.reject()
    assert rig.window.isVisible()


# Closing


def _running(done: bool = False) -> JobView:
    return JobView(7, "Export", 3, 24, "done" if done else "running", keeps_window=True)


def _ask_to_close(rig: Rig) -> QMessageBox:
    event = QCloseEvent()
    QApplication.sendEvent(rig.window, event)
    assert not event.isAccepted()
    box = rig.window.close_question.box
    assert box is not None
    return box


def _press(box: QMessageBox, words: str) -> None:
    next(button for button in box.buttons() if words in button.text().replace("&", "")).click()


def test_that_closing_during_an_export_asks_and_can_be_taken_back(rig: Rig) -> None:
    rig.controller.job_changed.emit(_running())
    _press(_ask_to_close(rig), "Stay")
    assert rig.window.isVisible()
    rig.controller.job_changed.emit(_running(done=True))
    assert rig.window.isVisible()


def test_that_closing_can_wait_for_the_export(rig: Rig) -> None:
    rig.controller.job_changed.emit(_running())
    _press(_ask_to_close(rig), "Wait")
    assert rig.window.isVisible()
    rig.controller.job_changed.emit(_running(done=True))
    assert not rig.window.isVisible()


def test_that_closing_can_stop_the_export(rig: Rig) -> None:
    rig.controller.job_changed.emit(_running())
    _press(_ask_to_close(rig), "Stop")
    assert not rig.window.isVisible()


def test_that_a_scan_does_not_keep_the_window_open(rig: Rig) -> None:
    rig.controller.job_changed.emit(JobView(1, "Look for images", 3, 24, "running"))
    assert rig.window.close()


# With the real children


def test_that_a_real_folder_is_opened_shown_and_enhanced(qtbot: QtBot, tmp_path: Path) -> None:
    store = Store()
    controller = Controller(store, catalog=Catalog(BASELINES))
    settings = replace(READ, networks=Networks(model="bicubic", scale=2), window=WindowLayout())
    window = MainWindow(store, controller, settings, settings_path=tmp_path / "settings.toml")
    try:
        window.resize(1280, 800)
        window.show()
        window.areas.empty.sample.click()
        browser = window.areas.browser
        qtbot.waitUntil(
            lambda: controller.right_status.state in (PaneState.FULL, PaneState.CACHED), timeout=60_000
        )
        qtbot.waitUntil(lambda: len(browser.stacks()) == 5, timeout=20_000)
        assert store.state.stack is not None
        assert "localizer" not in store.state.stack.badges
        assert window.areas.pair.right_picture is not None
        rows = store.state.stack.geometry.rows
        assert window.areas.pair.right_picture.pixels.shape[0] == 2 * rows
        qtbot.waitUntil(lambda: _thumbnails(browser.tree) >= 3, timeout=20_000)
        assert window.statusBar().currentMessage().startswith("105 files: 103 images in 3 series")
    finally:
        window.close()
        controller.shut_down()
        window.deleteLater()
        restore_look()


def _thumbnails(tree: QAbstractItemView) -> int:
    from brainsr_desktop.app.series_card import Role

    model = tree.model()
    study = model.index(0, 0, model.index(0, 0))
    return sum(
        model.index(row, 0, study).data(Role.THUMBNAIL) is not None for row in range(model.rowCount(study))
    )
