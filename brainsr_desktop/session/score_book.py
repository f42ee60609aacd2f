"""The figures of every slice that was judged in test mode, and their mean over a series."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from brainsr_desktop.session.pictures import ResultKey
from brainsr_desktop.session.sweep_table import Spread

MOST_RECIPES: Final = 512
"""So many recipes of a stack are remembered; every step of a slider is one."""


@dataclass(frozen=True, slots=True)
class Means:
    """Mean and deviation of each figure, by model, over the same ``count`` slices for all of them."""

    count: int = 0
    figures: Mapping[str, Mapping[str, Spread]] = field(default_factory=dict)


class ScoreBook:
    """Scores by stack, recipe and frame. They stay when the pictures have gone from the store."""

    def __init__(self) -> None:
        self._pages: OrderedDict[tuple[str, str], dict[int, Mapping[str, float]]] = OrderedDict()

    def add(self, key: ResultKey, scores: Mapping[str, float]) -> None:
        """A slice was judged; without scores nothing is kept."""
        if not scores:
            return
        name = key.stack_digest, key.recipe_digest
        self._pages.setdefault(name, {})[key.frame] = scores
        self._pages.move_to_end(name)
        while len(self._pages) > MOST_RECIPES:
            self._pages.popitem(last=False)

    def means(self, stack: str, digests: Mapping[str, str], frames: range) -> Means:
        """Means of some models (name to digest of the recipe) over those of the frames that all of them were judged
        on, so that they can be compared. Models without any figure are left out."""
        pages = {
            model: page for model, digest in digests.items() if (page := self._page(stack, digest, frames))
        }
        if not pages:
            return Means()
        common = sorted(set.intersection(*(set(page) for page in pages.values())))
        if not common:
            return Means()
        figures = {
            model: {name: Spread.of([page[frame][name] for frame in common]) for name in page[common[0]]}
            for model, page in pages.items()
        }
        return Means(len(common), figures)

    def _page(self, stack: str, digest: str, frames: range) -> dict[int, Mapping[str, float]]:
        page = self._pages.get((stack, digest), {})
        return {frame: scores for frame, scores in page.items() if frame in frames}
