"""How many threads the processor may use for a network: the user's choice, passed on to the engine's process."""

from __future__ import annotations

import os
from typing import Final

VARIABLE: Final = "BRAINSR_THREADS"
MOST: Final = 256


def pass_on(count: int) -> None:
    """Let an engine that starts from now on use so many threads; 0: as many as it likes."""
    os.environ[VARIABLE] = str(count)


def wanted() -> int:
    """The number of threads of this process' engine; 0: as many as it likes."""
    text = os.environ.get(VARIABLE, "0")
    return min(int(text), MOST) if text.isdecimal() else 0
