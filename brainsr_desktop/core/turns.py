"""The eight ways to lay a slice: turned by quarters, mirrored or not; the flips and turns of the square."""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

COUNT: Final = 8

Kind = TypeVar("Kind", bound=np.generic)


def turned(picture: npt.NDArray[Kind], number: int) -> npt.NDArray[Kind]:
    """Way ``number`` (0..7; 0 as it is) to lay a picture (rows, columns); odd ways swap rows and columns."""
    quarters = np.rot90(picture, number % 4)
    return np.ascontiguousarray(quarters[:, ::-1] if number >= 4 else quarters)


def turned_back(picture: npt.NDArray[Kind], number: int) -> npt.NDArray[Kind]:
    """Undo ``turned``."""
    quarters = picture[:, ::-1] if number >= 4 else picture
    return np.ascontiguousarray(np.rot90(quarters, -(number % 4)))
