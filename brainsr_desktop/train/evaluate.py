"""Models against interpolations on slices whose truth is known: the table of the card, the command and the documents.

Every picture is made by `engine.pipeline.Engine.enhance` and judged by `core.metrics.scores`, as in the window.
``gain_db`` is the mean, over slices, of the head PSNR less that of the best interpolation on the same slice; the
best interpolation is the one with the highest mean head PSNR in that protocol. Its interval is a bootstrap over
subjects, for slices of one head are alike.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.core.errors import BadOutput, UsageError
from brainsr_desktop.core.geometry import unknown_geometry
from brainsr_desktop.core.metrics import scores
from brainsr_desktop.core.recipe import Precision, Recipe
from brainsr_desktop.engine.pipeline import Engine, Enhanced
from brainsr_desktop.models.card import SCALES, Card
from brainsr_desktop.models.catalog import BASELINES
from brainsr_desktop.train.bench import Bench

Floats: TypeAlias = npt.NDArray[np.float32]
Report: TypeAlias = dict[str, Any]
Progress: TypeAlias = Callable[[int, int, str], None]

FIGURES: Final = ("head_psnr", "psnr", "ssim", "ssim_slice", "nrmse", "hfen", "gmsd", "haarpsi")
COLUMNS: Final = (*FIGURES, "n", "gain_db", "gain_low", "gain_high", "best_baseline")
BOOTSTRAP_DRAWS: Final = 10_000
BOOTSTRAP_SEED: Final = 20240
DIGITS: Final = 5


@dataclass(frozen=True, slots=True)
class Options:
    """How the models are run; see `core.recipe.Recipe`."""

    device: str = "auto"
    precision: Precision = "exact"
    stride: int = 1
    """Every so many slices only."""


@dataclass(frozen=True, slots=True, eq=False)
class KnownSlice:
    """A true slice (rows, columns) float32, any unit, to be degraded and made again.

    ``range_max`` is the robust range of its series, 0 = its own; ``slice_index`` numbers the noise.
    """

    pixels: Floats
    subject: str
    slice_index: int
    range_max: float = 0.0


@dataclass(slots=True)
class _Column:
    """Figures of one model in one protocol, slice by slice."""

    subjects: list[str] = field(default_factory=list)
    figures: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in FIGURES})

    def add(self, subject: str, found: Mapping[str, float]) -> None:
        self.subjects.append(subject)
        for name in FIGURES:
            self.figures[name].append(found[name])

    def mean(self, name: str) -> float:
        return float(np.mean(self.figures[name]))


_Table: TypeAlias = dict[str, _Column]
"""Columns by the model's name."""


def evaluate_bench(
    path: Path,
    models: Sequence[str],
    engine: Engine,
    progress: Progress | None = None,
    *,
    options: Options | None = None,
) -> Report:
    """Judge models on a benchmark file; "all" among the names stands for every model there is.

    Returns {"bench": file name, "results": {model: {"x4": {protocol: figures}}}}; the figures are the means over the
    slices.

    Raises:
        UsageError: there is no such model, or none that fits a scale of the file.
        ReadError: the file cannot be read.
        ModelError, EngineError: a model cannot be run.
    """
    chosen = options or Options()
    cards = _cards(engine, models)
    with Bench(path) as bench:
        groups = [group for group in bench.groups() if _needed(cards, group[0])]
        if not groups:
            raise UsageError(f"None of the models fits a scale of {path.name}.")
        numbers = bench.numbers[:: chosen.stride]
        steps = _Steps(progress, len(numbers) * sum(len(_needed(cards, scale)) for scale, _ in groups))
        tables: dict[tuple[int, str], _Table] = {group: {} for group in groups}
        for number in numbers:
            truth = bench.true_slice(number)
            for scale, protocol in groups:
                low = bench.low(number, scale, protocol)
                for card in _needed(cards, scale):
                    steps.next(f"{card.name}, slice {number}")
                    recipe = Recipe(card.name, scale, device=chosen.device, precision=chosen.precision)
                    made = _enhanced(engine, low, recipe, number, 1.0)
                    found = scores(made.pixels, truth.pixels, range_max=1.0, mask=truth.head)
                    tables[scale, protocol].setdefault(card.name, _Column()).add(truth.subject, found)
    return {"bench": path.name, "results": _results(tables, cards)}


