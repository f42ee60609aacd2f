"""How the parts of one series are put together: split by a field, merged again, remembered by a hash of its UID.

Pure. A series is arranged anew from what the scan found, so that taking a step back needs nothing but the step.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.geometry import Geometry, unknown_geometry
from brainsr_desktop.core.series import FrameInfo, SeriesInfo, StackInfo
from brainsr_desktop.language import mark, tr

EVERY_VOLUME: Final = "volume"
"""Field of stacks whose volumes differ in nothing that has a name."""
FIELD_NAMES: Final[Mapping[str, str]] = {
    "echo": mark("Echo time"),
    "echo number": mark("Echo number"),
    "component": mark("Magnitude and phase"),
    "map": mark("Derived map"),
    "kind": mark("Image type"),
    "inversion": mark("Inversion time"),
    "flip": mark("Flip angle"),
    "b": mark("b-value"),
    "direction": mark("Gradient direction"),
    "temporal": mark("Time point"),
    "trigger": mark("Trigger time"),
    "series": mark("Series number"),
    "acquisition": mark("Acquisition"),
    "time": mark("Order in time"),
    EVERY_VOLUME: mark("Every volume"),
}
HEADER_OF_FIELD: Final[Mapping[str, str]] = {"echo": "TE", "inversion": "TI", "b": "b-value"}
"""Header lines that tell the first volume's value: not true for the others."""
COMPONENTS: Final = ("phase", "real", "imaginary")
MOST_PARTS: Final = 64
"""More parts than that are no help to anybody: such a field is not offered."""
SAME_PLACE_MM: Final = 0.05
SPACING_TOLERANCE: Final = 0.01
SAME_DIRECTION: Final = float(np.cos(np.deg2rad(1.0)))


Place: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What the user made of one series. ``series`` as `series_key` gives it; ``split_by`` are fields, in order."""

    series: str
    split_by: tuple[str, ...] = ()
    merged: bool = False

    @property
    def as_found(self) -> bool:
        """Whether nothing is changed."""
        return not self.split_by and not self.merged


def series_key(series: SeriesInfo) -> str:
    """Names a series for good without telling its UID: SHA-256; of its files where it has no UID."""
    name = series.series_uid or "\n".join(sorted(stack.digest for stack in series.stacks))
    return hashlib.sha256(f"series\n{name}".encode()).hexdigest()


def found_id(stack_id: str) -> str:
    """Id of the stack, as the scan gave it, that a part came from (of several, the first)."""
    return stack_id.rstrip("+").split(".")[0]


def arranged(series: SeriesInfo, arrangement: Arrangement | None) -> SeriesInfo:
    """The series with its stacks split or merged; what cannot be done (other files than then) is left as found."""
    if arrangement is None or arrangement.as_found:
        return series
    stacks: tuple[StackInfo, ...] = series.stacks
    if arrangement.merged and not why_not_merge(stacks):
        stacks = (merge(stacks),)
    elif arrangement.split_by:
        stacks = tuple(part for stack in stacks for part in split(stack, arrangement.split_by))
    return replace(series, stacks=stacks)


# Splitting


def split_fields(stack: StackInfo) -> tuple[str, ...]:
    """The fields that tell the volumes of a stack apart; none for a single volume."""
    if stack.volumes < 2:
        return ()
    volumes = range(stack.volumes)
    names = dict.fromkeys(name for fields in stack.volume_fields for name, _ in fields)
    counts = {name: len({_value(stack, volume, name) for volume in volumes}) for name in names}
    telling = tuple(name for name, count in counts.items() if 1 < count <= MOST_PARTS)
    every = stack.volumes <= MOST_PARTS and counts.get(telling[0] if telling else "") != stack.volumes
    return (*telling, EVERY_VOLUME) if every else telling


def split(stack: StackInfo, by: Sequence[str]) -> tuple[StackInfo, ...]:
    """The stack in parts whose volumes share the values of the fields ``by``; itself where they tell nothing apart."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for volume in range(stack.volumes):
        groups.setdefault(tuple(_value(stack, volume, name) for name in by), []).append(volume)
    if len(groups) < 2:
        return (stack,)
    values = [list(dict.fromkeys(key[place] for key in groups)) for place in range(len(by))]
    parts = []
    for number, (key, volumes) in enumerate(groups.items(), start=1):
        # Which value of each field: a part that is split further never keeps its id.
        places = (str(known.index(words) + 1) for known, words in zip(values, key, strict=True))
        named = replace(stack, id=".".join((stack.id, *places)))
        parts.append(_part(named, volumes, _group_words(stack, volumes, key), (number, len(groups)), by))
    return tuple(parts)


def _value(stack: StackInfo, volume: int, field: str) -> str:
    if field == EVERY_VOLUME:
        return str(volume)
    return next((words for name, words in _fields(stack, volume) if name == field), "")


def _group_words(stack: StackInfo, volumes: Sequence[int], key: tuple[str, ...]) -> str:
    if len(volumes) == 1:
        return stack.volume_labels[volumes[0]]
    return ", ".join(dict.fromkeys(words for words in key if words))


