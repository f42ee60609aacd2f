"""Whether a series is what a network was trained on: what is measured of it, the words for it, and who waits for it.

A network that the series is outside of waits until the user has said "Run anyway", once for each series and model.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Final

import numpy as np

from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.core.suitability import Appearance, Measured, Reason, Trained, appearance, reasons
from brainsr_desktop.language import mark, tr
from brainsr_desktop.session.pictures import Picture, stack_name
from brainsr_desktop.session.state import ViewState

AI_MADE: Final = "AI-made"
"""Badge of a stack whose header says that such a program made it."""
MATRIX_ROOM: Final = 0.25
"""A network sees the neighbourhood of a pixel alone: a matrix larger or smaller by this part is nothing new to it."""
_WORDS: Final = {
    "modality": mark("not MR but {value}"),
    "body_part": mark("body part {value}"),
    "already_enhanced": mark("already made by a network"),
    "contrast_agent": mark("contrast agent"),
    "contrast": mark("contrast {value}"),
    "pixel_size": mark("pixel size {value} mm (trained {low} to {high})"),
    "matrix": mark("{value} pixels along a side (trained {low} to {high})"),
    "noise": mark("noise {value} % (trained {low} to {high})"),
    "distribution": mark("grey values spread unlike those of a head in training"),
}


def measured(stack: StackInfo, appearance: Appearance | None = None) -> Measured:
    """What is known of a stack; ``appearance`` of one of its slices, once that is measured."""
    rows, columns = stack.geometry.rows, stack.geometry.columns
    row_mm, column_mm = stack.geometry.spacing_mm
    return Measured(
        modality=stack.modality,
        # The scan knows more words for a head than the check does.
        body_part="" if stack.of_head else stack.body_part,
        pixel_mm=(row_mm, column_mm) if stack.has_spacing else None,
        matrix_px=(rows, columns),
        already_enhanced=AI_MADE in stack.badges,
        appearance=appearance,
    )


def doubts_of(found: Measured, trained: Trained) -> tuple[Reason, ...]:
    """Why a network may be wrong on what was measured; a matrix that is only a little larger is no reason."""
    return tuple(reason for reason in reasons(found, trained) if not _is_near_matrix(reason))


def _is_near_matrix(reason: Reason) -> bool:
    value, low, high = reason.value, reason.low, reason.high
    if reason.kind != "matrix" or isinstance(value, str) or low is None or high is None:
        return False
    return low * (1.0 - MATRIX_ROOM) <= value <= high * (1.0 + MATRIX_ROOM)


def appearance_of(picture: Picture) -> Appearance:
    """Measure a slice, without its padding; takes some 10 ms: not for the GUI thread."""
    values = picture.pixels.astype(np.float32)
    padding = picture.padding
    if padding is not None:
        rows, columns = values.shape
        values[padding.over((rows, columns))] = np.nan
    return appearance(values)


def sentence(model: str, reasons: Iterable[Reason]) -> str:
    """What the banner says of a model (its title)."""
    return tr(
        "This series is outside what {model} was trained on: {reasons}. Results may be wrong.",
        model=model,
        reasons="; ".join(words_of(reason) for reason in reasons),
    )


def words_of(reason: Reason) -> str:
    """One reason in a few words."""
    return tr(
        _WORDS[reason.kind], value=_number(reason.value), low=_number(reason.low), high=_number(reason.high)
    )


def _number(value: float | str | None) -> str:
    return value if isinstance(value, str) else "" if value is None else f"{value:.3g}"


# Who waits


def is_held(state: ViewState, model: str) -> bool:
    """Whether a model waits for the user's word on the series in view."""
    if state.stack is None or not state.doubts:
        return False
    pair = stack_name(state.stack), model
    return pair in state.doubts and pair not in state.run_anyway


def set_doubts(state: ViewState, models: Collection[str], doubtful: Collection[str]) -> ViewState:
    """What was found out about some models and the series in view: the ``doubtful`` ones must wait."""
    if state.stack is None:
        return state
    name = stack_name(state.stack)
    kept = {pair for pair in state.doubts if pair[0] != name or pair[1] not in models}
    doubts = frozenset(kept | {(name, model) for model in doubtful})
    return state if doubts == state.doubts else replace(state, doubts=doubts)


def run_anyway(state: ViewState, models: Collection[str]) -> ViewState:
    """The user wants to see what these models make of the series in view."""
    if state.stack is None:
        return state
    name = stack_name(state.stack)
    return replace(state, run_anyway=state.run_anyway | {(name, model) for model in models})


def forget(state: ViewState, names: Collection[str]) -> ViewState:
    """Some stacks (see `stack_name`) are closed: when they are opened again, ask again."""
    return replace(
        state,
        doubts=frozenset(pair for pair in state.doubts if pair[0] not in names),
        run_anyway=frozenset(pair for pair in state.run_anyway if pair[0] not in names),
    )


def forget_all(state: ViewState) -> ViewState:
    """Everything is closed."""
    return replace(state, doubts=frozenset(), run_anyway=frozenset())
