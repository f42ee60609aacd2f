"""Colours of the window: light, dark and high contrast, as a palette for one style and a short style sheet.

The image area has one set of colours in every theme, because pictures are read on black.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from string import Template
from typing import Final, Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from brainsr_desktop import paths
from brainsr_desktop.app import icons

Choice = Literal["system", "light", "dark", "contrast"]
SMALLEST_TEXT_PT: Final = 10.0


@dataclass(frozen=True, slots=True)
class Colours:
    """One theme. ``text`` and each state colour have a contrast of 4.5 or more on window, panel and base."""

    window: str
    panel: str
    base: str
    button: str
    line: str
    text: str
    dim_text: str
    accent: str
    accent_text: str
    focus: str
    link: str
    good: str
    fast: str
    warning: str
    error: str
    computing: str


LIGHT: Final = Colours(
    window="#f1f3f5",
    panel="#f8f9fa",
    base="#ffffff",
    button="#e9ecef",
    line="#c3c9d0",
    text="#1b1f24",
    dim_text="#5a626d",
    accent="#1f5fbf",
    accent_text="#ffffff",
    focus="#1f5fbf",
    link="#1a55ad",
    good="#1c6b35",
    fast="#2f6fbd",
    warning="#8a4b00",
    error="#b3231b",
    computing="#12336e",
)
DARK: Final = Colours(
    window="#1f2328",
    panel="#252a30",
    base="#171a1e",
    button="#2f353d",
    line="#434b55",
    text="#e4e7eb",
    dim_text="#9ca5b1",
    accent="#2b6cd4",
    accent_text="#ffffff",
    focus="#6aa9ff",
    link="#7fb5ff",
    good="#63d286",
    fast="#7db8ff",
    warning="#ffb648",
    error="#ff8078",
    computing="#3f7fe8",
)
CONTRAST: Final = Colours(
    window="#000000",
    panel="#000000",
    base="#000000",
    button="#000000",
    line="#ffffff",
    text="#ffffff",
    dim_text="#d8d8d8",
    accent="#ffe14d",
    accent_text="#000000",
    focus="#ffe14d",
    link="#9fd0ff",
    good="#7dff9b",
    fast="#9fd0ff",
    warning="#ffd24d",
    error="#ff9d96",
    computing="#6fb0ff",
)
THEMES: Final[dict[str, Colours]] = {"light": LIGHT, "dark": DARK, "contrast": CONTRAST}
_SCHEMES: Final = {
    "system": Qt.ColorScheme.Unknown,
    "light": Qt.ColorScheme.Light,
    "dark": Qt.ColorScheme.Dark,
    "contrast": Qt.ColorScheme.Dark,
}


@dataclass(frozen=True, slots=True)
class ImageColours:
    """The image area: black in every theme, with bars above and below that are nearly black."""

    back: str = "#000000"
    bar: str = "#14171b"
    text: str = "#eef1f4"
    dim_text: str = "#a9b1bc"
    outline: str = "#000000"
    grey: str = "#c4cad3"
    blue: str = "#7db8ff"
    green: str = "#63d286"
    amber: str = "#ffb648"
    red: str = "#ff8078"
    band: str = "#f59e1b"
    band_text: str = "#000000"
    button: str = "#2b3037"
    accent: str = "#5a9bff"
    cross: str = "#ffd34d"
    mask: str = "#4fe3d2"


IMAGE: Final = ImageColours()


def contrast(first: str, second: str) -> float:
    """Contrast ratio 1..21 of two sRGB colours (WCAG 2.2, relative luminance)."""
    light, dark = sorted((_luminance(QColor(first)), _luminance(QColor(second))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def colours_of(palette: QPalette) -> Colours:
    """The theme a palette was made from, so that a widget that paints itself needs nothing but its palette."""
    window = palette.color(QPalette.ColorRole.Window).name()
    highlight = palette.color(QPalette.ColorRole.Highlight).name()
    for colours in THEMES.values():
        if (window, highlight) == (colours.window, colours.accent):
            return colours
    return DARK if QColor(window).lightness() < 128 else LIGHT


def palette_of(colours: Colours) -> QPalette:
    """The Qt palette of a theme."""
    role = QPalette.ColorRole
    palette = QPalette()
    for roles, colour in (
        ((role.Window, role.ToolTipBase), colours.window),
        ((role.Base,), colours.base),
        ((role.AlternateBase,), colours.panel),
        ((role.Button,), colours.button),
        ((role.WindowText, role.Text, role.ButtonText, role.ToolTipText), colours.text),
        ((role.BrightText,), colours.error),
        ((role.PlaceholderText,), colours.dim_text),
        ((role.Highlight, role.Accent), colours.accent),
        ((role.HighlightedText,), colours.accent_text),
        ((role.Link, role.LinkVisited), colours.link),
        ((role.Mid, role.Midlight), colours.line),
    ):
        for each in roles:
            palette.setColor(each, QColor(colour))
    disabled = QPalette.ColorGroup.Disabled
    for each in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        palette.setColor(disabled, each, QColor(colours.dim_text))
    palette.setColor(disabled, role.Highlight, QColor(colours.line))
    return palette


def style_sheet(colours: Colours) -> str:
    """The shipped style sheet with the theme's colours put in."""
    text = (paths.resources_dir() / "styles" / "window.qss").read_text(encoding="utf-8")
    return Template(text).substitute(asdict(colours))


class Theme(QObject):
    """Gives the application its look, and follows the system while the choice is "system"."""

    changed = Signal()

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app = app
        self._choice: Choice = "system"
        self._system_font_pt = app.font().pointSizeF()
        app.setStyle("Fusion")
        app.styleHints().colorSchemeChanged.connect(self._on_system_changed)

    @property
    def colours(self) -> Colours:
        """The colours in use."""
        return THEMES[self._name()]

    def apply(self, choice: Choice, text_percent: int = 100) -> None:
        """Show a theme now, without a restart; ``text_percent`` 80 to 200, text is never smaller than 10 pt."""
        self._choice = choice
        # For what the system draws itself: title bar, file dialogs.
        self._app.styleHints().setColorScheme(_SCHEMES[choice])
        font = self._app.font()
        font.setPointSizeF(
            max(SMALLEST_TEXT_PT, max(SMALLEST_TEXT_PT, self._system_font_pt) * text_percent / 100)
        )
        self._app.setFont(font)
        self._draw()

    def _name(self) -> str:
        if self._choice != "system":
            return self._choice
        return "dark" if self._app.styleHints().colorScheme() == Qt.ColorScheme.Dark else "light"

    def _draw(self) -> None:
        self._app.setPalette(palette_of(self.colours))
        self._app.setStyleSheet(style_sheet(self.colours))
        icons.recolour(self._app.palette())
        self.changed.emit()

    def _on_system_changed(self) -> None:
        if self._choice == "system":
            self._draw()


def _luminance(colour: QColor) -> float:
    red, green, blue = map(_linear, (colour.redF(), colour.greenF(), colour.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
