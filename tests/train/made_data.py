"""Small training data in the format of the real ones, from a synthetic head."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from brainsr_desktop.core.degrade import Degradation, degrade
from brainsr_desktop.train.features import Provenance, build_features, save_features

Floats = npt.NDArray[np.float32]

CONFIG = """
schema = 1
name = "tiny"
[network]
name = "espcn"
config = { scale = 2 }
[data]
stacks = ["train.npz"]
validation = "bench.npz"
validation_stride = 1
[optimiser]
warmup_steps = 4
[run]
batch = 2
steps = 30
precision = "fp32"
threads = 1
log_every_steps = 5
validate_every_steps = 20
checkpoint_every_steps = 5
[[stage]]
patch_px = 12
[[stage]]
start = 0.5
ramp = 0.2
patch_px = 16
noisy = 0.8
squared = 1.0
[card]
title = "Tiny"
role = "preview"
"""

GAN = """
[features]
vgg19 = "vgg19.safetensors"
vgg19_layers = ["relu1_1", "relu2_2"]
[adversary]
width = 4
[[stage]]
start = 0.7
ramp = 0.1
patch_px = 16
features = 0.1
adversarial = 0.005
"""
"""What makes the tiny run end with a feature loss and a discriminator."""


def head(rows: int, columns: int, seed: int) -> Floats:
    """A head with folds (rows, columns) 0..1."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:rows, :columns]
    radius = np.hypot((y - rows / 2) / (0.45 * rows), (x - columns / 2) / (0.42 * columns))
    folds = 0.6 + 0.3 * np.sin(y / random.uniform(2, 5)) * np.cos(x / random.uniform(2, 5))
    return np.where(radius < 1, folds, 0).astype(np.float32)


def write_stacks(
    path: Path,
    contrasts: tuple[str, ...] = ("T1", "T1", "T2"),
    slices: int = 2,
    side: tuple[int, int] = (64, 56),
) -> Path:
    encoded, counts, metas = [], [], []
    for number, contrast in enumerate(contrasts):
        for i in range(slices):
            pixels = np.round(head(side[0], side[1] + 8 * number, 10 * number + i) * 255).astype(np.uint8)
            stream = io.BytesIO()
            Image.fromarray(pixels).convert("RGB").save(stream, "WEBP", lossless=True)
            encoded.append(stream.getvalue())
        counts.append(slices)
        metas.append(
            json.dumps(
                {
                    "contrast": contrast,
                    "subject": f"subject-{number}",
                    "plane": ("axi", "sag", "cor")[number % 3],
                    "source": "made for a test",
                    "licence": "CC0",
                    "spacing_mm": [0.8 + 0.1 * number, 1.0],
                    "idx": list(range(10 * number, 10 * number + slices)),
                    "step_mm": 2.5,
                }
            )
        )
    np.savez(
        path,
        blob=np.frombuffer(b"".join(encoded), np.uint8),
        size=np.array([len(entry) for entry in encoded]),
        count=np.array(counts),
        meta=np.array(metas),
    )
    return path


def write_bench(path: Path, scale: int = 2, slices: int = 2) -> Path:
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    for i in range(slices):
        truth = np.round(head(64, 72, 90 + i) * 4095).astype(np.uint16)
        image = truth / np.float32(4095)
        arrays[f"hr_{i:03d}"] = truth
        arrays[f"mask_{i:03d}"] = np.packbits(image > 0)
        for protocol, degradation in (
            ("bicubic", Degradation(reduction=scale, method="bicubic")),
            ("kspace", Degradation(reduction=scale)),
            ("noisy", Degradation(3.0, 0.5, scale)),
        ):
            low = degrade(image, degradation, slice_index=i)
            arrays[f"{protocol}_x{scale}_{i:03d}"] = np.round(low * 4095).astype(np.uint16)
    np.savez(path, meta=np.array([json.dumps({"i": i}) for i in range(slices)]), **arrays)  # type: ignore[arg-type]
    return path


def write_features(folder: Path) -> Path:
    """A file of feature weights as far as the tiny run reads them."""
    provenance = Provenance("vgg19", "mr", "vgg19 made for a test", {})
    save_features(folder / "vgg19.safetensors", build_features("vgg19", "relu2_2"), provenance)
    return folder / "vgg19.safetensors"


def write_gan(folder: Path) -> Path:
    """A configuration like that of `write_all` with a cGAN stage; its feature file goes where the runs are kept."""
    path = folder / "gan" / "tiny.toml"
    path.parent.mkdir()
    first, card, words = CONFIG.partition("[card]")
    path.write_text(first + GAN + card + words, encoding="utf-8")
    return path


def write_all(folder: Path) -> Path:
    """Stacks, benchmark and configuration; returns the path of the configuration."""
    write_stacks(folder / "train.npz")
    write_bench(folder / "bench.npz")
    path = folder / "tiny.toml"
    path.write_text(CONFIG, encoding="utf-8")
    return path
