"""``brainsr models``: which models there are."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from brainsr_desktop.cli.console import Console, table

if TYPE_CHECKING:
    from brainsr_desktop.models.card import Card

HELP = "list the models, their figures and licences"
EXAMPLE = "brainsr models --json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options."""
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument(
        "--measure",
        metavar="MODEL",
        help="find out how a network runs best on this processor, and keep to it",
    )


def run(options: argparse.Namespace, console: Console) -> int:
    """List the catalogue; 1 where a model of it is damaged."""
    from brainsr_desktop.models.catalog import load_catalog

    catalog = load_catalog()
    if options.measure:
        return _measure(catalog.find(options.measure), console)
    if options.json:
        console.json([card_json(card, scale) for card in catalog.cards for scale in card.scales], indent=2)
    else:
        rows = [_row(card) for card in catalog.cards]
        console.result(table(rows, ("name", "network", "role", "scale", "parameters", "licence", "")))
    for problem in catalog.problems:
        console.error(f"The model {problem.path} cannot be used: {problem.reason}", "Install it again.")
    return 1 if catalog.problems else 0


def _measure(card: Card, console: Console) -> int:
    from brainsr_desktop.core.errors import UsageError
    from brainsr_desktop.engine import plans

    if card.is_interpolation:
        raise UsageError(f"{card.name} is an interpolation; there is nothing to measure.")
    plan = plans.measured(card, lambda: None)
    plans.keep(card, plan)
    chosen = f"{plan.backend}, {plan.threads or 'all'} threads"
    rows = [(way, f"{ms:.1f}", "taken" if way == chosen else "") for way, ms in plan.tried_ms.items()]
    console.result(table(rows, ("on the processor", "ms", "")))
    return 0


def card_json(card: Card, scale: int) -> dict[str, Any]:
    """One model at one factor; an interpolation has one entry a factor."""
    return {
        "name": card.name,
        "network": card.network,
        "role": card.role,
        "scale": scale,
        "default": card.default,
        "parameters": card.parameters,
        "gflop_160": card.gflop_160,
        "receptive_field": card.receptive_field,
        "sha256": card.weights_sha256,
        "licence": card.licence,
        "metrics": {protocol: dict(figures) for protocol, figures in card.metrics.items()},
        "precision": ["exact", "fast"] if card.offers_fast else ["exact"],
    }


def _row(card: Card) -> tuple[object, ...]:
    scales = " or ".join(f"x{scale}" for scale in card.scales)
    invents = "invents detail" if card.role == "perceptual" else ""
    mark = ", ".join(word for word in ("default" if card.default else "", invents) if word)
    return card.name, card.network, card.role, scales, card.parameters or "", card.licence, mark
