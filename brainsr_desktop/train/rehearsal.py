"""`brainsr train --dry-run`: how large and how hungry a run is, and what its first batch looks like."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import numpy as np
import psutil
import torch
from PIL import Image
from torch import nn

from brainsr_desktop.core.resample import enlarge
from brainsr_desktop.train.dataset import Batch, Floats
from brainsr_desktop.train.size import gflop, parameter_count

MOST_PAIRS: Final = 8
_GAP_PX: Final = 2
_MIB: Final = 1 << 20


def size_text(network: nn.Module) -> str:
    """Parameters, and operations for the slice that cards speak of."""
    return f"{parameter_count(network)} parameters, {gflop(network, 160 * 160):.2f} GFLOP for a slice of 160 x 160"


def memory_text(device: torch.device) -> str:
    """What the run holds now, after its first steps: measured, not estimated."""
    if device.type == "cuda":
        return f"memory {torch.cuda.max_memory_allocated(device) / _MIB:.0f} MiB (measured: the most on {device})"
    resident = psutil.Process().memory_info().rss / _MIB
    return f"memory {resident:.0f} MiB (measured: this process with its data, after two steps)"


def batch_picture(batch: Batch, scale: int) -> Image.Image:
    """The first pairs of a batch: inputs (nearest neighbour) above, truths below; 0..1 is black to white."""
    lows, truths = (_arrays(side)[:MOST_PAIRS] for side in (batch.low, batch.truth))
    above = [enlarge(low, scale, "nearest") for low in lows]
    rows = [_beside(above), _beside(list(truths))]
    gap = np.ones((_GAP_PX, rows[0].shape[1]), np.float32)
    levels = np.clip(np.vstack([rows[0], gap, rows[1]]) * 255.0 + 0.5, 0, 255).astype(np.uint8)
    return Image.fromarray(levels)


def write_batch_picture(batch: Batch, scale: int, name: str, folder: Path | None) -> Path:
    """Write the picture into `folder`, or where none is given into a new temporary file; returns its path."""
    if folder is None:
        with tempfile.NamedTemporaryFile(prefix=f"{name}-first-batch-", suffix=".png", delete=False) as file:
            path = Path(file.name)
    else:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}-first-batch.png"
    batch_picture(batch, scale).save(path)
    return path


def _arrays(side: Floats | torch.Tensor) -> Floats:
    array: Floats = side.float().cpu().numpy() if isinstance(side, torch.Tensor) else side
    return array[:, 0]


def _beside(pictures: list[Floats]) -> Floats:
    gap = np.ones((pictures[0].shape[0], _GAP_PX), np.float32)
    parts = [part for picture in pictures for part in (picture, gap)][:-1]
    return np.hstack(parts)
