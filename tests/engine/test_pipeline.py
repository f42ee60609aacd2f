from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainsr_desktop.core.degrade import Degradation, degrade
from brainsr_desktop.core.errors import Cancelled, InputUnsuitable, UsageError
from brainsr_desktop.core.geometry import Geometry, unknown_geometry
from brainsr_desktop.core.measure import Padding, padding_of
from brainsr_desktop.core.metrics import SCORES, scores
from brainsr_desktop.core.recipe import DEGRADED, Recipe
from brainsr_desktop.core.resample import enlarge
from brainsr_desktop.engine.backends.base import BACKENDS
from brainsr_desktop.engine.pipeline import FALLBACK, FLAT, Engine, Enhanced
from brainsr_desktop.models.catalog import BASELINES, Catalog
from tests.engine import failing
from tests.engine.made_models import phantom

Floats = npt.NDArray[np.float32]
NET = Recipe("tiny-x4", 4)


def place(pixels: Floats) -> Geometry:
    rows, columns = pixels.shape
    return unknown_geometry(rows, columns, 1)


def enhance(engine: Engine, pixels: Floats, recipe: Recipe, **more: Any) -> Enhanced:
    return engine.enhance(pixels, recipe, place(pixels), slice_index=more.pop("slice_index", 0), **more)


# What comes out


@pytest.mark.parametrize(("rows", "columns"), [(16, 16), (17, 16), (33, 70), (101, 57)])
@pytest.mark.parametrize("model", ["tiny-x4", "tiny-x2", "bicubic"])
def test_that_any_matrix_is_enlarged_with_its_place(
    engine: Engine, model: str, rows: int, columns: int
) -> None:
    pixels = phantom(rows, columns)
    scale = 2 if model == "tiny-x2" else 4
    done = enhance(engine, pixels, Recipe(model, scale))
    assert done.pixels.shape == (scale * rows, scale * columns) == (done.geometry.rows, done.geometry.columns)
    assert done.pixels.dtype == np.float32
    assert done.geometry == place(pixels).enlarged(scale)
    assert done.notes == ()
    assert not done.fallback
    assert done.scores == {}


@pytest.mark.parametrize("card", BASELINES, ids=lambda card: card.name)
@pytest.mark.parametrize("scale", [2, 4])
def test_that_an_interpolation_is_that_of_core_to_the_bit(engine: Engine, card: Any, scale: int) -> None:
    pixels = phantom(40, 31)
    done = enhance(engine, pixels, Recipe(card.name, scale))
    assert np.array_equal(done.pixels, enlarge(pixels, scale, card.name))
    assert (done.backend, done.device) == ("interpolation", "cpu")


def test_that_the_output_is_in_stored_units(engine: Engine) -> None:
    pixels = phantom(64, 64)
    done = enhance(engine, pixels, NET)
    cubic = enlarge(pixels, 4, "bicubic")
    assert np.abs(done.pixels - cubic).mean() < 0.2 * pixels.max()
    assert done.pixels.max() > 300.0


@given(st.integers(-10, 10), st.integers(0, 50))
@settings(max_examples=10)
def test_that_a_scanners_gain_comes_through(catalog: Catalog, power: int, seed: int) -> None:
    engine = Engine(catalog)
    pixels = phantom(24, 24, seed)
    gain = np.float32(2.0**power)
    first, second = (enhance(engine, p, NET).pixels for p in (pixels, pixels * gain))
    np.testing.assert_allclose(second, first * gain, rtol=1e-4, atol=1e-4 * float(pixels.max() * gain))


def test_that_negative_values_stay_negative(engine: Engine) -> None:
    pixels = phantom(48, 48) - np.float32(300.0)
    done = enhance(engine, pixels, NET)
    assert np.median(done.pixels[:8, :8]) == pytest.approx(-300.0, abs=30.0)


def test_that_the_input_is_not_changed(engine: Engine) -> None:
    pixels = phantom(32, 32)
    pixels[3, 3] = np.nan
    before = pixels.copy()
    enhance(engine, pixels, replace(NET, degradation=Degradation(2.0, 0.5, 4)))
    assert np.array_equal(pixels, before, equal_nan=True)


