"""Does it help to put the measured centre of k-space back into what a network made?

    python -m brainsr_desktop.train.trials.consistency --bench DATA/val.npz --model brainsr-x4

Exact for an input that is the centre of k-space without noise, wrong for one that was blurred, reduced otherwise or is
noisy. *known noise* weights what is put back by 1 / (1 + (sigma / error)^2), with the true noise of the protocol and
the root of the mean square of what the network changed; a program would have to estimate both, and do no better.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from brainsr_desktop.core.consistency import keep_region_means
from brainsr_desktop.core.degrade import NOISE_REFERENCE_PERCENTILE, Degradation, apply
from brainsr_desktop.core.intensity import Normalisation
from brainsr_desktop.core.metrics import scores
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.core.resample import enlarge
from brainsr_desktop.engine.runner import Job, Runner
from brainsr_desktop.models.card import Card
from brainsr_desktop.models.catalog import load_catalog
from brainsr_desktop.train.bench import SliceSet, open_slices
from brainsr_desktop.train.protocols import NOISE_PERCENT
from brainsr_desktop.train.trials.pairs import paired_table

Floats: TypeAlias = npt.NDArray[np.float32]
Step: TypeAlias = Callable[[Floats, Floats, int, float], Floats]
"""A last step: enlarged picture, input, scale, sigma of the noise; the picture corrected."""

SHIPPED: Final = "region means (as shipped)"


def with_measured_centre(enlarged: Floats, source: Floats, scale: int, weight: float = 1.0) -> Floats:
    """The enlarged picture with ``weight`` of the centre of its k-space replaced by the input's.

    ``source`` (rows, columns), ``enlarged`` (scale * rows, scale * columns) float32 in the same unit, half-pixel
    aligned.
    """
    return enlarged + np.float32(weight) * enlarge(missing(enlarged, source, scale), scale, "zerofill")


def missing(enlarged: Floats, source: Floats, scale: int) -> Floats:
    """What the picture, reduced in k-space, lacks of the input."""
    # The reduction ends with a magnitude; far above 0 it changes nothing.
    lift = np.float32(4.0 * max(float(np.abs(enlarged).max()), 1.0))
    return source - (apply(enlarged + lift, Degradation(reduction=scale), None) - lift)


def _nothing(enlarged: Floats, source: Floats, scale: int, sigma: float) -> Floats:  # noqa: ARG001
    return enlarged


def _means(enlarged: Floats, source: Floats, scale: int, sigma: float) -> Floats:  # noqa: ARG001
    return keep_region_means(enlarged, source, scale)


def _whole(enlarged: Floats, source: Floats, scale: int, sigma: float) -> Floats:  # noqa: ARG001
    return with_measured_centre(enlarged, source, scale)


def _half(enlarged: Floats, source: Floats, scale: int, sigma: float) -> Floats:  # noqa: ARG001
    return with_measured_centre(enlarged, source, scale, 0.5)


def _weighted(enlarged: Floats, source: Floats, scale: int, sigma: float) -> Floats:
    changed = float(np.mean(np.square(missing(enlarged, source, scale), dtype=np.float64)))
    error = max(changed - sigma**2, 0.0)
    return with_measured_centre(enlarged, source, scale, error / (error + sigma**2) if sigma else 1.0)


STEPS: Final[Mapping[str, Step]] = {
    "network alone": _nothing,
    SHIPPED: _means,
    "measured centre": _whole,
    "half of it": _half,
    "known noise": _weighted,
}


def head_psnrs(
    slices: SliceSet, card: Card, stride: int = 1
) -> tuple[dict[str, dict[str, list[float]]], list[str]]:
    """Head PSNR by step, protocol and slice, and the subject of every slice."""
    runner, scale = Runner(), card.scale
    protocols = [protocol for factor, protocol in slices.groups() if factor == scale]
    found: dict[str, dict[str, list[float]]] = {name: {p: [] for p in protocols} for name in STEPS}
    subjects = []
    for number in slices.numbers[::stride]:
        truth = slices.true_slice(number)
        subjects.append(truth.subject)
        reference = float(np.percentile(truth.pixels, NOISE_REFERENCE_PERCENTILE))
        for protocol in protocols:
            low = slices.low(number, scale, protocol)
            normalisation = Normalisation.of(low)
            job = Job(normalisation.forward(low), card, Recipe(card.name, scale), _never, _silent)
            made = normalisation.backward(runner.run(job).pixels)
            sigma = NOISE_PERCENT / 100.0 * reference if protocol == "noisy" else 0.0
            for name, step in STEPS.items():
                picture = step(made, low, scale, sigma)
                figures = scores(picture, truth.pixels, range_max=1.0, mask=truth.head)
                found[name][protocol].append(figures["head_psnr"])
    return found, subjects


def _never() -> None:
    """Nothing is ever cancelled."""


def _silent(done: int, total: int, note: str) -> None:
    """Nobody listens."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bench", type=Path, required=True, help="a benchmark or stack file")
    parser.add_argument("--model", default="brainsr-x4")
    parser.add_argument("--stride", type=int, default=1)
    options = parser.parse_args()
    with open_slices(options.bench) as slices:
        figures, subjects = head_psnrs(slices, load_catalog().find(options.model), options.stride)
    sys.stdout.write(paired_table(figures, subjects, SHIPPED) + "\n")


if __name__ == "__main__":
    main()
