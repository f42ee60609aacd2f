"""What runs inside a child process: requests in, answers out, until the pipe closes.

The listener thread reads the pipe, so Cancel and the end are seen while a job runs. Jobs run in lanes: one thread each,
first come first served; the lane "main" is the thread that called `serve`.
"""

from __future__ import annotations

import importlib
import logging
import os
import queue
import signal
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from typing import Any, Final, TypeAlias

from brainsr_desktop import language
from brainsr_desktop.core import errors
from brainsr_desktop.core.errors import BrainSRError, Cancelled, InternalError, OutOfMemory
from brainsr_desktop.ipc.bounds import bound
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
    Progress,
    Request,
)
from brainsr_desktop.ipc.wire import BadMessage, receive
from brainsr_desktop.language import tr

log = logging.getLogger(__name__)

MAIN_LANE: Final = "main"
PROGRESS_INTERVAL_S: Final = 0.05
END_GRACE_S: Final = 1.5
"""How long running jobs may take to stop once the pipe is closed; then the process ends all the same."""


class JobContext:
    """What a handler has of the job it works on. Used from the handler's thread, or threads it waits for."""

    def __init__(self, job: JobId, send: Callable[[object], None]) -> None:
        self.job = job
        self._send = send
        self._cancelled = threading.Event()
        self._lock = threading.Lock()
        self._sent_at = -PROGRESS_INTERVAL_S
        self._kept_back: Progress | None = None

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Say how far the job is. At most twenty a second travel; the newest is flushed before any other answer."""
        with self._lock:
            self._kept_back = Progress(self.job, done, total, note)
            if time.monotonic() - self._sent_at >= PROGRESS_INTERVAL_S:
                self._flush()

    def send(self, answer: Answer) -> None:
        """Send an answer that does not end the job."""
        if answer.final:
            raise InternalError(f"{type(answer).__name__} ends a job and must be returned by its handler.")
        self._send(answer)

    def check_cancelled(self) -> None:
        """Raise `Cancelled` if the user gave up this job or the window is gone. To be called every 0.2 s."""
        if self._cancelled.is_set():
            raise Cancelled

    @property
    def cancelled(self) -> bool:
        """Whether the job is to stop."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Called by the listener."""
        self._cancelled.set()

    def end(self, answer: Answer) -> None:
        """Flush the progress and send the final answer."""
        with self._lock:
            self._flush()
        self._send(answer)

    def _flush(self) -> None:
        if self._kept_back is not None:
            self._sent_at = time.monotonic()
            self._send(self._kept_back)
            self._kept_back = None


Handler: TypeAlias = Callable[[Any, JobContext], Answer]
"""Takes the request it is registered for and its context; returns the answer that ends the job, or raises."""


def serve(
    connection: Connection,
    handlers: Mapping[type, Handler],
    *,
    lanes: Mapping[type, str] | None = None,
    on_end: Callable[[], None] | None = None,
) -> None:
    """Answer requests until the pipe closes or `Bye` comes.

    ``handlers`` by type of request; ``lanes`` names the lane of a type, "main" if absent. Every request ends in exactly
    one of its answer, `JobCancelled` or `Failed`. ``on_end`` is called once, after the running jobs have been told to
    stop; if they take longer than 1.5 s the process ends without them.
    """
    _Server(connection, handlers, lanes or {}, on_end).run()


def run_child(target: str, connection: Connection) -> None:
    """Entry point of a spawned process: call ``"module:function"`` with the connection."""
    # Ctrl-C in a terminal reaches every process of the group; the parent decides and sends Cancel.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    bound()
    language.use_parents()
    module, _, function = target.partition(":")
    getattr(importlib.import_module(module), function)(connection)


def report_of(error: BaseException) -> ErrorReport:
    """An exception as it travels; the class is the nearest that `core.errors` knows, else ``InternalError``."""
    text = "".join(traceback.format_exception(error))
    if isinstance(error, BrainSRError):
        family = next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == errors.__name__)
        return ErrorReport(
            family, error.message, error.advice, "" if error.path is None else str(error.path), text
        )
    if isinstance(error, MemoryError):
        advice = tr("Close other programs, or choose smaller tiles.")
        return ErrorReport(OutOfMemory.__name__, tr("There is not enough memory."), advice, traceback=text)
    message = tr("Something went wrong: {name}.", name=type(error).__name__)
    return ErrorReport(InternalError.__name__, message, tr("The details are in the log."), traceback=text)


