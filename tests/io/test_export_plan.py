"""What goes into an export, under which number, and which formats it can have."""

from __future__ import annotations

from dataclasses import replace

import pytest

from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.core.errors import UsageError
from brainsr_desktop.core.geometry import Geometry
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.core.series import FrameInfo, StackInfo
from brainsr_desktop.io.export_plan import fingerprint, plan, possible_formats
from brainsr_desktop.io.messages import ExportFormat, ExportOptions, ModelNote, OpenExport
from brainsr_desktop.ipc.messages import JobId

ALL: tuple[ExportFormat, ...] = ("dicom", "nifti", "png", "tiff", "gif")


def stack(offsets: tuple[float, ...] = (0, 1, 2, 3), volumes: int = 1, **changes: object) -> StackInfo:
    geometry = Geometry(4, 4, (1.0, 1.0), (1, 0, 0), (0, 1, 0), tuple((0.0, 0.0, z) for z in offsets))
    frames = tuple(
        FrameInfo(f"/s/{index}", sop_uid=f"1.2.{index}", instance_number=40 - index)
        for index in range(volumes * len(offsets))
    )
    made = StackInfo("1", "dicom", "1.9", "1.8", "t1", 5, "MR", "", "", geometry, frames, volumes)
    made = replace(made, volume_labels=("",) * volumes, volume_unsuitable=(None,) * volumes)
    return replace(made, **changes)  # type: ignore[arg-type]


def request(of: StackInfo, **changes: object) -> OpenExport:
    made = OpenExport(
        JobId(1),
        of,
        "digest",
        tuple(range(len(of.frames))),
        of.geometry.enlarged(4),
        Recipe("brainsr-x4", 4),
        ModelNote("brainsr-x4", "ab", "half_pixel"),
        ExportOptions("/out", ALL),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def refused(of: StackInfo, **changes: object) -> dict[str, str]:
    """Code by format of what cannot be written."""
    made = request(of, **changes)
    _, problems = possible_formats(made, plan(of, made.indices)[0])
    return {problem.reason.split(":")[0]: problem.code for problem in problems}


def test_that_the_instance_numbers_of_the_source_are_kept() -> None:
    frames, _ = plan(stack(), (0, 2, 3))
    assert [(item.index, item.number) for item in frames] == [(3, 37), (2, 38), (0, 40)]


@pytest.mark.parametrize("fault", ["absent", "equal", "one file"])
def test_that_slices_are_counted_by_volume_and_position_where_numbers_do_not_serve(fault: str) -> None:
    made = stack((3.0, 2.0, 1.0), volumes=2)
    frames = list(made.frames)
    for index, frame in enumerate(frames):
        assert frame is not None
        if fault == "absent":
            frames[index] = replace(frame, instance_number=None if index == 4 else frame.instance_number)
        elif fault == "equal":
            frames[index] = replace(frame, instance_number=7)
        else:
            frames[index] = replace(frame, path="/s/one", frame=index)
    planned, _ = plan(replace(made, frames=tuple(frames)), range(6))
    assert {item.index: item.number for item in planned} == {0: 3, 1: 2, 2: 1, 3: 6, 4: 5, 5: 4}


def test_that_numbers_do_not_depend_on_what_is_exported() -> None:
    made = stack()
    made = replace(made, frames=tuple(replace(f, instance_number=None) for f in made.frames if f is not None))
    assert [item.number for item in plan(made, (2,))[0]] == [3]


def test_that_unsuitable_volumes_and_missing_pictures_are_left_out_and_told() -> None:
    made = stack(volumes=2, volume_unsuitable=(None, "phase image"), volume_labels=("", "phase"))
    made = replace(made, frames=(None, *made.frames[1:]))
    frames, problems = plan(made, range(8))
    assert {item.index for item in frames} == {1, 2, 3}
    assert [problem.code for problem in problems] == ["MISSING_SLICE", "UNSUITABLE_VOLUME"]


def test_that_different_pictures_with_one_uid_are_told_apart() -> None:
    made = stack()
    made = replace(made, frames=tuple(replace(f, sop_uid="1.2.3") for f in made.frames if f is not None))
    assert sorted(item.copy for item in plan(made, range(4))[0]) == [0, 1, 2, 3]


def test_that_an_index_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError):
        plan(stack(), (4,))


def test_that_a_sound_series_can_have_every_format() -> None:
    assert refused(stack()) == {}


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"has_spacing": False}, {"dicom": "NO_SPACING", "nifti": "NO_SPACING"}),
        ({"has_position": False}, {"dicom": "NO_POSITION", "nifti": "NO_POSITION"}),
        ({"kind": "nifti"}, {"dicom": "NO_DICOM_SOURCE"}),
        ({"kind": "png"}, {"dicom": "NO_DICOM_SOURCE", "nifti": "NO_POSITION"}),
        ({"modality": "CT"}, {"dicom": "NOT_MR"}),
        ({"samples": 3}, dict.fromkeys(ALL, "COLOUR")),
    ],
)
def test_that_a_format_the_source_does_not_allow_is_refused_with_its_reason(
    changes: dict[str, object], codes: dict[str, str]
) -> None:
    assert refused(stack(**changes)) == codes  # type: ignore[arg-type]


def test_that_uneven_slices_are_refused_for_nifti_alone() -> None:
    assert refused(stack((0, 1, 3, 4))) == {"nifti": "GAP"}
    assert refused(stack((0, 1, 1.001, 2))) == {"nifti": "DUPLICATE_POSITION"}
    assert refused(stack(), indices=(0, 1, 3)) == {"nifti": "GAP"}


def test_that_rounded_positions_still_count_as_even() -> None:
    assert refused(stack((0, 6.965, 14.036, 20.994, 28.0))) == {}


def test_that_volumes_with_different_slices_are_no_nifti() -> None:
    assert refused(stack(volumes=2), indices=(0, 1, 2, 3, 4, 5, 6)) == {"nifti": "GAP"}


def test_that_test_pictures_and_models_without_a_grid_are_no_dicom() -> None:
    degraded = Recipe("brainsr-x4", 4, Degradation(noise_percent=3))
    assert refused(stack(), recipe=degraded) == {"dicom": "TEST_PICTURE"}
    assert refused(stack(), model=ModelNote("x", "ab", "")) == {"dicom": "NO_GRID"}


def test_that_a_missing_uid_is_refused_unless_the_patient_is_removed() -> None:
    made = stack()
    made = replace(made, frames=tuple(replace(f, sop_uid="") for f in made.frames if f is not None))
    assert refused(made) == {"dicom": "NO_UID"}
    assert refused(made, options=ExportOptions("/out", ALL, anonymise=True)) == {}


def test_that_the_fingerprint_follows_what_decides_the_files_and_nothing_else() -> None:
    base = request(stack())

    def mark(made: OpenExport) -> str:
        return fingerprint(made, plan(made.stack, made.indices)[0], ("dicom",))

    for other in (
        replace(base, stack_digest="another"),
        replace(base, indices=(0, 1)),
        replace(base, model=replace(base.model, sha256="cd")),
        replace(base, recipe=replace(base.recipe, precision="fast")),
        replace(base, recipe=replace(base.recipe, careful=True)),
        replace(base, options=replace(base.options, anonymise=True)),
    ):
        assert mark(other) != mark(base)
    for same in (
        replace(base, recipe=replace(base.recipe, device="cuda:0")),
        replace(base, model=replace(base.model, device="gpu")),
        replace(base, options=replace(base.options, folder="/elsewhere", anonymise_key="k")),
    ):
        assert mark(same) == mark(base)
