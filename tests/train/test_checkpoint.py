from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.core.errors import ReadError
from brainsr_desktop.train import checkpoint
from brainsr_desktop.train.config import read
from brainsr_desktop.train.dataset import SourceState


def made_checkpoint(config: Path) -> checkpoint.Checkpoint:
    generator = np.random.default_rng(4)
    generator.random(17)
    return checkpoint.Checkpoint(
        config=read(config),
        step=12,
        seconds=3.25,
        weights={"a.weight": torch.rand(3, 4), "a.bias": torch.rand(3)},
        average={"a.weight": torch.rand(3, 4), "a.bias": torch.rand(3)},
        optimiser={n: {k: torch.rand(2) for k in ("step", "exp_avg", "exp_avg_sq")} for n in (0, 11)},
        torch_random=torch.get_rng_state(),
        source=SourceState(dict(generator.bit_generator.state), (Degradation(1.5, 0.25, 2, seed=2**61),), 3),
        command="brainsr train tiny.toml",
    )


def test_that_everything_comes_back(made: Path, tmp_path: Path) -> None:
    saved = made_checkpoint(made)
    checkpoint.save(saved, tmp_path / "run" / "c.safetensors")
    found = checkpoint.load(tmp_path / "run" / "c.safetensors")
    for entry in fields(checkpoint.Checkpoint):
        before, after = getattr(saved, entry.name), getattr(found, entry.name)
        if isinstance(before, (dict, torch.Tensor)):
            torch.testing.assert_close(after, before, rtol=0, atol=0)
        else:
            assert after == before
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["c.safetensors"]


def test_that_the_old_checkpoint_stays_when_the_new_one_cannot_be_written(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.safetensors"
    checkpoint.save(made_checkpoint(made), path)
    before = path.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(OSError, match="disk full"):
        checkpoint.save(made_checkpoint(made), path)
    assert path.read_bytes() == before


def test_that_a_damaged_checkpoint_is_refused(made: Path, tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    checkpoint.save(made_checkpoint(made), path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ReadError, match=r"c\.safetensors"):
        checkpoint.load(path)


def test_that_other_files_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "weights.safetensors"
    save_file({"a": torch.zeros(2)}, other)
    with pytest.raises(ReadError, match="no checkpoint"):
        checkpoint.load(other)
    with pytest.raises(ReadError):
        checkpoint.load(tmp_path / "missing.safetensors")
