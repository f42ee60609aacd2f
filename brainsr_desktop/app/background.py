"""The one way to let the window ask something that may take long: a disk that sleeps, a share that is gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import shiboken6
from PySide6.QtCore import QCoreApplication, QObject, QRunnable, QThreadPool, Signal

Result = TypeVar("Result")


class _Bridge(QObject):
    """Carries results to the GUI thread. It lives as long as the application, so a late answer finds it."""

    finished = Signal(object, object, object)  # owner, what to call, result

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.finished.connect(self._deliver)

    def _deliver(self, owner: QObject, done: Callable[[Any], None], result: object) -> None:
        if shiboken6.isValid(owner):
            done(result)


class _Work(QRunnable):
    def __init__(
        self, bridge: _Bridge, work: Callable[[], Any], done: Callable[[Any], None], owner: QObject
    ) -> None:
        super().__init__()
        self._bridge, self._work, self._done, self._owner = bridge, work, done, owner

    def run(self) -> None:
        self._bridge.finished.emit(self._owner, self._done, self._work())


def in_background(work: Callable[[], Result], done: Callable[[Result], None], owner: QObject) -> None:
    """Do ``work`` in another thread, then call ``done`` with its result in the GUI thread if ``owner`` still lives.

    ``work`` must not touch widgets and must not raise.
    """
    QThreadPool.globalInstance().start(_Work(_bridge(), work, done, owner))


def _bridge() -> _Bridge:
    app = QCoreApplication.instance()
    assert app is not None
    found = app.findChild(_Bridge)
    return found if isinstance(found, _Bridge) else _Bridge(app)
