"""One child process and the thread that talks to it: what both workers have in common.

The GUI thread calls methods that return at once; the work is done in the worker's own thread, and everything that comes
back is one signal with a typed event, which reaches a QObject of the GUI thread there. The worker knows no widgets.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QObject, Qt, QThread, QTimer, Signal, Slot

from brainsr_desktop.core.errors import ChildDied
from brainsr_desktop.ipc.client import CANCEL_PATIENCE_S, ChildClient, describe_exit
from brainsr_desktop.ipc.messages import Answer, Failed, JobId, Request

log = logging.getLogger(__name__)

LOOK_EVERY_MS: Final = 500
FORGIVEN_AFTER_S: Final = 600.0
"""A death so long ago no longer counts against the one automatic restart."""


@dataclass(frozen=True, slots=True)
class Started:
    """The child runs; ``after`` says how the one before it ended, empty for the first or one that was asked for."""

    after: str = ""


@dataclass(frozen=True, slots=True)
class Gone:
    """The child ended for the second time and is not started again by itself."""

    how: str


class ChildWorker(QObject):
    """Owns a `ChildClient` and its thread. Restarts a child that died once; the second time it waits to be asked.

    ``heard`` brings answers of the child, `Started` and `Gone`. The failures of a child that died come after `Started`
    or `Gone`, so that whoever asks again asks the new one. ``silence_s``: a child that has work and says nothing for
    so long is killed (FAULTS 67); one that does not heed a cancel within ten seconds is too.
    """

    heard = Signal(object)
    _called = Signal(object)
    _said = Signal(object)
    _died = Signal(object)

    def __init__(self, target: str, *, name: str, silence_s: float | None = None) -> None:
        super().__init__()
        # What the user does comes first, also where a network keeps every core busy.
        self._client = ChildClient(
            target, name=name, on_message=self._said.emit, on_death=self._died.emit, steps_back=True
        )
        self._name = name
        self._silence_s = silence_s
        self._in_flight: set[JobId] = set()
        self._last_word = 0.0
        self._cancelled_at: dict[JobId, float] = {}
        self._fallen: list[Failed] = []
        self._deaths: list[float] = []
        self._on_purpose = False
        self._gone = False
        self._timer: QTimer | None = None
        self._thread = QThread()
        self._thread.setObjectName(name)
        self.moveToThread(self._thread)
        queued = Qt.ConnectionType.QueuedConnection
        self._called.connect(self._on_called, queued)
        self._said.connect(self._on_said, queued)
        self._died.connect(self._on_died, queued)

    @property
    def pid(self) -> int | None:
        """Process number of the child."""
        return self._client.pid

    @property
    def running(self) -> bool:
        """Whether the thread was started."""
        return self._thread.isRunning()

    def start(self) -> None:
        """Start the thread and the child; nothing happens the second time."""
        if not self.running:
            self._thread.start()
            self._post(self._start)

    def start_again(self) -> None:
        """Start a child that is gone. `Started` follows."""
        self._post(self._start_again)

    def cancel(self, job: JobId) -> None:
        """Ask for the end of a job; it is answered in every case."""
        self._post(lambda: self._cancel(job))

    def begin_stop(self) -> None:
        """Begin to end child and thread."""
        if self.running:
            self._post(self._stop)

    def wait_stopped(self) -> None:
        """Wait until both are gone. Takes up to four seconds if the child hangs."""
        self._thread.wait()

    # In the worker's thread

    def _post(self, call: Callable[[], None]) -> None:
        """Have something done in the worker's thread, in the order of asking."""
        self._called.emit(call)

    def _send(self, request: Request) -> None:
        if not self._in_flight:
            self._last_word = time.monotonic()
        self._in_flight.add(request.job)
        self._client.send(request)

    def _on_answer(self, answer: Answer) -> None:
        """Pass an answer on; a worker may look into it first."""
        self.heard.emit(answer)

    def _on_reset(self) -> None:
        """The child is another one: forget what only the old one knew."""

    def _on_stopped(self) -> None:
        """The child is gone for good: put away what is left."""

    def _start(self) -> None:
        if self._timer is None:
            self._timer = QTimer(self)
            self._timer.timeout.connect(self._look)
            self._timer.start(LOOK_EVERY_MS)
        self._launch("")

    def _start_again(self) -> None:
        if self._gone:
            self._gone = False
            self._deaths.clear()
            self._launch("")

    def _launch(self, after: str) -> None:
        try:
            self._client.restart()
        except OSError as error:  # no memory or no process number left
            self._gone = True
            self.heard.emit(Gone(f"{error.strerror}"))
        else:
            self.heard.emit(Started(after))

    def _cancel(self, job: JobId) -> None:
        if job in self._in_flight:
            self._cancelled_at[job] = time.monotonic()
            self._client.cancel(job)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._client.stop()
        self._on_reset()
        self._on_stopped()
        self._thread.quit()

    @Slot(object)
    def _on_called(self, call: Callable[[], None]) -> None:
        call()

    @Slot(object)
    def _on_said(self, answer: Answer) -> None:
        self._last_word = time.monotonic()
        if answer.final:
            self._in_flight.discard(answer.job)
            self._cancelled_at.pop(answer.job, None)
        if isinstance(answer, Failed) and answer.report.family == ChildDied.__name__ and not self._gone:
            self._fallen.append(answer)
            return
        self._on_answer(answer)

    @Slot(object)
    def _on_died(self, exit_code: int | None) -> None:
        how = describe_exit(exit_code)
        self._on_reset()
        if self._may_restart():
            self._launch(how)
        else:
            self._gone = True
            self.heard.emit(Gone(how))
        fallen, self._fallen = self._fallen, []
        for failed in fallen:
            self._on_answer(failed)

    def _may_restart(self) -> bool:
        if self._on_purpose:
            self._on_purpose = False
            return True
        now = time.monotonic()
        self._deaths = [*(death for death in self._deaths if now - death < FORGIVEN_AFTER_S), now]
        return len(self._deaths) == 1

    @Slot()
    def _look(self) -> None:
        now = time.monotonic()
        if any(now - asked > CANCEL_PATIENCE_S for asked in self._cancelled_at.values()):
            log.warning("%s does not stop a cancelled job and is ended", self._name)
            self._cancelled_at.clear()
            self._on_purpose = True
            self._client.kill()
        elif self._silence_s is not None and self._in_flight and now - self._last_word > self._silence_s:
            log.warning("%s said nothing for %.0f s and is ended", self._name, self._silence_s)
            self._last_word = now
            self._client.kill()
