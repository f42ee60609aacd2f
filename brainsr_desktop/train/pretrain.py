"""`brainsr train --pretrain-features`: the weights of a feature network, from ImageNet or trained on MR slices."""

from __future__ import annotations

import json
import logging
import math
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal
from urllib.error import URLError

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from brainsr_desktop.core.errors import BadOutput, ReadError, UsageError
from brainsr_desktop.train import checkpoint, curriculum, records
from brainsr_desktop.train.config import Optimiser, read_kind, require
from brainsr_desktop.train.dataset import Floats
from brainsr_desktop.train.devices import autocast, on_device, placed, resolved_device
from brainsr_desktop.train.features import (
    FEATURE_NAMES,
    FeatureName,
    Provenance,
    build_features,
    file_name,
    matched,
    read_imagenet,
    save_features,
)
from brainsr_desktop.train.pretrain_task import (
    KINDS,
    TAPS,
    CropSource,
    Heads,
    LabelledSlice,
    classes_of,
    folded,
    noisy_crop,
    normalise,
    numbered,
    read_labelled,
    task_loss,
)

log = logging.getLogger(__name__)

FORMAT: Final = "brainsr-pretraining-1"
IMAGENET_FILES: Final[Mapping[FeatureName, str]] = {
    "vgg19": "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",
    "inception_v3": "https://download.pytorch.org/models/inception_v3_google-0cc3c7bd.pth",
}
"""torchvision's published weights; the name holds the beginning of their SHA-256, which torch.hub checks."""

_VALIDATION_NOISE: Final = 4.0


@dataclass(frozen=True, slots=True)
class Pretraining:
    """How a feature network gets its weights. Exactly one of `steps` and `minutes` decides how long it is trained.

    weights: a safetensors file with torchvision's names, in place of any training. source: `auto` asks torch.hub for
    ImageNet's weights and trains where they are not to be had; `imagenet` and `mr` want the one or the other.
    crop_px: side of the pictures. noise_percent: range of the noise that is to be taken away. denoising: its weight.
    """

    weights: str = ""
    source: Literal["auto", "imagenet", "mr"] = "auto"
    stacks: tuple[str, ...] = ("train_00.npz", "train_01.npz", "train_02.npz")
    validation: tuple[str, ...] = ("val.npz",)
    steps: int = 0
    minutes: float = 0.0
    batch: int = 8
    crop_px: int = 64
    noise_percent: tuple[float, float] = (1.0, 8.0)
    denoising: float = 10.0
    rate: float = 1e-3
    seed: int = 1
    precision: Literal["fp32", "bf16"] = "bf16"
    log_every_steps: int = 10
    validate_every_minutes: float = 4.0
    checkpoint_every_minutes: float = 2.0
    checkpoint_every_steps: int = 0
    threads: int = 0

    def __post_init__(self) -> None:
        require(not (self.steps and self.minutes), "give either steps or minutes, not both")
        require(self.steps >= 0 and self.minutes >= 0, "steps and minutes must not be negative")
        require(self.batch >= 1, "batch must be at least 1")
        require(self.crop_px >= 64, "crop_px must be at least 64: a smaller crop has no deep layers")
        require(0 <= self.noise_percent[0] <= self.noise_percent[1], "noise_percent must be a rising range")
        require(self.denoising >= 0 and 0 < self.rate < 1, "denoising and rate must be above 0")
        require(self.log_every_steps >= 1, "log_every_steps must be at least 1")

    @property
    def length_minutes(self) -> float:
        return self.minutes or (0.0 if self.steps else 10.0)


def pretrain(
    name: str,
    *,
    config_path: Path | None = None,
    weights: Path | None = None,
    resume: bool = False,
    data: Path | None = None,
    out: Path | None = None,
    device: str = "auto",
    overrides: Sequence[str] = (),
) -> int:
    """Write `out`/<name>.safetensors, which the feature loss reads; returns the exit status 0.

    From `weights` if given; else from ImageNet by torch.hub where the machine is connected; else trained on the stack
    files in `data`.

    Raises:
        UsageError: the options are wrong.   ReadError: data or weights cannot be read.
        ModelError: the weights are not those of this network.   BadOutput: the loss is no longer finite.
    """
    known = _known(name)
    config = read_kind(Pretraining, config_path, overrides)
    target = (out or Path("runs")) / file_name(known)
    if target.exists() and not resume:
        raise UsageError(
            f"{target} is there already.", advice="Choose another --out, or delete it.", path=target
        )
    found = _from_imagenet(known, config, weights)
    if found is not None:
        network = build_features(known)
        network.load_state_dict(found[0])
        save_features(target, network, Provenance(known, "imagenet", found[1], {}))
        records.say(f"{known}: {found[1]}, written to {target}")
        return 0
    if data is None:
        raise UsageError("--data is missing: the folder with the training files.")
    if config.threads:
        torch.set_num_threads(config.threads)
    run = PretrainingRun(known, config, data, target, torch.device(resolved_device(device)))
    if resume and run.checkpoint_path.exists():
        run.restore()
    run.go()
    return 0


