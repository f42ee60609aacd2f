"""``brainsr info``: the folders of real scanners, held to what other programs say of them."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.conftest import Brainsr, Ended

FOLDERS = (
    "biolab_t1_067mm",
    "canon_dti_double_oblique",
    "dicomdir_cd",
    "ge_fmri_4d",
    "ge_localizer_3plane",
    "ge_signa_pd",
    "ge_signa_pd_duplicate",
    "hitachi_oblique_small",
    "mixed_orientation_one_series",
    "philips_dti_classic",
    "philips_enhanced_fieldmap",
    "philips_ingenia_t1_sag",
    "philips_pcasl_with_pr",
    "rgb_t1_j2k",
    "siemens_avanto_t1ce",
    "siemens_dual_echo_classic",
    "siemens_mosaic_sagittal",
    "siemens_spectroscopy",
    "siemens_transfer_syntaxes",
    "siemens_trio_gap_noext",
    "siemens_xa30_cd_mess",
    "siemens_xa30_enhanced",
    "toshiba_small_transfer_syntaxes",
    "uih_dti_grid",
    "uih_t1_sag",
)
SIDES = ("left", "right", "top", "bottom")
SERIES_KEYS = [
    "id", "series_uid", "study_uid", "description", "vendor", "model", "supported", "why_not", "files", "slices",
    "volumes", "rows", "columns", "spacing_mm", "slice_step_mm", "plane", "edges", "transfer_syntaxes", "problems",
]  # fmt: skip


@pytest.fixture(scope="module")
def expected(shared: Path) -> dict[str, Any]:
    folders: dict[str, Any] = json.loads((shared / "dicom" / "expected.json").read_text())["folders"]
    return folders


@pytest.fixture(scope="module")
def listed(brainsr: Brainsr, shared: Path) -> dict[str, Ended]:
    """What the command says of each folder."""
    with ThreadPoolExecutor(2) as threads:
        ended = threads.map(lambda name: brainsr("info", shared / "dicom" / name, "--json"), FOLDERS)
        return dict(zip(FOLDERS, ended, strict=True))


def letters(direction: np.ndarray[Any, Any]) -> str:
    """Letters of a direction, largest component first; more where it leans by over 20 degrees."""
    order = np.argsort(-np.abs(direction), kind="stable")
    named = [("LR", "PA", "HF")[axis][int(direction[axis] < 0)] for axis in order]
    large = [True, *(abs(direction[axis]) > np.sin(np.deg2rad(20)) for axis in order[1:])]
    return "".join(letter for letter, is_large in zip(named, large, strict=True) if is_large)


def expected_edges(series: dict[str, Any]) -> tuple[str, ...] | None:
    if "iop" not in series:
        return None
    right, down = np.array(series["iop"][:3]), np.array(series["iop"][3:])
    return letters(-right), letters(right), letters(-down), letters(down)


def expected_line(series: dict[str, Any]) -> tuple[Any, ...]:
    tiles = series.get("mosaic")
    rows, columns = (tiles["tile_rows"], tiles["tile_cols"]) if tiles else (series["rows"], series["cols"])
    spacing, step = series["pixel_spacing_row_col_mm"], series.get("slice_spacing_measured_mm")
    return (
        (rows, columns),
        (series["n_slices"], series["n_volumes"]),
        tuple(np.round(spacing, 3)) if spacing else None,
        None if step is None else round(step, 2),
        expected_edges(series),
        series["plane"].split(" ")[0] if "plane" in series else None,
    )


def listed_line(series: dict[str, Any]) -> tuple[Any, ...]:
    spacing, step, edges = series["spacing_mm"], series["slice_step_mm"], series["edges"]
    return (
        (series["rows"], series["columns"]),
        (series["slices"], series["volumes"]),
        tuple(np.round(spacing, 3)) if spacing else None,
        None if step is None else round(step, 2),
        tuple(edges[side] for side in SIDES) if edges else None,
        series["plane"],
    )


def test_that_no_folder_of_the_catalogue_is_left_out(expected: dict[str, Any]) -> None:
    assert sorted(FOLDERS) == sorted(expected)


@pytest.mark.parametrize("folder", FOLDERS)
def test_that_every_series_is_listed_as_the_reference_says(
    folder: str, expected: dict[str, Any], listed: dict[str, Ended]
) -> None:
    wanted = sorted((expected_line(series) for series in expected[folder]["image_series"]), key=str)
    found = sorted((listed_line(series) for series in listed[folder].json["series"]), key=str)
    assert found == wanted


@pytest.mark.parametrize("folder", FOLDERS)
def test_that_the_transfer_syntaxes_of_the_files_in_use_are_named(
    folder: str, expected: dict[str, Any], listed: dict[str, Ended]
) -> None:
    wanted = {uid for series in expected[folder]["image_series"] for uid in series["transfer_syntaxes"]}
    found = {uid for series in listed[folder].json["series"] for uid in series["transfer_syntaxes"]}
    has_duplicates = any(
        "duplicate_sop_instance_uids" in series or "duplicate" in folder
        for series in expected[folder]["image_series"]
    )
    assert (found <= wanted) if has_duplicates else (found == wanted)


@pytest.mark.parametrize("folder", FOLDERS)
def test_that_every_file_is_used_or_left_out_with_a_reason(
    folder: str, expected: dict[str, Any], listed: dict[str, Ended]
) -> None:
    files = listed[folder].json["files"]
    assert files["seen"] == expected[folder]["n_files"]
    assert files["seen"] == files["used"] + len(files["skipped"])
    assert all(left_out["path"] and left_out["reason"] for left_out in files["skipped"])
    assert not any(Path(left_out["path"]).is_absolute() for left_out in files["skipped"])


@pytest.mark.parametrize("folder", FOLDERS)
def test_that_only_grey_mr_series_can_be_enhanced(
    folder: str, expected: dict[str, Any], listed: dict[str, Ended]
) -> None:
    grey_mr = {
        series["series_description"]
        for series in expected[folder]["image_series"]
        if series["modality"] == "MR" and series["samples_per_pixel"] == 1
    }
    for series in listed[folder].json["series"]:
        assert series["supported"] is (series["why_not"] is None)
        if series["supported"]:
            assert series["description"] in {description or "" for description in grey_mr}


def test_that_the_contract_has_these_keys_and_no_others(listed: dict[str, Ended]) -> None:
    said = listed["siemens_avanto_t1ce"].json
    assert list(said) == ["files", "series"]
    assert list(said["files"]) == ["seen", "used", "skipped"]
    assert list(said["series"][0]) == SERIES_KEYS
    assert list(said["series"][0]["edges"]) == list(SIDES)


def test_that_ids_are_unique_over_all_series_of_a_folder(listed: dict[str, Ended]) -> None:
    for ended in listed.values():
        ids = [series["id"] for series in ended.json["series"]]
        assert len(set(ids)) == len(ids)


def test_that_a_folder_without_an_image_ends_with_status_3(listed: dict[str, Ended]) -> None:
    assert {name for name, ended in listed.items() if ended.status == 3} == {"siemens_spectroscopy"}
    assert all(ended.status in (0, 3) for ended in listed.values())


def test_that_the_sample_is_listed_with_the_fast_scan_first(brainsr: Brainsr, sample: Path) -> None:
    series = brainsr("info", sample, "--json").json["series"]
    assert series[0]["description"] == "T1 fast scan (simulated)"
    assert (series[0]["slices"], series[0]["rows"], series[0]["columns"]) == (50, 192, 137)
    assert series[0]["supported"]
    assert [entry["description"] for entry in series[1:]] == [
        "T1 reference",
        *["Localizer, three planes"] * 3,
    ]


def test_that_results_for_people_go_to_standard_output_and_remarks_to_standard_error(
    brainsr: Brainsr, sample: Path, tmp_path: Path
) -> None:
    shutil.copy(next(sample.glob("2*/*.dcm")), tmp_path / "one.dcm")
    (tmp_path / "notes.txt").write_text("no image")
    ended = brainsr("info", tmp_path)
    assert "T1 reference" in ended.out
    assert "2 files: 1 used in 1 series, 1 left out" in ended.out
    assert "notes.txt" in ended.err
    assert "notes.txt" not in brainsr("info", tmp_path, "--quiet").err


def test_that_names_with_any_bytes_are_opened_and_told_as_text(
    brainsr: Brainsr, sample: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "-rf a\nb 'ö\u202e"
    folder.mkdir()
    shutil.copy(next(sample.glob("2*/*.dcm")), folder / "one.dcm")
    odd = bytes(folder) + b"/\xff\xfe.txt"
    with open(odd, "wb") as file:  # noqa: PTH123 - a path of bytes
        file.write(b"no image")
    ended = brainsr("info", tmp_path, "--json")
    assert ended.status == 0
    assert ended.json["files"]["seen"] == 2
    assert "\\xff\\xfe.txt" in ended.json["files"]["skipped"][0]["path"]
    shown = brainsr("info", tmp_path)
    assert "\u202e" not in shown.out + shown.err
