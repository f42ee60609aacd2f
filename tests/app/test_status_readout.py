"""The line of the status bar under the cursor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QLabel, QStatusBar
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.status_readout import NOTHING, StatusReadout, readout
from brainsr_desktop.app.store import Store
from brainsr_desktop.core.geometry import Geometry
from brainsr_desktop.session import intents
from brainsr_desktop.session.pictures import Picture
from brainsr_desktop.session.state import ViewState, WindowLevel
from tests.app.viewing import FULL, ORIGINAL, leave, make_stack, make_state, move, picture_of, show, show_pair

WINDOW = WindowLevel(500.0, 1200.0)


def pictures(state: ViewState, **changes: Any) -> tuple[Picture, Picture]:
    """An original with 412 at row 12, column 8, and an enhanced picture that has 398 there."""
    assert state.stack is not None
    left = np.zeros((40, 32), np.int16)
    right = np.zeros((160, 128), np.float32)
    left[12, 8] = 412
    right[48:52, 32:36] = 398.0
    return picture_of(state.stack, left, **changes), picture_of(state.stack, right, **changes)


def test_that_values_difference_and_place_are_told_in_units() -> None:
    geometry = Geometry(40, 32, (2.0, 0.5), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), ((8.4, -54.1, -31.5),))
    state = make_state(make_stack(geometry=geometry, frames=(None,)))
    left, right = pictures(state)
    text = readout(state, left, right, WINDOW, (8.5 * 0.5, 12.5 * 2.0))
    assert text == (
        "L 412 a.u.  |  R 398 a.u.  |  diff -14 (-1.2 % of window)"
        "  |  x 12.4 y -30.1 z -31.5 mm  |  row 12 col 8"
    )


def test_that_values_are_after_rescale_with_the_headers_unit() -> None:
    state = make_state(make_stack(unit="ms"))
    left, right = pictures(state, slope=0.5, intercept=100.0)
    text = readout(state, left, right, WINDOW, (8.5, 12.5))
    assert text.startswith("L 306 ms  |  R 299 ms  |  diff -7 (-0.6 % of window)")


def test_that_small_values_keep_their_digits() -> None:
    state = make_state()
    left, right = pictures(state, slope=1e-4)
    text = readout(state, left, right, WindowLevel(0.02, 0.05), (8.5, 12.5))
    assert text.startswith("L 0.0412 a.u.  |  R 0.0398 a.u.  |  diff -0.0014 (-2.8 % of window)")


@pytest.mark.parametrize("at", [(-0.1, 5.0), (5.0, 40.1), (32.0, 5.0)])
def test_that_outside_the_picture_there_is_nothing(at: tuple[float, float]) -> None:
    state = make_state()
    assert readout(state, *pictures(state), WINDOW, at) == NOTHING


def test_that_a_pane_without_a_picture_has_a_dash_and_no_difference() -> None:
    state = make_state()
    left, _ = pictures(state)
    text = readout(state, left, None, WINDOW, (8.5, 12.5))
    assert text.startswith("L 412 a.u.  |  R -  |  x ")
    assert "diff" not in text


def test_that_no_place_is_invented_without_a_position() -> None:
    state = make_state(make_stack(has_position=False))
    text = readout(state, *pictures(state), WINDOW, (8.5, 12.5))
    assert text.endswith("|  row 12 col 8")
    assert " mm" not in text


def test_that_colour_and_not_a_number_are_told() -> None:
    state = make_state()
    assert state.stack is not None
    colour = picture_of(state.stack, np.full((40, 32, 3), (1, 20, 255), np.uint8))
    hole = picture_of(state.stack, np.full((40, 32), np.nan, np.float32))
    text = readout(state, colour, hole, WINDOW, (8.5, 12.5))
    assert text.startswith("L rgb 1 20 255  |  R not a number  |  x ")


def test_that_the_line_follows_mouse_and_slices(qtbot: QtBot) -> None:
    pair, store = show_pair(qtbot, make_state())
    label = readout_of(qtbot, store, pair)
    left, right = pictures(store.state)
    pair.set_left(left, ORIGINAL)
    pair.set_right(right, FULL)
    assert label.text() == NOTHING
    move(pair.right.view, pair.right.view.to_px((8.5, 12.5)))
    assert label.text().startswith("L 412 a.u.  |  R 398 a.u.")
    assert "z 0.0 mm" in label.text()
    store.apply(lambda state: intents.go_to(state, 2))
    assert label.text().startswith("L -  |  R -  |  x")
    assert "z 10.0 mm" in label.text()
    leave(pair.right.view)
    assert label.text() == NOTHING


def readout_of(qtbot: QtBot, store: Store, pair: Any) -> StatusReadout:
    label = StatusReadout(store, pair)
    show(qtbot, label, (600, 24))
    return label


def test_that_a_message_is_never_written_over_the_values(qtbot: QtBot) -> None:
    pair, store = show_pair(qtbot, make_state())
    bar = QStatusBar()
    line = StatusReadout(store, pair)
    bar.addWidget(line, 1)
    show(qtbot, bar, (600, 30))
    bar.showMessage("8 files")
    assert not line.isVisible()
    bar.addWidget(QLabel("makes the bar lay itself out anew"))
    line.show()
    qtbot.waitUntil(lambda: not line.isVisible())
    bar.clearMessage()
    assert line.isVisible()
