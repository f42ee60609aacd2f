"""What the engine process does and answers."""

from __future__ import annotations

from dataclasses import dataclass

from brainsr_desktop.core.geometry import Geometry
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.ipc.messages import Answer, ArrayRef, Request


@dataclass(frozen=True, slots=True)
class ListDevices(Request):
    """What can the engine run on? Answer: Devices."""


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """``id`` as ``--device`` takes it ("cpu", "cuda:0", "mps", "gpu:0"), a name for people, free memory if known."""

    id: str
    name: str
    backend: str
    free_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Devices(Answer):
    """The first is what "auto" takes."""

    devices: tuple[DeviceInfo, ...]


@dataclass(frozen=True, slots=True)
class Prepare(Request):
    """Load the recipe's model and warm it up. Answer: Prepared."""

    recipe: Recipe


@dataclass(frozen=True, slots=True)
class Prepared(Answer):
    """The model is ready on ``device``."""

    backend: str
    device: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ImportModel(Request):
    """Check a model that the user brings and install it. Answer: ModelImported."""

    source: str


@dataclass(frozen=True, slots=True)
class ModelImported(Answer):
    """The model is installed and known; ``seconds`` for a test slice of 96 x 96."""

    name: str
    title: str
    scale: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Infer(Request):
    """Make one slice. Answer: Inferred.

    ``source``: the stack's block (frames, rows, columns), stored values; ``frame`` the index in it; ``slice_index``
    numbers the noise. ``geometry`` is that of the slice. ``target``: float32 (at least scale*rows, scale*columns), in
    stored units; the picture fills its upper left corner. With a degradation, the degraded input is made first.
    """

    recipe: Recipe
    source: ArrayRef
    frame: int
    slice_index: int
    geometry: Geometry
    target: ArrayRef
    range_max: float = 0.0
    """Robust range of the series in stored units, peak of PSNR and SSIM; 0 = that of the slice."""
    padding: tuple[float, float] | None = None
    """Lowest and highest stored value that are no image; see `core.measure.padding_of`."""
    spread: ArrayRef | None = None
    """float32, as large as ``target``: takes how far the eight answers of careful mode differ, in stored units."""


@dataclass(frozen=True, slots=True)
class Inferred(Answer):
    """The slice lies in the target. ``rows`` and ``columns`` are its size, ``geometry`` its place.

    ``scores``: metrics against the true slice in test mode, e.g. (("psnr", 31.2), ("ssim", 0.91)); empty otherwise.
    ``notes``: what the user should know ("used smaller tiles", "ran on the CPU", "FALLBACK ...").
    """

    rows: int
    columns: int
    geometry: Geometry
    seconds: float
    backend: str
    device: str
    scores: tuple[tuple[str, float], ...] = ()
    notes: tuple[str, ...] = ()
    fallback: bool = False
    has_spread: bool = False
    """The standard deviation of a careful network's eight answers lies in the request's ``spread``."""
    numbers: str = "f32"
    """What the network computed with; see `engine.backends.base.Numbers`."""
