"""The curves of a sweep: networks solid with a sign at every value, interpolations dashed, breaking points marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPalette, QPen, QPixmap
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from brainsr_desktop.app.panels.forms import plain_label
from brainsr_desktop.app.panels.plot import Plot
from brainsr_desktop.app.theme import colours_of
from brainsr_desktop.io.curve_data import COLOURS, Line
from brainsr_desktop.language import tr

QWIDGETSIZE_MAX: Final = (1 << 24) - 1
"""Qt's own, which PySide does not name."""
ON_DARK: Final = ("#56b4e9", "#ff9040", "#2fc79b", "#e39bc6", "#e6b400", "#8fb8ff", "#b8bcc2", "#d0a08c")
"""Those of `io.curve_data`, made brighter to be seen on dark."""
SYMBOLS: Final = ("o", "s", "t", "+", "x", "star", "p", "h")
LEAST_LINES: Final = 9
"""A plot is at least so many lines of text high."""
SWATCH: Final = QSize(34, 14)
SIGN_PX: Final = 7
MARK_PX: Final = 14


class SweepPlot(Plot):
    """One figure over the values of a control. Lines are told apart as in `swatch`."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        self._items: list[pg.PlotCurveItem] = []
        self._signs: pg.ScatterPlotItem | None = None
        self._shown: tuple[Line, ...] = ()
        super().__init__(name, parent)
        self.setMaximumHeight(QWIDGETSIZE_MAX)
        self.setTitle(name)

    def sizeHint(self) -> QSize:
        """Qt asks for it; the window's size decides, not pyqtgraph's taste."""
        return QSize(2 * self.minimumHeight(), self.minimumHeight())

    @property
    def curves(self) -> tuple[Line, ...]:
        """What is drawn."""
        return self._shown

    def set_curves(self, lines: Sequence[Line], x_label: str) -> None:
        """Draw these instead; a line keeps its colour while the order stays."""
        same = [line.dashed for line in self._shown] == [line.dashed for line in lines]
        self._shown = tuple(lines)
        if not same or self._signs is None:
            self._make()
            self.setLabel("bottom", x_label)
        for item, line in zip(self._items, lines, strict=True):
            item.setData(np.asarray(line.x, float), np.asarray(line.y, float))
        self._draw_signs()

    def _make(self) -> None:
        """The items; their points alone change while a sweep runs."""
        for item in (*self._items, self._signs):
            if item is not None:
                self.removeItem(item)
        self._items = [pg.PlotCurveItem() for _ in self._shown]
        self._signs = pg.ScatterPlotItem()
        for item in (*self._items, self._signs):
            self.addItem(item)
        self._colour()

    def _colour(self) -> None:
        super()._colour()
        colours = colours_of(self.palette())
        self.setMinimumHeight(LEAST_LINES * self.fontMetrics().height())
        title = self.plotItem.titleLabel
        title.setText(title.text, color=colours.text, size=f"{self.font().pointSizeF():g}pt")
        for number, (item, line) in enumerate(zip(self._items, self._shown, strict=True)):
            item.setPen(_pen(curve_colour(number, self.palette()), dashed=line.dashed))
        self._draw_signs()

    def _draw_signs(self) -> None:
        """A sign at every value of a network, and the diamonds on top."""
        if self._signs is None:
            return
        edge = pg.mkPen(QColor(colours_of(self.palette()).text), width=1.2)
        spots, marks = [], []
        for number, line in enumerate(self._shown):
            brush = QBrush(curve_colour(number, self.palette()))
            look = {"brush": brush, "pen": None, "symbol": SYMBOLS[number % len(SYMBOLS)], "size": SIGN_PX}
            if not line.dashed:
                spots += [{"pos": place, **look} for place in zip(line.x, line.y, strict=True)]
            if line.mark is not None:
                marks.append({"pos": line.mark, **look, "pen": edge, "symbol": "d", "size": MARK_PX})
        self._signs.setData([*spots, *marks])


def curve_colour(number: int, palette: QPalette) -> QColor:
    """Colour of the curve of that number on this background."""
    if palette.color(QPalette.ColorRole.Base).lightness() < 128:
        return QColor(ON_DARK[number % len(ON_DARK)])
    return QColor(*COLOURS[number % len(COLOURS)])


class SweepLegend(QWidget):
    """A row for each line: its piece, its name, and where it falls behind by each figure."""

    def __init__(self, headings: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(tr("Where each network falls behind"))
        self._headings = tuple(headings)
        self._known: list[tuple[str, bool]] | None = None
        self._notes: list[list[QLabel]] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(14)
        self._grid.setVerticalSpacing(1)
        self._grid.setColumnStretch(len(headings) + 2, 1)

    def set_lines(self, lines: Sequence[Sequence[Line]]) -> None:
        """The lines of each figure, in the order of the headings."""
        known = [(line.name, line.dashed) for line in lines[0]]
        if known != self._known:
            self._known = known
            self._make(lines[0])
        for labels, of_figure in zip(self._notes, lines, strict=True):
            for label, line in zip(labels, of_figure, strict=True):
                label.setText(line.note)

    def forget(self) -> None:
        """Draw the pieces anew: the theme has changed."""
        self._known = None

    def notes(self) -> list[list[str]]:
        """What is written, by figure and line."""
        return [[label.text() for label in labels] for labels in self._notes]

    def _make(self, lines: Sequence[Line]) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.setParent(None)
                widget.deleteLater()
        self._notes = []
        for row, line in enumerate(lines, 1):
            piece = plain_label()
            piece.setPixmap(swatch(row - 1, line, self.palette(), self.devicePixelRatioF()))
            self._grid.addWidget(piece, row, 0)
            self._grid.addWidget(plain_label(line.name, wrap=False), row, 1)
        for place, heading in enumerate(self._headings, 2):
            self._grid.addWidget(plain_label(heading, name="emphasis", wrap=False), 0, place)
            labels = [plain_label(wrap=False) for _ in lines]
            for row, label in enumerate(labels, 1):
                self._grid.addWidget(label, row, place)
            self._notes.append(labels)


def swatch(number: int, line: Line, palette: QPalette, ratio: float) -> QPixmap:
    """A piece of a line with its sign, for a legend."""
    picture = QPixmap(SWATCH * ratio)
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    colour = curve_colour(number, palette)
    middle = SWATCH.height() / 2
    painter.setPen(_pen(colour, dashed=line.dashed))
    painter.drawLine(QPointF(1, middle), QPointF(SWATCH.width() - 1, middle))
    if not line.dashed:
        symbol = pg.graphicsItems.ScatterPlotItem.Symbols[SYMBOLS[number % len(SYMBOLS)]]
        painter.translate(SWATCH.width() / 2, middle)
        painter.scale(8, 8)
        painter.fillPath(symbol, QBrush(colour))
    painter.end()
    return picture


def _pen(colour: QColor, *, dashed: bool) -> QPen:
    style = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
    pen: QPen = pg.mkPen(colour, width=1.8, style=style)
    return pen
