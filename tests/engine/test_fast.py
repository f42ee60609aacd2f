"""The fast forms of the models that ship: what their cards claim is what the engine does."""

from __future__ import annotations

import platform
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from brainsr_desktop.core.geometry import unknown_geometry
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.engine.backends import openvino_backend, torch_backend
from brainsr_desktop.engine.backends.openvino_backend import INT8_MACHINES
from brainsr_desktop.engine.pipeline import Engine
from brainsr_desktop.models.card import Card
from brainsr_desktop.models.catalog import Catalog, load_catalog
from brainsr_desktop.paths import models_dir
from brainsr_desktop.train.bench import open_slices
from brainsr_desktop.train.quantise import measured_forms
from tests.engine.made_models import phantom

CARDS = [card for card in load_catalog(models_dir(), Path("none")).cards if not card.is_interpolation]
QUANTISED = [card for card in CARDS if card.fast_form("int8")]
HAS_INT8 = platform.machine().lower() in INT8_MACHINES


def test_that_the_default_network_has_a_form_of_8_bits() -> None:
    assert "brainsr-x4" in [card.name for card in QUANTISED]


@pytest.mark.parametrize("card", QUANTISED, ids=lambda card: card.name)
def test_that_a_shipped_form_loses_what_its_card_says(card: Card, shared: Path) -> None:
    """On every 30th slice, so the loss may differ a little; no pixel may differ by more."""
    if not HAS_INT8:
        pytest.skip("8 bits are for x86 processors")
    with open_slices(shared / "data" / "val_bench.npz") as slices:
        (form,) = measured_forms(card, ["int8"], slices, stride=30)
    claimed = card.fast_form("int8")
    assert claimed is not None
    assert form.largest_error <= 1.05 * claimed.largest_error
    for protocol, loss in form.loss_db.items():
        assert loss == pytest.approx(claimed.loss_db[protocol], abs=0.05)


def test_that_the_engine_tells_what_it_computed_with(catalog: Catalog) -> None:
    pixels, place = phantom(40, 36), unknown_geometry(40, 36, 1)
    engine = Engine(catalog)
    told = {
        precision: engine.enhance(
            pixels, Recipe("tiny-x4", 4, device="cpu", precision=precision), place, slice_index=0
        ).numbers
        for precision in ("exact", "fast")
    }
    assert told["exact"] == "f32"
    assert told["fast"] in ("bf16", "f32")  # what this processor has


@pytest.mark.parametrize("module", [openvino_backend, torch_backend])
def test_that_without_a_measured_form_fast_is_exact_to_the_bit(catalog: Catalog, module: object) -> None:
    card = replace(catalog.find("tiny-x4"), fast=())
    given = phantom(32, 32)[None, None] / np.float32(1000.0)
    exact, fast = (
        module.open_backend(card, 4, "cpu", precision)  # type: ignore[attr-defined]
        for precision in ("exact", "fast")
    )
    assert fast.numbers == "f32"
    assert np.array_equal(exact.run(given, lambda: None), fast.run(given, lambda: None))
