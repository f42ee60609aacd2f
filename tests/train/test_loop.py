from __future__ import annotations

import csv
import math
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from brainsr_desktop.core.errors import BadOutput, ReadError, UsageError
from brainsr_desktop.train import checkpoint, loop
from brainsr_desktop.train.config import read
from brainsr_desktop.train.dataset import Batch
from brainsr_desktop.train.features import Provenance, build_features, save_features
from brainsr_desktop.train.loop import TrainingRun, train
from brainsr_desktop.train.prefetch import BatchStream
from tests.train.made_data import write_bench, write_features, write_gan, write_stacks

CODE = """
import sys
from pathlib import Path
from brainsr_desktop.train.loop import train
config, data, out, *options = sys.argv[1:]
train(Path(config), data=Path(data), out=Path(out), device="cpu", resume="--resume" in options)
"""


def run_of(out: Path) -> Path:
    return out / "tiny" / checkpoint.FILE_NAME


def start(config: Path, data: Path, out: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", CODE, str(config), str(data), str(out), "--resume"])


def step_of(path: Path) -> int:
    """How far the checkpoint is; -1 where there is none, or where it is replaced while it is read."""
    try:
        return checkpoint.load(path).step
    except ReadError:
        return -1


def kill_and_go_on(config: Path, data: Path, out: Path, steps: tuple[int, ...]) -> None:
    """Kill the run as hard as can be as soon as it has gone so far, each time, and let it end at last."""
    for step in steps:
        process = start(config, data, out)
        deadline = time.monotonic() + 120
        while step_of(run_of(out)) < step:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
        process.kill()
        process.wait()
    assert checkpoint.load(run_of(out)).step < 30
    assert start(config, data, out).wait(timeout=120) == 0


def assert_same_tensors(first: Path, second: Path) -> None:
    again, expected = load_file(first), load_file(second)
    assert again.keys() == expected.keys()
    for name, tensor in expected.items():
        assert torch.equal(again[name], tensor), name


@pytest.fixture(scope="module")
def finished(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a run that was left alone."""
    out = tmp_path_factory.mktemp("whole")
    assert train(made, data=made.parent, out=out, device="cpu") == 0
    return out / "tiny"


@pytest.mark.slow
def test_that_a_killed_run_ends_with_the_same_weights(made: Path, finished: Path, tmp_path: Path) -> None:
    """Killed twice; the stage of the curriculum changes in between."""
    kill_and_go_on(made, made.parent, tmp_path, (5, 15))
    assert_same_tensors(run_of(tmp_path), finished / checkpoint.FILE_NAME)


@pytest.fixture(scope="module")
def gan(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Configuration of a run with a cGAN stage."""
    return write_gan(tmp_path_factory.mktemp("gan"))


@pytest.mark.slow
def test_that_a_killed_gan_run_ends_with_the_same_weights(made: Path, gan: Path, tmp_path: Path) -> None:
    """Killed before the discriminator has begun and in its midst: both networks, optimisers and averages are alike."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for out in (whole, killed):
        out.mkdir()
    write_features(whole)
    shutil.copy(whole / "vgg19.safetensors", killed)
    train(gan, data=made.parent, out=whole, device="cpu")
    kill_and_go_on(gan, made.parent, killed, (15, 25))
    assert_same_tensors(run_of(killed), run_of(whole))
    saved = checkpoint.load(run_of(killed))
    assert {"weights", "average", "optimiser"} == {name.partition("/")[0] for name in saved.opponent}
    assert saved.feature_texts["vgg19"].startswith("vgg19 made for a test (sha256 ")


def test_that_other_feature_weights_do_not_go_on_with_a_run(made: Path, gan: Path, tmp_path: Path) -> None:
    write_features(tmp_path)
    train(gan, data=made.parent, out=tmp_path, device="cpu", overrides=["run.steps=2"])
    torch.manual_seed(99)
    write_features(tmp_path)
    with pytest.raises(UsageError, match="other weights of the feature networks"):
        train(gan, data=made.parent, out=tmp_path, device="cpu", resume=True)


def test_that_there_is_no_feature_loss_without_trained_weights(made: Path, gan: Path, tmp_path: Path) -> None:
    with pytest.raises(ReadError) as refused:
        train(gan, data=made.parent, out=tmp_path, device="cpu")
    assert "brainsr train --pretrain-features vgg19" in refused.value.advice
    assert not (tmp_path / "tiny").exists()


def test_that_patches_too_small_for_the_features_are_refused(made: Path, gan: Path, tmp_path: Path) -> None:
    provenance = Provenance("inception_v3", "mr", "", {})
    network = build_features("inception_v3", "Mixed_5b")
    save_features(tmp_path / "i.safetensors", network, provenance)
    layers = 'features={inception_v3="i.safetensors", inception_v3_layers=["Mixed_5b"]}'
    with pytest.raises(UsageError, match="24 pixels are too small"):
        train(gan, data=made.parent, out=tmp_path, device="cpu", overrides=[layers])


def test_that_batches_made_ahead_give_the_same_weights(
    made: Path, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ahead(BatchStream):
        def __init__(self, make: Callable[[int], Batch], first_step: int, ahead: int) -> None:
            super().__init__(make, first_step, ahead=3)

    monkeypatch.setattr(loop, "BatchStream", Ahead)
    train(made, data=made.parent, out=tmp_path, device="cpu")
    again, expected = load_file(run_of(tmp_path)), load_file(finished / checkpoint.FILE_NAME)
    for name, tensor in expected.items():
        torch.testing.assert_close(again[name], tensor, rtol=0, atol=0)


def test_that_slices_prepared_on_the_device_train_and_go_on(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The processor stands for the device; a run stopped by Ctrl-C ends like one that was left alone."""
    overrides = ["run.prepare=device", "run.steps=10", "run.validate_every_steps=5"]
    train(made, data=made.parent, out=tmp_path / "whole", device="cpu", overrides=overrides)

    def stopped(_: TrainingRun) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(TrainingRun, "_validate", stopped)
        with pytest.raises(KeyboardInterrupt):
            train(made, data=made.parent, out=tmp_path / "parts", device="cpu", overrides=overrides)
    assert checkpoint.load(run_of(tmp_path / "parts")).step == 5
    train(made, data=made.parent, out=tmp_path / "parts", device="cpu", resume=True, overrides=overrides)
    assert_same_tensors(run_of(tmp_path / "parts"), run_of(tmp_path / "whole"))


def test_that_a_run_leaves_its_records(finished: Path) -> None:
    with (finished / "loss.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == [5, 10, 15, 20, 25, 30]
    assert [int(row["stage"]) for row in rows] == [0, 0, 1, 1, 1, 1]
    assert [int(row["patch_px"]) for row in rows] == [12, 12, 16, 16, 16, 16]
    assert [float(row["squared"]) for row in rows] == pytest.approx([0, 0, 0, 5 / 6, 1, 1], abs=1e-4)
    with (finished / "validation.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == [20, 30]
    assert all(0 < float(row[f"{protocol}_ssim"]) < 1 for row in rows for protocol in ("bicubic", "noisy"))
    for name in ("curve.png", "validation.png"):
        with Image.open(finished / name) as picture:
            assert picture.size[0] > 100


def test_that_training_makes_the_loss_smaller(made: Path, tmp_path: Path) -> None:
    overrides = ["network.config={scale=2, skip=false}", "stage=[{patch_px=12}]", "run.steps=60"]
    train(made, data=made.parent, out=tmp_path, device="cpu", overrides=overrides)
    with (tmp_path / "tiny" / "loss.csv").open() as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert losses[-1] < 0.5 * losses[0]


def test_that_a_run_by_the_clock_ends_in_time(made: Path, tmp_path: Path) -> None:
    train(made, data=made.parent, out=tmp_path, device="cpu", overrides=["run.steps=0", "run.minutes=0.02"])
    saved = checkpoint.load(run_of(tmp_path))
    assert saved.step > 0 and saved.seconds >= 1.2


def test_that_a_dry_run_tells_size_and_memory_and_shows_the_first_batch(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(made, data=made.parent, out=tmp_path, device="cpu", dry_run=True) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["tiny-first-batch.png"]
    with Image.open(tmp_path / "tiny-first-batch.png") as picture:
        assert picture.size == (2 * 24 + 2, 2 * 24 + 2)
    said = capsys.readouterr().err
    parameters = 64 * 26 + 64 * (64 * 9 + 1) + 32 * (64 * 9 + 1) + 4 * (32 * 9 + 1)
    weights = 64 * 25 + 64 * 64 * 9 + 32 * 64 * 9 + 4 * 32 * 9 + 4 * 25 * 0
    assert f"{parameters} parameters" in said
    assert f"{2 * weights * 160 * 160 / 1e9:.2f} GFLOP" in said
    assert "MiB (measured" in said


def test_that_a_dry_run_names_the_temporary_file_where_no_folder_is_given(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    train(made, data=made.parent, device="cpu", dry_run=True)
    (path,) = tmp_path.iterdir()
    assert str(path) in capsys.readouterr().err
    with Image.open(path) as picture:
        assert picture.format == "PNG"


def test_that_a_second_run_does_not_overwrite_the_first(made: Path, finished: Path) -> None:
    with pytest.raises(UsageError, match="already holds a run"):
        train(made, data=made.parent, out=finished.parent, device="cpu")


def test_that_another_network_cannot_be_resumed(made: Path, finished: Path) -> None:
    with pytest.raises(UsageError, match=r"another \[optimiser\]"):
        train(
            made,
            data=made.parent,
            out=finished.parent,
            device="cpu",
            resume=True,
            overrides=["optimiser.clip=1"],
        )


def test_that_fine_tuning_starts_from_given_weights(made: Path, finished: Path, tmp_path: Path) -> None:
    source = finished / checkpoint.FILE_NAME
    train(
        made,
        data=made.parent,
        out=tmp_path,
        device="cpu",
        finetune=str(source),
        overrides=["run.steps=1", "optimiser.rate=1e-9", "optimiser.final_rate=1e-9"],
    )
    saved = checkpoint.load(run_of(tmp_path))
    for name, tensor in checkpoint.load(source).average.items():
        torch.testing.assert_close(saved.weights[name], tensor, rtol=0, atol=1e-6)
    assert saved.command.startswith(
        "brainsr train tiny.toml --finetune checkpoint.safetensors --set run.steps=1"
    )


def test_that_fine_tuning_for_another_scale_begins_the_tail_anew(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From x4 to x2 on a user's own data, slices of other sizes than those of the first run."""
    first = ["name=first", "network.config={scale=4}", "data.validation=''", "run.steps=2"]
    first += ["stage=[{patch_px=8}]"]
    train(made, data=made.parent, out=tmp_path, device="cpu", overrides=first)
    own = tmp_path / "own"
    own.mkdir()
    write_stacks(own / "train.npz", ("FLAIR", "T2"), 1, (96, 104))
    write_bench(own / "bench.npz")
    start = tmp_path / "first" / checkpoint.FILE_NAME
    capsys.readouterr()
    slow = ["run.steps=1", "optimiser.rate=1e-9", "optimiser.final_rate=1e-9"]
    train(made, data=own, out=tmp_path, device="cpu", finetune=str(start), overrides=slow)
    assert "Begun anew, because the given weights do not fit: tail\n" in capsys.readouterr().err
    before, after = checkpoint.load(start), checkpoint.load(run_of(tmp_path))
    assert after.config.network.scale == 2 and after.weights["tail.weight"].shape[0] == 4
    for name, tensor in before.average.items():
        if not name.startswith("tail."):
            torch.testing.assert_close(after.weights[name], tensor, rtol=0, atol=1e-6)


def test_that_weights_of_another_network_are_refused(made: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(3)}, other)
    with pytest.raises(UsageError, match="do not fit"):
        train(made, data=made.parent, out=tmp_path, device="cpu", finetune=str(other))


def test_that_a_loss_that_explodes_ends_the_run(made: Path, tmp_path: Path) -> None:
    run = TrainingRun(read(made), made.parent, tmp_path / "tiny", torch.device("cpu"))
    run.begin(None)
    with torch.no_grad():
        next(run.network.parameters()).fill_(math.nan)
    with pytest.raises(BadOutput, match="no longer finite"):
        run.go()


def test_that_the_average_follows_the_weights(made: Path, tmp_path: Path) -> None:
    run = TrainingRun(read(made), made.parent, tmp_path, torch.device("cpu"))
    run.begin(None)
    run.rehearse(tmp_path)
    pairs = zip(run.average.parameters(), run.network.parameters(), strict=True)
    assert all(not torch.equal(average, weight) for average, weight in pairs)


def test_that_data_must_be_named(made: Path) -> None:
    with pytest.raises(UsageError, match="not given"):
        train(made)


@pytest.mark.parametrize("override", ["network.name=resnet", "network.config={scale=2, depth=3}"])
def test_that_a_network_that_cannot_be_built_is_refused(made: Path, tmp_path: Path, override: str) -> None:
    with pytest.raises(UsageError):
        train(made, data=made.parent, out=tmp_path, device="cpu", overrides=[override])
