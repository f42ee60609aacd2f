"""Import of a model through the real engine, and what the panel lists then."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from brainsr_desktop import paths
from brainsr_desktop.app.panels.model import ModelPanel
from brainsr_desktop.models.card import CARD_FILE
from tests.app.controlling import Desk


@pytest.fixture
def one(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "data"))
    if tmp_path not in paths.user_models_dir().parents:
        pytest.skip("this system keeps the user's models where no test may write")
    made = Desk(qtbot)
    yield made
    made.leave()


def test_that_an_imported_model_is_listed_and_can_be_used(
    one: Desk, qtbot: QtBot, tmp_path: Path, project: Path
) -> None:
    panel = ModelPanel(one.store, one.controller.catalog)
    qtbot.addWidget(panel)
    one.controller.catalog_changed.connect(panel.set_catalog)
    folder = tmp_path / "mine"
    shutil.copytree(project / "models" / "espcn-x4", folder)
    card = (folder / CARD_FILE).read_text(encoding="utf-8").replace('name = "espcn-x4"', 'name = "mine"')
    (folder / CARD_FILE).write_text(card, encoding="utf-8")
    one.controller.import_model(str(folder / CARD_FILE))
    one.wait(lambda: one.ended("Check the model"), "the check")
    assert one.job("Check the model").state == "done", [notice.text for notice in one.notices]
    one.wait(lambda: any("(imported)" in panel.list.item(row).text() for row in range(panel.list.count())))
    assert one.said("ms for a test slice")
    assert one.controller.catalog.find("mine", 4).from_user


def test_that_a_pickle_is_told_and_not_installed(one: Desk, tmp_path: Path) -> None:
    bad = tmp_path / "model.pth"
    bad.write_bytes(b"\x80\x04 run me")
    one.controller.import_model(str(bad))
    one.wait(lambda: one.ended("Check the model"), "the check")
    assert one.job("Check the model").state == "failed"
    assert one.said("was not imported. The file model.pth")
    assert not paths.user_models_dir().exists()
