from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from brainsr_desktop.io.curve_data import COLOURS, Axes, HeatMap, Line, fitted, nice_ticks
from brainsr_desktop.io.curves import (
    MARGIN_BOTTOM,
    MARGIN_LEFT,
    MARGIN_RIGHT,
    MARGIN_TOP,
    heat_map,
    line_plot,
    sheet,
    write_png,
)

AXES = Axes("title", "x", "y", (0.0, 1.0), (0.0, 10.0), (0.0, 0.5, 1.0), (0.0, 5.0, 10.0))
SIZE = (400, 240)


def rows_of_colour(line: Line, number: int = 0) -> list[tuple[int, int]]:
    """Pixels (row, column) inside the axes that have a line's colour."""
    others = [Line("other", [0.0, 0.0], [10.0, 10.0]) for _ in range(number)]
    plot = np.asarray(line_plot([*others, line], AXES, SIZE), int)
    inside = np.zeros(plot.shape[:2], np.bool_)
    inside[MARGIN_TOP + 2 : SIZE[1] - MARGIN_BOTTOM - 2, MARGIN_LEFT + 2 : SIZE[0] - MARGIN_RIGHT - 2] = True
    found = (np.abs(plot - np.array(COLOURS[number])).sum(axis=2) < 60) & inside
    return [(int(row), int(column)) for row, column in np.argwhere(found)]


def test_that_a_level_line_lies_at_its_value() -> None:
    found = rows_of_colour(Line("a", [0.0, 1.0], [2.5, 2.5]))
    height = SIZE[1] - MARGIN_TOP - MARGIN_BOTTOM
    assert {row for row, _ in found} <= {MARGIN_TOP + round(0.75 * height) + by for by in (-2, -1, 0, 1, 2)}
    assert len({column for _, column in found}) > 0.9 * (SIZE[0] - MARGIN_LEFT - MARGIN_RIGHT)


def test_that_a_rising_line_rises_in_its_colour() -> None:
    found = rows_of_colour(Line("a", [0.0, 0.5, 1.0], [0.0, 5.0, 10.0]), number=2)
    rows = np.array([row for row, _ in found])
    columns = np.array([column for _, column in found])
    assert np.corrcoef(rows, columns)[0, 1] < -0.99


def test_that_values_beyond_the_range_end_at_the_border() -> None:
    plot = np.asarray(line_plot([Line("a", [0.0, 1.0], [-50.0, 90.0])], AXES, SIZE))
    assert plot.shape == (SIZE[1], SIZE[0], 3)
    below = np.asarray(plot[SIZE[1] - MARGIN_BOTTOM + 2 :], int)
    assert not (np.abs(below - np.array(COLOURS[0])).sum(axis=2) < 60).any()


def test_that_a_dashed_line_has_gaps_and_a_mark_has_an_outline() -> None:
    dashed = rows_of_colour(Line("a", [0.0, 1.0], [2.5, 2.5], dashed=True))
    columns = np.unique([column for _, column in dashed])
    whole = SIZE[0] - MARGIN_LEFT - MARGIN_RIGHT
    assert 0.4 * whole < len(columns) < 0.8 * whole
    assert (np.diff(columns) > 2).sum() > 10
    marked = line_plot([Line("a", [0.0, 1.0], [5.0, 5.0], mark=(0.5, 5.0))], AXES, SIZE)
    plain = line_plot([Line("a", [0.0, 1.0], [5.0, 5.0])], AXES, SIZE)
    rows, columns = np.nonzero(np.abs(np.asarray(marked, int) - np.asarray(plain, int)).sum(axis=2))
    assert rows.mean() == pytest.approx(MARGIN_TOP + (SIZE[1] - MARGIN_TOP - MARGIN_BOTTOM) / 2, abs=2)
    assert columns.mean() == pytest.approx(MARGIN_LEFT + whole / 2, abs=2)
    assert np.asarray(marked, int)[rows, columns].min() < 60


def test_that_the_legend_has_a_name_and_a_note_for_every_line() -> None:
    beside = (slice(None), slice(SIZE[0] - MARGIN_RIGHT + 30, None))
    one = np.asarray(line_plot([Line("a", [0.0], [1.0])], AXES, SIZE))[beside]
    more = np.asarray(line_plot([Line("a", [0.0], [1.0], note="behind from 4 %")], AXES, SIZE))[beside]
    assert (more < 200).sum() > (one < 200).sum() + 50


@given(low=st.floats(-1e4, 1e4), span=st.floats(1e-3, 1e4), most=st.integers(2, 9))
def test_that_ticks_are_round_even_and_inside(low: float, span: float, most: int) -> None:
    ticks = nice_ticks(low, low + span, most)
    assert len(ticks) <= most + 1
    room = 1e-6 * (span + abs(low))
    assert all(low - room <= tick <= low + span + room for tick in ticks)
    if len(ticks) > 2:
        steps = np.diff(ticks)
        assert steps == pytest.approx([steps[0]] * len(steps), rel=1e-3)
        assert round(steps[0] / 10.0 ** np.floor(np.log10(steps[0] * 1.0001)), 3) in (1.0, 2.0, 5.0)


def test_that_axes_hold_all_points_of_their_lines() -> None:
    axes = fitted(
        "", "x", "y", [Line("a", [1.0, 4.0], [7.0, 9.0]), Line("b", [2.0], [-3.0]), Line("c", [], [])]
    )
    assert axes.x_range == (1.0, 4.0)
    assert axes.y_range[0] < -3.0 and axes.y_range[1] > 9.0
    empty = fitted("", "x", "y", [Line("c", [], [])])
    assert empty.x_range[0] < empty.x_range[1]
    level = fitted("", "x", "y", [Line("c", [2.0], [5.0])])
    assert level.y_range[0] < 5.0 < level.y_range[1]


def test_that_a_heat_map_is_blue_ahead_orange_behind_and_grey_where_nothing_is() -> None:
    data = HeatMap("net", "x, y", (0.0, 1.0), (0.0, 1.0), ((2.0, -2.0), (0.0, None)))
    picture = np.asarray(heat_map(data, (420, 240), 2.0), int)
    top, bottom, left, right = MARGIN_TOP, 240 - MARGIN_BOTTOM, MARGIN_LEFT, 420 - 8

    def middle(row: int, column: int) -> list[int]:
        y = bottom - (row + 0.8) * (bottom - top) / 2
        x = left + (column + 0.2) * (right - left) / 2
        return [int(channel) for channel in picture[round(y), round(x)]]

    assert middle(0, 0) == [0, 114, 178]
    assert middle(0, 1) == [213, 94, 0]
    assert middle(1, 0) == [255, 255, 255]
    assert middle(1, 1) == [225, 225, 225]


def test_that_a_sheet_is_written_as_png(tmp_path: Path) -> None:
    plots = [line_plot([], AXES, SIZE) for _ in range(3)]
    write_png(tmp_path / "a.png", sheet(plots, 2, ["one line", "another"]))
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.format == "PNG"
        assert picture.width > 2 * SIZE[0] and picture.height > 2 * SIZE[1] + 30
    with pytest.raises(ValueError, match="pictures"):
        sheet([], 2)
