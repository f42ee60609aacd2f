"""``brainsr sweep``: one or two controls of a degradation over a range, and where each model falls behind."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from brainsr_desktop.cli.arguments import check_sources, slice_range
from brainsr_desktop.cli.console import Console, json_text, table
from brainsr_desktop.cli.degrade import add_degradation, degradation
from brainsr_desktop.cli.report import write_sweep
from brainsr_desktop.core.errors import BadOutput, InputUnsuitable, NotAnImage, NotWritable, UsageError

if TYPE_CHECKING:
    from brainsr_desktop.engine.pipeline import Engine
    from brainsr_desktop.models.catalog import Catalog
    from brainsr_desktop.session.sweep import Point, Sweep
    from brainsr_desktop.session.sweep_table import Table
    from brainsr_desktop.train.evaluate import KnownSlice

HELP = "vary one or two controls of a degradation and score every model at each value"
EXAMPLE = (
    "brainsr sweep ~/scans/head --series 2 --slices 25 --vary noise=0:10:1 --models all --figure noise.png"
)
BREAKING: Final = ("head_psnr", "ssim", "head_hfen")
"""The figures whose breaking points are told on the screen; the JSON has those of all."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options."""
    parser.add_argument("paths", metavar="PATH", nargs=1, help="a folder or a file with the series")
    parser.add_argument(
        "--vary",
        metavar="noise=0:10:1",
        action="append",
        required=True,
        help="noise, blur, bias or scale with first value, last value and step, or as a list (scale=2,4); "
        "given twice, both are combined",
    )
    parser.add_argument(
        "--models", metavar="a,b|all", default="all", help="beside every interpolation (default: all)"
    )
    parser.add_argument(
        "--series", metavar="ID", help="as brainsr info lists it (default: the first that can be used)"
    )
    parser.add_argument(
        "--slices", metavar="10-12", type=slice_range, help="from 1, both ends in (default: the middle one)"
    )
    parser.add_argument("--device", metavar="DEVICE", default="auto", help="auto, cpu, cuda:0, mps or gpu:0")
    parser.add_argument("--precision", choices=("exact", "fast"), default="exact", help="default: exact")
    parser.add_argument(
        "--json", metavar="FILE", help="write curves and breaking points; - is standard output"
    )
    parser.add_argument("--csv", metavar="FILE", type=Path, help="write the figures of every picture")
    parser.add_argument("--figure", metavar="FILE.png", type=Path, help="draw the curves")
    parser.add_argument(
        "--report", metavar="DIR", type=Path, help="write a report: report.html, report.pdf and report.json"
    )
    add_degradation(parser, scales=(2, 4))


def run(options: argparse.Namespace, console: Console) -> int:
    """Sweep, then write what was asked for; 1 where pictures failed."""
    check_sources(options.paths)

    from brainsr_desktop.engine.pipeline import Engine
    from brainsr_desktop.session.sweep_table import Table

    engine = Engine()
    plan = _plan(options, engine.catalog)
    known = _slices(options, console)
    filled = Table(plan)
    failed = _fill(filled, known, engine, console)
    if not len(filled):
        raise InputUnsuitable("None of the pictures could be made and judged.")
    _write(options, console, filled)
    if options.report:
        write_sweep(options.report, filled, console)
    return 1 if failed else 0


def _plan(options: argparse.Namespace, catalog: Catalog) -> Sweep:
    from brainsr_desktop.models.catalog import BASELINES
    from brainsr_desktop.session.sweep import Sweep, axis_of, chosen_models

    axes = tuple(axis_of(text) for text in options.vary)
    scales = next((axis.values for axis in axes if axis.control == "scale"), (options.scale,))
    if options.models == "all":
        cards = catalog.cards
    else:
        only = int(scales[0]) if len(scales) == 1 else None
        cards = tuple(catalog.find(name, only) for name in dict.fromkeys(options.models.split(",")))
    models = chosen_models(cards, [int(scale) for scale in scales])
    if options.figure and len(axes) == 2 and not models:
        raise UsageError("--figure: of two controls the gains of networks are drawn; name one with --models.")
    return Sweep(axes, degradation(options), models, BASELINES, options.device, options.precision)


