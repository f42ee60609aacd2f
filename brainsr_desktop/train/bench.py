"""True slices with low-resolution inputs: stored in a benchmark file, or made of any slices in the same way."""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from brainsr_desktop.core.errors import ReadError
from brainsr_desktop.core.metrics import head_mask
from brainsr_desktop.train.dataset import read_stack_file
from brainsr_desktop.train.protocols import PROTOCOLS, reduced_slice

Floats: TypeAlias = npt.NDArray[np.float32]
Mask: TypeAlias = npt.NDArray[np.bool_]

FULL_SCALE: Final = 4095.0
"""Stored value of intensity 1.0."""

_READ_ERRORS: Final = (OSError, EOFError, LookupError, ValueError, zlib.error, zipfile.BadZipFile)
_INPUT = re.compile(r"([a-z]+)_x(\d+)_(\d{3})")


@dataclass(frozen=True, slots=True, eq=False)
class TrueSlice:
    """``pixels`` (rows, columns) float32, 1.0 = the volume's robust maximum; the mask of its ``head``; whose it is.

    ``lesion``: the mask of what an expert outlined; None where nobody did. ``spacing_mm`` between rows, between
    columns; 1 mm where it is not known.
    """

    number: int
    subject: str
    label: str
    pixels: Floats
    head: Mask
    lesion: Mask | None = None
    spacing_mm: tuple[float, float] = (1.0, 1.0)


class SliceSet(Protocol):
    """True slices by number, with an input for each scale and protocol: what models are judged on."""

    @property
    def name(self) -> str:
        """For tables and files."""

    @property
    def numbers(self) -> list[int]:
        """The slices, in order."""

    def groups(self) -> list[tuple[int, str]]:
        """(scale, protocol) of which there is an input for every slice, largest scale first."""

    def true_slice(self, number: int) -> TrueSlice:
        """The truth of one slice."""

    def low(self, number: int, scale: int, protocol: str) -> Floats:
        """The input of one slice, float32, 1.0 as in the truth."""


class MadeBench:
    """Slices without stored inputs, reduced in the benchmark's protocols by `train.protocols`.

    Sides that are no multiples of 4 lose up to three pixels at the far edge.
    """

    def __init__(self, name: str, slices: Iterable[TrueSlice]) -> None:
        self.name = name
        self._slices = {entry.number: _divisible(entry) for entry in slices}

    @property
    def numbers(self) -> list[int]:
        """The slices, in the order given."""
        return list(self._slices)

    def groups(self) -> list[tuple[int, str]]:
        """Both scales and all protocols."""
        return [(scale, protocol) for scale in (4, 2) for protocol in PROTOCOLS]

    def true_slice(self, number: int) -> TrueSlice:
        """The truth of one slice."""
        return self._slices[number]

    def low(self, number: int, scale: int, protocol: str) -> Floats:
        """The slice reduced."""
        return reduced_slice(self._slices[number].pixels, protocol, scale, number)


def _divisible(entry: TrueSlice) -> TrueSlice:
    rows, columns = (side - side % 4 for side in entry.pixels.shape)
    cut = np.s_[:rows, :columns]
    return replace(
        entry,
        pixels=np.ascontiguousarray(entry.pixels[cut]),
        head=entry.head[cut],
        lesion=None if entry.lesion is None else entry.lesion[cut],
    )


@contextmanager
def open_slices(path: Path) -> Iterator[SliceSet]:
    """A benchmark file, or a stack file of training data whose slices are reduced as the benchmark's are.

    Raises:
        ReadError: the file is missing or neither of the two, also later, when a picture is damaged.
    """
    if _is_stack_file(path):
        yield MadeBench(path.name, _stack_slices(path))
    else:
        with Bench(path) as bench:
            yield bench


