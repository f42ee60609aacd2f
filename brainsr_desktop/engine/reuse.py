"""What several pictures of one slice share: the degraded input, and the truth made ready to judge by.

Test mode, a sweep and the evaluation make a dozen pictures of the same slice. What they have in common is known by the
slice's pixels, so that it is made once whoever asks.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, TypeVar, cast

import numpy as np
import numpy.typing as npt

from brainsr_desktop.core.degrade import Degradation, degrade
from brainsr_desktop.core.metrics import Reference

Floats = npt.NDArray[np.float32]
Made = TypeVar("Made", Floats, Reference | None)

LIMIT_BYTES: Final = 64 * 2**20


class Reuse:
    """Keeps what was made last, up to ``limit_bytes``; the newest always. For one thread."""

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[tuple[object, ...], Floats | Reference | None] = OrderedDict()

    def degraded(self, pixels: Floats, degradation: Degradation, slice_index: int) -> Floats:
        """As `core.degrade.degrade`, read-only."""

        def make() -> Floats:
            made = degrade(pixels, degradation, slice_index=slice_index)
            made.flags.writeable = False
            return made

        return self._get((_digest(pixels), degradation, slice_index), make)

    def scores(self, picture: Floats, truth: Floats, range_max: float) -> dict[str, float]:
        """As `core.metrics.scores`."""
        reference = self._get((_digest(truth), range_max), lambda: Reference.of(truth, range_max=range_max))
        return {} if reference is None else reference.scores(picture)

    def _get(self, key: tuple[object, ...], make: Callable[[], Made]) -> Made:
        if key in self._kept:
            self._kept.move_to_end(key)
        else:
            self._kept[key] = make()
            while len(self._kept) > 1 and self._bytes > self._limit_bytes:
                self._kept.popitem(last=False)
        return cast("Made", self._kept[key])

    @property
    def _bytes(self) -> int:
        return sum(made.nbytes for made in self._kept.values() if made is not None)


def _digest(pixels: Floats) -> tuple[tuple[int, ...], bytes]:
    return pixels.shape, hashlib.blake2b(np.ascontiguousarray(pixels).data, digest_size=16).digest()
