"""Run a Python module without the rights of root: ``python -m tests.faults.powerless MODULE ARGUMENTS``.

A superuser reads and writes whatever the mode bits say. Linux calls that right CAP_DAC_OVERRIDE and lets a process give
it up for good (capabilities(7)); for everybody else this runs the module as it is.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Final

_PR_CAPBSET_DROP: Final = 24
_DAC_RIGHTS: Final = (1, 2)
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH."""


def give_up_rights() -> None:
    """Take both rights from whatever this process executes next."""
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    for right in _DAC_RIGHTS:
        if libc.prctl(_PR_CAPBSET_DROP, right, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "the right could not be given up")


if __name__ == "__main__":
    give_up_rights()
    os.execv(sys.executable, [sys.executable, "-m", *sys.argv[1:]])
