"""The card of a model in rows: what the window's dialog, a report and a bench say of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from brainsr_desktop.language import tr
from brainsr_desktop.models import trust_rows
from brainsr_desktop.models.card import Card


def rows_of(card: Card) -> list[tuple[str, str]]:
    """Every fact of a card as (name, text)."""
    rows = [
        (tr("Name"), card.name),
        (tr("Title"), tr(card.title)),
        (
            tr("Kind"),
            tr("interpolation, no network")
            if card.is_interpolation
            else tr("network {name}", name=card.network),
        ),
        (tr("Role"), card.role),
        (tr("Scale"), ", ".join(f"x{scale}" for scale in card.scales)),
        (tr("Description"), tr(card.description)),
        (tr("Limits"), tr(card.limits)),
        (tr("Licence"), card.licence),
    ]
    if not card.is_interpolation:
        rows += [
            (tr("Parameters"), f"{card.parameters:,}"),
            (tr("Effort for 160 x 160"), f"{card.gflop_160:.3g} GFLOP"),
            (tr("Receptive field"), tr("{count} pixels", count=card.receptive_field)),
            (tr("Grid"), card.grid),
            (tr("Precision"), "exact, fast" if card.offers_fast else "exact"),
            (tr("Fast forms"), "; ".join(form.text for form in card.fast)),
            (tr("SHA-256 of the weights"), card.weights_sha256),
            (tr("Origin"), tr("imported") if card.from_user else tr("comes with the program")),
        ]
    if card.trust is not None:
        rows += trust_rows.rows_of(card.trust)
    for heading, table in (
        (tr("Data"), card.data),
        (tr("Training"), card.training),
        (tr("Quality"), card.metrics),
    ):
        rows += [(tr("{heading}: {name}", heading=heading, name=name), text) for name, text in _flat(table)]
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
    return f"{value:.4g}" if isinstance(value, float) else tr(str(value))
