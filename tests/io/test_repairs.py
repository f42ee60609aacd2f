"""Values are mended or left out, never invented."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainsr_desktop.io.repairs import encodings_of, is_valid_uid, repaired

LATIN = encodings_of("ISO_IR 100")


@pytest.mark.parametrize(
    ("vr", "raw", "value"),
    [
        ("DS", b"0.666666686534882 ", b"0.66666668653488"),
        ("DS", b"-2.051034e-010", b"-2.051034e-010"),
        ("DS", b"1,5", None),
        ("DS", b"nan", None),
        ("DS", b"inf", None),
        ("DS", b"1e999", None),
        ("DS", b"1_000", None),
        ("DS", b"1\\\\3", b"1\\\\3"),
        ("IS", b"12 ", b"12"),
        ("IS", b"4.0", b"4"),
        ("IS", b"4.5", None),
        ("IS", b"99999999999", None),
        ("AS", b"42", b"042Y"),
        ("AS", b"0Y", b"000Y"),
        ("AS", b"***", None),
        ("DA", b"20200230", None),
        ("DA", b"2020.02.03", b"20200203"),
        ("DA", b"***", None),
        ("TM", b"142035.93000 ", b"142035.93000"),
        ("TM", b"10:20:30", b"102030"),
        ("TM", b"256000", None),
        ("DT", b"20181132", None),
        ("CS", b"brain", b"BRAIN"),
        ("CS", b"a-very-long-code-string", b"A_VERY_LONG_CODE"),
        ("UI", b"1.2.3\0", b"1.2.3"),
        ("UI", b"../../x", None),
        ("UI", b"1.02.3", None),
        ("SH", b"x" * 20, b"x" * 16),
        ("LO", b"line\nbreak", b"line break"),
        ("ST", b"line\r\nbreak", b"line\r\nbreak"),
        ("LO", b"   ", b""),
    ],
)
def test_that_a_value_is_mended_by_the_rules_of_its_representation(
    vr: str, raw: bytes, value: bytes | None
) -> None:
    assert repaired(vr, raw, LATIN).value == value


@pytest.mark.parametrize("raw", [b"0.666666686534882", b"nan"])
def test_that_every_repair_is_told_without_quoting_the_value(raw: bytes) -> None:
    note = repaired("DS", raw, LATIN).note
    assert note
    assert raw.decode() not in note


@pytest.mark.parametrize(
    ("charset", "raw"),
    [
        ("GB18030", "王^小东".encode("gb18030")),
        ("ISO_IR 192", "Тест^Имя".encode()),
        ("ISO_IR 100", "Müller^Käthe".encode("latin-1")),
        ("\\ISO 2022 IR 87", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"),
        ("ISO_IR 100", "王小东".encode("gbk")),
        ("", "Müller".encode("latin-1")),
    ],
)
def test_that_text_in_any_character_set_passes_byte_for_byte(charset: str, raw: bytes) -> None:
    assert repaired("PN", raw, encodings_of(charset)).value == raw


def test_that_a_multi_byte_text_is_cut_between_characters() -> None:
    cut = repaired("LO", ("王" * 70).encode("gb18030"), encodings_of("GB18030"))
    assert cut.value == ("王" * 64).encode("gb18030")


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300))
def test_that_a_shortened_decimal_keeps_its_value_to_one_part_in_a_hundred_million(number: float) -> None:
    value = repaired("DS", repr(number).encode(), LATIN).value
    assert value is not None
    assert len(value) <= 16
    assert math.isclose(float(value), number, rel_tol=1e-8, abs_tol=1e-300)


@given(
    st.binary(max_size=80),
    st.sampled_from(["DS", "IS", "DA", "TM", "DT", "AS", "CS", "UI", "SH", "LO", "PN", "LT"]),
)
def test_that_no_bytes_at_all_break_a_repair(raw: bytes, vr: str) -> None:
    once = repaired(vr, raw, LATIN).value
    if once is not None:
        assert repaired(vr, once, LATIN).value == once


def test_that_a_uid_longer_than_64_characters_is_not_valid() -> None:
    assert is_valid_uid("1." + "2" * 62)
    assert not is_valid_uid("1." + "2" * 63)
