"""What a pane is given to draw: pixels with their place and units, and a status that says what they are."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.core.measure import Padding
from brainsr_desktop.core.series import StackInfo


@dataclass(frozen=True, slots=True)
class ResultKey:
    """Names a result for good: stack (see `stack_name`), frame index (volume * slices + slice), recipe digest."""

    stack_digest: str
    frame: int
    recipe_digest: str


class PaneState(Enum):
    """States of the enhanced pane (INTERFACE section 8)."""

    EMPTY = "empty"
    NOT_SUITABLE = "not suitable"
    LOADING = "loading"
    INTERPOLATED = "interpolated"
    FAST = "fast"
    FULL = "full"
    CACHED = "cached"
    FAILED = "failed"
    OFF = "off"
    HELD = "held"
    """The network waits for the user's word; the input stands in, drawn smooth."""
    ORIGINAL = "original"
    """The left pane; or Space is held and the original is shown in the enhanced pane."""
    DEGRADED = "degraded"
    """Test mode: the left pane shows what the network gets."""
    REFERENCE = "reference"
    """Test mode: the left pane shows the truth."""
    DIFFERENCE = "difference"
    """A map of the change, not a picture of the head; so are the next three."""
    CONSISTENCY = "consistency"
    STABILITY = "stability"
    AGREEMENT = "agreement"


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """Straight pieces over a map, (pieces, 4) float64: x, y, end x, end y, mm of the slice's plane."""

    pieces: NDArray[np.float64]
    grave: bool = False
    """Red, where the reference speaks against it; else amber."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Pixels of one slice: (rows, columns) stored units, or (rows, columns, 3) uint8 colour.

    Value in units = slope * stored + intercept. It covers the whole slice: ``extent_mm`` (height, width), outer edges.
    ``key`` is the result key it was made for, None for source pixels; ``smooth`` asks for bilinear drawing.
    """

    pixels: NDArray[np.generic]
    extent_mm: tuple[float, float]
    slope: float = 1.0
    intercept: float = 0.0
    key: ResultKey | None = None
    smooth: bool = False
    inverted: bool = False
    """MONOCHROME1: low values are bright."""
    span: float | None = None
    """A map: the value in units at the upper end of its colours."""
    lowest: float | None = None
    """The value at the lower end; None: as far below zero, the map is one of signed differences."""
    padding: Padding | None = None
    """Which of its pixels are no image; they are not drawn and count nowhere."""
    unit: str | None = None
    """Unit of a map's values; None: that of the series."""
    outline: Outline | None = None
    """What a map draws attention to."""


def value_at(picture: Picture, x_mm: float, y_mm: float) -> float | None:
    """Value in units at a place of the slice's plane (see `RectMm`); None outside, in padding and in colour."""
    height, width = picture.extent_mm
    if picture.pixels.ndim != 2 or not (0.0 <= x_mm < width and 0.0 <= y_mm < height):
        return None
    rows, columns = picture.pixels.shape
    row, column = (
        np.minimum(int(y_mm / height * rows), rows - 1),
        np.minimum(int(x_mm / width * columns), columns - 1),
    )
    if picture.padding is not None and picture.padding.at(row, column, (rows, columns)):
        return None
    stored = picture.pixels[row, column]
    return picture.slope * float(stored) + picture.intercept


@dataclass(frozen=True, slots=True)
class PaneStatus:
    """The label of a pane: state, words, and progress 0..1 of a full network that is still computing."""

    state: PaneState
    text: str
    progress: float | None = None
    detail: str = ""
    """Technical text behind the Details button of a failure."""
    name: str = ""
    """The picture's short name, where there is no room for ``text``."""
    interpolated: bool = False
    """A finished picture that no network had a part in."""
    seconds: float | None = None
    """How long it took, if the result was made while it was in view."""
    device: str = ""
    """What it was made on, if it was made while it was in view."""
    legend: str = ""
    """What the colours of a map mean."""


class SliceState(Enum):
    """Tick of the slice slider."""

    NONE = "not computed"
    COMPUTING = "being computed"
    FAST = "fast result"
    FULL = "full result"
    FAILED = "failed"


def stack_name(stack: StackInfo) -> str:
    """Names a stack in result keys. The digest alone is not enough: stacks split from one file share it."""
    return f"{stack.digest}:{stack.id}"


def same_picture(one: Picture | None, other: Picture | None) -> bool:
    """Whether two pictures draw the same, without looking at pixels."""
    if one is None or other is None:
        return one is other
    return one.pixels is other.pixels and _facts(one) == _facts(other)


def _facts(picture: Picture) -> tuple[object, ...]:
    return tuple(getattr(picture, field.name) for field in fields(picture) if field.name != "pixels")
