"""Careful mode: a network sees the slice in all eight flips and turns, and the mean of what it makes is taken.

What the network's filters prefer in one direction averages out ("geometric self-ensemble", Lim 2017, arXiv
1707.02921); where the eight disagree, the network guesses. Costs eight times as much.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from brainsr_desktop.core.turns import COUNT, turned, turned_back
from brainsr_desktop.engine.runner import Job, Progress, Run, Runner

ORDER: Final = (0, 2, 4, 6, 1, 3, 5, 7)
"""Equal shapes one after the other: a backend may have to prepare itself for another shape."""


def run_careful(runner: Runner, job: Job) -> Run:
    """Enlarge a normalised slice as `Runner.run` does, eight times.

    The result is the mean, with the standard deviation of the eight as its ``spread``; notes are told once.

    Raises:
        As `Runner.run`; a job can be given up between two of the eight, too.
    """
    shape = tuple(side * job.recipe.scale for side in job.image.shape)
    mean, squares = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    notes: list[str] = []
    run: Run | None = None
    for done, number in enumerate(ORDER):
        job.check_cancelled()
        run = runner.run(replace(job, image=turned(job.image, number), progress=_part(job.progress, done)))
        notes += [note for note in run.notes if note not in notes]
        picture = turned_back(run.pixels, number)
        with np.errstate(over="ignore", invalid="ignore"):  # output that cannot be used is found out later
            change = picture - mean
            mean += change / np.float32(done + 1)
            squares += change * (picture - mean)
    assert run is not None
    with np.errstate(invalid="ignore"):
        spread = np.sqrt(squares / np.float32(COUNT))
    return Run(mean, run.backend, run.device, notes, spread, run.numbers)


def _part(progress: Progress, done: int) -> Progress:
    """The progress of one of the eight as a part of the whole."""
    return lambda tiles, of, note: progress(done * of + tiles, COUNT * of, note)
