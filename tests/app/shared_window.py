"""One real window for all tests of a module, put back to one start before each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.session.pictures import PaneState, PaneStatus, Picture
from brainsr_desktop.session.state import ViewState, WindowLevel
from tests.app.frame_kit import RANGE, Rig, make_rig, series_of
from tests.app.viewing import leave, make_stack

ROWS: Final = 40
COLUMNS: Final = 32
SLICES: Final = 30
SLICE: Final = 15
VOLUMES: Final = 3
SERIES: Final = ("1", "2", "3")
GREY: Final = WindowLevel(333.0, 777.0)
"""None of those that a key brings."""
SECOND: Final = WindowLevel(210.0, 130.0)
"""The second grey window of the header."""
FULL: Final = PaneStatus(PaneState.FULL, "Network BrainSR x4 - CPU, 1.8 s", seconds=1.8, device="CPU")


class SharedWindow:
    """A window with three series of 30 slices and 3 volumes; ``rig`` is at slice 15, volume 1 of the second."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.start = ViewState()
        rig.controller.series_range = replace(RANGE, header_2=SECOND)

    def restart(self) -> Rig:
        """The window as at the start: nothing in front, everything shown, the left pane with the focus."""
        rig, window = self.rig, self.rig.window
        self._close_others()
        if not window.isVisible():
            window.show()
        for name, on in (("full_screen", False), ("browser", True), ("panel", True)):
            if window.actions_[name].isChecked() is not on:
                window.actions_[name].trigger()
        window.activateWindow()
        rig.qtbot.waitUntil(window.isActiveWindow)
        if not window.areas.browser.stacks():
            self._open()
        rig.store.apply(lambda _: self.start)
        rig.controller.range_changed.emit(rig.controller.series_range)
        window.areas.panel.set_open_sections(["display"])
        window.areas.browser.search.clear()
        for pane in (window.areas.pair.left, window.areas.pair.right):
            leave(pane.view)
        rig.controller.compared = None
        show_ramp(rig)
        QGuiApplication.clipboard().clear()
        window.areas.pair.set_active("left")
        QApplication.processEvents()
        rig.controller.asked.clear()
        return rig

    def _open(self) -> None:
        rig = self.rig
        rig.open(*(series_of(described(name)) for name in SERIES))
        rig.controller.open_stack(next(s for s in rig.window.areas.browser.stacks() if s.id == SERIES[1]))
        self.start = replace(
            rig.store.state, slice_index=SLICE, volume=1, window=GREY, tool="window", overlays="all"
        )

    def _close_others(self) -> None:
        for widget in QApplication.topLevelWidgets():
            if widget.isVisible() and widget is not self.rig.window:
                widget.close()
        QApplication.processEvents()


def described(name: str) -> StackInfo:
    """An axial stack with masks and several volumes."""
    made = make_stack(ROWS, COLUMNS, slices=SLICES, volumes=VOLUMES)
    return replace(
        made,
        id=name,
        series_uid=f"1.2.{name}",
        series_number=int(name),
        description=f"series {name}",
        digest=name.zfill(64),
        has_masks=True,
    )


def ramp() -> NDArray[np.float32]:
    """100 + 2 x + 3 y, x and y in mm: (rows, columns) of a slice of `described`, whose pixels are 1 mm wide."""
    y, x = np.mgrid[0:ROWS, 0:COLUMNS] + 0.5
    values: NDArray[np.float32] = (100.0 + 2.0 * x + 3.0 * y).astype(np.float32)
    return values


def show_ramp(rig: Rig) -> None:
    """The ramp in both panes, finished."""
    here = rig.store.state.stack
    assert here is not None
    picture = Picture(ramp(), here.geometry.extent_mm)
    rig.controller.right_status = FULL
    rig.controller.left_changed.emit(picture, PaneStatus(PaneState.ORIGINAL, "Original"))
    rig.controller.right_changed.emit(picture, FULL)


def shared_window(request: pytest.FixtureRequest, folder: Path) -> Iterator[SharedWindow]:
    """For a fixture of a module."""
    for rig in make_rig(QtBot(request), folder):
        yield SharedWindow(rig)
