"""``brainsr``: the program's work without a window. Light on purpose: ``--help`` must answer at once.

Every command is a module with ``HELP``, ``EXAMPLE``, ``add_arguments(parser)`` and ``run(options, console)``, which
returns the exit status; heavy libraries are imported inside ``run``.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from typing import Final, NoReturn, Protocol

from brainsr_desktop import __version__, environment, log, paths
from brainsr_desktop.cli import degrade, enhance, evaluate, info, models, report, sweep, train
from brainsr_desktop.cli.console import Console
from brainsr_desktop.core.errors import (
    BrainSRError,
    Cancelled,
    EngineError,
    InternalError,
    ModelError,
    ReadError,
    UsageError,
)

DONE: Final = 0
PARTLY_FAILED: Final = 1
WRONG_USE: Final = 2
NOTHING_TO_DO: Final = 3
NO_ENGINE: Final = 4
INTERRUPTED: Final = 130

_STATUSES: Final = (
    (UsageError, WRONG_USE),
    (ReadError, NOTHING_TO_DO),
    ((ModelError, EngineError), NO_ENGINE),
)

EPILOG: Final = """\
exit status:
  0    all that was asked for was done
  1    part of it failed; what and why is on standard error
  2    the command line is wrong
  3    nothing to work on: no such path, or no image that can be used
  4    the engine could not run: model missing or damaged, device not there, out of memory
  130  interrupted with Ctrl-C
"""


class Command(Protocol):
    """A module of this package."""

    HELP: str
    EXAMPLE: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's own options."""

    def run(self, options: argparse.Namespace, console: Console) -> int:
        """Do the work; the exit status."""


COMMANDS: Final[dict[str, Command]] = {
    "info": info,
    "enhance": enhance,
    "degrade": degrade,
    "models": models,
    "evaluate": evaluate,
    "sweep": sweep,
    "report": report,
    "train": train,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    if arguments is None:  # a program of its own, not a call from one
        environment.keep_needed()
    options = build_parser().parse_args(arguments)
    console = Console(quiet=options.quiet, verbose=options.verbose)
    log.start(paths.log_dir(), level=logging.DEBUG if options.verbose else logging.INFO)
    try:
        status = COMMANDS[options.command].run(options, console)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the results has enough. Python would complain again when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PARTLY_FAILED
    except (KeyboardInterrupt, Cancelled):
        console.error("Interrupted. What was finished stays.")
        return INTERRUPTED
    except BrainSRError as error:
        console.error(error.message, error.advice)
        logging.getLogger(__name__).info("The command failed", exc_info=True)
        return status_of(error)
    except Exception:  # the boundary: what nobody foresaw is logged, and told without a traceback
        logging.getLogger(__name__).exception("The command ended unforeseen")
        console.error("Something went wrong inside the program.", f"The details are in {paths.log_dir()}.")
        return PARTLY_FAILED
    finally:
        log.stop()
    return status


def status_of(error: BrainSRError) -> int:
    """The exit status that an error stands for where it ends the whole command."""
    if isinstance(error, InternalError):
        return PARTLY_FAILED
    return next((status for family, status in _STATUSES if isinstance(error, family)), PARTLY_FAILED)


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = _Parser(
        prog="brainsr",
        description="Brain MR super-resolution without a window. For research only.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"brainsr {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        sub = commands.add_parser(
            name,
            help=command.HELP,
            description=command.HELP,
            epilog=f"example:\n  {command.EXAMPLE}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        command.add_arguments(sub)
        talk = sub.add_mutually_exclusive_group()
        talk.add_argument("--quiet", action="store_true", help="say nothing but errors and warnings")
        talk.add_argument("--verbose", action="store_true", help="say more, and log more")
    return parser


class _Parser(argparse.ArgumentParser):
    """Says where help is to be had."""

    def error(self, message: str) -> NoReturn:
        self.exit(WRONG_USE, f"{self.prog}: {message}\n  See: {self.prog} --help\n")


if __name__ == "__main__":
    sys.exit(main())
