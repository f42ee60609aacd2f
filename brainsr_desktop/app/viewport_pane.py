"""One pane: bar, picture and strip in a frame that is accented while the pane is the active one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QSplitter, QSplitterHandle, QVBoxLayout, QWidget

from brainsr_desktop.app.slice_pixels import Reductions
from brainsr_desktop.app.theme import IMAGE
from brainsr_desktop.app.viewport import Viewport
from brainsr_desktop.app.viewport_bars import NoticeStrip, StateBar
from brainsr_desktop.language import tr

BORDER_PX: Final = 2


@dataclass(frozen=True, slots=True)
class PaneNames:
    """What screen readers call the parts of a pane."""

    bar: str
    second_bar: str
    picture: str


class Pane(QWidget):
    """Bar, picture, strip. Where the pane is parted a second bar, on the left, names the left list's picture."""

    def __init__(
        self,
        names: PaneNames,
        reductions: Reductions,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.bar = StateBar(names.bar)
        self.second_bar = StateBar(names.second_bar)
        self.second_bar.hide()
        self.view = Viewport(names.picture, reductions)
        self.strip = NoticeStrip()
        self._active = False
        column = QVBoxLayout(self)
        column.setContentsMargins(BORDER_PX, BORDER_PX, BORDER_PX, BORDER_PX)
        column.setSpacing(0)
        bars = QHBoxLayout()
        bars.setSpacing(2)
        bars.addWidget(self.second_bar, 1)
        bars.addWidget(self.bar, 1)
        column.addLayout(bars)
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
        self.setToolTip(tr("Drag to move the line, double click for two equal panes"))

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        self._divider.halve()

    def paintEvent(self, _event: QPaintEvent) -> None:
        # Not by a style sheet of the divider: fonts would not reach the panes under it.
        QPainter(self).fillRect(self.rect(), QColor(IMAGE.accent if self.underMouse() else IMAGE.button))
