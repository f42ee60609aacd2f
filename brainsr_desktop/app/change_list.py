"""The places of greatest change on a slice: worked out beside the GUI thread, gone to one after the other."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal

from brainsr_desktop.app.background import Newest
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
        now = state.compare.place
        first = 0 if asked[0] > 0 else len(places) - 1
        index = first if now is None or now >= len(places) else (now + asked[0]) % len(places)
        rect = self._field_around(state, self._rect_of(places[index]))
        self._store.apply(
            lambda state: intents_compare.show_place(state, index, rect), undo=tr("Place of change")
        )
        mark = self._mark_of(state, index)
        if mark is not None:
            self.said.emit(mark.text)

    def _mark(self, state: ViewState) -> None:
        index = state.compare.place
        self._pair.set_place(None if index is None else self._mark_of(state, index))

    def _mark_of(self, state: ViewState, index: int) -> PlaceMark | None:
        places, stack, series = self.places, state.stack, self._controller.series_range
        if stack is None or index >= len(places):
            return None
        place, rect = places[index], self._rect_of(places[index])
        width, height, unit = rect.width, rect.height, tr("mm")
        if not stack.has_spacing:
            width, height, unit = place.right - place.left, place.bottom - place.top, tr("px")
        window = self._pair.grey.width if series is None else series.initial.width
        frame = stack.frames[state.frame_index]
        slope = 1.0 if frame is None else abs(frame.slope)
        text = tr(
            "{number} of {count}: {width} × {height} {unit}, change {percent} % of window",
            number=index + 1,
            count=len(places),
            width=f"{width:.3g}",
            height=f"{height:.3g}",
            unit=unit,
            percent=f"{100.0 * place.change * slope / max(window, 1e-12):.2g}",
        )
        return PlaceMark(rect, text)

    def _rect_of(self, place: Place) -> RectMm:
        found = self._found
        assert found is not None
        picture, rows = found[0].upper, found[0].input_rows
        columns = round(picture.pixels.shape[1] * rows / picture.pixels.shape[0])
        row_mm, column_mm = picture.extent_mm[0] / rows, picture.extent_mm[1] / columns
        return RectMm(
            place.left * column_mm,
            place.top * row_mm,
            (place.right - place.left) * column_mm,
            (place.bottom - place.top) * row_mm,
        )

    def _field_around(self, state: ViewState, rect: RectMm) -> RectMm:
        """What the panes shall show: as near as they are, or near enough to see the place well."""
        assert state.stack is not None
        shown = self._pair.field.rect(self._pair.shared_px)
        height, width = state.stack.geometry.extent_mm
        near = shown.width < width and shown.height < height
        if not near or 2 * rect.width > shown.width or 2 * rect.height > shown.height:
            side = max(5 * rect.width, 5 * rect.height, min(width, height) / 4)
            shown = RectMm(0.0, 0.0, side, side)
        x, y = rect.x + rect.width / 2, rect.y + rect.height / 2
        return RectMm(x - shown.width / 2, y - shown.height / 2, shown.width, shown.height)
