from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from brainsr_desktop.core.errors import ModelError, ReadError, UsageError
from brainsr_desktop.models.networks import inception_v3, vgg19
from brainsr_desktop.train.features import (
    FeatureDistance,
    Provenance,
    build_features,
    built_from,
    matched,
    read_features,
    read_imagenet,
    save_features,
)


def test_that_a_feature_file_keeps_weights_and_where_they_come_from(tmp_path: Path) -> None:
    network = build_features("inception_v3", "Conv2d_2b_3x3")
    provenance = Provenance("inception_v3", "mr", "made for a test", {"contrast": 0.75})
    save_features(tmp_path / "f.safetensors", network, provenance)
    found = read_features(tmp_path / "f.safetensors", "inception_v3")
    assert found.provenance == provenance and len(found.sha256) == 64
    assert found.tensors.keys() == network.state_dict().keys()
    assert all(torch.equal(found.tensors[name], tensor) for name, tensor in network.state_dict().items())
    with pytest.raises(ModelError, match="no file of pre-trained vgg19"):
        read_features(tmp_path / "f.safetensors", "vgg19")


def test_that_weights_without_provenance_are_no_feature_file(tmp_path: Path) -> None:
    save_file({"features.0.weight": torch.zeros(64, 3, 3, 3)}, tmp_path / "f.safetensors")
    with pytest.raises(ModelError) as refused:
        read_features(tmp_path / "f.safetensors", "vgg19")
    assert "--pretrain-features vgg19" in refused.value.advice


def test_that_a_network_is_built_as_deep_as_its_file_allows(tmp_path: Path) -> None:
    path = tmp_path / "f.safetensors"
    save_features(path, build_features("vgg19", "relu2_1"), Provenance("vgg19", "mr", "", {}))
    found = read_features(path, "vgg19")
    assert built_from(found, ("relu2_1", "conv1_2")).layers[-1] == "relu2_1"
    with pytest.raises(ModelError, match="does not reach relu2_2"):
        built_from(found, ("relu1_1", "relu2_2"))
    with pytest.raises(UsageError, match="no layer relu9_9"):
        built_from(found, ("relu9_9",))


def test_that_a_missing_file_and_a_pickle_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"none\.safetensors"):
        read_features(tmp_path / "none.safetensors", "vgg19")
    pickle = tmp_path / "vgg19.pth"
    torch.save({"features.0.weight": torch.zeros(1)}, pickle)
    with pytest.raises(ReadError) as refused:
        read_imagenet(pickle, "vgg19")
    assert "never opened" in refused.value.advice


def test_that_a_published_dictionary_is_taken_without_its_classifier() -> None:
    published = dict(vgg19.build().state_dict()) | {"classifier.0.bias": torch.zeros(5)}
    assert matched(published, "vgg19", "published").keys() == vgg19.build().state_dict().keys()
    del published["features.34.bias"]
    with pytest.raises(ModelError, match=r"published does not hold .* features\.34\.bias is missing"):
        matched(published, "vgg19", "published")


def test_that_the_distance_is_zero_for_equal_pictures_and_grows_with_the_difference() -> None:
    torch.manual_seed(1)
    distance = FeatureDistance([(vgg19.build("relu2_2"), ("relu1_1", "relu2_2"))])
    truth = torch.rand(1, 1, 24, 24)
    noise = torch.randn(1, 1, 24, 24)
    found = [float(distance(truth + sigma * noise, truth)) for sigma in (0.0, 0.05, 0.2)]
    assert found[0] == 0.0
    assert found[0] < found[1] < found[2]


def test_that_the_distance_does_not_depend_on_the_scale_of_a_layer() -> None:
    torch.manual_seed(1)
    network = vgg19.build("relu1_1")
    result, truth = torch.rand(2, 1, 1, 16, 16)
    before = float(FeatureDistance([(network, ("relu1_1",))])(result, truth))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(7.0)
    again = float(FeatureDistance([(network, ("relu1_1",))])(result, truth))
    assert again == pytest.approx(before, rel=1e-5)


def test_that_the_distance_teaches_the_picture_and_leaves_the_networks_alone() -> None:
    torch.manual_seed(1)
    network = inception_v3.build("Conv2d_2b_3x3")
    distance = FeatureDistance([(network, ("Conv2d_1a_3x3", "Conv2d_2b_3x3"))]).train()
    assert not any(module.training for module in network.modules() if isinstance(module, nn.BatchNorm2d))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    result = torch.rand(1, 1, 24, 24, requires_grad=True)
    distance(result, torch.rand(1, 1, 24, 24)).backward()
    assert result.grad is not None and result.grad.any()
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())
