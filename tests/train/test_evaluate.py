from __future__ import annotations

import csv
import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.core.errors import BadOutput, ReadError, UsageError
from brainsr_desktop.core.geometry import unknown_geometry
from brainsr_desktop.core.metrics import head_mask, scores
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.core.resample import enlarge
from brainsr_desktop.core.spectrum import RINGS, power_ratio_db, spectrum_distance
from brainsr_desktop.engine.backends.base import BACKENDS
from brainsr_desktop.engine.pipeline import Engine
from brainsr_desktop.models.catalog import load_catalog
from brainsr_desktop.train.bench import Bench
from brainsr_desktop.train.dataset import read_stack_file
from brainsr_desktop.train.evaluate import (
    KnownSlice,
    Options,
    evaluate_bench,
    evaluate_slices,
    judge,
    protocol_name,
)
from brainsr_desktop.train.protocols import reduced_slice
from brainsr_desktop.train.report import COLUMNS, FIGURES, bootstrap_interval, rows_of, write_csv
from tests.engine import failing
from tests.engine.made_models import make_model, phantom
from tests.train.made_bench import PROTOCOLS, write_bench
from tests.train.made_data import write_stacks

BASELINES = ["nearest", "bicubic", "lanczos", "zerofill"]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bench(tmp_path_factory.mktemp("bench") / "bench.npz")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    root = tmp_path_factory.mktemp("models")
    make_model(root)
    return Engine(load_catalog(root, root / "none"))


@pytest.fixture(scope="module")
def report(bench: Path, engine: Engine) -> dict[str, Any]:
    return evaluate_bench(bench, ["all"], engine)


def test_that_the_report_has_the_agreed_form(report: dict[str, Any]) -> None:
    assert report["bench"] == "bench.npz"
    assert list(report["results"]) == ["tiny-x4", *BASELINES]
    assert list(report["results"]["tiny-x4"]) == ["x4"]
    assert list(report["results"]["bicubic"]) == ["x4", "x2"]
    for _, _, protocol, figures in rows_of(report):
        assert protocol in PROTOCOLS
        assert set(figures) == {*FIGURES, "n", "gain_db", "gain_ci95", "best_baseline", "power_ratio_db"}
        assert len(figures["power_ratio_db"]) == len(report["cycles_per_pixel"]) == RINGS
        assert figures["n"] == 4
        assert figures["best_baseline"] in BASELINES
        low, high = figures["gain_ci95"]
        assert low <= figures["gain_db"] <= high
    assert json.loads(json.dumps(report)) == report


def test_that_the_best_interpolation_has_no_gain_and_the_others_less(report: dict[str, Any]) -> None:
    for name in BASELINES:
        for by_protocol in report["results"][name].values():
            for figures in by_protocol.values():
                assert figures["gain_db"] <= 0.0
                assert (figures["best_baseline"] == name) == (figures["gain_db"] == 0.0)


def test_that_a_gain_is_the_mean_of_paired_differences(report: dict[str, Any]) -> None:
    for protocol, figures in report["results"]["tiny-x4"]["x4"].items():
        best = report["results"][figures["best_baseline"]]["x4"][protocol]
        assert figures["gain_db"] == pytest.approx(figures["head_psnr"] - best["head_psnr"], abs=2e-5)


def test_that_figures_are_those_of_the_engines_pictures(
    report: dict[str, Any], bench: Path, engine: Engine
) -> None:
    found = []
    with Bench(bench) as file:
        for number in file.numbers:
            low, truth = file.low(number, 4, "noisy"), file.true_slice(number)
            place = unknown_geometry(low.shape[0], low.shape[1], 1)
            made = engine.enhance(low, Recipe("tiny-x4", 4), place, slice_index=number)
            figures = scores(made.pixels, truth.pixels, range_max=1.0, mask=truth.head)
            ratio = power_ratio_db(np.clip(made.pixels, 0.0, 1.0), truth.pixels, peak=1.0)
            found.append({**figures, "spectrum_db": spectrum_distance(ratio, 4)})
    reported = report["results"]["tiny-x4"]["x4"]["noisy"]
    for name in FIGURES:
        assert reported[name] == pytest.approx(np.mean([f[name] for f in found]), abs=1e-5)


