"""The configuration of a training run: TOML to frozen dataclasses, every value checked with a message that names it."""

from __future__ import annotations

import dataclasses
import itertools
import re
import tomllib
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from brainsr_desktop.core.errors import UsageError

SCHEMA = 1
Kind = TypeVar("Kind")


def require(good: bool, message: str) -> None:
    if not good:
        raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Network:
    """A name of `models.networks.NETWORKS` and the arguments of its `build`."""

    name: str
    config: dict[str, Any] = field(default_factory=dict)

    @property
    def scale(self) -> int:
        scale: int = self.config["scale"]
        return scale

    def __post_init__(self) -> None:
        require(type(self.config.get("scale")) is int, "network.config.scale must be a whole number")


@dataclass(frozen=True, slots=True)
class DataSource:
    """A file or folder with anything that the window opens, relative to the data folder; a text alone is its path.

    kind: take only series of this kind. contrast: what they are, else told by their files or names. subject: a regular
    expression with a group `subject`, found in the path of each file below `path` (with / between folders); it says
    whose the slices are where the files do not. use: "split" divides the subjects by `data.split`.
    """

    path: str
    kind: Literal["", "dicom", "nifti", "png", "jpeg", "tiff", "mat", "numpy"] = ""
    contrast: str = ""
    subject: str = ""
    use: Literal["split", "train", "val", "test"] = "split"

    def __post_init__(self) -> None:
        require(bool(self.path), "data.sources: path must not be empty")
        try:
            named = re.compile(self.subject).groupindex
        except re.error as error:
            raise ValueError(f"data.sources: subject of {self.path!r} is no pattern: {error}") from error
        require(
            not self.subject or "subject" in named,
            f"data.sources: subject of {self.path!r} needs a group (?P<subject>...)",
        )


@dataclass(frozen=True, slots=True)
class Split:
    """Shares of the subjects, relative to each other. A subject's place depends on nothing but its name."""

    train: float = 0.8
    val: float = 0.1
    test: float = 0.1

    def __post_init__(self) -> None:
        require(min(self.train, self.val, self.test) >= 0, "data.split: shares must not be negative")
        require(self.train > 0, "data.split.train must be above 0")


@dataclass(frozen=True, slots=True)
class Data:
    """Stack files and the benchmark to watch, relative to the data folder, and sources of any kind (`train.sources`).

    All of `stacks` is for training. Without `validation` the run is watched on the held-back subjects of `sources`.
    contrast_shares: how often a patch comes from a contrast, relative to each other; a contrast not named is left out.
    An empty table takes each slice by its area. flat_below: patches whose truth has a smaller standard deviation
    (0..1) are drawn again. intensity: range of the factor put on both sides of a pair, because the engine normalises
    slice by slice and the stacks are normalised by volume.
    """

    stacks: tuple[str, ...] = ()
    sources: tuple[DataSource, ...] = ()
    split: Split = field(default_factory=Split)
    validation: str = ""
    validation_stride: int = 6
    contrast_shares: dict[str, float] = field(default_factory=dict)
    flat_below: float = 0.01
    intensity: tuple[float, float] = (0.7, 1.3)

    def __post_init__(self) -> None:
        require(bool(self.stacks or self.sources), "data.stacks or data.sources must name at least one file")
        require(self.validation_stride >= 1, "data.validation_stride must be at least 1")
        require(0 < self.intensity[0] <= self.intensity[1], "data.intensity must be a rising range above 0")
        require(
            all(share >= 0 for share in self.contrast_shares.values()),
            "data.contrast_shares must not be negative",
        )


@dataclass(frozen=True, slots=True)
class Optimiser:
    """Adam with warm-up, cosine to `final_rate`, gradient clipping and a moving average of the weights."""

    rate: float = 1e-3
    final_rate: float = 1e-6
    betas: tuple[float, float] = (0.9, 0.99)
    warmup_steps: int = 100
    clip: float = 0.5
    average: float = 0.999

    def __post_init__(self) -> None:
        require(0 < self.rate < 1, "optimiser.rate must lie between 0 and 1")
        require(
            0 <= self.final_rate <= self.rate, "optimiser.final_rate must lie between 0 and optimiser.rate"
        )
        require(all(0 <= beta < 1 for beta in self.betas), "optimiser.betas must lie between 0 and 1")
        require(self.warmup_steps >= 0, "optimiser.warmup_steps must not be negative")
        require(self.clip > 0, "optimiser.clip must be above 0")
        require(0 <= self.average < 1, "optimiser.average must lie between 0 and 1")


