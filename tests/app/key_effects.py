"""What each command with a key promises: how the window is prepared, and what must be seen after the key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QWidget

from brainsr_desktop.app.dialogs.export import ExportDialog
from brainsr_desktop.app.dialogs.keys import KeysDialog
from brainsr_desktop.app.dialogs.manual import ManualDialog
from brainsr_desktop.app.dialogs.settings import SettingsDialog
from brainsr_desktop.session import intents, intents_measure
from brainsr_desktop.session.compare import Mode
from brainsr_desktop.session.comparison import Compared
from brainsr_desktop.session.pictures import PaneState, PaneStatus, Picture
from brainsr_desktop.session.state import Tool, ViewState, WindowLevel
from tests.app.frame_kit import RANGE, Rig
from tests.app.shared_window import GREY, SECOND, SLICE, SLICES

Prepare = Callable[[Rig], object]
Seen = Callable[[Rig], bool]


@dataclass(frozen=True, slots=True)
class Effect:
    """``seen`` is false after ``prepare`` and true after the key."""

    seen: Seen
    prepare: Prepare = lambda _: None


def has(**wanted: Any) -> Seen:
    """Fields of the state with these values."""
    return lambda rig: all(getattr(rig.store.state, name) == value for name, value in wanted.items())


def compares(**wanted: Any) -> Seen:
    """Settings of comparing with these values."""
    return lambda rig: all(
        getattr(rig.store.state.compare, name) == pytest.approx(value) for name, value in wanted.items()
    )


def both(*seen: Seen) -> Seen:
    """All of these."""
    return lambda rig: all(part(rig) for part in seen)


def ticked(name: str) -> Seen:
    """The tick in the menu."""
    return lambda rig: rig.window.actions_[name].isChecked()


def asked(name: str) -> Seen:
    """A request to the controller."""
    return lambda rig: bool(rig.controller.asked_for(name))


def dialog(kind: type[QDialog]) -> Seen:
    """A dialog on the screen."""

    def seen(rig: Rig) -> bool:
        found = rig.window.dialogs.current(kind)
        return found is not None and found.isVisible()

    return seen


def file_dialog(mode: QFileDialog.FileMode, way: QFileDialog.AcceptMode) -> Seen:
    """A file dialog of a kind on the screen."""
    return lambda rig: any(
        (found.isVisible(), found.fileMode(), found.acceptMode()) == (True, mode, way)
        for found in rig.window.findChildren(QFileDialog)
    )


def do(*steps: Callable[[ViewState], ViewState]) -> Prepare:
    """Intents on the store."""

    def prepare(rig: Rig) -> None:
        for step in steps:
            rig.store.apply(step)
        QApplication.processEvents()

    return prepare


def put(**values: Any) -> Prepare:
    """Fields of the state."""
    return do(lambda state: replace(state, **values))


def tool(name: Tool, before: Tool = "window") -> Effect:
    """A tool with its tick."""
    return Effect(both(has(tool=name), ticked(f"tool_{name}")), put(tool=before))


def mode(name: Mode, panes: tuple[bool, bool], before: Mode = "side") -> Effect:
    """A way of comparing, its tick, and which of both panes is seen."""

    def shown(rig: Rig) -> bool:
        pair = rig.window.areas.pair
        return (pair.left.isVisible(), pair.right.isVisible()) == panes

    return Effect(both(has(mode=name), ticked(f"mode_{name}"), shown), put(mode=before))


def line(place: float, *, level: bool = False) -> Effect:
    """The wipe line, from the middle, while nothing else moves."""
    seen = both(compares(line=place), has(slice_index=SLICE))
    return Effect(
        seen,
        do(lambda state: replace(state, mode="wipe", compare=replace(state.compare, line=0.5, level=level))),
    )


def grey(window: WindowLevel) -> Effect:
    """A grey window, in the state and in the status bar."""

    def seen(rig: Rig) -> bool:
        now = rig.store.state.window
        told = rig.window.areas.view.text().startswith(f"W {window.width:.4g}  L {window.center:.4g} ")
        return (
            now is not None
            and told
            and (now.center, now.width) == pytest.approx((window.center, window.width))
        )

    return Effect(seen)


def focus_in(find: Callable[[Rig], QWidget]) -> Seen:
    """The focus in a widget or below it."""

    def seen(rig: Rig) -> bool:
        area, now = find(rig), QApplication.focusWidget()
        return now is not None and (now is area or area.isAncestorOf(now))

    return seen


def percent(value: float) -> Seen:
    """The zoom, in percent of the original's pixels."""
    return lambda rig: rig.window.areas.pair.zoom[1] == pytest.approx(value)


def pixels(rig: Rig) -> None:
    """One screen pixel per enhanced pixel of four times: 400 percent."""
    rig.window.areas.pair.zoom_to_pixels("right")


