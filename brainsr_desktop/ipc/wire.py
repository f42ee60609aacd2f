"""Messages off a pipe, taken with suspicion: a child that reads foreign files may be anything when it has
been led astray.

Python's connections carry pickles, and a pickle can name any function to be called. What comes off a pipe is
rebuilt from builtins and from data classes and enumerations that this process knows already; everything else
is refused, and nothing is imported.
"""

from __future__ import annotations

import io
import pickle  # the one place, see `_Reader`
import sys
from dataclasses import fields, is_dataclass
from enum import Enum
from multiprocessing.connection import Connection
from typing import Any, Final

LARGEST_BYTES: Final = 1 << 28
"""Pixels travel in shared memory; the headers of 200,000 files are the largest message there is."""
_BUILTINS: Final = frozenset({"set", "frozenset", "complex", "bytearray"})
_STOP: Final = pickle.STOP[0]
_FIXED: Final = {
    **{code[0]: 0 for code in (
        *(pickle.MARK, pickle.STOP, pickle.POP, pickle.POP_MARK, pickle.NONE, pickle.NEWTRUE, pickle.NEWFALSE),
        *(pickle.EMPTY_LIST, pickle.APPEND, pickle.APPENDS, pickle.EMPTY_DICT, pickle.SETITEM, pickle.SETITEMS),
        *(pickle.EMPTY_TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3, pickle.TUPLE, pickle.EMPTY_SET),
        *(pickle.ADDITEMS, pickle.FROZENSET, pickle.MEMOIZE, pickle.STACK_GLOBAL, pickle.REDUCE, pickle.BUILD),
        pickle.NEWOBJ,
    )},
    **{code[0]: 1 for code in (pickle.PROTO, pickle.BININT1, pickle.BINGET)},
    **{code[0]: 4 for code in (pickle.BININT, pickle.LONG_BINGET)},
    **{code[0]: 8 for code in (pickle.FRAME, pickle.BINFLOAT)},
    pickle.BININT2[0]: 2,
}  # fmt: skip
"""Bytes that follow an instruction."""
_COUNTED: Final = {
    **{code[0]: 1 for code in (pickle.SHORT_BINUNICODE, pickle.SHORT_BINBYTES, pickle.LONG1)},
    **{code[0]: 4 for code in (pickle.BINUNICODE, pickle.BINBYTES, pickle.LONG4)},
    **{code[0]: 8 for code in (pickle.BINUNICODE8, pickle.BINBYTES8)},
}
"""Width of the length that follows an instruction, before that many bytes."""
_PLAIN: Final = {"int": int, "JobId": int, "str": str, "bool": bool, "bytes": bytes}
"""Fields of a message whose type is checked, by their annotation."""


class BadMessage(Exception):
    """What came is no message of this program."""


def receive(connection: Connection) -> object:
    """The next message.

    Raises:
        EOFError, OSError: the pipe is closed or broken.
        BadMessage: what came is damaged, or is none of the data classes that this process knows.
    """
    return read(connection.recv_bytes(LARGEST_BYTES))


def read(content: bytes) -> object:
    """The message in these bytes; see `receive`."""
    if not _is_plain(content):
        raise BadMessage("a message that no connection of this program makes")
    try:
        message = _Reader(io.BytesIO(content)).load()
    except BadMessage:
        raise
    except Exception as error:
        # The boundary: damaged bytes raise whatever the part of the reader raises that they lead to.
        raise BadMessage(f"a message that cannot be read ({type(error).__name__})") from error
    if is_dataclass(message) and not _is_whole(message):
        raise BadMessage(f"a message {type(message).__name__} that lacks a part")
    return message


def _is_plain(content: bytes) -> bool:
    """Whether only instructions that our own messages consist of follow one another, up to the end.

    The others need not be harmless: one of them reserves memory for a number that the bytes name.
    """
    at, end = 0, len(content)
    while at < end:
        instruction = content[at]
        at += 1
        if instruction in _COUNTED:
            width = _COUNTED[instruction]
            at += width + int.from_bytes(content[at : at + width], "little")
        elif instruction in _FIXED:
            at += _FIXED[instruction]
        else:
            return False
        if instruction == _STOP:
            return at == end
    return False


def _is_whole(message: Any) -> bool:
    """Whether each field is there, and those of plain types have theirs."""
    missing = object()
    for field in fields(message):
        value = getattr(message, field.name, missing)
        if value is missing or not isinstance(value, _PLAIN.get(str(field.type), object)):
            return False
    return True


class _Reader(pickle.Unpickler):
    """Finds data classes of modules that are loaded already, and nothing that could be called to do harm."""

    def find_class(self, module: str, name: str) -> object:
        if module == "builtins" and name in _BUILTINS:
            return getattr(sys.modules[module], name)
        found = getattr(sys.modules.get(module), name, None)
        if isinstance(found, type) and (is_dataclass(found) or issubclass(found, Enum)):
            return found
        raise BadMessage("a message of an unknown kind")
