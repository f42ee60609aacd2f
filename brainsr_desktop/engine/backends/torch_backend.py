"""torch: a model's network from its safetensors, on a CUDA device, on Apple's GPU, or on the CPU."""

from __future__ import annotations

import importlib
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from brainsr_desktop.core.errors import CardInvalid, DeviceUnavailable, ModelError, OutOfMemory
from brainsr_desktop.core.recipe import Precision
from brainsr_desktop.engine import threads
from brainsr_desktop.engine.backends.base import CPU, CheckCancelled, Floats, Numbers
from brainsr_desktop.engine.backends.cuda_graph import CudaGraphs
from brainsr_desktop.language import tr
from brainsr_desktop.models.card import Card
from brainsr_desktop.models.networks import NETWORKS
from brainsr_desktop.models.weights import ADVICE, load_weights

if TYPE_CHECKING:
    import torch


class Torch:
    """A network on one device, channels last."""

    name = "torch"

    def __init__(self, network: torch.nn.Module, device: str, half: torch.dtype | None) -> None:
        import torch

        self.device = device
        self._torch = torch
        self._half = half
        self.numbers: Numbers = "f32" if half is None else "bf16" if half is torch.bfloat16 else "f16"
        self._check: CheckCancelled = lambda: None
        fixed: Any = network.eval().requires_grad_(False)
        self._network: torch.nn.Module = fixed.to(device, memory_format=torch.channels_last)
        # On CUDA slices take milliseconds: a job that is given up is seen between two of them.
        self._graphs = CudaGraphs(self._layers) if device.startswith("cuda") else None
        if self._graphs is None:
            for module in network.modules():
                module.register_forward_pre_hook(self._between_layers)

    def run(self, batch: Floats, check_cancelled: CheckCancelled) -> Floats:
        """See `base.Backend`. Stops inside a tile, between two layers."""
        torch = self._torch
        self._check = check_cancelled
        check_cancelled()
        try:
            with torch.inference_mode():
                given = torch.from_numpy(np.ascontiguousarray(batch)).to(self.device)
                forward = self._graphs or self._layers
                result = forward(given.contiguous(memory_format=torch.channels_last))
                return np.ascontiguousarray(result.float().cpu().numpy())
        except (torch.OutOfMemoryError, MemoryError) as error:
            raise OutOfMemory(
                tr("There is not enough memory on {device} for the slice.", device=self.device)
            ) from error
        except RuntimeError as error:
            # The network was tried when it was loaded, so it is the device; on a CPU this is torch's "no memory".
            if self.device == CPU:
                raise OutOfMemory(tr("There is not enough memory for the slice.")) from error
            raise DeviceUnavailable(
                tr("The device {device} failed.", device=self.device), advice=tr("Use the CPU.")
            ) from error

    def release(self) -> None:
        """Give the caching allocator's memory back to the device."""
        if self._graphs is not None:
            self._graphs.clear()
        kind = self.device.split(":")[0]
        if kind == "cuda":
            self._torch.cuda.empty_cache()
        elif kind == "mps":
            self._torch.mps.empty_cache()

    def _layers(self, given: torch.Tensor) -> torch.Tensor:
        with self._autocast():
            result: torch.Tensor = self._network(given)
        return result

    def _autocast(self) -> AbstractContextManager[Any]:
        if self._half is None:
            return nullcontext()
        # Without its cache of shortened weights: a recorded graph would go on using what the cache has given back.
        return self._torch.autocast(self.device.split(":")[0], dtype=self._half, cache_enabled=False)

    def _between_layers(self, _module: torch.nn.Module, _given: Any) -> None:
        self._check()


def open_backend(card: Card, scale: int, device: str, precision: Precision) -> Torch:
    """Build the card's network on "cpu", "cuda:0" ... or "mps", load its weights and try it on a small input."""
    import torch

    _require(device)
    # The same bits for the same slice: no choice of algorithm by timing, no shortened products.
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    network = _network(card)
    is_fast = precision == "fast" and card.fast_form("bf16") is not None
    backend = Torch(network, device, _half(device) if is_fast else None)
    side = max(16, card.minimum_side, card.size_multiple)
    tried = backend.run(np.zeros((1, 1, side, side), np.float32), lambda: None)
    if tried.shape != (1, 1, scale * side, scale * side):
        raise CardInvalid(
            tr(
                "The model {name} does not enlarge by {scale}, as its card says.", name=card.name, scale=scale
            ),
            advice=tr(ADVICE),
            path=card.folder,
        )
    return backend


def device_names() -> dict[str, tuple[str, int | None]]:
    """The graphics units that torch can use: id, then name for people and free bytes if known."""
    import torch

    found: dict[str, tuple[str, int | None]] = {}
    if torch.cuda.is_available():
        for i in range(torch.cuda.device_count()):
            found[f"cuda:{i}"] = torch.cuda.get_device_name(i), torch.cuda.mem_get_info(i)[0]
    if torch.backends.mps.is_available():
        found["mps"] = tr("Apple GPU"), None
    return found


def _require(device: str) -> None:
    if device != CPU and device not in device_names():
        raise DeviceUnavailable(
            tr("There is no device {device}.", device=device), advice=tr("Choose automatic or the CPU.")
        )


def _network(card: Card) -> torch.nn.Module:
    import torch

    if card.network not in NETWORKS:
        raise CardInvalid(
            tr(
                "The model {name} needs a network {network!r} that this program does not have.",
                name=card.name,
                network=card.network,
            ),
            advice=tr(ADVICE),
            path=card.folder,
        )
    if threads.wanted():
        torch.set_num_threads(threads.wanted())
    module, _, build = NETWORKS[card.network].partition(":")
    weights = load_weights(card)
    try:
        network: torch.nn.Module = getattr(importlib.import_module(module), build)(**card.config)
        network.load_state_dict(
            {name: torch.from_numpy(np.array(a, np.float32)) for name, a in weights.items()}
        )
    except (TypeError, ValueError, RuntimeError) as error:
        raise ModelError(
            tr("The model {name} cannot be loaded: its weights do not fit its network.", name=card.name),
            advice=tr(ADVICE),
            path=card.folder,
        ) from error
    return network


def _half(device: str) -> torch.dtype | None:
    import torch

    if device == CPU:
        return torch.bfloat16 if torch.ops.mkldnn._is_mkldnn_bf16_supported() else None
    if device == "mps" or not torch.cuda.is_bf16_supported():
        return torch.float16
    return torch.bfloat16
