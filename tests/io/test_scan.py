"""Damaged, incomplete and strange files: read as far as they go, told with a reason (faults 3 to 19, 31 to 39)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from brainsr_desktop.core.series import ScanSummary, SeriesInfo, StackInfo
from brainsr_desktop.io import dicom_file, dicom_read, instance
from brainsr_desktop.io.scan import scan, scan_all
from tests import phantom

Raw = Callable[[bytes, int], bytes]
ONE = phantom.head(slices=1)


def codes(summary: ScanSummary) -> list[str]:
    """Reason codes of what was left out."""
    return [problem.code for problem in summary.skipped]


def only_stack(series: list[SeriesInfo]) -> StackInfo:
    """The one stack of a scan."""
    (stack,) = [stack for one in series for stack in one.stacks]
    return stack


def scanned(folder: Path, **switches: Any) -> tuple[list[SeriesInfo], ScanSummary]:
    """Write one slice with a fault and scan it."""
    phantom.classic(folder, **{"pixels": ONE, **switches})
    return scan_all([str(folder)])


def test_that_a_file_without_preamble_is_read_and_marked(tmp_path: Path) -> None:
    series, summary = scanned(tmp_path, raw=lambda data, _: data[132:])
    assert only_stack(series).slices == 1
    assert [problem.code for problem in summary.problems] == ["NO_PREAMBLE"]


def test_that_a_bare_data_set_is_read_with_a_guessed_syntax(tmp_path: Path) -> None:
    def bare(data: bytes, _: int) -> bytes:
        return data[data.index(b"\x08\x00\x05\x00CS") :]

    series, summary = scanned(tmp_path, raw=bare)
    assert only_stack(series).transfer_syntaxes == ("1.2.840.10008.1.2.1",)
    assert {problem.code for problem in summary.problems} == {"NO_PREAMBLE", "GUESSED_SYNTAX"}


@pytest.mark.parametrize("length", [132, 140, 400, 700])
def test_that_a_cut_header_is_told_from_no_dicom(tmp_path: Path, length: int) -> None:
    series, summary = scanned(tmp_path, raw=lambda data, _: data[:length])
    assert series == []
    assert codes(summary) == ["TRUNCATED_HEADER"]


def test_that_the_last_keyword_of_a_cut_header_is_named(tmp_path: Path) -> None:
    def cut(data: bytes, _: int) -> bytes:
        return data[: data.index(b"\x28\x00\x11\x00US") + 9]

    summary = scanned(tmp_path, raw=cut)[1]
    assert codes(summary) == ["TRUNCATED_HEADER"]
    assert "Columns" in summary.skipped[0].reason


def test_that_a_length_past_the_end_is_a_cut_header(tmp_path: Path) -> None:
    def lie(data: bytes, _: int) -> bytes:
        start = data.index(b"\x28\x00\x02\x00US")
        return data[:start] + b"\x28\x00\x01\x00UN\0\0" + struct.pack("<I", 0x7FFFFFF0) + data[start:]

    assert codes(scanned(tmp_path, raw=lie)[1]) == ["TRUNCATED_HEADER"]


def test_that_an_open_sequence_is_a_bad_sequence(tmp_path: Path) -> None:
    def open_ended(data: bytes, _: int) -> bytes:
        start = data.index(b"\x18\x00\x50\x00DS")
        item = b"\xfe\xff\x00\xe0" + struct.pack("<I", 0x00FFFFFF)
        return data[:start] + b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff" + item + data[start:]

    summary = scanned(tmp_path, raw=open_ended)[1]
    assert codes(summary) in (["BAD_SEQUENCE"], ["TRUNCATED_HEADER"])


def test_that_sequences_nested_500_deep_do_no_harm(tmp_path: Path) -> None:
    def nested(data: bytes, _: int) -> bytes:
        start = data.index(b"\x18\x00\x50\x00DS")
        sequence = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
        ends = b"\xfe\xff\x0d\xe0\0\0\0\0" + b"\xfe\xff\xdd\xe0\0\0\0\0"
        return data[:start] + sequence * 500 + ends * 500 + data[start:]

    phantom.classic(tmp_path / "good", series=2)
    summary = scanned(tmp_path / "bad", raw=nested)[1]
    assert codes(summary) == ["BAD_SEQUENCE"]
    assert len(scan_all([str(tmp_path)])[0]) == 1


@pytest.mark.parametrize(
    "keyword",
    [
        "SOPClassUID",
        "Rows",
        "Columns",
        "BitsAllocated",
        "SamplesPerPixel",
        "PhotometricInterpretation",
        "PixelData",
    ],
)
def test_that_a_missing_required_attribute_is_named(tmp_path: Path, keyword: str) -> None:
    summary = scanned(tmp_path, edit=phantom.without(keyword))[1]
    assert codes(summary) == ["MISSING"]
    assert keyword in summary.skipped[0].reason


def test_that_files_without_series_uid_are_grouped_by_folder_and_number(tmp_path: Path) -> None:
    def edit(dataset: Dataset, _: int) -> None:
        del dataset.SeriesInstanceUID, dataset.SOPInstanceUID

    for name, number in (("a", 1), ("a", 2), ("b", 1)):
        phantom.classic(tmp_path / name, series=number, prefix=f"S{number}-", edit=edit)
    series, summary = scan_all([str(tmp_path)])
    assert [one.stacks[0].slices for one in series] == [6, 6, 6]
    assert all("no UID" in one.stacks[0].badges for one in series)
    assert summary.skipped == ()


@pytest.mark.parametrize("uid", ["../../x", "C:\\x", "1.2.840." + "9" * 64, "1.2.a"])
def test_that_a_uid_that_is_none_counts_as_missing(tmp_path: Path, uid: str) -> None:
    series, summary = scanned(tmp_path, edit=phantom.with_value("SeriesInstanceUID", uid))
    assert only_stack(series).series_uid == ""
    assert any(
        problem.code == "BAD_VALUE" and "SeriesInstanceUID" in problem.reason for problem in summary.problems
    )


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("Modality", "CT"),
        ("Modality", "PT"),
        ("Modality", "US"),
        ("SOPClassUID", "1.2.840.10008.5.1.4.1.1.7"),
    ],
)
def test_that_other_images_are_shown_and_not_enhanced(tmp_path: Path, keyword: str, value: str) -> None:
    stack = only_stack(scanned(tmp_path, edit=phantom.with_value(keyword, value))[0])
    assert stack.why_not in ("not an MR image", "screen capture")


@pytest.mark.parametrize(
    ("uid", "word"),
    [
        ("1.2.840.10008.5.1.4.1.1.88.22", "SR"),
        ("1.2.840.10008.5.1.4.1.1.11.1", "Presentation State"),
        ("1.2.840.10008.5.1.4.1.1.481.3", "RT Structure"),
        ("1.2.840.10008.5.1.4.1.1.104.1", "PDF"),
        ("1.2.840.10008.5.1.4.1.1.4.2", "Spectroscopy"),
        ("1.2.840.10008.5.1.4.1.1.66.4", "Segmentation"),
    ],
)
def test_that_objects_without_pictures_are_named(tmp_path: Path, uid: str, word: str) -> None:
    def edit(dataset: Dataset, _: int) -> None:
        dataset.SOPClassUID = uid
        if word != "Segmentation":
            del dataset.PixelData

    summary = scanned(tmp_path, edit=edit)[1]
    assert codes(summary) == ["NO_IMAGE"]
    assert word in summary.skipped[0].reason


def test_that_a_missing_transfer_syntax_is_guessed(tmp_path: Path) -> None:
    def without_syntax(data: bytes, _: int) -> bytes:
        start = data.index(b"\x02\x00\x10\x00UI")
        return data[:start] + data[start + 8 + struct.unpack_from("<H", data, start + 6)[0] :]

    series, summary = scanned(tmp_path, raw=without_syntax)
    assert only_stack(series).slices == 1
    assert [problem.code for problem in summary.problems] == ["GUESSED_SYNTAX"]


def test_that_rows_of_another_kind_are_a_bad_value(tmp_path: Path) -> None:
    summary = scanned(tmp_path, raw=phantom.with_bytes(0x00280010, b"\x30\x00", b"LO"))[1]
    assert codes(summary) == ["BAD_VALUE"]
    assert "Rows" in summary.skipped[0].reason


@pytest.mark.parametrize(
    "value", [b"abc\\1", b"1,5\\1,5", b"nan\\1", b"inf\\inf", b"1.5", b"0\\0", b"-1\\1", b""]
)
def test_that_unusable_spacing_is_absent_not_invented(tmp_path: Path, value: bytes) -> None:
    series, summary = scanned(tmp_path, raw=phantom.with_bytes(0x00280030, value))
    stack = only_stack(series)
    assert not stack.has_spacing
    assert stack.geometry.spacing_mm == (1.0, 1.0)
    assert [problem.code for problem in summary.problems] == (["BAD_VALUE"] if value else [])


@pytest.mark.parametrize("value", [b"0", b"nan", b"one"])
def test_that_a_useless_slope_is_one(tmp_path: Path, value: bytes) -> None:
    series, summary = scanned(
        tmp_path, edit=phantom.with_value("RescaleSlope", 2.0), raw=phantom.with_bytes(0x00281053, value)
    )
    frame = only_stack(series).frames[0]
    assert frame is not None and frame.slope == 1.0
    assert "RescaleSlope" in summary.problems[0].reason


@pytest.mark.parametrize(
    ("charsets", "raw", "name"),
    [
        (b"GB18030", "王^小东".encode("gb18030"), "王 小东"),
        (b"GBK", "王^小东".encode("gbk"), "王 小东"),
        (b"ISO_IR 192", "Müller^Jörg".encode(), "Müller Jörg"),
        (b"ISO_IR 100", "Buc^Jérôme".encode("latin-1"), "Buc Jérôme"),
        (b"ISO_IR 144", "Люкceмбypг".encode("iso8859_5"), "Люкceмбypг"),
        (
            b"\\ISO 2022 IR 149",
            b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7",
            "Hong Gildong = 洪 吉洞",
        ),
        (
            b"\\ISO 2022 IR 87",
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
            "Yamada Tarou = 山田 太郎 = やまだ たろう",
        ),
    ],
)
def test_that_names_of_many_scripts_are_right(tmp_path: Path, charsets: bytes, raw: bytes, name: str) -> None:
    def change(data: bytes, number: int) -> bytes:
        data = phantom.with_bytes(0x00080005, charsets)(data, number)
        return phantom.with_bytes(0x00100010, raw)(data, number)

    series, summary = scanned(tmp_path, raw=change)
    assert series[0].study.patient_name == name
    assert summary.problems == ()


def test_that_a_wrong_character_set_is_marked_not_fatal(tmp_path: Path) -> None:
    series, summary = scanned(
        tmp_path,
        raw=lambda data, n: phantom.with_bytes(0x00080005, b"ISO_IR 192")(
            phantom.with_bytes(0x00100010, "王".encode("gbk"))(data, n), n
        ),
    )
    assert "\ufffd" in series[0].study.patient_name
    assert [problem.code for problem in summary.problems] == ["CHARSET"]


def test_that_an_undeclared_character_set_is_marked(tmp_path: Path) -> None:
    def change(raw: bytes) -> Raw:
        return lambda data, n: phantom.with_bytes(0x00080005, b"")(
            phantom.with_bytes(0x00100010, raw)(data, n), n
        )

    series, summary = scanned(tmp_path / "utf8", raw=change("Jérôme".encode()))
    assert series[0].study.patient_name == "Jérôme"
    assert [problem.code for problem in summary.problems] == ["CHARSET"]
    series, summary = scanned(tmp_path / "gbk", raw=change("王小".encode("gbk")))
    assert "\ufffd" in series[0].study.patient_name
    assert [problem.code for problem in summary.problems] == ["CHARSET"]


def test_that_hostile_text_stays_text_and_short(tmp_path: Path) -> None:
    text = b"<img src=file:///x>\x1b[31m" + "\u202e".encode() + b"A" * 60_000
    edit = phantom.with_value("SeriesDescription", "x")
    series, _ = scanned(tmp_path, edit=edit, raw=phantom.with_bytes(0x0008103E, text[:60_001]))
    description = series[0].stacks[0].description
    assert description.startswith("<img src=file:///x>\ufffd[31m\ufffd")
    assert len(description) == 256


def test_that_a_second_copy_is_ignored_and_a_false_one_kept(tmp_path: Path) -> None:
    paths = phantom.classic(tmp_path)
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "IM0002.dcm").write_bytes(paths[1].read_bytes())
    changed = bytearray(paths[2].read_bytes())
    changed[-100:] = bytes(100)
    (tmp_path / "copy" / "IM0003.dcm").write_bytes(changed)
    series, summary = scan_all([str(tmp_path)])
    assert [(problem.path, problem.code) for problem in summary.skipped] == [
        ("copy/IM0002.dcm", "DUPLICATE_FILE")
    ]
    assert {problem.code for problem in summary.problems} == {"DUPLICATE_UID", "DUPLICATE_POSITION"}
    stack = only_stack(series)
    assert (stack.slices, stack.volumes) == (6, 2)
    assert sum(frame is not None for frame in stack.frames) == 7


def test_that_of_a_cut_and_a_whole_copy_the_whole_one_is_used(tmp_path: Path) -> None:
    (whole,) = phantom.classic(tmp_path, pixels=ONE)
    (tmp_path / "A.dcm").write_bytes(whole.read_bytes()[:-500])
    series, summary = scan_all([str(tmp_path)])
    frame = only_stack(series).frames[0]
    assert frame is not None and Path(frame.path).name == whole.name
    assert [problem.path for problem in summary.skipped] == ["A.dcm"]


def test_that_rubbish_after_the_pixels_is_ignored_and_marked(tmp_path: Path) -> None:
    series, summary = scanned(tmp_path, raw=lambda data, _: data + bytes(range(250)) * 4)
    assert only_stack(series).slices == 1
    assert summary.skipped == ()
    assert [problem.code for problem in summary.problems] == ["TRAILING_BYTES"]


@pytest.mark.parametrize("padding", [b"\0", bytes(64), b"\xfc\xff\xfc\xffOB\0\0\4\0\0\0abcd"])
def test_that_padding_after_the_pixels_is_no_fault(tmp_path: Path, padding: bytes) -> None:
    assert scanned(tmp_path, raw=lambda data, _: data + padding)[1].problems == ()


def test_that_a_file_that_changes_while_it_is_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = phantom.classic(tmp_path)
    original = dicom_read.facts_of

    def and_truncate(opened: Any, source: Any) -> Any:
        if source.name == paths[3].name:
            paths[3].write_bytes(paths[3].read_bytes()[:1000])
        return original(opened, source)

    monkeypatch.setattr(instance, "facts_of", and_truncate)
    summary = scan_all([str(tmp_path)])[1]
    assert [(problem.path, problem.code) for problem in summary.skipped] == [(paths[3].name, "CHANGED")]
    assert summary.used == 5


def test_that_a_file_that_vanishes_before_it_is_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from brainsr_desktop.io import scan as module

    paths = phantom.classic(tmp_path)
    original = module.sniff

    def and_vanish(source: Any) -> Any:
        found = original(source)
        if source.name == paths[0].name:
            paths[0].unlink()
        return found

    monkeypatch.setattr(module, "sniff", and_vanish)
    assert codes(scan_all([str(tmp_path)])[1]) == ["GONE"]


@pytest.mark.parametrize(
    ("syntax", "word"),
    [("1.2.840.10008.1.2.4.100", "MPEG2"), ("1.2.840.10008.1.2.4.94", "JPIP"), ("1.2.3.4.5", "1.2.3.4.5")],
)
def test_that_an_encoding_without_decoder_is_named(tmp_path: Path, syntax: str, word: str) -> None:
    def claim(data: bytes, number: int) -> bytes:
        return phantom.with_bytes(0x00020010, syntax.encode() + b"\0" * (len(syntax) % 2))(data, number)

    summary = scanned(tmp_path, raw=claim)[1]
    assert codes(summary) == ["UNSUPPORTED_SYNTAX"]
    assert word in summary.skipped[0].reason


@pytest.mark.parametrize(
    ("keyword", "value", "code"),
    [
        ("BitsAllocated", 12, "UNSUPPORTED_BITS"),
        ("BitsStored", 0, "BAD_VALUE"),
        ("BitsStored", 17, "BAD_VALUE"),
        ("Rows", 65535, "TOO_LARGE"),
        ("Rows", 0, "BAD_VALUE"),
        ("NumberOfFrames", 1_000_000, "TOO_LARGE"),
        ("PhotometricInterpretation", "CMYK", "BAD_VALUE"),
        ("SamplesPerPixel", 4, "BAD_VALUE"),
    ],
)
def test_that_impossible_formats_are_refused_before_anything_is_allocated(
    tmp_path: Path, keyword: str, value: Any, code: str
) -> None:
    assert codes(scanned(tmp_path, edit=phantom.with_value(keyword, value))[1]) == [code]


def test_that_an_odd_high_bit_is_shown_but_not_enhanced(tmp_path: Path) -> None:
    series, summary = scanned(tmp_path, edit=phantom.with_value("HighBit", 14))
    assert "HighBit" in (only_stack(series).why_not or "")
    assert [problem.code for problem in summary.problems] == ["BAD_VALUE"]


def test_that_a_deflate_bomb_is_stopped(tmp_path: Path) -> None:
    def bomb(data: bytes, number: int) -> bytes:
        data = phantom.with_bytes(0x00020010, b"1.2.840.10008.1.2.1.99\0\0")(data, number)
        start = data.index(b"\x08\x00\x05\x00CS")
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        body = data[start:] + b"\xfc\xff\xfc\xffOB\0\0" + struct.pack("<I", 120_000_000)
        return data[:start] + packer.compress(body + bytes(120_000_000)) + packer.flush()

    assert codes(scanned(tmp_path, raw=bomb)[1]) == ["TOO_LARGE"]


def test_that_nothing_wrong_with_one_file_stops_the_others(tmp_path: Path) -> None:
    generator = np.random.default_rng(7)
    paths = phantom.classic(tmp_path / "bad", pixels=phantom.head(slices=40), series=2)
    for path in paths:
        content = bytearray(path.read_bytes())
        for position in generator.integers(132, 1100, 3):
            content[position] = generator.integers(0, 256)
        path.write_bytes(content[: generator.integers(500, len(content))])
    phantom.classic(tmp_path / "good")
    series, summary = scan_all([str(tmp_path)])
    assert any(stack.description == "head 1" and stack.slices == 6 for one in series for stack in one.stacks)
    assert summary.seen == 46 == summary.used + len(summary.skipped)


def test_that_each_series_is_told_once_and_complete(tmp_path: Path) -> None:
    for number in range(3):
        phantom.classic(
            tmp_path / f"part{number}", series=1, prefix=f"A{number}", skip=range(0, 6, number + 1)
        )
        phantom.classic(tmp_path / f"part{number}", series=2 + number, prefix=f"B{number}")
    told: list[SeriesInfo] = []
    steps: list[tuple[int, int]] = []
    scan([str(tmp_path)], on_series=told.append, progress=lambda done, total: steps.append((done, total)))
    assert len({one.series_uid for one in told}) == len(told) == 4
    assert steps[-1][1] > 0 and all(done <= total for done, total in steps if total)


def test_that_a_private_group_with_a_broken_sequence_does_not_hide_the_picture(tmp_path: Path) -> None:
    def edit(dataset: Dataset, _: int) -> None:
        item = Dataset()
        item.add(DataElement(0x00091002, "LO", "x"))
        dataset.add(DataElement(0x00090010, "LO", "ACME"))
        dataset.add(DataElement(0x00091001, "SQ", Items([item])))

    assert only_stack(scanned(tmp_path, edit=edit)[0]).slices == 1


# Series told while they are read


def test_that_a_series_is_told_at_its_first_file_and_again_when_its_files_are_counted(tmp_path: Path) -> None:
    for number in (1, 2):
        phantom.classic(tmp_path / str(number), series=number)
    told: list[tuple[str, SeriesInfo]] = []
    scan(
        [str(tmp_path)],
        on_begun=lambda series: told.append(("begun", series)),
        on_series=lambda series: told.append(("found", series)),
    )
    begun = [series.stacks[0] for kind, series in told if kind == "begun"]
    assert [(stack.id, stack.reading) for stack in begun] == [
        ("reading 1", 1),
        ("reading 2", 1),
        ("reading 1", 6),
        ("reading 2", 6),
    ]
    assert [kind for kind, _ in told] == ["begun"] * 4 + ["found"] * 2
    found = [series for kind, series in told if kind == "found"]
    for stand_in, series in zip(begun[2:], found, strict=True):
        assert stand_in.series_uid == series.series_uid
        assert stand_in.frames[0] in series.stacks[0].frames
        assert not stand_in.supported
        assert not series.stacks[0].reading


def test_that_telling_series_early_changes_nothing_of_what_is_found(tmp_path: Path) -> None:
    for number in (1, 2):
        phantom.classic(tmp_path / str(number), series=number)
    phantom.classic(tmp_path / "cut", series=3, pixels=ONE, raw=lambda data, _: data[:700])
    early: list[SeriesInfo] = []
    summary = scan([str(tmp_path)], on_begun=lambda _: None, on_series=early.append)
    assert (early, summary) == scan_all([str(tmp_path)])


@pytest.mark.parametrize("private_bytes", [0, dicom_file.HEAD_BYTES - 1000, dicom_file.HEAD_BYTES, 200_000])
@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99"])
def test_that_a_header_of_any_length_is_read_as_from_the_whole_file(
    tmp_path: Path, private_bytes: int, syntax: str
) -> None:
    def edit(dataset: Dataset, _: int) -> None:
        dataset.private_block(0x0029, "SOMEBODY", create=True).add_new(0x08, "OB", bytes(private_bytes))

    (path,) = phantom.classic(tmp_path, pixels=ONE, edit=edit, syntax=syntax)
    with path.open("rb") as stream, dicom_file.open_dicom(stream) as whole:
        expected = whole.pixels, whole.stream_bytes, dict(whole.dataset.items())
    with path.open("rb") as stream, dicom_file.open_dicom(stream, only=dicom_read.SCAN_TAGS) as opened:
        assert (opened.pixels, opened.stream_bytes) == expected[:2]
        assert {tag: expected[2][tag] for tag in opened.dataset.keys()} == dict(opened.dataset.items())  # noqa: SIM118
        assert opened.stream.seek(0, 2) == opened.stream_bytes
    assert only_stack(scan_all([str(tmp_path)])[0]).slices == 1
