"""Files that earlier versions wrote are read, those of later ones are set aside with a notice: nothing is
lost silently.

``tests/data/versions`` holds one of each: *before-0.1* and *0.1* were written by those versions of the
program, *later* says of itself that it belongs to one to come. What is made again (results, thumbnails) lies
in memory alone; there is no cache on disk.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from brainsr_desktop import settings
from brainsr_desktop.app import grey_memory
from brainsr_desktop.app.last_run import LastRun
from brainsr_desktop.app.window import MainWindow
from brainsr_desktop.core.errors import CardInvalid, ReadError
from brainsr_desktop.io.export import Exports
from brainsr_desktop.io.export_report import read_report
from brainsr_desktop.models.card import read_card
from brainsr_desktop.session import arrangement_file
from brainsr_desktop.session.measurement_file import from_text
from tests.app.controlling import Desk
from tests.app.frame_kit import READ, restore_look
from tests.io.export_kit import Silent, load, open_request, phantom_series, stack_of, tree, write_missing

VERSIONS = ("before-0.1", "0.1")
PARTIAL = "504_t1_mpr_sag_SRx4.partial"


@pytest.fixture
def kept(data: Path) -> Path:
    return data / "versions"


def copied(source: Path, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copyfile(source, folder / source.name))


@pytest.mark.parametrize("version", VERSIONS)
def test_that_settings_are_read(kept: Path, tmp_path: Path, version: str) -> None:
    loaded = settings.load(copied(kept / version / "settings.toml", tmp_path))
    assert loaded.notes == ()
    assert (loaded.settings.general.theme, loaded.settings.general.text_percent) == ("dark", 125)
    assert [folder.path for folder in loaded.settings.recent] == ["/data/heads/first"]
    assert loaded.settings.keys == (("next_slice", ("N",)),)
    assert len(loaded.settings.presets) == (version == "0.1")


def test_that_later_settings_are_set_aside_with_a_notice(kept: Path, tmp_path: Path) -> None:
    path = copied(kept / "later" / "settings.toml", tmp_path)
    content = path.read_bytes()
    loaded = settings.load(path)
    assert loaded.settings == settings.Settings()
    assert "later version" in loaded.notes[0] and "settings.toml.bad" in loaded.notes[0]
    assert (tmp_path / "settings.toml.bad").read_bytes() == content


@pytest.mark.parametrize("version", VERSIONS)
def test_that_an_export_that_was_begun_goes_on(kept: Path, tmp_path: Path, version: str) -> None:
    loaded = load(stack_of(phantom_series(tmp_path / "source", 3)))
    out = tmp_path / "out"
    shutil.copytree(kept / version / "unfinished" / PARTIAL, out / PARTIAL)
    (first,) = (out / PARTIAL).glob("*.dcm")
    before = first.read_bytes()
    exports = Exports()
    opened = exports.open(open_request(loaded, out), Silent())
    assert len(opened.missing) == 2, "the slice that the earlier version wrote is not made again"
    write_missing(exports, opened, loaded)
    exports.end()
    assert before in tree(out).values()


@pytest.mark.parametrize("version", VERSIONS)
def test_that_the_report_of_an_export_is_known(kept: Path, tmp_path: Path, version: str) -> None:
    copied(kept / version / "export.json", tmp_path)
    report = read_report(tmp_path)
    assert report is not None and len(report["files"]) == 3


def test_that_an_export_of_a_later_version_is_left_alone(kept: Path, tmp_path: Path) -> None:
    loaded = load(stack_of(phantom_series(tmp_path / "source", 3)))
    out = tmp_path / "out"
    shutil.copytree(kept / "later" / "unfinished" / PARTIAL, out / PARTIAL)
    before = tree(out / PARTIAL)
    exports = Exports()
    opened = exports.open(open_request(loaded, out), Silent())
    assert len(opened.missing) == 3 and Path(opened.target).name != PARTIAL.removesuffix(".partial")
    exports.end()
    assert tree(out / PARTIAL) == before
    copied(kept / "later" / "export.json", tmp_path / "report")
    assert read_report(tmp_path / "report") is None


def test_that_arrangements_are_read_and_later_ones_set_aside(kept: Path, tmp_path: Path) -> None:
    found, note = arrangement_file.load(copied(kept / "0.1" / "arrangements.json", tmp_path))
    assert len(found) == 1 and note == ""
    path = copied(kept / "later" / "arrangements.json", tmp_path / "later")
    content = path.read_bytes()
    found, note = arrangement_file.load(path)
    assert found == () and "arrangements.json.bad" in note
    assert path.with_name("arrangements.json.bad").read_bytes() == content


def test_that_grey_windows_are_read_and_later_ones_set_aside(kept: Path, tmp_path: Path) -> None:
    found, note = grey_memory.read(copied(kept / "0.1" / "windows.json", tmp_path))
    assert list(found.values()) == [(450.0, 900.0)] and note == ""
    path = copied(kept / "later" / "windows.json", tmp_path / "later")
    found, note = grey_memory.read(path)
    assert found == {} and "windows.json.bad" in note and path.with_name("windows.json.bad").exists()


def test_that_the_window_says_what_was_set_aside(qtbot: QtBot, kept: Path, tmp_path: Path) -> None:
    shutil.copyfile(kept / "later" / "arrangements.json", tmp_path / "series.json")
    shutil.copyfile(kept / "later" / "windows.json", tmp_path / "windows.json")
    desk = Desk(qtbot)
    window = MainWindow(
        desk.store,
        desk.controller,
        READ,
        settings_path=tmp_path / "settings.toml",
        runs_folder=tmp_path / "runs",
    )
    qtbot.addWidget(window)
    desk.wait(lambda: desk.said("series.json.bad") and desk.said("windows.json.bad"), "the notices")
    window.close()
    desk.leave()
    restore_look()


def test_that_measurements_are_read_and_later_ones_refused_with_the_reason(kept: Path) -> None:
    items, series = from_text((kept / "0.1" / "measurements.json").read_text("utf-8"))
    assert {item.kind for item in items} and len(series) == 64
    with pytest.raises(ReadError, match="later version"):
        from_text((kept / "later" / "measurements.json").read_text("utf-8"))


@pytest.mark.parametrize("version", VERSIONS)
def test_that_what_a_crashed_version_had_open_is_offered(kept: Path, tmp_path: Path, version: str) -> None:
    content = (kept / version / "run.json").read_bytes()
    (tmp_path / "4194000.json").write_bytes(content)  # no process has this number
    last = LastRun(tmp_path)
    assert last.begin() == ("/data/heads/first",)
    last.end()
    assert list(tmp_path.iterdir()) == []


def test_that_a_model_of_a_later_version_is_refused_with_the_reason(
    kept: Path, project: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "brainsr-x4"
    copied(project / "models" / "brainsr-x4" / "card.toml", folder)
    card = folder / "card.toml"
    assert read_card(folder).name == "brainsr-x4"
    card.write_text(card.read_text("utf-8").replace("schema = 1", "schema = 2"), "utf-8")
    with pytest.raises(CardInvalid, match="another version"):
        read_card(folder)
