"""The edge of a mask: every piece parts inside from outside, and together they close."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from brainsr_desktop.core.outline import outline_of

MASKS = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.booleans())


def test_that_one_pixel_has_four_sides() -> None:
    mask = np.zeros((4, 5), np.bool_)
    mask[1, 2] = True
    sides = {tuple(piece) for piece in outline_of(mask).tolist()}
    assert sides == {(1, 2, 1, 3), (2, 2, 2, 3), (1, 2, 2, 2), (1, 3, 2, 3)}


def test_that_a_straight_edge_is_one_piece() -> None:
    assert len(outline_of(np.ones((7, 3), np.uint8))) == 4
    assert len(outline_of(np.zeros((7, 3), np.bool_))) == 0


@given(mask=MASKS)
def test_that_the_length_is_that_of_all_sides_between_inside_and_outside(
    mask: np.ndarray[tuple[int, int], np.dtype[np.bool_]],
) -> None:
    pieces = outline_of(mask)
    length = int(np.abs(pieces[:, 2:] - pieces[:, :2]).sum())
    padded = np.pad(mask, 1).astype(np.int8)
    assert length == int(np.abs(np.diff(padded, axis=0)).sum() + np.abs(np.diff(padded, axis=1)).sum())
    # An even number of pieces meets at each corner: the outline has no loose end.
    ends = Counter(
        end
        for row, column, to_row, to_column in pieces.tolist()
        for end in ((row, column), (to_row, to_column))
    )
    assert all(count % 2 == 0 for count in ends.values())
