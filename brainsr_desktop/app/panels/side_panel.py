"""The right area: sections that fold, or a narrow bar of buttons when the window has no room for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QFrame,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QStyle,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from brainsr_desktop.app import icons
from brainsr_desktop.language import tr

PANEL_WIDTH_PX: Final = 310
WIDEST_PX: Final = 520
BAR_WIDTH_PX: Final = 44


class Section(QFrame):
    """A heading that folds its content."""

    toggled = Signal(str, bool)  # key, open

    def __init__(self, key: str, title: str, content: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.key = key
        self.title = title
        self.content = content
        self.warning = ""
        self.setObjectName("section")
        self.heading = QToolButton(self)
        self.heading.setObjectName("section_heading")
        self.heading.setText(title)
        self.heading.setCheckable(True)
        self.heading.setAutoRaise(True)
        self.heading.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.heading.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.heading.setMinimumHeight(30)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.heading)
        layout.addWidget(content)
        self.heading.toggled.connect(self._on_toggled)
        self.set_open(False)

    @property
    def is_open(self) -> bool:
        """Whether the content is shown."""
        return self.heading.isChecked()

    def set_open(self, is_open: bool) -> None:
        """Fold or unfold."""
        if is_open == self.heading.isChecked():
            self._show(is_open)
        else:
            self.heading.setChecked(is_open)

    def warn(self, words: str) -> None:
        """Say in the heading, also while it is folded, that the content has a warning; empty: none."""
        self.warning = words
        self.heading.setText(f"{self.title}  ⚠" if words else self.title)
        self.heading.setToolTip(words)
        self._show(self.is_open)

    def _on_toggled(self, is_open: bool) -> None:
        self._show(is_open)
        self.toggled.emit(self.key, is_open)

    def _show(self, is_open: bool) -> None:
        self.content.setVisible(is_open)
        self.heading.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)
        name = (
            tr("{section}, open", section=self.title)
            if is_open
            else tr("{section}, folded", section=self.title)
        )
        self.heading.setAccessibleName(f"{name}. {self.warning}" if self.warning else name)


class SidePanel(QWidget):
    """The sections one below the other, in a scroll area; or the bar."""

    sections_changed = Signal(object)  # tuple[str, ...]: keys of the open ones
    unfold_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sections: dict[str, Section] = {}
        self._buttons: dict[str, tuple[QToolButton, str]] = {}
        """Button of a section in the bar, and its icon."""
        self._column = QVBoxLayout()
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(1)
        self._column.addStretch(1)
        self._inside = QWidget()
        self._inside.setLayout(self._column)
        self._inside.setObjectName("panel_inside")
        self._inside.installEventFilter(self)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(self._inside)
        self._bar = QWidget()
        self._bar_column = QVBoxLayout(self._bar)
        self._bar_column.setContentsMargins(4, 4, 4, 4)
        self._bar_column.setSpacing(4)
        self._bar_column.addStretch(1)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._scroll)
        self._pages.addWidget(self._bar)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)
        self.set_folded(False)

    def add(self, key: str, title: str, content: QWidget, icon: str) -> Section:
        """Add a section below the others."""
        section = Section(key, title, content)
        self._sections[key] = section
        self._column.insertWidget(self._column.count() - 1, section)
        section.toggled.connect(lambda _key, _open: self.sections_changed.emit(self.open_sections))
        button = QToolButton()
        icons.set_icon(button, icon)
        button.setIconSize(QSize(20, 20))
        button.setFixedSize(BAR_WIDTH_PX - 8, BAR_WIDTH_PX - 8)
        button.setAutoRaise(True)
        button.setToolTip(title)
        button.setAccessibleName(tr("Open the section {section}", section=title))
        button.clicked.connect(lambda: self.reveal(key))
        self._buttons[key] = button, icon
        self._bar_column.insertWidget(self._bar_column.count() - 1, button)
        return section

    def warn(self, key: str, words: str) -> None:
        """Say at a section, or at its button in the bar, that it has a warning; empty: none."""
        section = self._sections[key]
        if words != section.warning:
            section.warn(words)
            button, icon = self._buttons[key]
            icons.set_icon(button, "warning" if words else icon)
            button.setToolTip(f"{section.title}: {words}" if words else section.title)

    @property
    def folded(self) -> bool:
        """Whether only the bar is shown."""
        return self._pages.currentWidget() is self._bar

    def set_folded(self, folded: bool) -> None:
        """Show the bar alone, or the sections."""
        self._pages.setCurrentWidget(self._bar if folded else self._scroll)
        if folded:
            self.setFixedWidth(BAR_WIDTH_PX)
        else:
            self.setMinimumWidth(0)
            self.setMaximumWidth(WIDEST_PX)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(BAR_WIDTH_PX if self.folded else PANEL_WIDTH_PX, 400)

    def minimumSizeHint(self) -> QSize:
        """Qt asks for it: no field is cut off at the right."""
        bar = self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent)
        width = BAR_WIDTH_PX if self.folded else self._inside.minimumSizeHint().width() + bar
        return QSize(width, 100)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Qt calls it: other contents may want another width."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return False

    @property
    def open_sections(self) -> tuple[str, ...]:
        """Keys of the sections that are open."""
        return tuple(key for key, section in self._sections.items() if section.is_open)

    def set_open_sections(self, keys: Iterable[str]) -> None:
        """Open these and fold the others."""
        wanted = set(keys)
        for key, section in self._sections.items():
            section.set_open(key in wanted)

    def section(self, key: str) -> Section:
        """A section by its key."""
        return self._sections[key]

    def reveal(self, key: str) -> None:
        """Open a section, bring it into view and give it the focus."""
        if self.folded:
            self.unfold_asked.emit()
        self.show_section(key)
        self._sections[key].heading.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def show_section(self, key: str) -> None:
        """Open a section and bring it into view."""
        section = self._sections[key]
        section.set_open(True)
        # The section has its new height only after the layout has run.
        QTimer.singleShot(0, lambda: self._scroll.ensureWidgetVisible(section, 0, 0))
