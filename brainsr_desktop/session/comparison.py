"""The change that the right picture makes: the map in its pane, and what the places of greatest change come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.core import trust
from brainsr_desktop.language import tr
from brainsr_desktop.session import pane_labels as labels
from brainsr_desktop.session.panes import Pane, is_result
from brainsr_desktop.session.pictures import PaneState, Picture
from brainsr_desktop.session.planner import stages_of
from brainsr_desktop.session.state import ViewState

_SHOWN_AS_IT_IS: Final = frozenset(
    {PaneState.EMPTY, PaneState.NOT_SUITABLE, PaneState.FAILED, PaneState.OFF, PaneState.ORIGINAL,
     PaneState.REFERENCE, PaneState.DEGRADED}
)  # fmt: skip
"""What is no result has no difference; its own label says why."""

Change = NDArray[np.float32]
Subtract = Callable[[Picture, Picture], Change]


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Two pictures of one slice, and how many input pixels a row of it has."""

    upper: Picture
    lower: Picture
    input_rows: int


def compared(state: ViewState, right: Pane, base: Picture | None) -> Compared | None:
    """The finished right picture and what it is measured against; None while one of them is not there."""
    stages = stages_of(state, state.right)
    if right.picture is None or base is None or stages is None or right.picture.key is None:
        return None
    if right.status.state not in labels.FINISHED or right.picture.pixels.ndim != 2:
        return None
    return Compared(right.picture, base, right.picture.pixels.shape[0] // stages.full.scale)


def shown_right(
    state: ViewState, right: Pane, left: Pane, base: Picture | None, span: float | None, subtract: Subtract
) -> Pane:
    """The right pane in the mode "difference": the map of the change if there is one.

    ``span``: the value in units at the ends of the colours; ``subtract`` keeps what it made.
    """
    if state.mode != "difference" or right.status.state in _SHOWN_AS_IT_IS:
        return right
    picture = right.picture
    if picture is None or not is_result(right) or base is None or span is None:
        return Pane(None, labels.difference_waiting(right.status.progress))
    if picture.pixels.ndim != 2 or base.pixels.ndim != 2:
        return Pane(None, labels.difference_refused(tr("colour has none")))
    try:
        change = subtract(picture, base)
    except ValueError:
        return Pane(None, labels.difference_refused(tr("the pixels of both pictures do not fit together")))
    shown = replace(picture, pixels=change, intercept=0.0, smooth=False, inverted=False, span=span)
    return Pane(shown, labels.difference(right.status, _name_of_base(state, left)))


def subtract(upper: Picture, lower: Picture) -> Change:
    """The signed change in stored units.

    Raises:
        ValueError: see `core.trust.difference`.
    """
    return trust.difference(upper.pixels, lower.pixels)


def _name_of_base(state: ViewState, left: Pane) -> str:
    if state.left.kind == "input" or not left.status.name or left.status.state is PaneState.ORIGINAL:
        return tr("cubic interpolation")
    return left.status.name


def places(found: Compared) -> tuple[trust.Place, ...]:
    """The places of greatest change (stored units, input pixels); takes some 10 ms: not for the GUI thread.

    Empty also where the pixels of both pictures do not fit together.
    """
    try:
        change = subtract(found.upper, found.lower)
    except ValueError:
        return ()
    return trust.places_of_change(change, max(1, change.shape[0] // found.input_rows))
