"""The window's (or a command's) end of a child process. Knows no Qt.

A child may end in every way a process can; whatever it does, each request is answered exactly once, and `stop` returns.
"""

from __future__ import annotations

import atexit
import itertools
import logging
import multiprocessing
import queue
import sys
import threading
import weakref
from collections.abc import Callable
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import psutil

from brainsr_desktop.core.errors import BrainSRError, Cancelled, ChildDied, InternalError, error_families
from brainsr_desktop.ipc.child import run_child
from brainsr_desktop.ipc.messages import (
    PROTOCOL,
    Answer,
    Bye,
    Cancel,
    ErrorReport,
    Failed,
    Hello,
    JobCancelled,
    JobId,
    LogLine,
    Request,
)
from brainsr_desktop.ipc.wire import BadMessage, receive
from brainsr_desktop.language import tr

log = logging.getLogger(__name__)

GRACE_S: Final = 2.0
STEP_BACK: Final = 5
"""Steps of niceness between the window and its children."""
CANCEL_PATIENCE_S: Final = 10.0
"""After that a job that does not stop is ended with its child."""


class ChildClient:
    """Starts a child, sends requests, calls back with what it says. Its methods may be called from any thread.

    ``on_message`` gets every `Answer` (progress too), in the listener thread; for a request that cannot be sent it is
    called at once in the caller's. ``on_death`` gets the exit code when the child ends without having been asked to,
    after its jobs were answered with `Failed` (``ChildDied``). Log lines go to this process's log. A child that
    ``steps_back`` has a lower priority than this process.
    """

    def __init__(
        self,
        target: str,
        *,
        name: str,
        on_message: Callable[[object], None],
        on_death: Callable[[int | None], None],
        steps_back: bool = False,
    ) -> None:
        self._steps_back = steps_back
        self._target = target
        self._name = name
        self._on_message = on_message
        self._on_death = on_death
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()
        self._child: _Child | None = None

    @property
    def alive(self) -> bool:
        """Whether the child runs and listens."""
        child = self._child
        return child is not None and not child.ended

    @property
    def pid(self) -> int | None:
        """Process number of the running child."""
        child = self._child
        return None if child is None else child.process.pid

    def start(self) -> None:
        """Start the child; nothing happens if it runs."""
        with self._lock:
            if self.alive:
                return
            self._child = _Child(self._target, self._name, self._on_message, self._on_child_ended)
            self._child.start()
            if self._steps_back:
                _step_back(self._child.process.pid)
            _running.add(self)

    def next_job(self) -> JobId:
        """A number for the next request; never used twice."""
        return JobId(next(self._numbers))

    def send(self, request: Request) -> None:
        """Send a request. If there is no child it fails at once with ``ChildDied``."""
        child = self._child
        if child is None or not child.send_request(request):
            self._on_message(Failed(request.job, _death_report(self._name, None)))

    def cancel(self, job: JobId) -> None:
        """Ask for the end of a job. It is answered with `JobCancelled`, or with its answer if that was faster."""
        child = self._child
        if child is not None:
            child.send(Cancel(job))

    def kill(self) -> None:
        """End a child that hangs, at once. Reported like any other death."""
        child = self._child
        if child is not None:
            child.process.kill()

    def restart(self) -> None:
        """Stop what is left of the child and start a new one."""
        self.stop()
        self.start()

    def stop(self, grace_s: float = GRACE_S) -> None:
        """End the child: ask, wait, terminate, wait, kill. Its jobs end as cancelled. Returns when it is gone."""
        with self._lock:
            child, self._child = self._child, None
        _running.discard(self)
        if child is not None:
            child.stop(grace_s)

    def _on_child_ended(self, child: _Child, exit_code: int | None) -> None:
        if self._child is child:
            _running.discard(self)
            self._on_death(exit_code)


def _step_back(pid: int | None) -> None:
    """Let this process go first; on an idle machine that costs the child nothing. Its threads to come inherit it."""
    try:
        own = psutil.Process().nice()
        lower = psutil.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else min(own + STEP_BACK, 19)
        psutil.Process(pid).nice(lower)
    except (psutil.Error, OSError):  # it has ended already, or the system does not allow it
        log.info("a child keeps its priority")


