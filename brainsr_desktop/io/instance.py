"""One DICOM file as pictures: classic, enhanced multi-frame or tiled."""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO

from brainsr_desktop.io.dicom_file import DAMAGE, BadDicom, open_dicom
from brainsr_desktop.io.dicom_read import SCAN_TAGS, facts_of, marks_of, picture_of
from brainsr_desktop.io.enhanced import pictures_of_frames
from brainsr_desktop.io.mosaic import tiles_of
from brainsr_desktop.io.records import Picture
from brainsr_desktop.io.sources import Source
from brainsr_desktop.language import tr


def read_pictures(source: Source, stream: BinaryIO | None = None) -> list[Picture]:
    """The pictures of a file, from its header alone, never empty. ``stream``: its content if at hand.

    Raises `BadDicom` for what holds no usable picture, OSError for the system's troubles, ReadError for an archive's.
    """
    try:
        with open_dicom(stream or source.open(), only=SCAN_TAGS) as opened:
            facts, header = facts_of(opened, source)
            framed = facts.frames > 1 or header.has("PerFrameFunctionalGroupsSequence")
            pictures = (
                pictures_of_frames(facts, header) if framed else tiles_of(picture_of(facts, header), header)
            )
            marks = marks_of(header, source.shown)
    except DAMAGE as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise BadDicom("BAD_SEQUENCE", tr("A sequence in its header is damaged.")) from error
    if source.changed():
        raise BadDicom("CHANGED", tr("The file changed while it was read."))
    return [replace(pictures[0], marks=(*pictures[0].marks, *marks)), *pictures[1:]]
