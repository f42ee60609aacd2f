"""Where a training runs, and how its tensors lie there."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from brainsr_desktop.core.errors import DeviceUnavailable
from brainsr_desktop.train.dataset import Floats


def resolved_device(name: str) -> str:
    """`auto` is the first CUDA device where there is one, else the processor."""
    if name == "auto":
        return "cuda:0" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as error:
        raise DeviceUnavailable(
            f"The device {name} cannot be used: {error}", advice="Try --device cpu."
        ) from error
    return name


def prepare(device: torch.device) -> None:
    """Let a graphics card choose its fastest convolutions, and TF32 where single precision is asked for."""
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = True
        torch.set_float32_matmul_precision("high")


def compile_for(device: torch.device, network: nn.Module, *, wanted: bool) -> None:
    """Let torch.compile write the network's kernels where that is wanted and the device is no processor.

    There it gains nothing, and torch 2.13 cannot compile the gradient of replicated edges for it.
    """
    if wanted and device.type != "cpu":
        network.compile()


def placed(network: nn.Module, device: torch.device) -> nn.Module:
    """The network on the device, its weights laid out channels last."""
    moved: nn.Module = network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return moved


def on_device(array: Floats | Tensor, device: torch.device) -> Tensor:
    """A batch (batch, channels, rows, columns) on the device, channels last, copied while the device works."""
    tensor = torch.as_tensor(array)
    if device.type == "cuda" and tensor.device.type == "cpu":
        tensor = tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device, memory_format=torch.channels_last)


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """Half precision where `precision` is `bf16`; its exponents need no scaling of the loss."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")
