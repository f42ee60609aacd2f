"""Which devices there are, and which backend runs a model on one.

Heavy libraries are asked only where they may say yes.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import importlib.util
import platform
import sys
from dataclasses import dataclass

import psutil

from brainsr_desktop.core.errors import DeviceUnavailable
from brainsr_desktop.engine import plans, threads
from brainsr_desktop.engine.backends.base import CPU
from brainsr_desktop.engine.messages import DeviceInfo
from brainsr_desktop.language import tr
from brainsr_desktop.models.card import Card


@dataclass(frozen=True, slots=True)
class Choice:
    """A backend by name and the device it is to use."""

    backend: str
    device: str


def list_devices() -> tuple[DeviceInfo, ...]:
    """Every device that can run a network; the first is what "auto" takes. Slow: it may import torch and OpenVINO."""
    found: list[DeviceInfo] = []
    if torch_may_have_gpu():
        from brainsr_desktop.engine.backends import torch_backend

        found += [_of_torch(device, *about) for device, about in torch_backend.device_names().items()]
    free = int(psutil.virtual_memory().available)
    threads = psutil.cpu_count(logical=False) or 1
    backend = next((name for name in ("openvino", "torch") if _installed(name)), "interpolation")
    found.append(DeviceInfo(CPU, f"CPU, {threads} core{'s' if threads > 1 else ''}", backend, free))
    if _installed("openvino"):
        from brainsr_desktop.engine.backends import openvino_backend

        found += [
            DeviceInfo(device, name, "openvino") for device, name in openvino_backend.device_names().items()
        ]
    return tuple(found)


def choices(card: Card, device: str) -> tuple[Choice, ...]:
    """What may run the card's model on ``device``, best first; "auto" ends with the CPU.

    Raises:
        DeviceUnavailable: nothing installed can run this model there.
    """
    if card.is_interpolation:
        return (Choice("interpolation", CPU),)
    found: list[Choice] = []
    kind = device.partition(":")[0]
    if device == "auto" and torch_may_have_gpu():
        from brainsr_desktop.engine.backends import torch_backend

        found += [Choice("torch", unit) for unit in torch_backend.device_names()]
    if kind in ("cuda", "mps") and _installed("torch"):
        found.append(Choice("torch", device))
    if kind == "gpu" and _installed("openvino") and card.graph:
        found.append(Choice("openvino", device))
    if device in ("auto", CPU):
        found += _on_cpu(card)
    if not found:
        raise DeviceUnavailable(
            tr("Nothing here can run the model {name} on {device!r}.", name=card.name, device=device),
            advice=tr("Choose automatic or the CPU, or another model."),
        )
    return tuple(found)


def _on_cpu(card: Card) -> list[Choice]:
    """The user's choice of a library first, else the one that was measured to be quicker here, else OpenVINO."""
    found = [name for name in ("openvino", "torch") if _installed(name) and (name == "torch" or card.graph)]
    plan = plans.in_force(plans.key_of(card))
    first = threads.library() or ("" if plan is None else plan.backend)
    return [Choice(name, CPU) for name in sorted(found, key=lambda name: name != first)]


def torch_may_have_gpu() -> bool:
    """Whether asking torch for a graphics unit is worth the seconds that its import takes."""
    if not _installed("torch"):
        return False
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    try:
        if importlib.metadata.version("torch").endswith("+cpu"):
            return False
    except importlib.metadata.PackageNotFoundError:  # a bundle without metadata
        pass
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def _installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _of_torch(device: str, name: str, free_bytes: int | None) -> DeviceInfo:
    return DeviceInfo(device, name if device == "mps" else f"{name} ({device})", "torch", free_bytes)
