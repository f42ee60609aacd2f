"""Gives the panes the measurements that they draw."""

from __future__ import annotations

from PySide6.QtCore import QObject

from brainsr_desktop.app.measure_paint import Mark, visible
from brainsr_desktop.app.measure_text import label
from brainsr_desktop.app.measure_values import MeasureValues
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.viewport import Viewport
from brainsr_desktop.app.viewport_pair import ViewportPair
from brainsr_desktop.session.measurements import Measurement, Reading
from brainsr_desktop.session.pictures import Picture, same_picture
from brainsr_desktop.session.state import ViewState


class MeasureItems(QObject):
    """Gives every pane its marks, whatever pictures it draws."""

    def __init__(
        self, store: Store, pair: ViewportPair, values: MeasureValues, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._store, self._pair, self._values = store, pair, values
        values.changed.connect(self._draw)
        self._draw()

    def _draw(self) -> None:
        state = self._store.state
        for view in (self._pair.left.view, self._pair.right.view):
            view.set_marks(tuple(self._mark(state, item, view) for item in visible(state)))

    def _mark(self, state: ViewState, item: Measurement, view: Viewport) -> Mark:
        selected = item.number == state.measuring.selected
        lines: tuple[str, ...] = ()
        if state.stack is not None and state.overlays != "none":
            lines = label(item, state.stack, self._readings(item, view.picture))
        return Mark(item, lines, selected, state.measuring.handle if selected else None)

    def _readings(self, item: Measurement, drawn: Picture | None) -> tuple[Reading, ...]:
        """What the measurement says about the picture that a pane draws."""
        found = zip(self._values.of(item), self._values.pictures, strict=True)
        return tuple(
            reading for reading, picture in found if reading is not None and same_picture(picture, drawn)
        )[:1]
