"""What the user can do to the view: pure functions from state to state.

Each takes the state first: ``store.apply(lambda state: intents.scroll(state, 1))``. None of them knows a window.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.core.recipe import Precision
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.session import intents_measure
from brainsr_desktop.session.compare import CURRENT, INPUT, REFERENCE, Source
from brainsr_desktop.session.state import (
    Convention,
    Overlays,
    RectMm,
    ScreenInterpolation,
    Tool,
    ViewState,
    WindowLevel,
)

SMALLEST_VIEW_PX: Final = 4
"""Zooming in ends where the pane is so many pixels of the original wide or high."""
LARGEST_VIEW: Final = 8.0
"""Zooming out ends where the pane is so many times the slice."""
NEXT_OVERLAYS: Final[dict[Overlays, Overlays]] = {"all": "few", "few": "none", "none": "all"}


def open_stack(state: ViewState, stack: StackInfo | None, window: WindowLevel | None = None) -> ViewState:
    """Show another stack, its middle slice, fitted and not flipped; ``window`` is what is remembered of it."""
    return replace(
        intents_measure.change_stack(state, stack),
        stack=stack,
        slice_index=0 if stack is None else stack.slices // 2,
        volume=0,
        scroll_direction=1,
        cine=replace(state.cine, playing=False, rate=0.0, back=False),
        rect_mm=None,
        flip_h=first_flip(state.convention, stack),
        flip_v=False,
        window=window,
        inverted=False,
        window_per_slice=False,
        series_window=None,
        show_original=False,
        left=_without_reference(state),
        compare=replace(state.compare, place=None, places_wanted=False),
    )


def first_flip(convention: Convention, stack: StackInfo | None) -> bool:
    """Whether slices are mirrored to have the patient's side on the left that the convention asks for."""
    if stack is None or not stack.has_position:
        return False
    left = stack.geometry.edges["left"][0]
    return left == ("L" if convention == "radiological" else "R")


def set_convention(state: ViewState, convention: Convention) -> ViewState:
    """Take another convention; what is in view turns round where that asks for it, once more flipped or not."""
    turned = first_flip(state.convention, state.stack) != first_flip(convention, state.stack)
    return replace(state, convention=convention, flip_h=state.flip_h != turned)


# Slices and volumes


def go_to(state: ViewState, slice_index: int) -> ViewState:
    """Show a slice (from 0); beyond the ends: the end. The direction is remembered for what is computed ahead."""
    if state.stack is None:
        return state
    target = min(max(slice_index, 0), state.stack.slices - 1)
    if target == state.slice_index:
        return state
    return replace(
        state,
        slice_index=target,
        scroll_direction=1 if target > state.slice_index else -1,
        compare=replace(state.compare, place=None),
    )


def scroll(state: ViewState, steps: int) -> ViewState:
    """Go some slices on in the order of the view (positive: higher index, lower in reverse order)."""
    return go_to(state, state.slice_index + (-steps if state.reverse_order else steps))


def go_to_end(state: ViewState, *, last: bool) -> ViewState:
    """Show the first or the last slice in the order of the view."""
    slices = 0 if state.stack is None else state.stack.slices
    return go_to(state, slices - 1 if last != state.reverse_order else 0)


def go_to_volume(state: ViewState, volume: int) -> ViewState:
    """Show another echo, b-value or time point at the same slice; beyond the ends: the end."""
    if state.stack is None:
        return state
    volume = min(max(volume, 0), state.stack.volumes - 1)
    return replace(state, volume=volume, compare=replace(state.compare, place=None))


def step_volume(state: ViewState, steps: int) -> ViewState:
    """Go some volumes on."""
    return go_to_volume(state, state.volume + steps)


# Grey window


def set_window(state: ViewState, window: WindowLevel | None) -> ViewState:
    """Set centre and width in units; None asks for the automatic window again."""
    if window is None:
        return replace(state, window=None)
    smallest = max(abs(window.center), 1.0) * 1e-6
    return replace(state, window=replace(window, width=max(window.width, smallest)))


def invert(state: ViewState) -> ViewState:
    """Swap black and white."""
    return replace(state, inverted=not state.inverted)


# Zoom, pan, flips


def zoom_about(state: ViewState, factor: float, point_mm: tuple[float, float], shown: RectMm) -> ViewState:
    """Enlarge by ``factor`` so that ``point_mm`` (x, y) stays where it is on the screen.

    ``shown`` is what the pane shows now; with ``rect_mm`` None only the pane knows.
    """
    if state.stack is None or factor <= 0.0:
        return state
    factor = _limited(state.stack, factor, shown)
    x, y = point_mm
    rect = RectMm(
        x - (x - shown.x) / factor, y - (y - shown.y) / factor, shown.width / factor, shown.height / factor
    )
    return replace(state, rect_mm=_kept_in_sight(state.stack, rect))


def pan(state: ViewState, dx_mm: float, dy_mm: float, shown: RectMm) -> ViewState:
    """Move the visible rectangle by that much in the slice's plane (positive: the picture moves left, up)."""
    if state.stack is None:
        return state
    rect = replace(shown, x=shown.x + dx_mm, y=shown.y + dy_mm)
    return replace(state, rect_mm=_kept_in_sight(state.stack, rect))


def show_rect(state: ViewState, rect: RectMm) -> ViewState:
    """Show this rectangle (the pane adds to it what its shape needs)."""
    if state.stack is None:
        return state
    return replace(state, rect_mm=_kept_in_sight(state.stack, rect))


def fit(state: ViewState) -> ViewState:
    """Show the whole slice."""
    return replace(state, rect_mm=None)


