from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from brainsr_desktop.core.errors import UsageError
from brainsr_desktop.core.resample import resize
from brainsr_desktop.train.config import Data, Run, Stage
from brainsr_desktop.train.dataset import Batch, Floats, SourceState, TrainingSlice
from brainsr_desktop.train.device_source import DeviceSource
from tests.train.made_data import head

CPU = torch.device("cpu")
CLEAN = Stage(patch_px=16, bicubic=1.0, kspace=0.0, noisy=0.0)
MIXED = Stage(patch_px=12)
DATA = Data(stacks=("made",))
RUN = Run(batch=6, steps=10, seed=5)


def made_source(run: Run = RUN, scale: int = 2) -> DeviceSource:
    """Five slices of two sizes."""
    pictures = [head(64, 72 if i % 2 else 80, i) for i in range(5)]
    slices = [TrainingSlice(np.round(picture * 255).astype(np.uint8), "T1") for picture in pictures]
    return DeviceSource(slices, DATA, run, scale, CPU)


def arrays(batch: Batch) -> tuple[Floats, Floats]:
    assert isinstance(batch.low, torch.Tensor) and isinstance(batch.truth, torch.Tensor)
    return batch.low.numpy(), batch.truth.numpy()


@pytest.mark.parametrize("scale", [2, 4])
def test_that_both_sides_of_a_pair_show_the_same(scale: int) -> None:
    """A patch cut out, turned, mirrored and scaled must be what its truth becomes when it is reduced."""
    source = made_source(scale=scale)
    source.start(CLEAN)
    for _ in range(8):
        low, truth = arrays(source.batch(CLEAN))
        assert low.shape == (6, 1, 16, 16) and truth.shape == (6, 1, 16 * scale, 16 * scale)
        for small, large in zip(low[:, 0], truth[:, 0], strict=True):
            again = resize(large, (16, 16), "bicubic").clip(min=0)
            np.testing.assert_allclose(small[2:-2, 2:-2], again[2:-2, 2:-2], rtol=0, atol=1e-5)


def test_that_all_eight_turns_occur_and_intensities_vary() -> None:
    """One slice, one possible patch: whatever differs is a turn or a factor."""
    picture = np.round(head(32, 32, 3) * 255).astype(np.uint8)
    picture[:10, :4] = 255
    source = DeviceSource([TrainingSlice(picture, "T1")], DATA, Run(batch=64, steps=1), 2, CPU)
    source.start(CLEAN)
    _, truth = arrays(source.batch(CLEAN))
    factors = truth.max((1, 2, 3))
    assert 0.7 <= factors.min() < 0.8 and 1.2 < factors.max() <= 1.3
    kinds = {
        np.round(patch[0] / factor * 255).astype(np.uint8).tobytes()
        for patch, factor in zip(truth, factors, strict=True)
    }
    assert len(kinds) == 8


def test_that_flat_patches_are_left_out() -> None:
    blank = TrainingSlice(np.zeros((64, 64), np.uint8), "T1")
    full = TrainingSlice(np.round(np.random.default_rng(1).random((64, 64)) * 255).astype(np.uint8), "T1")
    source = DeviceSource([blank, full], DATA, Run(batch=4, steps=1), 2, CPU)
    source.start(MIXED)
    deviations = [float(patch.std()) for _ in range(20) for patch in arrays(source.batch(MIXED))[1]]
    assert np.mean(np.array(deviations) < 0.01) < 0.25


def test_that_lr_pictures_are_renewed_group_by_group() -> None:
    source = made_source()
    source.start(MIXED)
    states = [source.state().degradations]
    for _ in range(2):
        source.batch(MIXED)
        states.append(source.state().degradations)
    kept = [[a == b for a, b in zip(one, two, strict=True)] for one, two in itertools.pairwise(states)]
    assert kept == [[False, True, False, True, False], [True, False, True, False, True]]


def test_that_a_restored_source_goes_on_with_the_same_batches() -> None:
    source, other = made_source(), made_source()
    source.start(MIXED)
    state = [source.batch(MIXED) for _ in range(3)][-1].state
    expected = [arrays(source.batch(MIXED)) for _ in range(3)]
    other.restore(SourceState.from_json(state.to_json(), scale=2))
    for low, truth in expected:
        again = arrays(other.batch(MIXED))
        np.testing.assert_array_equal(again[0], low)
        np.testing.assert_array_equal(again[1], truth)


def test_that_a_state_of_other_data_is_refused() -> None:
    source = made_source()
    source.start(MIXED)
    blank = TrainingSlice(np.zeros((64, 64), np.uint8), "T1")
    with pytest.raises(UsageError, match="not those"):
        DeviceSource([blank], DATA, RUN, 2, CPU).restore(source.state())
