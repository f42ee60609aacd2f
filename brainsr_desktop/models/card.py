"""A model's card: everything that is known about it, beside its weights, in ``card.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, cast, get_args

from brainsr_desktop.core.errors import CardInvalid
from brainsr_desktop.language import tr
from brainsr_desktop.models.fast_forms import FastForm, FormName, offered, read_forms
from brainsr_desktop.models.trust_table import Trust, TrustTable

Role = Literal["fidelity", "perceptual", "preview", "reference", "baseline"]
Value: TypeAlias = str | int | float | bool

SCHEMA: Final = 1
CARD_FILE: Final = "card.toml"
WEIGHTS_FILE: Final = "weights.safetensors"
SCALES: Final = (2, 4)
CARD_BYTES: Final = 1 << 20
INTERPOLATION: Final = "interpolation"
"""Network of the baselines: none."""
GRAPH_SUFFIXES: Final = (".xml", ".onnx")

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FILE_SUFFIXES = (".safetensors", ".xml", ".bin", ".onnx", ".png", ".csv", ".json", ".toml", ".md", ".txt")


@dataclass(frozen=True, slots=True)
class Card:
    """What a model is and what it may be used for.

    ``network`` is a name of `models.networks.NETWORKS` or "interpolation"; ``scales`` the factors it enlarges by
    (one, for a network). ``size_multiple`` and ``minimum_side`` are in input pixels, ``receptive_field`` is the
    side of the input square that one input pixel's output depends on. ``gflop_160`` counts a slice of 160 x 160.
    ``config`` goes to the network's ``build``; ``files`` maps file names to SHA-256; ``metrics`` protocol to
    figures. ``fast`` are the forms of the network that are quicker and lose a little. ``trust`` is what was
    measured with these very weights about how far the pictures can be trusted, None where nothing was. ``folder``
    is where the files lie, None for a baseline; ``from_user`` tells a model of the user's folder.
    """

    name: str
    title: str
    network: str
    scales: tuple[int, ...]
    role: Role
    default: bool = False
    grid: str = "half_pixel"
    input_channels: int = 1
    size_multiple: int = 1
    minimum_side: int = 1
    receptive_field: int = 1
    parameters: int = 0
    gflop_160: float = 0.0
    precision: tuple[str, ...] = ("exact",)
    licence: str = ""
    description: str = ""
    limits: str = ""
    config: Mapping[str, Value] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    fast: tuple[FastForm, ...] = ()
    trust: Trust | None = None
    folder: Path | None = None
    from_user: bool = False

    @property
    def scale(self) -> int:
        """The largest factor; a network has but one."""
        return max(self.scales)

    @property
    def is_interpolation(self) -> bool:
        """Whether no network is behind it."""
        return self.network == INTERPOLATION

    @property
    def weights_sha256(self) -> str:
        """Hash of the weights, part of every result's key; empty for a baseline."""
        return self.files.get(WEIGHTS_FILE, "")

    @property
    def pixels_sha256(self) -> str:
        """What decides the pixels of a result in any precision: the weights, and the graphs of the fast forms."""
        graphs = [self.files[form.graph] for form in self.fast if form.graph]
        return "+".join([self.weights_sha256, *graphs])

    @property
    def graph(self) -> str | None:
        """File name of the portable graph (OpenVINO IR or ONNX); None where there is none."""
        fast = {form.graph for form in self.fast}
        names = (name for name in sorted(self.files, reverse=True) if name not in fast)
        return next((name for name in names if name.endswith(GRAPH_SUFFIXES)), None)

    @property
    def offers_fast(self) -> bool:
        """Whether the precision "fast" is anything else than "exact"."""
        return "fast" in self.precision and any(offered(self.fast))

    def fast_form(self, *names: FormName) -> FastForm | None:
        """The first of some forms that the model has and that loses little enough."""
        there = {form.name: form for form in offered(self.fast)}
        return next((there[name] for name in names if name in there), None)


