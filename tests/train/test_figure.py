from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brainsr_desktop.core.errors import UsageError
from brainsr_desktop.engine.pipeline import Engine
from brainsr_desktop.models.catalog import load_catalog
from brainsr_desktop.train.bench import Bench, TrueSlice
from brainsr_desktop.train.evaluate import Options, evaluate_bench
from brainsr_desktop.train.figure import (
    ENLARGED,
    GAP_PX,
    LINE_PX,
    PLOT_PX,
    Panel,
    detailed_part,
    draw_figure,
    write_figure,
)
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


ROW_PX = 3 * LINE_PX + GAP_PX
"""Of a row of panels, beside the pictures."""


def test_that_a_figure_shows_truth_input_interpolations_and_model(
    bench: Path, engine: Engine, tmp_path: Path
) -> None:
    path = tmp_path / "figure.png"
    with Bench(bench) as file:
        write_figure(path, file, ["tiny-x4"], engine, numbers=[1])
        truth = file.true_slice(1)
    rows, columns = truth.pixels.shape
    with Image.open(path) as figure:
        pixels = np.asarray(figure)
    assert pixels.shape == (3 * (rows + ROW_PX) + GAP_PX, 5 * (columns + GAP_PX) + GAP_PX, 3)
    row, column, side = detailed_part(truth)
    plain = np.ones((rows, columns), np.bool_)
    plain[-ENLARGED * side :, -ENLARGED * side :] = False
    plain[row : row + side, column : column + side] = False
    for number in range(3):
        top = GAP_PX + number * (rows + ROW_PX) + LINE_PX
        shown = pixels[top : top + rows, GAP_PX : GAP_PX + columns, 1]
        assert np.abs(shown / 255.0 - truth.pixels)[plain].max() < 0.003


def test_that_the_part_with_most_detail_is_drawn_larger() -> None:
    pixels = np.zeros((100, 120), np.float32)
    pixels[30:50, 40:60] = np.random.default_rng(0).random((20, 20))
    truth = TrueSlice(0, "s", "", pixels, np.ones(pixels.shape, np.bool_))
    row, column, side = detailed_part(truth)
    assert side == 20
    assert abs(row - 30) <= 4
    assert abs(column - 40) <= 4
    figure = np.asarray(draw_figure([[Panel(pixels, "")]], (row, column, side)))[:, :, 0]
    picture = figure[GAP_PX + LINE_PX : GAP_PX + LINE_PX + 100, GAP_PX : GAP_PX + 120]
    inset = picture[100 - ENLARGED * side + 1 : 99, 120 - ENLARGED * side + 1 : 119]
    part = (pixels[row : row + side, column : column + side] * 255 + 0.5).astype(np.uint8)
    expected = part.repeat(ENLARGED, axis=0).repeat(ENLARGED, axis=1)[1:-1, 1:-1]
    assert np.array_equal(inset, expected)


def test_that_slices_stand_above_each_other_and_spectra_below(
    bench: Path, engine: Engine, tmp_path: Path
) -> None:
    report = evaluate_bench(bench, ["tiny-x4", "bicubic"], engine, options=Options(stride=2))
    with Bench(bench) as file:
        write_figure(tmp_path / "a.png", file, ["tiny-x4"], engine, numbers=[0, 3], report=report)
        heights = [file.true_slice(number).pixels.shape[0] for number in (0, 3)]
    with Image.open(tmp_path / "a.png") as figure:
        assert figure.height == sum(3 * (h + ROW_PX) + GAP_PX for h in heights) + PLOT_PX[1] + GAP_PX
        plots = np.asarray(figure)[-PLOT_PX[1] :]
    coloured = np.ptp(plots.astype(int), axis=2) > 60
    assert all(coloured[:, i * PLOT_PX[0] : (i + 1) * PLOT_PX[0]].any() for i in range(3))


def test_that_careful_pictures_have_a_panel_of_their_own(bench: Path, engine: Engine, tmp_path: Path) -> None:
    with Bench(bench) as file:
        write_figure(tmp_path / "a.png", file, ["tiny-x4"], engine, numbers=[0], careful=True)
        columns = file.true_slice(0).pixels.shape[1]
    with Image.open(tmp_path / "a.png") as figure:
        assert figure.width == 6 * (columns + GAP_PX) + GAP_PX


def test_that_titles_are_written(engine: Engine) -> None:
    blank = Panel(np.ones((40, 160), np.float32), "a title", "a caption")
    pixels = np.asarray(draw_figure([[blank]]))
    assert (pixels[GAP_PX : GAP_PX + LINE_PX] < 128).any()
    assert (pixels[GAP_PX + LINE_PX + 40 :] < 128).any()


def test_that_the_scale_can_be_chosen(bench: Path, engine: Engine, tmp_path: Path) -> None:
    with Bench(bench) as file:
        write_figure(tmp_path / "a.png", file, ["tiny-x4", "zerofill"], engine, scale=2)
        columns = file.true_slice(2).pixels.shape[1]
    with Image.open(tmp_path / "a.png") as figure:
        assert figure.width == 4 * (columns + GAP_PX) + GAP_PX


def test_that_a_slice_or_scale_that_is_not_there_is_refused(
    bench: Path, engine: Engine, tmp_path: Path
) -> None:
    with Bench(bench) as file:
        with pytest.raises(UsageError):
            write_figure(tmp_path / "a.png", file, ["tiny-x4"], engine, numbers=[99])
        with pytest.raises(UsageError):
            write_figure(tmp_path / "a.png", file, ["tiny-x4"], engine, scale=2)
    assert list(tmp_path.iterdir()) == []


def test_that_panels_of_different_sizes_are_refused() -> None:
    panels = [Panel(np.zeros((4, 4), np.float32), ""), Panel(np.zeros((4, 5), np.float32), "")]
    with pytest.raises(ValueError, match="one size"):
        draw_figure([panels])
    with pytest.raises(ValueError, match="one size"):
        draw_figure([])
