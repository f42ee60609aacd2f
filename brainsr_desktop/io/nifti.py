"""NIfTI files as stacks: RAS turned into LPS, slices laid out as radiologists look at them, volumes kept.

The header is read with nibabel's classes; its affine is believed only where a form code says so (methods 2 and 3).
"""

from __future__ import annotations

import gzip
import io
import math
import uuid
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import nibabel
import numpy as np
import psutil
from numpy.typing import NDArray

from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.geometry import Vec3
from brainsr_desktop.core.series import FrameInfo, SeriesInfo, StackInfo, StudyInfo
from brainsr_desktop.io import sources
from brainsr_desktop.io.archive import Readable
from brainsr_desktop.io.dicom_checks import FRAME_LIMIT_PX, SIDE_LIMIT_PX
from brainsr_desktop.io.dicom_file import BadDicom
from brainsr_desktop.io.fitness import MINIMUM_SIDE_PX
from brainsr_desktop.io.formats import Found
from brainsr_desktop.io.nifti_layout import Layout, layout_of
from brainsr_desktop.io.pixels import Frame
from brainsr_desktop.io.sources import Source, problem_of
from brainsr_desktop.io.text import clean
from brainsr_desktop.language import tr

HEADER_BYTES: Final = 540
DATA_LIMIT_BYTES: Final = 4 << 30
STRAIGHT: Final = 1e-3
_LPS: Final = np.diag([-1.0, -1.0, 1.0])
_RGB: Final = 128
_RGBA: Final = 2304


@dataclass(frozen=True, slots=True)
class NiftiHeader:
    """What a header says, checked. ``single``: pixels follow in the same file, else they are in an .img file."""

    layout: Layout
    dtype: np.dtype[Any]
    single: bool
    offset: int
    slope: float
    intercept: float
    samples: int
    complex_values: bool
    description: str
    marks: tuple[tuple[str, str, str], ...]

    @property
    def stored_dtype(self) -> str:
        """Dtype of the values as they are shown."""
        if self.samples == 3:
            return "uint8"
        if self.complex_values:
            return "float32"
        return self.dtype.newbyteorder("=").name

    @property
    def data_bytes(self) -> int:
        """Size of the pixel data."""
        return math.prod(self.layout.shape) * self.layout.volumes * self.dtype.itemsize


def series_of(found: Sequence[Source], check_cancelled: Callable[[], None]) -> Iterator[Found]:
    """Each NIfTI file, or .hdr/.img pair, as a series of one stack; files that are none as problems."""
    by_name = {_stem(source): source for source in found if _is_image(source)}
    paired: set[str] = set()
    for source in found:
        check_cancelled()
        if _is_image(source):
            continue
        pair = by_name.get(_stem(source)) if _ending(source) == ".hdr" else None
        try:
            series = _series(source, pair)
        except BadDicom as error:
            yield Problem(source.shown, error.code, error.reason)
            continue
        except OSError as error:
            yield problem_of(error, source.shown)
            continue
        if pair is not None:
            paired.add(pair.shown)
        yield series, 1 if pair is None else 2
    for source in by_name.values():
        if source.shown not in paired:
            yield Problem(source.shown, "NO_PAIR", tr("An .img file without its .hdr file."))


def _series(source: Source, pair: Source | None) -> SeriesInfo:
    with source.open() as stream:
        header = read_header(_unpacked(stream, source.name))
    if not header.single and pair is None:
        raise BadDicom("NO_PAIR", tr("A .hdr file without its .img file."))
    data = source if pair is None else pair
    marks = [Problem(source.shown, *mark) for mark in header.marks]
    if not data.name.casefold().endswith(".gz") and data.size_bytes < header.offset + header.data_bytes:
        missing = header.offset + header.data_bytes - data.size_bytes
        raise BadDicom(
            "TRUNCATED", tr("The file ends {missing} bytes before its pixel data do.", missing=missing)
        )
    uid = f"2.25.{uuid.uuid5(uuid.NAMESPACE_URL, f'{source.path}//{source.member}').int}"
    return SeriesInfo(StudyInfo(study_uid=uid), uid, (_stack(source, data, header, uid, tuple(marks)),))