@dataclass(frozen=True, slots=True)
class Run:
    """How long, how fast, how often. Exactly one of `steps` and `minutes` decides the length and the schedule.

    With `steps` a run can be repeated to the last bit; with `minutes` the schedule follows the clock and ends in time
    whatever else the machine does. refresh_per_step: slices whose LR picture is made anew at each step. prepare: where
    slices are degraded and cut, `auto` on a graphics card if the run has one, else by the processor. compile: let
    torch.compile write the network's kernels on a graphics card, which takes minutes and pays on long runs.
    """

    batch: int = 16
    steps: int = 0
    minutes: float = 0.0
    seed: int = 1
    precision: Literal["fp32", "bf16"] = "bf16"
    refresh_per_step: int = 2
    log_every_steps: int = 50
    validate_every_steps: int = 1000
    checkpoint_every_minutes: float = 3.0
    checkpoint_every_steps: int = 0
    threads: int = 0
    prepare: Literal["auto", "host", "device"] = "auto"
    compile: bool = False

    def __post_init__(self) -> None:
        require((self.steps > 0) != (self.minutes > 0), "give either run.steps or run.minutes, above 0")
        require(self.batch >= 1, "run.batch must be at least 1")
        require(self.refresh_per_step >= 0, "run.refresh_per_step must not be negative")
        require(self.log_every_steps >= 1, "run.log_every_steps must be at least 1")
        require(self.validate_every_steps >= 1, "run.validate_every_steps must be at least 1")
        require(self.checkpoint_every_minutes > 0, "run.checkpoint_every_minutes must be above 0")
        require(self.threads >= 0 and self.checkpoint_every_steps >= 0, "run: counts must not be negative")


@dataclass(frozen=True, slots=True)
class Features:
    """The feature loss: a file of weights and the layers for each network; without a file the network is left out.

    The files are those of `brainsr train --pretrain-features`, in the folder where the runs are kept.
    """

    vgg19: str = ""
    vgg19_layers: tuple[str, ...] = ("relu2_2", "relu3_4", "relu4_4", "relu5_4")
    inception_v3: str = ""
    inception_v3_layers: tuple[str, ...] = ("Conv2d_2b_3x3", "Conv2d_4a_3x3", "Mixed_5d", "Mixed_6e")

    def __post_init__(self) -> None:
        require(bool(self.vgg19_layers and self.inception_v3_layers), "features: name one layer at least")


