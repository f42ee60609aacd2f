"""Small known structures, put into a true slice before it is degraded: how much of them does a network give back?

What a network makes of the slice with them less what it makes of the slice without is its answer to them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from brainsr_desktop.core.filters import eroded, gaussian_taps, separable
from brainsr_desktop.core.intensity import robust_range

Floats: TypeAlias = npt.NDArray[np.float32]
Doubles: TypeAlias = npt.NDArray[np.float64]
AnyFloats: TypeAlias = npt.NDArray[np.floating]
Mask: TypeAlias = npt.NDArray[np.bool_]
Window: TypeAlias = tuple[slice, slice]
Kind = Literal["dot", "line", "lesion"]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
SIZES_MM: Final = (1.0, 2.0, 4.0, 8.0)
CONTRASTS: Final = (2.0, 5.0, 10.0, 20.0, 30.0, 50.0)
LINE_LENGTHS: Final = 3.0
"""A line is so many times as long as it is wide."""
FWHM_TO_SIGMA: Final = 1.0 / (2.0 * math.sqrt(2.0 * math.log(2.0)))
GAP_MM: Final = 4.0
"""Two structures and their surroundings keep this distance."""
CORE: Final = 0.5
"""A structure's core is where its profile is at least this."""
FINER: Final = 8
"""Edges are drawn so many times finer than the pixels, along rows and columns."""
RING_MM: Final = 3.0
"""Width of the surroundings that a core is compared with."""
FOUND_PERCENT: Final = 20.0
"""Where less of the contrast is recovered, there is nothing whose place could be told."""
FALSE_MM: Final = 3.0
FALSE_PERCENT: Final = 10.0
FALSE_SHARE: Final = 0.25
_TRIES: Final = 400


@dataclass(frozen=True, slots=True)
class Structure:
    """``kind``, ``size_mm`` (diameter of a dot, width of a line, full width at half maximum of a lesion), ``contrast``
    in percent of the slice's robust range (negative: darker), ``place`` (row, column) of its centre in pixels of the
    slice, and the ``angle`` of a line in radians, 0 along a row.

    A dot and a line have sharp edges; a lesion is a Gaussian hill.
    """

    kind: Kind
    size_mm: float
    contrast: float
    place: tuple[float, float]
    angle: float = 0.0

    @property
    def reach_mm(self) -> float:
        """Radius around the place beyond which nothing of it is left."""
        if self.kind == "lesion":
            return 1.5 * self.size_mm
        return 0.5 * self.size_mm * (LINE_LENGTHS if self.kind == "line" else 1.0)


@dataclass(frozen=True, slots=True)
class Recovered:
    """How much of a structure came back: ``contrast`` 1.0 = all of it, negative = inverted; ``position_error_mm`` the
    distance of the centres, None where too little came back to have a place."""

    contrast: float
    position_error_mm: float | None


def profile(structure: Structure, shape: tuple[int, ...], spacing_mm: tuple[float, float]) -> Doubles:
    """The structure alone with a height of 1, (rows, columns) float64.

    A pixel at the edge of a dot or a line has the share of it that is covered.
    """
    if structure.kind == "lesion":
        down, across = _offsets(structure, shape, spacing_mm, 1)
        sigma = structure.size_mm * FWHM_TO_SIGMA
        return np.asarray(np.exp(-(down**2 + across**2) / (2.0 * sigma**2)))
    whole = np.zeros(shape)
    window = _window(structure, shape, spacing_mm)
    rows, columns = (part.stop - part.start for part in window)
    down, across = (
        offsets[tuple(slice(part.start * FINER, part.stop * FINER) if size > 1 else slice(None)
                      for part, size in zip(window, offsets.shape, strict=True))]
        for offsets in _offsets(structure, shape, spacing_mm, FINER)
    )  # fmt: skip
    part_mm = math.sqrt(spacing_mm[0] * spacing_mm[1]) / FINER
    covered = _covered(structure, down, across, part_mm).reshape(rows, FINER, columns, FINER)
    whole[window] = covered.mean(axis=(1, 3))
    return whole


def plant(truth: AnyFloats, structures: Sequence[Structure], spacing_mm: tuple[float, float]) -> Floats:
    """A true slice (rows, columns), any unit, with structures in it, float32. Contrasts are of its robust range."""
    low, high = robust_range(truth)
    planted = np.asarray(truth, np.float64).copy()
    for structure in structures:
        planted += structure.contrast / 100.0 * (high - low) * profile(structure, truth.shape, spacing_mm)
    return planted.astype(np.float32)


