"""The hallucination test: small known structures put into true slices, and what models give back of them.

Every true slice is reduced twice with the same noise, with structures in it and without; the difference of what a
model makes of both is its answer to them. Structures of the truth that a model draws where none are, and the effective
resolution (Fourier ring correlation with the truth), are counted in the slice without.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from brainsr_desktop.core.errors import UsageError
from brainsr_desktop.core.intensity import robust_range
from brainsr_desktop.core.planted import (
    CONTRASTS,
    KINDS,
    SIZES_MM,
    Kind,
    Structure,
    drawn,
    false_structures,
    plant,
    recovered,
)
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.core.rings import resolution_mm, ring_correlation
from brainsr_desktop.engine.pipeline import Engine
from brainsr_desktop.models.catalog import BASELINES
from brainsr_desktop.train.bench import SliceSet, TrueSlice
from brainsr_desktop.train.evaluate import Entrant, Options, Progress, enhanced, entrants_of
from brainsr_desktop.train.protocols import PROTOCOLS, reduced_slice
from brainsr_desktop.train.report import bootstrap_interval

Floats: TypeAlias = npt.NDArray[np.float32]
Wanted: TypeAlias = tuple[Kind, float, float]
Report: TypeAlias = dict[str, Any]
Group: TypeAlias = tuple[int, str]

A_SLICE: Final = 8
"""So many structures are put into a slice, if they find room."""
EVERY: Final[tuple[Wanted, ...]] = tuple(
    (kind, size_mm, contrast) for contrast in CONTRASTS for size_mm in SIZES_MM for kind in KINDS
)
DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model gave back of one structure of one slice; see `core.planted.Recovered`."""

    subject: str
    structure: Structure
    recovered: float
    position_error_mm: float | None


@dataclass(slots=True)
class Column:
    """All that one model did in one scale and protocol, slice by slice; ``resolution`` mm, may be infinite."""

    answers: list[Answer] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)
    resolution: list[float] = field(default_factory=list)
    false: list[int] = field(default_factory=list)

    def add(self, truth: TrueSlice, plain: Floats, answers: Iterable[Answer]) -> None:
        """The next slice, and what was made of it without structures."""
        self.answers += answers
        self.subjects.append(truth.subject)
        rings = ring_correlation(plain, truth.pixels, truth.spacing_mm)
        self.resolution.append(resolution_mm(rings))
        self.false.append(false_structures(plain, truth.pixels, truth.head, truth.spacing_mm))

    @classmethod
    def joined(cls, columns: Iterable[Column]) -> Column:
        """Several protocols as one."""
        whole = cls()
        for column in columns:
            whole.answers += column.answers
            whole.subjects += column.subjects
            whole.resolution += column.resolution
            whole.false += column.false
        return whole


def evaluate_planted(
    slices: SliceSet,
    models: Sequence[str],
    engine: Engine,
    progress: Progress | None = None,
    *,
    options: Options | None = None,
    seed: int = 0,
) -> Report:
    """Judge models by planted structures; interpolations of the same scale always take part.

    Returns {model: figures}: those over all protocols at the model's largest scale among the slices, and under
    "protocols" {"x4": {protocol: figures}}. Figures: see `figures_of`; beside them the gain over the best interpolation
    in the same scale and protocol, with a 95 % bootstrap interval over subjects.

    Raises:
        UsageError: no such model, or none that fits a scale of the slices.
        ReadError, ModelError, EngineError: see `train.evaluate.evaluate_set`.
    """
    chosen = options or Options()
    entrants = with_baselines(entrants_of(engine, models))
    groups = [(scale, protocol) for scale, protocol in slices.groups() if protocol in PROTOCOLS]
    wanted_scales = {
        scale for entrant in entrants if not entrant.card.is_interpolation for scale in entrant.card.scales
    }
    groups = [group for group in groups if not wanted_scales or group[0] in wanted_scales]
    numbers = slices.numbers[:: chosen.stride]
    if not groups or not numbers:
        raise UsageError(f"None of the models fits a scale of {slices.name}, or it has no slices.")
    columns: dict[Group, dict[str, Column]] = {group: {} for group in groups}
    pairs = [(group, entrant) for group in groups for entrant in entrants if group[0] in entrant.card.scales]
    done = 0
    for index, number in enumerate(numbers):
        truth = slices.true_slice(number)
        structures = structures_of(truth, index, seed)
        for group, entrant in pairs:
            if progress is not None:
                progress(done, len(numbers) * len(pairs), f"{entrant.name}, slice {number}, planted")
            done += 1
            plain, answers = answers_of(engine, entrant, truth, structures, group, chosen)
            columns[group].setdefault(entrant.name, Column()).add(truth, plain, answers)
    return {
        entrant.name: found for entrant in entrants if (found := _model(entrant.name, columns)) is not None
    }


def with_baselines(entrants: Sequence[Entrant]) -> list[Entrant]:
    """And every interpolation that is not among them."""
    there = {entrant.name for entrant in entrants}
    return [*entrants, *(Entrant(card.name, card) for card in BASELINES if card.name not in there)]


def structures_of(truth: TrueSlice, index: int, seed: int) -> tuple[Structure, ...]:
    """The structures of the ``index``-th slice: the next of all kinds, sizes and contrasts, in an order by chance."""
    order = np.random.Generator(np.random.Philox(key=seed)).permutation(len(EVERY))
    wanted = [EVERY[order[(index * A_SLICE + k) % len(EVERY)]] for k in range(A_SLICE)]
    # The large ones first, for they find room last.
    wanted.sort(key=lambda one: -one[1])
    return drawn(truth.pixels, truth.head, wanted, truth.spacing_mm, seed=seed, number=truth.number)


