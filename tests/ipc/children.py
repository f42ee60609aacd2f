"""Children that end, hang, linger and fail on request."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
import warnings
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import ClassVar

import numpy as np

from brainsr_desktop.core.errors import Truncated
from brainsr_desktop.ipc.child import JobContext, serve
from brainsr_desktop.ipc.messages import PROTOCOL, Answer, ArrayRef, Bye, Hello, Request
from brainsr_desktop.ipc.shared_array import attach

TARGET = "tests.ipc.children:main"


@dataclass(frozen=True, slots=True)
class Do(Request):
    """Do what ``what`` says with ``amount``."""

    what: str
    amount: float = 0.0
    block: ArrayRef | None = None


@dataclass(frozen=True, slots=True)
class DoAside(Do):
    """The same in a lane of its own."""


@dataclass(frozen=True, slots=True)
class Unheard(Request):
    """Nobody handles this."""


@dataclass(frozen=True, slots=True)
class Part(Answer):
    """A piece of an answer."""

    final: ClassVar[bool] = False
    number: int


@dataclass(frozen=True, slots=True)
class Done(Answer):
    """The whole answer."""

    value: float = 0.0
    thread: str = ""


class PanicException(BaseException):
    """Stands for what a decoder written in Rust raises."""


def work(request: Do, context: JobContext) -> Answer:  # noqa: C901 - a list of behaviours
    amount = request.amount
    match request.what:
        case "echo":
            return Done(request.job, amount, threading.current_thread().name)
        case "parts":
            for number in range(int(amount)):
                context.send(Part(request.job, number))
        case "count":
            for done in range(int(amount)):
                context.progress(done + 1, int(amount), "counting")
        case "wait":
            until = time.monotonic() + amount
            while time.monotonic() < until:
                context.check_cancelled()
                time.sleep(0.01)
        case "sleep deaf":
            time.sleep(amount)
        case "truncated":
            raise Truncated("'IM7' ends early.", advice="Copy it again.", path="folder/IM7")
        case "bug":
            raise ZeroDivisionError("oops")
        case "panic":
            raise PanicException("rust")
        case "exit":
            os._exit(int(amount))
        case "signal":
            os.kill(os.getpid(), int(amount))
        case "log":
            logging.getLogger("child.part").warning("a word from the child")
        case "warn":
            warnings.warn("an old habit", stacklevel=1)
        case "fill":
            assert request.block is not None
            with attach(request.block) as array:
                array[...] = np.asarray(amount)
                return Done(request.job, float(np.sum(array)))
        case "wrong answer":
            return Part(request.job, 0)
    return Done(request.job)


def main(connection: Connection) -> None:
    serve(connection, {Do: work, DoAside: work}, lanes={DoAside: "aside"})


def deaf(connection: Connection) -> None:
    """Answers nothing and does not hear `Bye`; ends when it is terminated."""
    connection.send(Hello(PROTOCOL, os.getpid()))
    time.sleep(600)


def stubborn(connection: Connection) -> None:
    """Neither hears `Bye` nor heeds SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    connection.send(Hello(PROTOCOL, os.getpid()))
    time.sleep(600)


def lingering(connection: Connection) -> None:
    """Closes its pipe and stays."""
    connection.send(Hello(PROTOCOL, os.getpid()))
    connection.recv()
    connection.close()
    time.sleep(600)


def late(connection: Connection) -> None:
    """Answers twice, and on `Bye` once more."""
    connection.send(Hello(PROTOCOL, os.getpid()))
    while not isinstance(request := connection.recv(), Bye):
        connection.send(Done(request.job, 1.0))
        connection.send(Done(request.job, 2.0))
    connection.send(Done(request, 3.0))  # type: ignore[arg-type]


def stranger(connection: Connection) -> None:
    """Speaks another protocol."""
    connection.send(Hello(PROTOCOL + 1, os.getpid()))
    connection.recv()


def stillborn(connection: Connection) -> None:
    """Fails before its first word."""
    raise SystemExit(3)


def cleaning(connection: Connection) -> None:
    """Says so when it ends as it should."""
    serve(connection, {Do: work}, on_end=lambda: logging.getLogger("child").warning("all put away"))
