"""Stacks without a place in the patient: pictures, arrays and MATLAB files say nothing of where they lie."""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Final, TypeVar

import numpy as np

from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.geometry import unknown_geometry
from brainsr_desktop.core.series import FrameInfo, SourceKind, StackInfo
from brainsr_desktop.io.fitness import MINIMUM_SIDE_PX
from brainsr_desktop.io.text import clean
from brainsr_desktop.language import tr

_Item = TypeVar("_Item")

_NUMBER: Final = re.compile(r"(?s)(?P<head>.*?)\d+(\.\d+)?")
"""A name that ends in a number, which is lazily the longest one."""


def placeless_stack(
    kind: SourceKind,
    *,
    uid: str,
    study_uid: str,
    description: str,
    shape: tuple[int, int],
    frames: tuple[FrameInfo, ...],
    dtype: str,
    digest: str,
    samples: int = 1,
    volumes: int = 1,
    spacing_mm: tuple[float, float] | None = None,
    step_mm: float | None = None,
    bits: int = 16,
    files: int = 1,
    order_note: str = "",
    problems: tuple[Problem, ...] = (),
    header: tuple[tuple[str, str], ...] = (),
    has_masks: bool = False,
) -> StackInfo:
    """A stack of pictures of ``shape`` (rows, columns); ``spacing_mm`` (rows, columns), ``step_mm`` between slices."""
    slices = len(frames) // volumes
    return StackInfo(
        id="",
        kind=kind,
        series_uid=uid,
        study_uid=study_uid,
        description=clean(description),
        series_number=None,
        modality="",
        vendor="",
        model="",
        geometry=unknown_geometry(*shape, slices, spacing_mm or (1.0, 1.0)),
        frames=frames,
        volumes=volumes,
        volume_labels=tuple(tr("time {n}", n=n + 1) for n in range(volumes)) if volumes > 1 else ("",),
        volume_unsuitable=(None,) * volumes,
        dtype=dtype,
        samples=samples,
        photometric="RGB" if samples == 3 else "MONOCHROME2",
        has_position=False,
        has_spacing=spacing_mm is not None,
        thickness_mm=step_mm,
        badges=("no DICOM",),
        order_note=order_note,
        why_not=_why_not(shape, samples, bits),
        header=header,
        files=files,
        problems=problems,
        has_masks=has_masks,
        digest=digest,
    )


def _why_not(shape: tuple[int, int], samples: int, bits: int) -> str | None:
    if samples == 3:
        return tr("colour image")
    if bits == 1:
        return tr("only 1 bit a pixel")
    return tr("fewer than 16 x 16 pixels") if min(shape) < MINIMUM_SIDE_PX else None


def uid_of(*names: object) -> str:
    """A UID that is the same for the same names (DICOM PS3.5 B.2: 2.25 and a UUID)."""
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_URL, '//'.join(map(str, names))).int}"


def digest_of(*facts: object) -> str:
    """A digest of what identifies a stack before its pixels are read."""
    return uuid.uuid5(uuid.NAMESPACE_URL, repr(facts)).hex


def native_name(dtype: np.dtype[np.generic]) -> str:
    """The dtype of values as they are shown: in the machine's byte order, no bits, no half precision."""
    if dtype.kind == "b":
        return "uint8"
    return "float32" if dtype == np.float16 else dtype.newbyteorder("=").name


def head_of(stem: str) -> str:
    """What of a name comes before the number at its end: "218391_" of "218391_78"; empty where it ends in none."""
    found = _NUMBER.fullmatch(stem)
    return found["head"] if found else ""


def split_by_head(
    members: Iterable[_Item], key: Callable[[_Item], Hashable], stem: Callable[[_Item], str]
) -> list[tuple[str, list[_Item]]]:
    """Groups of one key, each parted by what comes before the numbers at the end of the names.

    So "218391_78" and "218391_79" are slices of one head, "400722_78" is another's. Returns (that part, members);
    names that would all stand alone ("a1", "b1", "c1") stay together.
    """
    groups: dict[Hashable, list[_Item]] = defaultdict(list)
    for member in members:
        groups[key(member)].append(member)
    found: list[tuple[str, list[_Item]]] = []
    for group in groups.values():
        parts: dict[str, list[_Item]] = defaultdict(list)
        for member in group:
            parts[head_of(stem(member))].append(member)
        if len(parts) == len(group) or len(parts) == 1:
            found.append(("", group))
        else:
            found += parts.items()
    return found


def in_words(parts: Sequence[str]) -> str:
    """Parts of a name as one description, without the signs between a name and its number."""
    return " ".join(word for part in parts if (word := part.strip(" _-.")))
