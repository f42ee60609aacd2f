"""Builds the program out of its parts: the only place that wires them."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

import psutil
from PySide6.QtCore import QLibraryInfo, QSocketNotifier, QTimer, QTranslator
from PySide6.QtWidgets import QApplication

from brainsr_desktop import __version__, language, paths
from brainsr_desktop import log as log_file
from brainsr_desktop import settings as settings_file
from brainsr_desktop.app.file_open import FileOpen
from brainsr_desktop.app.mishaps import Mishaps
from brainsr_desktop.app.single_instance import SingleInstance, hand_over, server_name
from brainsr_desktop.engine import threads
from brainsr_desktop.io import limits
from brainsr_desktop.session.reports import Notice

if TYPE_CHECKING:
    from brainsr_desktop.app.plan_desk import PlanDesk
    from brainsr_desktop.app.window import MainWindow

log = logging.getLogger(__name__)

MIB: Final = 2**20
SWITCH_S: Final = 0.001


def run(chosen: Sequence[str], *, new_window: bool = False, smoke_test: str | None = None) -> int:
    """Open the window on some paths; the exit status of the program."""
    log_file.start(paths.log_dir())
    log.info("version %s begins", __version__)
    # Workers share the interpreter with the painting: Python's 5 ms before it changes threads are a third of a frame.
    sys.setswitchinterval(SWITCH_S)
    app = _application()
    loaded = settings_file.load(paths.settings_path())
    _speak(app, loaded.settings.general.language)
    limits.pass_on(limits.Limits(**asdict(loaded.settings.grouping)))
    threads.pass_on(loaded.settings.networks.threads, loaded.settings.networks.library)
    absolute = [str(Path(path).absolute()) for path in chosen]
    name = server_name(paths.settings_path())
    alone = new_window or smoke_test is not None or not loaded.settings.general.single_instance
    if not alone and hand_over(name, absolute):
        log.info("handed over to the window that runs")
        return 0
    window = _window(loaded)
    mishaps = Mishaps()
    mishaps.happened.connect(window.controller.notice)
    mishaps.interrupted.connect(app.quit)
    mishaps.install()
    plans = _plan_desk(window)
    try:
        if smoke_test is not None:
            return _smoke(window, Path(smoke_test), absolute)
        instance = SingleInstance(name)
        if not alone:
            instance.paths_received.connect(lambda received: _come_forward(window, received))
            instance.listen()
        if sys.platform == "darwin":  # elsewhere files come as arguments, and a filter would see every event
            app.installEventFilter(FileOpen(window.open_paths, window))
        window.show()
        QTimer.singleShot(0, window, window.controller.start)
        plans.start()
        if absolute:
            QTimer.singleShot(0, window, lambda: window.open_paths(absolute))
        with _ended_by_signals(app):
            return app.exec()
    finally:
        window.hide()
        plans.shut_down()
        window.preferences.finish()
        window.controller.shut_down()
        mishaps.remove()
        log.info("the end")
        log_file.stop()


def _window(loaded: settings_file.Loaded) -> MainWindow:
    # Not at the top: a start that only hands over does not wait for it.
    from brainsr_desktop.app.controller import Controller
    from brainsr_desktop.app.store import Store
    from brainsr_desktop.app.window import MainWindow

    store = Store()
    controller = Controller(store, cache_bytes=loaded.settings.networks.store_mib * MIB)
    controller.set_disk_store(loaded.settings.networks.disk_store_mib * MIB)
    window = MainWindow(store, controller, loaded.settings)
    for note in loaded.notes:
        controller.notice.emit(Notice("warning", note))
    return window


def _plan_desk(window: MainWindow) -> PlanDesk:
    from brainsr_desktop.app.plan_desk import PlanDesk

    return PlanDesk(window.controller)


def _application() -> QApplication:
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication([sys.argv[0]])
    app.setApplicationName(paths.PROGRAM)
    app.setApplicationDisplayName("")  # the window's title says it already
    app.setApplicationVersion(__version__)
    app.setDesktopFileName(paths.PROGRAM)
    return app


def _speak(app: QApplication, chosen: str) -> None:
    """Take the user's language for our texts and for those that Qt brings along."""
    code = language.of_system() if chosen == "system" else chosen
    language.use(code)
    translator = QTranslator(app)
    if code != "en" and translator.load(
        f"qtbase_{code}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    ):
        app.installTranslator(translator)


def _smoke(window: MainWindow, out: Path, chosen: Sequence[str]) -> int:
    from brainsr_desktop.app.smoke_test import SmokeTest

    started = time.time() - _age_s()
    log.info("smoke test, %.1f s after the start", time.time() - started)
    source = Path(chosen[0]) if chosen else paths.sample_dir()
    return SmokeTest(window, out, source, started).run()


def _age_s() -> float:
    """Seconds since this process began."""
    if sys.platform != "linux":
        return time.time() - psutil.Process().create_time()
    # psutil counts from the system's start in whole seconds, a second more or less in what is to take one.
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def _come_forward(window: MainWindow, received: Sequence[str]) -> None:
    if window.isMinimized():
        window.showNormal()
    window.raise_()
    window.activateWindow()
    if received:
        window.open_paths(list(received))


@contextmanager
def _ended_by_signals(app: QApplication) -> Iterator[None]:
    """Ctrl-C and a request to end close the window properly; Python alone would see them only after Qt's loop."""
    wanted = [signal.SIGINT, signal.SIGTERM]
    reading, writing = socket.socketpair()
    for end in (reading, writing):
        end.setblocking(False)
    notifier = QSocketNotifier(reading.fileno(), QSocketNotifier.Type.Read)
    notifier.activated.connect(app.quit)
    before = {number: signal.signal(number, _noticed) for number in wanted}
    wakeup = signal.set_wakeup_fd(writing.fileno())
    try:
        yield
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        notifier.setEnabled(False)
        reading.close()
        writing.close()


def _noticed(_number: int, _frame: FrameType | None) -> None:
    """The wake-up of the event loop does the rest."""
