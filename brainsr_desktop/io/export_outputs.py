"""Files that are made of all slices of an export: NIfTI, TIFF stack, movie, and PNG pictures.

They are made at the end, from the stored slices on disk, so an export that was interrupted needs nothing else.
"""

from __future__ import annotations

import csv
import io
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
from brainsr_desktop.io.messages import ExportFormat, ExportPicture, Scores
from brainsr_desktop.io.nifti_place import place_of_dicom, place_of_nifti
from brainsr_desktop.io.nifti_write import NiftiImage, NiftiType, write_nifti
from brainsr_desktop.language import tr

DICOM_SUFFIX: Final = ".dcm"
MADE_BY_AI: Final = "AI-enhanced"
STATISTICS: Final = ("mean", "sd", "min", "max")


@dataclass(frozen=True, slots=True)
class StoredSlice:
    """One finished slice on disk. Value in units = ``slope`` * stored + ``intercept``; ``lowest`` and ``highest`` are
    stored values; ``group`` counts the output series, from 0; ``index`` is its frame in the stack."""

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
    index: int = 0
    scores: Scores = ()

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
    picture: ExportPicture = "enhanced"
    for_figures: bool = False


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
    if kind == "png8":
        yield from _views(facts, slices, tick)
        return
    if kind == "csv":
        yield Output(f"{facts.name}.csv", partial(write_table, facts=facts, slices=slices, tick=tick))
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
    window = window_of(facts, slices)
    pictures = movie.windowed((_units(item, tick) for item in slices), window, inverted=facts.inverted)
    movie.write_gif(file, pictures, facts.geometry.spacing_mm, comment=facts.notice)


def window_of(facts: OutputFacts, slices: Sequence[StoredSlice]) -> tuple[float, float]:
    """Centre and width for pictures of 8 bits: the chosen window, else one from some of the slices."""
    middle = slices[:: max(1, len(slices) // 9)]
    return facts.window or movie.automatic_window(lambda: (item.units() for item in middle))


def _views(facts: OutputFacts, slices: Sequence[StoredSlice], tick: Callable[[], None]) -> Iterator[Output]:
    """Pictures as seen: 8 bits under the window, with the notice below unless they are for figures."""
    window = window_of(facts, slices)
    ending = MADE_BY_AI if facts.picture in ("enhanced", "test") else facts.picture
    suffix = f"_{ending}.png" if facts.for_figures else "_view.png"
    words = "" if facts.for_figures else burned_words(facts.picture)
    for item in slices:
        (pixels,) = movie.windowed([_units(item, tick)], window, inverted=facts.inverted)
        picture = movie.proportional(pixels, facts.geometry.spacing_mm, max(pixels.shape) * 4)
        write = partial(raster_write.write_view, picture=picture, words=words, notes={"Notice": facts.notice})
        yield Output(file_name(item.number, suffix), write)


def burned_words(picture: ExportPicture) -> str:
    """What stands below a picture that leaves the program."""
    if picture == "original":
        return tr("Original - research use only, not for diagnosis")
    if picture == "degraded":
        return tr("Degraded on purpose - research use only, not for diagnosis")
    if picture == "difference":
        return tr("Difference to cubic interpolation - research use only, not for diagnosis")
    return tr("AI-enhanced - research use only, not for diagnosis")


def write_table(
    file: IO[bytes], facts: OutputFacts, slices: Sequence[StoredSlice], tick: Callable[[], None]
) -> None:
    """A CSV of one line a slice: place, statistics in units, and the figures that are known."""
    names = list(dict.fromkeys(name for item in slices for name, _ in item.scores))
    offsets = facts.geometry.offsets_mm()
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["picture", "number", "volume", "slice", "position_mm", *STATISTICS, *names])
    for item in slices:
        values = _units(item, tick).astype(np.float64)
        known = dict(item.scores)
        figures = (values.mean(), values.std(), values.min(), values.max())
        place = [facts.picture, item.number, item.volume + 1, item.slice_index + 1]
        cells = [f"{value:.9g}" for value in (offsets[item.slice_index], *figures)]
        writer.writerow([*place, *cells, *(f"{known[name]:.9g}" if name in known else "" for name in names)])
    file.write(text.getvalue().encode("utf-8"))


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
