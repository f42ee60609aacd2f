"""Enhance a whole series: which slices are left, and how far it is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.session.exporting import job_want, suitable
from brainsr_desktop.session.open_stack import OpenStack
from brainsr_desktop.session.pictures import ResultKey
from brainsr_desktop.session.planner import Ready, Want, WeightsOf

AT_ONCE: Final = 4
"""So many slices are put into the plan; more than the engine holds, so that it never runs dry."""


class SeriesTask:
    """The slices of a stack that are still to be made with a recipe."""

    def __init__(self, number: int, opened: OpenStack, recipe: Recipe, weights_of: WeightsOf) -> None:
        self.number = number
        self.opened = opened
        self.recipe = recipe
        self.failed = 0
        indices = suitable(opened.stack, range(len(opened.stack.frames)))
        self._left = {
            want.key: want
            for want in (job_want(opened.stack, index, recipe, weights_of) for index in indices)
        }
        self.total = len(self._left)

    @property
    def done(self) -> int:
        """How many slices are made or given up."""
        return self.total - len(self._left)

    @property
    def keys(self) -> tuple[ResultKey, ...]:
        """What is left."""
        return tuple(self._left)

    @property
    def finished(self) -> bool:
        """Whether nothing is left."""
        return not self._left

    def look(self, ready: Ready) -> None:
        """Strike out what is there already, and what can never be made because it could not be read."""
        for key, want in list(self._left.items()):
            if ready(key):
                del self._left[key]
            elif self.opened.why_missing(want.frame):
                del self._left[key]
                self.failed += 1

    def on_result(self, key: ResultKey) -> None:
        """A slice was made."""
        self._left.pop(key, None)

    def on_failure(self, key: ResultKey) -> None:
        """A slice could not be made."""
        if self._left.pop(key, None) is not None:
            self.failed += 1

    def wants(self) -> Iterator[Want]:
        """The next slices whose pixels are there."""
        return islice((want for want in self._left.values() if self.opened.has(want.frame)), AT_ONCE)
