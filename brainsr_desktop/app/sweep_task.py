"""A sweep on its way through the engine: which pictures are left, and what the others scored."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

from brainsr_desktop.session.cache import Result
from brainsr_desktop.session.exporting import frame_key
from brainsr_desktop.session.open_stack import OpenStack
from brainsr_desktop.session.pictures import ResultKey
from brainsr_desktop.session.planner import Stage, Urgency, Want, WeightsOf
from brainsr_desktop.session.sweep import Point, SweepRequest
from brainsr_desktop.session.sweep_table import Table

AT_ONCE: Final = 4
"""So many pictures are put into the plan; more than the engine holds, so that it never runs dry."""


class SweepTask:
    """The pictures of a sweep: one model after another, so that each is loaded once."""

    def __init__(self, number: int, opened: OpenStack, request: SweepRequest, weights_of: WeightsOf) -> None:
        self.number = number
        self.opened = opened
        self.table = Table(request.sweep)
        self.total = request.total
        self.failed = 0
        self._weights_of = weights_of
        self._left = deque(_in_order(request))
        self._next: dict[ResultKey, tuple[Point, Want]] = {}
        self._loaded = {card.name for card in request.sweep.interpolations}

    @property
    def done(self) -> int:
        """How many pictures are made or given up."""
        return self.total - len(self._left) - len(self._next)

    @property
    def finished(self) -> bool:
        """Whether nothing is left."""
        return not self._left and not self._next

    def look(self, result_of: Callable[[ResultKey], Result | None]) -> None:
        """Put the next pictures whose pixels are there into the plan; take the figures of what is made already."""
        while self._left and len(self._next) < AT_ONCE:
            point, frame = self._left[0]
            if not self.opened.has(frame):
                if not self.opened.why_missing(frame):
                    return  # it may still come
                self.failed += 1
                self._left.popleft()
                continue
            self._left.popleft()
            key = frame_key(self.opened.stack, frame, point.recipe, self._weights_of)
            self._next[key] = point, Want(key, point.recipe, Stage.SCORE, Urgency.JOB)
            made = result_of(key)
            if made is not None:
                self.on_result(key, made)

    def wants(self) -> Iterator[Want]:
        """What is in the plan."""
        return iter([want for _, want in self._next.values()])

    def on_result(self, key: ResultKey, result: Result) -> None:
        """A picture was made: its figures count, unless an interpolation stands in for a network that failed."""
        item = self._next.pop(key, None)
        if item is None:
            return
        if result.fallback or not result.scores:
            self.failed += 1
            return
        point, _ = item
        index = key.frame % self.opened.stack.slices
        # The first picture of a network waits until it is loaded.
        seconds = result.seconds if point.model in self._loaded else None
        self._loaded.add(point.model)
        self.table.add(point.model, point.values, index, dict(result.scores), seconds)

    def on_failure(self, key: ResultKey) -> None:
        """A picture could not be made."""
        if self._next.pop(key, None) is not None:
            self.failed += 1


def _in_order(request: SweepRequest) -> Iterator[tuple[Point, int]]:
    for _, group in itertools.groupby(request.sweep.points(), lambda point: point.model):
        of_model = list(group)
        for frame in request.frames:
            for point in of_model:
                yield point, frame
