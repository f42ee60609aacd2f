"""The feature networks of the perceptual loss: their weights on disk, and the distance that they measure.

A feature file is safetensors with torchvision's names and, in its header, where the weights come from. A network with
weights of chance is never used: without a file there is no feature loss.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from brainsr_desktop.core.errors import ModelError, ReadError, UsageError
from brainsr_desktop.models.networks import inception_v3, vgg19
from brainsr_desktop.models.networks.feature_network import FeatureNetwork, used_weights

FeatureName: TypeAlias = Literal["vgg19", "inception_v3"]

FEATURE_NAMES: Final[tuple[FeatureName, ...]] = get_args(FeatureName)
FORMAT: Final = "brainsr-features-1"
FLOOR: Final = 1e-3
"""Smallest mean activation that a layer's distance is divided by."""


def build_features(name: FeatureName, deepest: str = "") -> FeatureNetwork:
    """The network up to a layer (its last one if none is named), with weights of chance."""
    build = vgg19.build if name == "vgg19" else inception_v3.build
    return build(deepest) if deepest else build()


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where feature weights come from. origin: `imagenet`, or `mr` for those pre-trained on MR slices.

    text: a sentence for people and model cards. figures: what was measured on the validation subjects.
    """

    network: FeatureName
    origin: Literal["imagenet", "mr"]
    text: str
    figures: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        return {
            "network": self.network,
            "origin": self.origin,
            "text": self.text,
            "figures": dict(self.figures),
        }


@dataclass(frozen=True, slots=True)
class FeatureFile:
    """Weights as a file holds them; sha256 tells them apart whatever the header says."""

    provenance: Provenance
    tensors: dict[str, Tensor]
    sha256: str


def file_name(name: FeatureName) -> str:
    return f"{name}.safetensors"


def save_features(path: Path, network: FeatureNetwork, provenance: Provenance) -> None:
    """Write a feature file in place of `path`, complete or not at all."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    beside = path.with_name(f"{path.name}.new")
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, beside, metadata={"format": FORMAT, "facts": json.dumps(provenance.to_json())})
    beside.replace(path)


def read_features(path: Path, name: FeatureName) -> FeatureFile:
    """Read a feature file of the network `name`.

    Raises:
        ReadError: there is no such file, or it cannot be read.   ModelError: it holds something else.
    """
    if not path.is_file():
        raise ReadError(
            f"The feature loss needs trained {name} weights, and there is no {path.name} beside the runs.",
            advice=f"Make it by: brainsr train --pretrain-features {name} --data DIR --out DIR",
            path=path,
        )
    facts, tensors = _read(path)
    if facts is None or facts["network"] != name:
        raise ModelError(
            f"{path.name} is no file of pre-trained {name} weights.",
            advice=f"Make one by: brainsr train --pretrain-features {name} --data DIR --out DIR",
            path=path,
        )
    provenance = Provenance(name, facts["origin"], str(facts["text"]), dict(facts["figures"]))
    return FeatureFile(provenance, tensors, hashlib.sha256(path.read_bytes()).hexdigest())


def built_from(file: FeatureFile, layers: Sequence[str]) -> FeatureNetwork:
    """The network as far as `layers` need it, with the weights of the file.

    Raises:
        UsageError: the network has no such layer.   ModelError: the file lacks weights that are needed.
    """
    name = file.provenance.network
    with torch.device("meta"):
        known = build_features(name).layers
    unknown = [layer for layer in layers if layer not in known]
    if unknown:
        raise UsageError(f"{name} has no layer {', '.join(unknown)}; it has {', '.join(known)}.")
    network = build_features(name, max(layers, key=known.index))
    try:
        network.load_state_dict(used_weights(network, file.tensors))
    except ValueError as error:
        raise ModelError(f"The file of {name} weights does not reach {layers[-1]}: {error}.") from error
    return network


def read_imagenet(path: Path, name: FeatureName) -> dict[str, Tensor]:
    """The weights that a safetensors file with torchvision's names holds, those of the layers used here.

    Raises:
        ReadError: the file cannot be read, or is a pickle.   ModelError: the weights are not those of `name`.
    """
    _, tensors = _read(path)
    return matched(tensors, name, path.name)


def matched(tensors: Mapping[str, Tensor], name: FeatureName, source: str) -> dict[str, Tensor]:
    """What of a published dictionary the network uses. Raises ModelError where something of it does not fit."""
    try:
        return used_weights(build_features(name), tensors)
    except ValueError as error:
        raise ModelError(f"{source} does not hold the weights of {name}: {error}.") from error


def _read(path: Path) -> tuple[dict[str, Any] | None, dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
        facts = json.loads(header["facts"]) if header.get("format") == FORMAT else None
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        raise ReadError(
            f"The feature weights {path.name} cannot be read: {error}",
            advice="A safetensors file with torchvision's names is needed; pickles (.pth, .pt) are never opened.",
            path=path,
        ) from error
    return facts, tensors


class FeatureDistance(nn.Module):
    """How far two pictures are apart in the layers of pre-trained networks.

    For each layer the mean absolute difference over the mean absolute activation of the truth, so that 0 is equal and
    about 1 is unrelated whatever the scale of the weights; then the mean over all layers. The networks are fixed.
    """

    def __init__(self, networks: Sequence[tuple[FeatureNetwork, Sequence[str]]]) -> None:
        super().__init__()
        if not networks:
            raise UsageError("A feature loss needs at least one feature network.")
        self.networks = nn.ModuleList(network for network, _ in networks)
        self._layers = [tuple(layers) for _, layers in networks]
        self.eval().requires_grad_(False)

    def train(self, mode: bool = True) -> FeatureDistance:  # noqa: ARG002 - the signature of nn.Module
        """The networks stay as they are: their batch normalisation uses what it was trained with."""
        super().train(False)
        return self

    def forward(self, result: Tensor, truth: Tensor) -> Tensor:
        """`result` and `truth` (batch, 1, rows, columns), intensities about 0..1; a number with a gradient."""
        distances = []
        for network, layers in zip(self.networks, self._layers, strict=True):
            with torch.no_grad():
                aims = network(truth, layers)
            for name, found in network(result, layers).items():
                aim = aims[name].float()
                distances.append((found.float() - aim).abs().mean() / aim.abs().mean().clamp_min(FLOOR))
        return torch.stack(distances).mean()
