from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from brainsr_desktop.core.errors import CardInvalid
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
