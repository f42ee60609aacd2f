"""Keeps the map of the change in step with the panes, made once for each pair of pictures."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from brainsr_desktop.session import comparison, pane_labels, panes
from brainsr_desktop.session.comparison import Change, Compared
from brainsr_desktop.session.panes import Known, Pane
from brainsr_desktop.session.pictures import Picture, same_picture
from brainsr_desktop.session.planner import needs_base
from brainsr_desktop.session.state import ViewState
from brainsr_desktop.session.windows import SeriesRange


class ChangeMap(QObject):
    """Told by the controller at every change of panes."""

    changed = Signal(object, object)  # Picture | None, PaneStatus: what the right pane draws
    compared_changed = Signal(object)  # Compared | None

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._shown = Pane(None, pane_labels.empty())
        self.compared: Compared | None = None
        self._kept: tuple[Picture, Picture, Change] | None = None

    def show(
        self, state: ViewState, known: Known, left: Pane, right: Pane, series: SeriesRange | None
    ) -> None:
        """Work out what the right pane draws in the mode of the state."""
        base = panes.base_picture(state, known) if needs_base(state) else None
        span = None if series is None else series.initial.width * state.compare.range_percent / 100.0
        shown = comparison.shown_right(state, right, left, base, span, self._subtract)
        before, self._shown = self._shown, shown
        if before.status != shown.status or not same_picture(before.picture, shown.picture):
            self.changed.emit(shown.picture, shown.status)
        if base is None:
            self._kept = None
        found = comparison.compared(state, right, base)
        if _pixels(found) != _pixels(self.compared):
            self.compared = found
            self.compared_changed.emit(found)

    def _subtract(self, upper: Picture, lower: Picture) -> Change:
        kept = self._kept
        if kept is None or kept[0].pixels is not upper.pixels or kept[1].pixels is not lower.pixels:
            kept = self._kept = (upper, lower, comparison.subtract(upper, lower))
        return kept[2]


def _pixels(found: Compared | None) -> tuple[int, int] | None:
    return None if found is None else (id(found.upper.pixels), id(found.lower.pixels))