def test_that_the_same_recipe_gives_the_same_bits_whatever_ran_before(catalog: Catalog) -> None:
    pixels = phantom(50, 41)
    recipe = replace(NET, degradation=Degradation(3.0, 0.7, 4, seed=9))
    fresh = enhance(Engine(catalog), pixels, recipe, slice_index=5).pixels
    used = Engine(catalog)
    for other in (NET, Recipe("bicubic", 2), Recipe("small-x4", 4), replace(recipe, tile=16)):
        enhance(used, phantom(64, 32, 1), other, slice_index=1)
    assert np.array_equal(enhance(used, pixels, recipe, slice_index=5).pixels, fresh)
    assert not np.array_equal(enhance(used, pixels, recipe, slice_index=6).pixels, fresh)


def test_that_tiles_do_not_show(engine: Engine) -> None:
    pixels = phantom(90, 75)
    whole, tiled = (enhance(engine, pixels, replace(NET, tile=tile)).pixels for tile in (0, 32))
    assert np.abs(whole - tiled).max() < 1e-3 * float(pixels.max())


def test_that_strength_mixes_with_cubic_interpolation(engine: Engine) -> None:
    pixels = phantom(32, 32)
    network = enhance(engine, pixels, NET).pixels
    cubic = enlarge(pixels, 4, "bicubic")
    for strength in (0.0, 0.25, 1.0):
        done = enhance(engine, pixels, replace(NET, strength=strength)).pixels
        expected = strength * network + (1.0 - strength) * cubic
        np.testing.assert_allclose(done, expected, atol=1e-3)


def blob(rows: int, columns: int, row: float, column: float) -> Floats:
    y, x = np.mgrid[0:rows, 0:columns]
    return np.asarray(100.0 * np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * 2.5**2)), np.float32)


@pytest.mark.parametrize("model", ["nearest", "bicubic", "lanczos", "zerofill"])
@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize(("row", "column"), [(15.3, 17.8), (16.0, 16.0)])
def test_that_the_picture_does_not_move(
    engine: Engine, model: str, scale: int, row: float, column: float
) -> None:
    done = enhance(engine, blob(32, 34, row, column), Recipe(model, scale)).pixels
    y, x = np.mgrid[0 : done.shape[0], 0 : done.shape[1]]
    weights = np.clip(done, 5.0, None) - 5.0
    found = [float((axis * weights).sum() / weights.sum()) for axis in (y, x)]
    assert found == pytest.approx([scale * at + (scale - 1) / 2 for at in (row, column)], abs=0.05 * scale)


# Test mode


