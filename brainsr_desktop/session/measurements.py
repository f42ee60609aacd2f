"""Measurements on slices: what the user drew, and what it says about a picture. Immutable values, no widget.

A measurement lies at a slice position of a stack, in mm of the slice's plane (see `core.measure`), so it is the same
in both panes, at every zoom and in every volume (echo, b-value, time point) of the stack.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.core import measure
from brainsr_desktop.core.measure import Peak, PointMm, Shape, Statistics, Units
from brainsr_desktop.session.pictures import Picture

Kind = Literal["distance", "profile", "ellipse", "rectangle"]
KINDS: Final[tuple[Kind, ...]] = ("distance", "profile", "ellipse", "rectangle")
Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measurement:
    """A line from ``start`` to ``end``, or the shape in the box between these corners. ``number`` is its name."""

    number: int
    slice_index: int
    kind: Kind
    start: PointMm
    end: PointMm

    @property
    def shape(self) -> Shape | None:
        """Which shape it is; None for lines."""
        return self.kind if self.kind == "ellipse" or self.kind == "rectangle" else None

    @property
    def length_mm(self) -> float:
        """Length of a line, diagonal of a box."""
        return measure.length_mm(self.start, self.end)

    @property
    def area_mm2(self) -> float:
        """Area of a shape; 0 for lines."""
        return 0.0 if self.shape is None else measure.area_mm2(self.shape, self.start, self.end)

    @property
    def handles(self) -> tuple[PointMm, ...]:
        """Places to take it by: both ends or four corners, and last the middle, which moves all of it."""
        (x0, y0), (x1, y1) = self.start, self.end
        middle = ((x0 + x1) / 2.0, (y0 + y1) / 2.0)
        if self.shape is None:
            return self.start, self.end, middle
        return (x0, y0), (x1, y0), (x1, y1), (x0, y1), middle

    def with_handle_at(self, handle: int, to: PointMm) -> Measurement:
        """The same measurement with one of its handles at another place."""
        x, y = to
        if handle == len(self.handles) - 1:
            old = self.handles[handle]
            return self.moved(x - old[0], y - old[1])
        if self.shape is None:
            return replace(self, start=to) if handle == 0 else replace(self, end=to)
        left, top, right, bottom = *self.start, *self.end
        left, right = (x, right) if handle in (0, 3) else (left, x)
        top, bottom = (y, bottom) if handle in (0, 1) else (top, y)
        return replace(self, start=(left, top), end=(right, bottom))

    def moved(self, dx_mm: float, dy_mm: float) -> Measurement:
        """The same measurement elsewhere."""
        (x0, y0), (x1, y1) = self.start, self.end
        return replace(self, start=(x0 + dx_mm, y0 + dy_mm), end=(x1 + dx_mm, y1 + dy_mm))


@dataclass(frozen=True, slots=True)
class Measuring:
    """The measurements of the stack in view, and which one and which of its handles the keys act on."""

    items: tuple[Measurement, ...] = ()
    selected: int | None = None
    """Number of a measurement."""
    handle: int | None = None
    """The handle that has the focus: the arrow keys move it. None: they go through the slices."""

    def of_slice(self, slice_index: int) -> tuple[Measurement, ...]:
        """What lies on a slice, oldest first."""
        return tuple(item for item in self.items if item.slice_index == slice_index)

    def find(self, number: int | None) -> Measurement | None:
        """A measurement by its number."""
        return next((item for item in self.items if item.number == number), None)

    @property
    def next_number(self) -> int:
        """A number that none has."""
        return max((item.number for item in self.items), default=0) + 1


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A profile: places from the start of the line (mm) and values in units, both (n,); NaN where there is none."""

    distance_mm: Floats
    values: Floats
    edge_mm: float | None
    peak: Peak | None


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What a measurement says about one picture; empty for a distance and for colour."""

    statistics: Statistics | None = None
    curve: Curve | None = None


Readings: TypeAlias = tuple[Reading | None, Reading | None]
"""Of the left and the right picture; None where there is no picture or no answer yet."""


def units_of(picture: Picture) -> Units:
    """How the stored values of a picture become values in units."""
    return Units(picture.slope, picture.intercept)


def values_inside(item: Measurement, picture: Picture) -> Floats:
    """The values in units of the pixels inside a shape, shape (n,); empty for lines and in colour."""
    if item.shape is None or picture.pixels.ndim != 2:
        return np.empty(0)
    stored = measure.inside(
        picture.pixels, picture.extent_mm, item.shape, item.start, item.end, picture.padding
    )
    return units_of(picture).of(stored)


def read(item: Measurement, left: Picture | None, right: Picture | None) -> Readings:
    """What a measurement says about two pictures of its slice. Their curves share their places.

    Takes up to 100 ms where a shape covers a large picture (see `cost`): then not for the GUI thread.
    """
    samples = measure.samples_for(item.length_mm, _finest_mm((left, right)))
    return _read(item, left, samples), _read(item, right, samples)


def cost(item: Measurement, left: Picture | None, right: Picture | None) -> float:
    """About how many pixels `read` looks at."""
    if item.shape is None:
        return float(measure.MOST_SAMPLES)
    width, height = abs(item.end[0] - item.start[0]), abs(item.end[1] - item.start[1])
    return width * height / _finest_mm((left, right)) ** 2


def _read(item: Measurement, picture: Picture | None, samples: int) -> Reading | None:
    if picture is None:
        return None
    if picture.pixels.ndim != 2:
        return Reading()
    if item.shape is not None:
        return Reading(statistics=measure.describe(values_inside(item, picture)))
    if item.kind == "profile":
        return Reading(curve=_curve(item, picture, samples))
    return Reading()


def _curve(item: Measurement, picture: Picture, samples: int) -> Curve:
    places = np.linspace(0.0, item.length_mm, samples)
    values = measure.profile(
        picture.pixels, picture.extent_mm, units_of(picture), item.start, item.end, samples, picture.padding
    )
    return Curve(places, values, measure.edge_width_mm(places, values), measure.peak_of(places, values))


def _finest_mm(pictures: tuple[Picture | None, ...]) -> float:
    sides = [
        min(picture.extent_mm[0] / picture.pixels.shape[0], picture.extent_mm[1] / picture.pixels.shape[1])
        for picture in pictures
        if picture is not None
    ]
    return min(sides, default=1.0)
