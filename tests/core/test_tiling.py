from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import uniform_filter

from brainsr_desktop.core.tiling import SMALLEST_TILE_PX, Blend, padded_to, plan, plan_within, spans

Floats = npt.NDArray[np.float32]


def noise(rows: int, columns: int, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).normal(0.0, 1.0, (rows, columns)).astype(np.float32)


def blurred_and_repeated(image: Floats, field: int, scale: int) -> Floats:
    """Stands for a network: sees ``field`` input pixels, continues the picture at its edges, enlarges."""
    return np.asarray(uniform_filter(image, field, mode="nearest")).repeat(scale, 0).repeat(scale, 1)


def run_in_tiles(image: Floats, tile: int, field: int, scale: int) -> Floats:
    tiles = plan((image.shape[0], image.shape[1]), tile, field)
    blend = Blend((image.shape[0], image.shape[1]), scale)
    for part in tiles:
        blend.add(part, blurred_and_repeated(image[part.source], field, scale))
    return blend.result


@given(
    rows=st.integers(16, 150),
    columns=st.integers(16, 150),
    tile=st.integers(1, 120),
    field=st.integers(0, 20).map(lambda half: 2 * half + 1),
    scale=st.sampled_from([2, 4]),
)
@settings(max_examples=60)
def test_that_tiles_give_what_the_whole_slice_gives(
    rows: int, columns: int, tile: int, field: int, scale: int
) -> None:
    image = noise(rows, columns)
    whole = blurred_and_repeated(image, field, scale)
    np.testing.assert_allclose(run_in_tiles(image, tile, field, scale), whole, atol=1e-5)


def test_that_a_margin_below_the_receptive_field_would_be_seen() -> None:
    image = noise(90, 90)
    tiles = plan((90, 90), 40, 3)
    blend = Blend((90, 90), 2)
    for part in tiles:
        blend.add(part, blurred_and_repeated(image[part.source], 31, 2))
    assert np.abs(blend.result - blurred_and_repeated(image, 31, 2)).max() > 1e-2


@given(st.integers(1, 500), st.integers(1, 600), st.integers(0, 60))
def test_that_pieces_cover_every_pixel_and_share_few(size: int, tile: int, margin: int) -> None:
    found = spans(size, tile, margin)
    assert found[0].keep[0] == 0
    assert found[-1].keep[1] == size
    for before, after in pairwise(found):
        shared = before.keep[1] - after.keep[0]
        assert shared == before.fade_out == after.fade_in >= 0
        assert before.keep[0] < after.keep[0]
    for piece in found:
        start, stop = piece.keep
        assert stop - start <= max(tile, 1)
        assert piece.fade_in + piece.fade_out <= stop - start
        assert piece.read == (max(start - margin, 0), min(stop + margin, size)) or len(found) == 1


def test_that_no_tile_means_the_whole_slice() -> None:
    (only,) = plan((33, 70), 0, 71)
    assert only.source == (slice(0, 33), slice(0, 70))


def test_that_a_tiny_tile_is_widened() -> None:
    tiles = plan((64, 64), 1, 1)
    assert max(t.rows.keep[1] - t.rows.keep[0] for t in tiles) <= SMALLEST_TILE_PX
    assert len(tiles) < 64


def test_that_a_piece_of_another_size_is_refused() -> None:
    (only,) = plan((20, 20), 0, 1)
    with pytest.raises(ValueError, match="expected"):
        Blend((20, 20), 2).add(only, np.zeros((20, 20), np.float32))


@pytest.mark.parametrize(("size", "tile", "margin"), [(0, 8, 1), (8, 0, 1), (8, 8, -1)])
def test_that_impossible_cuts_are_refused(size: int, tile: int, margin: int) -> None:
    with pytest.raises(ValueError, match="cut"):
        spans(size, tile, margin)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 9), st.integers(1, 50))
def test_that_padding_keeps_the_picture_in_its_corner(
    rows: int, columns: int, multiple: int, smallest: int
) -> None:
    image = noise(rows, columns)
    padded = padded_to(image, multiple, smallest)
    assert np.array_equal(padded[:rows, :columns], image)
    assert all(side % multiple == 0 and side >= smallest for side in padded.shape)
    assert set(np.unique(padded)) <= set(np.unique(image))


def test_that_a_slice_that_fits_is_not_copied() -> None:
    image = noise(16, 24)
    assert padded_to(image, 8, 16) is image


@given(st.integers(16, 2500), st.integers(16, 2500), st.integers(0, 35).map(lambda half: 2 * half + 1))
@settings(max_examples=60, deadline=None)
def test_that_automatic_tiles_keep_to_their_memory_and_cover_the_slice(
    rows: int, columns: int, field: int
) -> None:
    most = 300 * 300
    tiles = plan_within((rows, columns), most, field)
    assert all(np.empty((rows, columns), np.bool_)[tile.source].size <= most for tile in tiles)
    seen = np.zeros((rows, columns), np.bool_)
    for tile in tiles:
        seen[slice(*tile.rows.keep), slice(*tile.columns.keep)] = True
    assert seen.all()
    if rows * columns <= most:
        assert len(tiles) == 1


def test_that_automatic_tiles_read_little_twice() -> None:
    tiles = plan_within((1024, 1024), 768 * 768, 71)
    read = sum(np.empty((1024, 1024), np.bool_)[tile.source].size for tile in tiles)
    assert read / 1024**2 < 1.1


def test_that_automatic_tiles_give_what_the_whole_slice_gives() -> None:
    image = noise(220, 150)
    blend = Blend((220, 150), 2)
    tiles = plan_within((220, 150), 90 * 90, 31)
    assert len(tiles) > 4
    for part in tiles:
        blend.add(part, blurred_and_repeated(image[part.source], 31, 2))
    np.testing.assert_allclose(blend.result, blurred_and_repeated(image, 31, 2), atol=1e-5)
