"""The ``[trust]`` table of a card: how far what the window says about a model's pictures can be trusted.

`python -m brainsr_desktop.train.calibrate` measures and writes it. It names the weights that it was measured with, so
that it never speaks for others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from brainsr_desktop.core.suitability import QUANTILES, Range, Trained
from brainsr_desktop.core.uncertainty import Point

MOST_POINTS: Final = 100


@dataclass(frozen=True, slots=True)
class Trust:
    """What was measured on slices held back from training; parts and rates are 0..1, by protocol where mapped.

    ``consistency_limit``: percent, the limit of `core.consistency.Residual.part`. ``false_alarm``: part of honest
    slices over the limit, ``false_alarm_native``: of slices enhanced as they are, without having been reduced.
    ``flagged_added`` and ``flagged_removed``: part of planted changes of 4 mm and 30 percent that were found.
    ``uncertainty_correlation``: rank correlation of careful mode's spread with the error in blocks of 8 x 8 pixels,
    ``reliability`` its curve, both as parts of the range. ``resolution_mm``: effective resolution, beside that of the
    best interpolation. ``recovered``: part of the contrast of planted structures that comes back, beside the best
    interpolation's. ``false_structures``: so many a slice that the truth does not have. None or empty
    where nothing was measured.
    """

    consistency_limit: float
    false_alarm: float
    flagged_added: float
    flagged_removed: float
    false_alarm_native: float | None = None
    uncertainty_correlation: float | None = None
    reliability: tuple[Point, ...] = ()
    resolution_mm: Mapping[str, float] = field(default_factory=dict)
    baseline_resolution_mm: Mapping[str, float] = field(default_factory=dict)
    recovered: Mapping[str, float] = field(default_factory=dict)
    baseline_recovered: Mapping[str, float] = field(default_factory=dict)
    false_structures: Mapping[str, float] = field(default_factory=dict)
    trained: Trained = field(default_factory=Trained)
    slices: int = 0


class TrustTable:
    """Takes the entries out of the table.

    Raises:
        ValueError: an entry is missing or wrong; its text is the entry's name.
    """

    def __init__(self, table: Mapping[str, Any]) -> None:
        self._table = table

    def is_of(self, weights_sha256: str) -> bool:
        """Whether it was measured with these weights; if not, it says nothing about the model."""
        return self._table.get("weights_sha256") == weights_sha256

    def read(self) -> Trust:
        """All entries."""
        return Trust(
            consistency_limit=self._number("consistency_limit", 100.0),
            false_alarm=self._number("false_alarm"),
            flagged_added=self._number("flagged_added"),
            flagged_removed=self._number("flagged_removed"),
            false_alarm_native=self._optional("false_alarm_native", 0.0),
            uncertainty_correlation=self._optional("uncertainty_correlation", -1.0),
            reliability=self._reliability(),
            resolution_mm=self._by_protocol("resolution_mm", math.inf),
            baseline_resolution_mm=self._by_protocol("baseline_resolution_mm", math.inf),
            recovered=self._by_protocol("recovered", 10.0),
            baseline_recovered=self._by_protocol("baseline_recovered", 10.0),
            false_structures=self._by_protocol("false_structures", 1e6),
            trained=self._trained(),
            slices=int(self._number("slices", 1e9)),
        )

    def _number(self, key: str, most: float = 1.0, least: float = 0.0) -> float:
        return _checked(self._table.get(key), key, least, most)

    def _optional(self, key: str, least: float) -> float | None:
        return self._number(key, 1.0, least) if key in self._table else None

    def _by_protocol(self, key: str, most: float) -> dict[str, float]:
        found = self._table.get(key, {})
        if not isinstance(found, Mapping):
            raise ValueError(key)
        return {str(name): _checked(value, key, -most, most) for name, value in found.items()}

    def _reliability(self) -> tuple[Point, ...]:
        found = self._table.get("reliability", [])
        if not isinstance(found, list) or len(found) > MOST_POINTS:
            raise ValueError("reliability")
        return tuple(_point(entry) for entry in found)

    def _trained(self) -> Trained:
        found = self._table.get("trained", {})
        if not isinstance(found, Mapping):
            raise ValueError("trained")
        contrasts = found.get("contrasts", [])
        if not isinstance(contrasts, list) or not all(isinstance(name, str) for name in contrasts):
            raise ValueError("trained.contrasts")
        quantiles = found.get("quantiles", [])
        if not isinstance(quantiles, list) or len(quantiles) not in (0, len(QUANTILES)):
            raise ValueError("trained.quantiles")
        return Trained(
            pixel_mm=_range(found, "pixel_mm"),
            input_pixel_mm=_range(found, "input_pixel_mm"),
            matrix_px=_range(found, "matrix_px"),
            contrasts=tuple(contrasts),
            noise_percent=_range(found, "noise_percent"),
            quantiles=tuple(_pair(ends, "trained.quantiles") for ends in quantiles),
        )


def _range(table: Mapping[str, Any], key: str) -> Range | None:
    return _pair(table[key], f"trained.{key}") if key in table else None


def _pair(value: object, key: str) -> Range:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(key)
    low, high = (_checked(end, key, -1e9, 1e9) for end in value)
    if low > high:
        raise ValueError(key)
    return low, high


def _point(entry: object) -> Point:
    if not isinstance(entry, list) or len(entry) != 3:
        raise ValueError("reliability")
    spread, error, count = (_checked(value, "reliability", 0.0, 1e9) for value in entry)
    return Point(spread, error, int(count))


def _checked(value: object, key: str, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise ValueError(key)
    return float(value)
