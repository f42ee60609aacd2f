"""The bar above a pane that says what its picture is, and the strip below the enhanced one that is always there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from brainsr_desktop.app import icons
from brainsr_desktop.app.theme import IMAGE
from brainsr_desktop.core.resample import METHODS
from brainsr_desktop.session.pictures import PaneState, PaneStatus
from brainsr_desktop.session.state import ViewState

RESEARCH: Final = "research use only, not for diagnosis"
NOTICE_NETWORK: Final = f"AI-enhanced - {RESEARCH}"
NOTICE_PLAIN: Final = f"Interpolated, no network - {RESEARCH}"
DEGRADED_INPUT: Final = "DEGRADED INPUT"
_ICON_PX: Final = 18
_BAR_PX: Final = 34
_STRIP_PX: Final = 26


@dataclass(frozen=True, slots=True)
class Label:
    """What a bar shows. ``band`` is its background."""

    text: str
    icon: str
    colour: str
    band: str = IMAGE.bar
    progress: float | None = None
    failed: bool = False


_LOOKS: Final[dict[PaneState, tuple[str, str]]] = {
    PaneState.EMPTY: ("folder", IMAGE.dim_text),
    PaneState.NOT_SUITABLE: ("eye", IMAGE.grey),
    PaneState.LOADING: ("hourglass", IMAGE.grey),
    PaneState.INTERPOLATED: ("interpolated", IMAGE.grey),
    PaneState.FAST: ("fast", IMAGE.blue),
    PaneState.FULL: ("check", IMAGE.green),
    PaneState.CACHED: ("stored", IMAGE.green),
    PaneState.FAILED: ("warning", IMAGE.amber),
    PaneState.OFF: ("off", IMAGE.grey),
    PaneState.ORIGINAL: ("original", IMAGE.text),
}
_NETWORK_STATES: Final = frozenset({PaneState.FAST, PaneState.FULL, PaneState.CACHED})


def right_label(status: PaneStatus) -> Label:
    """The label of the enhanced pane (INTERFACE section 8)."""
    icon, colour = _LOOKS[status.state]
    text = status.text
    if status.progress is not None and "%" not in text:
        text = f"{text}; full network {status.progress * 100:.0f} %"
    return Label(text, icon, colour, progress=status.progress, failed=status.state is PaneState.FAILED)


def left_label(state: ViewState, status: PaneStatus) -> Label:
    """The label of the original pane: original, degraded input in an orange band, or reference."""
    if status.state in (PaneState.EMPTY, PaneState.LOADING, PaneState.FAILED):
        return Label(status.text, *_LOOKS[status.state])
    if not state.test_mode:
        return Label(status.text or "Original", "original", IMAGE.text)
    if state.show_reference:
        return Label(status.text or "Reference", "reference", IMAGE.text)
    told = status.text if status.text.lower() != DEGRADED_INPUT.lower() else ""
    text = told if told.startswith(DEGRADED_INPUT) else " - ".join(filter(None, (DEGRADED_INPUT, told)))
    return Label(text, "degraded", IMAGE.band_text, band=IMAGE.band)


def notice_of(state: ViewState, status: PaneStatus) -> str:
    """The line under the enhanced pane; empty where it shows no made picture."""
    if status.state in _NETWORK_STATES:
        # An interpolation can be chosen like a model; its picture is no network's.
        return NOTICE_PLAIN if state.recipe.model in METHODS else NOTICE_NETWORK
    if status.state in (PaneState.INTERPOLATED, PaneState.FAILED, PaneState.OFF):
        return NOTICE_PLAIN
    return ""


class StateBar(QWidget):
    """Icon, words, thin progress line; Details and Retry on CPU after a failure."""

    details_requested = Signal()
    retry_requested = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label = Label("", "folder", IMAGE.dim_text)
        self._icon, self._text = QLabel(), QLabel()
        self._text.setAccessibleName(name)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.details = _button("Details", "What went wrong, as technical text", self.details_requested)
        self.retry = _button(
            "Retry on CPU", "Compute this slice again on the processor", self.retry_requested
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 0, 6, 2)
        row.setSpacing(8)
        for widget in (self._icon, self._text, self.details, self.retry):
            row.addWidget(widget, 1 if widget is self._text else 0)
        self.setMinimumHeight(_BAR_PX)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._draw()

    @property
    def label(self) -> Label:
        """What is shown now."""
        return self._label

    def sizeHint(self) -> QSize:
        """Qt asks for it: one height with and without buttons."""
        return QSize(200, max(_BAR_PX, self.fontMetrics().height() + 12))

    def set_label(self, label: Label) -> None:
        """Show another label; another state is told to screen readers, progress is not."""
        if label == self._label:
            return
        before, self._label = self._label, label
        self._draw()
        if label.icon != before.icon and QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._text, label.text))

    def _draw(self) -> None:
        label = self._label
        self._icon.setPixmap(icons.pixmap(label.icon, _ICON_PX, label.colour, self.devicePixelRatioF()))
        self._text.setText(label.text)
        self._text.setToolTip(label.text)
        self._text.setStyleSheet(f"color: {label.colour}; font-weight: 600;")
        for button in (self.details, self.retry):
            button.setVisible(label.failed)
        self.update()

    def event(self, event: QEvent) -> bool:
        """Qt calls it; another screen may need a finer icon."""
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._draw()
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Qt calls it: background and progress line."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._label.band))
        if self._label.progress is not None:
            line = self.rect().adjusted(0, self.height() - 3, 0, 0)
            painter.fillRect(line, QColor(IMAGE.button))
            line.setWidth(round(line.width() * min(max(self._label.progress, 0.0), 1.0)))
            painter.fillRect(line, QColor(IMAGE.blue))


class NoticeStrip(QLabel):
    """The line below a pane; an empty one keeps the room, so that both pictures have one height."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Notice")
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.set_notice("")

    def sizeHint(self) -> QSize:
        """Qt asks for it."""
        return QSize(100, max(_STRIP_PX, self.fontMetrics().height() + 6))

    def set_notice(self, text: str) -> None:
        """Show a notice in amber, or nothing."""
        self.setText(text)
        self.setToolTip(text)
        back = IMAGE.bar if text else IMAGE.back
        self.setStyleSheet(f"color: {IMAGE.amber}; background: {back}; font-weight: 600;")


def _button(text: str, tip: str, asked: Signal) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setMinimumHeight(24)
    button.setStyleSheet(
        f"QPushButton {{ color: {IMAGE.text}; background: {IMAGE.button}; border: 2px solid {IMAGE.button};"
        f" border-radius: 4px; padding: 1px 10px; }}"
        f"QPushButton:hover, QPushButton:focus {{ border-color: {IMAGE.accent}; }}"
    )
    button.clicked.connect(asked)
    return button
