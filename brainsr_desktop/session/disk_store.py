"""Finished slices on disk, for the next start: bounded, checked when they are read, no patient data in their names.

A file is named by a hash of all that it was made from (UIDs, pixels and place of the source, frame, recipe, weights,
version of the pipeline) and is written under another name first, so that none is ever stale or half.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import struct
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.core.geometry import Geometry
from brainsr_desktop.session.cache import Result

log = logging.getLogger(__name__)

FORMAT: Final = "brainsr slice 1"
ENDING: Final = ".slice"
_CHECK_BYTES: Final = hashlib.sha256().digest_size
_PIXELS: Final = ("pixels", "spread")
_DAMAGE: Final = (OSError, ValueError, KeyError, TypeError, struct.error)
"""What a file of another version, a cut one or a dead disk can bring."""


def file_name(content: str, frame: int, recipe: str) -> str:
    """``content``: all of the source that counts, pixels by digest; ``recipe``: digest of recipe and weights."""
    return hashlib.sha256(f"{FORMAT}\n{content}\n{frame}\n{recipe}".encode()).hexdigest() + ENDING


class DiskStore:
    """Results by file name. Over the limit what was used longest ago goes first. Belongs to one thread at a time."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes

    def get(self, name: str) -> Result | None:
        """The result of that name; None where there is none, or none that can be used (which is then removed)."""
        path = self._folder / name
        try:
            found = unpacked(path.read_bytes())
        except FileNotFoundError:
            return None
        except _DAMAGE:
            log.info("a stored slice cannot be used")
            _remove(path)
            return None
        try:
            os.utime(path)
        except OSError:
            log.info("the age of a stored slice cannot be set")
        return found

    def put(self, name: str, result: Result) -> None:
        """Keep a result, at the price of the oldest ones. A disk that takes nothing costs nothing but the log line."""
        data = packed(result)
        if len(data) > self._limit_bytes:
            return
        partial = self._folder / f"{name}.partial"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make_room(len(data))
            with open(partial, "wb", opener=_for_us_alone) as file:
                file.write(data)
            partial.replace(self._folder / name)
        except OSError:
            log.info("a slice could not be stored", exc_info=True)
            _remove(partial)

    def clear(self) -> None:
        """Remove every file of the store."""
        for path in self._files():
            _remove(path)

    @property
    def used_bytes(self) -> int:
        """What the files take."""
        return sum(size for _, size, _ in self._by_age())

    def _files(self) -> list[Path]:
        try:
            return [path for path in self._folder.iterdir() if path.name.endswith((ENDING, ".partial"))]
        except OSError:
            return []

    def _by_age(self) -> list[tuple[int, int, Path]]:
        """(last use in ns, size in bytes, path), the oldest first."""
        known = []
        for path in self._files():
            try:
                facts = path.stat()
            except OSError:
                continue
            known.append((facts.st_mtime_ns, facts.st_size, path))
        return sorted(known)

    def _make_room(self, needed: int) -> None:
        known = self._by_age()
        used = sum(size for _, size, _ in known)
        for _, size, path in known:
            if used + needed <= self._limit_bytes:
                return
            _remove(path)
            used -= size


def packed(result: Result) -> bytes:
    """A result as the bytes of a file: SHA-256 of the rest, length of the head (uint32), head (JSON), pixels."""
    planes = [plane for plane in (result.pixels, result.spread) if plane is not None]
    told = {each.name: getattr(result, each.name) for each in fields(result) if each.name not in _PIXELS}
    head = {
        "format": FORMAT,
        "shape": result.pixels.shape,
        "planes": len(planes),
        "result": {**told, "geometry": asdict(result.geometry)},
    }
    text = json.dumps(head).encode()
    pixels = [np.ascontiguousarray(plane, "<f4").tobytes() for plane in planes]
    rest = b"".join((struct.pack("<I", len(text)), text, *pixels))
    return hashlib.sha256(rest).digest() + rest


def unpacked(data: bytes) -> Result:
    """The result in the bytes of a file.

    Raises:
        ValueError, KeyError, TypeError, struct.error: it is no such file, a damaged one or one of another version.
    """
    if hashlib.sha256(memoryview(data)[_CHECK_BYTES:]).digest() != data[:_CHECK_BYTES]:
        raise ValueError("a damaged stored slice")
    (length,) = struct.unpack_from("<I", data, _CHECK_BYTES)
    start = _CHECK_BYTES + 4
    head = json.loads(data[start : start + length])
    if head["format"] != FORMAT:
        raise ValueError("a stored slice of another version")
    payload = data[start + length :]
    rows, columns = head["shape"]
    planes = np.frombuffer(payload, "<f4").reshape(head["planes"], rows, columns)
    told = {name: _frozen(value) for name, value in head["result"].items() if name != "geometry"}
    place = {name: _frozen(value) for name, value in head["result"]["geometry"].items()}
    return Result(
        pixels=_plane(planes, 0),
        spread=_plane(planes, 1) if len(planes) > 1 else None,
        geometry=Geometry(**place),
        **told,
    )


def _plane(planes: NDArray[np.float32], number: int) -> NDArray[np.float32]:
    plane: NDArray[np.float32] = planes[number].astype(np.float32, copy=False)
    plane.flags.writeable = False
    return plane


def _frozen(value: Any) -> Any:
    """Lists of JSON as the tuples that they were."""
    return tuple(_frozen(part) for part in value) if isinstance(value, list) else value


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        log.info("a stored slice cannot be removed")
