from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainsr_desktop.session import intents, intents_compare
from brainsr_desktop.session.compare import CURRENT, INPUT, MODES, REFERENCE, Source
from brainsr_desktop.session.state import RectMm
from tests.session.making import stack, state

CUBIC = Source("model", "bicubic")


def test_that_the_wipe_chosen_again_turns_its_line() -> None:
    once = intents_compare.choose_mode(state(), "wipe")
    twice = intents_compare.choose_mode(once, "wipe")
    assert (once.mode, once.compare.level) == ("wipe", False)
    assert (twice.mode, twice.compare.level) == ("wipe", True)
    elsewhere = intents_compare.choose_mode(intents_compare.choose_mode(twice, "side"), "wipe")
    assert elsewhere.compare.level


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "single"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_that_one_pane_leads_back_to_where_it_came_from(mode: str, side: str) -> None:
    before = replace(state(), mode=mode)  # type: ignore[arg-type]  # from the list of modes
    alone = intents_compare.toggle_alone(before, side)  # type: ignore[arg-type]
    assert (alone.mode, alone.compare.alone) == ("single", side)
    assert intents_compare.toggle_alone(alone, side).mode == mode  # type: ignore[arg-type]
    other = intents_compare.choose_mode(alone, "single")
    assert other.compare.alone == "right"
    assert intents_compare.toggle_alone(other, "right").mode == mode


def test_that_the_line_moves_the_way_it_lies_and_stays_in_the_pane() -> None:
    wipe = intents_compare.choose_mode(state(), "wipe")
    assert intents_compare.step_line(wipe, 0.01, 0.0).compare.line == pytest.approx(0.51)
    assert intents_compare.step_line(wipe, 0.0, 0.1) == wipe
    level = intents_compare.choose_mode(wipe, "wipe")
    assert intents_compare.step_line(level, 0.0, -0.1).compare.line == pytest.approx(0.4)
    for _ in range(20):
        wipe = intents_compare.step_line(wipe, 0.1, 0.0)
    assert wipe.compare.line == 1.0
    assert intents_compare.step_line(state(), 0.1, 0.1) == state()


def test_that_the_blink_key_begins_swaps_and_pauses() -> None:
    begun = intents_compare.press_blink(state())
    assert (begun.mode, begun.compare.blink_side) == ("blink", "right")
    swapped = intents_compare.press_blink(begun)
    assert swapped.compare.blink_side == "left"
    running = intents_compare.set_blinks(begun, 2.0)
    stopped = intents_compare.press_blink(running)
    assert (stopped.compare.paused, stopped.compare.blink_side) == (True, "right")
    assert not intents_compare.press_blink(stopped).compare.paused


@given(st.floats(-10.0, 100.0))
def test_that_numbers_stay_within_their_limits(value: float) -> None:
    shown = state()
    assert intents_compare.set_blinks(shown, value).compare.blinks in (0.0, min(max(value, 0.3), 5.0))
    assert intents_compare.set_safe_blinks(shown, value).compare.blinks <= 3.0
    assert 4 <= intents_compare.set_fields(shown, round(value)).compare.fields <= 32
    assert 2.0 <= intents_compare.zoom_loupe(shown, value).compare.loupe_factor <= 8.0
    assert 2.0 <= intents_compare.set_loupe_factor(shown, value).compare.loupe_factor <= 8.0
    assert 0.5 <= intents_compare.set_range(shown, value).compare.range_percent <= 50.0
    assert 0.0 <= intents_compare.move_line(shown, value).compare.line <= 1.0


def test_that_who_allowed_a_faster_blink_is_not_slowed_down() -> None:
    allowed = intents_compare.set_blinks(state(), 4.0)
    assert intents_compare.set_safe_blinks(allowed, 4.5).compare.blinks == 4.0


def test_that_there_is_no_reference_outside_test_mode() -> None:
    assert intents_compare.choose_source(state(), "left", REFERENCE).left == INPUT
    tested = intents.set_test_mode(state(), on=True)
    assert intents_compare.choose_source(tested, "right", REFERENCE).right == REFERENCE


def test_that_test_mode_shows_its_input_and_brings_the_left_picture_back() -> None:
    before = intents_compare.choose_source(state(), "left", CUBIC)
    during = intents.set_test_mode(before, on=True)
    assert during.left == INPUT
    truth = intents.set_show_reference(during, on=True)
    assert truth.show_reference
    after = intents.set_test_mode(truth, on=False)
    assert after.left == CUBIC
    assert not after.show_reference
    assert after == before or replace(after, left_before_test=before.left_before_test) == before


def test_that_choosing_a_model_shows_it_and_choosing_it_again_changes_nothing() -> None:
    shown = intents_compare.choose_source(state(), "right", Source("model", "espcn-x4", 4))
    again = intents.choose_model(shown, shown.recipe.model, shown.recipe.scale, shown.fast_model)
    assert again == shown
    assert intents.choose_model(shown, "gan-x4", 4, shown.fast_model).right == CURRENT


def test_that_a_place_of_change_belongs_to_its_slice() -> None:
    there = intents_compare.show_place(
        intents_compare.want_places(state(slice_index=2)), 1, RectMm(0, 0, 4, 4)
    )
    assert (there.compare.place, there.rect_mm) == (1, RectMm(0, 0, 4, 4))
    gone = intents.scroll(there, 1)
    assert (gone.compare.place, gone.compare.places_wanted) == (None, True)
    assert intents_compare.choose_source(there, "left", CUBIC).compare.place is None
    assert not intents.open_stack(there, stack(id="2")).compare.places_wanted
