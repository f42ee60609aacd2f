"""Take a model that the user brings: its card and weights are checked, it runs on a test picture, then it is installed.

Only safetensors and graphs that the card names with their hashes are copied; what could run code is never opened.
"""

from __future__ import annotations

import secrets
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from brainsr_desktop import paths
from brainsr_desktop.core.errors import BadOutput, CardInvalid, ModelError, WriteError
from brainsr_desktop.core.geometry import unknown_geometry
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.engine.pipeline import Engine
from brainsr_desktop.language import tr
from brainsr_desktop.models.card import CARD_FILE, Card, read_card
from brainsr_desktop.models.catalog import BASELINES, Catalog, load_catalog
from brainsr_desktop.models.weights import load_weights, refuse_pickle, verified_bytes

SIDE_PX: Final = 96
START_BYTES: Final = 64


@dataclass(frozen=True, slots=True)
class Imported:
    """A model that was taken: its card as installed, and how long a test slice of 96 x 96 took."""

    card: Card
    seconds: float


def import_model(source: Path, target: Path | None = None) -> Imported:
    """Check a model (its folder, or a file in it) and install it in the user's folder of models.

    Raises:
        CardInvalid: there is no sound card, or a model of that name is there already.
        ModelError, WeightsChanged: a file is a pickle, is damaged, or differs from its card.
        BadOutput: what it makes of the test picture has a wrong shape, or is no picture.
        WriteError: the user's folder cannot be written to.
    """
    folder = _folder_of(source)
    card = read_card(folder, from_user=True)
    _check_new(card)
    for file in card.files:
        verified_bytes(card, file)
    load_weights(card)
    seconds = _try(card)
    return Imported(_install(card, folder, target or paths.user_models_dir()), seconds)


def _folder_of(source: Path) -> Path:
    """The model's folder; a file that could run code is refused before anything else is said of it."""
    if not source.is_dir():
        _refuse_by_start(source)
        return source.parent
    if not (source / CARD_FILE).exists():
        for path in sorted(source.iterdir()):
            if path.is_file():
                _refuse_by_start(path)
    return source


def _refuse_by_start(path: Path) -> None:
    try:
        with path.open("rb") as file:
            start = file.read(START_BYTES)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ModelError(
            tr("{file} cannot be read ({reason}).", file=path.name, reason=reason), path=path
        ) from error
    refuse_pickle(start, path.parent.name, path.name)


def _check_new(card: Card) -> None:
    if card.name in {other.name for other in load_catalog().cards}:
        raise CardInvalid(
            tr("There is a model named {name} already.", name=card.name),
            advice=tr("Give the new one another name in its card."),
            path=card.folder,
        )


def phantom(side_px: int = SIDE_PX) -> npt.NDArray[np.float32]:
    """A head of two tissues in air, 0 to 1000."""
    y, x = np.mgrid[-1 : 1 : side_px * 1j, -1 : 1 : side_px * 1j]
    head = np.hypot(x / 0.8, y / 0.9) < 1
    inner = np.hypot(x / 0.5, y / 0.6) < 1
    return np.asarray(600.0 * head + 400.0 * (inner & (np.sin(14 * x) > 0)), np.float32)


def _try(card: Card) -> float:
    """Run the model on the test picture; the seconds it took, the model being loaded."""
    engine = Engine(Catalog((card, *BASELINES)))
    picture, place = phantom(), unknown_geometry(SIDE_PX, SIDE_PX, 1)
    seconds = 0.0
    for scale in card.scales:
        recipe = Recipe(card.name, scale, device="cpu")
        engine.prepare(recipe)
        started = time.perf_counter()
        made = engine.enhance(picture, recipe, place, slice_index=0)
        seconds = time.perf_counter() - started
        if made.fallback or made.pixels.shape != (scale * SIDE_PX, scale * SIDE_PX):
            reason = next(iter(made.notes), tr("the result has a wrong size"))
            raise BadOutput(
                tr("The model {name} fails on the test picture: {reason}.", name=card.name, reason=reason),
                advice=tr("Ask whoever made it for another version."),
            )
        if not np.isfinite(made.pixels).all():
            raise BadOutput(tr("The model {name} makes values that are no numbers.", name=card.name))
    return seconds


def _install(card: Card, folder: Path, root: Path) -> Card:
    """Copy the card and the files it names; they appear under their folder's name all at once."""
    final = root / card.name
    growing = root / f".{card.name}-{secrets.token_hex(4)}"
    try:
        growing.mkdir(parents=True)
        for name in (CARD_FILE, *card.files):
            shutil.copyfile(folder / name, growing / name)
        growing.rename(final)
    except OSError as error:
        with suppress(OSError):
            shutil.rmtree(growing)
        reason = error.strerror or type(error).__name__
        raise WriteError(
            tr("The model {name} could not be installed: {reason}.", name=card.name, reason=reason),
            path=final,
        ) from error
    return read_card(final, from_user=True)
