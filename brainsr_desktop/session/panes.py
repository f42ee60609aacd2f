"""What both panes show: a pure function of state and results. Here it is decided that nothing stale is shown.

A picture goes into the enhanced pane only if it was found under the key of the current state; what was found under no
key is the source itself, drawn smooth, and labelled so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from brainsr_desktop.core.series import FrameInfo
from brainsr_desktop.models.card import Card
from brainsr_desktop.session.cache import Result
from brainsr_desktop.session.open_stack import OpenStack
from brainsr_desktop.session.pictures import PaneState, PaneStatus, Picture, ResultKey
from brainsr_desktop.session.planner import Recipes, WeightsOf, key_of
from brainsr_desktop.session.state import ViewState

EMPTY = PaneStatus(PaneState.EMPTY, "Open a folder to begin")
LOADING = PaneStatus(PaneState.LOADING, "Loading")
PREVIEW = "Preview - interpolated (linear), no network"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a slice could not be made."""

    text: str
    advice: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What there is. The functions look up by key; ``fresh`` is what was finished while it was in view.

    ``blocked``: why nothing can be made at all at present (the engine is gone).
    """

    source: OpenStack | None
    recipes: Recipes
    result: Callable[[ResultKey], Result | None]
    failure: Callable[[ResultKey], Failure | None]
    progress: Callable[[ResultKey], float | None]
    card: Callable[[str], Card | None]
    device_name: Callable[[str], str]
    weights_of: WeightsOf
    fresh: ResultKey | None = None
    blocked: Failure | None = None
    last_degraded: ResultKey | None = None
    """Key of the degraded picture that was shown last: kept for the same slice until the next one is made."""


@dataclass(frozen=True, slots=True)
class Pane:
    """A pane's picture and label."""

    picture: Picture | None
    status: PaneStatus


def left_pane(state: ViewState, known: Known) -> Pane:
    """The original; in test mode the degraded input, or the truth if asked for."""
    original = _original(state, known)
    if original.picture is None or not _degrades(state):
        return original
    if state.show_reference:
        return Pane(original.picture, PaneStatus(PaneState.REFERENCE, "Reference"))
    return _degraded(state, known)


def right_pane(state: ViewState, known: Known) -> Pane:
    """The best there is of the slice in view for the current recipe."""
    original = _original(state, known)
    if original.picture is None:
        return original
    if state.show_original:
        return Pane(original.picture, PaneStatus(PaneState.ORIGINAL, "Original"))
    if state.why_not is not None:
        return Pane(
            _smooth(original.picture), PaneStatus(PaneState.NOT_SUITABLE, f"Viewing only: {state.why_not}")
        )
    preview = _preview(state, known, original.picture)
    if not state.network_on:
        return Pane(preview, PaneStatus(PaneState.OFF, "Network off"))
    full_key = key_of(state, known.recipes.full, known.weights_of)
    full = known.result(full_key)
    if full is not None:
        return Pane(
            _made(state, full, full_key), _full_status(state, full, known, fresh=full_key == known.fresh)
        )
    failure = known.failure(full_key) or known.blocked
    if failure is not None:
        return Pane(preview, _failed_status(failure))
    progress = known.progress(full_key)
    if known.recipes.fast is not None:
        fast_key = key_of(state, known.recipes.fast, known.weights_of)
        fast = known.result(fast_key)
        if fast is not None and not fast.fallback:
            words = f"Preview - fast network {_title(known, known.recipes.fast.model, state)}"
            return Pane(_made(state, fast, fast_key), _computing(PaneState.FAST, words, progress))
    words = PREVIEW if preview is not None else "Computing"
    return Pane(preview, _computing(PaneState.INTERPOLATED, words, progress))


def _original(state: ViewState, known: Known) -> Pane:
    if state.stack is None or known.source is None:
        return Pane(None, EMPTY if state.stack is None else LOADING)
    index = state.frame_index
    pixels = known.source.pixels(index)
    if pixels is None:
        reason = known.source.why_missing(index)
        return Pane(None, PaneStatus(PaneState.FAILED, f"Cannot be shown: {reason}") if reason else LOADING)
    frame = state.stack.frames[index] or FrameInfo("")
    picture = Picture(
        pixels,
        state.stack.geometry.extent_mm,
        frame.slope,
        frame.intercept,
        smooth=state.interpolation == "linear",
        inverted=state.stack.photometric == "MONOCHROME1",
    )
    return Pane(picture, PaneStatus(PaneState.ORIGINAL, "Original"))


