"""What every backend offers, and the table of backends by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from brainsr_desktop.core.recipe import Precision
from brainsr_desktop.models.card import Card

Floats: TypeAlias = npt.NDArray[np.float32]
CheckCancelled: TypeAlias = Callable[[], None]
"""Raises `core.errors.Cancelled` when the job is to stop."""

Numbers: TypeAlias = Literal["f32", "bf16", "f16", "int8"]
"""What a network computes with; "f32" is the precision called exact."""

CPU: Final = "cpu"


class Backend(Protocol):
    """One model, loaded on one device, ready to run."""

    @property
    def name(self) -> str:
        """The backend's name, as in ``BACKENDS``."""

    @property
    def device(self) -> str:
        """Where it runs: "cpu", "cuda:0", "mps", "gpu:0"."""

    @property
    def numbers(self) -> Numbers:
        """What it computes with: "f32" unless the recipe says "fast" and the card offers that here."""

    def run(self, batch: Floats, check_cancelled: CheckCancelled) -> Floats:
        """Enlarge (1, channels, rows, columns) float32 to (1, 1, scale * rows, scale * columns) float32.

        The same input gives the same bits, whatever was run before. ``check_cancelled`` is called as often as can be.

        Raises:
            OutOfMemory: a smaller input may do.
            DeviceUnavailable: the device is lost.
            Cancelled: the job was given up; the backend can be used again.
        """

    def release(self) -> None:
        """Give back what memory can be given back."""


class OpenBackend(Protocol):
    """Loads a model: what a backend's module calls ``open_backend``."""

    def __call__(self, card: Card, scale: int, device: str, precision: Precision) -> Backend:
        """Load and check the model. "fast" is "exact" where the card or the device offers nothing quicker.

        Raises:
            ModelError: the model's files are missing, changed, damaged or of another factor.
            DeviceUnavailable: the device is not there.
        """


BACKENDS: Final[dict[str, str]] = {
    "interpolation": "brainsr_desktop.engine.backends.interpolation:open_backend",
    "openvino": "brainsr_desktop.engine.backends.openvino_backend:open_backend",
    "torch": "brainsr_desktop.engine.backends.torch_backend:open_backend",
}
"""Import path of each backend's ``open_backend``; nothing heavy is imported before it is wanted."""
