"""Drives the real window through its main job with real mouse and key events, and reports what happened."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil
from PySide6.QtCore import QEvent, QEventLoop, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from brainsr_desktop import __version__
from brainsr_desktop.app.dialogs.export import ExportDialog
from brainsr_desktop.app.dialogs.notice import ResearchNotice
from brainsr_desktop.app.heartbeat import Heartbeat
from brainsr_desktop.app.window import MainWindow
from brainsr_desktop.core.series import ScanSummary, SeriesInfo
from brainsr_desktop.session.pictures import PaneState
from brainsr_desktop.session.reports import JobView, Notice

log = logging.getLogger(__name__)

READY: Final = (PaneState.FULL, PaneState.CACHED)
NOTCHES: Final = 10
DRAG_STEPS: Final = 8
SIZE_PX: Final = (1280, 800)
SOON_S: Final = 120.0
OPEN_S: Final = 300.0
ENHANCE_S: Final = 600.0
EXPORT_S: Final = 3600.0
"""After these a step has failed: long, for a machine that is busy with other things; what is quick is in the report."""
HEAVY: Final = frozenset({"torch", "openvino", "pydicom", "nibabel"})
"""What belongs into the children alone."""
POLL_MS: Final = 5
KEY_REPEAT_MS: Final = 15
"""Twice as fast as a key that is held down repeats."""


class StepFailed(Exception):
    """A step did not do what it should; the text says what was seen instead."""


@dataclass(slots=True)
class Step:
    """One line of the report."""

    name: str
    ok: bool
    detail: str


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Let the window work until a condition holds; raises StepFailed with ``what`` after so many seconds."""
    end = time.monotonic() + seconds
    loop = QEventLoop()
    while not condition():
        if time.monotonic() > end:
            raise StepFailed(f"{what} did not happen within {seconds:.0f} s")
        QTimer.singleShot(POLL_MS, loop.quit)
        loop.exec()


def turn_wheel(widget: QWidget, notches: int) -> None:
    """Real wheel events over the middle of a widget; positive = towards the user, the next slice."""
    place = QPointF(widget.rect().center())
    for _ in range(abs(notches)):
        QApplication.sendEvent(
            widget,
            QWheelEvent(
                place,
                QPointF(widget.mapToGlobal(place.toPoint())),
                QPoint(),
                QPoint(0, -120 if notches > 0 else 120),
                Qt.MouseButton.NoButton,
                Qt.KeyboardModifier.NoModifier,
                Qt.ScrollPhase.NoScrollPhase,
                False,
            ),
        )


def drag(widget: QWidget, by: QPoint) -> None:
    """A real drag with the left button from the middle of a widget. QTest's own moves hold no button."""
    start = widget.rect().center()
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    moves = [start + by * step / DRAG_STEPS for step in range(1, DRAG_STEPS + 1)]
    for kind, at, button, held in (
        (QEvent.Type.MouseButtonPress, start, left, left),
        *((QEvent.Type.MouseMove, at, none, left) for at in moves),
        (QEvent.Type.MouseButtonRelease, start + by, left, none),
    ):
        event = QMouseEvent(
            kind, QPointF(at), QPointF(widget.mapToGlobal(at)), button, held, Qt.KeyboardModifier.NoModifier
        )
        QApplication.sendEvent(widget, event)


