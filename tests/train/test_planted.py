"""The hallucination test: models whose answers are known get the figures that follow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from brainsr_desktop.core.errors import UsageError
from brainsr_desktop.core.filters import eroded
from brainsr_desktop.core.metrics import head_mask
from brainsr_desktop.core.planted import FALSE_MM, Structure, profile
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.core.resample import enlarge
from brainsr_desktop.engine.pipeline import Engine, Enhanced
from brainsr_desktop.models.catalog import load_catalog
from brainsr_desktop.train.bench import MadeBench, TrueSlice
from brainsr_desktop.train.evaluate import Options, enhanced
from brainsr_desktop.train.planted import A_SLICE, EVERY, Column, evaluate_planted, figures_of, structures_of
from brainsr_desktop.train.planted_figure import LOST, THERE, write_planted_figure
from tests.engine.made_models import make_model
from tests.train.made_data import head

Floats = npt.NDArray[np.float32]
BASELINES = ["nearest", "bicubic", "lanczos", "zerofill"]


def true_slice(number: int, subject: str = "s") -> TrueSlice:
    pixels = np.asarray(0.6 * head(96, 88, number), np.float32)
    return TrueSlice(number, subject, "T1", pixels, head_mask(pixels), spacing_mm=(1.0, 0.9))


@pytest.fixture(scope="module")
def slices() -> MadeBench:
    return MadeBench("made", [true_slice(n, f"s{n % 2}") for n in range(2)])


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    root = tmp_path_factory.mktemp("models")
    make_model(root)
    return Engine(load_catalog(root, root / "none"))


@pytest.fixture(scope="module")
def report(slices: MadeBench, engine: Engine) -> dict[str, Any]:
    return evaluate_planted(slices, ["bicubic"], engine, seed=3)


def test_that_every_interpolation_takes_part_and_has_the_figures_of_the_contract(
    report: dict[str, Any],
) -> None:
    assert set(report) == set(BASELINES)
    for entry in report.values():
        assert {"recovered_contrast", "resolution_mm", "false_structures_per_slice", "by_size"} <= set(entry)
        assert set(entry["protocols"]) == {"x4", "x2"}
        assert set(entry["protocols"]["x4"]) == {"bicubic", "kspace", "noisy"}
        counts = [cell["all"]["n"] for cell in entry["by_size"].values()]
        assert sum(counts) == entry["n"] > 0


def test_that_the_best_interpolation_gains_nothing_over_itself(report: dict[str, Any]) -> None:
    for name, entry in report.items():
        assert entry["recovered_gain"] <= 0.0
        if entry["best_baseline"] == name:
            assert (entry["recovered_gain"], entry["recovered_gain_ci95"]) == (0.0, [0.0, 0.0])
        assert entry["recovered_contrast"] < 1.0


def test_that_a_smaller_reduction_keeps_more_and_finer_structures(report: dict[str, Any]) -> None:
    for entry in report.values():
        for protocol in ("bicubic", "kspace"):
            coarse, fine = entry["protocols"]["x4"][protocol], entry["protocols"]["x2"][protocol]
            assert fine["recovered_contrast"] > coarse["recovered_contrast"]
            assert fine["resolution_mm"] < coarse["resolution_mm"]


def test_that_the_same_seed_gives_the_same_report(
    slices: MadeBench, engine: Engine, report: dict[str, Any]
) -> None:
    assert evaluate_planted(slices, ["bicubic"], engine, seed=3) == report
    truth = slices.true_slice(0)
    assert structures_of(truth, 0, 3) != structures_of(truth, 0, 4)


def test_that_a_model_at_its_own_scale_is_compared_with_the_interpolations(
    slices: MadeBench, engine: Engine
) -> None:
    (name,) = (card.name for card in engine.catalog.cards if not card.is_interpolation)
    steps: list[tuple[int, int]] = []

    def on_step(done: int, total: int, note: str) -> None:
        steps.append((done, total))

    found = evaluate_planted(slices, [name], engine, on_step, options=Options(stride=2))
    scale = f"x{engine.catalog.find(name).scale}"
    assert set(found[name]["protocols"]) == {scale}
    assert set(found) == {name, *BASELINES}
    assert [done for done, _ in steps] == list(range(len(steps)))
    assert {total for _, total in steps} == {len(steps)}


def test_that_nothing_to_do_is_said(slices: MadeBench, engine: Engine) -> None:
    with pytest.raises(UsageError, match="no slices"):
        evaluate_planted(MadeBench("empty", []), ["bicubic"], engine)
    with pytest.raises(UsageError, match="no model named"):
        evaluate_planted(slices, ["nothing"], engine)


def test_that_all_kinds_sizes_and_contrasts_get_their_turn() -> None:
    truth = true_slice(0)
    turns = -(-len(EVERY) // A_SLICE)
    found = {
        (one.kind, one.size_mm, abs(one.contrast))
        for index in range(turns)
        for one in structures_of(truth, index, 5)
    }
    assert len(found) > 0.8 * len(EVERY), "some find no room"
    assert found <= set(EVERY)


def test_that_invented_spots_and_a_perfect_picture_are_told_apart() -> None:
    truth = true_slice(1)
    perfect, inventing = Column(), Column()
    row, column = np.argwhere(eroded(truth.head, 12))[0]
    spot = profile(
        Structure("lesion", FALSE_MM, 1.0, (float(row), float(column))), truth.pixels.shape, (1.0, 0.9)
    )
    perfect.add(truth, truth.pixels, [])
    inventing.add(truth, np.asarray(truth.pixels + 0.4 * spot, np.float32), [])
    assert figures_of(perfect)["false_structures_per_slice"] == 0.0
    assert figures_of(perfect)["resolution_mm"] == 2.0
    assert figures_of(inventing)["false_structures_per_slice"] == 1.0


def test_that_a_model_that_draws_the_same_whatever_it_gets_recovers_nothing(
    slices: MadeBench, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (card,) = (card for card in engine.catalog.cards if not card.is_interpolation)

    def fixed(engine: Engine, pixels: Floats, recipe: Recipe, number: int, range_max: float) -> Enhanced:
        made = enhanced(engine, pixels, recipe, number, range_max)
        if recipe.model != card.name:
            return made
        y, x = np.indices(made.pixels.shape)
        return replace(made, pixels=np.asarray(0.5 + 0.3 * np.sin(y / 5.0) * np.cos(x / 7.0), np.float32))

    monkeypatch.setattr("brainsr_desktop.train.planted.enhanced", fixed)
    found = evaluate_planted(slices, [card.name], engine, options=Options(stride=2))[card.name]
    assert found["recovered_contrast"] == 0.0 and found["position_error_mm"] is None
    assert found["recovered_gain"] < -0.1
    assert found["resolution_mm"] is None or found["resolution_mm"] > 10.0


def test_that_the_picture_frames_what_is_there_and_what_is_lost(
    slices: MadeBench, engine: Engine, report: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "planted.png"
    write_planted_figure(path, slices, ["lanczos"], engine, report, number=1, seed=3)
    with Image.open(path) as picture:
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 20) or []}
        assert picture.size[0] > 5 * 88 and picture.size[1] > 3 * 96
    assert {THERE, LOST} <= colours
    with pytest.raises(UsageError, match="no slice 99"):
        write_planted_figure(path, slices, ["lanczos"], engine, report, number=99)


def test_that_an_interpolation_has_no_wavelength_finer_than_its_input_at_once() -> None:
    """Zero-filling adds no frequency: its resolution is the input's at best, but for the corners of its square."""
    truth = true_slice(3)
    bench = MadeBench("one", [truth])
    column = Column()
    column.add(truth, enlarge(bench.low(3, 4, "kspace"), 4, "zerofill"), [])
    finest = 2.0 * 4.0 * 0.9
    assert column.resolution[0] >= 0.95 * finest / np.sqrt(2.0)
