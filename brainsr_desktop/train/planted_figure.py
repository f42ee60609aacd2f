"""The picture of the hallucination test: one slice with structures by every model, and what survives by size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from PIL import Image, ImageDraw

from brainsr_desktop.core.errors import UsageError
from brainsr_desktop.core.intensity import robust_range
from brainsr_desktop.core.planted import CONTRASTS, SIZES_MM, Structure, plant, recovered
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.core.resample import enlarge
from brainsr_desktop.engine.pipeline import Engine
from brainsr_desktop.io.curve_data import Axes, Line
from brainsr_desktop.io.curves import line_plot
from brainsr_desktop.train.bench import SliceSet, TrueSlice
from brainsr_desktop.train.evaluate import Entrant, enhanced, entrants_of
from brainsr_desktop.train.figure import GAP_PX, LINE_PX, PLOT_PX, Panel, draw_figure
from brainsr_desktop.train.planted import structures_of, with_baselines
from brainsr_desktop.train.protocols import PROTOCOLS, reduced_slice

Planted: TypeAlias = Mapping[str, Any]

SURVIVED: Final = 0.5
"""A structure with so much of its contrast counts as there."""
THERE: Final = (0, 158, 115)
LOST: Final = (230, 159, 0)
ALWAYS: Final = ("bicubic", "zerofill")
"""Interpolations that are drawn even if nobody asked."""


def write_planted_figure(
    path: Path,
    slices: SliceSet,
    models: Sequence[str],
    engine: Engine,
    planted: Planted,
    *,
    number: int | None = None,
    seed: int = 0,
) -> None:
    """Draw one slice with structures, a row for each protocol, each structure framed in green where half of its
    contrast came back and in orange where not; below, the part recovered by size and by contrast, over all slices. PNG.

    ``planted`` as `train.planted.evaluate_planted` gives it. ``number`` defaults to the slice in the middle.

    Raises:
        UsageError: there is no such slice, or no model.
        ReadError, ModelError, EngineError: see `train.evaluate.evaluate_set`.
    """
    chosen = slices.numbers[len(slices.numbers) // 2] if number is None else number
    scales = [scale for entry in planted.values() for scale in entry["protocols"]]
    if chosen not in slices.numbers or not scales:
        raise UsageError(f"{slices.name} has no slice {chosen} for these models.")
    scale = max(int(name.removeprefix("x")) for name in scales)
    truth = slices.true_slice(chosen)
    structures = structures_of(truth, slices.numbers.index(chosen), seed)
    asked = entrants_of(engine, models)
    shown = [
        entrant
        for entrant in sorted(with_baselines(asked), key=lambda entrant: not entrant.card.is_interpolation)
        if scale in entrant.card.scales and (entrant in asked or entrant.name in ALWAYS)
    ]
    block = _pictures(truth, structures, scale, shown, engine)
    plots = [_by_size(planted, scale), _by_contrast(planted, scale)]
    width = max(block.width, 2 * (PLOT_PX[0] + GAP_PX))
    whole = Image.new("RGB", (width, block.height + PLOT_PX[1] + GAP_PX), "white")
    whole.paste(block, (0, 0))
    for index, plot in enumerate(plots):
        whole.paste(plot, (index * (PLOT_PX[0] + GAP_PX), block.height))
    whole.save(path, format="PNG")


def _pictures(
    truth: TrueSlice,
    structures: Sequence[Structure],
    scale: int,
    shown: Sequence[Entrant],
    engine: Engine,
) -> Image.Image:
    with_them = plant(truth.pixels, structures, truth.spacing_mm)
    low, high = robust_range(truth.pixels)
    rows: list[list[Panel]] = []
    shares: list[list[list[float]]] = []
    for protocol in PROTOCOLS:
        inputs = [reduced_slice(p, protocol, scale, truth.number) for p in (truth.pixels, with_them)]
        panels = [
            Panel(with_them, "truth with structures", f"slice {truth.number}, {truth.label}"),
            Panel(enlarge(inputs[1], scale, "nearest"), f"input x{scale}, {protocol}"),
        ]
        found: list[list[float]] = [[1.0] * len(structures), []]
        for entrant in shown:
            recipe = Recipe(entrant.card.name, scale)
            plain, planted = (enhanced(engine, p, recipe, truth.number, 1.0).pixels for p in inputs)
            back = [
                recovered(planted - plain, one, truth.spacing_mm, high - low).contrast for one in structures
            ]
            there = sum(share >= SURVIVED for share in back)
            panels.append(Panel(planted, entrant.name, f"{there} of {len(back)} structures there"))
            found.append(back)
        rows.append(panels)
        shares.append(found)
    picture = draw_figure(rows)
    _frame(picture, truth, structures, shares)
    return picture


def _frame(
    picture: Image.Image,
    truth: TrueSlice,
    structures: Sequence[Structure],
    shares: Sequence[Sequence[Sequence[float]]],
) -> None:
    """A frame around every structure of every panel, in the colour of its share."""
    pen = ImageDraw.Draw(picture)
    height, width = truth.pixels.shape
    for i, row in enumerate(shares):
        for j, back in enumerate(row):
            left, top = GAP_PX + j * (width + GAP_PX), GAP_PX + LINE_PX + i * (height + 3 * LINE_PX + GAP_PX)
            for structure, share in zip(structures, back, strict=False):
                down, across = (structure.reach_mm / side + 2.0 for side in truth.spacing_mm)
                y, x = structure.place
                box = [left + x - across, top + y - down, left + x + across, top + y + down]
                pen.rectangle([round(side) for side in box], outline=THERE if share >= SURVIVED else LOST)


def _by_size(planted: Planted, scale: int) -> Image.Image:
    lines = [
        Line(
            model,
            [float(size) for size in entry["by_size"]],
            [cell["all"]["recovered_contrast"] for cell in entry["by_size"].values()],
        )
        for model, entry in _of_scale(planted, scale)
    ]
    axes = Axes(
        "all contrasts, all protocols",
        "size of the structure, mm",
        "contrast recovered",
        (0.0, max(SIZES_MM)),
        (0.0, 1.2),
        SIZES_MM,
        (0.0, 0.25, 0.5, 0.75, 1.0),
    )
    return line_plot(lines, axes, PLOT_PX)


def _by_contrast(planted: Planted, scale: int) -> Image.Image:
    lines = []
    for model, entry in _of_scale(planted, scale):
        cells = entry["by_size"].get("4", {})
        points = [(float(name), cell["recovered_contrast"]) for name, cell in cells.items() if name != "all"]
        lines.append(Line(model, [x for x, _ in points], [y for _, y in points]))
    axes = Axes(
        "4 mm, all protocols",
        "contrast of the structure, % of the range",
        "contrast recovered",
        (0.0, max(CONTRASTS)),
        (0.0, 1.2),
        CONTRASTS,
        (0.0, 0.25, 0.5, 0.75, 1.0),
    )
    return line_plot(lines, axes, PLOT_PX)


def _of_scale(planted: Planted, scale: int) -> list[tuple[str, Any]]:
    """Models whose figures are of this scale."""
    return [(model, entry) for model, entry in planted.items() if f"x{scale}" in entry["protocols"]]