def drawn(
    truth: AnyFloats,
    head: Mask,
    wanted: Sequence[tuple[Kind, float, float]],
    spacing_mm: tuple[float, float],
    *,
    seed: int,
    number: int,
) -> tuple[Structure, ...]:
    """Structures of ``wanted`` (kind, size in mm, contrast in percent) at places inside the head, by chance.

    They keep apart, at least `GAP_MM` and the surroundings that are looked at, and away from the head's edge. Brighter
    or darker by chance, as far as the slice stays within its range. What finds no place is left out: the result may be
    shorter than ``wanted``. ``seed`` and ``number`` (of the slice) give the same structures in any process.
    """
    generator = np.random.Generator(np.random.Philox(key=[seed, number]))
    low, high = robust_range(truth)
    if not high > low:
        return ()
    level = (np.asarray(truth, np.float64) - low) / (high - low)
    taken: list[Structure] = []
    for kind, size_mm, contrast in wanted:
        edge_px = math.ceil((size_mm / 2.0 + RING_MM) / min(spacing_mm))
        inner = eroded(head, edge_px)
        rows, columns = np.nonzero(inner)
        if rows.size == 0:
            continue
        for _ in range(_TRIES):
            pick = int(generator.integers(rows.size))
            shift = generator.uniform(-0.5, 0.5, 2)
            place = float(rows[pick] + shift[0]), float(columns[pick] + shift[1])
            angle = float(generator.uniform(0.0, math.pi)) if kind == "line" else 0.0
            sign = 1.0 if generator.random() < 0.5 else -1.0
            here = float(level[rows[pick], columns[pick]])
            if not 0.0 <= here + sign * contrast / 100.0 <= 1.0:
                sign = -sign
            if not 0.0 <= here + sign * contrast / 100.0 <= 1.0:
                continue
            found = Structure(kind, size_mm, sign * contrast, place, angle)
            if _ends_inside(found, inner, spacing_mm) and all(
                _apart(found, other, spacing_mm) for other in taken
            ):
                taken.append(found)
                break
    return tuple(taken)


def recovered(
    answer: AnyFloats, structure: Structure, spacing_mm: tuple[float, float], range_size: float
) -> Recovered:
    """What a network gave back of a structure.

    ``answer`` (rows, columns) is the enhanced slice with it less the enhanced slice without; ``range_size`` the truth's
    robust range in the same unit. The contrast is the mean over the structure's core less that over a ring of
    `RING_MM` around it, over the same of the structure itself (the contrast recovery of NEMA NU 2). The place is the
    centroid of what rises above half of the greatest height.
    """
    window = _window(structure, answer.shape, spacing_mm)
    truth = profile(structure, answer.shape, spacing_mm)[window]
    got = np.asarray(answer[window], np.float64) / (structure.contrast / 100.0 * range_size)
    near, ring = (mask[window] for mask in _surroundings(structure, answer.shape, spacing_mm))
    core = truth >= CORE * truth.max()
    ring &= ~core
    share = _contrast(got, core, ring) / _contrast(truth, core, ring)
    if share < FOUND_PERCENT / 100.0:
        return Recovered(share, None)
    near |= core
    centres = [_centroid(np.where(near, values, 0.0), spacing_mm) for values in (got, truth)]
    return Recovered(share, math.dist(*centres))


def false_structures(
    enhanced: AnyFloats, truth: AnyFloats, head: Mask, spacing_mm: tuple[float, float]
) -> int:
    """Spots in the head of an enhanced slice that the truth does not have.

    A spot is a local extreme of the difference of two Gaussians that fits spots of `FALSE_MM`, with a contrast of
    `FALSE_PERCENT` of the truth's robust range or more. It is false where the truth, up to one such radius away, has
    less than `FALSE_SHARE` of it with the same sign.
    """
    low, high = robust_range(truth)
    if not high > low:
        return 0
    ours, theirs = (_spots(picture, spacing_mm) / (high - low) for picture in (enhanced, truth))
    reach = [max(1, round(FALSE_MM / 2.0 / side)) for side in spacing_mm]
    count = 0
    for sign in (1.0, -1.0):
        mine, there = sign * ours, _greatest(sign * theirs, reach)
        top = (mine >= _greatest(mine, reach)) & (mine >= FALSE_PERCENT / 100.0) & head
        count += int((top & (there < FALSE_SHARE * mine)).sum())
    return count


def _spots(picture: AnyFloats, spacing_mm: tuple[float, float]) -> Doubles:
    """Answer to spots: a Gaussian hill of `FALSE_MM` full width has its own height; a plane has none."""
    sigma = FALSE_MM * FWHM_TO_SIGMA
    exact = np.asarray(picture, np.float64)
    near, far = (
        separable(exact, *(gaussian_taps(s / side, math.ceil(3.0 * s / side)) for side in spacing_mm))
        for s in (sigma / 2.0, 2.0 * sigma)
    )
    # A hill of variance v, blurred by u, has the height v / (v + u): 4/5 near, 1/5 far.
    return np.asarray((near - far) / (0.8 - 0.2))


