"""Where an export goes, what it never overwrites, and how it goes on after whatever stopped it."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom import dcmread

from brainsr_desktop.core.errors import (
    Cancelled,
    DiskFull,
    InUse,
    NotWritable,
    ReadError,
    WriteError,
)
from brainsr_desktop.io import export_journal, export_target
from brainsr_desktop.io.export import Exports
from brainsr_desktop.io.messages import CloseExport, ExportOptions
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


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    """A small series of five slices, InstanceNumber 11 to 15."""
    return load(stack_of(phantom_series(tmp_path / "source")))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_that_the_same_export_is_not_made_twice(loaded: Loaded, out: Path) -> None:
    first = export(loaded, open_request(loaded, out))
    before = tree(out)
    exports = Exports()
    opened = exports.open(open_request(loaded, out), Silent())
    assert opened.complete
    assert opened.missing == ()
    answer = exports.close(CloseExport(JOB, opened.export), Silent())
    assert (answer.target, answer.files) == (first.target, first.files)
    assert tree(out) == before


def test_that_another_export_of_the_same_name_gets_a_number(loaded: Loaded, out: Path) -> None:
    export(loaded, open_request(loaded, out))
    before = tree(out)
    second = export(
        loaded, open_request(loaded, out, model=replace(open_request(loaded, out).model, sha256="cd"))
    )
    third = export(loaded, open_request(loaded, out, indices=(0, 1)))
    assert [Path(answer.target).name for answer in (second, third)] == [
        "504_t1_mpr_sag_SRx4 (2)",
        "504_t1_mpr_sag_SRx4 (3)",
    ]
    assert {name: content for name, content in tree(out).items() if name in before} == before


def test_that_a_damaged_result_is_made_anew_beside_it(loaded: Loaded, out: Path) -> None:
    folder = Path(export(loaded, open_request(loaded, out)).target)
    broken = files_of(folder)[2]
    broken.write_bytes(broken.read_bytes()[:-2])
    assert Path(export(loaded, open_request(loaded, out)).target).name == "504_t1_mpr_sag_SRx4 (2)"


def other_model(loaded: Loaded, out: Path, overwrite: bool) -> Path:
    """Export the series again with another model; where it went."""
    options = ExportOptions(str(out), overwrite=overwrite)
    model = replace(open_request(loaded, out).model, sha256="cd")
    return Path(export(loaded, open_request(loaded, out, options=options, model=model)).target)


def test_that_overwriting_replaces_an_earlier_export(loaded: Loaded, out: Path) -> None:
    folder = Path(export(loaded, open_request(loaded, out)).target)
    before = tree(folder)
    assert other_model(loaded, out, overwrite=True) == folder
    assert tree(folder).keys() == before.keys()
    assert json.loads((folder / "export.json").read_text())["model"]["sha256"] == "cd"
    assert [path.name for path in out.iterdir()] == [folder.name]


@pytest.mark.parametrize("content", ["foreign folder", "one more file", "not our report", "a file"])
def test_that_overwriting_never_touches_anything_else(loaded: Loaded, out: Path, content: str) -> None:
    folder = out / "504_t1_mpr_sag_SRx4"
    if content == "one more file":
        export(loaded, open_request(loaded, out))
        (folder / "notes of the user.txt").write_text("mine")
    elif content == "a file":
        out.mkdir()
        folder.write_text("mine")
    else:
        folder.mkdir(parents=True)
        (folder / ("export.json" if content == "not our report" else "mine.txt")).write_text('{"files": []}')
    before = tree(out)
    assert other_model(loaded, out, overwrite=True).name == "504_t1_mpr_sag_SRx4 (2)"
    assert {name: found for name, found in tree(out).items() if name in before} == before


def test_that_a_failing_replacement_leaves_the_earlier_export(
    loaded: Loaded, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(export(loaded, open_request(loaded, out)).target)
    before = tree(folder)

    def held(source: Path, target: Path) -> None:
        if source.name.endswith(".partial"):
            raise PermissionError(13, "held by a virus scanner")
        source.rename(target)

    monkeypatch.setattr(export_target, "rename_folder", held)
    left = other_model(loaded, out, overwrite=True)
    assert left.name.endswith(".partial")
    assert tree(folder) == before


def test_that_a_target_in_the_source_folder_is_refused(loaded: Loaded, tmp_path: Path) -> None:
    before = tree(tmp_path)
    for folder in (
        tmp_path / "source",
        tmp_path / "source" / "out",
        tmp_path / "source" / ".." / "source" / "x",
    ):
        with pytest.raises(NotWritable, match="source"):
            Exports().open(open_request(loaded, folder), Silent())
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "source")
    with pytest.raises(NotWritable, match="source"):
        Exports().open(open_request(loaded, link / "out"), Silent())
    link.unlink()
    assert tree(tmp_path) == before


def test_that_a_target_that_is_a_file_is_refused(loaded: Loaded, out: Path) -> None:
    out.write_text("mine")
    with pytest.raises(NotWritable):
        Exports().open(open_request(loaded, out), Silent())
    assert out.read_text() == "mine"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_that_a_read_only_target_is_found_before_any_work(loaded: Loaded, out: Path) -> None:
    out.mkdir(mode=0o500)
    with pytest.raises(NotWritable):
        Exports().open(open_request(loaded, out), Silent())


def test_that_too_little_room_is_told_with_both_sizes_and_leaves_nothing(
    loaded: Loaded, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil._ntuple_diskusage
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10, 10, 20_000))
    with pytest.raises(DiskFull, match=r"34 kB are needed and 20 kB are free"):
        Exports().open(open_request(loaded, out), Silent())
    assert list(out.iterdir()) == []


class FullAfter:
    """Stands in for a disk that takes some files and is then full."""

    def __init__(self, files: int) -> None:
        self.left = files

    def __call__(self, source: Path, target: Path) -> None:
        if self.left == 0:
            raise OSError(28, "No space left on device")
        self.left -= 1
        source.replace(target)


def test_that_a_disk_that_fills_up_keeps_whole_files_and_the_export_goes_on(
    loaded: Loaded, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exports = Exports()
    opened = exports.open(open_request(loaded, out), Silent())
    with monkeypatch.context() as patch:
        patch.setattr(export_journal, "replace", FullAfter(2))
        for index in opened.missing[:2]:
            write(exports, opened.export, index, enlarged(loaded, index))
        with pytest.raises(DiskFull, match="after 2 of 5 slices") as caught:
            write(exports, opened.export, opened.missing[2], enlarged(loaded, opened.missing[2]))
    assert "goes on where it stopped" in caught.value.advice
    kept = exports.close(CloseExport(JOB, opened.export, "partial"), Silent())
    assert kept.files == 2
    assert [path.suffix for path in sorted(Path(kept.target).iterdir())] == [".dcm", ".dcm", ".journal"]
    again = exports.open(open_request(loaded, out), Silent())
    assert again.missing == opened.missing[2:]
    write_missing(exports, again, loaded)
    assert exports.close(CloseExport(JOB, again.export), Silent()).files == 5


def test_that_a_changed_source_is_refused_at_the_start(loaded: Loaded, out: Path) -> None:
    frame = loaded.stack.frames[2]
    assert frame is not None
    data = dcmread(frame.path)
    data.PixelData = bytes(len(data.PixelData))
    data.save_as(frame.path)
    with pytest.raises(ReadError, match="changed"):
        Exports().open(open_request(loaded, out), Silent())
    assert list(out.iterdir()) == []


def test_that_a_slice_whose_file_changes_on_the_way_is_left_out(loaded: Loaded, out: Path) -> None:
    exports = Exports()
    opened = exports.open(open_request(loaded, out), Silent())
    frame = loaded.stack.frames[opened.missing[1]]
    assert frame is not None
    Path(frame.path).write_bytes(Path(frame.path).read_bytes() + b"more")
    written = [write(exports, opened.export, index, enlarged(loaded, index)) for index in opened.missing]
    assert written == [True, False, True, True, True]
    answer = exports.close(CloseExport(JOB, opened.export), Silent())
    assert {problem.code for problem in answer.problems} == {"CHANGED", "MISSING_SLICES"}
    report = json.loads((Path(answer.target) / "export.json").read_text())
    assert len(report["missing"]) == 1
    assert answer.files == 4


def test_that_an_export_without_a_slice_is_no_export(loaded: Loaded, out: Path) -> None:
    exports = Exports()
    opened = exports.open(open_request(loaded, out), Silent())
    with pytest.raises(WriteError, match="Not one slice"):
        exports.close(CloseExport(JOB, opened.export), Silent())
    exports.close(CloseExport(JOB, opened.export, "delete"), Silent())
    assert list(out.iterdir()) == []


def test_that_cancelling_while_it_ends_keeps_the_export_open(loaded: Loaded, out: Path) -> None:
    class Impatient(Silent):
        def check_cancelled(self) -> None:
            raise Cancelled

    exports = Exports()
    opened = exports.open(open_request(loaded, out), Silent())
    write_missing(exports, opened, loaded)
    with pytest.raises(Cancelled):
        exports.close(CloseExport(JOB, opened.export), Impatient())
    assert exports.close(CloseExport(JOB, opened.export), Silent()).files == 5


def test_that_a_file_that_reads_back_differently_stops_the_end(loaded: Loaded, out: Path) -> None:
    exports = Exports()
    opened = exports.open(open_request(loaded, out), Silent())
    write_missing(exports, opened, loaded)
    victim = out / "504_t1_mpr_sag_SRx4.partial" / "IM00013.dcm"
    content = bytearray(victim.read_bytes())
    content[-5] ^= 1
    victim.write_bytes(content)
    with pytest.raises(WriteError, match=r"IM00013\.dcm reads back differently"):
        exports.close(CloseExport(JOB, opened.export), Silent())
    exports.close(CloseExport(JOB, opened.export, "partial"), Silent())
    again = exports.open(open_request(loaded, out), Silent())
    assert len(again.missing) == 1
    write_missing(exports, again, loaded)
    assert exports.close(CloseExport(JOB, again.export), Silent()).files == 5


def test_that_a_second_writer_of_the_same_export_is_told_that_it_is_in_use(loaded: Loaded, out: Path) -> None:
    first, second = Exports(), Exports()
    opened = first.open(open_request(loaded, out), Silent())
    with pytest.raises(InUse, match="in use"):
        second.open(open_request(loaded, out), Silent())
    other = second.open(open_request(loaded, out, indices=(0, 1)), Silent())
    assert other.target.endswith(" (2)")
    first.end()
    assert second.open(open_request(loaded, out), Silent()).missing == opened.missing
    second.end()


def test_that_a_result_is_known_again_where_the_one_before_it_of_the_same_name_is_gone(
    loaded: Loaded, out: Path
) -> None:
    first = Path(export(loaded, open_request(loaded, out, indices=(0, 1))).target)
    second = Path(export(loaded, open_request(loaded, out)).target)
    assert second.name == f"{first.name} (2)"
    shutil.rmtree(first)
    exports = Exports()
    opened = exports.open(open_request(loaded, out), Silent())
    assert (opened.complete, opened.target) == (True, str(second))
    exports.close(CloseExport(JOB, opened.export), Silent())
    assert [path.name for path in out.iterdir()] == [second.name]


def test_that_an_unfinished_export_goes_on_where_the_one_before_it_of_the_same_name_is_gone(
    loaded: Loaded, out: Path
) -> None:
    exports = Exports()
    first = exports.open(open_request(loaded, out, indices=(0, 1)), Silent())
    second = exports.open(open_request(loaded, out), Silent())
    write(exports, second.export, second.missing[0], enlarged(loaded, second.missing[0]))
    exports.close(CloseExport(JOB, second.export, "partial"), Silent())
    exports.close(CloseExport(JOB, first.export, "delete"), Silent())
    again = exports.open(open_request(loaded, out), Silent())
    assert again.target == second.target
    assert again.missing == second.missing[1:]
    exports.end()


def test_that_an_export_which_another_process_began_while_a_name_was_looked_for_is_seen(
    loaded: Loaded, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = Exports(), Exports()
    real = export_target._begun_already

    def late(*arguments: object, **options: object) -> None:
        assert real(*arguments, **options) is None  # type: ignore[arg-type]
        monkeypatch.setattr(export_target, "_begun_already", real)
        first.open(open_request(loaded, out), Silent())

    monkeypatch.setattr(export_target, "_begun_already", late)
    with pytest.raises(InUse):
        second.open(open_request(loaded, out), Silent())
    assert len(list(out.iterdir())) == 1
    first.end()


@pytest.mark.parametrize("damage", ["first line", "middle", "version", "foreign"])
def test_that_an_unfinished_export_that_is_not_ours_is_left_alone(
    loaded: Loaded, out: Path, damage: str
) -> None:
    exports = Exports()
    opened = exports.open(open_request(loaded, out), Silent())
    for index in opened.missing[:3]:
        write(exports, opened.export, index, enlarged(loaded, index))
    partial = Path(exports.close(CloseExport(JOB, opened.export, "partial"), Silent()).target)
    journal = partial / "export.journal"
    lines = journal.read_bytes().splitlines(keepends=True)
    if damage == "first line":
        lines[0] = b"{}\n"
    elif damage == "middle":
        lines[1] = b"rubbish\n"
    elif damage == "version":
        lines[0] = lines[0].replace(b'"fingerprint": "', b'"fingerprint": "0')
    else:
        lines = []
    journal.write_bytes(b"".join(lines))
    before = tree(partial)
    again = exports.open(open_request(loaded, out), Silent())
    assert len(again.missing) == 5
    assert again.target.endswith(" (2)")
    assert tree(partial) == before
    exports.end()


def test_that_leftovers_in_an_unfinished_export_are_cleared(loaded: Loaded, out: Path) -> None:
    exports = Exports()
    opened = exports.open(open_request(loaded, out), Silent())
    for index in opened.missing[:3]:
        write(exports, opened.export, index, enlarged(loaded, index))
    partial = Path(exports.close(CloseExport(JOB, opened.export, "partial"), Silent()).target)
    (partial / "IM00014.dcm.tmp").write_bytes(b"half")
    (partial / "IM00015.dcm").write_bytes(b"never noted")
    cut = files_of(partial)[0]
    cut.write_bytes(cut.read_bytes()[:1000])
    again = exports.open(open_request(loaded, out), Silent())
    assert len(again.missing) == 3
    write_missing(exports, again, loaded)
    folder = Path(exports.close(CloseExport(JOB, again.export), Silent()).target)
    assert len(files_of(folder)) == 5
    assert len(list(folder.iterdir())) == 6


def test_that_a_finished_export_that_was_never_renamed_is_only_renamed(
    loaded: Loaded, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(source: Path, target: Path) -> None:
        raise PermissionError(13, "held by a virus scanner")

    with monkeypatch.context() as patch:
        patch.setattr(export_target, "rename_folder", held)
        answer = export(loaded, open_request(loaded, out))
    assert [problem.code for problem in answer.problems] == ["RENAME_FAILED"]
    assert answer.target.endswith(".partial")
    exports = Exports()
    opened = exports.open(open_request(loaded, out), Silent())
    assert opened.complete
    after = exports.close(CloseExport(JOB, opened.export), Silent())
    assert Path(after.target).name == "504_t1_mpr_sag_SRx4"
    assert [path.name for path in out.iterdir()] == ["504_t1_mpr_sag_SRx4"]


def test_that_a_share_that_cannot_rename_gets_a_checked_copy(
    loaded: Loaded, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unable(source: Path, target: Path) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(export_target, "rename_folder", unable)
    answer = export(loaded, open_request(loaded, out))
    assert answer.problems == ()
    assert [path.name for path in out.iterdir()] == ["504_t1_mpr_sag_SRx4"]
    assert len(files_of(answer.target)) == 5


def test_that_a_target_that_appears_meanwhile_is_not_overwritten(loaded: Loaded, out: Path) -> None:
    exports = Exports()
    opened = exports.open(open_request(loaded, out), Silent())
    write_missing(exports, opened, loaded)
    foreign = out / "504_t1_mpr_sag_SRx4"
    foreign.mkdir()
    answer = exports.close(CloseExport(JOB, opened.export), Silent())
    assert Path(answer.target).name == "504_t1_mpr_sag_SRx4 (2)"
    assert list(foreign.iterdir()) == []
