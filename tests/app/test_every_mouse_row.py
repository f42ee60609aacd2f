"""Each row of the table of mouse movements, done in the real window: it does what the sheet promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Final, TypeVar

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QNativeGestureEvent, QPointingDevice
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.mouse_table import MOUSE
from brainsr_desktop.app.viewport import Viewport
from brainsr_desktop.core.intensity import robust_range
from brainsr_desktop.session.state import WindowLevel
from tests.app.frame_kit import Rig
from tests.app.key_effects import measured, pixels, put
from tests.app.shared_window import GREY, SLICE, SharedWindow, ramp, shared_window
from tests.app.viewing import double_click, drag, drawn, leave, move, turn

SHIFT: Final = Qt.KeyboardModifier.ShiftModifier
CTRL: Final = Qt.KeyboardModifier.ControlModifier
MIDDLE, RIGHT = Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton
FROM: Final = QPointF(120.0, 200.0)
"""Where most drags begin, far from the wipe line and from every measurement."""
NOTCH: Final = 120
Test = TypeVar("Test", bound=Callable[..., None])
TESTED: Final[list[str]] = []


def row(name: str) -> Callable[[Test], Test]:
    """Say which row of the table a test is for."""
    TESTED.append(name)
    return lambda test: test


@pytest.fixture(scope="module")
def shared_rig(
    request: pytest.FixtureRequest, qapp: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SharedWindow]:
    yield from shared_window(request, tmp_path_factory.mktemp("mouse"))


@pytest.fixture
def rig(shared_rig: SharedWindow) -> Rig:
    return shared_rig.restart()


@pytest.fixture(params=["left", "right"])
def view(rig: Rig, request: pytest.FixtureRequest) -> Viewport:
    return rig.window.areas.pair.left.view if request.param == "left" else rig.window.areas.pair.right.view


def other(rig: Rig, view: Viewport) -> Viewport:
    pair = rig.window.areas.pair
    return pair.right.view if view is pair.left.view else pair.left.view


def grey(rig: Rig) -> tuple[float, float]:
    """Centre and width now."""
    window = rig.store.state.window
    assert window is not None
    return window.center, window.width


def per_px(view: Viewport) -> float:
    """What a drag of one pixel changes the window by: a pane's width is the robust data range."""
    low, high = robust_range(ramp())
    return (high - low) / view.size_px[0]


def test_that_every_row_has_a_test() -> None:
    assert set(TESTED) == {spec.id for spec in MOUSE}


# Wheel


@row("wheel")
@pytest.mark.parametrize(("delta", "steps"), [(-NOTCH, 1), (NOTCH, -1), (-3 * NOTCH, 3)])
def test_that_the_wheel_goes_a_slice_a_notch(rig: Rig, view: Viewport, delta: int, steps: int) -> None:
    turn(view, delta)
    assert rig.store.state.slice_index == SLICE + steps


@row("wheel")
def test_that_small_turns_of_two_fingers_add_up(rig: Rig, view: Viewport) -> None:
    turn(view, -50)
    turn(view, -50)
    assert rig.store.state.slice_index == SLICE
    turn(view, -50)
    assert rig.store.state.slice_index == SLICE + 1
    turn(view, 30)  # the other way: what is left of the first is forgotten
    turn(view, 90)
    assert rig.store.state.slice_index == SLICE


@row("wheel_far")
@pytest.mark.parametrize(("delta", "steps"), [(-NOTCH, 10), (NOTCH, -10)])
def test_that_the_wheel_with_shift_goes_ten_slices(rig: Rig, view: Viewport, delta: int, steps: int) -> None:
    turn(view, delta, modifiers=SHIFT)
    assert rig.store.state.slice_index == SLICE + steps


@row("wheel_zoom")
@pytest.mark.parametrize("way", ["wheel", "pinch"])
def test_that_the_wheel_with_ctrl_and_a_pinch_zoom_about_the_cursor(
    rig: Rig, view: Viewport, way: str
) -> None:
    before, (_, percent) = view.to_mm(FROM), rig.window.areas.pair.zoom
    if way == "wheel":
        turn(view, NOTCH, FROM, CTRL)
    else:
        pinch(view, 0.2)
    assert rig.window.areas.pair.zoom[1] == pytest.approx(1.2 * percent)
    assert view.to_mm(FROM) == pytest.approx(before, abs=1e-6)
    assert rig.store.state.slice_index == SLICE


