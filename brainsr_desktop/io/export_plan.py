"""Which pictures of a stack go into an export, what numbers they get, and which formats are possible."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from brainsr_desktop.core.errors import Problem, UsageError
from brainsr_desktop.core.recipe import DEGRADED
from brainsr_desktop.core.series import FrameInfo, StackInfo
from brainsr_desktop.io.messages import ExportFormat, ExportOptions, OpenExport
from brainsr_desktop.language import tr

RULES: Final = 1
"""Version of the export's rules; raised whenever the same export would give other files."""

STEP_TOLERANCE: Final = 0.01
STEP_TOLERANCE_MM: Final = 0.05
"""How far a slice may lie from its place in an evenly spaced stack: part of the step, or mm."""

_ALWAYS: Final[tuple[ExportFormat, ...]] = ("png", "png8", "tiff", "gif", "csv", "report")
WINDOWED: Final[frozenset[ExportFormat]] = frozenset({"gif", "png8", "report"})
"""Formats that show the values under the present grey window."""

_POSSIBLE: Final[dict[str, tuple[ExportFormat, ...]]] = {
    "dicom": ("dicom", "nifti", *_ALWAYS),
    "nifti": ("nifti", *_ALWAYS),
    "png": _ALWAYS,
    "jpeg": _ALWAYS,
    "tiff": _ALWAYS,
    "mat": _ALWAYS,
    "numpy": _ALWAYS,
}


@dataclass(frozen=True, slots=True)
class PlannedFrame:
    """One picture of the export.

    ``number`` is its InstanceNumber and names its file; ``copy`` tells apart pictures that claim one SOP instance UID.
    """

    index: int
    volume: int
    slice_index: int
    frame: FrameInfo
    number: int
    copy: int = 0


def plan(stack: StackInfo, indices: Iterable[int]) -> tuple[tuple[PlannedFrame, ...], tuple[Problem, ...]]:
    """Pictures to export in the order of their numbers, and a problem for each that is left out.

    Raises:
        UsageError: an index does not exist.
    """
    numbers, copies = _instance_numbers(stack), _copies(stack)
    planned: list[PlannedFrame] = []
    problems: list[Problem] = []
    unsuitable: Counter[int] = Counter()
    for index in sorted(set(indices)):
        if not 0 <= index < len(stack.frames):
            raise UsageError(tr("The series has no slice with the index {index}.", index=index))
        volume, slice_index = divmod(index, stack.slices)
        frame = stack.frames[index]
        if frame is None:
            reason = tr(
                "slice {number} of volume {volume} is missing in the source",
                number=slice_index + 1,
                volume=volume + 1,
            )
            problems.append(Problem("", "MISSING_SLICE", reason, tr("left out")))
        elif stack.volume_unsuitable[volume] is not None:
            unsuitable[volume] += 1
        else:
            planned.append(PlannedFrame(index, volume, slice_index, frame, numbers[index], copies[index]))
    for volume, count in sorted(unsuitable.items()):
        name = stack.volume_labels[volume] or tr("volume {volume}", volume=volume + 1)
        reason = f"{name}: {stack.volume_unsuitable[volume]} ({count} slices)"
        problems.append(Problem("", "UNSUITABLE_VOLUME", reason, tr("left out")))
    return tuple(sorted(planned, key=lambda item: item.number)), tuple(problems)


def possible_formats(
    request: OpenExport, frames: Sequence[PlannedFrame]
) -> tuple[list[ExportFormat], list[Problem]]:
    """The formats that can be written, and a problem for each that cannot, with its reason."""
    possible: list[ExportFormat] = []
    problems: list[Problem] = []
    for name in dict.fromkeys(request.options.formats):
        obstacle = _obstacle(request, name, frames)
        if obstacle is None:
            possible.append(name)
        else:
            code, reason = obstacle
            problems.append(Problem("", code, f"{name}: {reason}", tr("not written")))
    return possible, problems


