"""``brainsr train``: the shipped configurations, and a tiny run."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from brainsr_desktop.train.config import read
from brainsr_desktop.train.features import build_features, read_features
from tests.cli.conftest import Brainsr
from tests.train.made_data import write_all


def test_that_the_shipped_configurations_are_listed(brainsr: Brainsr, project: Path) -> None:
    ended = brainsr("train", "--list")
    configs = sorted((project / "brainsr_desktop" / "train" / "configs").glob("*.toml"))
    assert ended.status == 0
    for path in configs:
        line = next(line for line in ended.out.splitlines() if line.startswith(path.name))
        assert f"x{read(path).network.scale}" in line


def test_that_a_dry_run_writes_nothing_but_its_first_batch(brainsr: Brainsr, tmp_path: Path) -> None:
    config = write_all(tmp_path)
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    ended = brainsr(
        "train", config, "--data", tmp_path, "--out", tmp_path / "runs", "--device", "cpu", "--dry-run",
        "--set", "run.batch=1",
    )  # fmt: skip
    assert ended.status == 0, ended.err
    written = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    assert written == {tmp_path / "runs" / "tiny-first-batch.png"}
    assert "GFLOP" in ended.err and "tiny-first-batch.png" in ended.err


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ([], "CONFIG.toml"),
        (["no-such.toml", "--data", "."], "no-such.toml"),
        (["brainsr-x4"], "--data"),
        (["brainsr-x4", "--data", ".", "--resume", "--finetune", "espcn-x4"], "--finetune"),
        (["brainsr-x4", "--data", ".", "--compare", "run.seed=1"], "KEY=VALUE"),
        (["brainsr-x4", "--data", ".", "--weights", "a.safetensors"], "--pretrain-features"),
        (["--pretrain-features", "resnet", "--data", "."], "resnet"),
        (["--pretrain-features", "vgg19", "--dry-run"], "--dry-run"),
        (["--pretrain-features", "vgg19", "--set", "source=mr"], "--data"),
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


def test_that_published_weights_become_a_feature_file(brainsr: Brainsr, tmp_path: Path) -> None:
    save_file(build_features("inception_v3").state_dict(), tmp_path / "published.safetensors")
    ended = brainsr(
        "train", "--pretrain-features", "inception_v3",
        "--weights", tmp_path / "published.safetensors", "--out", tmp_path / "runs",
    )  # fmt: skip
    assert ended.status == 0, ended.err
    assert "published.safetensors" in ended.err
    found = read_features(tmp_path / "runs" / "inception_v3.safetensors", "inception_v3")
    assert found.provenance.origin == "imagenet"


def test_that_a_pickle_of_weights_ends_with_status_3(brainsr: Brainsr, tmp_path: Path) -> None:
    torch.save({}, tmp_path / "vgg19.pth")
    ended = brainsr(
        "train", "--pretrain-features", "vgg19", "--weights", tmp_path / "vgg19.pth", "--out", tmp_path
    )
    assert ended.status == 3
    assert "pickles (.pth, .pt) are never opened" in ended.err
