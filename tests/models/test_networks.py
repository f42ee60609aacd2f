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
from brainsr_desktop.models.networks import NETWORKS, espcn_tanh
from brainsr_desktop.models.networks.layers import BicubicEnlargement, EdgeConv2d
from tests.models.papers import PAPERS, Paper

CONFIGS: list[tuple[str, dict[str, Any]]] = [
    ("brainsr", {"scale": 4, "features": 8, "blocks": 3}),
    ("brainsr", {"scale": 2, "features": 8, "blocks": 2}),
    ("espcn", {"scale": 4}),
    ("espcn", {"scale": 2, "skip": False}),
    ("espcn-ps", {"scale": 4, "width": 32}),
    ("espcn-ps", {"scale": 3, "width": 16, "skip": True}),
    ("espcn-tanh", {"scale": 4}),
    ("espcn-tanh", {"scale": 2}),
    ("espcn-tanh", {"scale": 4, "skip": True}),
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
@settings(max_examples=10)
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


def made(paper: Paper) -> nn.Module:
    """The network of a row of the table."""
    torch.manual_seed(3)
    if paper.name in NETWORKS:
        return built(paper.name, paper.config)
    module = importlib.import_module(f"brainsr_desktop.models.networks.{paper.name}")
    network: nn.Module = module.build(**paper.config).eval()
    return network.requires_grad_(False)


def applied(paper: Paper, network: nn.Module, image: torch.Tensor) -> torch.Tensor:
    """What comes of a picture (1, 1, rows, columns): for the discriminator that of full size, for the others theirs."""
    match paper.name:
        case "discriminator":
            result: torch.Tensor = network(image, torch.zeros(1, 1, *paper.shape_in))
        case "vgg19":
            result = network(image, ("relu5_4",))["relu5_4"]
        case "inception_v3":
            result = network(image, ("Mixed_6e",))["Mixed_6e"]
        case _:
            result = network(image)
    return result


def without_lost_paths(network: nn.Module) -> nn.Module:
    """Positive weights throughout, and means in place of maxima: no path through the network cancels or is cut."""
    for name, parameter in network.named_parameters():
        parameter.fill_(1.0 / parameter[0].numel() if parameter.ndim == 4 else 0.01)
        if name.endswith("bn.weight"):
            parameter.fill_(1.0)
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.MaxPool2d):
                setattr(module, name, nn.AvgPool2d(child.kernel_size, child.stride))
    return network


@pytest.mark.parametrize(
    "paper", PAPERS, ids=lambda paper: "-".join([paper.name, *map(str, paper.config.values())])
)
def test_that_shape_parameters_and_receptive_field_are_those_of_the_paper(paper: Paper) -> None:
    network = made(paper)
    assert sum(parameter.numel() for parameter in network.parameters()) == paper.parameters
    enlarges = paper.name in NETWORKS
    stated = getattr(network, "config", None)
    if stated is not None:
        assert stated.receptive_field_px == paper.receptive_field_px
    rows, columns = paper.shape_in
    if enlarges:
        assert applied(paper, network, torch.rand(1, 1, rows, columns)).shape[1:] == paper.shape_out
        rows, columns = 2 * paper.receptive_field_px + 1, 3
    elif paper.name == "discriminator":
        rows, columns = 4 * rows, 4 * columns
    image = (0.6 + 0.3 * torch.rand(1, 1, rows, columns)).requires_grad_()
    result = applied(paper, without_lost_paths(network), image)
    if not enlarges:
        assert result.shape[1:] == paper.shape_out
    cell = paper.config["scale"] if enlarges else 1
    first = result.shape[2] // cell // 2 * cell
    result[:, :, first : first + cell].sum().backward()  # type: ignore[no-untyped-call]
    assert image.grad is not None
    touched = np.flatnonzero(image.grad[0, 0].abs().sum(dim=1).numpy())
    assert touched.max() - touched.min() + 1 == paper.receptive_field_px


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
    [
        ("brainsr", {"scale": 5}),
        ("brainsr", {"scale": 2, "blocks": 0}),
        ("brainsr-staged", {"scale": 3}),
        ("espcn", {"scale": 1}),
        ("espcn-ps", {"scale": 4, "width": 33}),
        ("espcn-tanh", {"scale": 0}),
        ("srcnn", {"scale": 8}),
    ],
)
def test_that_a_network_that_cannot_be_is_refused(name: str, config: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="No such network"):
        built(name, config)


def test_that_an_unknown_argument_is_refused() -> None:
    with pytest.raises(TypeError):
        built("espcn", {"scale": 2, "depth": 3})


