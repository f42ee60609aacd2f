from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from brainsr_desktop.train import checkpoint, records
from brainsr_desktop.train.distributed import ALONE, World, joined


def launched(processes: int, config: Path, data: Path, out: Path, *settings: str) -> Path:
    """Train under torchrun; returns the run's folder."""
    words = ["-m", "torch.distributed.run", "--rdzv-backend=c10d", "--rdzv-endpoint=127.0.0.1:0"]
    words += [f"--nproc-per-node={processes}", "--local-addr=127.0.0.1"]
    words += ["-m", "brainsr_desktop.cli.main", "train", str(config)]
    words += ["--data", str(data), "--out", str(out), "--device", "cpu"]
    words += [word for setting in settings for word in ("--set", setting)]
    ended = subprocess.run(
        [sys.executable, *words],
        env=os.environ | {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.count("100.0%") == 1, "one process alone tells how it goes"
    return out / "tiny"


@pytest.mark.slow
def test_that_two_processes_go_the_way_of_one_with_twice_the_batch(made: Path, tmp_path: Path) -> None:
    """With a discriminator in the second half; a hinge loss is a mean over pictures, as those of fidelity are."""
    settings = [
        "run.steps=8",
        "run.log_every_steps=2",
        "adversary={kind='hinge', width=4, instance_noise=0}",
        "stage=[{patch_px=12}, {start=0.5, patch_px=12, adversarial=0.01}]",
    ]
    two = launched(2, made, made.parent, tmp_path / "two", *settings, "run.batch=2")
    one = launched(1, made, made.parent, tmp_path / "one", *settings, "run.batch=4")
    assert sorted(path.name for path in two.iterdir()) == sorted(path.name for path in one.iterdir())
    ours, theirs = (records.read_columns(folder / records.LOSS_FILE) for folder in (two, one))
    assert ours["step"] == [2, 4, 6, 8]
    for column in ("loss", "discriminator_loss"):
        np.testing.assert_allclose(ours[column], theirs[column], rtol=1e-3)
    np.testing.assert_allclose(ours["loss"][:2], theirs["loss"][:2], rtol=1e-5, atol=1e-6)
    saved = [checkpoint.load(folder / checkpoint.FILE_NAME) for folder in (two, one)]
    for name, tensor in saved[1].weights.items():
        torch.testing.assert_close(saved[0].weights[name], tensor, rtol=0, atol=1e-4)


def test_that_each_process_has_its_own_share() -> None:
    pairs = np.arange(6.0, dtype=np.float32)
    shares = [World(rank, 3).share(pairs) for rank in range(3)]
    assert [share.tolist() for share in shares] == [[0, 1], [2, 3], [4, 5]]
    assert World(0, 3).writes and not World(1, 3).writes


def test_that_one_process_needs_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    network = torch.nn.Linear(1, 1)
    with joined("cpu") as world:
        assert world == ALONE
        assert world.wrapped(network) is network
        assert world.agreed(0.25) == 0.25 and float(world.mean(torch.tensor(3.0))) == 3.0
        assert world.device("auto") == "auto"
