"""Shipped files are found in a bundle, in a wheel and in the source tree, in this order."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from brainsr_desktop import paths


def _ship(root: Path, name: str) -> Path:
    place = root / name
    place.mkdir(parents=True)
    return place


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "site" / "brainsr_desktop"
    place.mkdir(parents=True)
    monkeypatch.setattr(paths, "_PACKAGE", place)
    return place


def test_that_a_source_tree_has_them_beside_the_package(package: Path) -> None:
    beside = _ship(package.parent, "resources")
    assert paths.resources_dir() == beside
    assert paths.sample_dir() == beside / "sample"


def test_that_a_wheel_has_them_inside_the_package(package: Path) -> None:
    _ship(package.parent, "models")
    inside = _ship(package / "_data", "models")
    assert paths.models_dir() == inside


def test_that_a_frozen_bundle_comes_first(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _ship(package / "_data", "models")
    bundled = _ship(tmp_path / "bundle", "models")
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path / "bundle"), raising=False)
    assert paths.models_dir() == bundled


def test_that_a_missing_folder_is_named_where_it_should_be(package: Path) -> None:
    assert paths.models_dir() == package.parent / "models"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="XDG folders are a Linux custom")
def test_that_the_users_folders_follow_xdg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("CONFIG", "CACHE", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{variable}_HOME", str(tmp_path / variable.lower()))
    assert paths.settings_path() == tmp_path / "config" / paths.PROGRAM / "settings.toml"
    assert paths.cache_dir() == tmp_path / "cache" / paths.PROGRAM
    assert paths.user_models_dir() == tmp_path / "data" / paths.PROGRAM / "models"
    assert paths.log_dir().is_relative_to(tmp_path / "state" / paths.PROGRAM)
