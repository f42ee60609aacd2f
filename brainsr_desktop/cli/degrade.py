"""``brainsr degrade``: series made worse on purpose, as training and the window's test mode do it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, cast

from brainsr_desktop.cli.arguments import (
    FORMATS,
    add_export,
    add_sources,
    check_output,
    check_sources,
    check_summary,
    number,
    whole_number,
)
from brainsr_desktop.cli.console import Console
from brainsr_desktop.core.errors import UsageError

if TYPE_CHECKING:
    from brainsr_desktop.core.degrade import Degradation
    from brainsr_desktop.io.messages import ExportFormat

HELP = "make series worse on purpose, to test with"
EXAMPLE = "brainsr degrade ~/scans/head -o ~/worse --down kspace --scale 2 --noise 3 --seed 1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options."""
    add_sources(parser)
    add_export(parser, FORMATS, "nifti")
    add_degradation(parser, scales=(1, 2, 4))


def add_degradation(parser: argparse.ArgumentParser, scales: tuple[int, ...]) -> None:
    """What is done to a slice; the same options wherever slices are made worse."""
    parser.add_argument(
        "--noise",
        metavar="PERCENT",
        type=number(0.0, 100.0),
        default=0.0,
        help="noise in percent of the slice's 99.5th percentile (default: 0)",
    )
    parser.add_argument(
        "--noise-kind",
        choices=("rician", "gaussian"),
        default="rician",
        help="as a magnitude picture has it, or with a sign (default: rician)",
    )
    parser.add_argument(
        "--blur",
        metavar="SIGMA",
        type=number(0.0, 100.0),
        default=0.0,
        help="Gaussian blur in pixels of the reduced slice (default: 0)",
    )
    parser.add_argument(
        "--bias",
        metavar="PERCENT",
        type=number(0.0, 40.0),
        default=0.0,
        help="slow change of the brightness over the slice, up to so many percent (default: 0)",
    )
    parser.add_argument(
        "--down",
        choices=("kspace", "bicubic"),
        default="kspace",
        help="how the matrix is reduced (default: kspace)",
    )
    parser.add_argument(
        "--scale",
        type=int,
        choices=scales,
        default=4,
        help="how many times smaller the matrix becomes (default: 4)",
    )
    parser.add_argument(
        "--seed",
        metavar="N",
        type=whole_number(0, 2**64 - 1),
        default=0,
        help="of noise and bias (default: 0)",
    )


def degradation(options: argparse.Namespace) -> Degradation:
    """The options of `add_degradation` as a value."""
    from brainsr_desktop.core.degrade import Degradation

    return Degradation(
        noise_percent=options.noise,
        blur_px=options.blur,
        reduction=options.scale,
        method=options.down,
        seed=options.seed,
        noise=options.noise_kind,
        bias_percent=options.bias,
    )


def run(options: argparse.Namespace, console: Console) -> int:
    """Degrade every chosen series."""
    formats = tuple(options.formats or ["nifti"])
    if "dicom" in formats:
        raise UsageError(
            "--format: degraded pictures are not written as DICOM, where they could pass for a scan.",
            advice="Choose nifti, png, tiff or gif.",
        )
    check_sources(options.paths)
    check_output(options.output, options.paths)
    check_summary(options.summary)

    from brainsr_desktop.cli import series_export
    from brainsr_desktop.core.recipe import DEGRADED, Recipe
    from brainsr_desktop.io.messages import ExportOptions, ModelNote
    from brainsr_desktop.models.catalog import load_catalog

    chosen = degradation(options)
    plan = series_export.Plan(
        recipe=Recipe(DEGRADED, 1, chosen),
        model=ModelNote(id=DEGRADED, sha256="", grid="half_pixel", title="degraded on purpose"),
        options=ExportOptions(
            folder=str(options.output.absolute()),
            formats=cast("tuple[ExportFormat, ...]", formats),
            overwrite=options.overwrite,
            name_pattern="{source_number}_{description}_degraded",
        ),
        geometry=lambda geometry: geometry.reduced(chosen.reduction),
        slices=options.slices,
    )
    return series_export.run(options, console, plan, load_catalog())