def _slices(options: argparse.Namespace, console: Console) -> list[KnownSlice]:
    """The chosen slices of one series."""
    from brainsr_desktop.cli.known_slices import known_slices
    from brainsr_desktop.cli.sources import FILES_CHILD, scan
    from brainsr_desktop.ipc.client import BlockingClient

    with BlockingClient(FILES_CHILD, name="files") as files:
        found = scan(files, options.paths, console)
        stack = found.chosen(None if options.series is None else [options.series])[0]
        if not stack.supported:
            raise NotAnImage(f"Series {stack.id} cannot be used: {stack.why_not}.")
        middle = stack.slices // 2
        wanted = options.slices or range(middle, middle + 1)
        known = known_slices(files, stack, wanted, "")
    if not known:
        raise UsageError(
            f"--slices: series {stack.id} has none of them.", advice=f"It has {stack.slices}, from 1 on."
        )
    console.say(f"Series {stack.id}, {len(known)} of {stack.slices} slices.")
    return known


def _fill(filled: Table, known: Sequence[KnownSlice], engine: Engine, console: Console) -> int:
    """Make and judge every picture; how many could not be made."""
    from brainsr_desktop.train.evaluate import enhanced

    points = list(filled.sweep.points())
    failed = 0
    with console.bar(len(points) * len(known), "Sweeping", unit="picture") as bar:
        for point, one in _in_order(points, known, lambda point: engine.prepare(point.recipe)):
            try:
                made = enhanced(engine, one.pixels, point.recipe, one.slice_index, one.range_max, one.padding)
            except (BadOutput, InputUnsuitable) as error:
                failed += 1
                console.error(f"{point.model}, slice {one.slice_index + 1}: {error.message}", error.advice)
            else:
                filled.add(point.model, point.values, one.slice_index, made.scores, made.seconds)
            bar.update(1)
    return failed


def _in_order(
    points: Sequence[Point], known: Sequence[KnownSlice], begin: Callable[[Point], object]
) -> Iterator[tuple[Point, KnownSlice]]:
    """Every point with every slice: a model after the other, so that it is loaded once, and a slice after the other."""
    for _, group in itertools.groupby(points, lambda point: (point.model, point.recipe.scale)):
        of_model = list(group)
        begin(of_model[0])
        for one in known:
            for point in of_model:
                yield point, one


def _write(options: argparse.Namespace, console: Console, filled: Table) -> None:
    from brainsr_desktop.session.sweep_table import as_json, csv_text

    data = as_json(filled)
    if options.json == "-":
        console.json(data, indent=2)
    else:
        console.result(_printed(filled))
    try:
        if options.json not in (None, "-"):
            Path(options.json).write_text(json_text(data, indent=2) + "\n", encoding="utf-8")
        if options.csv:
            options.csv.write_text(csv_text(filled), encoding="utf-8")
        if options.figure:
            _draw(options, filled)
    except OSError as error:
        raise NotWritable(
            f"The figures could not be written: {error.strerror}.", path=error.filename
        ) from error


def _draw(options: argparse.Namespace, filled: Table) -> None:
    from brainsr_desktop.io.curves import write_png
    from brainsr_desktop.session.sweep_figure import sweep_figure

    name = "series" if options.series is None else f"series {options.series}"
    write_png(options.figure, sweep_figure(filled, name))


def _printed(filled: Table) -> str:
    """PSNR in the head of every model at every value, then where each falls behind."""
    from brainsr_desktop.session.sweep_table import HEADLINE, SECONDS, Spread

    def cell(spread: Spread | None, digits: int) -> str:
        return "" if spread is None else f"{spread.mean:.{digits}f}"

    axes, models = filled.sweep.axes, filled.models
    heads = (*(axis.name for axis in axes), *models)
    rows = [
        (*(f"{value:g}" for value in values), *(cell(filled.spread(m, values, HEADLINE), 2) for m in models))
        for values in filled.sweep.settings
    ]
    first = filled.sweep.settings[0]
    times = [
        ("s per slice", *("" for _ in axes[1:]), *(cell(filled.spread(m, first, SECONDS), 3) for m in models))
    ]
    return "\n\n".join(
        ("PSNR in the head, dB", table([*rows, *times], heads), "Falls behind the best interpolation from:",
         table(_breaking_rows(filled), ("model", *(axis.name for axis in axes[1:]), *BREAKING)))
    )  # fmt: skip


def _breaking_rows(filled: Table) -> list[tuple[str, ...]]:
    axes = filled.sweep.axes
    seconds: tuple[float | None, ...] = axes[1].values if len(axes) == 2 else (None,)
    networks = [card.name for card in filled.sweep.models if card.name in filled.models]
    rows: list[tuple[str, ...]] = []
    for model, second in itertools.product(networks, seconds):
        points = [filled.breaking_point(model, figure, second) for figure in BREAKING]
        told = ("never" if point is None else f"{axes[0].control} {point:g}" for point in points)
        rows.append((model, *(() if second is None else (f"{second:g}",)), *told))
    return rows
