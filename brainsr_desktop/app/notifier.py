"""The one place that shows an error, a warning or a notice: a bar above the panes that never blocks."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from brainsr_desktop.app.dialogs.notice import DetailsDialog
from brainsr_desktop.app.plain_text import HIDDEN, shown
from brainsr_desktop.core.errors import BrainSRError
from brainsr_desktop.log import HIDDEN as MASKED
from brainsr_desktop.log import cleaned
from brainsr_desktop.session.reports import Level, Notice

_log = logging.getLogger(__name__)
INFO_STAYS_MS: Final = 10_000
KEPT: Final = 50
LONGEST_TEXT: Final = 600
SIGNS: Final[dict[Level, tuple[str, str]]] = {
    "info": ("ℹ", "Notice"),
    "warning": ("⚠", "Warning"),
    "error": ("✖", "Error"),
}
_SEVERITY: Final[dict[Level, int]] = {"info": 0, "warning": 1, "error": 2}


@dataclass(slots=True)
class _Shown:
    notice: Notice
    count: int = 1


def notice_of(error: BrainSRError, *, detail: str = "") -> Notice:
    """An error of the program as a notice."""
    return Notice("error", error.message, error.advice, detail)


class Notifier(QFrame):
    """Shows the latest notice; earlier ones that were not closed wait behind it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._waiting: list[_Shown] = []
        self._hidden = False
        self.setObjectName("notifier")
        self.setAccessibleName("Notices")
        self.sign = QLabel()
        self.sign.setObjectName("notice_sign")
        self.text = QLabel()
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setWordWrap(True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.action = QPushButton()
        self.details = QPushButton("Details")
        self.details.setAccessibleName("Technical details of this notice")
        self.close_button = QToolButton()
        self.close_button.setText("✕")
        self.close_button.setAutoRaise(True)
        self.close_button.setMinimumSize(28, 28)
        self.close_button.setToolTip("Close this notice")
        self.close_button.setAccessibleName("Close this notice")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 8, 6)
        layout.setSpacing(10)
        layout.addWidget(self.sign)
        layout.addWidget(self.text, 1)
        for button in (self.action, self.details, self.close_button):
            layout.addWidget(button)
        self.action.clicked.connect(self._do)
        self.details.clicked.connect(self._show_details)
        self.close_button.clicked.connect(self.dismiss)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._on_time)
        self.hide()

    @property
    def current(self) -> Notice | None:
        """The notice that is shown."""
        return self._waiting[-1].notice if self._waiting else None

    @property
    def waiting(self) -> int:
        """How many are shown or wait."""
        return len(self._waiting)

    def show_notice(self, notice: Notice) -> None:
        """Show a notice; the same words again are counted, not stacked."""
        same = next((kept for kept in self._waiting if _words(kept.notice) == _words(notice)), None)
        if same is not None:
            self._waiting.remove(same)
            same.count += 1
            same.notice = notice
        entry = same or _Shown(notice)
        self._waiting = [*self._waiting, entry][-KEPT:]
        if notice.level != "info":
            _log.warning("notice: %s", notice.text)
        self._draw()
        self._announce(notice)

    def set_hidden(self, hidden: bool) -> None:
        """Mask names, dates and paths in what is shown."""
        self._hidden = hidden
        self._draw()

    def _words(self, text: str) -> str:
        return cleaned(text).replace(MASKED, HIDDEN) if self._hidden else text

    def show_error(self, error: BrainSRError) -> None:
        """Show an error of the program."""
        self.show_notice(notice_of(error))

    def dismiss(self) -> None:
        """Close the notice in view; the one before it comes back."""
        if self._waiting:
            self._waiting.pop()
        self._draw()

    def clear(self) -> None:
        """Close all of them."""
        self._waiting.clear()
        self._draw()

    def _draw(self) -> None:
        self._timer.stop()
        if not self._waiting:
            self.hide()
            return
        entry = self._waiting[-1]
        notice = entry.notice
        sign, word = SIGNS[notice.level]
        self.sign.setText(sign)
        self.sign.setAccessibleName(word)
        counted = f" ({entry.count} times)" if entry.count > 1 else ""
        more = f"\n{len(self._waiting) - 1} more behind this one" if len(self._waiting) > 1 else ""
        told = _one_line(self._words(notice.text)) + counted
        words = " ".join(part for part in (told, _one_line(self._words(notice.advice))) if part)
        self.text.setText(words + more)
        self.action.setVisible(notice.action is not None)
        self.action.setText(shown(notice.label, 40) or "Do it")
        self.details.setVisible(bool(notice.detail))
        self.setProperty("level", notice.level)
        for widget in (self, self.sign):
            widget.style().unpolish(widget)
            widget.style().polish(widget)
        self.show()
        if notice.level == "info":
            self._timer.start(INFO_STAYS_MS)

    def _on_time(self) -> None:
        focus = QApplication.focusWidget()
        if self.underMouse() or (focus is not None and self.isAncestorOf(focus)):
            self._timer.start(INFO_STAYS_MS)
            return
        self.dismiss()

    def _do(self) -> None:
        notice = self.current
        self.dismiss()
        if notice is not None and notice.action is not None:
            notice.action()

    def _show_details(self) -> None:
        notice = self.current
        if notice is not None:
            DetailsDialog(self._words(notice.text), self._words(notice.detail), self.window()).open()

    def _announce(self, notice: Notice) -> None:
        event = QAccessibleAnnouncementEvent(
            self, f"{SIGNS[notice.level][1]}: {_one_line(self._words(notice.text))}"
        )
        if _SEVERITY[notice.level] > 0:
            event.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
        QAccessible.updateAccessibility(event)


def _words(notice: Notice) -> tuple[str, str]:
    return notice.level, notice.text


def _one_line(text: str) -> str:
    return shown(" ".join(text.split()), LONGEST_TEXT)
