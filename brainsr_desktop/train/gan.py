"""The second network of a conditional GAN: its losses, its training, its state.

Relativistic average (Jolicoeur-Martineau 2018, arXiv 1807.00734) or hinge (Lim and Ye 2017, arXiv 1705.02894), with
one-sided label smoothing (Salimans 2016, arXiv 1606.03498) and instance noise (Sonderby 2016, arXiv 1610.04490).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from brainsr_desktop.models.networks import discriminator
from brainsr_desktop.train import checkpoint, curriculum
from brainsr_desktop.train.config import Adversary, Config
from brainsr_desktop.train.devices import placed
from brainsr_desktop.train.losses import follow

Wrap: TypeAlias = Callable[[nn.Module], nn.Module]
_STEPS: Final = 2**32
"""More than any run has: seed and step together make a number that no other step has."""


def fooling_loss(adversary: Adversary, false: Tensor, true: Tensor) -> Tensor:
    """What the network minimises: small where its pictures are judged as true, or truer than the truth."""
    if adversary.kind == "hinge":
        return -false.mean()
    return (_marked(false - true.mean(), 1.0) + _marked(true - false.mean(), 0.0)) / 2.0


def judging_loss(adversary: Adversary, false: Tensor, true: Tensor) -> Tensor:
    """What the discriminator minimises: small where true pictures and the network's are told apart."""
    aim = 1.0 - adversary.smoothing
    if adversary.kind == "hinge":
        return functional.relu(aim - true).mean() + functional.relu(1.0 + false).mean()
    return (_marked(true - false.mean(), aim) + _marked(false - true.mean(), 0.0)) / 2.0


def _marked(verdict: Tensor, mark: float) -> Tensor:
    return functional.binary_cross_entropy_with_logits(verdict, torch.full_like(verdict, mark))


class Opponent:
    """The discriminator with its optimiser and moving average.

    A verdict on the network's picture and one on the truth are given in one pass, so that both see the same weights.
    """

    def __init__(self, config: Config, device: torch.device, wrap: Wrap) -> None:
        self.config, self.adversary, self.device = config, config.adversary, device
        settings = discriminator.Config(config.network.scale, config.adversary.width)
        self.network = placed(discriminator.Discriminator(settings), device)
        self.average = placed(discriminator.Discriminator(settings), device).requires_grad_(False)
        self.average.load_state_dict(self.network.state_dict())
        self.optimiser = torch.optim.Adam(
            self.network.parameters(), lr=self.adversary.rate, betas=self.adversary.betas, fused=True
        )
        self._learning = wrap(self.network)
        self._noise = torch.Generator(device)
        self.last_loss = torch.zeros((), device=device)

    def fooling(self, result: Tensor, low: Tensor, truth: Tensor, step: int, progress: float) -> Tensor:
        """The network's adversarial loss, with a gradient for `result` alone; call `learn` in the same step."""
        self.network.requires_grad_(False).eval()
        self._noise.manual_seed(self.config.run.seed * _STEPS + 2 * step)
        false, true = self._verdicts(self.network, result, low, truth, progress)
        self.network.requires_grad_(True).train()
        return fooling_loss(self.adversary, false, true)

    def learn(self, result: Tensor, low: Tensor, truth: Tensor, step: int, progress: float) -> None:
        """One step of the discriminator on the same pictures; `result` is taken without its gradient."""
        schedule = replace(
            self.config.optimiser,
            rate=self.adversary.rate,
            final_rate=min(self.config.optimiser.final_rate, self.adversary.rate),
        )
        for group in self.optimiser.param_groups:
            group["lr"] = curriculum.learning_rate(schedule, step, progress)
        self.optimiser.zero_grad(set_to_none=True)
        self._noise.manual_seed(self.config.run.seed * _STEPS + 2 * step + 1)
        loss = judging_loss(
            self.adversary, *self._verdicts(self._learning, result.detach(), low, truth, progress)
        )
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        follow(self.average, self.network, self.adversary.average, step)
        self.last_loss = loss.detach()

    def _verdicts(
        self, network: nn.Module, result: Tensor, low: Tensor, truth: Tensor, progress: float
    ) -> tuple[Tensor, Tensor]:
        pictures = torch.cat([result.float(), truth.float()])
        sigma = self.adversary.instance_noise * (1.0 - progress)
        if sigma > 0.0:
            noise = torch.randn(pictures.shape, generator=self._noise, device=self.device)
            pictures = pictures + sigma * noise
        verdicts = network(pictures, torch.cat([low, low]))
        false, true = verdicts.float().chunk(2)
        return false, true

    def tensors(self) -> dict[str, Tensor]:
        """All that decides how it goes on, for a checkpoint."""
        found = {f"weights/{name}": tensor for name, tensor in self.network.state_dict().items()}
        found |= {f"average/{name}": tensor for name, tensor in self.average.state_dict().items()}
        for number, entries in checkpoint.optimiser_tensors(self.optimiser).items():
            found |= {f"optimiser/{number}/{name}": tensor for name, tensor in entries.items()}
        return found

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on where `tensors` was called."""
        self.network.load_state_dict(checkpoint.below("weights/", tensors))
        self.average.load_state_dict(checkpoint.below("average/", tensors))
        checkpoint.restore_optimiser(self.optimiser, checkpoint.numbered_below("optimiser/", tensors))
