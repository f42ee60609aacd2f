from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from brainsr_desktop.core.series import FrameInfo, StackInfo
from brainsr_desktop.session.state import WindowLevel
from brainsr_desktop.session.windows import covers, header_window, measure
from tests.session.making import stack

RNG = np.random.default_rng(3)


def head(slices: int = 5, *, window: tuple[float, float] | None = None, slope: float = 2.0) -> StackInfo:
    made = stack(slices, rows=40, columns=40)
    frames = tuple(FrameInfo(f"f{n}", slope=slope, intercept=-1.0, window=window) for n in range(slices))
    return replace(made, frames=frames)


def block(slices: int = 5) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    values = np.zeros((slices, 40, 40), np.int16)
    values[:, 10:30, 10:30] = RNG.integers(500, 1000, (slices, 20, 20))
    return values


ALL = (0, 1, 2, 3, 4)


def test_that_ranges_are_in_units() -> None:
    values = block()
    found = measure(head(), values, ALL, 0, final=True)
    assert found is not None
    assert found.full.low == -1.0
    assert found.full.high == 2.0 * values.max() - 1.0
    inside = 2.0 * values[values > 0] - 1.0
    assert found.robust_high == pytest.approx(np.percentile(inside, 99.5), rel=0.02)
    assert found.automatic.low == pytest.approx(np.percentile(inside, 0.5), rel=0.05)
    assert found.automatic.high == pytest.approx(np.percentile(inside, 99.5), rel=0.05)
    assert found.tissue.low == pytest.approx(np.percentile(inside, 20), rel=0.05)


def test_that_a_fitting_window_of_the_header_is_the_first_one() -> None:
    found = measure(head(window=(1000.0, 2000.0)), block(), ALL, 0, final=True)
    assert found is not None
    assert found.initial == found.header == WindowLevel(1000.0, 2000.0)


@pytest.mark.parametrize("window", [(1000.0, 100.0), (5000.0, 300.0), (0.0, 0.0)])
def test_that_a_window_that_cuts_off_the_head_is_not(window: tuple[float, float]) -> None:
    found = measure(head(window=window), block(), ALL, 0, final=True)
    assert found is not None
    assert found.initial == found.automatic


def test_that_a_window_covers_five_to_ninety_five_percent_or_not() -> None:
    assert covers(WindowLevel(50.0, 90.0), 0.0, 100.0)
    assert not covers(WindowLevel(50.0, 89.0), 0.0, 100.0)
    assert not covers(WindowLevel(50.0, 90.0), 0.0, 0.0)


def test_that_the_window_of_the_middle_slice_of_the_volume_counts() -> None:
    made = stack(3, volumes=2)
    frames = list(made.frames)
    frames[4] = FrameInfo("middle of the second", window=(7.0, 8.0))
    made = replace(made, frames=tuple(frames))
    assert header_window(made, 0) is None
    assert header_window(made, 1) == WindowLevel(7.0, 8.0)
    frames[4] = None
    assert header_window(replace(made, frames=tuple(frames)), 1) is None


def test_that_large_series_are_sampled_from_every_frame() -> None:
    values = np.zeros((60, 256, 256), np.int16)
    values[::2, 100:150, 100:150] = 500
    values[1::2, 100:150, 100:150] = 700
    found = measure(replace(stack(60, rows=256, columns=256)), values, tuple(range(60)), 0, final=True)
    assert found is not None
    assert found.full.high == 1399.0


def test_that_colour_and_emptiness_have_no_range() -> None:
    assert measure(stack(samples=3), np.zeros((7, 8, 6, 3), np.uint8), (0,), 0, final=True) is None
    assert measure(stack(), np.full((7, 8, 6), np.nan, np.float32), (0,), 0, final=True) is None
    assert measure(stack(), np.zeros((7, 8, 6), np.int16), (), 0, final=False) is None


def test_that_a_flat_series_has_windows_of_some_width() -> None:
    found = measure(stack(), np.full((7, 8, 6), 4, np.int16), ALL, 0, final=True)
    assert found is not None
    for window in (found.initial, found.automatic, found.full, found.tissue):
        assert window.width > 0


def test_that_padding_is_in_no_range_and_no_histogram() -> None:
    made = head()
    frames = tuple(replace(frame, padding=(-30000.0, -30000.0)) for frame in made.frames if frame is not None)
    values = block()
    values[:, :5] = -30000
    found = measure(replace(made, frames=frames), values, ALL, 0, final=True)
    assert found is not None
    assert found.full.low == -1.0
    assert sum(found.counts) == (values != -30000).sum()


def test_that_the_second_window_of_the_header_is_kept() -> None:
    made = head(window=(1000.0, 2000.0))
    frames = tuple(replace(frame, second_window=(7.0, 9.0)) for frame in made.frames if frame is not None)
    found = measure(replace(made, frames=frames), block(), ALL, 0, final=True)
    assert found is not None
    assert (found.header, found.header_2) == (WindowLevel(1000.0, 2000.0), WindowLevel(7.0, 9.0))
