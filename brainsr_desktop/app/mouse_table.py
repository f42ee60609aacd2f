"""What the hand can do besides the commands: the mouse over the panes, and keys that cannot be changed.

One table, from which the sheet behind F1 and ``docs/keys.md`` are made, beside the table of commands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from brainsr_desktop.language import mark, tr


@dataclass(frozen=True, slots=True)
class MouseSpec:
    """One movement of the mouse. Both texts are English words wrapped in ``mark``."""

    id: str
    input: str
    does: str

    @property
    def hand(self) -> str:
        """What the hand does, in the user's language."""
        return tr(self.input)

    @property
    def told(self) -> str:
        """What comes of it, in the user's language."""
        return tr(self.does)


@dataclass(frozen=True, slots=True)
class FixedKey:
    """A key that belongs to no command and that no command may take. ``key`` is its portable name."""

    key: str
    does: str

    @property
    def told(self) -> str:
        """What it does, in the user's language."""
        return tr(self.does)


MOUSE: Final = (
    MouseSpec(
        "wheel",
        mark("Wheel, two fingers"),
        mark("One slice; down is next (Settings, Viewing turns it round)"),
    ),
    MouseSpec("wheel_far", mark("Shift + wheel"), mark("10 slices")),
    MouseSpec("wheel_zoom", mark("Ctrl + wheel, pinch"), mark("Zoom about the cursor")),
    MouseSpec(
        "drag",
        mark("Left drag"),
        mark("The tool in use; at first the grey window: right is wider, up is brighter"),
    ),
    MouseSpec("drag_slow", mark("Left drag, then Shift"), mark("The same at a quarter of the speed")),
    MouseSpec(
        "rectangle", mark("Ctrl + left drag"), mark("A rectangle: the grey window from the values inside")
    ),
    MouseSpec("pan", mark("Shift + left drag, middle drag"), mark("Pan")),
    MouseSpec("zoom", mark("Right drag"), mark("Zoom; up is in")),
    MouseSpec("menu", mark("Right click"), mark("Menu of the pane")),
    MouseSpec("double", mark("Double click"), mark("One pane full, and back")),
    MouseSpec(
        "move", mark("Move"), mark("Cross at the same place in the other pane; values in the status bar")
    ),
    MouseSpec(
        "wipe", mark("Drag the wipe line"), mark("Moves the line between original and enhanced picture")
    ),
    MouseSpec("loupe", mark("Wheel, key of the loupe held"), mark("The loupe enlarges more or less")),
    MouseSpec(
        "measure",
        mark("Drag a handle or a line of a measurement"),
        mark("Moves the handle, or the measurement as a whole"),
    ),
    MouseSpec(
        "histogram",
        mark("Drag the range on the histogram"),
        mark("Grey window; an edge moves one limit, the middle both"),
    ),
    MouseSpec("card", mark("Drag a card onto the panes"), mark("Open this series")),
    MouseSpec("drop", mark("Drop a folder or files"), mark("Open them")),
)
FIXED_KEYS: Final = (
    FixedKey("Space", mark("Show the original in the enhanced pane: hold, or tap to keep")),
    FixedKey("Tab", mark("Next pane")),
    FixedKey("Shift+Backtab", mark("Previous pane")),
)
RESERVED: Final[Mapping[str, FixedKey]] = {fixed.key: fixed for fixed in FIXED_KEYS}
