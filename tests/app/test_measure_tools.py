"""Measuring in the real window with real events: keys, mouse, table, files."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.measure_paint import GRAB_PX, HANDLE_PX
from brainsr_desktop.app.measure_text import figure
from brainsr_desktop.app.panels.measure import MeasurePanel
from brainsr_desktop.app.viewport import Viewport
from brainsr_desktop.core.resample import enlarge
from brainsr_desktop.session import intents, intents_measure
from brainsr_desktop.session.compare import MODES, Mode
from brainsr_desktop.session.measurements import Kind, Measurement
from brainsr_desktop.session.pictures import PaneState, PaneStatus, Picture
from brainsr_desktop.session.reports import Notice
from tests.app.frame_kit import Rig, make_rig, series_of, stack
from tests.app.viewing import drag, drawn

KEYS: dict[Kind, tuple[Qt.Key, Qt.KeyboardModifier]] = {
    "distance": (Qt.Key.Key_D, Qt.KeyboardModifier.NoModifier),
    "ellipse": (Qt.Key.Key_E, Qt.KeyboardModifier.NoModifier),
    "rectangle": (Qt.Key.Key_E, Qt.KeyboardModifier.ShiftModifier),
    "profile": (Qt.Key.Key_L, Qt.KeyboardModifier.NoModifier),
}


@pytest.fixture
def rig(qtbot: QtBot, tmp_path: Path) -> Iterator[Rig]:
    for made in make_rig(qtbot, tmp_path):
        made.open(series_of(stack(1), stack(2)))
        show_ramp(made)
        made.focus_images()
        yield made


def show_ramp(rig: Rig) -> None:
    """A ramp (100 + 2 x + 3 y, x and y in mm) on the left, enlarged four times on the right."""
    here = rig.store.state.stack
    assert here is not None
    y, x = np.mgrid[0 : here.geometry.rows, 0 : here.geometry.columns] + 0.5
    ramp = (100.0 + 2.0 * x + 3.0 * y).astype(np.float32)
    extent = here.geometry.extent_mm
    rig.controller.left_changed.emit(Picture(ramp, extent), PaneStatus(PaneState.ORIGINAL, "Original"))
    rig.controller.right_changed.emit(
        Picture(enlarge(ramp, 4, "linear"), extent), PaneStatus(PaneState.FULL, "Network")
    )


def left(rig: Rig) -> Viewport:
    return rig.window.areas.pair.left.view


def right(rig: Rig) -> Viewport:
    return rig.window.areas.pair.right.view


def items(rig: Rig) -> tuple[Measurement, ...]:
    return rig.store.state.measuring.items


def draw(
    rig: Rig,
    kind: Kind,
    start: tuple[float, float] = (6.0, 8.0),
    end: tuple[float, float] = (22.0, 20.0),
    view: Viewport | None = None,
) -> Measurement:
    """Press the tool's key and drag between two places in mm."""
    view = view or left(rig)
    rig.key(*KEYS[kind])
    drag(view, view.to_px(start), view.to_px(end))
    return items(rig)[-1]


# Keys and mouse


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("side", ["left", "right"])
def test_that_a_drag_after_the_key_draws_once_for_both_panes(rig: Rig, kind: Kind, side: str) -> None:
    found = draw(rig, kind, view=left(rig) if side == "left" else right(rig))
    assert found.kind == kind and found.slice_index == rig.store.state.slice_index
    assert found.start == pytest.approx((6.0, 8.0), abs=1e-6)
    assert found.end == pytest.approx((22.0, 20.0), abs=1e-6)
    assert [mark.item for mark in left(rig).marks] == [mark.item for mark in right(rig).marks] == [found]
    assert rig.store.state.window is not None


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("zoom", [1.0, 3.0])
def test_that_a_measurement_does_not_depend_on_zoom_and_flips(rig: Rig, flip: bool, zoom: float) -> None:
    if flip:
        rig.store.apply(intents.flip_h)
        rig.store.apply(intents.flip_v)
    rig.window.areas.pair.hand.zoom_about(zoom, (14.0, 14.0), None)
    found = draw(rig, "distance")
    assert found.length_mm == pytest.approx(20.0, abs=1e-6)
    before = draw(rig, "ellipse", (7.0, 19.0), (15.0, 13.0))
    rows = rig.window.areas.measure.values.table()
    rig.store.apply(intents.fit)
    rig.store.apply(intents.flip_h)
    assert rig.window.areas.measure.values.table() == rows
    assert before.area_mm2 == pytest.approx(math.pi * 4.0 * 3.0)


