from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.core.errors import Problem
from brainsr_desktop.ipc.shared_array import SharedArray
from brainsr_desktop.session import intents
from brainsr_desktop.session.open_stack import OpenStack
from brainsr_desktop.session.panes import Failure
from brainsr_desktop.session.pictures import PaneState
from brainsr_desktop.session.state import ViewState
from tests.session.making import result, stack, state
from tests.session.panes_kit import There, degraded_key, fast_key, full_key


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


def test_that_a_fast_picture_is_called_so(opened: OpenStack) -> None:
    there, shown = There(opened), intents.set_precision(state(), "fast")
    there.results[full_key(shown)] = result(numbers="int8")
    assert there.right(shown).status.text == "Network BrainSR x4 - fast (int8) - stored"


def test_that_a_picture_is_not_called_fast_where_the_network_ran_exactly(opened: OpenStack) -> None:
    there, shown = There(opened), intents.set_precision(state(), "fast")
    there.results[full_key(shown)] = result(numbers="f32")
    assert "fast" not in there.right(shown).status.text


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
    opened.frame_loaded(6, Problem("IM7", "DECODE_FAILED", "IM7 is damaged."))
    for pane in (there.left(state(slice_index=6)), there.right(state(slice_index=6))):
        assert (pane.picture, pane.status.state) == (None, PaneState.FAILED)
        assert "IM7 is damaged." in pane.status.text


def test_that_a_cut_slice_is_shown_as_far_as_it_goes_and_never_as_a_result(opened: OpenStack) -> None:
    there = There(opened)
    opened.frame_loaded(6, Problem("IM7", "TRUNCATED_PIXELS", "IM7 ends early."))
    for shown in (state(slice_index=6), intents.set_test_mode(state(slice_index=6), on=True)):
        for pane in (there.left(shown), there.right(shown)):
            assert pane.picture is not None and pane.picture.key is None
            assert (pane.status.state, pane.status.text) == (
                PaneState.NOT_SUITABLE,
                "Viewing only: IM7 ends early.",
            )


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
