"""Watches processes that read damaged inputs: whatever becomes of one is noted, its input is kept, and it goes on.

``python -m tests.faults.fuzzing.driver --minutes 10`` is `make fuzz`. The inputs that went wrong are written
to the folder of findings with the name of their kind; what is mended moves to ``tests/faults/corpus``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

import psutil

from tests.faults.fuzzing.cases import Cases
from tests.faults.fuzzing.seeds import write_seeds

PROJECT: Final = Path(__file__).resolve().parents[3]
TARGET = "tests.faults.fuzzing.target"
HANG_S = 130.0
"""A slice may take 20 s, twice, when it is loaded and once more for its thumbnail; then no reader works any more."""
TICK_S: Final = 0.25
START_S: Final = 120.0
SLOW_S: Final = 6.0
"""A header has 5 s."""
MOST_FINDINGS: Final = 200


@dataclass(slots=True)
class Tally:
    """What became of the inputs."""

    inputs: int = 0
    crashes: int = 0
    hangs: int = 0
    unforeseen: int = 0
    slow: int = 0
    decoders_lost: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing went wrong."""
        return not (self.crashes or self.hangs or self.unforeseen)

    def as_text(self) -> str:
        """A few lines for people."""
        kinds = ", ".join(f"{kind} {count}" for kind, count in self.kinds.most_common())
        answers = ", ".join(f"{answer} {count}" for answer, count in self.answers.most_common(25))
        return (
            f"{self.inputs} inputs: {self.crashes} crashes, {self.hangs} hangs, {self.unforeseen} unforeseen answers\n"
            f"decoder processes lost and replaced: {self.decoders_lost}; inputs over {SLOW_S:g} s: {self.slow}\n"
            f"kinds: {kinds}\nanswers: {answers}\n"
        )


