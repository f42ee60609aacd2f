"""Enhanced multi-frame files: each frame's facts from its functional groups, its own before the shared one.

PS3.3 C.7.6.16. Frames are ordered by where they lie, never by their number in the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from brainsr_desktop.core.errors import Problem
from brainsr_desktop.io.dicom_read import component_of, plane_of, seconds, spacing_of
from brainsr_desktop.io.dicom_values import curve_of, padding_of, rescale, unit_of, window_of
from brainsr_desktop.io.header import Header
from brainsr_desktop.io.records import FileFacts, Picture
from brainsr_desktop.language import tr


class FrameGroups:
    """The functional groups of one frame."""

    def __init__(self, own: Header | None, shared: Header | None) -> None:
        self._own = own
        self._shared = shared

    def item(self, sequence: str) -> Header | None:
        """The first item of a functional group, the frame's own before the shared one."""
        for groups in (self._own, self._shared):
            found = groups.first_item(sequence) if groups is not None else None
            if found is not None:
                return found
        return None


def frame_groups(header: Header, frames: int) -> tuple[list[FrameGroups], int]:
    """The groups of every frame, and how many frames lack groups of their own."""
    shared = header.first_item("SharedFunctionalGroupsSequence")
    own: Sequence[Header | None] = list(header.items("PerFrameFunctionalGroupsSequence"))[:frames]
    missing = frames - len(own)
    return [FrameGroups(item, shared) for item in (*own, *[None] * missing)], missing


def pictures_of_frames(facts: FileFacts, header: Header) -> list[Picture]:
    """One picture for each frame. Where a frame has no groups no frame has a place; the file is marked then."""
    groups, missing = frame_groups(header, facts.frames)
    grouped = header.has("PerFrameFunctionalGroupsSequence") or header.has("SharedFunctionalGroupsSequence")
    if grouped:
        pictures = [_picture(facts, number, found) for number, found in enumerate(groups)]
    else:
        plain = _without_groups(facts, header)
        pictures = [replace(plain, frame=n, instance_number=n + 1) for n in range(facts.frames)]
    if not missing or not (grouped or facts.sop_class in _ENHANCED):
        return pictures
    reason = tr(
        "{missing} of {frames} frames have no functional group.", missing=missing, frames=facts.frames
    )
    mark = Problem(facts.shown, "BAD_FUNCTIONAL_GROUPS", reason, tr("Shown without geometry."))
    pictures = [replace(picture, plane=None) for picture in pictures]
    return [replace(pictures[0], marks=(mark,)), *pictures[1:]]


_ENHANCED: Final = frozenset(
    f"1.2.840.10008.5.1.4.1.1.{end}" for end in ("4.1", "4.3", "4.4", "2.1", "130", "128.1")
)
"""Classes whose frames must have functional groups: enhanced MR, MR colour, legacy MR, CT, PET and legacy PET."""


def _without_groups(facts: FileFacts, header: Header) -> Picture:
    slope, intercept = rescale(header)
    return Picture(
        file=facts,
        rows=facts.rows,
        columns=facts.columns,
        spacing_mm=spacing_of(header),
        image_type=facts.image_type,
        component=component_of(facts.image_type, header.strings("ComplexImageComponent"), None),
        slope=slope,
        intercept=intercept,
        window=window_of(header),
        second_window=window_of(header, 1),
        curve=curve_of(header),
        padding=padding_of(header),
    )


def _picture(facts: FileFacts, number: int, groups: FrameGroups) -> Picture:
    picture = Picture(
        file=facts, frame=number, rows=facts.rows, columns=facts.columns, instance_number=number + 1
    )
    picture = _place(picture, groups)
    picture = _values(picture, groups)
    picture = _kind(picture, groups)
    return _diffusion(_timing(picture, groups), groups)


def _place(picture: Picture, groups: FrameGroups) -> Picture:
    place, turn = groups.item("PlanePositionSequence"), groups.item("PlaneOrientationSequence")
    measures = groups.item("PixelMeasuresSequence")
    plane = None
    if place and turn:
        plane = plane_of(
            place.numbers("ImagePositionPatient", 3), turn.numbers("ImageOrientationPatient", 6), turn
        )
    if measures is None:
        return replace(picture, plane=plane)
    return replace(
        picture, plane=plane, spacing_mm=spacing_of(measures), thickness_mm=measures.number("SliceThickness")
    )


def _values(picture: Picture, groups: FrameGroups) -> Picture:
    transformation = groups.item("PixelValueTransformationSequence")
    window = groups.item("FrameVOILUTSequence")
    if transformation:
        slope, intercept = rescale(transformation)
        picture = replace(picture, slope=slope, intercept=intercept, unit=unit_of(transformation))
    if window is None:
        return picture
    return replace(
        picture, window=window_of(window), second_window=window_of(window, 1), curve=curve_of(window)
    )


def _kind(picture: Picture, groups: FrameGroups) -> Picture:
    kind = groups.item("MRImageFrameTypeSequence")
    if kind is None:
        image_type = picture.file.image_type
        return replace(picture, image_type=image_type, component=component_of(image_type, (), None))
    image_type = kind.strings("FrameType")
    component = component_of(image_type, kind.strings("ComplexImageComponent"), None)
    return replace(picture, image_type=image_type, component=component)


def _timing(picture: Picture, groups: FrameGroups) -> Picture:
    echo, timing = groups.item("MREchoSequence"), groups.item("MRTimingAndRelatedParametersSequence")
    modifier, content = groups.item("MRModifierSequence"), groups.item("FrameContentSequence")
    cardiac = groups.item("CardiacSynchronizationSequence")
    inversion = modifier.numbers("InversionTimes") if modifier else ()
    return replace(
        picture,
        echo_ms=echo.number("EffectiveEchoTime") if echo else None,
        flip_deg=timing.number("FlipAngle") if timing else None,
        repetition_ms=timing.number("RepetitionTime") if timing else None,
        inversion_ms=inversion[0] if inversion else None,
        temporal=content.integer("TemporalPositionIndex") if content else None,
        acquisition=content.integer("FrameAcquisitionNumber") if content else None,
        time_s=seconds(content.text("FrameAcquisitionDateTime")) if content else None,
        trigger_ms=cardiac.number("NominalCardiacTriggerDelayTime") if cardiac else None,
    )


def _diffusion(picture: Picture, groups: FrameGroups) -> Picture:
    diffusion = groups.item("MRDiffusionSequence")
    if diffusion is None:
        return picture
    direction = diffusion.first_item("DiffusionGradientDirectionSequence")
    values = direction.numbers("DiffusionGradientOrientation", 3) if direction else ()
    gradient = (values[0], values[1], values[2]) if any(values) else None
    return replace(picture, b_value=diffusion.number("DiffusionBValue"), gradient=gradient)
