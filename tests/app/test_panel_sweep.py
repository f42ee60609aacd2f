"""The sweep's window: what is asked for, the curves as they come, what is saved."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.panels.sweep import SweepDialog
from brainsr_desktop.app.panels.sweep_plot import curve_colour
from brainsr_desktop.app.sweep_runner import SweepView
from brainsr_desktop.app.theme import DARK, LIGHT, palette_of
from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.core.metrics import LOWER_IS_BETTER, SCORES
from brainsr_desktop.core.series import FrameInfo
from brainsr_desktop.models.catalog import BASELINES
from brainsr_desktop.session import intents
from brainsr_desktop.session.state import ViewState
from brainsr_desktop.session.sweep import Axis, Sweep, SweepRequest
from brainsr_desktop.session.sweep_table import DRAWN, SECONDS, Table
from tests.app.controlling import PATIENCE_MS, MakeDesk
from tests.app.frame_kit import CATALOG, Rig, series_of, stack

NOISE, BLUR = Axis("noise", (0.0, 5.0, 10.0)), Axis("blur", (0.0, 1.0))
HEAD = stack(1, frames=(FrameInfo("slice"),) * 8)
NETWORK = CATALOG.find("brainsr-x4")


def table_of(*axes: Axis) -> Table:
    """The network is ahead, equal, behind as noise rises; blur puts it behind earlier."""
    table = Table(Sweep(axes, Degradation(reduction=4), (NETWORK,), BASELINES))
    for values in table.sweep.settings:
        for name, quality in [
            *((card.name, 25.0) for card in BASELINES),
            ("brainsr-x4", 30.0 - values[0] - (6.0 if len(values) > 1 and values[1] else 0.0)),
        ]:
            figures = {score: -quality if score in LOWER_IS_BETTER else quality for score in SCORES}
            table.add(name, values, 3, figures, 0.5)
    return table


@pytest.fixture
def dialog(qtbot: QtBot) -> SweepDialog:
    state = intents.choose_model(intents.open_stack(ViewState(), HEAD), "brainsr-x4", 4, "espcn-x4")
    made = SweepDialog(CATALOG, state)
    qtbot.addWidget(made)
    made.show()
    return made


def test_that_the_command_and_the_test_panel_open_one_window(rig: Rig) -> None:
    action = rig.window.actions_["sweep"]
    assert not action.isEnabled()
    rig.open(series_of(HEAD))
    rig.window.actions_["test_mode"].trigger()
    rig.window.areas.test.sweep.click()
    dialog = rig.window.sweeps.dialog
    assert dialog is not None and dialog.isVisible()
    dialog.close()
    action.trigger()
    assert rig.window.sweeps.dialog is dialog and dialog.isVisible()


def test_that_what_is_chosen_is_asked_for(rig: Rig) -> None:
    rig.open(series_of(HEAD))
    worse = Degradation(3.0, 0.4, 4, seed=9)
    rig.store.apply(lambda s: intents.set_degradation(s, worse))
    rig.window.actions_["sweep"].trigger()
    dialog = rig.window.sweeps.dialog
    assert dialog is not None
    dialog.form.first.choose("blur")
    dialog.form.first.last.setValue(1.0)
    dialog.form.second.choose("bias")
    dialog.form.second.step.setValue(20.0)
    dialog.form.tick("sharp-x4")
    assert "to be made" in dialog.form.said.text()
    dialog.start.click()
    ((_, request),) = rig.controller.asked_for("sweep")
    assert isinstance(request, SweepRequest)
    sweep = request.sweep
    assert sweep.axes == (Axis("blur", (0.0, 0.5, 1.0)), Axis("bias", (0.0, 20.0, 40.0)))
    assert sweep.base == worse
    assert [card.name for card in sweep.models] == ["brainsr-x4", "espcn-x4", "sharp-x4"]
    assert [card.name for card in sweep.interpolations] == [card.name for card in BASELINES]
    assert request.frames == (rig.store.state.frame_index,)
    dialog.form.slices.button("series").click()
    assert dialog.form.request().frames == tuple(range(8))


def test_that_a_range_that_cannot_be_is_told_and_not_started(dialog: SweepDialog) -> None:
    assert dialog.start.isEnabled()
    dialog.form.first.first.setValue(12.0)
    assert not dialog.start.isEnabled()
    assert "rises" in dialog.form.said.text()
    dialog.form.first.choose("noise")
    assert dialog.start.isEnabled()
    dialog.form.second.choose("noise")
    assert not dialog.start.isEnabled()


def test_that_without_a_suitable_series_nothing_starts(dialog: SweepDialog) -> None:
    dialog.form.set_state(ViewState())
    assert not dialog.start.isEnabled()
    unsuitable = replace(HEAD, why_not="phase image")
    for useless in (unsuitable, replace(HEAD, frames=(None,) * 8)):
        dialog.form.set_state(intents.open_stack(ViewState(), HEAD))
        assert dialog.start.isEnabled()
        dialog.form.set_state(intents.open_stack(ViewState(), useless))
        assert not dialog.start.isEnabled()


def test_that_the_reduction_takes_networks_of_both_factors(dialog: SweepDialog) -> None:
    dialog.form.first.choose("scale")
    dialog.form.tick("brainsr-x2")
    sweep = dialog.form.request().sweep
    assert sweep.axes == (Axis("scale", (2.0, 4.0)),)
    assert {card.scale for card in sweep.models} == {2, 4}
    assert not dialog.form.first.step.isEnabled()


def test_that_curves_and_breaking_points_are_drawn(dialog: SweepDialog, qtbot: QtBot) -> None:
    table = table_of(NOISE)
    dialog.set_view(SweepView(7, table, 10, 15, 0, "running"))
    assert (dialog.progress.value(), dialog.progress.maximum()) == (10, 15)
    assert dialog.cancel.isEnabled() and not dialog.start.isEnabled()
    qtbot.waitUntil(lambda: bool(dialog._legend.notes()), timeout=PATIENCE_MS)
    for figure in DRAWN:
        lines = dialog.plots[figure].curves
        assert [line.name for line in lines][:2] == ["BrainSR x4", "Nearest"]
        assert [line.dashed for line in lines] == [False, True, True, True, True]
        assert lines[0].mark == (None if figure == SECONDS else (10.0, pytest.approx(lines[0].y[2])))
    assert [notes[0] for notes in dialog._legend.notes()] == ["behind from 10 %"] * 3
    with qtbot.waitSignal(dialog.cancel_asked) as heard:
        dialog.cancel.click()
    assert heard.args == [7]
    dialog.set_view(SweepView(7, table, 10, 15, 1, "cancelled"))
    assert dialog.start.isEnabled() and not dialog.cancel.isEnabled()
    assert "Cancelled after 10 of 15" in dialog.words.text() and "1 failed" in dialog.words.text()


def test_that_the_second_control_chooses_which_curves_are_drawn(dialog: SweepDialog, qtbot: QtBot) -> None:
    dialog.set_view(SweepView(1, table_of(NOISE, BLUR), 30, 30, 0, "done"))
    plot = dialog.plots["head_psnr"]
    qtbot.waitUntil(lambda: len(plot.curves) == 5, timeout=PATIENCE_MS)
    assert [dialog.second.itemData(row) for row in range(dialog.second.count())] == [0.0, 1.0]
    assert plot.curves[0].y == [30.0, 25.0, 20.0]
    dialog.second.setCurrentIndex(1)
    qtbot.waitUntil(lambda: plot.curves[0].y == [24.0, 19.0, 14.0], timeout=PATIENCE_MS)
    qtbot.waitUntil(
        lambda: [notes[:1] for notes in dialog._legend.notes()] == [["behind from 0 %"]] * 3,
        timeout=PATIENCE_MS,
    )


def test_that_a_breaking_point_is_seen_where_it_is(dialog: SweepDialog, qtbot: QtBot) -> None:
    """The diamond has the theme's text colour around it, at the value."""
    dialog.set_view(SweepView(1, table_of(NOISE), 15, 15, 0, "done"))
    plot = dialog.plots["head_psnr"]
    qtbot.waitUntil(lambda: bool(dialog._legend.notes()), timeout=PATIENCE_MS)
    (spot,) = [point for point in plot._signs.points() if point.size() > 10] if plot._signs else []
    assert (spot.pos().x(), spot.pos().y()) == (10.0, 20.0)
    assert plot.plotItem.vb.viewRect().contains(QPointF(10.0, 20.0))


