"""What a child process may take, set by itself before it reads anything foreign."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Final

GIB: Final = 1 << 30


def bound(address_space_bytes: int | None = None) -> None:
    """Leave no core dump (it would hold the patient's pictures), and stay within an address space, where one is given.

    The address space is bounded on Linux alone: macOS does not heed it, Windows knows no such thing. It counts what is
    mapped, shared blocks and reserved stacks too, so it is a bound for what runs wild, not a budget.
    """
    if sys.platform == "win32":
        return
    import resource

    limits = {resource.RLIMIT_CORE: 0}
    if address_space_bytes is not None and sys.platform == "linux":
        limits[resource.RLIMIT_AS] = address_space_bytes
    for kind, wanted in limits.items():
        hard = resource.getrlimit(kind)[1]
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with suppress(ValueError, OSError):  # a container may forbid it; the other bounds hold all the same
            resource.setrlimit(kind, (most, most))
