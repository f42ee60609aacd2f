"""The comparison figure: truth, input, cubic interpolation and models side by side, with what each scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from brainsr_desktop.core.errors import UsageError
from brainsr_desktop.core.geometry import unknown_geometry
from brainsr_desktop.core.metrics import scores
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.core.resample import enlarge
from brainsr_desktop.engine.pipeline import Engine
from brainsr_desktop.train.bench import Bench, TrueSlice

Floats: TypeAlias = npt.NDArray[np.float32]

GAP_PX: Final = 6
LINE_PX: Final = 18
TEXT_PX: Final = 13


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One picture (rows, columns), 0..1 as black to white, with its title and a line below it."""

    pixels: Floats
    title: str
    caption: str = ""


def write_bench_figure(
    path: Path,
    bench: Path,
    models: Sequence[str],
    engine: Engine,
    *,
    scale: int | None = None,
    number: int | None = None,
) -> None:
    """Draw one slice of a benchmark, a row for each protocol: truth | input | cubic | each model. PNG.

    ``scale`` defaults to the largest that one of the models has, ``number`` to the slice in the middle of the file.

    Raises:
        UsageError: no such model or slice, or no input of that scale.
        ReadError, ModelError, EngineError: see `train.evaluate.evaluate_bench`.
    """
    names = [card.name for card in engine.catalog.cards] if "all" in models else list(dict.fromkeys(models))
    cards = [engine.catalog.find(name) for name in names]
    with Bench(bench) as file:
        groups = [group for group in file.groups() if scale in (None, group[0])]
        usable = [group for group in groups if any(group[0] in card.scales for card in cards)]
        chosen = file.numbers[len(file.numbers) // 2] if number is None else number
        if not usable or chosen not in file.numbers:
            raise UsageError(f"{bench.name} has no such slice for these models.")
        factor = usable[0][0]
        fitting = [card.name for card in cards if factor in card.scales and card.name != "bicubic"]
        truth = file.true_slice(chosen)
        rows = [
            _row(truth, file.low(chosen, factor, protocol), protocol, factor, fitting, engine)
            for s, protocol in usable
            if s == factor
        ]
    draw_figure(rows).save(path, format="PNG")


def draw_figure(rows: Sequence[Sequence[Panel]]) -> Image.Image:
    """Rows of panels of one size as a grey picture with titles and captions.

    Raises:
        ValueError: there is no panel, or their sizes differ.
    """
    sizes = {panel.pixels.shape for row in rows for panel in row}
    if len(sizes) != 1:
        raise ValueError("The panels of a figure must have one size.")
    height, width = sizes.pop()
    step_x, step_y = width + GAP_PX, height + 2 * LINE_PX + GAP_PX
    canvas = Image.new(
        "L", (max(len(row) for row in rows) * step_x + GAP_PX, len(rows) * step_y + GAP_PX), 255
    )
    pen = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(TEXT_PX)
    for i, row in enumerate(rows):
        for j, panel in enumerate(row):
            x, y = GAP_PX + j * step_x, GAP_PX + i * step_y
            pen.text((x, y), panel.title, fill=0, font=font)
            levels = np.clip(panel.pixels * 255.0 + 0.5, 0.0, 255.0).astype(np.uint8)
            canvas.paste(Image.fromarray(levels), (x, y + LINE_PX))
            pen.text((x, y + LINE_PX + height), panel.caption, fill=60, font=font)
    return canvas


def _row(
    truth: TrueSlice, low: Floats, protocol: str, scale: int, models: Sequence[str], engine: Engine
) -> list[Panel]:
    panels = [
        Panel(truth.pixels, "truth", f"slice {truth.number}, {truth.label}"),
        Panel(enlarge(low, scale, "nearest"), f"input x{scale}, {protocol}"),
    ]
    place = unknown_geometry(low.shape[0], low.shape[1], 1)
    for name in ("bicubic", *models):
        made = engine.enhance(low, Recipe(name, scale), place, slice_index=truth.number)
        found = scores(made.pixels, truth.pixels, range_max=1.0, mask=truth.head)
        label = " (fallback)" if made.fallback else ""
        panels.append(
            Panel(made.pixels, name + label, f"head {found['head_psnr']:.2f} dB, SSIM {found['ssim']:.3f}")
        )
    return panels