class Driver:
    """Runs one reading process after the other over every ``step``-th input from ``first`` on."""

    def __init__(self, seeds: Path, work: Path, findings: Path, first: int = 0, step: int = 1) -> None:
        self._seeds, self._work, self._findings = seeds, work, findings
        self._next, self._step = first, step
        self._cases = Cases(seeds)
        self._lines: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._process: subprocess.Popen[str] | None = None
        self._said: dict[str, Any] = {}
        self.tally = Tally()

    def run(self, *, inputs: int | None = None, seconds: float | None = None) -> Tally:
        """Go on until so many inputs were read, or so much time has passed."""
        end = None if seconds is None else time.monotonic() + seconds
        try:
            while (inputs is None or self.tally.inputs < inputs) and (end is None or time.monotonic() < end):
                self._one()
        finally:
            self._stop()
        return self.tally

    def _one(self) -> None:
        """Wait for the end of one input, whatever it is."""
        if self._process is None:
            self._start()
        number = self._next
        begun = self._heard("begin", HANG_S)
        ended = self._heard("end", HANG_S) if begun else None
        self._next += self._step
        self.tally.inputs += 1
        self.tally.kinds[self._said.get("kind", "?")] += 1
        if ended is None:
            self._lost(number)
            return
        self.tally.decoders_lost += ended["decoders_lost"]
        self.tally.slow += ended["seconds"] > SLOW_S
        if ended["outcome"] == "ok":
            self.tally.answers[ended["details"].split(" ")[0]] += 1
        else:
            self.tally.unforeseen += 1
            self._keep(number, "unforeseen", ended["details"])

    def _lost(self, number: int) -> None:
        """The process died, or hangs and is ended."""
        assert self._process is not None
        code = self._process.poll()
        if code is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = self._process.wait(1.0) if self._said.get("closed") else None
        if code is None:
            self.tally.hangs += 1
            self._keep(number, "hang", f"no end within {HANG_S:g} s")
        else:
            self.tally.crashes += 1
            self._keep(number, "crash", f"exit code {code}")
        self._stop()

    def _start(self) -> None:
        shutil.rmtree(self._work, ignore_errors=True)
        home = self._work / "home"
        home.mkdir(parents=True)
        command = [sys.executable, "-m", TARGET]
        environment = {
            **os.environ,
            "HOME": str(home),
            "TMPDIR": str(home),
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(PROJECT),
            "QT_QPA_PLATFORM": "offscreen",
        }
        self._said = {}
        self._process = subprocess.Popen(
            [*command, str(self._seeds), str(self._work), str(self._next), str(self._step)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._work,
            env=environment,
            text=True,
        )
        assert self._process.stdout is not None
        self._lines = queue.SimpleQueue()
        threading.Thread(target=_listen, args=(self._process.stdout, self._lines), daemon=True).start()
        if self._heard("ready", START_S) is None:
            raise RuntimeError("the reading process did not start")

    def _heard(self, word: str, limit_s: float) -> dict[str, Any] | None:
        """The next line with that word; None when the process ended, or had so much time and said nothing.

        Only time that the reading processes had counts: a busy machine, or one that stood still, is no reader
        that hangs.
        """
        had, used = 0.0, self._family_seconds()[0]
        while had < limit_s:
            try:
                line = self._lines.get(timeout=TICK_S)
            except queue.Empty:
                now, waits_for_a_core = self._family_seconds()
                had += max(0.0, now - used) if waits_for_a_core else TICK_S
                used = now
                continue
            if line is None:
                self._said["closed"] = True
                return None
            self._said = line if line["word"] == "begin" else {**self._said}
            if line["word"] == word:
                return line
        return None

    def _family_seconds(self) -> tuple[float, bool]:
        """Processor time of the reading processes, and whether one of them would go on if it were let."""
        assert self._process is not None
        seconds, ready = 0.0, False
        with contextlib.suppress(psutil.Error):
            first = psutil.Process(self._process.pid)
            for one in (first, *first.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    times = one.cpu_times()
                    seconds += times.user + times.system
                    ready = ready or one.status() in (psutil.STATUS_RUNNING, psutil.STATUS_STOPPED)
        return seconds, ready

    def _keep(self, number: int, what: str, details: str) -> None:
        case = self._cases[number]
        self.tally.findings.append(f"{what}, input {number}, {case.kind} {case.name}: {details}")
        if len(self.tally.findings) <= MOST_FINDINGS:
            folder = self._findings / case.kind / f"{number}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / case.name).write_bytes(case.content)
            (folder / f"{what}.txt").write_text(details, "utf-8")

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        family = [process.pid]
        with contextlib.suppress(psutil.Error):
            family += [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
        for pid in family:
            with contextlib.suppress(psutil.Error):
                psutil.Process(pid).kill()
        process.wait()


def _listen(stream: IO[str], lines: queue.SimpleQueue[dict[str, Any] | None]) -> None:
    with stream:
        for line in stream:
            with contextlib.suppress(ValueError):
                lines.put(json.loads(line))
    lines.put(None)


def main() -> int:
    """Fuzz for some minutes; the exit status is 1 if anything went wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, help="for so long")
    parser.add_argument("--inputs", type=int, help="for so many inputs")
    parser.add_argument("--first", type=int, default=1_000_000, help="number of the first input")
    parser.add_argument(
        "--more", type=Path, nargs="*", default=[], help="folders whose small DICOM files are seeds too"
    )
    parser.add_argument(
        "--findings", type=Path, default=Path("out/fuzz"), help="where inputs that went wrong are kept"
    )
    options = parser.parse_args()
    if options.minutes is None and options.inputs is None:
        parser.error("say --minutes or --inputs")
    with tempfile.TemporaryDirectory(prefix="brainsr-fuzz-") as work:
        seeds = write_seeds(Path(work) / "seeds", *options.more)
        driver = Driver(seeds, Path(work) / "reading", options.findings.resolve(), options.first)
        seconds = None if options.minutes is None else 60 * options.minutes
        tally = driver.run(inputs=options.inputs, seconds=seconds)
    sys.stdout.write(tally.as_text() + "".join(f"{finding}\n" for finding in tally.findings))
    return 0 if tally.sound else 1


if __name__ == "__main__":
    sys.exit(main())
