"""One MATLAB 7.3 file of the brain-tumour study (Cheng, figshare 1512427): HDF5 read with suspicion.

The structure ``cjdata`` holds ``image``, ``tumorMask`` (logical, of the image's size), ``label`` (1 meningioma,
2 glioma, 3 pituitary tumour), ``PID`` (characters) and ``tumorBorder`` (points, not used: the mask says the same).
MATLAB stores columns first, so every array is transposed. To be called in the decoder process alone: HDF5 has had
errors that end a process. Nothing outside the file is followed, and no filter is loaded.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.io.dicom_checks import check_size
from brainsr_desktop.io.dicom_file import DAMAGE, BadDicom
from brainsr_desktop.io.text import clean
from brainsr_desktop.language import tr

MatPart = Literal["facts", "image", "mask"]
STRUCTURE: Final = "cjdata"
CHUNK_LIMIT_BYTES: Final = 1 << 28
TEXT_LIMIT: Final = 64
_FILTERS: Final = frozenset({1, 2, 3})
"""deflate, shuffle, Fletcher's checksum: what HDF5 itself brings and MATLAB writes."""


@dataclass(frozen=True, slots=True)
class MatOrder:
    """What is wanted of a file; goes to the decoder process before the file's bytes."""

    part: MatPart


@dataclass(frozen=True, slots=True)
class MatFacts:
    """What a file holds: size and dtype of its image, tumour class (None: not told), the patient's number, a mask."""

    rows: int
    columns: int
    dtype: str
    label: int | None
    patient: str
    has_mask: bool
    marks: tuple[tuple[str, str, str], ...] = ()
    """(code, reason, done) of what was left out."""


def read_part(data: bytes, part: MatPart) -> MatFacts | NDArray[Any]:
    """Facts, image (rows, columns) in its own dtype, or mask (rows, columns) uint8 0 or 1 of a whole file.

    Raises `BadDicom` with the reason why it cannot be read.
    """
    with _structure(data) as group:
        image = _picture(group, "image")
        if image is None:
            raise BadDicom("NO_IMAGE", tr("Its structure {structure} holds no image.", structure=STRUCTURE))
        if part == "facts":
            return _facts(group, image)
        if part == "image":
            return np.ascontiguousarray(image[()].T).astype(image.dtype.newbyteorder("="))
        mask = _picture(group, "tumorMask")
        if mask is None or mask.shape != image.shape:
            raise BadDicom("NO_MASK", tr("It holds no mask of the size of its image."))
        return np.ascontiguousarray(mask[()].T != 0).astype(np.uint8)


@contextmanager
def _structure(data: bytes) -> Iterator[Any]:
    import h5py

    try:
        with h5py.File(h5py.h5f.open_file_image(data)) as file:
            group = _member(file, STRUCTURE)
            if not isinstance(group, h5py.Group):
                raise BadDicom(
                    "NO_IMAGE", tr("It holds no structure {structure} with an image.", structure=STRUCTURE)
                )
            yield group
    except (*DAMAGE, RuntimeError) as error:
        raise BadDicom("CORRUPT", tr("The file is damaged.")) from error


def _facts(group: Any, image: Any) -> MatFacts:
    mask = _picture(group, "tumorMask")
    marks: tuple[tuple[str, str, str], ...] = ()
    if mask is not None and mask.shape != image.shape:
        marks = (("MASK_SIZE", tr("Its tumour mask is not of the size of its image."), tr("Left out.")),)
    columns, rows = image.shape
    return MatFacts(
        rows,
        columns,
        image.dtype.newbyteorder("=").name,
        _whole_number(_member(group, "label")),
        _text(_member(group, "PID")),
        mask is not None and not marks,
        marks,
    )


def _member(group: Any, name: str) -> Any:
    """The object of a name, None where there is none. What is only a link is not even looked for."""
    import h5py

    links = group.id.links
    key = name.encode()
    if not links.exists(key):
        return None
    if links.get_info(key).type != h5py.h5l.TYPE_HARD:
        raise BadDicom("LINK", tr("Its {name} is a link, and links are not followed.", name=name))
    return group[name]


def _picture(group: Any, name: str) -> Any:
    """A plain two-dimensional array of numbers whose reading can only read this file."""
    import h5py

    found = _member(group, name)
    if found is None:
        return None
    if not isinstance(found, h5py.Dataset) or found.ndim != 2 or found.dtype.kind not in "buif":
        raise BadDicom(
            "UNSUPPORTED_BITS", tr("Its {name} is not a two-dimensional array of numbers.", name=name)
        )
    if found.dtype.itemsize > 8 or found.dtype == np.float16:
        raise BadDicom("UNSUPPORTED_BITS", tr("Values of {dtype} cannot be read.", dtype=found.dtype))
    _check_storage(found, name)
    columns, rows = found.shape
    if not rows or not columns:
        raise BadDicom("NO_IMAGE", tr("Its {name} is empty.", name=name))
    check_size(rows, columns, 1, found.dtype.itemsize)
    return found


def _check_storage(found: Any, name: str) -> None:
    if found.external or found.is_virtual:
        raise BadDicom("LINK", tr("Its {name} lies in another file, which is not read.", name=name))
    properties = found.id.get_create_plist()
    filters = {int(properties.get_filter(number)[0]) for number in range(properties.get_nfilters())}
    if filters - _FILTERS:
        raise BadDicom(
            "UNSUPPORTED_FILTER", tr("Its {name} is compressed in a way that is not read.", name=name)
        )
    if found.chunks and math.prod(found.chunks) * found.dtype.itemsize > CHUNK_LIMIT_BYTES:
        raise BadDicom(
            "TOO_LARGE", tr("Its {name} is stored in pieces larger than the program reads.", name=name)
        )


def _small(found: Any, most: int) -> NDArray[Any] | None:
    """The values of a short array of numbers; None for anything else."""
    import h5py

    if not isinstance(found, h5py.Dataset) or not 0 < found.size <= most or found.dtype.kind not in "buif":
        return None
    _check_storage(found, "entry")
    return np.asarray(found[()]).ravel()


def _whole_number(found: Any) -> int | None:
    values = _small(found, 1)
    if values is None or not np.isfinite(values[0]) or not 0 <= values[0] < 1000:
        return None
    return int(values[0])


def _text(found: Any) -> str:
    """Characters as MATLAB stores them, one 16-bit number each; a number is taken as its digits."""
    values = _small(found, TEXT_LIMIT)
    if values is None:
        return ""
    if values.dtype.kind == "f":
        return f"{values[0]:.0f}" if values.size == 1 and np.isfinite(values[0]) else ""
    return clean("".join(chr(int(value)) for value in values if 0 <= value < 0xD800))
