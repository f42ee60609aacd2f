"""What the panes' place shows while nothing is open: the ways to begin."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from brainsr_desktop.app import icons
from brainsr_desktop.language import tr


class EmptyState(QWidget):
    """Open a folder or one of the recent ones, try the sample, or take the tour."""

    open_asked = Signal()
    sample_asked = Signal()
    tour_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("empty_state")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(tr("Nothing is open"))
        picture = QLabel()
        picture.setPixmap(icons.window_icon().pixmap(72, 72))
        picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words = QLabel(tr("Open a folder of MR images, or drop it here."))
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setObjectName("empty_heading")
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words.setWordWrap(True)
        self.hint = QLabel(
            tr("DICOM, NIfTI, PNG, JPEG, TIFF, MATLAB 7.3 and numpy. Files are only read, never changed.")
        )
        self.hint.setObjectName("empty_hint")
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint.setWordWrap(True)
        self.open = QPushButton(tr("&Open folder..."))
        self.open.setObjectName("primary")
        self.recent = QPushButton(tr("&Recent"))
        self.recent.setToolTip(tr("Folders that were opened before"))
        self.recent.hide()
        self.sample = QPushButton(tr("Try the &sample study"))
        self.tour = QPushButton(tr("Short &tour"))
        self.tour.setToolTip(tr("Opens the sample study and shows five things to know"))
        for button in (self.open, self.recent, self.sample, self.tour):
            button.setMinimumHeight(36)
            button.setCursor(Qt.CursorShape.PointingHandCursor)
        self.open.clicked.connect(self.open_asked)
        self.sample.clicked.connect(self.sample_asked)
        self.tour.clicked.connect(self.tour_asked)
        buttons = QHBoxLayout()
        buttons.setSpacing(12)
        buttons.addStretch(1)
        buttons.addWidget(self.open)
        buttons.addWidget(self.recent)
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
