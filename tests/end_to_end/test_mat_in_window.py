"""A MATLAB file of the tumour study in the real window: the mask lies on the tumour's pixels in both panes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from brainsr_desktop.app.viewport import Viewport
from brainsr_desktop.app.window import MainWindow
from brainsr_desktop.session import intents
from brainsr_desktop.session.state import WindowLevel
from tests.app.controlling import Desk
from tests.app.viewing import drawn, frame_of, outlined
from tests.mat_kit import write_mat

ROWS, COLUMNS = slice(28, 46), slice(44, 60)
"""Where the tumour is, in a slice of 96 x 80."""


def write_slices(folder: Path) -> None:
    """Two slices: one with a tumour of 1000 in a head of 300, one without a mask."""
    image = np.full((96, 80), 300, np.int16)
    mask = np.zeros(image.shape, np.uint8)
    mask[ROWS, COLUMNS] = 1
    write_mat(folder / "1.mat", np.where(mask, np.int16(1000), image), mask)
    write_mat(folder / "2.mat", image)


def bright_frame(view: Viewport, inner: tuple[float, float, float, float]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is brighter than the head, within a wide margin of the outline."""
    ratio = view.devicePixelRatioF()
    left, top, right, bottom = (round(edge * ratio) for edge in inner)
    margin = 12
    part = drawn(view)[top - margin : bottom + margin, left - margin : right + margin]
    colourless = np.ptp(part.astype(int), axis=-1) < 8
    rows, columns = np.nonzero(colourless & (part.min(axis=-1) > 160))
    return (
        left - margin + int(columns.min()),
        top - margin + int(rows.min()),
        left - margin + int(columns.max()) + 1,
        top - margin + int(rows.max()) + 1,
    )


def test_that_a_mat_opens_with_its_mask_on_the_right_pixels(
    seat: tuple[Desk, MainWindow], tmp_path: Path
) -> None:
    desk, window = seat
    write_slices(tmp_path / "study")
    stack = desk.open(tmp_path / "study")
    desk.do(intents.go_to, 0)
    desk.do(intents.set_window, WindowLevel(650.0, 1300.0))
    desk.wait_ready()
    panes = [window.areas.pair.left.view, window.areas.pair.right.view]
    desk.wait(lambda: all(outlined(view).any() for view in panes), "the outline")
    assert stack.description == "Glioma" and stack.geometry.rows == 96
    for view in panes:
        around = frame_of(view)
        # The line covers a little more than one pixel on each side of the edge.
        for line, pixels in zip(around, bright_frame(view, around), strict=True):
            assert abs(line - pixels / view.devicePixelRatioF()) <= 5.0
    left, right = (np.array(frame_of(view)) for view in panes)
    assert np.abs(left - right).max() <= 1.0

    window.actions_["masks"].trigger()
    assert not any(outlined(view).any() for view in panes)
    window.actions_["masks"].trigger()
    assert all(outlined(view).any() for view in panes)
    desk.do(intents.go_to, 1)
    assert not any(outlined(view).any() for view in panes)
