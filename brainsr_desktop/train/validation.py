"""Watching a run on a benchmark file: head PSNR and SSIM per protocol, and a picture of what becomes of one slice.

The figures of a published model come from `train.evaluate` through the engine; these here follow the training.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from brainsr_desktop.core import metrics
from brainsr_desktop.core.resample import enlarge
from brainsr_desktop.train.bench import Bench

Floats: TypeAlias = npt.NDArray[np.float32]
Enlarger: TypeAlias = Callable[[Floats], Floats]

PROTOCOLS: Final = ("bicubic", "kspace", "noisy")


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
    with Bench(path) as bench:
        return [_bench_slice(bench, number, scale) for number in bench.numbers[::stride]]


def _bench_slice(bench: Bench, number: int, scale: int) -> BenchSlice:
    truth = bench.true_slice(number)
    low = {protocol: bench.low(number, scale, protocol) for protocol in PROTOCOLS}
    return BenchSlice(truth.pixels, truth.head, low)


@dataclass(frozen=True, slots=True)
class HeadFigures:
    """Means over slices in the head: PSNR in dB, SSIM."""

    psnr: float
    ssim: float


def head_figures(slices: Sequence[BenchSlice], enlarged: Enlarger) -> dict[str, HeadFigures]:
    """By protocol; the results are cut to 0..1, peak 1."""
    found = {}
    for protocol in PROTOCOLS:
        pairs = [(np.clip(enlarged(entry.low[protocol]), 0.0, 1.0), entry) for entry in slices]
        psnr = [metrics.psnr(result, entry.truth, peak=1.0, mask=entry.head) for result, entry in pairs]
        ssim = [metrics.ssim(result, entry.truth, peak=1.0, mask=entry.head) for result, entry in pairs]
        found[protocol] = HeadFigures(float(np.mean(psnr)), float(np.mean(ssim)))
    return found


def head_psnr_by_protocol(slices: Sequence[BenchSlice], enlarged: Enlarger) -> dict[str, float]:
    """Mean over the slices for each protocol, in dB."""
    return {protocol: figures.psnr for protocol, figures in head_figures(slices, enlarged).items()}


def comparison_picture(
    entry: BenchSlice, enlarged: Enlarger, scale: int, protocol: str = "noisy"
) -> Image.Image:
    """Truth | input | bicubic | network, side by side, 0..1 as black to white."""
    low = entry.low[protocol]
    columns = [entry.truth, enlarge(low, scale, "nearest"), enlarge(low, scale, "bicubic"), enlarged(low)]
    levels = np.clip(np.hstack(columns) * 255.0 + 0.5, 0, 255).astype(np.uint8)
    return Image.fromarray(levels)
