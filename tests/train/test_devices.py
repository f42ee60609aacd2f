from __future__ import annotations

import numpy as np
import pytest
import torch

from brainsr_desktop.core.errors import DeviceUnavailable
from brainsr_desktop.train import device_degrade
from brainsr_desktop.train.devices import autocast, compile_for, on_device, resolved_device


def test_that_a_device_that_is_not_there_is_refused() -> None:
    assert resolved_device("cpu") == "cpu"
    with pytest.raises(DeviceUnavailable, match="cuda:9"):
        resolved_device("cuda:9")


@pytest.mark.parametrize(
    ("device", "wanted", "times"),
    [("cuda", True, 1), ("cuda", False, 0), ("cpu", True, 0), ("cpu", False, 0)],
)
def test_that_a_network_is_compiled_for_a_graphics_card_alone(
    device: str, wanted: bool, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[torch.nn.Module] = []

    def noted(network: torch.nn.Module) -> None:
        compiled.append(network)

    monkeypatch.setattr(torch.nn.Module, "compile", noted)
    compile_for(torch.device(device), torch.nn.Linear(1, 1), wanted=wanted)
    assert len(compiled) == times


def test_that_batches_lie_channels_last() -> None:
    pictures = np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4)
    found = on_device(pictures, torch.device("cpu"))
    assert found.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_array_equal(found.numpy(), pictures)


@pytest.mark.parametrize(("precision", "dtype"), [("bf16", torch.bfloat16), ("fp32", torch.float32)])
def test_that_the_precision_is_that_of_the_configuration(precision: str, dtype: torch.dtype) -> None:
    with autocast(torch.device("cpu"), precision):
        assert torch.nn.Conv2d(1, 1, 1)(torch.zeros(1, 1, 2, 2)).dtype == dtype


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a graphics card")
def test_that_slices_prepared_on_a_graphics_card_are_those_of_the_processor() -> None:
    images = torch.rand(3, 40, 44)
    blur, sigma = torch.tensor([0.0, 0.3, 0.9]), torch.zeros(3)
    ours = device_degrade.apply(images, "kspace", 2, blur, sigma, None)
    theirs = device_degrade.apply(images.cuda(), "kspace", 2, blur.cuda(), sigma.cuda(), None)
    torch.testing.assert_close(theirs.cpu(), ours, rtol=0, atol=1e-5)
