"""Everything can be named, told and reached: by a screen reader, by the keyboard alone, at every text size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QScrollBar,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from brainsr_desktop import paths
from brainsr_desktop.app.actions import effective_keys
from brainsr_desktop.app.command_table import BY_ID, SPECS
from brainsr_desktop.app.dialogs.about import AboutDialog
from brainsr_desktop.app.dialogs.export import ExportDialog
from brainsr_desktop.app.dialogs.keys import KeysDialog
from brainsr_desktop.app.dialogs.manual import ManualDialog
from brainsr_desktop.app.dialogs.settings import SettingsDialog
from brainsr_desktop.app.frame_style import EDGES
from brainsr_desktop.app.theme import IMAGE, THEMES, contrast
from brainsr_desktop.session.reports import JobView, Notice
from brainsr_desktop.settings import General
from tests.app.frame_kit import READ, Rig, make_rig, series_of, stack
from tests.app.test_dialogs import with_files

CONTROLS = (
    QAbstractButton, QAbstractItemView, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit, QPlainTextEdit,
)  # fmt: skip
LEAST_TARGET_PX = 24
SIZES = [(1280, 800), (1024, 640)]
PERCENTS = [100, 200]


def open_dialogs(rig: Rig) -> list[QDialog]:
    """Every dialog of this side of the window."""
    found: list[QDialog] = []
    for name, kind in (
        ("settings", SettingsDialog), ("export", ExportDialog), ("keys", KeysDialog), ("about", AboutDialog),
        ("manual", ManualDialog),
    ):  # fmt: skip
        rig.window.actions_[name].trigger()
        dialog = rig.window.dialogs.current(kind)
        assert dialog is not None
        found.append(dialog)
    rig.window.actions_["sweep"].trigger()
    assert rig.window.sweeps.dialog is not None
    return [*found, rig.window.sweeps.dialog]


def own_controls(root: QWidget) -> Iterator[QWidget]:
    """Controls that a hand or a screen reader meets; not the inner parts of another control, nor Qt's own."""
    for widget in root.findChildren(QWidget):
        parent = widget.parentWidget()
        inside = isinstance(parent, QAbstractSpinBox | QComboBox | QLineEdit | QAbstractItemView)
        popup = parent is not None and parent.metaObject().className() == "QComboBoxPrivateContainer"
        own = not inside and not popup and not widget.objectName().startswith("qt_")
        if isinstance(widget, CONTROLS) and not isinstance(widget, QScrollBar) and own:
            yield widget


# Names


def test_that_every_command_has_a_text_a_tool_tip_and_a_name(rig: Rig) -> None:
    for spec in SPECS:
        action = rig.window.actions_[spec.id]
        assert action.text() and action.toolTip() and action.statusTip(), spec.id
        assert spec.name and "&" not in spec.name, spec.id


def test_that_every_command_can_be_reached_by_the_keyboard(rig: Rig) -> None:
    """By a key of its own, or through a menu whose title opens with Alt and a letter."""
    reached: set[str] = set()

    def walk(menu: QMenu) -> None:
        for action in menu.actions():
            below = action.menu()
            if isinstance(below, QMenu):
                walk(below)
            reached.add(action.objectName())

    for top in rig.window.menuBar().actions():
        menu = top.menu()
        assert isinstance(menu, QMenu)
        assert "&" in top.text(), top.text()
        walk(menu)
    with_key = {name for name, keys in effective_keys(()).items() if keys}
    assert set(BY_ID) <= reached | with_key


def test_that_no_letter_of_a_menu_is_given_twice(rig: Rig) -> None:
    letters = [top.text().split("&")[1][0].lower() for top in rig.window.menuBar().actions()]
    assert len(letters) == len(set(letters))


