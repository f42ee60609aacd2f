"""A DICOM file opened with suspicion: what it is, where its data set and its pixels lie, what was repaired."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import BinaryIO, Final

import psutil
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from brainsr_desktop.io.header import keyword
from brainsr_desktop.language import tr

MEDIA_DIRECTORY: Final = "1.2.840.10008.1.3.10"
UNDEFINED: Final = 0xFFFFFFFF
DEFLATE_LIMIT_BYTES: Final = 4 << 30
HEAD_BYTES: Final = 1 << 16
"""Read at once where a header alone is wanted: nearly every one ends within it."""
_LONG_FORM: Final = frozenset({"OB", "OD", "OF", "OL", "OW", "OV", "SQ", "UN", "UT", "UC", "UR", "SV", "UV"})
_LONG_FORM_BYTES: Final = frozenset(vr.encode() for vr in _LONG_FORM)
DAMAGE: Final = (
    *(RecursionError, OSError, EOFError, struct.error, ValueError, NotImplementedError),
    *(TypeError, AttributeError, LookupError, ArithmeticError, MemoryError, zlib.error),
)
"""What the readers of formats raise on damaged bytes, depending on where they are."""
_PIXEL_TAGS: Final = {
    0x7FE00008: "FloatPixelData",
    0x7FE00009: "DoubleFloatPixelData",
    0x7FE00010: "PixelData",
}


class BadDicom(Exception):
    """The file cannot be used; ``code`` and ``reason`` become a `Problem`."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class PixelElement:
    """Where the pixel data are: ``offset`` of the value in the stream, ``length`` as told (UNDEFINED: encapsulated)."""

    keyword: str
    offset: int
    length: int
    swapped_bytes: bool = False
    """8-bit values in 16-bit words of a big endian file: neighbours change places."""


@dataclass(slots=True)
class DicomFile:
    """An open file. ``stream`` holds the data set (inflated if it was deflated); offsets count in it."""

    stream: BinaryIO
    dataset: Dataset
    syntax: str
    pixels: PixelElement | None
    stream_bytes: int
    repaired: list[tuple[str, str, str]] = field(default_factory=list)
    """(code, reason, done) of what was wrong and could be helped."""

    @property
    def pixel_bytes(self) -> int:
        """Bytes of pixel data that are really there."""
        if self.pixels is None:
            return 0
        there = max(0, self.stream_bytes - self.pixels.offset)
        return there if self.pixels.length == UNDEFINED else min(there, self.pixels.length)

    @property
    def little_endian(self) -> bool:
        """Byte order of the data set."""
        return self.syntax != ExplicitVRBigEndian


def looks_like_dicom(prefix: bytes) -> bool:
    """Whether the first 132 bytes are those of a DICOM file: preamble, or an element that fits the beginning."""
    return prefix[128:132] == b"DICM" or _starts_with_element(prefix)


def _starts_with_element(prefix: bytes) -> bool:
    if len(prefix) < 8:
        return False
    for order in "<>":
        group, element, vr, short = struct.unpack(order + "HH2sH", prefix[:8])
        if group not in (0x0002, 0x0008) or element > 0x0100:
            continue
        if _is_vr(vr):
            return bool(vr in _LONG_FORM_BYTES or short < 1024)
        if order == "<" and struct.unpack("<L", prefix[4:8])[0] < 1024:
            return True
    return False


def _is_vr(raw: bytes) -> bool:
    return len(raw) == 2 and all(0x41 <= byte <= 0x5A for byte in raw)


@contextmanager
def open_dicom(
    stream: BinaryIO, *, only: Sequence[int] | None = None, directory: bool = False
) -> Iterator[DicomFile]:
    """Read the data set up to the pixels; the stream is closed at the end.

    ``only``: tags to keep (all if None); ``directory``: a DICOMDIR is wanted. Raises `BadDicom` for what
    cannot be read, OSError for the system's troubles. A short data set is no error here: see `require_complete`.
    """
    with stream:
        yield _read(stream, only, directory)


def media_class(stream: BinaryIO) -> str:
    """The class that the file meta information names; empty for anything else than a file with one."""
    return _file_meta(stream, 132)[1] if stream.read(132)[128:] == b"DICM" else ""


def _read(stream: BinaryIO, only: Sequence[int] | None, directory: bool) -> DicomFile:
    if only is not None:
        # Element after element out of a file means hundreds of calls of the system, and of the interpreter's lock.
        head = stream.read(HEAD_BYTES)
        size = stream.seek(0, io.SEEK_END)
        with suppress(BadDicom):
            opened = _read_from(io.BytesIO(head), size, only, directory)
            if opened.pixels is not None and opened.syntax != DeflatedExplicitVRLittleEndian:
                return replace(opened, stream=stream)
        stream.seek(0)
    return _read_from(stream, None, only, directory)


def _read_from(stream: BinaryIO, size: int | None, only: Sequence[int] | None, directory: bool) -> DicomFile:
    """``size``: that of the whole file where the stream is its beginning; None: the stream is all of it."""
    repaired: list[tuple[str, str, str]] = []
    prefix = stream.read(132)
    if prefix[128:132] == b"DICM":
        start = 132
    elif _starts_with_element(prefix):
        start = 0
        repaired.append(
            ("NO_PREAMBLE", tr("The file lacks the DICOM preamble."), tr("It was read all the same."))
        )
    else:
        raise BadDicom("NOT_DICOM", tr("It is no DICOM file."))
    syntax, kind, start = _file_meta(stream, start)
    if kind == MEDIA_DIRECTORY and not directory:
        raise BadDicom("NO_IMAGE", tr("directory record, not an image"))
    if syntax == DeflatedExplicitVRLittleEndian:
        stream.seek(start)
        stream = io.BytesIO(_inflate(stream))
        start, size = 0, None
    if size is None:
        size = stream.seek(0, io.SEEK_END)
    if not syntax:
        syntax = _guess_syntax(stream, start)
        repaired.append(
            (
                "GUESSED_SYNTAX",
                tr("The file does not say how it is encoded."),
                tr("It was guessed from its bytes."),
            )
        )
    return _read_elements(stream, start, size, syntax, only, repaired)


