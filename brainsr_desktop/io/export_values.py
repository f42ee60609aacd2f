"""From the network's numbers to the stored values of a file: rounded, kept in range, counted where cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.core.errors import BadOutput
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.language import tr

StoredType = Literal["int16", "uint16", "float32"]
HEADROOM: Final = 0.25
"""Part of the source's range that is kept free at each end of a scaled range: networks overshoot."""


@dataclass(frozen=True, slots=True)
class StoredValues:
    """How values are stored: source value = slope * stored + intercept, (1, 0) where the source's own units stay."""

    dtype: StoredType
    slope: float = 1.0
    intercept: float = 0.0

    @property
    def is_scaled(self) -> bool:
        return (self.slope, self.intercept) != (1.0, 0.0)

    def stored(self, pixels: NDArray[np.float32]) -> tuple[NDArray[np.generic], int]:
        """Stored values of a slice in source units, and how many of them had to be clipped.

        Raises:
            BadOutput: a value is not finite and cannot be stored as a whole number.
        """
        if self.dtype == "float32":
            return pixels.astype("<f4"), 0
        if not np.isfinite(pixels).all():
            raise BadOutput(tr("The enhanced slice holds values that are no numbers, so it was not written."))
        exact = np.rint((pixels.astype(np.float64) - self.intercept) / self.slope)
        limits = np.iinfo(self.dtype)
        clipped = int(np.count_nonzero((exact < limits.min) | (exact > limits.max)))
        return np.clip(exact, limits.min, limits.max).astype(np.dtype(self.dtype).newbyteorder("<")), clipped


def stored_differences(stack: StackInfo) -> StoredValues:
    """How the difference of two pictures of a stack is stored: in the source's units, with a sign."""
    kind = np.dtype(stack.dtype)
    return StoredValues("int16" if kind.kind in "iub" and kind.itemsize <= 2 else "float32")


def stored_values(stack: StackInfo, source_range: tuple[float, float] | None) -> StoredValues:
    """How the slices of a stack are stored.

    Sources of 8 to 16 bits keep their units and sign. A NIfTI source with more bits is stored as float32; a DICOM one
    is scaled to 16 bits over `source_range` (its smallest and largest value) with some headroom, 0 staying a whole
    number.
    """
    kind = np.dtype(stack.dtype)
    if kind.kind in "iub" and kind.itemsize <= 2:
        return StoredValues("int16" if kind.kind == "i" else "uint16")
    if stack.kind == "nifti" or source_range is None:
        return StoredValues("float32")
    return scaled_values(source_range, HEADROOM)


def scaled_values(value_range: tuple[float, float], headroom: float = 0.0) -> StoredValues:
    """16 unsigned bits over a range of values; the value 0, where it lies inside, is met exactly."""
    low, high = value_range
    extra = (high - low) * headroom
    low, high = low - extra, high + extra
    slope = (high - low) / 65535 or 1.0
    offset = float(np.rint(low / slope)) if low < 0.0 < high else low / slope
    return StoredValues("uint16", slope, offset * slope)
