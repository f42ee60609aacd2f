"""Stack files: an .npz of losslessly compressed slices with what is known of each volume (this project's own format).

``blob`` (uint8) holds the pictures one after the other, ``size`` their bytes, ``count`` how many belong to each stack,
and ``meta`` one JSON text a stack: ``subject``, ``contrast``, ``plane``, ``spacing_mm`` (rows, columns), ``step_mm``.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from brainsr_desktop.core.series import FrameInfo, SeriesInfo, StudyInfo
from brainsr_desktop.io.dicom_checks import check_size
from brainsr_desktop.io.dicom_file import DAMAGE, BadDicom
from brainsr_desktop.io.placeless import digest_of, placeless_stack, uid_of
from brainsr_desktop.io.sources import Source
from brainsr_desktop.io.text import clean
from brainsr_desktop.language import tr

ENTRIES: Final = frozenset({"blob", "size", "count", "meta"})
SLICES_LIMIT: Final = 200_000
_FORMATS: Final = ("WEBP", "PNG")


@dataclass(frozen=True, slots=True)
class StackEntry:
    """One stack of a file: numbers of its first slice and of the one after its last, and what is told of it."""

    first: int
    end: int
    meta: Mapping[str, Any]

    def text(self, name: str) -> str:
        """An entry as one line of text; empty where it is none."""
        value = self.meta.get(name)
        return clean(value) if isinstance(value, str) else ""

    def lengths(self, name: str, count: int) -> tuple[float, ...] | None:
        """Lengths in mm above 0; None where they are not told."""
        value = self.meta.get(name)
        values: list[Any] = value if isinstance(value, list) else [value]
        numbers = [float(one) for one in values if isinstance(one, (int, float)) and 0 < one < 1000]
        return tuple(numbers) if len(numbers) == len(values) == count else None


def entries_of(sizes: NDArray[Any], counts: NDArray[Any], metas: NDArray[Any], blob: int) -> list[StackEntry]:
    """The stacks of a file whose pictures take ``blob`` bytes. Raises `BadDicom` where its tables disagree."""
    plain = sizes.ndim == counts.ndim == metas.ndim == 1 and len(counts) == len(metas)
    if not plain or sizes.dtype.kind not in "iu" or counts.dtype.kind not in "iu" or metas.dtype.kind != "U":
        raise BadDicom("BAD_HEADER", tr("Its tables are damaged."))
    if min(sizes, default=0) < 0 or min(counts, default=0) < 1 or len(sizes) > SLICES_LIMIT:
        raise BadDicom("BAD_HEADER", tr("Its tables hold impossible sizes."))
    if sum(sizes.tolist()) != blob or sum(counts.tolist()) != len(sizes):
        raise BadDicom("BAD_HEADER", tr("Its tables do not fit its pictures."))
    edges = list(accumulate(counts.tolist(), initial=0))
    return [
        StackEntry(*span, _meta(text)) for span, text in zip(pairwise(edges), metas.tolist(), strict=True)
    ]


def _meta(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadDicom("BAD_HEADER", tr("What it tells of a stack is damaged.")) from error
    return found if isinstance(found, dict) else {}


def series_of_entry(source: Source, entry: StackEntry, shape: tuple[int, int], number: int) -> SeriesInfo:
    """A stack as a series. ``member`` of its frames names the entry with the pictures, ``frame`` counts in it."""
    subject = entry.text("subject")
    frames = tuple(
        FrameInfo(path=source.path, member="blob.npy", frame=index, instance_number=index - entry.first + 1)
        for index in range(entry.first, entry.end)
    )
    uid = uid_of(source.path, "stack", number)
    owner = uid_of(source.path, "subject", subject) if subject else uid
    spacing, step = entry.lengths("spacing_mm", 2), entry.lengths("step_mm", 1)
    words = [entry.text(name) for name in ("contrast", "plane")]
    told = (("Contrast", words[0]), ("Source", entry.text("source")), ("Licence", entry.text("licence")))
    stack = placeless_stack(
        "numpy",
        uid=uid,
        study_uid=owner,
        description=" ".join(filter(None, words))
        or tr("{name}, stack {number}", name=source.name, number=number),
        shape=shape,
        frames=frames,
        dtype="uint8",
        bits=8,
        spacing_mm=(spacing[0], spacing[1]) if spacing else None,
        step_mm=step[0] if step else None,
        header=tuple((label, value) for label, value in told if value),
        digest=digest_of(source.shown, source.stamp, number),
    )
    return SeriesInfo(StudyInfo(study_uid=owner, patient_id=subject), uid, (stack,))


class StackPictures:
    """The pictures of a file: ``blob`` and the bytes of each. Raises `BadDicom`."""

    def __init__(self, blob: bytes, sizes: NDArray[Any]) -> None:
        if sizes.ndim != 1 or sizes.dtype.kind not in "iu" or sum(sizes.tolist()) != len(blob):
            raise BadDicom("CHANGED", tr("The file no longer holds these pictures."))
        self._blob = blob
        self._edges = list(accumulate(sizes.tolist(), initial=0))

    def shape(self, number: int) -> tuple[int, int]:
        """(rows, columns) of a picture, from its header."""
        with self._opened(number) as picture:
            return picture.height, picture.width

    def picture(self, number: int) -> NDArray[np.uint8]:
        """A picture (rows, columns) uint8."""
        try:
            with self._opened(number) as picture:
                return np.asarray(picture.convert("L"), np.uint8)
        except (*DAMAGE, SyntaxError, Image.DecompressionBombError) as error:
            raise BadDicom("DECODE_FAILED", tr("The picture is damaged.")) from error

    def _opened(self, number: int) -> Image.Image:
        if not 0 <= number < len(self._edges) - 1:
            raise BadDicom("CHANGED", tr("The file no longer has this slice."))
        data = self._blob[self._edges[number] : self._edges[number + 1]]
        try:
            picture = Image.open(io.BytesIO(data), formats=_FORMATS)
        except (*DAMAGE, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise BadDicom("DECODE_FAILED", tr("The picture is damaged.")) from error
        check_size(picture.height, picture.width, 1, len(picture.getbands()))
        return picture
