"""How far the trust aids themselves can be trusted, measured for each model and written into its card.

    python -m brainsr_desktop.train.calibrate --data DATA --models-dir models [--models brainsr-x4,brainsr-x2]

Slices of ``val.npz``, which nothing is trained on. *Honest* pictures are what the model makes of them through the
engine, reduced in the benchmark's protocols and, for the false alarms, as they are. *Planted* changes are lesions of
4 mm and 30 percent contrast, added to the enhanced slice, or put into the input only, as if the model had taken them
away. The card keeps the limit that 95 percent of honest slices respect, or as many more as it takes to flag no more
than 5 percent of those of people whom it was not found on; the rates beside it are such, of limits found without the
person who is being judged.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import tomlkit

from brainsr_desktop.core.consistency import residual
from brainsr_desktop.core.degrade import Degradation, apply
from brainsr_desktop.core.errors import BrainSRError, UsageError
from brainsr_desktop.core.intensity import robust_range
from brainsr_desktop.core.planted import Structure, drawn, plant, profile
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.core.suitability import Appearance, appearance
from brainsr_desktop.core.uncertainty import by_block, rank_correlation, reliability
from brainsr_desktop.engine.pipeline import Engine
from brainsr_desktop.models.card import CARD_FILE, Card, read_card
from brainsr_desktop.models.catalog import BASELINES, Catalog
from brainsr_desktop.train import records
from brainsr_desktop.train.bench import SliceSet, TrueSlice, open_slices
from brainsr_desktop.train.dataset import read_stack_file
from brainsr_desktop.train.evaluate import Options, enhanced
from brainsr_desktop.train.planted import evaluate_planted
from brainsr_desktop.train.protocols import PROTOCOLS, reduced_slice

Floats: TypeAlias = npt.NDArray[np.float32]
Doubles: TypeAlias = npt.NDArray[np.float64]
Table: TypeAlias = dict[str, Any]
Say: TypeAlias = Callable[[str], None]

FILE_NAME: Final = "val.npz"
LESION_MM: Final = 4.0
LESION_PERCENT: Final = 30.0
LESIONS: Final = 2
"""In each slice."""
FALSE_ALARMS: Final = 0.05
RESPECTED: Final = (0.95, 0.96, 0.97, 0.98, 0.99)
"""Shares of honest slices that a limit may be drawn at: the first that keeps to `FALSE_ALARMS` with people whom it was
not found on."""
STEP: Final = 0.05
"""A limit is rounded up to this, percent."""
NEAR_PX: Final = 1.5
"""A change is found if the residual is over the limit within its radius and so many input pixels."""
SEED: Final = 10
NOISE_PERCENT: Final = 4.0
"""The strongest noise of training."""
TAILS: Final = (0.5, 99.5)
"""Percentiles of what training slices look like that end the trained range, ..."""
MARGIN: Final = 0.1
"""... sizes this part further, for nothing changes at the very end of them, ..."""
GREY_MARGIN: Final = 0.07
"""... and grey values so far, or one slice in ten of people who were not trained on would be outside."""
TRAINING_STRIDE: Final = 20
DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class Strides:
    """Every so many slices of `FILE_NAME`: for honest and changed pictures, pictures of slices as they are (dear, for
    they are large), careful mode (eight times as dear, one protocol for each slice in turn) and planted structures."""

    honest: int = 2
    native: int = 6
    careful: int = 3
    planted: int = 6

    def times(self, factor: int) -> Strides:
        """All of them fewer by a factor."""
        return Strides(*(factor * n for n in (self.honest, self.native, self.careful, self.planted)))


@dataclass(slots=True)
class Parts:
    """`core.consistency.Residual.part` by subject: of honest slices, of those enhanced as they are, and, near the
    change, of changed ones."""

    honest: list[tuple[str, float]] = field(default_factory=list)
    native: list[tuple[str, float]] = field(default_factory=list)
    added: list[tuple[str, float]] = field(default_factory=list)
    removed: list[tuple[str, float]] = field(default_factory=list)

    @property
    def respected(self) -> float:
        """Share of both kinds of honest slices that keep to the limit."""
        for share in RESPECTED:
            rates = [self._rate(kind, share) for kind in (self.honest, self.native)]
            if all(rate is None or rate <= FALSE_ALARMS for rate in rates):
                return share
        return RESPECTED[-1]

    def limit(self) -> float:
        """What `respected` of both kinds of honest slices keep to, percent."""
        return self._limit(self.respected)

    def rate(self, kind: Sequence[tuple[str, float]]) -> float | None:
        """Part of one kind that is over the limit found without its own subject."""
        return self._rate(kind, self.respected)

    def _limit(self, share: float, without: str | None = None) -> float:
        ends = [
            float(np.quantile(values, share, method="higher"))
            for kind in (self.honest, self.native)
            if (values := [part for subject, part in kind if subject != without])
        ]
        return round(math.ceil(max(ends, default=0.0) / STEP) * STEP, 6)

    def _rate(self, kind: Sequence[tuple[str, float]], share: float) -> float | None:
        if not kind:
            return None
        subjects = {subject for subject, _ in kind}
        alone = len({subject for subject, _ in self.honest}) < 2
        limits = {subject: self._limit(share, None if alone else subject) for subject in subjects}
        return float(np.mean([part > limits[subject] for subject, part in kind]))


def calibrated(card: Card, data: Path, *, strides: Strides | None = None, say: Say | None = None) -> Table:
    """The ``[trust]`` table of a model, measured on ``data`` / `FILE_NAME`.

    Raises:
        UsageError: the card is an interpolation's.   ReadError: the slices cannot be read.
        ModelError, EngineError: the model cannot be run.
    """
    if card.is_interpolation:
        raise UsageError("An interpolation has no card to be calibrated.")
    chosen, tell = strides or Strides(), say or _silent
    engine = Engine(Catalog((card, *BASELINES)))
    with open_slices(data / FILE_NAME) as slices:
        tell(f"{card.name}: consistency")
        parts = measured_parts(engine, card, slices, chosen)
        tell(f"{card.name}: uncertainty")
        spread, error = measured_spread(engine, card, slices, chosen.careful)
        tell(f"{card.name}: planted structures")
        options = Options(device="cpu", stride=chosen.planted)
        planted = evaluate_planted(slices, [card.name], engine, options=options, seed=SEED)
    tell(f"{card.name}: training range")
    measured = {
        "weights_sha256": card.weights_sha256,
        "consistency_limit": parts.limit(),
        "false_alarm": _rounded(parts.rate(parts.honest)),
        "false_alarm_native": _rounded(parts.rate(parts.native)),
        "flagged_added": _rounded(parts.rate(parts.added)),
        "flagged_removed": _rounded(parts.rate(parts.removed)),
        "slices": len(parts.honest),
        "uncertainty_correlation": _rounded(rank_correlation(spread, error)),
        "uncertainty_blocks": int(spread.size),
        "reliability": [
            [round(point.spread, 6), round(point.error, 6), point.count]
            for point in reliability(spread, error)
        ],
        **_planted_figures(planted, card),
        "trained": trained_range(card, data),
    }
    return {key: value for key, value in measured.items() if value is not None}


def measured_parts(engine: Engine, card: Card, slices: SliceSet, strides: Strides) -> Parts:
    """Residuals of honest and of changed pictures."""
    found = Parts()
    for number in slices.numbers[:: strides.honest]:
        truth = slices.true_slice(number)
        for protocol in PROTOCOLS:
            low = reduced_slice(truth.pixels, protocol, card.scale, number)
            made = _made(engine, card, low, number)
            spacing_mm = _coarse(truth, card.scale)
            part = residual(made.pixels, low, card.scale, spacing_mm).part
            found.honest.append((truth.subject, part))
            for lesion in _lesions(truth):
                added, removed = _changed_parts(truth, lesion, protocol, card.scale, made.pixels, low)
                found.added.append((truth.subject, added))
                found.removed.append((truth.subject, removed))
    for number in slices.numbers[:: strides.native]:
        truth = slices.true_slice(number)
        picture = _made(engine, card, truth.pixels, number).pixels
        part = residual(picture, truth.pixels, card.scale, truth.spacing_mm).part
        found.native.append((truth.subject, part))
    return found


def measured_spread(engine: Engine, card: Card, slices: SliceSet, stride: int) -> tuple[Doubles, Doubles]:
    """Careful mode's spread and error in every block of the heads, as parts of the slice's range."""
    spreads, errors = [], []
    for index, number in enumerate(slices.numbers[::stride]):
        truth = slices.true_slice(number)
        protocol = PROTOCOLS[index % len(PROTOCOLS)]
        low = reduced_slice(truth.pixels, protocol, card.scale, number)
        made = _made(engine, card, low, number, careful=True)
        bottom, top = robust_range(low)
        if made.spread is None or not top > bottom:
            continue
        error = np.abs(made.pixels - truth.pixels) / (top - bottom)
        spread, wrong = by_block(made.spread / (top - bottom), error, truth.head)
        spreads.append(spread)
        errors.append(wrong)
    if not spreads:
        return np.zeros(0), np.zeros(0)
    return np.concatenate(spreads), np.concatenate(errors)


def trained_range(card: Card, data: Path) -> Table:
    """What the model's inputs looked like in training, from the stack files beside the validation data; of the card
    alone where they are not there."""
    found: Table = {}
    fine, coarse = _card_spacing(card)
    if fine is not None and coarse is not None:
        found["pixel_mm"] = _widened(fine, coarse * card.scale)
        found["input_pixel_mm"] = _widened(fine * card.scale, coarse * card.scale)
    contrasts = card.data.get("contrasts")
    if isinstance(contrasts, list):
        found["contrasts"] = list(contrasts)
    looks, sides = _training_looks(data, card.scale)
    if looks:
        found["matrix_px"] = [round(end) for end in _widened(min(sides) / card.scale, max(sides))]
        noises = [look.noise_percent for look in looks]
        found["noise_percent"] = [0.0, round(float(np.percentile(noises, TAILS[1])), 1)]
        ends = np.percentile([look.quantiles for look in looks], TAILS, axis=0)
        found["quantiles"] = [
            [round(max(float(low) - GREY_MARGIN, 0.0), 3), round(float(high) + GREY_MARGIN, 3)]
            for low, high in ends.T
        ]
    return found


def write_trust(folder: Path, table: Mapping[str, Any]) -> None:
    """Put the table into the card of a model's folder in the place of the former one; the rest of the card stays as it
    is, to the letter.

    Raises:
        ModelError: the card cannot be read, also with the table.   OSError: it cannot be written.
    """
    path = folder / CARD_FILE
    text = path.read_text(encoding="utf-8")
    card = tomlkit.parse(text)
    card.pop("trust", None)
    card["trust"] = dict(table)
    written = path.with_suffix(".new")
    written.write_text(tomlkit.dumps(card), encoding="utf-8")
    written.replace(path)
    if read_card(folder).trust is None:
        path.write_text(text, encoding="utf-8")
        raise UsageError(f"What was measured is not about the weights of {folder.name}.")


def _planted_figures(planted: Mapping[str, Any], card: Card) -> Table:
    """By protocol: resolution and recovered contrast, beside those of the interpolations that are best at them."""
    ours = planted[card.name]["protocols"][f"x{card.scale}"]
    others = [planted[baseline.name]["protocols"][f"x{card.scale}"] for baseline in BASELINES]

    def finest(protocol: str) -> float:
        return min(_known(other[protocol]["resolution_mm"]) for other in others)

    def best(protocol: str) -> float:
        return max(float(other[protocol]["recovered_contrast"]) for other in others)

    return {
        "resolution_mm": {p: round(_known(row["resolution_mm"]), 2) for p, row in ours.items()},
        "baseline_resolution_mm": {p: round(finest(p), 2) for p in ours},
        "recovered": {p: round(row["recovered_contrast"], 3) for p, row in ours.items()},
        "baseline_recovered": {p: round(best(p), 3) for p in ours},
        "false_structures": {p: round(row["false_structures_per_slice"], 2) for p, row in ours.items()},
    }


def _known(resolution: float | None) -> float:
    return math.inf if resolution is None else resolution


def _made(engine: Engine, card: Card, low: Floats, number: int, *, careful: bool = False) -> Any:
    return enhanced(engine, low, Recipe(card.name, card.scale, device="cpu", careful=careful), number, 1.0)


def _coarse(truth: TrueSlice, scale: int) -> tuple[float, float]:
    return truth.spacing_mm[0] * scale, truth.spacing_mm[1] * scale


def _lesions(truth: TrueSlice) -> tuple[Structure, ...]:
    wanted = [("lesion", LESION_MM, LESION_PERCENT)] * LESIONS
    return drawn(
        truth.pixels, truth.head, wanted, truth.spacing_mm, seed=SEED, number=truth.number  # type: ignore[arg-type]
    )  # fmt: skip


def _changed_parts(
    truth: TrueSlice, lesion: Structure, protocol: str, scale: int, made: Floats, low: Floats
) -> tuple[float, float]:
    """The residual near a lesion that was added to the picture, and near one that only the input has."""
    spacing_mm = _coarse(truth, scale)
    bottom, top = robust_range(truth.pixels)
    height = lesion.contrast / 100.0 * (top - bottom)
    painted = (made + height * profile(lesion, truth.pixels.shape, truth.spacing_mm)).astype(np.float32)
    planted = np.maximum(plant(truth.pixels, [lesion], truth.spacing_mm), np.float32(0.0))
    with_it = reduced_slice(planted, protocol, scale, truth.number)
    near = near_lesion(lesion, low.shape, scale, spacing_mm)
    return (
        float(residual(painted, low, scale, spacing_mm).weighed[near].max()),
        float(residual(made, with_it, scale, spacing_mm).weighed[near].max()),
    )


def near_lesion(
    lesion: Structure, shape: tuple[int, ...], scale: int, spacing_mm: tuple[float, float]
) -> npt.NDArray[np.bool_]:
    """Input pixels (rows, columns) within a lesion's radius and `NEAR_PX` of its place; ``spacing_mm`` is theirs."""
    down, across = (
        (np.arange(size) - ((centre + 0.5) / scale - 0.5)) / (NEAR_PX + lesion.size_mm / 2.0 / side)
        for size, centre, side in zip(shape, lesion.place, spacing_mm, strict=True)
    )
    return np.asarray(np.hypot(down[:, None], across[None, :]) <= 1.0)


