"""What of the processor a network may use: the user's choice, passed on to the engine's process, else what is best."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

VARIABLE: Final = "BRAINSR_THREADS"
LIBRARY: Final = "BRAINSR_LIBRARY"
MOST: Final = 256


def pass_on(count: int, library: str = "") -> None:
    """Let an engine that starts from now on use so many threads (0: as many as it likes) and a library ("": any)."""
    os.environ[VARIABLE] = str(count)
    os.environ[LIBRARY] = library


def wanted() -> int:
    """The number of threads of this process' engine; 0: as many as it likes."""
    text = os.environ.get(VARIABLE, "0")
    return min(int(text), MOST) if text.isdecimal() else 0


@contextmanager
def planned(count: int) -> Iterator[None]:
    """Meanwhile take so many threads unless the user chose a number; 0: no change."""
    chosen = wanted()
    if count and not chosen:
        pass_on(count, library())
    try:
        yield
    finally:
        pass_on(chosen, library())


def library() -> str:
    """The library that is to run networks on the processor, "openvino" or "torch"; empty: whichever is quicker."""
    return os.environ.get(LIBRARY, "")
