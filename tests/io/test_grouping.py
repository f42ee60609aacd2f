"""How pictures become stacks and volumes: what splits, what stays together, and in which order (faults 43 to 55)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io.grouping import stacks_of
from brainsr_desktop.io.instance import read_pictures
from brainsr_desktop.io.records import Picture, Plane
from brainsr_desktop.io.scan import scan_all
from brainsr_desktop.io.sources import Walk
from tests import phantom
from tests.phantom import AXIAL, CORONAL, SAGITTAL


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Picture:
    """One plain picture to make others of."""
    folder = tmp_path_factory.mktemp("one")
    phantom.classic(folder, pixels=phantom.head(slices=1))
    (source,) = Walk([str(folder)])
    return read_pictures(source)[0]


def made(example: Picture, number: int, position: Sequence[float], **changes: Any) -> Picture:
    """A picture at a position (mm), in a file of its own."""
    orientation = changes.pop("orientation", AXIAL)
    plane = Plane(_vec(position), _vec(orientation[:3]), _vec(orientation[3:]))
    file = replace(example.file, sop_uid=f"1.2.{number}", shown=f"{number}.dcm", **changes.pop("file", {}))
    return replace(example, file=file, plane=plane, instance_number=number, **changes)


def stacks(folder: Path) -> list[StackInfo]:
    """All stacks of a folder."""
    return [stack for series in scan_all([str(folder)])[0] for stack in series.stacks]


def codes(stack: StackInfo) -> list[str]:
    """Reason codes of a stack's problems."""
    return [problem.code for problem in stack.problems]


@pytest.mark.parametrize(
    ("orientation", "axis", "plane", "edges"),
    [
        (AXIAL, 2, "axial", "RLAP"),
        (CORONAL, 1, "coronal", "RLHF"),
        (SAGITTAL, 0, "sagittal", "APHF"),
    ],
)
@pytest.mark.parametrize("step_mm", [4.0, -4.0])
def test_that_stacks_run_from_foot_right_or_front(
    tmp_path: Path, orientation: Sequence[float], axis: int, plane: str, edges: str, step_mm: float
) -> None:
    phantom.classic(tmp_path, orientation=orientation, step_mm=step_mm)
    (stack,) = stacks(tmp_path)
    assert np.all(np.diff(np.asarray(stack.geometry.positions_mm)[:, axis]) == pytest.approx(4.0))
    assert stack.geometry.step_mm == pytest.approx(4.0)
    assert stack.geometry.plane == plane
    assert "".join(stack.geometry.edges[side] for side in ("left", "right", "top", "bottom")) == edges


def test_that_instance_numbers_do_not_matter_where_positions_are_known(tmp_path: Path) -> None:
    paths = phantom.classic(tmp_path, edit=phantom.with_value("InstanceNumber", 7))
    (stack,) = stacks(tmp_path)
    assert [Path(frame.path) for frame in stack.frames if frame] == paths
    assert stack.order_note == ""


def test_that_two_echoes_become_two_volumes(tmp_path: Path) -> None:
    for echo, time_ms in ((1, 4.2), (2, 9.1)):
        phantom.classic(
            tmp_path,
            prefix=f"E{echo}-",
            edit=lambda ds, n, echo=echo, time_ms=time_ms: ds.update(  # type: ignore[misc]
                {
                    "EchoTime": time_ms,
                    "EchoNumbers": echo,
                    "SOPInstanceUID": f"1.2.{echo}.{n}",
                    "InstanceNumber": 2 * n + echo,
                }
            ),
        )
    (stack,) = stacks(tmp_path)
    assert (stack.slices, stack.volumes) == (6, 2)
    assert stack.volume_labels == ("echo 1, 4.20 ms", "echo 2, 9.10 ms")
    assert [Path(frame.path).name[:2] for frame in stack.frames if frame] == ["E1"] * 6 + ["E2"] * 6


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6))
def test_that_the_order_of_files_changes_nothing(example: Picture, seed: int) -> None:
    pictures = [
        made(example, 100 * volume + z, (0.0, 0.0, 3.0 * z), b_value=b, gradient=gradient, echo_ms=echo)
        for volume, (b, gradient, echo) in enumerate(
            [
                (0.0, None, 60.0),
                (1000.0, (1.0, 0.0, 0.0), 60.0),
                (1000.0, (0.0, 1.0, 0.0), 60.0),
                (1000.0, (0.0, 1.0, 0.0), 90.0),
            ]
        )
        for z in range(4)
    ]
    shuffled = pictures[:]
    random.Random(seed).shuffle(shuffled)
    (stack,), (other,) = stacks_of(pictures), stacks_of(shuffled)
    assert other == stack
    assert (stack.slices, stack.volumes) == (4, 4)


