"""The banner over a pane whose network was not trained for the series: why, and what can be done."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QLabel, QPushButton, QVBoxLayout, QWidget

from brainsr_desktop.app.panels.forms import TARGET_PX, plain_label
from brainsr_desktop.app.theme import IMAGE
from brainsr_desktop.language import tr

MARGIN_PX: Final = 8


class SuitabilityBanner(QFrame):
    """Lies over the upper part of a pane, as wide as it; never moves the picture."""

    run_asked = Signal()
    model_asked = Signal()

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self._over = over
        self.setObjectName("suitability")
        self.setAccessibleName(tr("Outside training"))
        self.text: QLabel = plain_label()
        self.run = _button(tr("Run anyway"), tr("Show what the network makes of this series all the same"))
        self.other = _button(tr("Choose another model"), tr("Go to the list of models"))
        rows = QVBoxLayout(self)
        rows.setContentsMargins(12, 8, 12, 8)
        rows.addWidget(self.text)
        self._buttons = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._buttons.addWidget(self.run)
        self._buttons.addWidget(self.other)
        self._buttons.addStretch(1)
        rows.addLayout(self._buttons)
        self.setStyleSheet(
            f"QFrame#suitability {{ background: {IMAGE.bar}; border: 2px solid {IMAGE.amber};"
            f" border-radius: 6px; }} QFrame#suitability QLabel {{ color: {IMAGE.amber}; font-weight: 600; }}"
        )
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.run.clicked.connect(self.run_asked)
        self.other.clicked.connect(self.model_asked)
        over.installEventFilter(self)
        self.hide()

    def show_text(self, text: str) -> None:
        """Show why the network waits; nothing where it does not."""
        if text and text != self.text.text() and QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self.text, text))
        self.text.setText(text)
        self.setVisible(bool(text))
        self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt calls it: the pane has another size."""
        if watched is self._over and event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def changeEvent(self, event: QEvent) -> None:
        """Qt calls it: larger text needs more room."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._place()

    def _place(self) -> None:
        width = max(self._over.width() - 2 * MARGIN_PX, 1)
        needed = self.run.sizeHint().width() + self.other.sizeHint().width() + 4 * MARGIN_PX
        ways = QBoxLayout.Direction
        self._buttons.setDirection(ways.LeftToRight if needed <= width else ways.TopToBottom)
        self.setGeometry(MARGIN_PX, MARGIN_PX, width, self.heightForWidth(width))


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setAccessibleName(text)
    button.setMinimumHeight(TARGET_PX)
    button.setStyleSheet(
        f"QPushButton {{ color: {IMAGE.text}; background: {IMAGE.button}; border: 2px solid {IMAGE.button};"
        f" border-radius: 4px; padding: 2px 10px; }}"
        f"QPushButton:hover, QPushButton:focus {{ border-color: {IMAGE.accent}; }}"
    )
    return button
