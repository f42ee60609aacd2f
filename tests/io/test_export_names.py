"""Names of exported folders: safe on every system, and nothing of the patient in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainsr_desktop.core.errors import UsageError
from brainsr_desktop.io.export_names import (
    candidates,
    clean,
    file_name,
    folder_name,
    pattern_name,
    series_number,
    without_patient,
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("t1_mpr sag", "t1_mpr_sag"),
        ("../../etc/passwd", "etc_passwd"),
        ("C:\\Windows", "C_Windows"),
        ("a\u202egpj.exe", "a_gpj_exe"),
        ("", "series"),
        ("...", "series"),
        ("CON", "CON_"),
        ("com1", "com1_"),
        ("头部 T1", "头部_T1"),
        ("x" * 60, "x" * 48),
        ("nul\0byte\nline", "nul_byte_line"),
        ("=cmd|'/c calc'!A1", "cmd_c_calc_A1"),
    ],
)
def test_that_a_description_becomes_a_safe_part_of_a_name(text: str, name: str) -> None:
    assert clean(text) == name


@given(st.text(max_size=200))
def test_that_any_text_stays_inside_the_chosen_folder(text: str) -> None:
    name = folder_name(504, text, 4)
    assert Path("/base", name).resolve().parent == Path("/base")
    assert len(name.encode()) < 240
    assert not set(name) & set('/\\:*?"<>|.\0\n')
    assert next(candidates(Path("/base"), name)) == Path("/base", name)


def test_that_an_exported_folder_is_called_by_number_description_and_factor() -> None:
    assert folder_name(504, "t1_mpr sag", 4) == "504_t1_mpr_sag_SRx4"
    assert file_name(17, ".dcm") == "IM00017.dcm"
    assert file_name(123456, ".png") == "IM123456.png"


@pytest.mark.parametrize(
    ("source", "scale", "taken", "number"),
    [
        (5, 4, (), 504),
        (5, 2, (), 502),
        (5, 4, (504, 514), 524),
        (None, 4, (), 9004),
        (None, 4, (9004,), 9014),
        (2**31 - 1, 4, (), 9004),
        (-3, 2, (), 9002),
    ],
)
def test_that_the_series_number_lies_beside_its_source_and_is_free(
    source: int | None, scale: int, taken: tuple[int, ...], number: int
) -> None:
    assert series_number(source, scale, taken) == number


def test_that_the_patient_is_taken_out_of_a_description() -> None:
    secrets = ("Mustermann^Käthe", "PID-90210")
    assert clean(without_patient("t1 mustermann PID-90210 sag", secrets)) == "t1_sag"
    assert clean(without_patient("Mustermann^Käthe", secrets)) == "series"
    assert clean(without_patient("t1_mprage", ("T1^Li", "02"))) == "t1_mprage"


def test_that_the_users_own_pattern_may_ask_for_the_patient() -> None:
    fields = {"number": "504", "patient_id": "PID/90210"}
    assert pattern_name("{patient_id}-{number}", fields) == "PID_90210-504"


@pytest.mark.parametrize("pattern", ["{number.__class__}", "{0}", "{}", "{unknown}"])
def test_that_a_pattern_with_an_unknown_field_is_refused(pattern: str) -> None:
    with pytest.raises(UsageError):
        pattern_name(pattern, {"number": "504"})


def test_that_further_candidates_carry_a_count(tmp_path: Path) -> None:
    found = candidates(tmp_path, "504_t1_SRx4")
    assert [next(found).name for _ in range(3)] == ["504_t1_SRx4", "504_t1_SRx4 (2)", "504_t1_SRx4 (3)"]
