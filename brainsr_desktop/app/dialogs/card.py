"""The card of a model: what it is for, how good it is, where it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from PySide6.QtWidgets import QWidget

from brainsr_desktop.app.dialogs.table import TableDialog
from brainsr_desktop.models.card import Card


def rows_of(card: Card) -> list[tuple[str, str]]:
    """Every fact of a card as (name, text)."""
    rows = [
        ("Name", card.name),
        ("Title", card.title),
        ("Kind", "interpolation, no network" if card.is_interpolation else f"network {card.network}"),
        ("Role", card.role),
        ("Scale", ", ".join(f"x{scale}" for scale in card.scales)),
        ("Description", card.description),
        ("Limits", card.limits),
        ("Licence", card.licence),
    ]
    if not card.is_interpolation:
        rows += [
            ("Parameters", f"{card.parameters:,}"),
            ("Effort for 160 x 160", f"{card.gflop_160:.3g} GFLOP"),
            ("Receptive field", f"{card.receptive_field} pixels"),
            ("Grid", card.grid),
            ("Precision", ", ".join(card.precision)),
            ("SHA-256 of the weights", card.weights_sha256),
            ("Origin", "imported" if card.from_user else "comes with the program"),
        ]
    for heading, table in (("Data", card.data), ("Training", card.training), ("Quality", card.metrics)):
        rows += [(f"{heading}: {name}", text) for name, text in _flat(table)]
    return [(name, " ".join(text.split())) for name, text in rows if text]


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        name = f"{prefix}{key}".replace("_", " ")
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}, ")
        elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
            for number, item in enumerate(value, 1):
                yield from _flat(item, f"{name} {number}, ")
        elif isinstance(value, list):
            yield name, ", ".join(map(_text, value))
        else:
            yield name, _text(value)


def _text(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


class CardDialog(TableDialog):
    """All facts of one model."""

    def __init__(self, card: Card, parent: QWidget | None = None) -> None:
        super().__init__(f"Model {card.title}", ("Fact", "Value"), (230,), parent, wrap=True)
        self.content.table.set_rows(rows_of(card))
        warning = "This model invents detail. It is for demonstration." if card.role == "perceptual" else ""
        self.set_words(warning)
