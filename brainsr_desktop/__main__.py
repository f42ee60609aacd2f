"""Entry point of the window.

Every child process imports this module again: nothing but the standard library at the top, and nothing done outside
`main`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Sequence

EXAMPLE = "example: brainsr-desktop ~/scans/head-1"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="brainsr-desktop",
        description="Show brain MR images beside their super-resolved version. A research tool.",
        epilog=EXAMPLE,
    )
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="files, folders, a DICOMDIR or a .zip to open"
    )
    parser.add_argument(
        "--new-window", action="store_true", help="open another window; do not hand over to the one there is"
    )
    parser.add_argument(
        "--smoke-test",
        metavar="OUT",
        help="drive the window through its main job with real events and write pictures and report.json to OUT",
    )
    parser.add_argument("--version", action="store_true", help="say the version and end")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; its exit status. ``argv`` without the program's name."""
    multiprocessing.freeze_support()
    arguments = parser().parse_args(argv)
    if arguments.version:
        from brainsr_desktop import __version__

        sys.stdout.write(f"brainsr-desktop {__version__}\n")
        return 0
    if argv is None:  # a program of its own, not a call from one
        from brainsr_desktop import environment

        environment.keep_needed()
    from brainsr_desktop.app.main import run

    return run(arguments.paths, new_window=arguments.new_window, smoke_test=arguments.smoke_test)


if __name__ == "__main__":
    sys.exit(main())
