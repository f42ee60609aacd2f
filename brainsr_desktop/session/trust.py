"""What can be known about the right picture: does it keep the input, is it stable, does the reference agree.

A finished picture and what it is held against make a *question*; its answer is worked out beside the GUI thread and is
worth something only as long as the same question is asked. Here it is decided that no stale map is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.core import consistency, rings
from brainsr_desktop.core.consistency import Residual
from brainsr_desktop.core.estimates import edge_sharpness_ratio
from brainsr_desktop.core.outline import outline_of
from brainsr_desktop.core.trust import Place
from brainsr_desktop.language import tr
from brainsr_desktop.models.card import Card
from brainsr_desktop.session import panes, trust_labels
from brainsr_desktop.session.panes import Known, Pane
from brainsr_desktop.session.pictures import Outline, Picture
from brainsr_desktop.session.planner import key_of, stages_of
from brainsr_desktop.session.state import ViewState

Floats = NDArray[np.float32]
TRUST_MODES: Final = frozenset({"consistency", "stability", "agreement"})


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A finished picture, what it was made from (stored values, as the model got them), and how much finer it is.

    ``limit``: how far it may be from the input, percent; ``truth`` only where the agreement with it is asked for, with
    the ``agreement_limit`` that is outlined and the distance of its pixels, mm.
    """

    upper: Picture
    source: Picture
    scale: int
    limit: float
    truth: Picture | None = None
    agreement_limit: float = 0.0
    spacing_mm: tuple[float, float] = (1.0, 1.0)

    def same_pictures(self, other: Question) -> bool:
        """Whether both are about the same pixels, however they are drawn."""
        return (
            self.upper.pixels is other.upper.pixels
            and self.source.pixels is other.source.pixels
            and _pixels(self.truth) is _pixels(other.truth)
        )

    def same_as(self, other: Question) -> bool:
        """Whether both have one answer."""
        limits = self.limit, self.agreement_limit
        return self.same_pictures(other) and limits == (other.limit, other.agreement_limit)


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """How a picture stands to its input, in stored units; no residual where they cannot be compared.

    ``sharpness``: how much steeper its edges are than those of the interpolated input. ``outline`` of the ``places``.
    """

    question: Question
    residual: Residual | None
    places: tuple[Place, ...] = ()
    sharpness: float | None = None
    outline: Outline | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Agreed:
    """Where the detail of a picture is that of the reference: 0..1; None where the matrices differ."""

    question: Question
    agreement: Floats | None
    outline: Outline | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    """How stable the right picture is, as far as it is known: the mean spread in stored units, or why there is none."""

    middle: float | None = None
    progress: float | None = None
    trouble: str = ""


def limit_of(card: Card | None) -> float:
    """How far an honest picture of a model is from its input at most, percent of the slice's range."""
    return consistency.LIMIT if card is None or card.trust is None else card.trust.consistency_limit


def question_of(state: ViewState, known: Known, right: Pane) -> Question | None:
    """What is to be known about the right picture; None while it is not finished, and for what nothing made."""
    stages = stages_of(state, state.right)
    picture, source = right.picture, panes.input_picture(state, known)
    if stages is None or source is None or picture is None or not panes.finished(right):
        return None
    if picture.key is None or picture.pixels.ndim != 2 or source.pixels.ndim != 2:
        return None
    asked = Question(picture, source, stages.full.scale, limit_of(known.card(stages.full.model)))
    if state.mode != "agreement" or not state.test_mode or state.stack is None:
        return asked
    truth = panes.original_picture(state, known)
    spacing = state.stack.geometry.spacing_mm
    return replace(asked, truth=truth, agreement_limit=state.compare.agreement_limit, spacing_mm=spacing)


def check(question: Question) -> Checked:
    """Hold a picture against its input; takes some 100 ms for a large slice."""
    source = _as_given(question.source)
    enlarged = _filled_up(question.upper.pixels, source.shape, question.scale)
    if enlarged is None:
        return Checked(question, None)
    rows, columns = source.shape
    spacing_mm = question.source.extent_mm[0] / rows, question.source.extent_mm[1] / columns
    residual = consistency.residual(enlarged, source, question.scale, spacing_mm)
    return Checked(
        question,
        residual,
        consistency.disagreeing(residual, question.limit),
        edge_sharpness_ratio(enlarged, source),
        _outline(residual.weighed > question.limit, question.source.extent_mm),
    )


def agree(question: Question, before: Agreed | None = None) -> Agreed:
    """Hold a picture against the reference; ``before`` spares the work where only the limit is another one."""
    truth = question.truth
    if truth is None or truth.pixels.shape != question.upper.pixels.shape:
        return Agreed(question, None)
    if before is not None and before.question.same_pictures(question):
        agreement = before.agreement
    else:
        agreement = rings.local_agreement(
            _finite(question.upper.pixels), _as_given(truth), question.spacing_mm, question.scale
        )
    if agreement is None:
        return Agreed(question, None)
    unsupported = agreement < question.agreement_limit
    return Agreed(question, agreement, _outline(unsupported, question.upper.extent_mm, grave=True))


