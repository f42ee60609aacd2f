"""A sweep: one or two controls of test mode over a range, every model at every value, and where each falls behind.

Pure: which pictures are to be made (`Sweep.points`), and what came of them (`Table`). Window and command share it.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias, get_args

from brainsr_desktop.core.degrade import LARGEST_BIAS_PERCENT, Degradation
from brainsr_desktop.core.errors import UsageError
from brainsr_desktop.core.recipe import Precision, Recipe
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.language import tr
from brainsr_desktop.models.card import SCALES, Card

Control: TypeAlias = Literal["noise", "blur", "bias", "scale"]
CONTROLS: Final[tuple[Control, ...]] = get_args(Control)
Values: TypeAlias = tuple[float, ...]
"""One value for each axis of a sweep."""

LIMITS: Final[dict[Control, tuple[float, float]]] = {
    "noise": (0.0, 100.0),
    "blur": (0.0, 100.0),
    "bias": (0.0, LARGEST_BIAS_PERCENT),
    "scale": (float(min(SCALES)), float(max(SCALES))),
}
UNITS: Final[dict[Control, str]] = {"noise": "%", "blur": "px", "bias": "%", "scale": ""}
MOST_VALUES: Final = 101
DIGITS: Final = 6
"""Values are rounded to so many digits behind the point, so that ten steps of 0.1 make 1."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A control and the values (rising, each once) that it takes."""

    control: Control
    values: Values

    def __post_init__(self) -> None:
        low, high = LIMITS[self.control]
        if not self.values or len(self.values) > MOST_VALUES:
            raise UsageError(tr("A control takes 1 to {most} values in a sweep.", most=MOST_VALUES))
        if list(self.values) != sorted(set(self.values)):
            raise UsageError(tr("The values of a control must rise."))
        wrong = [value for value in self.values if not low <= value <= high]
        if self.control == "scale":
            wrong = [value for value in self.values if value not in SCALES]
        if wrong:
            raise UsageError(
                tr("{control} cannot be {value:g}.", control=self.control, value=wrong[0]),
                advice=tr("It may be 2 or 4.")
                if self.control == "scale"
                else tr("It may be {low:g} to {high:g}.", low=low, high=high),
            )

    @property
    def name(self) -> str:
        """For the axis of a plot: the control with its unit, in the user's language."""
        return control_name(self.control)


def control_name(control: Control) -> str:
    """A control with its unit, in the user's language."""
    match control:
        case "noise":
            return tr("noise, %")
        case "blur":
            return tr("blur, px")
        case "bias":
            return tr("bias field, %")
        case "scale":
            return tr("reduction")


def stepped(control: Control, first: float, last: float, step: float) -> Axis:
    """The values from ``first`` to ``last``, both ends in if the steps meet them.

    Raises:
        UsageError: the step is not positive, there are too many values, or one the control cannot take.
    """
    if not (math.isfinite(first) and math.isfinite(last) and step > 0.0 and last >= first):
        raise UsageError(tr("A range rises from its first to its last value by a step above 0."))
    count = math.floor((last - first) / step + 1e-6) + 1
    if count > MOST_VALUES:
        raise UsageError(tr("A control takes 1 to {most} values in a sweep.", most=MOST_VALUES))
    return Axis(control, tuple(round(first + number * step, DIGITS) for number in range(count)))


def axis_of(text: str) -> Axis:
    """An axis as the command line names it: ``noise=0:10:1`` (first, last, step) or ``scale=2,4``.

    Raises:
        UsageError: it is none.
    """
    found = re.fullmatch(r"(noise|blur|bias|scale)=([0-9.,:]+)", text.strip())
    try:
        if found is not None:
            control: Control = next(name for name in CONTROLS if name == found[1])
            if ":" not in found[2]:
                return Axis(control, tuple(float(value) for value in found[2].split(",")))
            first, last, step = (float(value) for value in found[2].split(":"))
            return stepped(control, first, last, step)
    except ValueError:
        pass
    raise UsageError(
        tr("{text!r} is not a range.", text=text), advice=tr("Right would be noise=0:10:1, or scale=2,4.")
    )


@dataclass(frozen=True, slots=True)
class Point:
    """One picture of a slice: which model, made from what."""

    values: Values
    model: str
    recipe: Recipe


@dataclass(frozen=True, slots=True)
class Sweep:
    """What is varied, what stays (``base``), and whom it is shown to.

    ``models`` are cards of networks, ``interpolations`` what they are measured against; each takes part at the values
    whose reduction it undoes.
    """

    axes: tuple[Axis, ...]
    base: Degradation
    models: tuple[Card, ...]
    interpolations: tuple[Card, ...]
    device: str = "auto"
    precision: Precision = "exact"

    def __post_init__(self) -> None:
        controls = [axis.control for axis in self.axes]
        if not 1 <= len(controls) <= 2 or len(set(controls)) != len(controls):
            raise UsageError(tr("A sweep varies one control, or two different ones."))
        if not any(self.points()):
            raise UsageError(tr("There is nothing to sweep: none of the models fits the reduction."))

    @property
    def settings(self) -> tuple[Values, ...]:
        """Every combination of values, the last axis fastest."""
        return tuple(itertools.product(*(axis.values for axis in self.axes)))

    def degradation(self, values: Values) -> Degradation:
        """What is done to a slice at these values."""
        worse = self.base
        for axis, value in zip(self.axes, values, strict=True):
            worse = _with(worse, axis.control, value)
        return worse

    def points(self) -> Iterator[Point]:
        """Every picture of one slice: interpolations first, then one network after another, so that each is loaded
        once."""
        for card in (*self.interpolations, *self.models):
            for values in self.settings:
                worse = self.degradation(values)
                if worse.reduction in card.scales:
                    yield Point(values, card.name, self._recipe(card, worse))

    def _recipe(self, card: Card, worse: Degradation) -> Recipe:
        plain = Recipe(card.name, worse.reduction, worse)
        if card.is_interpolation:
            return plain  # as the scores of test mode ask for it
        return replace(plain, device=self.device, precision=self.precision)


@dataclass(frozen=True, slots=True)
class SweepRequest:
    """A sweep over frames (volume * slices + slice) of one volume of a stack."""

    stack: StackInfo
    frames: tuple[int, ...]
    sweep: Sweep

    @property
    def total(self) -> int:
        """How many pictures are to be made."""
        return len(self.frames) * sum(1 for _ in self.sweep.points())


def _with(worse: Degradation, control: Control, value: float) -> Degradation:
    match control:
        case "noise":
            return replace(worse, noise_percent=value)
        case "blur":
            return replace(worse, blur_px=value)
        case "bias":
            return replace(worse, bias_percent=value)
        case "scale":
            return replace(worse, reduction=int(value))


def chosen_models(cards: Iterable[Card], scales: Sequence[int]) -> tuple[Card, ...]:
    """The networks among some cards that undo one of these reductions."""
    return tuple(card for card in cards if not card.is_interpolation and set(card.scales) & set(scales))