def pinch(view: Viewport, by: float) -> None:
    kind, pad = Qt.NativeGestureType.ZoomNativeGesture, QPointingDevice.primaryPointingDevice()
    QApplication.sendEvent(
        view.viewport(), QNativeGestureEvent(kind, pad, 2, FROM, FROM, FROM, by, QPointF())
    )


@row("loupe")
def test_that_the_wheel_enlarges_the_loupe_while_its_key_is_held(rig: Rig, view: Viewport) -> None:
    view.setFocus()
    before = rig.store.state.compare.loupe_factor
    QTest.keyPress(view, Qt.Key.Key_Q)
    turn(view, NOTCH)
    assert rig.store.state.compare.loupe
    assert rig.store.state.compare.loupe_factor > before
    turn(view, -NOTCH)
    assert rig.store.state.compare.loupe_factor == pytest.approx(before)
    QTest.keyRelease(view, Qt.Key.Key_Q)
    assert rig.store.state.slice_index == SLICE


# Drags


@row("drag")
@pytest.mark.parametrize("by", [QPointF(80, 0), QPointF(-80, 0), QPointF(0, 80), QPointF(0, -80)])
def test_that_a_left_drag_makes_the_window_wider_and_the_picture_brighter(
    rig: Rig, view: Viewport, by: QPointF
) -> None:
    drag(view, FROM, FROM + by)
    step = per_px(view)
    # Up is brighter: a lower centre.
    assert grey(rig) == pytest.approx((GREY.center + by.y() * step, GREY.width + by.x() * step))


@row("drag")
@pytest.mark.parametrize("tool", ["pan", "zoom", "scroll", "distance"])
def test_that_a_left_drag_does_what_the_tool_does(rig: Rig, view: Viewport, tool: str) -> None:
    pixels(rig)
    put(tool=tool)(rig)
    start, (_, percent) = view.to_mm(FROM), rig.window.areas.pair.zoom
    drag(view, FROM, FROM + QPointF(0, -48))
    state = rig.store.state
    assert grey(rig) == (GREY.center, GREY.width)
    seen = {
        "pan": view.to_mm(FROM + QPointF(0, -48)) == pytest.approx(start, abs=1e-6),
        "zoom": rig.window.areas.pair.zoom[1] > 1.1 * percent,
        "scroll": state.slice_index == SLICE - 8,
        "distance": [item.kind for item in state.measuring.items] == ["distance"],
    }
    assert {name for name, done in seen.items() if done} == {tool}


@row("drag_slow")
def test_that_shift_after_the_start_slows_the_drag_to_a_quarter(rig: Rig, view: Viewport) -> None:
    drag(view, FROM, FROM + QPointF(80, -40), later=SHIFT)
    step = per_px(view) / 4
    assert grey(rig) == pytest.approx((GREY.center - 40 * step, GREY.width + 80 * step))


@row("rectangle")
def test_that_a_rectangle_takes_the_window_from_the_values_inside(rig: Rig, view: Viewport) -> None:
    drag(view, view.to_px((4.5, 6.5)), view.to_px((11.5, 15.5)), modifiers=CTRL)
    low, high = np.percentile(ramp()[6:16, 4:12], [0.5, 99.5])
    assert grey(rig) == pytest.approx(((low + high) / 2, high - low), rel=1e-4)
    assert rig.store.state.measuring.items == ()


@row("pan")
@pytest.mark.parametrize("hand", ["shift and left", "middle"])
def test_that_the_picture_follows_the_hand(rig: Rig, view: Viewport, hand: str) -> None:
    pixels(rig)
    end = FROM + QPointF(40, 24)
    before = [pane.to_mm(FROM) for pane in (view, other(rig, view))]
    if hand == "middle":
        drag(view, FROM, end, MIDDLE)
    else:
        drag(view, FROM, end, modifiers=SHIFT)
    for pane, start in zip((view, other(rig, view)), before, strict=True):
        assert pane.to_mm(end) == pytest.approx(start, abs=1e-6)
    assert grey(rig) == (GREY.center, GREY.width)


@row("zoom")
@pytest.mark.parametrize(("up", "nearer"), [(40, True), (-40, False)])
def test_that_a_right_drag_zooms_about_where_it_began(
    rig: Rig, view: Viewport, up: int, nearer: bool
) -> None:
    pixels(rig)
    start, (_, percent) = view.to_mm(FROM), rig.window.areas.pair.zoom
    drag(view, FROM, FROM - QPointF(0, up), RIGHT)
    assert (rig.window.areas.pair.zoom[1] > percent) is nearer
    assert rig.window.areas.pair.zoom[1] != pytest.approx(percent)
    assert view.to_mm(FROM) == pytest.approx(start, abs=1e-6)
    assert open_menus(rig) == []


