"""What the pipeline promises, held with the models that ship."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from brainsr_desktop.core.geometry import unknown_geometry
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.engine.backends import openvino_backend, torch_backend
from brainsr_desktop.engine.backends.base import Floats
from brainsr_desktop.engine.pipeline import Engine, Enhanced
from brainsr_desktop.models.card import Card
from brainsr_desktop.models.catalog import load_catalog
from brainsr_desktop.paths import models_dir
from tests.engine.made_models import phantom

NOWHERE = Path("none")
CARDS = [card for card in load_catalog(models_dir(), NOWHERE).cards if not card.is_interpolation]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(load_catalog(models_dir(), NOWHERE))


@pytest.fixture(params=CARDS, ids=lambda card: card.name)
def card(request: pytest.FixtureRequest) -> Card:
    found: Card = request.param
    return found


def never() -> None:
    """Nothing is cancelled."""


def enhance(engine: Engine, pixels: Floats, recipe: Recipe) -> Enhanced:
    rows, columns = pixels.shape
    return engine.enhance(pixels, recipe, unknown_geometry(rows, columns, 1), slice_index=0)


@pytest.mark.parametrize(("rows", "columns"), [(16, 16), (17, 45), (71, 60)])
def test_that_a_shipped_model_takes_any_matrix(engine: Engine, card: Card, rows: int, columns: int) -> None:
    done = enhance(engine, phantom(rows, columns), Recipe(card.name, card.scale, device="cpu"))
    assert done.pixels.shape == (card.scale * rows, card.scale * columns)
    assert (done.backend, done.notes, done.fallback) == ("openvino", (), False)


def test_that_tiles_of_a_shipped_model_do_not_show(engine: Engine, card: Card) -> None:
    pixels = phantom(90, 75)
    recipe = Recipe(card.name, card.scale, device="cpu")
    whole, tiled = (enhance(engine, pixels, replace(recipe, tile=tile)).pixels for tile in (0, 40))
    assert np.abs(whole - tiled).max() < 1e-3 * float(pixels.max())


def test_that_a_shipped_model_is_the_same_on_both_backends(card: Card) -> None:
    given = phantom(48, 41)[None, None] / np.float32(900.0)
    graph, network = (
        module.open_backend(card, card.scale, "cpu", "exact").run(given, never)
        for module in (openvino_backend, torch_backend)
    )
    assert np.abs(graph - network).max() < 1e-4


def test_that_a_shipped_model_does_not_move_the_picture(engine: Engine, card: Card) -> None:
    y, x = np.mgrid[0:40, 0:44]
    row, column = 18.3, 22.8
    bell = 800.0 * np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * 3.0**2))
    done = enhance(engine, np.asarray(bell, np.float32), Recipe(card.name, card.scale, device="cpu")).pixels
    weights = np.clip(done, 80.0, None) - 80.0
    fine = np.mgrid[0 : done.shape[0], 0 : done.shape[1]]
    found = [float((axis * weights).sum() / weights.sum()) for axis in fine]
    scale = card.scale
    assert found == pytest.approx([scale * at + (scale - 1) / 2 for at in (row, column)], abs=0.05 * scale)


def test_that_a_shipped_model_gives_the_same_bits_in_any_order(engine: Engine, card: Card) -> None:
    recipe = Recipe(card.name, card.scale, device="cpu")
    first = enhance(engine, phantom(33, 40), recipe).pixels
    enhance(engine, phantom(50, 20, 1), recipe)
    assert np.array_equal(enhance(engine, phantom(33, 40), recipe).pixels, first)
    fresh = Engine(engine.catalog)
    assert np.array_equal(enhance(fresh, phantom(33, 40), recipe).pixels, first)