def _read_elements(
    stream: BinaryIO,
    start: int,
    size: int,
    syntax: str,
    only: Sequence[int] | None,
    repaired: list[tuple[str, str, str]],
) -> DicomFile:
    found: PixelElement | None = None

    def at_pixels(tag: BaseTag, vr: str | None, length: int) -> bool:
        nonlocal found
        if tag in _PIXEL_TAGS:
            swapped = vr == "OW" and syntax == ExplicitVRBigEndian
            found = PixelElement(_PIXEL_TAGS[tag], stream.tell(), length, swapped)
            return True
        return False

    stream.seek(start)
    try:
        dataset = read_dataset(
            stream,
            syntax == ImplicitVRLittleEndian,
            syntax != ExplicitVRBigEndian,
            stop_when=at_pixels,
            specific_tags=None if only is None else list(only),
        )
    except DAMAGE as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        tag, _, length = _last_element(stream, start, syntax)
        code = "BAD_SEQUENCE" if length == UNDEFINED or isinstance(error, RecursionError) else "BAD_HEADER"
        raise BadDicom(code, tr("The header is damaged at {keyword}.", keyword=keyword(tag))) from error
    if found is None:
        _refuse_cut(_last_element(stream, start, syntax), size)
    return DicomFile(stream, dataset, syntax, found, size, repaired)


def _last_element(stream: BinaryIO, start: int, syntax: str) -> tuple[int, int, int]:
    """Tag, offset and length of the last element that was begun."""
    last = (0, start, 0)

    def note(tag: BaseTag, vr: str | None, length: int) -> bool:  # noqa: ARG001 - pydicom's call
        nonlocal last
        last = (int(tag), stream.tell(), length)
        return False

    stream.seek(start)
    with suppress(*DAMAGE):
        implicit, little = syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian
        read_dataset(stream, implicit, little, stop_when=note, specific_tags=[0x00080005])
    return last


def _refuse_cut(last: tuple[int, int, int], size: int) -> None:
    """Raise if the data set ends in the middle of something: pydicom returns what it has, without an error."""
    tag, offset, length = last
    if tag == 0:
        raise BadDicom("TRUNCATED_HEADER", tr("The file ends before its header begins."))
    if length == UNDEFINED:
        return
    if offset + length > size or 0 < size - offset - length < 8:
        raise BadDicom(
            "TRUNCATED_HEADER", tr("The file ends inside its header, after {keyword}.", keyword=keyword(tag))
        )


def _file_meta(stream: BinaryIO, start: int) -> tuple[str, str, int]:
    """Transfer syntax, class of the file, start of the data set. Group 2 is explicit little endian (PS3.10 7.1)."""
    wanted = {0x0002: "", 0x0010: ""}
    position = start
    while True:
        stream.seek(position)
        head = stream.read(12)
        if len(head) < 8 or head[:2] != b"\x02\x00" or not _is_vr(head[4:6]):
            return wanted[0x0010], wanted[0x0002], position
        element = struct.unpack("<H", head[2:4])[0]
        if head[4:6] in _LONG_FORM_BYTES:
            if len(head) < 12:
                return wanted[0x0010], wanted[0x0002], position
            length, position = struct.unpack("<L", head[8:12])[0], position + 12
        else:
            length, position = struct.unpack("<H", head[6:8])[0], position + 8
        if element in wanted and length <= 128:
            stream.seek(position)
            wanted[element] = stream.read(length).decode("ascii", "replace").strip(" \0")
        position += length


def _guess_syntax(stream: BinaryIO, start: int) -> str:
    stream.seek(start)
    head = stream.read(8)
    if len(head) == 8 and _is_vr(head[4:6]):
        return str(ExplicitVRBigEndian if head[:2] == b"\x00\x08" else ExplicitVRLittleEndian)
    return str(ImplicitVRLittleEndian)


def _inflate(stream: BinaryIO) -> bytes:
    """Inflate the rest of a stream, up to a limit. Raises `BadDicom` for bombs and damaged streams."""
    limit = min(DEFLATE_LIMIT_BYTES, psutil.virtual_memory().available // 2)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    parts = io.BytesIO()
    packed = 0
    try:
        while chunk := stream.read(1 << 18):
            packed += len(chunk)
            while chunk:
                parts.write(inflater.decompress(chunk, 1 << 22))
                chunk = inflater.unconsumed_tail
                size = parts.tell()
                if size > limit or (size > 64 << 20 and size > 200 * packed):
                    raise BadDicom(
                        "TOO_LARGE", tr("The deflated data set grows beyond every reasonable size.")
                    )
    except zlib.error as error:
        raise BadDicom("TRUNCATED_HEADER", tr("The deflated data set is damaged.")) from error
    return parts.getvalue()


@contextmanager
def quiet() -> Iterator[None]:
    """pydicom warns of what this program reports by itself. To be held by whoever starts threads, not in them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
