"""MATLAB 7.3 files of the brain-tumour study as stacks: the slices of one patient, with the tumour's mask.

HDF5 is read in the decoder process (`mat_file`), so that a damaged file cannot end or hang the one that reads the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.series import FrameInfo, SeriesInfo, StudyInfo
from brainsr_desktop.io import sources
from brainsr_desktop.io.decode_process import shared_decoder
from brainsr_desktop.io.dicom_file import BadDicom
from brainsr_desktop.io.formats import Found
from brainsr_desktop.io.mat_file import MatFacts, MatOrder
from brainsr_desktop.io.pixels import Frame
from brainsr_desktop.io.placeless import digest_of, in_words, placeless_stack, split_by_head, uid_of
from brainsr_desktop.io.sources import Source, problem_of
from brainsr_desktop.io.text import natural_key
from brainsr_desktop.language import tr

FILE_LIMIT_BYTES: Final = 1 << 28
TUMOURS: Final = {1: "Meningioma", 2: "Glioma", 3: "Pituitary tumour"}
_HDF5: Final = b"\x89HDF\r\n\x1a\n"
_USER_BLOCKS: Final = (0, 512)
"""Where HDF5 begins: after MATLAB's own 512 bytes, or at once in files of other programs."""


@dataclass(frozen=True, slots=True)
class _File:
    source: Source
    facts: MatFacts

    @property
    def key(self) -> tuple[object, ...]:
        """What the slices of one stack share."""
        facts = self.facts
        folder = str(Path(self.source.shown).parent)
        return folder, facts.patient, facts.label, facts.rows, facts.columns, facts.dtype

    @property
    def name(self) -> str:
        """What tells patients apart where their number is missing: the name."""
        return "" if self.facts.patient else Path(self.source.name).stem


def series_of(found: Sequence[Source], check_cancelled: Callable[[], None]) -> Iterator[Found]:
    """The slices of each patient in a folder as one series; files that are none as problems."""
    files: list[_File] = []
    for source in found:
        check_cancelled()
        try:
            files.append(_File(source, _read_facts(source)))
        except BadDicom as error:
            yield Problem(source.shown, error.code, error.reason)
        except OSError as error:
            yield problem_of(error, source.shown)
    for head, members in split_by_head(files, lambda file: file.key, lambda file: file.name):
        members.sort(key=lambda file: natural_key(file.source.shown))
        yield _series(members, head), len(members)


def _read_facts(source: Source) -> MatFacts:
    data = read_file(source.path, source.member)
    facts = shared_decoder().ask(data, MatOrder("facts"))
    if not isinstance(facts, MatFacts):
        raise BadDicom("CORRUPT", tr("The file is damaged."))
    if source.changed():
        raise BadDicom("CHANGED", tr("The file changed while it was read."))
    return facts


def read_file(path: str, member: str | None) -> bytes:
    """The whole of a file that is HDF5 by its first bytes. Raises `BadDicom` for others, OSError, ReadError."""
    with sources.open_content(path, member) as stream:
        data = stream.read(FILE_LIMIT_BYTES + 1)
    if len(data) > FILE_LIMIT_BYTES:
        raise BadDicom("TOO_LARGE", tr("The file is larger than 256 MiB."))
    if not any(data[start : start + len(_HDF5)] == _HDF5 for start in _USER_BLOCKS):
        if data.startswith(b"MATLAB 7.3"):
            raise BadDicom("TRUNCATED", tr("The file ends before its data begin."))
        raise BadDicom(
            "MATLAB_VERSION",
            tr(
                "It is not a MATLAB 7.3 file. Load it in MATLAB and save it with: save('name.mat', 'cjdata', '-v7.3')."
            ),
        )
    return data


def _series(members: Sequence[_File], head: str) -> SeriesInfo:
    first = members[0]
    facts = first.facts
    frames = tuple(
        FrameInfo(path=file.source.path, member=file.source.member, instance_number=number)
        for number, file in enumerate(members, start=1)
    )
    uid = uid_of(first.source.path, first.source.member)
    owner = uid_of(Path(first.source.path).parent, facts.patient) if facts.patient else uid
    tumour = TUMOURS.get(facts.label or 0, "")
    folder = Path(first.source.path).parent.name
    name = first.source.name if len(members) == 1 else folder
    stack = placeless_stack(
        "mat",
        uid=uid,
        study_uid=owner,
        description=tumour or (in_words((folder, head)) if head else name),
        shape=(facts.rows, facts.columns),
        frames=frames,
        dtype="uint8" if facts.dtype == "bool" else facts.dtype,
        bits=1 if facts.dtype == "bool" else 16,
        files=len(members),
        order_note=tr("order from file names") if len(members) > 1 else "",
        problems=tuple(Problem(file.source.shown, *mark) for file in members for mark in file.facts.marks),
        header=(("Tumour", tumour),) if tumour else (),
        has_masks=any(file.facts.has_mask for file in members),
        digest=digest_of(*((file.source.shown, file.source.stamp) for file in members)),
    )
    return SeriesInfo(StudyInfo(study_uid=owner, patient_id=facts.patient), uid, (stack,))


class MatPixels:
    """The image and the mask of one file. Raises `BadDicom`, ReadError or OSError, as it is opened and read."""

    def __init__(self, path: str, member: str | None) -> None:
        self._data = read_file(path, member)

    def read(self, _frame: FrameInfo) -> Frame:
        """The image, (rows, columns) stored values; a file has one."""
        pixels = self._array(MatOrder("image"))
        return Frame(pixels, pixels.shape[0])

    def mask(self) -> NDArray[np.uint8] | None:
        """The tumour, (rows, columns) uint8 0 or 1; None where the file has no mask of its image's size."""
        try:
            return np.asarray(self._array(MatOrder("mask")), np.uint8)
        except BadDicom as error:
            if error.code == "NO_MASK":
                return None
            raise

    def close(self) -> None:
        """Nothing is held open."""

    def _array(self, order: MatOrder) -> NDArray[Any]:
        found = shared_decoder().ask(self._data, order)
        if not isinstance(found, np.ndarray):
            raise BadDicom("DECODE_FAILED", tr("The file is damaged."))
        return found
