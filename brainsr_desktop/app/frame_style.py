"""The style sheet of what stands around the panes, in a theme's colours."""

from __future__ import annotations

from dataclasses import asdict
from string import Template
from typing import Final

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from brainsr_desktop import paths
from brainsr_desktop.app.theme import Colours

HEADING: Final = 1.5
"""How many times larger than the text a heading is."""
EDGES: Final = {True: "#7d8794", False: "#7b838d"}
"""Outline of fields on dark and on light themes: 3 : 1 or better against what is around them."""


def frame_sheet(colours: Colours) -> str:
    """The shipped style sheet with the theme's colours and signs, and headings in proportion to the text."""
    folder = paths.resources_dir() / "styles"
    dark = QColor(colours.window).lightness() < 128
    names = asdict(colours)
    names["edge"] = colours.line if colours.line == colours.text else EDGES[dark]
    names["ink"] = "light" if dark else "dark"
    names["accent_ink"] = "white" if QColor(colours.accent_text).lightness() > 128 else "black"
    names["heading_pt"] = f"{HEADING * QApplication.font().pointSizeF():.1f}"
    names["styles"] = folder.as_posix()
    return Template((folder / "frame.qss").read_text(encoding="utf-8")).substitute(names)
