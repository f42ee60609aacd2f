"""The window: opening, showing, hiding who the patient is, remembering how it stood."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray, QMimeData, QPoint, QPointF, QRect, Qt, QUrl
from PySide6.QtGui import QCloseEvent, QColor, QDragEnterEvent, QDropEvent, QGuiApplication, QPalette, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QApplication,
    QGraphicsView,
    QLabel,
    QMessageBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from brainsr_desktop import paths
from brainsr_desktop.app.controller import Controller
from brainsr_desktop.app.dialogs.notice import ResearchNotice
from brainsr_desktop.app.held_key import OriginalKey
from brainsr_desktop.app.series_tree import STACK_MIME
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.theme import IMAGE
from brainsr_desktop.app.window import MainWindow
from brainsr_desktop.app.window_memory import corrected_place, first_state, with_choices
from brainsr_desktop.core.errors import Problem
from brainsr_desktop.models.catalog import BASELINES, Catalog
from brainsr_desktop.session import intents
from brainsr_desktop.session.pictures import PaneState
from brainsr_desktop.session.reports import JobView
from brainsr_desktop.session.state import ViewState
from brainsr_desktop.settings import General, Networks, Privacy, Settings, Viewing, WindowLayout, load
from tests.app.frame_kit import (
    CATALOG,
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


@pytest.fixture
def rig(qtbot: QtBot, tmp_path: Path) -> Iterator[Rig]:
    yield from make_rig(qtbot, tmp_path)


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


# Areas


def test_that_areas_are_hidden_and_brought_back(rig: Rig) -> None:
    areas = rig.window.areas
    rig.key(Qt.Key.Key_F9)
    assert not areas.browser.isVisible()
    rig.key(Qt.Key.Key_F10)
    assert not areas.panel.isVisible()
    rig.key(Qt.Key.Key_F9)
    rig.key(Qt.Key.Key_F10)
    assert areas.browser.isVisible() and areas.panel.isVisible()


def test_that_full_screen_shows_the_panes_alone(rig: Rig) -> None:
    rig.open(series_of(stack(1)))
    rig.focus_images()
    areas = rig.window.areas
    others = (
        areas.browser,
        areas.panel,
        areas.slider,
        rig.window.menuBar(),
        rig.window.tools,
        rig.window.statusBar(),
    )
    rig.key(Qt.Key.Key_F11)
    assert rig.window.isFullScreen()
    assert not any(widget.isVisible() for widget in others)
    rig.key(Qt.Key.Key_Escape)
    assert not rig.window.isFullScreen()
    assert all(widget.isVisible() for widget in others)


def test_that_the_panel_folds_when_there_is_no_room(rig: Rig, qtbot: QtBot) -> None:
    areas = rig.window.areas
    rig.window.setMinimumSize(300, 300)
    assert not areas.panel.folded
    width = areas.panel.width()
    rig.window.resize(1090, 800)
    assert areas.panel.folded
    qtbot.waitUntil(lambda: areas.panel.width() < 60)
    rig.window.resize(950, 800)
    assert not areas.browser.isVisible()
    rig.window.resize(1280, 800)
    assert areas.browser.isVisible()
    assert not areas.panel.folded
    qtbot.waitUntil(lambda: abs(areas.panel.width() - width) <= 2)


def test_that_a_folded_panel_opens_at_the_section_asked_for(rig: Rig) -> None:
    rig.open(series_of(stack(1)))
    rig.window.resize(1000, 700)
    panel = rig.window.areas.panel
    assert panel.folded
    rig.focus_images()
    rig.key(Qt.Key.Key_M)
    assert not panel.folded
    assert panel.section("metrics").is_open
    assert QApplication.focusWidget() is panel.section("metrics").heading


def test_that_f6_goes_round_the_areas(rig: Rig) -> None:
    rig.open(series_of(stack(1)))
    rig.window.areas.browser.tree.setFocus()
    seen: list[QWidget | None] = []
    for _ in range(len(rig.window.areas.tab_areas())):
        rig.key(Qt.Key.Key_F6)
        seen.append(QApplication.focusWidget())
    assert None not in seen
    assert len(set(map(id, seen))) == len(seen)
    assert seen[-1] is rig.window.areas.browser.tree
    rig.key(Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
    assert QApplication.focusWidget() is seen[-2]


def test_that_every_control_has_a_name_for_screen_readers(rig: Rig) -> None:
    rig.open(series_of(stack(1)))
    rig.window.areas.panel.set_open_sections(("model", "device", "display", "test", "metrics"))
    rig.window.actions_["test_mode"].trigger()
    nameless = [
        (type(widget).__name__, widget.objectName(), type(widget.parentWidget()).__name__)
        for widget in rig.window.findChildren(QWidget)
        if widget.isVisible() and widget.focusPolicy() != Qt.FocusPolicy.NoFocus and not _has_name(widget)
    ]
    assert nameless == []


def _has_name(widget: QWidget) -> bool:
    parent = widget.parentWidget()  # parts of a field or a view that has a name itself
    inner = widget.objectName().startswith("qt_") or isinstance(parent, QAbstractScrollArea | QGraphicsView)
    text = isinstance(widget, QAbstractButton) and bool(widget.text())
    return (
        bool(widget.accessibleName())
        or text
        or inner
        or type(widget).__name__ in ("QSplitter", "QScrollArea")
    )


def test_that_no_text_is_smaller_than_ten_points(rig: Rig) -> None:
    rig.open(series_of(stack(1)))
    sizes = {widget.font().pointSizeF() for widget in rig.window.findChildren(QWidget) if widget.isVisible()}
    assert min(sizes) >= 10.0


def test_that_the_theme_changes_without_a_restart(rig: Rig) -> None:
    window = QPalette.ColorRole.Window
    light = rig.window.palette().color(window).lightness()
    rig.window.actions_["theme_dark"].trigger()
    assert rig.window.palette().color(window).lightness() < 80 < light
    assert rig.window.preferences.settings.general.theme == "dark"
    rig.window.actions_["theme_light"].trigger()
    assert rig.window.palette().color(window).lightness() == light


def test_that_the_state_of_a_pane_keeps_its_colour_in_another_theme(rig: Rig) -> None:
    rig.open(series_of(stack(1)))
    bar = rig.window.areas.pair.right.bar
    green = QColor(IMAGE.green).rgb()

    def green_pixels() -> int:
        image = bar.grab(bar.rect().adjusted(40, 0, 0, 0)).toImage()
        return sum(image.pixel(x, y) == green for x in range(image.width()) for y in range(image.height()))

    before = green_pixels()
    assert before > 20
    rig.window.actions_["theme_dark"].trigger()
    rig.window.actions_["theme_light"].trigger()
    QApplication.processEvents()
    assert green_pixels() == before


# Space


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("held_s", "before", "after"), [(0.1, False, True), (0.1, True, False), (1.0, False, False)]
)
def test_that_space_held_shows_the_original_and_tapped_keeps_it(
    rig: Rig, held_s: float, before: bool, after: bool
) -> None:
    rig.open(series_of(stack(1)))
    clock = Clock()
    watcher = OriginalKey(rig.store, rig.window, clock)
    view = rig.window.areas.pair.left.view
    watcher.watch(rig.window.areas.pair)
    rig.store.apply(lambda s: intents.show_original(s, on=before))
    QTest.keyPress(view, Qt.Key.Key_Space)
    assert rig.store.state.show_original
    clock.now += held_s
    QTest.keyRelease(view, Qt.Key.Key_Space)
    assert rig.store.state.show_original is after


def test_that_space_is_let_go_when_the_focus_leaves(rig: Rig) -> None:
    rig.open(series_of(stack(1)))
    rig.focus_images()
    QTest.keyPress(rig.window.areas.pair.left.view, Qt.Key.Key_Space)
    assert rig.store.state.show_original
    rig.window.areas.browser.search.setFocus()
    assert not rig.store.state.show_original


# Pictures


def test_that_both_panes_are_copied_and_saved_as_seen(rig: Rig, tmp_path: Path) -> None:
    rig.open(series_of(stack(1)))
    rig.window.actions_["copy_picture"].trigger()
    size = rig.window.areas.pair.size()
    assert QGuiApplication.clipboard().image().size() == size * rig.window.devicePixelRatioF()
    rig.window.pictures.save(tmp_path / "picture.png")
    rig.qtbot.waitUntil(lambda: "picture.png" in rig.window.statusBar().currentMessage())
    assert QPixmap(str(tmp_path / "picture.png")).size() == size * rig.window.devicePixelRatioF()


def test_that_a_picture_that_cannot_be_saved_is_told(rig: Rig, tmp_path: Path) -> None:
    rig.open(series_of(stack(1)))
    rig.window.pictures.save(tmp_path / "no such folder" / "picture.png")
    rig.qtbot.waitUntil(lambda: "picture.png could not be saved" in rig.window.areas.notifier.text.text())


# Remembering


def test_that_size_sections_and_areas_come_back(qtbot: QtBot, tmp_path: Path) -> None:
    for rig in make_rig(qtbot, tmp_path):
        rig.window.areas.panel.set_open_sections(("device", "metrics"))
        rig.key(Qt.Key.Key_F9)
        rig.window.resize(1190, 700)
    kept = load(tmp_path / "settings.toml")
    assert kept.notes == ()
    assert kept.settings.window.place[2:] == (1190, 700)
    for rig in make_rig(qtbot, tmp_path, kept.settings):
        assert rig.window.areas.panel.open_sections == ("device", "metrics")
        assert not rig.window.areas.browser.isVisible()


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ((), QRect(160, 100, 1280, 800)),
        ((100, 50, 1200, 700), QRect(100, 50, 1200, 700)),
        ((5000, 50, 1200, 700), QRect(200, 150, 1200, 700)),
        ((100, -900, 1200, 700), QRect(200, 150, 1200, 700)),
        ((100, 990, 1200, 700), QRect(200, 150, 1200, 700)),
        ((-1150, 50, 1200, 700), QRect(200, 150, 1200, 700)),
        ((0, 0, 9000, 9000), QRect(0, 0, 1600, 1000)),
        ((10, 10, 20, 20), QRect(10, 10, 960, 600)),
        ((10, 10, -5, 0), QRect(160, 100, 1280, 800)),
        ((1, 2, 3), QRect(160, 100, 1280, 800)),
    ],
)
def test_that_a_place_off_every_screen_is_corrected(place: tuple[int, ...], expected: QRect) -> None:
    assert corrected_place(place, [SCREEN]) == expected


def test_that_a_place_on_the_second_screen_is_kept() -> None:
    second = QRect(1600, 0, 1920, 1080)
    assert corrected_place((1700, 20, 1280, 800), [SCREEN, second]) == QRect(1700, 20, 1280, 800)
    assert corrected_place((1700, 20, 1280, 800), [SCREEN]).x() < 1600


def test_that_a_screen_smaller_than_the_least_size_is_not_exceeded() -> None:
    small = QRect(0, 0, 910, 512)
    assert corrected_place((), [small]) == small


def test_that_the_last_choices_come_back() -> None:
    chosen = intents.choose_model(ViewState(), "brainsr-x2", 2, None)
    chosen = intents.set_tile(intents.set_precision(intents.set_device(chosen, "cpu"), "fast"), 128)
    chosen = intents.set_overlays(intents.set_interpolation(chosen, "linear"), "few")
    kept = with_choices(Settings(), chosen)
    assert (
        kept.networks
        == Networks(model="brainsr-x2", scale=2, fast_preview=False, device="cpu", precision="fast", tile=128)
        or kept.networks.fast_preview
    )
    again = first_state(ViewState(), kept, CATALOG)
    assert again.recipe == chosen.recipe
    assert (again.interpolation, again.overlays) == ("linear", "few")


def test_that_a_model_that_is_gone_is_replaced() -> None:
    settings = Settings(networks=Networks(model="no-such-model", scale=3), viewing=Viewing())
    assert first_state(ViewState(), settings, CATALOG).recipe.model == "brainsr-x4"
    assert first_state(ViewState(), settings, Catalog(BASELINES)).recipe.model == "bicubic"


def test_that_settings_that_cannot_be_saved_are_told_once(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").mkdir()
    for rig in make_rig(qtbot, tmp_path):
        notifier = rig.window.areas.notifier
        for theme in ("dark", "light"):
            rig.window.preferences.update("general", theme=theme)
            rig.window.preferences.finish()
            QApplication.processEvents()
        assert "could not be saved" in notifier.text.text()
        assert notifier.waiting == 1
        assert "times" not in notifier.text.text()


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
