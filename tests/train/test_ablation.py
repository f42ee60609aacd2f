from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest
from PIL import Image

from brainsr_desktop.core.errors import UsageError
from brainsr_desktop.train import checkpoint
from brainsr_desktop.train.ablation import compare, final_loss, parsed
from tests.train.made_data import CONFIG

WIDTHS = "network.config.width=4,8"
SHORT = ["run.steps=6", "run.log_every_steps=1"]
STUDY = """
[comparison]
key = "network.config.width"
source = "a study"
overrides = ["network.config.skip=false", "optimiser.rate=2e-3"]
figures = { 4 = 0.004, 8 = 0.003 }
"""


@pytest.fixture(scope="module")
def config(made: Path) -> Path:
    text = CONFIG.replace('"espcn"', '"espcn-ps"').replace("{ scale = 2 }", "{ scale = 2, skip = true }")
    path = made.with_name("widths.toml")
    path.write_text(text + STUDY, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def root(config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs")
    text = compare(config, WIDTHS, data=config.parent, out=out, device="cpu", overrides=SHORT)
    assert "0.00400" in text and "a study" in text and "cannot be compared" in text
    return out / "tiny-by-width"


def rows(root: Path) -> list[dict[str, str]]:
    with (root / "comparison.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_that_there_is_a_run_and_a_row_for_each_value(root: Path) -> None:
    table = rows(root)
    assert [row["width"] for row in table] == ["4", "8"]
    for row in table:
        saved = checkpoint.load(root / f"tiny-width-{row['width']}" / checkpoint.FILE_NAME)
        width = int(row["width"])
        assert saved.config.network.config == {"scale": 2, "width": width, "skip": False}
        assert saved.config.optimiser.rate == 2e-3
        assert saved.step == 6 == int(row["steps"])
        half = width // 2
        assert int(row["parameters"]) == 26 * width + (9 * width + 1) * (width + half) + (9 * half + 1) * 4


def test_that_the_studys_figures_stand_beside_ours(root: Path) -> None:
    first, second = rows(root)
    assert (first["study's loss"], second["study's loss"]) == ("0.00400", "0.00300")
    assert (first["relative"], first["study's relative"], second["study's relative"]) == (
        "1.000",
        "1.000",
        "0.750",
    )
    text = (root / "comparison.md").read_text(encoding="utf-8")
    assert "a study" in text and "cannot be compared" in text
    for row in (first, second):
        assert all(float(row[f"{protocol} dB"]) > 0 for protocol in ("bicubic", "kspace", "noisy"))


def test_that_the_plot_is_a_picture(root: Path) -> None:
    with Image.open(root / "comparison.png") as picture:
        assert picture.size[0] >= 800


def test_that_finished_runs_are_kept_and_a_missing_one_is_made(config: Path, root: Path) -> None:
    kept, lost = (root / f"tiny-width-{width}" / checkpoint.FILE_NAME for width in (4, 8))
    before, table = kept.stat().st_mtime_ns, rows(root)
    for path in lost.parent.iterdir():
        path.unlink()
    out = root.parent
    compare(config, WIDTHS, resume=True, data=config.parent, out=out, device="cpu", overrides=SHORT)
    assert kept.stat().st_mtime_ns == before
    assert [row["final loss"] for row in rows(root)] == [row["final loss"] for row in table]


def test_that_a_comparison_is_not_overwritten(config: Path, root: Path) -> None:
    with pytest.raises(UsageError, match="already holds a run"):
        compare(config, WIDTHS, data=config.parent, out=root.parent, device="cpu", overrides=SHORT)


def test_that_a_value_that_cannot_be_is_refused_before_anything_is_trained(
    config: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"optimiser\.rate"):
        compare(config, "optimiser.rate=1e-3,-1", data=config.parent, out=tmp_path, device="cpu")
    assert list(tmp_path.iterdir()) == []


def test_that_a_network_that_cannot_be_is_refused_before_anything_is_trained(
    config: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="cannot be built"):
        compare(config, "network.config.width=4,7", data=config.parent, out=tmp_path, overrides=SHORT)
    assert list(tmp_path.iterdir()) == []


def test_that_without_a_study_there_is_no_word_of_one(config: Path, tmp_path: Path) -> None:
    text = compare(
        config,
        "run.seed=1,2",
        data=config.parent,
        out=tmp_path,
        device="cpu",
        overrides=["run.steps=2"],
    )
    assert "study:" not in text
    saved = checkpoint.load(tmp_path / "tiny-by-seed" / "tiny-seed-1" / checkpoint.FILE_NAME)
    assert saved.config.network.config["skip"]


@pytest.mark.parametrize(
    "text", ["run.seed", "run.seed=1", "run.seed=1,1", "=1,2", "run.seed=1,,2", "run.seed="]
)
def test_that_what_is_no_comparison_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="KEY=VALUE"):
        parsed(text)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a.b=32,64,128", ("32", "64", "128")),
        ("a.b = 1e-3, 2.5", ("0.001", "2.5")),
        ("a.b=true,false", ("true", "false")),
        ("a.b=fp32,bf16", ("fp32", "bf16")),
    ],
)
def test_that_values_are_read_as_toml_or_plain_text(text: str, values: tuple[str, ...]) -> None:
    assert parsed(text) == ("a.b", values)


def test_that_the_final_loss_is_the_mean_of_the_last_tenth() -> None:
    steps = [float(step) for step in range(1, 101)]
    assert final_loss({"step": steps, "loss": steps}, 100) == pytest.approx(sum(range(91, 101)) / 10)
    assert math.isnan(final_loss({}, 100))
