"""Cubic interpolation on the screen: its values, what it is drawn from, and that the pane says what is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.cubic_pictures import MOST_PIXELS, CubicPictures, cubic, factor_of
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.viewport_pair import ViewportPair
from brainsr_desktop.core.measure import padding_of
from brainsr_desktop.session import intents
from brainsr_desktop.session.pictures import PaneState, PaneStatus, Picture
from brainsr_desktop.session.state import WindowLevel
from brainsr_desktop.settings import load
from tests.app.frame_kit import Rig, make_rig, series_of, stack
from tests.app.viewing import drawn, make_stack, make_state, picture_of, show_pair

ORIGINAL = PaneStatus(PaneState.ORIGINAL, "Original")


def noise(rows: int = 40, columns: int = 32) -> NDArray[np.int16]:
    return np.random.default_rng(5).integers(0, 1000, (rows, columns)).astype(np.int16)


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_that_values_are_those_of_a_cubic_kernel(factor: int) -> None:
    pixels = noise()
    made = cubic(Picture(pixels, (40.0, 32.0), slope=2.0), factor)
    image = Image.fromarray(pixels.astype(np.float32))
    other = np.asarray(image.resize((32 * factor, 40 * factor), Image.Resampling.BICUBIC))
    np.testing.assert_allclose(np.asarray(made.pixels, np.float32), other, atol=0.01)
    assert (made.extent_mm, made.slope) == ((40.0, 32.0), 2.0)


def test_that_padding_does_not_ring_and_holes_stay() -> None:
    pixels = np.full((20, 20), 500.0, np.float32)
    pixels[:5] = -2000.0
    pixels[12, 7] = np.nan
    found = cubic(Picture(pixels, (20.0, 20.0), padding=padding_of(pixels, -2000.0, -2000.0)), 4)
    made = np.asarray(found.pixels, np.float32)
    holes = np.zeros(made.shape, np.bool_)
    holes[48:52, 28:32] = True
    assert np.array_equal(np.isnan(made), holes)
    np.testing.assert_allclose(made[:36][~holes[:36]], 500.0, rtol=1e-5)


@pytest.mark.parametrize(
    ("side", "zoom", "factor"), [(256, 1.5, 2), (256, 3.0, 4), (256, 20.0, 8), (512, 9.0, 4), (2048, 9.0, 2)]
)
def test_that_the_factor_suits_the_zoom_and_the_memory(side: int, zoom: float, factor: int) -> None:
    picture = Picture(np.zeros((side, side), np.int16), (200.0, 200.0))
    assert factor_of(picture, zoom) == factor
    assert factor == 2 or (factor * side) ** 2 <= MOST_PIXELS


def test_that_a_sharper_picture_is_made_when_the_zoom_needs_it(qtbot: QtBot) -> None:
    cubics = CubicPictures()
    picture = Picture(noise(), (40.0, 32.0))
    for zoom, rows in ((1.5, 80), (7.0, 320), (1.5, 320)):
        qtbot.waitUntil(partial(_has_rows, cubics, picture, zoom, rows), timeout=5000)


def _has_rows(cubics: CubicPictures, picture: Picture, zoom: float, rows: int) -> bool:
    made = cubics.of(picture, zoom)
    return made is not None and made.pixels.shape[0] == rows


def shown_cubic(qtbot: QtBot, pixels: NDArray[np.int16]) -> tuple[ViewportPair, Store]:
    stack = make_stack(*pixels.shape)
    state = make_state(stack, interpolation="cubic", overlays="all", window=WindowLevel(500.0, 1000.0))
    pair, store = show_pair(qtbot, state)
    pair.set_left(picture_of(stack, pixels), ORIGINAL)
    pair.set_right(picture_of(stack, pixels), ORIGINAL)
    return pair, store


def test_that_the_pane_draws_it_and_says_so(qtbot: QtBot) -> None:
    pixels = noise()
    pair, store = shown_cubic(qtbot, pixels)
    view = pair.left.view
    assert view.sampling == "linear", "until it is there"
    assert any(line.startswith("linear") for line in view.content.corners.bottom_right)
    qtbot.waitUntil(lambda: view.sampling == "cubic", timeout=5000)
    assert any(line.startswith("cubic") for line in view.content.corners.bottom_right)
    store.apply(lambda state: intents.set_overlays(state, "none"))
    wanted = cubic(picture_of(make_stack(40, 32), pixels), 8).pixels
    image, ratio = drawn(view), view.devicePixelRatioF()
    places = [(row, column) for row in range(20, 300, 37) for column in range(20, 230, 41)]
    found, greys = [], []
    for row, column in places:
        at = view.to_px(((column + 0.5) / 8, (row + 0.5) / 8)) * ratio
        found.append(int(image[int(at.y()), int(at.x()), 0]))
        greys.append(float(np.clip(wanted[row, column] / 1000.0, 0, 1) * 255))
    linear = Image.fromarray(pixels.astype(np.float32)).resize((256, 320), Image.Resampling.BILINEAR)
    smooth = [float(np.asarray(linear)[place] / 1000.0 * 255) for place in places]
    errors = [float(np.abs(np.array(found) - other).mean()) for other in (greys, smooth)]
    assert errors[0] < 6.0 and errors[0] < errors[1] / 2, "cubic, not linear"


def test_that_another_slice_is_made_anew_and_nearest_needs_none(qtbot: QtBot) -> None:
    pair, store = shown_cubic(qtbot, noise())
    view = pair.left.view
    qtbot.waitUntil(lambda: view.sampling == "cubic", timeout=5000)
    pair.set_left(picture_of(make_stack(40, 32), noise() // 2), ORIGINAL)
    assert view.sampling == "linear"
    qtbot.waitUntil(lambda: view.sampling == "cubic", timeout=5000)
    store.apply(lambda state: intents.set_interpolation(state, "nearest"))
    assert view.sampling == "nearest"


def test_that_colour_is_drawn_linearly(qtbot: QtBot) -> None:
    stack = make_stack(40, 32, samples=3)
    pair, _ = show_pair(qtbot, make_state(stack, interpolation="cubic"))
    pair.set_left(picture_of(stack, np.zeros((40, 32, 3), np.uint8)), ORIGINAL)
    assert pair.left.view.sampling == "linear"


@pytest.fixture
def rig(qtbot: QtBot, tmp_path: Path) -> Iterator[Rig]:
    for made in make_rig(qtbot, tmp_path):
        made.open(series_of(stack(1)))
        yield made


def test_that_display_and_settings_offer_it_and_it_is_kept(rig: Rig, tmp_path: Path) -> None:
    rig.window.areas.display.interpolation.button("cubic").click()
    assert rig.store.state.interpolation == "cubic"
    rig.window.preferences.update("viewing", interpolation="linear")
    assert rig.store.state.interpolation == "linear"
    rig.window.preferences.update("viewing", interpolation="cubic")
    assert rig.store.state.interpolation == "cubic"
    rig.window.preferences.finish()
    assert load(tmp_path / "settings.toml").settings.viewing.interpolation == "cubic"
