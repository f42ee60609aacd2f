"""The comparison figure: truth, input, interpolations and models side by side, with what each scores, an enlarged part
of each, and what each lacks of the truth's power spectrum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from brainsr_desktop.core.errors import UsageError
from brainsr_desktop.core.filters import eroded, gaussian_taps, separable
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.core.resample import enlarge
from brainsr_desktop.core.spectrum import frequencies
from brainsr_desktop.engine.pipeline import Engine
from brainsr_desktop.io.curve_data import Axes, Line
from brainsr_desktop.io.curves import line_plot
from brainsr_desktop.train.bench import SliceSet, TrueSlice
from brainsr_desktop.train.evaluate import Entrant, enhanced, entrants_of, judge
from brainsr_desktop.train.report import Report, rows_of

Floats: TypeAlias = npt.NDArray[np.float32]
Part: TypeAlias = tuple[int, int, int]
"""First row, first column and side of a square, pixels."""

GAP_PX: Final = 6
LINE_PX: Final = 18
TEXT_PX: Final = 13
PLOT_PX: Final = (520, 300)
PART_SHARE: Final = 0.2
"""Side of the enlarged part, of the shorter side of the slice."""
ENLARGED: Final = 2
"""The part is drawn so many times larger, in the lower right corner."""
FRAME: Final = (255, 210, 0)
ALWAYS: Final = ("bicubic", "zerofill")
"""Interpolations that every figure shows."""
LOWEST_DB: Final = -30.0
HIGHEST_DB: Final = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One picture (rows, columns), 0..1 as black to white, with its title and lines below it."""

    pixels: Floats
    title: str
    caption: str = ""
    more: str = ""


