"""What a card says about trust, in rows: resolution and planted structures first, beside the best interpolation's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from brainsr_desktop.core.suitability import Trained
from brainsr_desktop.language import tr
from brainsr_desktop.models.trust_table import Trust


def rows_of(trust: Trust) -> Iterator[tuple[str, str]]:
    """Every figure as (name, text)."""
    for protocol, value in trust.resolution_mm.items():
        name = tr("Effective resolution: {protocol}", protocol=protocol)
        yield name, _beside(_mm(value), trust.baseline_resolution_mm, protocol, "mm")
    for protocol, value in trust.recovered.items():
        name = tr("Planted contrast that comes back: {protocol}", protocol=protocol)
        yield name, _beside(_percent(value), trust.baseline_recovered, protocol, "%")
    for protocol, value in trust.false_structures.items():
        yield tr("False structures a slice: {protocol}", protocol=protocol), f"{value:.2g}"
    yield tr("Consistency limit"), f"{trust.consistency_limit:g} %"
    yield tr("Honest slices over the limit"), _percent(trust.false_alarm)
    if trust.false_alarm_native is not None:
        yield tr("Honest slices over the limit, not reduced before"), _percent(trust.false_alarm_native)
    yield tr("Added lesions of 4 mm and 30 % that are found"), _percent(trust.flagged_added)
    yield tr("Removed lesions of 4 mm and 30 % that are found"), _percent(trust.flagged_removed)
    if trust.uncertainty_correlation is not None:
        yield (
            tr("Spread of careful mode and true error, rank correlation"),
            f"{trust.uncertainty_correlation:.2f}",
        )
    if trust.slices:
        yield tr("Slices all this was measured on"), str(trust.slices)
    yield from _trained(trust.trained)


def _trained(trained: Trained) -> Iterator[tuple[str, str]]:
    for name, limits, unit in (
        (tr("Trained on pixels of"), trained.pixel_mm, "mm"),
        (tr("Trained on inputs with pixels of"), trained.input_pixel_mm, "mm"),
        (tr("Trained on matrices of"), trained.matrix_px, "px"),
        (tr("Trained on noise of"), trained.noise_percent, "%"),
    ):
        if limits is not None:
            yield name, tr("{low:g} to {high:g} {unit}", low=limits[0], high=limits[1], unit=unit)


def _beside(text: str, others: Mapping[str, float], protocol: str, unit: str) -> str:
    if protocol not in others:
        return text
    other = _percent(others[protocol]) if unit == "%" else _mm(others[protocol])
    return tr("{own} (best interpolation {other})", own=text, other=other)


def _mm(value: float) -> str:
    return f"{value:.2f} mm"


def _percent(part: float) -> str:
    return f"{100 * part:.3g} %"
