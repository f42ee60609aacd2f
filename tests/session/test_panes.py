from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.core.errors import Problem
from brainsr_desktop.ipc.shared_array import SharedArray
from brainsr_desktop.models.card import Card
from brainsr_desktop.models.catalog import BASELINES
from brainsr_desktop.session import comparison, intents, intents_compare, panes
from brainsr_desktop.session.cache import Result
from brainsr_desktop.session.compare import CURRENT, INPUT, REFERENCE, Source
from brainsr_desktop.session.open_stack import OpenStack
from brainsr_desktop.session.panes import Failure, Known
from brainsr_desktop.session.pictures import PaneState, ResultKey, value_at
from brainsr_desktop.session.planner import key_of, recipes_of, stages_of
from brainsr_desktop.session.state import ViewState
from tests.session.making import no_weights, result, stack, state

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


@pytest.fixture
def opened() -> Iterator[OpenStack]:
    made = OpenStack(stack())
    block = SharedArray.create(made.stack.shape, "int16")
    for index in range(7):
        block.array[index] = index
    made.take_block(block)
    for index in range(6):
        made.frame_loaded(index, None)
    yield made
    made.close()


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


def test_that_an_empty_window_invites() -> None:
    there = There(None)
    for pane in (there.left(ViewState()), there.right(ViewState())):
        assert pane.picture is None
        assert (pane.status.state, pane.status.text) == (PaneState.EMPTY, "Open a folder to begin")


def test_that_the_original_is_shown_as_it_is_stored(opened: OpenStack) -> None:
    pane = There(opened).left(state(slice_index=2))
    assert pane.picture is not None
    assert pane.picture.pixels is opened.pixels(2)
    assert (pane.picture.slope, pane.picture.intercept) == (2.0, -1.0)
    assert pane.picture.extent_mm == (8 * 2.0, 6 * 3.0)
    assert not pane.picture.smooth


def test_that_before_any_result_the_source_is_drawn_smooth_and_says_so(opened: OpenStack) -> None:
    pane = There(opened).right(state(slice_index=2))
    assert pane.picture is not None
    assert pane.picture.pixels is opened.pixels(2)
    assert pane.picture.smooth
    assert pane.picture.key is None
    assert pane.status.state is PaneState.INTERPOLATED
    assert pane.status.text == "Preview - interpolated (linear), no network"
    assert pane.status.progress is None


def test_that_a_running_full_network_tells_how_far_it_is(opened: OpenStack) -> None:
    there, shown = There(opened), state(slice_index=2)
    there.progress[full_key(shown)] = 0.4
    status = there.right(shown).status
    assert status.text.endswith("full network 40 %")
    assert status.progress == 0.4


def test_that_the_fast_result_is_named_fast(opened: OpenStack) -> None:
    there, shown = There(opened), state(slice_index=2)
    there.results[fast_key(shown)] = result()
    pane = there.right(shown)
    assert pane.status.text == "Preview - fast network ESPCN x4"
    assert pane.status.state is PaneState.FAST
    assert pane.picture is not None
    assert pane.picture.key == fast_key(shown)


def test_that_a_fresh_full_result_names_device_and_time_and_a_stored_one_says_so(opened: OpenStack) -> None:
    there, shown = There(opened), state(slice_index=2)
    key = full_key(shown)
    there.results[key] = result()
    there.fresh = frozenset({key})
    assert there.right(shown).status.text == "Network BrainSR x4 - CPU, 1.8 s"
    there.fresh = frozenset()
    pane = there.right(shown)
    assert (pane.status.state, pane.status.text) == (PaneState.CACHED, "Network BrainSR x4 - stored")
    assert pane.picture is not None
    assert pane.picture.key == key


def test_that_a_model_that_invents_detail_is_called_so(opened: OpenStack) -> None:
    there, shown = There(opened), intents.choose_model(state(), "gan-x4", 4)
    there.results[full_key(shown)] = result()
    assert "may invent detail" in there.right(shown).status.text


def test_that_a_strength_below_full_is_told(opened: OpenStack) -> None:
    there, shown = There(opened), intents.set_strength(state(), 0.7)
    there.results[full_key(shown)] = result()
    assert "70 %" in there.right(shown).status.text


