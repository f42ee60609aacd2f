from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.core.recipe import Recipe

OTHERS: dict[str, Any] = {
    "model": "espcn-x4",
    "scale": 2,
    "degradation": Degradation(reduction=4),
    "device": "cpu",
    "precision": "fast",
    "strength": 0.5,
    "tile": 64,
    "careful": True,
}


@pytest.mark.parametrize("name", [entry.name for entry in fields(Recipe)])
def test_that_every_choice_is_part_of_the_digest(name: str) -> None:
    recipe = Recipe("brainsr-x4", 4)
    assert replace(recipe, **{name: OTHERS[name]}).digest("ab") != recipe.digest("ab")


def test_that_the_weights_are_part_of_the_digest() -> None:
    assert Recipe("brainsr-x4", 4).digest("ab") != Recipe("brainsr-x4", 4).digest("cd")


def test_that_digests_stay_what_they_were_before_there_were_more_choices() -> None:
    plain = Recipe("brainsr-x4", 4).digest("ab")
    assert plain == "4a236c3ef0498d7b16c452ba175f4cc8a318a13e8f11c8fc0988478a236768f1"
    tested = Recipe("brainsr-x2", 2, Degradation(3.0, 0.5, 2, seed=7), "cpu", "fast", 0.5, 64)
    assert tested.digest() == "bc3d1852a23f9031e1096f30d5d4f87e0f31e537e2538762ee064367bd4e5164"


@pytest.mark.parametrize(
    "changed",
    [Degradation(3.0, noise="gaussian"), Degradation(3.0, bias_percent=10.0), Degradation(3.0, seed=1)],
)
def test_that_every_choice_of_a_degradation_is_part_of_the_digest(changed: Degradation) -> None:
    recipe = Recipe("brainsr-x4", 4, Degradation(3.0))
    assert replace(recipe, degradation=changed).digest() != recipe.digest()
