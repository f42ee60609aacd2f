"""The words above a pane (INTERFACE section 8): what its picture is, in the user's language."""

from __future__ import annotations

from typing import Final

from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.core.resample import METHODS
from brainsr_desktop.language import tr
from brainsr_desktop.models.card import Card
from brainsr_desktop.session.cache import Result
from brainsr_desktop.session.pictures import PaneState, PaneStatus

EXACT: Final = "f32"
"""What a network computes with unless *Fast* was chosen; see `engine.backends.base.Numbers`."""
FINISHED: Final = frozenset({PaneState.FULL, PaneState.CACHED})


def empty() -> PaneStatus:
    """Nothing is open."""
    return PaneStatus(PaneState.EMPTY, tr("Open a folder to begin"))


def loading() -> PaneStatus:
    """The pixels are on their way."""
    return PaneStatus(PaneState.LOADING, tr("Loading"))


def unreadable(reason: str) -> PaneStatus:
    """The slice itself cannot be shown."""
    return PaneStatus(PaneState.FAILED, tr("Cannot be shown: {reason}", reason=reason))


def original() -> PaneStatus:
    """The slice as it is in the file."""
    return PaneStatus(PaneState.ORIGINAL, tr("Original"), name=tr("Original"))


def being_read() -> PaneStatus:
    """A slice of a series whose headers are still being read: neither its number nor its place is known."""
    words = tr("Original - one picture, the series is being read")
    return PaneStatus(PaneState.ORIGINAL, words, name=tr("Original"))


def reference() -> PaneStatus:
    """Test mode: the truth."""
    return PaneStatus(PaneState.REFERENCE, tr("Reference"), name=tr("Reference"))


def degraded() -> PaneStatus:
    """Test mode: what the network gets."""
    return PaneStatus(PaneState.DEGRADED, tr("DEGRADED INPUT"), name=tr("Degraded"))


def degraded_changing() -> PaneStatus:
    """What the network got a moment ago."""
    return PaneStatus(PaneState.DEGRADED, tr("DEGRADED INPUT - changing"), name=tr("Degraded"))


def degrading() -> PaneStatus:
    """What the network gets is being made."""
    return PaneStatus(PaneState.LOADING, tr("DEGRADED INPUT - computing"))


def degrading_failed(reason: str, detail: str) -> PaneStatus:
    """What the network gets could not be made."""
    return PaneStatus(PaneState.FAILED, tr("Degrading failed: {reason}", reason=reason), detail=detail)


def not_suitable(reason: str) -> PaneStatus:
    """No network may run on it."""
    return PaneStatus(
        PaneState.NOT_SUITABLE, tr("Viewing only: {reason}", reason=reason), name=tr("Original")
    )


def off() -> PaneStatus:
    """The user pressed Stop."""
    return PaneStatus(PaneState.OFF, tr("Network off"), name=tr("Interpolated"))


def held(recipe: Recipe, card: Card | None) -> PaneStatus:
    """The network waits: the series is outside its training."""
    words = tr("Interpolated (linear): {title} was not trained for this series", title=title_of(recipe, card))
    return PaneStatus(PaneState.HELD, words, name=tr("Interpolated"))


def failed(reason: str, advice: str, detail: str) -> PaneStatus:
    """The network could not make it."""
    words = tr("Network failed, interpolated shown: {reason}", reason=reason)
    details = "\n".join(filter(None, (advice, detail)))
    return PaneStatus(PaneState.FAILED, words, detail=details, name=tr("Interpolated"))


def full(recipe: Recipe, card: Card | None, result: Result, made_on: str | None) -> PaneStatus:
    """A finished result; ``made_on`` is the device if it was made while it was in view."""
    detail = "\n".join(result.notes)
    if result.fallback:
        words = tr("FALLBACK - network failed, interpolated shown: its output cannot be used")
        return PaneStatus(PaneState.FAILED, words, detail=detail, name=tr("Interpolated"))
    title = title_of(recipe, card)
    if recipe.model in METHODS:
        words = tr("Interpolated ({title}), no network", title=title)
        return PaneStatus(PaneState.FULL, words, detail=detail, name=title, interpolated=True)
    words = _choices(recipe, card)
    if result.numbers != EXACT:
        words = tr("{network} - fast ({numbers})", network=words, numbers=result.numbers)
    if made_on is None:
        words = tr("{network} - stored", network=words)
        return PaneStatus(PaneState.CACHED, words, detail=detail, name=title)
    words = tr("{network} - {device}, {time}", network=words, device=made_on, time=_time(result.seconds))
    return PaneStatus(
        PaneState.FULL, words, detail=detail, name=title, seconds=result.seconds, device=made_on
    )


def fast(recipe: Recipe, card: Card | None, progress: float | None) -> PaneStatus:
    """The fast network's result, until the full one comes."""
    title = title_of(recipe, card)
    words = tr("Preview - fast network {title}", title=title)
    return PaneStatus(PaneState.FAST, _with_progress(words, progress), progress, name=title)


def waiting(recipe: Recipe, progress: float | None, *, has_preview: bool) -> PaneStatus:
    """Nothing is made yet; the source, drawn smooth, stands in for it."""
    words = tr("Preview - interpolated (linear), no network") if has_preview else tr("Computing")
    if recipe.model in METHODS:
        progress = None  # no network is on its way
    return PaneStatus(
        PaneState.INTERPOLATED, _with_progress(words, progress), progress, name=tr("Interpolated")
    )


def title_of(recipe: Recipe, card: Card | None) -> str:
    """A model's title with its factor, and a warning if it may invent."""
    title = recipe.model if card is None else tr(card.title)
    factor = f"x{recipe.scale}"
    words = title if factor in title else f"{title} {factor}"
    if card is not None and card.role == "perceptual":
        return tr("{title} (may invent detail)", title=words)
    return words


def _choices(recipe: Recipe, card: Card | None) -> str:
    title, percent = title_of(recipe, card), f"{recipe.strength * 100:.0f}"
    if recipe.careful and recipe.strength != 1.0:
        return tr("Network {title}, careful, {percent} % of it, the rest cubic", title=title, percent=percent)
    if recipe.careful:
        return tr("Network {title}, careful", title=title)
    if recipe.strength != 1.0:
        return tr("Network {title}, {percent} % of it, the rest cubic", title=title, percent=percent)
    return tr("Network {title}", title=title)


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 0.1 else f"{seconds * 1000:.0f} ms"


def _with_progress(words: str, progress: float | None) -> str:
    if progress is None:
        return words
    return tr("{words}; full network {percent} %", words=words, percent=f"{progress * 100:.0f}")


def difference(upper: PaneStatus, lower: str) -> PaneStatus:
    """A map of the change between two pictures; ``lower`` is the name of what was subtracted."""
    words = tr("Difference: {upper} minus {lower}", upper=upper.name, lower=lower)
    if upper.state is PaneState.FAST:
        words = tr("Preview of the difference: {upper} minus {lower}", upper=upper.name, lower=lower)
    return PaneStatus(
        PaneState.DIFFERENCE,
        _with_progress(words, upper.progress),
        upper.progress,
        name=tr("Difference"),
        interpolated=upper.interpolated,
        legend=tr("Orange: more than {lower}. Blue: less.", lower=lower),
    )


def difference_waiting(progress: float | None) -> PaneStatus:
    """The pictures of a difference are being made."""
    return PaneStatus(PaneState.LOADING, _with_progress(tr("Difference - computing"), progress), progress)


def difference_refused(reason: str) -> PaneStatus:
    """These two pictures have no difference."""
    return PaneStatus(PaneState.FAILED, tr("No difference: {reason}", reason=reason))
