"""``brainsr enhance``: series through a model, each into a folder of its own."""

from __future__ import annotations

import argparse
import uuid
from operator import methodcaller
from typing import TYPE_CHECKING, Final, cast

from brainsr_desktop.cli.arguments import (
    FORMATS,
    add_export,
    add_sources,
    check_output,
    check_sources,
    check_summary,
)
from brainsr_desktop.cli.console import Console
from brainsr_desktop.core.errors import CardInvalid, UsageError

if TYPE_CHECKING:
    from brainsr_desktop.io.messages import ExportFormat, ModelNote
    from brainsr_desktop.models.card import Card
    from brainsr_desktop.models.catalog import Catalog

HELP = "raise the in-plane resolution of series"
EXAMPLE = "brainsr enhance ~/scans/head -o ~/enhanced --series 2 --format dicom --format nifti"
DEFAULT_MODEL: Final = "brainsr-x4"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options."""
    add_sources(parser)
    add_export(parser, (*FORMATS, "report"), "dicom")
    parser.add_argument("--model", metavar="NAME", default=DEFAULT_MODEL, help=f"default: {DEFAULT_MODEL}")
    parser.add_argument(
        "--scale", type=int, choices=(2, 4), help="for an interpolation, which has both factors (default: 4)"
    )
    parser.add_argument("--device", metavar="DEVICE", default="auto", help="auto, cpu, cuda:0, mps or gpu:0")
    parser.add_argument("--precision", choices=("exact", "fast"), default="exact", help="default: exact")
    parser.add_argument(
        "--careful",
        action="store_true",
        help="mean over the 8 flips and turns of each slice: a little better, 8 times slower",
    )
    parser.add_argument("--anonymise", action="store_true", help="leave patient data out of the results")
    parser.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="let the workers of this Dask scheduler do it, tcp://scheduler:8786; they must see PATH and OUT",
    )
    # No model takes a noise level: told plainly, not as an unknown option.
    parser.add_argument("--noise-level", help=argparse.SUPPRESS)


def run(options: argparse.Namespace, console: Console) -> int:
    """Enhance every chosen series."""
    if options.noise_level is not None:
        raise UsageError("--noise-level: none of the models takes a noise level.", advice="Leave it out.")
    check_sources(options.paths)
    check_output(options.output, options.paths)
    check_summary(options.summary)

    from brainsr_desktop.cli import series_export
    from brainsr_desktop.core.recipe import Recipe
    from brainsr_desktop.io.messages import ExportOptions, ReportNote
    from brainsr_desktop.models.card_rows import rows_of
    from brainsr_desktop.models.catalog import load_catalog
    from brainsr_desktop.session.trust import limit_of

    catalog = load_catalog()
    card = find_card(catalog, options.model, options.scale)
    scale: int = options.scale or card.scale
    if options.precision == "fast" and not (card.is_interpolation or card.offers_fast):
        console.warn(f"{card.name} has no fast form whose loss is small enough; it is made exactly.")
    plan = series_export.Plan(
        recipe=Recipe(
            card.name, scale, device=options.device, precision=options.precision, careful=options.careful
        ),
        model=model_note(card),
        options=ExportOptions(
            folder=str(options.output.absolute()),
            formats=cast("tuple[ExportFormat, ...]", tuple(options.formats or ["dicom"])),
            anonymise=options.anonymise,
            overwrite=options.overwrite,
            anonymise_key=str(uuid.uuid4()),
        ),
        geometry=methodcaller("enlarged", scale),
        slices=options.slices,
        report=ReportNote(tuple(rows_of(card)), limit_of(card)),
    )
    if options.dask is not None:
        from brainsr_desktop.cli import cluster

        return cluster.run(options, console, plan)
    return series_export.run(options, console, plan, catalog)


def find_card(catalog: Catalog, name: str, scale: int | None) -> Card:
    """The model of that name.

    Raises:
        UsageError: there is no such model, or not for this factor.
        CardInvalid: its folder is there and damaged, or the default model is not installed.
    """
    damaged = next((problem for problem in catalog.problems if problem.path == name), None)
    if damaged is not None:
        raise CardInvalid(
            f"The model {name} cannot be used: {damaged.reason}", advice="Choose another with --model."
        )
    if name == DEFAULT_MODEL and name not in catalog.names():
        raise CardInvalid(
            f"The model {name} is not installed.", advice=f"Others are: {', '.join(catalog.names())}."
        )
    return catalog.find(name, scale)


def model_note(card: Card) -> ModelNote:
    """What an exported file says of the model."""
    from brainsr_desktop.io.messages import ModelNote

    return ModelNote(
        id=card.name,
        sha256=card.weights_sha256,
        grid=card.grid,
        data_statement=str(card.data.get("statement", "")),
        title=card.title,
    )
