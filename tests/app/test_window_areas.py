"""The window's areas, its Space key, and pictures of its panes."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QApplication,
    QGraphicsView,
    QWidget,
)
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.held_key import OriginalKey
from brainsr_desktop.app.theme import IMAGE
from brainsr_desktop.session import intents
from tests.app.frame_kit import (
    Rig,
    series_of,
    stack,
)

SCREEN = QRect(0, 0, 1600, 1000)


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