@given(
    rows=st.integers(16, 60),
    columns=st.integers(16, 60),
    reduction=st.sampled_from([1, 2, 4]),
    scale=st.sampled_from([2, 4]),
)
@settings(max_examples=25)
def test_that_a_degraded_slice_comes_back_in_its_place(
    catalog: Catalog, rows: int, columns: int, reduction: int, scale: int
) -> None:
    pixels = phantom(rows, columns)
    geometry = Geometry(rows, columns, (0.9, 1.1), (0.0, 1.0, 0.0), (0.0, 0.0, -1.0), ((3.0, -40.0, 55.0),))
    recipe = Recipe("bicubic", scale, Degradation(reduction=reduction))
    done = Engine(catalog).enhance(pixels, recipe, geometry, slice_index=0)
    assert done.pixels.shape == (done.geometry.rows, done.geometry.columns)
    assert done.geometry.rows == -(-rows * scale // reduction)
    if scale == reduction:
        assert done.geometry == geometry
        assert set(done.scores) == set(SCORES)
    else:
        assert done.scores == {}
    near, expected = (g.position_at(0, -0.5, -0.5) for g in (done.geometry, geometry))
    np.testing.assert_allclose(near, expected, atol=1e-9)
    per_pixel = np.asarray(geometry.spacing_mm) * reduction / scale
    np.testing.assert_allclose(done.geometry.spacing_mm, per_pixel)


@given(st.integers(1, 200), st.integers(1, 200), st.sampled_from([1, 2, 4]))
def test_that_reducing_a_place_is_undone_by_enlarging(rows: int, columns: int, factor: int) -> None:
    geometry = Geometry(
        rows * factor, columns * factor, (0.7, 0.8), (0.0, 0.6, 0.8), (1.0, 0.0, 0.0), ((1.0, 2.0, 3.0),)
    )
    again = geometry.reduced(factor).enlarged(factor)
    assert (again.rows, again.columns) == (geometry.rows, geometry.columns)
    np.testing.assert_allclose(again.positions_mm, geometry.positions_mm, atol=1e-9)
    np.testing.assert_allclose(again.spacing_mm, geometry.spacing_mm)


def test_that_the_degraded_input_can_be_seen(engine: Engine) -> None:
    pixels = phantom(50, 45)
    degradation = Degradation(4.0, 0.5, 2, seed=3)
    done = enhance(engine, pixels, Recipe(DEGRADED, 2, degradation), slice_index=7)
    assert np.array_equal(done.pixels, degrade(pixels, degradation, slice_index=7))
    assert done.geometry == place(pixels).reduced(2)
    assert done.scores == {}


def test_that_the_degraded_input_is_what_is_enlarged(engine: Engine) -> None:
    pixels = phantom(80, 72)
    degradation = Degradation(4.0, 0.5, 4, seed=3)
    low = enhance(engine, pixels, Recipe(DEGRADED, 4, degradation)).pixels
    straight = enhance(engine, low, NET).pixels
    assert np.array_equal(enhance(engine, pixels, replace(NET, degradation=degradation)).pixels, straight)


@pytest.mark.parametrize("range_max", [0.0, 700.0])
def test_that_scores_are_those_against_the_true_slice(engine: Engine, range_max: float) -> None:
    pixels = phantom(64, 52)
    done = enhance(engine, pixels, replace(NET, degradation=Degradation(1.0, 0.0, 4)), range_max=range_max)
    assert done.scores == scores(done.pixels, pixels, range_max=range_max)
    assert np.isfinite(list(done.scores.values())).all()


# Odd input


def test_that_holes_come_through_as_holes(engine: Engine) -> None:
    pixels = phantom(40, 36)
    pixels[10:14, 20] = np.nan
    pixels[30, 3] = np.inf
    done = enhance(engine, pixels, NET)
    holes = ~np.isfinite(pixels)
    assert np.array_equal(np.isnan(done.pixels), holes.repeat(4, 0).repeat(4, 1))
    assert np.isfinite(done.pixels[~np.isnan(done.pixels)]).all()
    far = np.s_[80:, 100:]
    filled = np.where(holes, np.float32(0.0), pixels)
    np.testing.assert_allclose(done.pixels[far], enhance(engine, filled, NET).pixels[far], atol=2.0)


def test_that_a_hole_makes_the_block_it_is_reduced_into_a_hole(engine: Engine) -> None:
    pixels = phantom(40, 42)
    pixels[9, 22] = np.nan
    done = enhance(engine, pixels, replace(NET, degradation=Degradation(reduction=4)))
    expected = np.zeros((40, 42), np.bool_)
    expected[8:12, 20:24] = True
    assert np.array_equal(np.isnan(done.pixels), expected)
    assert np.isfinite(list(done.scores.values())).all()


@pytest.mark.parametrize("value", [0.0, 7.0, -3.0, np.nan])
@pytest.mark.parametrize("model", ["tiny-x4", "bicubic"])
def test_that_a_flat_slice_is_left_as_it_is(engine: Engine, model: str, value: float) -> None:
    done = enhance(engine, np.full((20, 24), value, np.float32), Recipe(model, 4))
    assert np.array_equal(done.pixels, np.full((80, 96), value, np.float32), equal_nan=True)
    assert done.notes[0].startswith(FLAT)
    assert not done.fallback


def test_that_a_flat_slice_with_holes_keeps_both(engine: Engine) -> None:
    pixels = np.full((20, 24), 5.0, np.float32)
    pixels[2, 2] = np.nan
    done = enhance(engine, pixels, NET)
    assert np.isnan(done.pixels).sum() == 16
    assert set(np.unique(done.pixels[np.isfinite(done.pixels)])) == {5.0}


@pytest.mark.parametrize(("rows", "columns"), [(15, 40), (40, 15), (1, 1)])
def test_that_a_network_gets_no_tiny_slice(engine: Engine, rows: int, columns: int) -> None:
    with pytest.raises(InputUnsuitable, match="16"):
        enhance(engine, phantom(rows, columns), NET)
    assert enhance(engine, phantom(rows, columns), Recipe("bicubic", 4)).pixels.shape == (
        4 * rows,
        4 * columns,
    )


def test_that_a_slice_may_be_tiny_once_it_is_degraded(engine: Engine) -> None:
    pixels = phantom(16, 18)
    done = enhance(engine, pixels, replace(NET, degradation=Degradation(reduction=4)))
    assert done.pixels.shape == (16, 18)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((20, 20, 3), np.float32),
        np.zeros(20, np.float32),
        np.zeros((0, 20), np.float32),
        np.zeros((20, 20), np.uint8),
    ],
)
def test_that_what_is_no_grey_slice_is_refused(engine: Engine, pixels: Any) -> None:
    with pytest.raises(InputUnsuitable):
        engine.enhance(pixels, NET, unknown_geometry(20, 20, 1), slice_index=0)


