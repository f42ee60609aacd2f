"""Checks each series against what the networks in view were trained on, before they run, and lets the user decide."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal

from brainsr_desktop.app.background import Newest
from brainsr_desktop.app.controller import Controller
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.suitability_banner import SuitabilityBanner
from brainsr_desktop.app.viewport_pair import ViewportPair
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.core.suitability import Appearance, Reason, Trained
from brainsr_desktop.language import tr
from brainsr_desktop.models.card import Card
from brainsr_desktop.session import suitability
from brainsr_desktop.session.pane_labels import title_of
from brainsr_desktop.session.pictures import Picture, stack_name
from brainsr_desktop.session.planner import Stages, stages_of
from brainsr_desktop.session.state import ViewState


class SuitabilityDesk(QObject):
    """Keeps ``ViewState.doubts`` true: at once by what the header tells, and by the first slice that is loaded."""

    model_asked = Signal()
    """The user wants to choose another model."""

    def __init__(self, store: Store, controller: Controller, pair: ViewportPair, parent: QObject) -> None:
        super().__init__(parent)
        self._store, self._controller = store, controller
        self._looks: dict[str, Appearance] = {}
        """How the stacks look, by name, as far as they are measured."""
        self._asked: set[str] = set()
        self._slot = Newest(self)
        self.banners = {
            "left": SuitabilityBanner(pair.left.view),
            "right": SuitabilityBanner(pair.right.view),
        }
        for banner in self.banners.values():
            banner.run_asked.connect(self.run_anyway)
            banner.model_asked.connect(self.model_asked)
        controller.trust.original_changed.connect(self._measure)
        controller.closed.connect(self._forget)
        controller.catalog_changed.connect(lambda _catalog: self._judge(store.state))
        store.changed.connect(self._on_changed)
        self._judge(store.state)

    def run_anyway(self) -> None:
        """Run the networks in view on this series all the same."""
        models = _models(self._store.state)
        self._store.apply(lambda state: suitability.run_anyway(state, models), undo=tr("Run anyway"))

    def reasons_of(self, state: ViewState, model: str) -> tuple[Reason, ...]:
        """Why a model may be wrong on the series in view; empty where nothing speaks against it."""
        trained = _trained(self._card(model))
        if state.stack is None or state.why_not is not None or trained is None:
            return ()
        look = self._looks.get(stack_name(state.stack))
        return suitability.doubts_of(suitability.measured(state.stack, look), trained)

    def _on_changed(self, before: ViewState, after: ViewState) -> None:
        if _decides(before) != _decides(after):
            self._judge(after)

    def _judge(self, state: ViewState) -> None:
        models = _models(state)
        doubtful = {model for model in models if self.reasons_of(state, model)}
        self._store.apply(lambda state: suitability.set_doubts(state, models, doubtful))
        self._show(self._store.state)

    def _show(self, state: ViewState) -> None:
        for side, source in (("left", state.left), ("right", state.right)):
            stages = stages_of(state, source) if state.why_not is None else None
            hidden = side == "right" and state.show_original
            held = stages is not None and stages.held and not hidden
            self.banners[side].show_text(self._words(state, stages) if held and stages is not None else "")

    def _words(self, state: ViewState, stages: Stages) -> str:
        model = stages.full.model
        return suitability.sentence(title_of(stages.full, self._card(model)), self.reasons_of(state, model))

    def _card(self, model: str) -> Card | None:
        return next((card for card in self._controller.catalog.cards if card.name == model), None)

    # Measuring

    def _measure(self, stack: StackInfo, picture: Picture) -> None:
        """The first slice that is there: the middle one, where a series opens."""
        name = stack_name(stack)
        if name not in self._asked and picture.pixels.ndim == 2:
            self._asked.add(name)
            self._slot.ask(partial(suitability.appearance_of, picture), partial(self._take, name))

    def _take(self, name: str, look: Appearance) -> None:
        if name in self._asked:
            self._looks[name] = look
            self._judge(self._store.state)

    def _forget(self) -> None:
        self._looks.clear()
        self._asked.clear()


def _trained(card: Card | None) -> Trained | None:
    return None if card is None or card.trust is None else card.trust.trained


def _models(state: ViewState) -> tuple[str, ...]:
    """The networks that would be run for the panes."""
    shown = [stages_of(state, source) for source in (state.left, state.right)]
    names = [each.full.model for each in shown if each is not None and not each.interpolated]
    return tuple(dict.fromkeys([*names, state.recipe.model, *filter(None, [state.fast_model])]))


def _decides(state: ViewState) -> tuple[object, ...]:
    return (
        state.stack,
        state.volume,
        state.left,
        state.right,
        state.recipe.model,
        state.fast_model,
        state.doubts,
        state.run_anyway,
        state.show_original,
    )
