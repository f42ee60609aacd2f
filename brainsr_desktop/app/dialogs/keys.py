"""Keys and mouse: everything in one searchable table, which can be printed."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtWidgets import QWidget

from brainsr_desktop.app.dialogs.table import TableDialog
from brainsr_desktop.app.key_sheet import rows
from brainsr_desktop.language import tr


class KeysDialog(TableDialog):
    """The sheet behind F1."""

    def __init__(self, keys: Mapping[str, tuple[str, ...]], parent: QWidget | None = None) -> None:
        super().__init__(
            tr("Keys and mouse"), (tr("Input"), tr("What it does"), tr("Where")), (230, 370), parent
        )
        self.content.table.set_rows([(row.input, row.does, row.group) for row in rows(keys)])
        self.set_words(
            tr(
                "Letters, Space and Enter act on the images while a pane or the slice slider has the focus (F6)."
            )
        )
