"""Faults 43 to 55: slices whose place, size or order is missing, wrong or mixed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from brainsr_desktop.core.errors import Problem
from brainsr_desktop.io.messages import Exported, ExportFormat
from tests import phantom
from tests.faults.kit import ONE, Onlooker, Seen, Spoil
from tests.io import export_kit

BAD = "bad/IM0001.dcm"
THREE = phantom.head(slices=3)


def exported(seen: Seen, folder: Path, *formats: ExportFormat) -> Exported:
    """Export the only stack."""
    loaded = export_kit.Loaded(seen.stack, seen.shown, "")
    return export_kit.export(loaded, export_kit.open_request(loaded, folder, formats=formats))


def refused(answer: Exported) -> dict[str, str]:
    """The formats that were not written: reason by code."""
    return {p.code: p.reason for p in answer.problems if p.done == "not written"}


@pytest.mark.parametrize("value", [None, b"0\\0", b"-1\\1", b"nan\\nan"])
def test_that_a_series_without_pixel_spacing_has_no_scale_and_only_pictures(
    onlooker: Onlooker, opened: Path, tmp_path: Path, value: bytes | None
) -> None:
    phantom.classic(
        opened / "bad",
        pixels=THREE,
        edit=phantom.without("PixelSpacing") if value is None else None,
        raw=None if value is None else phantom.with_bytes(0x00280030, value),
    )
    seen = onlooker.look(opened)
    assert set(seen.codes) == (set() if value is None else {"BAD_VALUE"})
    assert np.array_equal(seen.shown, THREE) and seen.stack.supported
    assert not seen.stack.has_spacing and seen.stack.geometry.spacing_mm == (1.0, 1.0)
    answer = exported(seen, tmp_path / "out", "dicom", "nifti", "png", "tiff")
    reasons = [p.reason for p in answer.problems if p.code == "NO_SPACING"]
    sentence = "the source does not say how large its pixels are"
    assert reasons == [f"dicom: {sentence}", f"nifti: {sentence}"]
    assert {path.suffix for path in Path(answer.target).iterdir()} == {".png", ".tif", ".json"}


@pytest.mark.parametrize("keyword", ["ImagePositionPatient", "ImageOrientationPatient"])
def test_that_a_series_without_position_is_viewed_by_its_numbers(
    onlooker: Onlooker, opened: Path, tmp_path: Path, keyword: str
) -> None:
    def edit(dataset: Dataset, number: int) -> None:
        dataset.InstanceNumber = 3 - number
        del dataset[keyword]

    phantom.classic(opened / "bad", pixels=THREE, edit=edit)
    seen = onlooker.look(opened)
    assert np.array_equal(seen.shown, THREE[::-1]) and seen.stack.supported
    assert not seen.stack.has_position and seen.stack.order_note == "order from instance numbers"
    answer = exported(seen, tmp_path / "out", "dicom", "nifti", "png")
    reasons = [p.reason for p in answer.problems if p.code == "NO_POSITION"]
    sentence = "the source does not say where its slices lie"
    assert reasons == [f"dicom: {sentence}", f"nifti: {sentence}"]


def test_that_nearly_right_directions_are_straightened_and_marked(spoiled: Spoil) -> None:
    seen = spoiled(orientation=(1.0004, 0.0003, 0.0, 0.0, 1.0, 0.0))
    assert seen.problem == Problem(
        BAD,
        "ORIENTATION_MENDED",
        "ImageOrientationPatient is not quite at right angles or of unit length.",
        "Straightened; the slice stays in place.",
    )
    row, column = (
        np.asarray(v) for v in (seen.stack.geometry.row_direction, seen.stack.geometry.column_direction)
    )
    assert abs(row @ row - 1) < 1e-12 and abs(column @ column - 1) < 1e-12 and abs(row @ column) < 1e-12
    assert np.array_equal(seen.shown, ONE) and seen.stack.supported


def test_that_wrong_directions_are_told_and_count_as_none(spoiled: Spoil) -> None:
    seen = spoiled(orientation=(0.5, 0.8, 0.0, 0.0, 1.0, 0.0))
    assert seen.problem == Problem(
        BAD, "BAD_ORIENTATION", "ImageOrientationPatient holds no usable value.", "Treated as absent."
    )
    assert not seen.stack.has_position and np.array_equal(seen.shown, ONE)


def test_that_slices_at_one_place_are_both_shown_and_never_one_nifti(
    onlooker: Onlooker, opened: Path, tmp_path: Path
) -> None:
    phantom.classic(opened / "bad", pixels=THREE)
    phantom.classic(
        opened / "bad",
        prefix="X",
        pixels=THREE + 1,
        skip=(0, 2),
        edit=phantom.with_value("SOPInstanceUID", f"{phantom.ROOT}.1.77"),
    )
    seen = onlooker.look(opened)
    told = next(problem for problem in seen.problems if problem.code == "DUPLICATE_POSITION")
    assert told == Problem(
        "bad/X0002.dcm",
        "DUPLICATE_POSITION",
        "A picture lies where another lies and differs in nothing that is known.",
        "Kept as a volume of their own.",
    )
    shown = {seen.shown[i].tobytes() for i, frame in enumerate(seen.stack.frames) if frame is not None}
    assert shown == {picture.tobytes() for picture in (*THREE, THREE[1] + 1)}
    answer = exported(seen, tmp_path / "out", "dicom", "nifti")
    assert len(export_kit.files_of(answer.target)) == 4
    assert refused(answer) == {"GAP": "nifti: not every volume has the same slices"}


def test_that_two_echoes_at_one_place_are_volumes_and_no_fault(onlooker: Onlooker, opened: Path) -> None:
    for echo in (1, 2):

        def edit(dataset: Dataset, number: int, echo: int = echo) -> None:
            dataset.EchoTime, dataset.SOPInstanceUID = 10.0 * echo, f"{phantom.ROOT}.{echo}.{number + 50}"

        phantom.classic(opened / "bad", prefix=f"E{echo}", pixels=THREE + echo, edit=edit)
    seen = onlooker.look(opened)
    assert seen.problems == () and (seen.stack.slices, seen.stack.volumes) == (3, 2)


def test_that_missing_slices_are_named_and_refuse_nifti_alone(
    onlooker: Onlooker, opened: Path, tmp_path: Path
) -> None:
    nine = phantom.head(slices=9)
    phantom.classic(opened / "bad", pixels=nine, skip=(3, 4, 5))
    seen = onlooker.look(opened)
    assert seen.problem == Problem(
        "bad/IM0003.dcm",
        "GAP",
        "3 slices are missing between bad/IM0003.dcm and bad/IM0007.dcm. "
        "The step is 16.00 mm where 4.00 mm is usual.",
        "Nothing was put in between.",
    )
    assert np.array_equal(seen.shown, nine[[0, 1, 2, 6, 7, 8]]) and seen.stack.supported
    answer = exported(seen, tmp_path / "out", "dicom", "nifti")
    assert refused(answer) == {
        "GAP": "nifti: the slices are not evenly spaced (a slice is missing, or their distances differ)"
    }
    assert len(export_kit.files_of(answer.target)) == 6


@pytest.mark.parametrize(
    ("keyword", "value", "reason"),
    [
        ("PixelSpacing", [1.5, 1.3], "pixel spacing 1.5 x 1.3 mm"),
        ("ImageOrientationPatient", [0, 1, 0, -1, 0, 0], "other orientation"),
        ("FrameOfReferenceUID", "1.2.3", "other frame of reference"),
    ],
)
def test_that_a_mixed_series_is_split_and_nothing_is_lost(
    onlooker: Onlooker, opened: Path, keyword: str, value: Any, reason: str
) -> None:
    def edit(dataset: Dataset, number: int) -> None:
        if number >= 3:
            phantom.with_value(keyword, value)(dataset, number)

    phantom.classic(opened / "bad", pixels=phantom.head(slices=5), edit=edit)
    seen = onlooker.look(opened)
    assert [stack.slices for stack in seen.stacks] == [3, 2]
    assert reason in {stack.split_reason for stack in seen.stacks}
    assert np.array_equal(np.concatenate([seen.pixels[s.id] for s in seen.stacks]), phantom.head(slices=5))


def test_that_two_matrices_in_one_series_are_two_stacks(onlooker: Onlooker, opened: Path) -> None:
    phantom.classic(opened / "bad", pixels=THREE, prefix="A")
    tall = phantom.head(slices=3, rows=64)
    phantom.classic(opened / "bad", pixels=tall, prefix="B", edit=_other_uids)
    seen = onlooker.look(opened)
    assert {stack.split_reason for stack in seen.stacks} == {"matrix 48 x 40", "matrix 64 x 40"}
    assert sorted(seen.pixels[stack.id].shape for stack in seen.stacks) == [(3, 48, 40), (3, 64, 40)]


def test_that_a_localizer_is_split_by_plane_and_enhanced(onlooker: Onlooker, opened: Path) -> None:
    planes = (("A", phantom.AXIAL), ("C", phantom.CORONAL), ("S", phantom.SAGITTAL))
    for name, orientation in planes:
        phantom.classic(opened / "bad", prefix=name, pixels=THREE, orientation=orientation, edit=_other_uids)
    seen = onlooker.look(opened)
    assert {s.split_reason for s in seen.stacks} == {
        f"localizer: {p}" for p in ("axial", "coronal", "sagittal")
    }
    assert all(stack.supported for stack in seen.stacks) and seen.problems == ()


def _other_uids(dataset: Dataset, number: int) -> None:
    kind = sum(abs(round(v)) * 2**i for i, v in enumerate(dataset.ImageOrientationPatient))
    dataset.SOPInstanceUID = f"{phantom.ROOT}.{dataset.Rows}.{kind}.{number}"


def test_that_pixels_that_are_not_square_stay_so_through_an_export(
    onlooker: Onlooker, opened: Path, tmp_path: Path
) -> None:
    phantom.classic(opened / "bad", pixels=THREE, spacing_mm=(0.5, 1.0))
    seen = onlooker.look(opened)
    assert seen.stack.geometry.spacing_mm == (0.5, 1.0) and seen.problems == ()
    (first, *_) = export_kit.files_of(exported(seen, tmp_path / "out", "dicom").target)
    assert [float(v) for v in dcmread(first).PixelSpacing] == [0.125, 0.25]


def test_that_a_missing_frame_of_reference_gets_a_new_one_for_the_whole_export(
    onlooker: Onlooker, opened: Path, tmp_path: Path
) -> None:
    phantom.classic(opened / "bad", pixels=THREE, edit=phantom.without("FrameOfReferenceUID"))
    seen = onlooker.look(opened)
    assert np.array_equal(seen.shown, THREE) and seen.problems == ()
    files = export_kit.files_of(exported(seen, tmp_path / "out", "dicom").target)
    assert len({str(dcmread(file).FrameOfReferenceUID) for file in files}) == 1


@pytest.mark.parametrize("csa", [b"", b"SV10" + bytes(40)])
def test_that_a_mosaic_that_cannot_be_taken_apart_is_shown_whole(
    onlooker: Onlooker, opened: Path, csa: bytes
) -> None:
    phantom.mosaic(opened / "bad" / "IM0001.dcm", csa=csa)
    seen = onlooker.look(opened)
    assert seen.problem == Problem(
        BAD,
        "MOSAIC",
        "It is a mosaic, and its header does not say how to take it apart.",
        "Shown as one picture, not enhanced.",
    )
    assert seen.shown.shape == (1, 144, 120)
    assert seen.stack.why_not == "a mosaic that could not be taken apart"


def test_that_tiles_that_do_not_fit_are_not_guessed(onlooker: Onlooker, opened: Path) -> None:
    csa = phantom.csa_header({"NumberOfImagesInMosaic": ["49"], "SliceNormalVector": ["0.0", "0.0", "1.0"]})
    phantom.mosaic(opened / "bad" / "IM0001.dcm", csa=csa)
    seen = onlooker.look(opened)
    assert seen.codes == ["MOSAIC"] and seen.shown.shape == (1, 144, 120)


@pytest.mark.parametrize("left", [0, 2])
def test_that_frames_without_functional_groups_are_shown_without_geometry(
    onlooker: Onlooker, opened: Path, left: int
) -> None:
    def edit(dataset: Dataset, _: int) -> None:
        dataset.SeriesNumber = 1
        if left:
            dataset.PerFrameFunctionalGroupsSequence = dataset.PerFrameFunctionalGroupsSequence[:left]
        else:
            del dataset.PerFrameFunctionalGroupsSequence, dataset.SharedFunctionalGroupsSequence

    phantom.enhanced(opened / "bad" / "IM0001.dcm", pixels=phantom.head(slices=5), edit=edit)
    seen = onlooker.look(opened)
    assert seen.problem == Problem(
        BAD,
        "BAD_FUNCTIONAL_GROUPS",
        f"{5 - left} of 5 frames have no functional group.",
        "Shown without geometry.",
    )
    assert np.array_equal(seen.shown, phantom.head(slices=5)) and not seen.stack.has_position


@pytest.mark.parametrize(
    ("shape", "why_not"),
    [((16, 16), None), ((15, 40), "fewer than 16 x 16 pixels"), ((1, 1), "fewer than 16 x 16 pixels")],
)
def test_that_one_small_slice_is_shown_and_enhanced_from_16_pixels_on(
    spoiled: Spoil, shape: tuple[int, int], why_not: str | None
) -> None:
    pixels = np.arange(shape[0] * shape[1], dtype=np.uint16).reshape(1, *shape) + 5
    seen = spoiled(pixels=pixels)
    assert np.array_equal(seen.shown, pixels) and seen.problems == ()
    assert seen.stack.why_not == why_not


@pytest.mark.parametrize("numbers", [None, ["7", "7", "7"], ["a", "b", "c"]])
def test_that_slices_stand_by_place_whatever_their_numbers(
    onlooker: Onlooker, opened: Path, numbers: list[str] | None
) -> None:
    paths = phantom.classic(
        opened / "bad", pixels=THREE, edit=phantom.without("InstanceNumber") if numbers is None else None
    )
    for index, path in enumerate(paths):
        if numbers is not None:
            change = phantom.with_bytes(0x00200013, numbers[index].encode())
            path.write_bytes(change(path.read_bytes(), index))
    for path, name in zip(paths, ("z.dcm", "m.dcm", "a.dcm"), strict=True):
        path.rename(path.with_name(name))
    seen = onlooker.look(opened)
    assert np.array_equal(seen.shown, THREE) and seen.stack.has_position
    assert set(seen.codes) == ({"BAD_VALUE"} if numbers == ["a", "b", "c"] else set())
