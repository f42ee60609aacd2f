from __future__ import annotations

import math
from typing import Literal

import pytest
import torch

from brainsr_desktop.train.config import Adversary, Config, Data, Network, Run, Stage
from brainsr_desktop.train.gan import Opponent, fooling_loss, judging_loss

FALSE = torch.tensor([[-1.0, 0.0], [0.5, -0.5]])
TRUE = torch.tensor([[1.0, 0.25], [2.0, 0.75]])


def entropy(verdict: float, mark: float) -> float:
    """Binary cross entropy of the logistic of a verdict."""
    judged = 1.0 / (1.0 + math.exp(-verdict))
    return -mark * math.log(judged) - (1.0 - mark) * math.log(1.0 - judged)


def mean_entropy(verdicts: torch.Tensor, shift: float, mark: float) -> float:
    values = [entropy(float(verdict) - shift, mark) for verdict in verdicts.flatten()]
    return sum(values) / len(values)


def test_that_the_relativistic_losses_are_those_of_the_paper() -> None:
    """Equations of arXiv 1807.00734: each side is judged against the mean of the other."""
    adversary = Adversary(kind="relativistic", smoothing=0.1)
    false_mean, true_mean = float(FALSE.mean()), float(TRUE.mean())
    judging = (mean_entropy(TRUE, false_mean, 0.9) + mean_entropy(FALSE, true_mean, 0.0)) / 2
    fooling = (mean_entropy(FALSE, true_mean, 1.0) + mean_entropy(TRUE, false_mean, 0.0)) / 2
    assert float(judging_loss(adversary, FALSE, TRUE)) == pytest.approx(judging, rel=1e-5)
    assert float(fooling_loss(adversary, FALSE, TRUE)) == pytest.approx(fooling, rel=1e-5)


def test_that_the_hinge_losses_are_those_of_the_paper() -> None:
    adversary = Adversary(kind="hinge", smoothing=0.1)
    true = (0.0 + 0.65 + 0.0 + 0.15) / 4
    false = (0.0 + 1.0 + 1.5 + 0.5) / 4
    assert float(judging_loss(adversary, FALSE, TRUE)) == pytest.approx(true + false)
    assert float(fooling_loss(adversary, FALSE, TRUE)) == pytest.approx(0.25)


def made(adversary: Adversary) -> Opponent:
    config = Config(
        "tiny",
        Network("espcn", {"scale": 2}),
        Data(("none",)),
        run=Run(steps=100),
        stage=(Stage(adversarial=1.0),),
        adversary=adversary,
    )
    torch.manual_seed(2)
    return Opponent(config, torch.device("cpu"), lambda network: network)


@pytest.mark.parametrize("kind", ["relativistic", "hinge"])
def test_that_the_discriminator_learns_to_tell_and_the_picture_learns_to_fool(
    kind: Literal["relativistic", "hinge"],
) -> None:
    """The truth has stripes, the false picture none; later the picture itself is what learns."""
    opponent = made(Adversary(kind=kind, width=4, rate=2e-3, instance_noise=0.01))
    low = torch.full((2, 1, 16, 16), 0.5)
    truth = 0.5 + 0.3 * torch.sin(torch.arange(32.0) * 2).expand(2, 1, 32, 32)
    false = torch.full((2, 1, 32, 32), 0.5)
    losses = []
    for step in range(40):
        opponent.learn(false, low, truth, step, 0.0)
        losses.append(float(opponent.last_loss))
    assert losses[-1] < 0.7 * losses[0]
    picture = false.clone().requires_grad_()
    before = opponent.fooling(picture, low, truth, 40, 0.0)
    before.backward()  # type: ignore[no-untyped-call]
    assert picture.grad is not None
    better = picture.detach() - 0.05 * picture.grad.sign()
    assert float(opponent.fooling(better, low, truth, 40, 0.0)) < float(before.detach())


def test_that_fooling_leaves_the_discriminator_as_it_is() -> None:
    opponent = made(Adversary(width=4))
    before = {name: tensor.clone() for name, tensor in opponent.tensors().items()}
    picture = torch.rand(1, 1, 32, 32, requires_grad=True)
    low, truth = torch.rand(1, 1, 16, 16), torch.rand(1, 1, 32, 32)
    opponent.fooling(picture, low, truth, 0, 0.0).backward()  # type: ignore[no-untyped-call]
    assert all(torch.equal(tensor, before[name]) for name, tensor in opponent.tensors().items())
    assert all(parameter.grad is None for parameter in opponent.network.parameters())
    assert all(parameter.requires_grad for parameter in opponent.network.parameters())


def test_that_a_restored_opponent_goes_on_alike() -> None:
    first, second = (made(Adversary(width=4)) for _ in range(2))
    pictures = torch.rand(1, 1, 32, 32), torch.rand(1, 1, 16, 16), torch.rand(1, 1, 32, 32)
    for step in range(3):
        first.learn(*pictures, step, 0.1 * step)
    second.restore({name: tensor.clone() for name, tensor in first.tensors().items()})
    for opponent in (first, second):
        opponent.learn(*pictures, 3, 0.3)
    again = second.tensors()
    assert all(torch.equal(tensor, again[name]) for name, tensor in first.tensors().items())
