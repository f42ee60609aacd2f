from __future__ import annotations

from dataclasses import replace

from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.models.card import Card
from brainsr_desktop.session.exporting import (
    frame_key,
    job_want,
    model_note,
    picture_note,
    picture_plan,
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
    worse = Degradation(noise_percent=5.0, reduction=4)
    recipe = replace(state().recipe, degradation=worse)
    plan = picture_plan("enhanced", recipe, worse)
    assert plan.recipe.degradation is None
    assert plan.needs == (plan.recipe,)


def test_that_every_picture_says_where_its_pixels_lie() -> None:
    made = stack(3)
    made = replace(made, geometry=replace(made.geometry, rows=30, columns=22))
    worse = Degradation(reduction=4)
    recipe = state().recipe
    sides = {}
    for picture in ("enhanced", "original", "degraded", "test", "difference"):
        plan = picture_plan(picture, recipe, worse)
        place = plan.geometry(made)
        sides[picture] = (place.rows, place.columns)
        named = picture_note(plan)
        assert (named is None) == (picture in ("enhanced", "test", "difference"))
    assert sides == {
        "enhanced": (120, 88),
        "original": (30, 22),
        "degraded": (8, 6),
        "test": (30, 22),
        "difference": (120, 88),
    }


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
