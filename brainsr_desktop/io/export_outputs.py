"""Files that are made of all slices of an export: NIfTI, TIFF stack, movie, and PNG pictures.

They are made at the end, from the stored slices on disk, so an export that was interrupted needs nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Final

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread

from brainsr_desktop.core.geometry import Geometry
from brainsr_desktop.core.series import FrameInfo
from brainsr_desktop.io import movie, raster_write
from brainsr_desktop.io.export_names import file_name
from brainsr_desktop.io.export_values import scaled_values
from brainsr_desktop.io.messages import ExportFormat
from brainsr_desktop.io.nifti_place import place_of_dicom, place_of_nifti
from brainsr_desktop.io.nifti_write import NiftiImage, NiftiType, write_nifti

DICOM_SUFFIX: Final = ".dcm"


@dataclass(frozen=True, slots=True)
class StoredSlice:
    """One finished slice on disk. Value in units = ``slope`` * stored + ``intercept``; ``lowest`` and ``highest`` are
    stored values; ``group`` counts the output series, from 0."""

    path: Path
    number: int
    volume: int
    slice_index: int
    group: int
    slope: float
    intercept: float
    lowest: float
    highest: float
    shape: tuple[int, int]
    dtype: str

    def load(self) -> NDArray[np.generic]:
        """Stored values (rows, columns), little endian."""
        kind = np.dtype(self.dtype).newbyteorder("<")
        if self.path.suffix != DICOM_SUFFIX:
            return np.fromfile(self.path, kind).reshape(self.shape)
        dataset = dcmread(self.path)
        if dataset.file_meta.TransferSyntaxUID.is_compressed:
            return np.asarray(dataset.pixel_array, kind)
        return np.frombuffer(dataset.PixelData, kind).reshape(self.shape)

    def units(self) -> NDArray[np.float32]:
        """Values in units."""
        return (self.load().astype(np.float64) * self.slope + self.intercept).astype(np.float32)


@dataclass(frozen=True, slots=True)
class OutputFacts:
    """What the writers need to know beside the slices.

    ``geometry`` is that of the whole enlarged stack, ``scale`` the ratio of its pixels to the source's.
    ``nifti_source`` is a picture of a NIfTI source, whose order and place the result takes over; ``png_offset`` what a
    PNG source had added to its values.
    """

    name: str
    geometry: Geometry
    title: str
    notice: str
    has_spacing: bool
    scale: float
    nifti_source: FrameInfo | None = None
    png_offset: int = 0
    thickness_mm: float | None = None
    volume_step_s: float = 0.0
    window: tuple[float, float] | None = None
    inverted: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """A file to be written: its name, and what writes it to an open file."""

    name: str
    write: Callable[[IO[bytes]], None]


def outputs(
    kind: ExportFormat, facts: OutputFacts, slices: Sequence[StoredSlice], tick: Callable[[], None]
) -> Iterator[Output]:
    """The files of one format. `tick` is called for each slice and may raise `Cancelled`."""
    if kind == "png":
        yield from _pngs(facts, slices, tick)
        return
    writer = {"nifti": (_nifti, ".nii.gz"), "tiff": (_tiff, ".tif"), "gif": (_gif, ".gif")}[kind]
    for group in sorted({item.group for item in slices}):
        members = _ordered(facts.geometry, [item for item in slices if item.group == group])
        write, suffix = writer
        extra = f"_{group + 1}" if group else ""
        yield Output(f"{facts.name}{extra}{suffix}", partial(write, facts=facts, slices=members, tick=tick))


def _ordered(geometry: Geometry, slices: Sequence[StoredSlice]) -> list[StoredSlice]:
    """Volume by volume, each along the normal."""
    offsets = geometry.offsets_mm()
    return sorted(slices, key=lambda item: (item.volume, offsets[item.slice_index]))


def _shape(slices: Sequence[StoredSlice]) -> tuple[int, int]:
    """Number of volumes and of slices in each."""
    volumes = len({item.volume for item in slices})
    return volumes, len(slices) // volumes


def _nifti(
    file: IO[bytes], facts: OutputFacts, slices: Sequence[StoredSlice], tick: Callable[[], None]
) -> None:
    volumes, depth = _shape(slices)
    places = [item.slice_index for item in slices[:depth]]
    if facts.nifti_source is None:
        place = place_of_dicom(facts.geometry, places, facts.thickness_mm or 1.0, facts.volume_step_s)
    else:
        place = place_of_nifti(facts.nifti_source, facts.scale, slices[0].shape, places)
        direction = -1 if place.flipped[2] else 1
        slices = sorted(slices, key=lambda item: (item.volume, direction * item.slice_index))
    slope, intercept, dtype = _nifti_values(slices)
    image = NiftiImage((*slices[0].shape, depth, volumes), dtype, place, slope, intercept, facts.title)
    in_units = dtype == "float32" and slices[0].dtype != "float32"
    write_nifti(file, image, _loaded(slices, tick, in_units=in_units))


def _nifti_values(slices: Sequence[StoredSlice]) -> tuple[float, float, NiftiType]:
    """Slope, intercept and type of the whole image: the stored values if one pair of numbers holds for all slices,
    else values in units."""
    scales = {(item.slope, item.intercept) for item in slices}
    if len(scales) > 1:
        return 1.0, 0.0, "float32"
    slope, intercept = scales.pop()
    if slices[0].dtype == "float32":
        return slope, intercept, "float32"
    return slope, intercept, "int16" if max(item.highest for item in slices) <= 32767 else "uint16"


def _tiff(
    file: IO[bytes], facts: OutputFacts, slices: Sequence[StoredSlice], tick: Callable[[], None]
) -> None:
    volumes, depth = _shape(slices)
    notes = {"Notice": facts.notice}
    values, dtype = _whole_numbers(slices, tick, notes)
    offsets = np.sort(facts.geometry.offsets_mm()[[item.slice_index for item in slices[:depth]]])
    step = float(np.median(np.diff(offsets))) if depth > 1 else facts.thickness_mm or 1.0
    spacing = (step, *facts.geometry.spacing_mm) if facts.has_spacing else None
    shape = (volumes, depth, *slices[0].shape)
    if volumes * depth != len(slices):
        shape = (1, len(slices), *slices[0].shape)
    raster_write.write_tiff(file, values, shape, dtype, spacing, notes)


def _gif(
    file: IO[bytes], facts: OutputFacts, slices: Sequence[StoredSlice], tick: Callable[[], None]
) -> None:
    middle = slices[:: max(1, len(slices) // 9)]
    window = facts.window or movie.automatic_window(lambda: (item.units() for item in middle))
    pictures = movie.windowed((_units(item, tick) for item in slices), window, inverted=facts.inverted)
    movie.write_gif(file, pictures, facts.geometry.spacing_mm, comment=facts.notice)


def _pngs(facts: OutputFacts, slices: Sequence[StoredSlice], tick: Callable[[], None]) -> Iterator[Output]:
    notes = {"Notice": facts.notice, "Offset": str(facts.png_offset)}
    values, _ = _whole_numbers(slices, tick, notes)
    for item, pixels in zip(slices, values, strict=True):
        name = file_name(item.number, ".png")
        yield Output(name, partial(raster_write.write_png, pixels=pixels, notes=dict(notes)))


def _whole_numbers(
    slices: Sequence[StoredSlice], tick: Callable[[], None], notes: dict[str, str]
) -> tuple[Iterator[NDArray[np.generic]], str]:
    """Stored values as 16-bit numbers, and their dtype; floating-point ones are scaled, which `notes` then says."""
    if slices[0].dtype != "float32":
        return _loaded(slices, tick, in_units=False), slices[0].dtype
    scale = scaled_values((min(item.lowest for item in slices), max(item.highest for item in slices)))
    notes["Scale"] = f"value = {scale.slope:.9g} * stored + {scale.intercept:.9g}"
    return (scale.stored(np.nan_to_num(item.load().astype(np.float32)))[0] for item in slices), scale.dtype


def _loaded(
    slices: Sequence[StoredSlice], tick: Callable[[], None], *, in_units: bool
) -> Iterator[NDArray[np.generic]]:
    for item in slices:
        tick()
        yield item.units() if in_units else item.load()


def _units(item: StoredSlice, tick: Callable[[], None]) -> NDArray[np.float32]:
    tick()
    return item.units()