class _Server:
    def __init__(
        self,
        connection: Connection,
        handlers: Mapping[type, Handler],
        lanes: Mapping[type, str],
        on_end: Callable[[], None] | None,
    ) -> None:
        self._connection = connection
        self._handlers = handlers
        self._lane_of = lanes
        self._on_end = on_end
        self._send_lock = threading.Lock()
        self._jobs_lock = threading.Lock()
        self._waiting: dict[JobId, JobContext] = {}
        self._running: dict[JobId, JobContext] = {}
        names = {MAIN_LANE, *(lanes.get(kind, MAIN_LANE) for kind in handlers)}
        self._lanes: dict[str, queue.SimpleQueue[Request | None]] = {
            name: queue.SimpleQueue() for name in names
        }

    def run(self) -> None:
        forwarder = _LogForwarder(self._send)
        root = logging.getLogger()
        root.addHandler(forwarder)
        root.setLevel(min(root.level, logging.INFO))
        logging.captureWarnings(capture=True)
        try:
            self._send(Hello(PROTOCOL, os.getpid()))
            others = [self._start_lane(name) for name in self._lanes if name != MAIN_LANE]
            threading.Thread(target=self._listen, name="listener", daemon=True).start()
            self._work(MAIN_LANE)
            for thread in others:
                thread.join(END_GRACE_S / 2)
            if self._on_end is not None:
                self._on_end()
        finally:
            logging.captureWarnings(capture=False)
            root.removeHandler(forwarder)

    def _start_lane(self, name: str) -> threading.Thread:
        thread = threading.Thread(target=self._work, args=(name,), name=f"lane {name}", daemon=True)
        thread.start()
        return thread

    def _listen(self) -> None:
        while True:
            try:
                message = receive(self._connection)
            except (EOFError, OSError, BadMessage):
                break
            if isinstance(message, Bye):
                break
            if isinstance(message, Cancel):
                self._cancel(message.job)
            elif isinstance(message, Request):
                self._accept(message)
        self._end()

    def _accept(self, request: Request) -> None:
        with self._jobs_lock:
            self._waiting[request.job] = JobContext(request.job, self._send)
        self._lanes[self._lane_of.get(type(request), MAIN_LANE)].put(request)

    def _cancel(self, job: JobId) -> None:
        with self._jobs_lock:
            dropped = self._waiting.pop(job, None)
            running = self._running.get(job)
        if running is not None:
            running.cancel()
        if dropped is not None:
            dropped.end(JobCancelled(job))

    def _end(self) -> None:
        with self._jobs_lock:
            self._waiting.clear()
            running = tuple(self._running.values())
        for context in running:
            context.cancel()
        for lane in self._lanes.values():
            lane.put(None)
        # A job inside a long call of a library must not keep a process alive whose window is gone.
        overdue = threading.Timer(END_GRACE_S, os._exit, (1,))
        overdue.daemon = True
        overdue.start()

    def _work(self, lane: str) -> None:
        while (request := self._lanes[lane].get()) is not None:
            with self._jobs_lock:
                context = self._waiting.pop(request.job, None)
                if context is not None:
                    self._running[request.job] = context
            if context is not None:
                answer = self._answer(request, context)
                with self._jobs_lock:
                    del self._running[request.job]
                context.end(answer)

    def _answer(self, request: Request, context: JobContext) -> Answer:
        try:
            context.check_cancelled()
            handler = self._handlers.get(type(request))
            if handler is None:
                raise InternalError(f"This process does not know the request {type(request).__name__}.")
            answer = handler(request, context)
            if not answer.final or answer.job != request.job:
                raise InternalError(
                    f"The handler of {type(request).__name__} returned no answer that ends its job."
                )
        except Cancelled:
            return JobCancelled(request.job)
        except (
            BaseException
        ) as error:  # the boundary: decoders raise panics that are no Exception, and a job must end
            if not isinstance(error, BrainSRError):
                log.exception("%s failed", type(request).__name__)
            return Failed(request.job, report_of(error))
        return answer

    def _send(self, message: object) -> None:
        try:
            with self._send_lock:
                self._connection.send(message)
        except (OSError, EOFError):  # the window is gone; the listener ends this process
            return


class _LogForwarder(logging.Handler):
    """Sends records to the window's log."""

    def __init__(self, send: Callable[[object], None]) -> None:
        super().__init__(logging.INFO)
        self._send_line = send
        self.setFormatter(logging.Formatter("%(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._send_line(LogLine(record.name, record.levelno, self.format(record)))
        except (TypeError, ValueError):
            self.handleError(record)
