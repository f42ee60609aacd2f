"""Faults 20 to 26: folders of other files, links, devices, closed folders, files that vanish, names, archives."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import socket
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.ipc.messages import Progress
from tests import phantom
from tests.cli.conftest import Brainsr
from tests.faults.kit import ONE, Onlooker, digests

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs the files of a POSIX system")


def test_that_ten_thousand_other_files_are_counted_and_hide_nothing(onlooker: Onlooker, opened: Path) -> None:
    (opened / "other").mkdir()
    for number in range(10_000):
        (opened / "other" / f"{number}.dcm").write_bytes(b"a note, not an image. " * 8)
    found: list[object] = []
    summary = onlooker.scan((opened,), found.append)
    assert (summary.seen, summary.used, len(summary.skipped)) == (10_003, 3, 10_000)
    assert {problem.code for problem in summary.skipped} == {"NOT_DICOM"}
    (stack,) = [part for part in found if isinstance(part, StackInfo)]
    assert np.array_equal(onlooker.load(stack)[0], phantom.head(slices=3))


def test_that_links_that_lead_in_circles_are_not_followed(onlooker: Onlooker, opened: Path) -> None:
    (opened / "circle").symlink_to("..", target_is_directory=True)
    (opened / "itself").symlink_to("itself")
    (opened / "again.dcm").symlink_to(opened / "good" / "IM0001.dcm")
    seen = onlooker.look(opened)
    told = {problem.path: problem for problem in seen.problems}
    assert told.keys() == {"good/IM0001.dcm", "itself"}
    assert told["good/IM0001.dcm"].code == "SAME_FILE"
    assert told["good/IM0001.dcm"].reason == "Another name of a file that was read already."
    assert (told["itself"].code, told["itself"].reason) == (
        "LINK_LOOP",
        "It is a link that leads in a circle.",
    )
    assert seen.summary.used == 3


def test_that_pipes_sockets_and_devices_are_never_opened(onlooker: Onlooker, opened: Path) -> None:
    os.mkfifo(opened / "pipe.dcm")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(opened / "socket.dcm"))
        seen = onlooker.look(opened)
    assert [problem.path for problem in seen.problems] == ["pipe.dcm", "socket.dcm"]
    assert {(problem.code, problem.reason) for problem in seen.problems} == {
        ("NOT_A_FILE", "It is a device, pipe or socket, no file.")
    }
    seen = onlooker.look(opened, opened / "good", Path("/dev/zero"))
    assert seen.problem == Problem("zero", "NOT_A_FILE", "It is a device, pipe or socket, no file.")


def test_that_what_may_not_be_read_is_told_and_the_rest_is_read(
    powerless_brainsr: Brainsr, opened: Path
) -> None:
    phantom.classic(opened / "bad", pixels=ONE)
    (opened / "bad" / "IM0001.dcm").chmod(0)
    (opened / "closed").mkdir(mode=0)
    try:
        done = powerless_brainsr("info", opened)
    finally:
        (opened / "closed").chmod(0o700)
    assert done.status == 0
    assert "4 files: 3 used in 1 series, 1 left out" in done.out
    assert done.err.splitlines() == [
        "  left out: bad/IM0001.dcm: There is no permission to read it.",
        "  closed: There is no permission to read it.",
    ]


def test_that_files_which_change_or_vanish_after_the_scan_cost_only_their_slices(
    onlooker: Onlooker, opened: Path
) -> None:
    paths = phantom.classic(opened / "bad", pixels=phantom.head(slices=5))
    (stack,) = onlooker.look(opened).stacks
    paths[0].unlink()
    paths[1].write_bytes(paths[2].read_bytes())
    paths[3].write_bytes(paths[3].read_bytes()[:-1000])
    pixels, told = onlooker.load(stack)
    name = str(opened / "bad" / "IM000")
    assert told[0] == Problem(f"{name}1.dcm", "GONE", "The file is no longer there.")
    assert told[1] == Problem(f"{name}2.dcm", "CHANGED", "The file now holds another picture.")
    assert told[3].code == "TRUNCATED_PIXELS"
    assert sorted(told) == [0, 1, 3]
    assert all(np.array_equal(pixels[index], phantom.head(slices=5)[index]) for index in (2, 4))
    assert not pixels[0].any() and not pixels[1].any()


def test_that_files_which_vanish_during_the_scan_are_told(onlooker: Onlooker, opened: Path) -> None:
    (opened / "notes").mkdir()
    for number in range(3000):
        (opened / "notes" / f"{number}.txt").write_bytes(b"a note, not an image. " * 8)
    phantom.classic(opened / "z", pixels=phantom.head(slices=4))
    share = opened / "z"

    def unplug(answer: object) -> None:
        if isinstance(answer, Progress) and share.exists():
            shutil.rmtree(share)

    summary = onlooker.scan((opened,), unplug)
    gone = [problem for problem in summary.skipped if problem.code == "GONE"]
    assert [problem.path for problem in gone] == [f"z/IM000{number}.dcm" for number in (1, 2, 3, 4)]
    assert {problem.reason for problem in gone} == {"The file is no longer there."}
    assert summary.seen == summary.used + len(summary.skipped) == 3007


ODD_NAMES = (
    b"a b.dcm",
    b"qu'ote\".dcm",
    b"li\nne.dcm",
    b"-rf",
    b"\xff\xfe.dcm",
    "Öl 画.dcm".encode(),
    b"n" * 251 + b".dcm",
)


def test_that_files_of_any_name_are_opened_and_told_on_one_line(
    onlooker: Onlooker, opened: Path, brainsr: Brainsr
) -> None:
    paths = phantom.classic(opened / "bad", pixels=phantom.head(slices=len(ODD_NAMES)))
    for path, name in zip(paths, ODD_NAMES, strict=True):
        os.rename(os.fsencode(path), os.path.join(os.fsencode(opened), b"bad", name))  # noqa: PTH104, PTH118
        with open(os.path.join(os.fsencode(opened), b"not " + name[:200]), "wb") as other:  # noqa: PTH118, PTH123
            other.write(b"a note, not an image. " * 8)
    seen = onlooker.look(opened)
    assert np.array_equal(seen.shown, phantom.head(slices=len(ODD_NAMES)))
    told = {problem.path for problem in seen.problems}
    assert {"not a b.dcm", "not qu'ote\".dcm", "not li\\nne.dcm", "not -rf", "not \\xff\\xfe.dcm"} <= told
    assert all(path.isprintable() for path in told)
    done = brainsr("info", opened, "--json")
    assert {entry["path"] for entry in done.json["files"]["skipped"]} == told
    assert json.dumps(done.json).isascii()


def test_that_a_path_longer_than_the_system_allows_is_told(brainsr: Brainsr, opened: Path) -> None:
    deep = os.open(opened, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=deep)
        below = os.open("d" * 250, os.O_RDONLY, dir_fd=deep)
        os.close(deep)
        deep = below
    os.close(deep)
    done = brainsr("info", opened)
    assert done.status == 0 and "3 used in 1 series" in done.out
    assert "The path is longer than the system allows." in done.err
    long = brainsr("info", opened / ("x" * 300), opened)
    assert long.status == 3 and "is longer than the system allows" in long.err
    shutil.rmtree(opened)


def test_that_archives_are_read_in_memory_and_others_are_named(onlooker: Onlooker, opened: Path) -> None:
    files = phantom.classic(opened.parent / "files", pixels=phantom.head(slices=3))
    with zipfile.ZipFile(opened / "a.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for file in files:
            packed.write(file, file.name)
    seen = onlooker.look(opened)
    assert np.array_equal(seen.shown, phantom.head(slices=3)) and seen.problems == ()
    (opened / "a.zip").unlink()
    with tarfile.open(opened / "a.tar.gz", "w:gz") as tar:
        for file in files:
            tar.add(file, file.name)
    assert np.array_equal(onlooker.look(opened).shown, phantom.head(slices=3))
    (opened / "a.tar.gz").unlink()
    (opened / "one.dcm.gz").write_bytes(gzip.compress(files[1].read_bytes()))
    assert np.array_equal(onlooker.look(opened).shown, phantom.head(slices=3)[1:2])
    (opened / "one.dcm.gz").unlink()
    (opened / "a.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(300))
    (opened / "b.rar").write_bytes(b"Rar!\x1a\x07\x01\x00" + bytes(300))
    assert {(p.path, p.code, p.reason) for p in onlooker.look(opened).problems} == {
        ("a.7z", "NOT_DICOM", "A 7z archive: unpack it first."),
        ("b.rar", "NOT_DICOM", "A rar archive: unpack it first."),
    }


def test_that_a_cut_archive_gives_what_it_holds(onlooker: Onlooker, opened: Path) -> None:
    files = phantom.classic(opened.parent / "files", pixels=phantom.head(slices=3))
    with tarfile.open(opened / "cut.tar", "w") as tar:
        for file in files:
            tar.add(file, file.name)
    whole = (opened / "cut.tar").read_bytes()
    (opened / "cut.tar").write_bytes(whole[: whole.index(b"IM0003.dcm") + 900])
    before = digests(opened)
    seen = onlooker.look(opened)
    assert np.array_equal(seen.shown, phantom.head(slices=3)[:2])
    assert seen.problem == Problem("cut.tar", "ARCHIVE", "The archive cut.tar is damaged.")
    assert digests(opened) == before
