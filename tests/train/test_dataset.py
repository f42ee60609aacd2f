from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from brainsr_desktop.core.errors import ReadError, UsageError
from brainsr_desktop.core.resample import resize
from brainsr_desktop.train.config import Data, Run, Stage
from brainsr_desktop.train.dataset import (
    PatchSource,
    SourceState,
    TrainingSlice,
    check_sizes,
    read_slices,
    read_stack_file,
    slice_shares,
)
from tests.train.made_data import head

CLEAN = Stage(patch_px=16, bicubic=1.0, kspace=0.0, noisy=0.0)
MIXED = Stage(patch_px=12)


def made_source(data: Data, run: Run, scale: int = 2) -> PatchSource:
    slices = [TrainingSlice(np.round(head(64, 72, i) * 255).astype(np.uint8), "T1") for i in range(5)]
    return PatchSource(slices, data, run, scale)


DATA = Data(stacks=("made",))
RUN = Run(batch=6, steps=10, seed=5)


def test_that_real_stacks_are_read_as_the_catalogue_says(shared: Path) -> None:
    stacks = list(read_stack_file(shared / "data" / "val.npz"))
    assert len(stacks) == 21
    assert sum(len(slices) for slices, _ in stacks) == 126
    for slices, meta in stacks:
        assert [len(slices), *slices[0].shape] == meta["shape"]


def test_that_slices_keep_their_pixels_and_contrast(made: Path) -> None:
    slices = read_slices(made.parent, ["train.npz"])
    assert [entry.contrast for entry in slices] == ["T1"] * 4 + ["T2"] * 2
    expected = np.round(head(64, 72, 20) * 255).astype(np.uint8)
    np.testing.assert_array_equal(slices[4].pixels, expected)


@pytest.mark.parametrize("name", ["missing.npz", "tiny.toml", "bench.npz"])
def test_that_a_file_without_stacks_is_refused(made: Path, name: str) -> None:
    with pytest.raises(ReadError, match=name):
        read_slices(made.parent, [name])


def test_that_contrasts_are_drawn_by_their_shares(made: Path) -> None:
    slices = read_slices(made.parent, ["train.npz"])
    shares = slice_shares(slices, {"T1": 1.0, "T2": 3.0, "PD": 5.0})
    assert shares[4:].sum() == pytest.approx(0.75)
    assert shares.sum() == pytest.approx(1.0)
    assert shares[2] / shares[0] == pytest.approx(slices[2].pixels.size / slices[0].pixels.size)


def test_that_unknown_contrasts_are_refused(made: Path) -> None:
    with pytest.raises(UsageError, match="PD"):
        slice_shares(read_slices(made.parent, ["train.npz"]), {"PD": 1.0})


@pytest.mark.parametrize("scale", [2, 4])
def test_that_both_sides_of_a_pair_show_the_same(scale: int) -> None:
    """A patch cut out, turned and scaled must be what its truth becomes when it is reduced."""
    source = made_source(DATA, RUN, scale)
    source.start(CLEAN)
    for _ in range(5):
        batch = source.batch(CLEAN)
        assert batch.low.shape == (6, 1, 16, 16) and batch.truth.shape == (6, 1, 16 * scale, 16 * scale)
        for low, truth in zip(batch.low[:, 0], batch.truth[:, 0], strict=True):
            again = resize(truth, (16, 16), "bicubic").clip(min=0)
            np.testing.assert_allclose(low[2:-2, 2:-2], again[2:-2, 2:-2], rtol=0, atol=1e-5)


def test_that_flat_patches_are_left_out() -> None:
    source = made_source(DATA, RUN)
    source.start(CLEAN)
    truths = [truth for _ in range(10) for truth in source.batch(CLEAN).truth]
    assert min(float(truth.std()) for truth in truths) > 0.005


def test_that_empty_slices_do_not_stop_the_run() -> None:
    source = PatchSource([TrainingSlice(np.zeros((40, 40), np.uint8), "T1")], DATA, RUN, 2)
    source.start(MIXED)
    assert source.batch(MIXED).truth.max() == 0


def test_that_lr_pictures_are_renewed_in_turn() -> None:
    source = made_source(DATA, Run(batch=1, steps=10, refresh_per_step=2))
    source.start(MIXED)
    before = source.state().degradations
    source.batch(MIXED)
    after = source.state().degradations
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, False, True, True, True]


def test_that_a_restored_source_goes_on_with_the_same_batches() -> None:
    source, other = made_source(DATA, RUN), made_source(DATA, RUN)
    source.start(MIXED)
    state = [source.batch(MIXED) for _ in range(4)][-1].state
    expected = [source.batch(MIXED) for _ in range(3)]
    other.restore(SourceState.from_json(state.to_json(), scale=2))
    for batch in expected:
        again = other.batch(MIXED)
        np.testing.assert_array_equal(again.low, batch.low)
        np.testing.assert_array_equal(again.truth, batch.truth)


def test_that_a_state_of_other_data_is_refused() -> None:
    source = made_source(DATA, RUN)
    source.start(MIXED)
    other = PatchSource([TrainingSlice(np.zeros((40, 40), np.uint8), "T1")], DATA, RUN, 2)
    with pytest.raises(UsageError, match="not those"):
        other.restore(source.state())


@pytest.mark.parametrize(("patch_px", "scale", "word"), [(40, 2, "larger"), (8, 3, "multiples of 3")])
def test_that_data_that_do_not_fit_are_refused(patch_px: int, scale: int, word: str) -> None:
    slices = [TrainingSlice(np.zeros((64, 80), np.uint8), "T1")]
    with pytest.raises(UsageError, match=word):
        check_sizes(slices, patch_px, scale)
