"""Planted structures as a section of a report: what comes back, by model, by size and by contrast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from brainsr_desktop.io.report_model import Block, Curves, Line, Section, Table, Words

KNOWN: Final = (
    "Small structures of known size and contrast are put into the true slices before these are reduced. What a model "
    "makes of a slice with them less what it makes of it without is its answer. Recovered: share of the contrast that "
    "comes back (1 is all). Resolution: Fourier ring correlation with the truth at 1/7, median over slices. False "
    "structures: spots of 3 mm and 10 % contrast that the truth does not have."
)
ALL: Final = "all"


def planted_section(planted: Mapping[str, Mapping[str, Any]]) -> Section:
    """``planted`` as `train.planted.evaluate_planted` gives it: figures by model."""
    heads = (
        "model",
        "recovered",
        "position error, mm",
        "resolution, mm",
        "false per slice",
        "gain over the best interpolation",
        "structures",
    )
    rows = tuple(
        (
            model,
            _number(figures.get("recovered_contrast"), 3),
            _number(figures.get("position_error_mm"), 2),
            _number(figures.get("resolution_mm"), 2),
            _number(figures.get("false_structures_per_slice"), 2),
            _gain(figures),
            str(figures.get("n", "")),
        )
        for model, figures in planted.items()
    )
    blocks: list[Block] = [Words(KNOWN), Table(heads, rows, "All sizes and contrasts"), *_by_size(planted)]
    return Section("Planted structures", (*blocks, *_by_contrast(planted)))


def _by_size(planted: Mapping[str, Mapping[str, Any]]) -> list[Block]:
    """Recovered contrast over the size, as curves and as a table."""
    sizes = sorted({size for figures in planted.values() for size in figures["by_size"]}, key=float)
    if not sizes:
        return []
    shares = {model: [_share(figures, size, ALL) for size in sizes] for model, figures in planted.items()}
    places = tuple(map(float, sizes))
    lines = tuple(Line(model, places, tuple(values)) for model, values in shares.items())
    rows = tuple((model, *(_number(value, 3) for value in values)) for model, values in shares.items())
    return [
        Curves("Recovered contrast by size", "size, mm", "share of the contrast", lines),
        Table(("model", *(f"{size} mm" for size in sizes)), rows, "Recovered by size"),
    ]


def _by_contrast(planted: Mapping[str, Mapping[str, Any]]) -> list[Block]:
    """One table a model: sizes against contrasts."""
    return [table for model, figures in planted.items() if (table := _grid(model, figures)) is not None]


def _grid(model: str, figures: Mapping[str, Any]) -> Table | None:
    sizes: Sequence[str] = sorted(figures["by_size"], key=float)
    contrasts = sorted({c for of_size in figures["by_size"].values() for c in of_size if c != ALL}, key=float)
    if not sizes or not contrasts:
        return None
    rows = tuple(
        (f"{size} mm", *(_number(_share(figures, size, contrast), 2) for contrast in contrasts))
        for size in sizes
    )
    return Table(
        ("size", *(f"{contrast} %" for contrast in contrasts)), rows, f"{model}: recovered by contrast"
    )


def _share(figures: Mapping[str, Any], size: str, contrast: str) -> float | None:
    cell = figures["by_size"].get(size, {}).get(contrast, {})
    share: float | None = cell.get("recovered_contrast")
    return share


def _gain(figures: Mapping[str, Any]) -> str:
    gain, ends = figures.get("recovered_gain"), figures.get("recovered_gain_ci95")
    if gain is None:
        return ""
    return f"{gain:+.3f}" if ends is None else f"{gain:+.3f} ({ends[0]:+.3f} to {ends[1]:+.3f})"


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
