"""The maps of trust as they are drawn: colours, scale, legend, outlines; in every flip."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.compare_paint import ColourScale, Signs
from brainsr_desktop.app.theme import IMAGE
from brainsr_desktop.app.viewport_pair import ViewportPair
from brainsr_desktop.session.pictures import Outline, PaneState, PaneStatus, ResultKey
from brainsr_desktop.session.state import RectMm
from tests.app.viewing import FULL, ORIGINAL, drawn, make_stack, make_state, picture_of, show_pair

KEY = ResultKey("digest", 0, "recipe")
LEGEND = "Spread of eight flips and turns: spread, not error.\nRank correlation with the true error: 0.65"
STATUS = PaneStatus(PaneState.STABILITY, "Stability")
SPACING = (0.8, 1.1)
BOX = (8.0, 12.0, 14.0, 20.0)
"""Left, top, right, bottom of what is outlined, mm."""


def map_pair(
    qtbot: QtBot, values: np.ndarray[Any, Any], grave: bool = False, legend: str = "", **changes: Any
) -> ViewportPair:
    """A pair that draws a map from 0 to 500 with a box around a place."""
    stack = make_stack(spacing_mm=SPACING, unit="Hz")
    pair, _ = show_pair(qtbot, make_state(stack, mode="stability", **changes))
    pair.set_left(picture_of(stack, np.full((40, 32), 100, np.int16)), ORIGINAL)
    pair.set_right(picture_of(stack, values, key=KEY), FULL)
    left, top, right, bottom = BOX
    sides = [
        (left, top, right, top),
        (right, top, right, bottom),
        (right, bottom, left, bottom),
        (left, bottom, left, top),
    ]
    shown = picture_of(
        stack, values, key=KEY, span=500.0, lowest=0.0, outline=Outline(np.array(sides), grave)
    )
    pair.set_map(shown, replace(STATUS, legend=legend))
    QApplication.processEvents()
    return pair


def test_that_a_map_without_sign_runs_from_dark_blue_to_yellow(qtbot: QtBot) -> None:
    values = np.tile(np.repeat(np.array([0.0, 250.0, 500.0, 9000.0], np.float32), 8), (40, 1))
    view = map_pair(qtbot, values, rect_mm=RectMm(0.0, 18.0, 35.2, 14.0)).right.view
    low, middle, high, beyond = (
        drawn(view)[int(at.y()), int(at.x())].astype(int)
        for at in (view.to_px((column * 1.1, 30.0)) for column in (4.0, 12.0, 18.0, 25.0))
    )
    assert low[2] > low[0] + 40 and low.sum() < middle.sum() < high.sum()
    assert high[0] > high[2] + 100
    assert np.abs(beyond - high).max() <= 2


def test_that_the_scale_has_both_ends_unit_and_words_inside_the_pane(qtbot: QtBot) -> None:
    view = map_pair(qtbot, np.zeros((40, 32), np.float32), legend=LEGEND).right.view
    assert view.signs.scale == ColourScale(500.0, "Hz", 0.0, LEGEND)
    plain = drawn(view)
    view.set_signs(Signs(scale=ColourScale(500.0, "Hz", 0.0)))
    QApplication.processEvents()
    rows, columns = np.nonzero((drawn(view) != plain).any(axis=-1))
    assert rows.size > 1000
    margin = 3
    assert rows.min() >= margin and rows.max() < plain.shape[0] - margin
    assert columns.min() >= margin and columns.max() < plain.shape[1] - margin


@pytest.mark.parametrize(("flip_h", "flip_v"), list(itertools.product((False, True), repeat=2)))
@pytest.mark.parametrize("grave", [False, True])
def test_that_an_outline_lies_around_its_place_in_every_flip(
    qtbot: QtBot, flip_h: bool, flip_v: bool, grave: bool
) -> None:
    view = map_pair(
        qtbot,
        np.zeros((40, 32), np.float32),
        grave,
        flip_h=flip_h,
        flip_v=flip_v,
        rect_mm=RectMm(4, 9, 14, 14),
    ).right.view
    assert view.signs.outline is not None
    colour = _rgb(IMAGE.red if grave else IMAGE.amber)
    ratio = view.devicePixelRatioF()
    image = drawn(view).astype(int)
    for x, y, inked in (
        (8.0, 16.0, True),
        (14.0, 15.0, True),
        (11.0, 12.0, True),
        (11.0, 16.0, False),
        (6.0, 16.0, False),
    ):
        at = view.to_px((x, y))
        row, column = int(at.y() * ratio), int(at.x() * ratio)
        around = image[row - 2 : row + 3, column - 2 : column + 3].reshape(-1, 3)
        near = np.abs(around - colour).max(axis=1).min() < 60
        assert near == inked, (x, y)


def _rgb(colour: str) -> np.ndarray[Any, Any]:
    made = QColor(colour)
    return np.array((made.red(), made.green(), made.blue()))
