"""What the feature networks of the perceptual loss share: named layers, grey input, weights by torchvision's names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn


class FeatureNetwork(nn.Module):
    """A network that is read at named layers and ends at the deepest one that it was built for.

    mean, deviation: what the three input channels are normalised by, intensities 0..1.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, mean: Sequence[float], deviation: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(deviation).view(1, 3, 1, 1), persistent=False)

    def steps(self) -> Iterator[tuple[str, nn.Module]]:
        """The layers by name, from the first to the last."""
        raise NotImplementedError

    @property
    def layers(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.steps())

    def forward(self, x: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        """What the named layers make of grey pictures (batch, 1, rows, columns), intensities 0..1.

        Each is (batch, channels, rows / stride, columns / stride). Layers beyond the deepest one named are left out.
        """
        wanted = set(layers)
        found: dict[str, Tensor] = {}
        x = (x.expand(-1, 3, -1, -1) - self.mean) / self.deviation
        for name, step in self.steps():
            x = step(x)
            if name in wanted:
                found[name] = x
            if len(found) == len(wanted):
                return found
        raise ValueError(f"There is no layer {', '.join(sorted(wanted - set(found)))}.")


def used_weights(network: nn.Module, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The entries of a state dictionary that the network has, each with its shape; the rest is left out.

    A published dictionary holds the classifier and deeper layers too. `num_batches_tracked`, which counts the training
    of a batch normalisation and decides nothing, may be absent.

    Raises:
        ValueError: an entry is missing or has another shape.
    """
    result = {}
    for name, own in network.state_dict().items():
        given = tensors.get(name)
        if given is None and name.endswith(".num_batches_tracked"):
            given = own
        if given is None:
            raise ValueError(f"{name} is missing")
        if given.shape != own.shape:
            raise ValueError(f"{name} has the shape {tuple(given.shape)}, not {tuple(own.shape)}")
        result[name] = given.to(own.dtype)
    return result