def _known(name: str) -> FeatureName:
    for known in FEATURE_NAMES:
        if name == known:
            return known
    raise UsageError(f"There is no feature network {name!r}; there are {', '.join(FEATURE_NAMES)}.")


def _from_imagenet(
    name: FeatureName, config: Pretraining, weights: Path | None
) -> tuple[dict[str, Tensor], str] | None:
    path = weights or (Path(config.weights) if config.weights else None)
    if path is not None:
        return read_imagenet(path, name), f"ImageNet weights from the file {path.name}"
    if config.source == "mr":
        return None
    address = IMAGENET_FILES[name]
    try:
        tensors = torch.hub.load_state_dict_from_url(
            address, map_location="cpu", check_hash=True, weights_only=True, progress=False
        )
    except (URLError, OSError, RuntimeError) as error:
        log.info("torch.hub has no %s: %s", address, error)
        if config.source == "imagenet":
            raise ReadError(
                f"ImageNet's weights of {name} cannot be had: {error}",
                advice="Give them as a file by --weights, or train on MR slices with --set source=mr.",
            ) from error
        records.say(f"{name}: ImageNet's weights cannot be had here, so it is trained on the MR slices.")
        return None
    file = address.rpartition("/")[2]
    return matched(tensors, name, file), f"ImageNet weights, torchvision's {file}"


