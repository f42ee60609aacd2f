"""The pixels of DICOM files as stored values: which bytes belong to a frame, and what numbers they mean."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.pixels.processing import apply_color_lut, convert_color_space

from brainsr_desktop.core.series import FrameInfo
from brainsr_desktop.io import sources
from brainsr_desktop.io.codestream import PixelFormat, check_codestream
from brainsr_desktop.io.decode_process import shared_decoder
from brainsr_desktop.io.dicom_checks import file_samples, pixel_format, require_image, side
from brainsr_desktop.io.dicom_file import UNDEFINED, BadDicom, DicomFile, open_dicom, quiet
from brainsr_desktop.io.header import Header, tag_of
from brainsr_desktop.io.lut import modality_lut
from brainsr_desktop.io.records import Picture
from brainsr_desktop.language import tr

_TAGS: Final = tuple(
    tag_of(name)
    for name in (
        *("SOPClassUID", "SOPInstanceUID", "NumberOfFrames", "Rows", "Columns", "SamplesPerPixel"),
        *("PhotometricInterpretation", "PlanarConfiguration", "BitsAllocated", "BitsStored", "HighBit"),
        *(
            "PixelRepresentation",
            "ModalityLUTSequence",
            "RedPaletteColorLookupTableDescriptor",
            "GreenPaletteColorLookupTableDescriptor",
        ),
        *("BluePaletteColorLookupTableDescriptor", "RedPaletteColorLookupTableData"),
        *("GreenPaletteColorLookupTableData", "BluePaletteColorLookupTableData"),
        *("SegmentedRedPaletteColorLookupTableData", "SegmentedGreenPaletteColorLookupTableData"),
        *("SegmentedBluePaletteColorLookupTableData",),
    )
)
_ITEM: Final = 0xFFFEE000
_SEQUENCE_END: Final = 0xFFFEE0DD


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture, (rows, columns[, 3]) stored values; below ``readable_rows`` the file was cut and values are 0."""

    pixels: NDArray[Any]
    readable_rows: int


