"""Noise and edge steepness of pictures that are made with known ones."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import erf

from brainsr_desktop.core.estimates import edge_sharpness_ratio, noise_percent, noise_sigma
from brainsr_desktop.core.resample import enlarge

Floats = npt.NDArray[np.float32]


def head(side: int = 160) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """A bright ellipse with a ramp in it, and where it is."""
    y, x = np.mgrid[:side, :side] / side - 0.5
    inside = (x / 0.42) ** 2 + (y / 0.45) ** 2 < 1
    return np.where(inside, 500.0 + 300.0 * x + 200.0 * y, 0.0), inside


@pytest.mark.parametrize("sigma", [2.0, 10.0, 40.0])
def test_that_gaussian_noise_over_a_ramp_is_measured(sigma: float) -> None:
    image, _ = head()
    noisy = image + np.random.default_rng(1).normal(0.0, sigma, image.shape)
    assert noise_sigma(noisy) == pytest.approx(sigma, rel=0.06)


def test_that_rician_noise_is_measured_where_there_is_signal() -> None:
    image, _ = head()
    rng = np.random.default_rng(2)
    noisy = np.abs(image + rng.normal(0, 20.0, image.shape) + 1j * rng.normal(0, 20.0, image.shape))
    assert noise_sigma(noisy) == pytest.approx(20.0, rel=0.08)


def test_that_a_black_background_does_not_count() -> None:
    image, inside = head()
    noisy = np.where(inside, image + np.random.default_rng(3).normal(0.0, 15.0, image.shape), 0.0)
    assert noise_sigma(noisy) == pytest.approx(15.0, rel=0.08)


def test_that_edges_are_no_noise() -> None:
    image, _ = head()
    image[:, 60:70] *= 1.5
    image[80:90] *= 0.7
    assert noise_sigma(image) < 0.5
    noisy = image + np.random.default_rng(4).normal(0.0, 10.0, image.shape)
    assert noise_sigma(noisy) == pytest.approx(10.0, rel=0.1)


def test_that_noise_scales_with_the_unit_and_is_a_part_of_the_range() -> None:
    image, _ = head()
    noisy = image + np.random.default_rng(5).normal(0.0, 12.0, image.shape)
    assert noise_sigma(1e-3 * noisy) == pytest.approx(1e-3 * noise_sigma(noisy), rel=1e-6)
    assert noise_percent(noisy) == pytest.approx(100.0 * 12.0 / noisy.max(), rel=0.15)


@pytest.mark.parametrize("shape", [(2, 2), (1, 50), (64, 64)])
def test_that_nothing_has_no_noise(shape: tuple[int, int]) -> None:
    assert noise_sigma(np.zeros(shape)) == 0.0
    assert noise_sigma(np.full(shape, np.nan)) == 0.0
    assert noise_percent(np.zeros(shape)) == 0.0


def test_that_holes_do_not_count() -> None:
    image, _ = head()
    noisy = image + np.random.default_rng(6).normal(0.0, 10.0, image.shape)
    noisy[70:90, 70:90] = np.nan
    assert noise_sigma(noisy) == pytest.approx(10.0, rel=0.1)


def edge(sigma_px: float, scale: int = 1, side: int = 64) -> Floats:
    """A step blurred by a Gaussian, its width in pixels of the coarse matrix."""
    x = (np.arange(side * scale) + 0.5) / scale - side / 2
    row = 100.0 + 400.0 * (1 + erf(x / (sigma_px * math.sqrt(2)))) / 2
    return np.broadcast_to(row, (side * scale, side * scale)).astype(np.float32)


@pytest.mark.parametrize("scale", [2, 4])
def test_that_a_copy_of_the_interpolation_is_as_sharp(scale: int) -> None:
    source = edge(1.5)
    assert edge_sharpness_ratio(enlarge(source, scale, "bicubic"), source) == 1.0


@pytest.mark.parametrize("after", [1.0, 1.5, 2.0, 2.5])
def test_that_the_ratio_of_two_edges_is_that_of_their_widths(after: float) -> None:
    found = edge_sharpness_ratio(edge(after, 4), edge(2.0))
    assert found == pytest.approx(2.0 / after, rel=0.06)


def test_that_the_ratio_has_no_unit() -> None:
    first = edge_sharpness_ratio(edge(1.2, 4), edge(2.0))
    assert edge_sharpness_ratio(1e4 * edge(1.2, 4), 1e4 * edge(2.0)) == pytest.approx(first, rel=1e-3)


def test_that_a_flat_slice_is_as_sharp_as_it_was() -> None:
    assert edge_sharpness_ratio(np.ones((64, 64), np.float32), np.ones((16, 16), np.float32)) == 1.0


def test_that_pictures_of_other_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="no enlargement"):
        edge_sharpness_ratio(np.ones((63, 64), np.float32), np.ones((16, 16), np.float32))
