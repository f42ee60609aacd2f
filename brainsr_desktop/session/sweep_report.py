"""A sweep as a section of a report: its curves with the breaking points marked, and those points in a table."""

from __future__ import annotations

import itertools
from typing import Final

from brainsr_desktop.core.metrics import SCORES
from brainsr_desktop.io.report_model import Block, Curves, Facts, Level, Line, Rows, Section
from brainsr_desktop.io.report_model import Table as Cells
from brainsr_desktop.language import tr
from brainsr_desktop.session.sweep import CONTROLS, Control, Sweep, control_name
from brainsr_desktop.session.sweep_table import DRAWN, HEADLINE, SECONDS, Table, breaking_words

MOST_PLOTS: Final = 24
BREAKING: Final = tuple(name for name in DRAWN if name != SECONDS)
"""The run time has no breaking point."""


def sweep_section(table: Table) -> Section:
    """Curves of the figures that a sweep is drawn by, for each value of its second axis; empty plots are left out."""
    axes = table.sweep.axes
    seconds: tuple[float | None, ...] = axes[1].values if len(axes) == 2 else (None,)
    blocks: list[Block] = [Facts(_settings(table))]
    plots = [
        _plot(table, figure, second)
        for figure, second in itertools.islice(itertools.product(DRAWN, seconds), MOST_PLOTS)
    ]
    blocks += [plot for plot in plots if plot.lines]
    heads = (tr("Model"), *(axis.name for axis in axes[1:]), *(SCORES[name] for name in BREAKING))
    return Section(tr("Sweep"), (*blocks, Cells(heads, tuple(_rows(table, seconds)), tr("Breaking points"))))


def _settings(table: Table) -> Rows:
    """What makes the sweep again: the slices, what was varied and what was not, the seed."""
    sweep, numbers = table.sweep, ", ".join(str(index + 1) for index in table.slices)
    varied = {axis.control: ", ".join(f"{value:g}" for value in axis.values) for axis in sweep.axes}
    rows = [(control_name(control), varied.get(control) or _kept(sweep, control)) for control in CONTROLS]
    return (
        (tr("Slices"), numbers),
        *rows,
        (tr("Reduced by"), sweep.base.method),
        (tr("Kind of noise"), sweep.base.noise),
        (tr("Seed"), str(sweep.base.seed)),
    )


def _kept(sweep: Sweep, control: Control) -> str:
    worse = sweep.base
    value = {
        "noise": worse.noise_percent,
        "blur": worse.blur_px,
        "bias": worse.bias_percent,
        "scale": worse.reduction,
    }[control]
    return f"{value:g}"


def _plot(table: Table, figure: str, second: float | None) -> Curves:
    axes = table.sweep.axes
    title = "" if second is None else f"{axes[1].name} {second:g}"
    curves = [(model, table.curve(model, figure, second)) for model in table.models]
    lines = tuple(
        Line(model, tuple(x for x, _ in points), tuple(y for _, y in points))
        for model, points in curves
        if points
    )
    breaking = [(model, table.breaking_point(model, figure, second)) for model in _networks(table)]
    levels = tuple(
        Level(tr("{model} falls behind", model=model), value, "x")
        for model, value in breaking
        if value is not None and figure == HEADLINE
    )
    return Curves(title, axes[0].name, tr(DRAWN[figure]), lines, levels)


def _rows(table: Table, seconds: tuple[float | None, ...]) -> list[tuple[str, ...]]:
    return [
        (
            model,
            *(() if second is None else (f"{second:g}",)),
            *(breaking_words(table, model, figure, second) for figure in BREAKING),
        )
        for model, second in itertools.product(_networks(table), seconds)
    ]


def _networks(table: Table) -> list[str]:
    return [card.name for card in table.sweep.models if card.name in table.models]
