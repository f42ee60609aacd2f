"""A sound card as a table, and a folder that fits it, to be spoilt by a test."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tomlkit
from safetensors.numpy import save

from brainsr_desktop.models.card import CARD_FILE, WEIGHTS_FILE

WEIGHTS: dict[str, npt.NDArray[np.floating]] = {
    "first.weight": np.arange(12, dtype=np.float32).reshape(3, 4),
    "first.bias": np.array([0.5, -0.25], np.float16),
    "one": np.array(3.0, np.float64),
}


def table(name: str, files: Mapping[str, str]) -> dict[str, Any]:
    """What a published card says, shortened."""
    return {
        "schema": 1,
        "name": name,
        "title": "A model",
        "network": "espcn",
        "scale": 4,
        "role": "fidelity",
        "default": False,
        "grid": "half_pixel",
        "input_channels": 1,
        "size_multiple": 1,
        "minimum_side": 16,
        "receptive_field": 11,
        "parameters": 15,
        "gflop_160": 3.15,
        "precision": ["exact", "fast"],
        "licence": "Apache-2.0",
        "description": "Made for a test.",
        "limits": ["Brain only.", "No diagnosis."],
        "config": {"scale": 4},
        "files": dict(files),
        "data": {"sources": [{"source": "none", "licence": "CC0"}]},
        "metrics": {"kspace": {"head_psnr": 23.9, "best_baseline": "zerofill"}},
    }


def write_model(root: Path, name: str = "model-x4", /, **changed: Any) -> Path:
    """Write a model folder; ``changed`` entries replace the card's, None takes one away."""
    folder = root / name
    folder.mkdir(parents=True)
    content = save(WEIGHTS)
    (folder / WEIGHTS_FILE).write_bytes(content)
    card = {**table(name, {WEIGHTS_FILE: hashlib.sha256(content).hexdigest()}), **changed}
    write_card(folder, {key: value for key, value in card.items() if value is not None})
    return folder


def write_card(folder: Path, card: Mapping[str, Any]) -> None:
    """Write a card as TOML."""
    (folder / CARD_FILE).write_text(tomlkit.dumps(card), encoding="utf-8")


def put_file(folder: Path, name: str, content: bytes) -> str:
    """Write a file of a model and return its SHA-256."""
    (folder / name).write_bytes(content)
    return hashlib.sha256(content).hexdigest()
