"""What is made of the state and the results for the eye: both panes, the map, the scores, the marks on the slider."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, Signal

from brainsr_desktop.app.change_map import ChangeMap
from brainsr_desktop.app.enhancer import Enhancer
from brainsr_desktop.app.grey_windows import GreyWindows
from brainsr_desktop.app.store import Store
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.session import pane_labels, panes
from brainsr_desktop.session.comparison import Compared
from brainsr_desktop.session.known_models import KnownModels
from brainsr_desktop.session.open_stack import OpenStack
from brainsr_desktop.session.panes import Known, Pane
from brainsr_desktop.session.pictures import PaneState, ResultKey, SliceState, same_picture, value_at
from brainsr_desktop.session.planner import key_of, recipes_in_view, shown_stages, slice_states
from brainsr_desktop.session.state import ViewState


class ShownPanes(QObject):
    """Draws when it is told to, from what is there then, and tells what is another than before."""

    left_changed = Signal(object, object)  # Picture | None, PaneStatus
    right_changed = Signal(object, object)  # Picture | None, PaneStatus
    map_changed = Signal(object, object)  # Picture | None, PaneStatus
    compared_changed = Signal(object)  # Compared | None
    scores_changed = Signal(object)  # dict[str, dict[str, float]]
    slice_states_changed = Signal(object)  # dict[int, SliceState]
    outdated = Signal()  # something that was waited for is there: time to draw

    def __init__(
        self, store: Store, models: KnownModels, enhancer: Enhancer, windows: GreyWindows, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._models = models
        self._enhancer = enhancer
        self._windows = windows
        self._map = ChangeMap(self)
        self._map.changed.connect(self.map_changed)
        self._map.compared_changed.connect(self.compared_changed)
        self._map.subtracted.connect(self.outdated)
        self.trust = self._map.trust
        self._source: OpenStack | None = None
        self._fresh: frozenset[ResultKey] = frozenset()
        self._last_degraded: ResultKey | None = None
        self._states: dict[int, SliceState] = {}
        self.left = self.right = Pane(None, pane_labels.empty())
        self.scores: Mapping[str, Mapping[str, float]] = {}

    @property
    def compared(self) -> Compared | None:
        """The finished right picture and what its change is measured from, once both are there."""
        return self._map.compared

    # What there is to draw from

    def take_source(self, source: OpenStack | None) -> None:
        """Another stack is in view."""
        self._source = source
        self._last_degraded = None

    def take_fresh(self, key: ResultKey) -> None:
        """A result came; if it was waited for, its label says how long it took."""
        if self.waits_for(key):
            self._fresh |= {key}

    def forget_fresh(self) -> None:
        """Something else is wanted: what comes back from the store from now on was not just made."""
        self._fresh = frozenset()

    def waits_for(self, key: ResultKey) -> bool:
        """Whether a key is that of a full result in one of the panes, or of the map in the right one."""
        state = self._store.state
        if state.stack is None:
            return False
        spread = self._models.recipes(state).spread
        wanted = [*(stages.full for stages in shown_stages(state)), *filter(None, [spread])]
        return key in [self._key(state, recipe) for recipe in wanted]

    # Drawing

    def draw(self) -> None:
        """Make both panes and the map of the state as it is now."""
        state = self._store.state
        known = self._known(state)
        left = panes.left_pane(state, known)
        if left.status.state is PaneState.DEGRADED and left.picture is not None:
            self._last_degraded = left.picture.key
        before, self.left = self.left, left
        if not _same(before, left):
            self.left_changed.emit(left.picture, left.status)
        right = panes.right_pane(state, known)
        before, self.right = self.right, right
        if not _same(before, right):
            self.right_changed.emit(right.picture, right.status)
        self._map.show(state, known, left, right, self._windows.current())

    def tell_scores(self) -> None:
        """Say the metrics of the slice in view, if they are others than before."""
        state, scores = self._store.state, dict[str, dict[str, float]]()
        if state.test_mode and state.stack is not None:
            recipes = self._models.recipes(state)
            for recipe in (*recipes.scores, *filter(None, (recipes.fast,)), recipes.full):
                result = self._enhancer.cache.peek(self._key(state, recipe))
                if result is not None and result.scores and not result.fallback:
                    scores[recipe.model] = dict(result.scores)
        if scores != self.scores:
            self.scores = scores
            self.scores_changed.emit(scores)

    def tell_states(self) -> None:
        """Say how far the slices of the volume in view are, if that has changed."""
        enhancer = self._enhancer
        states = slice_states(
            self._store.state,
            self._models.weights_of,
            there=enhancer.cache.keys(),
            failed=enhancer.failed,
            running=[flight.want.key for flight in enhancer.queue.flights if not flight.cancelling],
        )
        if states != self._states:
            self._states = states
            self.slice_states_changed.emit(states)

    # Asked by read-outs and by the plan

    def values_at(self, x_mm: float, y_mm: float) -> tuple[float | None, float | None]:
        """Values in units under a place of the slice's plane: left pane, right pane."""
        left, right = self.left.picture, self.right.picture
        return (
            None if left is None else value_at(left, x_mm, y_mm),
            None if right is None else value_at(right, x_mm, y_mm),
        )

    def seconds_of(self, slice_index: int) -> float | None:
        """How long the best result of a slice of the volume in view took, s; None where there is none."""
        state = self._store.state
        recipes = self._models.recipes(state)
        for recipe in filter(None, (recipes.full, recipes.fast) if state.stack is not None else ()):
            result = self._enhancer.cache.peek(key_of(state, recipe, self._models.weights_of, slice_index))
            if result is not None:
                return result.seconds
        return None

    def keys_in_view(self) -> tuple[ResultKey, ...]:
        """Keys of everything that the panes may draw now."""
        state = self._store.state
        if state.stack is None:
            return ()
        return tuple(
            self._key(state, recipe) for recipe in recipes_in_view(state, self._models.recipes(state))
        )

    def _known(self, state: ViewState) -> Known:
        enhancer = self._enhancer
        return Known(
            source=self._source,
            recipes=self._models.recipes(state),
            result=enhancer.cache.get,
            failure=enhancer.failure,
            progress=enhancer.progress,
            card=self._models.card,
            device_name=str.upper,
            weights_of=self._models.weights_of,
            fresh=self._fresh,
            blocked=enhancer.blocked,
            last_degraded=self._last_degraded,
        )

    def _key(self, state: ViewState, recipe: Recipe) -> ResultKey:
        return key_of(state, recipe, self._models.weights_of)


def _same(one: Pane, other: Pane) -> bool:
    return one.status == other.status and same_picture(one.picture, other.picture)
