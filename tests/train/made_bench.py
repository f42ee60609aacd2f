"""A small benchmark file in the format of the real one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from brainsr_desktop.core.degrade import Degradation, degrade
from brainsr_desktop.core.metrics import head_mask
from tests.engine.made_models import phantom

PROTOCOLS = {
    "bicubic": Degradation(method="bicubic"),
    "kspace": Degradation(),
    "noisy": Degradation(noise_percent=3.0, blur_px=0.5),
}


def stored(pixels: npt.NDArray[np.floating]) -> npt.NDArray[np.uint16]:
    """0..1 as 0..4095; more is kept."""
    return np.asarray(np.round(np.clip(pixels, 0.0, 16.0) * 4095.0), np.uint16)


def bench_arrays(slices: int = 4, subjects: int = 2, scales: tuple[int, ...] = (4, 2)) -> dict[str, Any]:
    """The arrays of a benchmark file."""
    arrays: dict[str, Any] = {}
    meta = []
    for i in range(slices):
        truth = np.clip(phantom(72, 64 + 8 * (i % 2), i) / np.float32(800.0), 0.0, 1.0)
        arrays[f"hr_{i:03d}"] = stored(truth)
        arrays[f"mask_{i:03d}"] = np.packbits(head_mask(truth))
        for scale in scales:
            for name, degradation in PROTOCOLS.items():
                low = degrade(truth, replace(degradation, reduction=scale, seed=scale), slice_index=i)
                arrays[f"{name}_x{scale}_{i:03d}"] = stored(low)
        meta.append(json.dumps({"i": i, "subject": f"s{i % subjects}", "contrast": "T1", "plane": "axi"}))
    return {**arrays, "meta": np.array(meta)}


def write_bench(path: Path, **arrays: Any) -> Path:
    """Write arrays, those of ``bench_arrays`` if none are given."""
    np.savez_compressed(path, **(arrays or bench_arrays()))
    return path
