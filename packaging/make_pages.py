"""Write the pages of the manual that the program itself knows: docs/command-line.md and docs/models (`make docs`)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from brainsr_desktop.cli.main import COMMANDS, build_parser
from brainsr_desktop.models.card import Card
from brainsr_desktop.models.card_rows import rows_of
from brainsr_desktop.models.catalog import load_catalog

DOCS: Final = Path(__file__).resolve().parent.parent / "docs"
EXAMPLES: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "info": (
        ("What the sample study holds", "brainsr info resources/sample"),
        ("The same for another program", "brainsr info resources/sample --json"),
    ),
    "enhance": (
        (
            "A slice of the first series by the default model, as DICOM; without --slices all of them",
            "brainsr enhance resources/sample -o out/one --series 1 --slices 25",
        ),
        (
            "One slice as NIfTI and PNG by the small model, four slices at a time, nothing said but the folder's name",
            (
                "brainsr enhance resources/sample -o out/small --series 1 --slices 25 --model espcn-x4 "
                "--format nifti --format png --jobs 4 --quiet"
            ),
        ),
        (
            "Everything that can be enhanced, patient data left out, with a summary of how each series ended",
            "brainsr enhance tests/data -o out/all --model bicubic --anonymise --summary out-summary.json",
        ),
    ),
    "degrade": (
        (
            "A slice made four times coarser by k-space, with noise, as NIfTI",
            (
                "brainsr degrade resources/sample -o out/worse --series 2 --slices 25 --down kspace --scale 4 "
                "--noise 2 --seed 1"
            ),
        ),
    ),
    "models": (("Which models there are", "brainsr models"),),
    "evaluate": (
        (
            "One slice made worse and enhanced, with figures against the truth",
            "brainsr evaluate resources/sample --series 2 --slices 25 --models bicubic,espcn-x4 --noise 2 --seed 1",
        ),
    ),
    "sweep": (
        (
            "Up to how much noise a small network is better than interpolation, on one slice",
            (
                "brainsr sweep resources/sample --series 2 --slices 25 --vary noise=0:8:4 --models espcn-x4 "
                "--csv out-sweep.csv"
            ),
        ),
    ),
    "report": (
        (
            "A report that was exported with a series, once more as HTML and PDF",
            "brainsr report report.json -o out",
        ),
    ),
    "train": (("Which configurations are shipped", "brainsr train --list"),),
}
"""What each does and the command; tests/test_manual.py runs those that work on what comes with the program."""

HEAD: Final = """\
# The command line

Made by `python packaging/make_pages.py` from the program's own options.

`brainsr` does the work of the window without one. Results go to standard output, everything for people to standard
error, so `--json` can be piped. Every command knows `--help`, `--quiet` and `--verbose`. The examples work in the
source folder; with an installed program name your own folder instead of `resources/sample`.

| exit status | meaning |
| --- | --- |
| 0 | all that was asked for was done |
| 1 | part of it failed; what and why is on standard error, and in the JSON |
| 2 | the command line is wrong |
| 3 | nothing to work on: no such path, or no image that can be used |
| 4 | the engine could not run: model missing or damaged, device not there, out of memory |
| 130 | interrupted with Ctrl-C; what was finished stays |

`brainsr-desktop [PATH ...]` opens the window on files or folders; a second start hands its paths to the first window,
unless `--new-window` is given.
"""
LARGE_WORK: Final = """\
### Large work

`brainsr enhance` takes a tree of thousands of series. One series that fails does not stop the next; at the end those
that are not complete are listed again with the reason, and the exit status is 1. `--summary FILE` keeps a JSON file,
never more than ten seconds behind while the command runs: `state` (`running`, `finished`, `stopped`), `counts`,
`failures`, and every series with its folder. It names the sources, also with `--anonymise`: do not give it away.

The command may be stopped by Ctrl-C, killed, or cut off by a power failure. Start the same command again: finished
series are recognised by their content and skipped, unfinished ones go on at the first missing slice, nothing is written
over. With `--json` each series is a line of its own as it ends, then a summary:

    {"series_uid": "1.2…", "status": "done", "output": "out/104_T1_SRx4", "slices": 60, "seconds": 21.3, "error": null}
    {"summary": {"series": 1, "done": 1, "skipped": 0, "failed": 0, "seconds": 24.0}}

