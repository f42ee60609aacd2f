"""Finds the series of some paths, in the files process: a decoder that dies there does not end the command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from brainsr_desktop.cli.console import Console
from brainsr_desktop.core.errors import InternalError, NotAnImage, Problem, UsageError
from brainsr_desktop.core.series import ScanSummary, StackInfo
from brainsr_desktop.io.messages import ScanDone, ScanSources, SeriesFound
from brainsr_desktop.ipc.client import BlockingClient
from brainsr_desktop.ipc.messages import Answer, Progress

FILES_CHILD: Final = "brainsr_desktop.io.child:main"


@dataclass(frozen=True, slots=True)
class Found:
    """What a scan found; ids of stacks are unique in it. ``patients``: whose a series is, by its UID, "" if unknown."""

    stacks: tuple[StackInfo, ...]
    summary: ScanSummary
    patients: Mapping[str, str] = field(default_factory=dict)

    @property
    def elsewhere(self) -> tuple[Problem, ...]:
        """What was told of neither a file left out nor a series: a folder that may not be read, a cut archive."""
        told = {problem for stack in self.stacks for problem in stack.problems}
        return tuple(problem for problem in self.summary.problems if problem not in told)

    def chosen(self, ids: Sequence[str] | None) -> tuple[StackInfo, ...]:
        """The stacks of those ids, or every one that a network may run on.

        Raises:
            UsageError: an id does not exist.
            NotAnImage: there is nothing that can be used.
        """
        if ids is None:
            supported = tuple(stack for stack in self.stacks if stack.supported)
            if not supported:
                raise NotAnImage(self._why_nothing(), advice="brainsr info lists what is there.")
            return supported
        known = {stack.id: stack for stack in self.stacks}
        unknown = [name for name in ids if name not in known]
        if unknown:
            raise UsageError(
                f"--series: there is no series {', '.join(unknown)}.",
                advice=f"There are: {', '.join(known) or 'none'}.",
            )
        return tuple(known[name] for name in dict.fromkeys(ids))

    def _why_nothing(self) -> str:
        if not self.stacks:
            return f"There is no image among the {self.summary.seen} files."
        reasons = sorted({stack.why_not or "" for stack in self.stacks})
        return f"None of the {len(self.stacks)} series can be used: {', '.join(reasons)}."


def scan(files: BlockingClient, paths: Sequence[str], console: Console) -> Found:
    """Read the headers of everything below ``paths``; the stacks in the order in which a browser lists them."""
    stacks: list[StackInfo] = []
    patients: dict[str, str] = {}
    places = tuple(str(Path(path).absolute()) for path in paths)
    with console.bar(0, "Reading headers", unit="file") as bar:
        done = 0

        def on_answer(answer: Answer) -> None:
            nonlocal done
            if isinstance(answer, SeriesFound):
                stacks.extend(answer.series.stacks)
                study = answer.series.study
                patients[answer.series.series_uid] = study.patient_id or study.patient_name
            elif isinstance(answer, Progress):
                bar.update(answer.done - done)
                done = answer.done

        ended = files.call(lambda job: ScanSources(job, places), on_answer)
    if not isinstance(ended, ScanDone):
        raise InternalError(f"A scan ended with {type(ended).__name__}.")
    return Found(tuple(sorted(stacks, key=lambda stack: _natural(stack.id))), ended.summary, patients)


def _natural(name: str) -> tuple[int, str]:
    return (int(name), "") if name.isdecimal() else (1 << 62, name)