class DicomPixels:
    """The frames of one open file. To be closed. Raises `BadDicom` and OSError, as it is opened and read."""

    def __init__(self, path: str, member: str | None) -> None:
        self._context = open_dicom(sources.open_content(path, member), only=_TAGS)
        with quiet():
            self._opened: DicomFile = self._context.__enter__()
        try:
            self._prepare()
        except BadDicom:
            self.close()
            raise

    def _prepare(self) -> None:
        header = Header(self._opened.dataset)
        require_image(self._opened, header, header.uid("SOPClassUID"))
        _, photometric, allocated, stored, dtype, fault = pixel_format(self._opened, header)
        self.sop_uid = header.uid("SOPInstanceUID")
        self.frames = header.integer("NumberOfFrames") or 1
        self.form = PixelFormat(
            syntax=self._opened.syntax,
            rows=side(header, "Rows"),
            columns=side(header, "Columns"),
            samples=file_samples(header),
            photometric=photometric,
            bits_allocated=allocated,
            bits_stored=allocated if fault else stored,
            signed=header.integer("PixelRepresentation") == 1,
            planar=header.integer("PlanarConfiguration") or 0,
        )
        self._dtype = np.dtype(dtype)
        is_grey = self.form.samples == 1 and photometric != "PALETTE COLOR" and self._dtype.kind in "iu"
        self._modality = modality_lut(header) if is_grey else None
        self._items: list[tuple[int, int]] | None = None
        self._last: tuple[int, Frame] | None = None

    def close(self) -> None:
        """Close the file."""
        self._context.__exit__(None, None, None)

    def read(self, frame: FrameInfo) -> Frame:
        """The picture that a frame refers to; BadDicom CHANGED when the file is not the one that was found."""
        if frame.sop_uid and self.sop_uid != frame.sop_uid:
            raise BadDicom("CHANGED", tr("The file now holds another picture."))
        return self.frame(frame.frame)

    def frame(self, number: int) -> Frame:
        """Frame ``number``, from 0. The last one is kept: tiles of a mosaic come one after the other."""
        if self._last is None or self._last[0] != number:
            self._last = (number, self._read(number))
        return self._last[1]

    def _read(self, number: int) -> Frame:
        if not 0 <= number < self.frames:
            raise BadDicom("CHANGED", tr("The file no longer has this frame."))
        assert self._opened.pixels is not None
        if self._opened.pixels.length == UNDEFINED:
            stream = self._codestream(number)
            check_codestream(stream, self.form)
            pixels = shared_decoder().decode(stream, self.form)
            return Frame(self._values(pixels, decoded=True), self.form.rows)
        return self._native(number)

    def _native(self, number: int) -> Frame:
        form = self.form
        if form.bits_allocated == 1:
            return self._bits(number)
        per_pixel = 2 if form.photometric == "YBR_FULL_422" else form.samples  # two pixels share their colour
        size = form.rows * form.columns * per_pixel * form.bits_allocated // 8
        data = self._bytes(number * size, size)
        missing = size - len(data)
        readable = form.rows if missing <= 1 else len(data) // (size // form.rows)
        if missing:
            data += bytes(missing)
        stored = self._stored_kind()
        values = np.frombuffer(data, stored.newbyteorder("<" if self._opened.little_endian else ">"))
        if form.photometric == "YBR_FULL_422":
            values = _from_422(values)
        if form.samples == 3:
            shape = (3, form.rows, form.columns) if form.planar == 1 else (form.rows, form.columns, 3)
            values = values.reshape(shape)
            values = np.moveaxis(values, 0, -1) if form.planar == 1 else values
        else:
            values = values.reshape(form.rows, form.columns)
        return Frame(self._values(values, decoded=False), readable)

    def _bits(self, number: int) -> Frame:
        """1 bit a pixel, frames one after the other without padding, lowest bit first (PS3.5 8.1.1)."""
        count = self.form.rows * self.form.columns
        first = number * count
        data = self._bytes(first // 8, (first % 8 + count + 7) // 8)
        bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[first % 8 :][:count]
        readable = len(bits) // self.form.columns
        bits = np.pad(bits, (0, count - len(bits)))
        return Frame(bits.reshape(self.form.rows, self.form.columns), readable)

    def _stored_kind(self) -> np.dtype[Any]:
        if self._dtype.kind == "f":
            return self._dtype
        sign = "i" if self.form.signed and self.form.samples == 1 else "u"
        return np.dtype(f"{sign}{self.form.bits_allocated // 8}")

    def _values(self, pixels: NDArray[Any], *, decoded: bool) -> NDArray[Any]:
        """Stored values in the byte order of the machine: unused bits masked, modality LUT applied, colour as RGB."""
        form = self.form
        if form.photometric == "PALETTE COLOR":
            with quiet():
                pixels = apply_color_lut(pixels, self._opened.dataset)
            return _eight_bit(pixels, 16 if pixels.dtype.itemsize == 2 else 8)
        if form.samples == 3:
            if not decoded and form.photometric.startswith("YBR"):
                with quiet():
                    pixels = convert_color_space(np.ascontiguousarray(pixels), "YBR_FULL", "RGB")
            return _eight_bit(pixels, form.bits_stored)
        if self._dtype.kind == "f":
            return pixels.astype(self._dtype)
        masked = _masked(pixels.astype(self._stored_kind().newbyteorder("=")), form.bits_stored)
        return masked.astype(self._dtype) if self._modality is None else self._modality.of(masked)

    def _bytes(self, offset: int, size: int) -> bytes:
        assert self._opened.pixels is not None
        stream, pixels = self._opened.stream, self._opened.pixels
        there = max(0, min(size, self._opened.pixel_bytes - offset))
        if not (pixels.swapped_bytes and self.form.bits_allocated == 8):
            return _read_at(stream, pixels.offset + offset, there)
        start = offset // 2 * 2
        words = _read_at(stream, pixels.offset + start, (offset - start + there + 1) // 2 * 2)
        swapped = np.frombuffer(words[: len(words) // 2 * 2], ">u2").astype("<u2").tobytes()
        return swapped[offset - start : offset - start + there]

    def _codestream(self, number: int) -> bytes:
        if self._items is None:
            assert self._opened.pixels is not None
            order = "<" if self._opened.little_endian else ">"
            self._items = fragments(self._opened.stream, self._opened.pixels.offset, order)
        if len(self._items) < 2:
            raise BadDicom("DECODE_FAILED", tr("The file has no compressed picture."))
        parts = frame_fragments(self._opened.stream, self._items, self.frames)[number]
        return b"".join(_read_at(self._opened.stream, *part) for part in parts)


def fragments(stream: BinaryIO, offset: int, order: str = "<") -> list[tuple[int, int]]:
    """Offset and length of the items of encapsulated pixel data; the first is the offset table (PS3.5 A.4).

    Ends at the delimiter, at the end of the file, or where no item is.
    """
    found: list[tuple[int, int]] = []
    stream.seek(offset)
    while len(head := stream.read(8)) == 8:
        group, element, length = struct.unpack(order + "HHI", head)
        if group << 16 | element != _ITEM:
            break
        found.append((stream.tell(), length))
        stream.seek(length, 1)
    return found


def frame_fragments(
    stream: BinaryIO, items: Sequence[tuple[int, int]], frames: int
) -> list[list[tuple[int, int]]]:
    """The fragments of every frame. A wrong offset table does no harm where there is one fragment a frame.

    Raises `BadDicom` where frames cannot be told apart.
    """
    table, parts = items[0], list(items[1:])
    if frames == 1:
        return [parts]
    if len(parts) == frames:
        return [[part] for part in parts]
    raw = _read_at(stream, *table)
    offsets = struct.unpack(f"<{len(raw) // 4}I", raw[: len(raw) // 4 * 4])
    starts = [part[0] - 8 - (parts[0][0] - 8) if parts else 0 for part in parts]
    if len(offsets) == frames and set(offsets) <= set(starts):
        edges = [*(starts.index(offset) for offset in offsets), len(parts)]
        return [parts[a:b] for a, b in pairwise(edges)]
    found: list[list[tuple[int, int]]] = [[]]
    for offset, length in parts:
        found[-1].append((offset, length))
        if b"\xff\xd9" in _read_at(stream, offset + max(0, length - 10), min(length, 10)):
            found.append([])
    found = [part for part in found if part]
    if len(found) != frames:
        raise BadDicom(
            "DECODE_FAILED",
            tr("The file says {frames} frames but holds {count} pictures.", frames=frames, count=len(found)),
        )
    return found


def same_pixels(first: Sequence[Picture], second: Sequence[Picture]) -> bool:
    """Whether two files of the same size hold the same pixels, as far as both can be read."""
    readers: list[DicomPixels] = []
    try:
        readers = [DicomPixels(p[0].file.path, p[0].file.member) for p in (first, second)]
        a, b = readers
        return a.frames == b.frames and all(_same(a.frame(n), b.frame(n)) for n in range(a.frames))
    except (BadDicom, OSError):
        return False
    finally:
        for reader in readers:
            reader.close()


def _same(a: Frame, b: Frame) -> bool:
    rows = min(a.readable_rows, b.readable_rows)
    return bool(np.array_equal(a.pixels[:rows], b.pixels[:rows]))


def _read_at(stream: BinaryIO, offset: int, length: int) -> bytes:
    stream.seek(offset)
    return stream.read(length)


def _masked(values: NDArray[Any], bits_stored: int) -> NDArray[Any]:
    """Keep the stored bits; signed values keep their sign."""
    spare = values.dtype.itemsize * 8 - bits_stored
    if spare <= 0:
        return values
    return (values << spare) >> spare if values.dtype.kind == "i" else values & ((1 << bits_stored) - 1)


def _eight_bit(pixels: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    return np.asarray(pixels >> (bits - 8) if bits > 8 else pixels).astype(np.uint8)


def _from_422(values: NDArray[Any]) -> NDArray[Any]:
    """Y1 Y2 Cb Cr for two pixels → Y Cb Cr for each (PS3.3 C.7.6.3.1.2)."""
    pairs = values.reshape(-1, 4)
    chroma = np.repeat(pairs[:, None, 2:], 2, axis=1)
    return np.concatenate([pairs[:, :2, None], chroma], axis=2)