@dataclass(frozen=True, slots=True)
class Adversary:
    """The discriminator of the cGAN stage and how it learns; its rate follows the same curve as the network's.

    kind: relativistic average (arXiv 1807.00734) or hinge (arXiv 1705.02894). smoothing: how far the mark of a true
    slice stays below 1. instance_noise: standard deviation of the noise on every picture that the discriminator sees,
    in intensities, at the beginning; it falls to nothing at the end of the run.
    """

    kind: Literal["relativistic", "hinge"] = "relativistic"
    width: int = 32
    rate: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.99)
    smoothing: float = 0.1
    instance_noise: float = 0.03
    average: float = 0.99

    def __post_init__(self) -> None:
        require(self.width >= 1, "adversary.width must be at least 1")
        require(0 < self.rate < 1, "adversary.rate must lie between 0 and 1")
        require(all(0 <= beta < 1 for beta in self.betas), "adversary.betas must lie between 0 and 1")
        require(0 <= self.smoothing < 0.5, "adversary.smoothing must lie between 0 and 0.5")
        require(self.instance_noise >= 0, "adversary.instance_noise must not be negative")
        require(0 <= self.average < 1, "adversary.average must lie between 0 and 1")


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the curriculum.

    start: fraction of the run at which it begins; ramp: fraction of the run over which the values of the stage before
    pass into its own. bicubic, kspace and noisy are the shares of the three kinds of LR picture: reduced without blur
    and noise by either method, and by k-space with blur (LR pixels) and noise (percent) drawn evenly from the ranges.
    l1 to adversarial are the weights of the losses; see `losses`, `features` and `adversary`.
    """

    start: float = 0.0
    ramp: float = 0.0
    patch_px: int = 24
    bicubic: float = 0.3
    kspace: float = 0.3
    noisy: float = 0.4
    blur_px: tuple[float, float] = (0.0, 1.0)
    noise_percent: tuple[float, float] = (0.0, 4.0)
    l1: float = 1.0
    charbonnier: float = 0.0
    squared: float = 0.0
    gradients: float = 0.0
    features: float = 0.0
    adversarial: float = 0.0

    def __post_init__(self) -> None:
        require(
            0 <= self.start < 1 and 0 <= self.ramp <= 1, "stage.start and stage.ramp are fractions of the run"
        )
        require(self.patch_px >= 8, "stage.patch_px must be at least 8")
        shares, weights = (self.bicubic, self.kspace, self.noisy), (self.l1, self.charbonnier, self.squared)
        require(
            min(shares) >= 0 and sum(shares) > 0,
            "stage: the shares of bicubic, kspace and noisy must not all be 0",
        )
        require(
            min(weights) >= 0 and sum(weights) > 0,
            "stage: one of the losses l1, charbonnier and squared must have a weight",
        )
        require(
            min(self.gradients, self.features, self.adversarial) >= 0, "stage: a weight must not be negative"
        )
        for name, (low, high) in (("blur_px", self.blur_px), ("noise_percent", self.noise_percent)):
            require(0 <= low <= high, f"stage.{name} must be a rising range from 0 on")


@dataclass(frozen=True, slots=True)
class Words:
    """What a published model's card says of it in words; see `train.publish`."""

    title: str = ""
    role: Literal["fidelity", "perceptual", "preview", "reference"] = "reference"
    default: bool = False
    description: str = ""
    limits: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A study's final losses by the values of an entry, shown beside ours when `train.ablation` compares that entry.

    key: the entry, such as `network.config.width`. figures: the loss for each value. source: whose, on which data.
    overrides: entries as the study had it, `key=value`, set when that entry is compared.
    """

    key: str = ""
    source: str = ""
    overrides: tuple[str, ...] = ()
    figures: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require(all(loss > 0 for loss in self.figures.values()), "comparison.figures must be above 0")
        require(not self.figures or bool(self.key and self.source), "comparison needs its key and its source")


@dataclass(frozen=True, slots=True)
class Config:
    """A whole run; `card` is used only when the model is published, `comparison` only by `train.ablation`."""

    name: str
    network: Network
    data: Data
    optimiser: Optimiser = field(default_factory=Optimiser)
    run: Run = field(default_factory=Run)
    stage: tuple[Stage, ...] = (Stage(),)
    card: Words = field(default_factory=Words)
    comparison: Comparison = field(default_factory=Comparison)
    features: Features = field(default_factory=Features)
    adversary: Adversary = field(default_factory=Adversary)
    schema: int = SCHEMA

    @property
    def uses_features(self) -> bool:
        return any(stage.features > 0 for stage in self.stage)

    @property
    def uses_adversary(self) -> bool:
        return any(stage.adversarial > 0 for stage in self.stage)

    def __post_init__(self) -> None:
        require(self.schema == SCHEMA, f"schema must be {SCHEMA}")
        require(
            bool(self.name) and Path(self.name).name == self.name,
            "name must be usable as the name of a folder",
        )
        require(
            not self.uses_features or bool(self.features.vgg19 or self.features.inception_v3),
            "a stage with a feature loss needs features.vgg19 or features.inception_v3, a file of weights",
        )
        starts = [stage.start for stage in self.stage]
        require(bool(starts) and starts[0] == 0, "the first stage must start at 0")
        require(
            all(a < b for a, b in itertools.pairwise(starts)),
            "the stages must be in the order of their start",
        )


def read(path: Path, overrides: Sequence[str] = ()) -> Config:
    """Read a run's TOML file; `overrides` are texts like `run.minutes=30`, whose value is TOML (or plain text).

    Raises:
        UsageError: the file cannot be read, or an entry is unknown, missing or out of range.
    """
    return read_kind(Config, path, overrides)


def read_kind(kind: type[Kind], path: Path | None, overrides: Sequence[str] = ()) -> Kind:
    """As `read`, for any dataclass; without a file its defaults, with the overrides put in."""
    table: dict[str, Any] = {}
    name = path.name if path else "of the command line"
    try:
        if path:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The configuration {name} cannot be read: {error}", path=path) from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{name} is not valid TOML: {error}", path=path) from error
    for override in overrides:
        _override(table, override)
    try:
        return typing.cast(Kind, _convert(kind, table, "configuration"))
    except ValueError as error:
        raise UsageError(
            f"The configuration {name} is not usable: {error}.",
            advice="Correct this entry; `brainsr train CONFIG.toml --dry-run` checks a file without training.",
            path=path,
        ) from error


def from_table(table: Mapping[str, Any]) -> Config:
    """The configuration in a table as TOML or JSON gives it. Raises ValueError with the name of the wrong entry."""
    return typing.cast(Config, _convert(Config, dict(table), "configuration"))


def to_table(config: Config) -> dict[str, Any]:
    return dataclasses.asdict(config)


def _override(table: dict[str, Any], text: str) -> None:
    key, equals, value = text.partition("=")
    if not equals:
        raise UsageError(
            f"{text!r} is not of the form key=value.", advice="For example: --set run.minutes=30"
        )
    *parents, last = key.strip().split(".")
    for parent in parents:
        table = table.setdefault(parent, {})
        if not isinstance(table, dict):
            raise UsageError(f"{key} cannot be set: {parent} is not a table.")
    try:
        table[last] = tomllib.loads(f"value = {value.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        table[last] = value.strip()


def _convert(wanted: Any, value: Any, where: str) -> Any:
    """Build `wanted` (a dataclass, tuple, dict, Literal or plain type) from what TOML or JSON gave."""
    if wanted is DataSource and isinstance(value, str):
        value = {"path": value}
    if dataclasses.is_dataclass(wanted) and isinstance(wanted, type):
        return _convert_dataclass(wanted, value, where)
    if wanted is Any:
        return value
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if origin is Literal:
        require(value in arguments, f"{where} must be one of {', '.join(map(str, arguments))}, not {value!r}")
        return value
    if origin is tuple:
        require(isinstance(value, (list, tuple)), f"{where} must be a list")
        kinds = [arguments[0]] * len(value) if arguments[-1] is ... else list(arguments)
        require(len(kinds) == len(value), f"{where} must have {len(kinds)} entries")
        return tuple(
            _convert(kind, item, f"{where}[{i}]")
            for i, (kind, item) in enumerate(zip(kinds, value, strict=True))
        )
    if origin is dict:
        require(isinstance(value, dict), f"{where} must be a table")
        return {key: _convert(arguments[1], item, f"{where}.{key}") for key, item in value.items()}
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    fits = isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))
    require(fits, f"{where} must be {_PLAIN[wanted]}, not {value!r}")
    return value


_PLAIN: Mapping[type, str] = types.MappingProxyType(
    {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
)


def _convert_dataclass(wanted: type, value: Any, where: str) -> Any:
    require(isinstance(value, dict), f"{where} must be a table")
    kinds = typing.get_type_hints(wanted)
    fields = {entry.name: entry for entry in dataclasses.fields(wanted)}
    for key in value:
        require(key in fields, f"{where} has no entry {key!r}; it has {', '.join(fields)}")
    for name, entry in fields.items():
        optional = (
            entry.default is not dataclasses.MISSING or entry.default_factory is not dataclasses.MISSING
        )
        require(name in value or optional, f"{where}.{name} is missing")
    return wanted(**{key: _convert(kinds[key], item, f"{where}.{key}") for key, item in value.items()})
