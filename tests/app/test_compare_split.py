"""Which part of a parted pane shows which picture: nothing is left out and nothing is shown twice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QRect

from brainsr_desktop.app.compare_split import Board, Split, Wipe, edges_of, line_px, regions_of
from brainsr_desktop.session.compare import FIELDS

SIZES = st.tuples(st.integers(1, 900), st.integers(1, 900)).map(lambda size: (float(size[0]), float(size[1])))
SPLITS = st.one_of(
    st.builds(Wipe, st.floats(0.0, 1.0), st.booleans()), st.builds(Board, st.integers(*FIELDS))
)


@given(SPLITS, SIZES)
def test_that_both_parts_are_together_the_pane_without_overlap(
    split: Split, size: tuple[float, float]
) -> None:
    left, right = regions_of(split, size)
    whole = QRect(0, 0, int(size[0]), int(size[1]))
    assert left.intersected(right).isEmpty()
    areas = [
        sum(rect.width() * rect.height() for rect in part)  # type: ignore[attr-defined]  # PySide6 iterates over rectangles
        for part in (left, right)
    ]
    assert sum(areas) == whole.width() * whole.height()
    assert left.united(right).boundingRect() == whole


@given(st.floats(0.0, 1.0), st.booleans(), SIZES, st.data())
def test_that_the_left_lists_picture_is_left_of_the_line_or_above_it(
    line: float, level: bool, size: tuple[float, float], data: st.DataObject
) -> None:
    wipe = Wipe(line, level)
    left, _ = regions_of(wipe, size)
    x, y = data.draw(st.integers(0, int(size[0]) - 1)), data.draw(st.integers(0, int(size[1]) - 1))
    assert left.contains(QPoint(x, y)) is ((y if level else x) < line_px(wipe, size))


@given(st.integers(*FIELDS), SIZES, st.data())
def test_that_the_fields_alternate_and_are_square(
    fields: int, size: tuple[float, float], data: st.DataObject
) -> None:
    board = Board(fields)
    left, _ = regions_of(board, size)
    columns, rows = edges_of(board, size)
    side = max(max(size) / fields, 1.0)
    assert len(columns if size[0] >= size[1] else rows) - 1 <= fields
    for edges in (columns, rows):
        assert edges == sorted(set(edges))
        assert all(abs(width - side) <= 1.0 for width in np.diff(edges)[:-1])
    x = data.draw(st.integers(0, len(columns) - 2))
    y = data.draw(st.integers(0, len(rows) - 2))
    assert left.contains(QPoint(columns[x], rows[y])) is ((x + y) % 2 == 0)


@pytest.mark.parametrize("line", [0.0, 1.0])
def test_that_a_line_at_the_edge_leaves_one_picture_alone(line: float) -> None:
    left, right = regions_of(Wipe(line), (300.0, 200.0))
    assert left.isEmpty() is (line == 0.0)
    assert right.isEmpty() is (line == 1.0)
