"""PNG and TIFF of stored values: 16 bits, no window, no patient text, no place in the patient."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import IO, Final

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

SIGNED_OFFSET: Final = 32768
"""Added to signed values in a PNG, which knows no sign."""
LEAST_TEXT_PX: Final = 11
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


def write_view(file: IO[bytes], picture: Image.Image, words: str, notes: Mapping[str, str]) -> None:
    """An 8-bit PNG for people; `words` stand in a strip below the picture, which stays as it is."""
    chunks = PngInfo()
    for name, text in {"Software": "BrainSR Desktop", **notes}.items():
        chunks.add_text(name, text)
    with_notice(picture, words).save(file, "PNG", pnginfo=chunks)


def with_notice(picture: Image.Image, words: str) -> Image.Image:
    """A grey picture with a line of words in a black strip below it; itself where there are none."""
    if not words:
        return picture
    size = max(LEAST_TEXT_PX, picture.width // 40)
    font = ImageFont.load_default(size)
    lines = _wrapped(words, font, picture.width - 4)
    strip = round(1.4 * size)
    out = Image.new("L", (picture.width, picture.height + strip * len(lines)), 0)
    out.paste(picture.convert("L"), (0, 0))
    draw = ImageDraw.Draw(out)
    for number, line in enumerate(lines):
        middle = (picture.width / 2, picture.height + strip * (number + 0.5))
        draw.text(middle, line, 255, font, anchor="mm")
    return out


def _wrapped(words: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> list[str]:
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


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
