"""Faults 1 to 19: files that are none of ours, cut, damaged or strange in their headers."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset

from brainsr_desktop.core.errors import Problem
from tests import phantom
from tests.faults.kit import ONE, Onlooker, Spoil, sound
from tests.io import export_kit

BAD = "bad/IM0001.dcm"
SAME = "It was read all the same."


def inserted(before: bytes, piece: bytes) -> Callable[[bytes, int], bytes]:
    """Bytes put in before an element, named by its first bytes."""

    def change(data: bytes, _: int) -> bytes:
        start = data.index(before, 132)
        return data[:start] + piece + data[start:]

    return change


THICKNESS = b"\x18\x00\x50\x00DS"
OPEN_SEQUENCE = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff"


def test_that_an_empty_file_is_counted_and_told(onlooker: Onlooker, opened: Path) -> None:
    (opened / "empty.dcm").touch()
    seen = onlooker.look(opened)
    assert seen.problem == Problem("empty.dcm", "EMPTY", "The file is empty.")
    assert (seen.summary.seen, seen.summary.used) == (4, 3)


def test_that_what_is_no_dicom_is_counted_whatever_its_name(onlooker: Onlooker, opened: Path) -> None:
    (opened / "text.dcm").write_text("Dear colleague, " * 40)
    (opened / "noise.dcm").write_bytes(np.random.default_rng(5).bytes(4000))
    Image.fromarray(np.zeros((20, 20), np.uint8)).save(opened / "picture.dcm", "JPEG")
    seen = onlooker.look(opened)
    assert {problem.path for problem in seen.problems} == {"text.dcm", "noise.dcm", "picture.dcm"}
    assert {(problem.code, problem.reason) for problem in seen.problems} == {
        ("NOT_DICOM", "No image that can be read.")
    }
    assert seen.stacks == ()


def test_that_a_file_without_preamble_is_shown_and_marked(spoiled: Spoil) -> None:
    seen = spoiled(raw=lambda data, _: data[132:])
    assert seen.problem == Problem(BAD, "NO_PREAMBLE", "The file lacks the DICOM preamble.", SAME)
    assert np.array_equal(seen.shown, ONE) and seen.stack.supported


def test_that_a_preamble_alone_is_a_cut_header(spoiled: Spoil) -> None:
    seen = spoiled(raw=lambda data, _: data[:132])
    assert seen.problem == Problem(BAD, "TRUNCATED_HEADER", "The file ends before its header begins.")
    assert seen.stacks == ()


def test_that_a_cut_header_names_the_last_keyword_that_was_read(spoiled: Spoil) -> None:
    seen = spoiled(raw=lambda data, _: data[: data.index(b"\x28\x00\x10\x00US") + 9])
    assert seen.problem == Problem(BAD, "TRUNCATED_HEADER", "The file ends inside its header, after Rows.")
    assert seen.stacks == ()


def test_that_an_element_longer_than_its_file_is_a_cut_header(spoiled: Spoil) -> None:
    element = b"\x28\x00\x01\x00UN\0\0" + struct.pack("<I", 0x7FFFFFF0)
    seen = spoiled(raw=inserted(b"\x28\x00\x02\x00US", element))
    assert seen.problem.code == "TRUNCATED_HEADER"
    assert seen.problem.reason == "The file ends inside its header, after (0028,0001)."
    assert seen.stacks == ()


@pytest.mark.parametrize(
    "piece",
    [
        OPEN_SEQUENCE + b"\xfe\xff\x00\xe0" + struct.pack("<I", 0x00FFFFFF),
        OPEN_SEQUENCE + b"\xfe\xff\x00\xe0\xff\xff\xff\xff",
    ],
    ids=["item too long", "never closed"],
)
def test_that_a_sequence_that_does_not_close_is_told(spoiled: Spoil, piece: bytes) -> None:
    seen = spoiled(raw=inserted(THICKNESS, piece))
    assert seen.problem.code == "BAD_SEQUENCE"
    assert seen.problem.reason == "The header is damaged at ReferencedImageSequence."
    assert seen.stacks == ()


def test_that_sequences_nested_500_deep_are_told_and_50_deep_are_read(spoiled: Spoil) -> None:
    def nested(deep: int) -> bytes:
        ends = b"\xfe\xff\x0d\xe0\0\0\0\0" + b"\xfe\xff\xdd\xe0\0\0\0\0"
        return (OPEN_SEQUENCE + b"\xfe\xff\x00\xe0\xff\xff\xff\xff") * deep + ends * deep

    seen = spoiled(raw=inserted(THICKNESS, nested(500)))
    assert seen.problem.code == "BAD_SEQUENCE"
    assert seen.problem.reason == "The header is damaged at ReferencedImageSequence."
    seen = spoiled(raw=inserted(THICKNESS, nested(50)))
    assert seen.problems == () and np.array_equal(seen.shown, ONE)


@pytest.mark.parametrize(
    "keyword",
    ["SOPClassUID", "Rows", "Columns", "BitsAllocated", "SamplesPerPixel", "PhotometricInterpretation"],
)
def test_that_a_missing_attribute_is_named(spoiled: Spoil, keyword: str) -> None:
    seen = spoiled(edit=phantom.without(keyword))
    assert seen.problem == Problem(BAD, "MISSING", f"{keyword} is missing.")
    assert seen.stacks == ()


def test_that_missing_pixel_data_are_named(spoiled: Spoil) -> None:
    assert spoiled(edit=phantom.without("PixelData")).problem == Problem(
        BAD, "MISSING", "PixelData is missing."
    )


def test_that_a_series_without_uids_is_shown_and_grouped_by_its_folder(
    onlooker: Onlooker, opened: Path
) -> None:
    def edit(dataset: Dataset, _: int) -> None:
        del dataset.SOPInstanceUID, dataset.SeriesInstanceUID, dataset.StudyInstanceUID

    for name in ("a", "b"):
        phantom.classic(opened / name, pixels=phantom.head(slices=2), edit=edit)
    seen = onlooker.look(opened)
    assert [stack.slices for stack in seen.stacks] == [2, 2]
    assert all(np.array_equal(seen.pixels[stack.id], phantom.head(slices=2)) for stack in seen.stacks)
    assert all("no UID" in stack.badges and stack.supported for stack in seen.stacks)


@pytest.mark.parametrize(
    ("keyword", "value", "badge"),
    [("Modality", "CT", "CT"), ("Modality", "PT", "PT"), ("Modality", "US", "US")],
)
def test_that_other_images_than_mr_are_shown_and_not_enhanced(
    spoiled: Spoil, keyword: str, value: str, badge: str
) -> None:
    seen = spoiled(edit=phantom.with_value(keyword, value))
    assert (seen.stack.why_not, seen.stack.badges[0]) == ("not an MR image", badge)
    assert np.array_equal(seen.shown, ONE) and seen.problems == ()


@pytest.mark.parametrize(
    ("uid", "words"),
    [
        ("1.2.840.10008.5.1.4.1.1.88.22", "Enhanced SR"),
        ("1.2.840.10008.5.1.4.1.1.481.3", "RT Structure Set"),
        ("1.2.840.10008.5.1.4.1.1.104.1", "Encapsulated PDF"),
        ("1.2.840.10008.5.1.4.1.1.9.1.1", "12-lead ECG Waveform"),
    ],
)
def test_that_objects_without_a_picture_are_counted_and_named(spoiled: Spoil, uid: str, words: str) -> None:
    def edit(dataset: Dataset, _: int) -> None:
        dataset.SOPClassUID = uid
        del dataset.PixelData

    assert spoiled(edit=edit).problem == Problem(BAD, "NO_IMAGE", f"{words}, not an image")


def test_that_a_directory_record_in_a_folder_is_counted(
    onlooker: Onlooker, opened: Path, shared: Path
) -> None:
    (opened / "DICOMDIR").write_bytes((shared / "dicom" / "dicomdir_cd" / "DICOMDIR").read_bytes())
    assert onlooker.look(opened).problem == Problem("DICOMDIR", "NO_IMAGE", "directory record, not an image")


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"])
def test_that_a_missing_transfer_syntax_is_guessed_and_marked(spoiled: Spoil, syntax: str) -> None:
    def without_syntax(data: bytes, _: int) -> bytes:
        start = data.index(b"\x02\x00\x10\x00UI")
        return data[:start] + data[start + 8 + struct.unpack_from("<H", data, start + 6)[0] :]

    seen = spoiled(raw=without_syntax, syntax=syntax)
    assert seen.problem == Problem(
        BAD, "GUESSED_SYNTAX", "The file does not say how it is encoded.", "It was guessed from its bytes."
    )
    assert np.array_equal(seen.shown, ONE) and seen.stack.transfer_syntaxes == (syntax,)


def test_that_rows_of_a_wrong_representation_are_named(spoiled: Spoil) -> None:
    seen = spoiled(raw=phantom.with_bytes(0x00280010, b"\x30\x00", b"LO"))
    assert seen.problem == Problem(BAD, "BAD_VALUE", "Rows holds no usable value.")


def test_that_an_unknown_representation_does_not_lose_the_picture_silently(spoiled: Spoil) -> None:
    seen = spoiled(raw=phantom.with_bytes(0x00280010, b"\x30\x00", b"ZZ"))
    assert seen.stacks == ()
    assert seen.problem.path == BAD and seen.problem.code in ("BAD_VALUE", "BAD_HEADER", "TRUNCATED_HEADER")
    assert "Rows" in seen.problem.reason


@pytest.mark.parametrize("value", [b"abc\\1", b"1,5\\1,5", b"nan\\1", b"inf\\inf", b"1.5"])
def test_that_numbers_that_are_none_count_as_absent(spoiled: Spoil, value: bytes) -> None:
    seen = spoiled(raw=phantom.with_bytes(0x00280030, value))
    assert seen.problem == Problem(
        BAD, "BAD_VALUE", "PixelSpacing holds no usable value.", "Treated as absent."
    )
    assert not seen.stack.has_spacing and np.array_equal(seen.shown, ONE)


@pytest.mark.parametrize(
    ("charsets", "raw", "name"),
    [
        (b"GB18030", "王^小东".encode("gb18030"), "王 小东"),
        (b"GBK", "王^小东".encode("gbk"), "王 小东"),
        (
            b"\\ISO 2022 IR 58",
            b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab",
            "Zhang XiaoDong = 张 小东",
        ),
        (
            b"\\ISO 2022 IR 149",
            b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7",
            "Hong Gildong = 洪 吉洞",
        ),
        (b"\\ISO 2022 IR 87", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B", "Yamada Tarou = 山田 太郎"),
        (b"ISO_IR 100", "Buc^Jérôme".encode("latin-1"), "Buc Jérôme"),
        (b"ISO_IR 144", "Люкceмбypг".encode("iso8859_5"), "Люкceмбypг"),
        (b"ISO_IR 192", "Müller^山田".encode(), "Müller 山田"),
    ],
    ids=["GB18030", "GBK", "IR 58", "IR 149", "IR 87", "IR 100", "IR 144", "IR 192"],
)
def test_that_names_of_every_tested_script_are_right(
    spoiled: Spoil, onlooker: Onlooker, charsets: bytes, raw: bytes, name: str
) -> None:
    def change(data: bytes, number: int) -> bytes:
        data = phantom.with_bytes(0x00080005, charsets)(data, number)
        return phantom.with_bytes(0x00100010, raw)(data, number)

    seen = spoiled(raw=change)
    assert seen.problems == ()
    assert [row[3] for row in onlooker.header(seen.stack).rows if row[1] == "PatientName"] == [name]


def test_that_text_of_another_character_set_is_marked_and_exported_byte_for_byte(
    spoiled: Spoil, tmp_path: Path
) -> None:
    raw = "王小东".encode("gbk")

    def change(data: bytes, number: int) -> bytes:
        data = phantom.with_bytes(0x00080005, b"ISO_IR 192")(data, number)
        return phantom.with_bytes(0x00100010, raw)(data, number)

    seen = spoiled(raw=change)
    assert seen.problem == Problem(
        BAD,
        "CHARSET",
        "Some text does not fit the character set that the file names.",
        "Shown with replacement characters.",
    )
    loaded = export_kit.Loaded(seen.stack, seen.shown, "")
    answer = export_kit.export(loaded, export_kit.open_request(loaded, tmp_path / "out"))
    (file,) = export_kit.files_of(answer.target)
    assert dcmread(file).get_item("PatientName").value.rstrip(b" ") == raw


def test_that_a_second_copy_is_left_out_and_a_false_copy_gets_a_uid_of_its_own(
    onlooker: Onlooker, opened: Path, tmp_path: Path
) -> None:
    (path,) = phantom.classic(opened / "bad", pixels=ONE)
    (opened / "bad" / "IM0001b.dcm").write_bytes(path.read_bytes())
    (opened / "bad" / "IM0001c.dcm").write_bytes(path.read_bytes()[:-200] + bytes(200))
    seen = onlooker.look(opened)
    told = {problem.code: problem for problem in seen.problems}
    assert told["DUPLICATE_FILE"] == Problem(
        "bad/IM0001b.dcm", "DUPLICATE_FILE", f"A second copy of {BAD} (same instance UID and pixels)."
    )
    assert told["DUPLICATE_UID"] == Problem(
        "bad/IM0001c.dcm",
        "DUPLICATE_UID",
        f"It has the instance UID of {BAD} but other pixels.",
        "Both are kept.",
    )
    assert sum(frame is not None for frame in seen.stack.frames) == 2
    loaded = export_kit.Loaded(seen.stack, seen.shown, "")
    answer = export_kit.export(loaded, export_kit.open_request(loaded, tmp_path / "out"))
    uids = {str(dcmread(file).SOPInstanceUID) for file in export_kit.files_of(answer.target)}
    assert len(uids) == 2 and f"{phantom.ROOT}.1.1" not in uids


def test_that_bytes_after_the_data_set_are_ignored_and_marked(spoiled: Spoil) -> None:
    seen = spoiled(raw=lambda data, _: data + bytes(range(250)) * 4)
    assert np.array_equal(seen.shown, ONE) and seen.stack.supported
    assert seen.problem == Problem(
        BAD, "TRAILING_BYTES", "1000 bytes follow its pixel data.", "They were ignored."
    )


def test_that_the_sound_series_alone_tells_nothing(onlooker: Onlooker, tmp_path: Path) -> None:
    seen = onlooker.look(sound(tmp_path / "alone"))
    assert seen.problems == () and seen.stacks == ()
