"""Whose a slice is, and that nobody is in two splits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainsr_desktop.core.series import StudyInfo
from brainsr_desktop.train.config import Split
from brainsr_desktop.train.subjects import (
    contrast_in,
    divided,
    place_of,
    subject_of_path,
    subject_of_study,
)

NAMES = st.sets(st.text("abcABC0123", min_size=1, max_size=6), max_size=40)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("AD/218391_78.jpeg", "AD/218391_101.jpeg"),
        ("train/AD/218391_78.jpeg", "test/AD/218391_79.jpeg"),
        ("sub-01/anat/sub-01_T1w.nii.gz", "sub-01/ses-2/anat/sub-01_ses-2_T2w.nii.gz"),
        ("patient12/study1_T1W.nii.gz", "patient12/study2_FLAIR.nii.gz"),
        ("BraTS20_001/BraTS20_001_t1ce.nii.gz", "BraTS20_001/BraTS20_001_flair.nii.gz"),
        ("T1/IXI002-Guys-0828-T1.nii.gz", "PD/IXI002-Guys-0828-PD.nii.gz"),
        ("IXI002-Guys-0828-T1.nii.gz", "IXI002-Guys-0828-T2.nii.gz"),
        ("ADNI_002_S_0295_MR_I45108.nii", "ADNI_002_S_0295_MR_I99999.nii"),
        ("disc1/OAS1_0001_MR1.img", "disc2/OAS1_0001_MR2.img"),
        ("anna/IM0001.png", "anna/IM0002.png"),
        ("anna/t1.nii", "anna/t2.nii"),
        ("anna_t1.nii", "anna_T2w.nii.gz"),
    ],
)
def test_that_files_of_one_person_are_known_as_such(one: str, other: str) -> None:
    assert subject_of_path(one) == subject_of_path(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("AD/218391_78.jpeg", "AD/36573_78.jpeg"),
        ("AD/218391_78.jpeg", "NC/36573_78.jpeg"),
        ("sub-01/sub-01_T1w.nii.gz", "sub-02/sub-02_T1w.nii.gz"),
        ("patient12/study1_T1W.nii.gz", "patient13/study1_T1W.nii.gz"),
        ("T1/IXI002-Guys-0828-T1.nii.gz", "T1/IXI003-Guys-0829-T1.nii.gz"),
        ("anna/IM0001.png", "bert/IM0001.png"),
        ("anna_t1.nii", "bert_t1.nii"),
        ("007/x.npy", "008/x.npy"),
    ],
)
def test_that_files_of_two_people_are_told_apart(one: str, other: str) -> None:
    assert subject_of_path(one) != subject_of_path(other)


def test_that_a_pattern_decides_where_it_is_given() -> None:
    pattern = r"/(?P<subject>[a-z]+)_\d+\.png$"
    assert subject_of_path("x1/anna_001.png", pattern) == "anna"
    assert subject_of_path("x1/001.png", pattern) == ""


def test_that_a_study_without_a_name_or_number_names_nobody() -> None:
    assert subject_of_study(StudyInfo("1.2", birth_date="19700101")) == ""
    first, second = (StudyInfo("1.2", "A^B", number, "19700101") for number in ("1", "2"))
    assert subject_of_study(first) != subject_of_study(second) != ""


def test_that_a_number_names_a_patient_however_the_name_is_spelt() -> None:
    visits = [StudyInfo("1", "Müller^Anna", "7", "19700101"), StudyInfo("2", "Mueller^Anna", "7")]
    assert len(set(map(subject_of_study, visits))) == 1
    namesakes = [StudyInfo("1", "A^B", "", birth) for birth in ("19700101", "19800101")]
    assert len(set(map(subject_of_study, namesakes))) == 2


@pytest.mark.parametrize(
    ("text", "contrast"),
    [
        *(
            ("t1_mprage_sag", "T1"),
            ("sub-01_T2w.nii.gz", "T2"),
            ("t2_tirm_dark-fluid", "FLAIR"),
            ("PDw", "PD"),
        ),
        *(
            ("BraTS_t1ce.nii", "T1ce"),
            ("T1_c+", "T1ce"),
            ("localizer", ""),
            ("set2", ""),
            ("T1 post contrast", "T1ce"),
        ),
    ],
)
def test_that_contrasts_are_read_from_names(text: str, contrast: str) -> None:
    assert contrast_in(text) == contrast


@given(NAMES, NAMES)
def test_that_a_person_is_in_one_split_whoever_else_is_there(some: set[str], others: set[str]) -> None:
    split = Split(0.6, 0.0, 0.4)
    few, many = divided(some, split), divided(some | others, split)
    assert {name: many[name] for name in some} == dict(few)


@given(NAMES)
def test_that_spellings_of_one_name_are_together(names: set[str]) -> None:
    found = divided(names, Split())
    by_person: dict[str, set[str]] = {}
    for name, use in found.items():
        by_person.setdefault(name.strip().casefold(), set()).add(use)
    assert all(len(uses) == 1 for uses in by_person.values())


def test_that_shares_are_met_among_many() -> None:
    uses = list(divided([f"person {number}" for number in range(5000)], Split(6, 3, 1)).values())
    assert [uses.count(name) / 5000 for name in ("train", "val", "test")] == pytest.approx(
        [0.6, 0.3, 0.1], abs=0.03
    )


def test_that_a_place_never_changes() -> None:
    """Runs that are resumed years later must hold the same people back. SHA-256 of "anna", its first 56 bits."""
    assert place_of("Anna ") == place_of("anna") == int("55579b557896d0", 16) / 2**56


def test_that_a_few_people_give_one_to_watch() -> None:
    names = ["anna", "bert", "carl", "dora"]
    found = divided(names, Split(0.999, 0.001, 0.0))
    assert sorted(found.values()) == ["train", "train", "train", "val"]
    assert found[max(names, key=place_of)] == "val"
    assert set(divided(["anna"], Split(0.999, 0.001, 0.0)).values()) == {"train"}
    assert set(divided(["anna", "Anna"], Split(0.999, 0.001, 0.0)).values()) == {"train"}
