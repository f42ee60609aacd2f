from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from brainsr_desktop.core.resample import enlarge
from brainsr_desktop.models.networks import NETWORKS
from brainsr_desktop.models.networks.layers import BicubicEnlargement

CONFIGS: list[tuple[str, dict[str, Any]]] = [
    ("brainsr", {"scale": 4, "features": 8, "blocks": 3}),
    ("brainsr", {"scale": 2, "features": 8, "blocks": 2}),
    ("espcn", {"scale": 4}),
    ("espcn", {"scale": 2, "skip": False}),
    ("espcn-ps", {"scale": 4, "width": 32}),
    ("espcn-ps", {"scale": 3, "width": 16, "skip": True}),
    ("espcn-tanh", {"scale": 4}),
    ("espcn-tanh", {"scale": 2}),
    ("srcnn", {"scale": 4}),
    ("srcnn", {"scale": 3}),
    ("srcnn", {"scale": 2, "skip": True}),
    ("brainsr-staged", {"scale": 4, "features": 8, "blocks": 2}),
    ("brainsr-staged", {"scale": 2, "features": 8, "blocks": 3}),
]


def built(name: str, config: dict[str, Any]) -> nn.Module:
    torch.manual_seed(3)
    module, _, function = NETWORKS[name].partition(":")
    network: nn.Module = getattr(importlib.import_module(module), function)(**config)
    return network.eval().requires_grad_(False)


@pytest.mark.parametrize(("name", "config"), CONFIGS)
@settings(max_examples=10, deadline=None)
@given(rows=st.integers(1, 37), columns=st.integers(1, 37))
def test_that_any_matrix_is_enlarged(name: str, config: dict[str, Any], rows: int, columns: int) -> None:
    result = built(name, config)(torch.rand(2, 1, rows, columns))
    assert result.shape == (2, 1, rows * config["scale"], columns * config["scale"])
    assert result.dtype == torch.float32


@pytest.mark.parametrize(("name", "config"), CONFIGS)
def test_that_there_is_no_frame_around_a_constant(name: str, config: dict[str, Any]) -> None:
    scale = config["scale"]
    result = built(name, config)(torch.full((1, 1, 20, 23), 0.7))[0, 0]
    pixel = result[:scale, :scale].repeat(20, 23)
    torch.testing.assert_close(result, pixel, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("name", "config"), CONFIGS)
def test_that_the_stated_receptive_field_is_the_true_one(name: str, config: dict[str, Any]) -> None:
    """With weights above 0 everywhere no path through the network is lost."""
    network = built(name, config)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(0.01)
    side: int = network.config.receptive_field_px  # type: ignore[union-attr, assignment]
    middle, scale = side, config["scale"]
    image = torch.rand(1, 1, 2 * side + 1, 2 * side + 1, requires_grad=True)
    pixel = slice(middle * scale, (middle + 1) * scale)
    network(image)[0, 0, pixel, pixel].sum().backward()
    assert image.grad is not None
    touched = np.argwhere(image.grad[0, 0].numpy() != 0)
    assert np.array_equal(touched.min(axis=0), [middle - side // 2] * 2)
    assert np.array_equal(touched.max(axis=0), [middle + side // 2] * 2)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_that_the_fixed_enlargement_is_the_bicubic_baseline(scale: int) -> None:
    low = np.random.default_rng(1).random((13, 18)).astype(np.float32)
    result = BicubicEnlargement(scale)(torch.from_numpy(low)[None, None])[0, 0].numpy()
    inner = slice(2 * scale, -2 * scale)
    np.testing.assert_allclose(
        result[inner, inner], enlarge(low, scale, "bicubic")[inner, inner], rtol=0, atol=1e-6
    )


def test_that_the_fixed_enlargement_stays_precise_in_half_precision() -> None:
    low = torch.rand(1, 1, 16, 16)
    module = BicubicEnlargement(4)
    with torch.autocast("cpu", torch.bfloat16):
        half = module(low)
    torch.testing.assert_close(half, module(low), rtol=0, atol=0)


def test_that_nothing_fixed_is_stored_with_the_weights() -> None:
    names = set(built("brainsr", {"scale": 4}).state_dict())
    assert names and not any(name.startswith("enlarged") for name in names)


def test_that_the_default_network_has_the_stated_size() -> None:
    network = built("brainsr", {"scale": 4})
    assert sum(parameter.numel() for parameter in network.parameters()) == 1_228_496
    assert network.config.receptive_field_px == 71  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "config"),
    [("brainsr", {"scale": 5}), ("brainsr", {"scale": 2, "blocks": 0}), ("espcn", {"scale": 1})],
)
def test_that_a_network_that_cannot_be_is_refused(name: str, config: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="No such network"):
        built(name, config)


def test_that_an_unknown_argument_is_refused() -> None:
    with pytest.raises(TypeError):
        built("espcn", {"scale": 2, "depth": 3})
