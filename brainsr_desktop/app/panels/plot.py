"""A small plot in the side panel: curves of the left and the right picture, told apart by colour and by dashes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtWidgets import QWidget

from brainsr_desktop.app.theme import colours_of

HEIGHT_PX: Final = 150


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One curve, both (n,); NaN leaves a gap. ``right``: of the right picture. ``steps``: x are edges, (n + 1,)."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    right: bool = False
    steps: bool = False


class Plot(pg.PlotWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """Shows lines in the theme's colours. It is read, not grabbed: the wheel scrolls the panel."""

    _built = False
    """Qt tells of changes while pyqtgraph still builds."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, enableMenu=False)
        self.setAccessibleName(name)
        self.setFixedHeight(HEIGHT_PX)
        self.setMinimumWidth(120)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMenuEnabled(False)
        self.setMouseEnabled(x=False, y=False)
        self.hideButtons()
        self._curves: list[tuple[pg.PlotDataItem, Line]] = []
        self._built = True
        self._colour()

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is drawn."""
        return tuple(line for _, line in self._curves)

    def set_lines(self, lines: Sequence[Line], x_label: str = "") -> None:
        """Draw these instead."""
        for curve, _ in self._curves:
            self.removeItem(curve)
        self._curves = []
        for line in lines:
            curve = pg.PlotDataItem(
                line.x, line.y, stepMode="center" if line.steps else None, connect="finite"
            )
            self.addItem(curve)
            self._curves.append((curve, line))
        self.setLabel("bottom", x_label)
        self._colour()

    def changeEvent(self, event: QEvent) -> None:
        """Qt calls it; another theme has other colours, other text another size."""
        super().changeEvent(event)
        if self._built and event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._colour()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Qt calls it."""
        event.ignore()

    def _colour(self) -> None:
        colours = colours_of(self.palette())
        self.setBackground(QColor(colours.base))
        for name in ("bottom", "left"):
            axis = self.getAxis(name)
            axis.setPen(QColor(colours.dim_text))
            axis.setTextPen(QColor(colours.text))
            axis.setTickFont(self.font())
            axis.label.setFont(self.font())
        for curve, line in self._curves:
            style = Qt.PenStyle.DashLine if line.right else Qt.PenStyle.SolidLine
            colour = QColor(colours.warning if line.right else colours.fast)
            curve.setPen(pg.mkPen(colour, width=1.6, style=style))
