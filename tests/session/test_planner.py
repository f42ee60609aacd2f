from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainsr_desktop.core.recipe import DEGRADED
from brainsr_desktop.session import intents, intents_compare
from brainsr_desktop.session.compare import INPUT, Source
from brainsr_desktop.session.exporting import job_want
from brainsr_desktop.session.pictures import ResultKey, SliceState
from brainsr_desktop.session.planner import (
    Stage,
    Urgency,
    Want,
    key_of,
    recipes_in_view,
    recipes_of,
    slice_states,
    stages_of,
    wanted,
)
from brainsr_desktop.session.state import ViewState
from tests.session.making import no_weights, stack, state

BASELINES = ("nearest", "bicubic")


def never(_key: ResultKey) -> bool:
    return False


def told(wants: tuple[Want, ...]) -> list[tuple[int, str]]:
    return [(want.frame, want.recipe.model) for want in wants]


def test_that_the_slice_in_view_comes_first_fast_then_full() -> None:
    assert told(wanted(state(slice_index=3), never, no_weights))[:2] == [(3, "espcn-x4"), (3, "brainsr-x4")]


@pytest.mark.parametrize(("direction", "order"), [(1, [4, 2, 5, 1, 6]), (-1, [2, 4, 1, 5, 0])])
def test_that_neighbours_follow_in_the_direction_of_scrolling(direction: int, order: list[int]) -> None:
    wants = wanted(state(slice_index=3, scroll_direction=direction), never, no_weights)
    ahead = [want for want in wants if want.urgency is Urgency.AHEAD]
    assert [want.frame for want in ahead if want.stage is Stage.FULL] == order
    assert [want.frame for want in ahead if want.stage is Stage.FAST] == order


def test_that_neighbours_end_where_the_stack_ends() -> None:
    frames = {want.frame for want in wanted(state(slice_index=0), never, no_weights)}
    assert frames == {0, 1, 2, 3}


def test_that_frames_belong_to_the_volume_in_view() -> None:
    shown = state(stack(5, volumes=3), slice_index=2, volume=1)
    assert told(wanted(shown, never, no_weights))[0] == (7, "espcn-x4")


def test_that_test_mode_begins_with_the_degraded_input_and_asks_for_scores() -> None:
    shown = intents.set_test_mode(state(slice_index=3), on=True)
    wants = wanted(shown, never, no_weights, baselines=BASELINES)
    here = [want for want in wants if want.frame == 3]
    assert [(want.stage, want.recipe.model) for want in here] == [
        (Stage.DEGRADED, DEGRADED),
        (Stage.FAST, "espcn-x4"),
        (Stage.FULL, "brainsr-x4"),
        (Stage.SCORE, "nearest"),
        (Stage.SCORE, "bicubic"),
    ]
    assert all(want.recipe.degradation == shown.degradation for want in wants)
    assert not [want for want in wants if want.stage is Stage.SCORE and want.frame != 3]


def test_that_the_fast_stage_is_left_out_where_the_full_result_is_there() -> None:
    shown = state(slice_index=3)
    full = key_of(shown, shown.active_recipe, no_weights)
    wants = wanted(shown, lambda key: key == full, no_weights)
    assert all(want.frame != 3 for want in wants)


def test_that_the_fast_stage_is_never_careful() -> None:
    recipes = recipes_of(intents.set_careful(state(fast_model="espcn-x4"), on=True))
    assert recipes.full.careful
    assert recipes.fast is not None
    assert not recipes.fast.careful


def test_that_an_interpolation_has_no_fast_stage() -> None:
    shown = replace(state(), recipe=state().recipe.with_model("bicubic"))
    assert recipes_of(shown, BASELINES).fast is None


def test_that_a_model_is_not_its_own_preview() -> None:
    assert recipes_of(state(fast_model="brainsr-x4")).fast is None


