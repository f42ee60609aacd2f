from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from brainsr_desktop.train.bench import Bench
from brainsr_desktop.train.protocols import PROTOCOLS, reduced_slice
from tests.engine.made_models import phantom


@pytest.mark.parametrize("scale", [4, 2])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_that_the_benchmarks_inputs_are_met_to_their_rounding(
    shared: Path, protocol: str, scale: int
) -> None:
    with Bench(shared / "data" / "val_bench.npz") as bench:
        for number in bench.numbers[3::8]:
            made = reduced_slice(bench.true_slice(number).pixels, protocol, scale, number)
            stored = bench.low(number, scale, protocol)
            np.testing.assert_allclose(made, stored, rtol=0, atol=0.501 / 4095)


def test_that_slices_and_scales_have_noise_of_their_own() -> None:
    truth = phantom(40, 44)
    first, again, other = (reduced_slice(truth, "noisy", 2, number) for number in (5, 5, 6))
    assert np.array_equal(first, again)
    assert np.abs(first - other).max() > 0.01 * float(truth.max())


def test_that_an_unknown_protocol_is_refused() -> None:
    with pytest.raises(ValueError, match="bicubic, kspace, noisy"):
        reduced_slice(phantom(20, 20), "wavelet", 2, 0)
