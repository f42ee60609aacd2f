"""What one header says, before pictures become stacks. Values that were absent or unusable are None or empty."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.geometry import Vec3
from brainsr_desktop.core.series import StudyInfo

Component: TypeAlias = Literal["", "magnitude", "phase", "real", "imaginary"]


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One DICOM file. ``shown`` is its path as problems name it: relative to the opened folder.

    ``fault`` says why no network may take the file (odd HighBit); ``marks`` are what was repaired or left out.
    """

    path: str
    member: str | None
    shown: str
    size_bytes: int
    study: StudyInfo
    series_uid: str
    sop_class: str
    sop_uid: str
    frame_of_reference: str
    modality: str
    vendor: str
    model: str
    series_number: int | None
    description: str
    syntax: str
    rows: int
    columns: int
    samples: int
    photometric: str
    bits_allocated: int
    bits_stored: int
    dtype: str
    frames: int
    image_type: tuple[str, ...] = ()
    by_ai: bool = False
    body_part: str = ""
    pictures_per_s: float | None = None
    fault: str | None = None
    header: tuple[tuple[str, str], ...] = ()
    marks: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Plane:
    """Where a picture lies: position of the first pixel's centre (mm, LPS), unit directions of rows and columns."""

    position: Vec3
    row_direction: Vec3
    column_direction: Vec3


@dataclass(frozen=True, slots=True)
class Picture:
    """One slice at one time: a classic file, a frame of an enhanced file or a tile of a mosaic."""

    file: FileFacts
    frame: int = 0
    tile: int | None = None
    rows: int = 0
    columns: int = 0
    plane: Plane | None = None
    spacing_mm: tuple[float, float] | None = None
    thickness_mm: float | None = None
    image_type: tuple[str, ...] = ()
    component: Component = ""
    slope: float = 1.0
    intercept: float = 0.0
    unit: str = ""
    window: tuple[float, float] | None = None
    second_window: tuple[float, float] | None = None
    curve: bytes = b""
    """Greys over ``window``; see `core.series.FrameInfo`."""
    padding: tuple[float, float] | None = None
    """Lowest and highest stored value that are no image."""
    instance_number: int | None = None
    slice_location: float | None = None
    acquisition: int | None = None
    time_s: float | None = None
    trigger_ms: float | None = None
    temporal: int | None = None
    echo_number: int | None = None
    echo_ms: float | None = None
    repetition_ms: float | None = None
    inversion_ms: float | None = None
    flip_deg: float | None = None
    b_value: float | None = None
    gradient: Vec3 | None = None
    label: str = ""
    whole_mosaic: bool = False
    """A tiled picture that could not be taken apart."""
    marks: tuple[Problem, ...] = field(default=())
