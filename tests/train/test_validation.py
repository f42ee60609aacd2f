from __future__ import annotations

from pathlib import Path

import pytest

from brainsr_desktop.core.errors import ReadError
from brainsr_desktop.core.resample import enlarge
from brainsr_desktop.train import validation


def test_that_the_reference_of_the_catalogue_is_met(shared: Path) -> None:
    bench = validation.read_bench(shared / "data" / "val_bench.npz", 4)
    found = validation.head_psnr_by_protocol(bench, lambda low: enlarge(low, 4, "zerofill"))
    assert found == pytest.approx({"bicubic": 22.93, "kspace": 23.39, "noisy": 21.56}, abs=0.006)


def test_that_the_comparison_has_four_pictures(made: Path) -> None:
    (entry, *_) = validation.read_bench(made.parent / "bench.npz", 2)
    picture = validation.comparison_picture(entry, lambda low: enlarge(low, 2, "bicubic"), 2)
    assert picture.size == (4 * entry.truth.shape[1], entry.truth.shape[0])


@pytest.mark.parametrize("name", ["missing.npz", "train.npz"])
def test_that_a_file_that_is_no_benchmark_is_refused(made: Path, name: str) -> None:
    with pytest.raises(ReadError, match=name):
        validation.read_bench(made.parent / name, 2)


def test_that_a_benchmark_of_another_scale_is_refused(made: Path) -> None:
    with pytest.raises(ReadError, match="x4"):
        validation.read_bench(made.parent / "bench.npz", 4)
