"""Colours: contrast computed by the formula of WCAG 2.2, palette, style sheet, icons that follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Final

import numpy as np
import pytest
from PySide6.QtGui import QAction, QIcon, QImage, QPalette
from PySide6.QtWidgets import QApplication, QToolButton
from pytestqt.qtbot import QtBot

from brainsr_desktop.app import icons
from brainsr_desktop.app.theme import (
    IMAGE,
    SMALLEST_TEXT_PT,
    THEMES,
    Choice,
    Theme,
    colours_of,
    contrast,
    palette_of,
    style_sheet,
)

LIGHT: Final[Choice] = "light"
DARK: Final[Choice] = "dark"
STATES = ("good", "fast", "warning", "error", "link")


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    """A theme; the application looks as before afterwards."""
    font, palette, style = qapp.font(), qapp.palette(), qapp.style().name()
    made = Theme(qapp)
    yield made
    made.deleteLater()
    qapp.setStyleSheet("")
    qapp.setStyle(style)
    qapp.setPalette(palette)
    qapp.setFont(font)


def test_that_contrast_agrees_with_known_values() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert contrast("#ff0000", "#ffffff") == pytest.approx(3.998, abs=0.005)


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("ground", ["window", "panel", "base", "button"])
def test_that_text_and_states_can_be_read(name: str, ground: str) -> None:
    colours = THEMES[name]
    back = getattr(colours, ground)
    for text in ("text", "dim_text", *(STATES if ground != "button" else ())):
        assert contrast(getattr(colours, text), back) >= 4.5, (text, ground)


@pytest.mark.parametrize("name", THEMES)
def test_that_selection_focus_and_ticks_can_be_seen(name: str) -> None:
    colours = THEMES[name]
    assert contrast(colours.accent_text, colours.accent) >= 4.5
    for ground in (colours.window, colours.panel, colours.base):
        assert contrast(colours.focus, ground) >= 3.0
        assert contrast(colours.computing, ground) >= 3.0


def test_that_the_image_area_can_be_read() -> None:
    for text in ("text", "dim_text", "grey", "blue", "green", "amber", "red"):
        for ground in (IMAGE.back, IMAGE.bar):
            assert contrast(getattr(IMAGE, text), ground) >= 4.5
    assert contrast(IMAGE.band_text, IMAGE.band) >= 4.5
    assert contrast(IMAGE.text, IMAGE.button) >= 4.5
    assert contrast(IMAGE.accent, IMAGE.back) >= 3.0
    assert contrast(IMAGE.text, IMAGE.outline) >= 4.5


@pytest.mark.parametrize("name", THEMES)
def test_that_a_palette_tells_its_theme(name: str) -> None:
    assert colours_of(palette_of(THEMES[name])) is THEMES[name]


@pytest.mark.parametrize("name", THEMES)
def test_that_disabled_text_can_still_be_read(name: str) -> None:
    palette = palette_of(THEMES[name])
    text = palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.WindowText).name()
    assert contrast(text, THEMES[name].window) >= 4.5


@pytest.mark.parametrize("name", THEMES)
def test_that_every_name_in_the_style_sheet_is_filled_in(name: str) -> None:
    sheet = style_sheet(THEMES[name])
    assert "$" not in sheet.split("*/", 1)[1]
    used = {field.name for field in fields(THEMES[name]) if getattr(THEMES[name], field.name) in sheet}
    assert {"line", "focus"} <= used


@pytest.mark.parametrize("choice", ["light", "dark", "contrast"])
def test_that_a_theme_is_applied_without_a_restart(qapp: QApplication, theme: Theme, choice: Choice) -> None:
    changes: list[None] = []
    theme.changed.connect(lambda: changes.append(None))
    theme.apply(choice)
    assert qapp.palette().color(QPalette.ColorRole.Window).name() == THEMES[choice].window
    assert theme.colours is THEMES[choice]
    assert len(changes) == 1
    qapp.setStyleSheet("")  # a style sheet hides the style under it
    assert qapp.style().name().lower() == "fusion"


def test_that_the_system_is_followed(qapp: QApplication, theme: Theme) -> None:
    theme.apply("system")
    assert theme.colours in (THEMES["light"], THEMES["dark"])


@pytest.mark.parametrize("percent", [80, 100, 150, 200])
def test_that_text_is_never_smaller_than_ten_points(qapp: QApplication, theme: Theme, percent: int) -> None:
    theme.apply("dark", percent)
    size = qapp.font().pointSizeF()
    assert size >= SMALLEST_TEXT_PT
    theme.apply("dark", percent)
    assert qapp.font().pointSizeF() == size


def test_that_larger_text_is_larger(qapp: QApplication, theme: Theme) -> None:
    theme.apply("dark", 100)
    normal = qapp.font().pointSizeF()
    theme.apply("dark", 200)
    assert qapp.font().pointSizeF() == pytest.approx(2 * normal)


@pytest.mark.parametrize("name", icons.names())
def test_that_every_icon_can_be_drawn_and_is_the_programs_own(qapp: QApplication, name: str) -> None:
    drawn = icons.pixmap(name, 24, "#ffffff")
    alpha = drawn.toImage().convertToFormat(QImage.Format.Format_Alpha8)
    inked = sum(alpha.pixelColor(x, y).alpha() > 0 for x in range(24) for y in range(24))
    assert inked > 10
    assert "SPDX-License-Identifier: Apache-2.0" in icons._source(name)


def test_that_an_icon_has_the_pixels_of_the_screen(qapp: QApplication) -> None:
    drawn = icons.pixmap("open", 18, "#ffffff", 1.5)
    assert (drawn.width(), drawn.deviceIndependentSize().width()) == (27, 18.0)


def test_that_icons_follow_the_theme(qtbot: QtBot, theme: Theme) -> None:
    button = QToolButton()
    qtbot.addWidget(button)
    action = QAction("Open")
    icons.set_icon(button, "open")
    icons.set_icon(action, "open")
    colours = []
    for choice in (LIGHT, DARK):
        theme.apply(choice)
        colours.append((ink_of(button.icon()), ink_of(action.icon())))
    assert colours[0] == (THEMES["light"].text, THEMES["light"].text)
    assert colours[1] == (THEMES["dark"].text, THEMES["dark"].text)


def test_that_a_closed_window_does_not_hold_its_icons_back(qapp: QApplication, theme: Theme) -> None:
    action = QAction("Open")
    icons.set_icon(action, "open")
    del action
    theme.apply("light")


def test_that_an_unknown_icon_is_an_error(qapp: QApplication) -> None:
    with pytest.raises(FileNotFoundError):
        icons.icon("no-such-icon")


def ink_of(icon: QIcon) -> str:
    image = icon.pixmap(24, 24).toImage().convertToFormat(QImage.Format.Format_ARGB32)
    pixels = np.frombuffer(image.constBits(), np.uint32)
    opaque = pixels[pixels >> 24 == 255]
    values, counts = np.unique(opaque & 0xFFFFFF, return_counts=True)
    return f"#{int(values[np.argmax(counts)]):06x}"
