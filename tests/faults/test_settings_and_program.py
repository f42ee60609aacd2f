"""Faults 87 and 89 to 91: settings that cannot be kept, two windows at once, a log on a full disk."""

from __future__ import annotations

import logging
import multiprocessing
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from brainsr_desktop import log
from brainsr_desktop.settings import Settings, load, save
from tests.faults.disks import SmallDisk, small_disk

SAVES = 25


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk of 64 kB."""
    with small_disk(tmp_path / "disk", 65_536) as mounted:
        yield mounted


def themed(theme: str) -> Settings:
    """Settings that differ from the defaults."""
    settings = Settings()
    return replace(settings, general=replace(settings.general, theme=theme))  # type: ignore[arg-type]


@pytest.mark.mounts
def test_that_settings_on_a_full_disk_stay_as_they_were(disk: SmallDisk) -> None:
    path = disk.folder / "settings.toml"
    save(themed("dark"), path)
    before = path.read_bytes()
    filler = disk.fill()
    with pytest.raises(OSError, match="No space left"):
        save(themed("light"), path)
    assert path.read_bytes() == before
    assert sorted(found.name for found in disk.folder.iterdir()) == ["filler", "settings.toml"]
    filler.unlink()
    save(themed("light"), path)
    assert load(path).settings.general.theme == "light"


@pytest.mark.mounts
def test_that_settings_in_a_folder_mounted_read_only_are_read_and_not_lost(disk: SmallDisk) -> None:
    path = disk.folder / "settings.toml"
    save(themed("dark"), path)
    disk.remount("ro")
    assert load(path).settings.general.theme == "dark"
    with pytest.raises(OSError, match="Read-only"):
        save(themed("light"), path)
    assert load(path).settings.general.theme == "dark"


@pytest.mark.mounts
def test_that_damaged_settings_in_a_closed_folder_give_the_defaults_and_one_note(disk: SmallDisk) -> None:
    path = disk.folder / "settings.toml"
    path.write_bytes(b"[general\n")
    disk.remount("ro")
    loaded = load(path)
    assert loaded.settings == Settings()
    assert loaded.notes == ("The settings file cannot be used: it is damaged. The defaults are used.",)
    assert path.read_bytes() == b"[general\n"


@pytest.mark.mounts
def test_that_a_log_on_a_full_disk_disturbs_nobody(
    disk: SmallDisk, capfd: pytest.CaptureFixture[str]
) -> None:
    log.start(disk.folder / "log")
    disk.fill()
    for number in range(2000):
        logging.getLogger("brainsr_desktop.test").warning("line %d", number)
    log.stop()
    assert capfd.readouterr().err == ""


def save_often(path: Path, theme: str) -> None:
    """What one of two windows does."""
    for _ in range(SAVES):
        save(themed(theme), path)


def test_that_two_programs_may_save_at_once_and_the_file_is_always_whole(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    save(themed("dark"), path)
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=save_often, args=(path, theme)) for theme in ("dark", "light")]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        found = load(path)
        assert found.notes == () and found.settings.general.theme in ("dark", "light")
    assert [writer.exitcode for writer in writers] == [0, 0]
    for writer in writers:
        writer.join()
    assert [found.name for found in tmp_path.iterdir()] == ["settings.toml"]
