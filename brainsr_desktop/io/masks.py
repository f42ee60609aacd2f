"""Masks that lie in the files of a stack: what an expert outlined, slice by slice."""

from __future__ import annotations

from contextlib import closing
from typing import Final

import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.core import outline
from brainsr_desktop.core.errors import ReadError
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io.dicom_file import BadDicom, quiet
from brainsr_desktop.io.mat import MatPixels
from brainsr_desktop.io.text import path_text
from brainsr_desktop.language import tr

PIECES_LIMIT: Final = 10_000
"""A mask with more straight pieces at its edge is noise, and drawing it would hold up the window."""


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
        raise ReadError(
            tr("The mask in {name} cannot be read.", name=path_text(frame.path)), path=frame.path
        ) from error
    return mask if mask is not None and mask.shape == stack.shape[1:] else None


def outline_of(mask: NDArray[np.uint8]) -> NDArray[np.int32]:
    """The edge of a mask (rows, columns) as straight pieces along pixel edges, (pieces, 4): row, column, row, column.

    Coordinates count pixel edges: (0, 0) is the outer corner of the first pixel.

    Raises:
        ReadError: the edge has more pieces than can be drawn.
    """
    pieces = outline.outline_of(mask)
    if len(pieces) > PIECES_LIMIT:
        raise ReadError(tr("The mask of this slice has too ragged an edge to be drawn."))
    return pieces
