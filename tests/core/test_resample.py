from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import get_args

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from brainsr_desktop.core.resample import METHODS, Method, enlarge, resize

Floats = npt.NDArray[np.float32]
NAMES = get_args(Method)
PILLOW = {
    "linear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def load_scorer(shared: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("score", shared / "data" / "score.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def blob(shape: tuple[int, int], centre: tuple[float, float], sigma: float) -> Floats:
    """A Gaussian on a dark ground, centre and sigma in pixels."""
    rows, columns = (np.arange(side) - middle for side, middle in zip(shape, centre, strict=True))
    return np.exp(-(rows[:, None] ** 2 + columns**2) / (2 * sigma**2)).astype(np.float32)


def centroid(image: Floats) -> tuple[float, float]:
    weight = image.astype(np.float64)
    rows, columns = np.indices(image.shape)
    return float((weight * rows).sum() / weight.sum()), float((weight * columns).sum() / weight.sum())


def random_slice(shape: tuple[int, int], seed: int = 1) -> Floats:
    return np.random.default_rng(seed).random(shape).astype(np.float32)


def test_that_the_table_holds_every_method() -> None:
    assert set(METHODS) == set(NAMES)


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("method", ["nearest", "bicubic", "lanczos", "zerofill"])
def test_that_the_baselines_are_those_of_the_scorer(shared: Path, method: Method, scale: int) -> None:
    scorer = load_scorer(shared)
    bench, metas = scorer.load_bench(shared / "data" / "val_bench.npz")
    for meta in metas[::10]:
        low = scorer.lr_of(bench, meta, "noisy", scale)
        np.testing.assert_allclose(
            enlarge(low, scale, method), scorer.METHODS[method](low, scale), rtol=0, atol=1e-5
        )


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
@pytest.mark.parametrize("method", ["linear", "bicubic", "lanczos"])
def test_that_kernels_enlarge_as_pillow_does(method: Method, scale: int) -> None:
    low = random_slice((17, 23))
    size = (low.shape[1] * scale, low.shape[0] * scale)
    expected = np.asarray(Image.fromarray(low).resize(size, PILLOW[method]))
    np.testing.assert_allclose(enlarge(low, scale, method), expected, rtol=0, atol=2e-6)


@pytest.mark.parametrize("shape", [(5, 7), (8, 8), (20, 3)])
def test_that_bicubic_reduces_as_pillow_does(shape: tuple[int, int]) -> None:
    image = random_slice((40, 31))
    expected = np.asarray(Image.fromarray(image).resize(shape[::-1], PILLOW["bicubic"]))
    np.testing.assert_allclose(resize(image, shape, "bicubic"), expected, rtol=0, atol=2e-6)


@settings(max_examples=30)
@given(
    rows=st.integers(1, 33),
    columns=st.integers(1, 33),
    scale=st.integers(1, 4),
    method=st.sampled_from(NAMES),
    level=st.floats(-1000, 1000, width=32),
)
def test_that_a_constant_stays_constant_up_to_the_edge(
    rows: int, columns: int, scale: int, method: Method, level: float
) -> None:
    result = enlarge(np.full((rows, columns), level, np.float32), scale, method)
    assert result.shape == (rows * scale, columns * scale)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, level, rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("method", NAMES)
def test_that_a_blob_keeps_its_place(method: Method, scale: int) -> None:
    low = blob((41, 36), (19.3, 17.8), 2.0)
    found = np.array(centroid(enlarge(low, scale, method)))
    expected = np.array([19.3, 17.8]) * scale + (scale - 1) / 2
    np.testing.assert_allclose(found / scale, expected / scale, rtol=0, atol=0.01)


@pytest.mark.parametrize("size", [16, 17])
def test_that_zero_filling_continues_a_wave_exactly(size: int) -> None:
    scale, waves = 4, 3
    small, large = np.arange(size), (np.arange(size * scale) + 0.5) / scale - 0.5
    low = np.tile(np.cos(2 * np.pi * waves * small / size + 0.4), (5, 1)).astype(np.float32)
    expected = np.cos(2 * np.pi * waves * large / size + 0.4)
    np.testing.assert_allclose(enlarge(low, scale, "zerofill")[7], expected, rtol=0, atol=1e-6)


def test_that_linear_interpolation_continues_a_ramp() -> None:
    low = np.tile(np.arange(10, dtype=np.float32), (3, 1))
    inner = enlarge(low, 4, "linear")[5, 4:-4]
    np.testing.assert_allclose(inner, (np.arange(4, 36) + 0.5) / 4 - 0.5, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "scale", "method", "word"),
    [
        ((2, 3, 4), 2, "bicubic", "rows and columns"),
        ((0, 4), 2, "bicubic", "rows and columns"),
        ((4, 4), 0, "bicubic", "at least 1"),
        ((4, 4), 2, "cubist", "no interpolation named"),
    ],
)
def test_that_what_cannot_be_enlarged_is_refused(
    shape: tuple[int, ...], scale: int, method: Method, word: str
) -> None:
    with pytest.raises(ValueError, match=word):
        enlarge(np.zeros(shape, np.float32), scale, method)
