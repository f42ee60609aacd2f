"""A stack's pictures into an array, the middle slice first; what cannot be read is told and the rest goes on."""

from __future__ import annotations

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.core.errors import Problem, ReadError
from brainsr_desktop.core.series import FrameInfo, SourceKind, StackInfo
from brainsr_desktop.io import formats
from brainsr_desktop.io.dicom_file import DAMAGE, BadDicom, quiet
from brainsr_desktop.io.mosaic import cut_tile
from brainsr_desktop.io.pixels import Frame
from brainsr_desktop.io.sources import problem_of
from brainsr_desktop.io.text import path_text
from brainsr_desktop.language import tr

log = logging.getLogger(__name__)

OPEN_FILES: Final = 4


def _ignore(*_: object) -> None:
    """Nobody listens."""


def load_stack(
    stack: StackInfo,
    out: NDArray[Any],
    *,
    indices: Sequence[int] | None = None,
    on_frame: Callable[[int, Problem | None], None] = _ignore,
    check_cancelled: Callable[[], None] = _ignore,
) -> tuple[str, tuple[Problem, ...]]:
    """Fill ``out`` (shape ``stack.shape``, dtype ``stack.dtype``) with stored values; frames left out are zero.

    ``on_frame(index, problem)`` follows each frame; with a problem its pixels are not to be enhanced. Returns a SHA-256
    over instance UIDs and pixels of the frames asked for, and the problems. Raises what ``check_cancelled`` raises.
    """
    if out.shape != stack.shape or out.dtype != np.dtype(stack.dtype):
        raise ValueError(f"{out.shape} {out.dtype} where {stack.shape} {stack.dtype} is needed")
    wanted = range(len(stack.frames)) if indices is None else indices
    digests: dict[int, bytes] = {}
    problems: dict[int, Problem] = {}
    with quiet(), OpenFiles(stack.kind) as files:
        for index in loading_order(wanted, stack.slices):
            check_cancelled()
            problem = _fill(out[index], stack.frames[index], files)
            if problem is not None:
                problems[index] = problem
            digests[index] = frame_digest(stack.frames[index], out[index])
            on_frame(index, problem)
    digest = hashlib.sha256(b"".join(digests[index] for index in sorted(digests)))
    return digest.hexdigest(), tuple(dict.fromkeys(problems[index] for index in sorted(problems)))


def read_frame(stack: StackInfo, index: int) -> tuple[NDArray[Any], Problem | None]:
    """One picture of a stack, (rows, columns[, 3]) stored values."""
    out = np.zeros(stack.shape[1:], stack.dtype)
    with quiet(), OpenFiles(stack.kind) as files:
        problem = _fill(out, stack.frames[index], files)
    return out, problem


def loading_order(indices: Sequence[int], slices: int) -> list[int]:
    """Volume by volume, each from its middle outwards."""
    middle = (slices - 1) / 2
    return sorted(indices, key=lambda index: (index // slices, abs(index % slices - middle), index % slices))


class OpenFiles:
    """A few open files, least recently used closed first."""

    def __init__(self, kind: SourceKind) -> None:
        self._kind = kind
        self._open: OrderedDict[tuple[str, str | None], formats.FrameReader] = OrderedDict()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._open:
            self._open.popitem()[1].close()

    def read(self, frame: FrameInfo) -> Frame:
        """The picture that a frame refers to."""
        key = (frame.path, frame.member)
        if key not in self._open:
            if len(self._open) >= OPEN_FILES:
                self._open.popitem(last=False)[1].close()
            self._open[key] = formats.open_pixels(self._kind, *key)
        self._open.move_to_end(key)
        return self._open[key].read(frame)


def _fill(target: NDArray[Any], frame: FrameInfo | None, files: OpenFiles) -> Problem | None:
    target[...] = 0
    if frame is None:
        return Problem("", "MISSING_SLICE", tr("There is no picture at this position."))
    shown = path_text(frame.path)
    try:
        found = files.read(frame)
        pixels, readable = found.pixels, found.readable_rows
        if frame.tile is not None:
            rows, columns = target.shape[:2]
            top = frame.tile // max(pixels.shape[1] // columns, 1) * rows
            pixels, readable = cut_tile(pixels, frame.tile, rows, columns), min(max(readable - top, 0), rows)
        if pixels.shape != target.shape:
            return Problem(shown, "CHANGED", tr("The picture no longer has the size that its header had."))
        target[...] = pixels
    except BadDicom as error:
        return Problem(shown, error.code, error.reason)
    except ReadError as error:
        return Problem(shown, "READ_ERROR", error.message)
    except DAMAGE as error:
        if isinstance(error, OSError) and error.errno is not None:
            return problem_of(error, shown)
        log.info("a picture could not be decoded", exc_info=True)
        return Problem(shown, "DECODE_FAILED", tr("The picture is damaged."))
    if readable < target.shape[0]:
        reason = tr(
            "The file ends early: {readable} of {shape} rows can be read.",
            readable=readable,
            shape=target.shape[0],
        )
        return Problem(shown, "TRUNCATED_PIXELS", reason, tr("The rows that are there are shown."))
    return None


def frame_digest(frame: FrameInfo | None, pixels: NDArray[Any]) -> bytes:
    """SHA-256 of one picture: which it is, and its stored values. Those of a stack are hashed together in order."""
    name = "" if frame is None else f"{frame.sop_uid}\n{frame.frame}\n{frame.tile}\n"
    digest = hashlib.sha256(name.encode())
    digest.update(np.ascontiguousarray(pixels).view(np.uint8).data)
    return digest.digest()
