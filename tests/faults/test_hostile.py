"""Faults 93 to 99 and 101: files made to mislead, to fill the memory, or to write where they should not."""

from __future__ import annotations

import csv
import io
import logging
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from brainsr_desktop import log
from brainsr_desktop.app.problem_list import ProblemList
from brainsr_desktop.core.errors import Problem
from brainsr_desktop.io.export_journal import Journal
from brainsr_desktop.io.export_report import read_report
from tests import phantom
from tests.faults.kit import ONE, Onlooker, Spoil, digests
from tests.io import export_kit

BAD = "bad/IM0001.dcm"
HOSTILE = (
    b"<img src=file:///etc/passwd><a href=x>\x1b[31m\x00\r\n" + "\u202e".encode() + b"%s{0}" + b"A" * 60_000
)


def long_text(tag: int, value: bytes, vr: bytes) -> object:
    """A change of the written bytes: an element in long form (UT), so that its text may be of any length."""

    def change(data: bytes, _: int) -> bytes:
        start = data.index(struct.pack("<HH", tag >> 16, tag & 0xFFFF), 132)
        old = struct.unpack_from("<H", data, start + 6)[0]
        padded = value + b" " * (len(value) % 2)
        element = data[start : start + 4] + vr + b"\0\0" + struct.pack("<I", len(padded)) + padded
        return data[:start] + element + data[start + 8 + old :]

    return change


def test_that_hostile_text_stays_text_is_cut_and_stands_on_one_line(
    spoiled: Spoil, onlooker: Onlooker, tmp_path: Path
) -> None:
    seen = spoiled(raw=long_text(0x0008103E, HOSTILE, b"UT"))
    shown = "<img src=file:///etc/passwd><a href=x>\ufffd[31m\ufffd\ufffd\ufffd\ufffd%s{0}AAA"
    assert seen.stack.description.startswith(shown) and len(seen.stack.description) == 256
    rows = [row[3] for row in onlooker.header(seen.stack).rows if row[1] == "SeriesDescription"]
    assert len(rows) == 1 and rows[0].startswith(shown[:30]) and rows[0].isprintable()
    assert np.array_equal(seen.shown, ONE)
    log.start(tmp_path / "log")
    logging.getLogger("brainsr_desktop").warning("found %s", HOSTILE.decode())
    log.stop()
    lines = (tmp_path / "log" / "brainsr.log").read_text("utf-8").splitlines()
    (line,) = [line for line in lines if "found" in line]
    assert len(line) < 5000 and "\x1b" not in line and "\u202e" not in line


def test_that_a_label_shows_markup_as_characters(qtbot: QtBot) -> None:
    made = ProblemList()
    qtbot.addWidget(made)
    made.show_problems((Problem("<b>x</b>", "EMPTY", "<a href=x>y</a>"),), "<img src=file:///x>")
    assert made.summary.textFormat() is Qt.TextFormat.PlainText
    assert made.summary.text() == "<img src=file:///x>" and made.rows()[0][0] == "<b>x</b>"
    formats = {label.textFormat() for label in made.findChildren(QLabel)}
    assert formats == {Qt.TextFormat.PlainText}
    tip = made.table.data(made.table.index(0, 2), Qt.ItemDataRole.ToolTipRole)
    assert "<a" not in tip and "&lt;a" in tip


@pytest.mark.parametrize("uid", [b"../../x", b"C:\\\\x", b"1.2." + b"9" * 62, b"1.2.a"])
def test_that_a_uid_that_is_none_is_no_path_and_counts_as_missing(
    spoiled: Spoil, tmp_path: Path, uid: bytes
) -> None:
    def change(data: bytes, number: int) -> bytes:
        for tag in (0x0020000E, 0x0020000D, 0x00080018):
            data = phantom.with_bytes(tag, uid)(data, number)
        return data

    seen = spoiled(raw=change)
    assert seen.stack.series_uid == "" and np.array_equal(seen.shown, ONE)
    assert {problem.code for problem in seen.problems} == {"BAD_VALUE"}
    assert "SeriesInstanceUID holds no usable value." in {problem.reason for problem in seen.problems}
    before = digests(tmp_path)
    loaded = export_kit.Loaded(seen.stack, seen.shown, "")
    answer = export_kit.export(loaded, export_kit.open_request(loaded, tmp_path / "out", formats=("png",)))
    assert Path(answer.target).parent == tmp_path / "out"
    assert {name for name in digests(tmp_path) if name not in before and not name.startswith("out")} == set()


