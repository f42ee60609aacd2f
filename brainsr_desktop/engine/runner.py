"""Runs a network on a normalised slice: loads it, cuts tiles, and goes on with less when memory or a device fails."""

from __future__ import annotations

import importlib
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias, cast

import psutil

from brainsr_desktop.core.errors import DeviceUnavailable, OutOfMemory
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.core.tiling import Blend, Tile, padded_to, plan, plan_within
from brainsr_desktop.engine import plans, threads
from brainsr_desktop.engine.backends.base import (
    BACKENDS,
    CPU,
    Backend,
    CheckCancelled,
    Floats,
    Numbers,
    OpenBackend,
)
from brainsr_desktop.engine.devices import Choice, choices
from brainsr_desktop.language import mark, tr
from brainsr_desktop.models.card import Card

log = logging.getLogger(__name__)

Progress: TypeAlias = Callable[[int, int, str], None]
"""Tiles done, tiles in all, a note."""

WHOLE_PIXELS: Final = 768 * 768
"""What a network reads at once, in input pixels: about 0.8 GB of working memory for the largest network. A slice within
that is run whole; the fewer and larger the tiles of others, the less is computed twice."""
SMALLEST_TILE_PX: Final = 32
HALVINGS: Final = 3
BYTES_PER_PIXEL: Final = 2048
"""Of working memory for each input pixel; measured 1300 for the largest network, 64 features wide."""
LARGEST_SHARE: Final = 0.7
"""Of the free memory that a tile may need."""
MODELS_KEPT: Final = 3
SMALLER_TILES: Final = mark("Used smaller tiles: there is too little memory for the whole slice.")


