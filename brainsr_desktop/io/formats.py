"""What kinds of file there are, and who reads their headers and their pixels."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias, cast

from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.series import FrameInfo, SeriesInfo, SourceKind
from brainsr_desktop.io.sources import Source

if TYPE_CHECKING:
    from brainsr_desktop.io.pixels import Frame

OtherKind = Literal["nifti", "raster", "mat", "numpy"]
Found: TypeAlias = "tuple[SeriesInfo, int] | Problem"
"""A series and the number of files it is made of, or a file left out."""
SeriesReader: TypeAlias = Callable[[Sequence[Source], Callable[[], None]], Iterable[Found]]

_READERS: Final[dict[OtherKind, str]] = {
    "nifti": "brainsr_desktop.io.nifti:series_of",
    "raster": "brainsr_desktop.io.raster:series_of",
    "mat": "brainsr_desktop.io.mat:series_of",
    "numpy": "brainsr_desktop.io.numpy_file:series_of",
}
_PIXELS: Final[dict[SourceKind, str]] = {
    "dicom": "brainsr_desktop.io.pixels:DicomPixels",
    "nifti": "brainsr_desktop.io.nifti:NiftiPixels",
    "png": "brainsr_desktop.io.raster:RasterPixels",
    "jpeg": "brainsr_desktop.io.raster:RasterPixels",
    "tiff": "brainsr_desktop.io.raster:RasterPixels",
    "mat": "brainsr_desktop.io.mat:MatPixels",
    "numpy": "brainsr_desktop.io.numpy_file:NumpyPixels",
}
_NIFTI_ENDINGS: Final = (".nii", ".nii.gz", ".hdr", ".hdr.gz", ".img", ".img.gz")
_RASTER_MAGIC: Final = (b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


_JPEG_MAGIC: Final = b"\xff\xd8\xff"
_JPEG_ENDINGS: Final = (".jpg", ".jpeg", ".jpe", ".jfif")
_NPY_MAGIC: Final = b"\x93NUMPY"


def kind_by_content(name: str, head: bytes) -> OtherKind | None:
    """What the first bytes tell, with the name where they do not suffice.

    NIfTI and MATLAB by name alone (their magic lies too deep). A JPEG must be named as one, for pictures named .dcm are
    no images (fault 2); an .npz is a ZIP.
    """
    lower = name.casefold()
    if head.startswith(_RASTER_MAGIC) or (head.startswith(_JPEG_MAGIC) and lower.endswith(_JPEG_ENDINGS)):
        return "raster"
    if head.startswith(b"MATLAB ") or lower.endswith(".mat"):
        return "mat"
    if head.startswith(_NPY_MAGIC) or (lower.endswith(".npz") and head.startswith(b"PK")):
        return "numpy"
    return "nifti" if lower.endswith(_NIFTI_ENDINGS) else None


class FrameReader(Protocol):
    """The pictures of one open file. Raises `BadDicom`, ReadError or OSError."""

    def read(self, frame: FrameInfo, /) -> Frame:
        """The picture that a frame refers to, whole: tiles are not cut out."""

    def close(self) -> None:
        """Close the file."""


def open_pixels(kind: SourceKind, path: str, member: str | None) -> FrameReader:
    """Open a file of a kind to read its pictures."""
    module, _, name = _PIXELS[kind].partition(":")
    return cast(FrameReader, getattr(importlib.import_module(module), name)(path, member))


def reader(kind: OtherKind) -> SeriesReader:
    """The function that makes series of files of a kind."""
    module, _, function = _READERS[kind].partition(":")
    return cast(SeriesReader, getattr(importlib.import_module(module), function))
