"""A sweep as a figure: curves of each figure with the breaking points, or with two axes heat maps of the gains."""

from __future__ import annotations

import textwrap
from typing import Final, TypeAlias

from PIL import Image

from brainsr_desktop.io.curve_data import Axes, HeatMap, fitted
from brainsr_desktop.io.curves import heat_map, line_plot, sheet
from brainsr_desktop.language import tr, trn
from brainsr_desktop.session.sweep import CONTROLS, Sweep, control_name
from brainsr_desktop.session.sweep_lines import lines_of
from brainsr_desktop.session.sweep_table import DRAWN, HEADLINE, Table

PLOT_PX: Final = (620, 380)
COLUMNS: Final = 2
Gains: TypeAlias = list[list[float | None]]
MAP_PX: Final = (460, 300)
MAPPED: Final = {HEADLINE: 0.5, "ssim": 0.02, "head_hfen": 0.02}
"""Figures of the heat maps, and the least gain that full colour stands for: rounding must not look like a gain."""
WIDEST: Final = 170
"""Letters in a line below the plots."""


def sweep_figure(table: Table, name: str) -> Image.Image:
    """Everything a sweep found, on one sheet; ``name`` says of what (it must not name a patient).

    Raises:
        ValueError: there is nothing in the table yet.
    """
    two = len(table.sweep.axes) == 2
    plots = _maps(table) if two else [_plot(table, figure) for figure in DRAWN]
    return sheet(plots, len(MAPPED) if two else COLUMNS, _caption(table, name, two=two))


def _plot(table: Table, figure: str) -> Image.Image:
    lines = lines_of(table, figure)
    axis = table.sweep.axes[0]
    axes = fitted("", axis.name, tr(DRAWN[figure]), lines)
    if len(axis.values) <= len(axes.x_ticks):
        axes = _with_ticks(axes, axis.values)
    return line_plot(lines, axes, PLOT_PX)


def _with_ticks(axes: Axes, values: tuple[float, ...]) -> Axes:
    return Axes(axes.title, axes.x_name, axes.y_name, axes.x_range, axes.y_range, values, axes.y_ticks)


def _maps(table: Table) -> list[Image.Image]:
    """Gains over the best interpolation for both axes: a row for each network, a column for each figure."""
    networks = [card.name for card in table.sweep.models if card.name in table.models]
    if not networks:
        raise ValueError("No network has figures yet.")
    across, up = (axis.values for axis in table.sweep.axes)
    gains = {
        (model, figure): [[table.gain(model, (x, y), figure) for x in across] for y in up]
        for model in networks
        for figure in MAPPED
    }
    largest = {figure: max([*_sizes(gains, figure), least]) for figure, least in MAPPED.items()}
    return [
        heat_map(_map(table, model, figure, values), MAP_PX, largest[figure])
        for (model, figure), values in gains.items()
    ]


def _sizes(gains: dict[tuple[str, str], Gains], figure: str) -> list[float]:
    """Of all gains of a figure, whichever the network: the same colour means the same."""
    every = (values for (_, name), values in gains.items() if name == figure)
    return [abs(gain) for values in every for row in values for gain in row if gain is not None]


def _map(table: Table, model: str, figure: str, values: Gains) -> HeatMap:
    across, up = table.sweep.axes
    return HeatMap(
        tr("{model}: gain in {figure}", model=model, figure=tr(DRAWN[figure])),
        tr("{across} (upwards: {up})", across=control_name(across.control), up=control_name(up.control)),
        across.values,
        up.values,
        values,
        2 if figure == HEADLINE else 3,
    )


def _caption(table: Table, name: str, *, two: bool) -> list[str]:
    sweep = table.sweep
    words = [
        trn(
            "{name}: mean of {count} slice.", "{name}: mean of {count} slices.", len(table.slices), name=name
        ),
        tr("Blue: better than the best interpolation; orange with a dark outline: behind it.")
        if two
        else tr("Dashed: interpolations. Diamond: from here on behind the best of them."),
        _unvaried(sweep),
    ]
    return textwrap.wrap(" ".join(words), WIDEST)


def _unvaried(sweep: Sweep) -> str:
    worse, varied = sweep.base, {axis.control for axis in sweep.axes}
    values = {
        "noise": worse.noise_percent,
        "blur": worse.blur_px,
        "bias": worse.bias_percent,
        "scale": worse.reduction,
    }
    named = [f"{control_name(control)} {values[control]:g}" for control in CONTROLS if control not in varied]
    return tr(
        "Not varied: {named}; reduced by {method}, {kind} noise, seed {seed}. The reference is the true slice.",
        named="; ".join(named),
        method=worse.method,
        kind=worse.noise,
        seed=worse.seed,
    )
