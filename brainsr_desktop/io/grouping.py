"""Pictures of one series → stacks: slices that share matrix, spacing, orientation and frame of reference.

What lies at equal positions becomes volumes of one stack (see `volumes`). Nothing is dropped, nothing invented.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.geometry import Geometry, Vec3, unknown_geometry
from brainsr_desktop.core.series import FrameInfo, StackInfo
from brainsr_desktop.io import limits, order
from brainsr_desktop.io.fitness import badges_of, why_not
from brainsr_desktop.io.records import Picture, Plane
from brainsr_desktop.io.volumes import Volumes, split_volumes
from brainsr_desktop.language import tr, trn

STATION_MM: Final = 2.0
STATION_PX: Final = 2.0
"""Pictures in one plane that lie further apart, in mm and in pixels, would be shown in the wrong place as volumes."""


@dataclass(frozen=True, slots=True)
class Group:
    """Pictures of one stack-to-be and why they stand apart from the rest of their series."""

    pictures: tuple[Picture, ...]
    split_reason: str = ""


def stacks_of(pictures: Sequence[Picture]) -> list[StackInfo]:
    """The stacks of a series, without ids, in the order of their first instance number."""
    groups = split(pictures)
    groups.sort(key=lambda group: min(order.first_key(picture) for picture in group.pictures))
    return [_stack(group) for group in groups]


def split(pictures: Sequence[Picture]) -> list[Group]:
    """Split a series by what cannot be in one block, then by place in the patient."""
    by_kind = _by(pictures, _block_key)
    by_spacing = [part for group in by_kind for part in _by_spacing(group)]
    by_plane = [part for group in by_spacing for part in _by_orientation(group)]
    by_station = [part for group in by_plane for part in _by_station(group)]
    if len(by_station) == 1:
        return [Group(tuple(by_station[0]))]
    return [Group(tuple(part), _reason(part, by_station)) for part in by_station]


def _by(pictures: Iterable[Picture], key: object) -> list[list[Picture]]:
    groups: dict[Hashable, list[Picture]] = defaultdict(list)
    for picture in pictures:
        groups[key(picture)].append(picture)  # type: ignore[operator]
    return list(groups.values())


def _block_key(picture: Picture) -> Hashable:
    file = picture.file
    return (
        file.sop_class,
        file.modality,
        picture.rows,
        picture.columns,
        file.samples,
        file.photometric,
        file.dtype,
        file.frame_of_reference,
        picture.plane is None,
        picture.whole_mosaic,
    )


def _by_spacing(pictures: Sequence[Picture]) -> list[list[Picture]]:
    groups: list[tuple[tuple[float, float] | None, list[Picture]]] = []
    for picture in pictures:
        for spacing, members in groups:
            if _same_spacing(spacing, picture.spacing_mm):
                members.append(picture)
                break
        else:
            groups.append((picture.spacing_mm, [picture]))
    return [members for _, members in groups]


def _same_spacing(a: tuple[float, float] | None, b: tuple[float, float] | None) -> bool:
    if a is None or b is None:
        return a is b
    part = limits.current().spacing_percent / 100
    return all(abs(x - y) <= max(part * x, part) for x, y in zip(a, b, strict=True))


def _by_orientation(pictures: Sequence[Picture]) -> list[list[Picture]]:
    groups: list[tuple[Plane, list[Picture]]] = []
    without: list[Picture] = []
    for picture in pictures:
        if picture.plane is None:
            without.append(picture)
            continue
        for plane, members in groups:
            if _parallel(plane, picture.plane):
                members.append(picture)
                break
        else:
            groups.append((picture.plane, [picture]))
    return [members for _, members in groups] + ([without] if without else [])


def _parallel(a: Plane, b: Plane) -> bool:
    limit = np.cos(np.deg2rad(limits.current().angle_deg))
    rows = float(np.dot(a.row_direction, b.row_direction))
    return bool(rows >= limit and float(np.dot(normal_of(a), normal_of(b))) >= limit)


def normal_of(plane: Plane) -> Vec3:
    """Unit normal, row direction x column direction."""
    x, y, z = np.cross(plane.row_direction, plane.column_direction)
    return float(x), float(y), float(z)


def _by_station(pictures: Sequence[Picture]) -> list[list[Picture]]:
    """Pictures in one plane but side by side (spine stations) do not belong to one stack."""
    if pictures[0].plane is None or len(pictures) < 2:
        return [list(pictures)]
    plane = pictures[0].plane
    places = [np.asarray(p.plane.position) for p in pictures if p.plane is not None]
    axes = np.asarray([plane.row_direction, plane.column_direction])
    inside = np.asarray(places) @ axes.T
    offsets = np.asarray(places) @ np.asarray(normal_of(plane))
    limit = max(STATION_MM, STATION_PX * max(pictures[0].spacing_mm or (1.0, 1.0)))
    groups: list[list[int]] = []
    for bucket in order.buckets(offsets, order.tolerance(pictures)):
        if np.ptp(inside[bucket], axis=0).max() > limit:
            break
    else:
        return [list(pictures)]
    for index in np.lexsort((offsets, inside[:, 1], inside[:, 0])):
        for group in groups:
            if np.abs(inside[group[0]] - inside[index]).max() <= limit:
                group.append(int(index))
                break
        else:
            groups.append([int(index)])
    return [[pictures[index] for index in sorted(group)] for group in groups]


def _reason(part: Sequence[Picture], parts: Sequence[Sequence[Picture]]) -> str:
    """What makes this part differ from the others, in the words of the card."""
    here = part[0]
    others = [other[0] for other in parts if other[0] is not here]
    planes = {_plane_name(picture) for picture in (here, *others)}
    localizer = any("LOCALIZER" in picture.image_type for picture in (here, *others))
    if (len(planes) > 1 or localizer) and here.plane is not None:
        return f"{'localizer: ' if localizer or _pilot(part, parts) else ''}{_plane_name(here)}"
    if any((o.rows, o.columns) != (here.rows, here.columns) for o in others):
        return tr("matrix {rows} x {columns}", rows=here.rows, columns=here.columns)
    if any(not _same_spacing(o.spacing_mm, here.spacing_mm) for o in others) and here.spacing_mm:
        return tr(
            "pixel spacing {between_rows:.3g} x {between_columns:.3g} mm",
            between_rows=here.spacing_mm[0],
            between_columns=here.spacing_mm[1],
        )
    if any(o.file.samples != here.file.samples for o in others):
        return "colour" if here.file.samples == 3 else "grey"
    if any((o.plane is None) != (here.plane is None) for o in others):
        return tr("without position") if here.plane is None else tr("with position")
    if any(o.file.frame_of_reference != here.file.frame_of_reference for o in others):
        return tr("other frame of reference")
    if any(o.plane and here.plane and not _parallel(o.plane, here.plane) for o in others):
        return tr("other orientation")
    return (
        tr("other kind of image")
        if any(_block_key(o) != _block_key(here) for o in others)
        else tr("other station")
    )


def _pilot(part: Sequence[Picture], parts: Sequence[Sequence[Picture]]) -> bool:
    """Few pictures in several planes: a localizer in all but name."""
    text = part[0].file.description.upper()
    return any(word in text for word in ("LOCALI", "SCOUT", "PILOT", "SURVEY")) or (
        len(parts) == 3 and sum(len(other) for other in parts) <= 30
    )


def _plane_name(picture: Picture) -> str:
    if picture.plane is None:
        return ""
    return ("sagittal", "coronal", "axial")[int(np.argmax(np.abs(normal_of(picture.plane))))]


def _stack(group: Group) -> StackInfo:
    pictures = group.pictures
    if pictures[0].plane is None:
        positions, note = order.without_positions(pictures)
        volumes = split_volumes([[picture] for picture in positions])
        found: tuple[Problem, ...] = ()
        geometry = unknown_geometry(
            pictures[0].rows, pictures[0].columns, len(positions), pictures[0].spacing_mm or (1.0, 1.0)
        )
    else:
        by_position = order.by_position(pictures)
        volumes = split_volumes(by_position)
        note = ""
        geometry = _geometry([members[0] for members in by_position])
        found = order.check_steps(by_position, geometry)
    return _described(group, volumes, geometry, note, found)


def _geometry(slices: Sequence[Picture]) -> Geometry:
    first = slices[0]
    assert first.plane is not None
    return Geometry(
        rows=first.rows,
        columns=first.columns,
        spacing_mm=first.spacing_mm or (1.0, 1.0),
        row_direction=first.plane.row_direction,
        column_direction=first.plane.column_direction,
        positions_mm=tuple(picture.plane.position for picture in slices if picture.plane is not None),
    )


def _described(
    group: Group, volumes: Volumes, geometry: Geometry, note: str, found: tuple[Problem, ...]
) -> StackInfo:
    ordered = [picture for volume in volumes.pictures for picture in volume]
    example = next(picture for picture in ordered if picture is not None)
    file = example.file
    files = list({id(p.file): p.file for p in ordered if p is not None}.values())
    problems = [mark for one in files for mark in one.marks]
    problems += [mark for picture in ordered if picture is not None for mark in picture.marks]
    problems += found
    if volumes.repeated:
        reason = trn(
            "A picture lies where another lies and differs in nothing that is known.",
            "{count} pictures lie where others lie and differ in nothing that is known.",
            len(volumes.repeated),
        )
        shown = volumes.repeated[0].file.shown
        problems.append(Problem(shown, "DUPLICATE_POSITION", reason, tr("Kept as a volume of their own.")))
    common = {reason for reason in volumes.unsuitable if reason}
    all_bad = next(iter(common)) if len(common) == 1 and None not in volumes.unsuitable else None
    return StackInfo(
        id="",
        kind="dicom",
        series_uid=file.series_uid,
        study_uid=file.study.study_uid,
        description=file.description,
        series_number=file.series_number,
        modality=file.modality,
        vendor=file.vendor,
        model=file.model,
        geometry=geometry,
        frames=tuple(None if picture is None else frame_of(picture) for picture in ordered),
        volumes=len(volumes.pictures),
        volume_labels=volumes.labels,
        volume_unsuitable=volumes.unsuitable,
        volume_fields=volumes.fields,
        dtype=file.dtype,
        samples=file.samples,
        photometric=file.photometric,
        transfer_syntaxes=tuple(sorted({one.syntax for one in files})),
        body_part=file.body_part,
        frame_of_reference=file.frame_of_reference,
        made_s=min((p.time_s for p in ordered if p is not None and p.time_s is not None), default=None),
        pictures_per_s=file.pictures_per_s,
        has_position=example.plane is not None,
        has_spacing=example.spacing_mm is not None,
        unit=example.unit,
        thickness_mm=example.thickness_mm,
        split_reason=group.split_reason,
        badges=badges_of(example, len(volumes.pictures), group.split_reason),
        order_note=note,
        why_not=why_not(example) or all_bad,
        header=_header(example),
        files=len(files),
        problems=tuple(dict.fromkeys(problems)),
        digest=_digest(ordered),
    )


def frame_of(picture: Picture) -> FrameInfo:
    """The reference by which a picture's pixels are found again."""
    return FrameInfo(
        path=picture.file.path,
        frame=picture.frame,
        tile=picture.tile,
        member=picture.file.member,
        sop_uid=picture.file.sop_uid,
        instance_number=picture.instance_number,
        slope=picture.slope,
        intercept=picture.intercept,
        window=picture.window,
        second_window=picture.second_window,
        curve=picture.curve,
        padding=picture.padding,
    )


def _header(picture: Picture) -> tuple[tuple[str, str], ...]:
    """The file's lines; what enhanced files say of each frame fills the gaps."""
    lines = dict(picture.file.header)
    values = (
        ("TR", picture.repetition_ms, " ms"),
        ("TE", picture.echo_ms, " ms"),
        ("TI", picture.inversion_ms, " ms"),
        (tr("Flip angle"), picture.flip_deg, "°"),
        (tr("Slice thickness"), picture.thickness_mm, " mm"),
        ("b-value", picture.b_value, " s/mm²"),
    )
    for label, value, unit in values:
        if value is not None and (value or label != "b-value"):
            lines.setdefault(label, f"{value:g}{unit}")
    return tuple(lines.items())


def _digest(ordered: Sequence[Picture | None]) -> str:
    digest = hashlib.sha256()
    for picture in ordered:
        if picture is None:
            digest.update(b"-\n")
            continue
        name = picture.file.sop_uid or picture.file.shown
        digest.update(f"{name}\n{picture.frame}\n{picture.tile}\n{picture.file.size_bytes}\n".encode())
    return digest.hexdigest()