@dataclass(slots=True)
class Run:
    """What came out: normalised pixels, by which backend, on which device, and what had to be given up for it.

    ``spread``: how much the network's answers differ, in every pixel; None where it was asked once. ``numbers``: what
    it computed with.
    """

    pixels: Floats
    backend: str
    device: str
    notes: list[str] = field(default_factory=list)
    spread: Floats | None = None
    numbers: Numbers = "f32"


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One slice: ``image`` (rows, columns) normalised, the model, what the user chose, and whom to ask and tell."""

    image: Floats
    card: Card
    recipe: Recipe
    check_cancelled: CheckCancelled
    progress: Progress


@dataclass(frozen=True, slots=True)
class _Key:
    model: str
    pixels_sha256: str
    scale: int
    choice: Choice
    precision: str


class Runner:
    """Holds the loaded models, at most ``MODELS_KEPT``, and knows which devices were lost. For one thread."""

    def __init__(self) -> None:
        self._loaded: OrderedDict[_Key, Backend] = OrderedDict()
        self._lost: set[str] = set()

    def load(self, card: Card, recipe: Recipe) -> Backend:
        """The backend for a recipe, loaded if it is not yet; a device that failed before gets another chance.

        Raises:
            ModelError: the model cannot be used.
            DeviceUnavailable: no backend can run it on the recipe's device.
        """
        self._lost.clear()
        backend, _ = self._open_first(card, recipe)
        return backend

    def run(self, job: Job) -> Run:
        """Enlarge a normalised slice.

        Memory short: the tile is halved, up to three times, then the CPU is taken. A device lost: the CPU.

        Raises:
            OutOfMemory: even small tiles on the CPU are too much.
            DeviceUnavailable, ModelError: as `load`.
            Cancelled: raised by the job's ``check_cancelled``.
        """
        notes: list[str] = []
        recipe = job.recipe
        while True:
            backend, skipped = self._open_first(job.card, recipe)
            notes += [note for note in skipped if note not in notes]
            try:
                pixels = _run_shrinking(job, backend, notes)
                return Run(pixels, backend.name, backend.device, notes, numbers=backend.numbers)
            except DeviceUnavailable as error:
                if backend.device == CPU:
                    raise
                log.warning("The device %s was lost: %s", backend.device, error.__cause__ or error)
                self._forget(backend.device)
            except OutOfMemory:
                if backend.device == CPU:
                    raise
                log.warning("Not enough memory on %s, going on with the CPU", backend.device)
                notes[:] = [tr("Used the CPU: {device} has too little memory.", device=backend.device)]
                recipe = replace(recipe, device=CPU)

    def _open_first(self, card: Card, recipe: Recipe) -> tuple[Backend, list[str]]:
        wanted = choices(card, recipe.device)
        notes = [
            tr("Used the CPU: {device} failed.", device=choice.device)
            for choice in wanted
            if choice.device in self._lost
        ]
        possible = [choice for choice in wanted if choice.device not in self._lost] or choices(card, CPU)
        problem: DeviceUnavailable | None = None
        for choice in possible:
            try:
                return self._open(choice, card, recipe), notes
            except DeviceUnavailable as error:
                log.warning("%s on %s cannot be used: %s", choice.backend, choice.device, error.message)
                problem = problem or error
        raise problem or DeviceUnavailable(tr("There is no device for the model {name}.", name=card.name))

    def _open(self, choice: Choice, card: Card, recipe: Recipe) -> Backend:
        precision = recipe.precision if card.offers_fast else "exact"
        key = _Key(card.name, card.pixels_sha256, recipe.scale, choice, precision)
        backend = self._loaded.pop(key, None)
        if backend is None:
            module, _, function = BACKENDS[choice.backend].partition(":")
            opener = cast("OpenBackend", getattr(importlib.import_module(module), function))
            with threads.planned(_planned_threads(card, choice)):
                backend = opener(card, recipe.scale, choice.device, precision)
            log.info("Loaded %s with %s on %s", card.name, choice.backend, choice.device)
        self._loaded[key] = backend
        while len(self._loaded) > MODELS_KEPT:
            self._loaded.popitem(last=False)
        return backend

    def _forget(self, device: str) -> None:
        self._lost.add(device)
        for key in [key for key in self._loaded if key.choice.device == device]:
            del self._loaded[key]


def _planned_threads(card: Card, choice: Choice) -> int:
    """What was measured to be best here, where it was and the user leaves it to us."""
    plan = plans.in_force(plans.key_of(card)) if choice.device == CPU else None
    return plan.threads if plan is not None and plan.backend == choice.backend else 0


def first_tiles(shape: tuple[int, int], card: Card, wanted: int) -> tuple[Tile, ...]:
    """The tiles of a slice: of the side the user wants in input pixels, 0 = by the slice's size alone.

    They do not depend on free memory, so that the same recipe takes the same tiles. Interpolations are never cut.
    """
    if card.is_interpolation:
        return plan(shape, 0, card.receptive_field)
    if wanted > 0:
        return plan(shape, wanted, card.receptive_field)
    return plan_within(shape, WHOLE_PIXELS, card.receptive_field)


def _run_shrinking(job: Job, backend: Backend, notes: list[str]) -> Floats:
    rows, columns = job.image.shape
    tiles = first_tiles((rows, columns), job.card, job.recipe.tile)
    for _ in range(HALVINGS):
        try:
            return _run_tiles(job, tiles, backend)
        except OutOfMemory:
            backend.release()
            side = max(_largest_side(tiles) // 2, SMALLEST_TILE_PX)
            tiles = plan((rows, columns), side, job.card.receptive_field)
            log.warning("Not enough memory on %s, tiles of %d pixels now", backend.device, side)
            notes[:] = [*(n for n in notes if n != tr(SMALLER_TILES)), tr(SMALLER_TILES)]
    return _run_tiles(job, tiles, backend)


def _largest_side(tiles: tuple[Tile, ...]) -> int:
    return max(span.keep[1] - span.keep[0] for tile in tiles for span in (tile.rows, tile.columns))


def _run_tiles(job: Job, tiles: tuple[Tile, ...], backend: Backend) -> Floats:
    card, scale = job.card, job.recipe.scale
    rows, columns = job.image.shape
    if backend.device == CPU and not card.is_interpolation:
        _require_memory(max(job.image[part.source].size for part in tiles))
    blend = Blend((rows, columns), scale)
    for done, part in enumerate(tiles):
        job.check_cancelled()
        job.progress(done, len(tiles), "")
        source = job.image[part.source]
        given = padded_to(source, card.size_multiple, card.minimum_side)
        enlarged = backend.run(given[None, None], job.check_cancelled)[0, 0]
        blend.add(part, enlarged[: source.shape[0] * scale, : source.shape[1] * scale])
    job.progress(len(tiles), len(tiles), "")
    return blend.result


def _require_memory(pixels: int) -> None:
    free = psutil.virtual_memory().available
    if pixels * BYTES_PER_PIXEL > LARGEST_SHARE * free:
        raise OutOfMemory(
            tr(
                "There is not enough memory for the slice: {pixels:.0f} MiB needed, {free:.0f} MiB free.",
                pixels=pixels * BYTES_PER_PIXEL / 2**20,
                free=free / 2**20,
            ),
            advice=tr("Close other programs or choose smaller tiles."),
        )
