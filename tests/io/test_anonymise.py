"""Nothing of the patient is left, at any depth, and what must agree still agrees."""

from __future__ import annotations

from io import BytesIO
from uuid import UUID, uuid4

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.datadict import keyword_for_tag
from pydicom.uid import UID

from brainsr_desktop.core.errors import InternalError
from brainsr_desktop.io.anonymise import ACTIONS, METHOD, anonymise
from brainsr_desktop.io.dicom_attributes import KEPT
from brainsr_desktop.io.dicom_sources import source_slice
from brainsr_desktop.io.dicom_write import build, encode
from tests.io.export_kit import phantom_dataset
from tests.io.test_dicom_write import FACTS, PIXELS, PLACE

SECRETS = (
    "Mustermann", "PID-90210", "19500607", "ACC5551", "Lindqvist", "20200102", "101112", "Klinik Nord", "MRNORD1",
    "SN-4711", "Kopf nativ", "t1_mpr", "069Y", "71.5", "1.2.826.0.1.3680043.8.498.77",
)  # fmt: skip


def removed(key: UUID, index: int = 0) -> tuple[Dataset, bytes]:
    data = phantom_dataset(index)
    built = build(source_slice(data, PLACE.frame), PIXELS, FACTS, PLACE).dataset
    anonymise(built, key, 4)
    content = encode(built, "explicit")
    return dcmread(BytesIO(content)), content


def test_that_no_value_of_the_patient_is_left_in_the_bytes_of_the_file() -> None:
    built = build(source_slice(phantom_dataset(0), PLACE.frame), PIXELS, FACTS, PLACE).dataset
    before, (_, after) = encode(built, "explicit"), removed(uuid4())
    for secret in SECRETS:
        assert secret.encode("latin-1") in before
        assert secret.encode("latin-1") not in after, secret


def test_that_every_attribute_an_export_can_hold_is_decided() -> None:
    undecided = {kept.keyword for kept in KEPT} - set(ACTIONS)
    assert undecided == set()
    built = build(source_slice(phantom_dataset(0), PLACE.frame), PIXELS, FACTS, PLACE).dataset

    def keywords(level: Dataset) -> set[str]:
        found = set()
        for element in level:
            found.add(keyword_for_tag(element.tag))
            if element.VR == "SQ":
                found |= {keyword for item in element.value for keyword in keywords(item)}
        return found

    assert keywords(built) - set(ACTIONS) == set()


def test_that_files_of_one_patient_still_belong_together() -> None:
    key = uuid4()
    first, second = removed(key, 0)[0], removed(key, 1)[0]
    for keyword in (
        "PatientID",
        "PatientName",
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "FrameOfReferenceUID",
    ):
        assert first[keyword].value == second[keyword].value
    assert first.SOPInstanceUID != second.SOPInstanceUID
    assert str(first.PatientID).startswith("ANON-")
    assert len(first.PatientID) == 13


def test_that_another_key_gives_another_identity() -> None:
    first, second = removed(uuid4())[0], removed(uuid4())[0]
    for keyword in ("PatientID", "StudyInstanceUID", "SOPInstanceUID"):
        assert first[keyword].value != second[keyword].value


def test_that_all_uids_are_new_and_valid_but_sop_classes() -> None:
    out, _ = removed(uuid4())
    assert out.SOPClassUID == "1.2.840.10008.5.1.4.1.1.4"
    (item,) = out.SourceImageSequence
    assert item.ReferencedSOPClassUID == "1.2.840.10008.5.1.4.1.1.4"
    for uid in (
        out.SOPInstanceUID,
        out.StudyInstanceUID,
        out.FrameOfReferenceUID,
        item.ReferencedSOPInstanceUID,
    ):
        assert uid.startswith("2.25.")
        assert UID(uid).is_valid


def test_that_the_file_says_how_the_patient_was_made_unknown() -> None:
    out, _ = removed(uuid4())
    assert out.PatientIdentityRemoved == "YES"
    assert out.DeidentificationMethod == METHOD
    assert len(METHOD) <= 64
    assert out.DeidentificationMethodCodeSequence[0].CodeValue == "113100"
    assert out.LongitudinalTemporalInformationModified == "REMOVED"
    assert out.SeriesDescription == "MR [SRx4]"


def test_that_the_picture_and_its_place_stay() -> None:
    out, _ = removed(uuid4())
    plain = build(source_slice(phantom_dataset(0), PLACE.frame), PIXELS, FACTS, PLACE).dataset
    np.testing.assert_array_equal(out.pixel_array, PIXELS)
    for keyword in (
        "ImagePositionPatient",
        "ImageOrientationPatient",
        "PixelSpacing",
        "SliceThickness",
        "EchoTime",
    ):
        assert out[keyword].value == plain[keyword].value


def test_that_a_private_element_stops_the_export() -> None:
    built = build(source_slice(phantom_dataset(0), PLACE.frame), PIXELS, FACTS, PLACE).dataset
    built.add_new(0x00291010, "LO", "x")
    with pytest.raises(InternalError):
        anonymise(built, uuid4(), 4)


def test_that_an_attribute_nobody_decided_about_is_removed() -> None:
    built = build(source_slice(phantom_dataset(0), PLACE.frame), PIXELS, FACTS, PLACE).dataset
    built.add_new(0x00104000, "LT", "a comment on the patient")
    anonymise(built, uuid4(), 4)
    assert "PatientComments" not in built
