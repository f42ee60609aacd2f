"""What nobody foresaw: exceptions in slots and threads, and Qt's complaints. Told and logged; the window lives on."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from types import TracebackType
from typing import Final

from PySide6.QtCore import QMessageLogContext, QObject, QtMsgType, Signal, qInstallMessageHandler
from PySide6.QtGui import QGuiApplication

from brainsr_desktop import __version__
from brainsr_desktop.language import tr
from brainsr_desktop.log import cleaned
from brainsr_desktop.session.reports import Notice

log = logging.getLogger(__name__)

LEVELS: Final = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class Mishaps(QObject):
    """Replaces Python's and Qt's own handlers between `install` and `remove`. ``happened`` may come from any thread."""

    happened = Signal(object)  # Notice
    interrupted = Signal()

    def install(self) -> None:
        """Begin."""
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread_exception
        qInstallMessageHandler(_on_qt_message)

    def remove(self) -> None:
        """Give the handlers back."""
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__
        qInstallMessageHandler(None)

    def _on_exception(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self.interrupted.emit()
            return
        log.error("unforeseen", exc_info=(kind, error, trace))
        self.happened.emit(_notice(kind, error, trace))

    def _on_thread_exception(self, details: threading.ExceptHookArgs) -> None:
        if details.exc_value is not None and not issubclass(details.exc_type, SystemExit):
            self._on_exception(details.exc_type, details.exc_value, details.exc_traceback)


def _notice(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> Notice:
    frames = traceback.extract_tb(trace)
    where = frames[-1].name.strip("_").replace("_", " ") if frames else ""
    report = cleaned("".join(traceback.format_exception(kind, error, trace)))
    return Notice(
        "error",
        tr("Something went wrong in “{place}”. Your images are safe.", place=where)
        if where
        else tr("Something went wrong. Your images are safe."),
        tr("You can go on; the details help to mend it and hold no patient data."),
        detail=report,
        label=tr("Copy report"),
        action=lambda: QGuiApplication.clipboard().setText(f"BrainSR Desktop {__version__}\n{report}"),
        more=((tr("Continue"), _go_on),),
    )


def _go_on() -> None:
    """The notice closes; nothing else is to be done."""


def _on_qt_message(level: QtMsgType, context: QMessageLogContext, text: str) -> None:
    log.log(LEVELS.get(level, logging.WARNING), "Qt, %s: %s", context.category or "default", text)