def open_menus(rig: Rig) -> list[QMenu]:
    return [menu for menu in rig.window.findChildren(QMenu) if menu.isVisible()]


@row("menu")
@pytest.mark.qt_log_ignore("This plugin does not support")  # raising a menu, without a screen
def test_that_a_right_click_brings_the_menu_of_the_pane(rig: Rig, view: Viewport) -> None:
    before = rig.store.state
    drag(view, FROM, FROM + QPointF(2, 1), RIGHT)
    (menu,) = open_menus(rig)
    names = [action.objectName() for action in menu.actions()]
    assert {"fit", "reset", "invert", "copy_picture", "save_picture"} <= set(names)
    assert rig.store.state == before
    menu.actions()[names.index("invert")].trigger()
    assert rig.store.state.inverted


@row("wipe")
@pytest.mark.parametrize("level", [False, True])
@pytest.mark.parametrize("beside", [-5, 5])
def test_that_the_wipe_line_is_dragged(rig: Rig, level: bool, beside: int) -> None:
    if level:
        rig.window.actions_["mode_wipe"].trigger()
    rig.window.actions_["mode_wipe"].trigger()
    QApplication.processEvents()
    view = rig.window.areas.pair.right.view
    width, height = view.size_px
    line = QPointF(width / 4, height / 2 + beside) if level else QPointF(width / 2 + beside, height / 4)
    to = QPointF(line.x(), height * 0.3) if level else QPointF(width * 0.3, line.y())
    drag(view, line, to)
    assert rig.store.state.compare.level is level
    assert rig.store.state.compare.line == pytest.approx(0.3, abs=0.01)
    assert grey(rig) == (GREY.center, GREY.width)


@row("wipe")
def test_that_a_drag_beside_the_wipe_line_is_one_of_the_tool(rig: Rig) -> None:
    rig.window.actions_["mode_wipe"].trigger()
    QApplication.processEvents()
    view = rig.window.areas.pair.right.view
    start = QPointF(view.size_px[0] / 2 + 8, view.size_px[1] / 4)
    drag(view, start, start + QPointF(80, 0))
    assert rig.store.state.compare.line == 0.5
    assert grey(rig)[1] > GREY.width


@row("measure")
@pytest.mark.parametrize(
    ("taken", "start", "end"),
    [
        ((6.0, 8.0), (3.0, 4.0), (22.0, 20.0)),
        ((22.0, 20.0), (6.0, 8.0), (19.0, 16.0)),
        ((10.0, 11.0), (3.0, 4.0), (19.0, 16.0)),
    ],
    ids=["first end", "last end", "line"],
)
def test_that_a_measurement_is_moved_by_its_handles_and_as_a_whole(
    rig: Rig,
    view: Viewport,
    taken: tuple[float, float],
    start: tuple[float, float],
    end: tuple[float, float],
) -> None:
    measured()(rig)
    drag(view, view.to_px(taken), view.to_px((taken[0] - 3.0, taken[1] - 4.0)))
    (item,) = rig.store.state.measuring.items
    assert item.start == pytest.approx(start, abs=0.01)
    assert item.end == pytest.approx(end, abs=0.01)
    assert rig.store.state.measuring.selected == item.number
    assert grey(rig) == (GREY.center, GREY.width)


def keep_moving(qtbot: QtBot, port: QWidget, place: Callable[[], QPoint], until: Callable[[], bool]) -> None:
    """Move to and fro by a pixel about the place until that has happened."""
    sway = cycle((QPoint(0, 0), QPoint(0, 1)))

    def happened() -> bool:
        QTest.mouseMove(port, place() + next(sway))
        qtbot.wait(20)
        return until()

    qtbot.waitUntil(happened)