def fingerprint(request: OpenExport, frames: Sequence[PlannedFrame], formats: Sequence[str]) -> str:
    """Hex SHA-256 of all that decides the files: sources and their pixels, model and recipe, options, these rules.

    The device is left out: an export may go on with another one.
    """
    recipe, options = request.recipe, request.options
    text = json.dumps(
        [
            RULES,
            sorted(
                (item.frame.sop_uid or item.frame.path, item.frame.frame, item.frame.tile or 0)
                for item in frames
            ),
            request.stack_digest or request.stack.digest,
            [recipe.model, request.model.sha256, recipe.scale, recipe.precision, recipe.strength]
            + ["careful"] * recipe.careful,
            recipe.degradation.choices() if recipe.degradation is not None else None,
            [sorted(formats), options.anonymise, options.transfer_syntax],
            options.window if WINDOWED & set(formats) else None,
            *_further(options, formats),
        ],
        sort_keys=True,
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _further(options: ExportOptions, formats: Sequence[str]) -> list[object]:
    """Choices that came later: named only where they are taken, so that older exports stay known."""
    found: list[object] = []
    if options.picture != "enhanced":
        found.append(options.picture)
    if options.inverted and WINDOWED & set(formats):
        found.append("inverted")
    if options.for_figures and "png8" in formats:
        found.append("figures")
    if options.hide_patient and "report" in formats:
        found.append("hidden")
    return found


def _instance_numbers(stack: StackInfo) -> list[int]:
    """InstanceNumber of every picture: the source's own where they are all different and each has a file to itself,
    else 1 to n by volume and by position along the normal."""
    present = [frame for frame in stack.frames if frame is not None]
    own = [frame.instance_number for frame in present]
    one_a_file = len({(frame.path, frame.member) for frame in present}) == len(present)
    if one_a_file and len(set(own)) == len(own) and all(n is not None and 0 <= n < 2**31 for n in own):
        return [frame.instance_number or 0 if frame is not None else -1 for frame in stack.frames]
    order = np.argsort(stack.geometry.offsets_mm(), kind="stable")
    place = {int(slice_index): rank for rank, slice_index in enumerate(order)}
    return [
        volume * stack.slices + place[slice_index] + 1
        for volume in range(stack.volumes)
        for slice_index in range(stack.slices)
    ]


def _copies(stack: StackInfo) -> list[int]:
    seen: Counter[tuple[str, int, int]] = Counter()
    copies = []
    for frame in stack.frames:
        key = (frame.sop_uid, frame.frame, frame.tile or 0) if frame is not None else ("", 0, 0)
        copies.append(seen[key])
        seen[key] += 1
    return copies


def _obstacle(
    request: OpenExport, name: ExportFormat, frames: Sequence[PlannedFrame]
) -> tuple[str, str] | None:
    """Code and reason why a format cannot be written; None where it can."""
    stack = request.stack
    if stack.samples != 1:
        return "COLOUR", tr("colour pictures are not exported")
    if name not in _POSSIBLE[stack.kind]:
        return (
            "NO_DICOM_SOURCE" if name == "dicom" else "NO_POSITION",
            tr("the source is a {upper} file", upper=stack.kind.upper()),
        )
    if name in ("dicom", "nifti"):
        if not stack.has_spacing:
            return "NO_SPACING", tr("the source does not say how large its pixels are")
        if not stack.has_position and not (name == "nifti" and stack.kind == "nifti"):
            return "NO_POSITION", tr("the source does not say where its slices lie")
    if name == "dicom":
        return _dicom_obstacle(request, frames)
    return _nifti_obstacle(stack, frames) if name == "nifti" else None


def _dicom_obstacle(request: OpenExport, frames: Sequence[PlannedFrame]) -> tuple[str, str] | None:
    if request.stack.modality != "MR":
        return "NOT_MR", tr("only MR series are written as DICOM")
    if request.options.picture == "original":
        return "ORIGINAL", tr("the original slices are a DICOM series already")
    if request.options.picture == "difference":
        return "DIFFERENCE", tr("a difference is no picture of the patient")
    if request.recipe.degradation is not None or request.recipe.model == DEGRADED:
        return "TEST_PICTURE", tr("degraded pictures of the test mode are never written as a DICOM series")
    if request.model.grid != "half_pixel":
        return "NO_GRID", tr("the model does not state a half-pixel grid, so the position would be wrong")
    if not request.options.anonymise and any(not item.frame.sop_uid for item in frames):
        return "NO_UID", tr("a source file has no SOP instance UID; possible with patient data removed")
    return None


def _nifti_obstacle(stack: StackInfo, frames: Sequence[PlannedFrame]) -> tuple[str, str] | None:
    slices: dict[int, set[int]] = {}
    for item in frames:
        slices.setdefault(item.volume, set()).add(item.slice_index)
    if len({frozenset(found) for found in slices.values()}) > 1:
        return "GAP", tr("not every volume has the same slices")
    return spacing_obstacle(stack, sorted({item.slice_index for item in frames}))


def spacing_obstacle(stack: StackInfo, slices: Sequence[int]) -> tuple[str, str] | None:
    """Why those slices cannot be one evenly spaced image; None where they can.

    The places are compared with the straight line through them, so the rounding of single positions does not count.
    """
    if len(slices) < 2:
        return None
    offsets = np.sort(stack.geometry.offsets_mm()[list(slices)])
    ranks = np.arange(len(offsets))
    step = float(offsets[-1] - offsets[0]) / (len(offsets) - 1)
    away = (
        np.abs(offsets - np.polyval(np.polyfit(ranks, offsets, 1), ranks))
        if len(offsets) > 2
        else np.zeros(2)
    )
    if step <= 0.0 or np.diff(offsets).min() < step / 2:
        return "DUPLICATE_POSITION", tr("two slices lie at one position")
    if float(away.max()) > max(STEP_TOLERANCE * step, STEP_TOLERANCE_MM):
        return "GAP", tr("the slices are not evenly spaced (a slice is missing, or their distances differ)")
    return None
