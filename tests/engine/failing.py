"""Real backends that run out of memory, or lose their device, on request. Put into the table of backends by a test."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from brainsr_desktop.core.errors import DeviceUnavailable, OutOfMemory
from brainsr_desktop.core.recipe import Precision
from brainsr_desktop.engine.backends import openvino_backend, torch_backend
from brainsr_desktop.engine.backends.base import CPU, Backend, CheckCancelled, Floats
from brainsr_desktop.models.card import Card


@dataclass
class Limits:
    """What the next backends are to do; set by a test, reset by its fixture."""

    largest_pixels: dict[str, int] = field(default_factory=dict)
    """By device: inputs above this run out of memory."""
    lost: set[str] = field(default_factory=set)
    sick: float | None = None
    """Added to every value; NaN and large numbers are bad output."""
    runs: list[tuple[str, int]] = field(default_factory=list)
    """(device, input pixels) of every run that was tried."""
    opened: list[str] = field(default_factory=list)


LIMITS = Limits()


class Failing:
    def __init__(self, real: Backend, device: str) -> None:
        self._real = real
        self.name = real.name
        self.device = device
        self.numbers = real.numbers

    def run(self, batch: Floats, check_cancelled: CheckCancelled) -> Floats:
        LIMITS.runs.append((self.device, batch.size))
        if self.device in LIMITS.lost:
            raise DeviceUnavailable("The device was taken out.")
        if batch.size > LIMITS.largest_pixels.get(self.device, batch.size):
            raise OutOfMemory("There is not enough memory.")
        result = self._real.run(batch, check_cancelled)
        return result if LIMITS.sick is None else (result + np.float32(LIMITS.sick))

    def release(self) -> None:
        self._real.release()


def open_openvino(card: Card, scale: int, device: str, precision: Precision) -> Failing:
    LIMITS.opened.append(device)
    return Failing(openvino_backend.open_backend(card, scale, device, precision), device)


def open_torch(card: Card, scale: int, device: str, precision: Precision) -> Failing:
    """Any device, all of them this machine's CPU."""
    LIMITS.opened.append(device)
    return Failing(torch_backend.open_backend(card, scale, CPU, precision), device)
