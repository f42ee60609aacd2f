"""Arrays in shared memory: the owner makes and unlinks them, other processes only attach.

A block is a file that is mapped by whoever uses it. It lies in ``/dev/shm`` (the system's shared memory, on Linux)
and, where that is missing or too small (containers often give it 64 MiB), in the folder for temporary files. A view
keeps the mapping alive, so closing a block never pulls pixels from under a picture that is still drawn.
"""

from __future__ import annotations

import errno
import logging
import mmap
import os
import secrets
import stat
import sys
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from brainsr_desktop.core.errors import InternalError, OutOfMemory
from brainsr_desktop.ipc.messages import ArrayRef
from brainsr_desktop.language import tr

log = logging.getLogger(__name__)

PREFIX: Final = "brainsr-desktop_"
SPARE_BYTES: Final = 16 * 2**20
"""Left free in shared memory: its owner is not its only user."""
LARGEST_SHARE: Final = 0.7
"""A block must not take more of the free memory than this (FAULTS 65)."""


class SharedArray:
    """A block of this process: C order, zeroed. ``array`` is the view, ``ref`` its handle, ``close`` unlinks."""

    def __init__(self, array: NDArray[np.generic], path: Path) -> None:
        self._array: NDArray[np.generic] | None = array
        # Also for an owner that was forgotten, at the latest when the interpreter ends.
        self._unlink = weakref.finalize(self, _unlink, path)
        self._ref = ArrayRef(str(path), array.shape, array.dtype.str)

    @classmethod
    def create(cls, shape: tuple[int, ...], dtype: DTypeLike) -> SharedArray:
        """Make a block of that shape. May take long for gigabytes: the memory is reserved at once.

        Raises:
            OutOfMemory: neither shared memory nor the folder for temporary files has room.
        """
        kind = np.dtype(dtype)
        wanted = _checked_bytes(shape, kind)
        name = f"{PREFIX}{os.getpid()}_{secrets.token_hex(6)}"
        for folder in _folders():
            path = folder / name
            try:
                mapped = _create_mapped(path, wanted, folder)
            except OSError as error:
                log.info("No block of %d bytes in %s: %s", wanted, folder, error.strerror)
                continue
            return cls(_view(mapped, shape, kind), path)
        raise OutOfMemory(
            tr("There is not enough memory for {wanted:.0f} MiB of pixels.", wanted=wanted / 2**20),
            advice=tr("Close other programs or another series, or open fewer slices."),
        )

    @property
    def array(self) -> NDArray[np.generic]:
        """The pixels.

        Raises:
            InternalError: the block was closed.
        """
        if self._array is None:
            raise InternalError("A shared block was used after it had been closed.")
        return self._array

    @property
    def ref(self) -> ArrayRef:
        """What another process attaches with."""
        return self._ref

    @property
    def closed(self) -> bool:
        """Whether the block is unlinked."""
        return self._array is None

    def close(self) -> None:
        """Unlink the block. Views that are still held stay readable and free the memory with the last of them."""
        self._array = None
        self._unlink()


@contextmanager
def attach(ref: ArrayRef) -> Iterator[NDArray[np.generic]]:
    """The pixels of another process's block, for the length of the ``with``. Never unlinks.

    Raises:
        InternalError: the block is gone, is none of ours, or is smaller than the handle says.
    """
    path, kind = Path(ref.block), np.dtype(ref.dtype)
    wanted = _checked_bytes(ref.shape, kind)
    if not path.name.startswith(PREFIX):
        raise InternalError("A shared block has a foreign name.")
    try:
        descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise InternalError(f"A shared block is gone: {error.strerror}.") from error
    try:
        if os.fstat(descriptor).st_size < wanted:
            raise InternalError("A shared block is smaller than its handle says.")
        mapped = mmap.mmap(descriptor, max(wanted, 1))
    finally:
        os.close(descriptor)
    yield _view(mapped, ref.shape, kind)


@contextmanager
def scratch_file() -> Iterator[Path]:
    """A name for a file of this process, in memory where there is room for such; unlinked at the end.

    If this process is killed meanwhile, the next start sweeps it away like a block.
    """
    path = _folders()[0] / f"{PREFIX}{os.getpid()}_{secrets.token_hex(6)}"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def sweep_stale() -> int:
    """Unlink the blocks and scratch files of processes that ended without doing so; how many there were.
    Called at the start.
    """
    swept = 0
    for folder in _folders():
        for path in folder.glob(f"{PREFIX}*"):
            if _is_stale(path):
                try:
                    path.unlink()
                except OSError:  # in use on Windows, or another start was faster
                    continue
                swept += 1
    return swept


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except PermissionError:
        # Windows keeps a file while a child maps it; the next start sweeps it.
        log.info("A shared block is still in use and is left to the next start.")


def _folders() -> list[Path]:
    memory, temporary = Path("/dev/shm"), Path(tempfile.gettempdir())
    return [memory, temporary] if memory.is_dir() and os.access(memory, os.W_OK) else [temporary]


def _checked_bytes(shape: tuple[int, ...], kind: np.dtype[np.generic]) -> int:
    if kind.hasobject or any(side < 0 for side in shape):
        raise InternalError(f"No shared block can hold {kind} of shape {shape}.")
    wanted = kind.itemsize
    for side in shape:
        wanted *= side
    return wanted


def _create_mapped(path: Path, wanted: int, folder: Path) -> mmap.mmap:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_SHORT_LIVED", 0)
    descriptor = os.open(path, flags, stat.S_IRUSR | stat.S_IWUSR)
    try:
        _reserve(descriptor, max(wanted, 1), folder)
        return mmap.mmap(descriptor, max(wanted, 1))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def _reserve(descriptor: int, wanted: int, folder: Path) -> None:
    # A sparse block would end the process by SIGBUS when memory runs out at the first touch of a page.
    if sys.platform == "linux":
        room = os.statvfs(folder)
        if (
            room.f_bavail * room.f_frsize < wanted + SPARE_BYTES
            or wanted > LARGEST_SHARE * _free_memory_bytes()
        ):
            raise OSError(errno.ENOSPC, tr("too little room"))
        os.posix_fallocate(descriptor, 0, wanted)
    else:
        os.truncate(descriptor, wanted)


def _free_memory_bytes() -> float:
    """What Linux says can be had without swapping; infinite where it does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return float("inf")
    found = [int(line.split()[1]) * 1024.0 for line in lines if line.startswith("MemAvailable:")]
    return found[0] if found else float("inf")


def _view(mapped: mmap.mmap, shape: tuple[int, ...], kind: np.dtype[np.generic]) -> NDArray[np.generic]:
    return np.ndarray(shape, kind, buffer=mapped)


def _is_stale(path: Path) -> bool:
    owner = path.name.removeprefix(PREFIX).split("_")[0]
    return owner.isdecimal() and not _is_running(int(owner))


def _is_running(pid: int) -> bool:
    if pid == os.getpid():
        return True
    if sys.platform == "win32":
        return False  # a block in use cannot be unlinked there, and signal 0 would end the process
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
