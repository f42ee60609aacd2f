"""Quick look-ups in the catalogue: the planner asks for them at every scroll step."""

from __future__ import annotations

from brainsr_desktop.models.card import Card
from brainsr_desktop.models.catalog import LINEAR, Catalog
from brainsr_desktop.session.planner import Recipes, recipes_of
from brainsr_desktop.session.state import ViewState


class KnownModels:
    """The cards of a catalogue by name, and what of them a state asks for."""

    def __init__(self, catalog: Catalog) -> None:
        self.take(catalog)

    def take(self, catalog: Catalog) -> None:
        """Use another catalogue: a model was installed."""
        self.catalog = catalog
        self._cards = {card.name: card for card in (LINEAR, *catalog.cards)}
        scales = {scale for card in catalog.cards for scale in card.scales}
        self._baselines = {
            scale: tuple(card.name for card in catalog.for_scale(scale) if card.is_interpolation)
            for scale in scales
        }

    def card(self, name: str) -> Card | None:
        """The card of a model; None for one that is not there."""
        return self._cards.get(name)

    def find(self, name: str) -> Card:
        """The card of a model; raises `UsageError` for one that is not there."""
        return self.catalog.find(name)

    def weights_of(self, name: str) -> str:
        """What of a model's files decides its pixels, as a hash; empty for an interpolation."""
        card = self._cards.get(name)
        return "" if card is None else card.pixels_sha256

    def baselines(self, scale: int) -> tuple[str, ...]:
        """Names of the interpolations for a factor."""
        return self._baselines.get(scale, ())

    def recipes(self, state: ViewState) -> Recipes:
        """Which recipes a state asks for."""
        return recipes_of(state, self.baselines(state.recipe.scale))

    def preview_of(self, scale: int) -> str | None:
        """Name of the fast network for a factor."""
        card = self.catalog.preview(scale)
        return None if card is None else card.name