def test_that_a_foreign_geometry_is_refused(engine: Engine) -> None:
    with pytest.raises(InputUnsuitable, match="geometry"):
        engine.enhance(phantom(20, 20), NET, unknown_geometry(20, 21, 1), slice_index=0)


@pytest.mark.parametrize(
    "recipe",
    [Recipe("no-such", 4), Recipe("tiny-x4", 2), Recipe("bicubic", 3), replace(NET, strength=1.5)],
)
def test_that_a_recipe_that_cannot_be_is_refused(engine: Engine, recipe: Recipe) -> None:
    with pytest.raises(UsageError):
        enhance(engine, phantom(20, 20), recipe)


@given(
    st.integers(0, 10_000),
    st.sampled_from([1e-30, 1e-3, 1.0, 1e9, 1e30]),
    st.floats(-2.0, 2.0),
    st.sampled_from(["tiny-x4", "bicubic", "zerofill"]),
)
@settings(max_examples=40)
def test_that_any_numbers_give_finite_pixels(
    catalog: Catalog, seed: int, size: float, shift: float, model: str
) -> None:
    generator = np.random.default_rng(seed)
    pixels = ((generator.standard_normal((18, 21)) + shift) * size).astype(np.float32)
    done = enhance(Engine(catalog), pixels, Recipe(model, 4))
    assert np.isfinite(done.pixels).all()


# When a network fails


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Iterator[failing.Limits]:
    monkeypatch.setitem(BACKENDS, "openvino", "tests.engine.failing:open_openvino")
    failing.LIMITS = failing.Limits()
    yield failing.LIMITS
    failing.LIMITS = failing.Limits()


@pytest.mark.parametrize("added", [np.nan, np.inf, 50.0, -50.0, 1e20])
def test_that_bad_output_is_replaced_and_marked(engine: Engine, limits: failing.Limits, added: float) -> None:
    limits.sick = added
    pixels = phantom(40, 40)
    done = enhance(engine, pixels, NET)
    assert done.fallback
    assert done.notes[-1].startswith(FALLBACK)
    assert done.backend == "interpolation"
    assert np.array_equal(done.pixels, enlarge(pixels, 4, "bicubic"))


def test_that_the_next_slice_is_not_marked(engine: Engine, limits: failing.Limits) -> None:
    limits.sick = np.nan
    assert enhance(engine, phantom(40, 40), NET).fallback
    limits.sick = None
    assert not enhance(engine, phantom(40, 40), NET).fallback


def test_that_what_was_given_up_is_told(engine: Engine, limits: failing.Limits) -> None:
    limits.largest_pixels = {"cpu": 90 * 90}
    done = enhance(engine, phantom(120, 110), NET)
    assert len(done.notes) == 1
    assert "smaller tiles" in done.notes[0]


