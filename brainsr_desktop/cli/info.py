"""``brainsr info``: what a folder holds, as the series browser lists it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from brainsr_desktop.cli.arguments import add_sources, check_sources
from brainsr_desktop.cli.console import Console, path_text, table

if TYPE_CHECKING:
    from brainsr_desktop.cli.sources import Found
    from brainsr_desktop.core.series import StackInfo

HELP = "list the series of a folder, and what was left out and why"
EXAMPLE = "brainsr info ~/scans/head --json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options."""
    add_sources(parser)
    parser.add_argument("--json", action="store_true", help="for programs")


def run(options: argparse.Namespace, console: Console) -> int:
    """Scan and list; 3 where there is no image."""
    from brainsr_desktop.cli.sources import FILES_CHILD, scan
    from brainsr_desktop.core.errors import NotAnImage
    from brainsr_desktop.ipc.client import BlockingClient

    check_sources(options.paths)
    with BlockingClient(FILES_CHILD, name="files") as files:
        found = scan(files, options.paths, console)
    if options.json:
        console.json(as_json(found), indent=2)
    else:
        _list(found, console)
    if not found.stacks:
        raise NotAnImage(f"There is no image among the {found.summary.seen} files.", advice="Check the path.")
    return 0


def as_json(found: Found) -> dict[str, Any]:
    """The whole result, as the command's contract has it."""
    return {
        "files": {
            "seen": found.summary.seen,
            "used": found.summary.used,
            "skipped": [
                {"path": path_text(problem.path), "reason": problem.reason}
                for problem in found.summary.skipped
            ],
        },
        "series": [stack_json(stack) for stack in found.stacks],
    }


def stack_json(stack: StackInfo) -> dict[str, Any]:
    """One stack; null where its header does not say."""
    geometry = stack.geometry
    return {
        "id": stack.id,
        "series_uid": stack.series_uid,
        "study_uid": stack.study_uid,
        "description": stack.description,
        "vendor": stack.vendor,
        "model": stack.model,
        "supported": stack.supported,
        "why_not": stack.why_not,
        "files": stack.files,
        "slices": stack.slices,
        "volumes": stack.volumes,
        "rows": geometry.rows,
        "columns": geometry.columns,
        "spacing_mm": list(geometry.spacing_mm) if stack.has_spacing else None,
        "slice_step_mm": geometry.step_mm if stack.has_position else None,
        "plane": geometry.plane if stack.has_position else None,
        "edges": geometry.edges if stack.has_position else None,
        "transfer_syntaxes": list(stack.transfer_syntaxes),
        "problems": [
            {"path": path_text(problem.path), "code": problem.code, "reason": problem.reason}
            for problem in stack.problems
        ],
    }


def _list(found: Found, console: Console) -> None:
    rows = [
        (
            stack.id,
            stack.description or "(no description)",
            f"{stack.vendor} {stack.model}".strip(),
            stack.geometry.plane if stack.has_position else "",
            f"{stack.slices} x {stack.volumes}" if stack.volumes > 1 else stack.slices,
            f"{stack.geometry.rows} x {stack.geometry.columns}",
            " x ".join(f"{value:.3g}" for value in stack.geometry.spacing_mm) if stack.has_spacing else "",
            "yes" if stack.supported else f"no: {stack.why_not}",
        )
        for stack in found.stacks
    ]
    if rows:
        console.result(
            table(rows, ("id", "series", "scanner", "plane", "slices", "matrix", "mm", "can be enhanced"))
        )
    summary = found.summary
    console.result(
        f"{summary.seen} files: {summary.used} used in {len(rows)} series, {len(summary.skipped)} left out"
    )
    for problem in summary.skipped:
        console.say(f"  left out: {path_text(problem.path)}: {problem.reason}")
    for stack in found.stacks:
        for problem in stack.problems:
            console.say(f"  series {stack.id}: {path_text(problem.path)}: {problem.reason}")
    for problem in found.elsewhere:
        console.say(f"  {path_text(problem.path)}: {problem.reason}")
