"""The source files of an export: data sets, digests, and whether they are still the ones that were opened."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from brainsr_desktop.core.errors import ReadError
from brainsr_desktop.core.series import FrameInfo, StackInfo
from brainsr_desktop.io.dicom_read import read_dataset
from brainsr_desktop.io.dicom_sources import SourceSlice, source_slice
from brainsr_desktop.io.export_journal import file_digest
from brainsr_desktop.io.load import frame_digest, load_stack
from brainsr_desktop.io.messages import OpenExport
from brainsr_desktop.language import tr

_State = tuple[int, int, int, int]


class SourceFiles:
    """Reads headers again when a slice is written; keeps the last one, for a file may hold many slices."""

    def __init__(self, stack: StackInfo) -> None:
        self._stack = stack
        self._last: tuple[tuple[str, str | None], Dataset] | None = None
        self._digests: dict[str, str] = {}
        paths = {frame.path for frame in stack.frames if frame is not None}
        self._states = {path: _state(path) for path in paths}

    def slice(self, frame: FrameInfo) -> SourceSlice:
        """What the header says of one picture.

        Raises:
            ReadError: the file cannot be read any more.
        """
        key = (frame.path, frame.member)
        if self._last is None or self._last[0] != key:
            self._last = (key, read_dataset(frame))
        return source_slice(self._last[1], frame)

    def units(self, index: int) -> NDArray[np.float32] | None:
        """The slice of a frame in units; None where it is missing or cannot be read."""
        frame = self._stack.frames[index]
        if frame is None:
            return None
        pixels = np.zeros(self._stack.shape, self._stack.dtype)  # untouched pages take no memory
        _, problems = load_stack(self._stack, pixels, indices=(index,))
        if problems:
            return None
        values = np.asarray(pixels[index], np.float64) * frame.slope + frame.intercept
        return values.astype(np.float32)

    def is_unchanged(self, frame: FrameInfo) -> bool:
        """Whether the file has the size, the time and the place on disk that it had when the export was opened."""
        try:
            return _state(frame.path) == self._states[frame.path]
        except ReadError:
            return False

    def digest(self, frame: FrameInfo) -> str:
        """Hex SHA-256 of the file a picture lies in."""
        if frame.path not in self._digests:
            try:
                self._digests[frame.path] = file_digest(Path(frame.path))
            except OSError as error:
                raise _gone(frame.path, error) from error
        return self._digests[frame.path]


def check_source(request: OpenExport, check_cancelled: Callable[[], None]) -> tuple[float, float] | None:
    """Read the source once more: refuse it if its pixels are not those that were loaded.

    Returns the smallest and largest finite stored value of a source with more than 16 bits, else None.

    Raises:
        ReadError: the source has changed since it was loaded, or cannot be read any more.
    """
    stack = request.stack
    if not request.stack_digest and np.dtype(stack.dtype).itemsize <= 2:
        return None
    pixels = np.zeros(stack.shape, stack.dtype)
    digest, problems = load_stack(stack, pixels, check_cancelled=check_cancelled)
    if request.stack_digest not in ("", digest, _digest_of(pixels, request)):
        reason = f" ({problems[0].reason})" if problems else ""
        raise ReadError(
            tr("The source files have changed since they were opened{reason}.", reason=reason),
            advice=tr("Open the source folder again, then export."),
        )
    if np.dtype(stack.dtype).itemsize <= 2:
        return None
    finite = pixels[np.isfinite(pixels)]
    return (float(finite.min()), float(finite.max())) if finite.size else None


def _digest_of(pixels: NDArray[Any], request: OpenExport) -> str:
    """What loading the frames that the request's digest covers would give now."""
    covered = request.indices if request.loaded_indices is None else request.loaded_indices
    parts = (frame_digest(request.stack.frames[index], pixels[index]) for index in sorted(covered))
    return hashlib.sha256(b"".join(parts)).hexdigest()


def _state(path: str) -> _State:
    try:
        found = os.stat(path)  # noqa: PTH116 - one call for four facts
    except OSError as error:
        raise _gone(path, error) from error
    return found.st_size, found.st_mtime_ns, found.st_dev, found.st_ino


def _gone(path: str, error: OSError) -> ReadError:
    return ReadError(
        tr(
            "The source file {name} cannot be read any more: {reason}.",
            name=Path(path).name,
            reason=error.strerror,
        ),
        advice=tr("Open the source folder again."),
        path=path,
    )
