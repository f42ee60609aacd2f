"""Errors with a sentence for people, and problems: what was left out of a folder and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class BrainSRError(Exception):
    """Base of every error the program raises on purpose.

    ``message`` says what happened and to which file, ``advice`` what to do next, ``path`` names the file.
    """

    def __init__(self, message: str, *, advice: str = "", path: Path | str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.path = Path(path) if path is not None else None


class ReadError(BrainSRError):
    """A file could not be read."""


class NotAnImage(ReadError):
    """The file holds no picture (structured report, directory record, spectroscopy ...)."""


class MissingGeometry(ReadError):
    """Position, orientation or spacing is needed and absent."""


class UnsupportedEncoding(ReadError):
    """No decoder for this transfer syntax or bit depth."""


class Truncated(ReadError):
    """The file ends before its data do."""


class ModelError(BrainSRError):
    """A model cannot be used."""


class CardInvalid(ModelError):
    """The model's card is missing, not readable, or contradicts itself."""


class WeightsChanged(ModelError):
    """A file of the model differs from the hash in its card."""


class InputUnsuitable(ModelError):
    """The picture is outside what the model can take (colour, too small ...)."""


class EngineError(BrainSRError):
    """The engine could not do its work."""


class DeviceUnavailable(EngineError):
    """The chosen device is not there or cannot be used."""


class OutOfMemory(EngineError):
    """Not enough memory for the slice, even in small tiles."""


class BadOutput(EngineError):
    """A network's output is not finite, constant or far out of range."""


class ChildDied(BrainSRError):
    """A child process ended by itself."""


class WriteError(BrainSRError):
    """A file could not be written."""


class NotWritable(WriteError):
    """The target folder cannot be written to."""


class InUse(NotWritable):
    """Another process is writing this very export just now."""


class DiskFull(WriteError):
    """No space is left on the target."""


class WouldOverwrite(WriteError):
    """The target exists and must not be overwritten."""


class UsageError(BrainSRError):
    """The request itself is wrong (an option, a range, a name that does not exist)."""


class InternalError(BrainSRError):
    """Anything unforeseen; the traceback is in the log."""


class Cancelled(Exception):
    """The job was cancelled: not an error, for the user asked for it; never shown."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One file or slice that was left out or repaired.

    ``code`` is the reason code of the faults table (``TRUNCATED_PIXELS``, ``NO_IMAGE`` ...), ``reason`` one sentence,
    ``done`` what the program did instead, ``path`` relative to the opened folder.
    """

    path: str
    code: str
    reason: str
    done: str = ""


def error_families() -> dict[str, type[BrainSRError]]:
    """Every error class by its name, so that an error report from a child can be rebuilt."""
    found: dict[str, type[BrainSRError]] = {}
    waiting: list[type[BrainSRError]] = [BrainSRError]
    while waiting:
        family = waiting.pop()
        found[family.__name__] = family
        waiting.extend(family.__subclasses__())
    return found
