"""Regions stay as bright as they were measured; what disagrees with the input is found where it is, and only there."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import fft, ndimage

from brainsr_desktop.core.consistency import (
    ALLOWED,
    LIMIT,
    MOST_AROUND,
    MOST_PLACES,
    SIGMA_PX,
    SPOT_MM,
    SPOT_PX,
    Residual,
    disagreeing,
    keep_region_means,
    residual,
)
from brainsr_desktop.core.degrade import Degradation, apply
from brainsr_desktop.core.filters import block_means
from brainsr_desktop.core.intensity import robust_range
from brainsr_desktop.core.planted import Structure, profile
from brainsr_desktop.core.resample import METHODS, Method, enlarge
from brainsr_desktop.core.trust import difference
from tests.engine.made_models import phantom


def _scene(seed: int, rows: int = 96, columns: int = 80) -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0.0, 1.0, (rows // 16, columns // 16)).astype(np.float32)
    return enlarge(coarse, 16, "bicubic") + rng.normal(0.0, 0.02, (rows, columns)).astype(np.float32)


@given(seed=st.integers(0, 1000), gain=st.floats(0.8, 1.2), offset=st.floats(-0.1, 0.1))
def test_that_a_network_that_changes_brightness_cannot_change_a_regions_mean(
    seed: int, gain: float, offset: float
) -> None:
    source = _scene(seed)
    wrong = (gain * enlarge(source, 2, "bicubic") + offset).astype(np.float32)
    kept = keep_region_means(wrong, source, 2)
    inner = (slice(24, 72), slice(20, 60))
    assert abs(float(block_means(kept, 2)[inner].mean() - source[inner].mean())) < 0.005


def test_that_fine_detail_of_the_network_is_left_alone() -> None:
    source = _scene(1)
    detail = np.indices((192, 160)).sum(axis=0) % 2 * np.float32(0.1) - np.float32(0.05)
    plain = enlarge(source, 2, "bicubic")
    difference = keep_region_means((plain + detail).astype(np.float32), source, 2) - keep_region_means(
        plain, source, 2
    )
    assert np.abs(difference - detail).max() < 1e-5


def test_that_noise_which_was_taken_out_does_not_come_back() -> None:
    rng = np.random.default_rng(3)
    noise = rng.normal(0.0, 1.0, (128, 128)).astype(np.float32)
    kept = keep_region_means(np.zeros((256, 256), np.float32), noise, 2)
    expected = 1.0 / (2.0 * np.sqrt(np.pi) * SIGMA_PX)
    assert kept.std() == pytest.approx(expected, rel=0.25)


def test_that_a_picture_which_agrees_with_its_source_is_returned_as_it_is() -> None:
    source = _scene(2)
    blocks = source.repeat(4, axis=0).repeat(4, axis=1)
    assert np.abs(keep_region_means(blocks, source, 4) - blocks).max() < 1e-6


SCALE = 4
TRUTH = np.asarray(ndimage.gaussian_filter(phantom(240, 208, 3), 0.8), np.float32)
"""A head in stored units; no scanner has a sharper edge."""
WHITE = robust_range(TRUTH)[1]


def low(method: str = "kspace", blur_px: float = 0.0, noise_percent: float = 0.0) -> npt.NDArray[np.float32]:
    made_by = Degradation(noise_percent, blur_px, SCALE, method)  # type: ignore[arg-type]
    noise = np.random.default_rng(1).normal(0, 1, (2, 60, 52))
    return apply(TRUTH, made_by, noise[0] + 1j * noise[1] if noise_percent else None)


def dot(row: float, column: float, contrast: float = 30.0, size_px: float = 6.0) -> npt.NDArray[np.float32]:
    """A spot of a percentage of the white, in pixels of the truth."""
    made = profile(Structure("lesion", size_px, contrast, (row, column)), TRUTH.shape, (1.0, 1.0))
    return np.asarray(contrast / 100.0 * WHITE * made, np.float32)


@given(st.integers(0, 2**31), st.sampled_from([2, 4]), st.integers(9, 30), st.integers(9, 30))
@example(7133, 2, 9, 9)
def test_that_the_residual_is_that_of_scipys_cosine_transform(
    seed: int, scale: int, rows: int, columns: int
) -> None:
    """Without the fit: the gain of each band is 1 where the pictures are the truth and its own reduction."""
    large = np.random.default_rng(seed).normal(100.0, 10.0, (scale * rows, scale * columns))
    spectrum = fft.dctn(large, norm="ortho")[:rows, :columns] / scale
    small = fft.idctn(spectrum, norm="ortho")
    found = residual(large.astype(np.float32), small.astype(np.float32), scale)
    assert float(np.abs(found.map).max()) < 1e-3
    assert found.part < 0.01
    assert disagreeing(found) == ()


@pytest.mark.parametrize("method", ["nearest", "linear", "bicubic", "lanczos", "zerofill"])
@pytest.mark.parametrize("noise", [0.0, 3.0])
def test_that_a_copy_of_an_interpolation_has_full_consistency(method: Method, noise: float) -> None:
    source = low(noise_percent=noise)
    assert method in METHODS
    found = residual(enlarge(source, SCALE, method), source, SCALE)
    assert found.part < LIMIT / 2
    assert disagreeing(found) == ()


def test_that_a_copy_of_the_cubic_interpolation_has_no_change() -> None:
    copy = enlarge(low(), SCALE, "bicubic")
    assert not difference(copy, enlarge(low(), SCALE, "bicubic")).any()


@pytest.mark.parametrize(
    "made_by", [("kspace", 0.0), ("bicubic", 0.0), ("kspace", 0.5), ("kspace", 1.0), ("bicubic", 0.7)]
)
def test_that_the_truth_itself_agrees_however_it_was_reduced(made_by: tuple[str, float]) -> None:
    found = residual(TRUTH, low(*made_by), SCALE)
    assert found.part < LIMIT
    assert disagreeing(found) == ()


@pytest.mark.parametrize("contrast", [30.0, -30.0])
@pytest.mark.parametrize(("row", "column"), [(100.0, 90.0), (140.3, 120.8), (90.5, 130.5)])
@pytest.mark.parametrize("made_by", [("kspace", 0.0, 0.0), ("bicubic", 0.0, 0.0), ("kspace", 0.5, 2.0)])
def test_that_a_painted_dot_is_flagged_at_the_dot(
    contrast: float, row: float, column: float, made_by: tuple[str, float, float]
) -> None:
    source = low(*made_by)
    painted = residual(enlarge(source, SCALE, "bicubic") + dot(row, column, contrast), source, SCALE)
    assert painted.part > LIMIT
    place = disagreeing(painted)[0]
    assert place.top <= (row + 0.5) / SCALE <= place.bottom
    assert place.left <= (column + 0.5) / SCALE <= place.right
    assert max(place.bottom - place.top, place.right - place.left) <= 6
    here = painted.map[place.top : place.bottom, place.left : place.right]
    assert np.sign(here.mean()) == np.sign(contrast)


def test_that_a_removed_dot_is_flagged_at_the_dot() -> None:
    with_dot = apply(TRUTH + dot(110.0, 100.0), Degradation(reduction=SCALE), None)
    found = residual(enlarge(low(), SCALE, "bicubic"), with_dot, SCALE)
    place = disagreeing(found)[0]
    assert place.top <= 110.5 / SCALE <= place.bottom and place.left <= 100.5 / SCALE <= place.right


def test_that_a_spot_in_quiet_surroundings_counts_in_full() -> None:
    """A Gaussian of 2 input pixels smoothed by 0.75 keeps 4 / 4.5625 of its height."""
    y, x = np.mgrid[:64, :64] - 32.0
    source = np.full((64, 64), 1000.0, np.float32)
    source[:2, :2] = 0.0
    left = 0.001 * np.exp(-(x**2 + y**2) / (2 * 2.0**2))
    wrong = enlarge((source * (1 + left)).astype(np.float32), 2, "zerofill")
    found = residual(wrong, source, 2)
    height = 0.001 * 4.0 / (4.0 + 0.75**2)
    assert float(found.weighed[32, 32]) == pytest.approx(100.0 * height, rel=0.1)
    assert float(found.map[32, 32]) == pytest.approx(1.0, rel=0.1)


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.5, 2.0)])
def test_that_spots_are_as_large_in_mm_whatever_the_pixels(spacing: tuple[float, float]) -> None:
    """A Gaussian of 4 mm in a quiet place, smoothed by `SPOT_MM`: 16 / (16 + 1.4^2) of its height."""
    y, x = ((np.arange(96) - 48.0) * side for side in spacing)
    source = np.full((96, 96), 1000.0, np.float32)
    source[:2, :2] = 0.0
    left = 0.001 * np.exp(-(y[:, None] ** 2 + x[None, :] ** 2) / (2 * 4.0**2))
    wrong = enlarge((source * (1 + left)).astype(np.float32), 2, "zerofill")
    found = residual(wrong, source, 2, spacing)
    widths = [16.0 + max(SPOT_MM, SPOT_PX * side) ** 2 for side in spacing]
    height = 0.001 * 16.0 / math.sqrt(widths[0] * widths[1])
    assert float(found.weighed[48, 48]) == pytest.approx(100.0 * height, rel=0.12)


def test_that_another_picture_and_another_brightness_do_not_agree() -> None:
    source = low()
    assert disagreeing(residual(TRUTH[:, ::-1].copy(), source, SCALE))
    assert disagreeing(residual(np.roll(TRUTH, 2 * SCALE, axis=0), source, SCALE))
    assert disagreeing(residual(0.85 * TRUTH, source, SCALE))


def test_that_no_surroundings_excuse_a_gross_residual() -> None:
    source = low()
    gross = 1.2 * LIMIT / 100.0 * (1 + MOST_AROUND / ALLOWED) * WHITE
    found = residual(enlarge(source, SCALE, "bicubic") + np.float32(gross), source, SCALE)
    assert found.part > LIMIT


@pytest.mark.parametrize("gain", [1e-3, 7.3, 1e4])
@pytest.mark.parametrize("contrast", [0.0, 10.0])
def test_that_the_part_has_no_unit(gain: float, contrast: float) -> None:
    source = low()
    made = enlarge(source, SCALE, "bicubic") + dot(100.0, 90.0, contrast)
    first = residual(made, source, SCALE)
    other = residual((gain * made).astype(np.float32), (gain * source).astype(np.float32), SCALE)
    assert other.part == pytest.approx(first.part, rel=1e-3, abs=1e-4)
    assert other.noise == pytest.approx(gain * first.noise, rel=1e-3, abs=1e-6 * gain)
    np.testing.assert_allclose(other.map, gain * first.map, atol=1e-3 * gain)


def test_that_holes_in_the_input_have_no_residual() -> None:
    source = low().copy()
    source[20:24, 20:24] = np.nan
    made = enlarge(np.nan_to_num(source), SCALE, "bicubic")
    made[80:96, 80:96] = np.nan
    found = residual(made, source, SCALE)
    assert np.isfinite(found.map).all() and not found.map[20:24, 20:24].any()


def test_that_a_slice_cut_at_the_far_edges_is_compared() -> None:
    """The degraded slice of 238 x 205 pixels has 60 x 52, and what is made of it is cut to 238 x 205 again."""
    cut = TRUTH[:238, :205].copy()
    source = apply(cut, Degradation(reduction=SCALE), None)
    found = residual(enlarge(source, SCALE, "bicubic")[:238, :205].copy(), source, SCALE)
    assert found.map.shape == source.shape and found.part < LIMIT


@pytest.mark.parametrize("shape", [(236, 208), (241, 208), (120, 104)])
def test_that_pictures_of_other_sizes_are_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="not 4 times"):
        residual(np.zeros(shape, np.float32), low(), SCALE)


def test_that_an_empty_slice_agrees_with_itself() -> None:
    found = residual(np.zeros((64, 64), np.float32), np.zeros((16, 16), np.float32), 4)
    assert (found.part, found.noise) == (0.0, 0.0) and disagreeing(found) == ()


def test_that_places_come_worst_first_with_their_size() -> None:
    weighed = np.zeros((40, 40), np.float32)
    weighed[5:8, 6:10], weighed[20:22, 30:33], weighed[30, 3] = 4.0, 9.0, 2.0
    found = disagreeing(Residual(np.full((40, 40), -3.0, np.float32), weighed, 9.0, 1.0), 2.5)
    boxes = [(place.top, place.bottom, place.left, place.right, place.pixels) for place in found]
    assert boxes == [(20, 22, 30, 33, 6), (5, 8, 6, 10, 12)]
    assert [place.change for place in found] == [3.0, 3.0]


def test_that_there_are_not_more_places_than_can_be_looked_at() -> None:
    weighed = np.zeros((60, 60), np.float32)
    weighed[::4, ::4] = 5.0
    assert len(disagreeing(Residual(weighed, weighed, 5.0, 0.0), 2.5)) == MOST_PLACES


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (1, 40)])
def test_that_the_smallest_slices_are_compared(shape: tuple[int, int]) -> None:
    source = np.random.default_rng(1).uniform(1.0, 2.0, shape).astype(np.float32)
    found = residual(enlarge(source, 2, "nearest"), source, 2, (1.0, 1.0))
    assert found.map.shape == shape and np.isfinite(found.part)
