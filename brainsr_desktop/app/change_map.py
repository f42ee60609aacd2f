"""Keeps the map that the right pane draws in step with the panes, made once for each pair of pictures."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject, Signal

from brainsr_desktop.app.background import Newest
from brainsr_desktop.app.trust_desk import TrustDesk
from brainsr_desktop.session import comparison, pane_labels, panes
from brainsr_desktop.session.comparison import Compared, Subtracted
from brainsr_desktop.session.panes import Known, Pane
from brainsr_desktop.session.pictures import Picture, same_picture
from brainsr_desktop.session.planner import needs_base
from brainsr_desktop.session.state import ViewState
from brainsr_desktop.session.trust import TRUST_MODES
from brainsr_desktop.session.windows import SeriesRange

AT_ONCE_PX: Final = 2**20
"""Up to so many pixels a map is there in the same frame as its picture: 2 ms, 10 where blocks are averaged."""


class ChangeMap(QObject):
    """Told at every change of panes. Large maps are made in the background, one at a time."""

    changed = Signal(object, object)  # Picture | None, PaneStatus: what the right pane draws
    compared_changed = Signal(object)  # Compared | None
    subtracted = Signal()  # a map that was waited for is made: time to show again

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._shown = Pane(None, pane_labels.empty())
        self.compared: Compared | None = None
        self._kept: Subtracted | None = None
        self._asked: tuple[Picture, Picture] | None = None
        self._work = Newest(self)
        self.trust = TrustDesk(self)
        self.trust.made.connect(self.subtracted)

    def show(
        self, state: ViewState, known: Known, left: Pane, right: Pane, series: SeriesRange | None
    ) -> None:
        """Work out what the right pane draws in the mode of the state."""
        base = panes.base_picture(state, known) if needs_base(state) else None
        span = None if series is None else series.initial.width * state.compare.range_percent / 100.0
        self.trust.look(state, known, right)
        if state.mode in TRUST_MODES:
            shown = self.trust.pane(state, known, right, span)
        else:
            shown = comparison.shown_right(state, right, left, base, span, self._subtract)
        before, self._shown = self._shown, shown
        if before.status != shown.status or not same_picture(before.picture, shown.picture):
            self.changed.emit(shown.picture, shown.status)
        if base is None:
            self._kept = self._asked = None
        found = comparison.compared(state, right, base)
        if _pixels(found) != _pixels(self.compared):
            self.compared = found
            self.compared_changed.emit(found)

    def _subtract(self, upper: Picture, lower: Picture) -> Subtracted | None:
        """The map of two pictures, as it was kept or made at once; None while it is made in the background."""
        if self._kept is None or not self._kept.is_of(upper, lower):
            if max(upper.pixels.size, lower.pixels.size) > AT_ONCE_PX:
                self._ask(upper, lower)
                return None
            self._kept = comparison.subtract(upper, lower)
        self._asked = None
        return self._kept

    def _ask(self, upper: Picture, lower: Picture) -> None:
        asked = self._asked
        if asked is None or asked[0].pixels is not upper.pixels or asked[1].pixels is not lower.pixels:
            self._asked = (upper, lower)
            self._work.ask(lambda: comparison.subtract(upper, lower), self._take)

    def _take(self, made: Subtracted) -> None:
        """Keep a map, unless another one is wanted by now."""
        if self._asked is not None and made.is_of(*self._asked):
            self._kept, self._asked = made, None
            self.subtracted.emit()


def _pixels(found: Compared | None) -> tuple[int, int] | None:
    return None if found is None else (id(found.upper.pixels), id(found.lower.pixels))
