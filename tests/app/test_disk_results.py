"""Slices that were finished before the program was closed are there at the next start, and never of other pixels."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from brainsr_desktop import paths
from brainsr_desktop.session import intents
from brainsr_desktop.session.pictures import PaneState
from tests.app.controlling import Desk, MakeDesk
from tests.phantom import classic

LIMIT = 1 << 28


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache folder of this test."""
    folder = tmp_path / "cache"
    monkeypatch.setattr(paths, "cache_dir", lambda: folder)
    return folder


def visit(qtbot: QtBot, folder: Path) -> PaneState:
    """A start of the program, to its end: how its first slice is labelled once it is finished."""
    one = Desk(qtbot)
    try:
        one.controller.set_disk_store(LIMIT)
        one.do(intents.choose_model, "espcn-x4", 4)
        one.open(folder)
        one.wait(lambda: not one.controller.loading, "the whole series")
        one.do(intents.go_to, 0)
        one.wait(lambda: one.controller.right_picture is not None, "a picture")
        one.wait_ready()
        return one.controller.right_status.state
    finally:
        one.leave()


def stored(cache: Path) -> list[Path]:
    return sorted(cache.glob("results/*.slice"))


def test_that_a_slice_of_an_earlier_start_is_read_and_said_to_be_stored(
    tmp_path: Path, cache: Path, qtbot: QtBot
) -> None:
    classic(tmp_path / "series")
    assert visit(qtbot, tmp_path / "series") is PaneState.FULL
    qtbot.waitUntil(lambda: bool(stored(cache)), timeout=20_000)
    assert visit(qtbot, tmp_path / "series") is PaneState.CACHED


def test_that_nothing_stored_is_shown_for_other_pixels_under_the_same_uids(
    tmp_path: Path, cache: Path, qtbot: QtBot
) -> None:
    first, *_ = classic(tmp_path / "series")
    visit(qtbot, tmp_path / "series")
    qtbot.waitUntil(lambda: bool(stored(cache)), timeout=20_000)
    data = bytearray(first.read_bytes())
    data[-3] ^= 0xFF
    first.write_bytes(data)
    assert visit(qtbot, tmp_path / "series") is PaneState.FULL


def test_that_nothing_is_written_unless_the_user_wants_it_and_clearing_takes_all_away(
    desk: MakeDesk, tmp_path: Path, cache: Path, qtbot: QtBot
) -> None:
    classic(tmp_path / "series")
    visit(qtbot, tmp_path / "series")
    qtbot.waitUntil(lambda: bool(stored(cache)), timeout=20_000)
    before = stored(cache)
    one: Desk = desk()
    one.do(intents.choose_model, "espcn-x4", 4)
    one.open(tmp_path / "series")
    one.wait(lambda: not one.controller.loading, "the whole series")
    one.do(intents.go_to, 5)
    one.wait_ready()
    assert stored(cache) == before
    one.controller.clear_results()
    qtbot.waitUntil(lambda: not stored(cache), timeout=20_000)
