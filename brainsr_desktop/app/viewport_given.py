"""What the panes were given, and whether it is still of the slice in view. Here the widgets keep nothing stale."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.language import tr
from brainsr_desktop.session import pane_labels
from brainsr_desktop.session.compare import MAPS
from brainsr_desktop.session.pictures import PaneStatus, Picture
from brainsr_desktop.session.state import ViewState

Slot = Literal["left", "right", "map"]
"""Both lists' pictures, and the map that stands in for the right one in the modes that show one."""


@dataclass(frozen=True, slots=True, eq=False)
class _Given:
    picture: Picture | None
    status: PaneStatus
    stack: StackInfo | None = None
    frame_index: int = 0


class GivenPictures:
    """Pictures and labels by slot; what was given for another slice is not there."""

    def __init__(self) -> None:
        self._given: dict[Slot, _Given] = {
            "left": _Given(None, replace(pane_labels.empty(), text=tr("Original"))),
            "right": _Given(None, pane_labels.empty()),
            "map": _Given(None, pane_labels.empty()),
        }

    def put(self, slot: Slot, picture: Picture | None, status: PaneStatus, state: ViewState) -> None:
        """Take what a pane shall show of the slice in view; a late picture of another one is left out."""
        if picture is not None and picture.key is not None and picture.key.frame != state.frame_index:
            picture = None
        self._given[slot] = _Given(picture, status, state.stack, state.frame_index)

    def picture(self, slot: Slot, state: ViewState) -> Picture | None:
        """The picture, if it is one of the slice in view, whoever was told of a change first."""
        return self._given[slot].picture if self._is_current(slot, state) else None

    def status(self, slot: Slot, state: ViewState) -> PaneStatus:
        """The label."""
        return self._given[slot].status if self._is_current(slot, state) else pane_labels.loading()

    def drawn_right(self, state: ViewState) -> Slot:
        """Which slot the right pane draws. A map is drawn only beside the picture that it was made from."""
        if state.mode not in MAPS:
            return "right"
        shown, right = self.picture("map", state), self.picture("right", state)
        made_of = None if right is None else right.key
        if shown is not None and shown.span is not None and shown.key != made_of:
            return "right"
        return "map" if self._given["map"].stack is not None else "right"

    def forget_others(self, stack: StackInfo | None) -> None:
        """Let go of the pixels of other stacks."""
        for slot, given in self._given.items():
            if given.stack is not stack:
                self._given[slot] = replace(given, picture=None)

    def _is_current(self, slot: Slot, state: ViewState) -> bool:
        given = self._given[slot]
        return given.stack is state.stack and given.frame_index == state.frame_index
