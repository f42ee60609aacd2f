from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import fft

from brainsr_desktop.core.degrade import (
    Degradation,
    NoiseKind,
    Reduction,
    apply,
    bias_field,
    degrade,
    draw,
    reduced_shape,
)

Floats = npt.NDArray[np.float32]
HALF_STEP = 0.501 / 4095
"""The benchmark is stored in steps of 1/4095."""


def smooth_slice(rows: int = 60, columns: int = 52) -> Floats:
    y, x = np.mgrid[:rows, :columns]
    return np.asarray(0.5 + 0.3 * np.sin(y / 5.0) * np.cos(x / 7.0), np.float32)


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("protocol", ["bicubic", "kspace", "noisy"])
def test_that_the_benchmark_inputs_are_made_again(shared: Path, protocol: str, scale: int) -> None:
    with np.load(shared / "data" / "val_bench.npz", allow_pickle=False) as bench:
        numbers = [int(json.loads(str(meta))["i"]) for meta in bench["meta"]][::4]
        for i in numbers:
            truth = (bench[f"hr_{i:03d}"] / np.float32(4095)).astype(np.float32)
            stored = bench[f"{protocol}_x{scale}_{i:03d}"] / 4095.0
            if protocol == "noisy":
                random = np.random.default_rng([20240, i, scale])
                blur = random.uniform(0, 1)
                noise = random.normal(size=stored.shape) + 1j * random.normal(size=stored.shape)
                made = apply(truth, Degradation(3.0, blur, scale), noise)
            else:
                method: Reduction = "bicubic" if protocol == "bicubic" else "kspace"
                made = apply(truth, Degradation(reduction=scale, method=method), None)
            np.testing.assert_allclose(made, stored, rtol=0, atol=HALF_STEP)


def test_that_a_slice_is_degraded_alike_in_any_process_and_order() -> None:
    code = """
import hashlib, numpy as np
from brainsr_desktop.core.degrade import Degradation, degrade
image = np.linspace(0, 1, 30 * 41, dtype=np.float32).reshape(30, 41)
degrade(image, Degradation(5, seed=1), slice_index=3)
print(hashlib.sha256(degrade(image, Degradation(2.5, 0.5, 2, seed=9), slice_index=7).tobytes()).hexdigest())
"""
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    image = np.linspace(0, 1, 30 * 41, dtype=np.float32).reshape(30, 41)
    here = degrade(image, Degradation(2.5, 0.5, 2, seed=9), slice_index=7)
    assert other.strip() == hashlib.sha256(here.tobytes()).hexdigest()


@pytest.mark.parametrize(("seed", "slice_index"), [(2, 5), (1, 6)])
def test_that_seed_and_slice_each_give_other_noise(seed: int, slice_index: int) -> None:
    image = smooth_slice()
    first = degrade(image, Degradation(3.0, seed=1), slice_index=5)
    other = degrade(image, Degradation(3.0, seed=seed), slice_index=slice_index)
    assert np.abs(first - other).max() > 0.01


@pytest.mark.parametrize("reduction", [1, 2, 4])
@pytest.mark.parametrize("method", ["kspace", "bicubic"])
def test_that_bright_pixels_get_the_stated_sigma(method: Reduction, reduction: int) -> None:
    image = np.full((400, 400), 200.0, np.float32)
    degraded = degrade(image, Degradation(2.0, 0.0, reduction, method), slice_index=0)
    assert np.std(degraded) == pytest.approx(0.02 * 200.0, rel=0.03)


def test_that_the_background_gets_the_mean_of_rayleigh() -> None:
    image = np.zeros((300, 300), np.float32)
    image[:30] = 100.0
    background = degrade(image, Degradation(1.0), slice_index=0)[40:]
    assert background.mean() == pytest.approx(1.0 * np.sqrt(np.pi / 2), rel=0.02)


@pytest.mark.parametrize("method", ["kspace", "bicubic"])
def test_that_blur_weakens_a_wave_as_a_gaussian_does(method: Reduction) -> None:
    """Sigma counts pixels of the reduced slice: the wave has 12 periods over its 64 pixels."""
    sigma, waves, small, reduction = 0.8, 6, 64, 4
    x = np.arange(small * reduction)
    image = np.tile(1.0 + 0.5 * np.cos(2 * np.pi * waves * (x + 0.5) / x.size), (32, 1)).astype(np.float32)
    sharp = apply(image, Degradation(0, 0.0, reduction, method), None)
    blurred = apply(image, Degradation(0, sigma, reduction, method), None)
    weakened = np.ptp(blurred[4]) / np.ptp(sharp[4])
    assert weakened == pytest.approx(np.exp(-2 * (np.pi * sigma * waves / small) ** 2), rel=1e-3)