def test_that_a_description_is_never_a_path(spoiled: Spoil, tmp_path: Path) -> None:
    seen = spoiled(raw=phantom.with_bytes(0x0008103E, b"../../../evil/C:\\\\x|<>"))
    loaded = export_kit.Loaded(seen.stack, seen.shown, "")
    answer = export_kit.export(loaded, export_kit.open_request(loaded, tmp_path / "out"))
    assert Path(answer.target).parent == tmp_path / "out"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["opened", "out"]


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_that_members_are_labels_and_nothing_is_unpacked(onlooker: Onlooker, opened: Path, kind: str) -> None:
    files = phantom.classic(opened.parent / "files", pixels=phantom.head(slices=3))
    names = ("../outside.dcm", "/etc/absolute.dcm", "C:\\drive.dcm")
    if kind == "zip":
        with zipfile.ZipFile(opened / "a.zip", "w", zipfile.ZIP_DEFLATED) as packed:
            for file, name in zip(files, names, strict=True):
                packed.write(file, name)
    else:
        with tarfile.open(opened / "a.tar", "w") as tar:
            for file, name in zip(files, names, strict=True):
                tar.add(file, name)
            for form, name in (
                (tarfile.SYMTYPE, "link"),
                (tarfile.LNKTYPE, "hard"),
                (tarfile.CHRTYPE, "device"),
            ):
                entry = tarfile.TarInfo(name)
                entry.type, entry.linkname = form, "/etc/passwd"
                tar.addfile(entry)
    outside = digests(opened.parent)
    seen = onlooker.look(opened)
    assert np.array_equal(seen.shown, phantom.head(slices=3))
    told = {(problem.path, problem.code, problem.reason) for problem in seen.problems}
    sentence = "It is a link or device, no file."
    expected = {(f"a.tar/{name}", "NOT_A_FILE", sentence) for name in ("link", "hard", "device")}
    assert told == (expected if kind == "tar" else set())
    assert digests(opened.parent) == outside and not Path("/etc/absolute.dcm").exists()


def test_that_archive_bombs_are_stopped_while_they_are_read(onlooker: Onlooker, opened: Path) -> None:
    with zipfile.ZipFile(opened / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("zeros", bytes(60_000_000))
    seen = onlooker.look(opened)
    assert seen.problem == Problem(
        "bomb.zip", "ARCHIVE", "An entry of bomb.zip grows more than 200-fold: not read."
    )
    (opened / "bomb.zip").unlink()
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as packed:
        packed.writestr("x", "y" * 200)
    with zipfile.ZipFile(opened / "outer.zip", "w") as packed:
        packed.writestr("inner.zip", inner.getvalue())
    assert onlooker.look(opened).problem == Problem(
        "outer.zip/inner.zip", "NOT_DICOM", "An archive inside an archive is not opened."
    )


def test_that_a_directory_record_reaches_nothing_outside_its_folder(
    onlooker: Onlooker, opened: Path, shared: Path
) -> None:
    source = shared / "dicom" / "dicomdir_cd" / "DICOMDIR"
    secret = opened.parent / "secret.dcm"
    phantom.classic(opened.parent / "x", pixels=ONE)[0].rename(secret)
    content = source.read_bytes().replace(b"77654033\\CR1\\6154", b"..\\secret.dcm\\xx ")
    (opened / "DICOMDIR").write_bytes(content)
    seen = onlooker.look(opened, opened / "DICOMDIR")
    assert seen.stacks == ()
    told = {problem.code: problem.reason for problem in seen.problems}
    assert told["OUTSIDE"] == "It points outside its own folder: ignored."
    assert told["GONE"] == "The directory record names it, but it is not there."


def test_that_no_cell_of_an_exported_list_is_a_formula(qtbot: QtBot, tmp_path: Path, spoiled: Spoil) -> None:
    made = ProblemList()
    qtbot.addWidget(made)
    made.show_problems(
        tuple(Problem(f"{start}cmd|' /C calc'!A0", "EMPTY", "$(rm -rf /)`x`") for start in "=+-@")
    )
    made.save(tmp_path / "problems.csv")
    with (tmp_path / "problems.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))[1:]
    assert all(row[0].startswith("'") for row in rows) and len(rows) == 4
    seen = spoiled(raw=phantom.with_bytes(0x0008103E, b"=cmd|x"))
    loaded = export_kit.Loaded(seen.stack, seen.shown, "")
    answer = export_kit.export(loaded, export_kit.open_request(loaded, tmp_path / "out", formats=("csv",)))
    (table,) = Path(answer.target).glob("*.csv")
    with table.open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not any(cell.startswith(("=", "+", "@", "\t")) for cell in cells)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b'{"schema": {"a": []}, "files": 3, "fingerprint": ["x"]}',
        b'{"files": [{"name": "../../evil.dcm", "sha256": "00"}], "schema": 1}',
        b"\xff\xfe\x00",
    ],
    ids=["endless", "40 deep", "wrong kinds", "path outside", "no text"],
)
def test_that_a_crafted_report_or_journal_is_none_of_ours(tmp_path: Path, content: bytes) -> None:
    loaded = export_kit.load(export_kit.stack_of(export_kit.phantom_series(tmp_path / "source")))
    request = export_kit.open_request(loaded, tmp_path / "out")
    folder = Path(export_kit.export(loaded, request).target)
    (folder / "export.json").write_bytes(content)
    (folder / "export.journal").write_bytes(content + b"\n")
    assert read_report(folder) is None and Journal.read(folder) is None
    before = export_kit.tree(folder)
    again = export_kit.export(loaded, request)
    assert Path(again.target).name.endswith(" (2)")
    assert export_kit.tree(folder) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "source"]


def test_that_a_huge_report_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "export.json").open("wb") as file:
        file.truncate((64 << 20) + 1)
    assert read_report(tmp_path) is None
