"""What to make next: slices and stages, the most urgent first. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum, IntEnum
from functools import lru_cache
from typing import Final, TypeAlias

from brainsr_desktop.core.recipe import DEGRADED, Recipe
from brainsr_desktop.core.resample import METHODS
from brainsr_desktop.session.compare import Source
from brainsr_desktop.session.pictures import ResultKey, SliceState, stack_name
from brainsr_desktop.session.state import ViewState
from brainsr_desktop.session.suitability import is_held

AHEAD: Final = (1, -1, 2, -2, 3)
"""Neighbours that are made before they are asked for, in the direction of scrolling."""

Ready: TypeAlias = Callable[[ResultKey], bool]
WeightsOf: TypeAlias = Callable[[str], str]


class Stage(Enum):
    """What a result is for."""

    DEGRADED = "degraded input"
    FAST = "fast network"
    FULL = "full network"
    BASE = "interpolation in a pane or under a difference"
    SPREAD = "spread of eight flips and turns"
    SCORE = "interpolation to compare with"


class Urgency(IntEnum):
    """Who waits for it; lower is more urgent."""

    IN_VIEW = 0
    AHEAD = 1
    JOB = 2


@dataclass(frozen=True, slots=True)
class Want:
    """One slice to be made."""

    key: ResultKey
    recipe: Recipe
    stage: Stage
    urgency: Urgency

    @property
    def frame(self) -> int:
        """Index in the stack's block: volume * slices + slice."""
        return self.key.frame


@dataclass(frozen=True, slots=True)
class Stages:
    """How one picture is made: the full recipe, and the fast one that previews it."""

    full: Recipe
    fast: Recipe | None = None
    chosen: bool = True
    """It is the model of the side panel, which Stop stops; another one named above a pane otherwise."""
    held: bool = False
    """The series is outside what the network was trained on, and the user has not said "Run anyway"."""

    @property
    def interpolated(self) -> bool:
        """Whether no network makes it."""
        return self.full.model in METHODS


@dataclass(frozen=True, slots=True)
class Recipes:
    """The recipes of a state; None where there is no such stage. ``scores`` are those of the interpolations.

    ``full`` and ``fast`` belong to the model that is chosen; ``base`` is what the difference map and the places of
    greatest change are measured from; ``spread`` is the right picture's network in careful mode, for its stability.
    """

    full: Recipe
    fast: Recipe | None
    degraded: Recipe | None
    scores: tuple[Recipe, ...]
    base: Recipe | None = None
    spread: Recipe | None = None


def recipes_of(state: ViewState, baselines: Iterable[str] = ()) -> Recipes:
    """Which recipes a state asks for. ``baselines`` are names of interpolations."""
    chosen = _chosen(state)
    full, base, spread = chosen.full, _base(state), _spread(state)
    if full.degradation is None:
        return Recipes(full, chosen.fast, None, (), base, spread)
    plain = Recipe(DEGRADED, full.scale, full.degradation)
    scores = tuple(plain.with_model(name) for name in baselines if name != full.model)
    return Recipes(full, chosen.fast, plain, scores, base, spread)


def stages_of(state: ViewState, source: Source) -> Stages | None:
    """How what a pane shows is made; None for what needs no making."""
    if source.kind == "current":
        return _chosen(state)
    if source.kind != "model":
        return None
    active = state.active_recipe
    scale = source.scale or active.scale
    if source.model in METHODS:
        # As the scores ask for it, so that it is made once.
        return Stages(Recipe(source.model, scale, active.degradation), chosen=False)
    full = active.with_model(source.model, scale)
    same = state.fast_model if scale == active.scale else None
    return _stages(state, full, same, chosen=False)


def shown_stages(state: ViewState) -> tuple[Stages, ...]:
    """What is made for the panes that are seen, the right one first."""
    hidden = None
    if state.mode == "single":
        hidden = "left" if state.compare.alone == "right" else "right"
    sources = [source for side, source in (("right", state.right), ("left", state.left)) if side != hidden]
    found = (stages_of(state, source) for source in sources)
    return tuple(dict.fromkeys(stages for stages in found if stages is not None))


