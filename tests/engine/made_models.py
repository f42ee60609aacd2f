"""Model folders with random weights, in the same format as the shipped ones."""

from __future__ import annotations

import hashlib
import importlib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tomlkit
from safetensors.numpy import save_file

from brainsr_desktop.engine.backends.openvino_backend import import_openvino
from brainsr_desktop.models.card import CARD_FILE, WEIGHTS_FILE
from brainsr_desktop.models.networks import NETWORKS


def make_model(
    root: Path,
    name: str = "tiny-x4",
    *,
    network: str = "brainsr",
    config: Mapping[str, Any] | None = None,
    role: str = "fidelity",
    graph: bool = True,
    seed: int = 0,
    entries: Mapping[str, Any] | None = None,
) -> Path:
    """Write ``root/name`` with weights drawn by ``seed`` and return it. ``entries`` go over those of the card."""
    import torch

    settings = dict(config or {"scale": 4, "features": 8, "blocks": 2})
    torch.manual_seed(seed)
    module, _, build = NETWORKS[network].partition(":")
    made = getattr(importlib.import_module(module), build)(**settings).eval().requires_grad_(False)
    folder = root / name
    folder.mkdir(parents=True)
    save_file({key: value.numpy() for key, value in made.state_dict().items()}, folder / WEIGHTS_FILE)
    if graph:
        openvino = import_openvino()
        shape = openvino.PartialShape([1, 1, -1, -1])
        with warnings.catch_warnings():
            # The converter traces by torch.jit, which torch calls deprecated.
            warnings.filterwarnings("ignore", ".*torch.jit", DeprecationWarning)
            model = openvino.convert_model(made, example_input=torch.zeros(1, 1, 32, 32), input=[shape])
        openvino.save_model(model, folder / "graph.xml", compress_to_fp16=False)
    card: dict[str, Any] = {
        "schema": 1,
        "name": name,
        "title": f"Made for a test, {network}",
        "network": network,
        "scale": settings["scale"],
        "role": role,
        "default": False,
        "grid": "half_pixel",
        "input_channels": 1,
        "size_multiple": 1,
        "minimum_side": 1,
        "receptive_field": made.config.receptive_field_px,
        "parameters": sum(parameter.numel() for parameter in made.parameters()),
        "gflop_160": 0.1,
        "precision": ["exact", "fast"],
        "licence": "CC0",
        "description": "Random weights.",
        "limits": "Of no use.",
        "config": settings,
        "files": {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())
        },
        "metrics": {"kspace": {"head_psnr": 20.0}},
    }
    card["fast"] = {
        "weights_sha256": card["files"][WEIGHTS_FILE],
        "bf16": {"loss_db": {"kspace": 0.01}, "largest_error": 0.02},
    }
    write_card(folder, {**card, **(entries or {})})
    return folder


def write_card(folder: Path, card: Mapping[str, Any]) -> None:
    """Write a card as TOML."""
    (folder / CARD_FILE).write_text(tomlkit.dumps(card), encoding="utf-8")


def read_table(folder: Path) -> dict[str, Any]:
    """A card's table, to be changed and written again."""
    return dict(tomlkit.parse((folder / CARD_FILE).read_text(encoding="utf-8")).unwrap())


def phantom(rows: int, columns: int, seed: int = 0) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """A head-like slice in stored units (0..about 1000): an ellipse with bright spots and texture on black."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[0:rows, 0:columns]
    inside = ((y - rows / 2 + 0.5) / (0.42 * rows)) ** 2 + (
        (x - columns / 2 + 0.5) / (0.38 * columns)
    ) ** 2 < 1.0
    picture = np.where(inside, 500.0 + 120.0 * np.sin(y / 3.1) * np.cos(x / 2.3), 0.0)
    picture += inside * generator.normal(0.0, 20.0, (rows, columns))
    picture += 400.0 * np.exp(-((y - rows * 0.4) ** 2 + (x - columns * 0.6) ** 2) / 8.0)
    return np.maximum(picture, 0.0).astype(np.float32)
