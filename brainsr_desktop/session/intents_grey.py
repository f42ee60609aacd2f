"""What the user can do with grey values besides the window: pure functions from state to state."""

from __future__ import annotations

from dataclasses import replace

from brainsr_desktop.session.state import ColourMap, ViewState, WindowLevel


def choose_colours(state: ViewState, colour_map: ColourMap, *, inverted: bool | None = None) -> ViewState:
    """Show grey values in these colours; ``inverted`` None: as it is now."""
    return replace(state, colour_map=colour_map, inverted=state.inverted if inverted is None else inverted)


def set_window_per_slice(state: ViewState, *, on: bool) -> ViewState:
    """Give each slice a window of its own, or take the series' window again."""
    if on == state.window_per_slice:
        return state
    if on:
        return replace(state, window_per_slice=True, series_window=state.window)
    return replace(state, window_per_slice=False, window=state.series_window, series_window=None)


def take_slice_window(state: ViewState, window: WindowLevel) -> ViewState:
    """The automatic window of the slice in view, where each slice has its own."""
    return replace(state, window=window) if state.window_per_slice else state
