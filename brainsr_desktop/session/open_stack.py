"""A stack whose pixels are in memory, or on their way there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.measure import Padding, padding_of
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.ipc.messages import ArrayRef
from brainsr_desktop.ipc.shared_array import SharedArray
from brainsr_desktop.language import tr
from brainsr_desktop.session.pictures import stack_name

_CUT: Final = "TRUNCATED_PIXELS"
_LOST: Final = frozenset({"GONE", "NO_PERMISSION", "READ_ERROR"})


class OpenStack:
    """The block of a stack and what is known of each of its frames. Belongs to one thread."""

    def __init__(self, stack: StackInfo) -> None:
        self.stack = stack
        self.name = stack_name(stack)
        self.digest = ""
        """Covers UIDs and pixels; known when everything is loaded."""
        self.problems: dict[int, Problem] = {}
        self.trouble = ""
        """Why nothing more can be loaded; empty when all is well."""
        self._block: SharedArray | None = None
        self._loaded: dict[int, NDArray[np.generic]] = {}
        self._cut: dict[int, NDArray[np.generic]] = {}
        self._padding: dict[int, Padding | None] = {}

    @property
    def complete(self) -> bool:
        """Whether every frame was loaded or found to be unreadable."""
        return self.digest != ""

    @property
    def ref(self) -> ArrayRef | None:
        """Handle of the block; None before it was made and after it was closed."""
        return None if self._block is None else self._block.ref

    @property
    def block(self) -> SharedArray | None:
        """The block itself."""
        return self._block

    def take_block(self, block: SharedArray) -> None:
        """Own a new block."""
        self._block = block

    def frame_loaded(self, index: int, problem: Problem | None) -> None:
        """A frame lies in the block, or could not be decoded."""
        self.problems.pop(index, None)
        self._cut.pop(index, None)
        if problem is not None:
            self.problems[index] = problem
            if problem.code == _CUT and self._block is not None:
                self._cut[index] = self._block.array[index]
        elif self._block is not None and self.stack.frames[index] is not None:
            self._loaded[index] = self._block.array[index]

    def pixels(self, index: int) -> NDArray[np.generic] | None:
        """Stored values of a frame, (rows, columns) or (rows, columns, 3), always the same view; None: not there."""
        return self._loaded.get(index)

    def cut_pixels(self, index: int) -> NDArray[np.generic] | None:
        """As `pixels`, of a frame whose file ends early: to be shown, not enhanced; rows that are not there are 0."""
        return self._cut.get(index)

    def padding(self, index: int) -> Padding | None:
        """Which pixels of a frame are no image, always the same object; None where all of it is, and in colour."""
        frame, stored = self.stack.frames[index], self._loaded.get(index)
        if frame is None or frame.padding is None or stored is None or stored.ndim != 2:
            return None
        if index not in self._padding:
            self._padding[index] = padding_of(stored, *frame.padding)
        return self._padding[index]

    def has(self, index: int) -> bool:
        """Whether a frame can be shown and enhanced."""
        return index in self._loaded

    def loaded(self, volume: int) -> tuple[int, ...]:
        """Indices of the loaded frames of a volume."""
        first = volume * self.stack.slices
        return tuple(index for index in range(first, first + self.stack.slices) if index in self._loaded)

    def missing(self) -> tuple[int, ...]:
        """Frames that are still to be loaded."""
        frames = enumerate(self.stack.frames)
        return tuple(
            index
            for index, frame in frames
            if frame is not None and index not in self._loaded and index not in self.problems
        )

    def lost(self) -> tuple[int, ...]:
        """Frames whose files could be read when they were found, and cannot be now."""
        return tuple(index for index, problem in self.problems.items() if problem.code in _LOST)

    def hope_again(self) -> None:
        """Lost frames may come back: everything is loaded once more."""
        for index in self.lost():
            del self.problems[index]
        self.trouble = self.digest = ""

    def why_missing(self, index: int) -> str:
        """Why a frame cannot be shown; empty while it may still come."""
        if self.stack.frames[index] is None:
            return tr("There is no picture at this position.")
        problem = self.problems.get(index)
        return problem.reason if problem is not None else self.trouble

    def close(self) -> None:
        """Unlink the block. Pictures that are still shown stay readable."""
        self._loaded.clear()
        self._cut.clear()
        self._padding.clear()
        if self._block is not None:
            self._block.close()
            self._block = None


def find(stacks: Iterable[OpenStack], name: str) -> OpenStack | None:
    """The open stack of that name."""
    return next((opened for opened in stacks if opened.name == name), None)
