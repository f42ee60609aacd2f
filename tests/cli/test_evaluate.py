"""``brainsr evaluate``: figures by its contract, on a benchmark file and on series."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image

from brainsr_desktop.core.degrade import Degradation, degrade
from brainsr_desktop.core.resample import enlarge
from tests.cli.conftest import Brainsr
from tests.engine.made_models import phantom
from tests.mat_kit import tumour_mask, write_mat

FIGURES = {
    "head_psnr",
    "psnr",
    "ssim",
    "nrmse",
    "hfen",
    "gmsd",
    "haarpsi",
    "n",
    "gain_db",
    "gain_ci95",
    "best_baseline",
}


def test_that_a_benchmark_gives_the_figures_of_the_contract(
    brainsr: Brainsr, shared: Path, tmp_path: Path
) -> None:
    bench = shared / "data" / "val_bench.npz"
    files = {name: tmp_path / f"figures.{name}" for name in ("json", "csv", "png")}
    ended = brainsr(
        "evaluate", "--bench", bench, "--models", "nearest,espcn-x4", "--stride", "20",
        "--json", files["json"], "--csv", files["csv"], "--figure", files["png"], "--figure-slices", "3,30",
    )  # fmt: skip
    assert ended.status == 0, ended.err
    report = json.loads(files["json"].read_text())
    assert report["bench"] == "val_bench.npz"
    assert set(report["results"]) == {"nearest", "espcn-x4"}
    assert set(report["results"]["espcn-x4"]) == {"x4"}
    assert set(report["results"]["espcn-x4"]["x4"]) == {"bicubic", "kspace", "noisy"}
    row = report["results"]["nearest"]["x4"]["bicubic"]
    assert set(row) >= FIGURES
    assert row["n"] == 3
    assert row["gain_db"] < 0
    with files["csv"].open(newline="") as file:
        rows = {(r["model"], r["scale"], r["protocol"]): r for r in csv.DictReader(file)}
    assert float(rows["nearest", "x4", "bicubic"]["head_psnr"]) == row["head_psnr"]
    with Image.open(files["png"]) as picture:
        assert picture.size[0] > 600
        assert picture.size[1] > 6 * 256


def test_that_series_are_degraded_and_made_again(brainsr: Brainsr, sample: Path) -> None:
    ended = brainsr(
        "evaluate", sample, "--series", "2", "--slices", "25", "--models", "bicubic", "--scale", "2",
        "--noise", "2", "--seed", "4", "--down", "bicubic", "--json", "-",
    )  # fmt: skip
    assert ended.status == 0, ended.err
    (figures,) = ended.json["results"]["bicubic"]["x2"].values()
    truth = pydicom.dcmread(sample / "2_t1_reference" / "IM0025.dcm").pixel_array.astype(np.float32)
    recipe = Degradation(noise_percent=2.0, reduction=2, method="bicubic", seed=4)
    again = enlarge(degrade(truth, recipe, slice_index=24), 2, "bicubic")
    error = np.sqrt(np.mean((again - truth) ** 2, dtype=np.float64))
    assert figures["n"] == 1
    assert figures["nrmse"] == pytest.approx(
        error / np.sqrt(np.mean(truth.astype(np.float64) ** 2)), rel=0.01
    )


def test_that_a_stack_file_takes_the_place_of_a_benchmark(
    brainsr: Brainsr, shared: Path, tmp_path: Path
) -> None:
    ended = brainsr(
        "evaluate", "--bench", shared / "data" / "test.npz", "--models", "espcn-x4", "--stride", "45",
        "--careful", "--json", tmp_path / "f.json",
    )  # fmt: skip
    assert ended.status == 0, ended.err
    report = json.loads((tmp_path / "f.json").read_text())
    assert (report["bench"], set(report["results"])) == ("test.npz", {"espcn-x4", "espcn-x4, careful"})
    assert report["results"]["espcn-x4, careful"]["x4"]["kspace"]["n"] == 2
    assert "dB over once" in ended.out


def test_that_series_can_be_judged_in_the_three_protocols(
    brainsr: Brainsr, sample: Path, tmp_path: Path
) -> None:
    ended = brainsr(
        "evaluate", sample, "--series", "2", "--slices", "24-25", "--models", "espcn-x4", "--protocols",
        "--json", "-", "--figure", tmp_path / "f.png",
    )  # fmt: skip
    assert ended.status == 0, ended.err
    rows = ended.json["results"]["espcn-x4"]["x4"]
    assert set(rows) == {"bicubic", "kspace", "noisy"}
    assert all(row["n"] == 2 and row["gain_ci95"] is None for row in rows.values())
    assert (tmp_path / "f.png").stat().st_size > 10_000


def test_that_planted_structures_are_told_by_the_contract(
    brainsr: Brainsr, sample: Path, tmp_path: Path
) -> None:
    files = {name: tmp_path / f"figures.{name}" for name in ("json", "png")}
    ended = brainsr(
        "evaluate", sample, "--series", "1", "--slices", "25", "--models", "bicubic", "--protocols", "--planted",
        "--json", files["json"], "--figure", files["png"],
    )  # fmt: skip
    assert ended.status == 0, ended.err
    planted = json.loads(files["json"].read_text())["planted"]
    assert set(planted) == {"nearest", "bicubic", "lanczos", "zerofill"}
    figures = planted["bicubic"]
    assert 0.0 < figures["recovered_contrast"] < 1.0
    # No finer than two pixels of 1.33 x 1.40 mm, nor coarser than the head.
    assert 2.8 <= figures["resolution_mm"] < 100.0
    assert figures["false_structures_per_slice"] >= 0.0
    assert set(figures["by_size"]) <= {"1", "2", "4", "8"}
    assert "recovered" in ended.out and "resolution mm" in ended.out
    with Image.open(files["png"]) as picture:
        assert picture.size[0] > 4 * 137


def test_that_two_series_of_a_patient_are_one_subject(brainsr: Brainsr, sample: Path) -> None:
    ended = brainsr(
        "evaluate", sample, "--series", "1", "--series", "2", "--slices", "25", "--models", "bicubic",
        "--json", "-",
    )  # fmt: skip
    assert ended.status == 0, ended.err
    (row,) = ended.json["results"]["bicubic"]["x4"].values()
    assert row["n"] == 2
    assert row["gain_ci95"] is None


def test_that_a_tumour_is_judged_where_a_mask_outlines_it(brainsr: Brainsr, tmp_path: Path) -> None:
    for number, patient in enumerate(("p1", "p2")):
        image = phantom(96, 80, number).astype(np.int16)
        write_mat(tmp_path / f"{number}.mat", image, tumour_mask(96, 80), patient=patient)
    ended = brainsr("evaluate", tmp_path, "--models", "bicubic", "--json", "-")
    assert ended.status == 0, ended.err
    (row,) = ended.json["results"]["bicubic"]["x4"].values()
    assert (row["n"], row["lesion_n"]) == (2, 2)
    assert row["lesion_psnr"] != row["head_psnr"]
    assert row["gain_ci95"] is not None


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ([], "--bench"),
        (["--bench", "x.npz", "y"], "--bench"),
        (["resources", "--card", "espcn-x4"], "--card"),
        (["resources", "--figure", "x.png"], "--figure"),
        (["resources", "--planted"], "--planted"),
        (["resources", "--protocols", "--bench", "x.npz"], "--bench"),
        (["--bench", "resources/sample", "--figure-slices", "3,x"], "--figure-slices"),
        (["resources", "--models", "nothing"], "nothing"),
        (["resources", "--scale", "1"], "--scale"),
    ],
)
def test_that_wrong_use_ends_with_status_2(
    brainsr: Brainsr, project: Path, options: list[str], named: str
) -> None:
    ended = brainsr("evaluate", *options, cwd=project)
    assert ended.status == 2
    assert named in ended.err


def test_that_a_file_that_is_no_benchmark_ends_with_status_3(brainsr: Brainsr, tmp_path: Path) -> None:
    (tmp_path / "x.npz").write_bytes(b"nothing of the kind")
    assert brainsr("evaluate", "--bench", tmp_path / "x.npz").status == 3
    assert brainsr("evaluate", "--bench", tmp_path / "y.npz").status == 3


@pytest.mark.slow
def test_that_a_card_is_held_to_its_own_figures(
    brainsr: Brainsr, shared: Path, project: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "brainsr-desktop" / "models" / "mine"
    shutil.copytree(project / "models" / "espcn-x4", folder)
    card = (folder / "card.toml").read_text().replace('name = "espcn-x4"', 'name = "mine"')
    (folder / "card.toml").write_text(card)
    more = {"XDG_DATA_HOME": str(tmp_path)}
    bench = ("evaluate", "--bench", shared / "data" / "val_bench.npz", "--stride", "30")
    measured = brainsr(*bench, "--models", "mine", "--json", "-", more=more).json["results"]["mine"]["x4"]
    table = "".join(
        f"[metrics.{protocol}]\nhead_psnr = {figures['head_psnr']}\nssim = {figures['ssim']}\n"
        for protocol, figures in measured.items()
    )
    (folder / "card.toml").write_text(re.sub(r"(?ms)^\[metrics\..*?(?=^\[(?!metrics)|\Z)", "", card) + table)
    right = brainsr(*bench, "--card", "mine", more=more)
    assert right.status == 0, right.err
    assert "the figures of the card of mine" in right.err
    wrong = table.replace("head_psnr = 2", "head_psnr = 3", 1)
    text = (folder / "card.toml").read_text()
    (folder / "card.toml").write_text(text.replace(table, wrong))
    ended = brainsr(*bench, "--card", "mine", more=more)
    assert ended.status == 1
    assert "head_psnr" in ended.err
