"""Watching a run on a benchmark file: head PSNR per protocol, and a picture of what the network makes of one slice.

The figures of a published model come from `train.evaluate` through the engine; these here follow the training.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from brainsr_desktop.core import metrics
from brainsr_desktop.core.errors import ReadError
from brainsr_desktop.core.intensity import Normalisation
from brainsr_desktop.core.resample import enlarge

Floats: TypeAlias = npt.NDArray[np.float32]
Enlarger: TypeAlias = Callable[[Floats], Floats]

PROTOCOLS: Final = ("bicubic", "kspace", "noisy")
_FULL_SCALE: Final = 4095.0


@dataclass(frozen=True, slots=True)
class BenchSlice:
    """A true slice (rows, columns) 0..1, the mask of the head, and the LR inputs by protocol."""

    truth: Floats
    head: npt.NDArray[np.bool_]
    low: dict[str, Floats]


def read_bench(path: Path, scale: int, stride: int = 1) -> list[BenchSlice]:
    """Every `stride`-th slice of a benchmark file, with its inputs of one scale.

    Raises:
        ReadError: the file is missing or is no benchmark with inputs of this scale.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            numbers = [int(json.loads(str(meta))["i"]) for meta in file["meta"]][::stride]
            return [_bench_slice(file, number, scale) for number in numbers]
    except (OSError, KeyError, ValueError) as error:
        raise ReadError(f"The benchmark {path.name} cannot be read: {error}", path=path) from error


def _bench_slice(file: np.lib.npyio.NpzFile, number: int, scale: int) -> BenchSlice:
    truth = _floats(file[f"hr_{number:03d}"])
    head = np.unpackbits(file[f"mask_{number:03d}"], count=truth.size).reshape(truth.shape).astype(bool)
    low = {protocol: _floats(file[f"{protocol}_x{scale}_{number:03d}"]) for protocol in PROTOCOLS}
    return BenchSlice(truth, head, low)


def _floats(stored: npt.NDArray[np.uint16]) -> Floats:
    return np.asarray(stored.astype(np.float32) / np.float32(_FULL_SCALE))


def _head_psnr(result: Floats, entry: BenchSlice) -> float:
    return metrics.psnr(np.clip(result, 0.0, 1.0), entry.truth, peak=1.0, mask=entry.head)


def scores(result: Floats, entry: BenchSlice) -> dict[str, float]:
    """PSNR (dB) of the slice and of the head and SSIM of the head, peak 1, the result clipped to 0..1."""
    clipped = np.clip(result, 0.0, 1.0)
    return {
        "head_psnr": _head_psnr(clipped, entry),
        "psnr": metrics.psnr(clipped, entry.truth, peak=1.0),
        "ssim": metrics.ssim(clipped, entry.truth, peak=1.0, mask=entry.head),
    }


def mean_scores(slices: Sequence[BenchSlice], protocol: str, enlarged: Enlarger) -> dict[str, float]:
    """`scores`, each averaged over the slices."""
    rows = [scores(enlarged(entry.low[protocol]), entry) for entry in slices]
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def head_psnr_by_protocol(slices: Sequence[BenchSlice], enlarged: Enlarger) -> dict[str, float]:
    """Mean over the slices for each protocol, in dB."""
    return {
        protocol: float(np.mean([_head_psnr(enlarged(entry.low[protocol]), entry) for entry in slices]))
        for protocol in PROTOCOLS
    }


def normalised(enlarged: Enlarger) -> Enlarger:
    """The same network behind the normalisation by slice that the engine puts around it."""

    def enlarged_normalised(low: Floats) -> Floats:
        normalisation = Normalisation.of(low)
        return normalisation.backward(enlarged(normalisation.forward(low)))

    return enlarged_normalised


def comparison_picture(
    entry: BenchSlice, enlarged: Enlarger, scale: int, protocol: str = "noisy"
) -> Image.Image:
    """Truth | input | bicubic | network, side by side, 0..1 as black to white."""
    low = entry.low[protocol]
    columns = [entry.truth, enlarge(low, scale, "nearest"), enlarge(low, scale, "bicubic"), enlarged(low)]
    levels = np.clip(np.hstack(columns) * 255.0 + 0.5, 0, 255).astype(np.uint8)
    return Image.fromarray(levels)