def _stack(
    source: Source, data: Source, header: NiftiHeader, uid: str, marks: tuple[Problem, ...]
) -> StackInfo:
    layout = header.layout
    geometry = layout.geometry()
    slices = len(geometry.positions_mm)
    frames = tuple(
        FrameInfo(
            path=source.path,
            member=source.member,
            frame=number,
            instance_number=number + 1,
            slope=header.slope,
            intercept=header.intercept,
        )
        for number in range(layout.volumes * slices)
    )
    why_not = tr("colour image") if header.samples == 3 else None
    if why_not is None and min(geometry.rows, geometry.columns) < MINIMUM_SIDE_PX:
        why_not = tr("fewer than 16 x 16 pixels")
    names = (
        tuple(tr("volume {number}", number=number + 1) for number in range(layout.volumes))
        if layout.volumes > 1
        else ("",)
    )
    return StackInfo(
        id="",
        kind="nifti",
        series_uid=uid,
        study_uid=uid,
        description=clean(source.name),
        series_number=None,
        modality="",
        vendor="",
        model="",
        geometry=geometry,
        frames=frames,
        volumes=layout.volumes,
        volume_labels=names,
        volume_unsuitable=(None,) * layout.volumes,
        dtype=header.stored_dtype,
        samples=header.samples,
        photometric="RGB" if header.samples == 3 else "MONOCHROME2",
        has_position=layout.affine is not None,
        has_spacing=all(value > 0 for value in layout.voxel_mm),
        thickness_mm=layout.voxel_mm[layout.slices] or None,
        badges=("no DICOM", *((f"{layout.volumes} volumes",) if layout.volumes > 1 else ())),
        order_note="" if layout.affine is not None else tr("order as stored"),
        why_not=why_not,
        header=(("Description", header.description),) if header.description else (),
        files=1 if data is source else 2,
        problems=marks,
        digest=uuid.uuid5(uuid.NAMESPACE_URL, f"{uid}{source.stamp}{data.stamp}").hex,
    )


class NiftiPixels:
    """The slices of one file. The compressed stream is read to its end, so that its checksum is tested."""

    def __init__(self, path: str, member: str | None) -> None:
        with sources.open_content(path, member) as stream:
            self._header = read_header(_unpacked(stream, member or path))
        if not self._header.single:
            path = _existing_pair(path)
        with sources.open_content(path, member) as stream:
            data = read_to_end(stream, path if member is None else member, self._header)
        shape = (*self._header.layout.shape, self._header.layout.volumes)
        self._data = np.frombuffer(data, self._header.dtype).reshape(shape, order="F")

    def read(self, frame: FrameInfo) -> Frame:
        """The slice that a frame refers to: ``frame.frame`` = volume * slices + slice in the order of display."""
        layout = self._header.layout
        volume, number = divmod(frame.frame, layout.shape[layout.slices])
        if volume >= layout.volumes:
            raise BadDicom("CHANGED", tr("The file no longer has this slice."))
        picture = layout.cut(self._data[..., volume], number)
        if self._header.samples == 3:
            picture = np.stack([picture[name] for name in ("R", "G", "B")], axis=-1)
        elif self._header.complex_values:
            picture = np.abs(picture)
        return Frame(picture.astype(self._header.stored_dtype), picture.shape[0])

    def close(self) -> None:
        """Nothing is held open."""


