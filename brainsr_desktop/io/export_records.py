"""The lines of an export's journal as checked data: the job, and one record for each finished slice.

Anyone may edit a journal, so nothing is believed without its type, and names must be plain names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Final, Self, get_args
from uuid import UUID

from brainsr_desktop.io.export_values import StoredType, StoredValues
from brainsr_desktop.io.messages import ExportFormat, ModelNote, Scores

FORBIDDEN: Final = frozenset('/\\:*?"<>|\0')


def is_plain_name(name: object) -> bool:
    """Whether it can only name something inside a folder."""
    return isinstance(name, str) and name not in ("", ".", "..") and not set(name) & FORBIDDEN


@dataclass(frozen=True, slots=True)
class JobRecord:
    """What was decided when an export began. ``started`` is local time in ISO form, ``key`` a check of the anonymising
    key (empty without), ``name`` that of the folder, ``values`` how slices are stored."""

    job: str
    started: str
    fingerprint: str
    key: str
    name: str
    formats: tuple[ExportFormat, ...]
    series_numbers: tuple[int, ...]
    values: StoredValues
    model: ModelNote
    volume_step_s: float

    def as_line(self) -> dict[str, Any]:
        """The record as a JSON object."""
        return asdict(self)

    @classmethod
    def from_line(cls, line: Mapping[str, Any]) -> Self | None:
        """The record of a journal's first line; None where a part is missing or not what it should be."""
        try:
            model, values = dict(line["model"]), dict(line["values"])
            if not all(isinstance(value, str) for value in model.values()):
                return None
            record = cls(
                job=str(UUID(line["job"])),
                started=datetime.fromisoformat(line["started"]).isoformat(timespec="microseconds"),
                fingerprint=_text(line["fingerprint"]),
                key=_text(line["key"]),
                name=_text(line["name"]),
                formats=tuple(_one_of(name, get_args(ExportFormat)) for name in line["formats"]),
                series_numbers=tuple(_whole(number) for number in line["series_numbers"]),
                values=StoredValues(
                    _one_of(values["dtype"], get_args(StoredType)),
                    float(values["slope"]),
                    float(values["intercept"]),
                ),
                model=ModelNote(**model),
                volume_step_s=float(line["volume_step_s"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            return None
        return record if is_plain_name(record.name) and record.values.slope else None


@dataclass(frozen=True, slots=True)
class SliceRecord:
    """One slice that is safe on disk.

    ``file`` is its name, ``kept`` whether it stays in the finished folder (DICOM) or is only worked from; ``index``,
    ``number``, ``volume``, ``slice`` and ``group`` say which slice it is (volume and slice from 1); ``frame`` counts
    from 1 in a multi-frame source. ``pixels`` is the SHA-256 of the stored values, ``lowest`` and ``highest`` their
    range. The source's identity is left out when patient data are removed. ``scores`` are the figures of the
    slice where the truth is known; journals of earlier versions have none.
    """

    file: str
    sha256: str
    kept: bool
    index: int
    number: int
    volume: int
    slice: int
    group: int
    frame: int | None
    tile: int | None
    sop_uid: str
    source_uid: str
    source_file: str
    source_sha256: str
    pixels: str
    lowest: float
    highest: float
    clipped: int
    repairs: tuple[tuple[str, str], ...] = ()
    dropped: tuple[str, ...] = ()
    private: int = 0
    comment: str = ""
    scores: Scores = ()

    def as_line(self) -> dict[str, Any]:
        """The record as a JSON object."""
        return asdict(self)

    @classmethod
    def from_line(cls, line: Mapping[str, Any]) -> Self | None:
        """The record of a journal's line; None where a part is missing or not what it should be."""
        names = {field.name for field in fields(cls)}
        if (
            {*line, "scores"} != names
            or not is_plain_name(line["file"])
            or not isinstance(line["kept"], bool)
        ):
            return None
        try:
            parts: dict[str, Any] = {name: _text(line[name]) for name in _TEXTS}
            parts |= {name: _whole(line[name]) for name in _WHOLES}
            parts |= {name: None if line[name] is None else _whole(line[name]) for name in ("frame", "tile")}
            return cls(
                **parts,
                kept=line["kept"],
                lowest=float(line["lowest"]),
                highest=float(line["highest"]),
                repairs=tuple((_text(keyword), _text(note)) for keyword, note in line["repairs"]),
                dropped=tuple(_text(keyword) for keyword in line["dropped"]),
                scores=tuple((_text(name), float(value)) for name, value in line.get("scores", ())),
            )
        except (TypeError, ValueError):
            return None


_TEXTS: Final = (
    "file",
    "sha256",
    "sop_uid",
    "source_uid",
    "source_file",
    "source_sha256",
    "pixels",
    "comment",
)
_WHOLES: Final = ("index", "number", "volume", "slice", "group", "clipped", "private")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value


def _one_of(value: object, choices: tuple[Any, ...]) -> Any:
    if value not in choices:
        raise ValueError
    return value
