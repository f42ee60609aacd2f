"""What a step of training minimises: fidelity, the distance in feature networks, the discriminator's verdict."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from brainsr_desktop.core.errors import UsageError
from brainsr_desktop.train.config import Config, Stage
from brainsr_desktop.train.devices import autocast, placed
from brainsr_desktop.train.features import (
    FeatureDistance,
    FeatureName,
    built_from,
    read_features,
)
from brainsr_desktop.train.gan import Opponent, Wrap
from brainsr_desktop.train.losses import weighted_loss


class Objective:
    """The losses of a run. feature_texts: which weights the feature networks have, by their names, for the card."""

    def __init__(self, config: Config, folder: Path, device: torch.device, wrap: Wrap) -> None:
        self._config, self._device = config, device
        self.feature_texts: dict[str, str] = {}
        self.distance = self._distance(folder) if config.uses_features else None
        self.opponent = Opponent(config, device, wrap) if config.uses_adversary else None

    def loss(
        self, result: Tensor, low: Tensor, truth: Tensor, *, stage: Stage, step: int, progress: float
    ) -> Tensor:
        """The weighted sum that holds in this stage, with its gradient."""
        total = weighted_loss(result, truth, stage)
        with autocast(self._device, self._config.run.precision):
            if self.distance is not None and stage.features > 0:
                total = total + stage.features * self.distance(result, truth)
            if self.opponent is not None and stage.adversarial > 0:
                total = total + stage.adversarial * self.opponent.fooling(result, low, truth, step, progress)
        return total

    def learn(
        self, result: Tensor, low: Tensor, truth: Tensor, *, stage: Stage, step: int, progress: float
    ) -> None:
        """Let the discriminator learn from the same step."""
        if self.opponent is not None and stage.adversarial > 0:
            with autocast(self._device, self._config.run.precision):
                self.opponent.learn(result, low, truth, step, progress)

    def _distance(self, folder: Path) -> FeatureDistance:
        wanted: list[tuple[FeatureName, str, tuple[str, ...]]] = [
            ("vgg19", self._config.features.vgg19, self._config.features.vgg19_layers),
            ("inception_v3", self._config.features.inception_v3, self._config.features.inception_v3_layers),
        ]
        networks = []
        for name, file, layers in wanted:
            if not file:
                continue
            found = read_features(folder / file, name)
            networks.append((built_from(found, layers), layers))
            self.feature_texts[name] = f"{found.provenance.text} (sha256 {found.sha256[:16]})"
        distance = FeatureDistance(networks)
        self._check_side(distance)
        placed(distance, self._device)
        return distance

    def _check_side(self, distance: FeatureDistance) -> None:
        stages = self._config.stage
        side = min(stage.patch_px for stage in stages) * self._config.network.scale
        picture = torch.zeros(1, 1, side, side)
        try:
            distance(picture, picture)
        except RuntimeError as error:
            raise UsageError(
                f"Patches of {side} pixels are too small for the feature networks' layers.",
                advice="Choose a larger stage.patch_px, or shallower layers under [features].",
            ) from error
