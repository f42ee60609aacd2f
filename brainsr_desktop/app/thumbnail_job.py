"""The thumbnails as one job: it appears when they take longer than half a second, and can be given up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, QTimer

from brainsr_desktop.app.jobs import JobBoard
from brainsr_desktop.language import tr

SHOW_AFTER_MS: Final = 500


class ThumbnailJob(QObject):
    """Is told how many thumbnails are waited for. ``cancel`` gives those up that have not come."""

    def __init__(self, board: JobBoard, cancel: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self._board = board
        self._cancel = cancel
        self._number: int | None = None
        self._waiting = self._made = 0
        self._stopped = False
        self._timer = QTimer(self, singleShot=True, interval=SHOW_AFTER_MS)
        self._timer.timeout.connect(self._open)

    def sync(self, waiting: int) -> None:
        """So many are waited for now."""
        self._made += max(self._waiting - waiting, 0)
        self._waiting = waiting
        if waiting == 0:
            self._timer.stop()
            if self._number is not None:
                self._board.end(self._number, "cancelled" if self._stopped else "done")
            self._number, self._made, self._stopped = None, 0, False
        elif self._number is not None:
            self._board.update(self._number, self._made, self._made + waiting)
        elif not self._timer.isActive():
            self._timer.start()

    def _open(self) -> None:
        total = self._made + self._waiting
        self._number = self._board.open(tr("Make thumbnails"), total, cancel=self._give_up)
        self._board.update(self._number, self._made, total)

    def _give_up(self) -> None:
        self._stopped = True
        self._cancel()
