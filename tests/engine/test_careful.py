"""Careful mode: the mean of eight answers, and how much they differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.core.errors import Cancelled
from brainsr_desktop.core.geometry import unknown_geometry
from brainsr_desktop.core.intensity import Normalisation
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.core.resample import enlarge
from brainsr_desktop.core.turns import COUNT, turned, turned_back
from brainsr_desktop.engine.backends.base import BACKENDS
from brainsr_desktop.engine.backends.openvino_backend import open_backend
from brainsr_desktop.engine.pipeline import FALLBACK, Engine, Enhanced
from brainsr_desktop.models.catalog import Catalog
from tests.engine import failing
from tests.engine.made_models import phantom

Floats = npt.NDArray[np.float32]
NET = Recipe("tiny-x4", 4)
CAREFUL = replace(NET, careful=True)


def enhance(engine: Engine, pixels: Floats, recipe: Recipe, **more: object) -> Enhanced:
    rows, columns = pixels.shape
    return engine.enhance(pixels, recipe, unknown_geometry(rows, columns, 1), slice_index=0, **more)  # type: ignore[arg-type]


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Iterator[failing.Limits]:
    monkeypatch.setitem(BACKENDS, "openvino", "tests.engine.failing:open_openvino")
    failing.LIMITS = failing.Limits()
    yield failing.LIMITS
    failing.LIMITS = failing.Limits()


def answers(engine: Engine, pixels: Floats, recipe: Recipe) -> Floats:
    """What the engine makes of each of the eight ways, turned back by numpy's own functions, (8, rows, columns)."""
    made = [
        enhance(engine, np.ascontiguousarray(mirrored(np.rot90(pixels, turns))), recipe).pixels
        for mirrored in (np.asarray, np.fliplr)
        for turns in range(4)
    ]
    back = [np.rot90(picture, -turns) for turns, picture in enumerate(made[:4])]
    back += [np.rot90(np.fliplr(picture), -turns) for turns, picture in enumerate(made[4:])]
    return np.stack(back)


@pytest.mark.parametrize(("rows", "columns", "tile"), [(40, 40, 0), (33, 50, 0), (70, 45, 24)])
@pytest.mark.parametrize("model", ["tiny-x4", "tiny-x2", "small-x4"])
def test_that_the_picture_is_the_mean_of_the_eight_ways(
    engine: Engine, model: str, rows: int, columns: int, tile: int
) -> None:
    pixels = phantom(rows, columns)
    recipe = Recipe(model, 2 if model == "tiny-x2" else 4, tile=tile)
    eight = answers(engine, pixels, recipe)
    done = enhance(engine, pixels, replace(recipe, careful=True))
    assert done.pixels.shape == eight.shape[1:]
    np.testing.assert_allclose(done.pixels, eight.mean(axis=0), atol=1e-3 * float(pixels.max()))
    assert np.abs(done.pixels - eight[0]).max() > 1e-3 * float(pixels.max())


def test_that_the_spread_is_the_standard_deviation_of_the_eight(engine: Engine) -> None:
    pixels = phantom(36, 44)
    normalisation = Normalisation.of(pixels)
    given = normalisation.forward(pixels)
    backend = open_backend(engine.catalog.find("tiny-x4"), 4, "cpu", "exact")
    made = [
        turned_back(backend.run(turned(given, number)[None, None], lambda: None)[0, 0], number)
        for number in range(COUNT)
    ]
    done = enhance(engine, pixels, CAREFUL)
    assert done.spread is not None
    assert done.spread.shape == done.pixels.shape
    assert done.spread.dtype == np.float32
    expected = np.std(np.stack(made), axis=0, dtype=np.float64) * normalisation.gain
    np.testing.assert_allclose(done.spread, expected, atol=1e-5 * normalisation.gain)
    assert np.median(expected) > 1e-3 * normalisation.gain


def test_that_the_eight_ways_of_a_slice_have_one_careful_picture(engine: Engine) -> None:
    pixels = phantom(30, 41)
    first = enhance(engine, pixels, CAREFUL)
    for number in range(1, COUNT):
        other = enhance(engine, turned(pixels, number), CAREFUL)
        np.testing.assert_allclose(
            other.pixels, turned(first.pixels, number), atol=1e-3 * float(pixels.max())
        )
        assert first.spread is not None
        assert other.spread is not None
        np.testing.assert_allclose(
            other.spread, turned(first.spread, number), atol=1e-3 * float(pixels.max())
        )