def _degrades(state: ViewState) -> bool:
    return state.test_mode and state.why_not is None


def _degraded(state: ViewState, known: Known) -> Pane:
    recipe = known.recipes.degraded
    if recipe is None:
        return Pane(None, LOADING)
    key = key_of(state, recipe, known.weights_of)
    result = known.result(key)
    if result is not None:
        return Pane(
            _made(state, result, key, smooth=_linear(state)), PaneStatus(PaneState.DEGRADED, "DEGRADED INPUT")
        )
    failure = known.failure(key) or known.blocked
    if failure is not None:
        return Pane(
            None, PaneStatus(PaneState.FAILED, f"Degrading failed: {failure.text}", detail=failure.detail)
        )
    # While a slider moves: the same slice, as it was degraded a moment ago, and it says so.
    last = known.last_degraded
    if last is not None and (last.stack_digest, last.frame) == (key.stack_digest, key.frame):
        before = known.result(last)
        if before is not None:
            status = PaneStatus(PaneState.DEGRADED, "DEGRADED INPUT - changing")
            return Pane(_made(state, before, last, smooth=_linear(state)), status)
    return Pane(None, PaneStatus(PaneState.LOADING, "DEGRADED INPUT - computing"))


def _preview(state: ViewState, known: Known, original: Picture) -> Picture | None:
    """What the network gets, drawn smooth."""
    if not _degrades(state):
        return _smooth(original)
    shown = _degraded(state, known).picture
    return None if shown is None else _smooth(shown)


def _smooth(picture: Picture) -> Picture:
    return Picture(
        picture.pixels,
        picture.extent_mm,
        picture.slope,
        picture.intercept,
        smooth=True,
        inverted=picture.inverted,
    )


def _made(state: ViewState, result: Result, key: ResultKey, *, smooth: bool = False) -> Picture:
    frame = state.stack.frames[key.frame] if state.stack is not None else None
    return Picture(
        result.pixels,
        result.geometry.extent_mm,
        1.0 if frame is None else frame.slope,
        0.0 if frame is None else frame.intercept,
        key=key,
        smooth=smooth,
        inverted=state.stack is not None and state.stack.photometric == "MONOCHROME1",
    )


def _linear(state: ViewState) -> bool:
    return state.interpolation == "linear"


def _full_status(state: ViewState, result: Result, known: Known, *, fresh: bool) -> PaneStatus:
    detail = "\n".join(result.notes)
    if result.fallback:
        words = "FALLBACK - network failed, interpolated shown: its output cannot be used"
        return PaneStatus(PaneState.FAILED, words, detail=detail)
    title = _title(known, state.recipe.model, state)
    if is_interpolation(known, state.recipe.model):
        return PaneStatus(PaneState.FULL, f"Interpolated ({title}), no network", detail=detail)
    share = (
        "" if state.recipe.strength == 1.0 else f", {state.recipe.strength * 100:.0f} % of it, the rest cubic"
    )
    words = f"Network {title}{', careful' if state.recipe.careful else ''}{share}"
    if not fresh:
        return PaneStatus(PaneState.CACHED, f"{words} - stored", detail=detail)
    made_on = f"{known.device_name(result.device)}, {_seconds(result.seconds)}"
    return PaneStatus(PaneState.FULL, f"{words} - {made_on}", detail=detail)


def is_interpolation(known: Known, model: str) -> bool:
    """Whether a model is no network."""
    card = known.card(model)
    return card is not None and card.is_interpolation


def _title(known: Known, model: str, state: ViewState) -> str:
    card = known.card(model)
    title = model if card is None else card.title
    factor = f"x{state.recipe.scale}"
    words = title if factor in title else f"{title} {factor}"
    return f"{words} (may invent detail)" if card is not None and card.role == "perceptual" else words


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 0.1 else f"{seconds * 1000:.0f} ms"


def _failed_status(failure: Failure) -> PaneStatus:
    words = f"Network failed, interpolated shown: {failure.text}"
    return PaneStatus(
        PaneState.FAILED, words, detail="\n".join(filter(None, (failure.advice, failure.detail)))
    )


def _computing(pane_state: PaneState, words: str, progress: float | None) -> PaneStatus:
    if progress is None:
        return PaneStatus(pane_state, words)
    return PaneStatus(pane_state, f"{words}; full network {progress * 100:.0f} %", progress)