def test_that_careful_mode_is_told(opened: OpenStack) -> None:
    there, shown = There(opened), intents.set_careful(state(), on=True)
    there.results[full_key(shown)] = result()
    assert there.right(shown).status.text == "Network BrainSR x4, careful - stored"


def test_that_an_interpolation_is_not_called_a_network(opened: OpenStack) -> None:
    there, shown = There(opened), intents.choose_model(state(), "bicubic", 4)
    there.results[full_key(shown)] = result()
    assert there.right(shown).status.text == "Interpolated (Cubic x4), no network"


def test_that_a_failure_shows_the_interpolation_and_why(opened: OpenStack) -> None:
    there, shown = There(opened), state(slice_index=2)
    there.failures[full_key(shown)] = Failure("not enough memory", "Close something.", "trace")
    there.results[fast_key(shown)] = result()
    pane = there.right(shown)
    assert pane.status.text == "Network failed, interpolated shown: not enough memory"
    assert pane.status.state is PaneState.FAILED
    assert "trace" in pane.status.detail
    assert pane.picture is not None
    assert pane.picture.pixels is opened.pixels(2)


def test_that_an_engine_that_is_gone_is_told_unless_the_result_is_there(opened: OpenStack) -> None:
    there, shown = There(opened), state(slice_index=2)
    there.blocked = Failure("the network process stopped (exit 139)")
    assert "exit 139" in there.right(shown).status.text
    there.results[full_key(shown)] = result()
    assert there.right(shown).status.state is PaneState.CACHED


def test_that_a_fallback_is_marked(opened: OpenStack) -> None:
    there, shown = There(opened), state(slice_index=2)
    there.results[full_key(shown)] = result(fallback=True, notes=("FALLBACK: not finite",))
    status = there.right(shown).status
    assert status.state is PaneState.FAILED
    assert status.text.startswith("FALLBACK")
    assert "not finite" in status.detail


def test_that_network_off_and_original_are_labelled(opened: OpenStack) -> None:
    there, shown = There(opened), state(slice_index=2)
    there.results[full_key(shown)] = result()
    assert there.right(intents.set_network(shown, on=False)).status.text == "Network off"
    original = there.right(intents.show_original(shown, on=True))
    assert (original.status.state, original.status.text) == (PaneState.ORIGINAL, "Original")
    assert original.picture is not None
    assert original.picture.pixels is opened.pixels(2)


def test_that_what_is_not_suitable_says_why() -> None:
    made = OpenStack(stack(why_not="not an MR image"))
    made.take_block(SharedArray.create(made.stack.shape, "int16"))
    made.frame_loaded(0, None)
    pane = There(made).right(state(made.stack))
    assert pane.status.text == "Viewing only: not an MR image"
    assert pane.picture is not None
    made.close()


def test_that_a_slice_on_its_way_or_unreadable_shows_nothing(opened: OpenStack) -> None:
    there = There(opened)
    for pane in (there.left(state(slice_index=6)), there.right(state(slice_index=6))):
        assert (pane.picture, pane.status.state) == (None, PaneState.LOADING)
    opened.frame_loaded(6, Problem("IM7", "TRUNCATED_PIXELS", "IM7 ends early."))
    for pane in (there.left(state(slice_index=6)), there.right(state(slice_index=6))):
        assert (pane.picture, pane.status.state) == (None, PaneState.FAILED)
        assert "IM7 ends early." in pane.status.text


def test_that_test_mode_never_passes_the_truth_off_as_the_input(opened: OpenStack) -> None:
    there, shown = There(opened), intents.set_test_mode(state(slice_index=2), on=True)
    assert there.left(shown).picture is None
    assert there.right(shown).picture is None
    there.results[degraded_key(shown)] = result()
    left, right = there.left(shown), there.right(shown)
    assert left.status.text == "DEGRADED INPUT"
    assert left.picture is not None
    assert left.picture.key == degraded_key(shown)
    assert right.picture is not None
    assert right.picture.pixels is left.picture.pixels
    assert right.picture.smooth
    assert right.picture.key is None


