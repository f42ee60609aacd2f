"""What an evaluation comes to: figures by model, scale and protocol, with gains, intervals, and as a table.

``gain_db`` is the mean, over slices, of the head PSNR less that of the best interpolation on the same slice; the
best interpolation is the one with the highest mean head PSNR in that protocol. Its interval is a bootstrap over
subjects, for slices of one head are alike.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from brainsr_desktop.core.metrics import LESION_SCORES
from brainsr_desktop.core.spectrum import frequencies
from brainsr_desktop.models.catalog import BASELINES

Floats: TypeAlias = npt.NDArray[np.float64]
Report: TypeAlias = dict[str, Any]

FIGURES: Final = (
    "head_psnr",
    "psnr",
    "ssim",
    "ssim_slice",
    "nrmse",
    "hfen",
    "gmsd",
    "haarpsi",
    "spectrum_db",
)
"""Of every slice: those of `core.metrics.SCORES`, and the distance of the power spectrum."""
COLUMNS: Final = (
    *FIGURES,
    "n",
    "gain_db",
    "gain_low",
    "gain_high",
    "best_baseline",
    *LESION_SCORES,
    "lesion_n",
)
CAREFUL: Final = ", careful"
"""Ends the name of a model that was run in careful mode."""
BOOTSTRAP_DRAWS: Final = 10_000
BOOTSTRAP_SEED: Final = 20240
DIGITS: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One picture's figures: ``FIGURES``, those of `core.metrics.LESION_SCORES` where there is a lesion, and the power
    over the truth's by ring, dB."""

    subject: str
    figures: Mapping[str, float]
    lesion: Mapping[str, float]
    power_ratio_db: Floats


@dataclass(slots=True)
class Table:
    """One scale and protocol: what was judged, by the model's name and in the same order of slices for each."""

    columns: dict[str, list[Judged]] = field(default_factory=dict)

    def add(self, model: str, judged: Judged) -> None:
        """The next slice of a model."""
        self.columns.setdefault(model, []).append(judged)

    def values(self, model: str, figure: str) -> Floats:
        """A figure of a model, slice by slice."""
        return np.array([judged.figures[figure] for judged in self.columns[model]])

    def best_baseline(self) -> str:
        """The interpolation with the highest mean head PSNR."""
        names = [card.name for card in BASELINES]
        return max(names, key=lambda name: float(self.values(name, "head_psnr").mean()))


def results_of(tables: Mapping[tuple[int, str], Table], names: Iterable[str]) -> Report:
    """{model: {"x4": {protocol: figures}}} of the named models, in that order."""
    results: Report = {}
    for name in names:
        by_scale: Report = {}
        for (scale, protocol), table in tables.items():
            if name in table.columns:
                by_scale.setdefault(f"x{scale}", {})[protocol] = _figures(table, name)
        if by_scale:
            results[name] = by_scale
    return results


def _figures(table: Table, name: str) -> Report:
    column, best = table.columns[name], table.best_baseline()
    found: Report = {figure: _rounded(table.values(name, figure).mean()) for figure in FIGURES}
    found |= {"n": len(column), **_gain(table, name, best, "gain"), "best_baseline": best}
    once = name.removesuffix(CAREFUL)
    if once != name:
        found |= _gain(table, name, once, "over_once")
    outlined = [judged.lesion for judged in column if judged.lesion]
    if outlined:
        found |= {figure: _rounded(np.mean([one[figure] for one in outlined])) for figure in LESION_SCORES}
        found["lesion_n"] = len(outlined)
    ratio = np.mean([judged.power_ratio_db for judged in column], axis=0)
    found["power_ratio_db"] = [round(float(value), 3) for value in ratio]
    return found


def _gain(table: Table, name: str, other: str, key: str) -> Report:
    """The paired difference in head PSNR to another model, as ``<key>_db`` and ``<key>_ci95``."""
    gains = table.values(name, "head_psnr") - table.values(other, "head_psnr")
    interval = bootstrap_interval(gains.tolist(), [judged.subject for judged in table.columns[name]])
    return {
        f"{key}_db": _rounded(gains.mean()),
        f"{key}_ci95": None if interval is None else [_rounded(end) for end in interval],
    }


def _rounded(value: float | np.floating) -> float:
    return round(float(value), DIGITS)


def new_report(name: str, results: Report) -> Report:
    """The whole report: contract of ``brainsr evaluate --json``, and the frequencies that ``power_ratio_db`` is of."""
    rings = [round(float(value), DIGITS) for value in frequencies()]
    return {"bench": name, "results": results, "cycles_per_pixel": rings}


def bootstrap_interval(differences: Sequence[float], subjects: Sequence[str]) -> tuple[float, float] | None:
    """95 % percentile interval of the mean of per-slice differences when subjects are drawn again; None for one
    subject.

    A subject that is drawn brings all its slices. Seeded: the same differences give the same interval.
    """
    values = np.asarray(differences, np.float64)
    _, owner = np.unique(np.asarray(subjects), return_inverse=True)
    sums, counts = np.bincount(owner, values), np.bincount(owner).astype(np.float64)
    if len(sums) < 2:
        return None
    generator = np.random.Generator(np.random.Philox(key=BOOTSTRAP_SEED))
    drawn = generator.integers(0, len(sums), (BOOTSTRAP_DRAWS, len(sums)))
    low, high = np.percentile(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1), [2.5, 97.5])
    return float(low), float(high)


def rows_of(report: Report) -> list[tuple[str, str, str, dict[str, Any]]]:
    """(model, scale, protocol, figures) of a report, in its order."""
    return [
        (model, scale, protocol, figures)
        for model, by_scale in report["results"].items()
        for scale, by_protocol in by_scale.items()
        for protocol, figures in by_protocol.items()
    ]


def write_csv(report: Report, path: Path) -> None:
    """Write a report as a table, one line for each model, scale and protocol.

    Raises:
        OSError: the file cannot be written.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("bench", "model", "scale", "protocol", *COLUMNS))
        for model, scale, protocol, figures in rows_of(report):
            low, high = figures["gain_ci95"] or ("", "")
            flat = {**figures, "gain_low": low, "gain_high": high}
            writer.writerow(
                (report["bench"], model, scale, protocol, *(flat.get(name, "") for name in COLUMNS))
            )
