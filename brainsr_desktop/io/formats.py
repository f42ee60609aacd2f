"""What kinds of file there are besides DICOM, and who reads them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal, TypeAlias, cast

from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.series import SeriesInfo
from brainsr_desktop.io.sources import Source

OtherKind = Literal["nifti", "raster"]
Found: TypeAlias = "tuple[SeriesInfo, int] | Problem"
"""A series and the number of files it is made of, or a file left out."""
SeriesReader: TypeAlias = Callable[[Sequence[Source], Callable[[], None]], Iterable[Found]]

_READERS: Final[dict[OtherKind, str]] = {
    "nifti": "brainsr_desktop.io.nifti:series_of",
    "raster": "brainsr_desktop.io.raster:series_of",
}
_NIFTI_ENDINGS: Final = (".nii", ".nii.gz", ".hdr", ".hdr.gz", ".img", ".img.gz")
_RASTER_MAGIC: Final = (b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def kind_by_content(name: str, head: bytes) -> OtherKind | None:
    """NIfTI by name (its magic lies too deep), PNG and TIFF by their first bytes."""
    if head.startswith(_RASTER_MAGIC):
        return "raster"
    return "nifti" if name.casefold().endswith(_NIFTI_ENDINGS) else None


def reader(kind: OtherKind) -> SeriesReader:
    """The function that makes series of files of a kind."""
    module, _, function = _READERS[kind].partition(":")
    return cast(SeriesReader, getattr(importlib.import_module(module), function))
