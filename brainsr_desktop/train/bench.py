"""Reading a benchmark file: true slices with stored low-resolution inputs, as the data catalogue defines it."""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from brainsr_desktop.core.errors import ReadError

Floats: TypeAlias = npt.NDArray[np.float32]

FULL_SCALE: Final = 4095.0
"""Stored value of intensity 1.0."""

_READ_ERRORS: Final = (OSError, EOFError, LookupError, ValueError, zlib.error, zipfile.BadZipFile)
_INPUT = re.compile(r"([a-z]+)_x(\d+)_(\d{3})")


@dataclass(frozen=True, slots=True, eq=False)
class TrueSlice:
    """``pixels`` (rows, columns) float32, 1.0 = the volume's robust maximum; the mask of its ``head``; whose it is."""

    number: int
    subject: str
    label: str
    pixels: Floats
    head: npt.NDArray[np.bool_]


class Bench:
    """An open benchmark file; pictures are read when they are asked for. A context manager.

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
        label = " ".join(str(meta[key]) for key in ("contrast", "plane") if key in meta)
        return TrueSlice(number, subject, label, pixels, head)

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
