"""What to make next: slices and stages, the most urgent first. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum, IntEnum
from functools import lru_cache
from typing import Final, TypeAlias

from brainsr_desktop.core.recipe import DEGRADED, Recipe
from brainsr_desktop.session.pictures import ResultKey, SliceState, stack_name
from brainsr_desktop.session.state import ViewState

AHEAD: Final = (1, -1, 2, -2, 3)
"""Neighbours that are made before they are asked for, in the direction of scrolling."""

Ready: TypeAlias = Callable[[ResultKey], bool]
WeightsOf: TypeAlias = Callable[[str], str]


class Stage(Enum):
    """What a result is for."""

    DEGRADED = "degraded input"
    FAST = "fast network"
    FULL = "full network"
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
class Recipes:
    """The recipes of a state; None where there is no such stage. ``scores`` are those of the interpolations."""

    full: Recipe
    fast: Recipe | None
    degraded: Recipe | None
    scores: tuple[Recipe, ...]


def recipes_of(state: ViewState, baselines: Iterable[str] = ()) -> Recipes:
    """Which recipes a state asks for. ``baselines`` are names of interpolations."""
    full = state.active_recipe
    interpolated = full.model in baselines
    fast = None
    if state.fast_model is not None and state.fast_model != full.model and not interpolated:
        fast = replace(full.with_model(state.fast_model), careful=False)
    if full.degradation is None:
        return Recipes(full, fast, None, ())
    plain = Recipe(DEGRADED, full.scale, full.degradation)
    scores = tuple(plain.with_model(name) for name in baselines if name != full.model)
    return Recipes(full, fast, plain, scores)


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
    baselines: tuple[str, ...] = (),
) -> dict[int, SliceState]:
    """State of every slice of the volume in view, for the ticks of the slider. Asked for at every scroll step."""
    if state.stack is None or state.why_not is not None:
        return {}
    recipes = recipes_of(state, baselines)
    name, slices = stack_name(state.stack), state.stack.slices
    full = digest_of(recipes.full, weights_of(recipes.full.model))
    states = dict.fromkeys(range(slices), SliceState.NONE)
    told = [
        (full, running, SliceState.COMPUTING),
        (full, failed, SliceState.FAILED),
        (full, there, SliceState.FULL),
    ]
    if recipes.fast is not None:
        told.insert(0, (digest_of(recipes.fast, weights_of(recipes.fast.model)), there, SliceState.FAST))
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
    recipes = recipes_of(state, baselines)

    def want(recipe: Recipe, stage: Stage, urgency: Urgency, slice_index: int) -> Want:
        return Want(key_of(state, recipe, weights_of, slice_index), recipe, stage, urgency)

    def quick(urgency: Urgency, slice_index: int) -> Iterator[Want]:
        """What is there before the full network; the fast one not if the full one is there already."""
        if recipes.degraded is not None:
            yield want(recipes.degraded, Stage.DEGRADED, urgency, slice_index)
        full = want(recipes.full, Stage.FULL, urgency, slice_index)
        if recipes.fast is not None and state.network_on and not ready(full.key):
            yield want(recipes.fast, Stage.FAST, urgency, slice_index)

    here = state.slice_index
    yield from quick(Urgency.IN_VIEW, here)
    if state.network_on:
        yield want(recipes.full, Stage.FULL, Urgency.IN_VIEW, here)
    for recipe in recipes.scores:
        yield want(recipe, Stage.SCORE, Urgency.IN_VIEW, here)
    places = [here + step * state.scroll_direction for step in AHEAD]
    neighbours = [index for index in places if 0 <= index < state.stack.slices]
    for index in neighbours:
        yield from quick(Urgency.AHEAD, index)
    if state.network_on:
        for index in neighbours:
            yield want(recipes.full, Stage.FULL, Urgency.AHEAD, index)
