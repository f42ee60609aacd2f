from __future__ import annotations

import csv
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from brainsr_desktop.core.errors import ReadError, UsageError
from brainsr_desktop.train.features import FeatureName, build_features, read_features
from brainsr_desktop.train.pretrain import Pretraining, PretrainingRun, pretrain
from brainsr_desktop.train.pretrain_task import (
    TAPS,
    CropSource,
    Heads,
    LabelledSlice,
    classes_of,
    folded,
    normalise,
    task_loss,
)
from tests.train.made_data import write_stacks

SETTINGS = [
    'stacks=["train.npz"]',
    'validation=["val.npz"]',
    "batch=2",
    "precision=fp32",
    "log_every_steps=1",
    "source=mr",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stacks large enough for a crop; the validation has a contrast that the training has not."""
    data = tmp_path_factory.mktemp("pretraining")
    write_stacks(data / "train.npz", ("T1", "T1", "T2"), 1, (72, 72))
    write_stacks(data / "val.npz", ("T1", "FLAIR"), 1, (72, 72))
    return data


def no_network(*_: object, **__: object) -> dict[str, torch.Tensor]:
    raise URLError("no route")


def test_that_features_are_trained_judged_and_written(folder: Path, tmp_path: Path) -> None:
    assert (
        pretrain("inception_v3", data=folder, out=tmp_path, device="cpu", overrides=[*SETTINGS, "steps=2"])
        == 0
    )
    found = read_features(tmp_path / "inception_v3.safetensors", "inception_v3")
    assert found.provenance.origin == "mr"
    assert set(found.provenance.figures) == {"contrast", "plane", "source", "noisy_psnr", "denoised_psnr"}
    assert "2 steps" in found.provenance.text and "unseen subjects" in found.provenance.text
    assert found.tensors.keys() == build_features("inception_v3").state_dict().keys()
    with (tmp_path / "inception_v3-loss.csv").open() as file:
        assert [int(row["step"]) for row in csv.DictReader(file)] == [1, 2]
    with pytest.raises(UsageError, match="there already"):
        pretrain("inception_v3", data=folder, out=tmp_path, device="cpu", overrides=[*SETTINGS, "steps=2"])


def test_that_a_stopped_pretraining_ends_with_the_same_weights(folder: Path, tmp_path: Path) -> None:
    config = Pretraining(stacks=("train.npz",), validation=("val.npz",), steps=3, batch=2, precision="fp32")

    def run(out: str) -> PretrainingRun:
        target = tmp_path / out / "inception_v3.safetensors"
        return PretrainingRun("inception_v3", config, folder, target, torch.device("cpu"))

    run("whole").go()
    first = run("stopped")
    first.target.parent.mkdir()
    for _ in range(2):
        first.train_step()
    first.save()
    second = run("stopped")
    second.restore()
    second.go()
    again, expected = load_file(second.target), load_file(tmp_path / "whole" / "inception_v3.safetensors")
    assert all(torch.equal(again[name], tensor) for name, tensor in expected.items())


def test_that_imagenet_weights_come_from_a_file(tmp_path: Path) -> None:
    published = build_features("inception_v3").state_dict() | {"fc.bias": torch.zeros(1000)}
    save_file(published, tmp_path / "published.safetensors")
    pretrain("inception_v3", weights=tmp_path / "published.safetensors", out=tmp_path)
    found = read_features(tmp_path / "inception_v3.safetensors", "inception_v3")
    assert found.provenance.origin == "imagenet"
    assert torch.equal(
        found.tensors["Mixed_6e.branch1x1.conv.weight"], published["Mixed_6e.branch1x1.conv.weight"]
    )


def test_that_imagenet_weights_come_from_torch_hub_where_it_can_be_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, object]] = []

    def hub(address: str, **options: object) -> dict[str, torch.Tensor]:
        asked.append((address, options["weights_only"]))
        return build_features("inception_v3").state_dict()

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", hub)
    pretrain("inception_v3", out=tmp_path)
    assert (
        read_features(tmp_path / "inception_v3.safetensors", "inception_v3").provenance.origin == "imagenet"
    )
    assert asked[0][0].endswith("inception_v3_google-0cc3c7bd.pth") and asked[0][1] is True


def test_that_what_cannot_be_had_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", no_network)
    with pytest.raises(ReadError, match="cannot be had"):
        pretrain("vgg19", out=tmp_path, overrides=["source=imagenet"])
    with pytest.raises(UsageError, match="--data is missing"):
        pretrain("vgg19", out=tmp_path)
    with pytest.raises(UsageError, match="no feature network 'resnet'"):
        pretrain("resnet", out=tmp_path)
    with pytest.raises(UsageError, match="crop_px"):
        pretrain("vgg19", out=tmp_path, overrides=["crop_px=32"])


@pytest.fixture(scope="module")
def slices() -> list[LabelledSlice]:
    """One of each of three contrasts, told by its brightness."""
    random = np.random.default_rng(1)
    labels = (("T1", "axi", "a"), ("T2", "axi", "a"), ("T2", "sag", "b"))
    return [
        LabelledSlice((random.random((80, 96)) * (90 + 80 * i)).astype(np.uint8), names)
        for i, names in enumerate(labels)
    ]


def test_that_crops_depend_on_seed_and_step_alone(slices: list[LabelledSlice]) -> None:
    classes = classes_of(slices)
    assert classes == {"contrast": ("T1", "T2"), "plane": ("axi", "sag"), "source": ("a", "b")}
    first, second = (CropSource(slices, classes, 64, (2.0, 2.0)) for _ in range(2))
    first.batch(1, 6, 4)
    one, other, third = first.batch(1, 7, 4), second.batch(1, 7, 4), second.batch(1, 8, 4)
    np.testing.assert_array_equal(one.noisy, other.noisy)
    np.testing.assert_array_equal(one.labels, other.labels)
    assert not np.array_equal(one.noisy, third.noisy)
    assert one.clean.shape == one.noisy.shape == (4, 1, 64, 64)
    assert 0.01 < float((one.noisy - one.clean).std()) < 0.03


def test_that_a_crop_larger_than_a_slice_is_refused(slices: list[LabelledSlice]) -> None:
    with pytest.raises(UsageError, match="larger than the smallest slice"):
        CropSource(slices, classes_of(slices), 88, (1.0, 1.0))


@pytest.mark.parametrize("name", ["vgg19", "inception_v3"])
def test_that_normalisation_is_folded_into_torchvisions_names(name: FeatureName) -> None:
    torch.manual_seed(5)
    network = build_features(name)
    names, layer = list(network.state_dict()), list(TAPS[name])[-1]
    normalise(network)
    with torch.no_grad():
        for _ in range(2):
            network.train()(torch.rand(4, 1, 64, 64), (layer,))
        plain = folded(network)
        picture = torch.rand(1, 1, 64, 64)
        torch.testing.assert_close(
            plain(picture, (layer,))[layer], network.eval()(picture, (layer,))[layer], rtol=1e-3, atol=1e-4
        )
    assert list(plain.state_dict()) == names


@pytest.mark.parametrize("name", ["vgg19", "inception_v3"])
def test_that_the_task_teaches_every_layer(name: FeatureName, slices: list[LabelledSlice]) -> None:
    torch.manual_seed(5)
    network = build_features(name)
    heads = Heads(network, TAPS[name], classes_of(slices))
    crops = CropSource(slices, classes_of(slices), 64, (4.0, 4.0)).batch(1, 0, 2)
    noisy, clean = torch.from_numpy(crops.noisy), torch.from_numpy(crops.clean)
    denoised, logits = heads(noisy, network(noisy, tuple(TAPS[name])))
    assert denoised.shape == noisy.shape
    assert [tuple(answer.shape) for answer in logits.values()] == [(len(TAPS[name]), 2, 2)] * 3
    task_loss(denoised, logits, clean, torch.from_numpy(crops.labels), 20.0).backward()  # type: ignore[no-untyped-call]
    for module in (network, heads):
        assert all(tensor.grad is not None and tensor.grad.any() for tensor in module.parameters())
