from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import pytest

from brainsr_desktop.core.errors import UsageError
from brainsr_desktop.train.config import from_table, read, to_table

CONFIGS = Path(str(resources.files("brainsr_desktop.train"))) / "configs"


@pytest.mark.parametrize("path", sorted(CONFIGS.iterdir()), ids=lambda path: path.stem)
def test_that_every_shipped_configuration_is_valid_and_keeps_away_from_the_test_data(path: Path) -> None:
    config = read(path)
    assert config.name == path.stem
    assert config.card.title and config.card.description and config.card.limits
    assert all(stack.startswith("train_") for stack in config.data.stacks)


def test_that_a_configuration_survives_json(made: Path) -> None:
    config = read(made)
    assert from_table(json.loads(json.dumps(to_table(config)))) == config


def test_that_values_are_set_from_the_command_line(made: Path) -> None:
    config = read(made, ["run.steps=7", "optimiser.betas=[0.5, 0.6]", "name=other", "run.precision = bf16"])
    assert (config.run.steps, config.optimiser.betas, config.name) == (7, (0.5, 0.6), "other")
    assert config.run.precision == "bf16"


@pytest.mark.parametrize(
    ("override", "word"),
    [
        ("run.stpes=3", "no entry 'stpes'"),
        ("run.steps=many", "run.steps must be a whole number"),
        ("run.steps=true", "run.steps must be a whole number"),
        ("run.minutes=3", "either run.steps or run.minutes"),
        ("run.precision=int8", "one of fp32, bf16"),
        ("optimiser.betas=[0.9]", "2 entries"),
        ("optimiser.rate=-1", "optimiser.rate"),
        ("data.stacks=[]", "data.stacks"),
        ("data.intensity=[2, 1]", "data.intensity"),
        ("network.config={features=3}", "network.config.scale"),
        ("name=a/b", "folder"),
        ("stage=[]", "first stage"),
        ("stage=[{start=0.1}]", "first stage"),
        ("stage=[{}, {start=0.6}, {start=0.2}]", "order"),
        ("stage=[{bicubic=0, kspace=0, noisy=0}]", "shares"),
        ("stage=[{l1=0.0}]", "loss"),
        ("stage=[{features=0.1}]", "features.vgg19"),
        ("stage=[{adversarial=-1}]", "negative"),
        ("adversary.kind=wasserstein", "one of relativistic, hinge"),
        ("stage=[{noise_percent=[3, 1]}]", "noise_percent"),
        ("schema=2", "schema"),
        ("run", "key=value"),
        ("name.first=x", "not a table"),
    ],
)
def test_that_a_wrong_entry_is_named(made: Path, override: str, word: str) -> None:
    with pytest.raises(UsageError, match=word):
        read(made, [override])


def test_that_a_missing_entry_is_named(tmp_path: Path) -> None:
    path = tmp_path / "short.toml"
    path.write_text('schema = 1\nname = "short"\n')
    with pytest.raises(UsageError, match="network is missing"):
        read(path)


@pytest.mark.parametrize("content", [b"schema = ", b"\xff\xfe"])
def test_that_a_file_that_is_no_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"broken\.toml"):
        read(path)


def test_that_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.toml"):
        read(tmp_path / "none.toml")
