from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brainsr_desktop.core.errors import UsageError
from brainsr_desktop.engine.pipeline import Engine
from brainsr_desktop.models.catalog import load_catalog
from brainsr_desktop.train.bench import Bench
from brainsr_desktop.train.figure import GAP_PX, LINE_PX, Panel, draw_figure, write_bench_figure
from tests.engine.made_models import make_model
from tests.train.made_bench import write_bench


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bench(tmp_path_factory.mktemp("bench") / "bench.npz")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    root = tmp_path_factory.mktemp("models")
    make_model(root)
    return Engine(load_catalog(root, root / "none"))


def test_that_a_figure_shows_truth_input_cubic_and_model(bench: Path, engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "figure.png"
    write_bench_figure(path, bench, ["tiny-x4"], engine, number=1)
    with Bench(bench) as file:
        truth = file.true_slice(1).pixels
    rows, columns = truth.shape
    with Image.open(path) as figure:
        pixels = np.asarray(figure)
    assert pixels.shape == (
        3 * (rows + 2 * LINE_PX + GAP_PX) + GAP_PX,
        4 * (columns + GAP_PX) + GAP_PX,
    )
    for row in range(3):
        top = GAP_PX + row * (rows + 2 * LINE_PX + GAP_PX) + LINE_PX
        shown = pixels[top : top + rows, GAP_PX : GAP_PX + columns]
        assert np.abs(shown / 255.0 - truth).max() < 0.003


def test_that_titles_are_written(engine: Engine) -> None:
    blank = Panel(np.ones((40, 160), np.float32), "a title", "a caption")
    pixels = np.asarray(draw_figure([[blank]]))
    assert (pixels[GAP_PX : GAP_PX + LINE_PX] < 128).any()
    assert (pixels[GAP_PX + LINE_PX + 40 :] < 128).any()


def test_that_the_scale_can_be_chosen(bench: Path, engine: Engine, tmp_path: Path) -> None:
    write_bench_figure(tmp_path / "a.png", bench, ["tiny-x4", "zerofill"], engine, scale=2)
    with Image.open(tmp_path / "a.png") as figure, Bench(bench) as file:
        columns = file.true_slice(2).pixels.shape[1]
        assert figure.width == 4 * (columns + GAP_PX) + GAP_PX


def test_that_a_slice_or_scale_that_is_not_there_is_refused(
    bench: Path, engine: Engine, tmp_path: Path
) -> None:
    with pytest.raises(UsageError):
        write_bench_figure(tmp_path / "a.png", bench, ["tiny-x4"], engine, number=99)
    with pytest.raises(UsageError):
        write_bench_figure(tmp_path / "a.png", bench, ["tiny-x4"], engine, scale=2)
    assert list(tmp_path.iterdir()) == []


def test_that_panels_of_different_sizes_are_refused() -> None:
    panels = [Panel(np.zeros((4, 4), np.float32), ""), Panel(np.zeros((4, 5), np.float32), "")]
    with pytest.raises(ValueError, match="one size"):
        draw_figure([panels])
    with pytest.raises(ValueError, match="one size"):
        draw_figure([])
