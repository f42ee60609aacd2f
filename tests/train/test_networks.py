from __future__ import annotations

from pathlib import Path

import pytest
import torch

from brainsr_desktop.core.errors import ReadError, UsageError
from brainsr_desktop.train.config import Network
from brainsr_desktop.train.networks import begin_from, build_network, load_weights


def test_that_weights_are_found_by_the_name_of_a_model() -> None:
    assert "tail.weight" in load_weights("espcn-x4")


def test_that_missing_or_damaged_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nonsense"):
        load_weights("nonsense")
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(b"nothing")
    with pytest.raises(ReadError, match="damaged"):
        load_weights(str(damaged))


def test_that_layers_of_another_scale_are_begun_anew_and_named() -> None:
    small, large = (build_network(Network("espcn", {"scale": scale})) for scale in (2, 4))
    fresh = large.state_dict()["tail.weight"].clone()
    assert begin_from(large, small.state_dict()) == ("tail",)
    assert torch.equal(large.state_dict()["layers.0.weight"], small.state_dict()["layers.0.weight"])
    assert torch.equal(large.state_dict()["tail.weight"], fresh)


def test_that_weights_of_the_same_network_leave_nothing_as_it_was() -> None:
    first, second = (build_network(Network("espcn", {"scale": 2})) for _ in range(2))
    assert begin_from(first, second.state_dict()) == ()


def test_that_weights_that_share_too_little_are_refused() -> None:
    network = build_network(Network("espcn", {"scale": 2}))
    with pytest.raises(UsageError, match="do not fit"):
        begin_from(network, {"tail.bias": network.state_dict()["tail.bias"]})