def test_that_both_panes_draw_it_at_the_same_place(rig: Rig) -> None:
    rig.store.apply(lambda s: intents.set_overlays(s, "few"))
    before = [drawn(view).astype(int) for view in (left(rig), right(rig))]
    draw(rig, "rectangle")
    rig.store.apply(lambda s: intents_measure.select(s, None))
    corners = []
    for view, plain in zip((left(rig), right(rig)), before, strict=True):
        changed = np.abs(drawn(view).astype(int) - plain).max(-1) > 60
        start, end = view.to_px((6.0, 8.0)), view.to_px((22.0, 20.0))
        middle = round((start.y() + end.y()) / 2)
        assert changed[middle, round(start.x()) - 2 : round(start.x()) + 3].any()
        assert changed[middle, round(end.x()) - 2 : round(end.x()) + 3].any()
        corners.append((start.x(), start.y(), end.x(), end.y()))
    assert corners[0] == pytest.approx(corners[1], abs=1.0)  # the panes may differ by a pixel


def test_that_a_click_without_a_drag_draws_nothing(rig: Rig) -> None:
    rig.key(Qt.Key.Key_D)
    at = left(rig).to_px((10.0, 10.0))
    drag(left(rig), at, at + QPointF(2.0, 1.0))
    assert items(rig) == ()


def test_that_one_drag_is_one_step_back_and_forth(rig: Rig) -> None:
    draw(rig, "ellipse")
    drawn_ = items(rig)
    rig.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert items(rig) == ()
    rig.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert items(rig) == drawn_


def test_that_escape_takes_the_drag_back_then_the_tool(rig: Rig) -> None:
    rig.key(Qt.Key.Key_E)
    drag(left(rig), left(rig).to_px((5.0, 5.0)), left(rig).to_px((20.0, 20.0)), release=False)
    assert len(items(rig)) == 1
    rig.key(Qt.Key.Key_Escape)
    assert items(rig) == () and rig.store.state.tool == "ellipse"
    rig.key(Qt.Key.Key_Escape)
    assert rig.store.state.tool == "window"


def test_that_a_handle_is_dragged_and_the_other_end_stays(rig: Rig) -> None:
    found = draw(rig, "distance")
    view = right(rig)
    drag(view, view.to_px(found.end) + QPointF(3.0, -2.0), view.to_px((12.0, 30.0)) + QPointF(3.0, -2.0))
    moved = items(rig)[0]
    assert moved.start == found.start
    assert moved.end == pytest.approx((12.0, 30.0), abs=1e-6)
    assert len(items(rig)) == 1
    rig.store.undo()
    assert items(rig) == (found,)


def test_that_a_line_is_moved_as_a_whole_also_with_another_tool(rig: Rig) -> None:
    found = draw(rig, "profile")
    rig.key(Qt.Key.Key_W)
    view, window = left(rig), rig.store.state.window
    on_line = view.to_px((10.0, 11.0))
    drag(view, on_line, on_line + (view.to_px((3.0, 2.0)) - view.to_px((0.0, 0.0))))
    moved = items(rig)[0]
    assert moved.start == pytest.approx((found.start[0] + 3.0, found.start[1] + 2.0), abs=1e-6)
    assert moved.length_mm == pytest.approx(found.length_mm)
    assert rig.store.state.window == window


def test_that_beside_a_measurement_the_tool_of_the_hand_acts(rig: Rig) -> None:
    draw(rig, "distance", (4.0, 4.0), (8.0, 4.0))
    rig.key(Qt.Key.Key_W)
    window = rig.store.state.window
    drag(left(rig), left(rig).to_px((20.0, 30.0)), left(rig).to_px((26.0, 30.0)))
    assert rig.store.state.window != window


def test_that_handles_are_large_enough_to_be_hit() -> None:
    assert HANDLE_PX >= 8 and GRAB_PX * 2 >= 8


