"""The one path from pixels to pixels: window, commands and evaluation all go through `Engine.enhance`.

Fill padding, degrade, normalise, run in tiles (in careful mode eight times), check, map back, keep the regions'
brightness, mix by strength. The output is in the input's stored units; where a network's output cannot be used the
slice is cubic interpolation, and says so.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from brainsr_desktop.core.consistency import keep_region_means
from brainsr_desktop.core.degrade import Degradation
from brainsr_desktop.core.errors import BadOutput, InputUnsuitable, UsageError
from brainsr_desktop.core.geometry import Geometry
from brainsr_desktop.core.intensity import Normalisation
from brainsr_desktop.core.measure import Padding
from brainsr_desktop.core.recipe import DEGRADED, Recipe
from brainsr_desktop.core.resample import enlarge
from brainsr_desktop.engine.backends.base import CPU, CheckCancelled, Numbers
from brainsr_desktop.engine.careful import run_careful
from brainsr_desktop.engine.devices import list_devices
from brainsr_desktop.engine.messages import DeviceInfo
from brainsr_desktop.engine.reuse import Reuse
from brainsr_desktop.engine.runner import Job, Progress, Run, Runner
from brainsr_desktop.language import tr
from brainsr_desktop.models.card import Card
from brainsr_desktop.models.catalog import Catalog, load_catalog

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

SMALLEST_SIDE_PX: Final = 16
"""A network gets nothing smaller; see the faults table, row 54."""
FALLBACK: Final = "FALLBACK"
FLAT: Final = "FLAT"


@dataclass(frozen=True, slots=True, eq=False)
class Enhanced:
    """A finished slice.

    ``pixels`` (rows, columns) float32 in stored units, NaN where the input was not finite; ``geometry`` their place.
    ``seconds`` is what the enlarging took, without degrading and judging; of a degraded input the degrading.
    ``scores`` as in `core.metrics.SCORES`, empty without a reference. ``notes`` for the user; those of special
    meaning begin with ``FALLBACK`` or ``FLAT``. ``fallback``: a network was asked for, this is cubic interpolation.
    ``spread`` (rows, columns) float32 in stored units: the standard deviation of a careful network's eight answers,
    a measure of its uncertainty; None without careful mode. ``numbers``: what the network computed with.
    """

    pixels: Floats
    geometry: Geometry
    seconds: float
    backend: str
    device: str
    scores: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    fallback: bool = False
    spread: Floats | None = None
    numbers: Numbers = "f32"


@dataclass(frozen=True, slots=True)
class Ready:
    """A model is loaded: by which backend, on which device, in how many seconds."""

    backend: str
    device: str
    seconds: float


class Engine:
    """Makes slices. Holds the loaded models; one slice at a time, not for several threads."""

    def __init__(self, catalog: Catalog | None = None) -> None:
        self.catalog = load_catalog() if catalog is None else catalog
        self._runner = Runner()
        self._reuse = Reuse()

    def devices(self) -> tuple[DeviceInfo, ...]:
        """What there is to run on; the first is what "auto" takes."""
        return list_devices()

    def prepare(self, recipe: Recipe) -> Ready:
        """Load the recipe's model, so that the first slice does not wait for it.

        Raises:
            UsageError, ModelError, DeviceUnavailable: as `enhance`.
        """
        started = time.perf_counter()
        if recipe.model == DEGRADED:
            return Ready("none", CPU, 0.0)
        backend = self._runner.load(self.catalog.find(recipe.model, recipe.scale), recipe)
        return Ready(backend.name, backend.device, time.perf_counter() - started)

    def enhance(
        self,
        pixels: Floats,
        recipe: Recipe,
        geometry: Geometry,
        *,
        slice_index: int,
        range_max: float = 0.0,
        padding: Padding | None = None,
        check_cancelled: CheckCancelled | None = None,
        progress: Progress | None = None,
    ) -> Enhanced:
        """Make one slice.

        ``pixels`` (rows, columns) float32, stored units, any range, may hold NaN; ``geometry`` its place;
        ``slice_index`` (from 0) numbers the noise of a degradation. ``range_max`` is the robust range of the series
        in stored units, the peak of the scores; 0 = that of the slice. ``check_cancelled`` raises to stop,
        ``progress`` hears of tiles. ``padding``: which pixels are no image. Neither a degradation nor a network sees
        their values: the smallest value of the image stands there, and in the result as well.

        The result has ``scale`` times the rows and columns of the input; with a degradation ``scale / reduction``
        times, rounded up. For the model ``DEGRADED`` it is the degraded input itself.

        Raises:
            UsageError: no such model, or not for this scale; a strength outside 0..1.
            InputUnsuitable: not one grey slice, or too small for a network.
            ModelError: the model's files are damaged.
            DeviceUnavailable, OutOfMemory: the engine cannot run it.
            BadOutput: not even the interpolation gave finite values.
        """
        started = time.perf_counter()
        check = check_cancelled or _never
        _check_request(pixels, recipe, geometry)
        if padding is not None:
            pixels = padding.filled(pixels)
        source = self._source(pixels, geometry, recipe.degradation, slice_index)
        check()
        if recipe.model == DEGRADED:
            low = _with_padding(source.with_holes(source.low, 1), pixels, padding)
            return Enhanced(low, source.geometry, time.perf_counter() - started, "none", CPU)
        card = self.catalog.find(recipe.model, recipe.scale)
        _check_side(pixels.shape, card)
        started = time.perf_counter()
        made = self._make(source, card, recipe, check, progress or _silent)
        large = source.geometry.enlarged(recipe.scale)
        picture, place = _cut(source.with_holes(made.pixels, recipe.scale), large, geometry, recipe)
        picture = _with_padding(picture, pixels, padding)
        spread = made.spread
        if spread is not None:
            spread, _ = _cut(source.with_holes(spread, recipe.scale), large, geometry, recipe)
        seconds = time.perf_counter() - started
        check()
        found = self._scores(picture, pixels, recipe, range_max)
        return Enhanced(
            picture,
            place,
            seconds,
            made.backend,
            made.device,
            found,
            tuple(made.notes),
            made.fallback,
            spread,
            made.numbers,
        )

    def _source(
        self, pixels: Floats, geometry: Geometry, degradation: Degradation | None, slice_index: int
    ) -> _Source:
        finite = np.isfinite(pixels)
        holes = None if finite.all() else ~finite
        clean = pixels if holes is None else np.where(finite, pixels, np.float32(0.0))
        if degradation is None:
            return _Source(clean, holes, geometry)
        low = self._reuse.degraded(clean, degradation, slice_index)
        reduction = degradation.reduction
        return _Source(
            low, None if holes is None else _any_in_blocks(holes, reduction), geometry.reduced(reduction)
        )

    def _scores(self, picture: Floats, truth: Floats, recipe: Recipe, range_max: float) -> dict[str, float]:
        if recipe.degradation is None or recipe.degradation.reduction != recipe.scale:
            return {}
        return self._reuse.scores(picture, truth, range_max)

    def _make(
        self, source: _Source, card: Card, recipe: Recipe, check: CheckCancelled, progress: Progress
    ) -> _Made:
        scale = recipe.scale
        normalisation = Normalisation.of(source.low_with_nan)
        if normalisation.flat:
            pixels = enlarge(source.low, scale, "nearest")
            return _Made(
                pixels,
                "interpolation",
                CPU,
                [tr("{flat}: the slice has one value only and is left alone.", flat=FLAT)],
            )
        if card.is_interpolation:
            normalisation = Normalisation()
        given = normalisation.forward(source.low)
        job = Job(given, card, recipe, check, progress)
        is_careful = recipe.careful and not card.is_interpolation
        run = run_careful(self._runner, job) if is_careful else self._runner.run(job)
        wrong = _what_is_wrong(run.pixels, given)
        if wrong is None:
            picture = normalisation.backward(run.pixels)
            if not card.is_interpolation:
                picture = keep_region_means(picture, source.low, scale)
            return _Made.of(run, _mixed(picture, source.low, recipe), normalisation.gain * recipe.strength)
        if card.is_interpolation:
            raise BadOutput(
                tr("The values of this slice cannot be interpolated: the result is {wrong}.", wrong=wrong)
            )
        log.warning("The output of %s is %s; cubic interpolation instead", card.name, wrong)
        note = tr(
            "{fallback}: the network's output is {wrong}; this is cubic interpolation.",
            fallback=FALLBACK,
            wrong=wrong,
        )
        return _Made(
            enlarge(source.low, scale, "bicubic"), "interpolation", CPU, [*run.notes, note], fallback=True
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    """Pixels in stored units and how they came about."""

    pixels: Floats
    backend: str
    device: str
    notes: list[str]
    fallback: bool = False
    spread: Floats | None = None
    numbers: Numbers = "f32"

    @classmethod
    def of(cls, run: Run, pixels: Floats, gain: float) -> _Made:
        """``gain`` turns the spread of the run into that of the pixels."""
        spread = run.spread
        if spread is not None:
            limit = float(np.finfo(np.float32).max)
            spread = np.minimum(spread.astype(np.float64) * gain, limit).astype(np.float32)
        return cls(pixels, run.backend, run.device, run.notes, spread=spread, numbers=run.numbers)


@dataclass(frozen=True, slots=True, eq=False)
class _Source:
    """What is enlarged: ``low`` (rows, columns) finite, 0 in its ``holes``, and its geometry."""

    low: Floats
    holes: Mask | None
    geometry: Geometry

    @property
    def low_with_nan(self) -> Floats:
        """The input with NaN in its holes, which the normalisation leaves out."""
        return self.with_holes(self.low, 1)

    def with_holes(self, picture: Floats, scale: int) -> Floats:
        """The picture, ``scale`` times as large as the input, with NaN where the input has holes."""
        if self.holes is None:
            return picture
        return np.where(self.holes.repeat(scale, axis=0).repeat(scale, axis=1), np.float32(np.nan), picture)


def _with_padding(picture: Floats, source: Floats, padding: Padding | None) -> Floats:
    """The picture with what stands for padding in ``source`` in the same places; no value made up there."""
    lowest = None if padding is None else padding.lowest(source)
    if padding is None or lowest is None:
        return picture
    rows, columns = picture.shape
    return np.where(padding.over((rows, columns)), lowest, picture)


def _any_in_blocks(holes: Mask, side: int) -> Mask:
    rows, columns = (-(-size // side) for size in holes.shape)
    padded = np.pad(holes, ((0, rows * side - holes.shape[0]), (0, columns * side - holes.shape[1])))
    return np.asarray(padded.reshape(rows, side, columns, side).any(axis=(1, 3)))


def _check_request(pixels: Floats, recipe: Recipe, geometry: Geometry) -> None:
    if pixels.ndim != 2 or pixels.size == 0:
        raise InputUnsuitable(
            tr("A network takes one grey slice, not an array of the shape {shape}.", shape=pixels.shape)
        )
    if pixels.dtype != np.float32:
        raise InputUnsuitable(tr("The engine takes float32, not {dtype}.", dtype=pixels.dtype))
    if pixels.shape != (geometry.rows, geometry.columns):
        raise InputUnsuitable(
            tr(
                "The slice has {height} x {width} pixels, its geometry {rows} x {columns}.",
                height=pixels.shape[0],
                width=pixels.shape[1],
                rows=geometry.rows,
                columns=geometry.columns,
            )
        )
    if not 0.0 <= recipe.strength <= 1.0:
        raise UsageError(
            tr("The strength must lie between 0 and 1, not at {strength}.", strength=recipe.strength)
        )


def _check_side(shape: tuple[int, ...], card: Card) -> None:
    if not card.is_interpolation and min(shape) < SMALLEST_SIDE_PX:
        raise InputUnsuitable(
            tr(
                "The slice has {height} x {width} pixels; a network needs {least} on each side.",
                height=shape[0],
                width=shape[1],
                least=SMALLEST_SIDE_PX,
            ),
            advice=tr("Choose an interpolation."),
        )


def _what_is_wrong(output: Floats, given: Floats) -> str | None:
    """Why a network's output must not be shown; None where it may. ``given`` is not constant."""
    if not np.isfinite(output).all():
        return tr("not finite")
    low, high = float(given.min()), float(given.max())
    span = high - low
    lowest, highest = float(output.min()), float(output.max())
    if lowest == highest:
        return tr("the same everywhere")
    if lowest < low - span or highest > high + span:
        return tr("far out of range")
    return None


def _mixed(network: Floats, low: Floats, recipe: Recipe) -> Floats:
    if recipe.strength == 1.0:
        return network
    share = np.float32(recipe.strength)
    return share * network + (np.float32(1.0) - share) * enlarge(low, recipe.scale, "bicubic")


def _cut(picture: Floats, place: Geometry, source: Geometry, recipe: Recipe) -> tuple[Floats, Geometry]:
    """Leave out what a degraded slice had to be continued by, so that the result covers the slice and no more."""
    if recipe.degradation is None:
        return picture, place
    reduction = recipe.degradation.reduction
    if reduction == recipe.scale:
        return np.ascontiguousarray(picture[: source.rows, : source.columns]), source
    rows, columns = (-(-side * recipe.scale // reduction) for side in (source.rows, source.columns))
    return np.ascontiguousarray(picture[:rows, :columns]), replace(place, rows=rows, columns=columns)


def _never() -> None:
    """Nothing is ever cancelled."""


def _silent(done: int, total: int, note: str) -> None:
    """Nobody listens."""
