"""How well a network's spread tells where it is wrong: rank correlation by block, and the reliability curve.

The spread is that of careful mode, the standard deviation of the answers to the eight flips and turns of a slice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from brainsr_desktop.core.filters import block_means

Floats: TypeAlias = npt.NDArray[np.float64]
AnyFloats: TypeAlias = npt.NDArray[np.floating]
Mask: TypeAlias = npt.NDArray[np.bool_]

BLOCK_PX: Final = 8
BINS: Final = 10


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a reliability curve: root mean square of ``spread`` and of ``error`` over ``count`` blocks."""

    spread: float
    error: float
    count: int


def by_block(
    spread: AnyFloats, error: AnyFloats, mask: Mask | None = None, side: int = BLOCK_PX
) -> tuple[Floats, Floats]:
    """Root mean square of spread and of error in every whole block of ``side`` x ``side`` pixels, one value each.

    ``spread`` and ``error`` (rows, columns), same unit, all finite. Only blocks that lie in ``mask`` by half or more; a
    rest of fewer than ``side`` rows or columns at the far edges is left out.

    Raises:
        ValueError: the shapes differ.
    """
    if spread.shape != error.shape or (mask is not None and mask.shape != spread.shape):
        raise ValueError(f"A spread of {spread.shape} pixels is not that of an error of {error.shape}.")
    rows, columns = (size // side * side for size in spread.shape)
    roots = [
        np.sqrt(block_means(np.square(np.asarray(a[:rows, :columns], np.float64)), side))
        for a in (spread, error)
    ]
    if mask is None:
        return roots[0].ravel(), roots[1].ravel()
    inside = block_means(mask[:rows, :columns].astype(np.float64), side) >= 0.5
    return roots[0][inside], roots[1][inside]


def rank_correlation(first: AnyFloats, second: AnyFloats) -> float:
    """Spearman's rank correlation, -1..1, equal values sharing their mean rank; 0.0 where one of them is constant.

    Raises:
        ValueError: the numbers of values differ.
    """
    if first.size != second.size:
        raise ValueError(f"{first.size} and {second.size} values make no pairs.")
    one, two = (_ranks(np.ravel(values)) for values in (first, second))
    if one.size < 2:
        return 0.0
    one, two = one - one.mean(), two - two.mean()
    norm = float(np.sqrt(np.square(one).sum() * np.square(two).sum()))
    return float((one * two).sum()) / norm if norm > 0.0 else 0.0


def reliability(spread: AnyFloats, error: AnyFloats, bins: int = BINS) -> tuple[Point, ...]:
    """The reliability curve: blocks in order of their spread, parted into ``bins`` of (nearly) equal number.

    A spread that were the error itself would give points on the diagonal. Fewer points where there are fewer blocks.
    """
    order = np.argsort(np.ravel(spread), kind="stable")
    parts = np.array_split(order, min(bins, order.size)) if order.size else []
    return tuple(
        Point(
            _root_mean_square(np.ravel(spread)[part]),
            _root_mean_square(np.ravel(error)[part]),
            int(part.size),
        )
        for part in parts
    )


def _root_mean_square(values: AnyFloats) -> float:
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))


def _ranks(values: AnyFloats) -> Floats:
    """Ranks from 0, equal values with the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts + 1) / 2.0)[inverse.reshape(-1)], np.float64)
