"""Masks that lie in the files of a stack: what an expert outlined, slice by slice."""

from __future__ import annotations

from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.core.errors import ReadError
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io.dicom_file import BadDicom, quiet
from brainsr_desktop.io.mat import MatPixels
from brainsr_desktop.io.text import path_text


def read_mask(stack: StackInfo, index: int) -> NDArray[np.uint8] | None:
    """The mask of one frame (volume * slices + slice), (rows, columns) uint8, 1 inside; None where there is none.

    Raises:
        ReadError: the file can no longer be read.
    """
    frame = stack.frames[index]
    if frame is None or not stack.has_masks:
        return None
    try:
        with quiet(), closing(MatPixels(frame.path, frame.member)) as pixels:
            mask = pixels.mask()
    except (BadDicom, OSError) as error:
        raise ReadError(f"The mask in {path_text(frame.path)} cannot be read.", path=frame.path) from error
    return mask if mask is not None and mask.shape == stack.shape[1:] else None