def test_that_the_truth_is_shown_if_asked_for_and_named_reference(opened: OpenStack) -> None:
    there = There(opened)
    shown = intents.set_show_reference(intents.set_test_mode(state(slice_index=2), on=True), on=True)
    pane = there.left(shown)
    assert (pane.status.state, pane.status.text) == (PaneState.REFERENCE, "Reference")
    assert pane.picture is not None
    assert pane.picture.pixels is opened.pixels(2)


def test_that_while_a_slider_moves_the_same_slice_stays_and_says_that_it_changes(opened: OpenStack) -> None:
    there, shown = There(opened), intents.set_test_mode(state(slice_index=2), on=True)
    there.last_degraded = degraded_key(shown)
    there.results[there.last_degraded] = result()
    moved = intents.set_degradation(shown, Degradation(noise_percent=3.0, reduction=4))
    pane = there.left(moved)
    assert pane.picture is not None
    assert pane.status.text == "DEGRADED INPUT - changing"
    elsewhere = there.left(intents.go_to(moved, 3))
    assert elsewhere.picture is None


def test_that_a_failed_degradation_is_told(opened: OpenStack) -> None:
    there, shown = There(opened), intents.set_test_mode(state(slice_index=2), on=True)
    there.failures[degraded_key(shown)] = Failure("no memory")
    assert there.left(shown).status.state is PaneState.FAILED


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # it is only read
@given(data=st.data())
def test_that_no_picture_is_shown_under_another_key_than_the_current_one(
    opened: OpenStack, data: st.DataObject
) -> None:
    """Whatever lies in the store: of the slices, models and degradations in it only the current one may come up."""
    views = [
        intents.set_degradation(
            intents.set_test_mode(
                intents.choose_model(state(slice_index=index), model, 4, "espcn-x4"), on=test_mode
            ),
            Degradation(noise_percent=noise, reduction=4),
        )
        for index in (2, 3)
        for model in ("brainsr-x4", "gan-x4")
        for test_mode in (False, True)
        for noise in (0.0, 5.0)
    ]
    there = There(opened)
    for view in data.draw(st.lists(st.sampled_from(views), max_size=8)):
        there.results[full_key(view)] = result()
        there.results[fast_key(view)] = result()
        if view.test_mode:
            there.results[degraded_key(view)] = result()
            there.last_degraded = degraded_key(view)
    shown = data.draw(st.sampled_from(views))
    right, left = there.right(shown).picture, there.left(shown).picture
    if right is not None and right.key is not None:
        assert right.key in {full_key(shown), fast_key(shown)}
        assert right.pixels is there.results[right.key].pixels
    elif right is not None:
        assert left is not None
        assert right.pixels is left.pixels
    if left is not None and left.key is not None:
        assert left.key.frame == shown.frame_index
        assert shown.test_mode
    elif left is not None:
        assert left.pixels is opened.pixels(shown.frame_index)


def test_that_an_inverted_photometric_is_passed_on(opened: OpenStack) -> None:
    opened.stack = replace(opened.stack, photometric="MONOCHROME1")
    there, shown = There(opened), state(replace(stack(), photometric="MONOCHROME1"), slice_index=2)
    there.results[full_key(shown)] = result()
    for pane in (there.left(shown), there.right(shown)):
        assert pane.picture is not None
        assert pane.picture.inverted
    assert np.all(opened.pixels(2) == 2)


# What the lists above the panes name


def with_sources(shown: ViewState, left: Source = INPUT, right: Source = CURRENT) -> ViewState:
    return replace(shown, left=left, right=right)


GAN, CUBIC = Source("model", "gan-x4", 4), Source("model", "bicubic")


def key_for(shown: ViewState, source: Source) -> ResultKey:
    stages = stages_of(shown, source)
    assert stages is not None
    return key_of(shown, stages.full, no_weights)


def test_that_two_networks_stand_side_by_side_each_under_its_own_name(opened: OpenStack) -> None:
    there, shown = There(opened), with_sources(state(slice_index=2), left=GAN)
    there.results[fast_key(shown)] = result()
    there.results[key_for(shown, GAN)] = result()
    left, right = there.left(shown), there.right(shown)
    assert left.status.text == "Network GAN x4 (may invent detail) - stored"
    assert left.picture is not None
    assert left.picture.key == key_for(shown, GAN)
    assert right.status.text == "Preview - fast network ESPCN x4"
    there.progress[key_for(shown, CURRENT)] = 0.5
    assert there.right(shown).status.progress == 0.5
    assert there.left(shown).status.progress is None


