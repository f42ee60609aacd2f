"""What every child speaks. Frozen dataclasses of builtins; pixels never travel, only handles of shared blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NewType

PROTOCOL = 1

JobId = NewType("JobId", int)


@dataclass(frozen=True, slots=True)
class ArrayRef:
    """Handle of a shared array: block name, shape, dtype; C order, axes named at each use."""

    block: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class Request:
    """Base of every request; ends in exactly one answer, ``Cancelled`` or ``Failed`` with the same job."""

    job: JobId


@dataclass(frozen=True, slots=True)
class Answer:
    """Base of everything a child says of a job. ``final`` messages end it."""

    final: ClassVar[bool] = True
    job: JobId


@dataclass(frozen=True, slots=True)
class Hello:
    """First word of a child."""

    protocol: int
    pid: int


@dataclass(frozen=True, slots=True)
class Bye:
    """Asks the child to end."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """Asks the child to stop a job."""

    job: JobId


@dataclass(frozen=True, slots=True)
class Progress(Answer):
    """How far a job is; coalesced to twenty a second, flushed before the end."""

    final: ClassVar[bool] = False
    done: int
    total: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class JobCancelled(Answer):
    """The job was stopped; nothing half-done is left."""


@dataclass(frozen=True, slots=True)
class ErrorReport:
    """An exception on its way to the other process: class name, sentence, advice, path, traceback text."""

    family: str
    message: str
    advice: str = ""
    path: str = ""
    traceback: str = ""


@dataclass(frozen=True, slots=True)
class Failed(Answer):
    """The job ended with an error."""

    report: ErrorReport


@dataclass(frozen=True, slots=True)
class LogLine:
    """A child's log record, forwarded to the window's log."""

    logger: str
    level: int
    text: str
