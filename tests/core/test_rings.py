"""Fourier ring correlation against sums written out, and against pictures whose agreement is known."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainsr_desktop.core.rings import Rings, local_agreement, resolution_mm, ring_correlation

Floats = npt.NDArray[np.float64]


def noise(seed: int, shape: tuple[int, int] = (96, 80)) -> Floats:
    return np.random.default_rng(seed).normal(0.0, 1.0, shape)


def low_passed(image: Floats, cut: float, spacing: tuple[float, float]) -> Floats:
    """Nothing above ``cut`` 1/mm."""
    down, across = (np.fft.fftfreq(n, d) for n, d in zip(image.shape, spacing, strict=True))
    return np.fft.ifft2(np.fft.fft2(image) * (np.hypot(down[:, None], across) <= cut)).real


def reference(first: Floats, second: Floats, spacing: tuple[float, float]) -> list[float]:
    """Coefficient by coefficient."""
    rows, columns = first.shape
    window = np.outer(*(np.sin(np.pi * np.arange(1, n + 1) / (n + 1)) ** 2 for n in (rows, columns)))
    f, g = (np.fft.fft2((a - (a * window).sum() / window.sum()) * window) for a in (first, second))
    width = 1.0 / max(rows * spacing[0], columns * spacing[1])
    sums = [[0.0, 0.0, 0.0] for _ in range(int(0.5 / max(spacing) / width + 1e-9))]
    for i in range(rows):
        for j in range(columns):
            f_y = min(i, rows - i) / (rows * spacing[0])
            f_x = min(j, columns - j) / (columns * spacing[1])
            ring = math.floor(math.hypot(f_y, f_x) / width + 0.5) - 1
            if 0 <= ring < len(sums):
                sums[ring][0] += (f[i, j] * g[i, j].conjugate()).real
                sums[ring][1] += abs(f[i, j]) ** 2
                sums[ring][2] += abs(g[i, j]) ** 2
    return [shared / math.sqrt(one * two) for shared, one, two in sums]


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.9, 0.6), (0.5, 1.3)])
def test_that_the_correlation_is_the_sum_over_each_ring(spacing: tuple[float, float]) -> None:
    first = noise(1, (40, 54))
    second = first + noise(2, (40, 54))
    found = ring_correlation(first, second, spacing)
    np.testing.assert_allclose(found.correlation, reference(first, second, spacing), atol=1e-12)


@given(st.floats(0.1, 1000.0), st.floats(-50.0, 50.0))
def test_that_a_picture_agrees_with_itself_however_bright_and_with_its_negative_not(
    gain: float, offset: float
) -> None:
    image = noise(3)
    same = ring_correlation(gain * image + offset, image, (1.0, 1.0))
    np.testing.assert_allclose(same.correlation, 1.0, atol=1e-9)
    assert resolution_mm(same) == 2.0
    opposite = ring_correlation(-gain * image, image, (1.0, 1.0))
    np.testing.assert_allclose(opposite.correlation, -1.0, atol=1e-9)
    assert resolution_mm(opposite) == math.inf


def test_that_noise_of_equal_power_halves_the_correlation_of_noise() -> None:
    """a and a + b share E|a|^2 of sqrt(E|a|^2 E|a + b|^2): 1 / sqrt(2)."""
    a, b = noise(4, (512, 512)), noise(5, (512, 512))
    found = ring_correlation(a, a + b, (1.0, 1.0)).correlation[20:]
    assert float(found.mean()) == pytest.approx(1.0 / math.sqrt(2.0), abs=0.01)


@pytest.mark.parametrize("cut", [0.1, 0.2, 0.35])
@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.8, 1.2)])
def test_that_the_resolution_is_where_the_shared_detail_ends(
    cut: float, spacing: tuple[float, float]
) -> None:
    """Both have the same coarse part and fine parts of their own."""
    shared = low_passed(noise(6, (256, 256)), cut, spacing)
    own = [a - low_passed(a, cut, spacing) for a in (noise(7, (256, 256)), noise(8, (256, 256)))]
    found = resolution_mm(ring_correlation(shared + own[0], shared + own[1], spacing))
    assert found == pytest.approx(1.0 / cut, rel=0.04)


def test_that_the_crossing_is_interpolated() -> None:
    rings = Rings(np.array([0.1, 0.2, 0.3]), np.array([1.0, 0.5, 0.1]), np.array([6, 12, 18]), 2.0)
    assert resolution_mm(rings, 0.3) == pytest.approx(1.0 / 0.25)
    assert resolution_mm(rings, 0.05) == 2.0
    assert resolution_mm(Rings(rings.frequencies, np.zeros(3), rings.counts, 2.0)) == math.inf


def test_that_a_blurred_picture_keeps_its_resolution_as_its_phase_is_right() -> None:
    image = noise(9)
    blurred = low_passed(image, 0.4, (1.0, 1.0)) * 0.3
    assert resolution_mm(ring_correlation(blurred, image, (1.0, 1.0))) == pytest.approx(2.5, rel=0.04)


def test_that_pictures_without_common_pixels_are_refused() -> None:
    with pytest.raises(ValueError, match="no common rings"):
        ring_correlation(noise(1, (8, 8)), noise(1, (8, 9)), (1.0, 1.0))
    with pytest.raises(ValueError, match="above 0"):
        ring_correlation(noise(1), noise(1), (0.0, 1.0))
    with pytest.raises(ValueError, match="cannot agree"):
        local_agreement(noise(1, (8, 8)), noise(1, (8, 9)), (1.0, 1.0), 4)


def detailed(seed: int, side: int = 128) -> tuple[Floats, Floats]:
    """A coarse and a fine part, well apart in frequency, the fine one as strong everywhere."""
    image = noise(seed, (side, side))
    coarse = 50.0 * low_passed(image, 0.06, (1.0, 1.0))
    return coarse + 100.0, 10.0 * (image - low_passed(image, 0.25, (1.0, 1.0)))


@pytest.mark.parametrize(("share", "expected"), [(1.0, 1.0), (3.0, 1.0), (0.2, 1.0), (-1.0, 0.0)])
def test_that_detail_agrees_whatever_its_strength_but_not_inverted(share: float, expected: float) -> None:
    coarse, fine = detailed(1)
    agreement = local_agreement(coarse + share * fine, coarse + fine, (1.0, 1.0), 4)
    assert agreement.dtype == np.float32
    # Up to the edges mirrored and periodic continuation differ.
    assert float(np.abs(agreement - expected)[8:-8, 8:-8].max()) < 0.05


@pytest.mark.parametrize("angle", [0.3, 1.0, math.pi / 2])
def test_that_mixed_detail_agrees_by_the_cosine(angle: float) -> None:
    coarse, fine = detailed(2)
    _, other = detailed(3)
    mixed = math.cos(angle) * fine + math.sin(angle) * other
    agreement = local_agreement(coarse + mixed, coarse + fine, (1.0, 1.0), 4, patch_px=48)
    assert float(agreement.mean()) == pytest.approx(math.cos(angle), abs=0.05)


def test_that_wrong_detail_is_found_where_it_is() -> None:
    coarse, fine = detailed(4)
    _, other = detailed(5)
    left = np.arange(128)[None, :] < 64
    agreement = local_agreement(coarse + np.where(left, other, fine), coarse + fine, (1.0, 1.0), 4)
    assert float(agreement[:, :44].max()) < 0.5 < 0.9 < float(agreement[:, 84:].min())


def test_that_pictures_without_detail_agree_and_invented_detail_does_not() -> None:
    coarse, fine = detailed(6)
    assert float(local_agreement(coarse, coarse, (1.0, 1.0), 4).min()) > 0.99
    y, x = np.mgrid[:128, :128] - 64.0
    spot = np.exp(-(x**2 + y**2) / 200.0)
    invented = local_agreement(coarse + 5 * spot * fine, coarse + 0.2 * detailed(7)[1], (1.0, 1.0), 4)
    assert float(invented[64, 64]) < 0.3


def test_that_a_patch_is_round_in_mm() -> None:
    coarse, fine = detailed(8)
    wrong = fine.copy()
    wrong[64, 64] += 3000.0
    agreement = local_agreement(coarse + wrong, coarse + fine, (1.0, 2.0), 4)
    low = agreement < 0.5
    tall, wide = int(low.any(axis=1).sum()), int(low.any(axis=0).sum())
    assert tall == pytest.approx(2 * wide, rel=0.3)