def test_that_an_interpolation_in_a_pane_is_named_and_needs_no_network(opened: OpenStack) -> None:
    there, shown = There(opened), with_sources(state(slice_index=2, network_on=False), left=CUBIC)
    there.results[key_for(shown, CUBIC)] = result()
    pane = there.left(shown)
    assert pane.status.text == "Interpolated (Cubic x4), no network"
    assert pane.status.interpolated
    assert there.right(shown).status.state is PaneState.OFF


def test_that_an_interpolation_follows_the_factor_and_a_network_keeps_its_own(opened: OpenStack) -> None:
    shown = intents.choose_model(state(), "brainsr-x2", 2)
    for source, scale in ((CUBIC, 2), (GAN, 4)):
        stages = stages_of(shown, source)
        assert stages is not None
        assert stages.full.scale == scale


def test_that_either_pane_may_show_the_input_or_the_reference(opened: OpenStack) -> None:
    there = There(opened)
    shown = intents.set_test_mode(state(slice_index=2), on=True)
    there.results[degraded_key(shown)] = result()
    swapped = with_sources(shown, left=REFERENCE, right=INPUT)
    assert there.left(swapped).status.state is PaneState.REFERENCE
    assert there.right(swapped).status.state is PaneState.DEGRADED
    plain = intents.set_test_mode(swapped, on=False)
    assert there.right(plain).status.state is PaneState.ORIGINAL


def test_that_a_difference_is_measured_from_what_the_left_list_names(opened: OpenStack) -> None:
    there = There(opened)
    shown = replace(intents.set_test_mode(state(slice_index=2), on=True), mode="difference")
    cubic = recipes_of(shown, NAMES).base
    assert cubic is not None
    assert (cubic.model, cubic.scale, cubic.degradation) == ("bicubic", 4, shown.degradation)
    assert panes.base_picture(shown, there.known(shown)) is None
    made = there.results[key_of(shown, cubic, no_weights)] = result()
    found = panes.base_picture(shown, there.known(shown))
    assert found is not None
    assert found.pixels is made.pixels
    truth = with_sources(shown, left=REFERENCE)
    found = panes.base_picture(truth, there.known(truth))
    assert found is not None
    assert found.pixels is opened.pixels(2)
    other = with_sources(shown, left=GAN)
    assert panes.base_picture(other, there.known(other)) is None
    made = there.results[key_for(other, GAN)] = result()
    found = panes.base_picture(other, there.known(other))
    assert found is not None
    assert found.pixels is made.pixels


def difference(there: There, shown: ViewState, span: float | None = 5.0) -> panes.Pane:
    known = there.known(shown)
    right, left = panes.right_pane(shown, known), panes.left_pane(shown, known)
    return comparison.shown_right(
        shown, right, left, panes.base_picture(shown, known), span, comparison.subtract
    )


def test_that_a_map_shows_the_signed_change_in_units_and_says_of_what(opened: OpenStack) -> None:
    there, shown = There(opened), state(slice_index=2, mode="difference")
    base = recipes_of(shown, NAMES).base
    assert base is not None
    assert difference(there, shown).status.text == "Difference - computing"
    there.results[key_of(shown, base, no_weights)] = replace(
        result(), pixels=np.full((4, 4), 3.0, np.float32)
    )
    there.results[fast_key(shown)] = replace(result(), pixels=np.full((4, 4), 4.0, np.float32))
    pane = difference(there, shown)
    assert pane.status.text == "Preview of the difference: ESPCN x4 minus cubic interpolation"
    there.results[full_key(shown)] = replace(result(), pixels=np.full((4, 4), 1.0, np.float32))
    pane = difference(there, shown)
    assert pane.status.text == "Difference: BrainSR x4 minus cubic interpolation"
    assert pane.picture is not None
    assert pane.picture.key == full_key(shown)
    assert pane.picture.span == 5.0
    # The frames' slope is 2, and their intercept takes no part in a difference.
    assert value_at(pane.picture, 1.0, 1.0) == -4.0
    assert difference(there, shown, span=None).picture is None