class SmokeTest:
    """One run. ``started`` is the wall-clock time (s since 1970) at which the process began."""

    def __init__(self, window: MainWindow, out: Path, source: Path, started: float) -> None:
        self._window = window
        self._controller = window.controller
        self._store = window.store
        self._out = out
        self._source = source
        self._started = started
        self._heart = Heartbeat()
        self._steps: list[Step] = []
        self._seconds: dict[str, float] = {}
        self._series: list[SeriesInfo] = []
        self._summary: ScanSummary | None = None
        self._jobs: dict[int, JobView] = {}
        self._notices: list[Notice] = []
        self._controller.series_found.connect(self._series.append)
        self._controller.scan_done.connect(self._on_scan_done)
        self._controller.job_changed.connect(self._on_job)
        self._controller.notice.connect(self._notices.append)

    def run(self) -> int:
        """Every step in turn; 0 only if all did what they should."""
        self._out.mkdir(parents=True, exist_ok=True)
        for name, step in (
            ("window", self._show),
            ("open", self._open),
            ("enhance", self._enhance),
            ("scroll", self._scroll),
            ("window and level", self._drag_window),
            ("original", self._look_at_original),
            ("degrade", self._degrade),
            ("export", self._export),
        ):
            self._do(name, step)
            if not self._steps[-1].ok:
                break
        self._heart.stop()
        self._do("light process", self._look_at_modules)
        self._do("close", self._close)
        self._write_report()
        return 0 if all(step.ok for step in self._steps) else 1

    def _do(self, name: str, step: Callable[[], str]) -> None:
        try:
            self._steps.append(Step(name, True, step()))
        except StepFailed as failure:
            said = "; ".join(notice.text for notice in self._notices[-3:])
            self._steps.append(Step(name, False, f"{failure}. Last notices: {said or 'none'}"))
        log.info("Smoke test, %s: %s", name, "ok" if self._steps[-1].ok else "failed")
        if name not in ("light process", "close"):
            self._shoot(name)

    def _shoot(self, name: str) -> None:
        self._heart.stop()  # taking and writing a picture is the test's work, not the window's
        QApplication.processEvents()
        number = len(self._steps)
        self._window.grab().save(str(self._out / f"window-{number:02d}-{name.replace(' ', '-')}.png"))
        self._heart.start()

    # --- the steps: each returns what it saw

    def _show(self) -> str:
        self._window.show()
        wait_until(self._window.isVisible, SOON_S, "the window")
        handle = self._window.windowHandle()
        wait_until(handle.isExposed, SOON_S, "the first picture of the window")
        self._seconds["window"] = round(time.time() - self._started, 2)
        self._window.resize(*SIZE_PX)  # the off-screen platform has a small screen
        self._controller.start()
        self._heart.start()
        notice = self._window.dialogs.current(ResearchNotice)
        if notice is not None:
            QTest.mouseClick(
                notice.tick, Qt.MouseButton.LeftButton, pos=QPoint(12, notice.tick.height() // 2)
            )
            QTest.mouseClick(notice.go_on, Qt.MouseButton.LeftButton)
            wait_until(lambda: not notice.isVisible(), SOON_S, "the end of the research notice")
        return f"{self._window.width()} x {self._window.height()}"

    def _open(self) -> str:
        begun = time.monotonic()
        self._window.open_paths([str(self._source)])
        wait_until(lambda: self._controller.left_picture is not None, OPEN_S, "the first slice")
        self._seconds["first_slice"] = round(time.monotonic() - begun, 2)
        wait_until(lambda: self._summary is not None, OPEN_S, "the end of the scan")
        stack = self._store.state.stack
        if stack is None or not self._series:
            raise StepFailed("no series was opened")
        return f"{len(self._series)} series; shown: {stack.description or 'no description'}, {stack.slices} slices"

    def _enhance(self) -> str:
        stack = self._store.state.stack
        assert stack is not None
        begun = time.monotonic()
        self._focus_images()
        QTest.keyClick(self._left, Qt.Key.Key_Home)
        for _ in range(stack.slices // 2):
            QTest.keyClick(self._left, Qt.Key.Key_Down)
            QTest.qWait(KEY_REPEAT_MS)
        if self._store.state.slice_index != stack.slices // 2:
            raise StepFailed(
                f"the keys led to slice {self._store.state.slice_index + 1}, not to the middle one"
            )
        self._wait_for_network("the enhanced middle slice")
        self._seconds["first_enhanced"] = round(time.monotonic() - begun, 2)
        return self._controller.right_status.text

    def _scroll(self) -> str:
        stack = self._store.state.stack
        assert stack is not None
        start = self._store.state.slice_index
        wanted = min(start + NOTCHES, stack.slices - 1)
        for _ in range(NOTCHES):
            turn_wheel(self._left, 1)
            self._check_key()
        if self._store.state.slice_index != wanted:
            raise StepFailed(
                f"{NOTCHES} notches led from slice {start + 1} to {self._store.state.slice_index + 1}"
            )
        self._wait_for_network("the enhanced slice after scrolling")
        return f"slice {start + 1} to {wanted + 1}"

    def _drag_window(self) -> str:
        before = self._window.areas.pair.grey
        drag(self._left, QPoint(40, -24))
        after = self._window.areas.pair.grey
        if before == after:
            raise StepFailed("the drag did not change the grey window")
        QTest.keyClick(self._left, Qt.Key.Key_0)
        return f"W {before.width:.0f} L {before.center:.0f} became W {after.width:.0f} L {after.center:.0f}"

    def _look_at_original(self) -> str:
        QTest.keyPress(self._left, Qt.Key.Key_Space)
        wait_until(
            lambda: self._controller.right_status.state is PaneState.ORIGINAL, SOON_S, "the original at Space"
        )
        QTest.qWait(400)  # longer than a tap, so that letting go ends it
        QTest.keyRelease(self._left, Qt.Key.Key_Space)
        wait_until(
            lambda: self._controller.right_status.state in READY, SOON_S, "the enhanced picture after Space"
        )
        return "held and let go"

    def _degrade(self) -> str:
        QTest.keyClick(self._window, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
        if not self._store.state.test_mode:
            raise StepFailed("Ctrl+T did not turn test mode on")
        panel = self._window.areas.test
        for row, steps in ((panel.noise, 6), (panel.blur, 5)):
            row.slider.setFocus()
            for _ in range(steps):
                QTest.keyClick(row.slider, Qt.Key.Key_Right)
                QTest.qWait(KEY_REPEAT_MS)
        degradation = self._store.state.degradation
        if degradation.noise_percent <= 0 or degradation.blur_px <= 0:
            raise StepFailed("the sliders did not change noise and blur")
        self._wait_for_network("the enhanced picture of the degraded slice")
        state, controller = self._store.state, self._controller
        baselines = [c.name for c in controller.catalog.for_scale(state.recipe.scale) if c.is_interpolation]
        wanted = {state.recipe.model, *baselines}
        wait_until(lambda: wanted <= set(controller.scores), ENHANCE_S, "PSNR and SSIM of all")
        scores = {name: round(value["psnr"], 2) for name, value in self._controller.scores.items()}
        self._shoot("test mode")
        self._focus_images()
        QTest.keyClick(self._window, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
        wait_until(lambda: not self._store.state.test_mode, SOON_S, "the end of test mode")
        self._wait_for_network("the enhanced picture after test mode")
        return f"noise {degradation.noise_percent} %, blur {degradation.blur_px} px, PSNR in dB: {scores}"

    def _export(self) -> str:
        target = self._out / "export"
        target.mkdir(exist_ok=True)
        before = set(self._jobs)
        begun = time.monotonic()
        self._focus_images()
        QTest.keyClick(self._window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
        wait_until(
            lambda: self._window.dialogs.current(ExportDialog) is not None, SOON_S, "the export dialog"
        )
        dialog = self._window.dialogs.current(ExportDialog)
        assert dialog is not None
        dialog.where.folder.selectAll()
        QTest.keyClicks(dialog.where.folder, str(target))
        try:
            wait_until(dialog.go.isEnabled, SOON_S, "the Export button")
        except StepFailed as failed:
            raise StepFailed(f"{failed}: {dialog.why.text()}") from failed
        self._steps.append(Step("export dialog", True, dialog.summary.text()))
        self._heart.stop()
        dialog.grab().save(str(self._out / "window-export-dialog.png"))
        self._heart.start()
        QTest.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
        wait_until(lambda: bool(set(self._jobs) - before), SOON_S, "the export job")
        number = max(set(self._jobs) - before)
        wait_until(
            lambda: self._jobs[number].state in ("done", "failed", "cancelled"), EXPORT_S, "the export"
        )
        self._seconds["export"] = round(time.monotonic() - begun, 2)
        if self._jobs[number].state != "done":
            raise StepFailed(f"the export ended as {self._jobs[number].state}")
        files = sorted(target.rglob("*.dcm"))
        stack = self._store.state.stack
        if stack is None or len(files) < stack.slices or list(target.rglob("*.partial")):
            raise StepFailed(f"{len(files)} files lie in {target.name}")
        return f"{len(files)} DICOM files"

    def _look_at_modules(self) -> str:
        loaded = sorted(HEAVY & set(sys.modules))
        if loaded:
            raise StepFailed(f"the window process has loaded {', '.join(loaded)}")
        return f"none of {', '.join(sorted(HEAVY))} in the window process"

    def _close(self) -> str:
        self._window.close()
        self._controller.shut_down()
        me = psutil.Process()
        wait_until(lambda: not _children(me), SOON_S, "the end of the child processes")
        return "no child process left"

    # --- helpers

    @property
    def _left(self) -> QWidget:
        view: QWidget = self._window.areas.pair.left.view.viewport()
        return view

    def _focus_images(self) -> None:
        self._window.activateWindow()
        self._window.areas.pair.set_active("left")
        # A screen gives the focus in its own time, and keys before that are lost.
        wait_until(self._window.areas.pair.left.view.hasFocus, SOON_S, "the focus on the left pane")

    def _wait_for_network(self, what: str) -> None:
        def arrived() -> bool:
            status = self._controller.right_status
            if status.state is PaneState.FAILED:
                raise StepFailed(f"{what}: {status.text}")
            banner = self._window.suitability.banners["right"]
            if status.state is PaneState.HELD and banner.isVisible():
                QTest.mouseClick(banner.run, Qt.MouseButton.LeftButton)
            return status.state in READY

        wait_until(arrived, ENHANCE_S, what)
        self._check_key()

    def _check_key(self) -> None:
        picture, state = self._controller.right_picture, self._store.state
        key = picture.key if picture is not None else None
        if key is not None and key.frame != state.frame_index:
            raise StepFailed(f"slice {key.frame} was shown in place of {state.frame_index}")

    def _on_scan_done(self, summary: ScanSummary) -> None:
        self._summary = summary

    def _on_job(self, job: JobView) -> None:
        self._jobs[job.id] = job

    def _write_report(self) -> None:
        stack = self._store.state.stack
        gaps = self._heart.summary()
        report: dict[str, Any] = {
            "version": __version__,
            "qt_platform": QGuiApplication.platformName(),
            "series": len(self._series),
            "slices": stack.slices if stack is not None else 0,
            "seconds": self._seconds,
            "gui_gap_ms": {"p99": gaps["p99"], "max": gaps["max"]},
            "child_processes_left": len(_children(psutil.Process())),
            "steps": [{"name": step.name, "ok": step.ok, "detail": step.detail} for step in self._steps],
        }
        (self._out / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def _children(process: psutil.Process) -> list[psutil.Process]:
    """Living children; Python's own resource tracker, which ends with its parent, is none of the program's."""
    found = []
    for child in process.children(recursive=True):
        try:
            if child.status() != psutil.STATUS_ZOMBIE and "resource_tracker" not in " ".join(child.cmdline()):
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found
