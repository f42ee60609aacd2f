"""Gives the panes the measurements that they draw."""

from __future__ import annotations

from PySide6.QtCore import QObject

from brainsr_desktop.app.measure_paint import Mark, visible
from brainsr_desktop.app.measure_text import label
from brainsr_desktop.app.measure_values import MeasureValues
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.viewport import Viewport
from brainsr_desktop.app.viewport_pair import ViewportPair
from brainsr_desktop.language import tr
from brainsr_desktop.session.measurements import Measurement, Reading
from brainsr_desktop.session.pictures import same_picture
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
            lines = label(item, state.stack, self._readings(item, view))
        return Mark(item, lines, selected, state.measuring.handle if selected else None)

    def _readings(self, item: Measurement, view: Viewport) -> list[tuple[str, Reading]]:
        """What the measurement says about the pictures that a pane draws, named where there are two.

        A map of differences stands for both pictures.
        """
        left, right = self._values.pictures
        names = (
            (("", left), ("", right)) if same_picture(left, right) else ((tr("L"), left), (tr("R"), right))
        )
        is_map = view.picture is not None and view.picture.span is not None
        drawn = [
            (name, reading)
            for (name, picture), reading in zip(names, self._values.of(item), strict=True)
            if reading is not None
            and (is_map or same_picture(picture, view.picture) or same_picture(picture, view.second))
        ]
        return drawn if len(drawn) == 2 and drawn[0][0] else [("", reading) for _, reading in drawn[:1]]
