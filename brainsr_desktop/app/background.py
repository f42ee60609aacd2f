"""The one way to let the window ask something that may take long: a disk that sleeps, a share that is gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import shiboken6
from PySide6.QtCore import QCoreApplication, QObject, QThreadPool, Signal

Result = TypeVar("Result")


class _Bridge(QObject):
    """Carries results to the GUI thread. It lives as long as the application, so a late answer finds it.

    What waits for an answer stays in the GUI thread: the last reference to a widget must not be dropped in another.
    """

    finished = Signal(int, object)  # number of the request, result

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._waiting: dict[int, tuple[QObject, Callable[[Any], None]]] = {}
        self._count = 0
        self.finished.connect(self._deliver)

    def ask(self, work: Callable[[], Any], done: Callable[[Any], None], owner: QObject) -> None:
        self._count += 1
        number = self._count
        self._waiting[number] = owner, done
        # No QRunnable: PySide keeps those that end before `start` returns, with all that they hold.
        QThreadPool.globalInstance().start(lambda: self.finished.emit(number, work()))

    def _deliver(self, number: int, result: object) -> None:
        owner, done = self._waiting.pop(number)
        if shiboken6.isValid(owner):
            done(result)


def in_background(work: Callable[[], Result], done: Callable[[Result], None], owner: QObject) -> None:
    """Do ``work`` in another thread, then call ``done`` with its result in the GUI thread if ``owner`` still lives.

    ``work`` must not touch widgets and must not raise.
    """
    _bridge().ask(work, done, owner)


class Newest:
    """One slot for work of one kind: while some of it runs, the newest request waits and replaces older ones."""

    def __init__(self, owner: QObject) -> None:
        self._owner = owner
        self._running = False
        self._waiting: tuple[Callable[[], Any], Callable[[Any], None]] | None = None

    def ask(self, work: Callable[[], Result], done: Callable[[Result], None]) -> None:
        """As `in_background`; a request that is replaced before it began is never done."""
        if self._running:
            self._waiting = work, done
            return
        self._running = True
        in_background(work, lambda result: self._finish(done, result), self._owner)

    def _finish(self, done: Callable[[Any], None], result: object) -> None:
        self._running = False
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self.ask(*waiting)
        done(result)


def _bridge() -> _Bridge:
    app = QCoreApplication.instance()
    assert app is not None
    found = app.findChild(_Bridge)
    return found if isinstance(found, _Bridge) else _Bridge(app)
