"""INTERFACE, rules 1 and 2: no pane shows a picture whose key is not the current one, or under a wrong name."""

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

from brainsr_desktop.app import change_map
from brainsr_desktop.app.viewport_pair import ViewportPair
from brainsr_desktop.app.window import MainWindow
from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.session import intents, intents_compare, trust
from brainsr_desktop.session.compare import CURRENT, INPUT, MODES, REFERENCE, Mode, Side, Source
from brainsr_desktop.session.known_models import KnownModels
from brainsr_desktop.session.pictures import PaneState, Picture
from brainsr_desktop.session.planner import key_of, stages_of
from brainsr_desktop.session.state import ViewState, WindowLevel
from brainsr_desktop.session.trust import TRUST_MODES
from tests.app import slow_engine
from tests.app.controlling import Desk, series_folder, slice_of
from tests.app.frame_kit import READ, restore_look
from tests.app.slow_engine import stamp_of

STEPS = 1000
SLICES = 24
SHAPE = (80, 72)
AT_ONCE_PX = 30_000
"""Maps of pictures four times as fine are made in the background, those of twice as fine ones at once."""
LOOK_AT_SCREEN_EVERY = 20
REST_EVERY = 25
MODELS = (("brainsr-x4", 4, "espcn-x4"), ("bicubic", 4, None), ("lanczos", 2, None), ("nearest", 4, None))
PARTED = ("wipe", "board")
SOURCES = (
    INPUT,
    REFERENCE,
    CURRENT,
    Source("model", "espcn-x4", 4),
    Source("model", "bicubic"),
    Source("model", "lanczos"),
)
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
        self.maps = 0
        self.modes: set[Mode] = set()
        self.trusted: set[Mode] = set()

    def step(self) -> Step:
        """What to do next."""
        chance = self.random.random()
        if chance < 0.5:
            by = self.random.choice((-3, -1, 1, 1, 2, 3))
            return lambda state: intents.scroll(state, by)
        if chance < 0.58:
            name, scale, fast = self.random.choice(MODELS)
            return lambda state: intents.choose_model(state, name, scale, fast)
        if chance < 0.64:
            return lambda state: intents.set_test_mode(state, on=not state.test_mode)
        if chance < 0.74:
            noise, seed = self.random.choice((0.0, 0.5, 1.0)), self.random.randrange(3)
            blur = self.random.choice((0.0, 0.5))
            return lambda state: intents.set_degradation(
                state, Degradation(noise, blur, state.recipe.scale, "kspace", seed)
            )
        if chance < 0.82:
            mode = self.random.choice(MODES)
            return lambda state: intents_compare.choose_mode(state, mode)
        if chance < 0.9:
            side: Side = self.random.choice(("left", "right"))
            source = self.random.choice(SOURCES)
            return lambda state: intents_compare.choose_source(state, side, source)
        if chance < 0.94:
            window = WindowLevel(self.random.uniform(1000, 1600), self.random.uniform(3500, 5000))
            return lambda state: intents.set_window(state, window)
        line = self.random.choice((0.1, 0.25, 0.8))
        return self.random.choice(
            (
                intents.flip_h,
                intents.flip_v,
                lambda state: intents.set_network(state, on=not state.network_on),
                lambda state: intents.show_original(state, on=not state.show_original),
                lambda state: intents.set_show_reference(state, on=not state.show_reference),
                intents_compare.swap,
                intents_compare.want_places,
                lambda state: intents_compare.move_line(state, line),
                lambda state: intents_compare.show_loupe(state, on=not state.compare.loupe),
                lambda state: intents_compare.set_fields(state, 4 if state.compare.fields > 20 else 31),
            )
        )

    def look(self) -> None:
        """Compare what both panes show with what they should, and what they call it."""
        state = self.desk.store.state
        self.kinds.add(self.desk.controller.right_status.state)
        self.modes.add(state.mode)
        right, left = self.pair.right_picture, self.pair.left_picture
        self._check_picture("left", left, state)
        self._check_picture("right", right, state)
        drawn, pane = self.pair.right.view.picture, self.pair.right
        assert self.pair.left.view.picture is left
        if state.mode == "blink" and not state.show_original:
            assert drawn is (left if state.compare.blink_side == "left" else right)
        elif state.mode == "difference" and (drawn is None or drawn.span is not None):
            self._check_map(drawn, right, left, state)
        elif state.mode in TRUST_MODES and (drawn is None or drawn.span is not None):
            self._check_trust(drawn, right, state)
        else:
            assert drawn is right
        parted = state.mode in ("wipe", "board")
        assert pane.view.second is (left if parted else None)
        assert pane.second_bar.isVisible() == (parted and pane.isVisible())
        self._check_name(pane.bar.label.text, drawn)
        if parted:
            self._check_name(pane.second_bar.label.text, left)
        if self.pair.left.isVisible():
            self._check_name(self.pair.left.bar.label.text, left)
        made = [picture for picture in (drawn, pane.view.second) if picture is not None and picture.key]
        if made and not all(self._is_degraded(picture, state) for picture in made):
            assert pane.strip.text(), "a made picture without a notice"

    def look_at_screen(self) -> None:
        """The middle of each pane has the grey of the slice in view."""
        state = self.desk.store.state
        assert state.window is not None
        value = 200 + 100 * state.slice_index
        expected = np.clip((value - state.window.low) / state.window.width * 255, 0, 255)
        # Noise of one percent and the rounding of a reduced picture; neighbours are five to seven greys apart.
        for pane in (self.pair.left, self.pair.right):
            shown = (pane.view.picture, pane.view.second) if state.mode in PARTED else (pane.view.picture,)
            if pane.isVisible() and all(picture is not None and picture.span is None for picture in shown):
                assert abs(_middle_grey(pane.view) - expected) < 2.5

    def _check_picture(self, side: Side, picture: Picture | None, state: ViewState) -> None:
        source = state.left if side == "left" else state.right
        recipes = self.models.recipes(state)
        if picture is None:
            return
        assert slice_of(picture.pixels) == state.slice_index
        stages = stages_of(state, source)
        if side == "right" and state.show_original:
            assert (picture.key, picture.pixels.shape) == (None, SHAPE)
        elif stages is not None and picture.key is not None:
            self.made += 1
            possible = [recipe for recipe in (stages.full, stages.fast) if recipe is not None]
            shown = [recipe for recipe in possible if self._key(state, recipe) == picture.key]
            assert len(shown) == 1, "a picture under another key than the current ones"
            assert float(picture.pixels[0, 0]) == stamp_of(shown[0]), "pixels of another recipe"
        elif stages is not None:
            assert not state.test_mode or picture.pixels.shape != SHAPE, "the truth passed off as the input"
        elif state.test_mode and source.kind == "input":
            assert picture.key is not None
            status = self.desk.controller.left_status if side == "left" else self.desk.controller.right_status
            if status.text == "DEGRADED INPUT":
                assert recipes.degraded is not None
                assert picture.key == self._key(state, recipes.degraded)
                assert float(picture.pixels[0, 0]) == stamp_of(recipes.degraded)
        else:
            assert (picture.key, picture.pixels.shape) == (None, SHAPE)

    def _check_map(
        self, shown: Picture | None, right: Picture | None, left: Picture | None, state: ViewState
    ) -> None:
        """A map belongs to the right picture of now, and to what the left list names now."""
        if shown is None:
            return
        self.maps += 1
        assert right is not None
        assert shown.key == right.key
        base = self.models.recipes(state).base
        if base is None and not state.show_reference:
            assert left is not None
            assert left.key is not None
        lower = stamp_of(base) if base is not None else None if left is None else float(left.pixels[0, 0])
        if (
            shown.pixels.shape == right.pixels.shape
            and lower is not None
            and (base is not None or (left is not None and left.pixels.shape == right.pixels.shape))
        ):
            assert float(shown.pixels[0, 0]) == np.float32(right.pixels[0, 0]) - np.float32(lower)

    def _check_trust(self, shown: Picture | None, right: Picture | None, state: ViewState) -> None:
        """What is drawn was worked out from the right picture of now and from what it was made from."""
        if shown is None:
            return
        assert right is not None
        assert shown.key == right.key
        self.trusted.add(state.mode)
        recipes = self.models.recipes(state)
        if state.mode == "stability":
            assert recipes.spread is not None
            made = self.desk.controller._enhancer.cache.peek(
                key_of(state, recipes.spread, self.models.weights_of)
            )
            assert made is not None and shown.pixels is made.spread
            return
        question = self.desk.controller.trust.question
        assert question is not None and question.upper.pixels is right.pixels
        if state.mode == "agreement":
            assert question.truth is not None and slice_of(question.truth.pixels) == state.slice_index
            agreement = trust.agree(question).agreement
            assert agreement is not None and np.array_equal(shown.pixels, agreement)
            return
        if state.test_mode:
            assert recipes.degraded is not None
            assert question.source.key == self._key(state, recipes.degraded)
            assert float(question.source.pixels[0, 0]) == stamp_of(recipes.degraded)
        residual = trust.check(question).residual
        assert residual is not None and np.array_equal(shown.pixels, residual.map)

    def _check_name(self, words: str, picture: Picture | None) -> None:
        """The label names the model that made the picture."""
        if picture is None or picture.key is None:
            return
        state = self.desk.store.state
        if self._is_degraded(picture, state):
            assert "DEGRADED" in words
            return
        stages = [stages_of(state, source) for source in (state.left, state.right)]
        recipes = [recipe for each in stages if each is not None for recipe in (each.full, each.fast)]
        made = next(r for r in recipes if r is not None and self._key(state, r) == picture.key)
        card = self.models.card(made.model)
        assert card is not None
        assert card.title in words
        maps = ("ifference", "Consistency", "Stability", "Agreement")
        assert (picture.span is not None) == any(name in words for name in maps)

    def _is_degraded(self, picture: Picture, state: ViewState) -> bool:
        return state.test_mode and picture.span is None and picture.pixels.shape[0] < SHAPE[0]

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
    monkeypatch.setattr(change_map, "AT_ONCE_PX", AT_ONCE_PX)
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


@pytest.mark.slow
def test_that_a_random_walk_of_a_thousand_steps_never_shows_a_stale_picture(walk: Walk) -> None:
    walk.desk.do(intents.set_window, WindowLevel(1300.0, 4500.0))
    walk.desk.do(intents_compare.move_line, 0.1)  # not where the screen is looked at
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
    walk.desk.do(intents_compare.choose_mode, "side")
    walk.desk.do(intents_compare.choose_source, "left", INPUT)
    walk.desk.do(intents_compare.choose_source, "right", CURRENT)
    walk.desk.do(intents.choose_model, "brainsr-x4", 4, "espcn-x4")
    for on in (False, True):
        walk.desk.do(intents.set_network, on=on)
        walk.look()
    for steps in (0, -1, 1):
        walk.desk.do(intents.scroll, steps)
        walk.look()
        walk.desk.wait_ready()
        walk.look()
    walk.look_at_screen()
    assert walk.made > 10
    assert walk.maps > 3
    assert walk.modes == set(MODES)
    assert "consistency" in walk.trusted
    assert {PaneState.INTERPOLATED, PaneState.CACHED, PaneState.OFF, PaneState.ORIGINAL} <= walk.kinds