Series of the same name get `(2)`, `(3)` … behind it; `export.json` in each folder says which series it was made from.
More than one machine: [On a cluster](cluster.md).
"""


def command_line() -> str:
    """The page of the command line."""
    parsers = next(
        action.choices for action in build_parser()._actions if isinstance(action, argparse._SubParsersAction)
    )
    parts = [HEAD]
    for name in COMMANDS:
        parts.append(_command(name, parsers[name]))
        if name == "enhance":
            parts.append(LARGE_WORK)
    return "\n".join(parts)


def _command(name: str, parser: argparse.ArgumentParser) -> str:
    options = [action for action in parser._actions if action.help != argparse.SUPPRESS]
    own = [action for action in options if action.dest not in ("help", "quiet", "verbose")]
    lines = [f"## brainsr {name}", "", f"{COMMANDS[name].HELP[0].upper()}{COMMANDS[name].HELP[1:]}.", ""]
    if own:
        lines += ["| option | meaning |", "| --- | --- |"]
        lines += [f"| `{_call(action)}` | {_meaning(action)} |" for action in own]
        lines.append("")
    for text, command in EXAMPLES[name]:
        lines += [f"{text}:", "", *_wrapped(command), ""]
    return "\n".join(lines)


def _call(action: argparse.Action) -> str:
    metavar = action.metavar or (
        f"{{{','.join(map(str, action.choices))}}}" if action.choices else action.dest.upper()
    )
    shown = metavar if isinstance(metavar, str) else " ".join(metavar)
    if not action.option_strings:
        return f"{shown} ..." if action.nargs == "+" else shown
    names = ", ".join(action.option_strings)
    return names if action.nargs == 0 else f"{names} {shown}"


def _meaning(action: argparse.Action) -> str:
    text = (action.help or "").replace("%%", "%").replace("|", "\\|")
    choices = ", ".join(map(str, action.choices)) if action.choices and action.metavar else ""
    return (
        text
        + (f" ({choices})" if choices else "")
        + (" (required)" if action.required and action.option_strings else "")
    )


def _wrapped(command: str) -> list[str]:
    """A command as a code block of at most 100 columns."""
    lines, line = [], ""
    for word in command.split():
        if len(line) + len(word) > 92:
            lines.append(f"    {line}\\")
            line = "    "
        line += f"{word} "
    return [*lines, f"    {line.rstrip()}"]


def model_pages() -> dict[str, str]:
    """The pages of the shipped models by file name, the list of them included."""
    cards = [card for card in load_catalog().cards if not card.from_user]
    pages = {f"{card.name}.md": _model(card) for card in cards if not card.is_interpolation}
    pages["index.md"] = _model_list(cards)
    return pages


def _model_list(cards: Iterable[Card]) -> str:
    lines = [
        "# The models",
        "",
        "Made by `python packaging/make_pages.py` from the models' cards. Every figure on these pages was measured",
        "with `brainsr evaluate` and stands in the model's `card.toml`, with the data it was measured on.",
        "",
        "*Fidelity* models are trained to be near the truth, *preview* models to be fast; a *perceptual* model is",
        "trained to look sharp and **invents detail**; *reference* models repeat published networks for comparison;",
        "*baselines* are plain interpolations. When to trust which: [How to judge what you see](../judging.md).",
        "",
        "| model | role | scale | parameters | what it is |",
        "| --- | --- | --- | --- | --- |",
    ]
    for card in cards:
        name = f"`{card.name}`" if card.is_interpolation else f"[{card.name}]({card.name}.md)"
        scales = ", ".join(f"x{scale}" for scale in card.scales)
        size = "" if card.is_interpolation else f"{card.parameters:,}"
        lines.append(f"| {name} | {card.role} | {scales} | {size} | {_cell(card.description)} |")
    lines += [
        "",
        "`brainsr models` prints the same list. A model of your own: [Training on your own data](../training.md).",
    ]
    return "\n".join(lines) + "\n"


def _model(card: Card) -> str:
    lines = [f"# {card.name}", "", f"{card.title}. {card.description}", "", f"**Limits.** {card.limits}", ""]
    lines += _quality(card.metrics)
    lines += ["## Facts", "", "| fact | value |", "| --- | --- |"]
    apart = ("Name", "Title", "Description", "Limits", "Quality:", "Data: sources")
    rows = [(name, text) for name, text in rows_of(card) if not name.startswith(apart)]
    lines += [f"| {_cell(name)} | {_cell(text)} |" for name, text in rows]
    sources = card.data.get("sources", [])
    if sources:
        lines += ["", "## Trained on", ""]
        lines += [f"- {_cell(entry['source'])}: {_cell(entry['licence'])}" for entry in sources]
    return "\n".join([*lines, "", "[All models](index.md)", ""])


def _quality(metrics: Mapping[str, Any]) -> list[str]:
    """The figures of each way to reduce a slice, beside those of the best interpolation."""
    rows = [
        f"| {name} | {found['head_psnr']:.2f} dB | {found['ssim']:.3f} | {found['gain_db']:+.2f} dB "
        f"({found['gain_ci95'][0]:+.2f} to {found['gain_ci95'][1]:+.2f}) | {found['best_baseline']} | {found['n']} |"
        for name, found in metrics.items()
    ]
    if not rows:
        return []
    return [
        "## Quality",
        "",
        "Slices of people who were not trained on, made coarser, enhanced and held against the truth: PSNR and SSIM",
        "inside the head, and the gain over the best interpolation with its 95 % interval.",
        "",
        "| reduced by | PSNR | SSIM | gain | best interpolation | slices |",
        "| --- | --- | --- | --- | --- | --- |",
        *rows,
        "",
    ]


def _cell(value: Any) -> str:
    return " ".join(str(value).split()).replace("|", "\\|").replace("<", "\\<")


def pages() -> dict[Path, str]:
    """Every page by its file."""
    found = {DOCS / "models" / name: text for name, text in model_pages().items()}
    return {**found, DOCS / "command-line.md": command_line()}


if __name__ == "__main__":
    (DOCS / "models").mkdir(exist_ok=True)
    written = pages()
    for path in (DOCS / "models").glob("*.md"):
        if path not in written:
            path.unlink()
    for path, text in written.items():
        path.write_text(text, encoding="utf-8")
    print(f"{len(written)} pages are written")
    sys.exit(0)
