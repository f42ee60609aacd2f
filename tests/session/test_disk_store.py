"""The disk store: what is put comes back, nothing stale or damaged does, and it keeps to its limit."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from brainsr_desktop.core.geometry import Geometry
from brainsr_desktop.session import disk_store
from brainsr_desktop.session.cache import Result
from brainsr_desktop.session.disk_store import DiskStore, file_name, packed, unpacked

PLACE = Geometry(4, 6, (0.9, 0.1), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), ((-1.5, 2.25, 1 / 3),))
PIXELS = np.linspace(-5, 1e6, 24, dtype=np.float32).reshape(4, 6)
RESULT = Result(PIXELS, PLACE, 1.25, "openvino", "cpu", (("psnr", 31.5), ("ssim", 0.9)), ("a note",), False)
MUCH = 1 << 30


def same(one: Result | None, other: Result) -> bool:
    if one is None:
        return False
    planes = [(one.pixels, other.pixels), (one.spread, other.spread)]
    bare = [replace(each, pixels=PIXELS, spread=None) for each in (one, other)]
    facts = [[getattr(each, name) for name in Result.__slots__ if name != "pixels"] for each in bare]
    return facts[0] == facts[1] and all(
        a is b or (a is not None and b is not None and np.array_equal(a, b)) for a, b in planes
    )


@pytest.mark.parametrize("spread", [None, PIXELS * 2])
def test_that_a_result_comes_back_as_it_was(tmp_path: Path, spread: np.ndarray | None) -> None:
    result = replace(RESULT, spread=spread)
    store = DiskStore(tmp_path / "results", MUCH)
    store.put("a.slice", result)
    found = DiskStore(tmp_path / "results", MUCH).get("a.slice")
    assert same(found, result)
    assert found is not None
    assert not found.pixels.flags.writeable
    assert store.get("b.slice") is None


def test_that_whatever_a_slice_is_made_from_changes_its_name() -> None:
    names = {
        file_name(content, frame, recipe)
        for content in ("c", "d")
        for frame in (0, 1)
        for recipe in ("r", "s")
    }
    assert len(names) == 8
    assert "PATIENT" not in file_name("PATIENT", 0, "PATIENT")


@pytest.mark.parametrize("place", [0, 2, 40, -1])
def test_that_a_file_with_a_wrong_byte_is_not_shown_and_goes(tmp_path: Path, place: int) -> None:
    store = DiskStore(tmp_path, MUCH)
    data = bytearray(packed(RESULT))
    data[place] ^= 0xFF
    (tmp_path / "a.slice").write_bytes(data)
    assert store.get("a.slice") is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("length", [0, 3, 60, -1])
def test_that_a_cut_file_is_not_shown(tmp_path: Path, length: int) -> None:
    (tmp_path / "a.slice").write_bytes(packed(RESULT)[:length])
    assert DiskStore(tmp_path, MUCH).get("a.slice") is None


def test_that_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    size = len(packed(RESULT))
    store = DiskStore(tmp_path, 3 * size)
    for age, name in enumerate(("a.slice", "b.slice", "c.slice")):
        store.put(name, RESULT)
        os.utime(tmp_path / name, (1000 + age, 1000 + age))
    assert store.get("a.slice") is not None
    store.put("d.slice", RESULT)
    assert {path.name for path in tmp_path.iterdir()} == {"a.slice", "c.slice", "d.slice"}
    assert store.used_bytes == 3 * size
    store.clear()
    assert store.used_bytes == 0


def test_that_a_result_larger_than_the_store_leaves_the_others(tmp_path: Path) -> None:
    store = DiskStore(tmp_path, len(packed(RESULT)))
    store.put("a.slice", RESULT)
    store.put("b.slice", replace(RESULT, pixels=np.zeros((40, 60), np.float32)))
    assert [path.name for path in tmp_path.iterdir()] == ["a.slice"]


def test_that_a_disk_that_takes_nothing_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file where the folder should be", encoding="utf-8")
    store = DiskStore(tmp_path / "results", MUCH)
    store.put("a.slice", RESULT)
    assert store.get("a.slice") is None
    assert store.used_bytes == 0


@pytest.mark.skipif(
    os.name != "posix", reason="other systems keep the user's cache folder apart by themselves"
)
def test_that_nobody_else_can_read_it(tmp_path: Path) -> None:
    store = DiskStore(tmp_path / "results", MUCH)
    store.put("a.slice", RESULT)
    assert (tmp_path / "results").stat().st_mode & 0o077 == 0
    assert (tmp_path / "results" / "a.slice").stat().st_mode & 0o077 == 0


def test_that_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = packed(RESULT)
    monkeypatch.setattr(disk_store, "FORMAT", "brainsr slice 2")
    with pytest.raises(ValueError, match="version"):
        unpacked(data)
