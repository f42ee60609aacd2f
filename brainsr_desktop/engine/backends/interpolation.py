"""Interpolation as a backend: no network, no file, always there."""

from __future__ import annotations

from typing import cast

from brainsr_desktop.core.recipe import Precision
from brainsr_desktop.core.resample import Method, enlarge
from brainsr_desktop.engine.backends.base import CPU, CheckCancelled, Floats, Numbers
from brainsr_desktop.models.card import Card


class Interpolation:
    """One method of `core.resample` with one factor."""

    name = "interpolation"
    device = CPU
    numbers: Numbers = "f32"

    def __init__(self, method: Method, scale: int) -> None:
        self._method = method
        self._scale = scale

    def run(self, batch: Floats, check_cancelled: CheckCancelled) -> Floats:
        """See `base.Backend`."""
        check_cancelled()
        return enlarge(batch[0, 0], self._scale, self._method)[None, None]

    def release(self) -> None:
        """Nothing is held."""


def open_backend(card: Card, scale: int, device: str, precision: Precision) -> Interpolation:  # noqa: ARG001 - one signature for all
    """The interpolation that the card names."""
    return Interpolation(cast("Method", card.name), scale)
