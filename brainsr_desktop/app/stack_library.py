"""Everything that is open: looks for series, loads stacks into shared blocks, keeps them while someone needs them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from brainsr_desktop.app.child_worker import Gone, Started
from brainsr_desktop.app.files_worker import BlockMade, FilesWorker, Measured, MeasureOrder
from brainsr_desktop.app.jobs import JobBoard
from brainsr_desktop.app.series_words import lost_words
from brainsr_desktop.app.thumbnail_job import ThumbnailJob
from brainsr_desktop.core.errors import ChildDied
from brainsr_desktop.core.series import ScanSummary, SeriesInfo, StackInfo
from brainsr_desktop.io.messages import (
    FrameLoaded,
    HeaderRead,
    MaskRead,
    ScanDone,
    SeriesBegun,
    SeriesFound,
    StackLoaded,
    ThumbnailMade,
)
from brainsr_desktop.ipc.messages import Answer, ErrorReport, Failed, JobCancelled, JobId, Progress
from brainsr_desktop.language import mark, tr
from brainsr_desktop.session.arranging import found_id
from brainsr_desktop.session.open_stack import OpenStack
from brainsr_desktop.session.pictures import ResultKey, stack_name
from brainsr_desktop.session.reports import Notice

log = logging.getLogger(__name__)

TRIES: Final = 2
"""A request that ended the files process twice is given up."""
STOPPED: Final = mark("the process that reads files stopped")


@dataclass(slots=True)
class _Scan:
    paths: tuple[str, ...]
    password: str | None
    prefix: str
    board: int = 0
    found: int = 0
    tries: int = 1
    announced: set[object] = field(default_factory=set)


@dataclass(slots=True)
class _Load:
    opened: OpenStack
    tries: int = 1


class StackLibrary(QObject):
    """Owns the files worker. All of it happens in the GUI thread, and none of it waits.

    What concerns neither scans nor loads (exports) is passed on as ``answered``; ``restarted`` tells that the files
    process is a new one, and ``stopped`` that it is gone.
    """

    series_begun = Signal(object)  # SeriesInfo whose headers are still being read, see `SeriesBegun`
    series_found = Signal(object)  # SeriesInfo
    scan_progress = Signal(int, int)
    scan_done = Signal(object)  # ScanSummary
    scans_ended = Signal()  # no header is being read any more
    thumbnail_ready = Signal(str, object)
    header_ready = Signal(object, object)
    mask_ready = Signal(object, int, object)  # StackInfo, frame, int32 (pieces, 4): see MaskRead
    frames_changed = Signal(object)  # OpenStack: a frame or the block came, or nothing more will
    measured = Signal(object)  # Measured
    answered = Signal(object)  # Answer
    restarted = Signal()
    stopped = Signal()
    notice = Signal(object)
    close_asked = Signal(object)  # StackInfo that cannot be read, and is not wanted any more

    def __init__(self, target: str, board: JobBoard, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.worker = FilesWorker(target)
        self.worker.heard.connect(self._on_heard)
        self._board = board
        self._scans: dict[JobId, _Scan] = {}
        self._loads: dict[JobId, _Load] = {}
        self._thumbnails: dict[JobId, StackInfo] = {}
        self._thumbnail_job = ThumbnailJob(board, self._cancel_thumbnails, self)
        self._headers: dict[JobId, tuple[StackInfo, int]] = {}
        self._masks: dict[JobId, tuple[StackInfo, int]] = {}
        self._open: dict[str, OpenStack] = {}
        self._holders: dict[str, set[object]] = {}
        self._lost: set[str] = set()
        self._scan_count = 0
        self._found: list[StackInfo] = []

    # Looking for series

    def scan(self, paths: Iterable[str], password: str | None = None) -> None:
        """Look for series; they are told as they are found."""
        chosen = tuple(str(Path(path).absolute()) for path in paths)
        scan = _Scan(chosen, password, self._next_prefix())
        scan.board = self._board.open(tr("Look for images"), cancel=lambda: self._cancel_scan(scan))
        self._start_scan(scan)

    @property
    def found(self) -> tuple[StackInfo, ...]:
        """Every stack that was told and is not forgotten, in that order."""
        return tuple(self._found)

    def forget_all(self) -> None:
        """Stop every scan and forget what was found."""
        for job, scan in list(self._scans.items()):
            self.worker.cancel(job)
            self._board.end(scan.board, "cancelled")
        self._scans.clear()
        self._thumbnails.clear()
        self._thumbnail_job.sync(0)
        self._found.clear()
        self._scan_count = 0

    def forget(self, stacks: Iterable[StackInfo]) -> None:
        """Forget some of what was found; what is held stays until it is released."""
        gone = {found_id(stack.id) for stack in stacks}
        self._found = [stack for stack in self._found if stack.id not in gone]
        self._thumbnails = {
            job: stack for job, stack in self._thumbnails.items() if found_id(stack.id) not in gone
        }
        self._thumbnail_job.sync(len(self._thumbnails))

    def thumbnail(self, stack: StackInfo) -> None:
        """Ask for a small picture."""
        self._thumbnails[self.worker.thumbnail(stack)] = stack
        self._thumbnail_job.sync(len(self._thumbnails))

    def _cancel_thumbnails(self) -> None:
        for job in tuple(self._thumbnails):
            self.worker.cancel(job)

    def header(self, stack: StackInfo, index: int) -> None:
        """Ask for the header of a frame."""
        self._headers[self.worker.header(stack, index)] = (stack, index)

    def mask(self, stack: StackInfo, index: int) -> None:
        """Ask for the outline of the mask of a frame."""
        self._masks[self.worker.mask(stack, index)] = (stack, index)

    # Open stacks

    def hold(self, stack: StackInfo, holder: object) -> OpenStack:
        """Have a stack loaded for as long as ``holder`` needs it."""
        name = stack_name(stack)
        self._holders.setdefault(name, set()).add(holder)
        opened = self._open.get(name)
        if opened is None:
            opened = self._open[name] = OpenStack(stack)
            self._start_load(_Load(opened))
        return opened

    def release(self, opened: OpenStack, holder: object) -> None:
        """No longer need a stack; the last one closes it."""
        holders = self._holders.get(opened.name, set())
        holders.discard(holder)
        if holders or self._open.get(opened.name) is not opened:
            return
        del self._open[opened.name]
        self._holders.pop(opened.name, None)
        for job, load in list(self._loads.items()):
            if load.opened is opened:
                self.worker.cancel(job)
                del self._loads[job]
        opened.close()

    def find(self, name: str) -> OpenStack | None:
        """The open stack of that name."""
        return self._open.get(name)

    def content_of(self, key: ResultKey) -> str:
        """All of a stack that a result is made from, as text without patient data; empty while it is not loaded."""
        opened = self._open.get(key.stack_digest)
        if opened is None or not opened.complete:
            return ""
        stack, frame = opened.stack, opened.stack.frames[key.frame]
        place = stack.geometry.slice(key.frame % stack.slices)
        return f"{opened.digest}\n{place}\n{None if frame is None else frame.padding}"

    def measure(self, opened: OpenStack, volume: int) -> None:
        """Have the ranges of what is loaded of a volume computed; ``measured`` follows."""
        loaded = opened.loaded(volume)
        if opened.block is not None and loaded:
            self.worker.measure(
                MeasureOrder(opened.stack, opened.name, opened.block, loaded, volume, opened.complete)
            )

    def close(self) -> None:
        """Unlink every block; the worker must have stopped."""
        for opened in self._open.values():
            opened.close()
        self._open.clear()

    # What the worker says

    def _on_heard(self, event: object) -> None:
        match event:
            case BlockMade():
                self._on_block(event)
            case Measured():
                self.measured.emit(event)
            case Started(after):
                self._on_started(after)
            case Gone(how):
                self._on_gone(how)
            case Answer():
                self._on_answer(event)

    def _on_answer(self, answer: Answer) -> None:
        if answer.job in self._scans:
            self._on_scan(answer, self._scans[answer.job])
        elif answer.job in self._loads:
            self._on_load(answer, self._loads[answer.job])
        elif answer.job in self._thumbnails:
            self._on_thumbnail(answer)
        elif answer.job in self._headers:
            self._on_header(answer)
        elif answer.job in self._masks:
            self._on_mask(answer)
        else:
            self.answered.emit(answer)

    def _on_started(self, after: str) -> None:
        if after:
            words = tr("The process that reads files stopped ({how}). It was started again.", how=after)
            self.notice.emit(Notice("warning", words))
        for opened in [opened for opened in self._open.values() if opened.trouble == tr(STOPPED)]:
            self._load_again(opened)
        self.restarted.emit()

    def _on_gone(self, how: str) -> None:
        self.notice.emit(
            Notice(
                "error",
                tr("The process that reads files stopped again ({how}).", how=how),
                tr("What is open stays usable. Start it again to open or export more."),
                label=tr("Start again"),
                action=self.worker.start_again,
            )
        )
        self.stopped.emit()

    def _on_scan(self, answer: Answer, scan: _Scan) -> None:
        match answer:
            case Progress():
                self._board.update(scan.board, answer.done, answer.total)
                self.scan_progress.emit(answer.done, answer.total)
            case SeriesBegun():
                named = (replace(stack, id=scan.prefix + stack.id) for stack in answer.series.stacks)
                self.series_begun.emit(replace(answer.series, stacks=tuple(named)))
            case SeriesFound():
                self._announce(answer.series, scan)
            case ScanDone():
                self._end_scan(answer.job, scan, answer.summary)
            case JobCancelled():
                # What was found until then is there; a scan that found nothing has nothing to say.
                self._end_scan(answer.job, scan, ScanSummary(scan.found, scan.found) if scan.found else None)
            case Failed() if _died(answer) and scan.tries < TRIES:
                del self._scans[answer.job]
                scan.tries += 1
                # Its numbers may go to other series this time.
                scan.prefix = self._next_prefix()
                self._start_scan(scan)
            case Failed():
                self._end_scan(answer.job, scan, None)
                self.notice.emit(notice_of(answer.report))

    def _next_prefix(self) -> str:
        self._scan_count += 1
        return "" if self._scan_count == 1 else f"{self._scan_count}:"

    def _start_scan(self, scan: _Scan) -> None:
        self._scans[self.worker.scan(scan.paths, password=scan.password)] = scan

    def _cancel_scan(self, scan: _Scan) -> None:
        for job, other in self._scans.items():
            if other is scan:
                self.worker.cancel(job)

    def _end_scan(self, job: JobId, scan: _Scan, summary: ScanSummary | None) -> None:
        del self._scans[job]
        if not self._scans:
            self.scans_ended.emit()
        self._board.end(scan.board, "done" if summary is not None else "cancelled")
        if summary is not None:
            self.scan_done.emit(summary)

    def _announce(self, series: SeriesInfo, scan: _Scan) -> None:
        """Tell of a series; ids get the scan's prefix, so that they are unique in the session."""
        # A scan that was begun again after its process had died finds the same series once more.
        new = [stack for stack in series.stacks if _identity(stack) not in scan.announced]
        scan.announced.update(_identity(stack) for stack in new)
        fresh = tuple(replace(stack, id=scan.prefix + stack.id) for stack in new)
        scan.found += sum(stack.files for stack in fresh)
        self._found.extend(fresh)
        if fresh:
            self.series_found.emit(replace(series, stacks=fresh))

    def _on_block(self, event: BlockMade) -> None:
        load = self._loads.get(event.job)
        if load is None or event.block.closed:  # it was given up while its block was being made
            event.block.close()
            return
        load.opened.take_block(event.block)
        self.frames_changed.emit(load.opened)

    def _on_load(self, answer: Answer, load: _Load) -> None:
        opened = load.opened
        if opened.block is not None and opened.block.closed:
            return  # the worker has stopped and closed it; this was said before
        match answer:
            case FrameLoaded():
                opened.frame_loaded(answer.index, answer.problem)
            case StackLoaded():
                del self._loads[answer.job]
                opened.digest = answer.digest
                self._tell_lost(opened)
            case Failed() if _died(answer) and load.tries < TRIES:
                del self._loads[answer.job]
                load.tries += 1
                self._start_load(load)
            case Failed() if _died(answer):
                del self._loads[answer.job]
                opened.trouble = tr(STOPPED)
            case Failed():
                del self._loads[answer.job]
                opened.trouble = answer.report.message
                self._offer_retry(opened, notice_of(answer.report))
            case JobCancelled():
                del self._loads[answer.job]
        self.frames_changed.emit(opened)

    def _tell_lost(self, opened: OpenStack) -> None:
        lost = opened.lost()
        if lost:
            reason = opened.problems[lost[0]]
            detail = f"{reason.path}: {reason.reason}"
            self._offer_retry(opened, Notice("error", lost_words(opened), detail=detail))

    def _offer_retry(self, opened: OpenStack, told: Notice) -> None:
        close = (tr("Close series"), lambda: self.close_asked.emit(opened.stack))
        self.notice.emit(
            replace(told, label=tr("Retry"), action=lambda: self._load_again(opened), more=(close,))
        )

    def _start_load(self, load: _Load) -> None:
        # Always from the start: the digest covers every frame. What is loaded stays in view meanwhile.
        self._loads[self.worker.load(load.opened.stack, load.opened.block)] = load

    def _load_again(self, opened: OpenStack) -> None:
        """Try once more, if the stack is still open."""
        if self._open.get(opened.name) is opened:
            opened.hope_again()
            self._start_load(_Load(opened))
            self.frames_changed.emit(opened)

    def _on_thumbnail(self, answer: Answer) -> None:
        if not answer.final:
            return
        stack = self._thumbnails.pop(answer.job)
        self._thumbnail_job.sync(len(self._thumbnails))
        if isinstance(answer, ThumbnailMade):
            self.thumbnail_ready.emit(stack.id, _pixels(answer))
        elif isinstance(answer, Failed) and _died(answer) and stack_name(stack) not in self._lost:
            self._lost.add(stack_name(stack))
            self.thumbnail(stack)

    def _on_header(self, answer: Answer) -> None:
        if not answer.final:
            return
        stack, _ = self._headers.pop(answer.job)
        if isinstance(answer, HeaderRead):
            self.header_ready.emit(stack, answer.rows)
        elif isinstance(answer, Failed):
            self.notice.emit(notice_of(answer.report))

    def _on_mask(self, answer: Answer) -> None:
        if not answer.final:
            return
        stack, index = self._masks.pop(answer.job)
        if isinstance(answer, MaskRead):
            self.mask_ready.emit(stack, index, np.frombuffer(answer.pieces, np.int32).reshape(-1, 4))
            return
        name = f"mask {index} of {stack_name(stack)}"
        if isinstance(answer, Failed) and _died(answer) and name not in self._lost:
            self._lost.add(name)
            self.mask(stack, index)
        elif isinstance(answer, Failed) and not _died(answer):
            self.notice.emit(notice_of(answer.report))


def notice_of(report: ErrorReport) -> Notice:
    """An error of a child as a notice."""
    return Notice("error", report.message, report.advice, report.traceback)


def _identity(stack: StackInfo) -> object:
    """What tells a stack from the others of a scan, but for its number."""
    return stack.series_uid, stack.digest, stack.description, stack.split_reason, stack.shape, stack.geometry


def _pixels(answer: ThumbnailMade) -> NDArray[np.uint8]:
    shape = (
        (answer.rows, answer.columns)
        if answer.samples == 1
        else (answer.rows, answer.columns, answer.samples)
    )
    return np.frombuffer(answer.pixels, np.uint8).reshape(shape)


def _died(answer: Failed) -> bool:
    return answer.report.family == ChildDied.__name__
