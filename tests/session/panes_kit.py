"""What the tests of the panes share: models, results that are there, keys."""

from __future__ import annotations

from brainsr_desktop.models.card import Card
from brainsr_desktop.models.catalog import BASELINES
from brainsr_desktop.session import panes
from brainsr_desktop.session.cache import Result
from brainsr_desktop.session.open_stack import OpenStack
from brainsr_desktop.session.panes import Failure, Known
from brainsr_desktop.session.pictures import ResultKey
from brainsr_desktop.session.planner import key_of, recipes_of
from brainsr_desktop.session.state import ViewState
from tests.session.making import no_weights

NAMES = tuple(card.name for card in BASELINES)
CARDS = {
    card.name: card
    for card in (
        Card("brainsr-x4", "BrainSR x4", "brainsr", (4,), "fidelity"),
        Card("espcn-x4", "ESPCN", "espcn", (4,), "preview"),
        Card("gan-x4", "GAN", "brainsr", (4,), "perceptual"),
        *BASELINES,
    )
}


class There:
    """What is ready, by key."""

    def __init__(self, opened: OpenStack | None) -> None:
        self.opened = opened
        self.results: dict[ResultKey, Result] = {}
        self.failures: dict[ResultKey, Failure] = {}
        self.progress: dict[ResultKey, float] = {}
        self.fresh: frozenset[ResultKey] = frozenset()
        self.blocked: Failure | None = None
        self.last_degraded: ResultKey | None = None

    def known(self, shown: ViewState) -> Known:
        return Known(
            self.opened,
            recipes_of(shown, NAMES),
            self.results.get,
            self.failures.get,
            self.progress.get,
            CARDS.get,
            str.upper,
            no_weights,
            self.fresh,
            self.blocked,
            self.last_degraded,
        )

    def left(self, shown: ViewState) -> panes.Pane:
        return panes.left_pane(shown, self.known(shown))

    def right(self, shown: ViewState) -> panes.Pane:
        return panes.right_pane(shown, self.known(shown))


def full_key(shown: ViewState) -> ResultKey:
    return key_of(shown, shown.active_recipe, no_weights)


def fast_key(shown: ViewState) -> ResultKey:
    return key_of(shown, shown.active_recipe.with_model("espcn-x4"), no_weights)


def degraded_key(shown: ViewState) -> ResultKey:
    recipe = recipes_of(shown, NAMES).degraded
    assert recipe is not None
    return key_of(shown, recipe, no_weights)
