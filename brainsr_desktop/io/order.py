"""Slices in order: where positions are equal, which way a stack runs, and where a slice seems to be missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.geometry import Geometry
from brainsr_desktop.io import limits
from brainsr_desktop.io.records import Picture
from brainsr_desktop.io.text import natural_key
from brainsr_desktop.language import tr, trn

GAP_FACTOR: Final = 1.5
UNEVEN_MM: Final = 0.1
"""Steps that differ from the median by more than this, and by more than the part of it that the limits allow, are
reported (rounded positions differ by less)."""
TILT_PX: Final = 0.5


def tolerance(pictures: Sequence[Picture]) -> float:
    """Positions closer than this along the normal are equal, mm."""
    thickness = next((p.thickness_mm for p in pictures if p.thickness_mm), None)
    return min(0.1, 0.1 * thickness) if thickness else 0.05


def buckets(offsets: NDArray[np.float64], within: float) -> list[list[int]]:
    """Indices of equal offsets, ascending; a bucket is never wider than the tolerance."""
    found: list[list[int]] = []
    start = -np.inf
    for index in np.argsort(offsets, kind="stable"):
        if offsets[index] - start > within:
            found.append([])
            start = offsets[index]
        found[-1].append(int(index))
    return found


def by_position(pictures: Sequence[Picture]) -> list[list[Picture]]:
    """Pictures by position: from foot to head, right to left or front to back, whatever their normal says."""
    plane = pictures[0].plane
    assert plane is not None
    normal = np.cross(plane.row_direction, plane.column_direction)
    axis = int(np.argmax(np.abs(normal)))
    direction = normal if normal[axis] > 0 else -normal
    offsets = np.asarray([p.plane.position for p in pictures if p.plane is not None]) @ direction
    found = [[pictures[index] for index in bucket] for bucket in buckets(offsets, tolerance(pictures))]
    for members in found:
        members.sort(key=first_key)
    return found


def without_positions(pictures: Sequence[Picture]) -> tuple[list[Picture], str]:
    """Order and a note: slice location, instance number, time, file name, whichever tells all pictures apart first."""
    if len(pictures) == 1:
        return list(pictures), ""
    locations = [picture.slice_location for picture in pictures]
    if None not in locations and len(set(locations)) == len(pictures):
        return sorted(pictures, key=lambda p: p.slice_location or 0.0), tr("order from slice locations")
    numbers = [(picture.instance_number, picture.tile) for picture in pictures]
    if all(number is not None for number, _ in numbers) and len(set(numbers)) == len(pictures):
        return sorted(pictures, key=lambda p: (p.instance_number or 0, p.tile or 0)), tr(
            "order from instance numbers"
        )
    times = [picture.time_s for picture in pictures]
    if None not in times and len(set(times)) == len(pictures):
        return sorted(pictures, key=lambda p: p.time_s or 0.0), tr("order from times")
    return sorted(pictures, key=lambda p: (natural_key(p.file.shown), p.frame, p.tile or 0)), tr(
        "order from file names"
    )


def first_key(picture: Picture) -> tuple[object, ...]:
    """Sort key of pictures in the order in which they were made."""
    number = picture.instance_number
    return (number is None, number or 0, picture.tile or 0, natural_key(picture.file.shown), picture.frame)


def check_steps(positions: Sequence[Sequence[Picture]], geometry: Geometry) -> tuple[Problem, ...]:
    """Missing slices, uneven steps, overlaps and slices that shift sideways, each named by the two files.

    Slices that all overlap alike were made so: only a step that is shorter than the others is told.
    """
    if len(positions) < 2:
        return ()
    places = np.asarray(geometry.positions_mm)
    steps = np.abs(np.diff(places @ np.asarray(geometry.normal)))
    usual = float(np.median(steps))
    problems: list[Problem] = []
    gaps: list[int] = []
    uneven: list[int] = []
    for index, step in enumerate(steps):
        if len(steps) > 1 and step > GAP_FACTOR * usual:
            gaps.append(index)
        elif abs(step - usual) > max(limits.current().uneven_percent / 100 * usual, UNEVEN_MM):
            uneven.append(index)
    for index in gaps[:20]:
        count = round(float(steps[index]) / usual) - 1 if usual else 0
        reason = _gap_text(count, _names(positions, index)) + " " + _steps_text(float(steps[index]), usual)
        problems.append(Problem(_shown(positions, index), "GAP", reason, tr("Nothing was put in between.")))
    thickness = positions[0][0].thickness_mm
    overlaps = [index for index in uneven if thickness and steps[index] < min(usual, thickness) - UNEVEN_MM]
    if overlaps:
        first = overlaps[0]
        reason = tr("{names} overlap.", names=_names(positions, first))
        reason += " " + _steps_text(float(steps[first]), usual)
        problems.append(
            Problem(_shown(positions, first), "OVERLAP", reason, tr("Slices stay where they are."))
        )
    uneven = [index for index in uneven if index not in overlaps]
    if uneven:
        first = uneven[0]
        reason = trn(
            "{count} step is uneven, between {names}.",
            "{count} steps are uneven, the first between {names}.",
            len(uneven),
            names=_names(positions, first),
        )
        reason += " " + _steps_text(float(steps[first]), usual)
        problems.append(
            Problem(_shown(positions, first), "UNEVEN", reason, tr("Slices stay where they are."))
        )
    problems += _tilt(positions, geometry, places)
    return tuple(problems)


def _gap_text(missing: int, names: str) -> str:
    if missing == 0:
        return tr("Something is missing between {names}.", names=names)
    return trn(
        "A slice is missing between {names}.",
        "{count} slices are missing between {names}.",
        missing,
        names=names,
    )


def _steps_text(step: float, usual: float) -> str:
    return tr("The step is {step:.2f} mm where {usual:.2f} mm is usual.", step=step, usual=usual)


def _tilt(
    positions: Sequence[Sequence[Picture]], geometry: Geometry, places: NDArray[np.float64]
) -> list[Problem]:
    axes = np.asarray([geometry.row_direction, geometry.column_direction])
    sideways = np.abs(np.diff(places @ axes.T, axis=0)).max(axis=1)
    limit = TILT_PX * min(geometry.spacing_mm)
    shifted = np.flatnonzero(sideways > limit)
    if not shifted.size:
        return []
    index = int(shifted[0])
    text = tr(
        "The stack is tilted: {names} are shifted sideways by {sideways:.2f} mm.",
        names=_names(positions, index),
        sideways=sideways[index],
    )
    return [Problem(_shown(positions, index), "TILTED", text, tr("Slices stay where they are."))]


def _shown(positions: Sequence[Sequence[Picture]], index: int) -> str:
    return positions[index][0].file.shown


def _names(positions: Sequence[Sequence[Picture]], index: int) -> str:
    first, second = positions[index][0], positions[index + 1][0]
    return tr("{first} and {second}", first=_name(first), second=_name(second))


def _name(picture: Picture) -> str:
    if picture.tile is not None:
        return tr("{shown} tile {tile}", shown=picture.file.shown, tile=picture.tile + 1)
    return (
        tr("{shown} frame {frame}", shown=picture.file.shown, frame=picture.frame + 1)
        if picture.file.frames > 1
        else picture.file.shown
    )