def read_header(stream: Readable) -> NiftiHeader:
    """Check and read a header from the beginning of a file. Raises `BadDicom` for what is none or cannot be read."""
    try:
        head = _read_all(stream, HEADER_BYTES)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadDicom("TRUNCATED", tr("The compressed file ends inside its header.")) from error
    if len(head) < 348:
        raise BadDicom("NOT_NIFTI" if len(head) < 4 else "TRUNCATED", tr("The file ends inside its header."))
    magic_1, magic_2 = head[344:348], head[4:8]
    if magic_1 in (b"n+1\0", b"ni1\0"):
        kind, single = nibabel.Nifti1Header, magic_1 == b"n+1\0"
    elif magic_2 in (b"n+2\0", b"ni2\0"):
        kind, single = nibabel.Nifti2Header, magic_2 == b"n+2\0"
    else:
        raise BadDicom("NOT_NIFTI", tr("It is no NIfTI file."))
    size = 348 if kind is nibabel.Nifti1Header else 540
    if len(head) < size:
        raise BadDicom("TRUNCATED", tr("The file ends inside its header."))
    try:
        header: Any = cast(Any, kind)(head[:size], check=False)
    except (nibabel.spatialimages.HeaderDataError, ValueError) as error:
        raise BadDicom("BAD_HEADER", tr("Its header holds impossible values.")) from error
    return _checked(header, first_byte=size + 4 if single else 0)


def _checked(header: Any, *, first_byte: int) -> NiftiHeader:
    """``first_byte``: the least offset of pixels in a single file, 0 for a pair."""
    dims = [int(value) for value in header["dim"]]
    shape, volumes = _shape(dims)
    code = int(header["datatype"])
    try:
        dtype = header.get_data_dtype()
    except (nibabel.spatialimages.HeaderDataError, KeyError) as error:
        raise BadDicom("UNSUPPORTED_BITS", tr("Values of type {code} cannot be read.", code=code)) from error
    coloured = code in (_RGB, _RGBA)
    if not coloured and (dtype.kind not in "iufc" or dtype.itemsize > (16 if dtype.kind == "c" else 8)):
        raise BadDicom("UNSUPPORTED_BITS", tr("Values of type {code} cannot be read.", code=code))
    if math.prod(shape) * volumes * dtype.itemsize > DATA_LIMIT_BYTES:
        raise BadDicom(
            "TOO_LARGE",
            tr("Its pixels, {map}, need more than 4 GiB.", map=" x ".join(map(str, (*shape, volumes)))),
        )
    offset = float(header["vox_offset"])
    if not math.isfinite(offset) or not 0 <= offset < 1 << 31 or offset != int(offset):
        raise BadDicom("BAD_HEADER", tr("Its header holds impossible values."))
    marks = []
    affine, voxels, note = _place(header)
    if affine is None:
        marks.append(("NO_ORIENTATION", note, tr("Shown as stored, without a place in the patient.")))
    slope, intercept = _scale(header)
    if dtype.kind == "c":
        marks.append(("COMPLEX", tr("Its values are complex."), tr("The magnitude is shown.")))
    text = bytes(header["descrip"]).partition(b"\0")[0].decode("latin-1")
    return NiftiHeader(
        layout=layout_of(shape, volumes, affine, voxels, int(header["dim_info"]) >> 4 & 3),
        dtype=dtype,
        single=first_byte > 0,
        offset=max(int(offset), first_byte),
        slope=slope,
        intercept=intercept,
        samples=3 if coloured else 1,
        complex_values=dtype.kind == "c",
        description=clean(text),
        marks=tuple(marks),
    )


def _shape(dims: Sequence[int]) -> tuple[tuple[int, int, int], int]:
    if not 1 <= dims[0] <= 7 or any(size < 1 for size in dims[1 : dims[0] + 1]):
        raise BadDicom("BAD_HEADER", tr("Its header holds impossible sizes."))
    sizes = [*dims[1 : dims[0] + 1], *([1] * (7 - dims[0]))]
    if any(size > 1 for size in sizes[4:]):
        raise BadDicom("UNSUPPORTED_DIMS", tr("It has more than four dimensions."))
    sides = sorted(sizes[:3])
    if sides[-1] > SIDE_LIMIT_PX or sides[-1] * sides[-2] > FRAME_LIMIT_PX:
        raise BadDicom(
            "TOO_LARGE", tr("{map} is more than the program reads.", map=" x ".join(map(str, sizes[:3])))
        )
    return (sizes[0], sizes[1], sizes[2]), sizes[3]


def _scale(header: Any) -> tuple[float, float]:
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    if not math.isfinite(slope) or slope == 0:
        return 1.0, 0.0
    return slope, intercept if math.isfinite(intercept) else 0.0


