from __future__ import annotations

import errno
import gc
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainsr_desktop.core.errors import InternalError, OutOfMemory
from brainsr_desktop.ipc import shared_array
from brainsr_desktop.ipc.client import BlockingClient
from brainsr_desktop.ipc.messages import ArrayRef
from brainsr_desktop.ipc.shared_array import PREFIX, SharedArray, attach, sweep_stale
from tests.ipc.children import TARGET, Do, Done

ROOT = Path(__file__).parents[2]


def test_that_a_new_block_is_zero() -> None:
    block = SharedArray.create((3, 4, 5), "int16")
    assert block.array.shape == (3, 4, 5)
    assert block.array.dtype == np.int16
    assert not block.array.any()
    block.close()


@given(
    shape=st.lists(st.integers(0, 6), max_size=4).map(tuple),
    dtype=st.sampled_from(["uint8", "int16", "uint16", "int32", "float32"]),
)
@settings(max_examples=30)
def test_that_what_one_side_writes_the_other_reads(shape: tuple[int, ...], dtype: str) -> None:
    block = SharedArray.create(shape, dtype)
    values = np.arange(block.array.size).reshape(shape).astype(dtype)
    with attach(block.ref) as seen:
        seen[...] = values
    np.testing.assert_array_equal(block.array, values)
    block.close()


def test_that_a_child_writes_into_the_block_and_leaves_it_alone() -> None:
    block = SharedArray.create((7, 11), "float32")
    with BlockingClient(TARGET, name="test") as client:
        answer = client.call(lambda job: Do(job, "fill", 3.0, block.ref))
    assert isinstance(answer, Done)
    assert answer.value == 3.0 * 77
    assert Path(block.ref.block).exists()
    assert np.all(block.array == 3.0)
    block.close()


def test_that_close_unlinks_and_a_view_stays_readable() -> None:
    block = SharedArray.create((100,), "uint8")
    view = block.array
    view[...] = 9
    block.close()
    block.close()
    assert not Path(block.ref.block).exists()
    assert np.all(view == 9)
    with pytest.raises(InternalError):
        block.array  # noqa: B018
    with pytest.raises(InternalError), attach(block.ref):
        pass


def test_that_a_block_nobody_owns_any_more_is_unlinked_and_its_view_stays() -> None:
    block = SharedArray.create((10,), "uint8")
    view, path = block.array, Path(block.ref.block)
    view[...] = 3
    del block
    gc.collect()
    assert not path.exists()
    assert np.all(view == 3)


def test_that_a_handle_larger_than_its_block_is_refused() -> None:
    block = SharedArray.create((10,), "uint8")
    for wrong in (ArrayRef(block.ref.block, (1_000_000,), "|u1"), ArrayRef(block.ref.block, (-1,), "|u1")):
        with pytest.raises(InternalError), attach(wrong):
            pass
    block.close()


def test_that_a_foreign_file_is_not_attached(tmp_path: Path) -> None:
    path = tmp_path / "picture.dcm"
    path.write_bytes(bytes(100))
    with pytest.raises(InternalError), attach(ArrayRef(str(path), (100,), "|u1")):
        pass


def test_that_objects_are_refused() -> None:
    with pytest.raises(InternalError):
        SharedArray.create((1,), "object")


def test_that_a_block_lies_in_the_next_folder_if_shared_memory_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = shared_array._create_mapped
    full = tmp_path / "full"

    def create(path: Path, wanted: int, folder: Path) -> object:
        if folder == full:
            raise OSError(errno.ENOSPC, "full")
        return real(path, wanted, folder)

    monkeypatch.setattr(shared_array, "_folders", lambda: [full, tmp_path])
    monkeypatch.setattr(shared_array, "_create_mapped", create)
    block = SharedArray.create((5,), "uint8")
    assert Path(block.ref.block).parent == tmp_path
    block.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell their room in time")
def test_that_more_than_there_is_is_refused_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_array, "_folders", lambda: [tmp_path])
    with pytest.raises(OutOfMemory, match="memory"):
        SharedArray.create((2**50,), "uint8")
    assert list(tmp_path.iterdir()) == []


def test_that_blocks_of_ended_processes_are_swept_and_others_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_array, "_folders", lambda: [tmp_path])
    ended = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    stale = tmp_path / f"{PREFIX}{int(ended.stdout)}_aa"
    parents = tmp_path / f"{PREFIX}{os.getppid()}_aa"
    foreign = tmp_path / "other_12_aa"
    for path in (stale, parents, foreign, tmp_path / f"{PREFIX}odd"):
        path.touch()
    mine = SharedArray.create((5,), "uint8")
    assert sweep_stale() == 1
    assert not stale.exists()
    assert all(path.exists() for path in (parents, foreign, Path(mine.ref.block)))
    mine.close()


def test_that_a_killed_owner_leaves_a_block_that_the_next_sweep_takes() -> None:
    script = (
        "import os; from brainsr_desktop.ipc.shared_array import SharedArray\n"
        "block = SharedArray.create((9,), 'uint8')\n"
        "print(block.ref.block, flush=True); os.kill(os.getpid(), 9)"
    )
    run = [sys.executable, "-c", script]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    left = Path(
        subprocess.run(run, capture_output=True, text=True, env=environment, check=False).stdout.strip()
    )
    assert left.name.startswith(PREFIX)
    assert left.exists()
    sweep_stale()
    assert not left.exists()


def test_that_neither_owner_nor_child_warns_at_its_end() -> None:
    script = """
from brainsr_desktop.ipc.client import BlockingClient
from brainsr_desktop.ipc.shared_array import SharedArray
from tests.ipc.children import TARGET, Do
if __name__ == "__main__":
    block = SharedArray.create((9,), "uint8")
    with BlockingClient(TARGET, name="test") as client:
        client.call(lambda job: Do(job, "fill", 1.0, block.ref))
    block.close()
"""
    run = [sys.executable, "-W", "default", "-X", "dev", "-c", script]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert subprocess.run(run, capture_output=True, text=True, env=environment, check=True).stderr == ""
