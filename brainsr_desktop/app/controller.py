"""From what the user wants to what both panes show: opens, plans, keeps results, tells the widgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import psutil
from PySide6.QtCore import QObject, QTimer

from brainsr_desktop.app.controller_signals import ControllerSignals
from brainsr_desktop.app.enhancer import Enhancer
from brainsr_desktop.app.grey_windows import GreyWindows
from brainsr_desktop.app.jobs import JobBoard
from brainsr_desktop.app.model_import import ModelImport
from brainsr_desktop.app.score_means import ScoreMeans
from brainsr_desktop.app.shown_panes import ShownPanes
from brainsr_desktop.app.slice_orders import SliceOrders, what_is_made
from brainsr_desktop.app.stack_library import StackLibrary
from brainsr_desktop.app.store import Store
from brainsr_desktop.app.task_runner import TaskRunner
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.ipc.shared_array import sweep_stale
from brainsr_desktop.language import tr
from brainsr_desktop.models.catalog import Catalog, load_catalog
from brainsr_desktop.session import intents, intents_measure, suitability
from brainsr_desktop.session.cache import Result
from brainsr_desktop.session.comparison import Compared
from brainsr_desktop.session.known_models import KnownModels
from brainsr_desktop.session.open_stack import OpenStack
from brainsr_desktop.session.pictures import PaneStatus, Picture, ResultKey, stack_name
from brainsr_desktop.session.planner import wanted
from brainsr_desktop.session.reports import ExportRequest
from brainsr_desktop.session.state import ViewState
from brainsr_desktop.session.sweep import SweepRequest
from brainsr_desktop.session.windows import SeriesRange

FILES_TARGET: Final = "brainsr_desktop.io.child:main"
ENGINE_TARGET: Final = "brainsr_desktop.engine.child:main"
SETTLE_MS: Final = 150
"""The full network starts so long after the last scroll step or slider change (INTERFACE 8)."""
LOADING_MS: Final = 40
"""While frames stream in, the plan is made so often."""
LARGEST_CACHE_BYTES: Final = 2 * 2**30


class Controller(ControllerSignals):
    """Lives in the GUI thread and does nothing there that takes longer than 16 ms.

    It follows ``store.changed`` by itself: widgets change the state through intents and draw what these signals bring.
    """

    def __init__(
        self,
        store: Store,
        *,
        catalog: Catalog | None = None,
        cache_bytes: int = 0,
        files_target: str = FILES_TARGET,
        engine_target: str = ENGINE_TARGET,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.store = store
        self._models = KnownModels(catalog or load_catalog())
        self._board = JobBoard(self)
        self._library = StackLibrary(files_target, self._board, self)
        self._windows = GreyWindows(store, self._library, self)
        self._orders = SliceOrders(self._library, self._windows)
        limit = cache_bytes or min(LARGEST_CACHE_BYTES, psutil.virtual_memory().total // 4)
        self._enhancer = Enhancer(
            engine_target, limit, self._orders.order_of, lambda: self.retry(on_cpu=True), self
        )
        self._enhancer.content_of = self._library.content_of
        self._tasks = TaskRunner(
            self._library,
            self._enhancer,
            self._board,
            self._models.find,
            self._models.weights_of,
            lambda: store.state.hide_patient,
            self,
        )
        self._imports = ModelImport(self._enhancer, self._board, self)
        self._imports.catalog_read.connect(self._on_catalog)
        self._shown = ShownPanes(store, self._models, self._enhancer, self._windows, self)
        self.trust = self._shown.trust
        self._means = ScoreMeans(store, self._models, self._enhancer, self)
        self._view: OpenStack | None = None
        self._settled = True
        self._ended = False
        self._settle = self._timer(SETTLE_MS, self._on_settled)
        self._loading = self._timer(LOADING_MS, self._refresh)
        self._pass_on()
        store.changed.connect(self._on_state)

    def _timer(self, interval_ms: int, call: object) -> QTimer:
        timer = QTimer(self, singleShot=True, interval=interval_ms)
        timer.timeout.connect(call)
        return timer

    def _pass_on(self) -> None:
        library, enhancer, tasks, shown = self._library, self._enhancer, self._tasks, self._shown
        for ours, theirs in (
            (self.series_begun, library.series_begun),
            (self.series_found, library.series_found),
            (self.scan_progress, library.scan_progress),
            (self.scan_done, library.scan_done),
            (self.scans_ended, library.scans_ended),
            (self.thumbnail_ready, library.thumbnail_ready),
            (self.header_ready, library.header_ready),
            (self.close_asked, library.close_asked),
            (self.mask_ready, library.mask_ready),
            (self.devices_found, enhancer.devices_found),
            (self.memory_changed, enhancer.memory_changed),
            (self.job_changed, self._board.changed),
            (self.notice, library.notice),
            (self.notice, enhancer.notice),
            (self.notice, tasks.notice),
            (self.notice, self._imports.notice),
            (self.export_opened, tasks.series_asked),
            (self.sweep_changed, tasks.sweeps.changed),
            (self.range_changed, self._windows.range_changed),
            (self.left_changed, shown.left_changed),
            (self.right_changed, shown.right_changed),
            (self.map_changed, shown.map_changed),
            (self.compared_changed, shown.compared_changed),
            (self.scores_changed, shown.scores_changed),
            (self.means_changed, self._means.changed),
            (self.slice_states_changed, shown.slice_states_changed),
        ):
            theirs.connect(ours)
        library.frames_changed.connect(self._on_frames)
        library.measured.connect(self._on_measured)
        enhancer.result_ready.connect(self._on_result)
        enhancer.progressed.connect(self._on_progress)
        enhancer.idle_changed.connect(self._refresh)
        tasks.changed.connect(self._loading.start)
        shown.outdated.connect(self._refresh)

    @property
    def catalog(self) -> Catalog:
        """The models there are."""
        return self._models.catalog

    # What is shown now: value read-outs, histograms and copies take it from here

    @property
    def left_picture(self) -> Picture | None:
        """What the original pane shows."""
        return self._shown.left.picture

    @property
    def right_picture(self) -> Picture | None:
        """What the enhanced pane shows."""
        return self._shown.right.picture

    @property
    def left_status(self) -> PaneStatus:
        """Label of the original pane."""
        return self._shown.left.status

    @property
    def right_status(self) -> PaneStatus:
        """Label of the enhanced pane."""
        return self._shown.right.status

    @property
    def compared(self) -> Compared | None:
        """The finished right picture and what its change is measured from, once both are there."""
        return self._shown.compared

    @property
    def series_range(self) -> SeriesRange | None:
        """Windows and robust range of the stack in view; None until enough of it is loaded."""
        return self._windows.current()

    @property
    def scores(self) -> Mapping[str, Mapping[str, float]]:
        """Metrics of the slice in view, by model."""
        return self._shown.scores

    def values_at(self, x_mm: float, y_mm: float) -> tuple[float | None, float | None]:
        """Values in units under a place of the slice's plane: left pane, right pane."""
        return self._shown.values_at(x_mm, y_mm)

    def seconds_of(self, slice_index: int) -> float | None:
        """How long the best result of a slice of the volume in view took, s; None where there is none."""
        return self._shown.seconds_of(slice_index)

    @property
    def child_pids(self) -> dict[str, int | None]:
        """Process numbers of the children, for the log and for tests."""
        return {"files": self._library.worker.pid, "engine": self._enhancer.worker.pid}

    @property
    def loading(self) -> bool:
        """Whether frames of the stack in view are still to come."""
        return self._view is not None and not self._view.complete and not self._view.trouble

    @property
    def computing(self) -> bool:
        """Whether the engine has something to do."""
        return bool(self._enhancer.queue.flights)

    # Opening

    def start(self) -> None:
        """Start the files process. Called once the window is visible."""
        if not self._library.worker.running:
            sweep_stale()
            self._library.worker.start()

    def open_paths(self, paths: list[str], *, replace: bool = False, password: str | None = None) -> None:
        """Look for series in files and folders; ``replace`` closes what is open first."""
        if replace:
            self.close_all()
        self.start()
        self._library.scan(paths, password)

    def open_stack(self, stack: StackInfo) -> None:
        """Show a stack, with the grey window it had when it was last in view."""
        self.start()
        if not stack.reading:
            self._enhancer.start()
        window = self._windows.remembered(stack_name(stack))
        self.store.apply(lambda state: intents.open_stack(state, stack, window))

    def close_all(self) -> None:
        """Close every series."""
        self._tasks.drop_all()
        self._library.forget_all()
        self.store.apply(lambda state: suitability.forget_all(intents.open_stack(state, None)))
        self._enhancer.forget_all()
        self._windows.clear()
        self.closed.emit()

    def close_stacks(self, stacks: Sequence[StackInfo]) -> None:
        """Close some series; a job that works on one of them is finished."""
        state = self.store.state
        if state.stack is not None and state.stack.id in {stack.id for stack in stacks}:
            self.store.apply(lambda state: intents.open_stack(state, None))
        names = {stack_name(stack) for stack in stacks}
        self.store.apply(lambda state: suitability.forget(intents_measure.forget(state, names), names))
        self._library.forget(stacks)
        self._enhancer.forget(names)

    def request_thumbnail(self, stack: StackInfo) -> None:
        """Ask for ``thumbnail_ready``."""
        self._library.thumbnail(stack)

    def request_header(self, stack: StackInfo, index: int) -> None:
        """Ask for ``header_ready``: every header field of a frame (volume * slices + slice)."""
        self._library.header(stack, index)

    def request_mask(self, stack: StackInfo, index: int) -> None:
        """Ask for ``mask_ready``: the outline of the mask of a frame (volume * slices + slice)."""
        self._library.mask(stack, index)

    # Enhancing

    def choose_model(self, name: str, scale: int) -> None:
        """Enhance with another model, previewed by the fast one of its scale (undoable)."""
        fast = None if self.store.state.fast_model is None else self._models.preview_of(scale)
        self.store.apply(lambda state: intents.choose_model(state, name, scale, fast), undo=tr("model"))

    def enhance_series(self) -> None:
        """Make every slice of the stack in view with the full network."""
        state = self.store.state
        if state.stack is not None:
            self._tasks.enhance(state.stack, state.active_recipe)

    def export(self, request: ExportRequest) -> None:
        """Enhance what is missing and write it."""
        self.start()
        self._enhancer.start()
        state = self.store.state
        recipe = replace(state.recipe, precision=request.precision)
        self._tasks.export(request, recipe, state.degradation)

    def sweep(self, request: SweepRequest) -> None:
        """Score every model over a range; ``sweep_changed`` follows."""
        self.start()
        self._enhancer.start()
        self._tasks.sweeps.begin(request)

    def enhance_stacks(self, stacks: tuple[StackInfo, ...]) -> None:
        """Make every slice of several stacks, one stack after another."""
        self.start()
        self._enhancer.start()
        for stack in stacks:
            self._tasks.enhance(stack, self.store.state.recipe)

    def import_model(self, source: str) -> None:
        """Check and install a model; ``catalog_changed`` follows."""
        self._imports.begin(source)

    def _on_catalog(self, catalog: Catalog) -> None:
        self._models.take(catalog)
        self.catalog_changed.emit(catalog)

    def clear_results(self) -> None:
        """Forget every finished slice, on disk too; what is in view is made again."""
        self._enhancer.disk.clear()
        self._enhancer.forget_all()
        self._refresh()

    def set_disk_store(self, limit_bytes: int) -> None:
        """How much may be kept on disk for the next start; 0: nothing more is."""
        self._enhancer.disk.set_limit(limit_bytes)

    def pause_job(self, number: int, on: bool) -> None:
        """Let a job rest, or go on."""
        self._board.pause(number, on)

    def cancel_job(self, number: int) -> None:
        """Stop a job; what is finished stays."""
        self._board.cancel(number)

    def stop_network(self) -> None:
        """Network off: what runs for the panes is stopped."""
        self.store.apply(lambda state: intents.set_network(state, on=False))

    def retry(self, *, on_cpu: bool = False) -> None:
        """Try again what failed, and start the engine again if it stopped; ``on_cpu`` changes the device."""
        self._enhancer.forgive()
        if self._enhancer.blocked is not None:
            self._enhancer.start_again()
        if on_cpu:
            self.store.apply(lambda state: intents.set_device(state, "cpu"), undo=tr("device"))
        self._refresh()

    # Ending

    @property
    def busy(self) -> bool:
        """Whether a series is being enhanced or exported: closing should ask."""
        return self._board.keeps_window

    def shut_down(self) -> None:
        """End both children and unlink every block. Takes up to some seconds; nothing may be called after it."""
        self._ended = True
        self._settle.stop()
        self._loading.stop()
        self._enhancer.disk.finish()
        workers = (self._library.worker, self._enhancer.worker)
        for worker in workers:
            worker.begin_stop()
        for worker in workers:
            worker.wait_stopped()
        self._library.close()

    # From state to panes and plan

    def _on_state(self, before: ViewState, after: ViewState) -> None:
        if before.stack is not after.stack:
            self._switch_stack(after)
        if what_is_made(before) != what_is_made(after):
            self._shown.forget_fresh()
            self._settled = False
            self._settle.start()
        self._windows.on_state(before, after)
        self._refresh()

    def _switch_stack(self, after: ViewState) -> None:
        old = self._view
        # The new one first: a stack that is opened again stays loaded.
        self._view = None if after.stack is None else self._library.hold(after.stack, self)
        if old is not None and old is not self._view:
            self._library.release(old, self)
        self._shown.take_source(self._view)

    def _on_settled(self) -> None:
        self._settled = True
        self._refresh()

    def _refresh(self) -> None:
        """Draw what there is, then plan what is missing."""
        if self._ended:
            return
        self._shown.draw()
        self._shown.tell_scores()
        self._tasks.advance()
        self._plan(self.store.state)
        self._shown.tell_states()

    def _plan(self, state: ViewState) -> None:
        wants = wanted(
            state,
            self._enhancer.is_settled,
            self._models.weights_of,
            loaded=lambda index: self._view is not None and self._view.has(index),
            baselines=self._models.baselines(state.recipe.scale),
            jobs=self._tasks.wants(),
        )
        self._enhancer.cache.pin(self._shown.keys_in_view())
        self._enhancer.plan([want for want in wants if self._orders.may_be_made(want)], settled=self._settled)

    # What came

    def _on_frames(self, opened: OpenStack) -> None:
        if opened is not self._view:
            self._loading.start()
            return
        state = self.store.state
        self._windows.on_frames(opened, state.volume)
        if self.left_picture is None and (
            opened.has(state.frame_index) or opened.why_missing(state.frame_index)
        ):
            self._refresh()
        elif not self._loading.isActive():
            self._loading.start()

    def _on_measured(self, _measured: object) -> None:
        self._refresh()

    def _on_result(self, key: ResultKey, _result: Result) -> None:
        self._shown.take_fresh(key)

    def _on_progress(self, key: ResultKey) -> None:
        if self._shown.waits_for(key):
            self._shown.draw()
