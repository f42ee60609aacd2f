"""What the user chose: model, scale, degradation, precision, device. Its digest names a result."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Literal

from brainsr_desktop.core.degrade import Degradation

PIPELINE_VERSION = 2
"""Raised whenever the same recipe would give other pixels; part of every digest."""

DEGRADED = "degraded"
"""Pseudo model: the degraded input itself, not enlarged."""

Precision = Literal["exact", "fast"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Immutable choice of how a slice is made.

    ``model`` is the name of a card or an interpolation ("brainsr-x4", "bicubic" ...); ``scale`` 2 or 4. ``degradation``
    is None outside test mode. ``device`` "auto", "cpu", "cuda:0", "mps", "gpu:0"; ``strength`` 0..1 mixes the network's
    picture with the cubic interpolation; ``tile`` is the side of a tile in input pixels, 0 = automatic. ``careful``
    takes the mean of what a network makes of the eight flips and turns of the slice, at eight times the cost.
    """

    model: str
    scale: int
    degradation: Degradation | None = None
    device: str = "auto"
    precision: Precision = "exact"
    strength: float = 1.0
    tile: int = 0
    careful: bool = False

    def with_model(self, model: str, scale: int | None = None) -> Recipe:
        """The same choice for another model."""
        return replace(self, model=model, scale=self.scale if scale is None else scale)

    def digest(self, weights_sha256: str = "") -> str:
        """Hex SHA-256 over every choice, the weights and the version of the pipeline."""
        choices = asdict(self)
        if not self.careful:
            del choices["careful"]  # digests made before there was this choice stay what they were
        if self.degradation is not None:
            choices["degradation"] = self.degradation.choices()
        text = json.dumps([PIPELINE_VERSION, weights_sha256, choices], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()
