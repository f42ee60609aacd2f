"""Reports as data, and the pages made from it: the same bytes everywhere, and nothing in a text that acts."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainsr_desktop.core.errors import ReadError
from brainsr_desktop.io import report_pdf
from brainsr_desktop.io.report_file import decoded, encoded, files_of, pages_of
from brainsr_desktop.io.report_maps import grey_picture, signed_picture
from brainsr_desktop.io.report_model import (
    Curves,
    Facts,
    Level,
    Line,
    Pictures,
    Report,
    Section,
    Table,
    Words,
    plain,
)
from brainsr_desktop.io.report_plot import Dot, Stroke, drawn, ticks

EVIL = '<script>alert("1")</script><img src="file:///etc/passwd"/>&amp;<b>'
OTHER_SETTINGS = "pageCompression = 0\ninvariant = 0\nuseA85 = 1\nttfAsciiReadable = 1\nsplitLongWords = 0\n"
AGAIN = """
import hashlib, sys
from pathlib import Path
from brainsr_desktop.io.report_file import pages_of
pages = pages_of(Path(sys.argv[1]).read_bytes())
print({suffix: hashlib.sha256(page).hexdigest() for suffix, page in pages})
"""


def slope(rows: int = 24, columns: int = 32) -> Any:
    return np.tile(np.linspace(-10.0, 10.0, columns, dtype=np.float32), (rows, 1))


def sample_report(text: str = "Größe µ") -> Report:
    """One of everything."""
    pictures = (
        grey_picture("Original", slope(), (0.0, 20.0), (1.0, 1.0)),
        signed_picture(text, slope(), 5.0, (1.0, 1.0), "HU"),
    )
    curves = Curves(
        text,
        "noise, %",
        "dB",
        (Line(text, (0.0, 1.0, 2.0), (30.0, None, 28.5)), Line("bicubic", (0.0, 1.0), (27.0, 26.0))),
        (Level(text, 27.5), Level("breaks", 1.5, "x")),
    )
    sections = (
        Section("Facts", (Facts((("Name", text), (text, "x" * 3000))), Words(text))),
        Section(text, (Table(("model", "PSNR"), (("a", "31.20"), (text, "")), text), curves)),
        Section("Pictures", (Pictures(pictures, "Slice 3", text),)),
    )
    return Report("series", text, "Research only.", "not for diagnosis", sections, "de")


class Page(HTMLParser):
    """What a browser would find: the elements, their attributes, and the text that is read."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page.decode("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_that_a_report_comes_back_from_its_json_as_it_was() -> None:
    report = sample_report()
    assert decoded(encoded(report)) == report
    assert encoded(decoded(encoded(report))) == encoded(report)


def test_that_the_same_json_gives_the_same_pages_in_another_process(project: Path, tmp_path: Path) -> None:
    files = dict(files_of(sample_report()))
    path = tmp_path / "report.json"
    path.write_bytes(files.pop(".json"))
    mine = {suffix: hashlib.sha256(page).hexdigest() for suffix, page in files.items()}
    (tmp_path / ".reportlab_settings").write_text(OTHER_SETTINGS)
    for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo")):
        environment = {
            **os.environ,
            "PYTHONPATH": str(project),
            "PYTHONHASHSEED": seed,
            "TZ": zone,
            "HOME": str(tmp_path),
        }
        done = subprocess.run(
            [sys.executable, "-c", AGAIN, str(path)],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == str(mine)


def test_that_no_text_becomes_an_element_of_the_page() -> None:
    harmless, evil = (Page(dict(files_of(sample_report(text)))[".html"]) for text in ("a word", EVIL))
    assert [tag for tag, _ in evil.elements] == [tag for tag, _ in harmless.elements]
    assert sum(EVIL in words for words in evil.words) >= 6
    for tag, attributes in evil.elements:
        assert tag != "script" and not any(name.startswith("on") for name in attributes)
        assert (attributes.get("src") or "data:").startswith("data:image/png;base64,") or tag != "img"
        assert "href" not in attributes


def test_that_no_text_becomes_markup_of_the_pdf() -> None:
    assert report_pdf._paragraph(EVIL, report_pdf._BODY).getPlainText() == EVIL
    assert dict(files_of(sample_report(EVIL)))[".pdf"].startswith(b"%PDF-")


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=200))
def test_that_any_text_can_be_reported(text: str) -> None:
    report = Report("bench", text, text, text, (Section(text, (Words(text), Facts(((text, text),)))),))
    content = encoded(report)
    assert decoded(content) == report
    assert {suffix for suffix, _ in pages_of(content)} == {".html", ".pdf"}


