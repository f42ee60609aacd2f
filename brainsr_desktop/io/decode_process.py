"""A process for decoders: a damaged picture may end it or hang it, and nothing else.

Owned by the process that reads files. One picture at a time; a crash or a hang costs one retry in a fresh process.
"""

from __future__ import annotations

import atexit
import logging
import multiprocessing
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.io.codestream import PixelFormat
from brainsr_desktop.io.dicom_file import BadDicom
from brainsr_desktop.io.mat_file import MatFacts, MatOrder
from brainsr_desktop.ipc.bounds import GIB, bound
from brainsr_desktop.ipc.wire import BadMessage, receive
from brainsr_desktop.language import tr

log = logging.getLogger(__name__)

SLICE_LIMIT_S: Final = 20.0
START_LIMIT_S: Final = 60.0
MEMORY_LIMIT_BYTES: Final = 8 * GIB


Order: TypeAlias = PixelFormat | MatOrder
"""What a stream of bytes is, and what of it is wanted."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    """The child will not read it and says why; no reason to try again."""

    code: str
    reason: str


class DecoderProcess:
    """Decodes pictures in a child that is started when first needed. Methods may be called from any thread."""

    def __init__(
        self, limit_s: float = SLICE_LIMIT_S, target: Callable[[Connection], None] | None = None
    ) -> None:
        self._limit_s = limit_s
        self._target = serve if target is None else target
        self._lock = threading.Lock()
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None

    @property
    def pid(self) -> int | None:
        """Process number of the running child."""
        return self._process.pid if self._process is not None else None

    def decode(self, stream: bytes, form: PixelFormat) -> NDArray[Any]:
        """One picture (rows, columns[, 3]).

        Raises `BadDicom`: DECODE_FAILED, or after a second try DECODER_CRASH or DECODE_TIMEOUT.
        """
        return np.asarray(self.ask(stream, form))

    def ask(self, stream: bytes, order: Order) -> NDArray[Any] | MatFacts:
        """What the child makes of a stream: a picture, or the facts of a MATLAB file if these were ordered.

        Raises `BadDicom` as `decode` does, and with the child's own reason where it refuses.
        """
        with self._lock:
            try:
                return self._once(stream, order)
            except BadDicom as error:
                if error.code not in ("DECODER_CRASH", "DECODE_TIMEOUT"):
                    raise
                log.warning("decoder process lost (%s), trying once more", error.code)
                return self._once(stream, order)

    def stop(self) -> None:
        """End the child."""
        with self._lock:
            self._end()

    def _once(self, stream: bytes, order: Order) -> NDArray[Any] | MatFacts:
        pipe = self._started()
        try:
            pipe.send(order)
            pipe.send_bytes(stream)
            if not pipe.poll(self._limit_s):
                self._end()
                raise BadDicom(
                    "DECODE_TIMEOUT",
                    tr("The picture could not be decoded in {seconds:g} s.", seconds=self._limit_s),
                )
            answer = receive(pipe)
            if isinstance(answer, str):
                log.info("picture not decoded: %s", answer)
                raise BadDicom("DECODE_FAILED", tr("The compressed picture is damaged."))
            if isinstance(answer, _Refusal):
                raise BadDicom(answer.code, answer.reason)
            if isinstance(answer, MatFacts):
                return answer
            return _picture(answer, pipe.recv_bytes())
        except (EOFError, OSError, BadMessage) as error:
            self._end()
            raise BadDicom("DECODER_CRASH", tr("The decoder crashed on this picture.")) from error

    def _started(self) -> Connection:
        if self._pipe is not None and self._process is not None and self._process.is_alive():
            return self._pipe
        self._end()
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=self._target, args=(theirs,), name="brainsr decoder", daemon=True)
        process.start()
        theirs.close()
        self._process, self._pipe = process, ours
        if not ours.poll(START_LIMIT_S):
            self._end()
            raise BadDicom("DECODE_TIMEOUT", tr("The decoder process did not start."))
        try:
            receive(ours)
        except (EOFError, OSError, BadMessage) as error:
            self._end()
            raise BadDicom("DECODER_CRASH", tr("The decoder process did not start.")) from error
        return ours

    def _end(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self._pipe = self._process = None


@lru_cache(maxsize=1)
def shared_decoder() -> DecoderProcess:
    """The decoder of this process."""
    decoder = DecoderProcess()
    atexit.register(decoder.stop)
    return decoder


def serve(pipe: Connection) -> None:
    """What the child does: decode until the pipe closes."""
    bound(MEMORY_LIMIT_BYTES)
    # decoders write their complaints, with bytes of the picture, to the terminal
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device
        os.dup2(nowhere.fileno(), 2)
    import warnings

    warnings.simplefilter("ignore")
    pipe.send("ready")
    while True:
        try:
            order = receive(pipe)
            stream = pipe.recv_bytes()
        except (EOFError, OSError, BadMessage):
            return
        _reply(pipe, stream, order)


def _reply(pipe: Connection, stream: bytes, order: object) -> None:
    """Send what is made of a stream: a picture as its type and shape, then its bytes; facts, a refusal, or words."""
    try:
        answer = _made(stream, order)
    except BadDicom as error:
        pipe.send(_Refusal(error.code, error.reason))
    except BaseException as error:  # noqa: BLE001 - some decoders panic past Exception; every picture is answered
        pipe.send(f"{type(error).__name__}: {error}")
    else:
        if isinstance(answer, MatFacts):
            pipe.send(answer)
        else:
            pipe.send((answer.dtype.str, answer.shape))
            pipe.send_bytes(answer.tobytes())


def _made(stream: bytes, order: object) -> NDArray[Any] | MatFacts:
    from brainsr_desktop.io.decode import decode
    from brainsr_desktop.io.mat_file import read_part

    if isinstance(order, MatOrder):
        part = read_part(stream, order.part)
        return part if isinstance(part, MatFacts) else np.ascontiguousarray(part)
    if isinstance(order, PixelFormat):
        return np.ascontiguousarray(decode(stream, order))
    raise TypeError("an unknown order")


def _picture(answer: object, data: bytes) -> NDArray[Any]:
    """The picture that these bytes hold, if type and shape fit them; else `BadMessage`."""
    match answer:
        case (str(kind), tuple(shape)) if all(isinstance(side, int) and side >= 0 for side in shape):
            try:
                return np.frombuffer(data, np.dtype(kind)).reshape(shape)
            except (TypeError, ValueError) as error:
                raise BadMessage("a picture that does not fit its size") from error
    raise BadMessage("an answer of an unknown kind")
