"""Keys and mouse: everything in one searchable table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtWidgets import QWidget

from brainsr_desktop.app.actions import BY_ID, shown_keys
from brainsr_desktop.app.dialogs.table import TableDialog

MOUSE: Final = (
    ("Wheel, two fingers", "One slice; down is next"),
    ("Shift + wheel", "10 slices"),
    ("Ctrl + wheel, pinch", "Zoom about the cursor"),
    ("Left drag", "The tool in use; at first the grey window: right is wider, up is brighter"),
    ("Shift + left drag, middle drag", "Pan"),
    ("Right drag", "Zoom, up is in"),
    ("Double click", "One pane full, and back"),
    ("Drag a card onto the panes", "Open this series"),
    ("Drop a folder or files", "Open them"),
)


class KeysDialog(TableDialog):
    """The sheet behind F1."""

    def __init__(self, keys: Mapping[str, tuple[str, ...]], parent: QWidget | None = None) -> None:
        super().__init__("Keys and mouse", ("Input", "What it does"), (250,), parent)
        rows = [(shown_keys(chosen), BY_ID[name].name) for name, chosen in keys.items() if chosen]
        rows.append(("Space", "Show the original in the enhanced pane: hold, or tap to keep"))
        self.content.table.set_rows([*rows, *MOUSE])
        self.set_words(
            "Letters, Space and Enter act on the images while a pane or the slice slider has the focus (F6)."
        )
