from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import psutil
import pytest

from brainsr_desktop.core.errors import Cancelled, DeviceUnavailable, OutOfMemory
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.engine.backends.base import BACKENDS, Floats
from brainsr_desktop.engine.runner import (
    MODELS_KEPT,
    SMALLER_TILES,
    WHOLE_PIXELS,
    Job,
    Runner,
    first_tiles,
)
from brainsr_desktop.models.catalog import Catalog
from tests.engine import failing
from tests.engine.made_models import phantom


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Iterator[failing.Limits]:
    """Backends that fail as the test wants."""
    monkeypatch.setitem(BACKENDS, "openvino", "tests.engine.failing:open_openvino")
    monkeypatch.setitem(BACKENDS, "torch", "tests.engine.failing:open_torch")
    failing.LIMITS = failing.Limits()
    yield failing.LIMITS
    failing.LIMITS = failing.Limits()


def never() -> None:
    """Nothing is cancelled."""


def silent(done: int, total: int, note: str) -> None:
    """Nobody listens."""


def job(catalog: Catalog, recipe: Recipe, rows: int = 150, columns: int = 140) -> Job:
    image = phantom(rows, columns) / np.float32(1000.0)
    return Job(image, catalog.find(recipe.model), recipe, never, silent)


def whole(catalog: Catalog, model: str = "tiny-x4") -> Floats:
    return Runner().run(job(catalog, Recipe(model, 4))).pixels


def test_that_tiles_give_the_whole_slice(catalog: Catalog) -> None:
    expected = whole(catalog)
    for tile in (32, 64, 100, 1024):
        run = Runner().run(job(catalog, Recipe("tiny-x4", 4, tile=tile)))
        assert np.abs(run.pixels - expected).max() < 1e-5
        assert run.notes == []


def test_that_the_tiles_depend_on_the_slice_alone(catalog: Catalog) -> None:
    card = catalog.find("tiny-x4")
    side = round(WHOLE_PIXELS**0.5)
    assert len(first_tiles((side, side), card, 0)) == 1
    assert len(first_tiles((side + 1, side), card, 0)) == 2
    assert len(first_tiles((30, 56), card, 32)) == 2
    assert len(first_tiles((4000, 4000), catalog.find("zerofill"), 64)) == 1


def test_that_short_memory_halves_the_tile_and_says_so(catalog: Catalog, limits: failing.Limits) -> None:
    limits.largest_pixels = {"cpu": 100 * 100}
    run = Runner().run(job(catalog, Recipe("tiny-x4", 4)))
    assert run.notes == [SMALLER_TILES]
    assert run.device == "cpu"
    assert np.abs(run.pixels - whole_without(limits, catalog)).max() < 1e-3
    sizes = [pixels for _, pixels in limits.runs]
    assert sizes[0] == 150 * 140
    assert max(sizes[1:3]) < sizes[0]


def whole_without(limits: failing.Limits, catalog: Catalog) -> Floats:
    limits.largest_pixels = {}
    return whole(catalog)


def test_that_the_tile_is_halved_three_times_at_most(catalog: Catalog, limits: failing.Limits) -> None:
    limits.largest_pixels = {"cpu": 0}
    with pytest.raises(OutOfMemory):
        Runner().run(job(catalog, Recipe("small-x4", 4)))
    assert len(limits.runs) == 4


def test_that_a_small_graphics_unit_hands_over_to_the_cpu(catalog: Catalog, limits: failing.Limits) -> None:
    limits.largest_pixels = {"cuda:0": 16}
    run = Runner().run(job(catalog, Recipe("tiny-x4", 4, device="cuda:0")))
    assert run.device == "cpu"
    assert run.backend == "openvino"
    assert run.notes == ["Used the CPU: cuda:0 has too little memory."]
    assert np.array_equal(run.pixels, whole_without(limits, catalog))


