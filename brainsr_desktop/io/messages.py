"""What the files process does and answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from brainsr_desktop.core.consistency import LIMIT
from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.geometry import Geometry
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.core.series import ScanSummary, SeriesInfo, StackInfo
from brainsr_desktop.io.report_model import Section
from brainsr_desktop.ipc.messages import Answer, ArrayRef, Request

ExportFormat = Literal["dicom", "nifti", "png", "png8", "tiff", "gif", "csv", "report"]
ExportPicture = Literal["enhanced", "original", "degraded", "test", "difference"]
"""What is written: the model's picture, the source's own slices, the degraded slices of test mode, what the model makes
of those, or the model's picture minus cubic interpolation."""
Scores = tuple[tuple[str, float], ...]
"""Figures of one slice by name."""


@dataclass(frozen=True, slots=True)
class ScanSources(Request):
    """Read the headers of files and folders. Answers: SeriesBegun* if wanted, SeriesFound*, then ScanDone."""

    paths: tuple[str, ...]
    recursive: bool = True
    password: str | None = None
    begun: bool = False
    """Whether series are to be told before all of their headers are read."""


@dataclass(frozen=True, slots=True)
class SeriesBegun(Answer):
    """A series of which one file is read (see ``StackInfo.reading``). Told again under the same stack id when its files
    are counted; SeriesFound with the same study and series UID takes its place, unless no file of it can be used."""

    final: ClassVar[bool] = False
    series: SeriesInfo


@dataclass(frozen=True, slots=True)
class SeriesFound(Answer):
    """A series is complete. Stack ids are unique in the scan."""

    final: ClassVar[bool] = False
    series: SeriesInfo


@dataclass(frozen=True, slots=True)
class ScanDone(Answer):
    """End of a scan."""

    summary: ScanSummary


@dataclass(frozen=True, slots=True)
class LoadStack(Request):
    """Decode a stack into a shared block (shape ``stack.shape``, stored values), middle slice first.

    ``indices`` limits it to some frames (index = volume * slices + slice). Answers: FrameLoaded*, then StackLoaded.
    """

    stack: StackInfo
    into: ArrayRef
    indices: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class FrameLoaded(Answer):
    """One frame lies in the block."""

    final: ClassVar[bool] = False
    index: int
    problem: Problem | None = None
    """Set when the frame could not be decoded (its pixels are zero and must not be enhanced)."""


@dataclass(frozen=True, slots=True)
class StackLoaded(Answer):
    """End of a load. ``digest`` covers SOP instance UIDs and pixels."""

    digest: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class MakeThumbnail(Request):
    """A small picture of the middle slice. Answer: ThumbnailMade."""

    stack: StackInfo
    side_px: int = 96


@dataclass(frozen=True, slots=True)
class ThumbnailMade(Answer):
    """8-bit grey (or RGB) picture, rows x columns (x 3), as bytes: small enough to travel."""

    stack_id: str
    rows: int
    columns: int
    samples: int
    pixels: bytes


@dataclass(frozen=True, slots=True)
class ReadMask(Request):
    """The outline of the mask of one frame (index = volume * slices + slice). Answer: MaskRead."""

    stack: StackInfo
    index: int


@dataclass(frozen=True, slots=True)
class MaskRead(Answer):
    """The edge of a mask as straight pieces along pixel edges: small enough to travel.

    ``pieces``: int32, four numbers a piece: row and column of its two ends, counted in pixel edges (0 is the outer edge
    of the first pixel). Empty where the frame has no mask, or nothing is inside it.
    """

    stack_id: str
    index: int
    pieces: bytes


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How a series is written.

    ``window`` (centre, width in units) and ``inverted`` are for pictures of 8 bits: GIF, ``png8``, the report.
    ``always_new`` begins beside an export that is complete already. ``for_figures`` leaves the notice out of the
    picture's pixels; it stays in the file's name and text. ``hide_patient`` keeps names out of reports.
    """

    folder: str
    formats: tuple[ExportFormat, ...] = ("dicom",)
    anonymise: bool = False
    overwrite: bool = False
    window: tuple[float, float] | None = None
    name_pattern: str = ""
    transfer_syntax: Literal["explicit", "j2k", "rle"] = "explicit"
    anonymise_key: str = field(default="", repr=False)
    """A random UUID that all exports of one action share, so that their new UIDs agree; empty: one of its own."""
    picture: ExportPicture = "enhanced"
    always_new: bool = False
    inverted: bool = False
    for_figures: bool = False
    hide_patient: bool = False


@dataclass(frozen=True, slots=True)
class ModelNote:
    """What an exported file says of the model: id, weights hash, grid, training-data statement, title."""

    id: str
    sha256: str
    grid: str
    data_statement: str = ""
    title: str = ""
    backend: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class ReportNote:
    """What a report says beside what the files process knows.

    ``facts`` of the model, from its card, by name; ``consistency_limit`` of its card, percent; ``sections`` of what
    else was measured on the series, like a sweep.
    """

    facts: tuple[tuple[str, str], ...] = ()
    consistency_limit: float = LIMIT
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenExport(Request):
    """Begin an export of some frames of a stack. Answers: ExportOpened.

    Probes the target, checks free space, takes the lock, finds what can be resumed. ``indices``: frames to export
    (index = volume * slices + slice). Never begins to write over anything. ``geometry`` is that of the enlarged
    pictures (rows, columns, spacing; positions follow from the stack). ``taken_series_numbers``: those in the study.
    """

    stack: StackInfo
    stack_digest: str
    indices: tuple[int, ...]
    geometry: Geometry
    recipe: Recipe
    model: ModelNote
    options: ExportOptions
    taken_series_numbers: tuple[int, ...] = ()
    report: ReportNote = field(default_factory=ReportNote)
    loaded_indices: tuple[int, ...] | None = None
    """The frames that ``stack_digest`` covers, where these are neither all nor ``indices``."""


@dataclass(frozen=True, slots=True)
class ExportOpened(Answer):
    """The export is ready. ``missing``: frames whose pixels are wanted; ``complete``: it was all there already."""

    export: int
    target: str
    missing: tuple[int, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class WriteFrames(Request):
    """Write frames of an open export. Answer: FramesWritten.

    ``pixels``: (len(indices), s*rows, s*columns) float32, stored units. ``scores``: figures of each frame, where the
    truth is known; none at all, or one entry for each index.
    """

    export: int
    indices: tuple[int, ...]
    pixels: ArrayRef
    scores: tuple[Scores, ...] = ()


@dataclass(frozen=True, slots=True)
class FramesWritten(Answer):
    """Those frames are safe on disk."""

    indices: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CloseExport(Request):
    """End an export. Answer: Exported.

    ``finish`` reads back, writes export.json and renames into place; ``partial`` keeps and ``delete`` removes what is
    there so far.
    """

    export: int
    keep: Literal["finish", "partial", "delete"] = "finish"
    notes: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Exported(Answer):
    """The export ended. ``target`` is the final folder, or the partial one when kept; then ``files`` counts slices."""

    target: str
    files: int
    clipped: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class ReadHeader(Request):
    """All header fields of one frame, for the details dialog. Answer: HeaderRead."""

    stack: StackInfo
    index: int


@dataclass(frozen=True, slots=True)
class HeaderRead(Answer):
    """Rows of (tag, keyword, VR, value text); text is cut and cleaned."""

    rows: tuple[tuple[str, str, str, str], ...]
