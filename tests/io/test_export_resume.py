"""An export that is killed at any moment goes on and ends byte for byte as if nothing had happened."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import sys
from pathlib import Path

import pytest
from pydicom import dcmread

from brainsr_desktop.io.export import Exports
from brainsr_desktop.io.export_journal import Journal
from brainsr_desktop.io.messages import CloseExport, ExportOptions, OpenExport
from tests.io.export_kit import (
    JOB,
    Loaded,
    Silent,
    files_of,
    load,
    open_request,
    phantom_series,
    stack_of,
    tree,
    write_missing,
)

NAME = "504_t1_mpr_sag_SRx4"
SLICES = 40


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """A series long enough to be killed in the middle of."""
    return load(stack_of(phantom_series(tmp_path_factory.mktemp("source") / "series", SLICES)))


def go_on(loaded: Loaded, request: OpenExport) -> Path:
    """Open the export, write what is missing, and finish it."""
    exports = Exports()
    opened = exports.open(request, Silent())
    write_missing(exports, opened, loaded)
    return Path(exports.close(CloseExport(JOB, opened.export), Silent()).target)


def begin_and_copy(request: OpenExport, copy: Path) -> None:
    """Begin an export, and give a twin of it, with the same job, to another folder."""
    exports = Exports()
    opened = exports.open(request, Silent())
    exports.close(CloseExport(JOB, opened.export, "partial"), Silent())
    shutil.copytree(request.options.folder, copy)


def go_on_until_killed(loaded: Loaded, request: OpenExport, folder: Path, moment: int) -> None:
    """Go on, and kill this process at one of its steps in the folder: a file opened, renamed or removed."""
    steps = iter(range(moment, 0, -1))

    def watch(event: str, args: tuple[object, ...]) -> None:
        there = event in ("open", "os.rename", "os.remove", "os.mkdir") and str(args[0]).startswith(
            str(folder)
        )
        if there and next(steps, 0) == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    go_on(loaded, request)


@pytest.mark.parametrize("formats", [("dicom",), ("nifti", "png", "tiff", "gif")])
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_that_an_export_killed_at_random_moments_ends_byte_for_byte_the_same(
    loaded: Loaded, tmp_path: Path, formats: tuple[str, ...]
) -> None:
    killed, calm = tmp_path / "killed", tmp_path / "calm"
    request = open_request(loaded, killed, formats=formats)  # type: ignore[arg-type]
    begin_and_copy(request, calm)
    expected = tree(go_on(loaded, open_request(loaded, calm, formats=formats)))  # type: ignore[arg-type]
    moments, kills = random.Random(7), 0
    for _ in range(5):
        process = multiprocessing.get_context("spawn").Process(
            target=go_on_until_killed, args=(loaded, request, killed, moments.randint(10, 60))
        )
        process.start()
        process.join()
        kills += process.exitcode == -signal.SIGKILL
        for path in (path for path in killed.rglob("*.dcm") if path.is_file()):
            dcmread(path)  # nothing cut lies under a final name
    assert kills >= 3
    assert tree(go_on(loaded, request)) == expected
    assert [path.name for path in killed.iterdir()] == [NAME]


def test_that_only_missing_slices_are_asked_for_again(loaded: Loaded, tmp_path: Path) -> None:
    request = open_request(loaded, tmp_path / "out")
    exports = Exports()
    opened = exports.open(request, Silent())
    done, left = opened.missing[:11], opened.missing[11:]
    write_missing(exports, type(opened)(JOB, opened.export, opened.target, done, False), loaded)
    kept = exports.close(CloseExport(JOB, opened.export, "partial"), Silent())
    before = {path.name: path.stat().st_mtime_ns for path in files_of(kept.target)}
    again = exports.open(request, Silent())
    assert again.missing == left
    write_missing(exports, again, loaded)
    folder = Path(exports.close(CloseExport(JOB, again.export), Silent()).target)
    after = {path.name: path.stat().st_mtime_ns for path in files_of(folder)}
    assert {name: after[name] for name in before} == before


def test_that_a_deleted_export_leaves_nothing(loaded: Loaded, tmp_path: Path) -> None:
    exports = Exports()
    opened = exports.open(open_request(loaded, tmp_path / "out"), Silent())
    write_missing(exports, type(opened)(JOB, opened.export, opened.target, opened.missing[:3], False), loaded)
    exports.close(CloseExport(JOB, opened.export, "delete"), Silent())
    assert list((tmp_path / "out").iterdir()) == []


def test_that_an_anonymised_export_goes_on_only_with_its_own_key(loaded: Loaded, tmp_path: Path) -> None:
    key = "0f8fad5b-d9cb-469f-a165-70867728950e"
    mine = ExportOptions(str(tmp_path / "out"), anonymise=True, anonymise_key=key)
    other = ExportOptions(str(tmp_path / "out"), anonymise=True)
    exports = Exports()
    opened = exports.open(open_request(loaded, tmp_path, options=mine), Silent())
    write_missing(exports, type(opened)(JOB, opened.export, opened.target, opened.missing[:3], False), loaded)
    partial = Path(exports.close(CloseExport(JOB, opened.export, "partial"), Silent()).target)
    for content in tree(partial).values():
        for secret in (b"Mustermann", b"PID-90210", b"1.2.826.0.1.3680043.8.498.77", key.encode()):
            assert secret not in content
    assert len(exports.open(open_request(loaded, tmp_path, options=other), Silent()).missing) == SLICES
    assert len(exports.open(open_request(loaded, tmp_path, options=mine), Silent()).missing) == SLICES - 3
    exports.end()


@pytest.mark.parametrize("step", ["remove", "finish"])
def test_that_an_export_that_stops_in_its_last_step_needs_no_slice_again(
    loaded: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    request = open_request(loaded, tmp_path / "out", formats=("tiff",))
    exports = Exports()
    opened = exports.open(request, Silent())
    write_missing(exports, opened, loaded)
    real = getattr(Journal, step)

    def stop(journal: Journal) -> None:
        if step == "finish":
            real(journal)
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, step, stop)
        with pytest.raises(RuntimeError):
            exports.close(CloseExport(JOB, opened.export), Silent())
    exports.end()
    again = exports.open(request, Silent())
    assert again.complete
    folder = Path(exports.close(CloseExport(JOB, again.export), Silent()).target)
    assert sorted(path.name for path in folder.iterdir()) == [f"{NAME}.tif", "export.json"]
