"""Slices of a series as the truth for `brainsr evaluate` and `brainsr sweep`. Heavy: imported inside ``run`` only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from brainsr_desktop.core.intensity import robust_max
from brainsr_desktop.core.measure import padding_of
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io.masks import read_mask
from brainsr_desktop.io.messages import FrameLoaded, LoadStack
from brainsr_desktop.ipc.client import BlockingClient
from brainsr_desktop.ipc.messages import Answer
from brainsr_desktop.ipc.shared_array import SharedArray
from brainsr_desktop.train.evaluate import KnownSlice


def known_slices(
    files: BlockingClient, stack: StackInfo, wanted: range | None, subject: str
) -> list[KnownSlice]:
    """The chosen slices of the first volume of a stack that may be enhanced."""
    volume = next(i for i, reason in enumerate(stack.volume_unsuitable) if reason is None)
    numbers = [n for n in (wanted or range(stack.slices)) if n < stack.slices and stack.frame_at(volume, n)]
    indices = tuple(volume * stack.slices + number for number in numbers)
    damaged: set[int] = set()

    def on_answer(answer: Answer) -> None:
        if isinstance(answer, FrameLoaded) and answer.problem is not None:
            damaged.add(answer.index)

    block = SharedArray.create(stack.shape, stack.dtype)
    try:
        files.call(lambda job: LoadStack(job, stack, block.ref, indices), on_answer)
        good = [index for index in indices if index not in damaged]
        pixels = [np.array(block.array[index], np.float32) for index in good]
    finally:
        block.close()
    limits = [frame.padding if (frame := stack.frames[index]) is not None else None for index in good]
    paddings = [
        None if limit is None else padding_of(image, *limit)
        for image, limit in zip(pixels, limits, strict=True)
    ]
    pixels = [
        image if padding is None else padding.filled(image)
        for image, padding in zip(pixels, paddings, strict=True)
    ]
    range_max = max((robust_max(image) for image in pixels), default=0.0)
    spacing_mm = stack.geometry.spacing_mm
    return [
        KnownSlice(
            image, subject, index % stack.slices, range_max, _lesion(stack, index), padding, spacing_mm
        )
        for index, image, padding in zip(good, pixels, paddings, strict=True)
    ]


def _lesion(stack: StackInfo, index: int) -> npt.NDArray[np.bool_] | None:
    """What an expert outlined in a slice, where the files say it."""
    mask = read_mask(stack, index) if stack.has_masks else None
    return None if mask is None else mask.astype(np.bool_)
