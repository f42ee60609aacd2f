"""Drag and drop: files and folders anywhere on the window, a series' card onto the panes."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMimeData, QObject, Signal
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QWidget

from brainsr_desktop.app.series_tree import STACK_MIME


class DropTarget(QObject):
    """Makes a widget take drops."""

    paths_dropped = Signal(list)  # list[str]
    stack_dropped = Signal(str)  # stack id

    def __init__(self, widget: QWidget, *, stacks: bool) -> None:
        super().__init__(widget)
        self._stacks = stacks
        widget.setAcceptDrops(True)
        widget.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Qt calls it."""
        if isinstance(event, QDropEvent) and event.type() == QEvent.Type.Drop:
            return self._take(event)
        if isinstance(event, QDragEnterEvent | QDragMoveEvent) and self._wanted(event.mimeData()):
            event.acceptProposedAction()
            return True
        return False

    def _wanted(self, data: QMimeData) -> bool:
        return bool(local_paths(data)) or (self._stacks and data.hasFormat(STACK_MIME))

    def _take(self, event: QDropEvent) -> bool:
        data = event.mimeData()
        if not self._wanted(data):
            return False
        event.acceptProposedAction()
        if self._stacks and data.hasFormat(STACK_MIME):
            self.stack_dropped.emit(bytes(data.data(STACK_MIME).data()).decode("utf-8", "replace"))
        else:
            self.paths_dropped.emit(local_paths(data))
        return True


def local_paths(data: QMimeData) -> list[str]:
    """Files and folders of this computer among what is dragged."""
    return [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
