"""What several pictures of one slice share is made once, and is what it would be without sharing."""

from __future__ import annotations

import numpy as np
import pytest

from brainsr_desktop.core.degrade import Degradation, degrade
from brainsr_desktop.core.geometry import unknown_geometry
from brainsr_desktop.core.metrics import scores
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.engine import reuse
from brainsr_desktop.engine.pipeline import Engine
from brainsr_desktop.engine.reuse import Reuse

WORSE = Degradation(3.0, 0.5, 4, seed=2)


def head(seed: int = 0) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    y, x = np.mgrid[-1:1:64j, -1:1:48j]
    random = np.random.default_rng(seed)
    return np.where(np.hypot(x, y) < 0.8, 500 + 300 * random.random((64, 48)), 0).astype(np.float32)


def test_that_shared_work_gives_the_same_figures_and_pixels() -> None:
    shared, truth = Reuse(), head()
    for seed in (1, 2):
        picture = head(seed)
        assert shared.scores(picture, truth, 700.0) == scores(picture, truth, range_max=700.0)
    for index in (0, 1, 0):
        np.testing.assert_array_equal(
            shared.degraded(truth, WORSE, index), degrade(truth, WORSE, slice_index=index)
        )


def test_that_a_slice_is_degraded_once_for_all_models(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Degradation] = []

    def counted(pixels: reuse.Floats, degradation: Degradation, *, slice_index: int) -> reuse.Floats:
        made.append(degradation)
        return degrade(pixels, degradation, slice_index=slice_index)

    monkeypatch.setattr(reuse, "degrade", counted)
    engine, pixels, place = Engine(), head(), unknown_geometry(64, 48, 1)
    for model in ("bicubic", "lanczos", "zerofill"):
        engine.enhance(pixels.copy(), Recipe(model, 4, WORSE), place, slice_index=0)
    assert made == [WORSE]
    engine.enhance(pixels + 1, Recipe("bicubic", 4, WORSE), place, slice_index=0)
    assert len(made) == 2


def test_that_no_more_is_kept_than_is_allowed_but_always_the_newest() -> None:
    small = Reuse(limit_bytes=1000)
    first = small.degraded(head(), WORSE, 0)
    assert small.degraded(head(), WORSE, 0) is first
    small.degraded(head(), WORSE, 1)
    assert small.degraded(head(), WORSE, 0) is not first
    assert first.nbytes < 1000 < 2 * first.nbytes