def test_that_every_control_has_a_name_for_screen_readers(rig: Rig) -> None:
    rig.open(series_of(with_files(stack(1))))
    rig.controller.job_changed.emit(JobView(1, "Export", 1, 2, "running", can_pause=True))
    for root in (rig.window, *open_dialogs(rig)):
        for widget in own_controls(root):
            if isinstance(widget, QAbstractButton) and not widget.isVisible() and not widget.text():
                continue  # gets its words when it is shown
            interface = QAccessible.queryAccessibleInterface(widget)
            name = interface.text(QAccessible.Text.Name)
            assert name or widget.toolTip(), (
                f"{type(widget).__name__} {widget.objectName()} in {type(root).__name__}"
            )


def test_that_every_control_is_large_enough_to_hit(rig: Rig) -> None:
    rig.open(series_of(with_files(stack(1))))
    rig.window.areas.panel.set_open_sections(("model", "device", "display", "test", "metrics"))
    QApplication.processEvents()
    for root in (rig.window, *open_dialogs(rig)):
        for widget in own_controls(root):
            if not widget.isVisible() or isinstance(widget, QPlainTextEdit | QAbstractItemView):
                continue
            size = widget.size()
            told = f"{type(widget).__name__} {widget.accessibleName() or widget.objectName()} {size}"
            assert size.height() >= LEAST_TARGET_PX, told
            if isinstance(widget, QToolButton):
                assert size.width() >= LEAST_TARGET_PX, told


# The keyboard alone