@settings(max_examples=40)
@given(
    steps=st.lists(st.floats(0.5, 10.0), min_size=1, max_size=12),
    angles=st.tuples(st.floats(-0.6, 0.6), st.floats(-0.6, 0.6)),
    volumes=st.integers(1, 4),
    seed=st.integers(0, 10**6),
)
def test_that_no_picture_is_ever_dropped(
    example: Picture, steps: list[float], angles: tuple[float, float], volumes: int, seed: int
) -> None:
    row = np.array([np.cos(angles[0]), np.sin(angles[0]), 0.0])
    column = np.cross([0.0, np.sin(angles[1]), np.cos(angles[1])], row)
    column -= (column @ row) * row
    column /= np.linalg.norm(column)
    normal = np.cross(row, column)
    offsets = np.cumsum(steps)
    generator = random.Random(seed)
    pictures = [
        made(example, number, z * normal, orientation=(*row, *column))
        for number, z in enumerate(np.repeat(offsets, volumes))
        if generator.random() < 0.9
    ]
    if not pictures:
        return
    found = stacks_of(pictures)
    paths = [frame.sop_uid for stack in found for frame in stack.frames if frame]
    assert sorted(paths) == sorted(picture.file.sop_uid for picture in pictures)
    for stack in found:
        assert len(stack.frames) == stack.slices * stack.volumes
        assert np.all(np.diff(np.asarray(stack.geometry.positions_mm)[:, 2]) > 0)


def test_that_magnitude_and_phase_are_volumes_and_phase_is_not_enhanced(example: Picture) -> None:
    pictures = [
        made(example, 10 * kind + z, (0, 0, 5.0 * z), component=component)
        for kind, component in enumerate(("magnitude", "phase", "real", "imaginary"))
        for z in range(3)
    ]
    (stack,) = stacks_of(pictures)
    assert stack.volume_labels == ("magnitude", "phase", "real", "imaginary")
    assert stack.volume_unsuitable == (None, "phase image", "real image", "imaginary image")
    assert stack.supported


def test_that_a_series_of_phase_alone_is_for_viewing(example: Picture) -> None:
    (stack,) = stacks_of([made(example, z, (0, 0, 5.0 * z), component="phase") for z in range(3)])
    assert stack.why_not == "phase image"
    assert "phase" in stack.badges


def test_that_a_hole_in_one_volume_leaves_the_others_in_place(example: Picture) -> None:
    pictures = [
        made(example, 10 * volume + z, (0, 0, 5.0 * z), b_value=1000.0 * volume)
        for volume in range(3)
        for z in range(4)
        if (volume, z) != (1, 2)
    ]
    (stack,) = stacks_of(pictures)
    assert (stack.slices, stack.volumes) == (4, 3)
    assert [index for index, frame in enumerate(stack.frames) if frame is None] == [6]


def test_that_times_which_vary_from_slice_to_slice_do_not_make_volumes_of_their_own(example: Picture) -> None:
    pictures = [
        made(
            example,
            20 * volume + z,
            (0, 0, 5.0 * z),
            acquisition=100 * volume + z,
            trigger_ms=37.0 * z + 400.0 * volume,
        )
        for volume in range(2)
        for z in range(8)
    ]
    (stack,) = stacks_of(pictures)
    assert stack.volumes == 2
    assert [frame.instance_number for frame in stack.frames if frame] == [*range(8), *range(20, 28)]


def test_that_an_unexplained_picture_at_a_taken_place_is_kept_and_told(tmp_path: Path) -> None:
    phantom.classic(tmp_path)
    phantom.classic(
        tmp_path,
        prefix="X",
        skip=(0, 2, 3, 4, 5),
        pixels=phantom.head() + 1,
        edit=phantom.with_value("SOPInstanceUID", "1.2.3"),
    )
    (stack,) = stacks(tmp_path)
    assert "DUPLICATE_POSITION" in codes(stack)
    assert sum(frame is not None for frame in stack.frames) == 7


@pytest.mark.parametrize(
    ("keyword", "value", "reason"),
    [
        ("PixelSpacing", [1.5, 1.3], "pixel spacing"),
        ("ImageOrientationPatient", [0, 1, 0, -1, 0, 0], "other orientation"),
        ("FrameOfReferenceUID", "1.2.3", "frame of reference"),
    ],
)
def test_that_what_does_not_fit_together_is_split_with_its_reason(
    tmp_path: Path, keyword: str, value: Any, reason: str
) -> None:
    def edit(dataset: Any, number: int) -> None:
        if number >= 4:
            phantom.with_value(keyword, value)(dataset, number)

    phantom.classic(tmp_path, edit=edit)
    found = stacks(tmp_path)
    assert [stack.slices for stack in found] == [4, 2]
    assert reason in found[0].split_reason or reason in found[1].split_reason


