"""The jobs: scan, enhancement, export; each with progress, time left and Cancel. Opened from the status bar."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from brainsr_desktop.app.plain_text import duration_text, plural, shown
from brainsr_desktop.session.reports import JobState, JobView

ENDED: Final[frozenset[JobState]] = frozenset({"done", "cancelled", "failed"})
ENDED_KEPT: Final = 8
WORDS: Final[dict[JobState, str]] = {
    "waiting": "waiting",
    "running": "running",
    "stopping": "stopping after this tile",
    "done": "✓ done",
    "cancelled": "cancelled",
    "failed": "✖ failed",
}


class JobRow(QWidget):
    """One job."""

    cancel_asked = Signal(int)

    def __init__(self, job: JobView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._id = job.id
        self.title = QLabel()
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.state = QLabel()
        self.state.setObjectName("quiet")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setMaximumHeight(8)
        self.cancel = QPushButton("Cancel")
        self.cancel.clicked.connect(self._ask)
        layout = QGridLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.addWidget(self.title, 0, 0)
        layout.addWidget(self.cancel, 0, 1, 3, 1)
        layout.addWidget(self.bar, 1, 0)
        layout.addWidget(self.state, 2, 0)
        layout.setColumnStretch(0, 1)
        self.update_job(job)

    def update_job(self, job: JobView) -> None:
        """Show how far it is."""
        self.title.setText(shown(job.title))
        self.bar.setAccessibleName(f"Progress of {shown(job.title)}")
        self.bar.setRange(0, job.total)
        self.bar.setValue(job.total if job.state == "done" else job.done)
        if job.total == 0 and job.state in ENDED:
            self.bar.setRange(0, 1)
            self.bar.setValue(1 if job.state == "done" else 0)
        self.state.setText(job_words(job))
        running = job.state in ("waiting", "running")
        self.cancel.setVisible(job.state not in ENDED and job.can_cancel)
        self.cancel.setEnabled(running)
        self.cancel.setAccessibleName(f"Cancel {shown(job.title)}")

    def _ask(self) -> None:
        self.cancel.setEnabled(False)
        self.state.setText("stopping ...")
        self.cancel_asked.emit(self._id)


def job_words(job: JobView) -> str:
    """`running, 12 of 24, about 40 s left`."""
    parts = [WORDS[job.state]]
    if job.total > 0 and job.state in ("running", "stopping", "cancelled", "failed"):
        parts.append(f"{job.done} of {job.total}")
    if job.state == "running" and job.seconds_left is not None:
        parts.append(f"about {duration_text(job.seconds_left)} left")
    return ", ".join(parts)


class JobList(QFrame):
    """Lies over the window above the status bar, one row a job; ended ones stay for a while."""

    cancel_asked = Signal(int)
    count_changed = Signal(int)  # jobs that run or wait

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("jobs")
        self.setAccessibleName("Jobs")
        self._jobs: dict[int, JobView] = {}
        self._rows: dict[int, JobRow] = {}
        self.empty = QLabel("No jobs")
        self.empty.setContentsMargins(12, 12, 12, 12)
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self.empty)
        self._column.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidget(inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.addWidget(self._scroll)
        self.resize(400, 260)
        self.hide()

    @property
    def running(self) -> tuple[JobView, ...]:
        """Jobs that are not at their end."""
        return tuple(job for job in self._jobs.values() if job.state not in ENDED)

    def row(self, number: int) -> JobRow:
        """The row of a job."""
        return self._rows[number]

    def update_job(self, job: JobView) -> None:
        """A job is new, went on, or ended."""
        before = self._jobs.get(job.id)
        self._jobs[job.id] = job
        if job.id in self._rows:
            self._rows[job.id].update_job(job)
        else:
            row = self._rows[job.id] = JobRow(job)
            row.cancel_asked.connect(self.cancel_asked)
            self._column.insertWidget(0, row)
        if job.state in ENDED and (before is None or before.state not in ENDED):
            self._announce(f"{shown(job.title)}: {WORDS[job.state]}")
            self._forget_old()
        self.empty.setVisible(not self._rows)
        self.count_changed.emit(len(self.running))

    def toggle_above(self, button: QWidget) -> None:
        """Show the list with its lower right corner at the button, or put it away."""
        if self.isVisible():
            self.hide()
            return
        corner = button.mapTo(self.window(), QPoint(button.width(), 0))
        self.move(corner - QPoint(self.width(), self.height() + 6))
        self.show()
        self.raise_()
        self._scroll.setFocus(Qt.FocusReason.PopupFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt calls it; Esc puts the list away."""
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
            return
        super().keyPressEvent(event)

    def _forget_old(self) -> None:
        ended = [number for number, job in self._jobs.items() if job.state in ENDED]
        for number in ended[:-ENDED_KEPT]:
            del self._jobs[number]
            row = self._rows.pop(number)
            self._column.removeWidget(row)
            row.deleteLater()

    def _announce(self, text: str) -> None:
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))


class JobButton(QToolButton):
    """`2 jobs` in the status bar."""

    def __init__(self, jobs: JobList, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self.setAutoRaise(True)
        self.setMinimumHeight(24)
        self.setToolTip("Show the jobs")
        jobs.count_changed.connect(self._on_count)
        self.clicked.connect(lambda: jobs.toggle_above(self))
        self._on_count(0)

    def _on_count(self, count: int) -> None:
        running = self._jobs.running
        text = plural(count, "job") if count else "No jobs"
        if len(running) == 1 and running[0].total > 0:
            text = f"{shown(running[0].title, 28)} {100 * running[0].done // running[0].total} %"
        self.setText(text)
        self.setAccessibleName(f"{text}, show the list")