@pytest.mark.parametrize(("name", "config"), CONFIGS)
def test_that_gradients_reach_every_parameter(name: str, config: dict[str, Any]) -> None:
    network = built(name, config).train().requires_grad_(True)
    network(torch.rand(2, 1, 12, 13)).square().mean().backward()
    for parameter_name, parameter in network.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert torch.isfinite(parameter.grad).all(), parameter_name
        assert (parameter.grad != 0).any(), parameter_name


@pytest.mark.parametrize(("name", "config"), CONFIGS)
def test_that_a_network_learns_two_pictures_by_heart(name: str, config: dict[str, Any]) -> None:
    """Waves too fine for the reduced pictures: interpolation cannot bring them back, a network that learns can."""
    scale = config["scale"]
    y, x = np.mgrid[: 10 * scale, : 10 * scale]
    waves = [0.5 + 0.4 * np.sin(y / a / scale) * np.cos(x / b / scale) for a, b in ((0.45, 2.0), (2.0, 0.45))]
    truth = torch.tensor(np.stack(waves), dtype=torch.float32)[:, None]
    low = torch.nn.functional.avg_pool2d(truth, scale)
    network = built(name, config).train().requires_grad_(True)
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(250):
        optimiser.zero_grad()
        (network(low) - truth).square().mean().backward()
        nn.utils.clip_grad_norm_(network.parameters(), 0.5)
        optimiser.step()
    with torch.no_grad():
        learnt = (network(low) - truth).square().mean()
        interpolated = (BicubicEnlargement(scale)(low) - truth).square().mean()
    assert learnt < 0.5 * interpolated


def by_layers(network: nn.Module, x: torch.Tensor, activation: Any) -> torch.Tensor:
    """The convolutions of a network one after the other, with edges continued, by torch's functions alone."""
    convolutions = [module for module in network.modules() if isinstance(module, EdgeConv2d)]
    for number, layer in enumerate(convolutions):
        margin = (layer.kernel_size[0] // 2,) * 4
        padded = torch.nn.functional.pad(x, margin, mode="replicate")
        x = torch.nn.functional.conv2d(padded, layer.weight, layer.bias)
        x = activation(x) if number < len(convolutions) - 1 else x
    return x


def test_that_srcnn_is_the_published_network_on_the_enlarged_picture() -> None:
    network, low = built("srcnn", {"scale": 4}), torch.rand(1, 1, 9, 11)
    torch.testing.assert_close(network(low), by_layers(network, BicubicEnlargement(4)(low), torch.relu))


def test_that_espcn_ps_is_the_published_network() -> None:
    network, low = built("espcn-ps", {"scale": 4, "width": 32}), torch.rand(1, 1, 9, 11)
    expected = torch.pixel_shuffle(by_layers(network, low, torch.relu), 4)
    torch.testing.assert_close(network(low), expected)


def test_that_espcn_tanh_is_the_studys_network_times_its_ceiling_up_to_the_robust_maximum() -> None:
    network, low = built("espcn-tanh", {"scale": 4}), torch.rand(1, 1, 9, 11)
    expected = torch.pixel_shuffle(by_layers(network, low, torch.tanh), 4).sigmoid()
    torch.testing.assert_close(network(low), espcn_tanh.CEILING * expected)


def test_that_with_skip_the_sigmoid_limits_the_correction_only() -> None:
    network, low = built("espcn-tanh", {"scale": 4, "skip": True}), 30.0 * torch.rand(1, 1, 9, 11)
    expected = torch.pixel_shuffle(by_layers(network, low, torch.tanh), 4).sigmoid() - 0.5
    torch.testing.assert_close(network(low), BicubicEnlargement(4)(low) + expected)
    assert float((network(low) - BicubicEnlargement(4)(low)).abs().max()) < 0.5


@pytest.mark.parametrize("peak", [1.5, 3.0, 20.0])
def test_that_a_sigmoid_does_not_crush_what_is_bright(peak: float) -> None:
    """A vessel brighter than the robust maximum keeps its excess over one that is as bright as that."""
    network = built("espcn-tanh", {"scale": 4})
    low = torch.full((1, 1, 20, 20), 0.3)
    low[..., 8:12, 8:12] = 1.0
    bright = low.clone()
    bright[..., 8:12, 8:12] = peak
    gained = network(bright) - network(low)
    torch.testing.assert_close(gained, BicubicEnlargement(4)(bright - low), rtol=1e-5, atol=1e-5)
    assert float(gained.max()) > peak - 1.0


def test_that_the_staged_tail_begins_without_a_chequered_pattern() -> None:
    network = built("brainsr-staged", {"scale": 4, "features": 8, "blocks": 1})
    detail = network(torch.full((1, 1, 8, 8), 0.6)) - 0.6
    torch.testing.assert_close(detail, detail[..., :1, :1].expand_as(detail), rtol=0, atol=1e-6)
