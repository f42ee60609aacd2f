"""``brainsr models``: the catalogue by its contract."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

from tests.cli.conftest import Brainsr

KEYS = [
    "name", "network", "role", "scale", "default", "parameters", "gflop_160", "receptive_field", "sha256", "licence",
    "metrics", "precision",
]  # fmt: skip


def test_that_every_shipped_model_is_listed_with_the_hash_of_its_weights(
    brainsr: Brainsr, project: Path
) -> None:
    ended = brainsr("models", "--json")
    listed = {entry["name"]: entry for entry in ended.json}
    folders = [path.parent for path in (project / "models").glob("*/card.toml")]
    assert ended.status == 0
    assert folders
    for folder in folders:
        entry = listed[folder.name]
        weights = (folder / "weights.safetensors").read_bytes()
        card = tomllib.loads((folder / "card.toml").read_text())
        assert list(entry) == KEYS
        assert entry["sha256"] == hashlib.sha256(weights).hexdigest()
        assert entry["metrics"] == card["metrics"]
        assert entry["licence"]


def test_that_exactly_one_model_is_the_default_at_each_scale_that_has_one(brainsr: Brainsr) -> None:
    defaults = [
        (entry["scale"], entry["name"]) for entry in brainsr("models", "--json").json if entry["default"]
    ]
    assert len({scale for scale, _ in defaults}) == len(defaults)
    assert (4, "brainsr-x4") in defaults


def test_that_the_interpolations_are_listed_at_both_scales(brainsr: Brainsr) -> None:
    baselines = {(e["name"], e["scale"]) for e in brainsr("models", "--json").json if e["role"] == "baseline"}
    assert baselines == {
        (name, scale) for name in ("nearest", "bicubic", "lanczos", "zerofill") for scale in (2, 4)
    }


def test_that_a_damaged_model_is_named_and_the_others_are_listed(brainsr: Brainsr, tmp_path: Path) -> None:
    folder = tmp_path / "brainsr-desktop" / "models" / "broken"
    folder.mkdir(parents=True)
    (folder / "card.toml").write_text("schema = 1\n[")
    ended = brainsr("models", more={"XDG_DATA_HOME": str(tmp_path)})
    assert ended.status == 1
    assert "broken" in ended.err
    assert "brainsr-x4" in ended.out