def recipes_in_view(state: ViewState, recipes: Recipes) -> tuple[Recipe, ...]:
    """Everything that the slice in view may show, measure or list: it is never dropped."""
    stages = (*shown_stages(state), _chosen(state))
    made = [recipe for each in stages for recipe in (each.full, each.fast)]
    every = (*made, recipes.degraded, recipes.base, recipes.spread, *recipes.scores)
    return tuple(dict.fromkeys(recipe for recipe in every if recipe is not None))


def needs_base(state: ViewState) -> bool:
    """Whether the change that the right picture makes is asked for."""
    return state.mode == "difference" or state.compare.places_wanted


def _chosen(state: ViewState) -> Stages:
    return _stages(state, state.active_recipe, state.fast_model, chosen=True)


def _stages(state: ViewState, full: Recipe, fast_model: str | None, *, chosen: bool) -> Stages:
    held = is_held(state, full.model)
    if held or (fast_model is not None and is_held(state, fast_model)):
        fast_model = None
    return Stages(full, _preview_of(full, fast_model), chosen, held)


def _preview_of(full: Recipe, fast_model: str | None) -> Recipe | None:
    if fast_model is None or fast_model == full.model or full.model in METHODS:
        return None
    return replace(full.with_model(fast_model), careful=False)


def _base(state: ViewState) -> Recipe | None:
    """The cubic interpolation of the input; a reference or another model's result needs none."""
    right = stages_of(state, state.right)
    is_input = state.left.kind == "input" or (state.left.kind == "reference" and not state.test_mode)
    if right is None or not is_input or not needs_base(state):
        return None
    return Recipe("bicubic", right.full.scale, right.full.degradation)


def _spread(state: ViewState) -> Recipe | None:
    """What tells how stable the right picture is; an interpolation is the same in all flips and turns."""
    right = stages_of(state, state.right)
    if state.mode != "stability" or right is None or right.interpolated or right.held:
        return None
    return replace(right.full, careful=True)


@lru_cache(maxsize=256)
def digest_of(recipe: Recipe, weights_sha256: str) -> str:
    """`Recipe.digest`, kept: every scroll step asks for the same few of them a dozen times."""
    return recipe.digest(weights_sha256)


def key_of(
    state: ViewState, recipe: Recipe, weights_of: WeightsOf, slice_index: int | None = None
) -> ResultKey:
    """Key of a slice of the volume in view (default: the slice in view) made with a recipe.

    Raises:
        ValueError: nothing is open.
    """
    if state.stack is None:
        raise ValueError("No stack is open.")
    index = state.slice_index if slice_index is None else slice_index
    frame = state.volume * state.stack.slices + index
    return ResultKey(stack_name(state.stack), frame, digest_of(recipe, weights_of(recipe.model)))


def wanted(
    state: ViewState,
    ready: Ready,
    weights_of: WeightsOf,
    *,
    loaded: Callable[[int], bool] = lambda _: True,
    baselines: tuple[str, ...] = (),
    jobs: Iterable[Want] = (),
) -> tuple[Want, ...]:
    """List what to make, the most urgent first, each key once.

    The slice in view (degraded, fast, full, scores), its neighbours, then what the ``jobs`` want. ``ready`` tells
    what needs no making (it is there, or it failed), ``loaded`` which frames have pixels.
    """
    found: dict[ResultKey, Want] = {}
    for want in (*_for_panes(state, weights_of, ready, baselines), *jobs):
        if want.key not in found and not ready(want.key) and loaded_or_foreign(state, want, loaded):
            found[want.key] = want
    return tuple(found.values())


def loaded_or_foreign(state: ViewState, want: Want, loaded: Callable[[int], bool]) -> bool:
    """Whether the frame of a want has pixels; jobs on another stack than the one in view answer for themselves."""
    ours = state.stack is not None and want.key.stack_digest == stack_name(state.stack)
    return not ours or loaded(want.frame)