def turned_and_zoomed(rig: Rig) -> None:
    """Everything that a reset takes back, and an inverted grey window."""
    do(intents.flip_h, intents.flip_v, intents.invert)(rig)
    pixels(rig)


def measured(handle: int | None = None) -> Prepare:
    """A distance on the slice in view (ends, middle: handles 0, 1, 2)."""
    return do(
        lambda state: intents_measure.begin(state, "distance", (6.0, 8.0), (22.0, 20.0)),
        lambda state: intents_measure.select(state, state.measuring.items[-1].number, handle),
    )


def handle(number: int) -> Seen:
    """The handle of a measurement that the arrows move."""
    return lambda rig: rig.store.state.measuring.handle == number


def changed_twice(rig: Rig) -> None:
    """A finished picture that differs from the other in two places, the upper one more."""
    here = rig.store.state.stack
    assert here is not None
    rows, columns = here.geometry.rows, here.geometry.columns
    lower, upper = np.full((2, rows, columns), 400, np.float32)
    upper[4:10, 4:12] += 200
    upper[24:32, 14:22] += 100
    extent = here.geometry.extent_mm
    rig.controller.compared = Compared(Picture(upper, extent), Picture(lower, extent), rows)  # type: ignore[assignment]
    rig.controller.compared_changed.emit(rig.controller.compared)


def at_place(index: int) -> Seen:
    """One of the places of greatest change, zoomed to."""
    return lambda rig: rig.store.state.compare.place == index and rig.store.state.rect_mm is not None


def flipped(rig: Rig) -> None:
    rig.store.apply(intents.flip_h, undo="flip")


def flipped_and_back(rig: Rig) -> None:
    flipped(rig)
    rig.store.undo()


def computing(rig: Rig) -> None:
    """A fast preview is up, the full one on its way."""
    rig.controller.right_status = PaneStatus(PaneState.FAST, "Fast preview")


def series(name: str) -> Seen:
    return lambda rig: rig.store.state.stack is not None and rig.store.state.stack.id == name


def model(name: str, title: str, before: str) -> Effect:
    """A model, in the recipe and in the list."""
    return Effect(
        lambda rig: (
            rig.store.state.recipe.model == name
            and rig.window.areas.model.list.currentItem().text().startswith(title)
        ),
        do(lambda state: intents.choose_model(state, before, 4)),
    )