_running: weakref.WeakSet[ChildClient] = weakref.WeakSet()


@atexit.register
def _stop_all() -> None:
    # multiprocessing waits for its processes at exit; a client that nobody stopped would keep it waiting for ever.
    for client in tuple(_running):
        client.stop()


class _Child:
    """One run of a child process."""

    def __init__(
        self,
        target: str,
        name: str,
        on_message: Callable[[object], None],
        on_ended: Callable[[_Child, int | None], None],
    ) -> None:
        context = multiprocessing.get_context("spawn")  # a process with Qt threads is never forked
        self._ours, self._theirs = context.Pipe()
        # Not a daemon: multiprocessing forbids those to have children, and the files process has a decoder.
        self.process: SpawnProcess = context.Process(target=run_child, args=(target, self._theirs), name=name)
        self.ended = False
        self._name = name
        self._on_message = on_message
        self._on_ended = on_ended
        self._stopping = False
        self._lock = threading.Lock()
        self._send_lock = threading.Lock()
        self._end_lock = threading.Lock()
        self._in_flight: set[JobId] = set()
        self._listener = threading.Thread(target=self._listen, name=f"{name} listener", daemon=True)

    def start(self) -> None:
        self.process.start()
        self._theirs.close()  # else the pipe would not close with the child
        self._listener.start()

    def send_request(self, request: Request) -> bool:
        """Whether the request is now in flight; if so it will be answered."""
        with self._lock:
            if self.ended:
                return False
            self._in_flight.add(request.job)
        self.send(request)
        return True

    def send(self, message: object) -> None:
        try:
            with self._send_lock:
                self._ours.send(message)
        except (OSError, ValueError):  # closed or broken: the listener notices, and answers what is in flight
            return

    def stop(self, grace_s: float) -> None:
        self._stopping = True
        self.send(Bye())
        self._end_process(grace_s)
        if threading.current_thread() is not self._listener:
            self._listener.join()

    def _listen(self) -> None:
        while True:
            try:
                message = receive(self._ours)
            except (EOFError, OSError):
                break
            except BadMessage as error:
                log.error("%s sent %s and is ended", self._name, error)
                self.process.kill()
                break
            if not self._receive(message):
                break
        self._finish()

    def _receive(self, message: object) -> bool:
        """Pass a message on; whether to go on listening."""
        if isinstance(message, LogLine):
            logger = logging.getLogger(message.logger)
            if logger.isEnabledFor(message.level):
                logger.log(message.level, "[%s] %s", self._name, message.text)
        elif isinstance(message, Hello):
            if message.protocol != PROTOCOL:
                log.error("%s speaks protocol %d, not %d", self._name, message.protocol, PROTOCOL)
                return False
        elif isinstance(message, Answer) and self._is_current(message):
            self._deliver(message)
        return True

    def _is_current(self, answer: Answer) -> bool:
        """Whether the job is in flight; what comes after a job's end is dropped."""
        with self._lock:
            if answer.job not in self._in_flight:
                return False
            if answer.final:
                self._in_flight.discard(answer.job)
        return True

    def _deliver(self, answer: Answer) -> None:
        try:
            self._on_message(answer)
        except Exception:  # the boundary: a listener that dies would leave every later request unanswered
            log.exception("%s: an answer could not be handled", self._name)

    def _finish(self) -> None:
        self._end_process(GRACE_S)
        with self._lock:
            self.ended = True
            left, self._in_flight = self._in_flight, set()
        exit_code = self.process.exitcode
        report = _death_report(self._name, exit_code)
        for job in sorted(left):
            self._deliver(JobCancelled(job) if self._stopping else Failed(job, report))
        self._ours.close()
        if not self._stopping:
            log.warning("%s ended by itself: %s", self._name, describe_exit(exit_code))
            self._on_ended(self, exit_code)

    def _end_process(self, grace_s: float) -> None:
        process = self.process
        with (
            self._end_lock
        ):  # two threads that wait for one process would steal its exit code from each other
            process.join(grace_s)
            if process.is_alive():
                log.warning("%s did not end within %.1f s and is terminated", self._name, grace_s)
                process.terminate()
                process.join(GRACE_S)
            if process.is_alive():
                log.warning("%s could not be terminated and is killed", self._name)
                process.kill()
                process.join()


