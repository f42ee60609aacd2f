"""MATLAB 7.3 files as MATLAB writes the brain-tumour study's: 512 bytes of its own, then HDF5 with columns first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

USER_BLOCK_BYTES = 512
HEADER = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Mon Jan  1 00:00:00 2024 HDF5 schema 1.00 ."


def tumour_mask(rows: int, columns: int) -> NDArray[np.uint8]:
    """A mask that is not symmetric in any way, (rows, columns)."""
    mask = np.zeros((rows, columns), np.uint8)
    mask[rows // 4 : rows // 2, columns // 8 : columns // 4] = 1
    mask[rows // 4, columns // 8 : columns // 2] = 1
    return mask


def write_mat(
    path: Path,
    image: NDArray[Any],
    mask: NDArray[Any] | None = None,
    *,
    label: int | None = 2,
    patient: str = "100360",
    compressed: bool = True,
    edit: Callable[[Any], None] | None = None,
) -> Path:
    """One slice (rows, columns). ``edit`` may change the structure before the file is closed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    storage = {"compression": "gzip"} if compressed else {}
    with h5py.File(path, "w", userblock_size=USER_BLOCK_BYTES) as file:
        group = file.create_group("cjdata")
        group.attrs["MATLAB_class"] = np.bytes_("struct")
        group.create_dataset("image", data=image.T, **storage)
        if mask is not None:
            group.create_dataset("tumorMask", data=mask.T.astype(np.uint8), **storage)
            group["tumorMask"].attrs["MATLAB_class"] = np.bytes_("logical")
            group["tumorBorder"] = np.array([[1.0], [2.0], [3.0], [4.0]])
        if label is not None:
            group["label"] = np.array([[float(label)]])
        if patient:
            group["PID"] = np.array([[ord(character)] for character in patient], np.uint16)
        if edit is not None:
            edit(group)
    with path.open("r+b") as stream:
        stream.write(HEADER.ljust(116) + b"\0" * 8 + b"\x00\x02IM")
    return path
