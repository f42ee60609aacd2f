"""Which files a scan looks at, and what becomes of the others (faults 1, 2, 20 to 26, 96 to 98)."""

from __future__ import annotations

import gzip
import io
import os
import socket
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from brainsr_desktop.core.errors import Cancelled, ReadError
from brainsr_desktop.io import archive
from brainsr_desktop.io.scan import scan, scan_all
from brainsr_desktop.io.sources import Walk
from brainsr_desktop.io.text import clean, natural_key, path_text
from tests import phantom

POSIX = pytest.mark.skipif(os.name == "nt", reason="needs POSIX files")


def test_that_empty_files_text_and_noise_are_counted_not_opened(tmp_path: Path) -> None:
    phantom.classic(tmp_path / "good")
    (tmp_path / "empty.dcm").write_bytes(b"")
    (tmp_path / "text.dcm").write_text("no picture at all " * 30)
    (tmp_path / "noise.dcm").write_bytes(bytes(range(256)) * 40)
    series, summary = scan_all([str(tmp_path)])
    assert len(series) == 1
    assert {problem.path: problem.code for problem in summary.skipped} == {
        "empty.dcm": "EMPTY",
        "text.dcm": "NOT_DICOM",
        "noise.dcm": "NOT_DICOM",
    }
    assert (summary.seen, summary.used) == (9, 6)


def test_that_hidden_and_system_files_are_left_out(tmp_path: Path) -> None:
    phantom.classic(tmp_path)
    for name in (".DS_Store", "Thumbs.db", "._IM0001.dcm"):
        (tmp_path / name).write_bytes(b"x" * 200)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "blob").write_bytes(b"x" * 200)
    walk = Walk([str(tmp_path)])
    assert len(list(walk)) == 6
    assert {problem.code for problem in walk.skipped} == {"HIDDEN"}
    assert walk.seen == 9


@POSIX
def test_that_links_in_circles_end_and_a_file_is_read_once(tmp_path: Path) -> None:
    phantom.classic(tmp_path / "series")
    (tmp_path / "series" / "loop").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to("self")
    (tmp_path / "again.dcm").symlink_to(tmp_path / "series" / "IM0001.dcm")
    os.link(tmp_path / "series" / "IM0002.dcm", tmp_path / "series" / "IM0002b.dcm")
    series, summary = scan_all([str(tmp_path)])
    assert [stack.slices for one in series for stack in one.stacks] == [6]
    assert summary.seen == summary.used + len(summary.skipped)
    assert sorted(problem.code for problem in summary.skipped)[-2:] == ["SAME_FILE", "SAME_FILE"]


@POSIX
def test_that_a_fifo_and_a_socket_are_never_opened(tmp_path: Path) -> None:
    phantom.classic(tmp_path)
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        series, summary = scan_all([str(tmp_path)])
    assert len(series) == 1
    assert [problem.code for problem in summary.skipped] == ["NOT_A_FILE", "NOT_A_FILE"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_that_an_unreadable_file_and_folder_are_told(tmp_path: Path) -> None:
    phantom.classic(tmp_path)
    (tmp_path / "IM0003.dcm").chmod(0)
    (tmp_path / "closed").mkdir(mode=0)
    summary = scan_all([str(tmp_path)])[1]
    assert [problem.code for problem in summary.skipped] == ["NO_PERMISSION"]
    assert "NO_PERMISSION" in {problem.code for problem in summary.problems}


@POSIX
def test_that_odd_names_are_opened_and_shown_on_one_line(tmp_path: Path) -> None:
    odd = [
        b"a b.dcm",
        b"qu'ote\".dcm",
        b"li\nne.dcm",
        b"-rf",
        b"\xff\xfe.dcm",
        "Öl 画.dcm".encode(),
        b"n" * 251 + b".dcm",
    ]
    if sys.platform == "darwin":
        odd.remove(b"\xff\xfe.dcm")
    paths = phantom.classic(tmp_path, pixels=phantom.head(slices=len(odd)))
    for path, name in zip(paths, odd, strict=True):
        os.rename(os.fsencode(path), os.path.join(os.fsencode(tmp_path), name))  # noqa: PTH104, PTH118 - bytes
    series, summary = scan_all([str(tmp_path)])
    assert (summary.seen, summary.used) == (len(odd), len(odd))
    assert [stack.slices for one in series for stack in one.stacks] == [len(odd)]


def test_that_a_path_that_is_not_there_is_an_error_and_one_of_two_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="does not exist"):
        scan_all([str(tmp_path / "nowhere")])
    phantom.classic(tmp_path / "here")
    series, summary = scan_all([str(tmp_path / "nowhere"), str(tmp_path / "here")])
    assert len(series) == 1
    assert [problem.code for problem in summary.problems] == ["GONE"]


