"""OpenVINO: the portable graph of a model on the CPU, or on a graphics unit that OpenVINO knows."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import numpy as np

from brainsr_desktop.core.errors import CardInvalid, DeviceUnavailable, ModelError, OutOfMemory
from brainsr_desktop.core.recipe import Precision
from brainsr_desktop.engine import threads
from brainsr_desktop.engine.backends.base import CPU, CheckCancelled, Floats, Numbers
from brainsr_desktop.language import tr
from brainsr_desktop.models.card import Card
from brainsr_desktop.models.weights import ADVICE, verified_bytes

CANCEL_INTERVAL_MS: Final = 50
INT8_MACHINES: Final = ("x86_64", "amd64")
"""Where OpenVINO computes with 8 bits; elsewhere it would only imitate them."""


def import_openvino() -> Any:
    """Import OpenVINO without its telemetry, which would otherwise send an event at every import.

    Use this wherever OpenVINO is wanted. Where the telemetry package cannot be imported OpenVINO does without it.
    """
    if "openvino" not in sys.modules:
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # Python's way to forbid an import
    import openvino

    return openvino


class OpenVino:
    """A graph, compiled when it is first run; one input at a time."""

    name = "openvino"

    def __init__(self, compile_graph: Callable[[], Any], device: str, numbers: Numbers = "f32") -> None:
        self.device = device
        self.numbers = numbers
        self._compile = compile_graph
        self._request: Any = None

    def run(self, batch: Floats, check_cancelled: CheckCancelled) -> Floats:
        """See `base.Backend`. Stops inside a tile, between two layers."""
        # Inputs of any shape are taken, so a run that ends early leaves the compiled graph with half of the layers set
        # for another shape; what follows would fail. It is compiled anew then, and kept after a whole run only.
        request, self._request = self._request, None
        try:
            request = request or self._compile().create_infer_request()
            given = np.ascontiguousarray(batch)  # a name keeps it alive while the request reads it
            request.start_async({0: given}, share_inputs=True)
            _wait(request, check_cancelled)
            result = np.array(request.get_output_tensor().data, np.float32)
        except MemoryError as error:
            raise OutOfMemory(tr("There is not enough memory for the slice.")) from error
        except RuntimeError as error:
            # OpenVINO has one exception for everything; the graph was tried when it was loaded, so it is not the graph.
            if self.device == CPU:
                raise OutOfMemory(tr("There is not enough memory for the slice.")) from error
            raise DeviceUnavailable(
                tr("The device {device} failed.", device=self.device), advice=tr("Use the CPU.")
            ) from error
        self._request = request
        return result

    def release(self) -> None:
        """Forget the compiled graph and its buffers; the next run compiles again."""
        self._request = None


def _wait(request: Any, check_cancelled: CheckCancelled) -> None:
    while not request.wait_for(CANCEL_INTERVAL_MS):
        try:
            check_cancelled()
        except BaseException:  # whatever stops us: a request may not outlive its arrays
            request.cancel()
            with suppress(RuntimeError):  # OpenVINO's word for "cancelled"
                request.wait()
            raise


def open_backend(card: Card, scale: int, device: str, precision: Precision) -> OpenVino:
    """Compile the card's graph for "cpu" or "gpu:0" ... and try it on a small input."""
    openvino = import_openvino()
    core = openvino.Core()
    target = _target(core, device)
    numbers = _numbers(core, target, card) if precision == "fast" else "f32"
    model = _read(core, card, numbers)
    # What is not quantised in a graph of 8 bits stays in single precision, so that its pictures are those of the card.
    hint = "f32" if numbers == "int8" else numbers
    hints = {"INFERENCE_PRECISION_HINT": hint, "PERFORMANCE_HINT": "LATENCY"}
    if device == CPU and threads.wanted():
        hints["INFERENCE_NUM_THREADS"] = str(threads.wanted())
    backend = OpenVino(lambda: core.compile_model(model, target, hints), device, numbers)
    side = max(16, card.minimum_side, card.size_multiple)
    try:
        tried = backend.run(np.zeros((1, 1, side, side), np.float32), lambda: None)
    except (OutOfMemory, DeviceUnavailable) as error:
        raise DeviceUnavailable(
            tr("OpenVINO cannot run the model {name} on {device}.", name=card.name, device=device),
            advice=tr("Choose another device."),
        ) from error
    if tried.shape != (1, 1, scale * side, scale * side):
        raise CardInvalid(
            tr(
                "The model {name} does not enlarge by {scale}, as its card says.", name=card.name, scale=scale
            ),
            advice=tr(ADVICE),
            path=card.folder,
        )
    return backend


def device_names() -> dict[str, str]:
    """The graphics units that OpenVINO can use: id as ``--device`` takes it, name for people."""
    core = import_openvino().Core()
    units = [name for name in core.available_devices if name.split(".")[0] == "GPU"]
    return {f"gpu:{i}": str(core.get_property(name, "FULL_DEVICE_NAME")) for i, name in enumerate(units)}


def _target(core: Any, device: str) -> str:
    if device == CPU:
        return "CPU"
    units = [name for name in core.available_devices if name.split(".")[0] == "GPU"]
    kind, _, number = device.partition(":")
    if kind == "gpu" and number.isdecimal() and int(number) < len(units):
        return str(units[int(number)])
    raise DeviceUnavailable(
        tr("There is no device {device}.", device=device), advice=tr("Choose automatic or the CPU.")
    )


def _numbers(core: Any, target: str, card: Card) -> Numbers:
    """The quickest form that the card offers and the device has."""
    able = core.get_property(target, "OPTIMIZATION_CAPABILITIES")
    if target == "CPU" and platform.machine().lower() in INT8_MACHINES and card.fast_form("int8"):
        return "int8"
    if card.fast_form("bf16") is None:
        return "f32"
    if "BF16" in able:
        return "bf16"
    return "f16" if "FP16" in able and target != "CPU" else "f32"


def _read(core: Any, card: Card, numbers: Numbers) -> Any:
    form = card.fast_form("int8") if numbers == "int8" else None
    file = card.graph if form is None else form.graph
    if file is None:
        raise CardInvalid(tr("The model {name} has no graph for OpenVINO.", name=card.name), path=card.folder)
    graph = verified_bytes(card, file)
    data = file.removesuffix(".xml") + ".bin"
    try:
        if data in card.files:
            return core.read_model(model=graph, weights=verified_bytes(card, data))
        return core.read_model(model=graph)
    except RuntimeError as error:
        raise ModelError(
            tr("The model {name} cannot be loaded: its graph is damaged.", name=card.name),
            advice=tr(ADVICE),
            path=card.folder,
        ) from error
