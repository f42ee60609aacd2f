"""The one place that shows an error, a warning or a notice: a bar above the panes that never blocks."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from brainsr_desktop.app.dialogs.notice import DetailsDialog
from brainsr_desktop.app.plain_text import masked, shown
from brainsr_desktop.core.errors import BrainSRError
from brainsr_desktop.language import mark, tr, trn
from brainsr_desktop.session.reports import Level, Notice

_log = logging.getLogger(__name__)
INFO_STAYS_MS: Final = 10_000
KEPT: Final = 50
MOST_ACTIONS: Final = 3
LEAST_WORDS: Final = 40
"""Characters of a line beside the buttons; with less room the buttons go below."""
LONGEST_TEXT: Final = 600
SIGNS: Final[dict[Level, tuple[str, str]]] = {
    "info": ("ℹ", mark("Notice")),
    "warning": ("⚠", mark("Warning")),
    "error": ("✖", mark("Error")),
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
        self.setAccessibleName(tr("Notices"))
        self.sign = QLabel()
        self.sign.setObjectName("notice_sign")
        self.text = QLabel()
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setWordWrap(True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.text.setSizePolicy(policy)
        self.action = QPushButton()
        self.details = QPushButton(tr("Details"))
        self.details.setAccessibleName(tr("Technical details of this notice"))
        self.close_button = QToolButton()
        self.close_button.setText("✕")
        self.close_button.setAutoRaise(True)
        self.close_button.setMinimumSize(28, 28)
        self.close_button.setToolTip(tr("Close this notice"))
        self.close_button.setAccessibleName(tr("Close this notice"))
        words = QHBoxLayout()
        words.addWidget(self.sign)
        words.addWidget(self.text, 1)
        self._buttons = QHBoxLayout()
        self._buttons.addStretch(1)
        self._rows = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._rows.setContentsMargins(12, 6, 8, 6)
        self._rows.setSpacing(10)
        self._rows.addLayout(words, 1)
        self._rows.addLayout(self._buttons)
        self.more = [QPushButton() for _ in range(MOST_ACTIONS - 1)]
        for button in (self.action, *self.more, self.details, self.close_button):
            self._buttons.addWidget(button)
        for place, further in enumerate(self.more):
            further.clicked.connect(lambda _=False, place=place: self._do_further(place))
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
        return masked(text) if self._hidden else text

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
        self.sign.setAccessibleName(tr(word))
        told = _one_line(self._words(notice.text))
        if entry.count > 1:
            told = tr("{text} ({count} times)", text=told, count=entry.count)
        lines = [" ".join(part for part in (told, _one_line(self._words(notice.advice))) if part)]
        if len(self._waiting) > 1:
            behind = len(self._waiting) - 1
            lines.append(trn("{count} more behind this one", "{count} more behind this one", behind))
        self.text.setText("\n".join(lines))
        self.action.setVisible(notice.action is not None)
        self.action.setText(shown(notice.label, 40) or tr("Do it"))
        for place, button in enumerate(self.more):
            button.setVisible(place < len(notice.more))
            button.setText(shown(notice.more[place][0], 40) if place < len(notice.more) else "")
        self.details.setVisible(bool(notice.detail))
        self.setProperty("level", notice.level)
        for widget in (self, self.sign):
            widget.style().unpolish(widget)
            widget.style().polish(widget)
        self.show()
        self._turn()
        if notice.level == "info":
            self._timer.start(INFO_STAYS_MS)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt calls it; where it is narrow the buttons go below the words."""
        super().resizeEvent(event)
        self._turn()

    def _turn(self) -> None:
        rest = self.width() - self._buttons.sizeHint().width()
        narrow = rest < LEAST_WORDS * self.fontMetrics().averageCharWidth()
        ways = QBoxLayout.Direction
        self._rows.setDirection(ways.TopToBottom if narrow else ways.LeftToRight)

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

    def _do_further(self, place: int) -> None:
        notice = self.current
        self.dismiss()
        if notice is not None and place < len(notice.more):
            notice.more[place][1]()

    def _show_details(self) -> None:
        notice = self.current
        if notice is not None:
            DetailsDialog(self._words(notice.text), self._words(notice.detail), self.window()).open()

    def _announce(self, notice: Notice) -> None:
        text = _one_line(self._words(notice.text))
        event = QAccessibleAnnouncementEvent(
            self, tr("{kind}: {text}", kind=tr(SIGNS[notice.level][1]), text=text)
        )
        if _SEVERITY[notice.level] > 0:
            event.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
        QAccessible.updateAccessibility(event)


def _words(notice: Notice) -> tuple[str, str]:
    return notice.level, notice.text


def _one_line(text: str) -> str:
    return shown(" ".join(text.split()), LONGEST_TEXT)
