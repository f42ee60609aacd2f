"""Splitting and merging the parts of a series, on real data: nothing is lost, nothing moves."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.geometry import unknown_geometry
from brainsr_desktop.core.series import FrameInfo, SeriesInfo, StackInfo, StudyInfo
from brainsr_desktop.session.arranging import (
    EVERY_VOLUME,
    FIELD_NAMES,
    MOST_PARTS,
    Arrangement,
    arranged,
    found_id,
    merge,
    series_key,
    split,
    split_fields,
    why_not_merge,
)
from brainsr_desktop.session.pictures import stack_name
from tests.session.making import stack


@lru_cache
def series_in(folder: Path) -> tuple[SeriesInfo, ...]:
    from brainsr_desktop.io.scan import scan_all

    return tuple(scan_all([str(folder)])[0])


def the_series(folder: Path) -> SeriesInfo:
    return max(series_in(folder), key=lambda series: sum(map(frame_count, series.stacks)))


def frame_count(made: StackInfo) -> int:
    return sum(frame is not None for frame in made.frames)


def pictures(stacks: tuple[StackInfo, ...]) -> Counter[FrameInfo]:
    return Counter(frame for made in stacks for frame in made.frames if frame is not None)


def loaded(made: StackInfo) -> np.ndarray:
    from brainsr_desktop.io.load import load_stack

    block = np.zeros(made.shape, made.dtype)
    _, problems = load_stack(made, block)
    assert not problems
    return block


CASES = (
    ("canon_dti_double_oblique", "b", ["b 0 (1 of 2)", "b 1500 (2 of 2)"]),
    ("siemens_dual_echo_classic", "echo", ["echo 1, 5.19 ms (1 of 2)", "echo 2, 7.65 ms (2 of 2)"]),
    ("ge_fmri_4d", "time", ["time 1 (1 of 2)", "time 2 (2 of 2)"]),
    ("philips_enhanced_fieldmap", "component", ["magnitude (1 of 2)", "phase (2 of 2)"]),
    ("philips_enhanced_fieldmap", "echo", ["echo 2.30 ms (1 of 2)", "echo 4.60 ms (2 of 2)"]),
)


@pytest.mark.parametrize(("folder", "field", "reasons"), CASES)
def test_that_a_real_series_is_split_by_a_field_without_losing_a_picture(
    shared: Path, folder: str, field: str, reasons: list[str]
) -> None:
    (whole,) = the_series(shared / "dicom" / folder).stacks
    assert field in split_fields(whole)
    parts = split(whole, [field])
    assert [part.split_reason for part in parts] == reasons
    assert pictures(parts) == pictures((whole,))
    assert len({stack_name(part) for part in (*parts, whole)}) == len(parts) + 1
    for part in parts:
        assert part.shape[0] == len(part.frames) == part.volumes * part.slices
        assert (
            len(part.volume_labels) == len(part.volume_unsuitable) == len(part.volume_fields) == part.volumes
        )


@pytest.mark.parametrize(("folder", "field", "reasons"), CASES)
def test_that_merging_the_parts_again_gives_the_same_slices_and_volumes(
    shared: Path, folder: str, field: str, reasons: list[str]
) -> None:
    (whole,) = the_series(shared / "dicom" / folder).stacks
    parts = split(whole, [field])
    assert why_not_merge(parts) == ""
    again = merge(parts)
    assert again.geometry.positions_mm == whole.geometry.positions_mm
    assert again.volumes == whole.volumes
    assert sorted(again.volume_fields) == sorted(whole.volume_fields)
    by_fields = {fields: number for number, fields in enumerate(again.volume_fields)}
    for number, fields in enumerate(whole.volume_fields):
        there = by_fields[fields]
        assert [again.frame_at(there, place) for place in range(whole.slices)] == [
            whole.frame_at(number, place) for place in range(whole.slices)
        ]


def test_that_a_part_shows_the_pixels_of_its_volume(shared: Path) -> None:
    (whole,) = the_series(shared / "dicom" / "siemens_dual_echo_classic").stacks
    block = loaded(whole).reshape(whole.volumes, whole.slices, *whole.shape[1:])
    for volume, part in enumerate(split(whole, ["echo"])):
        assert np.array_equal(loaded(part), block[volume])


def test_that_three_planes_become_one_row_without_positions_that_is_viewed_only(shared: Path) -> None:
    parts = the_series(shared / "dicom" / "ge_localizer_3plane").stacks
    assert len(parts) == 3
    merged = merge(parts)
    assert pictures((merged,)) == pictures(parts)
    assert (merged.slices, merged.volumes, merged.has_position) == (6, 1, False)
    assert merged.why_not == "slices of several planes"
    numbers = [frame.instance_number for frame in merged.frames if frame is not None]
    assert numbers == sorted(numbers)  # type: ignore[type-var]  # every file of it has one
    assert merged.badges == ("localizer",)
    assert merged.split_reason == ""
    assert np.array_equal(loaded(merged)[0], loaded(parts[0])[0]) or merged.frames[0] not in parts[0].frames


def test_that_parts_with_other_pixels_are_not_merged_and_say_why(shared: Path) -> None:
    parts = the_series(shared / "dicom" / "mixed_orientation_one_series").stacks
    assert why_not_merge(parts) == "Their pixel spacings differ."
    with pytest.raises(ValueError, match="spacings"):
        merge(parts)


def test_that_several_fields_can_be_chosen_one_after_the_other(shared: Path) -> None:
    (whole,) = the_series(shared / "dicom" / "uih_dti_grid").stacks
    assert split_fields(whole) == ("b", "direction", EVERY_VOLUME)
    by_b = split(whole, ["b"])
    assert [part.volumes for part in by_b] == [1, 2]
    assert by_b[1].volume_labels == whole.volume_labels[1:]
    assert "2 volumes" in by_b[1].badges and not [b for b in by_b[0].badges if "volumes" in b]
    assert [part.volumes for part in split(whole, ["b", "direction"])] == [1, 1, 1]
    assert [part.volumes for part in split(whole, [EVERY_VOLUME])] == [1, 1, 1]


def test_that_the_small_files_of_the_project_can_be_split_too(data: Path) -> None:
    (whole,) = the_series(data / "siemens_transfer_syntaxes").stacks
    parts = split(whole, ["series"])
    assert len(parts) == whole.volumes > 1
    assert pictures(parts) == pictures((whole,))
    assert merge(parts).frames == whole.frames


def test_that_phases_alone_are_viewed_only_and_say_so(shared: Path) -> None:
    (whole,) = the_series(shared / "dicom" / "philips_enhanced_fieldmap").stacks
    magnitude, phase = split(whole, ["component"])
    assert whole.why_not is None and magnitude.why_not is None
    assert phase.why_not == "phase image"
    assert "phase" in phase.badges and "phase" not in magnitude.badges


def test_that_a_header_line_of_the_first_echo_is_not_told_of_the_second(shared: Path) -> None:
    (whole,) = the_series(shared / "dicom" / "siemens_dual_echo_classic").stacks
    first, second = split(whole, ["echo"])
    assert "TE" in dict(whole.header) and "TE" in dict(first.header)
    assert "TE" not in dict(second.header)


def _series(*stacks: StackInfo) -> SeriesInfo:
    return SeriesInfo(StudyInfo("1"), "1.2.3", stacks)


def test_that_positions_without_a_picture_of_the_part_are_left_out() -> None:
    whole = stack(4, volumes=2)
    whole = replace(whole, frames=(*whole.frames[:4], None, *whole.frames[5:7], None))
    first, second = split(whole, [EVERY_VOLUME])
    assert (first.slices, second.slices) == (4, 2)
    assert second.geometry.positions_mm == whole.geometry.positions_mm[1:3]
    assert None not in second.frames


def test_that_stations_are_put_into_one_stack_in_order_of_place() -> None:
    lower = stack(3, id="1")
    higher = replace(
        lower,
        id="2",
        digest="def",
        frames=tuple(FrameInfo(f"h{index}") for index in range(3)),
        geometry=replace(
            lower.geometry, positions_mm=tuple((0.0, 0.0, float(index)) for index in range(3, 6))
        ),
    )
    merged = merge((higher, lower))
    assert [frame.path for frame in merged.frames if frame is not None] == [
        "f0",
        "f1",
        "f2",
        "h0",
        "h1",
        "h2",
    ]
    assert merged.volumes == 1 and merged.has_position
    assert merged.geometry.positions_mm == tuple((0.0, 0.0, float(index)) for index in range(6))


def test_that_other_frames_of_reference_are_never_put_into_one_space() -> None:
    one = stack(3, frame_of_reference="1.1")
    other = replace(one, id="2", frame_of_reference="1.2")
    assert not merge((one, other)).has_position


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"geometry": unknown_geometry(9, 6, 7, (2.0, 3.0))}, "matrices"),
        ({"geometry": unknown_geometry(8, 6, 7, (2.0, 3.1))}, "spacings"),
        ({"samples": 3}, "colour"),
        ({"dtype": "uint8"}, "stored"),
        ({"unit": "HU"}, "stored"),
    ],
)
def test_that_what_cannot_lie_in_one_block_is_refused(change: dict[str, object], words: str) -> None:
    assert words in why_not_merge((stack(), replace(stack(), **change)))  # type: ignore[arg-type]
    assert "one part only" in why_not_merge((stack(),))


def test_that_a_problem_stays_with_the_part_whose_file_it_names() -> None:
    problems = (
        Problem("a/f0", "TRUNCATED", "short"),
        Problem("a/f5", "TRUNCATED", "short"),
        Problem("", "GAP", "gap"),
    )
    first, second = split(stack(4, volumes=2, problems=problems), [EVERY_VOLUME])
    assert [problem.path for problem in first.problems] == ["a/f0", ""]
    assert [problem.path for problem in second.problems] == ["a/f5"]


def test_that_a_field_with_too_many_values_is_not_offered() -> None:
    count = MOST_PARTS + 1
    many = stack(1, volumes=count, volume_fields=tuple((("time", str(n)),) for n in range(count)))
    assert split_fields(many) == ()
    assert split_fields(stack(1, volumes=3)) == (EVERY_VOLUME,)
    assert split_fields(stack(5)) == ()


def test_that_every_field_of_the_grouping_has_a_name() -> None:
    from brainsr_desktop.io.volumes import _LABELS

    assert set(_LABELS) <= set(FIELD_NAMES)


# Arrangements


def test_that_the_key_of_a_series_does_not_tell_its_uid() -> None:
    series = _series(stack())
    assert series_key(series) == hashlib.sha256(b"series\n1.2.3").hexdigest()
    nameless = replace(series, series_uid="")
    other = replace(nameless, stacks=(stack(digest="other"),))
    assert series_key(nameless) != series_key(other)
    assert series_key(nameless) == series_key(replace(nameless, stacks=(stack(id="77"),)))


def test_that_an_arrangement_is_worked_out_from_what_was_found() -> None:
    found = _series(stack(3, volumes=2))
    key = series_key(found)
    by_volume = arranged(found, Arrangement(key, (EVERY_VOLUME,)))
    assert [part.id for part in by_volume.stacks] == ["1.1", "1.2"]
    assert arranged(found, Arrangement(key)) == found
    assert arranged(found, None) == found
    assert arranged(found, Arrangement(key, merged=True)) == found
    twice = _series(stack(3), stack(3, id="2", digest="def"))
    assert [part.id for part in arranged(twice, Arrangement(key, merged=True)).stacks] == ["1+"]


def test_that_an_arrangement_that_no_longer_fits_changes_nothing() -> None:
    found = _series(stack(3))
    assert arranged(found, Arrangement("x", ("b",))) == found
    unlike = _series(stack(3), stack(3, rows=9))
    assert arranged(unlike, Arrangement("x", merged=True)) == unlike


@pytest.mark.parametrize(
    ("part", "whole"), [("3", "3"), ("3.2", "3"), ("3.2.1", "3"), ("2:3+", "2:3"), ("3.1+", "3")]
)
def test_that_the_id_of_a_part_tells_what_it_came_from(part: str, whole: str) -> None:
    assert found_id(part) == whole