def slice_states(
    state: ViewState,
    weights_of: WeightsOf,
    *,
    there: Iterable[ResultKey],
    failed: Iterable[ResultKey],
    running: Iterable[ResultKey],
) -> dict[int, SliceState]:
    """State of every slice of the volume in view, for the ticks of the slider. Asked for at every scroll step.

    They tell of what the right pane shows, or the left one, or else of the model that is chosen.
    """
    if state.stack is None or state.why_not is not None:
        return {}
    stages = next(iter(shown_stages(state)), _chosen(state))
    name, slices = stack_name(state.stack), state.stack.slices
    full = digest_of(stages.full, weights_of(stages.full.model))
    states = dict.fromkeys(range(slices), SliceState.NONE)
    told = [
        (full, running, SliceState.COMPUTING),
        (full, failed, SliceState.FAILED),
        (full, there, SliceState.FULL),
    ]
    if stages.fast is not None:
        told.insert(0, (digest_of(stages.fast, weights_of(stages.fast.model)), there, SliceState.FAST))
    for digest, keys, word in told:
        for key in keys:
            index = key.frame - state.volume * slices
            if key.recipe_digest == digest and key.stack_digest == name and 0 <= index < slices:
                states[index] = word
    return states


def _for_panes(
    state: ViewState, weights_of: WeightsOf, ready: Ready, baselines: tuple[str, ...]
) -> Iterator[Want]:
    if state.stack is None or state.why_not is not None:
        return
    plan = _Plan(state, weights_of, ready, recipes_of(state, baselines), _made_stages(state))
    here = state.slice_index
    yield from plan.quick(Urgency.IN_VIEW, here)
    yield from plan.full(Urgency.IN_VIEW, here)
    for recipe in plan.recipes.scores:
        yield plan.want(recipe, Stage.SCORE, Urgency.IN_VIEW, here)
    if plan.recipes.spread is not None and state.network_on:
        # Eight times the work: for the slice in view alone.
        yield plan.want(plan.recipes.spread, Stage.SPREAD, Urgency.IN_VIEW, here)
    places = [here + step * state.scroll_direction for step in AHEAD]
    neighbours = [index for index in places if 0 <= index < state.stack.slices]
    for index in neighbours:
        yield from plan.quick(Urgency.AHEAD, index)
    for index in neighbours:
        yield from plan.full(Urgency.AHEAD, index)


def _made_stages(state: ViewState) -> tuple[Stages, ...]:
    shown = shown_stages(state)
    if not state.test_mode:
        return shown
    # Its scores stand in the table, also while it is in no pane.
    return tuple(dict.fromkeys((*shown, _chosen(state))))


@dataclass(frozen=True, slots=True)
class _Plan:
    """The wants of one slice after the other."""

    state: ViewState
    weights_of: WeightsOf
    ready: Ready
    recipes: Recipes
    stages: tuple[Stages, ...]

    def want(self, recipe: Recipe, stage: Stage, urgency: Urgency, slice_index: int) -> Want:
        return Want(key_of(self.state, recipe, self.weights_of, slice_index), recipe, stage, urgency)

    def _running(self) -> Iterator[Stages]:
        return (stages for stages in self.stages if not stages.held)

    def quick(self, urgency: Urgency, slice_index: int) -> Iterator[Want]:
        """What is there before the full networks; a fast one not if its full one is there already."""
        if self.recipes.degraded is not None:
            yield self.want(self.recipes.degraded, Stage.DEGRADED, urgency, slice_index)
        if self.recipes.base is not None:
            yield self.want(self.recipes.base, Stage.BASE, urgency, slice_index)
        for stages in self._running():
            if stages.interpolated and not stages.chosen:
                yield self.want(stages.full, Stage.BASE, urgency, slice_index)
            elif stages.fast is not None and self.state.network_on:
                full = key_of(self.state, stages.full, self.weights_of, slice_index)
                if not self.ready(full):
                    yield self.want(stages.fast, Stage.FAST, urgency, slice_index)

    def full(self, urgency: Urgency, slice_index: int) -> Iterator[Want]:
        """The full recipes, unless the user has stopped them."""
        if self.state.network_on:
            for stages in self._running():
                yield self.want(stages.full, Stage.FULL, urgency, slice_index)
