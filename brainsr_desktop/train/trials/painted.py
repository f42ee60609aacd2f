"""Which lesions, painted into an enhanced slice, does the check against its input find?

    python -m brainsr_desktop.train.trials.painted --data DATA --model brainsr-x4 --stride 8

By width and contrast, at the limit of the model's card, on the slices that the limit was found on.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from brainsr_desktop.core.consistency import residual
from brainsr_desktop.core.errors import UsageError
from brainsr_desktop.core.intensity import robust_range
from brainsr_desktop.core.planted import Kind, drawn, profile
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.engine.pipeline import Engine
from brainsr_desktop.models.card import Card
from brainsr_desktop.models.catalog import Catalog
from brainsr_desktop.train.bench import SliceSet, open_slices
from brainsr_desktop.train.calibrate import FILE_NAME, SEED, near_lesion
from brainsr_desktop.train.evaluate import enhanced
from brainsr_desktop.train.protocols import PROTOCOLS, reduced_slice

WIDTHS_MM: Final = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0)
CONTRASTS: Final = (5.0, 10.0, 20.0, 30.0, 50.0)


def found_shares(
    slices: SliceSet, card: Card, stride: int
) -> tuple[Mapping[tuple[float, float], float], int]:
    """Share of lesions that are found, by width in mm and contrast in percent; and in how many pictures.

    One lesion in a picture at a time, bright or dark by chance, in every protocol.

    Raises:
        UsageError: the card states no limit.   ReadError: the slices cannot be read.
    """
    if card.trust is None:
        raise UsageError(f"The card of {card.name} states no limit.")
    limit, engine = card.trust.consistency_limit, Engine(Catalog((card,)))
    found: dict[tuple[float, float], list[bool]] = {(w, c): [] for w in WIDTHS_MM for c in CONTRASTS}
    pictures = 0
    for number in slices.numbers[::stride]:
        truth = slices.true_slice(number)
        bottom, top = robust_range(truth.pixels)
        spacing_mm = truth.spacing_mm[0] * card.scale, truth.spacing_mm[1] * card.scale
        for protocol in PROTOCOLS:
            low = reduced_slice(truth.pixels, protocol, card.scale, number)
            made = enhanced(engine, low, Recipe(card.name, card.scale, device="cpu"), number, 1.0).pixels
            pictures += 1
            for (width, contrast), answers in found.items():
                wanted: list[tuple[Kind, float, float]] = [("lesion", width, contrast)]
                for lesion in drawn(
                    truth.pixels, truth.head, wanted, truth.spacing_mm, seed=SEED, number=number
                ):
                    height = lesion.contrast / 100.0 * (top - bottom)
                    painted = made + height * profile(lesion, truth.pixels.shape, truth.spacing_mm)
                    seen = residual(painted.astype(np.float32), low, card.scale, spacing_mm).weighed
                    near = near_lesion(lesion, low.shape, card.scale, spacing_mm)
                    answers.append(bool(seen[near].max() > limit))
    return {key: float(np.mean(values)) if values else 0.0 for key, values in found.items()}, pictures


def table_of(shares: Mapping[tuple[float, float], float]) -> str:
    """Rows are widths, columns contrasts."""
    lines = ["| | " + " | ".join(f"{contrast:g} %" for contrast in CONTRASTS) + " |"]
    lines.append("| --- " * (len(CONTRASTS) + 1) + "|")
    for width in WIDTHS_MM:
        cells = [f"{shares[width, contrast]:.2f}" for contrast in CONTRASTS]
        lines.append(f"| {width:g} mm | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help=f"the folder of {FILE_NAME}")
    parser.add_argument("--model", default="brainsr-x4")
    parser.add_argument("--stride", type=int, default=8)
    options = parser.parse_args()
    with open_slices(options.data / FILE_NAME) as slices:
        shares, pictures = found_shares(slices, Engine().catalog.find(options.model), options.stride)
    sys.stdout.write(f"{table_of(shares)}\n{pictures} pictures\n")


if __name__ == "__main__":
    main()
