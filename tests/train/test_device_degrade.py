"""The degradation on the device against `core.degrade`, which defines it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from brainsr_desktop.core import degrade
from brainsr_desktop.core.degrade import Degradation, Reduction
from brainsr_desktop.train import device_degrade
from tests.train.made_data import head

SHAPES = [(64, 72), (63, 50), (41, 41)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("reduction", [1, 2, 3, 4])
@pytest.mark.parametrize("method", ["kspace", "bicubic"])
def test_that_slices_become_what_the_definition_says(
    method: Reduction, reduction: int, shape: tuple[int, int]
) -> None:
    images = [head(*shape, seed) for seed in range(3)]
    blurs = [0.0, 0.4, 1.3]
    expected = [
        degrade.apply(image, Degradation(blur_px=blur, reduction=reduction, method=method), None)
        for image, blur in zip(images, blurs, strict=True)
    ]
    stack, blur_px = torch.from_numpy(np.stack(images)), torch.tensor(blurs)
    found = device_degrade.apply(stack, method, reduction, blur_px, torch.zeros(3), None)
    np.testing.assert_allclose(found.numpy(), np.stack(expected), rtol=0, atol=1e-5)


def test_that_given_noise_becomes_what_the_definition_says() -> None:
    image, setting = head(64, 72, 5), Degradation(noise_percent=3.0, blur_px=0.5, reduction=2)
    noise = degrade.draw((64, 72), setting, slice_index=4)
    assert noise is not None
    expected = degrade.apply(image, setting, noise)
    sigma = torch.tensor(
        [0.03 * np.percentile(image, degrade.NOISE_REFERENCE_PERCENTILE)], dtype=torch.float32
    )
    found = device_degrade.apply(
        torch.from_numpy(image)[None],
        "kspace",
        2,
        torch.tensor([0.5]),
        sigma,
        torch.from_numpy(noise.astype(np.complex64))[None],
    )
    np.testing.assert_allclose(found[0].numpy(), expected, rtol=0, atol=1e-5)


def test_that_drawn_noise_is_of_unit_deviation_and_follows_its_seed() -> None:
    generator = torch.Generator().manual_seed(3)
    noise = device_degrade.draw(20, (128, 128), 2, generator)
    assert tuple(noise.shape) == (20, 64, 64)
    for part in (noise.real, noise.imag):
        assert float(part.std()) == pytest.approx(1.0, abs=0.02)
        assert float(part.mean()) == pytest.approx(0.0, abs=0.02)
    assert abs(float((noise.real * noise.imag).mean())) < 0.02
    assert torch.equal(noise, device_degrade.draw(20, (128, 128), 2, torch.Generator().manual_seed(3)))


def test_that_noise_without_a_signal_is_of_rayleigh_kind() -> None:
    """Mean of the magnitude of complex noise: sigma times the root of pi / 2."""
    black = torch.zeros(10, 100, 100)
    noise = device_degrade.draw(10, (100, 100), 1, torch.Generator().manual_seed(3))
    found = device_degrade.apply(black, "kspace", 1, torch.zeros(10), torch.full((10,), 0.2), noise)
    assert float(found.mean()) == pytest.approx(0.2 * (np.pi / 2) ** 0.5, rel=0.01)