@pytest.mark.parametrize(
    "shown",
    [
        ViewState(),
        state(stack(why_not="not an MR image")),
        state(stack(volumes=2, volume_unsuitable=("phase image", None))),
    ],
)
def test_that_nothing_is_made_of_what_is_not_suitable(shown: ViewState) -> None:
    assert wanted(shown, never, no_weights) == ()
    assert slice_states(shown, no_weights, there=(), failed=(), running=()) == {}


def test_that_a_volume_that_is_suitable_is_made_beside_one_that_is_not() -> None:
    shown = state(stack(volumes=2, volume_unsuitable=("phase image", None)), volume=1)
    assert wanted(shown, never, no_weights)


def test_that_network_off_makes_nothing_but_the_degraded_input() -> None:
    off = intents.set_network(state(), on=False)
    assert wanted(off, never, no_weights) == ()
    wants = wanted(intents.set_test_mode(off, on=True), never, no_weights)
    assert {want.stage for want in wants} == {Stage.DEGRADED}


def test_that_frames_without_pixels_wait() -> None:
    wants = wanted(state(slice_index=3), never, no_weights, loaded=lambda index: index == 2)
    assert {want.frame for want in wants} == {2}


def test_that_jobs_come_last_and_each_key_once() -> None:
    shown = state(slice_index=3)
    made = stack()
    other = stack(id="2")
    jobs = [job_want(made, 3, shown.recipe, no_weights), job_want(other, 0, shown.recipe, no_weights)]
    wants = wanted(shown, never, no_weights, loaded=lambda _: True, jobs=jobs)
    assert wants[-1].key.stack_digest == "abc:2"
    assert len({want.key for want in wants}) == len(wants)
    assert [want.urgency for want in wants] == sorted(want.urgency for want in wants)


def test_that_weights_and_recipe_and_stack_make_different_keys() -> None:
    shown = state()
    keys = {
        key_of(shown, shown.recipe, no_weights),
        key_of(shown, shown.recipe, lambda _: "other weights"),
        key_of(shown, replace(shown.recipe, strength=0.5), no_weights),
        key_of(replace(shown, stack=stack(id="2")), shown.recipe, no_weights),
        key_of(replace(shown, slice_index=1), shown.recipe, no_weights),
        key_of(
            intents.set_test_mode(shown, on=True),
            intents.set_test_mode(shown, on=True).active_recipe,
            no_weights,
        ),
    }
    assert len(keys) == 6


def test_that_a_key_needs_a_stack() -> None:
    with pytest.raises(ValueError, match="open"):
        key_of(ViewState(), ViewState().recipe, no_weights)


@given(
    index=st.integers(0, 6),
    direction=st.sampled_from([1, -1]),
    test_mode=st.booleans(),
    network=st.booleans(),
    fast=st.sampled_from([None, "espcn-x4", "brainsr-x4"]),
    data=st.data(),
)
def test_that_nothing_ready_is_wanted_and_urgency_only_falls(
    index: int, direction: int, test_mode: bool, network: bool, fast: str | None, data: st.DataObject
) -> None:
    shown = state(
        slice_index=index,
        scroll_direction=direction,
        test_mode=test_mode,
        network_on=network,
        fast_model=fast,
    )
    everything = wanted(shown, never, no_weights, baselines=BASELINES)
    keys = [want.key for want in everything]
    ready = data.draw(st.sets(st.sampled_from(keys))) if keys else set()
    wants = wanted(shown, lambda key: key in ready, no_weights, baselines=BASELINES)
    assert not {want.key for want in wants} & ready
    assert [want.urgency for want in wants] == sorted(want.urgency for want in wants)
    assert all(0 <= want.frame < 7 for want in wants)