def _outline(
    mask: NDArray[np.bool_], extent_mm: tuple[float, float], *, grave: bool = False
) -> Outline | None:
    """The edge of what a mask over a slice marks; None where it marks nothing."""
    rows, columns = mask.shape
    row_mm, column_mm = extent_mm[0] / rows, extent_mm[1] / columns
    pieces = outline_of(mask)[:, [1, 0, 3, 2]]
    return Outline(pieces * (column_mm, row_mm, column_mm, row_mm), grave) if len(pieces) else None


# What the right pane draws


def consistency_pane(right: Pane, checked: Checked | None, span: float | None) -> Pane:
    """The map of what the picture, reduced again, has more or less than the input; None of ``checked``: not yet."""
    if checked is None or span is None:
        return Pane(None, trust_labels.waiting("consistency", right.status.progress))
    residual, question = checked.residual, checked.question
    if residual is None:
        return Pane(
            None, trust_labels.refused("consistency", tr("the pixels of picture and input do not fit"))
        )
    status = trust_labels.consistency(right.status, residual.part, question.limit, len(checked.places))
    # Under the key of the picture that it tells about, so that it is never drawn beside another one.
    return Pane(_map(question.source, residual.map, right, span, None, checked.outline), status)


def agreement_pane(right: Pane, agreed: Agreed | None) -> Pane:
    """The map of the agreement with the reference, 0..1."""
    if agreed is None:
        return Pane(None, trust_labels.waiting("agreement", right.status.progress))
    if agreed.agreement is None:
        return Pane(None, trust_labels.refused("agreement", tr("picture and reference differ in size")))
    question = agreed.question
    status = trust_labels.agreement(right.status, question.agreement_limit)
    shown = _map(question.upper, agreed.agreement, right, 1.0, 0.0, agreed.outline)
    return Pane(replace(shown, slope=1.0, unit=""), status)


def stability_pane(state: ViewState, known: Known, right: Pane, span: float | None) -> Pane:
    """The map of the spread of eight flips and turns."""
    stages, recipe = stages_of(state, state.right), known.recipes.spread
    if stages is None or recipe is None:
        return Pane(None, trust_labels.refused("stability", tr("no network made this picture")))
    key = key_of(state, recipe, known.weights_of)
    made = known.result(key)
    failure = known.failure(key)
    if made is not None and (made.spread is None or made.fallback):
        return Pane(None, trust_labels.refused("stability", tr("the network's answers cannot be used")))
    if made is None and failure is not None:
        return Pane(None, trust_labels.refused("stability", failure.text))
    picture = right.picture
    if made is None or made.spread is None or span is None or picture is None or not panes.finished(right):
        return Pane(None, trust_labels.waiting("stability", known.progress(key)))
    status = trust_labels.stability(right.status, known.card(stages.full.model))
    return Pane(_map(picture, made.spread, right, span, 0.0, None), status)


def spread_of(state: ViewState, known: Known, middle_of: Callable[[Floats], float]) -> Spread:
    """How far the spread of the slice in view is, and how large; nothing while it is not asked for."""
    recipe = known.recipes.spread
    if recipe is None or state.stack is None:
        return Spread()
    key = key_of(state, recipe, known.weights_of)
    made, failure = known.result(key), known.failure(key)
    if made is None:
        return Spread(progress=known.progress(key), trouble="" if failure is None else failure.text)
    if made.spread is None or made.fallback:
        return Spread()
    return Spread(middle=middle_of(made.spread))


def _map(
    place: Picture, values: Floats, right: Pane, span: float, lowest: float | None, outline: Outline | None
) -> Picture:
    """Values over the extent of a picture, under the key of the right one."""
    key = None if right.picture is None else right.picture.key
    return Picture(
        values,
        place.extent_mm,
        slope=abs(place.slope) if lowest is not None else place.slope,
        key=key,
        span=span,
        lowest=lowest,
        padding=place.padding,
        outline=outline,
    )


def _pixels(picture: Picture | None) -> NDArray[np.generic] | None:
    return None if picture is None else picture.pixels


def _finite(pixels: NDArray[np.generic]) -> Floats:
    values = pixels.astype(np.float32, copy=False)
    return (
        values if np.isfinite(values.sum(dtype=np.float64)) else np.nan_to_num(values, posinf=0.0, neginf=0.0)
    )


def _as_given(picture: Picture) -> Floats:
    """A stored slice as a model gets it: padding and what is not finite filled."""
    values = picture.pixels.astype(np.float32, copy=False)
    padding = picture.padding
    if padding is not None and padding.mask.shape == values.shape:
        values = padding.filled(values)
    return _finite(values)


def _filled_up(pixels: NDArray[np.generic], low: tuple[int, ...], scale: int) -> Floats | None:
    """The picture over the whole of its input: what test mode had cut off is continued, as it was on the way there."""
    missing = [scale * few - many for few, many in zip(low, pixels.shape, strict=True)]
    if not all(0 <= rest < scale for rest in missing):
        return None
    return np.pad(_finite(pixels), [(0, rest) for rest in missing], mode="edge")
