"""The process that reads damaged inputs, one after the other, with the real files process below it.

It says on standard output which input it begins and what came of it; whoever started it notices when it dies or hangs.
Run as ``python -m tests.faults.fuzzing.target SEEDS FOLDER FIRST STEP``, it goes on until it is ended.
"""

from __future__ import annotations

import itertools
import json
import logging
import shutil
import sys
import time
import traceback
import warnings
from pathlib import Path
from typing import Final

import psutil

from brainsr_desktop.ipc.bounds import GIB, bound
from brainsr_desktop.ipc.client import BlockingClient
from tests.faults.fuzzing.cases import Case, Cases
from tests.faults.fuzzing.readers import Complaints, Readers, Unforeseen

MOST_RESIDENT_BYTES: Final = 3 << 30
"""More than that no input of a few kilobytes may cost in all processes together."""
ADDRESS_SPACE_BYTES: Final = 6 * GIB
LOOK_EVERY: Final = 100


def tell(word: str, **facts: object) -> None:
    """One line for whoever listens."""
    sys.stdout.write(json.dumps({"word": word, **facts}) + "\n")
    sys.stdout.flush()


def resident_bytes() -> int:
    """Memory of this process and all below it."""
    me = psutil.Process()
    found = 0
    for process in (me, *me.children(recursive=True)):
        try:
            found += process.memory_info().rss
        except psutil.Error:
            continue
    return found


def read_one(case: Case, folder: Path, files: BlockingClient, complaints: Complaints) -> tuple[str, str]:
    """Outcome and details: "ok", or "unforeseen" with what happened."""
    here = folder / "in"
    here.mkdir(parents=True)
    complaints.errors.clear()
    try:
        outcome = "ok", Readers(files, here).read(case)
    except Unforeseen as error:
        outcome = "unforeseen", f"{error} {complaints.errors}"
    except Exception:  # noqa: BLE001 - what slips through is what this looks for
        outcome = "unforeseen", traceback.format_exc(limit=-4)
    if outcome[0] == "ok" and complaints.errors:
        outcome = "unforeseen", complaints.errors[0]
    shutil.rmtree(here)
    strangers = [path.name for path in folder.iterdir() if path.name != "home"]
    if strangers:
        outcome = "unforeseen", f"files outside the folder: {strangers}"
    return outcome


def run(seeds: Path, folder: Path, numbers: itertools.count[int]) -> None:
    """Read input after input."""
    warnings.simplefilter("ignore")
    complaints = Complaints()
    logging.getLogger().addHandler(complaints)
    cases = Cases(seeds)
    with BlockingClient("brainsr_desktop.io.child:main", name="files") as files:
        tell("ready")
        for number in numbers:
            case = cases[number]
            lost = complaints.decoders_lost
            tell("begin", number=number, kind=case.kind)
            started = time.monotonic()
            outcome, details = read_one(case, folder, files, complaints)
            if number % LOOK_EVERY == 0 and (used := resident_bytes()) > MOST_RESIDENT_BYTES:
                outcome, details = "unforeseen", f"{used / 2**20:.0f} MiB of memory"
            tell(
                "end",
                number=number,
                outcome=outcome,
                details=details,
                seconds=round(time.monotonic() - started, 3),
                decoders_lost=complaints.decoders_lost - lost,
            )


def main(arguments: list[str]) -> None:
    """``SEEDS FOLDER FIRST STEP``."""
    bound(ADDRESS_SPACE_BYTES)
    run(Path(arguments[0]), Path(arguments[1]), itertools.count(int(arguments[2]), int(arguments[3])))


if __name__ == "__main__":
    main(sys.argv[1:])
