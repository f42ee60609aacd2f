"""The plan of a sweep: which values, which pictures, for whom."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.core.errors import UsageError
from brainsr_desktop.models.card import Card
from brainsr_desktop.models.catalog import BASELINES
from brainsr_desktop.session.sweep import Axis, Sweep, SweepRequest, axis_of, chosen_models, stepped
from tests.session.making import stack

BASE = Degradation(1.0, 0.5, 4, seed=7)


def network(name: str, scale: int) -> Card:
    return Card(name=name, title=name, network="brainsr", scales=(scale,), role="fidelity")


X4, X2 = network("fine-x4", 4), network("fine-x2", 2)


def test_that_a_range_holds_both_its_ends() -> None:
    assert axis_of("noise=0:10:1") == Axis("noise", tuple(float(value) for value in range(11)))
    assert axis_of("blur=0:0.3:0.1") == Axis("blur", (0.0, 0.1, 0.2, 0.3))
    assert axis_of(" bias=5:5:1 ") == Axis("bias", (5.0,))
    assert axis_of("scale=2:4:2") == axis_of("scale=2,4") == Axis("scale", (2.0, 4.0))


@given(first=st.integers(0, 20), steps=st.integers(0, 50), step=st.sampled_from([0.05, 0.1, 0.3, 0.5, 1.0]))
def test_that_steps_are_even_and_meet_the_end(first: int, steps: int, step: float) -> None:
    axis = stepped("noise", float(first), first + steps * step, step)
    assert len(axis.values) == steps + 1
    assert axis.values == pytest.approx([first + number * step for number in range(steps + 1)])


@pytest.mark.parametrize(
    "text",
    [
        "noise",
        "noise=",
        "noise=0:10",
        "noise=0:10:0",
        "noise=10:0:1",
        "noise=0:101:50.5",
        "noise=0:100:0.1",
        "noise=3,1",
        "bias=0:60:10",
        "scale=2:4:1",
        "sharpness=0:1:1",
        "blur=a:b:c",
        "noise=0:1:1:1",
        "noise=1..2",
    ],
)
def test_that_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        axis_of(text)


def test_that_every_value_is_made_by_every_model_the_interpolations_first() -> None:
    sweep = Sweep((Axis("noise", (0.0, 2.0)),), BASE, (X4, X2), BASELINES, device="cpu", precision="fast")
    points = list(sweep.points())
    names = [card.name for card in BASELINES]
    assert [point.model for point in points] == [name for name in [*names, "fine-x4"] for _ in range(2)]
    first, last = points[0], points[-1]
    assert first.recipe.degradation == replace(BASE, noise_percent=0.0)
    assert (first.recipe.device, first.recipe.precision) == ("auto", "exact")
    assert last.recipe.degradation == replace(BASE, noise_percent=2.0)
    assert (last.recipe.device, last.recipe.precision, last.recipe.scale) == ("cpu", "fast", 4)


def test_that_two_axes_are_combined_and_the_scale_decides_who_takes_part() -> None:
    sweep = Sweep((Axis("scale", (2.0, 4.0)), Axis("bias", (0.0, 20.0))), BASE, (X4, X2), ())
    found = [(point.model, point.values) for point in sweep.points()]
    assert found == [
        ("fine-x4", (4.0, 0.0)),
        ("fine-x4", (4.0, 20.0)),
        ("fine-x2", (2.0, 0.0)),
        ("fine-x2", (2.0, 20.0)),
    ]
    assert sweep.degradation((2.0, 20.0)) == replace(BASE, reduction=2, bias_percent=20.0)


def test_that_a_sweep_of_nothing_or_of_one_control_twice_is_refused() -> None:
    noise = Axis("noise", (0.0, 1.0))
    for axes in ((), (noise, noise), (noise, Axis("blur", (0.0,)), Axis("bias", (0.0,)))):
        with pytest.raises(UsageError):
            Sweep(axes, BASE, (X4,), BASELINES)
    with pytest.raises(UsageError):
        Sweep((noise,), replace(BASE, reduction=1), (X4,), BASELINES)


def test_that_networks_of_another_reduction_are_left_out() -> None:
    assert chosen_models((X4, X2, *BASELINES), (4,)) == (X4,)
    assert chosen_models((X4, X2), (2, 4)) == (X4, X2)


def test_that_a_request_counts_its_pictures() -> None:
    sweep = Sweep((Axis("noise", (0.0, 1.0, 2.0)),), BASE, (X4,), BASELINES)
    assert SweepRequest(stack(), (1, 2), sweep).total == 2 * 3 * 5
