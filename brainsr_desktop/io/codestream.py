"""What a compressed picture says of itself, read before any decoder may touch it."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from brainsr_desktop.io.dicom_checks import check_size
from brainsr_desktop.io.dicom_file import BadDicom
from brainsr_desktop.language import tr

JPEG_2000: Final = frozenset(f"1.2.840.10008.1.2.4.{n}" for n in (90, 91, 201, 202, 203))
JPEG: Final = frozenset(f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 57, 70))
JPEG_LS: Final = frozenset(f"1.2.840.10008.1.2.4.{n}" for n in (80, 81))
RLE: Final = "1.2.840.10008.1.2.5"
RLE_HEADER_BYTES: Final = 64
RLE_LONGEST: Final = 2
"""Bytes that a byte takes at most: a run of one (PS3.5 G.3)."""
RLE_SPARE_BYTES: Final = 4096
"""Room for padding that some encoders add."""
_FRAME_MARKERS: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
_MARKERS_WITHOUT_LENGTH: Final = frozenset(range(0xD0, 0xDA)) | {0x01}


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """What the header of the file says of one picture."""

    syntax: str
    rows: int
    columns: int
    samples: int
    photometric: str
    bits_allocated: int
    bits_stored: int
    signed: bool
    planar: int = 0

    @property
    def frame_bytes(self) -> int:
        """Size of one picture as stored without compression."""
        return (self.rows * self.columns * self.samples * self.bits_allocated + 7) // 8


def check_codestream(stream: bytes, expected: PixelFormat) -> None:
    """Raise `BadDicom` unless the codestream begins as it should and has the size that the file says."""
    if expected.syntax == RLE:
        _check_rle(stream, expected)
        return
    found = _jpeg_2000_size(stream) if expected.syntax in JPEG_2000 else _jpeg_size(stream)
    if found is None:
        raise BadDicom("DECODE_FAILED", tr("The compressed picture is damaged at its beginning."))
    if expected.syntax in JPEG_LS and b"\xff\xd9" not in stream[-16:]:
        # CharLS searches a cut stream for many seconds before it gives up
        raise BadDicom("DECODE_FAILED", tr("The compressed picture is cut."))
    rows, columns, samples, bits = found
    check_size(rows, columns, 1, samples)
    if (rows, columns, samples) != (expected.rows, expected.columns, expected.samples):
        told = f"{expected.rows} x {expected.columns} x {expected.samples}"
        raise BadDicom(
            "SIZE_MISMATCH",
            tr(
                "The compressed picture is {rows} x {columns} x {samples}, the file says {told}.",
                rows=rows,
                columns=columns,
                samples=samples,
                told=told,
            ),
        )
    if bits > expected.bits_allocated:
        raise BadDicom(
            "SIZE_MISMATCH",
            tr("The compressed picture has {bits} bits a value, the file allots fewer.", bits=bits),
        )


def bits_of(stream: bytes) -> int:
    """Bits a value of a JPEG codestream; 0 where it cannot be read."""
    found = _jpeg_size(stream)
    return found[3] if found else 0


def _check_rle(stream: bytes, expected: PixelFormat) -> None:
    if len(stream) > RLE_HEADER_BYTES + RLE_LONGEST * expected.frame_bytes + RLE_SPARE_BYTES:
        raise BadDicom(
            "TOO_LARGE", tr("The compressed picture is longer than any picture of its size can be.")
        )
    segments = struct.unpack("<I", stream[:4])[0] if len(stream) >= RLE_HEADER_BYTES else 0
    wanted = expected.samples * (expected.bits_allocated // 8)
    if not segments:
        raise BadDicom("DECODE_FAILED", tr("The compressed picture is damaged at its beginning."))
    if segments != wanted:
        raise BadDicom(
            "SIZE_MISMATCH",
            tr(
                "The compressed picture has {segments} planes, the file says {wanted}.",
                segments=segments,
                wanted=wanted,
            ),
        )


def _jpeg_size(stream: bytes) -> tuple[int, int, int, int] | None:
    """Rows, columns, components and precision from the frame header (ISO 10918-1 B.2.2, ISO 14495-1)."""
    if stream[:2] != b"\xff\xd8":
        return None
    position = 2
    while position + 4 <= len(stream):
        if stream[position] != 0xFF:
            return None
        marker = stream[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker in _MARKERS_WITHOUT_LENGTH:
            position += 2
            continue
        length = struct.unpack_from(">H", stream, position + 2)[0]
        if marker in _FRAME_MARKERS:
            if position + 10 > len(stream):
                return None
            precision, rows, columns, components = struct.unpack_from(">BHHB", stream, position + 4)
            return rows, columns, components, precision
        position += 2 + length
    return None


def _jpeg_2000_size(stream: bytes) -> tuple[int, int, int, int] | None:
    """Rows, columns, components and precision from the SIZ segment (ISO 15444-1 A.5.1)."""
    start = stream.find(b"\xff\x4f\xff\x51", 0, 4096)
    if start < 0 or start + 45 > len(stream):
        return None
    x1, y1, x0, y0 = struct.unpack_from(">IIII", stream, start + 8)
    components = struct.unpack_from(">H", stream, start + 40)[0]
    precision = (stream[start + 42] & 0x7F) + 1
    return y1 - y0, x1 - x0, components, precision
