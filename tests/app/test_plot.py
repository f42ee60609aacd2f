"""The small plot of the side panel."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.panels.plot import Line, Plot
from brainsr_desktop.app.theme import CONTRAST, LIGHT, palette_of
from tests.app.viewing import show


def test_that_left_and_right_differ_in_colour_and_in_dashes(qtbot: QtBot) -> None:
    plot = Plot("Curves")
    show(qtbot, plot, (300, 150))
    x = np.linspace(0.0, 10.0, 20)
    plot.set_lines([Line(x, np.sin(x)), Line(x, np.cos(x), right=True)], "mm")
    left, right = (curve.opts["pen"] for curve in plot.getPlotItem().listDataItems())
    assert left.style() == Qt.PenStyle.SolidLine and right.style() == Qt.PenStyle.DashLine
    assert left.color() != right.color()
    assert len(plot.lines) == 2
    plot.set_lines([])
    assert plot.lines == () and plot.getPlotItem().listDataItems() == []


def test_that_the_plot_follows_the_theme(qtbot: QtBot) -> None:
    plot = Plot("Curves")
    show(qtbot, plot, (300, 150))
    plot.set_lines([Line(np.arange(3.0), np.arange(3.0))])
    for colours in (LIGHT, CONTRAST):
        plot.setPalette(palette_of(colours))
        (curve,) = plot.getPlotItem().listDataItems()
        assert curve.opts["pen"].color().name() == colours.fast
        assert plot.backgroundBrush().color().name() == colours.base


def test_that_the_wheel_over_a_plot_scrolls_the_panel(qtbot: QtBot) -> None:
    plot = Plot("Curves")
    show(qtbot, plot, (300, 150))
    before = plot.getPlotItem().vb.viewRange()
    event = QWheelEvent(
        QPointF(150, 70),
        QPointF(plot.mapToGlobal(QPoint(150, 70))),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(plot.viewport(), event)
    assert not event.isAccepted()
    assert plot.getPlotItem().vb.viewRange() == before