def test_that_curves_differ_in_colour_on_light_and_on_dark() -> None:
    for colours in (LIGHT, DARK):
        palette = palette_of(colours)
        found = [curve_colour(number, palette).name() for number in range(8)]
        assert len(set(found)) == 8
    assert curve_colour(0, palette_of(LIGHT)) != curve_colour(0, palette_of(DARK))


def test_that_figures_and_picture_are_saved_and_trouble_is_told(
    dialog: SweepDialog, qtbot: QtBot, tmp_path: Path
) -> None:
    assert not dialog.save_csv.isEnabled() and not dialog.save_png.isEnabled()
    dialog.set_view(SweepView(1, table_of(NOISE, BLUR), 30, 30, 0, "done"))
    assert dialog.save_csv.isEnabled() and dialog.save_png.isEnabled()
    dialog.write_csv(tmp_path / "a.csv")
    qtbot.waitUntil(lambda: "a.csv was saved" in dialog.words.text(), timeout=PATIENCE_MS)
    with (tmp_path / "a.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 30
    dialog.write_png(tmp_path / "b.png")
    qtbot.waitUntil(lambda: "b.png was saved" in dialog.words.text(), timeout=PATIENCE_MS)
    with Image.open(tmp_path / "b.png") as picture:
        assert np.asarray(picture).mean() > 150
    dialog.write_csv(tmp_path / "nowhere" / "c.csv")
    qtbot.waitUntil(lambda: "c.csv could not be saved" in dialog.words.text(), timeout=PATIENCE_MS)


def test_that_a_sweep_runs_through_the_engine_into_the_curves(
    desk: MakeDesk, folder: Path, qtbot: QtBot
) -> None:
    one = desk()
    one.open(folder)
    dialog = SweepDialog(one.controller.catalog, one.store.state)
    qtbot.addWidget(dialog)
    dialog.start_asked.connect(one.controller.sweep)
    one.controller.sweep_changed.connect(dialog.set_view)
    dialog.form.first.step.setValue(5.0)
    for name in ("brainsr-x4", "espcn-x4"):
        dialog.form.tick(name, name == "espcn-x4")
    dialog.show()
    dialog.start.click()
    one.wait(lambda: dialog.progress.value() == 15 and dialog.start.isEnabled(), "the end of the sweep")
    plot = dialog.plots["ssim"]
    one.wait(lambda: len(plot.curves) == 5 and all(len(line.x) == 3 for line in plot.curves), "the curves")
    assert all(line.y[0] > line.y[2] for line in plot.curves)  # noise does no good
    times = dialog.plots[SECONDS]
    one.wait(lambda: times.curves and list(times.curves[0].x) == [5.0, 10.0], "times but the loading's")
