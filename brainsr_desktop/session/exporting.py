"""What an export asks of the engine and of the files process, worked out from what the user chose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io.messages import ModelNote
from brainsr_desktop.language import tr
from brainsr_desktop.models.card import Card
from brainsr_desktop.session.pictures import ResultKey, stack_name
from brainsr_desktop.session.planner import Stage, Urgency, Want, WeightsOf, digest_of


def export_recipe(recipe: Recipe) -> Recipe:
    """The recipe of an exported picture: never degraded."""
    return replace(recipe, degradation=None)


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
