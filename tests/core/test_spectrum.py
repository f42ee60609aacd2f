from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from brainsr_desktop.core.spectrum import (
    FLOOR,
    RINGS,
    frequencies,
    power_ratio_db,
    radial_power_spectrum,
    spectrum_distance,
)

Floats = npt.NDArray[np.float64]


def blob(sigma_px: float, side: int = 128) -> Floats:
    """A Gaussian of volume 1."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    return np.asarray(np.exp(-(x**2 + y**2) / (2 * sigma_px**2)) / (2 * np.pi * sigma_px**2))


def reference(image: Floats) -> Floats:
    """Ring by ring and frequency by frequency."""
    rows, columns = image.shape
    window = np.outer(*(np.sin(np.pi * np.arange(1, n + 1) / (n + 1)) ** 2 for n in (rows, columns)))
    weighted = (image - (image * window).sum() / window.sum()) * window
    power = np.abs(np.fft.fft2(weighted)) ** 2 / (window**2).sum()
    rings: list[list[float]] = [[] for _ in range(RINGS)]
    for i in range(rows):
        for j in range(columns):
            f_y, f_x = min(i, rows - i) / rows, min(j, columns - j) / columns
            radius = np.hypot(f_y, f_x)
            if radius < 0.5:
                rings[int(radius / 0.5 * RINGS)].append(power[i, j])
    return np.array([np.mean(ring) for ring in rings])


@pytest.mark.parametrize("shape", [(64, 64), (70, 81)])
def test_that_the_spectrum_is_the_mean_over_rings(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(1).normal(3.0, 1.0, shape)
    np.testing.assert_allclose(radial_power_spectrum(image), reference(image), rtol=1e-9, atol=1e-20)


@pytest.mark.parametrize("sigma", [0.5, 20.0])
def test_that_white_noise_has_its_variance_in_every_ring(sigma: float) -> None:
    images = np.random.default_rng(2).normal(7.0, sigma, (12, 128, 128))
    mean = np.mean([radial_power_spectrum(image) for image in images], axis=0)
    np.testing.assert_allclose(mean[1:], sigma**2, rtol=0.1)


def test_that_a_wave_is_found_in_its_ring() -> None:
    x = np.arange(160)
    for wanted in (3, 11, 27):
        image = np.tile(np.cos(2 * np.pi * frequencies()[wanted] * x), (120, 1))
        assert int(np.argmax(radial_power_spectrum(image))) == wanted


def test_that_two_blobs_differ_as_their_transforms_do() -> None:
    """|F|^2 of a Gaussian of sigma s is exp(-4 pi^2 s^2 f^2): closed form of the ratio."""
    first, second = 2.0, 1.5
    ratio = power_ratio_db(blob(first), blob(second), peak=1e-6)
    expected = 10 * np.log10(np.exp(-4 * np.pi**2 * (first**2 - second**2) * frequencies() ** 2))
    np.testing.assert_allclose(ratio[1:12], expected[1:12], atol=0.6)


def test_that_nothing_is_missing_in_an_exact_copy() -> None:
    image = np.random.default_rng(3).random((40, 50))
    ratio = power_ratio_db(image, image, peak=1.0)
    assert np.array_equal(ratio, np.zeros(RINGS))
    assert spectrum_distance(ratio, 4) == 0.0


def test_that_half_the_amplitude_is_six_decibels() -> None:
    image = np.random.default_rng(4).random((64, 64))
    ratio = power_ratio_db(0.5 * image, image, peak=1e-3)
    np.testing.assert_allclose(ratio[1:], -20 * np.log10(2.0), atol=1e-4)  # ring 0 is the mean alone
    assert spectrum_distance(ratio, 2) == pytest.approx(20 * np.log10(2.0), abs=1e-4)


def test_that_the_distance_sees_what_the_input_did_not_have_only() -> None:
    ratio = np.where(frequencies() > 0.25, -3.0, 10.0)
    assert spectrum_distance(ratio, 2) == pytest.approx(3.0)
    assert spectrum_distance(ratio, 4) == pytest.approx((16 * 3.0 + 8 * 10.0) / 24)


def test_that_too_much_is_as_wrong_as_too_little() -> None:
    assert spectrum_distance(np.full(RINGS, 2.0), 4) == spectrum_distance(np.full(RINGS, -2.0), 4) == 2.0


def test_that_rings_without_any_power_do_not_decide() -> None:
    """Two pictures far below the floor are alike, whatever the ratio of their powers."""
    noise = np.random.default_rng(5).normal(0.0, 0.01 * FLOOR, (64, 64))
    assert np.abs(power_ratio_db(noise, 1e-6 * noise, peak=1.0)).max() < 0.01


@pytest.mark.parametrize("shape", [(2, 2), (5, 9), (16, 16)])
def test_that_small_pictures_have_a_spectrum(shape: tuple[int, int]) -> None:
    found = radial_power_spectrum(np.random.default_rng(6).random(shape))
    assert found.shape == (RINGS,)
    assert np.isfinite(found).all()
