"""``brainsr evaluate``: models against slices whose truth is known."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from brainsr_desktop.cli.arguments import check_sources, slice_range, whole_number
from brainsr_desktop.cli.console import Console, json_text, table
from brainsr_desktop.cli.degrade import add_degradation, degradation
from brainsr_desktop.cli.planted_table import planted_tables
from brainsr_desktop.cli.report import figure_path, write_evaluation
from brainsr_desktop.core.errors import NotWritable, UsageError

if TYPE_CHECKING:
    from brainsr_desktop.engine.pipeline import Engine
    from brainsr_desktop.models.card import Card
    from brainsr_desktop.train.bench import SliceSet, TrueSlice
    from brainsr_desktop.train.evaluate import KnownSlice, Options, Progress
    from brainsr_desktop.train.report import Report

HELP = "score models against the truth"
EXAMPLE = "brainsr evaluate --bench val_bench.npz --models brainsr-x4,zerofill --csv figures.csv"

HEADS: Final = (
    "model",
    "scale",
    "protocol",
    "head PSNR",
    "PSNR",
    "SSIM",
    "NRMSE",
    "HaarPSI",
    "spectrum dB",
    "gain dB",
    "95 %",
    "n",
)
LESION_HEADS: Final = ("model", "scale", "protocol", "lesion PSNR", "lesion SSIM", "lesion NRMSE", "n")
CAREFUL_HEADS: Final = ("model", "scale", "protocol", "dB over once", "95 %")
SAME_FIGURE: Final = 0.005
"""Figures of a card are kept to four digits; a card is reproduced if its rounded figures are met."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options."""
    parser.add_argument(
        "paths", metavar="PATH", nargs="*", help="series whose slices are degraded and made again"
    )
    parser.add_argument(
        "--bench", metavar="FILE.npz", type=Path, help="a benchmark or stack file, in place of PATH"
    )
    parser.add_argument("--models", metavar="a,b,c|all", help="default: all")
    parser.add_argument("--card", metavar="NAME", help="reproduce the table of this model's card on --bench")
    parser.add_argument(
        "--stride", metavar="N", type=whole_number(1, 10_000), default=1, help="every Nth slice only"
    )
    parser.add_argument(
        "--series", metavar="ID", action="append", help="of PATH (default: every supported MR series)"
    )
    parser.add_argument("--slices", metavar="10-40", type=slice_range, help="of PATH, from 1, both ends in")
    parser.add_argument("--device", metavar="DEVICE", default="auto", help="auto, cpu, cuda:0, mps or gpu:0")
    parser.add_argument("--precision", choices=("exact", "fast"), default="exact", help="default: exact")
    parser.add_argument(
        "--careful",
        action="store_true",
        help="judge every network in careful mode, too: the mean over the 8 flips and turns of a slice",
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures; - is standard output")
    parser.add_argument("--csv", metavar="FILE", type=Path, help="write the figures as a table")
    parser.add_argument(
        "--figure", metavar="FILE.png", type=Path, help="draw slices by each model (--bench or --protocols)"
    )
    parser.add_argument(
        "--report", metavar="DIR", type=Path, help="write a report: report.html, report.pdf and report.json"
    )
    parser.add_argument(
        "--planted",
        action="store_true",
        help="also put small known structures into the slices and tell how much of each comes back; the figure then"
        " shows these (--bench or --protocols)",
    )
    parser.add_argument(
        "--figure-slices",
        metavar="N,M",
        type=_numbers,
        default=(),
        help="by number, from 0 (default: the middle)",
    )
    parser.add_argument(
        "--protocols",
        action="store_true",
        help="PATH in the benchmark's three protocols, at both scales, in place of --noise, --blur and --down",
    )
    add_degradation(parser, scales=(2, 4))


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(number) for number in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of numbers like 3,17") from None


def run(options: argparse.Namespace, console: Console) -> int:
    """Score, then write what was asked for."""
    _check(options)
    check_sources([str(options.bench)] if options.bench else options.paths)

    from brainsr_desktop.engine.pipeline import Engine
    from brainsr_desktop.train.evaluate import Options

    engine = Engine()
    models = [options.card] if options.card else (options.models or "all").split(",")
    cards = [engine.catalog.find(name) for name in models if name != "all"]
    chosen = Options(
        device=options.device, precision=options.precision, stride=options.stride, careful=options.careful
    )
    report = _report(options, console, models, engine, chosen)
    return _compare(cards[0], report, console) if options.card else 0


def _report(
    options: argparse.Namespace, console: Console, models: list[str], engine: Engine, chosen: Options
) -> Report:
    """Score and write."""
    from brainsr_desktop.train.bench import MadeBench, open_slices
    from brainsr_desktop.train.evaluate import evaluate_set, evaluate_slices
    from brainsr_desktop.train.planted import evaluate_planted

    if options.bench or options.protocols:
        with ExitStack() as stack:
            slices = (
                stack.enter_context(open_slices(options.bench))
                if options.bench
                else MadeBench(_name(options), map(_normalised, itertools.count(), _known(options, console)))
            )
            with _progress(console) as progress:
                report = evaluate_set(slices, models, engine, progress, options=chosen)
            if options.planted:
                with _progress(console) as progress:
                    report["planted"] = evaluate_planted(
                        slices, models, engine, progress, options=chosen, seed=options.seed
                    )
            _write(options, console, report)
            _draw(options, slices, models, engine, report)
        _tell(options, engine, report, console)
        return report
    known = _known(options, console)
    with _progress(console) as progress:
        report = evaluate_slices(
            known, degradation(options), models, engine, progress, name=_name(options), options=chosen
        )
    _write(options, console, report)
    _tell(options, engine, report, console)
    return report


def _check(options: argparse.Namespace) -> None:
    if bool(options.bench) == bool(options.paths):
        raise UsageError("Give either --bench FILE.npz or PATH.", advice="See: brainsr evaluate --help")
    if options.card and not options.bench:
        raise UsageError("--card needs --bench: a card's figures are those of a benchmark file.")
    if options.card and options.models:
        raise UsageError("--card names the model; leave --models out.")
    if options.protocols and options.bench:
        raise UsageError("--protocols is for PATH; the slices of --bench come in its protocols.")
    if options.figure and not (options.bench or options.protocols):
        raise UsageError("--figure needs --bench, or PATH with --protocols.")
    if options.planted and not (options.bench or options.protocols):
        raise UsageError("--planted needs --bench, or PATH with --protocols.")


def _name(options: argparse.Namespace) -> str:
    return Path(options.paths[0]).name


def _known(options: argparse.Namespace, console: Console) -> list[KnownSlice]:
    """The slices of the chosen series."""
    from brainsr_desktop.cli.known_slices import known_slices
    from brainsr_desktop.cli.sources import FILES_CHILD, scan
    from brainsr_desktop.ipc.client import BlockingClient

    known: list[KnownSlice] = []
    with BlockingClient(FILES_CHILD, name="files") as files:
        found = scan(files, options.paths, console)
        for stack in found.chosen(options.series):
            subject = found.patients.get(stack.series_uid) or stack.study_uid or stack.series_uid
            known += known_slices(files, stack, options.slices, subject)
    return known


def _normalised(number: int, known: KnownSlice) -> TrueSlice:
    """A slice as the benchmark has them: 1.0 is the range of the series, what is above or not known is cut."""
    import numpy as np

    from brainsr_desktop.core.metrics import head_mask
    from brainsr_desktop.train.bench import TrueSlice

    clean = np.where(np.isfinite(known.pixels), known.pixels, np.float32(0.0))
    pixels = np.clip(clean / np.float32(known.range_max or 1.0), 0.0, 1.0).astype(np.float32)
    label = f"position {known.slice_index + 1}"  # a figure must not name a patient
    return TrueSlice(number, known.subject, label, pixels, head_mask(pixels), known.lesion, known.spacing_mm)


def _write(options: argparse.Namespace, console: Console, report: Report) -> None:
    from brainsr_desktop.train.report import rows_of, write_csv

    if options.json == "-":
        console.json(report, indent=2)
    else:
        rows = rows_of(report)
        console.result(table([_row(*row) for row in rows], HEADS))
        outlined = [_lesion_row(*row) for row in rows if "lesion_n" in row[3]]
        if outlined:
            console.result("\n" + table(outlined, LESION_HEADS))
        careful = [_careful_row(*row) for row in rows if "over_once_db" in row[3]]
        if careful:
            console.result("\n" + table(careful, CAREFUL_HEADS))
        if "planted" in report:
            console.result("\n" + planted_tables(report["planted"]))
    try:
        if options.json not in (None, "-"):
            Path(options.json).write_text(json_text(report, indent=2) + "\n", encoding="utf-8")
        if options.csv:
            write_csv(report, options.csv)
    except OSError as error:
        raise _not_writable(error) from error


def _draw(
    options: argparse.Namespace, slices: SliceSet, models: list[str], engine: Engine, report: Report
) -> None:
    from brainsr_desktop.train.figure import write_figure
    from brainsr_desktop.train.planted_figure import write_planted_figure

    if not (options.figure or options.report):
        return
    figure = figure_path(options)
    numbers: tuple[int, ...] = options.figure_slices
    try:
        figure.parent.mkdir(parents=True, exist_ok=True)
        if options.planted:
            number = numbers[0] if numbers else None
            planted = report["planted"]
            write_planted_figure(figure, slices, models, engine, planted, number=number, seed=options.seed)
        else:
            write_figure(
                figure, slices, models, engine, numbers=numbers, report=report, careful=options.careful
            )
    except OSError as error:
        raise _not_writable(error) from error


def _tell(options: argparse.Namespace, engine: Engine, report: Report, console: Console) -> None:
    if options.report:
        write_evaluation(options, engine.catalog, report, console)


def _not_writable(error: OSError) -> NotWritable:
    return NotWritable(f"The figures could not be written: {error.strerror}.", path=error.filename)


def _row(model: str, scale: str, protocol: str, figures: dict[str, Any]) -> tuple[object, ...]:
    return (
        model,
        scale,
        protocol,
        f"{figures['head_psnr']:.2f}",
        f"{figures['psnr']:.2f}",
        f"{figures['ssim']:.4f}",
        f"{figures['nrmse']:.4f}",
        f"{figures['haarpsi']:.4f}",
        f"{figures['spectrum_db']:.2f}",
        f"{figures['gain_db']:.2f}",
        _interval(figures["gain_ci95"], 2),
        figures["n"],
    )


def _lesion_row(model: str, scale: str, protocol: str, figures: dict[str, Any]) -> tuple[object, ...]:
    figured = (
        f"{figures['lesion_psnr']:.2f}",
        f"{figures['lesion_ssim']:.4f}",
        f"{figures['lesion_nrmse']:.4f}",
    )
    return (model, scale, protocol, *figured, figures["lesion_n"])


def _careful_row(model: str, scale: str, protocol: str, figures: dict[str, Any]) -> tuple[object, ...]:
    return (
        model,
        scale,
        protocol,
        f"{figures['over_once_db']:+.3f}",
        _interval(figures["over_once_ci95"], 3),
    )


def _interval(ends: list[float] | None, digits: int) -> str:
    return "" if ends is None else f"{ends[0]:.{digits}f} to {ends[1]:.{digits}f}"


def _compare(card: Card, report: Report, console: Console) -> int:
    """Whether the report has the card's figures; 1 where it has not."""
    measured = report["results"].get(card.name, {}).get(f"x{card.scale}", {})
    wrong = [
        f"{protocol} {name}: {figures[name]} here, {said} on the card"
        for protocol, row in card.metrics.items()
        for figures in [measured.get(protocol, {})]
        for name, said in row.items()
        if isinstance(said, float) and name in figures and abs(figures[name] - said) > SAME_FIGURE
    ]
    absent = [protocol for protocol in card.metrics if protocol not in measured]
    for line in [*wrong, *(f"{protocol}: not in this file" for protocol in absent)]:
        console.error(line)
    if not wrong and not absent:
        console.say(f"These are the figures of the card of {card.name}.")
    return 1 if wrong or absent else 0


@contextmanager
def _progress(console: Console) -> Iterator[Progress]:
    """A progress bar fed with (done, total, note)."""
    with console.bar(0, "Scoring", unit="picture") as bar:
        before = 0

        def on_progress(done: int, total: int, note: str) -> None:
            nonlocal before
            bar.total = total
            bar.set_description(note)
            bar.update(done - before)
            before = done

        yield on_progress
