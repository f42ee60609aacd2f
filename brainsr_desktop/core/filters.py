"""Small filters and binary morphology on slices (rows, columns), numpy only: what the metrics need."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Mask: TypeAlias = npt.NDArray[np.bool_]


def gaussian_taps(sigma_px: float, radius: int) -> Floats:
    """Samples of a Gaussian from -radius to radius, sum 1."""
    x = np.arange(-radius, radius + 1, dtype=np.float64)
    taps = np.exp(-(x**2) / (2.0 * sigma_px**2))
    return np.asarray(taps / taps.sum())


def separable(image: Floats, down: Floats, across: Floats | None = None) -> Floats:
    """Filter with symmetric, odd taps along rows (``down``) and columns (``across``, the same if absent); mirrored
    edges.

    Mirrored: the edge pixel comes twice.
    """
    across = down if across is None else across
    rows, columns = image.shape
    radius = len(down) // 2
    padded = np.pad(image, ((radius, radius), (0, 0)), mode="symmetric")
    first = np.zeros((rows, columns))
    for i, tap in enumerate(down):
        first += tap * padded[i : i + rows]
    radius = len(across) // 2
    padded = np.pad(first, ((0, 0), (radius, radius)), mode="symmetric")
    second = np.zeros((rows, columns))
    for i, tap in enumerate(across):
        second += tap * padded[:, i : i + columns]
    return second


def halved(image: Floats) -> Floats:
    """Mean of each block of 2 x 2 pixels; an odd last row or column is left out."""
    rows, columns = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
    even = image[:rows, :columns]
    return np.asarray((even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4.0)


def block_means(picture: npt.NDArray[np.floating], side: int) -> npt.NDArray[np.float64]:
    """Mean of each block of ``side`` x ``side`` pixels; both sides of the picture are multiples of it."""
    rows, columns = picture.shape[0] // side, picture.shape[1] // side
    blocks = picture.reshape(rows, side, columns, side)
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float64))


def dilated(mask: Mask, steps: int) -> Mask:
    """Grown by ``steps`` pixels in the four directions; outside the picture there is nothing."""
    for _ in range(steps):
        grown = mask.copy()
        grown[1:] |= mask[:-1]
        grown[:-1] |= mask[1:]
        grown[:, 1:] |= mask[:, :-1]
        grown[:, :-1] |= mask[:, 1:]
        mask = grown
    return mask


def eroded(mask: Mask, steps: int) -> Mask:
    """Shrunk by ``steps`` pixels from four directions; what lies outside the picture counts as not in the mask."""
    return ~dilated(np.pad(~mask, steps, constant_values=True), steps)[_inner(steps)] if steps else mask


def closed(mask: Mask, steps: int) -> Mask:
    """Dilation, then erosion: gaps up to twice ``steps`` pixels are closed."""
    return eroded(dilated(mask, steps), steps)


def labelled(mask: Mask) -> npt.NDArray[np.intp]:
    """Number (from 1) of the four-connected part that a pixel belongs to, 0 outside the mask."""
    index = np.full(mask.shape, -1, np.intp)
    count = int(mask.sum())
    index[mask] = np.arange(count)
    across, down = mask[:, 1:] & mask[:, :-1], mask[1:] & mask[:-1]
    first = np.concatenate([index[:, 1:][across], index[1:][down]])
    second = np.concatenate([index[:, :-1][across], index[:-1][down]])
    root = _roots(count, first, second)
    _, number = np.unique(root, return_inverse=True)
    labels = np.zeros(mask.shape, np.intp)
    labels[mask] = number.reshape(-1) + 1
    return labels


def filled(mask: Mask) -> Mask:
    """With its holes filled: parts of the background that do not touch the picture's edge."""
    background = labelled(~mask)
    edge = np.concatenate([background[0], background[-1], background[:, 0], background[:, -1]])
    return ~(np.isin(background, np.unique(edge)) & (background > 0))


def _inner(steps: int) -> tuple[slice, slice]:
    return slice(steps, -steps), slice(steps, -steps)


def _roots(count: int, first: npt.NDArray[np.intp], second: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Smallest member of the group of each of ``count`` items, where first[i] and second[i] belong together."""
    root = np.arange(count)
    while True:
        a, b = root[first], root[second]
        apart = a != b
        if not apart.any():
            return root
        np.minimum.at(root, np.maximum(a, b)[apart], np.minimum(a, b)[apart])
        while not np.array_equal(root[root], root):
            root = root[root]
