"""Each kind of input to the reader that gets it in real use; what a reader may answer, and what it must not."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from brainsr_desktop import settings
from brainsr_desktop.app import grey_memory
from brainsr_desktop.app.last_run import LastRun
from brainsr_desktop.core.errors import BrainSRError, ChildDied, InternalError, OutOfMemory
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io import messages
from brainsr_desktop.io.export_journal import JOURNAL_NAME, Journal
from brainsr_desktop.io.export_names import REPORT_NAME
from brainsr_desktop.io.export_report import is_intact, read_report
from brainsr_desktop.ipc import wire
from brainsr_desktop.ipc.client import BlockingClient
from brainsr_desktop.ipc.messages import Answer
from brainsr_desktop.ipc.shared_array import SharedArray
from brainsr_desktop.models.card import CARD_FILE, read_card
from brainsr_desktop.models.catalog import load_catalog
from brainsr_desktop.models.weights import parse_safetensors
from brainsr_desktop.session import arrangement_file
from brainsr_desktop.session.measurement_file import from_text
from tests.faults.fuzzing.cases import Case

FILE_KINDS: Final = ("dicom", "codestream", "nifti", "raster", "mat", "numpy", "archive", "dicomdir")
MOST_STACKS: Final = 4
LARGEST_BLOCK: Final = 64 << 20


class Unforeseen(Exception):
    """A reader did what it must not do; the text says what."""


class Complaints(logging.Handler):
    """Keeps what this program logs as errors, in this process and its children; libraries complain of their own."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.errors: list[str] = []
        self.decoders_lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        self.decoders_lost += "decoder process lost" in text
        if record.levelno >= logging.ERROR and record.name.startswith("brainsr_desktop"):
            self.errors.append(text)


class Readers:
    """The files process and all other readers."""

    def __init__(self, files: BlockingClient, folder: Path) -> None:
        self._files = files
        self._folder = folder
        self._by_kind: dict[str, Callable[[Case], str]] = {
            **dict.fromkeys(FILE_KINDS, self._file),
            "settings": self._settings,
            "card": self._card,
            "weights": _weights,
            "journal": self._journal,
            "report": self._report,
            "arrangement": self._arrangement,
            "measurements": _measurements,
            "windows": self._windows,
            "runs": self._runs,
            "message": _message,
        }

    def read(self, case: Case) -> str:
        """Have it read; a word for what came of it. Raises `Unforeseen`, or whatever slipped through."""
        try:
            return self._by_kind[case.kind](case)
        except OutOfMemory:
            return "too large"
        except (InternalError, ChildDied) as error:
            raise Unforeseen(f"{type(error).__name__}: {error.message}") from error
        except BrainSRError as error:
            return type(error).__name__

    def _path(self, name: str, content: bytes) -> Path:
        path = self._folder / name
        path.write_bytes(content)
        return path

    def _file(self, case: Case) -> str:
        path = self._path(case.name, case.content)
        stacks: list[StackInfo] = []

        def take(answer: Answer) -> None:
            if isinstance(answer, messages.SeriesFound):
                stacks.extend(answer.series.stacks)

        done = self._files.call(lambda job: messages.ScanSources(job, (str(path),)), take)
        if not isinstance(done, messages.ScanDone):
            raise Unforeseen(f"a scan ended with {type(done).__name__}")
        problems = [*done.summary.skipped, *done.summary.problems]
        if not stacks and not problems:
            raise Unforeseen("a file is neither shown nor told")
        for stack in stacks[:MOST_STACKS]:
            self._show(stack)
        return "shown" if stacks else problems[0].code

    def _show(self, stack: StackInfo) -> None:
        if math.prod(stack.shape) * np.dtype(stack.dtype).itemsize > LARGEST_BLOCK:
            return
        block = SharedArray.create(stack.shape, stack.dtype)
        try:
            self._files.call(lambda job: messages.LoadStack(job, stack, block.ref))
        finally:
            block.close()
        for request in (messages.MakeThumbnail, lambda job, stack: messages.ReadHeader(job, stack, 0)):
            try:
                self._files.call(lambda job, request=request: request(job, stack))  # type: ignore[misc]
            except (InternalError, ChildDied):
                raise
            except BrainSRError:
                continue

    def _settings(self, case: Case) -> str:
        path = self._path("settings.toml", case.content)
        found = settings.load(path)
        kept = replace(found.settings, general=replace(found.settings.general, text_percent=130))
        settings.save(kept, path)
        again = settings.load(path)
        if again.settings != kept:
            raise Unforeseen("settings that were saved over a file are not those read from it again")
        return "set aside" if path.with_name("settings.toml.bad").exists() else f"notes {len(found.notes)}"

    def _card(self, case: Case) -> str:
        folder = self._folder / "models" / Path(case.name).stem
        folder.mkdir(parents=True)
        (folder / CARD_FILE).write_bytes(case.content)
        load_catalog(folder.parent, self._folder / "none")
        read_card(folder)
        return "read"

    def _journal(self, case: Case) -> str:
        self._path(JOURNAL_NAME, case.content)
        journal = Journal.read(self._folder)
        if journal is None:
            return "left alone"
        journal.mend()
        return f"slices {len(journal.slices)}"

    def _report(self, case: Case) -> str:
        self._path(REPORT_NAME, case.content)
        report = read_report(self._folder)
        return "left alone" if report is None else f"intact {is_intact(self._folder, report)}"

    def _arrangement(self, case: Case) -> str:
        found, note = arrangement_file.load(self._path("arrangements.json", case.content))
        return (note and "set aside") or f"arrangements {len(found)}"

    def _windows(self, case: Case) -> str:
        found, note = grey_memory.read(self._path("windows.json", case.content))
        return (note and "set aside") or f"windows {len(found)}"

    def _runs(self, case: Case) -> str:
        self._path("4194000.json", case.content)
        last = LastRun(self._folder)
        last.begin()
        last.end()
        return "begun"


def _weights(case: Case) -> str:
    return f"arrays {len(parse_safetensors(case.content, 'fuzz'))}"


def _measurements(case: Case) -> str:
    return f"measurements {len(from_text(case.content.decode('utf-8', 'replace'))[0])}"


def _message(case: Case) -> str:
    try:
        wire.read(case.content)
    except wire.BadMessage:
        return "refused"
    return "read"
