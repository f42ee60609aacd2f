"""What the user can do to slices and series: marks, order, cine, split and merge. Pure, as in `intents`."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.session import intents
from brainsr_desktop.session.arranging import Arrangement
from brainsr_desktop.session.pictures import stack_name
from brainsr_desktop.session.state import Cine, CineOver, CineWay, ViewState

SLOWEST: Final = 1.0
FASTEST: Final = 60.0
USUAL_RATE: Final = 10.0
"""Pictures per second where neither the user nor the header says more."""
ARRANGEMENTS_KEPT: Final = 500


# Marks


def marked(state: ViewState, stack: StackInfo) -> tuple[int, ...]:
    """The slices of a stack that are marked, in order (from 0)."""
    name = stack_name(stack)
    return tuple(sorted(index for stack_of, index in state.marks if stack_of == name))


def toggle_mark(state: ViewState) -> ViewState:
    """Mark the slice in view, or take its mark away."""
    if state.stack is None:
        return state
    return replace(state, marks=state.marks ^ {(stack_name(state.stack), state.slice_index)})


# Order


def set_reverse_order(state: ViewState, *, on: bool) -> ViewState:
    """Go through the slices the other way round; their numbers stay."""
    return replace(state, reverse_order=on)


# Cine


def rate_of(state: ViewState) -> float:
    """Pictures per second that cine aims at: the user's, else the header's, else 10."""
    header = None if state.stack is None else state.stack.pictures_per_s
    return min(max(state.cine.rate or header or USUAL_RATE, SLOWEST), FASTEST)


def play(state: ViewState, *, on: bool) -> ViewState:
    """Start or stop; a stack with one picture has nothing to play."""
    return replace(state, cine=replace(state.cine, playing=on and can_play(state)))


def can_play(state: ViewState) -> bool:
    """Whether there is more than one slice or volume."""
    return state.stack is not None and len(state.stack.frames) > 1


def set_rate(state: ViewState, rate: float) -> ViewState:
    """Pictures per second, 1 to 60."""
    return replace(state, cine=replace(state.cine, rate=min(max(rate, SLOWEST), FASTEST)))


def set_way(state: ViewState, way: CineWay) -> ViewState:
    """Begin again at the end, or turn round there."""
    return replace(state, cine=replace(state.cine, way=way, back=False))


def set_over(state: ViewState, over: CineOver) -> ViewState:
    """Play the slices, or the volumes (time points, echoes, b-values) of the slice in view."""
    return replace(state, cine=replace(state.cine, over=over, back=False))


def playing_over(state: ViewState) -> CineOver:
    """What is played: what was chosen, where the stack has more than one of it."""
    stack = state.stack
    if stack is None or stack.volumes < 2:
        return "slices"
    return "volumes" if stack.slices < 2 else state.cine.over


def next_picture(state: ViewState) -> ViewState:
    """The next picture of the cine, as its way asks."""
    stack = state.stack
    if stack is None or not state.cine.playing:
        return state
    over = playing_over(state)
    count, here = (stack.volumes, state.volume) if over == "volumes" else (stack.slices, state.slice_index)
    forward = 1 if over == "volumes" or not state.reverse_order else -1
    place, back = _next(here if forward > 0 else count - 1 - here, count, state.cine)
    target = place if forward > 0 else count - 1 - place
    state = replace(state, cine=replace(state.cine, back=back))
    return intents.go_to_volume(state, target) if over == "volumes" else intents.go_to(state, target)


def _next(place: int, count: int, cine: Cine) -> tuple[int, bool]:
    """The place after ``place`` of ``count``, and whether the way is back from there."""
    if count < 2:
        return place, False
    if cine.way == "loop":
        return (place + 1) % count, False
    back = (cine.back or place == count - 1) and place > 0
    return place - 1 if back else place + 1, back


# Split and merge


def arrangement_of(state: ViewState, series: str) -> Arrangement:
    """How a series (see `series_key`) is arranged."""
    found = (kept for kept in state.arrangements if kept.series == series)
    return next(found, Arrangement(series))


def arrange(state: ViewState, arrangement: Arrangement) -> ViewState:
    """Arrange a series in another way; the newest of many is kept last."""
    others = tuple(kept for kept in state.arrangements if kept.series != arrangement.series)
    changed = others if arrangement.as_found else (*others, arrangement)
    return replace(state, arrangements=changed[-ARRANGEMENTS_KEPT:])


def split_by(state: ViewState, series: str, field: str) -> ViewState:
    """Split a series by one more field."""
    fields = (*arrangement_of(state, series).split_by, field)
    return arrange(state, Arrangement(series, split_by=tuple(dict.fromkeys(fields))))


def merge(state: ViewState, series: str) -> ViewState:
    """Join what was split; what was found in parts becomes one stack."""
    split = bool(arrangement_of(state, series).split_by)
    return arrange(state, Arrangement(series, merged=not split))


def as_found(state: ViewState, series: str) -> ViewState:
    """Show a series in the parts that the scan made."""
    return arrange(state, Arrangement(series))
