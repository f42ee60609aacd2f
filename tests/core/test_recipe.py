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
    assert plain == "13b432154099c645cd342a3a0c5b561296e81ac35385093ec4de38bf1f963649"
    tested = Recipe("brainsr-x2", 2, Degradation(3.0, 0.5, 2, seed=7), "cpu", "fast", 0.5, 64)
    assert tested.digest() == "03b174961e2c10e8d5679e904af85ea5d280becb42b8e43887506a98f14e828f"


@pytest.mark.parametrize(
    "changed",
    [Degradation(3.0, noise="gaussian"), Degradation(3.0, bias_percent=10.0), Degradation(3.0, seed=1)],
)
def test_that_every_choice_of_a_degradation_is_part_of_the_digest(changed: Degradation) -> None:
    recipe = Recipe("brainsr-x4", 4, Degradation(3.0))
    assert replace(recipe, degradation=changed).digest() != recipe.digest()
