"""Files that the system asks the running program to open: macOS sends them as events, not as arguments."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QFileOpenEvent


class FileOpen(QObject):
    """An event filter for the application; ``open_paths`` takes the paths."""

    def __init__(self, open_paths: Callable[[list[str]], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._open_paths = open_paths

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take what names a file; everything else goes on to where it was sent."""
        if isinstance(event, QFileOpenEvent) and event.file():
            self._open_paths([event.file()])
            return True
        return super().eventFilter(watched, event)
