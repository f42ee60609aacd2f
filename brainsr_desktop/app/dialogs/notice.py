"""Small dialogs of words: the research notice of the first start, and technical details of a failure."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from brainsr_desktop import __version__
from brainsr_desktop.app.panels.forms import size_for_text
from brainsr_desktop.app.plain_text import shown
from brainsr_desktop.language import mark, tr

RESEARCH_NOTICE: Final = mark(
    "BrainSR Desktop is for research and teaching. It is not a medical device. Networks can invent or remove "
    "structures, including disease. Do not use the pictures for diagnosis or treatment."
)
DETAIL_LENGTH: Final = 100_000


def notice_version() -> str:
    """The notice is shown again after a major version."""
    return __version__.split(".")[0]


class ResearchNotice(QDialog):
    """Tick, then Continue; or Quit. Accepted means: read and continued."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Before you begin"))
        heading = QLabel(tr("For research and teaching only"))
        heading.setObjectName("dialog_heading")
        words = QLabel(tr(RESEARCH_NOTICE))
        words.setTextFormat(Qt.TextFormat.PlainText)
        words.setWordWrap(True)
        words.setMinimumWidth(460)
        self.tick = QCheckBox(tr("&I have read this"))
        self.tick.setAccessibleDescription(tr(RESEARCH_NOTICE))
        self.go_on = QPushButton(tr("&Continue"))
        self.go_on.setDefault(True)
        self.go_on.setEnabled(False)
        self.quit = QPushButton(tr("&Quit"))
        self.quit.setAutoDefault(False)
        self.tick.toggled.connect(self.go_on.setEnabled)
        self.go_on.clicked.connect(self.accept)
        self.quit.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addWidget(self.tick)
        buttons.addStretch(1)
        buttons.addWidget(self.quit)
        buttons.addWidget(self.go_on)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 18)
        layout.setSpacing(14)
        layout.addWidget(heading)
        layout.addWidget(words)
        layout.addLayout(buttons)
        self.tick.setFocus()


class DetailsDialog(QDialog):
    """Technical text with Copy."""

    def __init__(self, text: str, detail: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Details"))
        size_for_text(self, 680, 380)
        words = QLabel(shown(" ".join(text.split()), 600))
        words.setTextFormat(Qt.TextFormat.PlainText)
        words.setWordWrap(True)
        self.detail = QPlainTextEdit()
        self.detail.setReadOnly(True)
        self.detail.setAccessibleName(tr("Technical details"))
        self.detail.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.detail.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.detail.setPlainText("\n".join(shown(line, 2000) for line in detail[:DETAIL_LENGTH].splitlines()))
        copy, close = QPushButton(tr("&Copy")), QPushButton(tr("Close"))
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.detail.toPlainText()))
        close.clicked.connect(self.close)
        close.setDefault(True)
        buttons = QHBoxLayout()
        buttons.addWidget(copy)
        buttons.addStretch(1)
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        layout.addWidget(words)
        layout.addWidget(self.detail, 1)
        layout.addLayout(buttons)