def test_that_arrow_keys_move_the_handle_with_the_focus_on_the_screen(rig: Rig) -> None:
    found, slice_index = draw(rig, "distance"), rig.store.state.slice_index
    view = left(rig)
    rig.store.apply(intents.flip_h)
    rig.key(Qt.Key.Key_J)
    assert rig.store.state.measuring.handle == 0
    before = view.to_px(found.start)
    rig.key(Qt.Key.Key_Right)
    rig.key(Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    after = view.to_px(items(rig)[0].start)
    assert (after - before).x() == pytest.approx(1.0, abs=1e-3)
    assert (after - before).y() == pytest.approx(10.0, abs=1e-3)
    assert items(rig)[0].end == found.end
    assert rig.store.state.slice_index == slice_index
    rig.store.undo()
    assert items(rig)[0] == found, "a row of presses is one step"


def test_that_arrow_keys_go_through_the_slices_when_no_handle_has_the_focus(rig: Rig) -> None:
    draw(rig, "distance")
    slice_index = rig.store.state.slice_index
    rig.key(Qt.Key.Key_Down)
    assert rig.store.state.slice_index == slice_index + 1
    assert left(rig).marks == ()
    rig.key(Qt.Key.Key_Up)
    assert len(left(rig).marks) == 1


def test_that_escape_gives_the_arrows_back_to_the_slices(rig: Rig) -> None:
    draw(rig, "distance")
    rig.key(Qt.Key.Key_J)
    rig.key(Qt.Key.Key_Escape)
    assert rig.store.state.measuring.selected is None
    slice_index = rig.store.state.slice_index
    rig.key(Qt.Key.Key_Down)
    assert rig.store.state.slice_index == slice_index + 1


def test_that_delete_removes_the_selected_one_and_undo_brings_it_back(rig: Rig) -> None:
    first, second = draw(rig, "distance"), draw(rig, "ellipse", (24.0, 24.0), (30.0, 36.0))
    rig.key(Qt.Key.Key_Delete)
    assert items(rig) == (first,)
    assert not rig.window.actions_["remove_measurement"].isEnabled()
    rig.store.undo()
    assert items(rig) == (first, second)


def test_that_a_measurement_is_placed_and_shaped_without_a_mouse(rig: Rig) -> None:
    rig.key(Qt.Key.Key_E)
    rig.window.actions_["place_measurement"].trigger()
    placed = items(rig)[0]
    assert placed.kind == "ellipse" and placed.area_mm2 > 0
    rig.key(Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert items(rig)[0].area_mm2 > placed.area_mm2


def test_that_without_overlays_nothing_is_drawn_until_a_tool_is_taken(rig: Rig) -> None:
    draw(rig, "distance")
    rig.key(Qt.Key.Key_W)
    rig.store.apply(lambda s: intents.set_overlays(s, "none"))
    assert left(rig).marks == ()
    rig.key(Qt.Key.Key_D)
    assert len(left(rig).marks) == 1 and left(rig).marks[0].label == ()


def test_that_measurements_stay_with_their_series_until_it_is_closed(rig: Rig) -> None:
    draw(rig, "distance")
    rig.key(Qt.Key.Key_PageDown)
    assert items(rig) == () and left(rig).marks == ()
    rig.key(Qt.Key.Key_PageUp)
    assert len(items(rig)) == 1
    rig.window.actions_["close_all"].trigger()
    rig.open(series_of(stack(1)))
    assert items(rig) == ()


def test_that_the_tool_bar_offers_every_measuring_tool(rig: Rig) -> None:
    buttons = [b for b in rig.window.tools.findChildren(QToolButton) if b.menu() is not None]
    offered = {action.objectName(): action for b in buttons for action in b.menu().actions()}
    assert {f"tool_{kind}" for kind in KEYS} <= set(offered)
    offered["tool_rectangle"].trigger()
    assert rig.store.state.tool == "rectangle"
    assert rig.window.actions_["tool_rectangle"].isChecked()


# Values


def _rows(panel: MeasurePanel) -> dict[str, tuple[float | None, float | None, float | None]]:
    ((_, rows),) = panel.values.table()
    return {row.key: (row.left, row.right, row.difference) for row in rows}


def test_that_values_of_both_panes_stand_beside_their_difference(rig: Rig) -> None:
    draw(rig, "rectangle", (6.0, 8.0), (22.0, 20.0))
    rows = _rows(rig.window.areas.measure)
    # The mean of a plane is its value in the middle, (14, 14).
    assert rows["mean"] == pytest.approx((170.0, 170.0, 0.0), abs=0.01)
    assert rows["area"] == pytest.approx((192.0, 192.0, 0.0), abs=1e-6)
    assert rows["count"] == (192, 192 * 16, 192 * 15)
    assert rows["minimum"][0] == pytest.approx(100.0 + 2 * 6.5 + 3 * 8.5)
    tree = rig.window.areas.measure.tree
    assert tree.topLevelItemCount() == 1
    top = tree.topLevelItem(0)
    assert top is not None and [top.text(place) for place in range(4)] == ["1 Rectangle", "170", "170", "0"]
    assert left(rig).marks[0].label[0] == "192 mm²"
    assert left(rig).marks[0].label[1].startswith("170 ± ")


def test_that_no_value_of_another_picture_is_shown(rig: Rig) -> None:
    draw(rig, "rectangle")
    here = rig.store.state.stack
    assert here is not None
    rig.controller.right_changed.emit(None, PaneStatus(PaneState.LOADING, "Loading"))
    mean = _rows(rig.window.areas.measure)["mean"]
    assert mean[0] is not None and mean[1] is None and mean[2] is None
    bright = Picture(np.full((40, 32), 900.0, np.float32), here.geometry.extent_mm)
    rig.controller.right_changed.emit(bright, PaneStatus(PaneState.FULL, "Network"))
    assert _rows(rig.window.areas.measure)["mean"][1] == 900.0


def test_that_large_shapes_are_read_beside_the_window(rig: Rig, qtbot: QtBot) -> None:
    here = rig.store.state.stack
    assert here is not None
    large = Picture(np.full((1280, 1024), 7.0, np.float32), here.geometry.extent_mm)
    rig.controller.right_changed.emit(large, PaneStatus(PaneState.FULL, "Network"))
    draw(rig, "rectangle", (0.0, 0.0), (32.0, 40.0))
    qtbot.waitUntil(lambda: _rows(rig.window.areas.measure)["mean"][1] == 7.0)
    assert _rows(rig.window.areas.measure)["count"][1] == 1280 * 1024


def test_that_a_profile_is_plotted_for_both_panes_with_edge_and_peak(rig: Rig) -> None:
    here = rig.store.state.stack
    assert here is not None
    x = np.arange(32) + 0.5
    bell = np.tile(100.0 + 50.0 * np.exp(-0.5 * ((x - 16.0) / 2.0) ** 2), (40, 1)).astype(np.float32)
    picture = Picture(bell, here.geometry.extent_mm)
    rig.controller.left_changed.emit(picture, PaneStatus(PaneState.ORIGINAL, "Original"))
    draw(rig, "profile", (2.0, 20.5), (30.0, 20.5))
    rows = _rows(rig.window.areas.measure)
    assert rows["length"][0] == pytest.approx(28.0, abs=1e-6)
    assert rows["peak_width"][0] == pytest.approx(2.3548 * 2.0, rel=0.05)
    lines = rig.window.areas.measure.plot.lines
    assert [line.right for line in lines] == [False, True]
    assert lines[0].x[-1] == pytest.approx(28.0, abs=1e-6)
    assert rig.window.areas.measure.told.text()


def test_that_a_row_of_the_table_selects_and_delete_there_removes(rig: Rig) -> None:
    first = draw(rig, "distance")
    draw(rig, "ellipse", (24.0, 24.0), (30.0, 36.0))
    rig.window.areas.panel.section("measure").set_open(True)
    panel = rig.window.areas.measure
    top = panel.tree.topLevelItem(0)
    assert top is not None
    panel.tree.setFocus()
    panel.tree.setCurrentItem(top)
    assert rig.store.state.measuring.selected == first.number
    QTest.keyClick(panel.tree, Qt.Key.Key_Delete)
    assert [item.kind for item in items(rig)] == ["ellipse"]


def test_that_lengths_are_pixels_where_the_spacing_is_unknown(rig: Rig) -> None:
    unknown = replace(stack(3), has_spacing=False)
    rig.open(series_of(unknown), path="/data/unknown")
    rig.controller.open_stack(unknown)
    rig.focus_images()
    draw(rig, "distance")
    ((_, rows),) = rig.window.areas.measure.values.table()
    assert [row.unit for row in rows] == ["px"]
    assert left(rig).marks[0].label == ("20 px",)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1234.5, "1234"), (-0.012345, "-0.01235"), (57.88, "57.88"), (20.0, "20"), (None, "-")],
)
def test_that_numbers_have_four_digits(value: float | None, text: str) -> None:
    assert figure(value) == text
    assert figure(math.nan) == "-"


