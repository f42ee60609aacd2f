"""Fast forms of a network: quicker, with a measured loss. A card's ``[fast]`` table says which there are.

Each form was measured by ``python -m brainsr_desktop.train.quantise`` on the benchmark: how much lower the head PSNR
is than that of the exact form, by protocol, and by how much any pixel differs at most.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, get_args

from brainsr_desktop.language import tr

FormName: TypeAlias = Literal["int8", "bf16"]
FORMS: Final[tuple[FormName, ...]] = get_args(FormName)
"""Quickest first."""
WEIGHTS_KEY: Final = "weights_sha256"
INT8_GRAPH: Final = "graph-int8.xml"
LARGEST_LOSS_DB: Final = 0.05
"""A form that loses as much, in any protocol, is not offered."""


@dataclass(frozen=True, slots=True)
class FastForm:
    """One form: ``loss_db`` by protocol (head PSNR of the exact form minus that of this one, mean over the slices),
    ``largest_error`` of a pixel as a part of the intensity range, ``graph`` the file it has of its own, ``made`` by
    which command."""

    name: FormName
    loss_db: Mapping[str, float]
    largest_error: float
    graph: str | None = None
    made: str = ""

    @property
    def is_offered(self) -> bool:
        """Whether it was measured and loses little enough everywhere."""
        return bool(self.loss_db) and max(self.loss_db.values()) < LARGEST_LOSS_DB

    @property
    def text(self) -> str:
        """For people."""
        return tr(
            "{form}: loses {loss} dB at most, {error} of the range in any pixel",
            form=self.name,
            loss=f"{max(self.loss_db.values()):.3f}",
            error=f"{self.largest_error:.3f}",
        )


def read_forms(
    table: Mapping[str, Any], files: Mapping[str, str], weights_sha256: str
) -> tuple[FastForm, ...]:
    """The forms of a card's ``[fast]`` table, quickest first; none where they are of other weights than the model's.

    Raises:
        ValueError: an entry is unknown, of a wrong kind, or names a file that the card does not.
    """
    if not set(table) <= {*FORMS, WEIGHTS_KEY}:
        raise ValueError("there is no such form")
    if table.get(WEIGHTS_KEY) != weights_sha256:
        return ()
    return tuple(_form(name, table[name], files) for name in FORMS if name in table)


def _form(name: FormName, entry: object, files: Mapping[str, str]) -> FastForm:
    match entry:
        case {"loss_db": dict(loss), "largest_error": int() | float() as error, **others}:
            graph = str(others["graph"]) if "graph" in others else None
            made = str(others.get("made", ""))
        case _:
            raise ValueError(f"{name} lacks its figures")
    if not loss or not all(isinstance(value, (int, float)) for value in (*loss.values(), error)):
        raise ValueError(f"{name} has figures that are none")
    if (name == "int8") != (graph is not None) or (graph is not None and graph not in files):
        raise ValueError(f"{name} has no graph that the card names")
    return FastForm(name, {str(key): float(value) for key, value in loss.items()}, float(error), graph, made)


def offered(forms: tuple[FastForm, ...]) -> Iterator[FastForm]:
    """Those that lose little enough."""
    return (form for form in forms if form.is_offered)
