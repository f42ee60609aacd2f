from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, signal
from skimage import filters as skimage_filters
from skimage import metrics as skimage_metrics

from brainsr_desktop.core import filters
from brainsr_desktop.core.metrics import (
    LESION_SCORES,
    SCORES,
    Reference,
    comparable,
    gmsd,
    gradient_error,
    haarpsi,
    head_mask,
    hfen,
    laplacian_of_gaussian,
    lesion_scores,
    nrmse,
    psnr,
    scores,
    ssim,
    ssim_map,
)

untyped_metrics: Any = skimage_metrics
threshold_otsu: Any = skimage_filters.threshold_otsu

Floats = npt.NDArray[np.float64]


def pair(seed: int, rows: int = 60, columns: int = 53, error: float = 0.05) -> tuple[Floats, Floats]:
    """A picture and the truth, 0..1."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[0:rows, 0:columns]
    truth = np.clip(0.5 + 0.4 * np.sin(y / 5.0) * np.cos(x / 4.0) + generator.normal(0, 0.03, y.shape), 0, 1)
    return np.clip(truth + generator.normal(0.0, error, y.shape), 0.0, 1.0), truth


@pytest.fixture(scope="module")
def scorer(shared: Path) -> ModuleType:
    """The benchmark's own scoring program."""
    spec = importlib.util.spec_from_file_location("bench_scorer", shared / "data" / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("peak", [1.0, 700.0])
def test_that_psnr_is_scikit_images(peak: float) -> None:
    image, truth = pair(1)
    expected = untyped_metrics.peak_signal_noise_ratio(truth * peak, image * peak, data_range=peak)
    assert psnr(image * peak, truth * peak, peak=peak) == pytest.approx(expected)


def test_that_psnr_in_a_mask_sees_the_mask_only() -> None:
    image, truth = pair(2)
    mask = np.zeros(truth.shape, np.bool_)
    mask[10:30, 10:20] = True
    image[~mask] = 0.0
    expected = untyped_metrics.peak_signal_noise_ratio(truth[mask], image[mask], data_range=1.0)
    assert psnr(image, truth, peak=1.0, mask=mask) == pytest.approx(expected)


def test_that_an_exact_copy_has_a_finite_psnr() -> None:
    _, truth = pair(3)
    assert psnr(truth, truth, peak=1.0) == pytest.approx(120.0)


@pytest.mark.parametrize("peak", [1.0, 700.0])
def test_that_ssim_is_scikit_images(peak: float) -> None:
    image, truth = pair(4)
    _, expected = untyped_metrics.structural_similarity(
        truth * peak,
        image * peak,
        data_range=peak,
        gaussian_weights=True,
        sigma=1.5,
        truncate=3.5,
        use_sample_covariance=False,
        full=True,
    )
    np.testing.assert_allclose(ssim_map(image * peak, truth * peak, peak=peak), expected, atol=1e-10)


def test_that_ssim_is_the_benchmarks(scorer: ModuleType) -> None:
    image, truth = pair(5)
    np.testing.assert_allclose(ssim_map(image, truth, peak=1.0), scorer.ssim_map(image, truth), atol=1e-12)


def test_that_the_scores_are_the_benchmarks(scorer: ModuleType) -> None:
    image, truth = pair(6)
    image = image * 1.3 - 0.1
    mask = np.zeros(truth.shape, np.bool_)
    mask[8:50, 5:40] = True
    found = scores(image, truth, range_max=1.0, mask=mask)
    whole, head, similar = scorer.score_one(image, truth, mask)
    assert found["psnr"] == pytest.approx(whole)
    assert found["head_psnr"] == pytest.approx(head)
    assert found["ssim"] == pytest.approx(similar)


def test_that_nrmse_is_scikit_images() -> None:
    image, truth = pair(7)
    assert nrmse(image, truth) == pytest.approx(untyped_metrics.normalized_root_mse(truth, image))


def test_that_nrmse_of_nothing_is_told_apart() -> None:
    empty = np.zeros((4, 4))
    assert nrmse(empty, empty) == 0.0
    assert nrmse(empty + 1.0, empty) == np.inf


def reference_log_kernel() -> Floats:
    """fspecial("log", 15, 1.5) from its definition: h_g (x^2 + y^2 - 2 s^2) / (s^4 sum h_g), less its mean."""
    y, x = np.mgrid[-7:8, -7:8].astype(np.float64)
    gauss = np.exp(-(x**2 + y**2) / (2 * 1.5**2))
    kernel = gauss * (x**2 + y**2 - 2 * 1.5**2) / (1.5**4 * gauss.sum())
    return np.asarray(kernel - kernel.mean())


def test_that_the_laplacian_of_gaussian_is_the_convolution_with_its_kernel() -> None:
    image, _ = pair(8)
    expected = ndimage.correlate(image, reference_log_kernel(), mode="reflect")
    np.testing.assert_allclose(laplacian_of_gaussian(image), expected, atol=1e-12)


def test_that_hfen_is_near_that_of_scipys_laplacian_of_gaussian() -> None:
    image, truth = pair(9)
    edges = [ndimage.gaussian_laplace(a, 1.5, mode="reflect", truncate=7 / 1.5) for a in (image, truth)]
    expected = np.linalg.norm(edges[0] - edges[1]) / np.linalg.norm(edges[1])
    assert hfen(image, truth) == pytest.approx(expected, rel=0.02)


def reference_gmsd(image: Floats, truth: Floats) -> float:
    """Xue 2014, equations 1 to 6, pictures 0..255."""
    means = [signal.convolve2d(a, np.ones((2, 2)) / 4)[1::2, 1::2] for a in (image, truth)]
    means = [a[: image.shape[0] // 2, : image.shape[1] // 2] for a in means]
    h_x = np.array([[1, 0, -1], [1, 0, -1], [1, 0, -1]]) / 3.0
    first, second = (
        np.hypot(signal.convolve2d(a, h_x, "same"), signal.convolve2d(a, h_x.T, "same")) for a in means
    )
    similarity = (2 * first * second + 170.0) / (first**2 + second**2 + 170.0)
    return float(np.sqrt(np.mean((similarity - similarity.mean()) ** 2)))


@pytest.mark.parametrize("shape", [(60, 52), (61, 53)])
@pytest.mark.parametrize("peak", [1.0, 900.0])
def test_that_gmsd_follows_the_papers_formulas(shape: tuple[int, int], peak: float) -> None:
    image, truth = pair(10, *shape, error=0.2)
    expected = reference_gmsd(image * 255, truth * 255)
    assert expected > 0.01
    assert gmsd(image * peak, truth * peak, peak=peak) == pytest.approx(expected)


def reference_haarpsi(image: Floats, truth: Floats) -> float:
    """Reisenhofer 2018, equations 10 to 13 of the grey index, pictures 0..255 of even size."""

    def coefficients(picture: Floats) -> list[list[Floats]]:
        small = (picture[::2, ::2] + picture[1::2, ::2] + picture[::2, 1::2] + picture[1::2, 1::2]) / 4
        found: list[list[Floats]] = []
        for turned in (False, True):
            scales = []
            for j in (1, 2, 3):
                kernel = 2.0**-j * np.ones((2**j, 2**j))
                kernel[: 2 ** (j - 1)] *= -1
                kernel = kernel.T if turned else kernel
                full = signal.convolve2d(small, kernel)
                start = 2 ** (j - 1)
                scales.append(np.abs(full[start : start + small.shape[0], start : start + small.shape[1]]))
            found.append(scales)
        return found

    def logistic(x: Floats) -> Floats:
        return np.asarray(1 / (1 + np.exp(-4.2 * x)))

    above, below = 0.0, 0.0
    for a, b in zip(coefficients(image), coefficients(truth), strict=True):
        local = sum((2 * a[j] * b[j] + 30) / (a[j] ** 2 + b[j] ** 2 + 30) for j in (0, 1)) / 2
        weight = np.maximum(a[2], b[2])
        above += float((logistic(np.asarray(local)) * weight).sum())
        below += float(weight.sum())
    return float((np.log(above / below / (1 - above / below)) / 4.2) ** 2)


@pytest.mark.parametrize("error", [0.01, 0.2])
def test_that_haarpsi_follows_the_papers_formulas(error: float) -> None:
    image, truth = pair(11, 64, 48, error)
    assert haarpsi(image * 3.0, truth * 3.0, peak=3.0) == pytest.approx(
        reference_haarpsi(image * 255, truth * 255)
    )


@pytest.mark.parametrize("shape", [(16, 16), (17, 33)])
def test_that_a_perfect_picture_has_perfect_figures(shape: tuple[int, int]) -> None:
    _, truth = pair(12, *shape)
    assert ssim(truth, truth, peak=1.0) == pytest.approx(1.0)
    assert hfen(truth, truth) == 0.0
    assert gmsd(truth, truth, peak=1.0) == pytest.approx(0.0, abs=1e-9)
    assert haarpsi(truth, truth, peak=1.0) == pytest.approx(1.0)


@given(st.integers(0, 1000), st.floats(0.01, 0.1))
@settings(max_examples=15)
def test_that_more_error_is_never_better(seed: int, error: float) -> None:
    generator = np.random.default_rng(seed)
    _, truth = pair(seed, 48, 48)
    wrong = generator.normal(0.0, 1.0, truth.shape)
    less, more = truth + error * wrong, truth + 3.0 * error * wrong
    assert psnr(less, truth, peak=1.0) > psnr(more, truth, peak=1.0)
    assert ssim(less, truth, peak=1.0) > ssim(more, truth, peak=1.0)
    assert nrmse(less, truth) < nrmse(more, truth)
    assert hfen(less, truth) < hfen(more, truth)
    assert haarpsi(less, truth, peak=1.0) > haarpsi(more, truth, peak=1.0)


def test_that_scores_do_not_depend_on_the_unit() -> None:
    image, truth = pair(13)
    first, second = scores(image, truth), scores(image * 512.0, truth * 512.0)
    assert list(first) == list(SCORES)
    assert first == pytest.approx(second)


def test_that_holes_are_not_judged() -> None:
    image, truth = pair(14)
    expected = scores(image, truth, range_max=1.0, mask=np.ones(truth.shape, np.bool_))
    image[:, -1] = truth[:, -1] = np.nan
    found = scores(image, truth, range_max=1.0, mask=np.ones(truth.shape, np.bool_))
    assert np.isfinite(list(found.values())).all()
    assert found["head_psnr"] == pytest.approx(expected["head_psnr"], abs=0.5)


def test_that_a_lesion_is_judged_by_scikit_images_figures() -> None:
    image, truth = pair(15)
    lesion = np.zeros(truth.shape, np.bool_)
    lesion[20:31, 15:27] = True
    found = lesion_scores(image, truth, lesion, range_max=1.0)
    assert list(found) == list(LESION_SCORES)
    ours, theirs = image[lesion], truth[lesion]
    expected = untyped_metrics.peak_signal_noise_ratio(theirs, ours, data_range=1.0)
    assert found["lesion_psnr"] == pytest.approx(expected)
    assert found["lesion_nrmse"] == pytest.approx(untyped_metrics.normalized_root_mse(theirs, ours))
    _, similar = untyped_metrics.structural_similarity(
        truth, image, data_range=1.0, gaussian_weights=True, use_sample_covariance=False, full=True
    )
    assert found["lesion_ssim"] == pytest.approx(similar[lesion].mean(), abs=1e-9)


def test_that_no_lesion_has_no_figures() -> None:
    image, truth = pair(16)
    nowhere = np.zeros(truth.shape, np.bool_)
    assert lesion_scores(image, truth, nowhere) == {}
    truth[3, 4] = np.nan
    nowhere[3, 4] = True
    assert lesion_scores(image, truth, nowhere) == {}


def test_that_an_empty_truth_has_no_scores() -> None:
    assert scores(np.ones((20, 20)), np.zeros((20, 20))) == {}


def reference_head_mask(image: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """The catalogue's words in scipy's functions; Otsu over 256 bins from scikit-image."""
    smooth = ndimage.gaussian_filter(image.astype(np.float64), 1.0)
    mask = smooth > 0.5 * threshold_otsu(smooth)
    mask = ndimage.binary_fill_holes(ndimage.binary_closing(mask, iterations=3))
    labels, count = ndimage.label(mask)
    sizes = ndimage.sum_labels(mask, labels, np.arange(1, count + 1))
    mask = np.isin(labels, 1 + np.flatnonzero(sizes > 0.05 * sizes.max()))
    return np.asarray(ndimage.binary_dilation(mask, iterations=3), np.bool_)


def test_that_the_head_mask_is_the_benchmarks(shared: Path) -> None:
    with np.load(shared / "data" / "val_bench.npz", allow_pickle=False) as bench:
        for number in range(0, 60, 7):
            truth = bench[f"hr_{number:03d}"].astype(np.float32) / np.float32(4095.0)
            found = head_mask(truth)
            assert np.array_equal(found, reference_head_mask(truth))
            # The stored masks were drawn before the slices were cut to the head.
            stored = np.unpackbits(bench[f"mask_{number:03d}"], count=truth.size).reshape(truth.shape) == 1
            assert (found & stored).sum() / (found | stored).sum() > 0.95


def test_that_a_slice_without_contrast_is_all_head() -> None:
    assert head_mask(np.zeros((20, 20))).all()


@given(st.integers(0, 2**32 - 1), st.floats(0.2, 0.8))
@settings(max_examples=25)
def test_that_morphology_is_scipys(seed: int, share: float) -> None:
    mask = np.random.default_rng(seed).random((23, 31)) < share
    assert np.array_equal(filters.dilated(mask, 2), ndimage.binary_dilation(mask, iterations=2))
    assert np.array_equal(filters.eroded(mask, 2), ndimage.binary_erosion(mask, iterations=2))
    assert np.array_equal(filters.closed(mask, 2), ndimage.binary_closing(mask, iterations=2))
    assert np.array_equal(filters.filled(mask), ndimage.binary_fill_holes(mask))
    expected, count = ndimage.label(mask)
    found = filters.labelled(mask)
    pairs = set(zip(found[mask].tolist(), expected[mask].tolist(), strict=True))
    assert len(pairs) == count
    assert not found[~mask].any()


def test_that_the_gradient_error_is_that_of_scipys_prewitt() -> None:
    image, truth = pair(17)
    mask = truth > 0.4

    def slopes(picture: Floats) -> Floats:
        return np.stack([ndimage.prewitt(picture, axis, mode="reflect") for axis in (0, 1)])

    error, whole = slopes(image) - slopes(truth), slopes(truth)
    assert gradient_error(image, truth) == pytest.approx(np.linalg.norm(error) / np.linalg.norm(whole))
    inside = np.linalg.norm(error[:, mask]) / np.linalg.norm(whole[:, mask])
    assert gradient_error(image, truth, mask=mask) == pytest.approx(inside)


def test_that_hfen_in_a_mask_counts_its_pixels_alone() -> None:
    image, truth = pair(18)
    mask = np.zeros(truth.shape, np.bool_)
    mask[10:30, 12:40] = True
    error, fine = laplacian_of_gaussian(image) - laplacian_of_gaussian(truth), laplacian_of_gaussian(truth)
    expected = np.linalg.norm(error[mask]) / np.linalg.norm(fine[mask])
    assert hfen(image, truth, mask=mask) == pytest.approx(expected)


def test_that_a_reference_judges_several_pictures_as_the_single_figures_do() -> None:
    first, truth = pair(19)
    second = np.roll(truth, 1, axis=0)
    mask = np.zeros(truth.shape, np.bool_)
    mask[8:40, 8:40] = True
    reference = Reference.of(truth, range_max=1.0, mask=mask)
    assert reference is not None and reference.nbytes > truth.nbytes
    for image in (first, second):
        x, y, _, peak = comparable(image, truth, 1.0)
        assert reference.scores(image) == pytest.approx(
            {
                "head_psnr": psnr(x, y, peak=peak, mask=mask),
                "psnr": psnr(x, y, peak=peak),
                "ssim": ssim(x, y, peak=peak, mask=mask),
                "ssim_slice": ssim(x, y, peak=peak),
                "nrmse": nrmse(x, y),
                "head_nrmse": nrmse(x, y, mask=mask),
                "hfen": hfen(x, y),
                "gmsd": gmsd(x, y, peak=peak),
                "haarpsi": haarpsi(x, y, peak=peak),
                "head_hfen": hfen(x, y, mask=mask),
                "gradient": gradient_error(x, y),
                "head_gradient": gradient_error(x, y, mask=mask),
            }
        )


def test_that_a_picture_of_nothing_has_no_scores() -> None:
    _, truth = pair(20)
    assert scores(np.full(truth.shape, np.nan), truth) == {}
