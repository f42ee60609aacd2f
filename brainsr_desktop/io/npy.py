"""The .npy format: a checked header, then plain numbers. Python objects are never read.

The header is numpy's own text of a shape and a dtype (at most 10,000 characters, read as a literal, never run).
"""

from __future__ import annotations

import math
import tokenize
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from brainsr_desktop.io.dicom_checks import check_size
from brainsr_desktop.io.dicom_file import DAMAGE, BadDicom
from brainsr_desktop.io.placeless import native_name
from brainsr_desktop.language import tr

MAGIC: Final = b"\x93NUMPY"
_NUMBERS: Final = "buif"


@dataclass(frozen=True, slots=True)
class ArrayHeader:
    """Shape, dtype as stored and order of the array of a file; its values begin at ``offset`` (bytes)."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    columns_first: bool
    offset: int

    @property
    def values_bytes(self) -> int:
        """Size of the values."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_array_header(stream: BinaryIO) -> ArrayHeader:
    """The header at the beginning of a stream. Raises `BadDicom` for what is no array of numbers or text."""
    try:
        version = npy_format.read_magic(stream)
        read = {(1, 0): npy_format.read_array_header_1_0, (2, 0): npy_format.read_array_header_2_0}[version]
        shape, columns_first, dtype = read(stream)
        offset = stream.tell()
    except (*DAMAGE, SyntaxError, tokenize.TokenError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise BadDicom("BAD_HEADER", tr("Its header is damaged, or of a kind that is not read.")) from error
    if dtype.hasobject:
        raise BadDicom("OBJECTS", tr("It holds Python objects, which are never read."))
    if dtype.fields or dtype.subdtype or dtype.kind not in _NUMBERS + "U" or min(shape, default=1) < 0:
        raise BadDicom("UNSUPPORTED_BITS", tr("Values of type {name} cannot be read.", name=dtype.name))
    return ArrayHeader(tuple(int(side) for side in shape), dtype, bool(columns_first), offset)


def picture_shape(header: ArrayHeader) -> tuple[int, int, int]:
    """(slices, rows, columns) of an array that is a picture or a stack of them. Raises `BadDicom` for others."""
    if header.dtype.kind not in _NUMBERS or header.dtype.itemsize > 8:
        raise BadDicom(
            "UNSUPPORTED_BITS", tr("Values of type {name} cannot be read.", name=header.dtype.name)
        )
    if len(header.shape) not in (2, 3) or 0 in header.shape:
        raise BadDicom(
            "UNSUPPORTED_DIMS",
            tr(
                "Its shape is {shape}; (rows, columns) or (slices, rows, columns) is wanted.",
                shape=header.shape,
            ),
        )
    if len(header.shape) == 3 and header.shape[2] <= 4 < header.shape[1]:
        raise BadDicom(
            "UNSUPPORTED_DIMS",
            tr(
                "Its shape {shape} looks like colours; (slices, rows, columns) is wanted.", shape=header.shape
            ),
        )
    slices = header.shape[0] if len(header.shape) == 3 else 1
    rows, columns = header.shape[-2:]
    check_size(rows, columns, slices, header.dtype.itemsize)
    return slices, rows, columns


def read_array(stream: BinaryIO, header: ArrayHeader) -> NDArray[Any]:
    """All values, in the shape of the header, native byte order. The caller has checked the size.

    Raises `BadDicom` TRUNCATED.
    """
    stream.seek(header.offset)
    values = _numbers(stream, header.values_bytes, header.dtype)
    order: Any = "F" if header.columns_first else "C"
    return values.reshape(header.shape, order=order)


class ArraySlices:
    """The slices of one array of pictures in an open stream, read one by one where they lie one after the other."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.header = read_array_header(stream)
        self.slices, self.rows, self.columns = picture_shape(self.header)
        self._whole: NDArray[Any] | None = None

    def slice(self, number: int) -> NDArray[Any]:
        """Slice ``number`` from 0, (rows, columns), in a dtype that is shown. Raises `BadDicom`."""
        header = self.header
        if not 0 <= number < self.slices:
            raise BadDicom("CHANGED", tr("The file no longer has this slice."))
        if header.columns_first and self._whole is None:
            self._whole = read_array(self._stream, header).reshape(self.slices, self.rows, self.columns)
        if self._whole is not None:
            pixels = self._whole[number]
        else:
            size = header.values_bytes // self.slices
            self._stream.seek(header.offset + number * size)
            pixels = _numbers(self._stream, size, header.dtype).reshape(self.rows, self.columns)
        return np.ascontiguousarray(pixels, native_name(header.dtype))


def _numbers(stream: BinaryIO, size_bytes: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    data = stream.read(size_bytes)
    if len(data) < size_bytes:
        raise BadDicom(
            "TRUNCATED", tr("The file ends {size_bytes} bytes too early.", size_bytes=size_bytes - len(data))
        )
    return np.frombuffer(data, dtype)