def test_that_a_path_longer_than_the_system_allows_is_told(tmp_path: Path) -> None:
    phantom.classic(tmp_path)
    summary = scan_all([str(tmp_path), str(tmp_path / ("x" * 300))])[1]
    assert [problem.code for problem in summary.problems] in (["PATH_TOO_LONG"], ["GONE"], ["READ_ERROR"])


def test_that_subfolders_are_left_out_on_request(tmp_path: Path) -> None:
    phantom.classic(tmp_path, series=1)
    phantom.classic(tmp_path / "sub", series=2)
    assert len(scan_all([str(tmp_path)], recursive=False)[0]) == 1
    assert len(scan_all([str(tmp_path)])[0]) == 2


def test_that_a_scan_can_be_cancelled(tmp_path: Path) -> None:
    phantom.classic(tmp_path)
    calls = 0

    def check() -> None:
        nonlocal calls
        calls += 1
        if calls > 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        scan([str(tmp_path)], check_cancelled=check)


def test_that_a_dicomdir_lists_its_files_and_none_outside(tmp_path: Path, shared: Path) -> None:
    source = shared / "dicom" / "dicomdir_cd"
    for path in source.rglob("*"):
        if path.is_file():
            target = tmp_path / "cd" / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    (tmp_path / "cd" / "98892003" / "MR1" / "15820").unlink()
    directory = tmp_path / "cd" / "DICOMDIR"
    directory.write_bytes(directory.read_bytes().replace(b"77654033\\CR1\\6154", b"..\\..\\..\\etc\\pass"))
    (tmp_path / "cd" / "unlisted").write_bytes((source / "77654033" / "CR1" / "6154").read_bytes())
    series, summary = scan_all([str(directory)])
    codes = {problem.path: problem.code for problem in summary.problems}
    assert codes["../../../etc/pass"] == "OUTSIDE"
    assert codes["98892003/MR1/15820"] == "GONE"
    assert summary.used == 29
    assert len(series) == 11


def test_that_zip_and_tar_are_read_in_memory(tmp_path: Path, data: Path) -> None:
    files = sorted((data / "hitachi_oblique_small").iterdir())
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for file in files:
            packed.write(file, f"../outside/{file.name}")
        packed.writestr("notes.txt", "hello " * 100)
    with tarfile.open(tmp_path / "b.tar.gz", "w:gz") as tar:
        for file in files:
            tar.add(file, f"/absolute/{file.name}")
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    before = sorted(tmp_path.rglob("*"))
    for name, left_out in (("a.zip", "NOT_DICOM"), ("b.tar.gz", "NOT_A_FILE")):
        series, summary = scan_all([str(tmp_path / name)])
        assert [stack.slices for one in series for stack in one.stacks] == [4]
        assert (summary.seen, summary.used) == (5, 4)
        assert [problem.code for problem in summary.skipped] == [left_out]
    assert sorted(tmp_path.rglob("*")) == before


def test_that_a_packed_single_file_is_read(tmp_path: Path, data: Path) -> None:
    packed = tmp_path / "one.dcm.gz"
    packed.write_bytes(
        gzip.compress((data / "toshiba_small_transfer_syntaxes" / "MR_small.dcm").read_bytes())
    )
    series, summary = scan_all([str(packed)])
    assert series[0].stacks[0].slices == 1
    assert (summary.seen, summary.used) == (1, 1)


