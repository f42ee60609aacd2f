from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from brainsr_desktop.core.degrade import Degradation, apply, draw
from brainsr_desktop.core.resample import enlarge
from brainsr_desktop.engine.pipeline import Engine
from brainsr_desktop.models.card import read_card
from brainsr_desktop.models.catalog import load_catalog
from brainsr_desktop.models.networks.brainsr import Config
from brainsr_desktop.train.bench import Bench, open_slices
from brainsr_desktop.train.calibrate import FILE_NAME, Strides, calibrated, write_trust
from brainsr_desktop.train.evaluate import evaluate_set
from brainsr_desktop.train.report import bootstrap_interval
from brainsr_desktop.train.trials import channels, painted
from brainsr_desktop.train.trials.consistency import SHIPPED, STEPS, head_psnrs, missing, with_measured_centre
from brainsr_desktop.train.trials.pairs import paired_table
from tests.engine.made_models import make_model, phantom
from tests.train.made_bench import PROTOCOLS, write_bench
from tests.train.made_data import write_stacks

Floats = npt.NDArray[np.float32]


def test_that_the_measured_centre_is_put_back_exactly() -> None:
    """Of a noise-free, zero-filled input the picture has the measured centre after it, whatever it was before."""
    truth = phantom(68, 52) + np.float32(500.0)  # odd when reduced: no frequency is its own mirror
    low = apply(truth, Degradation(reduction=4), None)
    wrong = enlarge(low, 4, "bicubic") + np.float32(20.0)
    again = with_measured_centre(wrong, low, 4)
    assert np.abs(missing(wrong, low, 4)).max() > 10.0
    np.testing.assert_allclose(missing(again, low, 4), 0.0, atol=0.02)
    detail = np.fft.fft2(again - wrong)
    assert np.abs(detail[9:-9]).max() < 1e-3 * np.abs(detail).max()


def test_that_half_the_weight_puts_half_of_it_back() -> None:
    truth = phantom(40, 48)
    low = apply(truth, Degradation(reduction=2), None)
    wrong = enlarge(low, 2, "nearest")
    whole, half = (with_measured_centre(wrong, low, 2, weight) - wrong for weight in (1.0, 0.5))
    np.testing.assert_allclose(half, 0.5 * whole, atol=1e-3)


def test_that_the_shipped_step_has_the_evaluations_figures(tmp_path: Path) -> None:
    make_model(tmp_path)
    catalog = load_catalog(tmp_path, tmp_path / "none")
    with Bench(write_bench(tmp_path / "bench.npz")) as bench:
        found, subjects = head_psnrs(bench, catalog.find("tiny-x4"))
        report = evaluate_set(bench, ["tiny-x4"], Engine(catalog))["results"]["tiny-x4"]["x4"]
    assert subjects == ["s0", "s1", "s0", "s1"]
    assert set(found) == set(STEPS)
    for protocol in PROTOCOLS:
        assert np.mean(found[SHIPPED][protocol]) == pytest.approx(report[protocol]["head_psnr"], abs=1e-4)


def placed(path: Path) -> list[channels.Placed]:
    return channels.read_placed([write_stacks(path, slices=3)])


def test_that_neighbours_are_those_of_the_volume_and_the_slice_itself_at_its_ends(tmp_path: Path) -> None:
    slices = placed(tmp_path / "a.npz")
    assert [entry.is_inside for entry in slices] == [False, True, False] * 3
    first, middle, last = slices[:3]
    assert first.before is first.pixels
    assert first.after is middle.pixels
    assert middle.before is first.pixels
    assert middle.after is last.pixels
    assert slices[3].before is slices[3].pixels
    assert first.step_mm == 2.5