# Table and files


def test_that_the_table_is_copied_and_saved_as_csv(rig: Rig, qtbot: QtBot, tmp_path: Path) -> None:
    draw(rig, "rectangle")
    draw(rig, "distance", (2.0, 30.0), (10.0, 36.0))
    rig.window.actions_["copy_measurements"].trigger()
    copied = QGuiApplication.clipboard().text().splitlines()
    assert copied[0].split("\t")[0] == "Measurement" and len(copied) == 1 + 7 + 1
    path = tmp_path / "table.csv"
    with qtbot.waitSignal(rig.window.measures.said):
        rig.window.measures.save_csv(path)
    lines = list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))
    assert [line["quantity"] for line in lines][-1] == "length"
    mean = next(line for line in lines if line["quantity"] == "mean")
    assert float(mean["left"]) == pytest.approx(170.0)
    assert float(mean["difference"]) == pytest.approx(float(mean["right"]) - float(mean["left"]))
    assert mean["slice"] == str(rig.store.state.slice_index + 1)


def test_that_measurements_are_saved_and_opened_again(rig: Rig, qtbot: QtBot, tmp_path: Path) -> None:
    draw(rig, "ellipse")
    rig.key(Qt.Key.Key_Down)
    draw(rig, "distance")
    before, path = items(rig), tmp_path / "drawn.json"
    with qtbot.waitSignal(rig.window.measures.said):
        rig.window.measures.save(path)
    rig.store.apply(intents_measure.forget)
    with qtbot.waitSignal(rig.window.measures.said):
        rig.window.measures.load(path)
    assert items(rig) == before
    rig.store.undo()
    assert items(rig) == ()