def test_that_kspace_reduction_keeps_a_wave_exactly_in_place() -> None:
    waves, small, reduction = 5, 24, 4
    large = np.arange(small * reduction)
    image = np.tile(1.0 + 0.5 * np.cos(2 * np.pi * waves * large / large.size), (8, 1)).astype(np.float32)
    centres = np.arange(small) * reduction + (reduction - 1) / 2
    expected = 1.0 + 0.5 * np.cos(2 * np.pi * waves * centres / large.size)
    reduced = apply(image, Degradation(reduction=reduction), None)
    np.testing.assert_allclose(reduced[1], expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("method", ["kspace", "bicubic"])
@pytest.mark.parametrize("reduction", [2, 3, 4])
def test_that_a_blob_keeps_its_place(method: Reduction, reduction: int) -> None:
    y, x = np.mgrid[:120, :96]
    image = np.exp(-((y - 61.7) ** 2 + (x - 40.2) ** 2) / (2 * 8.0**2)).astype(np.float32)
    low = apply(image, Degradation(reduction=reduction, method=method), None).astype(np.float64)
    rows, columns = np.indices(low.shape)
    found = (low * rows).sum() / low.sum(), (low * columns).sum() / low.sum()
    expected = [(c - (reduction - 1) / 2) / reduction for c in (61.7, 40.2)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.01)


@settings(max_examples=40)
@given(
    rows=st.integers(1, 70),
    columns=st.integers(1, 70),
    reduction=st.integers(1, 5),
    blur=st.floats(0, 2),
    method=st.sampled_from(["kspace", "bicubic"]),
)
def test_that_any_matrix_is_reduced_and_a_constant_stays(
    rows: int, columns: int, reduction: int, blur: float, method: Reduction
) -> None:
    made = degrade(
        np.full((rows, columns), 3.5, np.float32), Degradation(0, blur, reduction, method), slice_index=0
    )
    assert made.dtype == np.float32
    assert made.shape == (-(-rows // reduction), -(-columns // reduction))
    np.testing.assert_allclose(made, 3.5, rtol=1e-6)


@settings(max_examples=20)
@given(rows=st.integers(9, 40), columns=st.integers(9, 40), reduction=st.integers(2, 4))
def test_that_a_matrix_that_does_not_divide_is_continued_at_its_far_edge(
    rows: int, columns: int, reduction: int
) -> None:
    image = smooth_slice(rows, columns)
    whole = np.pad(image, ((0, -rows % reduction), (0, -columns % reduction)), mode="edge")
    degradation = Degradation(blur_px=0.4, reduction=reduction)
    np.testing.assert_array_equal(apply(image, degradation, None), apply(whole, degradation, None))


@settings(max_examples=20)
@given(
    noise=st.floats(0.1, 20), blur=st.floats(0, 2), gain=st.floats(0.01, 1000), reduction=st.integers(1, 4)
)
def test_that_the_unit_of_the_intensities_does_not_matter(
    noise: float, blur: float, gain: float, reduction: int
) -> None:
    image, degradation = smooth_slice(), Degradation(noise, blur, reduction, seed=4)
    scaled = degrade(image * np.float32(gain), degradation, slice_index=2)
    expected = degrade(image, degradation, slice_index=2) * gain
    np.testing.assert_allclose(scaled, expected, rtol=1e-4, atol=1e-5 * gain)


def test_that_no_degradation_gives_the_slice_itself() -> None:
    image = smooth_slice() - 0.4
    assert Degradation().changes_nothing
    np.testing.assert_array_equal(degrade(image, Degradation(seed=8), slice_index=1), image)


def test_that_noise_is_drawn_only_where_it_is_asked_for() -> None:
    assert draw((9, 10), Degradation(reduction=4), slice_index=0) is None
    noise = draw((9, 10), Degradation(1.0, reduction=4), slice_index=0)
    assert noise is not None and noise.shape == reduced_shape((9, 10), 4) == (3, 3)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"noise_percent": -1.0}, "noise"),
        ({"noise_percent": float("nan")}, "noise"),
        ({"blur_px": -0.1}, "blur"),
        ({"reduction": 0}, "reduction"),
        ({"method": "average"}, "average"),
        ({"seed": -1}, "seed"),
        ({"noise": "poisson"}, "poisson"),
        ({"bias_percent": 41.0}, "bias"),
        ({"bias_percent": float("nan")}, "bias"),
    ],
)
def test_that_a_wrong_value_is_refused(wrong: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        Degradation(**wrong)


def test_that_noise_of_another_matrix_is_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        apply(smooth_slice(), Degradation(1.0, reduction=4), np.zeros((3, 3), np.complex128))


def test_that_what_the_new_choices_do_by_default_changes_no_pixel() -> None:
    """The sum was made before there were a bias field and Gaussian noise."""
    image = np.linspace(0, 1, 30 * 41, dtype=np.float32).reshape(30, 41)
    made = degrade(image, Degradation(2.5, 0.5, 2, seed=9), slice_index=7)
    digest = "1fe39c4a69bb33976cac4a6ddd69f0a9830dcf0beef0e938208d412c616d5baf"
    assert hashlib.sha256(np.round(made * 1e4).astype(np.int32).tobytes()).hexdigest() == digest


@pytest.mark.parametrize("kind", ["rician", "gaussian"])
def test_that_both_kinds_of_noise_have_the_stated_sigma_where_it_is_bright(kind: NoiseKind) -> None:
    image = np.full((400, 400), 200.0, np.float32)
    made = degrade(image, Degradation(2.0, noise=kind), slice_index=0)
    assert made.std() == pytest.approx(4.0, rel=0.03)
    assert made.mean() == pytest.approx(200.0, abs=0.1)


def test_that_gaussian_noise_keeps_the_mean_of_the_background() -> None:
    image = np.zeros((300, 300), np.float32)
    image[:30] = 100.0
    background = degrade(image, Degradation(1.0, noise="gaussian"), slice_index=0)[40:]
    assert background.mean() == pytest.approx(0.0, abs=0.02)
    assert background.std() == pytest.approx(1.0, rel=0.02)


@settings(max_examples=60)
@given(
    rows=st.integers(1, 60),
    columns=st.integers(1, 60),
    percent=st.floats(0.1, 40.0),
    seed=st.integers(0, 2**64 - 1),
)
def test_that_a_bias_field_departs_from_one_by_what_is_stated(
    rows: int, columns: int, percent: float, seed: int
) -> None:
    field = bias_field((rows, columns), Degradation(seed=seed, bias_percent=percent))
    assert field.shape == (rows, columns)
    assert field.min() > 0.0
    if rows > 1 and columns > 1:
        assert np.abs(field - 1.0).max() == pytest.approx(percent / 100.0)


@settings(max_examples=30)
@given(percent=st.floats(1.0, 40.0), seed=st.integers(0, 10_000))
def test_that_a_bias_field_is_slow(percent: float, seed: int) -> None:
    """Two half waves at most: its steps are those of cos(2 pi x), weighted, and all its power is in five of them."""
    side = 64
    field = bias_field((side, side), Degradation(seed=seed, bias_percent=percent)) - 1.0
    steps = max(np.abs(np.diff(field, axis=0)).max(), np.abs(np.diff(field, axis=1)).max())
    assert steps < 5 * 2 * np.pi / side * percent / 100.0
    power = np.square(fft.dctn(field, norm="ortho"))
    slow = power[:3, :3].sum() - power[0, 0]
    assert slow == pytest.approx(power.sum())


def test_that_a_bias_field_multiplies_the_slice_and_comes_from_the_seed_alone() -> None:
    image = smooth_slice()
    wanted = Degradation(seed=5, bias_percent=20.0)
    first, second = (degrade(image, wanted, slice_index=index) for index in (0, 9))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(first, image * bias_field((60, 52), wanted), rtol=1e-6)
    other = degrade(image, Degradation(seed=6, bias_percent=20.0), slice_index=0)
    assert np.abs(first - other).max() > 0.01


def test_that_a_finer_matrix_has_the_same_bias_field() -> None:
    wanted = Degradation(seed=3, bias_percent=30.0)
    coarse, fine = bias_field((30, 26), wanted), bias_field((120, 104), wanted)
    np.testing.assert_allclose(coarse, fine.reshape(30, 4, 26, 4).mean(axis=(1, 3)), atol=0.004)