def read_card(folder: Path, *, from_user: bool = False) -> Card:
    """Read and check ``card.toml`` of a model's folder.

    Raises:
        CardInvalid: the card is missing, not TOML, lacks an entry, or contradicts itself.
    """
    path = folder / CARD_FILE
    try:
        with path.open("rb") as file:
            text = file.read(CARD_BYTES + 1)
        if len(text) > CARD_BYTES:
            raise CardInvalid(tr("The card of the model {name} is too long.", name=folder.name), path=path)
        table = tomllib.loads(text.decode("utf-8"))
    except OSError as error:
        raise CardInvalid(
            tr(
                "The model folder {name} has no card that can be read ({reason}).",
                name=folder.name,
                reason=error.strerror,
            ),
            advice=tr("A model needs a card.toml beside its weights."),
            path=path,
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise CardInvalid(
            tr("The card of the model {name} is not valid TOML: {error}", name=folder.name, error=error),
            path=path,
        ) from error
    reader = _Reader(table, path)
    try:
        return reader.card(from_user)
    except OverflowError:
        raise reader.wrong(tr("has a number that is too large")) from None


class _Reader:
    """Takes a card's entries out of its table, one check at a time."""

    def __init__(self, table: dict[str, Any], path: Path) -> None:
        self._table = table
        self._path = path

    def card(self, from_user: bool) -> Card:
        if self._take("schema", int) != SCHEMA:
            raise self.wrong(tr("is of another version than {schema}", schema=SCHEMA))
        scale = self._take("scale", int)
        files = self._take("files", dict)
        card = Card(
            name=self._take("name", str),
            title=self._take("title", str),
            network=self._take("network", str),
            scales=(scale,),
            role=cast("Role", self._take("role", str)),
            default=self._take("default", bool, default=False),
            grid=self._take("grid", str, default=""),
            input_channels=self._take("input_channels", int, default=1),
            size_multiple=self._take("size_multiple", int, default=1),
            minimum_side=self._take("minimum_side", int, default=1),
            receptive_field=self._take("receptive_field", int),
            parameters=self._take("parameters", int, default=0),
            gflop_160=float(self._take("gflop_160", (int, float), default=0.0)),
            precision=tuple(self._take("precision", list, default=["exact"])),
            licence=self._take("licence", str, default=""),
            description=self._take("description", str, default=""),
            limits=self._text("limits"),
            config=self._take("config", dict, default={}),
            files=files,
            data=self._take("data", dict, default={}),
            training=self._take("training", dict, default={}),
            metrics=self._take("metrics", dict, default={}),
            fast=self._fast(files),
            trust=self._trust(files.get(WEIGHTS_FILE)),
            folder=self._path.parent,
            from_user=from_user,
        )
        self._check(card)
        return card

    def _take(self, key: str, kind: Any, *, default: Any = None) -> Any:
        value = self._table.get(key, default)
        if value is None:
            raise self.wrong(tr("has no entry {key!r}", key=key))
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.wrong(tr("has a wrong entry {key!r}", key=key))
        return value

    def _fast(self, files: Mapping[str, str]) -> tuple[FastForm, ...]:
        try:
            return read_forms(self._take("fast", dict, default={}), files, files.get(WEIGHTS_FILE, ""))
        except ValueError as error:
            raise self.wrong(tr("has a wrong entry {key!r}", key="fast")) from error

    def _trust(self, weights_sha256: object) -> Trust | None:
        """None also where it was measured with other weights: a stale table is none."""
        table = self._take("trust", dict, default={})
        if not table or not TrustTable(table).is_of(str(weights_sha256)):
            return None
        try:
            return TrustTable(table).read()
        except ValueError as error:
            raise self.wrong(tr("has a wrong entry {key!r}", key=f"trust.{error}")) from error

    def _text(self, key: str) -> str:
        """One text, or a list of sentences."""
        value = self._table.get(key, "")
        if isinstance(value, list) and all(isinstance(line, str) for line in value):
            return "\n".join(value)
        return cast("str", self._take(key, str, default=""))

    def _check(self, card: Card) -> None:
        if not _NAME.fullmatch(card.name) or card.name != self._path.parent.name:
            raise self.wrong(
                tr("names the model {name!r}, which is not the name of its folder", name=card.name)
            )
        if card.role not in get_args(Role) or card.role == "baseline":
            raise self.wrong(tr("has an unknown role {role!r}", role=card.role))
        if card.network == INTERPOLATION:
            raise self.wrong(tr("has no network but {interpolation!r}", interpolation=INTERPOLATION))
        if card.grid != "half_pixel":
            raise self.wrong(tr('does not say grid = "half_pixel", so nobody knows where its pixels lie'))
        if card.scale not in SCALES or card.config.get("scale", card.scale) != card.scale:
            raise self.wrong(tr("has a wrong factor {scale}", scale=card.scale))
        if card.input_channels != 1:
            raise self.wrong(
                tr(
                    "asks for {channels} input channels; this program gives one",
                    channels=card.input_channels,
                )
            )
        self._check_numbers(card)
        self._check_files(card)

    def _check_numbers(self, card: Card) -> None:
        sizes = {
            "size_multiple": (card.size_multiple, 64),
            "minimum_side": (card.minimum_side, 256),
            "receptive_field": (card.receptive_field, 4096),
        }
        for name, (value, most) in sizes.items():
            if not 1 <= value <= most:
                raise self.wrong(tr("has an entry {name!r} outside 1 to {most}", name=name, most=most))
        if "exact" not in card.precision or not set(card.precision) <= {"exact", "fast"}:
            raise self.wrong(tr("has a wrong entry 'precision'"))
        if not all(isinstance(value, (str, int, float, bool)) for value in card.config.values()):
            raise self.wrong(tr("has a wrong entry 'config'"))
        if not all(isinstance(figures, dict) for figures in card.metrics.values()):
            raise self.wrong(tr("has a wrong entry 'metrics'"))

    def _check_files(self, card: Card) -> None:
        if WEIGHTS_FILE not in card.files:
            raise self.wrong(tr("does not name {weights_file}", weights_file=WEIGHTS_FILE))
        for name, digest in card.files.items():
            if not _FILE_NAME.fullmatch(name) or not name.endswith(_FILE_SUFFIXES):
                raise self.wrong(tr("names a file {name!r} that no model may have", name=name))
            if not _SHA256.fullmatch(str(digest)):
                raise self.wrong(tr("has no SHA-256 for {name}", name=name))

    def wrong(self, what: str) -> CardInvalid:
        """The error to raise."""
        return CardInvalid(
            tr("The card of the model {name} {what}.", name=self._path.parent.name, what=what),
            advice=tr("Choose another model, or install this one again."),
            path=self._path,
        )
