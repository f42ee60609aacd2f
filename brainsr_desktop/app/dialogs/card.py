"""The card of a model: what it is for, how good it is, where it comes from."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from brainsr_desktop.app.dialogs.table import TableDialog
from brainsr_desktop.language import tr
from brainsr_desktop.models.card import Card
from brainsr_desktop.models.card_rows import rows_of


class CardDialog(TableDialog):
    """All facts of one model."""

    def __init__(self, card: Card, parent: QWidget | None = None) -> None:
        super().__init__(
            tr("Model {title}", title=tr(card.title)), (tr("Fact"), tr("Value")), (230,), parent, wrap=True
        )
        self.content.table.set_rows(rows_of(card))
        warning = (
            tr("This model invents detail. It is for demonstration.") if card.role == "perceptual" else ""
        )
        self.set_words(warning)
