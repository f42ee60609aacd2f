"""Faults 75, 77 to 79 and 82: disks that are full, closed, gone or odd; nothing cut ever lies under a final name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom import dcmread
from pytestqt.qtbot import QtBot

from brainsr_desktop.core.errors import DiskFull, NotWritable, WriteError
from brainsr_desktop.io.export import Exports
from brainsr_desktop.io.messages import CloseExport, ExportOptions
from brainsr_desktop.session import intents
from brainsr_desktop.session.reports import ExportRequest
from tests.app.controlling import Desk, series_folder
from tests.cli.conftest import Brainsr
from tests.faults.disks import SmallDisk, small_disk
from tests.io.export_kit import (
    JOB,
    Loaded,
    Silent,
    enlarged,
    export,
    files_of,
    load,
    open_request,
    phantom_series,
    stack_of,
    tree,
    write,
    write_missing,
)

NAME = "504_t1_mpr_sag_SRx4"


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    """Five slices; enlarged, each takes a little over 8 kB on a disk."""
    return load(stack_of(phantom_series(tmp_path / "source")))


@pytest.fixture
def disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[SmallDisk]:
    """A disk of as many bytes as the test says."""
    with small_disk(tmp_path / "disk", request.param) as mounted:
        yield mounted


@pytest.mark.mounts
@pytest.mark.parametrize("disk", [16_384], indirect=True)
def test_that_too_little_room_is_told_before_anything_is_made(loaded: Loaded, disk: SmallDisk) -> None:
    with pytest.raises(DiskFull) as caught:
        Exports().open(open_request(loaded, disk.folder / "out"), Silent())
    assert caught.value.message.startswith("There is not enough room: 34 kB are needed and 1")
    assert caught.value.message.endswith(" kB are free.")
    assert caught.value.advice == "Make room, or choose another folder or fewer slices."
    assert list((disk.folder / "out").iterdir()) == []


@pytest.mark.mounts
@pytest.mark.parametrize("disk", [49_152], indirect=True)
def test_that_a_disk_that_fills_up_keeps_whole_slices_and_the_rest_comes_later(
    loaded: Loaded, disk: SmallDisk
) -> None:
    exports = Exports()
    opened = exports.open(open_request(loaded, disk.folder), Silent())
    with pytest.raises(DiskFull) as caught:
        write_missing(exports, opened, loaded)
    written = len(files_of(disk.folder / f"{NAME}.partial"))
    assert 0 < written < 5
    assert caught.value.message == f"The disk is full after {written} of 5 slices."
    assert caught.value.advice == "Make room and start the export again: it goes on where it stopped."
    kept = Path(exports.close(CloseExport(JOB, opened.export, "partial"), Silent()).target)
    assert kept.name == f"{NAME}.partial" and [path.name for path in disk.folder.iterdir()] == [kept.name]
    before = tree(kept)
    assert sum(name.endswith(".dcm") for name in before) == written
    assert {Path(name).suffix for name in before} == {".dcm", ".journal"}
    for file in files_of(kept):
        assert dcmread(file).pixel_array.shape == (48, 64)
    disk.remount("size=1m")
    again = exports.open(open_request(loaded, disk.folder), Silent())
    assert len(again.missing) == 5 - written
    write_missing(exports, again, loaded)
    done = Path(exports.close(CloseExport(JOB, again.export), Silent()).target)
    after = tree(done)
    assert {name: after[name] for name in before if name.endswith(".dcm")} == {
        name: content for name, content in before.items() if name.endswith(".dcm")
    }
    assert [path.name for path in disk.folder.iterdir()] == [NAME]


@pytest.mark.mounts
@pytest.mark.parametrize("disk", [1 << 20], indirect=True)
def test_that_a_disk_full_at_the_very_end_leaves_the_export_to_be_finished(
    loaded: Loaded, disk: SmallDisk
) -> None:
    exports = Exports()
    opened = exports.open(open_request(loaded, disk.folder, formats=("dicom", "tiff")), Silent())
    write_missing(exports, opened, loaded)
    filler = disk.fill()
    with pytest.raises(DiskFull, match=r"The disk is full\."):
        exports.close(CloseExport(JOB, opened.export), Silent())
    assert not (disk.folder / NAME).exists()
    filler.unlink()
    answer = exports.close(CloseExport(JOB, opened.export), Silent())
    assert Path(answer.target).name == NAME and answer.files == 6


@pytest.mark.mounts
@pytest.mark.parametrize("disk", [106_496], indirect=True)
def test_that_the_window_says_how_much_is_written_and_goes_on_when_there_is_room(
    qtbot: QtBot, disk: SmallDisk, tmp_path: Path
) -> None:
    one = Desk(qtbot)
    stack = one.open(series_folder(tmp_path / "head", 10, (32, 32)))
    one.do(intents.choose_model, "nearest", 2)
    target = disk.folder / "out"
    one.controller.export(ExportRequest(stack, tuple(range(10)), ExportOptions(str(target))))
    one.wait(lambda: one.ended("Export"), "the full disk")
    notice = one.notices[-1]
    (partial,) = target.iterdir()
    written = len(files_of(partial))
    assert 0 < written < 10
    assert notice.text == f"{written} of 10 slices are written; the disk is full."
    assert notice.advice.startswith("Free ") and notice.advice.endswith(" and press Continue.")
    assert notice.label == "Continue" and notice.action is not None
    assert one.controller.left_picture is not None
    disk.remount("size=2m")
    one.jobs.clear()
    notice.action()
    one.wait(lambda: one.ended("Export"), "the rest")
    assert one.job("Export").state == "done"
    (done,) = target.iterdir()
    assert len(files_of(done)) == 10 and not done.name.endswith(".partial")
    one.leave()


@pytest.mark.mounts
@pytest.mark.parametrize("disk", [1 << 20], indirect=True)
def test_that_a_disk_mounted_read_only_is_found_before_any_work(loaded: Loaded, disk: SmallDisk) -> None:
    disk.remount("ro")
    with pytest.raises(NotWritable) as caught:
        Exports().open(open_request(loaded, disk.folder / "out"), Silent())
    assert caught.value.message == "out could not be written: Read-only file system."
    assert caught.value.advice == "Choose a folder that you may write to."


def test_that_a_folder_that_may_not_be_written_to_is_found_before_any_work(
    powerless_brainsr: Brainsr, tmp_path: Path
) -> None:
    source, out = series_folder(tmp_path / "source", 2), tmp_path / "out"
    out.mkdir(mode=0o500)
    done = powerless_brainsr("enhance", source, "-o", out, "--model", "bicubic")
    assert done.status == 1
    assert "out could not be written: Permission denied. Choose a folder that you may write to." in done.err
    assert "slices in" not in done.err
    assert list(out.iterdir()) == []


def test_that_a_target_that_vanishes_on_the_way_is_told_and_nothing_is_written_elsewhere(
    loaded: Loaded, tmp_path: Path
) -> None:
    exports = Exports()
    opened = exports.open(open_request(loaded, tmp_path / "share" / "out"), Silent())
    write(exports, opened.export, opened.missing[0], enlarged(loaded, opened.missing[0]))
    (tmp_path / "share").rename(tmp_path / "unplugged")
    before = tree(tmp_path)
    with pytest.raises(WriteError) as caught:
        write(exports, opened.export, opened.missing[1], enlarged(loaded, opened.missing[1]))
    assert "could not be written: No such file or directory." in caught.value.message
    assert caught.value.advice == "Choose a folder that you may write to."
    exports.end()
    assert tree(tmp_path).keys() - {"unplugged/out/" + NAME + ".partial/export.lock"} == before.keys() - {
        "unplugged/out/" + NAME + ".partial/export.lock"
    }


def test_that_a_name_no_system_takes_becomes_shorter(loaded: Loaded, tmp_path: Path) -> None:
    options = ExportOptions(str(tmp_path / "out"), name_pattern="<>:|?*" + "long name " * 60)
    answer = export(loaded, open_request(loaded, tmp_path, options=options))
    name = Path(answer.target).name
    assert len(os.fsencode(name + ".partial")) <= 255 and not set(name) & set('<>:"|?*/\\')
    assert len(files_of(answer.target)) == 5


def test_that_a_path_too_long_for_the_system_is_told(loaded: Loaded, tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d" * 200] * 25)
    with pytest.raises(WriteError) as caught:
        Exports().open(open_request(loaded, deep), Silent())
    assert caught.value.message == "The path of the chosen folder is longer than the system allows."
    assert caught.value.advice == "Choose a folder nearer to the top."
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_that_a_share_that_cannot_sync_still_gets_a_whole_export(
    loaded: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unable(_: int) -> None:
        raise OSError(22, "Invalid argument")

    expected = tree(Path(export(loaded, open_request(loaded, tmp_path / "calm")).target)).keys()
    monkeypatch.setattr(os, "fsync", unable)
    answer = export(loaded, open_request(loaded, tmp_path / "out"))
    assert tree(Path(answer.target)).keys() == expected


def test_that_nothing_of_an_earlier_export_is_ever_overwritten_or_merged(
    loaded: Loaded, tmp_path: Path
) -> None:
    request = open_request(loaded, tmp_path / "out")
    export(loaded, request)
    before = tree(tmp_path / "out")
    second = export(loaded, replace(request, model=replace(request.model, sha256="cd" * 32)))
    assert Path(second.target).name == f"{NAME} (2)"
    assert {name: found for name, found in tree(tmp_path / "out").items() if name in before} == before
