from __future__ import annotations

from dataclasses import replace

import numpy as np

from brainsr_desktop.session.pictures import Picture, same_picture, stack_name, value_at
from tests.session.making import key, stack

PIXELS = np.arange(12, dtype=np.int16).reshape(3, 4)
PICTURE = Picture(PIXELS, (6.0, 12.0), slope=2.0, intercept=-1.0)


def test_that_a_value_is_that_of_the_pixel_in_units() -> None:
    for row in range(3):
        for column in range(4):
            place = (column + 0.5) * 3.0, (row + 0.5) * 2.0
            assert value_at(PICTURE, *place) == 2.0 * PIXELS[row, column] - 1.0


def test_that_there_is_no_value_outside_or_in_colour() -> None:
    for place in ((-0.1, 1.0), (12.0, 1.0), (1.0, -0.1), (1.0, 6.0), (float("nan"), 1.0)):
        assert value_at(PICTURE, *place) is None
    assert value_at(Picture(np.zeros((3, 4, 3), np.uint8), (6.0, 12.0)), 1.0, 1.0) is None


def test_that_a_picture_of_other_pixels_key_or_look_is_another() -> None:
    assert same_picture(PICTURE, replace(PICTURE))
    assert same_picture(None, None)
    for other in (
        None,
        replace(PICTURE, pixels=PIXELS.copy()),
        replace(PICTURE, smooth=True),
        replace(PICTURE, key=key(1)),
        replace(PICTURE, inverted=True),
    ):
        assert not same_picture(PICTURE, other)


def test_that_stacks_split_from_one_file_have_names_of_their_own() -> None:
    assert stack_name(stack(id="1")) != stack_name(stack(id="2"))
