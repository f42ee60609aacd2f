"""One entry of a configuration, several values: a run for each, then loss and PSNR beside each other.

The width ablation of the ADNI study: `brainsr train espcn-ps-x4.toml --compare network.config.width=32,64,128`.
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from brainsr_desktop.core.errors import UsageError
from brainsr_desktop.train import checkpoint, records
from brainsr_desktop.train.ablation_plot import draw_comparison
from brainsr_desktop.train.config import Comparison, Config, read
from brainsr_desktop.train.loop import train
from brainsr_desktop.train.networks import build_network
from brainsr_desktop.train.size import gflop, parameter_count
from brainsr_desktop.train.validation import PROTOCOLS, Floats, head_psnr_by_protocol, read_bench

TABLE_FILE: Final = "comparison.csv"
TEXT_FILE: Final = "comparison.md"
PLOT_FILE: Final = "comparison.png"
_LAST_PART: Final = 0.1
"""The loss of a run is the mean over this part of it, at the end: single batches differ too much."""
_MEANING: Final = (
    "Final loss: the mean over the last tenth of a run, as trained."
    " PSNR: inside the head, peak 1.0, mean over all slices of {bench}."
)
_CAUTION: Final = (
    "Losses depend on the data, their range and how they are reduced: ours and the study's cannot be compared as"
    " numbers, only by how they change with the value."
)


@dataclass(frozen=True, slots=True)
class Row:
    """One value's outcome: loss at the end, head PSNR in dB by protocol (all slices of the benchmark)."""

    value: str
    folder: Path
    parameters: int
    gflop_160: float
    steps: int
    minutes: float
    loss: float
    psnr: dict[str, float]


def compare(
    config_path: Path,
    comparison: str,
    *,
    resume: bool = False,
    finetune: str | None = None,
    dry_run: bool = False,
    data: Path | None = None,
    out: Path | None = None,
    device: str = "auto",
    overrides: Sequence[str] = (),
) -> str:
    """Train once for each value of `comparison`, KEY=VALUE,VALUE,..., in `out`/<name>-by-<entry>/; returns the table.

    Writes it as CSV and Markdown there, and a picture. dry_run trains nothing and returns no text. resume: go on with
    the run that was stopped; those that are finished stay as they are. The others are as in `train.loop.train`.

    Raises:
        UsageError: the comparison is not of that form, or as `train`.   Others: as `train`.
    """
    key, values = parsed(comparison)
    config = read(config_path, overrides)
    if data is None or not config.data.validation:
        raise UsageError("A comparison needs --data and a benchmark, data.validation.")
    if key == config.comparison.key:
        overrides = [*config.comparison.overrides, *overrides]
    entry = key.rpartition(".")[2]
    root = (out or Path("runs")) / f"{config.name}-by-{entry}"
    runs = {
        text: [*overrides, f"{key}={text}", f"name={_folder_name(f'{config.name}-{entry}-{text}')}"]
        for text in values
    }
    checked = {text: read(config_path, changes) for text, changes in runs.items()}
    for run in checked.values():
        build_network(run.network)
    for text, changes in runs.items():
        if resume and _is_finished(root, checked[text]):
            continue
        records.say(f"{config.name}: {key} = {text}")
        train(
            config_path,
            resume=resume,
            finetune=finetune,
            dry_run=dry_run,
            data=data,
            out=root,
            device=device,
            overrides=changes,
        )
    if dry_run:
        return ""
    rows = [_row(text, root / run.name, data / run.data.validation) for text, run in checked.items()]
    return _written(root, config, key, rows)


def parsed(comparison: str) -> tuple[str, tuple[str, ...]]:
    """The entry and its values, each as TOML. Raises UsageError if it is not KEY=VALUE,VALUE,... with two values."""
    key, equals, text = comparison.partition("=")
    try:
        values = [str(_toml(value)) for value in tomllib.loads(f"values = [{text}]")["values"]]
    except tomllib.TOMLDecodeError:
        values = [value.strip() for value in text.split(",")]
    key = key.strip()
    if not equals or not key or len(values) < 2 or len(set(values)) < len(values) or "" in values:
        raise UsageError(
            f"{comparison!r} is not of the form KEY=VALUE,VALUE,...",
            advice="For example: --compare network.config.width=32,64,128",
        )
    return key, tuple(values)


