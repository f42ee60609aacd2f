from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from brainsr_desktop.core.errors import ReadError
from brainsr_desktop.core.metrics import head_mask
from brainsr_desktop.train.bench import Bench, MadeBench, TrueSlice, open_slices
from brainsr_desktop.train.protocols import reduced_slice
from tests.engine.made_models import phantom
from tests.train.made_bench import bench_arrays, write_bench
from tests.train.made_data import write_stacks


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bench(tmp_path_factory.mktemp("bench") / "bench.npz")


def test_that_a_benchmark_is_read_as_it_was_written(path: Path) -> None:
    arrays = bench_arrays()
    with Bench(path) as bench:
        assert bench.numbers == [0, 1, 2, 3]
        assert bench.groups() == [(s, p) for s in (4, 2) for p in ("bicubic", "kspace", "noisy")]
        truth = bench.true_slice(1)
        assert truth.subject == "s1"
        assert truth.label == "T1 axi"
        np.testing.assert_array_equal(np.round(truth.pixels * 4095.0), arrays["hr_001"])
        assert truth.head.shape == truth.pixels.shape
        assert np.array_equal(np.packbits(truth.head), arrays["mask_001"])
        low = bench.low(1, 4, "noisy")
        assert low.dtype == np.float32
        np.testing.assert_array_equal(np.round(low * 4095.0), arrays["noisy_x4_001"])


def test_that_a_group_with_a_missing_input_is_left_out(tmp_path: Path) -> None:
    arrays = bench_arrays()
    del arrays["kspace_x4_002"]
    with Bench(write_bench(tmp_path / "b.npz", **arrays)) as bench:
        assert (4, "kspace") not in bench.groups()
        assert (2, "kspace") in bench.groups()


def test_that_the_real_benchmark_is_whole(shared: Path) -> None:
    with Bench(shared / "data" / "val_bench.npz") as bench:
        assert len(bench.numbers) == 60
        assert len(bench.groups()) == 6
        assert len({bench.true_slice(number).subject for number in bench.numbers}) == 8


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 cut"])
def test_that_another_file_is_no_benchmark(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "bench.npz"
    file.write_bytes(content)
    with pytest.raises(ReadError, match=r"bench\.npz") as caught:
        Bench(file)
    assert caught.value.path == file


def test_that_a_stack_file_becomes_slices_with_inputs(tmp_path: Path) -> None:
    path = write_stacks(tmp_path / "val.npz")
    with open_slices(path) as slices:
        assert slices.name == "val.npz"
        assert slices.numbers == list(range(6))
        assert slices.groups() == [(s, p) for s in (4, 2) for p in ("bicubic", "kspace", "noisy")]
        truth = slices.true_slice(3)
        assert (truth.subject, truth.lesion) == ("subject-1", None)
        assert truth.label.startswith("T1")
        assert np.array_equal(truth.head, head_mask(truth.pixels))
        low = slices.low(3, 4, "noisy")
        assert np.array_equal(low, reduced_slice(truth.pixels, "noisy", 4, 3))
    with open_slices(write_bench(tmp_path / "bench.npz")) as slices:
        assert slices.numbers == [0, 1, 2, 3]


def test_that_slices_are_cut_to_what_both_scales_divide() -> None:
    pixels = phantom(41, 50)
    lesion = pixels > 600.0
    whole = TrueSlice(7, "s", "T2", pixels, np.ones(pixels.shape, np.bool_), lesion)
    bench = MadeBench("mine", [whole])
    truth = bench.true_slice(7)
    assert truth.lesion is not None
    assert truth.pixels.shape == truth.head.shape == truth.lesion.shape == (40, 48)
    assert np.array_equal(truth.pixels, pixels[:40, :48])
    assert np.array_equal(truth.lesion, lesion[:40, :48])
    assert bench.low(7, 4, "kspace").shape == (10, 12)


@pytest.mark.parametrize("content", [None, b"not a zip"])
def test_that_neither_bench_nor_stack_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "x.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ReadError, match=r"x\.npz"), open_slices(path):
        pass


def test_that_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"no\.npz"):
        Bench(tmp_path / "no.npz")


@pytest.mark.parametrize(
    "meta",
    [
        np.array(["no json"]),
        np.array(["{}"]),
        np.array(['{"i": "x"}']),
        np.array(["[]"]),
        np.array([{"i": 0}], dtype=object),
    ],
)
def test_that_foul_descriptions_are_refused(tmp_path: Path, meta: Any) -> None:
    arrays = {**bench_arrays(1), "meta": meta}
    with pytest.raises(ReadError):
        Bench(write_bench(tmp_path / "b.npz", **arrays))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hr_000", np.zeros(5, np.uint16)),
        ("hr_000", np.array([["text"]])),
        ("mask_000", np.zeros(3, np.uint8)),
        ("mask_000", np.zeros((72, 64), np.float32)),
    ],
)
def test_that_a_foul_picture_is_refused_when_it_is_wanted(tmp_path: Path, name: str, value: Any) -> None:
    with (
        Bench(write_bench(tmp_path / "b.npz", **{**bench_arrays(1), name: value})) as bench,
        pytest.raises(ReadError),
    ):
        bench.true_slice(0)


def test_that_a_damaged_picture_is_refused_when_it_is_wanted(tmp_path: Path) -> None:
    path = write_bench(tmp_path / "b.npz")
    content = bytearray(path.read_bytes())
    at = content.index(b"hr_002.npy") + 200
    content[at : at + 50] = bytes(50)
    path.write_bytes(content)
    with Bench(path) as bench, pytest.raises(ReadError, match="hr_002"):
        bench.true_slice(2)
