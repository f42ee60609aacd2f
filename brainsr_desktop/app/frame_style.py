"""The style sheet of what stands around the panes, in a theme's colours."""

from __future__ import annotations

from dataclasses import asdict
from string import Template

from brainsr_desktop import paths
from brainsr_desktop.app.theme import Colours


def frame_sheet(colours: Colours) -> str:
    """The shipped style sheet with the theme's colours put in."""
    text = (paths.resources_dir() / "styles" / "frame.qss").read_text(encoding="utf-8")
    return Template(text).substitute(asdict(colours))
