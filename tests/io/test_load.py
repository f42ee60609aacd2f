"""Pixels of a stack into an array: order, digest, what happens when a file goes away meanwhile (faults 24, 41, 80)."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from brainsr_desktop.core.errors import Cancelled, Problem
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io.load import load_stack, loading_order, read_frame
from brainsr_desktop.io.readers import Readers
from brainsr_desktop.io.scan import scan_all
from brainsr_desktop.io.thumbnail import thumbnail
from tests import phantom


def one(path: Path) -> StackInfo:
    """The one stack of a path."""
    (stack,) = [stack for series in scan_all([str(path)])[0] for stack in series.stacks]
    return stack


def empty(stack: StackInfo) -> NDArray[Any]:
    """A block for a stack, full of rubbish."""
    return np.full(stack.shape, 77, stack.dtype)


def test_that_the_middle_slice_comes_first_and_all_arrive(tmp_path: Path) -> None:
    phantom.classic(tmp_path, pixels=phantom.head(slices=7))
    stack, told = one(tmp_path), list[int]()
    out = empty(stack)
    digest, problems = load_stack(stack, out, on_frame=lambda index, _: told.append(index))
    assert told[0] == 3 and sorted(told) == list(range(7))
    assert np.array_equal(out, phantom.head(slices=7))
    assert problems == () and len(digest) == 64


def test_that_each_volume_is_loaded_from_its_middle() -> None:
    assert loading_order(range(6), 3) == [1, 0, 2, 4, 3, 5]
    assert loading_order([5, 0, 4], 3) == [0, 4, 5]


def test_that_some_frames_alone_can_be_loaded(tmp_path: Path) -> None:
    phantom.classic(tmp_path)
    stack = one(tmp_path)
    out = empty(stack)
    load_stack(stack, out, indices=(1, 4))
    assert np.array_equal(out[[1, 4]], phantom.head()[[1, 4]])
    assert np.all(out[[0, 2, 3, 5]] == 77)


def test_that_the_digest_covers_pixels_and_identities_not_the_order_of_reading(tmp_path: Path) -> None:
    phantom.classic(tmp_path / "a", series=1)
    phantom.classic(tmp_path / "b", series=2)
    phantom.classic(tmp_path / "c", series=1, pixels=phantom.head() + np.eye(48, 40, dtype=np.uint16))
    digests = []
    for name in "abc":
        stack = one(tmp_path / name)
        digests.append(load_stack(stack, empty(stack))[0])
    assert len(set(digests)) == 3
    stack = one(tmp_path / "a")
    assert load_stack(stack, empty(stack), indices=(5, 4, 3, 2, 1, 0))[0] == digests[0]


def test_that_files_which_change_or_vanish_cost_only_their_slice(tmp_path: Path) -> None:
    paths = phantom.classic(tmp_path, pixels=phantom.head(slices=7))
    stack = one(tmp_path)
    paths[0].unlink()
    paths[1].write_bytes(paths[2].read_bytes())
    paths[3].write_bytes(paths[3].read_bytes()[:-1000])
    paths[4].write_bytes(b"")
    phantom.classic(tmp_path, pixels=phantom.head(slices=7, rows=56), skip=(0, 1, 2, 3, 4, 6))
    told: dict[int, Problem | None] = {}
    out = empty(stack)
    problems = load_stack(stack, out, on_frame=told.__setitem__)[1]
    codes = {index: problem.code for index, problem in told.items() if problem}
    assert codes == {0: "GONE", 1: "CHANGED", 3: "TRUNCATED_PIXELS", 4: "NOT_DICOM", 5: "CHANGED"}
    assert len(problems) == 5
    assert np.array_equal(out[2], phantom.head(slices=7)[2]) and np.array_equal(
        out[6], phantom.head(slices=7)[6]
    )
    assert not out[0].any() and not out[1].any()
    assert out[3, :30].any() and not out[3, -10:].any()


def test_that_a_missing_picture_of_a_volume_is_told(tmp_path: Path) -> None:
    for echo in (1, 2):
        phantom.classic(
            tmp_path,
            prefix=f"E{echo}-",
            skip=(2,) if echo == 2 else (),
            edit=lambda ds, n, echo=echo: (
                ds.__setattr__("EchoTime", 10.0 * echo)  # type: ignore[misc]
                or ds.__setattr__("SOPInstanceUID", f"1.2.{echo}.{n}")
            ),
        )
    stack = one(tmp_path)
    told: dict[int, Problem | None] = {}
    load_stack(stack, empty(stack), on_frame=told.__setitem__)
    assert {index: problem.code for index, problem in told.items() if problem} == {8: "MISSING_SLICE"}


def test_that_a_load_can_be_cancelled(tmp_path: Path) -> None:
    phantom.classic(tmp_path)
    stack, told = one(tmp_path), list[int]()

    def check() -> None:
        if len(told) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        load_stack(stack, empty(stack), on_frame=lambda index, _: told.append(index), check_cancelled=check)
    assert len(told) == 2


def test_that_a_block_of_another_shape_or_kind_is_refused(tmp_path: Path) -> None:
    phantom.classic(tmp_path)
    stack = one(tmp_path)
    for block in (np.zeros((5, 48, 40), np.uint16), np.zeros(stack.shape, np.float32)):
        with pytest.raises(ValueError, match="is needed"):
            load_stack(stack, block)


def test_that_slices_in_an_archive_are_loaded(tmp_path: Path) -> None:
    paths = phantom.classic(tmp_path / "files")
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for path in paths:
            packed.write(path, f"deep/{path.name}")
    stack = one(tmp_path / "a.zip")
    out = empty(stack)
    assert load_stack(stack, out)[1] == ()
    assert np.array_equal(out, phantom.head())


def test_that_one_frame_can_be_read_alone(tmp_path: Path) -> None:
    phantom.classic(tmp_path)
    pixels, problem = read_frame(one(tmp_path), 2)
    assert problem is None and np.array_equal(pixels, phantom.head()[2])


def test_that_a_thumbnail_keeps_the_proportions_of_the_patient(tmp_path: Path) -> None:
    phantom.classic(tmp_path, spacing_mm=(1.0, 2.4))
    small = thumbnail(one(tmp_path), 96)
    assert small.shape == (48, 96) and small.dtype == np.uint8
    assert small.min() == 0 and small.max() == 255


def test_that_thumbnails_of_flat_inverted_and_broken_slices_are_made(tmp_path: Path) -> None:
    phantom.classic(tmp_path / "flat", pixels=np.full((1, 40, 40), 9, np.uint16))
    assert thumbnail(one(tmp_path / "flat")).shape == (96, 80)
    plain = phantom.classic(tmp_path / "plain", pixels=phantom.head(slices=1))
    phantom.classic(
        tmp_path / "inverted",
        pixels=phantom.head(slices=1),
        edit=phantom.with_value("PhotometricInterpretation", "MONOCHROME1"),
    )
    total = thumbnail(one(tmp_path / "plain")).astype(int) + thumbnail(one(tmp_path / "inverted"))
    assert np.abs(total - 255).max() <= 2
    stack = one(tmp_path / "plain")
    plain[0].unlink()
    assert not thumbnail(stack).any()


def test_that_a_reader_that_hangs_is_left_behind() -> None:
    import threading

    gate = threading.Event()

    def read(number: int) -> int:
        if number == 3:
            gate.wait(30)
        if number == 5:
            raise OSError(5, "broken")
        return number * number

    with Readers(threads=1, limit_s=0.2) as readers:
        results = dict(readers.map(read, range(8)))
    gate.set()
    assert isinstance(results[3], TimeoutError) and isinstance(results[5], OSError)
    assert [results[number] for number in (0, 1, 2, 4, 6, 7)] == [0, 1, 4, 16, 36, 49]
