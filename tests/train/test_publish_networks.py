"""Every network the whole way: trained (hardly), published, loaded by both backends of the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from brainsr_desktop.engine.backends import openvino_backend, torch_backend
from brainsr_desktop.engine.backends.base import Backend
from brainsr_desktop.models.card import Card, read_card
from brainsr_desktop.train.config import read
from brainsr_desktop.train.loop import train
from brainsr_desktop.train.networks import build_network
from brainsr_desktop.train.publish import publish
from brainsr_desktop.train.size import gflop

Floats = npt.NDArray[np.float32]
NETWORKS: tuple[tuple[str, str, int, float], ...] = (
    # name, config, receptive field in LR pixels, GFLOP for 160 x 160: weights x places x 2, from the layers' sizes
    ("srcnn", "{ scale = 2 }", 11, 8032 * 4 * 25600 * 2e-9),
    ("espcn-tanh", "{ scale = 2 }", 11, (1600 + 36864 + 18432 + 1152) * 25600 * 2e-9),
    ("espcn-ps", "{ scale = 2, width = 32 }", 11, (800 + 9216 + 4608 + 576) * 25600 * 2e-9),
    (
        "brainsr-staged",
        "{ scale = 2, features = 8, blocks = 1 }",
        21,
        (648 + 3 * 576 + 2304 + 4 * 648) * 25600 * 2e-9,
    ),
)


@pytest.fixture(scope="module", params=NETWORKS, ids=lambda row: row[0])
def published(
    request: pytest.FixtureRequest, made: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Card, int, float]:
    name, config, receptive_field, operations = request.param
    out = tmp_path_factory.mktemp(name)
    overrides = [f"network.name={name}", f"network.config={config}", "run.steps=2", f"name={name}-x2"]
    train(made, data=made.parent, out=out, device="cpu", overrides=overrides)
    folder = publish(out / f"{name}-x2", read(made, overrides), data=made.parent, models=out / "models")
    return read_card(folder), receptive_field, operations


def backends(card: Card) -> tuple[Backend, Backend]:
    return (
        torch_backend.open_backend(card, card.scale, "cpu", "exact"),
        openvino_backend.open_backend(card, card.scale, "cpu", "exact"),
    )


def enlarged(backend: Backend, low: Floats) -> Floats:
    result: Floats = backend.run(low[None, None], lambda: None)[0, 0]
    return result


def test_that_the_card_tells_size_and_effort(published: tuple[Card, int, float]) -> None:
    card, receptive_field, operations = published
    assert card.receptive_field == receptive_field
    assert card.gflop_160 == pytest.approx(operations, abs=0.0051)
    assert card.parameters > 0 and card.scale == 2
    assert set(card.metrics) == {"bicubic", "kspace", "noisy"}


@pytest.mark.parametrize("shape", [(16, 16), (33, 21), (40, 57)])
def test_that_both_backends_give_the_same_picture(
    published: tuple[Card, int, float], shape: tuple[int, int]
) -> None:
    """With pixels below 0 and far above the robust maximum, as the engine hands them on."""
    low = np.random.default_rng(5).uniform(-0.1, 1.2, shape).astype(np.float32)
    low[3:5, 7:9] = 6.0
    by_torch, by_graph = (enlarged(backend, low) for backend in backends(published[0]))
    assert by_torch.shape == (2 * shape[0], 2 * shape[1])
    np.testing.assert_allclose(by_graph, by_torch, rtol=0, atol=1e-4)


def test_that_there_is_no_frame_around_a_constant(published: tuple[Card, int, float]) -> None:
    for backend in backends(published[0]):
        result = enlarged(backend, np.full((24, 31), 0.7, np.float32))
        np.testing.assert_allclose(result, np.tile(result[24:26, 30:32], (24, 31)), rtol=0, atol=1e-3)


def test_that_operations_are_counted_where_the_layers_work(made: Path) -> None:
    """The network of the default, 1.2 million weights used once for each LR pixel, but for its biases."""
    network: Any = build_network(read(made, ["network.name=brainsr"]).network)
    weights = sum(tensor.numel() for tensor in network.parameters() if tensor.ndim == 4)
    assert gflop(network, 1000) == pytest.approx(2e-6 * weights)
