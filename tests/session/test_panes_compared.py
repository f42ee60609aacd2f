"""Panes that show what the lists above them name, and their difference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.session import comparison, intents, intents_compare, panes
from brainsr_desktop.session.compare import CURRENT, INPUT, REFERENCE, Source
from brainsr_desktop.session.open_stack import OpenStack
from brainsr_desktop.session.panes import Failure
from brainsr_desktop.session.pictures import PaneState, ResultKey, value_at
from brainsr_desktop.session.planner import key_of, recipes_of, stages_of
from brainsr_desktop.session.state import ViewState
from tests.session.making import no_weights, result, state
from tests.session.panes_kit import CARDS, NAMES, There, degraded_key, fast_key, full_key


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
