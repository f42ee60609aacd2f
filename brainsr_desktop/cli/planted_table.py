"""The tables of ``brainsr evaluate --planted``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from brainsr_desktop.cli.console import table

HEADS: Final = (
    "model",
    "scale",
    "protocol",
    "recovered",
    "over interpolation",
    "95 %",
    "resolution mm",
    "place mm",
    "false a slice",
    "n",
)
SIZE_HEADS: Final = ("model", "size mm", "contrast %", "recovered", "place mm", "n")


def planted_tables(planted: Mapping[str, Any]) -> str:
    """Both tables: by model, scale and protocol; and by size and contrast, at each model's largest scale."""
    rows = [
        _row(model, scale, protocol, figures)
        for model, entry in planted.items()
        for scale, by_protocol in entry["protocols"].items()
        for protocol, figures in by_protocol.items()
    ]
    cells = [
        (model, size, contrast, *_cell(figures))
        for model, entry in planted.items()
        for size, by_contrast in entry["by_size"].items()
        for contrast, figures in by_contrast.items()
    ]
    return f"{table(rows, HEADS)}\n\n{table(cells, SIZE_HEADS)}"


def _row(model: str, scale: str, protocol: str, figures: Mapping[str, Any]) -> tuple[object, ...]:
    recovered, place, count = _cell(figures)
    ends = figures["recovered_gain_ci95"]
    return (
        model,
        scale,
        protocol,
        recovered,
        _number(figures["recovered_gain"], "+.3f"),
        "" if ends is None else f"{ends[0]:+.3f} to {ends[1]:+.3f}",
        "none" if figures["resolution_mm"] is None else f"{figures['resolution_mm']:.2f}",
        place,
        f"{figures['false_structures_per_slice']:.2f}",
        count,
    )


def _cell(figures: Mapping[str, Any]) -> tuple[str, str, object]:
    return (
        _number(figures["recovered_contrast"], ".3f"),
        _number(figures["position_error_mm"], ".2f"),
        figures["n"],
    )


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
