"""A model that the user brings: checked, tried, installed; what could run code is refused, whatever it is called."""

from __future__ import annotations

import hashlib
import pickle
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from brainsr_desktop.core.errors import BadOutput, CardInvalid, ModelError, WeightsChanged
from brainsr_desktop.engine.importing import import_model
from brainsr_desktop.engine.pipeline import Engine, Enhanced
from brainsr_desktop.models.card import CARD_FILE, WEIGHTS_FILE
from brainsr_desktop.models.catalog import load_catalog

SHIPPED = "espcn-x4"


@pytest.fixture
def brought(project: Path, tmp_path: Path) -> Path:
    """A shipped network under a name of its own."""
    folder = tmp_path / "mine"
    shutil.copytree(project / "models" / SHIPPED, folder)
    card = (folder / CARD_FILE).read_text(encoding="utf-8")
    assert f'name = "{SHIPPED}"' in card
    (folder / CARD_FILE).write_text(card.replace(f'name = "{SHIPPED}"', 'name = "mine"'), encoding="utf-8")
    return folder


@pytest.mark.parametrize("chosen", ["", CARD_FILE, WEIGHTS_FILE])
def test_that_a_sound_model_is_tried_and_installed(brought: Path, tmp_path: Path, chosen: str) -> None:
    (brought / "extra.bin").write_bytes(b"nobody asked for it")
    made = import_model(brought / chosen, tmp_path / "models")
    assert made.card.from_user and made.card.name == "mine"
    assert 0.0 < made.seconds < 60.0
    catalog = load_catalog(user=tmp_path / "models")
    assert catalog.find("mine", 4).weights_sha256 == made.card.weights_sha256
    assert not [path for path in (tmp_path / "models").iterdir() if path.name.startswith(".")]
    assert not (tmp_path / "models" / "mine" / "extra.bin").exists()


def test_that_a_pickle_is_refused_by_its_content(brought: Path, tmp_path: Path) -> None:
    content = pickle.dumps({"weights": [1.0]})
    (brought / WEIGHTS_FILE).write_bytes(content)
    with pytest.raises(ModelError, match="pickle"):
        import_model(brought / WEIGHTS_FILE, tmp_path / "models")
    card = (brought / CARD_FILE).read_text(encoding="utf-8")
    lines = [
        f'"{WEIGHTS_FILE}" = "{hashlib.sha256(content).hexdigest()}"'
        if WEIGHTS_FILE in line and "=" in line
        else line
        for line in card.splitlines()
    ]
    (brought / CARD_FILE).write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(ModelError, match="pickle"):
        import_model(brought, tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_that_a_folder_with_a_pickle_alone_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "torch"
    folder.mkdir()
    (folder / "model.pth").write_bytes(b"PK\x03\x04 data.pkl")
    with pytest.raises(ModelError, match=r"model\.pth.*pickle"):
        import_model(folder, tmp_path / "models")


def test_that_changed_weights_are_refused(brought: Path, tmp_path: Path) -> None:
    content = bytearray((brought / WEIGHTS_FILE).read_bytes())
    content[-1] ^= 1
    (brought / WEIGHTS_FILE).write_bytes(bytes(content))
    with pytest.raises(WeightsChanged):
        import_model(brought, tmp_path / "models")


def test_that_a_second_model_of_a_name_is_refused(project: Path, tmp_path: Path) -> None:
    with pytest.raises(CardInvalid, match=SHIPPED):
        import_model(project / "models" / SHIPPED, tmp_path / "models")


def test_that_a_model_whose_output_cannot_be_used_is_refused(
    brought: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Engine.enhance

    def broken(*arguments: Any, **named: Any) -> Enhanced:
        return replace(real(*arguments, **named), fallback=True, notes=("the same everywhere",))

    monkeypatch.setattr(Engine, "enhance", broken)
    with pytest.raises(BadOutput, match="test picture: the same everywhere"):
        import_model(brought, tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_that_a_folder_without_a_card_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CardInvalid):
        import_model(tmp_path, tmp_path / "models")
