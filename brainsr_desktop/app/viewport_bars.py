"""The bar above a pane that says what its picture is, and the strip below the enhanced one that is always there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QColor,
    QFont,
    QIcon,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from brainsr_desktop.app import icons
from brainsr_desktop.app.theme import IMAGE
from brainsr_desktop.app.viewport_overlays import packed
from brainsr_desktop.language import mark, tr
from brainsr_desktop.session.pictures import PaneState, PaneStatus

NOTICE_NETWORK: Final = mark("AI-enhanced - research use only, not for diagnosis")
NOTICE_PLAIN: Final = mark("Interpolated, no network - research use only, not for diagnosis")
DETAILS: Final = mark("Details")
RETRY: Final = mark("Retry on CPU")
_ICON_PX: Final = 18
_BAR_PX: Final = 34
_STRIP_PX: Final = 26
_ROOMY_PX: Final = 520
"""A narrower bar shows its buttons as icons, so that the words keep their room."""


@dataclass(frozen=True, slots=True)
class Label:
    """What a bar shows. ``band`` is its background."""

    text: str
    icon: str
    colour: str
    band: str = IMAGE.bar
    progress: float | None = None
    detail: str = ""
    can_retry: bool = False


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
    PaneState.HELD: ("pause", IMAGE.amber),
    PaneState.ORIGINAL: ("original", IMAGE.text),
    PaneState.DEGRADED: ("degraded", IMAGE.band_text),
    PaneState.REFERENCE: ("reference", IMAGE.text),
    PaneState.DIFFERENCE: ("difference", IMAGE.text),
    PaneState.CONSISTENCY: ("consistency", IMAGE.text),
    PaneState.STABILITY: ("stability", IMAGE.text),
    PaneState.AGREEMENT: ("agreement", IMAGE.text),
}
_MADE: Final = frozenset(
    {PaneState.FAST, PaneState.FULL, PaneState.CACHED, PaneState.DIFFERENCE, PaneState.CONSISTENCY,
     PaneState.STABILITY, PaneState.AGREEMENT}
)  # fmt: skip


def label_of(status: PaneStatus, *, has_picture: bool) -> Label:
    """The label of a pane (INTERFACE section 8): icon and words, so that colour alone tells nothing.

    Retry is offered where a network failed, not where the slice itself cannot be read.
    """
    icon, colour = _LOOKS[status.state]
    text = status.text
    if status.progress is not None and "%" not in text:
        text = tr("{words}; full network {percent} %", words=text, percent=f"{status.progress * 100:.0f}")
    failed = status.state is PaneState.FAILED
    return Label(
        text,
        icon,
        colour,
        band=IMAGE.band if status.state is PaneState.DEGRADED else IMAGE.bar,
        progress=status.progress,
        detail=status.detail if failed else "",
        can_retry=failed and (has_picture or bool(status.detail)),
    )


def notice_of(*statuses: PaneStatus) -> str:
    """The line under what is seen; empty where nothing of it was made."""
    made = [status for status in statuses if status.state in _MADE]
    if any(not status.interpolated for status in made):
        return tr(NOTICE_NETWORK)
    stand_ins = (PaneState.INTERPOLATED, PaneState.FAILED, PaneState.OFF, PaneState.HELD)
    if made or any(status.state in stand_ins for status in statuses):
        return tr(NOTICE_PLAIN)
    return ""


class ElidedLabel(QLabel):
    """One line, two where one is too short, else cut with "..."; the tool tip has all of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Qt calls it."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        metrics = self.fontMetrics()
        lines = packed(self.text().split(" "), " ", metrics.horizontalAdvance, self.width())
        if self.height() < 2 * metrics.lineSpacing():
            lines = [self.text()]
        shown = [*lines[:1], " ".join(lines[1:])] if lines[1:] else lines
        cut = [metrics.elidedText(line, Qt.TextElideMode.ElideRight, self.width()) for line in shown]
        alignment = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(self.rect(), int(alignment), "\n".join(cut))

    def changeEvent(self, event: QEvent) -> None:
        """Qt calls it; another theme's style sheet takes the label's own colours away."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            _colour_again(self)


class StateBar(QWidget):
    """Icon, words, thin progress line; Details and Retry on CPU after a failure."""

    details_requested = Signal(str, str)  # what the bar says, the technical text behind it
    retry_requested = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label = Label("", "folder", IMAGE.dim_text)
        self._icon, self._text = QLabel(), ElidedLabel()
        self._text.setAccessibleName(name)
        _embolden(self._text)
        self.details = _button(tr(DETAILS), tr("Details: what went wrong, as technical text"))
        self.details.clicked.connect(
            lambda: self.details_requested.emit(self._label.text, self._label.detail)
        )
        self.retry = _button(tr(RETRY), tr("Retry on CPU: compute this slice again on the processor"))
        self.retry.clicked.connect(self.retry_requested)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 0, 6, 3)
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
        return QSize(200, max(_BAR_PX, 2 * self.fontMetrics().lineSpacing() + 8))

    def set_label(self, label: Label, *, quiet: bool = False) -> None:
        """Show another label; another state is told to screen readers, progress is not, nor is a ``quiet`` change."""
        if label == self._label:
            return
        before, self._label = self._label, label
        self._draw()
        if not quiet and label.icon != before.icon and QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._text, label.text))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt calls it."""
        super().resizeEvent(event)
        roomy = self.width() >= _ROOMY_PX
        for button, words, icon in ((self.details, DETAILS, "info"), (self.retry, RETRY, "refresh")):
            button.setText(tr(words) if roomy else "")
            button.setIcon(QIcon() if roomy else icons.icon(icon, IMAGE.text))

    def _draw(self) -> None:
        label = self._label
        self._icon.setPixmap(icons.pixmap(label.icon, _ICON_PX, label.colour, self.devicePixelRatioF()))
        self._text.setText(label.text)
        self._text.setToolTip(label.text)
        _colour(self._text, label.colour)
        self.details.setVisible(bool(label.detail))
        self.retry.setVisible(label.can_retry)
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
    """The line below a pane, as high as the longest text needs, also while empty: both pictures have one height."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(tr("Notice"))
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setMargin(3)
        self.setAutoFillBackground(True)
        _embolden(self)
        _colour(self, IMAGE.amber, IMAGE.back)

    def set_notice(self, text: str) -> None:
        """Show a notice in amber, or nothing."""
        if text != self.text():
            self.setText(text)
            _colour(self, IMAGE.amber, IMAGE.bar if text else IMAGE.back)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt calls it."""
        super().resizeEvent(event)
        self._take_height()

    def changeEvent(self, event: QEvent) -> None:
        """Qt calls it; larger text needs more room."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._take_height()
        elif event.type() == QEvent.Type.StyleChange:
            _colour_again(self)

    def _take_height(self) -> None:
        room = QRect(0, 0, max(1, self.width() - 8), 1000)
        wrapped = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
        needed = self.fontMetrics().boundingRect(room, wrapped, tr(NOTICE_PLAIN)).height()
        self.setFixedHeight(max(_STRIP_PX, needed + 8))


def _embolden(label: QLabel) -> None:
    font = QFont(label.font())
    font.setWeight(QFont.Weight.DemiBold)
    label.setFont(font)


def _colour(label: QLabel, text: str, back: str = IMAGE.bar) -> None:
    palette = label.palette()
    palette.setColor(QPalette.ColorRole.WindowText, QColor(text))
    palette.setColor(QPalette.ColorRole.Window, QColor(back))
    label.setPalette(palette)
    label.setProperty("colours", [text, back])


def _colour_again(label: QLabel) -> None:
    colours = label.property("colours")
    if colours:
        _colour(label, *colours)


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setAccessibleName(text)
    button.setToolTip(tip)
    button.setMinimumHeight(24)
    button.setStyleSheet(
        f"QPushButton {{ color: {IMAGE.text}; background: {IMAGE.button}; border: 2px solid {IMAGE.button};"
        f" border-radius: 4px; padding: 1px 10px; }}"
        f"QPushButton:hover, QPushButton:focus {{ border-color: {IMAGE.accent}; }}"
    )
    return button
