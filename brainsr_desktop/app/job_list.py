"""The jobs: scan, enhancement, export; each with progress, time left and Cancel. Opened from the status bar."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPoint, QSize, Qt, Signal
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

from brainsr_desktop.app.plain_text import duration_text, shown
from brainsr_desktop.language import mark, tr, trn
from brainsr_desktop.session.reports import JobState, JobView

ENDED: Final[frozenset[JobState]] = frozenset({"done", "cancelled", "failed"})
ENDED_KEPT: Final = 8
WORDS: Final[dict[JobState, str]] = {
    "waiting": mark("waiting"),
    "running": mark("running"),
    "paused": mark("paused"),
    "stopping": mark("stopping after this tile"),
    "done": mark("✓ done"),
    "cancelled": mark("cancelled"),
    "failed": mark("✖ failed"),
}


class JobRow(QWidget):
    """One job."""

    cancel_asked = Signal(int)
    pause_asked = Signal(int, bool)  # rest, or go on

    def __init__(self, job: JobView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._id = job.id
        self.title = QLabel()
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.title.setWordWrap(True)
        self.state = QLabel()
        self.state.setObjectName("quiet")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setMaximumHeight(8)
        self.pause = QPushButton(tr("Pause"))
        self.pause.setCheckable(True)
        self.pause.clicked.connect(lambda on: self.pause_asked.emit(self._id, on))
        self.cancel = QPushButton(tr("Cancel"))
        self.cancel.setToolTip(tr("Stop this job; what is finished stays"))
        self.cancel.clicked.connect(self._ask)
        layout = QGridLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.addWidget(self.title, 0, 0)
        layout.addWidget(self.pause, 0, 1, 3, 1)
        layout.addWidget(self.cancel, 0, 2, 3, 1)
        layout.addWidget(self.bar, 1, 0)
        layout.addWidget(self.state, 2, 0)
        layout.setColumnStretch(0, 1)
        self.update_job(job)

    def update_job(self, job: JobView) -> None:
        """Show how far it is."""
        self.title.setText(shown(job.title))
        name = shown(job.title)
        self.bar.setAccessibleName(tr("Progress of {job}", job=name))
        self.bar.setRange(0, job.total)
        self.bar.setValue(job.total if job.state == "done" else job.done)
        if job.total == 0 and job.state in ENDED:
            self.bar.setRange(0, 1)
            self.bar.setValue(1 if job.state == "done" else 0)
        self.state.setText(job_words(job))
        self._show_pause(job, name)
        self.cancel.setVisible(job.state not in ENDED and job.can_cancel)
        self.cancel.setEnabled(job.state in ("waiting", "running", "paused"))
        self.cancel.setAccessibleName(tr("Cancel {job}", job=name))

    def _show_pause(self, job: JobView, name: str) -> None:
        paused = job.state == "paused"
        self.pause.setVisible(job.can_pause and job.state in ("running", "paused"))
        self.pause.setChecked(paused)
        self.pause.setText(tr("Resume") if paused else tr("Pause"))
        self.pause.setToolTip(
            tr("Go on where it stopped") if paused else tr("Stop for a while; the network is free")
        )
        self.pause.setAccessibleName(tr("Resume {job}", job=name) if paused else tr("Pause {job}", job=name))

    def _ask(self) -> None:
        self.cancel.setEnabled(False)
        self.state.setText(tr("stopping ..."))
        self.cancel_asked.emit(self._id)


def job_words(job: JobView) -> str:
    """`running, 12 of 24, about 40 s left`."""
    words = tr(WORDS[job.state])
    if job.total <= 0 or job.state not in ("running", "paused", "stopping", "cancelled", "failed"):
        return words
    if job.state == "running" and job.seconds_left is not None:
        return tr(
            "{state}, {done} of {total}, about {time} left",
            state=words,
            done=job.done,
            total=job.total,
            time=duration_text(job.seconds_left),
        )
    return tr("{state}, {done} of {total}", state=words, done=job.done, total=job.total)


class JobList(QFrame):
    """Lies over the window above the status bar, one row a job; ended ones stay for a while."""

    cancel_asked = Signal(int)
    pause_asked = Signal(int, bool)
    count_changed = Signal(int)  # jobs that run or wait

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("jobs")
        self.setAccessibleName(tr("Jobs"))
        self._jobs: dict[int, JobView] = {}
        self._rows: dict[int, JobRow] = {}
        self.empty = QLabel(tr("No jobs"))
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
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.addWidget(self._scroll)
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
            row.pause_asked.connect(self.pause_asked)
            self._column.insertWidget(0, row)
        if job.state in ENDED and (before is None or before.state not in ENDED):
            self._announce(tr("{job}: {state}", job=shown(job.title), state=tr(WORDS[job.state])))
            self._forget_old()
        self.empty.setVisible(not self._rows)
        self.count_changed.emit(len(self.running))

    def toggle_above(self, button: QWidget) -> None:
        """Show the list with its lower right corner at the button, or put it away."""
        if self.isVisible():
            self.hide()
            return
        self.resize(self._size_in(self.window()))
        corner = button.mapTo(self.window(), QPoint(button.width(), 0))
        self.move(corner - QPoint(self.width(), self.height() + 6))
        self.show()
        self.raise_()
        self._scroll.setFocus(Qt.FocusReason.PopupFocusReason)

    def _size_in(self, window: QWidget) -> QSize:
        """Large enough for a title and two buttons in the present text size, and no larger than the window."""
        em = self.fontMetrics().averageCharWidth()
        line = self.fontMetrics().height()
        return QSize(min(62 * em, window.width() - 20), min(16 * line, window.height() // 2))

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
        self.setToolTip(tr("Show the jobs"))
        jobs.count_changed.connect(self._on_count)
        self.clicked.connect(lambda: jobs.toggle_above(self))
        self._on_count(0)

    def _on_count(self, count: int) -> None:
        running = self._jobs.running
        text = trn("{count} job", "{count} jobs", count) if count else tr("No jobs")
        if len(running) == 1 and running[0].total > 0:
            percent = 100 * running[0].done // running[0].total
            text = tr("{job} {percent} %", job=shown(running[0].title, 28), percent=percent)
        self.setText(text)
        self.setAccessibleName(tr("{jobs}, show the list", jobs=text))
