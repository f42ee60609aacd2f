from __future__ import annotations

from dataclasses import replace

from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.models.card import Card
from brainsr_desktop.session.exporting import (
    export_recipe,
    frame_key,
    job_want,
    model_note,
    slice_problem,
    suitable,
)
from brainsr_desktop.session.planner import Urgency, key_of
from tests.session.making import no_weights, stack, state


def test_that_unsuitable_volumes_and_missing_pictures_are_left_out() -> None:
    made = stack(3, volumes=2, volume_unsuitable=("phase image", None))
    made = replace(made, frames=(*made.frames[:4], None, made.frames[5]))
    assert suitable(made, range(6)) == (3, 5)
    assert suitable(made, (5, 3, 3)) == (3, 5)
    assert suitable(replace(made, why_not="not MR"), range(6)) == ()


def test_that_an_export_is_never_degraded() -> None:
    recipe = replace(state().recipe, degradation=Degradation(noise_percent=5.0))
    assert export_recipe(recipe).degradation is None


def test_that_a_job_makes_the_very_slice_that_is_shown() -> None:
    shown = state(stack(3, volumes=2), slice_index=2, volume=1)
    assert shown.stack is not None
    assert frame_key(shown.stack, 5, shown.recipe, no_weights) == key_of(
        shown, shown.active_recipe, no_weights
    )
    assert job_want(shown.stack, 5, shown.recipe, no_weights).urgency is Urgency.JOB


def test_that_files_say_what_the_model_was_trained_on() -> None:
    card = Card(
        "m",
        "M",
        "brainsr",
        (4,),
        "fidelity",
        files={"weights.safetensors": "ab"},
        data={"statement": "heads"},
    )
    note = model_note(card, device="cpu")
    assert (note.id, note.sha256, note.data_statement, note.device) == ("m", "ab", "heads", "cpu")
    assert model_note(replace(card, data={})).data_statement == ""


def test_that_a_problem_names_the_slice_by_its_number() -> None:
    made = stack(3, volumes=2)
    assert slice_problem(made, 4, "X", "why", "left out").reason == "Slice 2 of volume 2: why"
    assert slice_problem(stack(3), 2, "X", "why", "left out").reason == "Slice 3: why"