def _part(
    stack: StackInfo, volumes: Sequence[int], words: str, place: tuple[int, int], by: Sequence[str]
) -> StackInfo:
    """Some volumes of a stack, which has the part's id already, as a stack of their own.

    Positions where none of them has a picture are left out.
    """
    number, count = place
    kept = [
        index
        for index in range(stack.slices)
        if any(stack.frame_at(volume, index) is not None for volume in volumes)
    ]
    frames = tuple(stack.frame_at(volume, index) for volume in volumes for index in kept)
    unsuitable = tuple(stack.volume_unsuitable[volume] for volume in volumes)
    reasons = set(unsuitable)
    common = next(iter(reasons)) if len(reasons) == 1 else None
    reason = tr("{what} ({number} of {count})", what=words or tr("part"), number=number, count=count)
    others = () if 0 in volumes else tuple(HEADER_OF_FIELD.get(name, "") for name in by)
    return replace(
        stack,
        geometry=replace(
            stack.geometry, positions_mm=tuple(stack.geometry.positions_mm[index] for index in kept)
        ),
        frames=frames,
        volumes=len(volumes),
        volume_labels=tuple(stack.volume_labels[volume] for volume in volumes) if len(volumes) > 1 else ("",),
        volume_fields=tuple(_fields(stack, volume) for volume in volumes),
        volume_unsuitable=unsuitable,
        split_reason=", ".join(filter(None, (stack.split_reason, reason))),
        badges=_badges(stack.badges, len(volumes), _component(stack, volumes)),
        why_not=stack.why_not or common,
        header=tuple(line for line in stack.header if line[0] not in others),
        files=len(_files(frames)),
        problems=tuple(problem for problem in stack.problems if _concerns(problem, frames, number == 1)),
        digest=_digest(stack.digest, *map(str, volumes)),
    )


def _component(stack: StackInfo, volumes: Sequence[int]) -> str:
    found = {_value(stack, volume, "component") for volume in volumes}
    return next((name for name in COMPONENTS if found == {name}), "")


def _badges(badges: Iterable[str], volumes: int, component: str = "") -> tuple[str, ...]:
    kept = [badge for badge in badges if not _counts_volumes(badge)]
    if component and component not in kept:
        kept.append(component)
    return (*kept, f"{volumes} volumes") if volumes > 1 else tuple(kept)


def _counts_volumes(badge: str) -> bool:
    number, _, word = badge.partition(" ")
    return number.isdigit() and word == "volumes"


def _files(frames: Iterable[FrameInfo | None]) -> set[tuple[str, str | None]]:
    return {(frame.path, frame.member) for frame in frames if frame is not None}


def _concerns(problem: Problem, frames: Iterable[FrameInfo | None], first: bool) -> bool:
    """Whether a problem is one of these files; what names none of the series' files stays with the first part."""
    name = PurePath(problem.path).name
    names = {PurePath(member or path).name for path, member in _files(frames)}
    return name in names or (first and not name)


# Merging


def why_not_merge(stacks: Sequence[StackInfo]) -> str:
    """Why these cannot be one stack; empty where they can."""
    if len(stacks) < 2:
        return tr("The series has one part only.")
    first = stacks[0]
    for other in stacks[1:]:
        if _shape(other) != _shape(first):
            return tr("Their matrices differ.")
        if not _same_spacing(first, other):
            return tr("Their pixel spacings differ.")
        if (other.kind, other.samples, other.photometric) != (first.kind, first.samples, first.photometric):
            return tr("Grey and colour pictures, or other kinds of pixels, do not go together.")
        if (other.dtype, other.unit) != (first.dtype, first.unit):
            return tr("Their values are stored in different ways.")
    return ""


def merge(stacks: Sequence[StackInfo]) -> StackInfo:
    """One stack of several: in space where they are parallel, else one after the other and without positions.

    Raises:
        ValueError: they cannot be one stack, see `why_not_merge`.
    """
    reason = why_not_merge(stacks)
    if reason:
        raise ValueError(reason)
    return _in_space(stacks) if _parallel(stacks) else _in_a_row(stacks)


def _shape(stack: StackInfo) -> tuple[int, int]:
    return stack.geometry.rows, stack.geometry.columns


def _same_spacing(one: StackInfo, other: StackInfo) -> bool:
    pairs = zip(one.geometry.spacing_mm, other.geometry.spacing_mm, strict=True)
    near = all(abs(a - b) <= max(SPACING_TOLERANCE * a, SPACING_TOLERANCE) for a, b in pairs)
    return one.has_spacing == other.has_spacing and near


def _parallel(stacks: Sequence[StackInfo]) -> bool:
    first = stacks[0].geometry
    return all(
        stack.has_position
        and stack.frame_of_reference == stacks[0].frame_of_reference
        and float(np.dot(first.row_direction, stack.geometry.row_direction)) >= SAME_DIRECTION
        and float(np.dot(first.column_direction, stack.geometry.column_direction)) >= SAME_DIRECTION
        for stack in stacks
    )