def _toml(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _folder_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text)


def _is_finished(root: Path, config: Config) -> bool:
    path = root / config.name / checkpoint.FILE_NAME
    if not path.exists():
        return False
    saved = checkpoint.load(path)
    length = config.run
    return saved.step >= length.steps if length.steps else saved.seconds >= 60.0 * length.minutes


def _row(value: str, folder: Path, bench: Path) -> Row:
    saved = checkpoint.load(folder / checkpoint.FILE_NAME)
    network = build_network(saved.config.network).eval().requires_grad_(False)
    network.load_state_dict(saved.average)

    @torch.inference_mode()
    def enlarged(low: Floats) -> Floats:
        result: Floats = network(torch.from_numpy(low)[None, None])[0, 0].numpy()
        return result

    return Row(
        value=value,
        folder=folder,
        parameters=parameter_count(network),
        gflop_160=gflop(network, 160 * 160),
        steps=saved.step,
        minutes=saved.seconds / 60.0,
        loss=final_loss(records.read_columns(folder / records.LOSS_FILE), saved.step),
        psnr=head_psnr_by_protocol(read_bench(bench, saved.config.network.scale), enlarged),
    )


def final_loss(columns: dict[str, list[float]], steps: int) -> float:
    """Mean of the logged losses over the last tenth of a run; not a number where none was logged."""
    last = [
        loss
        for step, loss in zip(columns.get("step", []), columns.get("loss", []), strict=True)
        if step > (1.0 - _LAST_PART) * steps
    ]
    return float(np.mean(last)) if last else float("nan")


def table_rows(rows: Sequence[Row], key: str, reference: Comparison) -> list[dict[str, str]]:
    """The table as texts by column; losses also relative to the first value's, which is what can be compared."""
    stated = reference.figures if reference.key == key else {}
    first = stated.get(rows[0].value)
    table = []
    for row in rows:
        study = stated.get(row.value)
        table.append(
            {
                key.rpartition(".")[2]: row.value,
                "parameters": str(row.parameters),
                "GFLOP at 160 x 160": f"{row.gflop_160:.2f}",
                "steps": str(row.steps),
                "minutes": f"{row.minutes:.1f}",
                "final loss": f"{row.loss:.5f}",
                "relative": f"{row.loss / rows[0].loss:.3f}",
                "study's loss": f"{study:.5f}" if study else "",
                "study's relative": f"{study / first:.3f}" if study and first else "",
            }
            | {f"{protocol} dB": f"{row.psnr[protocol]:.2f}" for protocol in PROTOCOLS}
            | {"mean dB": f"{np.mean([row.psnr[protocol] for protocol in PROTOCOLS]):.2f}"}
        )
    return table


def _written(root: Path, config: Config, key: str, rows: Sequence[Row]) -> str:
    reference = config.comparison
    table = table_rows(rows, key, reference)
    with (root / TABLE_FILE).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    stated = reference.key == key
    text = _markdown(table)
    notes = [_MEANING.format(bench=config.data.validation)]
    if stated:
        notes += [f"The study: {reference.source}", _CAUTION]
    heading = f"# {config.name}: {key}"
    (root / TEXT_FILE).write_text("\n\n".join([heading, text, *notes]) + "\n", encoding="utf-8")
    draw_comparison(
        root / PLOT_FILE,
        title=f"{config.name}: {key}",
        curves={row.value: records.read_columns(row.folder / records.LOSS_FILE) for row in rows},
        losses=[row.loss for row in rows],
        stated=[reference.figures.get(row.value) if stated else None for row in rows],
        psnr={protocol: [row.psnr[protocol] for row in rows] for protocol in PROTOCOLS},
    )
    return "\n\n".join([text, *notes])


def _markdown(table: Sequence[dict[str, str]]) -> str:
    rows = [list(table[0]), *(list(row.values()) for row in table)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    return "\n".join([lines[0], "| " + " | ".join("-" * (w - 1) + ":" for w in widths) + " |", *lines[1:]])
