"""PNG and TIFF of stored values: 16 bits, no window, no patient text, no place in the patient."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import IO, Final

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

SIGNED_OFFSET: Final = 32768
"""Added to signed values in a PNG, which knows no sign."""
LARGEST_CLASSIC_TIFF_BYTES: Final = 2**32 - 2**20


def write_png(file: IO[bytes], pixels: NDArray[np.generic], notes: Mapping[str, str]) -> None:
    """A 16-bit grey PNG of stored values (rows, columns) int16 or uint16; `notes` go into text chunks, ASCII.

    Signed values are stored with 32768 added, which the chunk ``Offset`` says; for others it is that of `notes`.
    """
    signed = pixels.dtype.kind == "i"
    values = (
        (pixels.astype(np.int32) + SIGNED_OFFSET).astype(np.uint16) if signed else pixels.astype(np.uint16)
    )
    offset = str(SIGNED_OFFSET) if signed else notes.get("Offset", "0")
    chunks = PngInfo()
    for name, text in {"Software": "BrainSR Desktop", **notes, "Offset": offset}.items():
        chunks.add_text(name, text)
    Image.fromarray(values).save(file, "PNG", pnginfo=chunks)


def write_tiff(
    file: IO[bytes],
    slices: Iterable[NDArray[np.generic]],
    shape: tuple[int, int, int, int],
    dtype: str,
    spacing_mm: tuple[float, float, float] | None,
    notes: Mapping[str, str],
) -> None:
    """A 16-bit TIFF stack as ImageJ reads it: `shape` is (volumes, slices, rows, columns), uncompressed.

    `slices` come volume by volume; `spacing_mm` is (between slices, rows, columns), None where unknown. Above 4 GiB a
    BigTIFF without ImageJ's own tags.
    """
    volumes = shape[0]
    large = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize > LARGEST_CLASSIC_TIFF_BYTES
    metadata: dict[str, object] = {"axes": "TZYX" if volumes > 1 else "ZYX"}
    resolution = None
    if spacing_mm is not None:
        step, row, column = spacing_mm
        metadata |= {"spacing": step, "unit": "mm"}
        resolution = (1.0 / column, 1.0 / row)
    text = "\n".join(f"{name}: {value}" for name, value in notes.items())
    tifffile.imwrite(
        file,
        (np.ascontiguousarray(pixels, dtype) for pixels in slices),
        shape=shape if volumes > 1 else shape[1:],
        dtype=dtype,
        imagej=not large,
        bigtiff=large,
        photometric="minisblack",
        resolution=resolution,
        metadata=metadata if large else {**metadata, "Info": text},
        description=text if large else None,
        software="BrainSR Desktop",
    )
