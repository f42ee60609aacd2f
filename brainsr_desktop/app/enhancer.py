"""Keeps the engine process busy with the most urgent slices, and keeps what it made."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from brainsr_desktop import paths
from brainsr_desktop.app.child_worker import Gone, Started
from brainsr_desktop.app.disk_results import DiskResults
from brainsr_desktop.app.engine_worker import EngineWorker, Made, Order
from brainsr_desktop.core.errors import ChildDied
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.core.resample import METHODS
from brainsr_desktop.engine.messages import DeviceInfo, Devices, ModelImported, Prepared
from brainsr_desktop.ipc.messages import Answer, ErrorReport, Failed, JobCancelled, JobId, Progress
from brainsr_desktop.language import tr
from brainsr_desktop.session.cache import Result, ResultCache
from brainsr_desktop.session.panes import Failure
from brainsr_desktop.session.pictures import ResultKey
from brainsr_desktop.session.planner import Stage, Urgency, Want
from brainsr_desktop.session.reports import Notice
from brainsr_desktop.session.request_queue import RequestQueue

log = logging.getLogger(__name__)

LIST_DEVICES_MS: Final = 2000
"""The first slice goes before the question what else it could run on."""
OF_ONE_SLICE: Final = ("FALLBACK", "FLAT")
"""Notes that begin so are shown with their slice."""
TRIES: Final = 2
"""A slice that ended the engine process twice is given up (FAULTS 66)."""

MakeOrder = Callable[[Want], Order | None]
"""Where the pixels of a want are; None when they are gone."""


class Enhancer(QObject):
    """Owns the engine worker, the request queue and the results. All of it happens in the GUI thread."""

    result_ready = Signal(object, object)  # ResultKey, Result
    stored_found = Signal(object, object)  # ResultKey, Result: made before this start, read from disk
    slice_failed = Signal(object, object)  # ResultKey, Failure
    progressed = Signal(object)  # ResultKey
    idle_changed = Signal()  # something ended or the engine came back: time to plan again
    devices_found = Signal(object)
    memory_changed = Signal(object, object)
    notice = Signal(object)
    model_checked = Signal(object)  # ModelImported or Failed: what came of `import_model`

    def __init__(
        self,
        target: str,
        cache_bytes: int,
        make_order: MakeOrder,
        take_cpu: Callable[[], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.worker = EngineWorker(target)
        self.worker.heard.connect(self._on_heard)
        self.queue = RequestQueue()
        self.cache = ResultCache(cache_bytes)
        self.disk = DiskResults(paths.cache_dir() / "results", self)
        self.disk.answered.connect(self._on_disk)
        self.content_of: Callable[[ResultKey], str] = lambda _key: ""
        """Digest of the UIDs and pixels that a result is made from; empty while not all of them are read."""
        self.devices: tuple[DeviceInfo, ...] = ()
        self.blocked: Failure | None = None
        """Why nothing can be made at present."""
        self._make_order = make_order
        self._take_cpu = take_cpu
        self._told: set[str] = set()
        self._keys: dict[JobId, ResultKey] = {}
        self._jobs: dict[ResultKey, JobId] = {}
        self._fractions: dict[ResultKey, float] = {}
        self._failures: dict[ResultKey, Failure] = {}
        self._deaths: Counter[ResultKey] = Counter()
        self._culprit: ResultKey | None = None
        self._made_on: dict[tuple[str, str], tuple[str, str]] = {}
        self._preparing: dict[JobId, Recipe] = {}
        self._imports: set[JobId] = set()

    def start(self) -> None:
        """Start the engine; nothing happens the second time."""
        self.worker.start()

    def plan(self, wants: Sequence[Want], *, settled: bool) -> None:
        """Make these, the first first; what is in flight and not among them is cancelled."""
        if self.blocked is not None:
            return
        orders = self.queue.update([want for want in wants if not self._may_be_stored(want)], settled=settled)
        for key in orders.cancel:
            self.worker.cancel(self._jobs[key])
        for want in orders.start:
            order = self._make_order(want)
            if order is None:
                self.queue.ended(want.key)
                continue
            job = self.worker.infer(order)
            self._keys[job] = want.key
            self._jobs[want.key] = job

    def _may_be_stored(self, want: Want) -> bool:
        """Whether the disk is to be waited for, some milliseconds; what is being made is made to its end."""
        waits = _lasts(want) and not self.queue.is_running(want.key)
        return waits and self.disk.may_have(want.key, self.content_of(want.key))

    def _on_disk(self, key: ResultKey, result: Result | None) -> None:
        if result is not None:
            self.cache.put(key, result)
            self.stored_found.emit(key, result)
            self.memory_changed.emit(self.cache.used_bytes, self.cache.limit_bytes)
        self.idle_changed.emit()

    def has(self, key: ResultKey) -> bool:
        """Whether a result is there."""
        return key in self.cache

    def is_settled(self, key: ResultKey) -> bool:
        """Whether nothing needs to be made for a key: it is there, or it failed."""
        return key in self.cache or key in self._failures

    def failure(self, key: ResultKey) -> Failure | None:
        """Why a slice could not be made."""
        return self._failures.get(key)

    @property
    def failed(self) -> Iterable[ResultKey]:
        """What could not be made."""
        return self._failures.keys()

    def progress(self, key: ResultKey) -> float | None:
        """How far a slice is, 0 to 1; None when it is not being made."""
        return self._fractions.get(key, 0.0) if self.queue.is_running(key) else None

    def made_on(self, recipe: Recipe) -> tuple[str, str] | None:
        """Backend and device that run a model, ("", "") if it cannot run; None before that is known (`prepare`)."""
        return self._made_on.get((recipe.model, recipe.device))

    def prepare(self, recipe: Recipe) -> None:
        """Have a model loaded, to know what it runs on."""
        if self.made_on(recipe) is None:
            self._preparing[self.worker.prepare(recipe)] = recipe

    def import_model(self, source: str) -> None:
        """Have a model of the user's checked and installed; ``model_checked`` follows."""
        self.start()
        self._imports.add(self.worker.import_model(source))

    def forgive(self, keys: Iterable[ResultKey] | None = None) -> None:
        """Try failed slices again: these, or all of them."""
        for key in tuple(self._failures) if keys is None else tuple(keys):
            self._failures.pop(key, None)
            self._deaths.pop(key, None)

    def start_again(self) -> None:
        """Start an engine that is gone."""
        self.worker.start_again()

    def forget_all(self) -> None:
        """Drop every result and failure, but for what is on disk."""
        self.cache.clear()
        self._failures.clear()
        self._deaths.clear()
        self.memory_changed.emit(self.cache.used_bytes, self.cache.limit_bytes)

    def forget(self, names: Collection[str]) -> None:
        """Drop the results and failures of some stacks (see `stack_name`)."""
        for name in names:
            self.cache.drop_stack(name)
        self._failures = {
            key: failure for key, failure in self._failures.items() if key.stack_digest not in names
        }
        self.memory_changed.emit(self.cache.used_bytes, self.cache.limit_bytes)

    # What the worker says

    def _on_heard(self, event: object) -> None:
        match event:
            case Made(job, result):
                self._on_made(job, result)
            case Started(after):
                self._on_started(after)
            case Gone(how):
                self._on_gone(how)
            case Devices(_, devices):
                self.devices = devices
                self.devices_found.emit(devices)
            case Prepared(job, backend, device) if job in self._preparing:
                self._note(self._preparing.pop(job), backend, device)
                self.idle_changed.emit()
            case Failed(job) if job in self._preparing:
                # A slice that needs the model will say why where it can be seen.
                self._note(self._preparing.pop(job), "", "")
                self.idle_changed.emit()
            case ModelImported(job) | Failed(job) if job in self._imports:
                self._imports.discard(job)
                self.model_checked.emit(event)
            case Progress(job, done, total) if job in self._keys:
                self._fractions[self._keys[job]] = done / total if total > 0 else 0.0
                self.progressed.emit(self._keys[job])
            case JobCancelled(job):
                self._take(job)
                self.idle_changed.emit()
            case Failed(job, report):
                self._on_failed(job, report)
            case Answer():
                log.warning("unexpected %s", type(event).__name__)

    def _on_started(self, after: str) -> None:
        self.blocked = None
        self._accuse()
        QTimer.singleShot(LIST_DEVICES_MS, self, self._ask_for_devices)
        if after:
            self.notice.emit(
                Notice(
                    "warning",
                    tr("The network process stopped ({how}). It was started again.", how=after),
                    tr("The slice is computed once more."),
                    label=tr("Use CPU only"),
                    action=self._take_cpu,
                )
            )
        self.idle_changed.emit()

    def _ask_for_devices(self) -> None:
        if not self.devices:
            self.worker.list_devices()

    def _on_gone(self, how: str) -> None:
        self._accuse()
        self.blocked = Failure(
            tr("the network process stopped ({how})", how=how), tr("Start it again, or use another device.")
        )
        self.notice.emit(
            Notice(
                "error",
                tr("The network process stopped again ({how}).", how=how),
                tr("Your images are safe. Start it again, or choose another device or model."),
                label=tr("Start again"),
                action=self.start_again,
            )
        )
        self.idle_changed.emit()

    def _on_made(self, job: JobId, result: Result) -> None:
        flight = self.queue.flight(self._keys[job]) if job in self._keys else None
        key = self._take(job)
        if flight is not None and not result.fallback:
            self._note(flight.want.recipe, result.backend, result.device)
            self._tell_once(result.notes)
        if key is not None:
            if flight is None or not _scored_only(flight.want):
                self.cache.put(key, result)
            if flight is not None and _lasts(flight.want) and not result.fallback:
                self.disk.keep(key, self.content_of(key), result)
            self.result_ready.emit(key, result)
            self.memory_changed.emit(self.cache.used_bytes, self.cache.limit_bytes)
        self.idle_changed.emit()

    def _on_failed(self, job: JobId, report: ErrorReport) -> None:
        flight = self.queue.flight(self._keys[job]) if job in self._keys else None
        unwanted = flight is not None and flight.cancelling
        key = self._take(job)
        if key is None:
            log.warning("the engine could not list its devices: %s", report.message)
        elif report.family == ChildDied.__name__ and (unwanted or self._may_try_again(key)):
            log.info("a slice is made once more")
        elif not unwanted:
            failure = Failure(report.message, report.advice, report.traceback)
            self._failures[key] = failure
            self.slice_failed.emit(key, failure)
        self.idle_changed.emit()

    def _may_try_again(self, key: ResultKey) -> bool:
        """What only waited behind the slice that ended the process has not failed."""
        if key == self._culprit:
            self._deaths[key] += 1
        return self._deaths[key] < TRIES

    def _accuse(self) -> None:
        """The process died: of the slices in it the oldest was being made."""
        self._culprit = next((flight.want.key for flight in self.queue.flights), None)

    def _tell_once(self, notes: Iterable[str]) -> None:
        """Smaller tiles, another device: the user should know, but not at every slice."""
        for note in notes:
            if note not in self._told and not note.startswith(OF_ONE_SLICE):
                self._told.add(note)
                self.notice.emit(Notice("info", note))

    def _note(self, recipe: Recipe, backend: str, device: str) -> None:
        self._made_on[recipe.model, recipe.device] = (backend, device)

    def _take(self, job: JobId) -> ResultKey | None:
        """A request ended: its key, None if it was none for a slice."""
        key = self._keys.pop(job, None)
        if key is not None:
            self._jobs.pop(key, None)
            self._fractions.pop(key, None)
            self.queue.ended(key)
        return key


def _lasts(want: Want) -> bool:
    """Whether a result goes to disk: what a network made, and not in test mode, where scores depend on more yet."""
    recipe = want.recipe
    return want.stage is Stage.FULL and recipe.model not in METHODS and recipe.degradation is None


def _scored_only(want: Want) -> bool:
    """A sweep wants figures: its pictures would push those out that are looked at."""
    return want.stage is Stage.SCORE and want.urgency is Urgency.JOB
