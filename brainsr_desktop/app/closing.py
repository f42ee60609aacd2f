"""The question before the window closes while something would be lost."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from brainsr_desktop.app.job_list import JobList
from brainsr_desktop.language import tr, trn

Answer = Literal["wait", "stop", "stay"]


class CloseQuestion(QObject):
    """Asks once: wait for the jobs, stop them and close, or stay."""

    decided = Signal()  # the window may close now

    def __init__(self, jobs: JobList, window: QWidget) -> None:
        super().__init__(window)
        self._jobs = jobs
        self._window = window
        self._box: QMessageBox | None = None
        self._waits = False
        self._stopped = False
        jobs.count_changed.connect(self._on_count)

    @property
    def may_close(self) -> bool:
        """Whether nothing would be lost."""
        return self._stopped or not self._keeping()

    @property
    def box(self) -> QMessageBox | None:
        """The question while it is asked."""
        return self._box

    def ask(self) -> None:
        """Show the question."""
        if self._box is not None:
            self._box.raise_()
            return
        box = self._box = QMessageBox(self._window)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(tr("Close BrainSR Desktop"))
        box.setText(trn("{count} job is still running.", "{count} jobs are still running.", self._keeping()))
        box.setInformativeText(tr("What is finished stays, and an export can go on later."))
        wait = box.addButton(tr("&Wait, then close"), QMessageBox.ButtonRole.AcceptRole)
        stop = box.addButton(tr("Stop and &close"), QMessageBox.ButtonRole.DestructiveRole)
        stay = box.addButton(tr("S&tay"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(wait)
        box.setEscapeButton(stay)
        answers: dict[object, Answer] = {wait: "wait", stop: "stop", stay: "stay"}
        box.finished.connect(lambda _: self._take(answers.get(box.clickedButton(), "stay")))
        box.open()

    def _take(self, answer: Answer) -> None:
        if self._box is not None:
            self._box.deleteLater()
            self._box = None
        self._waits = answer == "wait"
        self._stopped = answer == "stop"
        if self._waits:
            self._wake()
        if self._stopped or (self._waits and self.may_close):
            self.decided.emit()

    def _keeping(self) -> int:
        return sum(job.keeps_window for job in self._jobs.running)

    def _wake(self) -> None:
        """A job that rests would keep the window waiting for ever."""
        for job in self._jobs.running:
            if job.keeps_window and job.state == "paused":
                self._jobs.pause_asked.emit(job.id, False)

    def _on_count(self, _count: int) -> None:
        if self._waits and not self._keeping():
            self.decided.emit()
