"""What must hold before a file is taken for a picture: class, required attributes, bits, sizes, a decoder."""

from __future__ import annotations

import re
from typing import Final

from pydicom.uid import UID

from brainsr_desktop.io.dicom_file import UNDEFINED, BadDicom, DicomFile
from brainsr_desktop.io.header import Header
from brainsr_desktop.io.text import clean
from brainsr_desktop.language import tr, trn

SIDE_LIMIT_PX: Final = 16_384
FRAME_LIMIT_PX: Final = 1 << 26
FRAMES_LIMIT: Final = 10_000
PADDING_BYTES: Final = 4096
"""So many zeros after the pixel data may be the filling of a block."""
_NO_IMAGE = re.compile(
    r"SR Storage|Structured|Presentation State|Key Object|Segmentation|Raw Data|RT (Structure|Plan|Beams|Ion|Treatment)"
    r"|Waveform|Encapsulated|Spectroscopy|Registration|Fiducials|Surface|Real World Value|Tractography|Document"
)
_COLOUR = frozenset({"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT", "PALETTE COLOR"})
_GREY = frozenset({"MONOCHROME1", "MONOCHROME2"})
DECODABLE: Final = frozenset(
    "1.2.840.10008.1.2" + end
    for end in (
        *(
            "",
            ".1",
            ".1.99",
            ".2",
            ".5",
            ".4.50",
            ".4.51",
            ".4.57",
            ".4.70",
            ".4.80",
            ".4.81",
            ".4.90",
            ".4.91",
        ),
        *(".4.201", ".4.202", ".4.203"),
    )
)
"""Transfer syntaxes with a decoder; see `decode`."""


def require_image(opened: DicomFile, header: Header, sop_class: str) -> None:
    name = UID(sop_class).name if sop_class else ""
    if _NO_IMAGE.search(name):
        raise BadDicom("NO_IMAGE", tr("{kind}, not an image", kind=name.removesuffix(" Storage")))
    if opened.pixels is None and sop_class and not header.has("Rows") and "Image" not in name:
        raise BadDicom("NO_IMAGE", tr("{name}, not an image", name=clean(name)))
    if opened.pixels is None and not header.has("Rows") and sop_class:
        raise BadDicom("TRUNCATED_HEADER", tr("The file ends inside its header."))
    for name in (
        "SOPClassUID",
        "Rows",
        "Columns",
        "BitsAllocated",
        "SamplesPerPixel",
        "PhotometricInterpretation",
    ):
        if not header.has(name) and not (
            name == "BitsAllocated" and opened.pixels and "Float" in opened.pixels.keyword
        ):
            raise BadDicom("MISSING", tr("{name} is missing.", name=name))
    if opened.pixels is None:
        raise BadDicom("MISSING", tr("PixelData is missing."))


def side(header: Header, name: str) -> int:
    value = header.integer(name)
    if value is None or value < 1:
        raise BadDicom("BAD_VALUE", tr("{name} holds no usable value.", name=name))
    return value


def file_samples(header: Header) -> int:
    return header.integer("SamplesPerPixel") or 1


def pixel_format(opened: DicomFile, header: Header) -> tuple[int, str, int, int, str, str | None]:
    """Samples, photometric interpretation, bits allocated, bits stored, dtype as decoded, why it is not enhanced."""
    photometric = " ".join(header.strings("PhotometricInterpretation"))
    samples = file_samples(header)
    if samples not in (1, 3) or photometric not in (_COLOUR if samples == 3 else _GREY | {"PALETTE COLOR"}):
        raise BadDicom(
            "BAD_VALUE",
            tr(
                "PhotometricInterpretation {photometric} with {samples} samples cannot be shown.",
                photometric=photometric,
                samples=samples,
            ),
        )
    if opened.pixels is not None and opened.pixels.keyword != "PixelData":
        bits = 32 if opened.pixels.keyword == "FloatPixelData" else 64
        return samples, photometric, bits, bits, f"float{bits}", None
    allocated = header.integer("BitsAllocated") or 0
    stored = header.integer("BitsStored") if header.has("BitsStored") else allocated
    if allocated not in (1, 8, 16, 32):
        raise BadDicom(
            "UNSUPPORTED_BITS", tr("{allocated} bits a value cannot be read.", allocated=allocated)
        )
    if stored is None or not 0 < stored <= allocated:
        raise BadDicom(
            "BAD_VALUE",
            tr(
                "BitsStored {stored} does not fit {allocated} bits allocated.",
                stored=stored,
                allocated=allocated,
            ),
        )
    high = header.integer("HighBit")
    fault = None
    if high is not None and high != stored - 1 and allocated > 1:
        fault = tr("HighBit is {high} where {stored} belongs.", high=high, stored=stored - 1)
    if samples == 3 or photometric == "PALETTE COLOR":
        return 3, photometric, allocated, stored, "uint8", fault
    signed = header.integer("PixelRepresentation") == 1
    dtype = "uint8" if allocated == 1 else f"{'' if signed else 'u'}int{allocated}"
    return samples, photometric, allocated, stored, dtype, fault


def check_size(rows: int, columns: int, frames: int, pixel_bytes: int) -> None:
    if (
        max(rows, columns) > SIDE_LIMIT_PX
        or rows * columns > FRAME_LIMIT_PX
        or not 0 < frames <= FRAMES_LIMIT
    ):
        reason = trn(
            "A picture of {rows} x {columns} is more than the program reads.",
            "{count} pictures of {rows} x {columns} are more than the program reads.",
            frames,
            rows=rows,
            columns=columns,
        )
        raise BadDicom("TOO_LARGE", reason)
    if rows * columns * frames * pixel_bytes > 4 << 30:
        reason = trn(
            "A picture of {rows} x {columns} needs more than 4 GiB.",
            "{count} pictures of {rows} x {columns} need more than 4 GiB.",
            frames,
            rows=rows,
            columns=columns,
        )
        raise BadDicom("TOO_LARGE", reason)


def check_syntax(syntax: str) -> None:
    if syntax not in DECODABLE:
        raise BadDicom(
            "UNSUPPORTED_SYNTAX", tr("There is no decoder for {name}.", name=clean(UID(syntax).name))
        )


def missing_bytes(opened: DicomFile, samples: int, allocated: int) -> int:
    if opened.pixels is None or opened.pixels.length == UNDEFINED:
        return 0
    return (samples * allocated + 7) // 8 - opened.pixel_bytes


def trailing_bytes(opened: DicomFile) -> int:
    """Bytes after plain pixel data that are no element; 0 where elements follow, as padding or a signature may."""
    pixels = opened.pixels
    if pixels is None or pixels.length == UNDEFINED:
        return 0
    end = pixels.offset + pixels.length
    left = opened.stream_bytes - end
    if left <= 1:
        return 0
    opened.stream.seek(end)
    head = opened.stream.read(4)
    group = int.from_bytes(head[:2], "little" if opened.little_endian else "big")
    is_padding = head == bytes(len(head)) and left <= PADDING_BYTES
    return 0 if group > 0x7FE0 or is_padding else left