def answers_of(
    engine: Engine,
    entrant: Entrant,
    truth: TrueSlice,
    structures: Sequence[Structure],
    group: Group,
    options: Options,
) -> tuple[Floats, list[Answer]]:
    """What a model makes of a slice without structures, and its answers to them."""
    scale, protocol = group
    recipe = Recipe(
        entrant.card.name, scale, None, options.device, options.precision, careful=entrant.careful
    )
    low, high = robust_range(truth.pixels)
    plain, planted = (
        enhanced(
            engine, reduced_slice(pixels, protocol, scale, truth.number), recipe, truth.number, 1.0
        ).pixels
        for pixels in (truth.pixels, plant(truth.pixels, structures, truth.spacing_mm))
    )
    found = (
        (structure, recovered(planted - plain, structure, truth.spacing_mm, high - low))
        for structure in structures
    )
    return plain, [
        Answer(truth.subject, structure, back.contrast, back.position_error_mm) for structure, back in found
    ]


def figures_of(column: Column) -> Report:
    """recovered_contrast (mean over all structures, 1 = all of it), position_error_mm (mean over those found),
    resolution_mm (median over slices; None: infinite), false_structures_per_slice, n, and by_size: {size in mm:
    {"all" or contrast in percent: {"recovered_contrast", "position_error_mm", "n"}}}, by_kind likewise."""
    sizes = sorted({answer.structure.size_mm for answer in column.answers})
    return {
        **_cell(column.answers),
        "resolution_mm": _finite(float(np.median(column.resolution))),
        "false_structures_per_slice": round(float(np.mean(column.false)), DIGITS),
        "slices": len(column.false),
        "by_size": {
            f"{size:g}": _by_contrast([a for a in column.answers if a.structure.size_mm == size])
            for size in sizes
        },
        "by_kind": {
            kind: _cell(there)
            for kind in KINDS
            if (there := [a for a in column.answers if a.structure.kind == kind])
        },
    }


def _by_contrast(answers: Sequence[Answer]) -> Report:
    found = {"all": _cell(answers)}
    for contrast in sorted({abs(answer.structure.contrast) for answer in answers}):
        found[f"{contrast:g}"] = _cell([a for a in answers if abs(a.structure.contrast) == contrast])
    return found


def _cell(answers: Sequence[Answer]) -> Report:
    if not answers:
        return {"recovered_contrast": None, "position_error_mm": None, "n": 0}
    errors = [answer.position_error_mm for answer in answers if answer.position_error_mm is not None]
    return {
        "recovered_contrast": round(float(np.mean([answer.recovered for answer in answers])), DIGITS),
        "position_error_mm": round(float(np.mean(errors)), DIGITS) if errors else None,
        "n": len(answers),
    }


def _model(name: str, columns: Mapping[Group, Mapping[str, Column]]) -> Report | None:
    groups = [group for group, of_group in columns.items() if name in of_group]
    if not groups:
        return None
    largest = max(scale for scale, _ in groups)
    whole = [group for group in groups if group[0] == largest]
    protocols: Report = {}
    for scale, protocol in groups:
        of_group = columns[scale, protocol]
        protocols.setdefault(f"x{scale}", {})[protocol] = _compared(of_group, name)
    joined = {model: Column.joined(columns[group][model] for group in whole) for model in columns[whole[0]]}
    return {**_compared(joined, name), "protocols": protocols}


def _compared(of_group: Mapping[str, Column], name: str) -> Report:
    """A model's figures, and its gains over the best interpolations."""
    column = of_group[name]
    baselines = [card.name for card in BASELINES]
    best = max(baselines, key=lambda other: _mean_recovered(of_group[other]))
    finest = min(baselines, key=lambda other: float(np.median(of_group[other].resolution)))
    return {
        **figures_of(column),
        "best_baseline": best,
        **_gain(
            "recovered_gain",
            [
                (a.recovered, b.recovered, a.subject)
                for a, b in _zipped(column.answers, of_group[best].answers)
            ],
        ),
        "finest_baseline": finest,
        **_gain("resolution_gain_mm", list(_finer(column, of_group[finest]))),
    }


def _mean_recovered(column: Column) -> float:
    return float(np.mean([answer.recovered for answer in column.answers])) if column.answers else -math.inf


def _finer(column: Column, other: Column) -> Iterator[tuple[float, float, str]]:
    """(by how much finer than nothing, the other's, subject) of the slices where both have a resolution."""
    for ours, theirs, subject in zip(column.resolution, other.resolution, column.subjects, strict=True):
        if math.isfinite(ours) and math.isfinite(theirs):
            yield -ours, -theirs, subject


def _zipped(ours: Sequence[Answer], theirs: Sequence[Answer]) -> Iterator[tuple[Answer, Answer]]:
    return zip(ours, theirs, strict=True)


def _gain(key: str, pairs: Sequence[tuple[float, float, str]]) -> Report:
    """The mean paired difference, with its interval."""
    if not pairs:
        return {key: None, f"{key}_ci95": None}
    gains = [ours - theirs for ours, theirs, _ in pairs]
    interval = bootstrap_interval(gains, [subject for _, _, subject in pairs])
    return {
        key: round(float(np.mean(gains)), DIGITS),
        f"{key}_ci95": None if interval is None else [round(end, DIGITS) for end in interval],
    }


def _finite(value: float) -> float | None:
    return round(value, DIGITS) if math.isfinite(value) else None
