"""A modality LUT and a VOI LUT in the real window: what is read out, what is drawn, what begins as the window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from brainsr_desktop.app.window import MainWindow
from brainsr_desktop.session import intents
from brainsr_desktop.session.pictures import value_at
from brainsr_desktop.session.state import WindowLevel
from tests import phantom
from tests.app.controlling import Desk
from tests.app.viewing import drawn
from tests.io.test_lut import lut_item

STEPS = (0, 250, 500, 750, 1000)
"""Stored values of five upright bands, the darkest on the left."""
MODALITY = np.rint((np.arange(1001) / 1000.0) ** 2 * 4000).astype(np.uint16)
VOI = np.rint(np.sqrt(np.arange(4001) / 4000.0) * 255).astype(np.uint16)


def write_bands(folder: Path, photometric: str) -> None:
    """Five bands, shown as if the values were straight: the VOI LUT takes back what the modality LUT does."""
    bands = np.repeat(np.array(STEPS, np.uint16), 8)[None].repeat(48, axis=0)

    def edit(dataset: Dataset, _: int) -> None:
        dataset.ModalityLUTSequence = [lut_item(MODALITY, 0, 16)]
        dataset.VOILUTSequence = [lut_item(VOI, 0, 8)]
        dataset.PhotometricInterpretation = photometric
        dataset.WindowCenter, dataset.WindowWidth = "2000", "4000"

    phantom.classic(folder, pixels=np.stack([bands] * 3), spacing_mm=(1.0, 1.0), edit=edit)


def greys(window: MainWindow) -> list[int]:
    """The grey of each band in the left pane, as it is drawn."""
    view = window.areas.pair.left.view
    pixels, ratio = drawn(view), view.devicePixelRatioF()
    places = [view.to_px((8 * band + 4.0, 20.0)) * ratio for band in range(len(STEPS))]
    return [int(pixels[int(at.y()), int(at.x()), 1]) for at in places]


@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1"])
def test_that_both_luts_are_shown_and_the_first_is_read_out(
    seat: tuple[Desk, MainWindow], tmp_path: Path, photometric: str
) -> None:
    desk, window = seat
    write_bands(tmp_path / "study", photometric)
    desk.open(tmp_path / "study")
    desk.wait(lambda: desk.store.state.window is not None, "a window")
    first = desk.store.state.window
    assert first is not None and first.curve, "the VOI LUT is the first window"
    picture = desk.controller.left_picture
    assert picture is not None
    values = [value_at(picture, 8 * band + 4.0, 24.0) for band in range(5)]
    assert values == [0.0, 250.0, 1000.0, 2250.0, 4000.0]
    desk.do(intents.set_overlays, "none")
    curve, straight = np.array([0, 64, 128, 191, 255]), np.array([0, 16, 64, 143, 255])
    if photometric == "MONOCHROME1":
        curve, straight = 255 - curve, 255 - straight
    np.testing.assert_allclose(greys(window), curve, atol=1)
    desk.do(intents.set_window, WindowLevel(2000.0, 4000.0))
    np.testing.assert_allclose(greys(window), straight, atol=1)


def test_that_key_1_and_key_2_are_the_curve_and_the_straight_window(
    seat: tuple[Desk, MainWindow], tmp_path: Path
) -> None:
    desk, window = seat
    write_bands(tmp_path / "study", "MONOCHROME2")
    desk.open(tmp_path / "study")
    desk.wait(lambda: desk.store.state.window is not None, "a window")
    desk.wait(window.actions_["window_2"].isEnabled, "the second window")
    first = desk.store.state.window
    window.actions_["window_2"].trigger()
    assert desk.store.state.window == WindowLevel(2000.0, 4000.0)
    window.actions_["window_1"].trigger()
    assert desk.store.state.window == first
    assert first is not None
    assert first.curve