def _in_space(stacks: Sequence[StackInfo]) -> StackInfo:
    positions = _positions(stacks)
    volumes: list[tuple[StackInfo, int, dict[int, FrameInfo]]] = []
    for stack in stacks:
        places = _nearest(positions, stack.geometry)
        for volume in range(stack.volumes):
            frames = {
                place: frame
                for index, place in enumerate(places)
                if (frame := stack.frame_at(volume, index)) is not None
            }
            _put(volumes, stack, volume, frames)
    return _merged(
        stacks,
        replace(stacks[0].geometry, positions_mm=tuple(map(_vector, positions))),
        tuple(frames.get(place) for _, _, frames in volumes for place in range(len(positions))),
        [(stack, volume) for stack, volume, _ in volumes],
    )


def _put(
    volumes: list[tuple[StackInfo, int, dict[int, FrameInfo]]],
    stack: StackInfo,
    volume: int,
    frames: dict[int, FrameInfo],
) -> None:
    """Fill up a volume of the same kind that has room at these positions, or begin another one."""
    kind = _fields(stack, volume)
    for other, number, there in volumes:
        if _fields(other, number) == kind and other is not stack and not there.keys() & frames.keys():
            there.update(frames)
            return
    volumes.append((stack, volume, dict(frames)))


def _positions(stacks: Sequence[StackInfo]) -> list[Place]:
    """Every position once, foot to head, right to left, or front to back."""
    geometry = stacks[0].geometry
    normal = np.asarray(geometry.normal)
    axis = int(np.argmax(np.abs(normal)))
    direction = normal if normal[axis] > 0 else -normal
    axes = (direction, np.asarray(geometry.column_direction), np.asarray(geometry.row_direction))
    everything = [np.asarray(place) for stack in stacks for place in stack.geometry.positions_mm]
    everything.sort(key=lambda place: tuple(round(float(place @ axis), 1) for axis in axes))
    found: list[Place] = []
    for place in everything:
        if not any(float(np.abs(place - other).max()) <= SAME_PLACE_MM for other in found[-4:]):
            found.append(place)
    return found


def _nearest(positions: Sequence[Place], geometry: Geometry) -> list[int]:
    table = np.asarray(positions)
    return [int(np.argmin(np.abs(table - np.asarray(place)).max(axis=1))) for place in geometry.positions_mm]


def _vector(place: Place) -> tuple[float, float, float]:
    return float(place[0]), float(place[1]), float(place[2])


def _in_a_row(stacks: Sequence[StackInfo]) -> StackInfo:
    frames = [frame for stack in stacks for frame in stack.frames if frame is not None]
    numbers = [frame.instance_number for frame in frames]
    note = tr("order from its parts")
    if None not in numbers and len(set(numbers)) == len(numbers):
        frames.sort(key=lambda frame: frame.instance_number or 0)
        note = tr("order from instance numbers")
    first = stacks[0].geometry
    merged = _merged(
        stacks,
        unknown_geometry(first.rows, first.columns, len(frames), first.spacing_mm),
        tuple(frames),
        [(stacks[0], 0)],
    )
    return replace(
        merged, has_position=False, order_note=note, why_not=merged.why_not or tr("slices of several planes")
    )


def _merged(
    stacks: Sequence[StackInfo],
    geometry: Geometry,
    frames: tuple[FrameInfo | None, ...],
    volumes: Sequence[tuple[StackInfo, int]],
) -> StackInfo:
    first = stacks[0]
    names = [stack.volume_labels[volume] or stack.split_reason for stack, volume in volumes]
    labels = tuple(
        name if name and names.count(name) == 1 else tr("volume {number}", number=number)
        for number, name in enumerate(names, start=1)
    )
    reasons = {stack.why_not for stack in stacks}
    return replace(
        first,
        id=f"{first.id}+",
        geometry=geometry,
        frames=frames,
        volumes=len(volumes),
        volume_labels=labels if len(volumes) > 1 else ("",),
        volume_fields=tuple(_fields(stack, volume) for stack, volume in volumes),
        volume_unsuitable=tuple(stack.why_not or stack.volume_unsuitable[v] for stack, v in volumes),
        transfer_syntaxes=tuple(sorted({syntax for stack in stacks for syntax in stack.transfer_syntaxes})),
        split_reason="",
        badges=_badges(dict.fromkeys(badge for stack in stacks for badge in stack.badges), len(volumes)),
        order_note="",
        why_not=first.why_not if len(reasons) == 1 else None,
        files=len(_files(frames)),
        problems=tuple(dict.fromkeys(problem for stack in stacks for problem in stack.problems)),
        digest=_digest(*(stack.digest for stack in stacks)),
    )


def _fields(stack: StackInfo, volume: int) -> tuple[tuple[str, str], ...]:
    return stack.volume_fields[volume] if volume < len(stack.volume_fields) else ()


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(("arranged", *parts)).encode()).hexdigest()
