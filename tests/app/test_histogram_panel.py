"""The histogram in the section Display: what it counts, and the grey window as a range on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.panels.histogram import HistogramPanel
from brainsr_desktop.session import intents, intents_measure
from brainsr_desktop.session.pictures import PaneState, PaneStatus, Picture
from brainsr_desktop.session.state import WindowLevel
from tests.app.frame_kit import RANGE, Rig, make_rig, series_of, stack


@pytest.fixture
def rig(qtbot: QtBot, tmp_path: Path) -> Iterator[Rig]:
    for made in make_rig(qtbot, tmp_path):
        made.open(series_of(stack(1)))
        made.window.areas.panel.set_open_sections(["display"])
        show(made)
        yield made


def show(rig: Rig, right: float = 500.0) -> None:
    here = rig.store.state.stack
    assert here is not None
    low = np.full((here.geometry.rows, here.geometry.columns), 250, np.int16)
    high = np.full((here.geometry.rows * 4, here.geometry.columns * 4), right, np.float32)
    rig.controller.left_changed.emit(
        Picture(low, here.geometry.extent_mm), PaneStatus(PaneState.ORIGINAL, "Original")
    )
    rig.controller.right_changed.emit(
        Picture(high, here.geometry.extent_mm), PaneStatus(PaneState.FULL, "Network")
    )


def panel_of(rig: Rig) -> HistogramPanel:
    return rig.window.areas.display.histogram


def peaks(panel: HistogramPanel) -> list[float]:
    """Middle of the fullest bin of each curve."""
    return [float((line.x[line.y.argmax()] + line.x[line.y.argmax() + 1]) / 2) for line in panel.plot.lines]


def test_that_both_panes_lie_over_each_other(rig: Rig, qtbot: QtBot) -> None:
    panel = panel_of(rig)
    qtbot.waitUntil(lambda: len(panel.plot.lines) == 2)
    qtbot.waitUntil(lambda: peaks(panel) == pytest.approx([250.0, 500.0], abs=6.0))
    assert [line.right for line in panel.plot.lines] == [False, True]
    show(rig, right=800.0)
    qtbot.waitUntil(lambda: peaks(panel) == pytest.approx([250.0, 800.0], abs=6.0))


def test_that_rare_values_are_seen_on_a_logarithmic_scale(rig: Rig, qtbot: QtBot) -> None:
    panel = panel_of(rig)
    qtbot.waitUntil(lambda: len(panel.plot.lines) == 2)
    panel.log.click()
    assert panel.plot.lines[0].y.max() == pytest.approx(np.log10(1.0 + 1e4))
    panel.log.click()
    assert panel.plot.lines[0].y.max() == pytest.approx(1.0)


def test_that_the_series_is_counted_once_for_all(rig: Rig) -> None:
    panel = panel_of(rig)
    counts = tuple(int(number == 128) for number in range(256))
    rig.controller.range_changed.emit(replace(RANGE, counts=counts))
    panel.sources.button("series").click()
    assert len(panel.plot.lines) == 1
    assert peaks(panel) == pytest.approx([600.0 + 1200.0 / 512], abs=1e-6)


def test_that_a_shape_is_asked_for_and_then_counted(rig: Rig, qtbot: QtBot) -> None:
    panel = panel_of(rig)
    panel.sources.button("shape").click()
    assert panel.plot.lines == () and "Select" in panel.words.text()
    rig.store.apply(lambda s: intents_measure.begin(s, "ellipse", (4.0, 4.0), (20.0, 20.0)))
    qtbot.waitUntil(lambda: len(panel.plot.lines) == 2)
    rig.store.apply(intents_measure.remove_selected)
    assert panel.plot.lines == ()


def test_that_nothing_is_counted_that_nobody_sees(rig: Rig, qtbot: QtBot) -> None:
    panel = panel_of(rig)
    qtbot.waitUntil(lambda: len(panel.plot.lines) == 2)
    rig.window.areas.panel.set_open_sections([])
    before = panel.histogram
    show(rig, right=800.0)
    qtbot.wait(50)
    assert panel.histogram is before
    rig.window.areas.panel.set_open_sections(["display"])
    qtbot.waitUntil(lambda: peaks(panel) == pytest.approx([250.0, 800.0], abs=6.0))


def test_that_dragging_an_edge_of_the_range_sets_the_window_in_one_step(rig: Rig, qtbot: QtBot) -> None:
    panel = panel_of(rig)
    qtbot.waitUntil(lambda: len(panel.plot.lines) == 2)
    before = rig.store.state.window
    assert before is not None
    port = panel.plot.viewport()

    def at(value: float) -> QPoint:
        box = panel.plot.getPlotItem().vb
        place: QPoint = panel.plot.mapFromScene(box.mapViewToScene(QPointF(value, box.viewRange()[1][1] / 2)))
        return place

    QTest.mouseMove(port, at(before.high))
    QTest.mousePress(port, Qt.MouseButton.LeftButton, pos=at(before.high))
    for value in (750.0, 700.0, 650.0, 600.0):
        QTest.mouseMove(port, at(value))
        qtbot.wait(20)
    QTest.mouseRelease(port, Qt.MouseButton.LeftButton, pos=at(600.0))
    after = rig.store.state.window
    assert after is not None
    assert after.low == pytest.approx(before.low, abs=1.0)
    assert after.high == pytest.approx(600.0, abs=10.0)
    rig.store.undo()
    assert rig.store.state.window == before
    assert panel.region.getRegion() == pytest.approx((before.low, before.high))


def test_that_the_range_follows_the_window(rig: Rig, qtbot: QtBot) -> None:
    panel = panel_of(rig)
    qtbot.waitUntil(lambda: len(panel.plot.lines) == 2)
    rig.store.apply(lambda s: intents.set_window(s, WindowLevel(300.0, 100.0)))
    assert panel.region.getRegion() == pytest.approx((250.0, 350.0))