def _place(
    header: Any,
) -> tuple[NDArray[np.float64] | None, tuple[float, float, float], str]:
    """Affine in LPS, voxel sizes and, where there is no usable affine, why."""
    pixdim = [abs(float(value)) for value in header["pixdim"][1:4]]
    voxels = tuple(value if math.isfinite(value) and value > 0 else 0.0 for value in pixdim)
    unit = {1: 1000.0, 3: 0.001}.get(int(header["xyzt_units"]) & 7, 1.0)
    scaled = (voxels[0] * unit, voxels[1] * unit, voxels[2] * unit)
    if int(header["sform_code"]) > 0:
        affine = header.get_sform()
    elif int(header["qform_code"]) > 0:
        try:
            affine = header.get_qform()
        except (ValueError, nibabel.spatialimages.HeaderDataError):
            return None, scaled, tr("Its rotation is impossible.")
    else:
        return None, scaled, tr("It does not say how the picture lies in the patient.")
    affine = np.asarray(affine, float)
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    if not np.all(np.isfinite(affine)) or lengths.min() == 0:
        return None, scaled, tr("Its orientation matrix is not usable.")
    directions = affine[:3, :3] / lengths
    if np.abs(directions.T @ directions - np.eye(3)).max() > STRAIGHT:
        return None, scaled, tr("Its axes are not at right angles.")
    lps = np.eye(4)
    lps[:3] = _LPS @ affine[:3] * unit
    return lps, _vec(lengths * unit), ""


def read_to_end(stream: BinaryIO, name: str, header: NiftiHeader) -> bytes:
    """The pixel data. Raises `BadDicom` TRUNCATED or CORRUPT, the latter when a checksum does not fit."""
    limit = min(DATA_LIMIT_BYTES, psutil.virtual_memory().available // 2)
    if header.data_bytes > limit:
        raise BadDicom("TOO_LARGE", tr("There is not enough memory for its pixels."))
    unpacked = _unpacked(stream, name)
    try:
        _skip(unpacked, header.offset)
        data = _read_all(unpacked, header.data_bytes)
        _skip(unpacked, 1 << 30)
    except EOFError as error:
        raise BadDicom("TRUNCATED", tr("The compressed file is cut.")) from error
    except (zlib.error, gzip.BadGzipFile) as error:
        raise BadDicom("CORRUPT", tr("The compressed file is damaged.")) from error
    if len(data) < header.data_bytes:
        raise BadDicom(
            "TRUNCATED",
            tr("The file ends {data_bytes} bytes too early.", data_bytes=header.data_bytes - len(data)),
        )
    return data


def _unpacked(stream: BinaryIO, name: str) -> Readable:
    return gzip.GzipFile(fileobj=stream) if name.casefold().endswith(".gz") else stream


def _read_all(stream: Readable, size: int) -> bytes:
    parts = io.BytesIO()
    while parts.tell() < size and (chunk := stream.read(min(1 << 20, size - parts.tell()))):
        parts.write(chunk)
    return parts.getvalue()


def _skip(stream: Readable, size: int) -> None:
    while size > 0 and (chunk := stream.read(min(1 << 20, size))):
        size -= len(chunk)


def _existing_pair(path: str) -> str:
    stem = path[: -len(".hdr.gz")] if path.casefold().endswith(".gz") else path[: -len(".hdr")]
    for ending in (".img", ".IMG", ".img.gz", ".IMG.gz"):
        if Path(stem + ending).is_file():
            return stem + ending
    raise BadDicom("NO_PAIR", tr("Its .img file is gone."))


def _ending(source: Source) -> str:
    return Path(source.name.casefold().removesuffix(".gz")).suffix


def _is_image(source: Source) -> bool:
    return _ending(source) == ".img"


def _stem(source: Source) -> tuple[str, str]:
    """Folder and name without ending: what the files of a pair share."""
    return str(Path(source.shown).parent), source.name.casefold().removesuffix(".gz").rpartition(".")[0]


def _vec(values: NDArray[np.float64]) -> Vec3:
    return float(values[0]), float(values[1]), float(values[2])
