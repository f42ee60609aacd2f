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

SHOWN_AS_IT_IS: Final = frozenset(
    {PaneState.EMPTY, PaneState.NOT_SUITABLE, PaneState.FAILED, PaneState.OFF, PaneState.HELD,
     PaneState.ORIGINAL, PaneState.REFERENCE, PaneState.DEGRADED}
)  # fmt: skip
"""What is no result has no difference; its own label says why."""


@dataclass(frozen=True, slots=True, eq=False)
class Subtracted:
    """What came of subtracting two pictures. ``change`` in stored units; None where the pixels do not fit together."""

    upper: Picture
    lower: Picture
    change: NDArray[np.float32] | None

    def is_of(self, upper: Picture, lower: Picture) -> bool:
        """Whether it was made from the pixels of these pictures, however they are drawn."""
        return self.upper.pixels is upper.pixels and self.lower.pixels is lower.pixels


Subtract = Callable[[Picture, Picture], Subtracted | None]


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

    ``span``: the value in units at the ends of the colours; ``subtract`` keeps what it made, and gives None while it is
    being made.
    """
    if state.mode != "difference" or right.status.state in SHOWN_AS_IT_IS:
        return right
    picture = right.picture
    if picture is None or not is_result(right) or base is None or span is None:
        return Pane(None, labels.difference_waiting(right.status.progress))
    if picture.pixels.ndim != 2 or base.pixels.ndim != 2:
        return Pane(None, labels.difference_refused(tr("colour has none")))
    made = subtract(picture, base)
    if made is None:
        return Pane(None, labels.difference_waiting(None))
    if made.change is None:
        return Pane(None, labels.difference_refused(tr("the pixels of both pictures do not fit together")))
    shown = replace(picture, pixels=made.change, intercept=0.0, smooth=False, inverted=False, span=span)
    return Pane(shown, labels.difference(right.status, _name_of_base(state, left)))


def subtract(upper: Picture, lower: Picture) -> Subtracted:
    """The signed change; takes 10 to 40 ms at 2048 x 2048."""
    try:
        return Subtracted(upper, lower, trust.difference(upper.pixels, lower.pixels))
    except ValueError:
        return Subtracted(upper, lower, None)


def _name_of_base(state: ViewState, left: Pane) -> str:
    if state.left.kind == "input" or not left.status.name or left.status.state is PaneState.ORIGINAL:
        return tr("cubic interpolation")
    return left.status.name


def places(found: Compared) -> tuple[trust.Place, ...]:
    """The places of greatest change (stored units, input pixels); takes some 10 ms: not for the GUI thread.

    Empty also where the pixels of both pictures do not fit together.
    """
    change = subtract(found.upper, found.lower).change
    if change is None:
        return ()
    return trust.places_of_change(change, max(1, change.shape[0] // found.input_rows))