class PretrainingRun:
    """Network, heads, optimiser and where the run stands. `restore` where it is to go on, then `go`."""

    def __init__(
        self, name: FeatureName, config: Pretraining, data: Path, target: Path, device: torch.device
    ) -> None:
        self.name, self.config, self.target, self.device = name, config, target, device
        slices = read_labelled(data, config.stacks)
        self.validation = read_labelled(data, config.validation)
        self.classes = classes_of(slices)
        self.crops = CropSource(slices, self.classes, config.crop_px, config.noise_percent)
        torch.manual_seed(config.seed)
        self.network = build_features(name)
        normalise(self.network)
        self.heads = Heads(self.network, TAPS[name], self.classes)
        placed(self.network, device)
        placed(self.heads, device)
        parameters = [*self.network.parameters(), *self.heads.parameters()]
        self.optimiser = torch.optim.Adam(parameters, lr=config.rate, fused=True)
        self.step = 0
        self.figures: dict[str, float] = {}
        self._losses: list[Tensor] = []
        self._clock, self._seconds_before, self._saved_at = time.monotonic(), 0.0, 0.0

    @property
    def seconds(self) -> float:
        return self._seconds_before + time.monotonic() - self._clock

    @property
    def progress(self) -> float:
        steps = self.config.steps
        return min(self.step / steps if steps else self.seconds / (self.config.length_minutes * 60.0), 1.0)

    @property
    def checkpoint_path(self) -> Path:
        return self.target.with_name(f"{self.name}-pretraining.safetensors")

    def go(self) -> None:
        """Train to the end and write the feature file."""
        self.target.parent.mkdir(parents=True, exist_ok=True)
        bar = records.ProgressBar(f"{self.name} on MR")
        validated = self.seconds
        try:
            while self.progress < 1.0:
                self.train_step()
                if self.step % self.config.log_every_steps == 0:
                    bar.show(self.step, self.progress, self.seconds, self._log())
                if self.seconds - validated > self.config.validate_every_minutes * 60.0:
                    self.validate()
                    validated = self.seconds
                if self._save_due():
                    self.save()
        except KeyboardInterrupt:
            self.save()
            raise
        bar.close()
        self.validate()
        self.save()
        save_features(self.target, folded(self.network), self.provenance())
        records.say(f"{self.provenance().text}; written to {self.target}")

    def provenance(self) -> Provenance:
        recognised = ", ".join(f"{kind} {self.figures[kind]:.2f}" for kind in KINDS if kind in self.figures)
        text = (
            f"{self.name} pre-trained on MR slices ({self.step} steps of {self.config.batch}): recognised on unseen"
            f" subjects {recognised}; denoising {self.figures['noisy_psnr']:.1f} to"
            f" {self.figures['denoised_psnr']:.1f} dB"
        )
        return Provenance(self.name, "mr", text, self.figures)

    def train_step(self) -> None:
        """Learn from one batch."""
        config = self.config
        crops = self.crops.batch(config.seed, self.step, config.batch)
        schedule = Optimiser(rate=config.rate, final_rate=config.rate / 100, warmup_steps=50)
        for group in self.optimiser.param_groups:
            group["lr"] = curriculum.learning_rate(schedule, self.step, self.progress)
        self.optimiser.zero_grad(set_to_none=True)
        noisy, clean = on_device(crops.noisy, self.device), on_device(crops.clean, self.device)
        labels = torch.from_numpy(crops.labels).to(self.device)
        with autocast(self.device, config.precision):
            denoised, logits = self.heads(noisy, self.network(noisy, tuple(TAPS[self.name])))
        loss = task_loss(denoised, logits, clean, labels, config.denoising)
        loss.backward()  # type: ignore[no-untyped-call]
        parameters = [*self.network.parameters(), *self.heads.parameters()]
        nn.utils.clip_grad_norm_(parameters, 1.0)
        self.optimiser.step()
        self.step += 1
        self._losses.append(loss.detach())

    @torch.inference_mode()
    def validate(self) -> None:
        """Accuracy by kind and PSNR before and after denoising on the crops from the middle of unseen subjects."""
        self.network.eval()
        rows = [self._judged(entry, index) for index, entry in enumerate(self.validation)]
        self.network.train()
        self.figures = {
            name: float(np.mean([row[name] for row in rows if name in row]))
            for name in dict.fromkeys(name for row in rows for name in row)
        }
        row: dict[str, object] = {"step": self.step, "seconds": round(self.seconds, 1)}
        text = {name: f"{value:.4f}" for name, value in self.figures.items()}
        records.append_row(self.target.with_name(f"{self.name}-validation.csv"), row | text)
        records.say(f"{self.name}, step {self.step}: {text}")

    def _judged(self, entry: LabelledSlice, index: int) -> dict[str, float]:
        clean = _middle(entry, self.config.crop_px)
        noisy = noisy_crop(clean, _VALIDATION_NOISE, self.config.seed, index)
        picture = on_device(noisy[None, None], self.device)
        with autocast(self.device, self.config.precision):
            denoised, logits = self.heads(picture, self.network(picture, tuple(TAPS[self.name])))
        labels = numbered(entry, self.classes)
        right = {
            kind: float(int(logits[kind].softmax(-1).mean((0, 1)).argmax()) == label)
            for kind, label in zip(KINDS, labels, strict=True)
            if label >= 0
        }
        result = denoised[0, 0].cpu().numpy()
        return right | {"noisy_psnr": _psnr(noisy, clean), "denoised_psnr": _psnr(result, clean)}

    def _log(self) -> float:
        loss = float(torch.stack(self._losses).mean())
        self._losses.clear()
        if not math.isfinite(loss):
            raise BadOutput(
                f"The loss is no longer finite at step {self.step}.", advice="Try a smaller rate by --set."
            )
        row = {"step": self.step, "seconds": round(self.seconds, 1), "loss": f"{loss:.5f}"}
        records.append_row(self.target.with_name(f"{self.name}-loss.csv"), row)
        return loss

    def _save_due(self) -> bool:
        every = self.config.checkpoint_every_steps
        if every and self.step % every == 0:
            return True
        return self.seconds - self._saved_at > self.config.checkpoint_every_minutes * 60.0

    def save(self) -> None:
        """Write where the run stands in place of what was written before."""
        tensors = {f"network/{name}": tensor for name, tensor in self.network.state_dict().items()}
        tensors |= {f"heads/{name}": tensor for name, tensor in self.heads.state_dict().items()}
        for number, entries in checkpoint.optimiser_tensors(self.optimiser).items():
            tensors |= {f"optimiser/{number}/{name}": tensor for name, tensor in entries.items()}
        facts = {"step": self.step, "seconds": self.seconds, "name": self.name, "config": asdict(self.config)}
        plain = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
        beside = self.checkpoint_path.with_name(f"{self.checkpoint_path.name}.new")
        save_file(plain, beside, metadata={"format": FORMAT, "facts": json.dumps(facts)})
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        beside.replace(self.checkpoint_path)
        self._saved_at = self.seconds

    def restore(self) -> None:
        """Go on where `save` was called last. Raises ReadError where its file is damaged or another run's."""
        facts, tensors = _read_state(self.checkpoint_path, self.name)
        try:
            self.network.load_state_dict(checkpoint.below("network/", tensors))
            self.heads.load_state_dict(checkpoint.below("heads/", tensors))
        except RuntimeError as error:
            raise UsageError(
                "The pre-training to go on with was done on other data.",
                advice="Start again without --resume.",
            ) from error
        checkpoint.restore_optimiser(self.optimiser, checkpoint.numbered_below("optimiser/", tensors))
        self.step = int(facts["step"])
        self._seconds_before = self._saved_at = float(facts["seconds"])
        self._clock = time.monotonic()


def _read_state(path: Path, name: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
        facts: dict[str, Any] = json.loads(header["facts"])
        if header["format"] != FORMAT or facts["name"] != name:
            raise ValueError("it belongs to another run")
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        raise ReadError(
            f"{path.name} cannot be read: {error}", advice="Start again without --resume.", path=path
        ) from error
    return facts, tensors


def _middle(entry: LabelledSlice, side: int) -> Floats:
    row, column = ((size - side) // 2 for size in entry.pixels.shape)
    return entry.pixels[row : row + side, column : column + side].astype(np.float32) / np.float32(255.0)


def _psnr(image: Floats, truth: Floats) -> float:
    return float(-10.0 * np.log10(max(float(np.square(image - truth).mean()), 1e-12)))
