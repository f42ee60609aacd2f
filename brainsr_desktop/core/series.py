"""Study, series, stack and frame as plain data: what a scan found out from headers, without pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.geometry import Geometry, unknown_geometry

HEAD_WORDS: Final = ("HEAD", "BRAIN", "SKULL", "CEREB", "NEURO")
"""Body parts (PS3.16 annex L, and words in use) that hold the brain."""

SourceKind = Literal["dicom", "nifti", "png", "jpeg", "tiff", "mat", "numpy"]


@dataclass(frozen=True, slots=True)
class FrameInfo:
    """One picture: where its pixels are and what turns stored values into units.

    ``path`` is absolute; ``member`` names the entry of an archive; ``frame`` counts from 0 inside a multi-frame file,
    ``tile`` from 0 inside a mosaic. Value in units = ``slope`` * stored + ``intercept``; behind a modality LUT the
    stored values of the program are the LUT's outputs (`io.lut`).
    """

    path: str
    frame: int = 0
    tile: int | None = None
    member: str | None = None
    sop_uid: str = ""
    instance_number: int | None = None
    slope: float = 1.0
    intercept: float = 0.0
    window: tuple[float, float] | None = None
    """Window centre and width of the header, in units; None when absent or unusable."""
    second_window: tuple[float, float] | None = None
    """The header's second window, if it has more than one."""
    curve: bytes = b""
    """The header's VOI LUT: greys 0..255 for equal parts of ``window``; empty where the window is a straight line."""
    padding: tuple[float, float] | None = None
    """Lowest and highest stored value that are no image (Pixel Padding Value and Range Limit); None: every value is."""


@dataclass(frozen=True, slots=True)
class StackInfo:
    """Slices that share orientation, matrix and spacing: what one line of the series browser shows.

    ``frames`` runs volume by volume, slice by slice (index = volume * slices + slice); None marks a missing picture.
    ``id`` is what ``--series`` takes ("1", "2" ...). ``dtype`` is that of the stored values ("int16", "uint16",
    "uint8", "int32", "float32" ...); colour stacks have ``samples`` 3 and dtype uint8. ``geometry`` has one
    position a slice; ``has_position`` and ``has_spacing`` tell whether it is from the file or a stand-in.
    """

    id: str
    kind: SourceKind
    series_uid: str
    study_uid: str
    description: str
    series_number: int | None
    modality: str
    vendor: str
    model: str
    geometry: Geometry
    frames: tuple[FrameInfo | None, ...]
    volumes: int = 1
    volume_labels: tuple[str, ...] = ("",)
    volume_unsuitable: tuple[str | None, ...] = (None,)
    """Why a volume must not be enhanced ("phase image"), None where it may; one entry a volume."""
    volume_fields: tuple[tuple[tuple[str, str], ...], ...] = ((),)
    """What tells the volumes apart: for each of them (field, value in words), most telling field first."""
    dtype: str = "int16"
    samples: int = 1
    photometric: str = "MONOCHROME2"
    transfer_syntaxes: tuple[str, ...] = ()
    has_position: bool = True
    has_spacing: bool = True
    unit: str = ""
    thickness_mm: float | None = None
    split_reason: str = ""
    badges: tuple[str, ...] = ()
    order_note: str = ""
    why_not: str | None = None
    """Why the whole stack cannot be enhanced; None when it can."""
    header: tuple[tuple[str, str], ...] = ()
    """A few header lines for the corner text (TR, TE, TI, b-value, institution, study date), label and value."""
    files: int = 0
    problems: tuple[Problem, ...] = ()
    body_part: str = ""
    """Body part as the header names it, in capitals ("BRAIN", "CSPINE"); empty when it names none."""
    frame_of_reference: str = ""
    """Frame of Reference UID: positions of stacks that share it can be compared."""
    made_s: float | None = None
    """Time of day of the first picture, s; None when the header tells none."""
    pictures_per_s: float | None = None
    """Rate at which the header wants it played; None when it tells none."""
    has_masks: bool = False
    """Whether the files also hold a mask of each slice (the tumour in a .mat file); see `io.masks`."""
    digest: str = ""
    """SHA-256 over the SOP instance UIDs and file sizes: identifies the stack before its pixels are read."""
    reading: int = 0
    """How many files of the series are known while their headers are still being read: the stack stands in for the
    series with the pictures of one file. 0 for what is read to the end."""

    @property
    def slices(self) -> int:
        """Number of positions."""
        return len(self.geometry.positions_mm)

    @property
    def of_head(self) -> bool:
        """Whether the header names the head, or no body part at all."""
        return not self.body_part or any(word in self.body_part for word in HEAD_WORDS)

    @property
    def supported(self) -> bool:
        """Whether a network may run on it."""
        return self.why_not is None

    def frame_at(self, volume: int, slice_index: int) -> FrameInfo | None:
        """The picture of one position in one volume."""
        return self.frames[volume * self.slices + slice_index]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the pixel block: (volumes * slices, rows, columns) or with a last axis of 3 for colour."""
        base = (self.volumes * self.slices, self.geometry.rows, self.geometry.columns)
        return base if self.samples == 1 else (*base, self.samples)


def unread_file(path: str) -> StackInfo:
    """Stands for a DICOM file that gave no series, so that its header can be asked for: one frame, nothing known."""
    return StackInfo(
        id=f"file {path}",
        kind="dicom",
        series_uid="",
        study_uid="",
        description="",
        series_number=None,
        modality="",
        vendor="",
        model="",
        geometry=unknown_geometry(1, 1, 1),
        frames=(FrameInfo(path),),
        has_position=False,
        has_spacing=False,
    )


@dataclass(frozen=True, slots=True)
class StudyInfo:
    """Patient and study of a stack, for the browser's tree; the only place where patient data live in the window."""

    study_uid: str
    patient_name: str = ""
    patient_id: str = ""
    birth_date: str = ""
    study_date: str = ""
    study_description: str = ""
    institution: str = ""
    referring_physician: str = ""


@dataclass(frozen=True, slots=True)
class SeriesInfo:
    """One DICOM series (or one file of another kind) and the stacks it was split into."""

    study: StudyInfo
    series_uid: str
    stacks: tuple[StackInfo, ...]


@dataclass(frozen=True, slots=True)
class ScanSummary:
    """What a scan saw: seen = used + len(skipped), always. Each of ``skipped`` has its reason; paths relative."""

    seen: int
    used: int
    skipped: tuple[Problem, ...] = field(default=())
    problems: tuple[Problem, ...] = field(default=())
