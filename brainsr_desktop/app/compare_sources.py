"""What the two lists above the panes offer: words and values."""

from __future__ import annotations

from typing import Final

from brainsr_desktop.app.plain_text import shown
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.language import mark, tr
from brainsr_desktop.models.card import Card
from brainsr_desktop.models.catalog import Catalog
from brainsr_desktop.session.compare import CURRENT, INPUT, REFERENCE, Source
from brainsr_desktop.session.pane_labels import title_of
from brainsr_desktop.session.state import ViewState

INTERPOLATIONS: Final = (
    ("nearest", mark("Interpolated: nearest")),
    ("linear", mark("Interpolated: linear")),
    ("bicubic", mark("Interpolated: cubic")),
    ("lanczos", mark("Interpolated: Lanczos")),
    ("zerofill", mark("Interpolated: zero-filled")),
)
LONGEST: Final = 48


def entries_of(state: ViewState, catalog: Catalog) -> list[tuple[str, Source]]:
    """Every source of a pane: the input first, then the chosen model, the interpolations and all networks."""
    cards = {card.name: card for card in catalog.cards}
    found: list[tuple[str, Source]] = [(tr("Original"), INPUT)]
    if state.test_mode:
        found = [(tr("Degraded"), INPUT), (tr("Reference (original)"), REFERENCE)]
    recipe = state.recipe
    title = _title(cards.get(recipe.model), recipe.model, recipe.scale)
    found.append((tr("{title} (chosen)", title=title), CURRENT))
    found += [(tr(words), Source("model", name)) for name, words in INTERPOLATIONS]
    networks = [card for card in catalog.cards if not card.is_interpolation]
    # Those of the factor in use first.
    for card in sorted(networks, key=lambda card: recipe.scale not in card.scales):
        found += [
            (_title(card, card.name, scale), Source("model", card.name, scale)) for scale in card.scales
        ]
    return found


def depends_on(state: ViewState) -> tuple[object, ...]:
    """What of a state decides the entries."""
    return state.test_mode, state.recipe.model, state.recipe.scale


def _title(card: Card | None, name: str, scale: int) -> str:
    return shown(title_of(Recipe(name, scale), card), LONGEST)