def _is_stack_file(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as file:
            return "blob.npy" in file.namelist()
    except (OSError, zipfile.BadZipFile):
        return False  # whoever reads it as a benchmark says what is wrong


def _stack_slices(path: Path) -> Iterator[TrueSlice]:
    number = 0
    for stack, meta in read_stack_file(path):
        for stored in stack:
            pixels = stored.astype(np.float32) / np.float32(255.0)
            subject = str(meta.get("subject", ""))
            yield TrueSlice(
                number, subject, _label(meta), pixels, head_mask(pixels), spacing_mm=_spacing(meta)
            )
            number += 1


def _label(meta: Mapping[str, Any]) -> str:
    return " ".join(str(meta[key]) for key in ("contrast", "plane") if key in meta)


def _spacing(meta: Mapping[str, Any]) -> tuple[float, float]:
    row_mm, column_mm = meta.get("spacing_mm", (1.0, 1.0))
    return float(row_mm), float(column_mm)


class Bench:
    """An open benchmark file, as the data catalogue defines it; pictures are read when they are asked for.

    A context manager.

    Raises:
        ReadError: the file is missing or is no benchmark, also later, when a picture is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with ExitStack() as stack:
            try:
                # numpy leaves a file open that it opened and could not read
                self._file = stack.enter_context(
                    np.load(stack.enter_context(path.open("rb")), allow_pickle=False)
                )
                entries = [json.loads(str(entry)) for entry in self._file["meta"]]
                self._meta = {int(entry["i"]): entry for entry in entries}
                names = list(self._file.files)
            except (*_READ_ERRORS, TypeError, AttributeError) as error:
                raise ReadError(
                    f"{path.name} is not a benchmark file that can be read.",
                    advice="A benchmark is an .npz file as the data catalogue describes it.",
                    path=path,
                ) from error
            self._open = stack.pop_all()
        self._inputs = {found.groups() for name in names if (found := _INPUT.fullmatch(name))}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def numbers(self) -> list[int]:
        """The slices, in the file's order."""
        return list(self._meta)

    def groups(self) -> list[tuple[int, str]]:
        """(scale, protocol) of which there is an input for every slice, largest scale first."""
        found = {(int(scale), protocol) for protocol, scale, _ in self._inputs}
        wanted = {f"{number:03d}" for number in self._meta}
        complete = [
            (scale, protocol)
            for scale, protocol in found
            if wanted <= {n for p, s, n in self._inputs if (int(s), p) == (scale, protocol)}
        ]
        return sorted(complete, key=lambda group: (-group[0], group[1]))

    def true_slice(self, number: int) -> TrueSlice:
        """The truth of one slice."""
        meta = self._meta[number]
        pixels = self._read(f"hr_{number:03d}")
        packed = self._array(f"mask_{number:03d}")
        if packed.dtype != np.uint8 or packed.size != -(-pixels.size // 8):
            raise self._damaged(f"mask_{number:03d}")
        head = np.unpackbits(packed.ravel(), count=pixels.size).reshape(pixels.shape).astype(np.bool_)
        subject = str(meta.get("subject", number))
        return TrueSlice(number, subject, _label(meta), pixels, head, spacing_mm=_spacing(meta))

    def low(self, number: int, scale: int, protocol: str) -> Floats:
        """The stored input of one slice, float32, 1.0 as in the truth."""
        return self._read(f"{protocol}_x{scale}_{number:03d}")

    def _read(self, name: str) -> Floats:
        stored = self._array(name)
        if stored.ndim != 2 or stored.dtype.kind not in "uf" or stored.size == 0:
            raise self._damaged(name)
        full = FULL_SCALE if stored.dtype == np.uint16 else 255.0 if stored.dtype == np.uint8 else 1.0
        return np.asarray(stored.astype(np.float32) / np.float32(full))

    def _array(self, name: str) -> npt.NDArray[Any]:
        try:
            return np.asarray(self._file[name])
        except _READ_ERRORS as error:
            raise self._damaged(name) from error

    def _damaged(self, name: str) -> ReadError:
        return ReadError(f"The entry {name} of {self.path.name} is missing or damaged.", path=self.path)
