"""What the panes' place shows while nothing is open: three ways to begin."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from brainsr_desktop.app import icons


class EmptyState(QWidget):
    """Open a folder, try the sample, or take the tour."""

    open_asked = Signal()
    sample_asked = Signal()
    tour_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("empty_state")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Nothing is open")
        picture = QLabel()
        picture.setPixmap(icons.window_icon().pixmap(72, 72))
        picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words = QLabel("Open a folder of MR images, or drop it here.")
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setObjectName("empty_heading")
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words.setWordWrap(True)
        self.hint = QLabel(
            "DICOM, NIfTI, PNG, JPEG, TIFF, MATLAB 7.3 and numpy. Files are only read, never changed."
        )
        self.hint.setObjectName("empty_hint")
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint.setWordWrap(True)
        self.open = QPushButton("&Open folder...")
        self.open.setObjectName("primary")
        self.sample = QPushButton("Try the &sample study")
        self.tour = QPushButton("Short &tour")
        self.tour.setToolTip("Opens the sample study and shows five things to know")
        for button in (self.open, self.sample, self.tour):
            button.setMinimumHeight(36)
            button.setCursor(Qt.CursorShape.PointingHandCursor)
        self.open.clicked.connect(self.open_asked)
        self.sample.clicked.connect(self.sample_asked)
        self.tour.clicked.connect(self.tour_asked)
        buttons = QHBoxLayout()
        buttons.setSpacing(12)
        buttons.addStretch(1)
        buttons.addWidget(self.open)
        buttons.addWidget(self.sample)
        buttons.addWidget(self.tour)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setSpacing(16)
        layout.addStretch(2)
        for widget in (picture, self.words, self.hint):
            layout.addWidget(widget)
        layout.addLayout(buttons)
        layout.addStretch(3)