def test_that_the_spread_is_in_the_slices_unit_and_shrinks_with_the_strength(engine: Engine) -> None:
    pixels = phantom(32, 32)
    whole, brighter, half = (
        enhance(engine, image, recipe).spread
        for image, recipe in (
            (pixels, CAREFUL),
            (pixels * np.float32(8.0), CAREFUL),
            (pixels, replace(CAREFUL, strength=0.5)),
        )
    )
    assert whole is not None
    np.testing.assert_allclose(np.asarray(brighter), 8.0 * whole, rtol=1e-3, atol=1e-2)
    np.testing.assert_allclose(np.asarray(half), 0.5 * whole, rtol=1e-6)


def test_that_the_spread_covers_the_slice_and_has_its_holes(engine: Engine) -> None:
    pixels = phantom(41, 50)
    pixels[8, 12] = np.nan
    done = enhance(engine, pixels, replace(CAREFUL, degradation=Degradation(reduction=4)))
    assert done.spread is not None
    assert done.spread.shape == pixels.shape
    assert np.array_equal(np.isnan(done.spread), np.isnan(done.pixels))
    assert np.isnan(done.spread).sum() == 16


def test_that_there_is_no_spread_without_careful_mode_or_network(engine: Engine) -> None:
    pixels = phantom(24, 24)
    assert enhance(engine, pixels, NET).spread is None
    cubic = enhance(engine, pixels, Recipe("bicubic", 4, careful=True))
    assert cubic.spread is None
    assert np.array_equal(cubic.pixels, enlarge(pixels, 4, "bicubic"))
    assert enhance(engine, np.full((20, 20), 3.0, np.float32), CAREFUL).spread is None


def test_that_progress_runs_once_from_nothing_to_all(engine: Engine) -> None:
    seen: list[tuple[int, int]] = []
    enhance(
        engine,
        phantom(48, 48),
        replace(CAREFUL, tile=32),
        progress=lambda done, total, note: seen.append((done, total)),  # noqa: ARG005
    )
    assert {total for _, total in seen} == {8 * 4}
    counts = [done for done, _ in seen]
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (0, 32)


@pytest.mark.parametrize("after", [0, 1, 3, 7])
def test_that_a_job_can_be_given_up_between_two_of_the_eight(engine: Engine, after: int) -> None:
    finished = 0

    def count(done: int, total: int, note: str) -> None:
        nonlocal finished
        finished = done

    def cancelled() -> None:
        if finished >= after:
            raise Cancelled

    with pytest.raises(Cancelled):
        enhance(engine, phantom(32, 40), CAREFUL, check_cancelled=cancelled, progress=count)
    assert finished == after


def test_that_what_was_given_up_is_told_once(engine: Engine, limits: failing.Limits) -> None:
    limits.largest_pixels = {"cpu": 90 * 90}
    done = enhance(engine, phantom(120, 110), CAREFUL)
    assert len(done.notes) == 1
    assert "smaller tiles" in done.notes[0]


@pytest.mark.parametrize("added", [np.nan, np.inf, 1e20])
def test_that_bad_output_is_replaced_and_has_no_spread(
    engine: Engine, limits: failing.Limits, added: float
) -> None:
    limits.sick = added
    pixels = phantom(40, 36)
    done = enhance(engine, pixels, CAREFUL)
    assert done.fallback
    assert done.notes[-1].startswith(FALLBACK)
    assert done.spread is None
    assert np.array_equal(done.pixels, enlarge(pixels, 4, "bicubic"))


def test_that_torch_and_openvino_agree(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = phantom(31, 40)
    first = enhance(Engine(catalog), pixels, CAREFUL)
    monkeypatch.setitem(BACKENDS, "openvino", BACKENDS["torch"])
    second = enhance(Engine(catalog), pixels, CAREFUL)
    assert (first.backend, second.backend) == ("openvino", "torch")
    np.testing.assert_allclose(first.pixels, second.pixels, atol=1e-3 * float(pixels.max()))
    np.testing.assert_allclose(
        np.asarray(first.spread), np.asarray(second.spread), atol=1e-3 * float(pixels.max())
    )