def flip_h(state: ViewState) -> ViewState:
    """Swap left and right on the screen."""
    return replace(state, flip_h=not state.flip_h)


def flip_v(state: ViewState) -> ViewState:
    """Swap top and bottom on the screen."""
    return replace(state, flip_v=not state.flip_v)


def reset_view(state: ViewState) -> ViewState:
    """Undo zoom, pan and flips."""
    return replace(state, rect_mm=None, flip_h=first_flip(state.convention, state.stack), flip_v=False)


def reset_all(state: ViewState) -> ViewState:
    """Undo zoom, pan, flips, and take the automatic window."""
    return replace(reset_view(state), window=None, inverted=False)


def _limited(stack: StackInfo, factor: float, shown: RectMm) -> float:
    height, width = stack.geometry.extent_mm
    row_mm, column_mm = stack.geometry.spacing_mm
    largest = min(shown.width / (SMALLEST_VIEW_PX * column_mm), shown.height / (SMALLEST_VIEW_PX * row_mm))
    smallest = max(shown.width / (LARGEST_VIEW * width), shown.height / (LARGEST_VIEW * height))
    # A pane that is already beyond a limit (a very flat one) may come back, not go further.
    return min(max(factor, min(smallest, 1.0)), max(largest, 1.0))


def _kept_in_sight(stack: StackInfo, rect: RectMm) -> RectMm:
    """The same rectangle, moved so that its centre lies on the slice."""
    height, width = stack.geometry.extent_mm
    x = min(max(rect.x + rect.width / 2, 0.0), width) - rect.width / 2
    y = min(max(rect.y + rect.height / 2, 0.0), height) - rect.height / 2
    return replace(rect, x=x, y=y)


# Model


def choose_model(
    state: ViewState, model: str, scale: int | None = None, fast_model: str | None = None
) -> ViewState:
    """Enhance with another model. ``fast_model`` previews it, None for no preview.

    The reduction of the test mode follows the scale as long as it was equal to it. A right pane that showed another
    model shows the chosen one.
    """
    recipe = state.recipe.with_model(model, scale)
    degradation = state.degradation
    if degradation.reduction == state.recipe.scale:
        degradation = replace(degradation, reduction=recipe.scale)
    right = CURRENT if state.right.kind == "model" and recipe != state.recipe else state.right
    return replace(state, recipe=recipe, fast_model=fast_model, degradation=degradation, right=right)


def set_device(state: ViewState, device: str) -> ViewState:
    """Run on another device ("auto", "cpu", "cuda:0" ...)."""
    return replace(state, recipe=replace(state.recipe, device=device))


def set_precision(state: ViewState, precision: Precision) -> ViewState:
    """Exact, or faster and a little different."""
    return replace(state, recipe=replace(state.recipe, precision=precision))


def set_strength(state: ViewState, strength: float) -> ViewState:
    """Mix the network's picture (1) with the cubic interpolation (0)."""
    return replace(state, recipe=replace(state.recipe, strength=min(max(strength, 0.0), 1.0)))


def set_tile(state: ViewState, tile: int) -> ViewState:
    """Side of a tile in input pixels; 0 is automatic."""
    return replace(state, recipe=replace(state.recipe, tile=max(tile, 0)))


def set_careful(state: ViewState, *, on: bool) -> ViewState:
    """Take the mean over the eight flips and turns of the slice, or ask the network once."""
    return replace(state, recipe=replace(state.recipe, careful=on))


def set_network(state: ViewState, *, on: bool) -> ViewState:
    """Stop the network, or let it run again."""
    return replace(state, network_on=on)


# Test mode


def set_test_mode(state: ViewState, *, on: bool) -> ViewState:
    """Degrade the input and compare with the truth; off brings everything back as it was."""
    if on == state.test_mode:
        return state
    if on:
        return replace(state, test_mode=True, left=INPUT, left_before_test=state.left)
    # What only the reference tells goes with it.
    mode = "side" if state.mode == "agreement" else state.mode
    return replace(state, test_mode=False, left=state.left_before_test, mode=mode)


def set_degradation(state: ViewState, degradation: Degradation) -> ViewState:
    """Choose what test mode does to the slice."""
    return replace(state, degradation=degradation)


def set_show_reference(state: ViewState, *, on: bool) -> ViewState:
    """Show the truth in the left pane while in test mode."""
    return replace(state, left=REFERENCE if on else _without_reference(state))


def _without_reference(state: ViewState) -> Source:
    return INPUT if state.left == REFERENCE else state.left


# Looks


def show_original(state: ViewState, *, on: bool) -> ViewState:
    """Show the original in the enhanced pane, or no longer."""
    return replace(state, show_original=on)


def choose_tool(state: ViewState, tool: Tool) -> ViewState:
    """What dragging with the left button does."""
    return replace(state, tool=tool)


def set_overlays(state: ViewState, overlays: Overlays) -> ViewState:
    """How much is written over the pictures."""
    return replace(state, overlays=overlays)


def next_overlays(state: ViewState) -> ViewState:
    """All, few, none."""
    return replace(state, overlays=NEXT_OVERLAYS[state.overlays])


def show_masks(state: ViewState, *, on: bool) -> ViewState:
    """Draw the outlines of masks, or no longer."""
    return replace(state, show_masks=on)


def set_interpolation(state: ViewState, interpolation: ScreenInterpolation) -> ViewState:
    """How the screen enlarges the original."""
    return replace(state, interpolation=interpolation)


def hide_patient(state: ViewState, *, on: bool) -> ViewState:
    """Hide names, identifiers and dates."""
    return replace(state, hide_patient=on)
