"""One enlarged slice as classic MR: attribute by attribute."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from io import BytesIO
from pathlib import Path
from uuid import UUID, uuid5

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.datadict import keyword_for_tag
from pydicom.uid import UID

from brainsr_desktop.core.geometry import Geometry
from brainsr_desktop.core.recipe import DEGRADED
from brainsr_desktop.core.series import FrameInfo
from brainsr_desktop.io.dicom_attributes import KEPT, READ, REPLACED
from brainsr_desktop.io.dicom_sources import source_slice
from brainsr_desktop.io.dicom_write import (
    ExportFacts,
    SliceFacts,
    StoredPixels,
    Syntax,
    build,
    derivation_text,
    encode,
)
from brainsr_desktop.io.messages import ModelNote
from tests.io.export_kit import phantom_dataset, save

JOB = UUID("12345678-1234-4234-9234-123456789abc")
STARTED = datetime.fromisoformat("2026-03-04T05:06:07.000080")  # local time, as DICOM has it
FACTS = ExportFacts(JOB, STARTED, 4, ModelNote("brainsr-x4", "ab" * 32, "half_pixel"))
SOURCE = Geometry(12, 16, (0.9, 1.1), (0.8, 0.6, 0.0), (0.0, 0.0, -1.0), ((-20.0, 15.0, 30.0),))
PLACE = SliceFacts(FrameInfo("slice0.dcm"), SOURCE.enlarged(4), 11, 504)
PIXELS = np.arange(48 * 64, dtype=np.int16).reshape(48, 64) - 100


def reread(tmp_path: Path, data: Dataset) -> Dataset:
    """The data set as it comes from a file: values raw, as the exporter meets them."""
    save(data, tmp_path / "source.dcm")
    return dcmread(tmp_path / "source.dcm")


def exported(
    tmp_path: Path,
    data: Dataset | None = None,
    *,
    facts: ExportFacts = FACTS,
    place: SliceFacts = PLACE,
    pixels: StoredPixels = PIXELS,
    syntax: Syntax = "explicit",
) -> Dataset:
    """Build, encode, and read again."""
    source = source_slice(reread(tmp_path, data if data is not None else phantom_dataset(0)), place.frame)
    content = encode(build(source, pixels, facts, place).dataset, syntax)
    return dcmread(BytesIO(content))


def test_that_only_attributes_of_the_white_list_pass(tmp_path: Path) -> None:
    data = phantom_dataset(0)
    data.add_new(0x60000010, "US", 12)  # an overlay
    data.PixelPaddingValue, data.PatientOrientation = 0, ["L", "P"]
    out = exported(tmp_path, data)
    written = {"DerivationDescription", "DerivationCodeSequence", "ContributingEquipmentSequence"}
    allowed = {kept.keyword for kept in KEPT} | READ | REPLACED | written
    assert {keyword_for_tag(tag) for tag in out.keys()} <= allowed  # noqa: SIM118 - iterating decodes
    assert not any(tag.is_private for tag in out.keys())  # noqa: SIM118


@pytest.mark.parametrize(
    "keyword",
    [
        "OperatorsName",
        "PerformingPhysicianName",
        "RequestedProcedureDescription",
        "PatientComments",
        "TriggerTime",
    ],
)
def test_that_an_attribute_off_the_list_is_dropped_and_named(tmp_path: Path, keyword: str) -> None:
    data = phantom_dataset(0)
    setattr(data, keyword, "12")
    assert keyword not in exported(tmp_path, data)
    source = source_slice(reread(tmp_path, data), PLACE.frame)
    assert keyword in source.dropped
    assert source.private == 2


def test_that_facts_of_patient_study_and_scan_are_kept(tmp_path: Path) -> None:
    source, out = phantom_dataset(0), exported(tmp_path)
    for kept in KEPT:
        if kept.keyword in source and kept.keyword != "InversionTime":
            assert out.get(kept.keyword) == source.get(kept.keyword), kept.keyword
    for keyword in ("StudyInstanceUID", "FrameOfReferenceUID"):
        assert out.get(keyword) == source.get(keyword)


def test_that_position_and_spacing_follow_the_half_pixel_rule(tmp_path: Path) -> None:
    out = exported(tmp_path)
    x, y = np.array([0.8, 0.6, 0.0]), np.array([0.0, 0.0, -1.0])
    position = np.array([-20.0, 15.0, 30.0]) + (1.1 / 4 - 1.1) / 2 * x + (0.9 / 4 - 0.9) / 2 * y
    np.testing.assert_allclose(np.array(out.ImagePositionPatient, float), position, atol=1e-10)
    np.testing.assert_allclose(np.array(out.PixelSpacing, float), [0.225, 0.275], atol=1e-12)
    assert float(out.SliceLocation) == pytest.approx(float(np.cross(x, y) @ position), abs=1e-10)
    assert (out.Rows, out.Columns) == (48, 64)
    assert (float(out.SliceThickness), float(out.SpacingBetweenSlices)) == (1.5, 1.5)


@settings(max_examples=50)
@given(
    st.tuples(*[st.floats(-2000, 2000)] * 3),
    st.tuples(st.floats(0.05, 10), st.floats(0.05, 10)),
    st.floats(0, 6.3),
    st.sampled_from([2, 4]),
)
def test_that_the_outer_corner_stays_where_it_was(
    position: tuple[float, float, float], spacing: tuple[float, float], angle: float, scale: int
) -> None:
    row, column = (np.cos(angle), np.sin(angle), 0.0), (-np.sin(angle) * 0.6, np.cos(angle) * 0.6, -0.8)
    geometry = Geometry(3, 5, spacing, row, column, (position,))
    facts, place = replace(FACTS, factor=scale), replace(PLACE, geometry=geometry.enlarged(scale))
    source = source_slice(phantom_dataset(0), place.frame)
    out = build(source, np.zeros((3 * scale, 5 * scale), np.int16), facts, place).dataset
    r, c = (float(value) for value in out.PixelSpacing)
    x, y = np.array(out.ImageOrientationPatient, float).reshape(2, 3)
    corner = np.array(out.ImagePositionPatient, float) - (c * x + r * y) / 2
    before = np.array(position) - (spacing[1] * np.array(row) + spacing[0] * np.array(column)) / 2
    assert np.abs(corner - before).max() < 1e-9
    for keyword in ("PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient", "SliceLocation"):
        raw = out.get_item(keyword).value
        text = raw.decode() if isinstance(raw, bytes) else "\\".join(str(part) for part in np.atleast_1d(raw))
        assert all(len(part) <= 16 for part in text.strip().split("\\"))


def test_that_new_uids_come_from_the_job_and_the_source_alone(tmp_path: Path) -> None:
    out, again = exported(tmp_path), exported(tmp_path)
    sop = uuid5(JOB, "sop\n1.2.826.0.1.3680043.8.498.77.1\n0\n0").int
    assert out.SOPInstanceUID == again.SOPInstanceUID == f"2.25.{sop}"
    series = uuid5(JOB, "series\n1.2.826.0.1.3680043.8.498.77.1002").int
    assert out.SeriesInstanceUID == f"2.25.{series}"
    assert out.file_meta.MediaStorageSOPInstanceUID == out.SOPInstanceUID
    other = exported(tmp_path, facts=replace(FACTS, job=UUID(int=JOB.int + 1)))
    assert other.SOPInstanceUID != out.SOPInstanceUID
    assert other.SeriesInstanceUID != out.SeriesInstanceUID
    assert UID(out.SOPInstanceUID).is_valid


def test_that_tiles_frames_copies_and_groups_get_uids_of_their_own(tmp_path: Path) -> None:
    places = [
        PLACE,
        replace(PLACE, copy=1),
        replace(PLACE, frame=FrameInfo("slice0.dcm", tile=1)),
        replace(PLACE, frame=FrameInfo("slice0.dcm", tile=2)),
    ]
    files = [exported(tmp_path, place=place) for place in places]
    assert len({out.SOPInstanceUID for out in files}) == len(places)
    assert len({out.SeriesInstanceUID for out in files}) == 1
    assert exported(tmp_path, place=replace(PLACE, group=1)).SeriesInstanceUID != files[0].SeriesInstanceUID


def test_that_the_file_says_what_made_it_and_from_what(tmp_path: Path) -> None:
    out = exported(tmp_path)
    assert out.ImageType == ["DERIVED", "SECONDARY", "OTHER", "M", "ND"]
    assert out.SeriesDescription == "t1_mpr sag [SRx4]"
    assert out.SeriesNumber == 504
    assert out.InstanceNumber == 11
    assert out.ContentQualification == "RESEARCH"
    assert out.ImageComments == "AI super-resolution x4 - derived, not for primary diagnosis"
    assert out.DerivationDescription == (
        "In-plane super-resolution x4 by a trained network (brainsr-x4); no new acquired information."
        " Not for primary diagnosis."
    )
    assert out.DerivationCodeSequence[0].CodeValue == "113085"
    (item,) = out.SourceImageSequence
    assert item.ReferencedSOPInstanceUID == "1.2.826.0.1.3680043.8.498.77.1"
    assert item.SpatialLocationsPreserved == "NO"
    assert item.PurposeOfReferenceCodeSequence[0].CodeValue == "121322"
    assert "ReferencedFrameNumber" not in item
    program, scanner = out.ContributingEquipmentSequence
    assert program.ManufacturerModelName == "BrainSR Desktop"
    assert not program.Manufacturer.upper().startswith("BR")
    assert scanner.Manufacturer == "ACME Imaging"
    assert out.SoftwareVersions[0] == "V7"
    assert out.SoftwareVersions[-1].startswith("BrainSR ")
    assert out.SeriesDate == out.ContentDate == out.InstanceCreationDate == "20260304"
    assert out.SeriesTime == "050607.000080"


def test_that_an_interpolation_is_not_called_a_network(tmp_path: Path) -> None:
    out = exported(tmp_path, facts=replace(FACTS, model=ModelNote("bicubic", "", "half_pixel")))
    assert "network" not in out.DerivationDescription
    assert "AI" not in out.ImageComments
    assert "interpolation (bicubic)" in out.DerivationDescription


def test_that_careful_mode_is_told() -> None:
    careful = derivation_text(replace(FACTS, careful=True))
    assert "(brainsr-x4), mean over 8 flips and turns; no new acquired information" in careful


def test_that_a_degraded_picture_is_called_one() -> None:
    assert "not a scan" in derivation_text(replace(FACTS, model=ModelNote(DEGRADED, "", "half_pixel")))


@pytest.mark.parametrize(
    ("source", "exported_type"),
    [
        (["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"], ["DERIVED", "SECONDARY", "OTHER", "M", "ND"]),
        (["ORIGINAL", "PRIMARY", "MPR"], ["DERIVED", "SECONDARY", "MPR"]),
        (["DERIVED", "SECONDARY"], ["DERIVED", "SECONDARY", "OTHER"]),
        (["ORIGINAL", "PRIMARY", "PHASE MAP", "P"], ["DERIVED", "SECONDARY", "PHASE MAP", "P"]),
        (["ORIGINAL", "PRIMARY", "M", "VFRAME"], ["DERIVED", "SECONDARY", "OTHER", "M"]),
    ],
)
def test_that_image_type_says_derived_and_keeps_the_component(
    tmp_path: Path, source: list[str], exported_type: list[str]
) -> None:
    data = phantom_dataset(0)
    data.ImageType = source
    assert list(exported(tmp_path, data).ImageType) == exported_type


def test_that_a_long_description_is_cut_so_that_the_mark_fits(tmp_path: Path) -> None:
    data = phantom_dataset(0)
    data.SeriesDescription = "d" * 64
    assert exported(tmp_path, data).SeriesDescription == "d" * 52 + " [SRx4]"


@pytest.mark.parametrize(
    ("charset", "name"),
    [("GB18030", "王^小东"), ("ISO_IR 192", "Тест^Имя"), ("ISO_IR 100", "Müller^Käthe")],
)
def test_that_names_keep_their_bytes_and_character_set(tmp_path: Path, charset: str, name: str) -> None:
    data = phantom_dataset(0)
    data.SpecificCharacterSet = charset
    data.PatientName, data.SeriesDescription = name, name.replace("^", " ")
    source, out = reread(tmp_path, data), exported(tmp_path, data)
    assert out.SpecificCharacterSet == charset
    assert out.get_item("PatientName").value == source.get_item("PatientName").value
    assert out.PatientName == name
    assert out.SeriesDescription == name.replace("^", " ") + " [SRx4]"


def test_that_bytes_outside_the_declared_character_set_pass_unchanged(tmp_path: Path) -> None:
    save(phantom_dataset(0), tmp_path / "declared.dcm")
    raw = (tmp_path / "declared.dcm").read_bytes()
    name = "王小东".encode("gbk") + b"     "
    patched = raw.replace("Mustermann^Käthe".encode("latin-1"), name.ljust(16)[:16])
    (tmp_path / "patched.dcm").write_bytes(patched.replace(b"ISO_IR 100", b"ISO_IR 192"))
    source = source_slice(dcmread(tmp_path / "patched.dcm"), PLACE.frame)
    out = build(source, PIXELS, FACTS, PLACE).dataset
    assert out.get_item("PatientName").value.rstrip() == name.rstrip()


def test_that_required_and_empty_attributes_stand_in_for_absent_ones(tmp_path: Path) -> None:
    data = phantom_dataset(0)
    for keyword in (
        "ScanningSequence",
        "SequenceVariant",
        "ScanOptions",
        "EchoTrainLength",
        "SliceThickness",
    ):
        del data[keyword]
    del (
        data["PositionReferenceIndicator"],
        data["PatientSex"],
        data["FrameOfReferenceUID"],
        data["BodyPartExamined"],
    )
    out = exported(tmp_path, data)
    assert (out.ScanningSequence, out.SequenceVariant) == ("RM", "NONE")
    for keyword in (
        "ScanOptions",
        "EchoTrainLength",
        "SliceThickness",
        "PositionReferenceIndicator",
        "PatientSex",
    ):
        assert out[keyword].is_empty
    assert out["Laterality"].is_empty
    assert UID(out.FrameOfReferenceUID).is_valid
    assert out.LossyImageCompression == "00"


def test_that_one_new_frame_of_reference_serves_a_whole_series(tmp_path: Path) -> None:
    first, second = phantom_dataset(0), phantom_dataset(1)
    del first["FrameOfReferenceUID"], second["FrameOfReferenceUID"]
    assert exported(tmp_path, first).FrameOfReferenceUID == exported(tmp_path, second).FrameOfReferenceUID


@pytest.mark.parametrize(("sequence", "kept"), [("GR", False), (["GR", "IR"], True)])
def test_that_inversion_time_stays_only_with_an_inversion(tmp_path: Path, sequence: str, kept: bool) -> None:
    data = phantom_dataset(0)
    data.ScanningSequence = sequence
    assert ("InversionTime" in exported(tmp_path, data)) is kept


def test_that_rescale_and_window_come_in_pairs(tmp_path: Path) -> None:
    data = phantom_dataset(0)
    data.RescaleSlope = "2.5"
    data.WindowWidth = "0"
    out = exported(tmp_path, data)
    for keyword in ("RescaleSlope", "RescaleIntercept", "RescaleType", "WindowCenter", "WindowWidth"):
        assert keyword not in out
    data.RescaleIntercept, data.WindowWidth = "-10", "900"
    out = exported(tmp_path, data)
    assert (float(out.RescaleSlope), float(out.RescaleIntercept), out.RescaleType) == (2.5, -10.0, "US")
    assert (float(out.WindowCenter), float(out.WindowWidth)) == (450.0, 900.0)


def test_that_scaled_values_give_the_units_of_the_source_back(tmp_path: Path) -> None:
    data = phantom_dataset(0)
    data.RescaleSlope, data.RescaleIntercept = "2", "-7"
    out = exported(tmp_path, data, place=replace(PLACE, rescale=(0.5, 3.0)), pixels=PIXELS.astype(np.uint16))
    assert float(out.RescaleSlope) == 1.0
    assert float(out.RescaleIntercept) == 2 * 3.0 - 7


def test_that_a_series_with_volumes_numbers_them(tmp_path: Path) -> None:
    out = exported(tmp_path, place=replace(PLACE, volume=(3, 4)))
    assert (out.AcquisitionNumber, out.TemporalPositionIdentifier, out.NumberOfTemporalPositions) == (3, 3, 4)


@pytest.mark.parametrize(("dtype", "sign"), [(np.int16, 1), (np.uint16, 0)])
@pytest.mark.parametrize(
    ("syntax", "uid"),
    [("explicit", "1.2.840.10008.1.2.1"), ("j2k", "1.2.840.10008.1.2.4.90"), ("rle", "1.2.840.10008.1.2.5")],
)
def test_that_pixels_are_exact_in_every_transfer_syntax(
    tmp_path: Path, dtype: type[np.int16], sign: int, syntax: Syntax, uid: str
) -> None:
    limits = np.iinfo(dtype)
    pixels = np.random.default_rng(1).integers(limits.min, limits.max, (48, 64), endpoint=True).astype(dtype)
    pixels[0, :2] = limits.min, limits.max
    out = exported(tmp_path, pixels=pixels, syntax=syntax)
    assert out.file_meta.TransferSyntaxUID == uid
    np.testing.assert_array_equal(out.pixel_array, pixels)
    assert (out.BitsAllocated, out.BitsStored, out.HighBit, out.PixelRepresentation) == (16, 16, 15, sign)
    assert (out.SmallestImagePixelValue, out.LargestImagePixelValue) == (limits.min, limits.max)
    assert ("SS" if sign else "US") == out["SmallestImagePixelValue"].VR


def test_that_diffusion_values_are_taken_from_siemens_private_elements(tmp_path: Path) -> None:
    data = phantom_dataset(0)
    block = data.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    block.add_new(0x0C, "IS", "1000")
    block.add_new(0x0E, "FD", [0.6, 0.0, 0.8])
    out = exported(tmp_path, data)
    assert out.DiffusionBValue == 1000.0
    assert list(out.DiffusionGradientOrientation) == [0.6, 0.0, 0.8]


def test_that_an_unusable_uid_is_replaced_and_told(tmp_path: Path) -> None:
    data = reread(tmp_path, phantom_dataset(0))
    data.get_item("StudyInstanceUID")
    raw = (tmp_path / "source.dcm").read_bytes()
    (tmp_path / "bad.dcm").write_bytes(raw.replace(b"498.77.1001", b"498.77.../x"))
    source = source_slice(dcmread(tmp_path / "bad.dcm"), PLACE.frame)
    built = build(source, PIXELS, FACTS, PLACE)
    assert UID(built.dataset.StudyInstanceUID).is_valid
    assert ("StudyInstanceUID", "not valid, a new one written") in built.repairs
