"""The words above and beside the maps of trust: what each one shows, and what it does not tell."""

from __future__ import annotations

from typing import Final

from brainsr_desktop.language import mark, tr
from brainsr_desktop.models.card import Card
from brainsr_desktop.session.pictures import PaneState, PaneStatus

NAMES: Final = {
    "consistency": mark("Consistency"),
    "stability": mark("Stability"),
    "agreement": mark("Agreement"),
}
"""By mode."""
_REFUSED: Final = {
    "consistency": mark("No map of consistency: {reason}"),
    "stability": mark("No map of stability: {reason}"),
    "agreement": mark("No map of agreement: {reason}"),
}


def waiting(mode: str, progress: float | None = None) -> PaneStatus:
    """A map is being made; ``progress`` of what it needs."""
    words = tr("{map} - computing", map=tr(NAMES[mode]))
    if progress is not None:
        words = tr("{map} - computing, {percent} %", map=tr(NAMES[mode]), percent=f"{progress * 100:.0f}")
    return PaneStatus(PaneState.LOADING, words, progress)


def refused(mode: str, reason: str) -> PaneStatus:
    """There is no such map here."""
    return PaneStatus(PaneState.FAILED, tr(_REFUSED[mode], reason=reason))


def consistency(upper: PaneStatus, percent: float, limit: float, places: int) -> PaneStatus:
    """The enhanced slice reduced again, minus the input; ``percent`` of the slice's range, as its ``limit``."""
    text = tr("Consistency: {name} reduced again minus the input", name=upper.name)
    legend = [tr("Reduced again: orange more, blue less than the input.")]
    if places:
        legend.append(tr("Outlined: the result does not agree with the scan here."))
    else:
        legend.append(
            tr(
                "Input kept: residual {percent} % (limit {limit} %)",
                percent=f"{percent:.2g}",
                limit=f"{limit:.2g}",
            )
        )
    return _map(PaneState.CONSISTENCY, text, upper, legend)


def stability(upper: PaneStatus, card: Card | None) -> PaneStatus:
    """The standard deviation of what a network makes of the eight flips and turns of the slice."""
    text = tr("Stability: spread of {name} over eight flips and turns - spread, not error", name=upper.name)
    legend = [tr("Spread of eight flips and turns: spread, not error.")]
    correlation = None if card is None or card.trust is None else card.trust.uncertainty_correlation
    if correlation is None:
        legend.append(tr("How it goes with this model's error was not measured."))
    else:
        legend.append(tr("Rank correlation with the true error: {value}", value=f"{correlation:.2f}"))
    return _map(PaneState.STABILITY, text, upper, legend)


def agreement(upper: PaneStatus, limit: float) -> PaneStatus:
    """How far the detail of the enhanced picture is that of the reference, patch by patch."""
    text = tr("Agreement of the detail in {name} with the reference", name=upper.name)
    legend = [
        tr("Agreement of detail that the input could not hold."),
        tr("Outlined, below {limit}: detail here is not supported by the reference.", limit=f"{limit:.2f}"),
    ]
    return _map(PaneState.AGREEMENT, text, upper, legend)


def _map(state: PaneState, text: str, upper: PaneStatus, legend: list[str]) -> PaneStatus:
    names = {
        PaneState.CONSISTENCY: NAMES["consistency"],
        PaneState.STABILITY: NAMES["stability"],
        PaneState.AGREEMENT: NAMES["agreement"],
    }
    return PaneStatus(
        state, text, name=tr(names[state]), interpolated=upper.interpolated, legend="\n".join(legend)
    )
