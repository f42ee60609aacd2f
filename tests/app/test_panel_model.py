"""The panels of model and device."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.panels.device import DevicePanel
from brainsr_desktop.app.panels.model import ModelPanel
from brainsr_desktop.app.store import Store
from brainsr_desktop.core.errors import Problem
from brainsr_desktop.engine.messages import DeviceInfo
from brainsr_desktop.models.catalog import BASELINES, Catalog
from brainsr_desktop.models.fast_forms import FastForm
from brainsr_desktop.session import intents
from brainsr_desktop.session.state import ViewState
from tests.app.frame_kit import CATALOG, stack


@pytest.fixture
def store() -> Store:
    return Store(intents.choose_model(ViewState(), "brainsr-x4", 4, "espcn-x4"))


# Model


def _entries(panel: ModelPanel) -> list[str]:
    return [panel.list.item(row).text() for row in range(panel.list.count())]


def _choose(panel: ModelPanel, words: str) -> None:
    row = _entries(panel).index(words)
    rect = panel.list.visualItemRect(panel.list.item(row))
    QTest.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())


def test_that_models_are_grouped_and_interpolations_are_among_them(store: Store, qtbot: QtBot) -> None:
    panel = ModelPanel(store, CATALOG)
    qtbot.addWidget(panel)
    assert _entries(panel) == [
        "Networks", "BrainSR x4", "Networks that invent detail", "Sharp x4", "Fast networks", "ESPCN x4",
        "Interpolation, no network", "Nearest", "Cubic", "Lanczos", "Zero-filled",
    ]  # fmt: skip


def test_that_a_click_chooses_the_model_and_can_be_undone(store: Store, qtbot: QtBot) -> None:
    panel = ModelPanel(store, CATALOG)
    qtbot.addWidget(panel)
    panel.show()
    _choose(panel, "Lanczos")
    assert store.state.recipe.model == "lanczos"
    assert store.state.fast_model == "espcn-x4"
    assert not panel.strength.isEnabled()
    assert store.undo() == "model"
    assert store.state.recipe.model == "brainsr-x4"
    assert panel.list.currentItem().text() == "BrainSR x4"


def test_that_a_heading_cannot_be_chosen(store: Store, qtbot: QtBot) -> None:
    panel = ModelPanel(store, CATALOG)
    qtbot.addWidget(panel)
    panel.show()
    _choose(panel, "Fast networks")
    assert store.state.recipe.model == "brainsr-x4"


@pytest.mark.parametrize(
    ("model", "scale", "expected"),
    [
        ("brainsr-x4", 2, "brainsr-x2"),
        ("bicubic", 2, "bicubic"),
        ("sharp-x4", 2, "brainsr-x2"),
        ("brainsr-x2", 4, "brainsr-x4"),
    ],
)
def test_that_another_scale_takes_the_model_that_matches(
    qtbot: QtBot, model: str, scale: int, expected: str
) -> None:
    store = Store(intents.choose_model(ViewState(), model, 6 - scale, None))
    panel = ModelPanel(store, CATALOG)
    qtbot.addWidget(panel)
    panel.scale.button(scale).click()
    assert (store.state.recipe.model, store.state.recipe.scale) == (expected, scale)
    assert store.state.fast_model is None


def test_that_the_preview_follows_the_scale(store: Store, qtbot: QtBot) -> None:
    panel = ModelPanel(store, CATALOG)
    qtbot.addWidget(panel)
    assert panel.fast.isChecked()
    panel.fast.click()
    assert store.state.fast_model is None
    panel.fast.click()
    assert store.state.fast_model == "espcn-x4"
    panel.scale.button(2).click()
    assert store.state.fast_model is None
    assert not panel.fast.isEnabled()


def test_that_stepping_goes_round_the_list(store: Store, qtbot: QtBot) -> None:
    panel = ModelPanel(store, CATALOG)
    qtbot.addWidget(panel)
    seen = []
    for _ in range(len(CATALOG.for_scale(4))):
        panel.step(1)
        seen.append(store.state.recipe.model)
    assert seen == ["sharp-x4", "espcn-x4", "nearest", "bicubic", "lanczos", "zerofill", "brainsr-x4"]
    panel.step(-1)
    assert store.state.recipe.model == "zerofill"


def test_that_stopping_the_network_is_shown(store: Store, qtbot: QtBot) -> None:
    panel = ModelPanel(store, CATALOG)
    qtbot.addWidget(panel)
    panel.network.click()
    assert not store.state.network_on
    assert panel.network.text() == "Network off"


def test_that_careful_mode_is_ticked_with_its_cost_told_and_taken_back(store: Store, qtbot: QtBot) -> None:
    panel = ModelPanel(store, CATALOG)
    qtbot.addWidget(panel)
    assert "8 times as long" in panel.careful.toolTip()
    panel.careful.click()
    assert store.state.recipe.careful
    store.undo()
    assert not store.state.recipe.careful
    assert not panel.careful.isChecked()
    panel.choose("bicubic")
    assert not panel.careful.isEnabled()


def test_that_one_drag_of_the_strength_is_one_step_back(store: Store, qtbot: QtBot) -> None:
    panel = ModelPanel(store, CATALOG)
    qtbot.addWidget(panel)
    slider = panel.strength.slider
    slider.setSliderDown(True)
    for value in (90, 70, 40):
        slider.setSliderPosition(value)
    slider.setSliderDown(False)
    assert store.state.recipe.strength == 0.4
    store.undo()
    assert store.state.recipe.strength == 1.0
    assert panel.strength.value == 100


def test_that_the_panel_says_why_nothing_is_enhanced(store: Store, qtbot: QtBot) -> None:
    panel = ModelPanel(store, CATALOG)
    qtbot.addWidget(panel)
    panel.show()
    assert not panel.reason.isVisible()
    store.apply(lambda s: intents.open_stack(s, stack(1, why_not="phase image")))
    assert panel.reason.isVisible()
    assert panel.reason.text() == "Viewing only: phase image"


def test_that_the_viewer_works_without_networks_and_damaged_ones_are_told(qtbot: QtBot) -> None:
    catalog = Catalog(
        BASELINES, (Problem("brainsr-x4", "MODEL_DAMAGED", "The weights differ from their card."),)
    )
    panel = ModelPanel(Store(intents.choose_model(ViewState(), "bicubic", 4)), catalog)
    qtbot.addWidget(panel)
    assert "works as a viewer" in panel.problems.text()
    assert "The weights differ from their card." in panel.problems.text()


# Device


def test_that_devices_are_offered_with_their_memory(store: Store, qtbot: QtBot) -> None:
    panel = DevicePanel(store, CATALOG)
    qtbot.addWidget(panel)
    assert "Loading networks" in panel.told.text()
    panel.set_devices(
        (DeviceInfo("cuda:0", "NVIDIA H200", "torch", 139_000_000_000), DeviceInfo("cpu", "CPU", "openvino"))
    )
    assert [panel.device.itemText(row) for row in range(panel.device.count())] == [
        "Automatic", "NVIDIA H200 (cuda:0), 139 GB free", "CPU (cpu)",
    ]  # fmt: skip
    assert panel.told.text() == "Automatic takes NVIDIA H200 (cuda:0), 139 GB free."


FAST = FastForm("bf16", {"kspace": 0.004}, 0.012)


def with_fast(form: FastForm) -> Catalog:
    """The catalogue with one more form of BrainSR x4."""
    cards = (
        replace(card, fast=(form,), precision=("exact", "fast")) if card.name == "brainsr-x4" else card
        for card in CATALOG.cards
    )
    return Catalog(tuple(cards))


def test_that_fast_is_offered_only_where_its_loss_is_small(store: Store, qtbot: QtBot) -> None:
    panel = DevicePanel(store, with_fast(FAST))
    qtbot.addWidget(panel)
    fast = panel.precision.button("fast")
    assert fast.isEnabled() and "0.004 dB" in fast.toolTip() and "0.012" in fast.toolTip()
    panel.set_catalog(with_fast(replace(FAST, loss_db={"kspace": 0.004, "noisy": 0.05})))
    assert not fast.isEnabled() and "exactly" in fast.toolTip()
    panel.set_catalog(CATALOG)
    assert not fast.isEnabled()


def test_that_device_precision_and_tile_are_edited(store: Store, qtbot: QtBot) -> None:
    panel = DevicePanel(store, with_fast(FAST))
    qtbot.addWidget(panel)
    panel.show()
    panel.device.setFocus()
    QTest.keyClick(panel.device, Qt.Key.Key_Down)
    assert store.state.recipe.device == "cpu"
    panel.precision.button("fast").click()
    assert store.state.recipe.precision == "fast"
    panel.tile.setFocus()
    QTest.keyClick(panel.tile, Qt.Key.Key_Down)
    assert store.state.recipe.tile == 64
    store.undo()
    assert panel.tile.currentData() == 0


def test_that_a_device_that_is_gone_is_named_so(store: Store, qtbot: QtBot) -> None:
    store.apply(lambda s: intents.set_device(s, "cuda:3"))
    panel = DevicePanel(store, CATALOG)
    qtbot.addWidget(panel)
    panel.set_devices((DeviceInfo("cpu", "CPU", "openvino"),))
    assert panel.device.currentText() == "cuda:3, not found"