def describe_exit(exit_code: int | None) -> str:
    """Words for an exit code of multiprocessing: negative is a signal."""
    if exit_code is None:
        return tr("no exit code")
    return (
        tr("signal {value}", value=-exit_code)
        if exit_code < 0
        else tr("exit {exit_code}", exit_code=exit_code)
    )


def _death_report(name: str, exit_code: int | None) -> ErrorReport:
    if exit_code is None:
        message = tr("The {name} process is not running.", name=name)
    else:
        message = tr("The {name} process stopped ({reason}).", name=name, reason=describe_exit(exit_code))
    return ErrorReport(ChildDied.__name__, message, tr("Start it again."))


def rebuild_error(report: ErrorReport) -> BrainSRError:
    """The exception a child reported, of the same class; an unknown one becomes ``InternalError``."""
    family = error_families().get(report.family, InternalError)
    return family(report.message, advice=report.advice, path=Path(report.path) if report.path else None)


class BlockingClient:
    """A child for commands and tests: one call, one answer. Calls may come from several threads.

    A context manager. A child that died is started again by the next call. ``silence_s``: a child that says nothing
    about a job for so long is killed (FAULTS 67).
    """

    def __init__(self, target: str, *, name: str, silence_s: float | None = None) -> None:
        self._client = ChildClient(target, name=name, on_message=self._on_message, on_death=lambda _: None)
        self._silence_s = silence_s
        self._answers: dict[JobId, queue.SimpleQueue[Answer]] = {}

    def __enter__(self) -> Self:
        self._client.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """Process number of the child."""
        return self._client.pid

    def stop(self) -> None:
        """End the child."""
        self._client.stop()

    def cancel(self, job: JobId) -> None:
        """Ask for the end of a call, from another thread; it raises `Cancelled`."""
        self._client.cancel(job)

    def call(
        self, request: Callable[[JobId], Request], on_answer: Callable[[Answer], None] | None = None
    ) -> Answer:
        """Send what ``request`` makes of the job number and wait for the answer that ends the job.

        ``on_answer`` gets what comes before it. Ctrl-C cancels the job, waits for its end, and goes on as
        ``KeyboardInterrupt``.

        Raises:
            BrainSRError: what the child raised, as the same class; ChildDied when it ended.
            Cancelled: the job was cancelled.
        """
        self._client.start()
        job = self._client.next_job()
        answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._answers[job] = answers
        try:
            self._client.send(request(job))
            try:
                answer = self._wait(answers, on_answer, self._silence_s)
            except BaseException:
                self._give_up(job, answers)
                raise
        finally:
            del self._answers[job]
        if isinstance(answer, JobCancelled):
            raise Cancelled
        if isinstance(answer, Failed):
            raise _logged(answer.report)
        return answer

    def _wait(
        self,
        answers: queue.SimpleQueue[Answer],
        on_answer: Callable[[Answer], None] | None,
        silence_s: float | None,
    ) -> Answer:
        while True:
            try:
                answer = answers.get(timeout=silence_s)
            except queue.Empty:
                self._client.kill()
                answer = answers.get()
            if answer.final:
                return answer
            if on_answer is not None:
                on_answer(answer)

    def _give_up(self, job: JobId, answers: queue.SimpleQueue[Answer]) -> None:
        self._client.cancel(job)
        self._wait(answers, None, CANCEL_PATIENCE_S)

    def _on_message(self, message: object) -> None:
        if isinstance(message, Answer) and (waiting := self._answers.get(message.job)) is not None:
            waiting.put(message)


def _logged(report: ErrorReport) -> BrainSRError:
    if report.traceback:
        log.debug("In the child:\n%s", report.traceback)
    return rebuild_error(report)
