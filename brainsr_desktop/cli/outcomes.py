"""How series ended: told one by one, counted, listed again where they failed, and kept in a file for large runs."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

from brainsr_desktop import __version__
from brainsr_desktop.cli.arguments import SUMMARY_SCHEMA
from brainsr_desktop.cli.console import Console, json_text, path_text
from brainsr_desktop.core.errors import (
    BrainSRError,
    CardInvalid,
    EngineError,
    WeightsChanged,
    WriteError,
)
from brainsr_desktop.io.export_journal import write_whole

Status = Literal["done", "skipped", "failed"]
State = Literal["running", "stopped", "finished"]

SAVE_EVERY_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a series ended. ``error`` is None where all that was asked for was done; ``cause`` ended it early."""

    series_uid: str
    status: Status
    output: str | None
    slices: int
    seconds: float
    error: str | None
    cause: BrainSRError | None = None

    def as_json(self) -> dict[str, Any]:
        """The command's contract."""
        return {
            "series_uid": self.series_uid,
            "status": self.status,
            "output": None if self.output is None else path_text(self.output),
            "slices": self.slices,
            "seconds": round(self.seconds, 3),
            "error": self.error,
        }


def exit_status(outcomes: list[Outcome]) -> int:
    """0: all is there; 4: the engine could do nothing at all; else 1."""
    if all(outcome.error is None for outcome in outcomes):
        return 0
    engine = (EngineError, WeightsChanged, CardInvalid)
    return 4 if all(isinstance(outcome.cause, engine) for outcome in outcomes) else 1


class Tally:
    """The outcomes of a run as they come. A context manager: what ends it early is in the summary file, too."""

    def __init__(self, options: argparse.Namespace, console: Console, model: str) -> None:
        self._options = options
        self._console = console
        self._model = model
        self._summary: Path | None = options.summary
        self._begun, self._begun_at, self._saved = _now(), time.monotonic(), 0.0
        self._entries: list[tuple[str, Outcome]] = []
        self._total = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and self._total:
            self._save("stopped")

    def expect(self, total: int) -> None:
        """So many series will come."""
        self._total = total
        self._save("running")

    def add(self, outcome: Outcome, title: str) -> None:
        """A series has ended."""
        self._entries.append((title, outcome))
        self._tell(outcome)
        if time.monotonic() - self._saved >= SAVE_EVERY_S:
            self._save("running")

    def end(self) -> int:
        """Say what became of all of them; the exit status."""
        self._save("finished")
        if self._options.json:
            self._console.json(
                {"summary": {"series": len(self._entries), **self._counts(), "seconds": self._seconds()}}
            )
        self._list_failures()
        counts = ", ".join(f"{count} {status}" for status, count in self._counts().items())
        self._console.say(f"{counts} in {self._seconds():.0f} s")
        return exit_status([outcome for _, outcome in self._entries])

    def _tell(self, outcome: Outcome) -> None:
        if self._options.json:
            self._console.json(outcome.as_json())
        elif outcome.output is not None:
            self._console.result(path_text(outcome.output))
        if outcome.status == "skipped":
            self._console.say("  is complete already")
        elif outcome.status == "done":
            self._console.say(f"  {outcome.slices} slices in {outcome.seconds:.1f} s")
        if outcome.error is not None:
            self._console.error(outcome.error)

    def _list_failures(self) -> None:
        """All of them once more at the end, where thousands of lines may have passed since."""
        failed = [(title, outcome) for title, outcome in self._entries if outcome.error is not None]
        if not failed or len(self._entries) < 2:
            return
        self._console.warn(f"{len(failed)} of {len(self._entries)} series are not complete:")
        for title, outcome in failed:
            self._console.warn(f"  {title} ({outcome.series_uid or 'no series UID'}): {outcome.error}")

    def _counts(self) -> dict[str, int]:
        found = [outcome.status for _, outcome in self._entries]
        return {status: found.count(status) for status in ("done", "skipped", "failed")}

    def _seconds(self) -> float:
        return round(time.monotonic() - self._begun_at, 3)

    def _save(self, state: State) -> None:
        """Replace the summary file; a run does not end because this fails."""
        if self._summary is None:
            return
        self._saved = time.monotonic()
        entries = [{"title": title, **outcome.as_json()} for title, outcome in self._entries]
        content = {
            "schema": SUMMARY_SCHEMA,
            "program": {"name": "BrainSR Desktop", "version": __version__},
            "state": state,
            "started": self._begun,
            "updated": _now(),
            "seconds": self._seconds(),
            "model": self._model,
            "output": path_text(self._options.output.absolute()),
            "counts": {"series": self._total, **self._counts()},
            "failures": [entry for entry in entries if entry["error"] is not None],
            "series": entries,
        }
        try:
            write_whole(self._summary, json_text(content, indent=1).encode("ascii") + b"\n")
        except WriteError as error:
            self._console.warn(f"--summary: {error.message}")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
