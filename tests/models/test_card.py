from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from brainsr_desktop.core.errors import CardInvalid
from brainsr_desktop.core.suitability import QUANTILES, Trained
from brainsr_desktop.core.uncertainty import Point
from brainsr_desktop.models.card import CARD_FILE, WEIGHTS_FILE, read_card
from tests.models.cards import write_model

SHA = "0" * 64


def test_that_a_sound_card_is_read(tmp_path: Path) -> None:
    card = read_card(write_model(tmp_path))
    assert (card.name, card.network, card.scales, card.scale) == ("model-x4", "espcn", (4,), 4)
    assert card.role == "fidelity"
    assert card.limits == "Brain only.\nNo diagnosis."
    assert card.metrics["kspace"]["head_psnr"] == 23.9
    assert card.weights_sha256 == card.files[WEIGHTS_FILE]
    assert card.graph is None
    assert not card.is_interpolation
    assert card.folder == tmp_path / "model-x4"


def test_that_a_card_cannot_be_changed(tmp_path: Path) -> None:
    card = read_card(write_model(tmp_path))
    with pytest.raises(dataclasses.FrozenInstanceError):
        card.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize("graph", ["graph.xml", "graph.onnx"])
def test_that_the_portable_graph_is_found(tmp_path: Path, graph: str) -> None:
    files = {WEIGHTS_FILE: SHA, graph: SHA, "graph.bin": SHA, "curve.png": SHA}
    assert read_card(write_model(tmp_path, files=files)).graph == graph


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"grid": None}, "half_pixel"),
        ({"grid": "corner"}, "half_pixel"),
        ({"scale": 3}, "factor"),
        ({"scale": 8}, "factor"),
        ({"scale": 2}, "factor"),
        ({"scale": True}, "scale"),
        ({"scale": "4"}, "scale"),
        ({"scale": None}, "scale"),
        ({"schema": 2}, "version"),
        ({"schema": None}, "schema"),
        ({"name": "other"}, "folder"),
        ({"name": "../model-x4"}, "folder"),
        ({"role": "best"}, "role"),
        ({"role": "baseline"}, "role"),
        ({"input_channels": 3}, "channels"),
        ({"receptive_field": 0}, "receptive_field"),
        ({"receptive_field": 10**9}, "receptive_field"),
        ({"size_multiple": -1}, "size_multiple"),
        ({"minimum_side": 100_000}, "minimum_side"),
        ({"precision": ["fast"]}, "precision"),
        ({"precision": ["exact", "int1"]}, "precision"),
        ({"config": {"scale": 4, "list": [1]}}, "config"),
        ({"metrics": {"kspace": 3.0}}, "metrics"),
        ({"files": None}, "files"),
        ({"files": {}}, WEIGHTS_FILE),
        ({"files": {WEIGHTS_FILE: "abc"}}, "SHA-256"),
        ({"files": {WEIGHTS_FILE: 3}}, "SHA-256"),
        ({"files": {WEIGHTS_FILE: SHA, "../x.png": SHA}}, "no model may have"),
        ({"files": {WEIGHTS_FILE: SHA, "/etc/x.txt": SHA}}, "no model may have"),
        ({"files": {WEIGHTS_FILE: SHA, "model.pt": SHA}}, "no model may have"),
        ({"files": {WEIGHTS_FILE: SHA, "model.pkl": SHA}}, "no model may have"),
        ({"network": None}, "network"),
        ({"network": "interpolation"}, "network"),
        ({"title": 4}, "title"),
        ({"gflop_160": "many"}, "gflop_160"),
    ],
)
def test_that_a_card_that_cannot_be_trusted_is_refused(
    tmp_path: Path, changed: dict[str, Any], word: str
) -> None:
    with pytest.raises(CardInvalid, match=word) as caught:
        read_card(write_model(tmp_path, **changed))
    assert caught.value.path == tmp_path / "model-x4" / CARD_FILE
    assert "model-x4" in caught.value.message
    assert caught.value.advice


@pytest.mark.parametrize("text", [b"name = ", b"\xff\xfe", b"a" * (2 << 20), b"x = " + b"[" * 100_000])
def test_that_what_is_not_toml_is_refused(tmp_path: Path, text: bytes) -> None:
    folder = write_model(tmp_path)
    (folder / CARD_FILE).write_bytes(text)
    with pytest.raises(CardInvalid):
        read_card(folder)


