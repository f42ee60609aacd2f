"""The places of a slice where the result does not agree with the scan, gone to one after the other."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from brainsr_desktop.app.change_places import (
    field_around,
    next_index,
    percent_of_window,
    rect_of,
    size_words,
)
from brainsr_desktop.app.compare_paint import PlaceMark
from brainsr_desktop.app.controller import Controller
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.viewport_pair import ViewportPair
from brainsr_desktop.core.trust import Place
from brainsr_desktop.language import tr
from brainsr_desktop.session import intents_compare
from brainsr_desktop.session.state import RectMm, ViewState
from brainsr_desktop.session.trust import Checked


class TrustPlaces(QObject):
    """Marks one of them in the panes. The places belong to the picture that was checked and go with it."""

    said = Signal(str)

    def __init__(self, store: Store, controller: Controller, pair: ViewportPair, parent: QObject) -> None:
        super().__init__(parent)
        self._store, self._controller, self._pair = store, controller, pair
        controller.trust.changed.connect(lambda: self._mark(store.state))
        store.changed.connect(lambda _before, after: self._mark(after))

    def step(self, by: int) -> None:
        """Go to the next (1) or the previous (-1) place."""
        state, checked = self._store.state, self._controller.trust.checked
        if state.stack is None or checked is None or not checked.places:
            return
        now = state.compare.place if state.compare.place_kind == "disagreement" else None
        index = next_index(now, by, len(checked.places))
        rect = field_around(state.stack, self._pair, _rect_of(checked, checked.places[index]))
        self._store.apply(
            lambda state: intents_compare.show_place(state, index, rect, "disagreement"),
            undo=tr("Place of disagreement"),
        )
        mark = self._mark_of(state, index)
        if mark is not None:
            self.said.emit(mark.text)

    def _mark(self, state: ViewState) -> None:
        if state.compare.place_kind == "disagreement":
            index = state.compare.place
            self._pair.set_place(None if index is None else self._mark_of(state, index))

    def _mark_of(self, state: ViewState, index: int) -> PlaceMark | None:
        checked, stack = self._controller.trust.checked, state.stack
        if checked is None or stack is None or index >= len(checked.places):
            return None
        place = checked.places[index]
        rect = _rect_of(checked, place)
        text = tr(
            "{number} of {count}: {size}, off by {percent} % of window: does not agree with the scan",
            number=index + 1,
            count=len(checked.places),
            size=size_words(place, rect, stack),
            percent=percent_of_window(place, state, self._pair, self._controller.series_range),
        )
        return PlaceMark(rect, text)


def _rect_of(checked: Checked, place: Place) -> RectMm:
    source = checked.question.source
    rows, columns = source.pixels.shape[:2]
    return rect_of(place, source.extent_mm, (rows, columns))
