"""The histogram of both panes, with the grey window as a range that can be dragged."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QSignalBlocker
from PySide6.QtGui import QColor, QShowEvent
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from brainsr_desktop.app.background import Newest
from brainsr_desktop.app.panels.forms import Choice, plain_label
from brainsr_desktop.app.panels.plot import Line, Plot
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.theme import colours_of
from brainsr_desktop.app.viewport_pair import ViewportPair
from brainsr_desktop.language import tr
from brainsr_desktop.session import intents, intents_measure
from brainsr_desktop.session.histogram import Histogram, Source, of_pictures, of_series
from brainsr_desktop.session.measurements import Measurement
from brainsr_desktop.session.pictures import Picture, same_picture
from brainsr_desktop.session.state import ViewState, WindowLevel
from brainsr_desktop.session.windows import SeriesRange

BEYOND: Final = 1.5
"""The axis ends at so many times the robust range of the series, where single bright pixels lie beyond it."""
AIR: Final = 0.06
"""The lowest part of the axis, whose counts do not decide how high the plot is."""
LEAST_WIDTH: Final = 1e-3
"""Narrowest range that can be dragged, in parts of the axis."""


class HistogramPanel(QWidget):
    """Counts in the background while it is seen; a range that is dragged is the grey window, one drag one undo step."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._pair: ViewportPair | None = None
        self._range: SeriesRange | None = None
        self._source: Source = "slice"
        self._counted: tuple[object, ...] = ()
        self._histogram: Histogram | None = None
        self._slot = Newest(self)
        self._gesture: object = object()
        self._dragging = False
        self.plot = Plot(tr("Histogram; the shaded range is the grey window"))
        self.plot.hideAxis("left")
        self.region = pg.LinearRegionItem(values=(0.0, 1.0), swapMode="block")
        self.region.setZValue(-10)
        self.plot.addItem(self.region, ignoreBounds=True)
        self.sources = Choice(
            tr("Histogram of"), ((tr("Slice"), "slice"), (tr("Shape"), "shape"), (tr("Series"), "series"))
        )
        self.sources.button("shape").setToolTip(tr("The selected ellipse or rectangle"))
        self.sources.button("series").setToolTip(tr("The original series"))
        self.sources.show_value(self._source)
        self.log = QCheckBox(tr("Logarithmic"))
        self.log.setToolTip(tr("Show rare values beside frequent ones"))
        self.words = plain_label(name="quiet")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        for widget in (self.plot, self.words, self.sources, self.log):
            layout.addWidget(widget)
        self.sources.chosen.connect(self._on_source)
        self.log.toggled.connect(self._draw)
        self.region.sigRegionChanged.connect(self._on_dragged)
        self.region.sigRegionChangeFinished.connect(self._on_let_go)
        store.changed.connect(self._on_changed)
        self._colour()

    @property
    def histogram(self) -> Histogram | None:
        """What is shown."""
        return self._histogram

    def watch(self, pair: ViewportPair) -> None:
        """Count in the pictures of these panes."""
        self._pair = pair
        pair.pictures_changed.connect(self._count)
        self._count()

    def set_range(self, series: SeriesRange | None) -> None:
        """Take what is known of the series in view."""
        self._range = series
        self._counted = ()
        self._count()

    def showEvent(self, event: QShowEvent) -> None:
        """Qt calls it; nothing is counted that nobody sees."""
        super().showEvent(event)
        self._count()

    def changeEvent(self, event: QEvent) -> None:
        """Qt calls it; another theme has other colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()

    # Counting

    def _on_source(self, value: object) -> None:
        self._source = "series" if value == "series" else "shape" if value == "shape" else "slice"
        self._count()

    def _on_changed(self, before: ViewState, after: ViewState) -> None:
        if _counted(before) != _counted(after):
            self._count()
        if before.window != after.window:
            self._show_window(after.window)

    def _count(self) -> None:
        if self._pair is None or not self.isVisible():
            return
        pictures = self._pair.left_picture, self._pair.right_picture
        item = self._item()
        wanted = (self._source, item, self._range, pictures)
        if self._is_counted(wanted, pictures):
            return
        self._counted = wanted
        if self._source == "series":
            self._take(wanted, None if self._range is None else of_series(self._range))
        elif self._source == "shape" and item is None:
            self._take(wanted, None)
        else:
            self._slot.ask(partial(of_pictures, *pictures, item, self._span()), partial(self._take, wanted))

    def _is_counted(self, wanted: tuple[object, ...], pictures: tuple[Picture | None, ...]) -> bool:
        if len(self._counted) != len(wanted) or self._counted[:3] != wanted[:3]:
            return False
        known = self._counted[3]
        assert isinstance(known, tuple)
        return all(same_picture(one, other) for one, other in zip(known, pictures, strict=True))

    def _item(self) -> Measurement | None:
        """The selected shape."""
        found = intents_measure.selected_in_view(self._store.state)
        return found if self._source == "shape" and found is not None and found.shape is not None else None

    def _span(self) -> tuple[float, float] | None:
        if self._range is None or self._source == "shape":
            return None
        full, robust = self._range.full, self._range.robust_high - self._range.robust_low
        high = min(full.high, self._range.robust_low + BEYOND * robust)
        return (full.low, high) if high > full.low else None

    def _take(self, wanted: tuple[object, ...], found: Histogram | None) -> None:
        if wanted is self._counted:
            self._histogram = found
            self._draw()

    # Drawing

    def _draw(self) -> None:
        found = self._histogram
        lines = []
        if found is not None:
            lines = [
                Line(found.edges, self._scaled(shares), right=shares is found.right, steps=True)
                for shares in (found.left, found.right)
                if shares is not None
            ]
        self.plot.set_lines(lines)
        self.words.setText(self._told(len(lines)))
        if not self._dragging:  # nothing moves under the hand
            self._set_axes(lines)
        self._show_window(self._store.state.window)

    def _scaled(self, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        # In shares of a ten-thousandth, so that a single pixel of a slice is still seen.
        return np.log10(1.0 + shares * 1e4) if self.log.isChecked() else shares

    def _told(self, lines: int) -> str:
        if self._source == "shape" and self._item() is None:
            return tr("Select an ellipse or a rectangle on this slice.")
        if not lines:
            return ""
        if self._source == "series":
            return tr("Original series. Drag the range to set the grey window.")
        return tr("Left: solid line. Right: dashed line. Drag the range to set the grey window.")

    def _set_axes(self, lines: list[Line]) -> None:
        if not lines:
            return
        window = self._store.state.window
        low, high = float(lines[0].x[0]), float(lines[0].x[-1])
        span = self._span()
        if span is not None:
            low, high = min(low, span[0]), min(high, span[1]) if self._source == "series" else high
        if window is not None:
            low, high = min(low, window.low), max(high, window.high)
        # Air outnumbers everything: without a log scale its peak may leave the plot.
        air = 0 if self.log.isChecked() else round(AIR * lines[0].y.size)
        tall = max(float(line.y[air:].max()) for line in lines)
        self.plot.setXRange(low, high, padding=0.02)
        self.plot.setYRange(0.0, max(tall * 1.15, 1e-9), padding=0)

    def _show_window(self, window: WindowLevel | None) -> None:
        self.region.setVisible(window is not None and self._histogram is not None)
        if window is None or self._dragging:
            return
        with QSignalBlocker(self.region):
            self.region.setRegion((window.low, window.high))
        # The item's own lines follow its signals, which were blocked.
        self.region.update()

    def _colour(self) -> None:
        colours = colours_of(self.palette())
        fill = QColor(colours.accent)
        fill.setAlpha(60)
        self.region.setBrush(fill)
        fill.setAlpha(90)
        self.region.setHoverBrush(fill)
        for line in self.region.lines:
            line.setPen(pg.mkPen(QColor(colours.accent), width=2))
            line.setHoverPen(pg.mkPen(QColor(colours.focus), width=4))

    # Dragging

    def _on_dragged(self) -> None:
        low, high = self.region.getRegion()
        self._dragging = True
        width = max(high - low, LEAST_WIDTH * max(abs(high), abs(low), 1e-9))
        window = WindowLevel((low + high) / 2, width)
        self._store.apply(
            lambda state: intents.set_window(state, window), undo=tr("Grey window"), gesture=self._gesture
        )

    def _on_let_go(self) -> None:
        self._dragging = False
        self._gesture = object()
        self._draw()


def _counted(state: ViewState) -> tuple[object, ...]:
    return state.stack, state.frame_index, state.measuring
