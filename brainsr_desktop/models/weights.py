"""Files of a model: nothing is used before its SHA-256 is what the card says, and only safetensors are ever parsed.

A pickle can run code when it is opened; it is told by its content, whatever its name, and refused.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from brainsr_desktop.core.errors import ModelError, WeightsChanged
from brainsr_desktop.language import mark, tr
from brainsr_desktop.models.card import WEIGHTS_FILE, Card

Weights: TypeAlias = dict[str, npt.NDArray[np.floating]]

LARGEST_BYTES: Final = 1 << 30
HEADER_BYTES: Final = 1 << 20
MOST_AXES: Final = 8
ADVICE: Final = mark("Choose another model, or install this one again.")

_DTYPES: Final = {"F64": np.float64, "F32": np.float32, "F16": np.float16}
_PICKLE_STARTS: Final = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04", b"PK\x05\x06")


def verified_bytes(card: Card, file: str) -> bytes:
    """The content of one of the model's files, read once and checked against the card.

    Raises:
        WeightsChanged: the file is missing, too large, or differs from its hash.
        ModelError: it is a pickle.
    """
    wanted = card.files.get(file)
    if card.folder is None or wanted is None:
        raise WeightsChanged(
            tr("The card of the model {name} does not name {file}.", name=card.name, file=file),
            advice=tr(ADVICE),
        )
    path = card.folder / file
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise WeightsChanged(
                tr("The model {name} cannot be loaded: {file} is too large.", name=card.name, file=file),
                path=path,
            )
        content = path.read_bytes()
    except OSError as error:
        raise WeightsChanged(
            tr(
                "The model {name} cannot be loaded: {file} cannot be read ({reason}).",
                name=card.name,
                file=file,
                reason=error.strerror,
            ),
            advice=tr(ADVICE),
            path=path,
        ) from error
    refuse_pickle(content, card.name, file)
    if hashlib.sha256(content).hexdigest() != wanted:
        raise WeightsChanged(
            tr("The model {name} cannot be loaded: {file} differs from its card.", name=card.name, file=file),
            advice=tr(ADVICE),
            path=path,
        )
    return content


def load_weights(card: Card) -> Weights:
    """The model's parameters by name, in the precision they are stored in (float16, 32 or 64).

    Raises:
        WeightsChanged: the file is missing or differs from its hash.
        ModelError: it is a pickle, or no sound safetensors file.
    """
    return parse_safetensors(verified_bytes(card, WEIGHTS_FILE), card.name)


def refuse_pickle(content: bytes, model: str, file: str) -> None:
    """Raise `ModelError` if the content is that of a pickle or of torch's archive of pickles, whatever it is called."""
    # The length of a header, such as 640 bytes, can begin like a pickle; no pickle goes on with zeros and a brace.
    is_header = content[3:9] == b"\0\0\0\0\0{"
    if content.startswith(_PICKLE_STARTS) and not is_header:
        raise ModelError(
            tr(
                "The file {file} of the model {model} is a pickle, which could run code, and is never opened.",
                file=file,
                model=model,
            ),
            advice=tr("Ask for the weights as safetensors."),
        )


def parse_safetensors(content: bytes, model: str) -> Weights:
    """The arrays of a safetensors file: 8 bytes length of the header, JSON header, data without gaps.

    Every number of the header is checked before it is used.

    Raises:
        ModelError: the file is cut, or its header does not describe it.
    """
    refuse_pickle(content, model, WEIGHTS_FILE)
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or not 2 <= length <= min(HEADER_BYTES, len(content) - 8):
        raise _damaged(model, tr("its header has an impossible length"))
    try:
        header = json.loads(content[8 : 8 + length].decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _damaged(model, tr("its header is not JSON")) from error
    if not isinstance(header, dict):
        raise _damaged(model, tr("its header is no table"))
    header.pop("__metadata__", None)
    data = memoryview(content)[8 + length :]
    spans = {name: _span(entry, model) for name, entry in header.items()}
    end = 0
    for start, stop in sorted(spans.values()):
        if start != end:
            raise _damaged(model, tr("its arrays overlap or leave a gap"))
        end = stop
    if end != len(data):
        raise _damaged(model, tr("its header does not account for its data"))
    weights = {name: _array(entry, data[slice(*spans[name])], model) for name, entry in header.items()}
    if not all(np.isfinite(array).all() for array in weights.values()):
        raise _damaged(model, tr("it holds values that are not finite"))
    return weights


def _span(entry: Any, model: str) -> tuple[int, int]:
    match entry:
        case {"data_offsets": [int(start), int(stop)]} if 0 <= start <= stop:
            return start, stop
    raise _damaged(model, tr("an array lies outside the file"))


def _array(entry: Any, data: memoryview, model: str) -> npt.NDArray[np.floating]:
    match entry:
        case {"dtype": str(kind), "shape": list(shape)} if kind in _DTYPES and len(shape) <= MOST_AXES:
            dtype = np.dtype(_DTYPES[kind])
        case _:
            raise _damaged(model, tr("an array has an unknown type or shape"))
    if not all(type(side) is int and side >= 1 for side in shape):
        raise _damaged(model, tr("an array has an unknown type or shape"))
    if math.prod(shape) * dtype.itemsize != len(data):
        raise _damaged(model, tr("an array has another size than its shape"))
    return np.frombuffer(data, dtype.newbyteorder("<")).astype(dtype).reshape(shape)


def _damaged(model: str, what: str) -> ModelError:
    return ModelError(
        tr("The model {model} cannot be loaded: its weights are damaged ({what}).", model=model, what=what),
        advice=tr(ADVICE),
    )
