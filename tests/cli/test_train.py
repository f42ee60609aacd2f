"""``brainsr train``: the shipped configurations, and a tiny run."""

from __future__ import annotations

from pathlib import Path

import pytest

from brainsr_desktop.train.config import read
from tests.cli.conftest import Brainsr
from tests.train.made_data import write_all


def test_that_the_shipped_configurations_are_listed(brainsr: Brainsr, project: Path) -> None:
    ended = brainsr("train", "--list")
    configs = sorted((project / "brainsr_desktop" / "train" / "configs").glob("*.toml"))
    assert ended.status == 0
    for path in configs:
        line = next(line for line in ended.out.splitlines() if line.startswith(path.name))
        assert f"x{read(path).network.scale}" in line


def test_that_a_dry_run_ends_well_and_writes_nothing(brainsr: Brainsr, tmp_path: Path) -> None:
    config = write_all(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    ended = brainsr(
        "train", config, "--data", tmp_path, "--out", tmp_path / "runs", "--device", "cpu", "--dry-run",
        "--set", "run.batch=1",
    )  # fmt: skip
    assert ended.status == 0, ended.err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ([], "CONFIG.toml"),
        (["no-such.toml", "--data", "."], "no-such.toml"),
        (["brainsr-x4"], "--data"),
        (["brainsr-x4", "--data", ".", "--resume", "--finetune", "espcn-x4"], "--finetune"),
        (["brainsr-x4", "--data", ".", "--compare", "run.seed=1"], "KEY=VALUE"),
    ],
)
def test_that_wrong_use_ends_with_status_2(
    brainsr: Brainsr, tmp_path: Path, options: list[str], named: str
) -> None:
    ended = brainsr("train", *options, cwd=tmp_path)
    assert ended.status == 2
    assert named in ended.err


def test_that_a_comparison_says_its_table(brainsr: Brainsr, tmp_path: Path) -> None:
    config = write_all(tmp_path)
    ended = brainsr(
        "train", config, "--data", tmp_path, "--out", tmp_path / "runs", "--device", "cpu",
        "--set", "run.steps=5", "--compare", "run.seed=1,2",
    )  # fmt: skip
    assert ended.status == 0, ended.err
    head, _, first, second = ended.out.splitlines()[:4]
    assert "final loss" in head and "mean dB" in head
    assert [line.split("|")[1].strip() for line in (first, second)] == ["1", "2"]


def test_that_a_data_folder_without_data_ends_with_status_3(brainsr: Brainsr, tmp_path: Path) -> None:
    ended = brainsr(
        "train", "espcn-x4", "--data", tmp_path, "--out", tmp_path, "--dry-run", "--device", "cpu"
    )
    assert ended.status == 3


def test_that_a_device_that_is_not_there_ends_with_status_4(brainsr: Brainsr, tmp_path: Path) -> None:
    config = write_all(tmp_path)
    ended = brainsr("train", config, "--data", tmp_path, "--out", tmp_path, "--device", "cuda:99")
    assert ended.status == 4