OPENING: Final = QFileDialog.AcceptMode.AcceptOpen
AUTOMATIC: Final = RANGE.automatic
TEST_ON: Final = do(lambda state: intents.set_test_mode(state, on=True))
EFFECTS: Final[Mapping[str, Effect]] = {
    # File
    "open_folder": Effect(file_dialog(QFileDialog.FileMode.Directory, OPENING)),
    "open_files": Effect(file_dialog(QFileDialog.FileMode.ExistingFiles, OPENING)),
    "close_all": Effect(
        both(asked("close"), has(stack=None), lambda rig: rig.window.areas.empty.isVisible())
    ),
    "export": Effect(dialog(ExportDialog)),
    "save_picture": Effect(file_dialog(QFileDialog.FileMode.AnyFile, QFileDialog.AcceptMode.AcceptSave)),
    "copy_picture": Effect(
        lambda rig: QGuiApplication.clipboard().pixmap().size() == rig.window.areas.pair.grab().size()
    ),
    "settings": Effect(dialog(SettingsDialog)),
    "quit": Effect(lambda rig: not rig.window.isVisible()),
    # Window
    "browser": Effect(lambda rig: not rig.window.areas.browser.isVisible()),
    "panel": Effect(lambda rig: not rig.window.areas.panel.isVisible()),
    "full_screen": Effect(
        both(
            lambda rig: rig.window.isFullScreen() and rig.window.areas.pair.isVisible(),
            lambda rig: (
                not any(
                    widget.isVisible()
                    for widget in (rig.window.menuBar(), rig.window.tools, rig.window.statusBar())
                )
            ),
        )
    ),
    "overlays": Effect(has(overlays="few")),
    "masks": Effect(has(show_masks=False)),
    "hide_patient": Effect(
        both(
            has(hide_patient=True),
            lambda rig: rig.window.areas.lock.isVisible(),
            lambda rig: "Anna" not in rig.window.windowTitle(),
        )
    ),
    "next_area": Effect(focus_in(lambda rig: rig.window.areas.slider)),
    "previous_area": Effect(focus_in(lambda rig: rig.window.areas.compare)),
    "undo": Effect(has(flip_h=False), flipped),
    "redo": Effect(has(flip_h=True), flipped_and_back),
    # Slices
    "previous_slice": Effect(has(slice_index=SLICE - 1)),
    "next_slice": Effect(has(slice_index=SLICE + 1)),
    "back_ten": Effect(has(slice_index=SLICE - 10)),
    "forward_ten": Effect(has(slice_index=SLICE + 10)),
    "first_slice": Effect(has(slice_index=0)),
    "last_slice": Effect(has(slice_index=SLICES - 1)),
    "go_to_slice": Effect(focus_in(lambda rig: rig.window.areas.slider.number)),
    "mark_slice": Effect(
        both(lambda rig: {index for _, index in rig.store.state.marks} == {SLICE}, ticked("mark_slice"))
    ),
    "cine": Effect(both(lambda rig: rig.store.state.cine.playing, ticked("cine"))),
    "previous_series": Effect(series("1")),
    "next_series": Effect(series("3")),
    "previous_volume": Effect(has(volume=0)),
    "next_volume": Effect(has(volume=2)),
    # Tools and measurements
    "tool_window": tool("window", before="pan"),
    "tool_pan": tool("pan"),
    "tool_zoom": tool("zoom"),
    "tool_scroll": tool("scroll"),
    "tool_distance": tool("distance"),
    "tool_profile": tool("profile"),
    "tool_ellipse": tool("ellipse"),
    "tool_rectangle": tool("rectangle"),
    "next_handle": Effect(handle(1), measured(handle=0)),
    "previous_handle": Effect(handle(0), measured(handle=1)),
    "remove_measurement": Effect(lambda rig: not rig.store.state.measuring.items, measured()),
    # View
    "fit": Effect(has(rect_mm=None), pixels),
    "zoom_in": Effect(percent(500.0), pixels),
    "zoom_out": Effect(percent(320.0), pixels),
    "original_pixels": Effect(percent(100.0)),
    "enhanced_pixels": Effect(percent(400.0)),
    "flip_h": Effect(has(flip_h=True)),
    "flip_v": Effect(has(flip_v=True)),
    "invert": Effect(both(has(inverted=True), ticked("invert"))),
    "window_0": grey(AUTOMATIC),
    "window_1": grey(RANGE.initial),
    "window_2": grey(SECOND),
    "window_3": grey(RANGE.full),
    "window_4": grey(WindowLevel(AUTOMATIC.center, AUTOMATIC.width * 1.5)),
    "window_5": grey(WindowLevel(AUTOMATIC.center, AUTOMATIC.width * 0.6)),
    "window_6": grey(RANGE.tissue),
    "window_7": grey(WindowLevel(250.0, 500.0)),
    "window_8": grey(WindowLevel(850.0, 700.0)),
    "window_9": grey(WindowLevel(500.0, 1000.0)),
    "reset": Effect(
        has(rect_mm=None, flip_h=False, flip_v=False, inverted=True, window=GREY), turned_and_zoomed
    ),
    "reset_all": Effect(
        both(
            has(rect_mm=None, flip_h=False, flip_v=False, inverted=False),
            lambda rig: rig.window.areas.pair.grey != GREY,
        ),
        turned_and_zoomed,
    ),
    # Compare
    "mode_side": mode("side", (True, True), before="wipe"),
    "mode_wipe": mode("wipe", (False, True)),
    "mode_blink": mode("blink", (False, True)),
    "mode_difference": mode("difference", (True, True)),
    "mode_board": mode("board", (False, True)),
    "mode_single": mode("single", (False, True)),
    "mode_consistency": mode("consistency", (True, True)),
    "mode_stability": mode("stability", (True, True)),
    "mode_agreement": Effect(
        both(has(mode="agreement"), ticked("mode_agreement")),
        do(lambda state: intents.set_test_mode(state, on=True)),
    ),
    "blink": Effect(has(mode="blink")),
    "loupe": Effect(both(compares(loupe=True), ticked("loupe"))),
    "line_left": line(0.49),
    "line_right": line(0.51),
    "line_up": line(0.49, level=True),
    "line_down": line(0.51, level=True),
    "line_far_left": line(0.4),
    "line_far_right": line(0.6),
    "line_far_up": line(0.4, level=True),
    "line_far_down": line(0.6, level=True),
    "next_place": Effect(at_place(0), changed_twice),
    "previous_place": Effect(at_place(1), changed_twice),
    # Enhance
    "show_truth": Effect(lambda rig: rig.store.state.show_reference, TEST_ON),
    "test_mode": Effect(
        both(has(test_mode=True), lambda rig: "test" in rig.window.areas.panel.open_sections)
    ),
    "metrics": Effect(
        both(
            lambda rig: "metrics" in rig.window.areas.panel.open_sections,
            focus_in(lambda rig: rig.window.areas.panel.section("metrics")),
        )
    ),
    "enhance_slice": Effect(both(has(network_on=True), asked("retry")), put(network_on=False)),
    "enhance_series": Effect(asked("enhance")),
    "previous_model": model("brainsr-x4", "BrainSR x4", before="sharp-x4"),
    "next_model": model("sharp-x4", "Sharp x4", before="brainsr-x4"),
    "scale": Effect(lambda rig: rig.store.state.recipe.scale == 2),
    "stop": Effect(asked("stop"), computing),
    # Help
    "keys": Effect(dialog(KeysDialog)),
    "manual": Effect(dialog(ManualDialog)),
}
