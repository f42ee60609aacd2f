"""Which models there are: the shipped folder, the user's folder, and the interpolations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from brainsr_desktop import paths
from brainsr_desktop.core.errors import CardInvalid, Problem, UsageError
from brainsr_desktop.language import mark, tr
from brainsr_desktop.models.card import CARD_FILE, INTERPOLATION, SCALES, Card, read_card

MODEL_DAMAGED: Final = "MODEL_DAMAGED"
MOST_FOLDERS: Final = 500


def _baseline(name: str, title: str, description: str, receptive_field: int) -> Card:
    return Card(
        name=name,
        title=title,
        network=INTERPOLATION,
        scales=SCALES,
        role="baseline",
        receptive_field=receptive_field,
        description=description,
    )


BASELINES: Final = (
    _baseline("nearest", mark("Nearest"), mark("Every pixel repeated."), 1),
    _baseline("bicubic", mark("Cubic"), mark("Cubic convolution (Keys 1981, a = -0.5)."), 5),
    _baseline("lanczos", mark("Lanczos"), mark("Windowed sinc, three lobes."), 7),
    _baseline(
        "zerofill", mark("Zero-filled"), mark("Zeros around the slice's k-space, as scanners interpolate."), 1
    ),
)
"""What every network must beat. Zero-filling sees the whole slice and is never tiled."""

LINEAR: Final = _baseline("linear", mark("Linear"), mark("Bilinear; for previews, not listed."), 3)


@dataclass(frozen=True, slots=True)
class Catalog:
    """The models that can be used, networks first, and what was wrong with the others."""

    cards: tuple[Card, ...]
    problems: tuple[Problem, ...] = ()

    def find(self, name: str, scale: int | None = None) -> Card:
        """The card of that name; with ``scale``, only if it enlarges by that factor.

        Raises:
            UsageError: there is no such model, or it has another factor.
        """
        card = next((card for card in (*self.cards, LINEAR) if card.name == name), None)
        if card is None:
            raise UsageError(
                tr("There is no model named {name!r}.", name=name),
                advice=tr("There are: {names}.", names=", ".join(self.names())),
            )
        if scale is not None and scale not in card.scales:
            raise UsageError(
                tr(
                    "The model {name} enlarges by {words}, not by {scale}.",
                    name=name,
                    words=_words(card.scales),
                    scale=scale,
                ),
                advice=tr("For {scale} there are: {names}.", scale=scale, names=", ".join(self.names(scale))),
            )
        return card

    def for_scale(self, scale: int) -> tuple[Card, ...]:
        """The models that enlarge by ``scale``."""
        return tuple(card for card in self.cards if scale in card.scales)

    def names(self, scale: int | None = None) -> list[str]:
        """Names of all models, or of those for one factor."""
        return [card.name for card in (self.cards if scale is None else self.for_scale(scale))]

    def default(self, scale: int) -> Card:
        """What the program takes: the default network for ``scale``, else any for fidelity, else cubic."""
        networks = [card for card in self.for_scale(scale) if not card.is_interpolation]
        ranked = sorted(
            networks, key=lambda card: (not card.default, card.role != "fidelity", card.from_user)
        )
        found = next((card for card in ranked if card.default or card.role == "fidelity"), None)
        return found or self.find("bicubic")

    def preview(self, scale: int) -> Card | None:
        """The fast network for ``scale``; None where there is none."""
        return next((card for card in self.for_scale(scale) if card.role == "preview"), None)


def load_catalog(shipped: Path | None = None, user: Path | None = None) -> Catalog:
    """Read the cards of both folders (default: those of `paths`). Damaged models become problems, never errors.

    A user's model must not have the name of a shipped one. The weights are not opened here; `models.weights` checks
    them when they are used.
    """
    cards: list[Card] = []
    problems: list[Problem] = []
    places = ((shipped or paths.models_dir(), False), (user or paths.user_models_dir(), True))
    for root, from_user in places:
        for folder in _model_folders(root):
            try:
                card = read_card(folder, from_user=from_user)
                _check_present(card, folder)
                _check_new(card, cards)
            except CardInvalid as error:
                problems.append(Problem(folder.name, MODEL_DAMAGED, error.message, tr("left out")))
            else:
                cards.append(card)
    cards.sort(key=lambda card: (not card.default, card.from_user, -card.scale, card.name))
    return Catalog((*cards, *BASELINES), tuple(problems))


def _model_folders(root: Path) -> list[Path]:
    try:
        found = sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError:
        return []
    return [
        path
        for path in found[:MOST_FOLDERS]
        if (path / CARD_FILE).exists() or any(path.glob("*.safetensors"))
    ]


def _check_present(card: Card, folder: Path) -> None:
    missing = [name for name in card.files if not (folder / name).is_file()]
    if missing:
        raise CardInvalid(
            tr("The model {name} lacks {missing}.", name=card.name, missing=", ".join(missing)), path=folder
        )


def _check_new(card: Card, cards: list[Card]) -> None:
    taken = {other.name for other in (*cards, *BASELINES, LINEAR)}
    if card.name in taken:
        raise CardInvalid(tr("There is another model named {name}.", name=card.name), path=card.folder)


def _words(scales: tuple[int, ...]) -> str:
    return " or ".join(str(scale) for scale in scales)
