"""The places of greatest change on a slice: worked out beside the GUI thread, gone to one after the other."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal

from brainsr_desktop.app.background import Newest
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
from brainsr_desktop.session import comparison, intents_compare
from brainsr_desktop.session.comparison import Compared
from brainsr_desktop.session.planner import stages_of
from brainsr_desktop.session.state import RectMm, ViewState


class ChangeList(QObject):
    """N and Shift+N. The list belongs to the pictures that it was made from and goes with them."""

    said = Signal(str)

    def __init__(self, store: Store, controller: Controller, pair: ViewportPair, parent: QObject) -> None:
        super().__init__(parent)
        self._store, self._controller, self._pair = store, controller, pair
        self._found: tuple[Compared, tuple[Place, ...]] | None = None
        self._asked: tuple[int, int] | None = None
        """Step that waits for the list, and the frame it was asked for."""
        self._slot = Newest(self)
        controller.compared_changed.connect(self._on_compared)
        store.changed.connect(lambda _before, after: self._mark(after))

    @property
    def places(self) -> tuple[Place, ...]:
        """The places of the slice in view, the greatest change first; empty until they are known."""
        found = self._found
        return () if found is None or found[0] is not self._controller.compared else found[1]

    def step(self, by: int) -> None:
        """Go to the next (1) or the previous (-1) place, as soon as the places are known."""
        state = self._store.state
        if state.stack is None:
            return
        if state.why_not is not None or stages_of(state, state.right) is None:
            self.said.emit(tr("The right pane shows no enhanced picture: there is no change to go to."))
            return
        self._asked = by, state.frame_index
        self._store.apply(intents_compare.want_places)
        if self._found is not None and self._found[0] is self._controller.compared:
            self._go()
        else:
            self.said.emit(tr("The places of greatest change come as soon as this slice is computed."))
            self._on_compared(self._controller.compared)

    def _on_compared(self, compared: Compared | None) -> None:
        self._mark(self._store.state)
        if compared is not None and self._store.state.compare.places_wanted:
            self._slot.ask(partial(comparison.places, compared), partial(self._on_places, compared))

    def _on_places(self, compared: Compared, places: tuple[Place, ...]) -> None:
        if compared is not self._controller.compared:
            return
        self._found = compared, places
        asked = self._asked
        if asked is not None and asked[1] == self._store.state.frame_index:
            self._go()

    def _go(self) -> None:
        asked, self._asked = self._asked, None
        state, places = self._store.state, self.places
        if asked is None or state.stack is None:
            return
        if not places:
            self.said.emit(tr("No place of this slice larger than 3 x 3 pixels was changed."))
            return
        now = state.compare.place if state.compare.place_kind == "change" else None
        index = next_index(now, asked[0], len(places))
        rect = field_around(state.stack, self._pair, self._rect_of(places[index]))
        self._store.apply(
            lambda state: intents_compare.show_place(state, index, rect), undo=tr("Place of change")
        )
        mark = self._mark_of(state, index)
        if mark is not None:
            self.said.emit(mark.text)

    def _mark(self, state: ViewState) -> None:
        if state.compare.place_kind == "change":
            index = state.compare.place
            self._pair.set_place(None if index is None else self._mark_of(state, index))

    def _mark_of(self, state: ViewState, index: int) -> PlaceMark | None:
        places, stack = self.places, state.stack
        if stack is None or index >= len(places):
            return None
        place, rect = places[index], self._rect_of(places[index])
        text = tr(
            "{number} of {count}: {size}, change {percent} % of window",
            number=index + 1,
            count=len(places),
            size=size_words(place, rect, stack),
            percent=percent_of_window(place, state, self._pair, self._controller.series_range),
        )
        return PlaceMark(rect, text)

    def _rect_of(self, place: Place) -> RectMm:
        found = self._found
        assert found is not None
        picture, rows = found[0].upper, found[0].input_rows
        columns = round(picture.pixels.shape[1] * rows / picture.pixels.shape[0])
        return rect_of(place, picture.extent_mm, (rows, columns))
