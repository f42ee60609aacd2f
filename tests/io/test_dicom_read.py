"""Single headers: values with care, text of every script, data sets for the export, rows for the details dialog."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from brainsr_desktop.core.errors import NotAnImage, ReadError, Truncated
from brainsr_desktop.core.series import FrameInfo, StackInfo
from brainsr_desktop.io.dicom_file import looks_like_dicom
from brainsr_desktop.io.dicom_read import component_of, date_text, read_dataset, seconds
from brainsr_desktop.io.header import Header
from brainsr_desktop.io.header_view import header_rows
from brainsr_desktop.io.peek import PEEK_BYTES, series_key
from brainsr_desktop.io.scan import scan_all
from tests import phantom


def one(path: Path) -> StackInfo:
    """The one stack of a path."""
    (stack,) = [stack for series in scan_all([str(path)])[0] for stack in series.stacks]
    return stack


def header(**values: Any) -> Header:
    """A header with some values as pydicom converts them."""
    dataset = Dataset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for keyword, value in values.items():
            setattr(dataset, keyword, value)
    return Header(dataset)


def test_that_numbers_are_finite_and_as_many_as_asked_or_absent() -> None:
    read = header(PixelSpacing=[1.5, 2], SliceThickness=3, WindowCenter=[40, 400], Rows=5, InstanceNumber=7)
    assert read.numbers("PixelSpacing", 2) == (1.5, 2.0)
    assert read.numbers("PixelSpacing", 3) == ()
    assert read.number("WindowCenter") == 40
    assert read.integer("Rows") == 5 and read.integer("InstanceNumber") == 7
    assert read.number("EchoTime") is None
    assert read.bad == {"PixelSpacing"}


def test_that_a_fraction_is_no_whole_number() -> None:
    read = header(SliceThickness=1.5)
    assert read.integer("SliceThickness") is None
    assert read.bad == {"SliceThickness"}


def test_that_private_elements_are_found_by_their_creator() -> None:
    dataset = Dataset()
    dataset.add(DataElement(0x00190010, "LO", "SOMEBODY ELSE"))
    dataset.add(DataElement(0x00190011, "LO", "SIEMENS MR HEADER"))
    assert Header(dataset).private_tag(0x0019, "SIEMENS MR HEADER", 0x0C) == 0x0019110C
    assert Header(dataset).private_tag(0x0019, "NOBODY", 0x0C) is None


@pytest.mark.parametrize(
    ("image_type", "complex_component", "ge", "expected"),
    [
        (("ORIGINAL", "PRIMARY", "M", "ND"), (), None, "magnitude"),
        (("ORIGINAL", "PRIMARY", "P", "ND"), (), None, "phase"),
        (("ORIGINAL", "PRIMARY", "PHASE MAP", "P", "FFE"), (), None, "phase"),
        (("ORIGINAL", "PRIMARY", "R_FFE", "R", "FFE"), (), None, "real"),
        (("ORIGINAL", "PRIMARY", "OTHER"), ("IMAGINARY",), None, "imaginary"),
        (("ORIGINAL", "PRIMARY", "OTHER"), (), 1, "phase"),
        (("ORIGINAL", "PRIMARY", "OTHER"), (), 0, ""),
        (("ORIGINAL", "PRIMARY", "PERFUSION_FFE", "PERFUSION"), (), None, ""),
        (("ORIGINAL", "PRIMARY", "MPR"), (), 70, ""),
        (("PRIMARY",), (), None, ""),
    ],
)
def test_that_makers_letters_name_the_component(
    image_type: tuple[str, ...], complex_component: tuple[str, ...], ge: int | None, expected: str
) -> None:
    assert component_of(image_type, complex_component, ge) == expected


def test_that_times_and_dates_are_read_and_nonsense_is_left_alone() -> None:
    assert seconds("013059.5") == 1 * 3600 + 30 * 60 + 59.5
    assert seconds("20210902013059.5") == 1 * 3600 + 30 * 60 + 59.5
    assert seconds("***") is None and seconds("") is None
    assert date_text("20240102") == "2024-01-02"
    assert date_text("***") == "***"


def test_that_a_data_set_can_be_read_again(data: Path) -> None:
    for path in sorted((data / "toshiba_small_transfer_syntaxes").iterdir()):
        frame = FrameInfo(path=str(path))
        expected = pydicom.dcmread(path)
        dataset = read_dataset(frame)
        del expected.PixelData
        before = [element.tag for element in expected if element.tag < 0x7FE00010]
        assert list(dataset.keys()) == before
        assert dataset.SOPInstanceUID == expected.SOPInstanceUID


def test_that_reading_again_says_what_is_wrong(tmp_path: Path) -> None:
    (path,) = phantom.classic(tmp_path, pixels=phantom.head(slices=1))
    frame = FrameInfo(path=str(path))
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(Truncated):
        read_dataset(frame)
    path.write_bytes(b"no picture" * 100)
    with pytest.raises(NotAnImage):
        read_dataset(frame)
    path.unlink()
    with pytest.raises(ReadError, match="no longer there"):
        read_dataset(frame)


def test_that_header_rows_show_every_element_and_items_indented(tmp_path: Path) -> None:
    path = phantom.enhanced(tmp_path / "e.dcm")
    rows = header_rows(FrameInfo(path=str(path)))
    found = {row[1]: row for row in rows}
    assert found["PatientName"][3] == "Phantom Head"
    assert found["Rows"] == ("(0028,0010)", "Rows", "US", "48")
    assert found["PerFrameFunctionalGroupsSequence"][3] == "6 items"
    assert found["ImagePositionPatient"][0].startswith("        (0020,0032)")
    assert all(len(text) <= 256 for row in rows for text in row)


def test_that_header_rows_of_hostile_values_are_clean(tmp_path: Path) -> None:
    (path,) = phantom.classic(
        tmp_path,
        pixels=phantom.head(slices=1),
        raw=phantom.with_bytes(0x00080080, b"<b>\x1b[2J" + b"\xe2\x80\xae" + b"x" * 5000),
    )
    text = next(row[3] for row in header_rows(FrameInfo(path=str(path))) if row[1] == "InstitutionName")
    assert text.startswith("<b>\ufffd[2J\ufffdxxx") and len(text) == 256


def test_that_the_hint_of_a_series_agrees_with_the_header_or_is_not_given(shared: Path) -> None:
    told = 0
    for path in sorted((shared / "dicom").rglob("*"))[::3]:
        if not path.is_file():
            continue
        head = path.read_bytes()[: PEEK_BYTES + 132]
        key = series_key(head) if looks_like_dicom(head[:132]) else None
        if key is None:
            continue
        told += 1
        dataset = pydicom.dcmread(path, stop_before_pixels=True)
        assert key == (dataset.StudyInstanceUID, dataset.SeriesInstanceUID)
    assert told > 100


@given(st.binary(max_size=300))
def test_that_no_beginning_of_a_file_upsets_the_hint(noise: bytes) -> None:
    series_key(noise)
    series_key(bytes(128) + b"DICM" + noise)
    looks_like_dicom(noise)


def test_that_other_files_are_not_taken_for_dicom(project: Path) -> None:
    for path in (*project.glob("brainsr_desktop/**/*.py"), *project.glob("*.toml")):
        assert not looks_like_dicom(path.read_bytes()[:132])


def test_that_an_enhanced_file_is_ordered_by_place_and_scaled_frame_by_frame(tmp_path: Path) -> None:
    path = phantom.enhanced(tmp_path / "e.dcm", echoes_ms=(12.0, 30.0), reverse=True)
    stack = one(path)
    assert (stack.slices, stack.volumes) == (6, 2)
    assert stack.volume_labels == ("echo 12.00 ms", "echo 30.00 ms")
    assert [frame.frame for frame in stack.frames if frame] == [*range(11, 0, -2), *range(10, -1, -2)]
    assert {frame.slope for frame in stack.frames[:6] if frame} == {2.0}
    assert {frame.slope for frame in stack.frames[6:] if frame} == {3.0}
    assert stack.frames[0] is not None and stack.frames[0].intercept == -10.0
    assert stack.geometry.spacing_mm == (1.5, 1.25) and stack.geometry.step_mm == pytest.approx(4.0)


@pytest.mark.parametrize("kept", [0, 4])
def test_that_frames_without_groups_are_shown_without_geometry(tmp_path: Path, kept: int) -> None:
    def edit(dataset: Dataset, _: int) -> None:
        dataset.PerFrameFunctionalGroupsSequence = dataset.PerFrameFunctionalGroupsSequence[:kept]
        if not kept:
            del dataset.SharedFunctionalGroupsSequence, dataset.PerFrameFunctionalGroupsSequence

    stack = one(phantom.enhanced(tmp_path / "e.dcm", edit=edit))
    assert stack.slices == 6 and not stack.has_position
    assert "BAD_FUNCTIONAL_GROUPS" in {problem.code for problem in stack.problems}


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize(
    ("signed", "limit", "expected"),
    [(True, None, (-2000.0, -2000.0)), (True, -1990, (-2000.0, -1990.0)), (False, None, (7.0, 7.0))],
)
def test_that_padding_and_both_windows_are_told(
    tmp_path: Path, syntax: str, signed: bool, limit: int | None, expected: tuple[float, float]
) -> None:
    def edit(dataset: Dataset, _: int) -> None:
        dataset.PixelRepresentation = int(signed)
        vr = "SS" if signed else "US"
        dataset.add(DataElement("PixelPaddingValue", vr, -2000 if signed else 7))
        if limit is not None:
            dataset.add(DataElement("PixelPaddingRangeLimit", vr, limit))
        dataset.WindowCenter, dataset.WindowWidth = ["40", "300"], ["80", "1500"]

    phantom.classic(tmp_path, edit=edit, syntax=syntax)
    frame = one(tmp_path).frames[0]
    assert frame is not None
    assert frame.padding == expected
    assert (frame.window, frame.second_window) == ((40.0, 80.0), (300.0, 1500.0))


def test_that_files_without_padding_tell_none(tmp_path: Path) -> None:
    phantom.classic(tmp_path)
    frame = one(tmp_path).frames[0]
    assert frame is not None and frame.padding is None and frame.second_window is None


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_that_a_voi_lut_without_a_window_gives_its_range(tmp_path: Path, syntax: str) -> None:
    def edit(dataset: Dataset, _: int) -> None:
        for name in ("WindowCenter", "WindowWidth"):
            if name in dataset:
                delattr(dataset, name)
        lut = Dataset()
        lut.add(DataElement("LUTDescriptor", "US", [256, 100, 8]))
        lut.add(DataElement("LUTData", "US", list(range(256))))
        dataset.VOILUTSequence = [lut]

    phantom.classic(tmp_path, edit=edit, syntax=syntax)
    frame = one(tmp_path).frames[0]
    assert frame is not None and frame.window == (227.5, 256.0)