def test_that_f6_goes_through_every_area_and_comes_back(rig: Rig) -> None:
    rig.open(series_of(with_files(stack(1))))
    rig.focus_images()
    met: list[QWidget | None] = []
    for _ in range(9):
        rig.key(Qt.Key.Key_F6)
        met.append(QApplication.focusWidget())
    areas = rig.window.areas
    wanted = {areas.browser, areas.compare, areas.pair, areas.slider, areas.panel, areas.job_button}
    inside = {
        next((area for area in wanted if widget is area or (widget and area.isAncestorOf(widget))), None)
        for widget in met
    }
    assert inside == wanted
    rig.key(Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
    assert QApplication.focusWidget() is met[-2]


def test_that_tab_leads_through_the_export_and_out_again(rig: Rig) -> None:
    rig.open(series_of(with_files(stack(1))))
    rig.window.actions_["export"].trigger()
    dialog = rig.window.dialogs.current(ExportDialog)
    assert dialog is not None
    dialog.activateWindow()
    QApplication.processEvents()
    dialog.where.folder.setFocus()
    met: set[QWidget | None] = set()
    for _ in range(60):
        QTest.keyClick(QApplication.focusWidget() or dialog, Qt.Key.Key_Tab)
        met.add(QApplication.focusWidget())
    assert {dialog.where.folder, dialog.where.pattern, dialog.where.clash, dialog.privacy.anonymise} <= met
    assert set(dialog.format.formats.values()) & met
    assert any(isinstance(widget, QAbstractButton) and "Export" in widget.text() for widget in met)


# What is announced


def test_that_ended_jobs_and_notices_are_announced(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(
        QAccessible, "updateAccessibility", lambda event: said.append(getattr(event, "message", str)())
    )
    rig.controller.job_changed.emit(JobView(1, "Export series 4", 1, 2, "running"))
    rig.controller.job_changed.emit(JobView(1, "Export series 4", 2, 2, "done"))
    rig.controller.notice.emit(Notice("warning", "The disk is nearly full."))
    assert [text for text in said if "Export series 4" in text and "done" in text]
    assert "Warning: The disk is nearly full." in said


# Contrast


@pytest.mark.parametrize("name", THEMES)
def test_that_every_text_colour_of_the_style_sheets_can_be_read(name: str) -> None:
    """Each rule's own text on its own ground; without a ground, on every ground of the theme."""
    colours = THEMES[name]
    grounds = (colours.window, colours.panel, colours.base, colours.button)
    for sheet in ("window.qss", "frame.qss"):
        text = (paths.resources_dir() / "styles" / sheet).read_text(encoding="utf-8")
        for rule in re.findall(r"([^{}]+)\{([^{}]*)\}", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)):
            selector, body = rule[0].strip(), rule[1].replace("${", "$").replace("}", "")
            found = dict(re.findall(r"(?:^|[;\s])(color|background)\s*:\s*([^;]+)", body))
            ink, ground = (_value(found.get(part, ""), colours) for part in ("color", "background"))
            if not ink:
                continue
            image = "empty_state" in selector
            backs = [ground] if ground else ["#000000", "#2b3037"] if image else list(grounds)
            if "#warning_text" in selector or "#quiet" in selector or ":disabled" in selector:
                backs = [colours.window, colours.panel, colours.base] if not ground else [ground]
            if "notice_sign" in selector:
                backs = [colours.panel]
            for back in backs:
                assert contrast(ink, back) >= 4.5, (sheet, selector, ink, back)


@pytest.mark.parametrize("name", THEMES)
def test_that_the_focus_can_be_told_from_what_is_around_it(name: str) -> None:
    colours = THEMES[name]
    dark = colours.window in (THEMES["dark"].window, THEMES["contrast"].window)
    for ground in (colours.window, colours.panel, colours.base, colours.button):
        assert contrast(colours.focus, ground) >= 3.0, ground
    if colours.line != colours.text:
        for ground in (colours.window, colours.panel, colours.base):
            assert contrast(EDGES[dark], ground) >= 3.0, ground
    assert contrast(IMAGE.accent, IMAGE.back) >= 3.0


def _value(text: str, colours: object) -> str:
    text = text.strip()
    if text.startswith("$"):
        return str(getattr(colours, text[1:], ""))
    return text if re.fullmatch(r"#[0-9a-fA-F]{6}", text) else ""


# Nothing is cut off


@pytest.mark.parametrize("percent", PERCENTS)
@pytest.mark.parametrize("size", SIZES)
def test_that_no_word_of_the_frame_is_cut_off(
    qtbot: QtBot, tmp_path: Path, size: tuple[int, int], percent: int
) -> None:
    settings = replace(READ, general=General(theme="dark", text_percent=percent, accepted_notice="0"))
    for rig in make_rig(qtbot, tmp_path, settings):
        rig.window.resize(*size)
        rig.open(series_of(with_files(stack(1, slices=24, description="t1 mprage sag"))))
        rig.controller.job_changed.emit(JobView(1, "Export series 4", 1, 2, "running", 40.0, can_pause=True))
        rig.controller.notice.emit(
            Notice("warning", "One " * 30, "Do this.", label="Do it", action=lambda: None)
        )
        rig.window.areas.job_button.click()
        QApplication.processEvents()
        window = rig.window.rect()
        areas = rig.window.areas
        for root in (rig.window.tools, areas.notifier, areas.jobs, rig.window.statusBar(), areas.browser):
            if not root.isVisible():  # folded away, for the panes need the room
                continue
            assert window.contains(_place(root, rig.window)), type(root).__name__
            for widget in root.findChildren(QAbstractButton):
                if widget.isVisible():
                    _fits(widget)
        for label in (areas.notifier.text, *areas.jobs.findChildren(QLabel)):
            if label.isVisible():
                assert label.height() >= label.heightForWidth(label.width()), label.text()


def _place(widget: QWidget, window: QWidget) -> QRect:
    return QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())


def _fits(button: QAbstractButton) -> None:
    """A button is not smaller than its words; one that shows its sign alone needs none."""
    if isinstance(button, QToolButton) and button.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonIconOnly:
        return
    words = button.text().replace("&", "")
    needed = QSize(button.fontMetrics().horizontalAdvance(words), button.fontMetrics().height())
    told = f"{words!r}: {button.size()} for {needed}"
    assert button.width() >= needed.width() and button.height() >= needed.height(), told