@row("histogram")
@pytest.mark.parametrize(
    ("part", "by"),
    [("low", -40.0), ("high", 40.0), ("middle", 30.0)],
)
def test_that_the_range_on_the_histogram_is_the_window(rig: Rig, qtbot: QtBot, part: str, by: float) -> None:
    put(window=WindowLevel(350.0, 220.0))(rig)
    start = {"low": 240.0, "high": 460.0, "middle": 350.0}[part]
    panel = rig.window.areas.display.histogram
    before = panel.histogram
    rig.controller.range_changed.emit(
        rig.controller.series_range
    )  # counted anew: the last time for this test
    qtbot.waitUntil(lambda: panel.histogram is not before and len(panel.plot.lines) == 2)
    assert panel.region.isVisible()
    box = panel.plot.getPlotItem().vb

    def at(value: float) -> QPoint:
        place: QPoint = panel.plot.mapFromScene(box.mapViewToScene(QPointF(value, box.viewRange()[1][1] / 2)))
        return place

    port = panel.plot.viewport()
    held = {"low": panel.region.lines[0], "high": panel.region.lines[1], "middle": panel.region}[part]
    # A busy machine hands several moves over as one, and pyqtgraph drops those it has no time to draw: a hand keeps on.
    keep_moving(qtbot, port, lambda: at(start), lambda: held.mouseHovering)
    QTest.mousePress(port, Qt.MouseButton.LeftButton, pos=at(start))
    keep_moving(qtbot, port, lambda: at(start + by / 2), lambda: grey(rig) != (350.0, 220.0))
    QTest.mouseMove(port, at(start + by))
    QTest.mouseRelease(port, Qt.MouseButton.LeftButton, pos=at(start + by))
    moved = {"low": (1.0, 0.0), "high": (0.0, 1.0), "middle": (1.0, 1.0)}[part]
    window = rig.store.state.window
    assert window is not None
    wanted = (240.0 + moved[0] * by, 460.0 + moved[1] * by)
    assert (window.low, window.high) == pytest.approx(wanted, abs=12.0)


# Without a drag


@row("double")
def test_that_a_double_click_shows_one_pane_and_the_next_both(rig: Rig, view: Viewport) -> None:
    double_click(view)
    assert rig.store.state.mode == "single"
    assert view.isVisible() and not other(rig, view).isVisible()
    double_click(view)
    assert rig.store.state.mode == "side"
    assert view.isVisible() and other(rig, view).isVisible()


@row("move")
def test_that_a_move_shows_the_place_in_the_other_pane_and_its_values(
    rig: Rig, qtbot: QtBot, view: Viewport
) -> None:
    readout, second = rig.window.areas.readout, other(rig, view)
    place = (10.5, 12.5)
    before = drawn(second)
    move(view, view.to_px(place))
    value = 100.0 + 2.0 * place[0] + 3.0 * place[1]
    qtbot.waitUntil(lambda: "row 12 col 10" in readout.text())
    assert {f"{side} {value:.0f} a.u." for side in "LR"} <= set(readout.text().split("  |  "))
    rows, columns = np.nonzero((drawn(second) != before).any(axis=-1))
    cross = second.to_px(place)
    assert (columns.mean() + 0.5, rows.mean() + 0.5) == pytest.approx((cross.x(), cross.y()), abs=1.0)
    leave(view)
    qtbot.waitUntil(lambda: "row" not in readout.text())
    assert (drawn(second) == before).all()


@row("card")
def test_that_a_card_dragged_onto_the_panes_opens_its_series(rig: Rig) -> None:
    tree = rig.window.areas.browser.tree
    model = tree.model()
    patient = model.index(0, 0)
    cards = model.index(0, 0, patient)
    card = model.index(2, 0, cards)
    assert card.flags() & Qt.ItemFlag.ItemIsDragEnabled and tree.dragEnabled()
    assert drop(rig.window.areas.pair, model.mimeData([card]))
    assert rig.controller.asked_for("stack") == [("stack", "3")]
    assert rig.window.areas.pair.left.view.hasFocus()


@row("drop")
@pytest.mark.parametrize("where", ["window", "panes", "empty page"])
def test_that_a_folder_and_files_that_are_dropped_are_opened(rig: Rig, where: str) -> None:
    areas = rig.window.areas
    target = {"window": rig.window, "panes": areas.pair, "empty page": areas.empty}[where]
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("/data/a folder"), QUrl.fromLocalFile("/data/1.dcm")])
    assert drop(target, data)
    assert rig.controller.asked_for("open") == [("open", ("/data/a folder", "/data/1.dcm"), False, None)]


def drop(target: QWidget, data: QMimeData) -> bool:
    """Drag something over a widget and let it go there, if the widget takes it."""
    place, action = QPoint(50, 50), Qt.DropAction.CopyAction
    button, modifier = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place, action, data, button, modifier)
    QApplication.sendEvent(target, enter)
    if enter.isAccepted():
        QApplication.sendEvent(target, QDropEvent(QPointF(place), action, data, button, modifier))
    return enter.isAccepted()