def test_that_direction_and_control_characters_are_not_shown() -> None:
    assert plain("a\u202eb\u2066c\0d\te\nf") == "a\ufffdb\ufffdc\ufffdd e\nf"


def test_that_the_pdf_says_where_its_font_has_no_character() -> None:
    assert report_pdf._shown("Käthe Ωмир 中") == "Käthe Ωмир \N{WHITE SQUARE}"


def test_that_the_pdf_holds_its_pictures_pixel_for_pixel() -> None:
    picture = signed_picture("map", slope(), 5.0, (1.0, 1.0))
    report = Report("series", "t", "n", "f", (Section("s", (Pictures((picture,)),)),))
    printed = dict(files_of(report))[".pdf"]
    streams = [part.split(b"endstream")[0] for part in re.split(rb"stream\r?\n", printed)[1:]]
    assert picture.pixels().tobytes() in [unpacked(stream) for stream in streams]


def unpacked(stream: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(stream)
    except zlib.error:
        return b""


def test_that_a_signed_map_is_neutral_at_zero_and_ends_at_its_limit() -> None:
    values = np.array([[-9.0, -5.0, 0.0, 5.0, 9.0]], np.float32)
    pixels = signed_picture("map", values, 5.0, (1.0, 1.0), "u").pixels()
    blue, zero, orange = (tuple(int(part) for part in pixels[0, at]) for at in (1, 2, 3))
    assert np.array_equal(pixels[0, 0], pixels[0, 1]) and np.array_equal(pixels[0, 3], pixels[0, 4])
    assert blue[2] > blue[0] and orange[0] > orange[2] and max(zero) - min(zero) < 6


@pytest.mark.parametrize(
    ("change", "value"),
    [
        (("schema",), "brainsr-report/2"),
        (("kind",), "letter"),
        (("language",), 'de"><script>'),
        (("sections", 0, "blocks", 0), {"script": "x"}),
        (("sections", 0, "blocks", 0), {"words": 3}),
        (("sections", 1, "blocks", 0, "table", "rows", 0), ["one cell"]),
        (("sections", 1, "blocks", 1, "curves", "lines", 0, "x"), [1.0]),
        (("sections", 1, "blocks", 1, "curves", "lines", 0, "x", 0), 1e300),
        (("sections", 1, "blocks", 1, "curves", "levels", 0, "axis"), "z"),
        (("sections", 2, "blocks", 0, "pictures", "pictures", 0, "png"), "AAAA"),
        (("sections", 2, "blocks", 0, "pictures", "pictures", 0, "png"), "iVBORw0KGgo="),
        (("sections",), "none"),
    ],
)
def test_that_a_file_that_is_no_report_is_refused(change: tuple[Any, ...], value: Any) -> None:
    table = json.loads(encoded(sample_report()))
    place = table
    for key in change[:-1]:
        place = place[key]
    place[change[-1]] = value
    with pytest.raises(ReadError, match="no report"):
        decoded(json.dumps(table).encode())


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff\xfe", b'{"schema": NaN}', b"[" * 100_000])
def test_that_other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(ReadError, match="no report"):
        decoded(content)


@pytest.mark.parametrize(
    "values", [[0.0, 1.0], [-3.7, 12.9], [27.31, 27.36], [5.0], [], [1e-9, 3e-9], [-1e15, 1e15]]
)
def test_that_ticks_are_round_numbers_around_the_values(values: list[float]) -> None:
    found = ticks(values)
    assert 2 <= len(found) <= 8
    steps = np.diff(found)
    assert np.allclose(steps, steps[0], rtol=1e-6)
    for value in values:
        assert found[0] - 1e-6 * steps[0] <= value <= found[-1] + 1e-6 * steps[0]


def test_that_a_curve_with_a_gap_is_drawn_in_two_pieces() -> None:
    line = Line("model", (0.0, 1.0, 2.0, 3.0, 4.0), (1.0, 2.0, None, 2.0, 1.0))
    marks = drawn(Curves("t", "x", "y", (line,)))
    pieces = [mark for mark in marks if isinstance(mark, Stroke) and mark.width == 1.5]
    assert [len(piece.points) for piece in pieces] == [2, 2]
    assert sum(isinstance(mark, Dot) for mark in marks) == 4
