"""What is promised of every model in `models/`, held against the files themselves."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image

from brainsr_desktop.core.resample import enlarge
from brainsr_desktop.engine.backends.openvino_backend import import_openvino
from brainsr_desktop.engine.pipeline import Engine
from brainsr_desktop.models.card import Card
from brainsr_desktop.models.catalog import load_catalog
from brainsr_desktop.models.networks import NETWORKS
from brainsr_desktop.models.weights import load_weights, verified_bytes
from brainsr_desktop.paths import models_dir
from brainsr_desktop.train.evaluate import Options, evaluate_bench

Floats = npt.NDArray[np.float32]
CARDS = [card for card in load_catalog(models_dir(), Path("none")).cards if not card.is_interpolation]


@pytest.fixture(params=CARDS, ids=lambda card: card.name)
def card(request: pytest.FixtureRequest) -> Card:
    found: Card = request.param
    return found


def by_torch(card: Card) -> Callable[[Floats], Floats]:
    module, _, function = NETWORKS[card.network].partition(":")
    network = getattr(importlib.import_module(module), function)(**card.config).eval()
    network.load_state_dict({name: torch.from_numpy(array) for name, array in load_weights(card).items()})

    def enlarged(low: Floats) -> Floats:
        with torch.inference_mode():
            result: Floats = network(torch.from_numpy(low)[None, None])[0, 0].numpy()
        return result

    return enlarged


def by_graph(card: Card) -> Callable[[Floats], Floats]:
    assert card.folder is not None and card.graph is not None
    compiled = import_openvino().compile_model(
        card.folder / card.graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )

    def enlarged(low: Floats) -> Floats:
        return np.array(compiled([low[None, None]])[0][0, 0], np.float32)

    return enlarged


def head_like(rows: int, columns: int) -> Floats:
    y, x = np.mgrid[:rows, :columns]
    inside = ((y - rows / 2) / (0.45 * rows)) ** 2 + ((x - columns / 2) / (0.42 * columns)) ** 2 < 1
    return np.asarray(inside * (0.6 + 0.3 * np.sin(y / 2.3) * np.cos(x / 3.1)), np.float32)


def test_that_there_are_models_for_both_factors() -> None:
    catalog = load_catalog(models_dir(), Path("none"))
    assert catalog.problems == ()
    assert catalog.default(4).name == "brainsr-x4"
    assert catalog.default(2).name == "brainsr-x2"


def test_that_the_files_are_those_of_the_card_and_small(card: Card) -> None:
    assert card.folder is not None
    on_disk = {path.name for path in card.folder.iterdir()}
    assert on_disk == set(card.files) | {"card.toml"}
    for name in card.files:
        verified_bytes(card, name)
    assert sum(path.stat().st_size for path in card.folder.iterdir()) < 10_000_000


def test_that_no_path_of_a_machine_is_in_the_text_files(card: Card) -> None:
    assert card.folder is not None
    for name in ("card.toml", "graph.xml"):
        assert not re.search(r"(/work|/tmp|/home|/usr|[A-Z]:\\)", (card.folder / name).read_text())


def test_that_the_curve_is_a_picture(card: Card) -> None:
    assert card.folder is not None
    with Image.open(card.folder / "curve.png") as picture:
        assert picture.size[0] >= 400


@pytest.mark.parametrize("shape", [(40, 40), (33, 57)])
def test_that_both_backends_give_the_same_picture(card: Card, shape: tuple[int, int]) -> None:
    low = head_like(*shape)
    np.testing.assert_allclose(by_graph(card)(low), by_torch(card)(low), rtol=0, atol=1e-4)


def test_that_a_blob_keeps_its_place(card: Card) -> None:
    y, x = np.mgrid[:48, :44]
    low = np.exp(-((y - 23.3) ** 2 + (x - 20.8) ** 2) / (2 * 3.0**2)).astype(np.float32)
    large = by_torch(card)(low).astype(np.float64).clip(min=0.02) - 0.02
    expected = enlarge(low, card.scale, "zerofill").astype(np.float64).clip(min=0.02) - 0.02
    rows, columns = np.indices(large.shape)
    for axis in (rows, columns):
        moved = (large * axis).sum() / large.sum() - (expected * axis).sum() / expected.sum()
        assert abs(moved) / card.scale < 0.05


@pytest.mark.parametrize("level", [0.0, 0.4, 1.0])
def test_that_there_is_no_dark_frame(card: Card, level: float) -> None:
    result = by_torch(card)(np.full((90, 84), level, np.float32))
    np.testing.assert_allclose(result, level, rtol=0, atol=0.02)
    margin = 4 * card.scale
    inner = float(result[margin:-margin, margin:-margin].mean())
    for edge in (result[0], result[-1], result[:, 0], result[:, -1]):
        assert abs(float(edge.mean()) - inner) < 2e-3


def test_that_a_picture_cut_at_the_head_is_not_darker_at_its_edge(card: Card) -> None:
    """The field of view of many scans ends inside the head."""
    y, x = np.mgrid[:64, :64]
    low = (0.6 + 0.2 * np.sin(y / 6.0) * np.cos(x / 5.0)).astype(np.float32)
    result, expected = by_torch(card)(low), enlarge(low, card.scale, "bicubic")
    for edge in (np.s_[: card.scale], np.s_[-card.scale :], np.s_[:, : card.scale], np.s_[:, -card.scale :]):
        assert abs(float(result[edge].mean() - expected[edge].mean())) < 0.01


def test_that_a_card_claims_to_beat_every_interpolation(card: Card) -> None:
    assert set(card.metrics) == {"bicubic", "kspace", "noisy"}
    for row in card.metrics.values():
        assert row["head_psnr"] > row["best_baseline_head_psnr"]


def test_that_the_trust_aids_are_calibrated_for_these_weights(card: Card) -> None:
    """None: nothing was measured, or with other weights; `python -m brainsr_desktop.train.calibrate` does it."""
    assert card.trust is not None
    assert card.trust.false_alarm <= 0.05
    least = 0.95 if card.role in ("fidelity", "perceptual") else 0.93
    assert min(card.trust.flagged_added, card.trust.flagged_removed) >= least
    assert set(card.trust.resolution_mm) == set(card.metrics)
    assert card.trust.trained.pixel_mm is not None and card.trust.trained.quantiles


def test_that_the_large_network_sees_finer_than_every_interpolation() -> None:
    trust = next(card for card in CARDS if card.name == "brainsr-x4").trust
    assert trust is not None
    for protocol, resolution in trust.resolution_mm.items():
        assert resolution < trust.baseline_resolution_mm[protocol]
        assert trust.recovered[protocol] > trust.baseline_recovered[protocol]


@pytest.fixture(scope="module")
def judged(shared: Path) -> dict[str, Any]:
    """Figures of every model by name, of every twelfth slice; at once, for what they are compared with is the same."""
    names = [card.name for card in CARDS]
    bench = shared / "data" / "val_bench.npz"
    results: dict[str, Any] = evaluate_bench(
        bench, names, Engine(), options=Options(device="cpu", stride=12)
    )["results"]
    return results


@pytest.mark.slow
def test_that_the_claims_of_a_card_hold(card: Card, judged: dict[str, Any]) -> None:
    """Of every twelfth slice only, so the gain may differ; a model that is not the card's would differ by more."""
    for protocol, row in judged[card.name][f"x{card.scale}"].items():
        assert row["gain_db"] == pytest.approx(card.metrics[protocol]["gain_db"], abs=0.4)
        assert row["gain_db"] > 0
