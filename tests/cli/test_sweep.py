"""``brainsr sweep``: the figures are those of the engine at each value, and the breaking points follow."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image

from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.core.geometry import unknown_geometry
from brainsr_desktop.core.intensity import robust_max
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.engine.pipeline import Engine
from tests.cli.conftest import Brainsr

ONE: tuple[str, ...] = (
    "--series",
    "2",
    "--slices",
    "25",
    "--models",
    "espcn-x4",
    "--seed",
    "3",
    "--device",
    "cpu",
)


def test_that_a_sweep_has_the_figures_of_the_engine(brainsr: Brainsr, sample: Path, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("sweep.json", "sweep.csv", "sweep.png")]
    written = [
        word
        for name, file in zip(("json", "csv", "figure"), files, strict=True)
        for word in (f"--{name}", file)
    ]
    swept = brainsr("sweep", sample, "--vary", "noise=0,6", "--blur", "0.5", *ONE, *written)
    assert swept.status == 0, swept.err
    assert "Falls behind the best interpolation" in swept.out
    data = json.loads(files[0].read_text(encoding="utf-8"))
    truth = pydicom.dcmread(sample / "2_t1_reference" / "IM0025.dcm").pixel_array.astype(np.float32)
    for model in ("espcn-x4", "bicubic"):
        made = Engine().enhance(
            truth,
            Recipe(model, 4, Degradation(6.0, 0.5, 4, seed=3), device="cpu"),
            unknown_geometry(truth.shape[0], truth.shape[1], 1),
            slice_index=24,
            range_max=robust_max(truth),
        )
        point = data["results"][model][1]
        assert (point["noise"], point["n"]) == (6.0, 1)
        for name, value in made.scores.items():
            assert point[name]["mean"] == pytest.approx(value, abs=2e-4), (model, name)
    behind = [
        point["noise"]
        for place, point in enumerate(data["results"]["espcn-x4"])
        if point["head_psnr"]["mean"]
        < max(data["results"][name][place]["head_psnr"]["mean"] for name in data["sweep"]["interpolations"])
    ]
    assert data["breaking_points"]["espcn-x4"]["head_psnr"] == (behind[0] if behind else None)
    with files[1].open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 5
    assert {row["slice"] for row in rows} == {"25"} and {row["blur_px"] for row in rows} == {"0.5"}
    with Image.open(files[2]) as picture:
        assert picture.format == "PNG"


def test_that_two_controls_are_combined(brainsr: Brainsr, sample: Path) -> None:
    command = (
        "sweep",
        sample,
        "--series",
        "2",
        "--slices",
        "25",
        "--models",
        "espcn-x4,espcn-x2",
        "--device",
        "cpu",
    )
    ended = brainsr(*command, "--vary", "scale=2,4", "--vary", "bias=0:20:20", "--json", "-", "--quiet")
    assert ended.status == 0, ended.err
    found = ended.json
    assert [axis["control"] for axis in found["sweep"]["axes"]] == ["scale", "bias"]
    assert found["sweep"]["slices"] == [25]
    assert [(point["scale"], point["bias"]) for point in found["results"]["espcn-x2"]] == [(2, 0), (2, 20)]
    assert len(found["results"]["bicubic"]) == 4 and found["results"]["bicubic"][0]["n"] == 1
    assert len(found["breaking_points"]["espcn-x4"]["ssim"]) == 2


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (("--vary", "noise=0:10"), 2, "is not a range"),
        (("--vary", "noise=0:1:1", "--vary", "noise=0:1:1"), 2, "two different ones"),
        (("--vary", "noise=0:1:1", "--models", "nothing"), 2, "no model named"),
        (("--vary", "noise=0:1:1", "--models", "espcn-x2"), 2, "enlarges by"),
        (
            ("--vary", "noise=0:1:1", "--vary", "blur=0:1:1", "--models", "bicubic", "--figure", "a.png"),
            2,
            "--figure",
        ),
        ((), 2, "--vary"),
    ],
)
def test_that_wrong_use_ends_with_its_status(
    brainsr: Brainsr, sample: Path, options: tuple[str, ...], status: int, words: str
) -> None:
    ended = brainsr("sweep", sample, *options)
    assert ended.status == status, ended.err
    assert words in ended.err


def test_that_a_path_that_is_not_there_ends_with_status_3(brainsr: Brainsr, tmp_path: Path) -> None:
    assert brainsr("sweep", tmp_path / "nothing", "--vary", "noise=0:1:1").status == 3