def test_that_the_same_models_give_the_same_report(
    report: dict[str, Any], bench: Path, engine: Engine
) -> None:
    assert evaluate_bench(bench, ["all"], engine) == report


def test_that_only_what_was_asked_for_is_reported(bench: Path, engine: Engine) -> None:
    found = evaluate_bench(bench, ["tiny-x4", "tiny-x4"], engine, options=Options(stride=2))
    assert list(found["results"]) == ["tiny-x4"]
    assert found["results"]["tiny-x4"]["x4"]["kspace"]["n"] == 2


def test_that_progress_counts_every_picture(bench: Path, engine: Engine) -> None:
    heard: list[tuple[int, int, str]] = []
    evaluate_bench(bench, ["tiny-x4"], engine, lambda *step: heard.append(step), options=Options(stride=4))
    assert [done for done, _, _ in heard] == list(range(15))
    assert {total for _, total, _ in heard} == {15}
    assert "tiny-x4" in heard[0][2]


def test_that_an_unknown_model_or_file_is_refused(bench: Path, engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no-such"):
        evaluate_bench(bench, ["no-such"], engine)
    with pytest.raises(ReadError):
        evaluate_bench(tmp_path / "no.npz", ["bicubic"], engine)


def test_that_a_fallback_is_never_passed_off_as_a_model(
    bench: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BACKENDS, "openvino", "tests.engine.failing:open_openvino")
    monkeypatch.setattr(failing, "LIMITS", failing.Limits(sick=float("nan")))
    with pytest.raises(BadOutput, match="tiny-x4"):
        evaluate_bench(bench, ["tiny-x4"], Engine(engine.catalog))


# The reference figures of the data catalogue


@pytest.fixture(scope="module")
def scorer(shared: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_scorer", shared / "data" / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_that_interpolations_score_as_the_benchmarks_own_program_says(
    scorer: ModuleType, shared: Path, engine: Engine
) -> None:
    path = shared / "data" / "val_bench.npz"
    found = evaluate_bench(path, BASELINES, engine, options=Options(stride=25))
    arrays, meta = scorer.load_bench(path)
    chosen = meta[::25]
    for name, scale, protocol, figures in rows_of(found):
        expected = []
        for entry in chosen:
            truth, mask = scorer.hr_mask(arrays, entry)
            low = scorer.lr_of(arrays, entry, protocol, int(scale[1:]))
            expected.append(scorer.score_one(scorer.METHODS[name](low, int(scale[1:])), truth, mask))
        psnr, head_psnr, head_ssim = np.mean(expected, axis=0)
        assert figures["psnr"] == pytest.approx(psnr, abs=0.01)
        assert figures["head_psnr"] == pytest.approx(head_psnr, abs=0.01)
        assert figures["ssim"] == pytest.approx(head_ssim, abs=2e-4)


# Slices of one's own


def known(count: int = 3) -> list[KnownSlice]:
    return [KnownSlice(phantom(62, 57, i), f"s{i % 2}", i, 700.0) for i in range(count)]


def test_that_slices_are_degraded_and_judged_as_in_the_window(engine: Engine) -> None:
    degradation = Degradation(2.0, 0.3, 4, seed=11)
    found = evaluate_slices(known(), degradation, ["tiny-x4"], engine, name="head")
    assert found["bench"] == "head"
    figures = found["results"]["tiny-x4"]["x4"][protocol_name(degradation)]
    window = [
        engine.enhance(
            s.pixels,
            Recipe("tiny-x4", 4, degradation),
            unknown_geometry(62, 57, 1),
            slice_index=s.slice_index,
            range_max=700.0,
        ).scores
        for s in known()
    ]
    for name in set(FIGURES) - {"spectrum_db"}:
        assert figures[name] == pytest.approx(np.mean([w[name] for w in window]), abs=1e-5)


def test_that_one_subject_has_no_interval(engine: Engine, tmp_path: Path) -> None:
    found = evaluate_slices(known(1), Degradation(reduction=2), ["bicubic"], engine)
    ((_, _, _, figures),) = rows_of(found)
    assert figures["gain_ci95"] is None
    write_csv(found, tmp_path / "table.csv")
    line = (tmp_path / "table.csv").read_text().splitlines()[1]
    assert line.endswith(f",,,{figures['best_baseline']},,,,")


@pytest.mark.parametrize("reduction", [1, 3])
def test_that_slices_must_be_reduced_by_what_a_model_undoes(engine: Engine, reduction: int) -> None:
    with pytest.raises(UsageError, match="reduced"):
        evaluate_slices(known(), Degradation(reduction=reduction), ["bicubic"], engine)


def test_that_there_must_be_something_to_judge(engine: Engine) -> None:
    with pytest.raises(UsageError):
        evaluate_slices([], Degradation(reduction=4), ["bicubic"], engine)
    with pytest.raises(UsageError):
        evaluate_slices(known(), Degradation(reduction=2), ["tiny-x4"], engine)
    empty = KnownSlice(np.zeros((40, 40), np.float32), "s", 0)
    with pytest.raises(UsageError, match="empty"):
        evaluate_slices([empty], Degradation(reduction=2), ["bicubic"], engine)


@pytest.mark.parametrize(
    ("degradation", "words"),
    [
        (Degradation(reduction=4), "kspace"),
        (Degradation(2.5, 0.5, 2, "bicubic"), "bicubic, noise 2.5 %, blur 0.5 px"),
        (
            Degradation(3.0, noise="gaussian", bias_percent=20.0),
            "kspace, gaussian noise 3 %, bias 20 %",
        ),
    ],
)
def test_that_a_degradation_has_a_name(degradation: Degradation, words: str) -> None:
    assert protocol_name(degradation) == words


# Lesions


def outlined() -> list[KnownSlice]:
    """Three slices, the first two with a lesion."""
    lesion = np.zeros((62, 57), np.bool_)
    lesion[20:30, 25:40] = True
    masks = (lesion, np.roll(lesion, 4, axis=0), np.zeros_like(lesion))
    return [replace(one, lesion=mask) for one, mask in zip(known(), masks, strict=True)]


def test_that_a_lesion_is_judged_by_its_pixels_alone(engine: Engine) -> None:
    degradation = Degradation(1.0, 0.0, 4, seed=2)
    figures = evaluate_slices(outlined(), degradation, ["tiny-x4"], engine)["results"]["tiny-x4"]["x4"]
    (row,) = figures.values()
    expected = []
    for one in outlined()[:2]:
        made = engine.enhance(
            one.pixels,
            Recipe("tiny-x4", 4, degradation),
            unknown_geometry(62, 57, 1),
            slice_index=one.slice_index,
        ).pixels
        assert one.lesion is not None
        low = min(float(np.percentile(one.pixels, 0.1)), 0.0)
        ours, theirs = (np.clip(a, low, low + 700.0)[one.lesion] for a in (made, one.pixels))
        expected.append(10 * np.log10(700.0**2 / np.mean((ours.astype(float) - theirs) ** 2)))
    assert row["lesion_psnr"] == pytest.approx(np.mean(expected), abs=1e-4)
    assert (row["lesion_n"], row["n"]) == (2, 3)


def test_that_without_lesions_there_are_no_figures_of_them(engine: Engine) -> None:
    found = evaluate_slices(known(), Degradation(reduction=4), ["bicubic"], engine)
    ((_, _, _, figures),) = rows_of(found)
    assert not any("lesion" in name for name in figures)


# Careful mode


def test_that_careful_mode_is_judged_beside_the_plain_one(bench: Path, engine: Engine) -> None:
    options = Options(stride=3, careful=True)
    found = evaluate_bench(bench, ["tiny-x4", "bicubic"], engine, options=options)["results"]
    assert list(found) == ["tiny-x4", "tiny-x4, careful", "bicubic"]
    plain = evaluate_bench(bench, ["tiny-x4"], engine, options=Options(stride=3))["results"]
    assert found["tiny-x4"] == plain["tiny-x4"]
    for protocol, figures in found["tiny-x4, careful"]["x4"].items():
        once = found["tiny-x4"]["x4"][protocol]
        assert figures["over_once_db"] == pytest.approx(figures["head_psnr"] - once["head_psnr"], abs=2e-5)
        assert figures["over_once_db"] != 0.0
        low, high = figures["over_once_ci95"]
        assert low <= figures["over_once_db"] <= high
        assert "over_once_db" not in once


# Stack files


def test_that_a_stack_file_is_judged_in_the_benchmarks_protocols(engine: Engine, tmp_path: Path) -> None:
    path = write_stacks(tmp_path / "val.npz")
    found = evaluate_bench(path, ["zerofill"], engine)
    assert found["bench"] == "val.npz"
    assert set(found["results"]["zerofill"]) == {"x4", "x2"}
    expected = []
    slices = [pixels for stack, _ in read_stack_file(path) for pixels in stack]
    for number, stored in enumerate(slices):
        truth = (stored / 255.0).astype(np.float32)
        made = enlarge(reduced_slice(truth, "noisy", 2, number), 2, "zerofill")
        expected.append(scores(made, truth, range_max=1.0, mask=head_mask(truth))["head_psnr"])
    figures = found["results"]["zerofill"]["x2"]["noisy"]
    assert figures["n"] == len(slices)
    assert figures["head_psnr"] == pytest.approx(np.mean(expected), abs=1e-4)
    assert figures["gain_ci95"] is not None


# One picture


def test_that_an_empty_truth_is_not_judged() -> None:
    empty = np.zeros((20, 20), np.float32)
    assert judge(empty + 1.0, empty, "s", 2, 0.0) is None


# The interval


def test_that_the_interval_is_scipys_over_subjects_of_equal_size() -> None:
    from scipy.stats import bootstrap

    generator = np.random.default_rng(3)
    means = generator.normal(1.0, 0.4, 12)
    found = bootstrap_interval(means.repeat(5).tolist(), [f"s{i}" for i in range(12) for _ in range(5)])
    expected = bootstrap(
        (means,), np.mean, n_resamples=20_000, method="percentile", rng=1
    ).confidence_interval
    assert found == pytest.approx((expected.low, expected.high), abs=0.01)


def test_that_slices_of_one_head_count_as_one() -> None:
    generator = np.random.default_rng(4)
    per_subject = generator.normal(1.0, 1.0, 6).repeat(50)
    differences = (per_subject + generator.normal(0.0, 0.01, 300)).tolist()
    by_head = bootstrap_interval(differences, [f"s{i}" for i in range(6) for _ in range(50)])
    by_slice = bootstrap_interval(differences, [f"s{i}" for i in range(300)])
    assert by_head is not None
    assert by_slice is not None
    assert by_head[1] - by_head[0] > 3.0 * (by_slice[1] - by_slice[0])


def test_that_the_interval_does_not_change_from_call_to_call() -> None:
    values, subjects = [0.1, 0.5, 0.9, 1.3], ["a", "a", "b", "c"]
    assert bootstrap_interval(values, subjects) == bootstrap_interval(values, subjects)


# The table


def test_that_the_table_holds_every_figure(report: dict[str, Any], tmp_path: Path) -> None:
    write_csv(report, tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == len(rows_of(report)) == 27
    for line, (model, scale, protocol, figures) in zip(lines, rows_of(report), strict=True):
        assert (line["model"], line["scale"], line["protocol"]) == (model, scale, protocol)
        assert set(line) == {"bench", "model", "scale", "protocol", *COLUMNS}
        for name in FIGURES:
            assert float(line[name]) == figures[name]
        assert [float(line["gain_low"]), float(line["gain_high"])] == figures["gain_ci95"]


def test_that_a_table_has_the_figures_in_lesions(engine: Engine, tmp_path: Path) -> None:
    found = evaluate_slices(outlined(), Degradation(reduction=4), ["bicubic"], engine)
    ((_, _, _, figures),) = rows_of(found)
    write_csv(found, tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(newline="", encoding="utf-8") as file:
        (line,) = csv.DictReader(file)
    assert float(line["lesion_psnr"]) == figures["lesion_psnr"]
    assert int(line["lesion_n"]) == 2


def test_that_cubic_interpolation_is_better_than_nothing(report: dict[str, Any]) -> None:
    results = report["results"]
    for protocol in PROTOCOLS:
        assert (
            results["bicubic"]["x4"][protocol]["head_psnr"] > results["nearest"]["x4"][protocol]["head_psnr"]
        )
