"""Several pictures at one position: echoes, b-values, phases in time, magnitude and phase become volumes.

Attributes are tried in a fixed order; one counts if it tells pictures at the same position apart and does not have
more values than there are pictures at a position. What then still shares a place is told apart by its order in time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from brainsr_desktop.io import limits
from brainsr_desktop.io.records import Picture
from brainsr_desktop.io.text import natural_key
from brainsr_desktop.language import tr

_MAPS: Final = (
    *(
        "ADC",
        "FA",
        "TRACEW",
        "TRACE",
        "COLFA",
        "TENSOR",
        "EXPADC",
        "CBF",
        "CBV",
        "MTT",
        "TTP",
        "TMAX",
        "RCBV",
        "RCBF",
    ),
    *("T1 MAP", "T2 MAP", "T2_STAR MAP", "T2STAR MAP", "B0 MAP", "B1 MAP", "FIELD MAP", "FA MAP", "ADC MAP"),
)
_Key: TypeAlias = tuple[Hashable, ...]


@dataclass(frozen=True, slots=True)
class Volumes:
    """Pictures by volume and position: ``pictures[volume][position]``, None where one is missing."""

    pictures: tuple[tuple[Picture | None, ...], ...]
    labels: tuple[str, ...]
    unsuitable: tuple[str | None, ...]
    fields: tuple[tuple[tuple[str, str], ...], ...]
    """For each volume (attribute, its value in words), for every attribute that tells volumes apart."""
    repeated: tuple[Picture, ...] = ()
    """Pictures that share a position with others although nothing else has more than one there."""


def parameter_map(image_type: Sequence[str]) -> str:
    """The name of a derived map (ADC, FA ...) by the image type; empty for a picture of the patient."""
    return next((value for value in image_type[2:] if value in _MAPS), "")


def unsuitable(picture: Picture) -> str | None:
    """Why no network may run over a picture of this kind."""
    if picture.component in ("phase", "real", "imaginary"):
        return f"{picture.component} image"
    found = parameter_map(picture.image_type)
    return tr("parameter map ({found})", found=found) if found else None


def split_volumes(positions: Sequence[Sequence[Picture]]) -> Volumes:
    """Sort the pictures of each position into volumes. ``positions``: at least one picture each."""
    most = max(len(pictures) for pictures in positions)
    if most == 1:
        only = tuple(pictures[0] for pictures in positions)
        return Volumes((only,), ("",), (_common_reason(only),), ((),))
    everything = [picture for pictures in positions for picture in pictures]
    chosen: list[tuple[str, dict[int, Hashable]]] = []
    keys: dict[int, _Key] = {id(picture): () for picture in everything}
    for name, values in _attributes(everything):
        if len({values[id(picture)] for picture in everything}) > most or not _tells_apart(
            positions, keys, values
        ):
            continue
        chosen.append((name, values))
        keys = {id(picture): (*keys[id(picture)], values[id(picture)]) for picture in everything}
    placed: dict[tuple[_Key, int], dict[int, Picture]] = defaultdict(dict)
    for index, pictures in enumerate(positions):
        counts: dict[_Key, int] = defaultdict(int)
        for picture in sorted(pictures, key=order_in_time):
            key = keys[id(picture)]
            placed[key, counts[key]][index] = picture
            counts[key] += 1
    return _assembled(placed, len(positions), [name for name, _ in chosen])


def order_in_time(picture: Picture) -> tuple[object, ...]:
    """Sort key for pictures at one position that differ in nothing else."""
    return (
        picture.temporal or 0,
        picture.trigger_ms or 0.0,
        picture.file.series_number or 0,
        picture.acquisition or 0,
        picture.instance_number if picture.instance_number is not None else 1 << 40,
        picture.time_s or 0.0,
        natural_key(picture.file.shown),
        picture.frame,
    )


def _assembled(
    placed: dict[tuple[_Key, int], dict[int, Picture]], positions: int, names: Sequence[str]
) -> Volumes:
    def first(entry: tuple[_Key, int]) -> tuple[object, ...]:
        key, rank = entry
        return (*[_sortable(value) for value in key], rank)

    order = sorted(placed, key=first)
    volumes = tuple(tuple(placed[entry].get(index) for index in range(positions)) for entry in order)
    ranks = len({rank for _, rank in order}) > 1
    labels = []
    fields = []
    for (key, rank), volume in zip(order, volumes, strict=True):
        example = next(picture for picture in volume if picture is not None)
        told = [(name, _LABELS[name](value, example)) for name, value in zip(names, key, strict=True)]
        if ranks:
            told.append(("time", tr("time {rank}", rank=rank + 1)))
        labels.append(", ".join(words for _, words in told if words))
        fields.append(tuple((name, words) for name, words in told if words))
    full = [volume for volume in volumes if None not in volume]
    stray = [volume for volume in volumes if volume.count(None) > positions // 2]
    repeated = tuple(p for volume in stray for p in volume if p) if full and stray else ()
    return Volumes(
        volumes,
        _distinct(labels),
        tuple(_common_reason(volume) for volume in volumes),
        tuple(fields),
        repeated,
    )


def _distinct(labels: Sequence[str]) -> tuple[str, ...]:
    if len(set(labels)) == len(labels) and all(labels):
        return tuple(labels)
    return tuple(
        tr("{label}, volume {number}", label=label, number=number)
        if label
        else tr("volume {number}", number=number)
        for number, label in enumerate(labels, start=1)
    )


def _common_reason(pictures: Sequence[Picture | None]) -> str | None:
    reasons = {unsuitable(picture) for picture in pictures if picture is not None}
    return next(iter(reasons)) if len(reasons) == 1 else None


def _tells_apart(
    positions: Sequence[Sequence[Picture]], keys: dict[int, _Key], values: dict[int, Hashable]
) -> bool:
    """Whether the values separate pictures at one position that the keys so far do not."""
    for pictures in positions:
        before = {keys[id(picture)] for picture in pictures}
        if len({(keys[id(picture)], values[id(picture)]) for picture in pictures}) > len(before):
            return True
    return False


def _attributes(pictures: Sequence[Picture]) -> list[tuple[str, dict[int, Hashable]]]:
    """Every attribute that makes volumes, most telling first, as value by picture."""
    return [
        ("echo", _grouped(pictures, lambda p: p.echo_ms, limits.current().echo_ms)),
        ("echo number", {id(p): p.echo_number for p in pictures}),
        ("component", {id(p): p.component or "magnitude" for p in pictures}),
        ("map", {id(p): parameter_map(p.image_type) for p in pictures}),
        ("kind", {id(p): p.image_type[2:] for p in pictures}),
        ("inversion", _grouped(pictures, lambda p: p.inversion_ms, 0.5)),
        ("flip", _grouped(pictures, lambda p: p.flip_deg, 0.05)),
        ("b", _grouped(pictures, lambda p: p.b_value, 1.0)),
        (
            "direction",
            _numbered(pictures, lambda p: p.gradient and tuple(round(x, 3) for x in p.gradient)),
        ),
        ("temporal", {id(p): p.temporal for p in pictures}),
        ("trigger", _grouped(pictures, lambda p: p.trigger_ms, 0.5)),
        ("series", {id(p): p.file.series_number for p in pictures}),
        ("acquisition", {id(p): p.acquisition for p in pictures}),
    ]


def _grouped(
    pictures: Sequence[Picture], value_of: Callable[[Picture], float | None], tolerance: float
) -> dict[int, Hashable]:
    """Values that lie closer together than the tolerance become one: the lowest of them."""
    groups: dict[float, float] = {}
    start = last = float("-inf")
    for value in sorted({value for p in pictures if (value := value_of(p)) is not None}):
        if value - last > tolerance:
            start = value
        groups[value] = start
        last = value
    result: dict[int, Hashable] = {}
    for picture in pictures:
        value = value_of(picture)
        result[id(picture)] = None if value is None else groups[value]
    return result


def _numbered(pictures: Sequence[Picture], value_of: Callable[[Picture], Hashable]) -> dict[int, Hashable]:
    """Values as numbers from 1, in the order in which they were acquired; None stays None."""
    numbers: dict[Hashable, int] = {}
    result: dict[int, Hashable] = {}
    for picture in sorted(pictures, key=order_in_time):
        value = value_of(picture)
        result[id(picture)] = None if value is None else numbers.setdefault(value, len(numbers) + 1)
    return result


_COMPONENT_ORDER: Final = {"magnitude": 0, "phase": 1, "real": 2, "imaginary": 3}


def _sortable(value: Hashable) -> tuple[int, object]:
    if value is None:
        return (0, 0)
    if isinstance(value, (int, float)):
        return (1, value)
    if isinstance(value, str):
        return (2, (_COMPONENT_ORDER.get(value, 9), value))
    return (3, value)


def _echo_label(value: object, picture: Picture) -> str:
    if not isinstance(value, float):
        return ""
    if picture.echo_number is None:
        return tr("echo {time:.2f} ms", time=value)
    return tr("echo {number}, {time:.2f} ms", number=picture.echo_number, time=value)


_LABELS: Final[dict[str, Callable[[Hashable, Picture], str]]] = {
    "echo": _echo_label,
    "echo number": lambda value, p: "" if p.echo_ms is not None else tr("echo {value}", value=value),
    "component": lambda value, _: str(value),
    "map": lambda value, _: str(value),
    "kind": lambda value, p: "" if parameter_map(p.image_type) else _kind_label(value),
    "inversion": lambda value, _: tr("TI {value:g} ms", value=value) if isinstance(value, float) else "",
    "flip": lambda value, _: tr("flip angle {value:g}°", value=value) if isinstance(value, float) else "",
    "b": lambda value, _: f"b {value:.0f}" if isinstance(value, float) else "",
    "direction": lambda value, _: tr("direction {value}", value=value) if value is not None else "",
    "temporal": lambda value, _: tr("time {value}", value=value),
    "trigger": lambda value, _: tr("trigger {value:g} ms", value=value) if isinstance(value, float) else "",
    "series": lambda value, _: tr("series {value}", value=value),
    "acquisition": lambda value, _: tr("acquisition {value}", value=value),
}


def _kind_label(value: Hashable) -> str:
    return "/".join(str(part) for part in value).lower() if isinstance(value, tuple) else ""
