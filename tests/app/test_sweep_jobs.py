"""Sweeps with real children: figures, cancelling, and the slice in view before all else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from brainsr_desktop.app.sweep_runner import SweepView
from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.core.geometry import unknown_geometry
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.engine.pipeline import Engine
from brainsr_desktop.io.messages import ExportOptions
from brainsr_desktop.models.catalog import BASELINES
from brainsr_desktop.session import intents
from brainsr_desktop.session.reports import ExportRequest
from brainsr_desktop.session.sweep import Axis, Sweep, SweepRequest
from tests.app.controlling import Desk, MakeDesk, marked_slices

NOISE = Axis("noise", (0.0, 4.0, 8.0))


def sweep_of(desk: Desk, stack: StackInfo, frames: tuple[int, ...], *models: str) -> list[SweepView]:
    """Begin a sweep; what is heard of it."""
    heard: list[SweepView] = []
    desk.controller.sweep_changed.connect(heard.append)
    cards = tuple(desk.controller.catalog.find(name) for name in models)
    worse = Degradation(reduction=4, seed=3)
    desk.controller.sweep(SweepRequest(stack, frames, Sweep((NOISE,), worse, cards, BASELINES)))
    return heard


def test_that_a_sweep_has_the_figures_of_the_engine(desk: MakeDesk, folder: Path) -> None:
    one = desk()
    stack = one.open(folder)
    heard = sweep_of(one, stack, (2,), "espcn-x4")
    one.wait(lambda: heard[-1].state == "done", "the end of the sweep")
    table = heard[-1].table
    assert (heard[-1].done, heard[-1].total, heard[-1].failed, len(table)) == (15, 15, 0, 15)
    assert one.job("Sweep").state == "done"
    assert table.slices == (2,)
    span = one.controller.series_range
    assert span is not None
    truth = marked_slices()[2].astype("float32")
    made = Engine().enhance(
        truth,
        Recipe("bicubic", 4, Degradation(4.0, reduction=4, seed=3)),
        unknown_geometry(truth.shape[0], truth.shape[1], 1),
        slice_index=2,
        range_max=span.robust_high - span.robust_low,
    )
    spread = table.spread("bicubic", (4.0,), "head_psnr")
    assert spread is not None and spread.mean == pytest.approx(made.scores["head_psnr"], abs=1e-3)
    curve = table.curve("espcn-x4", "head_psnr")
    assert [value for value, _ in curve] == [0.0, 4.0, 8.0]


def test_that_the_pictures_of_a_sweep_do_not_push_out_those_that_are_looked_at(
    desk: MakeDesk, folder: Path
) -> None:
    one = desk()
    stack = one.open(folder)
    one.wait_ready()
    one.wait(lambda: not one.controller.computing, "the neighbours")
    kept = len(one.controller._enhancer.cache)
    heard = sweep_of(one, stack, (2,))
    one.wait(lambda: heard[-1].state == "done", "the end of the sweep")
    assert len(one.controller._enhancer.cache) == kept


def test_that_a_cancelled_sweep_ends_at_once_and_keeps_its_figures(
    desk: MakeDesk, folder: Path, slow: str
) -> None:
    one = desk(engine_target=slow)
    stack = one.open(folder)
    heard = sweep_of(one, stack, tuple(range(6)))
    one.wait(lambda: len(heard[-1].table) > 0, "the first figures")
    one.controller.cancel_job(heard[-1].number)
    assert heard[-1].state == "cancelled" and 0 < len(heard[-1].table) < heard[-1].total
    one.wait(lambda: not one.controller.computing, "the engine's rest")
    count = len(heard[-1].table)
    one.controller._refresh()
    assert len(heard[-1].table) == count and heard[-1].state == "cancelled"


def test_that_the_slice_in_view_is_made_before_the_sweep_goes_on(
    desk: MakeDesk, folder: Path, slow: str
) -> None:
    one = desk(engine_target=slow)
    stack = one.open(folder)
    one.wait_ready()
    heard = sweep_of(one, stack, tuple(range(6)))
    one.wait(lambda: len(heard[-1].table) > 1, "the first figures")
    one.do(intents.go_to, 0)
    one.do(lambda state: replace(state, network_on=True))
    one.wait_ready()
    assert heard[-1].state == "running" and heard[-1].done < heard[-1].total / 2


def test_that_closing_everything_ends_a_sweep(desk: MakeDesk, folder: Path, slow: str) -> None:
    one = desk(engine_target=slow)
    heard = sweep_of(one, one.open(folder), (0, 1))
    one.controller.close_all()
    assert heard[-1].state == "cancelled"
    assert one.job("Sweep").state == "cancelled"


def test_that_a_network_without_a_usable_picture_is_counted_as_failed(
    desk: MakeDesk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRAINSR_TEST_DEADLY_FRAME", "1")
    one = desk(engine_target="tests.app.slow_engine:main")
    stack = one.open(folder)
    heard = sweep_of(one, stack, (1,))
    one.wait(lambda: heard[-1].done > 0 or one.said("stopped again"), "the first failure")
    assert heard[-1].failed == heard[-1].done


def test_that_a_report_tells_of_the_last_sweep_over_its_series(
    desk: MakeDesk, folder: Path, tmp_path: Path
) -> None:
    one = desk()
    stack = one.open(folder)
    heard = sweep_of(one, stack, (2,), "espcn-x4")
    one.wait(lambda: heard[-1].state == "done", "the end of the sweep")
    chosen = ExportOptions(str(tmp_path / "out"), ("report",), picture="original")
    one.controller.export(ExportRequest(stack, (2,), chosen))
    one.wait(lambda: one.ended("Export"), "the export")
    (page,) = (tmp_path / "out").rglob("*_report.html")
    text = page.read_text(encoding="utf-8")
    assert "Breaking points" in text and "<svg" in text
