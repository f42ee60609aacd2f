from __future__ import annotations

import numpy as np

from brainsr_desktop.io.curves import (
    COLOURS,
    MARGIN_BOTTOM,
    MARGIN_LEFT,
    MARGIN_RIGHT,
    MARGIN_TOP,
    Axes,
    Line,
    line_plot,
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
