"""NIfTI-1, compressed: one 3-D or 4-D image in patient space."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any, Final, Literal, cast

import nibabel
import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.io.nifti_place import NiftiPlace

NiftiType = Literal["int16", "uint16", "float32"]
COMPRESSION: Final = 4


@dataclass(frozen=True, slots=True)
class NiftiImage:
    """What the header says.

    ``shape`` is (rows, columns, slices, volumes) of the pictures; the order of the array follows from ``place``. Value
    in units = ``slope`` * stored + ``intercept``.
    """

    shape: tuple[int, int, int, int]
    dtype: NiftiType
    place: NiftiPlace
    slope: float = 1.0
    intercept: float = 0.0
    description: str = ""


def write_nifti(file: IO[bytes], image: NiftiImage, slices: Iterable[NDArray[np.generic]]) -> None:
    """Write a ``.nii.gz`` from stored slices (rows, columns): volume by volume, each in ascending order of the array's
    slice axis.

    The same image gives the same bytes at any time of day.

    Raises:
        ValueError: the number of slices is not that of the header.
    """
    with gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=COMPRESSION, mtime=0) as packed:
        packed.write(_header(image).binaryblock)
        packed.write(bytes(4))  # no extensions
        count = 0
        for block, contained in _blocks(image, slices):
            packed.write(block)
            count += contained
    if count != image.shape[2] * image.shape[3]:
        raise ValueError(f"{count} slices were given for an image of shape {image.shape}.")


def _blocks(image: NiftiImage, slices: Iterable[NDArray[np.generic]]) -> Iterator[tuple[bytes, int]]:
    """Bytes in the order of the file (first axis fastest), and how many slices are in them."""
    kind = np.dtype(image.dtype).newbyteorder("<")
    planes = (_plane(image.place, pixels).astype(kind, copy=False) for pixels in slices)
    if image.place.axes[2] == 2:
        for plane in planes:
            yield plane.tobytes(order="F"), 1
        return
    volume = np.empty(_array_shape(image), kind, order="F")
    axis, depth = image.place.axes[2], image.shape[2]
    for count, plane in enumerate(planes, start=1):
        np.moveaxis(volume, axis, 0)[(count - 1) % depth] = plane
        if count % depth == 0:
            yield volume.tobytes(order="F"), depth


def _plane(place: NiftiPlace, pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    """A picture (rows, columns) as a plane of the array, its two axes in ascending order."""
    upright = pixels[::-1] if place.flipped[0] else pixels
    upright = upright[:, ::-1] if place.flipped[1] else upright
    return upright.T if place.axes[0] > place.axes[1] else upright


def _array_shape(image: NiftiImage) -> tuple[int, int, int]:
    sides = dict(zip(image.place.axes, image.shape[:3], strict=True))
    return sides[0], sides[1], sides[2]


def _header(image: NiftiImage) -> Any:
    place, volumes = image.place, image.shape[3]
    header = cast(Any, nibabel).Nifti1Header(endianness="<")
    header.set_data_dtype(np.dtype(image.dtype))
    header.set_data_shape((*_array_shape(image), volumes) if volumes > 1 else _array_shape(image))
    header.set_zooms([*place.voxel_mm, place.volume_step_s][: 3 + (volumes > 1)])
    header.set_xyzt_units("mm", "sec")
    scode, qcode = place.codes
    if scode:
        header.set_sform(place.sform, code=scode)
    if qcode:
        header.set_qform(place.qform, code=qcode, strip_shears=True)
    header.set_slope_inter(image.slope, image.intercept)
    header["descrip"] = image.description.encode("ascii", "replace")[:79]
    header["magic"] = b"n+1"
    header["vox_offset"] = 352
    return header