def test_that_other_matrices_and_colour_are_split(tmp_path: Path) -> None:
    phantom.classic(tmp_path, pixels=phantom.head(), prefix="A")
    phantom.classic(tmp_path, pixels=phantom.head(rows=64), prefix="B", edit=_renamed)
    colour = np.zeros((2, 48, 40, 3), np.uint8)
    phantom.classic(tmp_path, pixels=colour, prefix="C", edit=_renamed)
    found = stacks(tmp_path)
    assert sorted(stack.shape for stack in found) == [(2, 48, 40, 3), (6, 48, 40), (6, 64, 40)]
    assert [stack.why_not for stack in found if stack.samples == 3] == ["colour image"]


def test_that_a_localizer_is_split_by_plane_and_may_be_enhanced(tmp_path: Path) -> None:
    for name, orientation in (("A", AXIAL), ("C", CORONAL), ("S", SAGITTAL)):
        phantom.classic(
            tmp_path, prefix=name, orientation=orientation, pixels=phantom.head(slices=3), edit=_renamed
        )
    found = stacks(tmp_path)
    assert {stack.split_reason for stack in found} == {
        "localizer: axial",
        "localizer: coronal",
        "localizer: sagittal",
    }
    assert all(stack.supported and "localizer" in stack.badges for stack in found)


def test_that_a_small_tilt_within_one_degree_does_not_split(example: Picture) -> None:
    tilted = (1.0, 0.0, 0.0, 0.0, float(np.cos(0.01)), float(np.sin(0.01)))
    pictures = [made(example, z, (0, 0, 5.0 * z), orientation=tilted if z == 2 else AXIAL) for z in range(4)]
    assert len(stacks_of(pictures)) == 1


def test_that_stations_side_by_side_are_not_one_stack(example: Picture) -> None:
    pictures = [
        made(example, 10 * station + z, (3.0 * z, 0.0, -200.0 * station), orientation=SAGITTAL)
        for station in range(2)
        for z in range(5)
    ]
    found = stacks_of(pictures)
    assert [(stack.slices, stack.volumes) for stack in found] == [(5, 1), (5, 1)]
    assert found[0].split_reason == "other station"


def test_that_projections_stand_alone_and_are_not_enhanced(example: Picture) -> None:
    pictures = [
        made(
            example,
            number,
            (0, 0, 0),
            orientation=(float(np.cos(angle)), float(np.sin(angle)), 0.0, 0.0, 0.0, -1.0),
            image_type=("DERIVED", "SECONDARY", "PROJECTION IMAGE"),
        )
        for number, angle in enumerate(np.linspace(0, 2, 8))
    ]
    found = stacks_of(pictures)
    assert len(found) == 8
    assert {stack.why_not for stack in found} == {"projection"}


@pytest.mark.parametrize(("missing", "code"), [((3,), ["GAP"]), ((), [])])
def test_that_a_missing_slice_is_named(tmp_path: Path, missing: Sequence[int], code: list[str]) -> None:
    phantom.classic(tmp_path, pixels=phantom.head(slices=9), skip=missing)
    (stack,) = stacks(tmp_path)
    assert codes(stack) == code
    if missing:
        assert "IM0003.dcm and IM0005.dcm" in stack.problems[0].reason


def test_that_uneven_and_tilted_stacks_are_reported_and_rounding_is_not(example: Picture) -> None:
    def positions(*places: tuple[float, float]) -> list[str]:
        (stack,) = stacks_of([made(example, n, (x, 0, z)) for n, (x, z) in enumerate(places)])
        return codes(stack)

    assert positions((0, 0), (0, 5), (0, 10), (0, 15.6), (0, 20.6)) == ["UNEVEN"]
    assert positions((0, 0), (1, 5), (2, 10), (3, 15)) == ["TILTED"]
    assert positions((0, 0), (0, 6.96), (0, 14.03), (0, 21.01), (0, 28.0)) == []


def test_that_slices_that_overlap_more_than_the_others_are_named(example: Picture) -> None:
    thick = replace(example, thickness_mm=5.0)

    def reported(*places: float) -> list[str]:
        (stack,) = stacks_of([made(thick, n, (0, 0, z)) for n, z in enumerate(places)])
        return codes(stack)

    assert reported(0, 5, 10, 13, 18, 23) == ["OVERLAP"]
    assert reported(0, 2.5, 5, 7.5, 10) == []
    assert reported(0, 6, 12, 17.5, 23.5) == ["UNEVEN"]


