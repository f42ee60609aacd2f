"""Cine in the real window: it plays, it measures, it stops."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from brainsr_desktop.app.cine_controls import CineControls
from brainsr_desktop.session import intents
from tests.app.frame_kit import Rig, series_of, stack
from tests.app.viewing import make_stack

LEFT = Qt.MouseButton.LeftButton


def controls(rig: Rig) -> CineControls:
    return rig.window.areas.slider.cine


def playing(rig: Rig) -> bool:
    return rig.store.state.cine.playing


def start(rig: Rig, **changes: object) -> None:
    rig.open(series_of(replace(stack(1), **changes)))  # type: ignore[arg-type]
    rig.focus_images()
    rig.key(Qt.Key.Key_C)
    assert playing(rig)


def test_that_the_key_plays_the_slices_round_and_round(rig: Rig) -> None:
    seen: list[int] = []
    rig.store.changed.connect(lambda _before, after: seen.append(after.slice_index))
    start(rig, pictures_per_s=60.0)
    rig.qtbot.waitUntil(lambda: seen.count(0) >= 2)
    around = seen.index(0)
    assert seen[around - 1] == 7
    rig.key(Qt.Key.Key_C)
    assert not playing(rig)


def test_that_to_and_fro_turns_round_at_both_ends(rig: Rig) -> None:
    start(rig, pictures_per_s=60.0)
    controls(rig).way.click()
    seen: list[int] = []
    rig.store.changed.connect(lambda _before, after: seen.append(after.slice_index))
    rig.qtbot.waitUntil(lambda: {0, 7} <= set(seen))
    rig.qtbot.waitUntil(lambda: len(seen) > 20)
    assert all(abs(one - other) <= 1 for one, other in pairwise(seen))


def test_that_the_rate_is_the_headers_else_ten(rig: Rig) -> None:
    start(rig)
    assert controls(rig).rate.value() == 10
    rig.open(series_of(replace(stack(2), pictures_per_s=25.0)), path="/data/two")
    rig.controller.open_stack(rig.window.areas.browser.stacks()[1])
    rig.focus_images()
    rig.key(Qt.Key.Key_C)
    assert controls(rig).rate.value() == 25


def test_that_a_typed_rate_is_kept_between_1_and_60(rig: Rig) -> None:
    start(rig)
    controls(rig).rate.setFocus()
    controls(rig).rate.selectAll()
    QTest.keyClicks(controls(rig).rate, "30")
    QTest.keyClick(controls(rig).rate, Qt.Key.Key_Return)
    assert rig.store.state.cine.rate == 30.0
    assert (controls(rig).rate.minimum(), controls(rig).rate.maximum()) == (1, 60)
    assert playing(rig)


def test_that_the_rate_that_is_reached_is_shown_while_it_plays(rig: Rig) -> None:
    rig.open(series_of(stack(1)))
    assert not controls(rig).reached.isVisible()
    start(rig, pictures_per_s=60.0)
    rig.qtbot.waitUntil(lambda: controls(rig).reached.text() != "")
    shown = float(controls(rig).reached.text().strip("()"))
    assert 0.0 < shown < 90.0
    assert controls(rig).reached.isVisible()


@pytest.mark.parametrize("place", ["pane", "browser", "track", "number"])
def test_that_any_click_stops_it(rig: Rig, place: str) -> None:
    start(rig)
    areas = rig.window.areas
    target = {
        "pane": areas.pair.left.view.viewport(),
        "browser": areas.browser.tree.viewport(),
        "track": areas.slider.track,
        "number": areas.slider.number,
    }[place]
    QTest.mouseClick(target, LEFT, Qt.KeyboardModifier.NoModifier, QPoint(10, 10))
    assert not playing(rig)


def test_that_a_click_on_its_own_controls_does_what_they_say(rig: Rig) -> None:
    start(rig)
    QTest.mouseClick(controls(rig).way, LEFT)
    assert playing(rig) and rig.store.state.cine.way == "to_and_fro"
    QTest.mouseClick(controls(rig).play, LEFT)
    assert not playing(rig)
    QTest.mouseClick(controls(rig).play, LEFT)
    assert playing(rig)


def test_that_escape_stops_it_and_nothing_else(rig: Rig) -> None:
    start(rig)
    rig.store.apply(lambda state: intents.choose_tool(state, "pan"))
    rig.key(Qt.Key.Key_Escape)
    assert not playing(rig)
    assert rig.store.state.tool == "pan"


def test_that_volumes_are_played_from_their_own_row(rig: Rig) -> None:
    made = replace(make_stack(volumes=5), id="1", pictures_per_s=60.0)
    rig.open(series_of(made))
    before = rig.store.state.slice_index
    QTest.mouseClick(controls(rig).play_volumes, LEFT)
    rig.qtbot.waitUntil(lambda: rig.store.state.volume >= 3)
    assert rig.store.state.slice_index == before
    assert controls(rig).play_volumes.isChecked() and not controls(rig).play.isChecked()


def test_that_one_picture_is_not_played(rig: Rig) -> None:
    rig.open(series_of(stack(1, slices=1)))
    rig.focus_images()
    rig.key(Qt.Key.Key_C)
    assert not playing(rig)
    assert not controls(rig).play.isEnabled()


def test_that_another_series_ends_it(rig: Rig) -> None:
    start(rig)
    rig.open(series_of(stack(2)), path="/data/two")
    rig.controller.open_stack(rig.window.areas.browser.stacks()[1])
    assert not playing(rig)


def test_that_reverse_order_is_played_in_reverse(rig: Rig) -> None:
    rig.open(series_of(replace(stack(1), pictures_per_s=60.0)))
    rig.window.actions_["reverse_order"].trigger()
    rig.focus_images()
    rig.key(Qt.Key.Key_Home)
    assert rig.store.state.slice_index == 7
    seen: list[int] = []
    rig.store.changed.connect(lambda _before, after: seen.append(after.slice_index))
    rig.key(Qt.Key.Key_C)
    rig.qtbot.waitUntil(lambda: len(seen) > 4)
    assert seen[1:4] == [6, 5, 4]
