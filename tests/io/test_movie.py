"""The movie shows every slice, in its greys, for 80 ms."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageSequence

from brainsr_desktop.io.movie import automatic_window, windowed, write_gif


def frames(file: BytesIO) -> list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    with Image.open(file) as movie:
        return [np.asarray(frame.convert("L")) for frame in ImageSequence.Iterator(movie)]


def test_that_all_frames_and_greys_come_back_exactly() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (6, 40, 30)).astype(np.uint8)
    file = BytesIO()
    write_gif(file, pixels, comment="not for diagnosis")
    np.testing.assert_array_equal(frames(file), pixels)
    with Image.open(file) as movie:
        assert movie.info["duration"] == 80
        assert movie.info["loop"] == 0
        assert movie.info["comment"] == b"not for diagnosis"


def test_that_the_long_side_is_limited_and_pixels_become_square() -> None:
    pixels = np.zeros((2, 600, 300), np.uint8)
    pixels[1] += 9
    file = BytesIO()
    write_gif(file, pixels, (1.0, 2.0))
    assert frames(file)[0].shape == (512, 512)


def test_that_the_window_maps_to_black_and_white() -> None:
    values = np.array([[-1e9, 0.0, 50.0, 100.0, np.nan, 1e9]], np.float32)
    (grey,) = windowed([values], (50.0, 100.0))
    assert grey.tolist() == [[0, 0, 128, 255, 0, 255]]
    (inverted,) = windowed([values], (50.0, 100.0), inverted=True)
    assert inverted.tolist() == [[255, 255, 128, 0, 255, 0]]


def test_that_a_flat_series_still_has_a_window() -> None:
    centre, width = automatic_window(lambda: [np.full((8, 8), 7.0, np.float32)])
    assert centre == 7.0
    assert width > 0


def test_that_a_movie_without_slices_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        write_gif(BytesIO(), [])