def test_that_enough_memory_on_the_graphics_unit_after_halving_stays_there(
    catalog: Catalog, limits: failing.Limits
) -> None:
    limits.largest_pixels = {"cuda:0": 100 * 100}
    run = Runner().run(job(catalog, Recipe("tiny-x4", 4, device="cuda:0")))
    assert (run.device, run.notes) == ("cuda:0", [SMALLER_TILES])


def test_that_a_lost_device_is_replaced_and_not_tried_again(catalog: Catalog, limits: failing.Limits) -> None:
    limits.lost = {"cuda:0"}
    runner = Runner()
    first = runner.run(job(catalog, Recipe("tiny-x4", 4, device="cuda:0")))
    second = runner.run(job(catalog, Recipe("tiny-x4", 4, device="cuda:0")))
    for run in (first, second):
        assert run.device == "cpu"
        assert run.notes == ["Used the CPU: cuda:0 failed."]
    assert [device for device, _ in limits.runs].count("cuda:0") == 1


def test_that_preparing_gives_a_lost_device_another_chance(catalog: Catalog, limits: failing.Limits) -> None:
    limits.lost = {"cuda:0"}
    runner, recipe = Runner(), Recipe("tiny-x4", 4, device="cuda:0")
    runner.run(job(catalog, recipe))
    limits.lost = set()
    assert runner.load(catalog.find("tiny-x4"), recipe).device == "cuda:0"
    assert runner.run(job(catalog, recipe)).device == "cuda:0"


def test_that_a_device_lost_on_the_cpu_itself_is_an_error(catalog: Catalog, limits: failing.Limits) -> None:
    limits.lost = {"cpu"}
    with pytest.raises(DeviceUnavailable):
        Runner().run(job(catalog, Recipe("tiny-x4", 4)))


def test_that_a_device_that_was_never_there_is_an_error(catalog: Catalog) -> None:
    with pytest.raises(DeviceUnavailable, match="cuda:7"):
        Runner().run(job(catalog, Recipe("tiny-x4", 4, device="cuda:7")))


def test_that_a_slice_beyond_the_free_memory_is_refused_before_it_starts(
    catalog: Catalog, limits: failing.Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Little:
        available = 1 << 20

    monkeypatch.setattr(psutil, "virtual_memory", lambda: Little)
    with pytest.raises(OutOfMemory, match="MiB") as caught:
        Runner().run(job(catalog, Recipe("tiny-x4", 4), 300, 300))
    assert caught.value.advice
    assert limits.runs == []


def test_that_progress_counts_tiles(catalog: Catalog) -> None:
    heard: list[tuple[int, int]] = []
    given = job(catalog, Recipe("small-x4", 4, tile=64))
    Runner().run(
        Job(given.image, given.card, given.recipe, never, lambda done, total, _: heard.append((done, total)))
    )
    total = heard[0][1]
    assert total > 4
    assert heard == [(done, total) for done in range(total + 1)]


def test_that_a_job_stops_between_tiles(catalog: Catalog, limits: failing.Limits) -> None:
    def cancelled_after_two() -> None:
        if len(limits.runs) >= 2:
            raise Cancelled

    given = job(catalog, Recipe("tiny-x4", 4, tile=32))
    with pytest.raises(Cancelled):
        Runner().run(Job(given.image, given.card, given.recipe, cancelled_after_two, silent))
    assert len(limits.runs) == 2


def test_that_models_are_loaded_once_and_not_all_are_kept(catalog: Catalog, limits: failing.Limits) -> None:
    runner = Runner()
    for _ in range(3):
        runner.run(job(catalog, Recipe("small-x4", 4), 20, 20))
    assert len(limits.opened) == 1
    for precision in ("exact", "fast"):
        runner.load(catalog.find("tiny-x4"), Recipe("tiny-x4", 4, precision=precision))
        runner.load(catalog.find("tiny-x2"), Recipe("tiny-x2", 2, precision=precision))
    assert len(runner._loaded) == MODELS_KEPT
    runner.run(job(catalog, Recipe("small-x4", 4), 20, 20))
    assert len(limits.opened) == 6
