"""Every folder of real scanners, held to what pydicom and dcm2niix were found to say of it (expected.json)."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from brainsr_desktop.core.series import ScanSummary, SeriesInfo, StackInfo
from brainsr_desktop.io.scan import scan_all

FOLDERS = (
    *("biolab_t1_067mm", "canon_dti_double_oblique", "dicomdir_cd", "ge_fmri_4d", "ge_localizer_3plane"),
    *("ge_signa_pd", "ge_signa_pd_duplicate", "hitachi_oblique_small", "mixed_orientation_one_series"),
    *("philips_dti_classic", "philips_enhanced_fieldmap", "philips_ingenia_t1_sag", "philips_pcasl_with_pr"),
    *("rgb_t1_j2k", "siemens_avanto_t1ce", "siemens_dual_echo_classic", "siemens_mosaic_sagittal"),
    *("siemens_spectroscopy", "siemens_transfer_syntaxes", "siemens_trio_gap_noext", "siemens_xa30_cd_mess"),
    *("siemens_xa30_enhanced", "toshiba_small_transfer_syntaxes", "uih_dti_grid", "uih_t1_sag"),
)
LETTERS = str.maketrans("SI", "HF")
SIDES = ("left", "right", "top", "bottom")
Scan = tuple[list[SeriesInfo], ScanSummary]


@pytest.fixture(scope="module")
def expected(shared: Path) -> dict[str, Any]:
    folders: dict[str, Any] = json.loads((shared / "dicom" / "expected.json").read_text())["folders"]
    return folders


@pytest.fixture(scope="module")
def scans(shared: Path) -> dict[str, Scan]:
    return {name: scan_all([str(shared / "dicom" / name)]) for name in FOLDERS}


def test_that_no_folder_is_forgotten(expected: dict[str, Any]) -> None:
    assert set(FOLDERS) == set(expected)


@pytest.mark.parametrize("name", FOLDERS)
def test_that_a_folder_shows_the_stacks_it_holds(
    name: str, expected: dict[str, Any], scans: dict[str, Scan]
) -> None:
    wanted = Counter(_fingerprint_of(series) for series in expected[name]["image_series"])
    assert Counter(_fingerprint(stack) for stack in _stacks(scans[name])) == wanted


@pytest.mark.parametrize("name", FOLDERS)
def test_that_every_file_is_used_or_skipped_with_a_reason(
    name: str, expected: dict[str, Any], scans: dict[str, Scan], shared: Path
) -> None:
    summary = scans[name][1]
    assert summary.seen == sum(path.is_file() for path in (shared / "dicom" / name).rglob("*"))
    assert summary.seen == expected[name]["n_files"]
    assert summary.seen == summary.used + len(summary.skipped)
    assert all(problem.path and problem.code and problem.reason for problem in summary.skipped)
    no_images = {
        entry["file"] for entry in expected[name]["not_mr_images"] if "an image, but" not in entry["why"]
    }
    assert {problem.path for problem in summary.skipped if problem.code == "NO_IMAGE"} == no_images


@pytest.mark.parametrize("name", FOLDERS)
def test_that_slices_lie_where_the_reference_says(
    name: str, expected: dict[str, Any], scans: dict[str, Scan]
) -> None:
    ends = [
        tuple(series["mosaic"]["first_tile_ipp_corrected"])
        if "mosaic" in series
        else tuple(series["first_slice_ascending_normal"]["ipp"])
        for series in expected[name]["image_series"]
        if "iop" in series
    ]
    found = [np.asarray(stack.geometry.positions_mm) for stack in _stacks(scans[name]) if stack.has_position]
    for wanted in ends:
        assert min(np.abs(positions[[0, -1]] - wanted).max(axis=1).min() for positions in found) < 2e-3


@pytest.mark.parametrize("name", FOLDERS)
def test_that_positions_run_one_way_from_foot_right_or_front(name: str, scans: dict[str, Scan]) -> None:
    for stack in _stacks(scans[name]):
        if stack.has_position and stack.slices > 1:
            axis = int(np.argmax(np.abs(stack.geometry.normal)))
            assert np.all(np.diff(np.asarray(stack.geometry.positions_mm)[:, axis]) > 0)


def test_that_what_is_no_plain_mr_picture_is_not_enhanced(scans: dict[str, Scan]) -> None:
    reasons = {name: {stack.why_not for stack in _stacks(scans[name])} for name in FOLDERS}
    assert reasons["rgb_t1_j2k"] == {"colour image"}
    assert reasons["siemens_xa30_cd_mess"] == {None, "parameter map (ADC)", "colour image"}
    assert reasons["dicomdir_cd"] == {None, "not an MR image", "projection"}
    assert reasons["ge_localizer_3plane"] == {None}


def test_that_echo_and_component_name_the_volumes(scans: dict[str, Scan]) -> None:
    (field_map,) = _stacks(scans["philips_enhanced_fieldmap"])
    assert field_map.volume_labels == (
        *("echo 2.30 ms, magnitude", "echo 2.30 ms, phase"),
        *("echo 4.60 ms, magnitude", "echo 4.60 ms, phase"),
    )
    assert field_map.volume_unsuitable == (None, "phase image", None, "phase image")
    slopes = [frame.slope for frame in field_map.frames if frame is not None]
    assert slopes[0] == pytest.approx(1.2916, abs=1e-4)
    assert slopes[53] == pytest.approx(1.5346, abs=1e-4)
    (dual,) = _stacks(scans["siemens_dual_echo_classic"])
    assert dual.volume_labels == ("echo 1, 5.19 ms", "echo 2, 7.65 ms")


def test_that_directions_are_counted_not_listed(scans: dict[str, Scan]) -> None:
    (grid,) = _stacks(scans["uih_dti_grid"])
    assert grid.volume_labels == ("b 1", "b 930, direction 1", "b 930, direction 2")


def test_that_time_points_which_differ_in_nothing_else_follow_their_number(scans: dict[str, Scan]) -> None:
    (fmri,) = _stacks(scans["ge_fmri_4d"])
    numbers = [frame.instance_number or 0 for frame in fmri.frames if frame is not None]
    assert sorted(numbers[:15]) == list(range(1, 16))
    assert sorted(numbers[15:]) == list(range(16, 31))


def test_that_the_missing_slice_is_reported_and_rounded_positions_are_not(scans: dict[str, Scan]) -> None:
    gap = [problem for problem in scans["siemens_trio_gap_noext"][1].problems if problem.code == "GAP"]
    assert len(gap) == 1
    assert "53322891" in gap[0].reason and "53322923" in gap[0].reason
    assert {problem.code for problem in scans["ge_signa_pd"][1].problems} == {"BAD_VALUE", "TRAILING_BYTES"}


def test_that_a_useless_window_and_rubbish_after_the_pixels_do_no_harm(scans: dict[str, Scan]) -> None:
    (stack,) = _stacks(scans["ge_signa_pd"])
    assert all(frame is not None and frame.window is None for frame in stack.frames)
    told = {(problem.code, problem.reason) for problem in scans["ge_signa_pd"][1].problems}
    assert ("BAD_VALUE", "WindowWidth holds no usable value.") in told
    assert sum(code == "TRAILING_BYTES" for code, _ in told) == 1


def test_that_second_copies_are_skipped_and_say_of_what(scans: dict[str, Scan]) -> None:
    copies = scans["toshiba_small_transfer_syntaxes"][1].skipped
    assert len(copies) == 8
    assert {problem.code for problem in copies} == {"DUPLICATE_FILE"}
    cut = next(problem for problem in copies if problem.path == "MR_truncated.dcm")
    assert "cut short" in cut.reason
    (stack,) = _stacks(scans["toshiba_small_transfer_syntaxes"])
    assert stack.frames[0] is not None and Path(stack.frames[0].path).name == "MR_small.dcm"


def test_that_stack_numbers_are_unique_in_a_scan(shared: Path) -> None:
    series, summary = scan_all(
        [str(shared / "dicom" / name) for name in ("dicomdir_cd", "siemens_xa30_cd_mess")]
    )
    ids = [stack.id for one in series for stack in one.stacks]
    assert sorted(ids, key=int) == [str(number) for number in range(1, 28)]
    assert summary.seen == summary.used + len(summary.skipped) == 38


def _stacks(scan: Scan) -> list[StackInfo]:
    return [stack for series in scan[0] for stack in series.stacks]


def _fingerprint(stack: StackInfo) -> tuple[object, ...]:
    geometry = stack.geometry
    return (
        stack.series_number,
        stack.description,
        stack.modality,
        (geometry.rows, geometry.columns),
        tuple(round(value, 3) for value in geometry.spacing_mm) if stack.has_spacing else None,
        stack.slices,
        stack.volumes,
        _rounded(geometry.step_mm) if stack.has_position else None,
        tuple(geometry.edges[side][0] for side in SIDES) if stack.has_position else None,
        geometry.plane if stack.has_position else None,
        stack.samples,
    )


def _fingerprint_of(series: dict[str, Any]) -> tuple[object, ...]:
    mosaic = series.get("mosaic")
    spacing = series["pixel_spacing_row_col_mm"]
    letters = series.get("edge_letters")
    return (
        series["series_number"],
        series["series_description"],
        series["modality"],
        (mosaic["tile_rows"], mosaic["tile_cols"]) if mosaic else (series["rows"], series["cols"]),
        tuple(round(value, 3) for value in spacing) if spacing else None,
        series["n_slices"],
        series["n_volumes"],
        _rounded(series.get("slice_spacing_measured_mm")),
        tuple(letters[side].translate(LETTERS) for side in SIDES) if letters else None,
        series["plane"].split(" ")[0] if "plane" in series else None,
        series["samples_per_pixel"],
    )


def _rounded(step_mm: float | None) -> float | None:
    return None if step_mm is None else round(step_mm, 3)