def test_that_a_folder_without_a_card_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CardInvalid, match="no card"):
        read_card(tmp_path)


TRUST: dict[str, Any] = {
    "consistency_limit": 2.2,
    "false_alarm": 0.05,
    "false_alarm_native": 0.1,
    "flagged_added": 0.98,
    "flagged_removed": 0.97,
    "uncertainty_correlation": 0.6,
    "reliability": [[0.01, 0.02, 30], [0.03, 0.05, 31]],
    "resolution_mm": {"kspace": 3.5, "noisy": float("inf")},
    "baseline_resolution_mm": {"kspace": 5.3},
    "recovered": {"kspace": 0.5},
    "baseline_recovered": {"kspace": 0.4},
    "slices": 378,
    "trained": {
        "pixel_mm": [0.51, 5.32],
        "input_pixel_mm": [2.04, 5.32],
        "matrix_px": [30, 456],
        "contrasts": ["T1", "T2"],
        "noise_percent": [0.2, 6.0],
        "quantiles": [[0.1, 0.5]] * len(QUANTILES),
    },
}


def with_trust(tmp_path: Path, **changed: Any) -> Path:
    folder = write_model(tmp_path)
    trust = {"weights_sha256": read_card(folder).weights_sha256, **TRUST, **changed}
    path = folder / CARD_FILE
    table = tomlkit.parse(path.read_text())
    table["trust"] = {key: value for key, value in trust.items() if value is not None}
    path.write_text(tomlkit.dumps(table))
    return folder


def test_that_a_card_says_how_far_its_pictures_can_be_trusted(tmp_path: Path) -> None:
    trust = read_card(with_trust(tmp_path)).trust
    assert trust is not None
    assert (trust.consistency_limit, trust.false_alarm, trust.flagged_removed) == (2.2, 0.05, 0.97)
    assert trust.reliability == (Point(0.01, 0.02, 30), Point(0.03, 0.05, 31))
    assert trust.resolution_mm == {"kspace": 3.5, "noisy": float("inf")}
    assert trust.trained.pixel_mm == (0.51, 5.32) and trust.trained.contrasts == ("T1", "T2")
    assert trust.trained.quantiles == ((0.1, 0.5),) * len(QUANTILES)


def test_that_what_was_not_measured_is_none(tmp_path: Path) -> None:
    bare = dict.fromkeys(("uncertainty_correlation", "false_alarm_native", "reliability", "trained"))
    trust = read_card(with_trust(tmp_path, **bare)).trust
    assert trust is not None and trust.uncertainty_correlation is None and trust.false_alarm_native is None
    assert trust.reliability == () and trust.trained == Trained()


def test_that_a_card_without_the_table_has_no_trust(tmp_path: Path) -> None:
    assert read_card(write_model(tmp_path)).trust is None


def test_that_a_table_measured_with_other_weights_does_not_speak_for_these(tmp_path: Path) -> None:
    assert read_card(with_trust(tmp_path, weights_sha256="0" * 64)).trust is None


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"consistency_limit": None}, "consistency_limit"),
        ({"false_alarm": 1.5}, "false_alarm"),
        ({"flagged_added": "all"}, "flagged_added"),
        ({"flagged_added": True}, "flagged_added"),
        ({"uncertainty_correlation": float("nan")}, "uncertainty_correlation"),
        ({"reliability": [[0.1, 0.2]]}, "reliability"),
        ({"reliability": [[0.1, 0.2, 3]] * 101}, "reliability"),
        ({"resolution_mm": 3.5}, "resolution_mm"),
        ({"trained": 3}, "trained"),
        ({"trained": {"pixel_mm": [2.0, 1.0]}}, "trained.pixel_mm"),
        ({"trained": {"contrasts": "T1"}}, "trained.contrasts"),
        ({"trained": {"quantiles": [[0.1, 0.2]]}}, "trained.quantiles"),
    ],
)
def test_that_a_wrong_entry_of_trust_is_named(tmp_path: Path, changed: dict[str, Any], named: str) -> None:
    with pytest.raises(CardInvalid, match=re.escape(f"'trust.{named}'")):
        read_card(with_trust(tmp_path, **changed))
