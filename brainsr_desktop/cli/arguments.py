"""Options that several commands share, and their values."""

from __future__ import annotations

import argparse
import errno
import json
import math
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from brainsr_desktop.core.errors import ReadError, UsageError

FORMATS: Final = ("dicom", "nifti", "png", "tiff", "gif")
MOST_JOBS: Final = 64
SUMMARY_SCHEMA: Final = "brainsr-summary/1"


def add_sources(parser: argparse.ArgumentParser) -> None:
    """PATH ..."""
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="+",
        help="a folder, a file (DICOM, NIfTI, PNG, JPEG, TIFF, .mat of MATLAB 7.3, .npy, .npz), DICOMDIR or .zip",
    )


def add_export(parser: argparse.ArgumentParser, formats: tuple[str, ...], default: str) -> None:
    """Where results go and as what."""
    parser.add_argument(
        "-o", "--output", metavar="OUT", type=Path, required=True, help="folder for the results"
    )
    parser.add_argument(
        "--format",
        dest="formats",
        choices=formats,
        action="append",
        help=f"may be given several times (default: {default})",
    )
    parser.add_argument(
        "--series",
        metavar="ID",
        action="append",
        help="a series' id as brainsr info lists it; may be given several times (default: every supported MR series)",
    )
    parser.add_argument(
        "--slices", metavar="10-40", type=slice_range, help="from 1, both ends in (default: all)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace results of the same name")
    parser.add_argument(
        "--jobs",
        metavar="N",
        type=whole_number(1, MOST_JOBS),
        default=1,
        help="slices at a time (default: 1)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a series, then a summary")
    parser.add_argument(
        "--summary",
        metavar="FILE",
        type=Path,
        help="keep a JSON file of how each series ended, up to date while the command runs",
    )


def slice_range(text: str) -> range:
    """``10-40`` or ``7`` (from 1, both ends in) as indices from 0."""
    found = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", text.strip())
    first = int(found[1]) if found else 0
    last = int(found[2] or first) if found else 0
    if first < 1 or last < first:
        raise argparse.ArgumentTypeError(f"{text!r} is not a range of slices; right would be 10-40, or 7")
    return range(first - 1, last)


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """A converter for numbers of that range."""

    def convert(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
        return value

    return convert


def number(least: float, most: float) -> Callable[[str], float]:
    """A converter for decimal numbers of that range."""

    def convert(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {least:g} to {most:g}")
        return value

    return convert


def check_sources(paths: list[str]) -> None:
    """Every path must be there.

    Raises:
        ReadError: one is not, or cannot be reached.
    """
    for path in paths:
        try:
            is_there = Path(path).exists()
        except (OSError, ValueError) as error:  # a name no file system takes
            if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
                raise ReadError(
                    f"The path {path[:80]!r}... is longer than the system allows.",
                    advice="Move its folder nearer to the top, or give it a shorter name.",
                ) from error
            is_there = False
        if not is_there:
            raise ReadError(f"There is no file or folder {path!r}.", advice="Check the path.", path=path)


def check_output(output: Path, paths: list[str]) -> None:
    """Results must not be mixed with sources, where the next run would find them.

    Raises:
        UsageError: the output is a file, or lies inside a source folder.
    """
    if output.exists() and not output.is_dir():
        raise UsageError(
            f"--output: {output} is a file.", advice="Name a folder; it is made if it is not there."
        )
    target = output.resolve()
    for path in paths:
        source = Path(path).resolve()
        if source.is_dir() and target.is_relative_to(source):
            raise UsageError(
                f"--output: {output} lies inside {path}.", advice="Name a folder outside of the source."
            )


def check_summary(path: Path | None) -> None:
    """A summary replaces an earlier one and nothing else.

    Raises:
        UsageError: another file has that name, or its folder is not there.
    """
    if path is None:
        return
    if not path.absolute().parent.is_dir():
        raise UsageError(f"--summary: there is no folder {path.absolute().parent}.", advice="Make it first.")
    if os.path.lexists(path) and not _is_summary(path):
        raise UsageError(
            f"--summary: {path} is there already and is no summary.", advice="Choose another name."
        )


def _is_summary(path: Path) -> bool:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and content.get("schema") == SUMMARY_SCHEMA