def test_that_a_job_can_be_given_up(engine: Engine) -> None:
    def cancelled() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        enhance(engine, phantom(40, 40), NET, check_cancelled=cancelled)


def test_that_preparing_loads_the_model(engine: Engine) -> None:
    ready = engine.prepare(NET)
    assert (ready.backend, ready.device) == ("openvino", "cpu")
    assert ready.seconds > 0.0
    assert engine.prepare(Recipe(DEGRADED, 4)).backend == "none"
    with pytest.raises(UsageError):
        engine.prepare(Recipe("no-such", 4))


# Padding


def padded_head(value: float) -> tuple[Floats, Padding]:
    """A head of 20 to 900 in a frame of padding, as scanners write it around a round field of view."""
    image = phantom(48, 40).astype(np.float32) + np.float32(20.0)
    pixels = np.full(image.shape, value, np.float32)
    pixels[8:40, 6:34] = image[8:40, 6:34]
    padding = padding_of(pixels, value, value)
    assert padding is not None and padding.mask.sum() == 48 * 40 - 32 * 28
    return pixels, padding


@pytest.mark.parametrize("model", ["tiny-x4", "tiny-x2", "bicubic"])
@pytest.mark.parametrize("degradation", [None, Degradation(noise_percent=5.0, reduction=2, seed=3)])
def test_that_the_value_of_padding_does_not_matter(
    engine: Engine, model: str, degradation: Degradation | None
) -> None:
    recipe = Recipe(model, 2 if model == "tiny-x2" else 4, degradation)
    heads = [padded_head(value) for value in (-2000.0, -32768.0, 30000.0)]
    made = [enhance(engine, pixels, recipe, padding=padding) for pixels, padding in heads]
    pixels, padding = heads[0]
    image = pixels[~padding.mask]
    for done in made:
        assert np.array_equal(done.pixels, made[0].pixels) and done.scores == made[0].scores
        is_padding = padding.over((done.geometry.rows, done.geometry.columns))
        assert (done.pixels[is_padding] == image.min()).all()
        assert np.ptp(done.pixels[~is_padding]) > 0.3 * np.ptp(image)


def test_that_padding_is_left_out_of_a_degraded_slice(engine: Engine) -> None:
    pixels, padding = padded_head(-2000.0)
    made = enhance(
        engine, pixels, Recipe(DEGRADED, 1, Degradation(noise_percent=9.0, reduction=2)), padding=padding
    )
    is_padding = padding.over((24, 20))
    assert (made.pixels[is_padding] == pixels[~padding.mask].min()).all()
    assert made.pixels.min() >= 0.0


def test_that_a_slice_of_padding_alone_is_left_alone(engine: Engine) -> None:
    pixels = np.full((20, 20), -2000.0, np.float32)
    done = enhance(engine, pixels, NET, padding=padding_of(pixels, -2000.0, -2000.0))
    assert (done.pixels == -2000.0).all() and done.notes[0].startswith(FLAT)


@pytest.mark.parametrize(
    "recipe", [NET, Recipe("tiny-x2", 2), Recipe("tiny-x4", 4, Degradation(reduction=4))]
)
def test_that_a_mask_without_padding_changes_no_bit(engine: Engine, recipe: Recipe) -> None:
    pixels = phantom(48, 40)
    none = Padding(np.zeros(pixels.shape, np.bool_))
    with_mask = enhance(engine, pixels, recipe, padding=none)
    assert np.array_equal(with_mask.pixels, enhance(engine, pixels, recipe).pixels)


@given(st.integers(2, 40), st.integers(2, 40), st.sampled_from([1, 2, 4]))
def test_that_padding_lies_in_the_same_places_of_an_enlargement(rows: int, columns: int, scale: int) -> None:
    mask = np.random.default_rng(rows * 41 + columns).random((rows, columns)) < 0.3
    wanted = mask.repeat(scale, axis=0).repeat(scale, axis=1)
    assert np.array_equal(Padding(mask).over((rows * scale, columns * scale)), wanted)
