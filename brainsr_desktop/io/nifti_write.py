"""NIfTI-1, compressed: one 3-D or 4-D image in patient space."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import IO, Any, Final, Literal, cast

import nibabel
import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.core.geometry import Geometry

NiftiType = Literal["int16", "uint16", "float32"]
COMPRESSION: Final = 4
STRAIGHT_MM: Final = 1e-3
"""A stack whose last slice lies further off the normal is sheared, which a quaternion cannot say."""
_LPS_TO_RAS: Final = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True, slots=True)
class NiftiImage:
    """Header facts of an image whose index order is (column, row, slice, volume).

    ``affine`` (4, 4) turns indices into RAS+ millimetres. ``codes`` are sform_code and qform_code, 0 where that form is
    not to be used. Value in units = ``slope`` * stored + ``intercept``. ``volume_step_s`` is the time between volumes,
    0 where unknown. ``step_mm`` is the distance of slices.
    """

    shape: tuple[int, int, int, int]
    dtype: NiftiType
    affine: NDArray[np.float64]
    codes: tuple[int, int] = (1, 1)
    slope: float = 1.0
    intercept: float = 0.0
    volume_step_s: float = 0.0
    description: str = ""


def affine_of(
    geometry: Geometry, slices: Sequence[int], fallback_step_mm: float = 1.0
) -> NDArray[np.float64]:
    """Affine (4, 4) from indices (column, row, slice) to RAS+ mm for evenly spaced slices, in their stored order.

    One slice alone gets a step of `fallback_step_mm` along the normal.
    """
    row_mm, column_mm = geometry.spacing_mm
    first, last = (np.asarray(geometry.positions_mm[index]) for index in (slices[0], slices[-1]))
    step = (
        np.asarray(geometry.normal) * fallback_step_mm
        if len(slices) < 2
        else (last - first) / (len(slices) - 1)
    )
    lps = np.eye(4)
    lps[:3, 0] = np.asarray(geometry.row_direction) * column_mm
    lps[:3, 1] = np.asarray(geometry.column_direction) * row_mm
    lps[:3, 2] = step
    lps[:3, 3] = first
    return np.asarray(_LPS_TO_RAS @ lps)


def is_sheared(affine: NDArray[np.float64], slices: int) -> bool:
    """Whether the slices lie beside the normal by more than 0.001 mm over the whole stack."""
    normal = np.cross(affine[:3, 0], affine[:3, 1])
    normal /= np.linalg.norm(normal)
    way = affine[:3, 2] * max(slices - 1, 1)
    return float(np.linalg.norm(way - (way @ normal) * normal)) > STRAIGHT_MM


def write_nifti(file: IO[bytes], image: NiftiImage, slices: Iterable[NDArray[np.generic]]) -> None:
    """Write a ``.nii.gz`` from stored slices (rows, columns), volume by volume, in the order of the header.

    The same image gives the same bytes at any time of day.

    Raises:
        ValueError: the number of slices is not that of the header.
    """
    kind = np.dtype(image.dtype).newbyteorder("<")
    with gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=COMPRESSION, mtime=0) as packed:
        packed.write(_header(image).binaryblock)
        packed.write(bytes(4))  # no extensions
        count = 0
        for pixels in slices:
            # Columns run fastest, then rows: the bytes of a slice in C order are those of NIfTI.
            packed.write(np.ascontiguousarray(pixels, kind).tobytes())
            count += 1
    if count != image.shape[2] * image.shape[3]:
        raise ValueError(f"{count} slices were given for an image of shape {image.shape}.")


def _header(image: NiftiImage) -> Any:
    header = cast(Any, nibabel).Nifti1Header(endianness="<")
    header.set_data_dtype(np.dtype(image.dtype))
    header.set_data_shape(image.shape if image.shape[3] > 1 else image.shape[:3])
    header.set_zooms(
        [*np.linalg.norm(image.affine[:3, :3], axis=0), image.volume_step_s][: 3 + (image.shape[3] > 1)]
    )
    header.set_xyzt_units("mm", "sec")
    sform, qform = image.codes
    header.set_sform(image.affine, code=sform)
    if qform and not is_sheared(image.affine, image.shape[2]):
        header.set_qform(image.affine, code=qform, strip_shears=True)
    header.set_slope_inter(image.slope, image.intercept)
    header["descrip"] = image.description.encode("ascii", "replace")[:79]
    header["magic"] = b"n+1"
    header["vox_offset"] = 352
    return header
