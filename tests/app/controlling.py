"""A controller with real children, and everything it said."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray
from pytestqt.qtbot import QtBot

from brainsr_desktop.app.controller import Controller
from brainsr_desktop.app.store import Store
from brainsr_desktop.core.series import ScanSummary, SeriesInfo, StackInfo
from brainsr_desktop.io.messages import ExportOptions
from brainsr_desktop.ipc.shared_array import PREFIX
from brainsr_desktop.session import intents, suitability
from brainsr_desktop.session.pictures import PaneState, PaneStatus, Picture, SliceState
from brainsr_desktop.session.reports import ExportRequest, JobView, Notice
from brainsr_desktop.session.state import ViewState
from tests.phantom import classic

PATIENCE_MS = 30_000
READY = (PaneState.FULL, PaneState.CACHED)


def marked_slices(slices: int = 6, rows: int = 48, columns: int = 40) -> NDArray[np.uint16]:
    """Stored values (slice, row, column): air 0, and a head whose brightness tells the slice: 200, 300, 400 ..."""
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    # Flat in the middle, soft at the edge: a hard one would ring into the middle when k-space is cut.
    inside = 0.5 - 0.5 * np.cos(np.pi * np.clip((0.95 - np.hypot(x, y)) / 0.45, 0.0, 1.0))
    return np.stack([inside * (200 + 100 * index) for index in range(slices)]).round().astype(np.uint16)


def slice_of(pixels: NDArray[Any]) -> int:
    """Which slice of `marked_slices` a picture shows, enlarged or degraded: from the brightness of its middle."""
    rows, columns = pixels.shape
    middle = pixels[rows * 2 // 5 : rows * 3 // 5, columns * 2 // 5 : columns * 3 // 5]
    return round((float(np.median(middle)) - 200) / 100)


class Desk:
    """Whoever sits in front of the window: says what to do, and keeps what was said."""

    def __init__(self, qtbot: QtBot, *, runs_anyway: bool = True, **arguments: Any) -> None:
        """``runs_anyway``: no network was trained on series made for tests; answer the banner at once."""
        self._qtbot = qtbot
        self.store = Store()
        if runs_anyway:
            self.store.changed.connect(self._run_anyway)
        self.store.apply(lambda state: intents.choose_model(state, "bicubic", 4))
        self.controller = Controller(self.store, **arguments)
        self.series: list[SeriesInfo] = []
        self.summaries: list[ScanSummary] = []
        self.notices: list[Notice] = []
        self.jobs: dict[int, JobView] = {}
        self.left: list[tuple[Picture | None, PaneStatus]] = []
        self.right: list[tuple[Picture | None, PaneStatus]] = []
        self.states: dict[int, SliceState] = {}
        self.thumbnails: dict[str, NDArray[np.uint8]] = {}
        self.controller.series_found.connect(self.series.append)
        self.controller.scan_done.connect(self.summaries.append)
        self.controller.notice.connect(self.notices.append)
        self.controller.job_changed.connect(self._on_job)
        self.controller.left_changed.connect(lambda *shown: self.left.append(shown))
        self.controller.right_changed.connect(lambda *shown: self.right.append(shown))
        self.controller.slice_states_changed.connect(self._on_states)
        self.controller.thumbnail_ready.connect(self.thumbnails.__setitem__)

    def _run_anyway(self, before: ViewState, after: ViewState) -> None:
        if after.stack is not None and after.stack is not before.stack:
            models = [card.name for card in self.controller.catalog.cards]
            self.store.apply(lambda state: suitability.run_anyway(state, models))

    def _on_job(self, job: JobView) -> None:
        self.jobs[job.id] = job

    def _on_states(self, states: dict[int, SliceState]) -> None:
        self.states = states

    def forget(self) -> None:
        """Let go of everything that was said and shown."""
        for said in (self.series, self.summaries, self.notices, self.left, self.right):
            said.clear()
        self.jobs.clear()
        self.thumbnails.clear()

    def wait(self, condition: Callable[[], object], what: str = "") -> None:
        try:
            self._qtbot.waitUntil(lambda: bool(condition()), timeout=PATIENCE_MS)
        except Exception as error:
            said = [notice.text for notice in self.notices]
            raise AssertionError(f"{what or 'it'} did not come; said: {said}") from error

    def open(self, folder: Path) -> StackInfo:
        """Open a folder and show its first series."""
        before = len(self.summaries)
        self.controller.open_paths([str(folder)])
        self.wait(lambda: len(self.summaries) > before, "the end of the scan")
        stack = self.series[-1].stacks[0]
        self.controller.open_stack(stack)
        self.wait(lambda: self.controller.left_picture is not None, "the first slice")
        return stack

    def wait_ready(self) -> None:
        """Wait for the full result of the slice in view."""
        self.wait(lambda: self.controller.right_status.state in READY, "the full result")

    def do(self, intent: Callable[..., Any], *arguments: Any, **named: Any) -> None:
        self.store.apply(lambda state: intent(state, *arguments, **named))

    def export(self, stack: StackInfo, folder: Path, indices: tuple[int, ...] | None = None) -> None:
        every = tuple(range(len(stack.frames))) if indices is None else indices
        self.controller.export(ExportRequest(stack, every, ExportOptions(str(folder))))

    def ended(self, word: str) -> bool:
        """Whether a job whose title has that word has ended."""
        return any(
            word in job.title and job.state in ("done", "cancelled", "failed") for job in self.jobs.values()
        )

    def job(self, word: str) -> JobView:
        """The newest job whose title has that word."""
        return [job for job in self.jobs.values() if word in job.title][-1]

    def said(self, words: str) -> bool:
        return any(words in notice.text for notice in self.notices)

    def kill(self, child: str) -> int:
        """End a child as the system would; its process number."""
        pid = self.controller.child_pids[child]
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        return pid

    def leave(self) -> None:
        """Close, and look for what was left behind."""
        self.controller.shut_down()
        assert not children_left()
        assert not blocks_left()


MakeDesk = Callable[..., Desk]
"""Of the fixture `desk`."""


def children_left() -> list[str]:
    """Living child processes of this one, but for Python's own resource tracker."""
    found = []
    for child in psutil.Process().children(recursive=True):
        try:
            words = " ".join(child.cmdline())
            if child.status() != psutil.STATUS_ZOMBIE and "resource_tracker" not in words:
                found.append(words)
        except psutil.NoSuchProcess:
            continue
    return found


def blocks_left() -> list[str]:
    """Shared blocks of this process."""
    memory = Path("/dev/shm")
    return [path.name for path in memory.glob(f"{PREFIX}{os.getpid()}_*")] if memory.is_dir() else []


def series_folder(folder: Path, slices: int = 6, shape: tuple[int, int] = (48, 40), **arguments: Any) -> Path:
    """A folder with one DICOM series of `marked_slices`."""
    classic(folder, pixels=marked_slices(slices, *shape), **arguments)
    return folder


def dicom_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.dcm"))
