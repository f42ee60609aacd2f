"""What the user can do to a comparison: pure functions from state to state, as in `intents`."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from brainsr_desktop.session.compare import (
    AGREEMENTS,
    BLINKS,
    FIELDS,
    INPUT,
    LENS,
    RANGES,
    REFERENCE,
    SAFE_BLINKS,
    Comparing,
    Mode,
    PlaceKind,
    Side,
    Source,
)
from brainsr_desktop.session.state import RectMm, ViewState

LENS_STEP: Final = 1.25
"""One notch of the wheel over the loupe."""


def choose_mode(state: ViewState, mode: Mode) -> ViewState:
    """Compare in another way. The wipe once more turns its line; one pane is the enhanced one."""
    compare = state.compare
    if mode == "wipe" and state.mode == "wipe":
        return replace(state, compare=replace(compare, level=not compare.level))
    if mode == "single":
        return show_alone(state, "right")
    return replace(state, mode=mode)


def show_alone(state: ViewState, side: Side) -> ViewState:
    """Show one pane alone."""
    before = state.compare.before_alone if state.mode == "single" else state.mode
    return replace(state, mode="single", compare=replace(state.compare, alone=side, before_alone=before))


def toggle_alone(state: ViewState, side: Side) -> ViewState:
    """Show one pane alone, or go back to how it was before."""
    if state.mode == "single":
        return replace(state, mode=state.compare.before_alone)
    return show_alone(state, side)


def choose_source(state: ViewState, side: Side, source: Source) -> ViewState:
    """Show something else in a pane. Outside test mode there is no reference but the original itself."""
    if source == REFERENCE and not state.test_mode:
        source = INPUT
    compare = replace(state.compare, place=None)
    if side == "left":
        return replace(state, left=source, compare=compare)
    return replace(state, right=source, compare=compare)


def _compare(state: ViewState, **changes: object) -> ViewState:
    settings: Comparing = replace(state.compare, **changes)  # type: ignore[arg-type]  # the callers below are checked
    return replace(state, compare=settings)


def move_line(state: ViewState, place: float) -> ViewState:
    """Put the wipe line somewhere, 0 to 1 of the pane."""
    return _compare(state, line=_within(place, (0.0, 1.0)))


def step_line(state: ViewState, dx: float, dy: float) -> ViewState:
    """Move the wipe line by a part of the pane: an upright one by ``dx``, a level one by ``dy``."""
    by = dy if state.compare.level else dx
    return move_line(state, round(state.compare.line + by, 6)) if state.mode == "wipe" else state


def set_fields(state: ViewState, fields: int) -> ViewState:
    """Choose how many fields the checkerboard has along the longer side."""
    return _compare(state, fields=min(max(fields, FIELDS[0]), FIELDS[1]))


def set_blinks(state: ViewState, per_second: float) -> ViewState:
    """Choose how often the pictures are swapped; 0 is by hand."""
    blinks = 0.0 if per_second <= 0.0 else _within(per_second, BLINKS)
    return _compare(state, blinks=blinks, paused=False)


def set_safe_blinks(state: ViewState, per_second: float) -> ViewState:
    """As `set_blinks`, but never faster than is safe for everybody."""
    return set_blinks(state, min(per_second, max(state.compare.blinks, SAFE_BLINKS)))


def swap(state: ViewState) -> ViewState:
    """Show the other one of the two pictures."""
    return _compare(state, blink_side="left" if state.compare.blink_side == "right" else "right")


def press_blink(state: ViewState) -> ViewState:
    """Begin to blink; then swap the pictures by hand, or stop and go on where they are swapped by themselves."""
    if state.mode != "blink":
        return replace(_compare(state, paused=False), mode="blink")
    if state.compare.blinks > 0.0:
        return _compare(state, paused=not state.compare.paused)
    return swap(state)


def set_range(state: ViewState, percent: float) -> ViewState:
    """Choose what is full colour in the maps in units, in percent of the series' grey window."""
    return _compare(state, range_percent=_within(percent, RANGES))


def set_agreement_limit(state: ViewState, limit: float) -> ViewState:
    """Choose below which local agreement with the reference detail counts as not supported by it."""
    return _compare(state, agreement_limit=_within(limit, AGREEMENTS))


def show_loupe(state: ViewState, *, on: bool) -> ViewState:
    """Hold the lens over both pictures, or put it away."""
    return _compare(state, loupe=on)


def zoom_loupe(state: ViewState, notches: float) -> ViewState:
    """Enlarge more (positive) or less."""
    return _compare(state, loupe_factor=_within(state.compare.loupe_factor * LENS_STEP**notches, LENS))


def set_loupe_factor(state: ViewState, factor: float) -> ViewState:
    """Choose how much the loupe enlarges."""
    return _compare(state, loupe_factor=_within(factor, LENS))


def want_places(state: ViewState) -> ViewState:
    """Ask for the places of greatest change."""
    return _compare(state, places_wanted=True)


def show_place(state: ViewState, index: int, rect: RectMm, kind: PlaceKind = "change") -> ViewState:
    """Go to a place of great change, or of disagreement with the input; ``rect`` is what the panes shall show."""
    return replace(_compare(state, place=index, place_kind=kind), rect_mm=rect)


def _within(value: float, limits: tuple[float, float]) -> float:
    return min(max(value, limits[0]), limits[1])