def test_that_ticks_tell_the_best_there_is() -> None:
    shown = state()
    full = {n: key_of(shown, shown.recipe, no_weights, n) for n in range(7)}
    fast = {n: key_of(shown, shown.recipe.with_model("espcn-x4"), no_weights, n) for n in range(7)}
    there = {full[0], fast[0], fast[1], fast[2]}
    foreign = {replace(full[5], stack_digest="another"), replace(full[5], frame=5 + 7)}
    states = slice_states(
        shown, no_weights, there=there | foreign, failed={full[3], full[2]}, running={full[4]}
    )
    assert [states[n] for n in range(6)] == [
        SliceState.FULL,
        SliceState.FAST,
        SliceState.FAILED,
        SliceState.FAILED,
        SliceState.COMPUTING,
        SliceState.NONE,
    ]


# What the lists above the panes name

GAN, CUBIC = Source("model", "gan-x4", 4), Source("model", "bicubic")


def test_that_two_networks_are_both_made_the_fast_one_once() -> None:
    shown = state(slice_index=3, left=GAN)
    wants = [want for want in wanted(shown, never, no_weights) if want.frame == 3]
    assert [(want.stage, want.recipe.model) for want in wants] == [
        (Stage.FAST, "espcn-x4"),
        (Stage.FULL, "brainsr-x4"),
        (Stage.FULL, "gan-x4"),
    ]
    assert len({want.key for want in wants}) == 3


def test_that_an_interpolation_in_a_pane_is_made_at_once_also_without_a_network() -> None:
    shown = state(slice_index=3, left=CUBIC, network_on=False)
    wants = [want for want in wanted(shown, never, no_weights) if want.frame == 3]
    assert [(want.stage, want.recipe.model) for want in wants] == [(Stage.BASE, "bicubic")]


def test_that_what_no_pane_shows_is_not_made() -> None:
    assert wanted(state(right=INPUT), never, no_weights) == ()
    alone = intents_compare.show_alone(state(slice_index=3, left=GAN), "left")
    assert {want.recipe.model for want in wanted(alone, never, no_weights)} == {"espcn-x4", "gan-x4"}


def test_that_in_test_mode_the_chosen_model_is_made_for_its_scores() -> None:
    shown = intents.set_test_mode(state(slice_index=3, right=GAN), on=True)
    models = [want.recipe.model for want in wanted(shown, never, no_weights) if want.stage is Stage.FULL]
    assert {"gan-x4", "brainsr-x4"} == set(models)


@pytest.mark.parametrize("ask", [lambda s: replace(s, mode="difference"), intents_compare.want_places])
def test_that_the_cubic_picture_under_a_difference_is_made_when_it_is_asked_for(
    ask: Callable[[ViewState], ViewState],
) -> None:
    assert Stage.BASE not in {want.stage for want in wanted(state(), never, no_weights)}
    wants = [want for want in wanted(ask(state(slice_index=3)), never, no_weights) if want.frame == 3]
    assert (wants[0].stage, wants[0].recipe.model, wants[0].recipe.scale) == (Stage.BASE, "bicubic", 4)
    tested = intents.set_test_mode(ask(state(slice_index=3)), on=True)
    # It is the same picture as the one that is scored.
    keys = [want.key for want in wanted(tested, never, no_weights, baselines=BASELINES) if want.frame == 3]
    assert len(keys) == len(set(keys))
    base = recipes_of(tested, BASELINES).base
    assert base in recipes_of(tested, BASELINES).scores


def test_that_the_slider_tells_of_what_the_right_pane_shows() -> None:
    shown = state(right=GAN)
    stages = stages_of(shown, GAN)
    assert stages is not None
    there = [key_of(shown, stages.full, no_weights, 2)]
    states = slice_states(shown, no_weights, there=there, failed=(), running=())
    assert states[2] is SliceState.FULL
    assert slice_states(state(), no_weights, there=there, failed=(), running=())[2] is SliceState.NONE


def test_that_everything_in_view_is_kept() -> None:
    shown = replace(intents.set_test_mode(state(left=GAN), on=True), mode="difference", left=GAN)
    recipes = recipes_of(shown, BASELINES)
    kept = {recipe.model for recipe in recipes_in_view(shown, recipes)}
    assert kept == {"brainsr-x4", "espcn-x4", "gan-x4", DEGRADED, *BASELINES}
