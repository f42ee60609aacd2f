"""Arrays that numpy wrote, as stacks: .npy, .npz, and the stack files that training reads (`stack_file`).

An array of two dimensions is a slice, of three a stack (slices, rows, columns). In an .npz, arrays of one shape whose
names differ in their number (``hr_000``, ``hr_001``) are the slices of one stack.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import numpy as np
import psutil
from numpy.typing import NDArray

from brainsr_desktop.core.errors import Problem, ReadError
from brainsr_desktop.core.series import FrameInfo, SeriesInfo, StudyInfo
from brainsr_desktop.io import sources, stack_file
from brainsr_desktop.io.archive import ENTRY_LIMIT
from brainsr_desktop.io.dicom_file import DAMAGE, BadDicom, quiet
from brainsr_desktop.io.formats import Found
from brainsr_desktop.io.npy import ArrayHeader, ArraySlices, picture_shape, read_array, read_array_header
from brainsr_desktop.io.pixels import Frame
from brainsr_desktop.io.placeless import (
    digest_of,
    head_of,
    in_words,
    native_name,
    placeless_stack,
    split_by_head,
    uid_of,
)
from brainsr_desktop.io.sources import Source, problem_of
from brainsr_desktop.io.text import natural_key
from brainsr_desktop.language import tr

ENDING: Final = ".npy"
DATA_LIMIT_BYTES: Final = 4 << 30
TABLE_LIMIT_BYTES: Final = 1 << 26
SMALLEST_PICTURE_PX: Final = 16
"""In an .npz, smaller arrays are matrices and tables, no pictures."""
_ARCHIVE: Final = (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError)


@dataclass(frozen=True, slots=True)
class _Array:
    name: str
    header: ArrayHeader
    shape: tuple[int, int, int]

    @property
    def key(self) -> tuple[object, ...]:
        """What slices of one stack share; an array of more dimensions is a stack by itself."""
        alone = self.name if len(self.header.shape) == 3 else ""
        return alone, self.shape, native_name(self.header.dtype)


def series_of(found: Sequence[Source], check_cancelled: Callable[[], None]) -> Iterator[Found]:
    """Each .npy file and each stack of an .npz file as a series; files that hold no picture as problems."""
    for source in found:
        check_cancelled()
        try:
            with quiet():
                made = _series_of_file(source)
            if source.changed():
                raise BadDicom("CHANGED", tr("The file changed while it was read."))
        except BadDicom as error:
            yield Problem(source.shown, error.code, error.reason)
            continue
        except ReadError as error:
            yield Problem(source.shown, "READ_ERROR", error.message)
            continue
        except (*DAMAGE, *_ARCHIVE) as error:
            if isinstance(error, OSError) and error.errno is not None:
                yield problem_of(error, source.shown)
            else:
                yield Problem(source.shown, "CORRUPT", tr("The file is damaged."))
            continue
        for number, series in enumerate(made):
            yield series, 0 if number else 1


def _series_of_file(source: Source) -> list[SeriesInfo]:
    with source.open() as stream:
        if stream.read(2) != b"PK":
            stream.seek(0)
            header = read_array_header(stream)
            array = _Array("", header, picture_shape(header))
            _check_there(header, source.size_bytes)
            return [_series(source, [array], "", ())]
        if source.member is not None:
            raise BadDicom("NOT_DICOM", tr("An archive inside an archive is not opened."))
        with zipfile.ZipFile(stream) as archive:
            if len(archive.infolist()) > ENTRY_LIMIT:
                raise BadDicom("TOO_LARGE", tr("It has more than {limit} entries.", limit=ENTRY_LIMIT))
            names = {name.removesuffix(ENDING) for name in archive.namelist() if name.endswith(ENDING)}
            if names >= stack_file.ENTRIES:
                return _series_of_stacks(source, archive)
            return _series_of_arrays(source, archive, sorted(names, key=natural_key))


def _series_of_arrays(source: Source, archive: zipfile.ZipFile, names: Sequence[str]) -> list[SeriesInfo]:
    arrays: list[_Array] = []
    left_out: list[str] = []
    reason = BadDicom("NO_IMAGE", tr("It holds no array that is a picture."))
    for name in names:
        try:
            arrays.append(_array(archive, name))
        except BadDicom as error:
            reason = error
            left_out.append(name)
    if not arrays:
        raise reason
    marks: tuple[Problem, ...] = ()
    if left_out:
        text = tr(
            "{count} of its {count_2} arrays are no pictures: {left_out}.",
            count=len(left_out),
            count_2=len(names),
            left_out=", ".join(left_out[:5]),
        )
        marks = (Problem(source.shown, "NO_IMAGE", text, tr("Left out.")),)
    groups = split_by_head(arrays, lambda array: array.key, lambda array: array.name)
    return [
        _series(source, members, _name(members), () if number else marks)
        for number, (_, members) in enumerate(groups)
    ]


def _name(members: Sequence[_Array]) -> str:
    name = members[0].name
    return name if len(members) == 1 else head_of(name) or name


def _array(archive: zipfile.ZipFile, name: str) -> _Array:
    info = archive.getinfo(name + ENDING)
    with archive.open(info) as stream:
        header = read_array_header(cast(BinaryIO, stream))
    shape = picture_shape(header)
    if min(shape[1:]) < SMALLEST_PICTURE_PX:
        raise BadDicom("NO_IMAGE", tr("It holds no array that is a picture."))
    _check_there(header, info.file_size)
    return _Array(name, header, shape)


def _check_there(header: ArrayHeader, size_bytes: int) -> None:
    missing = header.offset + header.values_bytes - size_bytes
    if missing > 0:
        raise BadDicom(
            "TRUNCATED", tr("The file ends {missing} bytes before its values do.", missing=missing)
        )


def _series(
    source: Source, members: Sequence[_Array], name: str, problems: tuple[Problem, ...]
) -> SeriesInfo:
    slices, rows, columns = members[0].shape
    dtype = members[0].header.dtype
    frames = tuple(
        FrameInfo(
            path=source.path,
            member=member.name + ENDING if member.name else source.member,
            frame=number,
            instance_number=place * slices + number + 1,
        )
        for place, member in enumerate(members)
        for number in range(slices)
    )
    uid = uid_of(source.path, source.member, members[0].name)
    study = uid_of(source.path, source.member)
    stack = placeless_stack(
        "numpy",
        uid=uid,
        study_uid=study,
        description=f"{Path(source.name).stem}: {in_words([name])}" if name else source.name,
        shape=(rows, columns),
        frames=frames,
        dtype=native_name(dtype),
        bits=1 if dtype.kind == "b" else 16,
        order_note=tr("order from the arrays' names") if len(members) > 1 else "",
        problems=problems,
        digest=digest_of(source.shown, source.stamp, members[0].name),
    )
    return SeriesInfo(StudyInfo(study_uid=study), uid, (stack,))


def _series_of_stacks(source: Source, archive: zipfile.ZipFile) -> list[SeriesInfo]:
    sizes, counts, metas = (_table(archive, name) for name in ("size", "count", "meta"))
    blob = _table(archive, "blob", min(DATA_LIMIT_BYTES, psutil.virtual_memory().available // 2))
    if blob.ndim != 1 or blob.dtype != np.uint8:
        raise BadDicom("BAD_HEADER", tr("Its tables are damaged."))
    entries = stack_file.entries_of(sizes, counts, metas, len(blob))
    pictures = stack_file.StackPictures(blob.tobytes(), sizes)
    return [
        stack_file.series_of_entry(source, entry, pictures.shape(entry.first), number)
        for number, entry in enumerate(entries, start=1)
    ]


def _table(archive: zipfile.ZipFile, name: str, limit_bytes: int = TABLE_LIMIT_BYTES) -> NDArray[Any]:
    with archive.open(name + ENDING) as stream:
        header = read_array_header(cast(BinaryIO, stream))
        if header.values_bytes > limit_bytes:
            raise BadDicom("TOO_LARGE", tr("Its array {name} is larger than the program reads.", name=name))
        return read_array(cast(BinaryIO, stream), header)


class NumpyPixels:
    """The slices of one array, or the pictures of a stack file. Raises `BadDicom`, ReadError or OSError."""

    def __init__(self, path: str, member: str | None) -> None:
        self._stream = sources.open_content(path, member)
        self._arrays: ArraySlices | None = None
        self._pictures: stack_file.StackPictures | None = None
        try:
            if member == f"blob{ENDING}":
                sizes = _values(sources.open_content(path, f"size{ENDING}"))
                self._pictures = stack_file.StackPictures(_values(self._stream).tobytes(), sizes)
            else:
                self._arrays = ArraySlices(self._stream)
        except (BadDicom, ReadError, OSError):
            self._stream.close()
            raise

    def read(self, frame: FrameInfo) -> Frame:
        """The slice that a frame refers to."""
        if self._pictures is not None:
            pixels: NDArray[Any] = self._pictures.picture(frame.frame)
        else:
            assert self._arrays is not None
            pixels = self._arrays.slice(frame.frame)
        return Frame(pixels, pixels.shape[0])

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


def _values(stream: BinaryIO) -> NDArray[Any]:
    header = read_array_header(stream)
    left = stream.seek(0, io.SEEK_END) - header.offset
    if header.values_bytes > left:
        raise BadDicom("TRUNCATED", tr("The file ends before its values do."))
    return read_array(stream, header)
