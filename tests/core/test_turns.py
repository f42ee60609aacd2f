from __future__ import annotations

import numpy as np
import pytest

from brainsr_desktop.core.turns import COUNT, turned, turned_back

PICTURE = np.arange(12, dtype=np.float32).reshape(3, 4)


def test_that_the_eight_ways_are_all_different() -> None:
    ways = [turned(PICTURE, number) for number in range(COUNT)]
    assert len({(way.shape, way.tobytes()) for way in ways}) == 8


@pytest.mark.parametrize("number", range(COUNT))
def test_that_every_way_is_undone(number: int) -> None:
    laid = turned(PICTURE, number)
    assert laid.shape == (PICTURE.shape[::-1] if number % 2 else PICTURE.shape)
    assert laid.flags.c_contiguous
    assert np.array_equal(turned_back(laid, number), PICTURE)


def test_that_way_0_is_the_picture_itself() -> None:
    assert np.array_equal(turned(PICTURE, 0), PICTURE)