def _widened(low: float, high: float) -> list[float]:
    return [round(low * (1.0 - MARGIN), 2), round(high * (1.0 + MARGIN), 2)]


def _card_spacing(card: Card) -> tuple[float | None, float | None]:
    found = card.data.get("pixel_spacing_mm")
    if not isinstance(found, list) or len(found) != 2:
        return None, None
    return float(found[0]), float(found[1])


def _training_looks(data: Path, scale: int) -> tuple[list[Appearance], list[int]]:
    """How training slices look, as they are, reduced, and with the strongest noise; and the sides of all of them,
    of the whole matrix, too."""
    looks: list[Appearance] = []
    sides: list[int] = []
    for index, (pixels, matrix) in enumerate(_training_slices(data)):
        sides += [*pixels.shape, *matrix]
        if index % TRAINING_STRIDE:
            continue
        noise = np.random.Generator(np.random.Philox(key=[SEED, index])).standard_normal
        small = tuple(-(-side // scale) for side in pixels.shape)
        noisy = apply(pixels, Degradation(NOISE_PERCENT, 0.5, scale), noise(small) + 1j * noise(small))
        looks += [appearance(image) for image in (pixels, reduced_slice(pixels, "kspace", scale, 0), noisy)]
    return looks, sides


def _training_slices(data: Path) -> Iterator[tuple[Floats, list[int]]]:
    """Every slice, and the matrix it had before it was cut to the head."""
    for path in sorted(data.glob("train*.npz")):
        for stack, meta in read_stack_file(path):
            for stored in stack:
                yield stored.astype(np.float32) / np.float32(255.0), list(meta.get("matrix", []))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)


def _silent(text: str) -> None:
    """Nobody listens."""


def main(arguments: list[str] | None = None) -> int:
    """Measure and write the cards."""
    parser = argparse.ArgumentParser(
        prog="python -m brainsr_desktop.train.calibrate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with the stack files")
    parser.add_argument("--models-dir", type=Path, required=True, help="folder of the models")
    parser.add_argument(
        "--models", default="all", metavar="a,b|all", help="names (default: all in the folder)"
    )
    parser.add_argument(
        "--coarser", type=int, default=1, metavar="N", help="only every Nth of the slices used"
    )
    given = parser.parse_args(arguments)
    names = given.models.split(",")
    if given.models == "all":
        names = sorted(path.parent.name for path in given.models_dir.glob(f"*/{CARD_FILE}"))
    try:
        for name in names:
            card = read_card(given.models_dir / name)
            strides = Strides().times(given.coarser)
            write_trust(
                given.models_dir / name, calibrated(card, given.data, strides=strides, say=records.say)
            )
    except BrainSRError as error:
        records.say(f"{error.message} {error.advice}".strip())
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
