"""``brainsr report``: the pages of a report once more, from its JSON."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainsr_desktop.cli.console import Console, path_text
from brainsr_desktop.core.errors import NotWritable, UsageError

if TYPE_CHECKING:
    from brainsr_desktop.models.catalog import Catalog
    from brainsr_desktop.session.sweep_table import Table

HELP = "make the HTML and PDF of a report from its JSON, byte for byte"
EXAMPLE = "brainsr report ~/enhanced/504_t1_SRx4/504_t1_SRx4_report.json -o ~/reports"
FIGURE = "figure.png"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options."""
    parser.add_argument("file", metavar="FILE.json", type=Path, help="as it was written beside a report")
    parser.add_argument(
        "-o", "--output", metavar="OUT", type=Path, required=True, help="folder for the pages"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace other files of the same names")


def run(options: argparse.Namespace, console: Console) -> int:
    """Make the pages."""
    from brainsr_desktop.io.report_file import pages_of, read_content

    content = read_content(options.file)
    pages = {options.output / f"{options.file.stem}{suffix}": page for suffix, page in pages_of(content)}
    if not options.overwrite:
        _refuse_other(pages)
    for path, page in pages.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(page)
        except OSError as error:
            raise NotWritable(f"{path.name} could not be written: {error.strerror}.", path=path) from error
        console.result(path_text(path))
    return 0


def _refuse_other(pages: dict[Path, bytes]) -> None:
    """Pages that are there already may be written again, for they are the same; anything else may not."""
    for path, page in pages.items():
        if path.exists() and not (path.is_file() and path.read_bytes() == page):
            raise UsageError(
                f"--output: {path.name} is there already and says something else.",
                advice="Name another folder, or add --overwrite.",
            )


def figure_path(options: argparse.Namespace) -> Path:
    """Where the figure of an evaluation goes: where it was asked for, else beside the report."""
    path: Path = options.figure or options.report / FIGURE
    return path


def write_evaluation(
    options: argparse.Namespace, catalog: Catalog, evaluation: Mapping[str, Any], console: Console
) -> None:
    """The report of ``brainsr evaluate --report``; the figure that was drawn becomes a part of it."""
    from brainsr_desktop.cli.degrade import degradation
    from brainsr_desktop.io.report import degradation_rows
    from brainsr_desktop.train.bench_report import write_bench_report

    is_drawn = bool(options.bench or options.protocols)
    rows = [
        ("Models", ", ".join(evaluation["results"])),
        ("Device, precision", f"{options.device}, {options.precision}"),
        ("Careful mode, too", "yes" if options.careful else "no"),
        ("Every so many slices", str(options.stride)),
    ]
    if options.planted:
        rows.append(("Seed of the planted structures", str(options.seed)))
    if not is_drawn:
        rows += degradation_rows(degradation(options))
    cards = [
        card for card in catalog.cards if card.name in evaluation["results"] and not card.is_interpolation
    ]
    figures = [figure_path(options)] if is_drawn else []
    told = evaluation if options.bench else {**evaluation, "bench": "series"}  # a folder may name a patient
    try:
        paths = write_bench_report(options.report, told, tuple(rows), cards, figures)
    except OSError as error:
        raise NotWritable(
            f"The report could not be written: {error.strerror}.", path=error.filename
        ) from error
    _tell(paths, console)


def write_sweep(folder: Path, table: Table, console: Console) -> None:
    """The report of ``brainsr sweep --report``: the sweep, the cards of its networks, versions."""
    from brainsr_desktop.io.report import notice, versions
    from brainsr_desktop.io.report_file import write_files
    from brainsr_desktop.io.report_model import Report, Section, facts
    from brainsr_desktop.session.sweep_report import sweep_section
    from brainsr_desktop.train.bench_report import card_section

    cards = [card for card in table.sweep.models if card.name in table.models]
    sections = (
        sweep_section(table),
        *(card_section(card) for card in cards),
        Section("Versions", (facts(versions()),)),
    )
    footer = "Figures of a sweep, for research; not for diagnosis."
    try:
        folder.mkdir(parents=True, exist_ok=True)
        paths = write_files(Report("bench", "Sweep", notice(), footer, sections), folder)
    except OSError as error:
        raise NotWritable(
            f"The report could not be written: {error.strerror}.", path=error.filename
        ) from error
    _tell(paths, console)


def _tell(paths: Sequence[Path], console: Console) -> None:
    for path in paths:
        console.say(f"Written: {path_text(path)}")