def test_that_an_encrypted_zip_asks_for_its_password(tmp_path: Path) -> None:
    path = tmp_path / "locked.zip"
    path.write_bytes(_encrypted_zip("a.dcm", b"content that is long enough" * 20, b"sesame"))
    assert [problem.code for problem in scan_all([str(path)])[1].skipped] == ["PASSWORD"]
    assert [problem.code for problem in scan_all([str(path)], password="wrong")[1].skipped] == [
        "PASSWORD_WRONG"
    ]
    assert [problem.code for problem in scan_all([str(path)], password="sesame")[1].skipped] == ["NOT_DICOM"]


def test_that_an_archive_bomb_is_stopped_while_reading(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("zeros", bytes(50_000_000))
    summary = scan_all([str(tmp_path / "bomb.zip")])[1]
    assert [problem.code for problem in summary.skipped] == ["ARCHIVE"]
    assert "200-fold" in summary.skipped[0].reason
    assert summary.seen == summary.used + len(summary.skipped)


def test_that_an_archive_has_a_limit_of_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "ENTRY_LIMIT", 10)
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as packed:
        for number in range(20):
            packed.writestr(f"{number}.txt", "text that is longer than nothing" * 8)
    summary = scan_all([str(tmp_path / "many.zip")])[1]
    assert [problem.code for problem in summary.problems] == ["ARCHIVE"]
    assert summary.seen == summary.used + len(summary.skipped) == 10


def test_that_archives_inside_archives_and_unknown_ones_are_left_out(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as packed:
        packed.writestr("x", "y" * 200)
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as packed:
        packed.writestr("inner.zip", inner.getvalue())
    (tmp_path / "a.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(200))
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04" + bytes(200))
    reasons = {problem.path: problem.reason for problem in scan_all([str(tmp_path)])[1].skipped}
    assert "inside an archive" in reasons["outer.zip/inner.zip"]
    assert "unpack it first" in reasons["a.7z"]
    assert "damaged" in reasons["broken.zip"]


def test_that_text_is_cut_and_freed_of_control_and_direction_marks() -> None:
    assert clean("a\u202eb\x1b[31mc\nd\0") == "a\ufffdb\ufffd[31mc\ufffdd"
    assert clean("<img src=file:///x>") == "<img src=file:///x>"
    assert clean("山田 Özü") == "山田 Özü"
    assert len(clean("x" * 1_000_000)) == 256
    assert path_text("a\nb") == "a\\nb"


def test_that_numbers_in_names_sort_as_numbers() -> None:
    assert sorted(["s10", "s2", "S1", "s", "10", "9"], key=natural_key) == ["9", "10", "s", "S1", "s2", "s10"]


def _encrypted_zip(name: str, content: bytes, password: bytes) -> bytes:
    """A zip with the old cipher, which the standard library reads but does not write (APPNOTE 6.1)."""
    import struct
    import zlib

    def crc_step(crc: int, byte: int) -> int:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xEDB88320 if crc & 1 else 0)
        return crc

    keys = [0x12345678, 0x23456789, 0x34567890]

    def update(byte: int) -> None:
        keys[0] = crc_step(keys[0], byte)
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = crc_step(keys[2], keys[1] >> 24)

    def encrypt(plain: bytes) -> bytes:
        out = bytearray()
        for byte in plain:
            mixed = (keys[2] | 2) & 0xFFFF
            out.append(byte ^ (mixed * (mixed ^ 1) >> 8 & 0xFF))
            update(byte)
        return bytes(out)

    for byte in password:
        update(byte)
    crc = zlib.crc32(content)
    body = encrypt(bytes(11) + bytes([crc >> 24]) + content)
    label = name.encode()
    common = struct.pack("<HHHHHIIIHH", 20, 1, 0, 0, 0x21, crc, len(body), len(content), len(label), 0)
    local = b"PK\x03\x04" + common + label + body
    central = b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, 0) + label
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + end