@pytest.mark.parametrize("keyword", ["ImagePositionPatient", "ImageOrientationPatient"])
def test_that_without_positions_the_numbers_decide_and_it_is_said(tmp_path: Path, keyword: str) -> None:
    def edit(dataset: Any, number: int) -> None:
        dataset.InstanceNumber = 6 - number
        del dataset[keyword]

    phantom.classic(tmp_path, edit=edit)
    (stack,) = stacks(tmp_path)
    assert not stack.has_position
    assert stack.order_note == "order from instance numbers"
    assert [frame.instance_number for frame in stack.frames if frame] == [1, 2, 3, 4, 5, 6]


def test_that_without_positions_and_numbers_natural_names_decide(tmp_path: Path) -> None:
    def edit(dataset: Any, number: int) -> None:
        del dataset.ImagePositionPatient, dataset.InstanceNumber
        dataset.SOPInstanceUID = f"1.2.{number}"

    paths = phantom.classic(tmp_path, pixels=phantom.head(slices=12), edit=edit)
    for number, path in enumerate(paths):
        path.rename(tmp_path / f"slice{number + 1}")
    (stack,) = stacks(tmp_path)
    assert [Path(frame.path).name for frame in stack.frames if frame] == [f"slice{n}" for n in range(1, 13)]
    assert stack.order_note == "order from file names"


@pytest.mark.parametrize(
    ("orientation", "usable"),
    [
        ((1.0005, 0, 0, 0, 1, 0), True),
        ((1, 0.0005, 0, 0, 1, 0), True),
        ((0.5, 0.8, 0, 0, 1, 0), False),
        ((0, 0, 0, 0, 1, 0), False),
    ],
)
def test_that_nearly_right_angles_are_mended_and_others_refused(
    tmp_path: Path, orientation: tuple[float, ...], usable: bool
) -> None:
    phantom.classic(tmp_path, edit=phantom.with_value("ImageOrientationPatient", list(orientation)))
    (stack,) = stacks(tmp_path)
    assert stack.has_position is usable
    assert (set(codes(stack)) == {"BAD_ORIENTATION"}) is not usable
    assert abs(float(np.dot(stack.geometry.row_direction, stack.geometry.column_direction))) < 1e-9


def test_that_small_pictures_are_shown_and_not_enhanced(tmp_path: Path) -> None:
    phantom.classic(tmp_path, pixels=phantom.head(rows=15))
    assert stacks(tmp_path)[0].why_not == "fewer than 16 x 16 pixels"


def test_that_our_own_exports_are_recognised(tmp_path: Path) -> None:
    phantom.classic(tmp_path, edit=phantom.with_value("SeriesDescription", "t1 [SRx4]"))
    assert "AI-made" in stacks(tmp_path)[0].badges


def test_that_the_corner_text_has_what_the_header_says(tmp_path: Path) -> None:
    phantom.classic(tmp_path)
    header = dict(stacks(tmp_path)[0].header)
    assert header["TR"] == "500 ms" and header["TE"] == "12 ms" and header["Flip angle"] == "90°"
    assert header["Study date"] == "2024-01-02" and header["Institution"] == "Nowhere"
    assert header["Slice thickness"] == "4 mm"


def test_that_the_digest_tells_stacks_apart(tmp_path: Path) -> None:
    phantom.classic(tmp_path / "a", series=1)
    phantom.classic(tmp_path / "b", series=2)
    a, b = stacks(tmp_path)
    assert a.digest != b.digest
    assert stacks(tmp_path / "a")[0].digest == a.digest


def _renamed(dataset: Any, number: int) -> None:
    kind = f"{dataset.Rows}.{dataset.SamplesPerPixel}.{abs(hash(tuple(dataset.ImageOrientationPatient))) % 10**6}"
    dataset.SOPInstanceUID = f"1.2.{kind}.{number}"


def _vec(values: Sequence[float]) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])


def test_that_body_part_rate_time_and_fields_of_volumes_are_told(shared: Path) -> None:
    (stack,) = stacks(shared / "dicom" / "siemens_dual_echo_classic")
    assert stack.body_part == "HEAD" and stack.of_head
    assert stack.made_s is not None and 0.0 <= stack.made_s < 86_400.0
    assert stack.frame_of_reference
    assert stack.volume_fields == ((("echo", "echo 1, 5.19 ms"),), (("echo", "echo 2, 7.65 ms"),))


@pytest.mark.parametrize(
    ("keyword", "value", "rate"),
    [
        ("RecommendedDisplayFrameRate", 12, 12.0),
        ("CineRate", 8, 8.0),
        ("FrameTime", 40.0, 25.0),
        ("FrameTime", 0.0, None),
    ],
)
def test_that_the_rate_to_play_at_is_read(
    tmp_path: Path, keyword: str, value: float, rate: float | None
) -> None:
    phantom.classic(tmp_path, edit=lambda dataset, _: setattr(dataset, keyword, value))
    (stack,) = stacks(tmp_path)
    assert stack.pictures_per_s == rate
