"""Finished slices, kept by the bytes they take."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.core.geometry import Geometry
from brainsr_desktop.session.pictures import ResultKey


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """A finished slice: (rows, columns) float32, stored units, read-only; the rest as in ``Inferred``.

    ``spread``, as large, is how far the eight answers of careful mode differ; None without it.
    """

    pixels: NDArray[np.float32]
    geometry: Geometry
    seconds: float
    backend: str
    device: str
    scores: tuple[tuple[str, float], ...] = ()
    notes: tuple[str, ...] = ()
    fallback: bool = False
    spread: NDArray[np.float32] | None = None
    numbers: str = "f32"

    @property
    def nbytes(self) -> int:
        """What it takes."""
        return self.pixels.nbytes + (0 if self.spread is None else self.spread.nbytes)


class ResultCache:
    """Results by key. Over the limit, what was used longest ago goes first; what is pinned (in view) never."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._results: OrderedDict[ResultKey, Result] = OrderedDict()
        self._pinned: frozenset[ResultKey] = frozenset()
        self._bytes = 0

    @property
    def used_bytes(self) -> int:
        """What the pixels take."""
        return self._bytes

    @property
    def limit_bytes(self) -> int:
        """What they may take."""
        return self._limit_bytes

    def __len__(self) -> int:
        return len(self._results)

    def __contains__(self, key: object) -> bool:
        return key in self._results

    def keys(self) -> Iterable[ResultKey]:
        """What is there, the oldest use first."""
        return self._results.keys()

    def get(self, key: ResultKey) -> Result | None:
        """The result of that key, which counts as used now."""
        found = self._results.get(key)
        if found is not None:
            self._results.move_to_end(key)
        return found

    def peek(self, key: ResultKey) -> Result | None:
        """The result of that key; its age stays."""
        return self._results.get(key)

    def put(self, key: ResultKey, result: Result) -> None:
        """Keep a result, at the price of the oldest ones."""
        self._forget(key)
        self._results[key] = result
        self._bytes += result.nbytes
        self._shrink()

    def pin(self, keys: Iterable[ResultKey]) -> None:
        """Never drop these; they replace what was pinned before."""
        self._pinned = frozenset(keys)
        self._shrink()

    def drop_stack(self, name: str) -> None:
        """Forget the results of a stack."""
        for key in [key for key in self._results if key.stack_digest == name]:
            self._forget(key)

    def clear(self) -> None:
        """Forget everything."""
        self._results.clear()
        self._bytes = 0

    def _shrink(self) -> None:
        if self._bytes <= self._limit_bytes:
            return
        for key in [key for key in self._results if key not in self._pinned]:
            self._forget(key)
            if self._bytes <= self._limit_bytes:
                return

    def _forget(self, key: ResultKey) -> None:
        old = self._results.pop(key, None)
        if old is not None:
            self._bytes -= old.nbytes
