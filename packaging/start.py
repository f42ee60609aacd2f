"""Start of the packaged programs: one executable, and the name it is called by says which of them it is.

A child process begins here too, and must not become a second program: `freeze_support` comes first.
"""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import PurePath


def main() -> int:
    """The exit status of the program."""
    if PurePath(sys.argv[0]).stem.lower() == "brainsr":
        from brainsr_desktop.cli.main import main as command

        return command()
    from brainsr_desktop.__main__ import main as window

    return window()


if __name__ == "__main__":
    multiprocessing.freeze_support()
    sys.exit(main())
