"""Models against interpolations on slices whose truth is known: the table of the card, the command and the documents.

Every picture is made by `engine.pipeline.Engine.enhance` and judged by `core.metrics` and `core.spectrum`, as in the
window; `train.report` says what the figures are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.core.errors import BadOutput, UsageError
from brainsr_desktop.core.geometry import unknown_geometry
from brainsr_desktop.core.measure import Padding
from brainsr_desktop.core.metrics import comparable, lesion_scores, scores
from brainsr_desktop.core.recipe import Precision, Recipe
from brainsr_desktop.core.spectrum import power_ratio_db, spectrum_distance
from brainsr_desktop.engine.pipeline import Engine, Enhanced
from brainsr_desktop.models.card import SCALES, Card
from brainsr_desktop.models.catalog import BASELINES
from brainsr_desktop.train.bench import SliceSet, open_slices
from brainsr_desktop.train.report import CAREFUL, Judged, Report, Table, new_report, results_of

Floats: TypeAlias = npt.NDArray[np.float32]
Mask: TypeAlias = npt.NDArray[np.bool_]
Progress: TypeAlias = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Options:
    """How the models are run; see `core.recipe.Recipe`."""

    device: str = "auto"
    precision: Precision = "exact"
    stride: int = 1
    """Every so many slices only."""
    careful: bool = False
    """Judge every network in careful mode, too."""


@dataclass(frozen=True, slots=True, eq=False)
class KnownSlice:
    """A true slice (rows, columns) float32, any unit, to be degraded and made again.

    ``range_max`` is the robust range of its series, 0 = its own; ``slice_index`` numbers the noise. ``lesion``: the
    mask (rows, columns) of what an expert outlined; None where nobody did. ``padding``: where it is no image; filled
    there already. ``spacing_mm`` between rows, between columns; 1 mm where it is not known.
    """

    pixels: Floats
    subject: str
    slice_index: int
    range_max: float = 0.0
    lesion: Mask | None = None
    padding: Padding | None = None
    spacing_mm: tuple[float, float] = (1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Entrant:
    """A model in one way to run it, and its name in the report."""

    name: str
    card: Card
    careful: bool = False


def evaluate_bench(
    path: Path,
    models: Sequence[str],
    engine: Engine,
    progress: Progress | None = None,
    *,
    options: Options | None = None,
) -> Report:
    """Judge models on a benchmark file or a stack file; see `evaluate_set`.

    Raises:
        ReadError: the file cannot be read.
    """
    with open_slices(path) as slices:
        return evaluate_set(slices, models, engine, progress, options=options)


def evaluate_set(
    slices: SliceSet,
    models: Sequence[str],
    engine: Engine,
    progress: Progress | None = None,
    *,
    options: Options | None = None,
) -> Report:
    """Judge models on slices with inputs; "all" among the names stands for every model there is.

    Returns {"bench": name, "results": {model: {"x4": {protocol: figures}}}}; the figures are the means over the
    slices, see `train.report`.

    Raises:
        UsageError: there is no such model, or none that fits a scale of the slices.
        ReadError: a picture cannot be read.
        ModelError, EngineError: a model cannot be run.
    """
    chosen = options or Options()
    entrants = entrants_of(engine, models, careful=chosen.careful)
    groups = [group for group in slices.groups() if _needed(entrants, group[0])]
    numbers = slices.numbers[:: chosen.stride]
    if not groups or not numbers:
        raise UsageError(f"None of the models fits a scale of {slices.name}, or it has no slices.")
    steps = _Steps(progress, len(numbers) * sum(len(_needed(entrants, scale)) for scale, _ in groups))
    tables: dict[tuple[int, str], Table] = {group: Table() for group in groups}
    for number in numbers:
        truth = slices.true_slice(number)
        for scale, protocol in groups:
            low = slices.low(number, scale, protocol)
            for entrant in _needed(entrants, scale):
                steps.next(f"{entrant.name}, slice {number}")
                made = enhanced(engine, low, _recipe(entrant, scale, chosen), number, 1.0)
                judged = judge(made.pixels, truth.pixels, truth.subject, scale, 1.0, truth.head, truth.lesion)
                if judged is not None:
                    tables[scale, protocol].add(entrant.name, judged)
    return _report(slices.name, tables, entrants)


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

    The scale is the degradation's reduction. The report is that of `evaluate_set`; ``name`` stands for the file's.

    Raises:
        UsageError: no slices, a reduction no model undoes, or no such model.
        ModelError, EngineError: a model cannot be run.
    """
    chosen = options or Options()
    scale = degradation.reduction
    if scale not in SCALES:
        raise UsageError(f"To be judged, slices must be reduced by 2 or 4, not by {scale}.")
    entrants = entrants_of(engine, models, careful=chosen.careful)
    needed = _needed(entrants, scale)
    given = list(slices)[:: chosen.stride]
    if not given or not needed:
        raise UsageError("There is nothing to judge: no slices, or no model for this scale.")
    steps = _Steps(progress, len(given) * len(needed))
    table = Table()
    for known in given:
        for entrant in needed:
            steps.next(f"{entrant.name}, slice {known.slice_index}")
            recipe = _recipe(entrant, scale, chosen, degradation)
            made = enhanced(engine, known.pixels, recipe, known.slice_index, known.range_max, known.padding)
            judged = judge(
                made.pixels, known.pixels, known.subject, scale, known.range_max, None, known.lesion
            )
            if judged is not None:
                table.add(entrant.name, judged)
    return _report(name, {(scale, protocol_name(degradation)): table}, entrants)