def evaluate_slices(
    slices: Iterable[KnownSlice],
    degradation: Degradation,
    models: Sequence[str],
    engine: Engine,
    progress: Progress | None = None,
    *,
    name: str = "slices",
    options: Options | None = None,
) -> Report:
    """Degrade slices, make them again with each model and judge them: the window's test mode for a whole series.

    The scale is the degradation's reduction. The report is that of `evaluate_bench`; ``name`` stands for the file's.

    Raises:
        UsageError: no slices, a reduction no model undoes, or no such model.
        ModelError, EngineError: a model cannot be run.
    """
    chosen = options or Options()
    scale = degradation.reduction
    if scale not in SCALES:
        raise UsageError(f"To be judged, slices must be reduced by 2 or 4, not by {scale}.")
    cards = _cards(engine, models)
    needed = _needed(cards, scale)
    given = list(slices)[:: chosen.stride]
    if not given or not needed:
        raise UsageError("There is nothing to judge: no slices, or no model for this scale.")
    steps = _Steps(progress, len(given) * len(needed))
    table: _Table = {}
    for known in given:
        for card in needed:
            steps.next(f"{card.name}, slice {known.slice_index}")
            recipe = Recipe(card.name, scale, degradation, chosen.device, chosen.precision)
            made = _enhanced(engine, known.pixels, recipe, known.slice_index, known.range_max)
            if made.scores:
                table.setdefault(card.name, _Column()).add(known.subject, made.scores)
    if not table:
        raise UsageError("There is nothing to judge: all slices are empty.")
    return {"bench": name, "results": _results({(scale, protocol_name(degradation)): table}, cards)}


def protocol_name(degradation: Degradation) -> str:
    """A degradation in words, for tables: "kspace", "kspace, noise 3 %, blur 0.5 px"."""
    words: list[str] = [degradation.method]
    if degradation.noise_percent:
        words.append(f"noise {degradation.noise_percent:g} %")
    if degradation.blur_px:
        words.append(f"blur {degradation.blur_px:g} px")
    return ", ".join(words)


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
            writer.writerow((report["bench"], model, scale, protocol, *(flat[name] for name in COLUMNS)))


def rows_of(report: Report) -> list[tuple[str, str, str, dict[str, Any]]]:
    """(model, scale, protocol, figures) of a report, in its order."""
    return [
        (model, scale, protocol, figures)
        for model, by_scale in report["results"].items()
        for scale, by_protocol in by_scale.items()
        for protocol, figures in by_protocol.items()
    ]


class _Steps:
    """Counts pictures for whoever listens."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def next(self, note: str) -> None:
        if self._progress is not None:
            self._progress(self._done, self._total, note)
        self._done += 1


def _cards(engine: Engine, models: Sequence[str]) -> list[Card]:
    if "all" in models:
        return list(engine.catalog.cards)
    return [engine.catalog.find(name) for name in dict.fromkeys(models)]


def _needed(cards: Sequence[Card], scale: int) -> list[Card]:
    """The models for a scale that were asked for, then the interpolations; nothing if none was asked for."""
    asked = [card for card in cards if scale in card.scales]
    return asked + [card for card in BASELINES if card not in asked] if asked else []


def _enhanced(engine: Engine, pixels: Floats, recipe: Recipe, number: int, range_max: float) -> Enhanced:
    rows, columns = pixels.shape
    place = unknown_geometry(rows, columns, 1)
    made = engine.enhance(pixels, recipe, place, slice_index=number, range_max=range_max)
    if made.fallback:
        # A figure must be the model's own, never that of the interpolation put in its place.
        raise BadOutput(f"The model {recipe.model} gives no usable picture of slice {number}.")
    return made


def _results(tables: Mapping[tuple[int, str], _Table], cards: Sequence[Card]) -> Report:
    results: Report = {}
    for card in cards:
        by_scale: Report = {}
        for (scale, protocol), table in tables.items():
            if card.name in table:
                by_scale.setdefault(f"x{scale}", {})[protocol] = _figures(table, card.name)
        if by_scale:
            results[card.name] = by_scale
    return results


def _figures(table: _Table, name: str) -> Report:
    column = table[name]
    best = max((card.name for card in BASELINES), key=lambda baseline: table[baseline].mean("head_psnr"))
    ours, theirs = column.figures["head_psnr"], table[best].figures["head_psnr"]
    gains = [a - b for a, b in zip(ours, theirs, strict=True)]
    interval = bootstrap_interval(gains, column.subjects)
    return {
        **{figure: round(column.mean(figure), DIGITS) for figure in FIGURES},
        "n": len(ours),
        "gain_db": round(float(np.mean(gains)), DIGITS),
        "gain_ci95": None if interval is None else [round(end, DIGITS) for end in interval],
        "best_baseline": best,
    }
