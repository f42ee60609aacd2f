"""What the panes show of the slice's plane: a centre and one scale for both, in mm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from brainsr_desktop.session.state import RectMm

PointMm: TypeAlias = tuple[float, float]
SizePx: TypeAlias = tuple[float, float]

FIT_MARGIN: Final = 1.02
"""A fitted slice keeps this much room, so that its edge is seen as an edge."""


@dataclass(frozen=True, slots=True)
class Field:
    """Centre (x, y) in mm from the slice's outer top left corner, and mm in one logical screen pixel."""

    x: float
    y: float
    mm_per_px: float

    def rect(self, pane_px: SizePx) -> RectMm:
        """The part of the plane that a pane of (width, height) logical pixels shows."""
        width, height = pane_px[0] * self.mm_per_px, pane_px[1] * self.mm_per_px
        return RectMm(self.x - width / 2, self.y - height / 2, width, height)


def field_of(rect: RectMm | None, extent_mm: PointMm, pane_px: SizePx) -> Field:
    """The field that shows all of ``rect``, or of a slice of ``extent_mm`` (height, width) where it is None (fit)."""
    height, width = extent_mm
    if rect is None:
        rect = RectMm(0.0, 0.0, width, height)
        margin = FIT_MARGIN
    else:
        margin = 1.0
    scale = max(rect.width / max(pane_px[0], 1.0), rect.height / max(pane_px[1], 1.0)) * margin
    return Field(rect.x + rect.width / 2, rect.y + rect.height / 2, scale)
