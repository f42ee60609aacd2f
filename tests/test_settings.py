"""Settings survive writing and reading, and no settings file can stop the program."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainsr_desktop.settings import (
    LARGEST_FILE_BYTES,
    General,
    GreyPreset,
    Networks,
    RecentFolder,
    Settings,
    WindowLayout,
    load,
    save,
    with_preset,
    with_recent,
)


def test_that_no_file_gives_the_defaults_without_a_note(tmp_path: Path) -> None:
    loaded = load(tmp_path / "settings.toml")
    assert loaded.settings == Settings()
    assert loaded.notes == ()


def test_that_what_was_saved_is_loaded_again(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "settings.toml"
    settings = Settings(
        general=General(theme="dark", text_percent=150),
        networks=Networks(device="cuda:0", tile=256),
        window=WindowLayout(place=(10, -20, 1280, 800), maximised=True, splitter=(250, 800, 230)),
        recent=(RecentFolder("/a folder/with 'quotes' \"and\" \n lines", "2026-01-02", 3),),
        keys=(("open_folder", ("Ctrl+O", "F2")), ("fit", ())),
    )
    save(settings, path)
    assert load(path).settings == settings
    assert load(path).notes == ()


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=100))
def test_that_any_text_survives_in_a_recent_path(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("settings") / "settings.toml"
    settings = Settings(recent=(RecentFolder("/" + text),))
    save(settings, path)
    assert load(path).settings == settings


def test_that_unknown_entries_and_comments_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(
        '# mine\n[general]\ntheme = "dark" # by night\nfuture = 7\n[plugin]\nx = [1, 2]\n', "utf-8"
    )
    loaded = load(path)
    assert loaded.settings.general.theme == "dark"
    save(replace(loaded.settings, general=replace(loaded.settings.general, theme="light")), path)
    text = path.read_text("utf-8")
    assert "# mine" in text and "# by night" in text and "future = 7" in text and "[plugin]" in text
    assert load(path).settings.general.theme == "light"


@pytest.mark.parametrize(
    "content",
    [
        b"[general\ntheme",
        b"\xff\xfe\x00\x01",
        b"{'json': true}",
        b"schema = 99\n",
        b"general = 3\n",
        b'[general]\ntext_percent = "big"\n',
        b"[general]\ntheme = 3\n",
        b'[window]\nplace = ["a"]\n',
        b"[keys]\nfit = 3\n",
        b"recent = 5\n",
        b"a = " + b"[" * 5000,
        b"#" * (LARGEST_FILE_BYTES + 1),
    ],
    ids=lambda content: content[:24].decode("latin-1"),
)
def test_that_a_file_that_is_none_of_ours_is_set_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(content)
    loaded = load(path)
    assert loaded.settings == Settings()
    assert len(loaded.notes) == 1 and "settings.toml.bad" in loaded.notes[0]
    assert (tmp_path / "settings.toml.bad").read_bytes() == content
    save(loaded.settings, path)
    assert load(path).settings == Settings()


def test_that_values_out_of_range_are_corrected_and_told(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('[general]\ntheme = "purple"\ntext_percent = 1000\n[viewing]\nown_width = nan\n', "utf-8")
    loaded = load(path)
    assert loaded.settings.general == General(text_percent=200)
    assert loaded.settings.viewing.own_width > 0
    assert len(loaded.notes) == 3
    assert path.exists()


def test_that_only_twelve_folders_are_remembered_and_none_twice() -> None:
    settings = Settings()
    for number in range(20):
        settings = with_recent(settings, RecentFolder(f"/{number}"))
    settings = with_recent(settings, RecentFolder("/15", series=4))
    assert [folder.path for folder in settings.recent][:3] == ["/15", "/19", "/18"]
    assert len(settings.recent) == 12
    assert settings.recent[0].series == 4


def test_that_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError):
        save(Settings(), tmp_path / "file" / "settings.toml")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_that_a_read_only_folder_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        save(Settings(), tmp_path / "settings.toml")
    tmp_path.chmod(0o700)


def test_that_nothing_but_the_file_is_left_behind(tmp_path: Path) -> None:
    save(Settings(), tmp_path / "settings.toml")
    save(Settings(), tmp_path / "settings.toml")
    assert [entry.name for entry in tmp_path.iterdir()] == ["settings.toml"]


def test_that_every_default_passes_its_own_check() -> None:
    for section in fields(Settings):
        if section.name in ("recent", "presets", "keys"):
            continue
        values = getattr(Settings(), section.name)
        for entry in fields(values):
            assert entry.metadata["check"](getattr(values, entry.name)) == getattr(values, entry.name)


def test_that_presets_of_the_grey_window_come_back(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    soft = GreyPreset("Soft T2", 7, "T2", 0.4, 0.9)
    settings = with_preset(with_preset(Settings(), soft), GreyPreset("All", 7, "", 0.5, 1.0))
    save(settings, path)
    assert load(path).settings == settings
    again = with_preset(settings, GreyPreset("Softer", 7, "t2", 0.5, 1.2))
    assert [preset.name for preset in again.presets] == ["All", "Softer"]
