"""Tells the mean figures over the slices that were judged so far, as they change."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from brainsr_desktop.app.enhancer import Enhancer
from brainsr_desktop.app.store import Store
from brainsr_desktop.session.cache import Result
from brainsr_desktop.session.known_models import KnownModels
from brainsr_desktop.session.pictures import ResultKey, stack_name
from brainsr_desktop.session.planner import digest_of
from brainsr_desktop.session.score_book import Means, ScoreBook
from brainsr_desktop.session.state import ViewState

TELL_MS: Final = 250


class ScoreMeans(QObject):
    """Listens to every finished slice. ``changed`` brings `Means` of the recipes in the table."""

    changed = Signal(object)

    def __init__(self, store: Store, models: KnownModels, enhancer: Enhancer, parent: QObject) -> None:
        super().__init__(parent)
        self._store = store
        self._models = models
        self._book = ScoreBook()
        self._told = Means()
        self._tell = QTimer(self, singleShot=True, interval=TELL_MS)
        self._tell.timeout.connect(self._on_time)
        enhancer.result_ready.connect(self._on_result)
        store.changed.connect(self._on_state)

    def _on_result(self, key: ResultKey, result: Result) -> None:
        if result.scores and not result.fallback:
            self._book.add(key, dict(result.scores))
            if not self._tell.isActive():
                self._tell.start()

    def _on_state(self, before: ViewState, after: ViewState) -> None:
        if _meant(before) != _meant(after):
            self._tell.start()

    def _on_time(self) -> None:
        means = self._means(self._store.state)
        if means != self._told:
            self._told = means
            self.changed.emit(means)

    def _means(self, state: ViewState) -> Means:
        if not state.test_mode or state.stack is None:
            return Means()
        recipes = self._models.recipes(state)
        every = (*recipes.scores, *filter(None, (recipes.fast,)), recipes.full)
        digests = {recipe.model: digest_of(recipe, self._models.weights_of(recipe.model)) for recipe in every}
        first = state.volume * state.stack.slices
        return self._book.means(stack_name(state.stack), digests, range(first, first + state.stack.slices))


def _meant(state: ViewState) -> tuple[object, ...]:
    return state.stack, state.volume, state.test_mode, state.active_recipe, state.fast_model
