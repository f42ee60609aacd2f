"""What came of a sweep: figures by model and value, the breaking points, and both as CSV and JSON."""

from __future__ import annotations

import csv
import io
import itertools
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from brainsr_desktop.core.metrics import LOWER_IS_BETTER, SCORES
from brainsr_desktop.language import mark, tr
from brainsr_desktop.session.sweep import UNITS, Control, Sweep, Values

SECONDS: Final = "seconds"
HEADLINE: Final = "head_psnr"
"""The figure by which a model falls behind, where no other is named."""
DRAWN: Final[dict[str, str]] = {
    HEADLINE: mark("PSNR in the head, dB"),
    "ssim": mark("SSIM in the head"),
    "head_hfen": mark("HFEN, head (0 is perfect)"),
    SECONDS: mark("run time, s per slice"),
}
"""The figures whose curves are drawn, and the names of their axes."""
BEHIND: Final = 1e-9
"""Less than this is rounding: an equal model is not behind."""

Rows: TypeAlias = dict[int, Mapping[str, float]]
"""Figures by slice index; the run time is among them."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and standard deviation (0 for one) over ``count`` slices."""

    mean: float
    deviation: float
    count: int

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        """Of at least one value."""
        deviation = statistics.stdev(values) if len(values) > 1 else 0.0
        return cls(statistics.fmean(values), deviation, len(values))


class Table:
    """Filled while a sweep runs; what is not there yet is left out of every answer."""

    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep
        self._rows: dict[tuple[str, Values], Rows] = {}

    def add(
        self,
        model: str,
        values: Values,
        slice_index: int,
        scores: Mapping[str, float],
        seconds: float | None,
    ) -> None:
        """A picture was made and judged; one without scores (an empty slice) counts nowhere.

        ``seconds`` None: the time is not the model's own, for it was loaded meanwhile.
        """
        if scores:
            timed = {} if seconds is None else {SECONDS: seconds}
            self._rows.setdefault((model, values), {})[slice_index] = {**scores, **timed}

    def __len__(self) -> int:
        return sum(len(rows) for rows in self._rows.values())

    @property
    def models(self) -> tuple[str, ...]:
        """Those that have figures: networks in their order, then interpolations."""
        there = {model for model, _ in self._rows}
        cards = (*self.sweep.models, *self.sweep.interpolations)
        return tuple(card.name for card in cards if card.name in there)

    @property
    def slices(self) -> tuple[int, ...]:
        """Indices of the slices that have figures."""
        return tuple(sorted({index for rows in self._rows.values() for index in rows}))

    def spread(self, model: str, values: Values, figure: str) -> Spread | None:
        """A figure of `core.metrics.SCORES`, or ``SECONDS``, over the slices; None where there is none."""
        rows = self._rows.get((model, values), {})
        found = [row[figure] for row in rows.values() if figure in row]
        return Spread.of(found) if found else None

    def curve(self, model: str, figure: str, second: float | None = None) -> tuple[tuple[float, float], ...]:
        """(value of the first axis, mean) where there is one; ``second`` is the value of the second axis."""
        found = ((values, self.spread(model, values, figure)) for values in self._line(second))
        return tuple((values[0], spread.mean) for values, spread in found if spread is not None)

    def gain(self, model: str, values: Values, figure: str = HEADLINE) -> float | None:
        """How far a model is ahead of the best interpolation (below 0: behind), over the slices that all have."""
        own = self._rows.get((model, values))
        names = [card.name for card in self.sweep.interpolations if card.name != model]
        rivals = [rows for name in names if (rows := self._rows.get((name, values)))]
        if not own or not rivals:
            return None
        common = set(own).intersection(*rivals)
        if not common:
            return None
        sign = -1.0 if figure in LOWER_IS_BETTER else 1.0
        means = [sign * statistics.fmean(rows[index][figure] for index in common) for rows in (own, *rivals)]
        return means[0] - max(means[1:])

    def breaking_point(self, model: str, figure: str = HEADLINE, second: float | None = None) -> float | None:
        """The first value at which a model is behind the best interpolation; None where it nowhere is.

        With two axes: at the value ``second`` of the second one. The run time has none.
        """
        for values in self._line(second) if figure != SECONDS else ():
            gain = self.gain(model, values, figure)
            if gain is not None and gain < -BEHIND:
                return values[0]
        return None

    def _line(self, second: float | None) -> tuple[Values, ...]:
        first, *others = self.sweep.axes
        if not others:
            return tuple((value,) for value in first.values)
        fixed = others[0].values[0] if second is None else second
        return tuple((value, fixed) for value in first.values)


def csv_text(table: Table) -> str:
    """One line for each picture: what was done to the slice, the model, the slice (from 1), seconds, all scores."""
    sweep, text = table.sweep, io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    settings = ("noise_percent", "noise", "blur_px", "bias_percent", "reduction", "method", "seed")
    writer.writerow((*settings, "model", "slice", SECONDS, *SCORES))
    for model, values in itertools.product(table.models, sweep.settings):
        worse = sweep.degradation(values)
        for index, row in sorted(table._rows.get((model, values), {}).items()):
            writer.writerow(
                (
                    *(getattr(worse, name) for name in settings),
                    model,
                    index + 1,
                    f"{row[SECONDS]:.4f}" if SECONDS in row else "",
                    *(f"{row[name]:.6g}" for name in SCORES),
                )
            )
    return text.getvalue()


def as_json(table: Table) -> dict[str, Any]:
    """The whole sweep for JSON: settings, curves of every figure by model, breaking points of every figure."""
    sweep = table.sweep
    networks = [card.name for card in sweep.models if card.name in table.models]
    return {
        "sweep": {
            "axes": [
                {"control": axis.control, "unit": UNITS[axis.control], "values": list(axis.values)}
                for axis in sweep.axes
            ],
            "base": sweep.base.choices(),
            "slices": [index + 1 for index in table.slices],
            "interpolations": [card.name for card in sweep.interpolations],
        },
        "results": {model: _curves(table, model) for model in table.models},
        "breaking_points": {
            model: {figure: _breaking(table, model, figure) for figure in SCORES} for model in networks
        },
    }


def _curves(table: Table, model: str) -> list[dict[str, Any]]:
    controls: list[Control] = [axis.control for axis in table.sweep.axes]
    found: list[dict[str, Any]] = []
    for values in table.sweep.settings:
        spreads = {figure: table.spread(model, values, figure) for figure in (SECONDS, *SCORES)}
        headline = spreads[HEADLINE]
        if headline is None:
            continue
        figures = {
            figure: None
            if spread is None
            else {"mean": round(spread.mean, 6), "sd": round(spread.deviation, 6)}
            for figure, spread in spreads.items()
        }
        found.append({**dict(zip(controls, values, strict=True)), "n": headline.count, **figures})
    return found


def _breaking(table: Table, model: str, figure: str) -> Any:
    """The value, or with two axes one entry for each value of the second."""
    axes = table.sweep.axes
    if len(axes) == 1:
        return table.breaking_point(model, figure)
    first, second = axes
    return [
        {second.control: value, first.control: table.breaking_point(model, figure, value)}
        for value in second.values
    ]


def breaking_words(table: Table, model: str, figure: str = HEADLINE, second: float | None = None) -> str:
    """Where a model falls behind, in the user's language; empty for an interpolation."""
    if all(card.name != model for card in table.sweep.models):
        return ""
    axis = table.sweep.axes[0]
    value = table.breaking_point(model, figure, second)
    if value is None:
        return tr("never behind")
    unit = UNITS[axis.control]
    return tr("behind from {value}", value=f"{value:g} {unit}".strip())