def _greatest(values: Doubles, reach: Sequence[int]) -> Doubles:
    """Greatest value up to ``reach`` rows and columns away."""
    greatest = values
    for axis, steps in enumerate(reach):
        padded = np.pad(greatest, [(steps, steps) if a == axis else (0, 0) for a in (0, 1)], mode="edge")
        greatest = np.lib.stride_tricks.sliding_window_view(padded, 2 * steps + 1, axis).max(axis=-1)
    return greatest


def _ends_inside(structure: Structure, inner: Mask, spacing_mm: tuple[float, float]) -> bool:
    """Whether both ends of a line lie in a mask; what is no line ends where it is."""
    if structure.kind != "line":
        return True
    half_mm = LINE_LENGTHS * structure.size_mm / 2.0
    for sign in (1.0, -1.0):
        row = round(structure.place[0] - sign * half_mm * math.sin(structure.angle) / spacing_mm[0])
        column = round(structure.place[1] + sign * half_mm * math.cos(structure.angle) / spacing_mm[1])
        if not (0 <= row < inner.shape[0] and 0 <= column < inner.shape[1] and inner[row, column]):
            return False
    return True


def _apart(one: Structure, other: Structure, spacing_mm: tuple[float, float]) -> bool:
    distance = math.dist(*((s.place[0] * spacing_mm[0], s.place[1] * spacing_mm[1]) for s in (one, other)))
    return distance > one.reach_mm + other.reach_mm + RING_MM + GAP_MM


def _offsets(
    structure: Structure, shape: tuple[int, ...], spacing_mm: tuple[float, float], finer: int
) -> tuple[Doubles, Doubles]:
    """Distance of rows and of columns from the place, mm, each ``finer`` times as many as the picture has."""
    down, across = (
        ((np.arange(size * finer) + 0.5) / finer - 0.5 - centre) * side
        for size, centre, side in zip(shape, structure.place, spacing_mm, strict=True)
    )
    return down[:, None], across[None, :]


def _turned(structure: Structure, down: Doubles, across: Doubles) -> tuple[Doubles, Doubles]:
    """Along the structure's angle, and across it."""
    cosine, sine = math.cos(structure.angle), math.sin(structure.angle)
    return across * cosine - down * sine, across * sine + down * cosine


def _inside(structure: Structure, down: Doubles, across: Doubles, wider_mm: float = 0.0) -> Mask:
    """Whether a place lies in the structure, widened to all sides (a line to its two long ones)."""
    half = structure.size_mm / 2.0
    if structure.kind != "line":
        return np.asarray(np.hypot(down, across) <= half + wider_mm)
    along, aside = _turned(structure, down, across)
    return np.asarray((np.abs(aside) <= half + wider_mm) & (np.abs(along) <= LINE_LENGTHS * half))


def _covered(structure: Structure, down: Doubles, across: Doubles, part_mm: float) -> Doubles:
    """Share of parts of a pixel, ``part_mm`` wide, that lies in a dot or a line: by how far its edge is away."""
    half = structure.size_mm / 2.0

    def within(distance: Doubles, end: float) -> Doubles:
        """From 1 inside to 0 outside, half at the edge itself."""
        return np.clip((end - distance) / part_mm + 0.5, 0.0, 1.0)

    if structure.kind != "line":
        return within(np.hypot(down, across), half)
    along, aside = _turned(structure, down, across)
    return within(np.abs(aside), half) * within(np.abs(along), LINE_LENGTHS * half)


def _surroundings(
    structure: Structure, shape: tuple[int, ...], spacing_mm: tuple[float, float]
) -> tuple[Mask, Mask]:
    """The structure with what is near it, and the ring around it, a pixel away from its edge."""
    down, across = _offsets(structure, shape, spacing_mm, 1)
    near = _inside(structure, down, across, RING_MM)
    return near, near & ~_inside(structure, down, across, math.sqrt(spacing_mm[0] * spacing_mm[1]))


def _window(structure: Structure, shape: tuple[int, ...], spacing_mm: tuple[float, float]) -> Window:
    reach = structure.reach_mm + RING_MM
    rows, columns = (
        slice(max(0, math.floor(centre - reach / side)), min(size, math.ceil(centre + reach / side) + 1))
        for centre, side, size in zip(structure.place, spacing_mm, shape, strict=True)
    )
    return rows, columns


def _contrast(values: Doubles, core: Mask, ring: Mask) -> float:
    return float(values[core].mean()) - (float(values[ring].mean()) if ring.any() else 0.0)


def _centroid(values: Doubles, spacing_mm: tuple[float, float]) -> tuple[float, float]:
    """Of what rises above half of the greatest value, mm from the first pixel."""
    weight = np.maximum(values - 0.5 * values.max(), 0.0)
    rows, columns = np.indices(values.shape)
    row, column = (float((weight * axis).sum() / weight.sum()) for axis in (rows, columns))
    return row * spacing_mm[0], column * spacing_mm[1]
