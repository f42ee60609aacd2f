"""Grey windows in the real window: presets, own ones, each slice its own, colours, memory over starts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialogButtonBox
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.dialogs.preset import PresetDialog
from brainsr_desktop.app.grey_memory import name_of, read, write
from brainsr_desktop.app.panels.window_presets import kept_for, suits
from brainsr_desktop.core.measure import padding_of
from brainsr_desktop.session import intents
from brainsr_desktop.session.pictures import PaneState, PaneStatus, Picture
from brainsr_desktop.session.state import ViewState, WindowLevel
from brainsr_desktop.settings import GreyPreset, Settings, Viewing, load
from tests.app.frame_kit import RANGE, READ, Rig, make_rig, series_of, stack
from tests.app.viewing import drag, drawn

ORIGINAL = PaneStatus(PaneState.ORIGINAL, "Original")


@pytest.fixture
def rig(qtbot: QtBot, tmp_path: Path) -> Iterator[Rig]:
    for made in make_rig(qtbot, tmp_path):
        made.open(series_of(stack(1, description="AX T2 TSE"), stack(2, description="t1_mprage")))
        made.focus_images()
        yield made


def window_of(rig: Rig) -> WindowLevel:
    found = rig.store.state.window
    assert found is not None
    return found


# Presets


def test_that_key_2_is_the_second_window_of_the_header(rig: Rig) -> None:
    assert not rig.window.actions_["window_2"].isEnabled()
    rig.controller.range_changed.emit(replace(RANGE, header_2=WindowLevel(333.0, 222.0)))
    rig.key(Qt.Key.Key_2)
    assert window_of(rig) == WindowLevel(333.0, 222.0)


def save_preset(rig: Rig, name: str, key: int, word: str) -> None:
    rig.window.actions_["save_preset"].trigger()
    dialog = rig.window.findChild(PresetDialog)
    assert isinstance(dialog, PresetDialog)
    save = dialog.buttons.button(QDialogButtonBox.StandardButton.Save)
    assert not save.isEnabled(), "a preset needs a name"
    QTest.keyClicks(dialog.name, name)
    dialog.key.setCurrentIndex(dialog.key.findData(key))
    dialog.word.setEditText(word)
    QTest.mouseClick(save, Qt.MouseButton.LeftButton)


def test_that_a_preset_has_a_name_a_key_and_the_series_it_is_for(rig: Rig, tmp_path: Path) -> None:
    rig.store.apply(lambda s: intents.set_window(s, WindowLevel(300.0, 200.0)))
    save_preset(rig, "Soft T2 & more", 7, "t2")
    rig.key(Qt.Key.Key_0)
    rig.key(Qt.Key.Key_7)
    assert (window_of(rig).center, window_of(rig).width) == pytest.approx((300.0, 200.0))
    assert rig.store.undo_name == "Soft T2 & more"
    assert rig.window.actions_["window_7"].text() == "Soft T2 && more"
    panel = rig.window.areas.display
    assert panel.presets.itemText(panel.presets.findData(7)) == "7  Soft T2 & more"
    rig.key(Qt.Key.Key_PageDown)
    rig.focus_images()
    rig.key(Qt.Key.Key_7)
    assert (window_of(rig).center, window_of(rig).width) == pytest.approx((250.0, 500.0)), "not a T2 series"
    rig.window.preferences.finish()
    assert [kept.name for kept in load(tmp_path / "settings.toml").settings.presets] == ["Soft T2 & more"]


def test_that_a_preset_fits_a_series_of_another_brightness(rig: Rig) -> None:
    rig.store.apply(lambda s: intents.set_window(s, WindowLevel(300.0, 200.0)))
    rig.window.greys.keep("mine", 5, "")
    rig.controller.range_changed.emit(replace(RANGE, robust_low=100.0, robust_high=5100.0))
    rig.key(Qt.Key.Key_5)
    assert (window_of(rig).center, window_of(rig).width) == pytest.approx((1600.0, 1000.0))


@pytest.mark.parametrize(
    ("word", "yes"),
    [("", True), ("mr", True), ("T2", True), ("t2w", False), ("tse", True), ("CT", False), ("T", False)],
)
def test_that_a_word_is_the_modality_or_one_of_the_description(word: str, yes: bool) -> None:
    assert suits(GreyPreset("x", 1, word), stack(1, description="AX_T2-TSE")) is yes


def test_that_a_preset_with_a_word_goes_before_one_for_all() -> None:
    presets = (GreyPreset("special", 1, "T2"), GreyPreset("all", 1, ""), GreyPreset("key", 2, "T2"))
    found = kept_for(1, presets, stack(1, description="T2"))
    assert found is not None and found.name == "special"
    assert kept_for(3, presets, stack(1)) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda s: intents.scroll(s, 1),
        lambda s: intents.choose_model(s, "brainsr-x2", 2),
        lambda s: intents.choose_model(s, "sharp-x4", 4),
        lambda s: intents.set_test_mode(s, on=True),
        lambda s: intents.set_strength(s, 0.5),
    ],
)
def test_that_only_the_user_changes_the_window(rig: Rig, change: Callable[[ViewState], ViewState]) -> None:
    rig.store.apply(lambda s: intents.set_window(s, WindowLevel(321.0, 123.0)))
    rig.store.apply(change)
    rig.controller.show_pictures()
    assert window_of(rig) == WindowLevel(321.0, 123.0)


def test_that_one_drag_is_one_step_back(rig: Rig) -> None:
    view, before = rig.window.areas.pair.left.view, window_of(rig)
    drag(view, view.to_px((10.0, 10.0)), view.to_px((25.0, 30.0)), steps=20)
    assert window_of(rig) != before
    rig.store.undo()
    assert window_of(rig) == before


# Each slice its own


def show_slice(rig: Rig, top: float) -> None:
    here = rig.store.state.stack
    assert here is not None
    pixels = np.zeros((here.geometry.rows, here.geometry.columns), np.float32)
    pixels[5:30, 5:25] = np.linspace(top / 2, top, 500).reshape(25, 20)
    rig.controller.left_changed.emit(Picture(pixels, here.geometry.extent_mm), ORIGINAL)


def test_that_each_slice_may_have_a_window_of_its_own(rig: Rig) -> None:
    before = window_of(rig)
    show_slice(rig, 1000.0)
    assert window_of(rig) == before
    rig.window.actions_["window_per_slice"].trigger()
    assert window_of(rig).high == pytest.approx(1000.0, rel=0.05)
    rig.key(Qt.Key.Key_Down)
    show_slice(rig, 200.0)
    assert window_of(rig).high == pytest.approx(200.0, rel=0.05)
    rig.store.apply(lambda s: intents.set_window(s, WindowLevel(5.0, 6.0)))
    show_slice(rig, 200.0)
    assert window_of(rig) == WindowLevel(5.0, 6.0), "until another slice is in view"
    rig.window.areas.display.per_slice.click()
    assert window_of(rig) == before
    rig.store.undo()
    assert rig.store.state.window_per_slice


# Colours


def both(rig: Rig) -> list[np.ndarray[Any, np.dtype[np.uint8]]]:
    """The colour in the middle of both panes."""
    pair = rig.window.areas.pair
    return [
        drawn(view)[tuple(side // 2 for side in drawn(view).shape[:2])]
        for view in (pair.left.view, pair.right.view)
    ]


@pytest.mark.parametrize(
    ("action", "colour"),
    [
        ("colours_grey", (127, 127, 127)),
        ("colours_viridis", (33, 145, 140)),
        ("colours_cividis", (125, 124, 120)),
    ],
)
def test_that_both_panes_show_one_colour_map(rig: Rig, action: str, colour: tuple[int, ...]) -> None:
    rig.store.apply(lambda s: intents.set_window(intents.set_overlays(s, "none"), WindowLevel(400.0, 800.0)))
    rig.window.actions_[action].trigger()
    for found in both(rig):
        np.testing.assert_allclose(found, colour, atol=2)
    assert rig.window.actions_[action].isChecked()


def test_that_colours_are_chosen_from_the_list_and_undone(rig: Rig) -> None:
    panel = rig.window.areas.display
    panel.colours.setCurrentIndex(panel.colours.findText("Inverted"))
    panel.colours.activated.emit(panel.colours.currentIndex())
    assert rig.store.state.inverted and rig.store.state.colour_map == "grey"
    panel.colours.setCurrentIndex(panel.colours.findText("Viridis"))
    panel.colours.activated.emit(panel.colours.currentIndex())
    assert not rig.store.state.inverted and rig.store.state.colour_map == "viridis"
    rig.key(Qt.Key.Key_I)
    assert panel.colours.currentText() == "Viridis, inverted"
    rig.store.undo()
    rig.store.undo()
    assert panel.colours.currentText() == "Inverted"


@pytest.mark.parametrize("action", ["colours_grey", "colours_viridis"])
@pytest.mark.parametrize("inverted", [False, True])
def test_that_padding_is_as_black_as_the_pane(rig: Rig, action: str, inverted: bool) -> None:
    here = rig.store.state.stack
    assert here is not None
    stored = np.full((here.geometry.rows, here.geometry.columns), -2000, np.int16)
    padded = Picture(stored, here.geometry.extent_mm, padding=padding_of(stored, -2000, -2000))
    rig.store.apply(lambda s: replace(intents.set_overlays(s, "none"), inverted=inverted))
    rig.window.actions_[action].trigger()
    for signal in (rig.controller.left_changed, rig.controller.right_changed):
        signal.emit(padded, ORIGINAL)
    for found in both(rig):
        assert not found.any()


# Memory over starts


def started(qtbot: QtBot, folder: Path, settings: Settings = READ) -> Iterator[Rig]:
    for made in make_rig(qtbot, folder, settings):
        qtbot.wait(50)
        made.open(series_of(stack(1)))
        yield made


def set_by_key(rig: Rig, key: Qt.Key) -> None:
    rig.focus_images()
    rig.key(key)


def test_that_a_series_finds_its_window_at_the_next_start(qtbot: QtBot, tmp_path: Path) -> None:
    for rig in started(qtbot, tmp_path):
        assert window_of(rig) == RANGE.initial
        set_by_key(rig, Qt.Key.Key_6)
    kept = (tmp_path / "windows.json").read_text("utf-8")
    assert stack(1).series_uid not in kept and name_of(stack(1)) in kept
    for rig in started(qtbot, tmp_path):
        assert window_of(rig) == RANGE.tissue
        rig.open(series_of(stack(2)), path="/data/other")
        rig.controller.open_stack(stack(2))
        assert window_of(rig) == RANGE.initial


def test_that_a_curve_comes_back_at_the_next_start_and_a_drag_makes_it_straight(
    qtbot: QtBot, tmp_path: Path
) -> None:
    curve = WindowLevel(400.0, 800.0, bytes(range(0, 256, 5)))
    for first in (True, False):
        for rig in started(qtbot, tmp_path):
            rig.controller.range_changed.emit(replace(RANGE, header=curve))
            if first:
                set_by_key(rig, Qt.Key.Key_1)
            assert window_of(rig) == curve
    for rig in started(qtbot, tmp_path):
        rig.controller.range_changed.emit(replace(RANGE, header=curve))
        view = rig.window.areas.pair.left.view
        here = rig.store.state.stack
        assert here is not None
        shape = (here.geometry.rows, here.geometry.columns)
        rig.controller.left_changed.emit(
            Picture(np.arange(np.prod(shape)).reshape(shape).astype(np.int16), here.geometry.extent_mm),
            ORIGINAL,
        )
        drag(view, view.rect().center(), view.rect().center() + QPoint(30, 0))
        assert window_of(rig).width != curve.width and window_of(rig).curve == b""


def test_that_the_memory_can_be_turned_off(qtbot: QtBot, tmp_path: Path) -> None:
    for rig in started(qtbot, tmp_path):
        set_by_key(rig, Qt.Key.Key_6)
        rig.window.preferences.update("viewing", remember_windows=False)
    assert json.loads((tmp_path / "windows.json").read_text("utf-8"))["windows"] == {}
    off = replace(READ, viewing=Viewing(remember_windows=False))
    write(tmp_path / "windows.json", {name_of(stack(1)): (1.0, 2.0)})
    for rig in started(qtbot, tmp_path, off):
        qtbot.wait(50)
        assert window_of(rig) == RANGE.initial


def test_that_the_automatic_window_is_not_remembered(qtbot: QtBot, tmp_path: Path) -> None:
    for rig in started(qtbot, tmp_path):
        set_by_key(rig, Qt.Key.Key_6)
        rig.store.apply(lambda s: intents.set_window(s, RANGE.initial))
    assert read(tmp_path / "windows.json") == ({}, "")


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"\xff", b'{"format": "x"}', b'{"format": "brainsr-windows", "windows": 5}',
     b'{"format": "brainsr-windows/2", "windows": {}}'],
)  # fmt: skip
def test_that_a_memory_that_cannot_be_used_is_set_aside(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "windows.json").write_bytes(content)
    found, note = read(tmp_path / "windows.json")
    assert found == {} and "windows.json.bad" in note
    assert (tmp_path / "windows.json.bad").read_bytes() == content


def test_that_damaged_entries_of_the_memory_are_left_out(tmp_path: Path) -> None:
    entries = b'{"a": [1, 0], "b": [1], "c": "x", "d": [NaN, 1], "e": [5, 2]}'
    (tmp_path / "windows.json").write_bytes(b'{"format": "brainsr-windows", "windows": ' + entries + b"}")
    assert read(tmp_path / "windows.json") == ({"e": (5.0, 2.0)}, "")


def test_that_stacks_of_one_series_are_told_apart() -> None:
    one, other = stack(1, split_reason="echo 1 of 2"), stack(1, split_reason="echo 2 of 2")
    assert name_of(one) != name_of(other) and len(name_of(one)) == 64
    assert name_of(replace(one, series_uid="")) == ""
