"""What the tests of the faults share: the real files process, and what it made of a folder, as the user gets it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.series import ScanSummary, StackInfo
from brainsr_desktop.io import messages
from brainsr_desktop.ipc.client import BlockingClient
from brainsr_desktop.ipc.shared_array import SharedArray
from tests import phantom

GOOD: Final = 900
"""Number of the sound series that lies beside every fault: it must always be shown."""
ONE = phantom.head(slices=1)
"""One slice (1, 48, 40)."""


@dataclass(frozen=True)
class Seen:
    """What the program made of a folder: stacks but for the sound one, what was told, and what is shown.

    ``pixels`` and ``told`` go by the id of the stack; ``told`` has the problem of each frame that has one.
    """

    stacks: tuple[StackInfo, ...]
    summary: ScanSummary
    pixels: Mapping[str, NDArray[Any]]
    told: Mapping[str, Mapping[int, Problem]]

    @property
    def stack(self) -> StackInfo:
        """The only stack beside the sound one."""
        (stack,) = self.stacks
        return stack

    @property
    def shown(self) -> NDArray[Any]:
        """Stored values (frame, row, column) of the only stack."""
        return self.pixels[self.stack.id]

    @property
    def problem(self) -> Problem:
        """The only thing that was told, by the scan or while loading; the same twice is one."""
        (problem,) = self.problems
        return problem

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All that was told, in the order of the list."""
        loading = [problem for frames in self.told.values() for problem in frames.values()]
        return tuple(dict.fromkeys([*self.summary.skipped, *self.summary.problems, *loading]))

    @property
    def codes(self) -> list[str]:
        """Reason codes of all that was told."""
        return [problem.code for problem in self.problems]


class Onlooker:
    """Opens folders in one real files process and watches that it lives, and writes nothing anywhere."""

    def __init__(self, client: BlockingClient, home: Path) -> None:
        self._client = client
        self._home = home

    @property
    def pid(self) -> int | None:
        """Process number of the files process."""
        return self._client.pid

    def look(self, folder: Path, *paths: Path, password: str | None = None) -> Seen:
        """Open ``paths`` (the folder itself if none), load every stack; the folder must hold the sound series."""
        before, pid = digests(folder), self._client.pid
        found: list[StackInfo] = []
        summary = self.scan(
            paths or (folder,),
            lambda part: found.append(part) if isinstance(part, StackInfo) else None,
            password,
        )
        pixels, told = {}, {}
        for stack in found:
            pixels[stack.id], told[stack.id] = self.load(stack)
        assert self._client.pid == pid, "the files process died"
        assert digests(folder) == before, "something was written into the opened folder"
        assert not digests(self._home), "something was written into a home or a temporary folder"
        assert summary.seen == summary.used + len(summary.skipped), "a file is unaccounted for"
        good = [stack for stack in found if stack.series_number == GOOD]
        if not paths:
            (sound,) = good
            assert np.array_equal(pixels[sound.id], phantom.head(slices=3)) and not told[sound.id]
            assert sound.supported
        others = tuple(stack for stack in found if stack not in good)
        return Seen(others, summary, pixels, told)

    def scan(
        self, paths: tuple[Path, ...], on_answer: Callable[[Any], None], password: str | None = None
    ) -> ScanSummary:
        """Scan; ``on_answer`` gets every stack, and what else is said before the end."""

        def hear(answer: object) -> None:
            for part in answer.series.stacks if isinstance(answer, messages.SeriesFound) else (answer,):
                on_answer(part)

        done = self._client.call(
            lambda job: messages.ScanSources(job, tuple(map(str, paths)), password=password), hear
        )
        assert isinstance(done, messages.ScanDone)
        return done.summary

    def load(self, stack: StackInfo) -> tuple[NDArray[Any], dict[int, Problem]]:
        """The stored values of a stack, and the problem of each frame that has one."""
        block = SharedArray.create(stack.shape, np.dtype(stack.dtype))
        told: dict[int, Problem] = {}

        def note(answer: object) -> None:
            if isinstance(answer, messages.FrameLoaded) and answer.problem is not None:
                told[answer.index] = answer.problem

        try:
            self._client.call(lambda job: messages.LoadStack(job, stack, block.ref), note)
            return block.array.copy(), told
        finally:
            block.close()

    def header(self, stack: StackInfo, index: int = 0) -> messages.HeaderRead:
        """What the header dialog shows."""
        answer = self._client.call(lambda job: messages.ReadHeader(job, stack, index))
        assert isinstance(answer, messages.HeaderRead)
        return answer


def digests(folder: Path) -> dict[str, str]:
    """Every name below a folder, with the digest of what it holds; links and special files are not followed."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file() and not path.is_symlink()
        else "-"
        for path in sorted(folder.rglob("*"))
    }


def sound(folder: Path) -> Path:
    """A folder with the sound series in it, to be opened whole."""
    phantom.classic(folder / "good", pixels=phantom.head(slices=3), series=GOOD)
    return folder


Spoil = Callable[..., Seen]
"""Of the fixture ``spoiled``: one slice with a fault, written beside the sound series and looked at."""
