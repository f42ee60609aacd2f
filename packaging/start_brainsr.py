"""Start of the frozen command line: a child process of it begins here too, and must not become a second command."""

import multiprocessing
import sys

if __name__ == "__main__":
    multiprocessing.freeze_support()
    from brainsr_desktop.cli.main import main

    sys.exit(main())