def test_that_planes_are_the_three_slices_the_step_and_the_noise(tmp_path: Path) -> None:
    middle = placed(tmp_path / "a.npz")[1]
    degradation = Degradation(2.0, 0.0, 4, seed=1)
    rows, columns = middle.pixels.shape
    noises = [draw((rows, columns), degradation, slice_index=i) for i in range(3)]
    made = channels.planes(middle, degradation, noises)
    assert made.shape == (len(channels.PLANES), rows // 4, columns // 4)
    for plane, pixels, noise in zip(made, (middle.pixels, middle.before, middle.after), noises, strict=False):
        np.testing.assert_allclose(plane, apply(pixels / np.float32(255.0), degradation, noise), atol=1e-6)
    level = 0.02 * np.percentile(middle.pixels / 255.0, 99.5)
    assert (set(made[3].ravel()), made[4].max()) == ({0.5}, pytest.approx(10.0 * level))


def test_that_all_variants_start_from_one_function_and_learn_from_their_channels() -> None:
    config = Config(2, 4, 1)
    trainees = {name: channels.Trainee(config, planes, 1) for name, planes in channels.VARIANTS.items()}
    random = np.random.default_rng(0)
    low = random.random((2, len(channels.PLANES), 24, 24)).astype(np.float32)
    truth = random.random((2, 1, 48, 48)).astype(np.float32)
    before = {name: trainee.enlarged(low[0]) for name, trainee in trainees.items()}
    assert all(np.array_equal(before["plain"], made) for made in before.values())
    for trainee in trainees.values():
        trainee.step(torch.from_numpy(low), torch.from_numpy(truth), 200, 400)
    for name in ("noise", "neighbours"):
        weight = trainees[name].network.pre.weight
        assert weight.shape[1] == len(channels.VARIANTS[name])
        assert (weight[:, 1:].abs().sum(dim=(0, 2, 3)) > 0).all()


def test_that_a_batch_lays_truth_and_planes_alike(tmp_path: Path) -> None:
    source = channels.Source(placed(tmp_path / "a.npz"), 2, seed=3)
    low, truth = source.batch()
    assert low.shape == (channels.BATCH, len(channels.PLANES), channels.PATCH_PX, channels.PATCH_PX)
    assert truth.shape == (channels.BATCH, 1, 2 * channels.PATCH_PX, 2 * channels.PATCH_PX)
    reduced = (
        truth[:, 0].reshape(channels.BATCH, channels.PATCH_PX, 2, channels.PATCH_PX, 2).mean(axis=(2, 4))
    )
    for ours, theirs in zip(low[:, 0], reduced, strict=True):
        assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.8


def test_that_a_whole_trial_ends_in_two_tables(tmp_path: Path) -> None:
    train = write_stacks(tmp_path / "train.npz", slices=3)
    found = channels.run([train], train, Config(2, 4, 1), steps=2, seed=1)
    lines = found.splitlines()
    assert [line for line in lines if line.endswith(":")] == ["All slices:", "With both neighbours:"]
    rows = [line for line in lines if line.startswith("| neighbours")]
    assert len(rows) == 2 * len(PROTOCOLS)
    assert all(" to " in row for row in rows)


def test_that_a_table_has_paired_differences_and_intervals() -> None:
    figures = {"a": {"kspace": [20.0, 22.0, 24.0]}, "b": {"kspace": [20.1, 22.3, 24.1]}}
    subjects = ["s", "s", "t"]
    lines = paired_table(figures, subjects, "a").splitlines()
    assert lines[2] == "| a | kspace | 22.000 |  |  |"
    ends = bootstrap_interval([0.1, 0.3, 0.1], subjects)
    assert ends is not None
    assert lines[3] == f"| b | kspace | 22.167 | +0.167 | {ends[0]:+.3f} to {ends[1]:+.3f} |"


def test_that_a_painted_lesion_counts_as_found_by_the_limit_of_the_card(tmp_path: Path) -> None:
    """What is broad and strong is found at a limit that honest slices keep to, nothing at one that is out of reach."""
    folder = make_model(tmp_path / "models")
    write_stacks(tmp_path / FILE_NAME, ("T1", "T2"), 4, (96, 88))
    write_trust(folder, calibrated(read_card(folder), tmp_path, strides=Strides(9, 9, 9, 9)))
    card = read_card(folder)
    assert card.trust is not None
    shares: list[dict[tuple[float, float], float]] = []
    for limit in (3.0, 1e6):
        other = replace(card, trust=replace(card.trust, consistency_limit=limit))
        with open_slices(tmp_path / FILE_NAME) as slices:
            found, pictures = painted.found_shares(slices, other, 4)
        assert pictures == 2 * len(PROTOCOLS)
        shares.append(dict(found))
    sensitive, blind = shares
    assert set(blind.values()) == {0.0}
    assert sensitive[8.0, 50.0] > 0.5
    assert sensitive[1.0, 5.0] <= sensitive[8.0, 50.0]
    assert painted.table_of(sensitive).count("\n") == len(painted.WIDTHS_MM) + 1
