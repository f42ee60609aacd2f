"""``brainsr evaluate``: models against slices whose truth is known."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from brainsr_desktop.cli.arguments import check_sources, slice_range, whole_number
from brainsr_desktop.cli.console import Console, json_text, table
from brainsr_desktop.cli.degrade import add_degradation, degradation
from brainsr_desktop.core.errors import NotWritable, UsageError

if TYPE_CHECKING:
    from brainsr_desktop.core.series import StackInfo
    from brainsr_desktop.engine.pipeline import Engine
    from brainsr_desktop.ipc.client import BlockingClient
    from brainsr_desktop.models.card import Card
    from brainsr_desktop.train.evaluate import KnownSlice, Options, Progress
    from brainsr_desktop.train.report import Report

HELP = "score models against the truth"
EXAMPLE = "brainsr evaluate --bench val_bench.npz --models brainsr-x4,zerofill --csv figures.csv"

SAME_FIGURE: Final = 0.005
"""Figures of a card are kept to four digits; a card is reproduced if its rounded figures are met."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options."""
    parser.add_argument(
        "paths", metavar="PATH", nargs="*", help="series whose slices are degraded and made again"
    )
    parser.add_argument("--bench", metavar="FILE.npz", type=Path, help="a benchmark file, in place of PATH")
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
        "--figure", metavar="FILE.png", type=Path, help="draw one slice by each model (--bench)"
    )
    add_degradation(parser, scales=(2, 4))


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
    report = (
        _on_bench(options, console, models, engine, chosen)
        if options.bench
        else _on_series(options, console, models, engine, chosen)
    )
    _write(options, console, report, models, engine)
    return _compare(cards[0], report, console) if options.card else 0


def _check(options: argparse.Namespace) -> None:
    if bool(options.bench) == bool(options.paths):
        raise UsageError("Give either --bench FILE.npz or PATH.", advice="See: brainsr evaluate --help")
    if options.card and not options.bench:
        raise UsageError("--card needs --bench: a card's figures are those of a benchmark file.")
    if options.card and options.models:
        raise UsageError("--card names the model; leave --models out.")
    if options.figure and not options.bench:
        raise UsageError("--figure needs --bench.")


def _on_bench(
    options: argparse.Namespace, console: Console, models: list[str], engine: Engine, chosen: Options
) -> Report:
    from brainsr_desktop.train.evaluate import evaluate_bench

    with _progress(console) as progress:
        return evaluate_bench(options.bench, models, engine, progress, options=chosen)


def _on_series(
    options: argparse.Namespace, console: Console, models: list[str], engine: Engine, chosen: Options
) -> Report:
    from brainsr_desktop.cli.sources import FILES_CHILD, scan
    from brainsr_desktop.ipc.client import BlockingClient
    from brainsr_desktop.train.evaluate import evaluate_slices

    known: list[KnownSlice] = []
    with BlockingClient(FILES_CHILD, name="files") as files:
        for stack in scan(files, options.paths, console).chosen(options.series):
            known += _known_slices(files, stack, options.slices)
    with _progress(console) as progress:
        name = Path(options.paths[0]).name
        return evaluate_slices(
            known, degradation(options), models, engine, progress, name=name, options=chosen
        )


def _known_slices(files: BlockingClient, stack: StackInfo, wanted: range | None) -> list[KnownSlice]:
    """The chosen slices of the first volume of a stack that may be enhanced."""
    import numpy as np

    from brainsr_desktop.core.intensity import robust_max
    from brainsr_desktop.io.messages import FrameLoaded, LoadStack
    from brainsr_desktop.ipc.messages import Answer
    from brainsr_desktop.ipc.shared_array import SharedArray
    from brainsr_desktop.train.evaluate import KnownSlice

    volume = next(i for i, reason in enumerate(stack.volume_unsuitable) if reason is None)
    numbers = [n for n in (wanted or range(stack.slices)) if n < stack.slices and stack.frame_at(volume, n)]
    indices = tuple(volume * stack.slices + number for number in numbers)
    damaged: set[int] = set()

    def on_answer(answer: Answer) -> None:
        if isinstance(answer, FrameLoaded) and answer.problem is not None:
            damaged.add(answer.index)

    block = SharedArray.create(stack.shape, stack.dtype)
    try:
        files.call(lambda job: LoadStack(job, stack, block.ref, indices), on_answer)
        good = [index for index in indices if index not in damaged]
        pixels = [np.array(block.array[index], np.float32) for index in good]
    finally:
        block.close()
    range_max = max((robust_max(image) for image in pixels), default=0.0)
    return [
        KnownSlice(image, stack.series_uid, index % stack.slices, range_max)
        for index, image in zip(good, pixels, strict=True)
    ]


def _write(
    options: argparse.Namespace, console: Console, report: Report, models: list[str], engine: Engine
) -> None:
    from brainsr_desktop.train.figure import write_bench_figure
    from brainsr_desktop.train.report import rows_of, write_csv

    if options.json == "-":
        console.json(report, indent=2)
    else:
        heads = ("model", "scale", "protocol", "head PSNR", "PSNR", "SSIM", "NRMSE", "gain dB", "95 %", "n")
        console.result(table([_row(*row) for row in rows_of(report)], heads))
    try:
        if options.json not in (None, "-"):
            Path(options.json).write_text(json_text(report, indent=2) + "\n", encoding="utf-8")
        if options.csv:
            write_csv(report, options.csv)
        if options.figure:
            write_bench_figure(options.figure, options.bench, models, engine)
    except OSError as error:
        raise NotWritable(
            f"The figures could not be written: {error.strerror}.", path=error.filename
        ) from error


def _row(model: str, scale: str, protocol: str, figures: dict[str, Any]) -> tuple[object, ...]:
    interval = figures["gain_ci95"]
    return (
        model,
        scale,
        protocol,
        f"{figures['head_psnr']:.2f}",
        f"{figures['psnr']:.2f}",
        f"{figures['ssim']:.4f}",
        f"{figures['nrmse']:.4f}",
        f"{figures['gain_db']:.2f}",
        "" if interval is None else f"{interval[0]:.2f} to {interval[1]:.2f}",
        figures["n"],
    )


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
