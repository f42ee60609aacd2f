"""The edge of a mask as straight pieces along pixel edges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def outline_of(mask: NDArray[np.bool_] | NDArray[np.uint8]) -> NDArray[np.int32]:
    """The edge of a mask (rows, columns), (pieces, 4): row, column, end row, end column.

    Coordinates count pixel edges: (0, 0) is the outer corner of the first pixel.
    """
    inside = np.pad(mask != 0, 1)
    level = _runs(inside[1:, 1:-1] != inside[:-1, 1:-1])
    upright = _runs((inside[1:-1, 1:] != inside[1:-1, :-1]).T)
    edge, first, end = level.T
    across = np.stack([edge, first, edge, end], axis=1)
    edge, first, end = upright.T
    return np.concatenate([across, np.stack([first, edge, end, edge], axis=1)]).astype(np.int32)


def _runs(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Runs of set flags along each row, (runs, 3): row, first, one past the last."""
    steps = np.diff(np.pad(flags, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, first = np.nonzero(steps == 1)
    _, end = np.nonzero(steps == -1)
    return np.stack([rows, first, end], axis=1)
