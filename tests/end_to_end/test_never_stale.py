"""INTERFACE, rule 1: the enhanced pane never shows a picture whose key is not the current one."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.viewport_pair import ViewportPair
from brainsr_desktop.app.window import MainWindow
from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.session import intents
from brainsr_desktop.session.known_models import KnownModels
from brainsr_desktop.session.pictures import PaneState, Picture
from brainsr_desktop.session.planner import Recipes, key_of
from brainsr_desktop.session.state import ViewState, WindowLevel
from tests.app import slow_engine
from tests.app.controlling import Desk, series_folder, slice_of
from tests.app.frame_kit import READ, restore_look
from tests.app.slow_engine import stamp_of

STEPS = 1000
SLICES = 24
SHAPE = (80, 72)
LOOK_AT_SCREEN_EVERY = 20
REST_EVERY = 25
MODELS = (("brainsr-x4", 4, "espcn-x4"), ("bicubic", 4, None), ("lanczos", 2, None), ("nearest", 4, None))
Step = Callable[[ViewState], ViewState]


class Walk:
    """A person who cannot decide, in front of the real window; after each step both panes are looked at."""

    def __init__(self, desk: Desk, pair: ViewportPair) -> None:
        self.desk = desk
        self.pair = pair
        self.models = KnownModels(desk.controller.catalog)
        self.random = random.Random(20240305)
        self.kinds: set[PaneState] = set()
        self.made = 0

    def step(self) -> Step:
        """What to do next."""
        chance = self.random.random()
        if chance < 0.6:
            by = self.random.choice((-3, -1, 1, 1, 2, 3))
            return lambda state: intents.scroll(state, by)
        if chance < 0.7:
            name, scale, fast = self.random.choice(MODELS)
            return lambda state: intents.choose_model(state, name, scale, fast)
        if chance < 0.76:
            return lambda state: intents.set_test_mode(state, on=not state.test_mode)
        if chance < 0.88:
            noise, seed = self.random.choice((0.0, 0.5, 1.0)), self.random.randrange(3)
            blur = self.random.choice((0.0, 0.5))
            return lambda state: intents.set_degradation(
                state, Degradation(noise, blur, state.recipe.scale, "kspace", seed)
            )
        if chance < 0.94:
            window = WindowLevel(self.random.uniform(1000, 1600), self.random.uniform(3500, 5000))
            return lambda state: intents.set_window(state, window)
        return self.random.choice(
            (
                intents.flip_h,
                intents.flip_v,
                lambda state: intents.set_network(state, on=not state.network_on),
                lambda state: intents.show_original(state, on=not state.show_original),
                lambda state: intents.set_show_reference(state, on=not state.show_reference),
            )
        )

    def look(self) -> None:
        """Compare what both panes show with what they should."""
        state = self.desk.store.state
        recipes = self.models.recipes(state)
        self.kinds.add(self.desk.controller.right_status.state)
        right, left = self.pair.right_picture, self.pair.left_picture
        assert (self.pair.right.view.picture, self.pair.left.view.picture) == (right, left)
        for picture in (left, right):
            if picture is not None:
                assert slice_of(picture.pixels) == state.slice_index
        if right is not None and right.key is not None:
            self.made += 1
            assert not state.show_original
            self._check_made(right, state, recipes)
        elif right is not None and state.test_mode and not state.show_original:
            assert left is None or state.show_reference or right.pixels is left.pixels
            assert right.pixels.shape != SHAPE, "the truth was drawn as if the network had got it"
        if left is not None and left.key is not None:
            assert state.test_mode
            assert not state.show_reference
            if self.desk.controller.left_status.text == "DEGRADED INPUT":
                assert recipes.degraded is not None
                assert left.key == self._key(state, recipes.degraded)
                assert float(left.pixels[0, 0]) == stamp_of(recipes.degraded)

    def look_at_screen(self) -> None:
        """The middle of each pane has the grey of the slice in view."""
        state = self.desk.store.state
        assert state.window is not None
        value = 200 + 100 * state.slice_index
        expected = np.clip((value - state.window.low) / state.window.width * 255, 0, 255)
        # Noise of one percent and the rounding of a reduced picture; neighbours are five to seven greys apart.
        for view, picture in (
            (self.pair.left.view, self.pair.left_picture),
            (self.pair.right.view, self.pair.right_picture),
        ):
            if picture is not None:
                assert abs(_middle_grey(view) - expected) < 2.5

    def _check_made(self, picture: Picture, state: ViewState, recipes: Recipes) -> None:
        possible = [recipe for recipe in (recipes.full, recipes.fast) if recipe is not None]
        shown = [recipe for recipe in possible if self._key(state, recipe) == picture.key]
        assert len(shown) == 1, "a picture under another key than the current ones"
        assert float(picture.pixels[0, 0]) == stamp_of(shown[0]), "pixels of another recipe"

    def _key(self, state: ViewState, recipe: Recipe) -> object:
        return key_of(state, recipe, self.models.weights_of)


def _middle_grey(view: QWidget) -> float:
    image = view.grab().toImage()
    middle = QPoint(image.width() // 2, image.height() // 2)
    greys = [
        image.pixelColor(middle + QPoint(x, y)).red() for x in range(-12, 13, 3) for y in range(-12, 13, 3)
    ]
    return float(np.mean(greys))


@pytest.fixture
def walk(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Walk]:
    monkeypatch.setenv(slow_engine.PAUSE_S, "0.012")
    monkeypatch.setenv(slow_engine.STAMP, "1")
    desk = Desk(qtbot, engine_target=slow_engine.TARGET, cache_bytes=2 * 2**20)
    window = MainWindow(desk.store, desk.controller, READ, settings_path=tmp_path / "settings.toml")
    qtbot.addWidget(window)
    window.resize(1000, 700)
    window.show()
    desk.open(series_folder(tmp_path / "head", SLICES, SHAPE))
    desk.wait(lambda: not desk.controller.loading, "the load")
    yield Walk(desk, window.areas.pair)
    desk.leave()
    window.hide()
    restore_look()


def test_that_a_random_walk_of_a_thousand_steps_never_shows_a_stale_picture(walk: Walk) -> None:
    walk.desk.do(intents.set_window, WindowLevel(1300.0, 4500.0))
    for number in range(STEPS):
        walk.desk.store.apply(walk.step())
        walk.look()
        if number % LOOK_AT_SCREEN_EVERY == 0:
            walk.look_at_screen()
        # Now and then long enough for the full network, mostly not.
        for _ in range(walk.random.choice((0, 1, 2, 4) if number % REST_EVERY else (40,))):
            QTest.qWait(walk.random.choice((0, 3, 20)))
            walk.look()
    walk.desk.do(intents.set_network, on=True)
    walk.desk.do(intents.show_original, on=False)
    walk.desk.do(intents.choose_model, "brainsr-x4", 4, "espcn-x4")
    for steps in (0, -1, 1):
        walk.desk.do(intents.scroll, steps)
        walk.look()
        walk.desk.wait_ready()
        walk.look()
    walk.look_at_screen()
    assert walk.made > 10
    assert {PaneState.INTERPOLATED, PaneState.CACHED, PaneState.OFF, PaneState.ORIGINAL} <= walk.kinds
