"""One pane: bar, picture and strip in a frame that is accented while the pane is the active one."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QSplitter, QSplitterHandle, QVBoxLayout, QWidget

from brainsr_desktop.app.slice_pixels import Reductions
from brainsr_desktop.app.theme import IMAGE
from brainsr_desktop.app.viewport import Viewport
from brainsr_desktop.app.viewport_bars import NoticeStrip, StateBar

BORDER_PX: Final = 2


class Pane(QWidget):
    """Bar, picture, strip."""

    def __init__(
        self, name: str, reductions: Reductions, *, buttons: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.bar = StateBar(f"{name} pane: what it shows", buttons=buttons)
        self.view = Viewport(f"{name} picture", reductions)
        self.strip = NoticeStrip()
        self._active = False
        column = QVBoxLayout(self)
        column.setContentsMargins(BORDER_PX, BORDER_PX, BORDER_PX, BORDER_PX)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(self.view, 1)
        column.addWidget(self.strip)
        self.setMinimumWidth(120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    @property
    def active(self) -> bool:
        """Whether the pane has the accent border."""
        return self._active

    def set_active(self, active: bool) -> None:
        """Show or hide the accent border."""
        self._active = active
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Qt calls it: the border."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(IMAGE.accent if self._active else IMAGE.back))


class Divider(QSplitter):
    """Two panes side by side; a double click on the line between them makes them equal."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setHandleWidth(5)
        self.setChildrenCollapsible(False)

    def halve(self) -> None:
        """Give both panes one width."""
        half = max(1, (self.width() - self.handleWidth()) // 2)
        self.setSizes([half, half])

    def createHandle(self) -> QSplitterHandle:
        """Qt calls it."""
        return _Line(self)


class _Line(QSplitterHandle):
    def __init__(self, divider: Divider) -> None:
        super().__init__(Qt.Orientation.Horizontal, divider)
        self._divider = divider
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setToolTip("Drag to move the line, double click for two equal panes")

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        self._divider.halve()

    def paintEvent(self, _event: QPaintEvent) -> None:
        # Not by a style sheet of the divider: fonts would not reach the panes under it.
        QPainter(self).fillRect(self.rect(), QColor(IMAGE.accent if self.underMouse() else IMAGE.button))
