"""What an export asks of the engine and of the files process, worked out from what the user chose."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.geometry import Geometry
from brainsr_desktop.core.recipe import DEGRADED, Recipe
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io.messages import ExportPicture, ModelNote, Scores
from brainsr_desktop.language import tr
from brainsr_desktop.models.card import Card
from brainsr_desktop.session.cache import Result
from brainsr_desktop.session.pictures import ResultKey, stack_name
from brainsr_desktop.session.planner import Stage, Urgency, Want, WeightsOf, digest_of

BASE: Final = "bicubic"
"""What differences are taken from, and what a network's figures stand beside."""
ORIGINAL: Final = "original"
"""What the files name instead of a model where the source's own slices are written."""


@dataclass(frozen=True, slots=True)
class PicturePlan:
    """How one kind of exported picture comes about.

    ``recipe`` is what the files say of it. ``needs`` are the results of each slice: none for the source itself; of two,
    the second is taken from the first for a difference, else it only lends its figures.
    """

    picture: ExportPicture
    recipe: Recipe
    needs: tuple[Recipe, ...]

    def geometry(self, stack: StackInfo) -> Geometry:
        """Where the pixels of the written slices lie."""
        source = stack.geometry
        if self.picture == "original":
            return source
        scale, worse = self.recipe.scale, self.recipe.degradation
        if worse is None:
            return source.enlarged(scale)
        small = source.reduced(worse.reduction)
        if self.picture == "degraded":
            return small
        # The engine leaves out what a side that cannot be divided was continued by.
        rows, columns = (-(-side * scale // worse.reduction) for side in (source.rows, source.columns))
        return replace(small.enlarged(scale), rows=rows, columns=columns)

    def combined(self, results: Sequence[Result]) -> NDArray[np.float32]:
        """The pixels to be written, from the results of ``needs``."""
        if self.picture == "difference":
            return results[0].pixels - results[1].pixels
        return results[0].pixels

    def scores(self, results: Sequence[Result]) -> Scores:
        """The figures of a slice: those of the model, then those of the interpolation."""
        own = results[0].scores if results else ()
        if self.picture != "test" or len(results) < 2:
            return own
        return (*own, *((f"{BASE} {name}", value) for name, value in results[1].scores))


def picture_plan(picture: ExportPicture, recipe: Recipe, degradation: Degradation) -> PicturePlan:
    """What one kind of picture asks of the engine. ``degradation`` is that of test mode."""
    plain = replace(recipe, degradation=None)
    match picture:
        case "enhanced":
            return PicturePlan(picture, plain, (plain,))
        case "original":
            return PicturePlan(picture, Recipe(ORIGINAL, 1), ())
        case "difference":
            return PicturePlan(picture, plain, (plain, Recipe(BASE, recipe.scale)))
        case "degraded":
            worse = Recipe(DEGRADED, recipe.scale, degradation)
            return PicturePlan(picture, worse, (worse,))
        case "test":
            tested = replace(recipe, degradation=degradation)
            beside = Recipe(BASE, recipe.scale, degradation)
            same = recipe.model == BASE
            return PicturePlan(picture, tested, (tested,) if same else (tested, beside))


def suitable(stack: StackInfo, indices: Iterable[int]) -> tuple[int, ...]:
    """The frames a network may run on, in order: there is a picture, and its volume is none of phases or the like."""
    if not stack.supported:
        return ()
    return tuple(
        index
        for index in sorted(set(indices))
        if stack.frames[index] is not None and stack.volume_unsuitable[index // stack.slices] is None
    )


def model_note(card: Card, *, backend: str = "", device: str = "") -> ModelNote:
    """What the files say of the model."""
    statement = str(card.data.get("statement", ""))
    return ModelNote(card.name, card.weights_sha256, card.grid, statement, card.title, backend, device)


def picture_note(plan: PicturePlan) -> ModelNote | None:
    """What the files say instead of a model; None where a model makes the picture."""
    if plan.picture == "original":
        return ModelNote(ORIGINAL, "", "half_pixel", title="original slices, not enhanced")
    if plan.picture == "degraded":
        return ModelNote(DEGRADED, "", "half_pixel", title="degraded on purpose")
    return None


def frame_key(stack: StackInfo, index: int, recipe: Recipe, weights_of: WeightsOf) -> ResultKey:
    """Key of any frame of a stack."""
    return ResultKey(stack_name(stack), index, digest_of(recipe, weights_of(recipe.model)))


def job_want(stack: StackInfo, index: int, recipe: Recipe, weights_of: WeightsOf) -> Want:
    """A slice that a job wants, after all else."""
    return Want(frame_key(stack, index, recipe, weights_of), recipe, Stage.FULL, Urgency.JOB)


def slice_problem(stack: StackInfo, index: int, code: str, reason: str, done: str) -> Problem:
    """A problem of one slice, by its number: file names may hold patient data."""
    number = index % stack.slices + 1
    if stack.volumes == 1:
        text = tr("Slice {number}: {reason}", number=number, reason=reason)
    else:
        volume = index // stack.slices + 1
        text = tr("Slice {number} of volume {volume}: {reason}", number=number, volume=volume, reason=reason)
    return Problem("", code, text, done)