def write_figure(
    path: Path,
    slices: SliceSet,
    models: Sequence[str],
    engine: Engine,
    *,
    scale: int | None = None,
    numbers: Sequence[int] = (),
    report: Report | None = None,
    careful: bool = False,
) -> None:
    """Draw slices, for each a row for each protocol: truth | input | interpolations | each model, and below them the
    power spectra of a ``report``. PNG.

    ``scale`` defaults to the largest that one of the models has, ``numbers`` to the slice in the middle.

    Raises:
        UsageError: no such model or slice, or no input of that scale.
        ReadError, ModelError, EngineError: see `train.evaluate.evaluate_set`.
    """
    entrants = entrants_of(engine, models, careful=careful)
    groups = [group for group in slices.groups() if scale in (None, group[0])]
    usable = [group for group in groups if any(group[0] in entrant.card.scales for entrant in entrants)]
    chosen = list(numbers) or [slices.numbers[len(slices.numbers) // 2]]
    if not usable or not set(chosen) <= set(slices.numbers):
        raise UsageError(f"{slices.name} has no such slice for these models.")
    factor = usable[0][0]
    protocols = [protocol for s, protocol in usable if s == factor]
    shown = _shown(engine, entrants, factor)
    blocks = [_block(slices, number, protocols, factor, shown, engine) for number in chosen]
    if report is not None:
        blocks.append(_spectra(report, factor, protocols))
    _stacked(blocks).save(path, format="PNG")


def draw_figure(rows: Sequence[Sequence[Panel]], part: Part | None = None) -> Image.Image:
    """Rows of panels of one size with titles and captions; ``part`` is framed in each panel, and drawn larger.

    Raises:
        ValueError: there is no panel, or their sizes differ.
    """
    sizes = {panel.pixels.shape for row in rows for panel in row}
    if len(sizes) != 1:
        raise ValueError("The panels of a figure must have one size.")
    height, width = sizes.pop()
    step_x, step_y = width + GAP_PX, height + 3 * LINE_PX + GAP_PX
    canvas = Image.new(
        "RGB", (max(len(row) for row in rows) * step_x + GAP_PX, len(rows) * step_y + GAP_PX), "white"
    )
    pen = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(TEXT_PX)
    for i, row in enumerate(rows):
        for j, panel in enumerate(row):
            x, y = GAP_PX + j * step_x, GAP_PX + i * step_y
            pen.text((x, y), panel.title, fill="black", font=font)
            canvas.paste(_drawn(panel.pixels, part), (x, y + LINE_PX))
            pen.text((x, y + LINE_PX + height), panel.caption, fill=(60, 60, 60), font=font)
            pen.text((x, y + 2 * LINE_PX + height), panel.more, fill=(60, 60, 60), font=font)
    return canvas


def detailed_part(truth: TrueSlice) -> Part:
    """The square with the most detail inside the head, away from skull and edge: where the gradient, averaged over
    the square, is largest."""
    rows, columns = truth.pixels.shape
    side = max(8, round(PART_SHARE * min(rows, columns)))
    down, across = np.gradient(truth.pixels.astype(np.float64))
    inside = eroded(truth.head, side // 2)
    detail = separable(np.hypot(down, across) * inside, gaussian_taps(side / 4, side // 2))
    # The lower right corner is covered by the enlarged part.
    detail[rows - ENLARGED * side - side // 2 :, columns - ENLARGED * side - side // 2 :] = 0.0
    row, column = np.unravel_index(int(np.argmax(detail)), detail.shape)
    first, start = (
        min(max(int(middle) - side // 2, 0), length - side)
        for middle, length in ((row, rows), (column, columns))
    )
    return first, start, side


def _drawn(pixels: Floats, part: Part | None) -> Image.Image:
    levels = np.clip(pixels * 255.0 + 0.5, 0.0, 255.0).astype(np.uint8)
    picture = Image.fromarray(levels).convert("RGB")
    if part is None:
        return picture
    row, column, side = part
    inset = Image.fromarray(levels[row : row + side, column : column + side]).convert("RGB")
    inset = inset.resize((ENLARGED * side, ENLARGED * side), Image.Resampling.NEAREST)
    corner = picture.width - inset.width, picture.height - inset.height
    picture.paste(inset, corner)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((column, row, column + side - 1, row + side - 1), outline=FRAME)
    pen.rectangle((*corner, picture.width - 1, picture.height - 1), outline=FRAME)
    return picture


def _shown(engine: Engine, entrants: Sequence[Entrant], scale: int) -> list[Entrant]:
    """Interpolations first: those that are always shown, then what was asked for."""
    always = [Entrant(name, engine.catalog.find(name)) for name in ALWAYS]
    asked = [entrant for entrant in entrants if scale in entrant.card.scales and entrant.name not in ALWAYS]
    return sorted([*always, *asked], key=lambda entrant: not entrant.card.is_interpolation)


def _block(
    slices: SliceSet,
    number: int,
    protocols: Sequence[str],
    scale: int,
    shown: Sequence[Entrant],
    engine: Engine,
) -> Image.Image:
    truth = slices.true_slice(number)
    rows = [
        _row(truth, slices.low(number, scale, protocol), protocol, scale, shown, engine)
        for protocol in protocols
    ]
    return draw_figure(rows, detailed_part(truth))


def _row(
    truth: TrueSlice, low: Floats, protocol: str, scale: int, shown: Sequence[Entrant], engine: Engine
) -> list[Panel]:
    panels = [
        Panel(truth.pixels, "truth", f"slice {truth.number}, {truth.label}"),
        Panel(enlarge(low, scale, "nearest"), f"input x{scale}, {protocol}"),
    ]
    for entrant in shown:
        recipe = Recipe(entrant.card.name, scale, careful=entrant.careful)
        made = enhanced(engine, low, recipe, truth.number, 1.0).pixels
        judged = judge(made, truth.pixels, truth.subject, scale, 1.0, truth.head)
        if judged is None:
            panels.append(Panel(made, entrant.name))
            continue
        found = judged.figures
        panels.append(
            Panel(
                made,
                entrant.name,
                f"head {found['head_psnr']:.2f} dB, SSIM {found['ssim']:.3f}",
                f"HaarPSI {found['haarpsi']:.3f}, spectrum {found['spectrum_db']:.1f} dB",
            )
        )
    return panels


def _spectra(report: Report, scale: int, protocols: Sequence[str]) -> Image.Image:
    """What each model of a report lacks of the truth's power, by frequency, a plot for each protocol."""
    step = PLOT_PX[0] + GAP_PX
    block = Image.new("RGB", (len(protocols) * step + GAP_PX, PLOT_PX[1] + GAP_PX), "white")
    for number, protocol in enumerate(protocols):
        lines = [
            Line(model, frequencies().tolist(), figures["power_ratio_db"])
            for model, of_scale, of_protocol, figures in rows_of(report)
            if (of_scale, of_protocol) == (f"x{scale}", protocol)
        ]
        axes = Axes(
            f"{protocol}, mean of all slices",
            "cycles per pixel (the line: where the input ends)",
            "power over the truth's, dB",
            (0.0, 0.5),
            (LOWEST_DB, HIGHEST_DB),
            (0.0, 0.125, 0.25, 0.375, 0.5),
            (-30, -20, -10, 0, 10),
            0.5 / scale,
        )
        block.paste(line_plot(lines, axes, PLOT_PX), (GAP_PX + number * step, GAP_PX))
    return block


def _stacked(blocks: Sequence[Image.Image]) -> Image.Image:
    whole = Image.new(
        "RGB", (max(block.width for block in blocks), sum(block.height for block in blocks)), "white"
    )
    y = 0
    for block in blocks:
        whole.paste(block, (0, y))
        y += block.height
    return whole
