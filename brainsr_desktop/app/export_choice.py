"""What an export would be: which frames, which formats and why not the others, how large. No widgets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io.export_plan import plan, possible_formats
from brainsr_desktop.io.messages import ExportFormat, ExportOptions, ModelNote, OpenExport
from brainsr_desktop.ipc.messages import JobId
from brainsr_desktop.models.card import Card
from brainsr_desktop.session.state import ViewState

FORMATS: Final[tuple[tuple[ExportFormat, str], ...]] = (
    ("dicom", "DICOM series"),
    ("nifti", "NIfTI (.nii.gz)"),
    ("png", "PNG, 16 bit"),
    ("tiff", "TIFF stack, 16 bit"),
    ("gif", "Movie (GIF)"),
)
BYTES_PER_PIXEL: Final[dict[ExportFormat, float]] = {
    "dicom": 2.0,
    "nifti": 1.2,
    "png": 1.4,
    "tiff": 2.0,
    "gif": 0.05,
}
"""Typical sizes; head slices compress to about two thirds."""
J2K_PART: Final = 1 / 6
RLE_PART: Final = 0.4


@dataclass(frozen=True, slots=True)
class Selection:
    """Frames of a stack: all of it, or slices ``first`` to ``last`` (from 0, both ends in) of one volume."""

    stack: StackInfo
    first: int
    last: int
    volume: int | None = None

    @property
    def indices(self) -> tuple[int, ...]:
        """Frame indices (volume * slices + slice); volumes that no network may take are left out."""
        volumes = range(self.stack.volumes) if self.volume is None else (self.volume,)
        return tuple(
            volume * self.stack.slices + place
            for volume in volumes
            if self.stack.volume_unsuitable[volume] is None
            for place in range(self.first, self.last + 1)
        )


def whole(stack: StackInfo) -> Selection:
    """All of a stack."""
    return Selection(stack, 0, stack.slices - 1)


def obstacles(
    selection: Selection, state: ViewState, card: Card | None, *, anonymise: bool
) -> dict[ExportFormat, str]:
    """Why a format is not possible, by format; those that are possible are not named."""
    stack = selection.stack
    everything = tuple(name for name, _ in FORMATS)
    if stack.why_not is not None:
        return dict.fromkeys(everything, f"viewing only: {stack.why_not}")
    recipe = state.active_recipe
    request = OpenExport(
        job=JobId(0),
        stack=stack,
        stack_digest="",
        indices=selection.indices,
        geometry=stack.geometry.enlarged(recipe.scale),
        recipe=recipe,
        model=ModelNote(recipe.model, "", card.grid if card is not None else "half_pixel"),
        options=ExportOptions("", formats=everything, anonymise=anonymise),
    )
    frames, _ = plan(stack, selection.indices)
    if not frames:
        return dict.fromkeys(everything, "no slice of it can be enhanced")
    _, problems = possible_formats(request, frames)
    found: dict[ExportFormat, str] = {}
    for name in everything:
        reason = next((p.reason for p in problems if p.reason.startswith(f"{name}: ")), None)
        if reason is not None:
            found[name] = reason.removeprefix(f"{name}: ")
    return found


def size_bytes(
    selections: Sequence[Selection], scale: int, formats: Sequence[ExportFormat], transfer_syntax: str
) -> int:
    """About how much would be written."""
    pixels = sum(
        len(s.indices) * s.stack.geometry.rows * s.stack.geometry.columns * scale**2 for s in selections
    )
    parts = dict(BYTES_PER_PIXEL)
    parts["dicom"] *= {"j2k": J2K_PART, "rle": RLE_PART}.get(transfer_syntax, 1.0)
    return round(sum(pixels * parts[name] for name in formats))


def seconds_of(text: str) -> float | None:
    """The time for one slice that the label of a finished picture tells ("Network ... - CPU, 1.8 s")."""
    found = re.search(r"(\d+(?:\.\d+)?) s\b", text)
    return float(found.group(1)) if found else None
