"""How far headers may differ and still belong together: the user's limits, passed on to the child that reads files."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Final

VARIABLE: Final = "BRAINSR_GROUPING"


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of grouping.

    ``angle_deg`` between normals and row directions of one stack, ``spacing_percent`` between pixel spacings (in mm at
    least a hundredth of that many), ``echo_ms`` between echo times of one echo, ``uneven_percent`` of the step that is
    still called even.
    """

    angle_deg: float = 1.0
    spacing_percent: float = 1.0
    echo_ms: float = 0.1
    uneven_percent: float = 5.0


def pass_on(limits: Limits) -> None:
    """Let children that start from now on use these limits."""
    os.environ[VARIABLE] = json.dumps(asdict(limits))
    current.cache_clear()


@lru_cache(maxsize=1)
def current() -> Limits:
    """The limits of this process: those of the one that started it, else the defaults."""
    try:
        given = json.loads(os.environ.get(VARIABLE, "{}"))
        return Limits(**{name: float(given[name]) for name in asdict(Limits()) if name in given})
    except (ValueError, TypeError):
        return Limits()
