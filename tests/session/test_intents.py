from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.session import intents
from brainsr_desktop.session.state import RectMm, ViewState, WindowLevel
from tests.session.making import stack, state

EMPTY = ViewState()


@pytest.mark.parametrize(
    "moved",
    [
        intents.scroll(EMPTY, 3),
        intents.go_to(EMPTY, 3),
        intents.go_to_volume(EMPTY, 1),
        intents.zoom_about(EMPTY, 2.0, (0.0, 0.0), RectMm(0, 0, 1, 1)),
        intents.pan(EMPTY, 1.0, 1.0, RectMm(0, 0, 1, 1)),
        intents.show_rect(EMPTY, RectMm(0, 0, 1, 1)),
    ],
)
def test_that_nothing_moves_where_nothing_is_open(moved: ViewState) -> None:
    assert moved == EMPTY


def test_that_opening_shows_the_middle_slice_fitted() -> None:
    before = state(
        rect_mm=RectMm(0, 0, 1, 1),
        flip_h=True,
        volume=0,
        window=WindowLevel(1, 2),
        show_original=True,
        inverted=True,
    )
    after = intents.open_stack(before, stack(9, id="2"))
    assert (after.slice_index, after.rect_mm, after.flip_h, after.window) == (4, None, False, None)
    assert not after.show_original
    assert after.recipe == before.recipe


def test_that_opening_again_brings_the_remembered_window() -> None:
    window = WindowLevel(40.0, 80.0)
    assert intents.open_stack(state(), stack(), window).window == window


def test_that_closing_leaves_nothing_open() -> None:
    assert intents.open_stack(state(), None).stack is None


@given(start=st.integers(0, 6), steps=st.integers(-20, 20))
def test_that_scrolling_stays_inside_and_remembers_its_direction(start: int, steps: int) -> None:
    before = state(slice_index=start)
    after = intents.scroll(before, steps)
    assert after.slice_index == min(max(start + steps, 0), 6)
    if after.slice_index != start:
        assert after.scroll_direction == (1 if steps > 0 else -1)
    else:
        assert after == before


def test_that_volumes_end_at_their_ends() -> None:
    before = state(stack(volumes=3), volume=1)
    assert intents.step_volume(before, 5).volume == 2
    assert intents.step_volume(before, -5).volume == 0


def test_that_a_window_is_never_empty() -> None:
    window = intents.set_window(state(), WindowLevel(100.0, -3.0)).window
    assert window is not None
    assert window.width > 0


places = st.floats(0.0, 1.0)


@given(
    factor=st.floats(0.05, 20.0),
    x=places,
    y=places,
    shown=st.builds(RectMm, st.floats(-5, 5), st.floats(-5, 5), st.floats(8, 40), st.floats(8, 40)),
)
def test_that_zooming_keeps_the_point_where_it_is(factor: float, x: float, y: float, shown: RectMm) -> None:
    point = shown.x + x * shown.width, shown.y + y * shown.height
    rect = intents.zoom_about(state(), factor, point, shown).rect_mm
    assert rect is not None
    assert rect.width / rect.height == pytest.approx(shown.width / shown.height)
    center = rect.x + rect.width / 2, rect.y + rect.height / 2
    # Unless the slice would leave the pane, which is prevented.
    assume(1e-9 < center[0] < 18 - 1e-9 and 1e-9 < center[1] < 16 - 1e-9)
    assert (point[0] - rect.x) / rect.width == pytest.approx(x, abs=1e-6)
    assert (point[1] - rect.y) / rect.height == pytest.approx(y, abs=1e-6)


def test_that_zoom_has_ends() -> None:
    near = far = RectMm(0.0, 0.0, 18.0, 16.0)
    for _ in range(50):
        near = intents.zoom_about(state(), 1.5, (9.0, 8.0), near).rect_mm or near
        far = intents.zoom_about(state(), 1 / 1.5, (9.0, 8.0), far).rect_mm or far
    assert near.width >= 4 * 3.0 * 0.99
    assert far.width <= 18.0 * 8 * 1.01


@given(dx=st.floats(-100, 100), dy=st.floats(-100, 100))
def test_that_panning_never_loses_the_slice(dx: float, dy: float) -> None:
    rect = intents.pan(state(), dx, dy, RectMm(0.0, 0.0, 18.0, 16.0)).rect_mm
    assert rect is not None
    assert -1e-9 <= rect.x + rect.width / 2 <= 18 + 1e-9
    assert -1e-9 <= rect.y + rect.height / 2 <= 16 + 1e-9
    assert (rect.width, rect.height) == (18.0, 16.0)


def test_that_flips_and_reset_undo_each_other() -> None:
    turned = intents.flip_v(intents.flip_h(replace(state(), rect_mm=RectMm(1, 1, 2, 2))))
    assert (turned.flip_h, turned.flip_v) == (True, True)
    assert intents.flip_h(intents.flip_h(turned)) == turned
    assert intents.reset_view(turned) == state()


def test_that_reset_all_asks_for_the_automatic_window() -> None:
    after = intents.reset_all(state(window=WindowLevel(1, 1), inverted=True))
    assert (after.window, after.inverted) == (None, False)


def test_that_the_reduction_follows_the_scale_until_it_was_chosen() -> None:
    followed = intents.choose_model(state(), "brainsr-x2", 2)
    assert followed.degradation.reduction == 2
    chosen = intents.set_degradation(state(), Degradation(reduction=1))
    assert intents.choose_model(chosen, "brainsr-x2", 2).degradation.reduction == 1


def test_that_a_model_brings_its_fast_model() -> None:
    after = intents.choose_model(state(), "brainsr-x2", 2, "espcn-x2")
    assert (after.recipe.model, after.recipe.scale, after.fast_model) == ("brainsr-x2", 2, "espcn-x2")
    assert intents.choose_model(after, "bicubic").fast_model is None


def test_that_test_mode_off_brings_back_the_recipe() -> None:
    before = state()
    during = intents.set_degradation(
        intents.set_test_mode(before, on=True), Degradation(noise_percent=5.0, reduction=4)
    )
    assert during.active_recipe.degradation == during.degradation
    assert intents.set_test_mode(during, on=False).active_recipe == before.active_recipe


def test_that_overlays_go_round() -> None:
    seen = [state()]
    for _ in range(3):
        seen.append(intents.next_overlays(seen[-1]))
    assert [s.overlays for s in seen] == ["all", "few", "none", "all"]


def test_that_careful_mode_is_part_of_the_recipe_and_can_be_left() -> None:
    careful = intents.set_careful(state(), on=True)
    assert careful.recipe == replace(state().recipe, careful=True)
    assert intents.set_careful(careful, on=False).recipe == state().recipe


def test_that_strength_and_tile_stay_in_their_ranges() -> None:
    assert intents.set_strength(state(), 3.0).recipe.strength == 1.0
    assert intents.set_strength(state(), -3.0).recipe.strength == 0.0
    assert intents.set_tile(state(), -3).recipe.tile == 0