def judge(
    picture: Floats,
    truth: Floats,
    subject: str,
    scale: int,
    range_max: float,
    head: Mask | None = None,
    lesion: Mask | None = None,
) -> Judged | None:
    """The figures of one picture; None where the truth has nothing to be judged by.

    ``range_max``, and ``head`` where it is known, as in `core.metrics.scores`.
    """
    found = scores(picture, truth, range_max=range_max, mask=head)
    if not found:
        return None
    x, y, _, peak = comparable(picture, truth, range_max)
    ratio = power_ratio_db(x, y, peak=peak)
    outlined = {} if lesion is None else lesion_scores(picture, truth, lesion, range_max=range_max)
    return Judged(subject, {**found, "spectrum_db": spectrum_distance(ratio, scale)}, outlined, ratio)


def protocol_name(degradation: Degradation) -> str:
    """A degradation in words, for tables: "kspace", "kspace, noise 3 %, blur 0.5 px"."""
    words: list[str] = [degradation.method]
    if degradation.noise_percent:
        kind = "" if degradation.noise == "rician" else f"{degradation.noise} "
        words.append(f"{kind}noise {degradation.noise_percent:g} %")
    if degradation.blur_px:
        words.append(f"blur {degradation.blur_px:g} px")
    if degradation.bias_percent:
        words.append(f"bias {degradation.bias_percent:g} %")
    return ", ".join(words)


def entrants_of(engine: Engine, models: Sequence[str], *, careful: bool = False) -> list[Entrant]:
    """The named models, or every one for "all"; networks once more in careful mode where that is wanted.

    Raises:
        UsageError: there is no such model.
    """
    every = "all" in models
    cards = engine.catalog.cards if every else [engine.catalog.find(name) for name in dict.fromkeys(models)]
    return [entrant for card in cards for entrant in _ways(card, careful)]


def enhanced(
    engine: Engine,
    pixels: Floats,
    recipe: Recipe,
    number: int,
    range_max: float,
    padding: Padding | None = None,
) -> Enhanced:
    """A slice whose place is not known, made by the engine.

    Raises:
        BadOutput: the model gives no usable picture. A figure must be the model's own, never that of the
            interpolation put in its place.
    """
    rows, columns = pixels.shape
    place = unknown_geometry(rows, columns, 1)
    made = engine.enhance(pixels, recipe, place, slice_index=number, range_max=range_max, padding=padding)
    if made.fallback:
        raise BadOutput(f"The model {recipe.model} gives no usable picture of slice {number}.")
    return made


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


def _ways(card: Card, careful: bool) -> Iterator[Entrant]:
    yield Entrant(card.name, card)
    if careful and not card.is_interpolation:
        yield Entrant(card.name + CAREFUL, card, careful=True)


def _needed(entrants: Sequence[Entrant], scale: int) -> list[Entrant]:
    """The models for a scale that were asked for, then the interpolations; nothing if none was asked for."""
    asked = [entrant for entrant in entrants if scale in entrant.card.scales]
    there = {entrant.name for entrant in asked}
    return asked + [Entrant(card.name, card) for card in BASELINES if card.name not in there] if asked else []


def _recipe(entrant: Entrant, scale: int, options: Options, degradation: Degradation | None = None) -> Recipe:
    return Recipe(
        entrant.card.name,
        scale,
        degradation,
        options.device,
        options.precision,
        careful=entrant.careful,
    )


def _report(name: str, tables: dict[tuple[int, str], Table], entrants: Sequence[Entrant]) -> Report:
    filled = {group: table for group, table in tables.items() if table.columns}
    if not filled:
        raise UsageError("There is nothing to judge: all slices are empty.")
    return new_report(name, results_of(filled, [entrant.name for entrant in entrants]))
