"""A reading process that is led astray by its second input, in the way that ``BRAINSR_FUZZ_ASTRAY`` names:
for tests of the watch.
"""

from __future__ import annotations

import itertools
import os
import sys
import threading

from tests.faults.fuzzing.target import tell

WORST = 1


def main(arguments: list[str]) -> None:
    """As `tests.faults.fuzzing.target.main`, without reading anything."""
    tell("ready")
    for number in itertools.count(int(arguments[2]), int(arguments[3])):
        tell("begin", number=number, kind="dicom")
        outcome = "ok"
        if number == WORST:
            match os.environ["BRAINSR_FUZZ_ASTRAY"]:
                case "dies":
                    os.abort()
                case "hangs":
                    threading.Event().wait()
                case _:
                    outcome = "unforeseen"
        tell("end", number=number, outcome=outcome, details="x", seconds=0.0, decoders_lost=0)


if __name__ == "__main__":
    main(sys.argv[1:])