def test_that_measurements_of_another_series_come_with_a_warning(
    rig: Rig, qtbot: QtBot, tmp_path: Path
) -> None:
    draw(rig, "ellipse")
    path = tmp_path / "drawn.json"
    with qtbot.waitSignal(rig.window.measures.said):
        rig.window.measures.save(path)
    rig.key(Qt.Key.Key_PageDown)
    with qtbot.waitSignal(rig.window.measures.noticed) as told:
        rig.window.measures.load(path)
    assert len(items(rig)) == 1
    assert isinstance(told.args[0], Notice) and "another series" in told.args[0].text


@pytest.mark.parametrize("content", [b"{}", b"\xff\xfe", b""])
def test_that_a_file_that_is_none_is_told_and_changes_nothing(
    rig: Rig, qtbot: QtBot, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    with qtbot.waitSignal(rig.window.measures.noticed) as told:
        rig.window.measures.load(path)
    assert told.args[0].level == "error" and "bad.json" in told.args[0].text and told.args[0].advice
    assert items(rig) == ()


def test_that_a_file_that_cannot_be_written_is_told(rig: Rig, qtbot: QtBot, tmp_path: Path) -> None:
    draw(rig, "ellipse")
    with qtbot.waitSignal(rig.window.measures.noticed) as told:
        rig.window.measures.save(tmp_path / "missing" / "drawn.json")
    assert told.args[0].level == "error"


def test_that_a_saved_file_is_json_of_its_own_format(rig: Rig, qtbot: QtBot, tmp_path: Path) -> None:
    draw(rig, "profile")
    with qtbot.waitSignal(rig.window.measures.said):
        rig.window.measures.save(tmp_path / "drawn.json")
    table = json.loads((tmp_path / "drawn.json").read_text("utf-8"))
    assert table["format"] == "brainsr-measurements" and table["measurements"][0]["kind"] == "profile"


# Other ways of comparing


@pytest.mark.parametrize("mode", MODES)
def test_that_every_way_of_comparing_draws_the_measurements(rig: Rig, mode: Mode) -> None:
    draw(rig, "rectangle")
    rig.store.apply(lambda s: replace(s, mode=mode))
    QApplication.processEvents()
    view = right(rig)
    assert [mark.item for mark in view.marks] == list(items(rig))
    if mode in ("wipe", "board"):
        assert [line[:2] for line in view.marks[0].label[1:]] == ["L ", "R "]
