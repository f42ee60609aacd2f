"""The program's own line icons, in the theme's text colour and at every size a screen may ask for."""

from __future__ import annotations

import weakref
from functools import lru_cache
from typing import Final, TypeAlias

import shiboken6
from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QAction, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton

from brainsr_desktop import paths

Target: TypeAlias = QAction | QAbstractButton
_SIZES_PX: Final = (16, 20, 24, 32, 48, 64)
_targets: Final[weakref.WeakKeyDictionary[Target, str]] = weakref.WeakKeyDictionary()


def names() -> tuple[str, ...]:
    """Every icon there is."""
    return tuple(sorted(path.stem for path in (paths.resources_dir() / "icons").glob("*.svg")))


def icon(name: str, colour: str | None = None) -> QIcon:
    """A line icon. ``colour`` as "#rrggbb"; by default the palette's text colour, dimmed while disabled.

    Raises:
        FileNotFoundError: there is no such icon.
    """
    palette = QGuiApplication.palette()
    normal = colour or palette.color(QPalette.ColorRole.ButtonText).name()
    dimmed = palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText).name()
    return _icon(name, normal, dimmed)


def set_icon(target: Target, name: str) -> None:
    """Give an action or a button an icon that follows the theme."""
    _targets[target] = name
    target.setIcon(icon(name))


def recolour(palette: QPalette) -> None:
    """Draw the icons of every living action and button again in the colours of a palette."""
    normal = palette.color(QPalette.ColorRole.ButtonText).name()
    dimmed = palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText).name()
    for target, name in tuple(_targets.items()):
        if shiboken6.isValid(target):
            target.setIcon(_icon(name, normal, dimmed))


def pixmap(name: str, size_px: int, colour: str, device_pixel_ratio: float = 1.0) -> QPixmap:
    """One icon drawn at a size in logical pixels."""
    return _drawn(_renderer(name, colour), size_px, device_pixel_ratio)


def _renderer(name: str, colour: str) -> QSvgRenderer:
    return QSvgRenderer(QByteArray(_source(name).replace("currentColor", colour).encode()))


def _drawn(renderer: QSvgRenderer, size_px: int, device_pixel_ratio: float = 1.0) -> QPixmap:
    side = round(size_px * device_pixel_ratio)
    drawn = QPixmap(side, side)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    renderer.render(painter, QRectF(0, 0, side, side))
    painter.end()
    drawn.setDevicePixelRatio(device_pixel_ratio)
    return drawn


def window_icon() -> QIcon:
    """The program's icon, in its own colours."""
    return _icon("brainsr", "#000000", "#000000")


@lru_cache(maxsize=512)
def _icon(name: str, normal: str, dimmed: str) -> QIcon:
    made = QIcon()
    for colour, mode in ((normal, QIcon.Mode.Normal), (dimmed, QIcon.Mode.Disabled)):
        renderer = _renderer(name, colour)  # once for all sizes: parsing takes longer than drawing
        for size in _SIZES_PX:
            made.addPixmap(_drawn(renderer, size), mode)
    return made


@lru_cache(maxsize=256)
def _source(name: str) -> str:
    return (paths.resources_dir() / "icons" / f"{name}.svg").read_text(encoding="utf-8")
