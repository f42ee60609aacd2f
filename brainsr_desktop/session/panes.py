"""What both panes show: a pure function of state and results. Here it is decided that nothing stale is shown.

A picture goes into a pane as a result only if it was found under the key of the current state; what was found under
no key is the source itself, drawn smooth, and labelled so. What each label says is in `pane_labels`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from brainsr_desktop.core.series import FrameInfo
from brainsr_desktop.models.card import Card
from brainsr_desktop.session import pane_labels as labels
from brainsr_desktop.session.cache import Result
from brainsr_desktop.session.compare import Source
from brainsr_desktop.session.open_stack import OpenStack
from brainsr_desktop.session.pictures import PaneState, PaneStatus, Picture, ResultKey
from brainsr_desktop.session.planner import Recipes, Stages, WeightsOf, key_of, stages_of
from brainsr_desktop.session.state import ViewState


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
    fresh: frozenset[ResultKey] = frozenset()
    blocked: Failure | None = None
    last_degraded: ResultKey | None = None
    """Key of the degraded picture that was shown last: kept for the same slice until the next one is made."""


@dataclass(frozen=True, slots=True)
class Pane:
    """A pane's picture and label."""

    picture: Picture | None
    status: PaneStatus


def left_pane(state: ViewState, known: Known) -> Pane:
    """What the list above the left pane names: by default the original, in test mode the degraded input."""
    return _pane(state, known, state.left)


def right_pane(state: ViewState, known: Known) -> Pane:
    """What the list above the right pane names: by default the best there is for the current recipe."""
    original = _original(state, known)
    if original.picture is not None and state.show_original:
        return original
    return _pane(state, known, state.right)


def base_picture(state: ViewState, known: Known) -> Picture | None:
    """What the right picture is measured against: the cubic interpolation of the input, the reference, or the left
    result; None while it is not there."""
    if known.recipes.base is not None and state.stack is not None:
        key = key_of(state, known.recipes.base, known.weights_of)
        result = known.result(key)
        return None if result is None or result.fallback else _made(state, known, result, key)
    if state.show_reference:
        return _original(state, known).picture
    left = left_pane(state, known)
    return left.picture if left.status.state in labels.FINISHED else None


def input_picture(state: ViewState, known: Known) -> Picture | None:
    """What the models get: the original, in test mode the degraded slice of now; None while it is not there."""
    if not _degrades(state):
        return original_picture(state, known)
    recipe = known.recipes.degraded
    if recipe is None:
        return None
    key = key_of(state, recipe, known.weights_of)
    result = known.result(key)
    return None if result is None else _made(state, known, result, key)


def original_picture(state: ViewState, known: Known) -> Picture | None:
    """The slice as it is in the file; None while it is not there."""
    return _original(state, known).picture


def _pane(state: ViewState, known: Known, source: Source) -> Pane:
    original = _original(state, known)
    if original.picture is None or original.status.state is PaneState.NOT_SUITABLE:
        return original
    stages = stages_of(state, source)
    if stages is not None:
        return _result(state, known, stages, original.picture)
    if not _degrades(state):
        return original
    if source.kind == "reference":
        return Pane(original.picture, labels.reference())
    return _degraded(state, known)


def _result(state: ViewState, known: Known, stages: Stages, original: Picture) -> Pane:
    if state.why_not is not None:
        return Pane(_smooth(original), labels.not_suitable(state.why_not))
    preview = _preview(state, known, original)
    if not state.network_on and (stages.chosen or not stages.interpolated):
        return Pane(preview, labels.off())
    card = known.card(stages.full.model)
    if stages.held:
        return Pane(preview, labels.held(stages.full, card))
    full_key = key_of(state, stages.full, known.weights_of)
    full = known.result(full_key)
    if full is not None:
        device = known.device_name(full.device) if full_key in known.fresh else None
        return Pane(_made(state, known, full, full_key), labels.full(stages.full, card, full, device))
    failure = known.failure(full_key) or known.blocked
    if failure is not None:
        return Pane(preview, labels.failed(failure.text, failure.advice, failure.detail))
    progress = known.progress(full_key)
    if stages.fast is not None:
        fast_key = key_of(state, stages.fast, known.weights_of)
        fast = known.result(fast_key)
        if fast is not None and not fast.fallback:
            status = labels.fast(stages.fast, known.card(stages.fast.model), progress)
            return Pane(_made(state, known, fast, fast_key), status)
    return Pane(preview, labels.waiting(stages.full, progress, has_preview=preview is not None))


def _original(state: ViewState, known: Known) -> Pane:
    if state.stack is None or known.source is None:
        return Pane(None, labels.empty() if state.stack is None else labels.loading())
    index = state.frame_index
    status = labels.being_read() if state.stack.reading else labels.original()
    pixels = known.source.pixels(index)
    if pixels is None:
        reason = known.source.why_missing(index)
        pixels, status = known.source.cut_pixels(index), labels.not_suitable(reason)
        if pixels is None:
            return Pane(None, labels.unreadable(reason) if reason else labels.loading())
    frame = state.stack.frames[index] or FrameInfo("")
    picture = Picture(
        pixels,
        state.stack.geometry.extent_mm,
        frame.slope,
        frame.intercept,
        smooth=state.interpolation == "linear",
        inverted=state.stack.photometric == "MONOCHROME1",
        padding=known.source.padding(index),
    )
    return Pane(picture, status)


def _degrades(state: ViewState) -> bool:
    return state.test_mode and state.why_not is None


def _degraded(state: ViewState, known: Known) -> Pane:
    recipe = known.recipes.degraded
    if recipe is None:
        return Pane(None, labels.loading())
    key = key_of(state, recipe, known.weights_of)
    smooth = state.interpolation == "linear"
    result = known.result(key)
    if result is not None:
        return Pane(_made(state, known, result, key, smooth=smooth), labels.degraded())
    failure = known.failure(key) or known.blocked
    if failure is not None:
        return Pane(None, labels.degrading_failed(failure.text, failure.detail))
    # While a slider moves: the same slice, as it was degraded a moment ago, and it says so.
    last = known.last_degraded
    if last is not None and (last.stack_digest, last.frame) == (key.stack_digest, key.frame):
        before = known.result(last)
        if before is not None:
            return Pane(_made(state, known, before, last, smooth=smooth), labels.degraded_changing())
    return Pane(None, labels.degrading())


def _preview(state: ViewState, known: Known, original: Picture) -> Picture | None:
    """What the network gets, drawn smooth."""
    if not _degrades(state):
        return _smooth(original)
    shown = _degraded(state, known).picture
    return None if shown is None else _smooth(shown)


def _smooth(picture: Picture) -> Picture:
    return replace(picture, key=None, smooth=True)


def _made(state: ViewState, known: Known, result: Result, key: ResultKey, *, smooth: bool = False) -> Picture:
    frame = state.stack.frames[key.frame] if state.stack is not None else None
    return Picture(
        result.pixels,
        result.geometry.extent_mm,
        1.0 if frame is None else frame.slope,
        0.0 if frame is None else frame.intercept,
        key=key,
        smooth=smooth,
        inverted=state.stack is not None and state.stack.photometric == "MONOCHROME1",
        padding=None if known.source is None else known.source.padding(key.frame),
    )


def finished(pane: Pane) -> bool:
    """Whether a pane shows a result, and not a preview or the source."""
    return pane.picture is not None and pane.status.state in labels.FINISHED


def is_result(pane: Pane) -> bool:
    """Whether a pane shows what a network or an interpolation made, also a fast preview."""
    return finished(pane) or pane.status.state is PaneState.FAST