def test_that_space_and_failures_show_through_the_map(opened: OpenStack) -> None:
    there, shown = There(opened), state(slice_index=2, mode="difference")
    there.failures[full_key(shown)] = Failure("no memory")
    assert difference(there, shown).status.text == "Network failed, interpolated shown: no memory"
    held = intents.show_original(shown, on=True)
    assert difference(there, held).status.state is PaneState.ORIGINAL
    off = intents.set_network(shown, on=False)
    assert difference(there, off).status.state is PaneState.OFF


def test_that_pictures_that_do_not_fit_together_have_no_difference(opened: OpenStack) -> None:
    there, shown = There(opened), with_sources(state(slice_index=2, mode="difference"), left=GAN)
    there.results[full_key(shown)] = result(6, 6)
    there.results[key_for(shown, GAN)] = result(4, 4)
    pane = difference(there, shown)
    assert pane.picture is None
    assert pane.status.text.startswith("No difference:")


def test_that_places_of_change_come_only_from_finished_pictures(opened: OpenStack) -> None:
    there = There(opened)
    shown = intents_compare.want_places(state(slice_index=2))
    base = recipes_of(shown, NAMES).base
    assert base is not None
    there.results[key_of(shown, base, no_weights)] = result(32, 24)
    there.results[fast_key(shown)] = result(32, 24)

    def found() -> comparison.Compared | None:
        known = there.known(shown)
        return comparison.compared(shown, there.right(shown), panes.base_picture(shown, known))

    assert found() is None
    pixels = np.zeros((32, 24), np.float32)
    pixels[4:24, 4:20] = 6.0
    there.results[full_key(shown)] = replace(result(), pixels=pixels)
    compared = found()
    assert compared is not None
    assert compared.input_rows == 8
    place = comparison.places(compared)[0]
    assert (place.top, place.bottom, place.left, place.right, place.change) == (1, 6, 1, 5, 6.0)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # it is only read
@given(data=st.data())
def test_that_each_pane_shows_only_what_its_list_names_now(opened: OpenStack, data: st.DataObject) -> None:
    """Whatever lies in the store, of other lists, slices and degradations."""
    sources = st.sampled_from((INPUT, REFERENCE, CURRENT, GAN, CUBIC))
    views = st.builds(
        lambda index, test_mode, noise, left, right, mode: with_sources(
            intents.set_degradation(
                intents.set_test_mode(state(slice_index=index, mode=mode), on=test_mode),
                Degradation(noise_percent=noise, reduction=4),
            ),
            left,
            right,
        ),
        st.sampled_from((2, 3)),
        st.booleans(),
        st.sampled_from((0.0, 5.0)),
        sources,
        sources,
        st.sampled_from(("side", "difference")),
    )
    there = There(opened)
    for view in data.draw(st.lists(views, max_size=8)):
        recipes = recipes_of(view, NAMES)
        for stages in (stages_of(view, view.left), stages_of(view, view.right)):
            for recipe in (stages.full, stages.fast) if stages is not None else ():
                if recipe is not None:
                    there.results[key_of(view, recipe, no_weights)] = result()
        for recipe in (recipes.base, recipes.degraded):
            if recipe is not None:
                there.results[key_of(view, recipe, no_weights)] = result()
    shown = data.draw(views)
    for pane, source in ((there.left(shown), shown.left), (there.right(shown), shown.right)):
        if pane.picture is None or pane.picture.key is None:
            continue
        stages = stages_of(shown, source)
        recipes_now = (
            (stages.full, stages.fast) if stages is not None else (recipes_of(shown, NAMES).degraded,)
        )
        keys = {key_of(shown, recipe, no_weights) for recipe in recipes_now if recipe is not None}
        assert pane.picture.key in keys
        assert pane.picture.pixels is there.results[pane.picture.key].pixels
        if stages is not None:
            made = next(r for r in recipes_now if r and key_of(shown, r, no_weights) == pane.picture.key)
            assert CARDS[made.model].title in pane.status.text
    base, known = recipes_of(shown, NAMES).base, there.known(shown)
    found = panes.base_picture(shown, known) if shown.mode == "difference" else None
    if found is not None and base is not None:
        assert found.key == key_of(shown, base, no_weights)
    elif found is not None:
        left = there.left(shown).picture
        assert left is not None
        assert found.pixels is left.pixels
