"""PNG, JPEG and TIFF files: pictures without a place in the patient, in the natural order of their names.

Pictures of one folder and size are the slices of one stack, or of several where their names say so: in a folder with
``218391_78.jpeg``, ``218391_79.jpeg`` and ``400722_78.jpeg`` the part before the number parts them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.series import FrameInfo, SeriesInfo, StudyInfo
from brainsr_desktop.io import sources
from brainsr_desktop.io.dicom_checks import check_size
from brainsr_desktop.io.dicom_file import DAMAGE, BadDicom, quiet
from brainsr_desktop.io.formats import Found
from brainsr_desktop.io.pixels import Frame
from brainsr_desktop.io.placeless import digest_of, in_words, placeless_stack, split_by_head, uid_of
from brainsr_desktop.io.sources import Source, problem_of
from brainsr_desktop.io.text import natural_key
from brainsr_desktop.language import tr

PNG_MAGIC: Final = b"\x89PNG"
JPEG_MAGIC: Final = b"\xff\xd8\xff"
_PILLOW: Final = ("PNG", "JPEG")
_PNG_MODES: Final[dict[str, tuple[int, str]]] = {
    "1": (1, "uint8"),
    "L": (1, "uint8"),
    "LA": (1, "uint8"),
    "I;16": (1, "uint16"),
    "I;16B": (1, "uint16"),
    "I": (1, "uint16"),
    "P": (3, "uint8"),
    "RGB": (3, "uint8"),
    "RGBA": (3, "uint8"),
}
"""Samples and dtype of what Pillow reads in a PNG. A JPEG is grey: with equal colours it often is a grey picture."""
_UNITS_MM: Final = {"mm": 1.0, "cm": 10.0, "um": 0.001, "µm": 0.001, "micron": 0.001, "microns": 0.001}


@dataclass(frozen=True, slots=True)
class RasterFacts:
    """One file: its pictures all have this size. ``spacing_mm`` is (slices, rows, columns), None where not told."""

    source: Source
    kind: Literal["png", "jpeg", "tiff"]
    rows: int
    columns: int
    samples: int
    dtype: str
    pages: int = 1
    volumes: int = 1
    spacing_mm: tuple[float, float, float] | None = None
    intercept: float = 0.0
    bits: int = 16
    grey_of_colour: bool = False
    """Stored in colour, shown as its brightness."""


def series_of(found: Sequence[Source], check_cancelled: Callable[[], None]) -> Iterator[Found]:
    """TIFF files with several pages each as a series; other files by folder, size and the beginning of their names."""
    many: list[RasterFacts] = []
    single: list[RasterFacts] = []
    with quiet():
        for source in found:
            check_cancelled()
            try:
                facts = read_facts(source)
            except BadDicom as error:
                yield Problem(source.shown, error.code, error.reason)
            except OSError as error:
                yield problem_of(error, source.shown)
            else:
                (many if facts.pages > 1 else single).append(facts)
    for facts in many:
        yield _series([facts], ""), 1
    for head, members in split_by_head(single, _same, lambda facts: Path(facts.source.name).stem):
        members.sort(key=lambda facts: natural_key(facts.source.shown))
        yield _series(members, head), len(members)


def _same(facts: RasterFacts) -> tuple[object, ...]:
    folder = str(Path(facts.source.shown).parent)
    return folder, facts.kind, facts.rows, facts.columns, facts.samples, facts.dtype, facts.spacing_mm


def read_facts(source: Source) -> RasterFacts:
    """What a file's header says. Raises `BadDicom` for what cannot be shown."""
    with source.open() as stream:
        magic = stream.read(4)
        stream.seek(0)
        try:
            if magic.startswith((PNG_MAGIC, JPEG_MAGIC)):
                return _pillow_facts(source, stream)
            return _tiff_facts(source, stream)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise BadDicom("TOO_LARGE", tr("The picture is larger than the program reads.")) from error
        except (*DAMAGE, SyntaxError, tifffile.TiffFileError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise BadDicom("BAD_HEADER", tr("The picture's header is damaged.")) from error


def _pillow_facts(source: Source, stream: Any) -> RasterFacts:
    with Image.open(stream, formats=_PILLOW) as picture:
        columns, rows = picture.size
        check_size(rows, columns, 1, 4)
        if picture.format != "PNG":
            coloured = picture.mode != "L"
            return RasterFacts(source, "jpeg", rows, columns, 1, "uint8", bits=8, grey_of_colour=coloured)
        if picture.mode not in _PNG_MODES:
            raise BadDicom(
                "UNSUPPORTED_BITS", tr("Pictures of kind {mode} cannot be read.", mode=picture.mode)
            )
        samples, dtype = _PNG_MODES[picture.mode]
        # our own exports of signed values say what was added to them
        offset = str(picture.info.get("Offset", "0"))
        bits = 1 if picture.mode == "1" else 8
    intercept = -float(offset) if offset.isdigit() and len(offset) < 6 else 0.0
    return RasterFacts(source, "png", rows, columns, samples, dtype, intercept=intercept, bits=bits)


def _tiff_facts(source: Source, stream: Any) -> RasterFacts:
    with tifffile.TiffFile(stream, name="picture") as file:
        if _is_circular(file):
            raise BadDicom("BAD_HEADER", tr("The picture's header is damaged."))
        if not file.series:
            raise BadDicom("BAD_HEADER", tr("The file holds no picture."))
        series = file.series[0]
        page = series.keyframe
        dtype = np.dtype(page.dtype) if page.dtype is not None else np.dtype("V1")
        rows, columns, samples = page.imagelength, page.imagewidth, page.samplesperpixel
        if (
            page.imagedepth != 1
            or samples > 4
            or (dtype.kind not in "uif" and dtype != np.bool_)
            or dtype.itemsize > 8
        ):
            raise BadDicom(
                "UNSUPPORTED_BITS",
                tr("{samples} samples of {dtype} cannot be read.", samples=samples, dtype=dtype),
            )
        pages = (
            len(series.pages) if len(series.pages) > 1 else _contiguous_pages(series, rows, columns, samples)
        )
        coloured = samples >= 3 or page.photometric == tifffile.PHOTOMETRIC.PALETTE
        check_size(rows, columns, min(pages, 10_000), samples * dtype.itemsize)
        kind = "uint8" if coloured or dtype == np.bool_ else dtype.newbyteorder("=").name
        return RasterFacts(
            source=source,
            kind="tiff",
            rows=rows,
            columns=columns,
            samples=3 if coloured else 1,
            dtype=kind,
            pages=pages,
            volumes=_volumes(series, pages),
            spacing_mm=_spacing(file, page),
            bits=page.bitspersample,
        )


def _is_circular(file: tifffile.TiffFile) -> bool:
    """Whether a page leads to an earlier one: looking for series would go round for ever."""
    try:
        file.pages[len(file.pages)]
    except IndexError:
        return False
    return True


def _contiguous_pages(series: Any, rows: int, columns: int, samples: int) -> int:
    """ImageJ writes one directory for a whole stack."""
    total = int(np.prod(series.shape, dtype=np.int64))
    return max(1, total // (rows * columns * max(samples, 1)))


def _volumes(series: Any, pages: int) -> int:
    axes = dict(zip(series.axes, series.shape, strict=False))
    volumes = int(axes.get("T", 1))
    return volumes if volumes > 1 and pages % volumes == 0 and "Z" in axes else 1


def _spacing(file: Any, page: Any) -> tuple[float, float, float] | None:
    """Pixel size where it is meant as one: ImageJ's unit, or pixels for each centimetre. Dots per inch are none."""
    metadata = file.imagej_metadata or {}
    unit = _UNITS_MM.get(str(metadata.get("unit", "")).replace("\\u00B5", "µ"))
    across, down = (_ratio(page.tags.get(name)) for name in ("XResolution", "YResolution"))
    resolution_unit = page.tags.get("ResolutionUnit")
    if unit is None and resolution_unit is not None and resolution_unit.value == 3:
        unit = 10.0
    if unit is None or not across or not down:
        return None
    step = metadata.get("spacing")
    between = float(step) * unit if isinstance(step, (int, float)) and step > 0 else 1.0
    return between, unit / down, unit / across


def _ratio(tag: Any) -> float:
    if tag is None or not isinstance(tag.value, tuple) or len(tag.value) != 2 or not tag.value[1]:
        return 0.0
    return float(tag.value[0]) / float(tag.value[1])


def _series(members: Sequence[RasterFacts], head: str) -> SeriesInfo:
    first = members[0]
    frames = tuple(
        FrameInfo(
            path=facts.source.path,
            member=facts.source.member,
            frame=page,
            instance_number=number,
            intercept=facts.intercept,
        )
        for number, (facts, page) in enumerate(
            ((f, page) for f in members for page in range(f.pages)), start=1
        )
    )
    folder = Path(first.source.path).parent.name
    name = first.source.name if len(members) == 1 else folder or first.source.name
    uid = uid_of(first.source.path, first.source.member)
    spacing = first.spacing_mm
    stack = placeless_stack(
        first.kind,
        uid=uid,
        study_uid=uid,
        description=in_words((folder, head)) if head else name,
        shape=(first.rows, first.columns),
        frames=frames,
        dtype=first.dtype,
        samples=first.samples,
        volumes=first.volumes,
        spacing_mm=spacing and spacing[1:],
        step_mm=spacing and spacing[0],
        bits=first.bits,
        files=len(members),
        order_note=tr("order from file names") if len(members) > 1 else "",
        problems=_marks(members),
        digest=digest_of(*((facts.source.shown, facts.source.stamp) for facts in members)),
    )
    return SeriesInfo(StudyInfo(study_uid=uid), uid, (stack,))


def _marks(members: Sequence[RasterFacts]) -> tuple[Problem, ...]:
    coloured = [facts.source.shown for facts in members if facts.grey_of_colour]
    if not coloured:
        return ()
    reason = tr(
        "{count} of {count_2} pictures are stored in colour.", count=len(coloured), count_2=len(members)
    )
    return (Problem(coloured[0], "COLOUR", reason, tr("Their brightness is shown.")),)


class RasterPixels:
    """The pictures of one PNG, JPEG or TIFF file."""

    def __init__(self, path: str, member: str | None) -> None:
        self._stream = sources.open_content(path, member)
        self._tiff: tifffile.TiffFile | None = None
        self._contiguous: NDArray[Any] | None = None
        if not self._stream.read(4).startswith((PNG_MAGIC, JPEG_MAGIC)):
            self._stream.seek(0)
            try:
                self._tiff = tifffile.TiffFile(self._stream, name="picture")
                circular = _is_circular(self._tiff)
            except tifffile.TiffFileError as error:
                raise BadDicom("DECODE_FAILED", tr("The picture is damaged.")) from error
            if circular:
                raise BadDicom("DECODE_FAILED", tr("The picture is damaged."))

    def read(self, frame: FrameInfo) -> Frame:
        """The page that a frame refers to: grey, or 8-bit RGB; transparency is dropped."""
        pixels = self._single_picture() if self._tiff is None else self._page(self._tiff, frame.frame)
        return Frame(pixels, pixels.shape[0])

    def close(self) -> None:
        """Close the file."""
        if self._tiff is not None:
            self._tiff.close()
        self._stream.close()

    def _single_picture(self) -> NDArray[Any]:
        self._stream.seek(0)
        try:
            with Image.open(self._stream, formats=_PILLOW) as picture:
                picture.load()
                if picture.format != "PNG":
                    return np.asarray(picture.convert("L"))
                samples, dtype = _PNG_MODES[picture.mode]
                if samples == 3:
                    return np.asarray(picture.convert("RGB"))
                return np.asarray(picture.getchannel("L") if picture.mode == "LA" else picture).astype(dtype)
        except (SyntaxError, ValueError, KeyError, OSError, Image.DecompressionBombError) as error:
            raise BadDicom("DECODE_FAILED", tr("The picture is damaged.")) from error

    def _page(self, file: tifffile.TiffFile, number: int) -> NDArray[Any]:
        series = file.series[0]
        keyframe = series.keyframe
        try:
            if len(series.pages) > 1 or (number == 0 and _single(series)):
                page = series.pages[number]
                if page is None:
                    raise BadDicom("DECODE_FAILED", tr("The page is missing."))
                pixels = np.asarray(page.asarray())
            else:
                if self._contiguous is None:
                    colours = (3,) if keyframe.samplesperpixel == 3 else ()
                    shape = (-1, keyframe.imagelength, keyframe.imagewidth, *colours)
                    self._contiguous = np.asarray(series.asarray()).reshape(shape)
                pixels = self._contiguous[number]
        except (ValueError, KeyError, IndexError, tifffile.TiffFileError, RuntimeError) as error:
            raise BadDicom("DECODE_FAILED", tr("The picture is damaged.")) from error
        return _grey_or_rgb(pixels, keyframe)


def _single(series: Any) -> bool:
    return bool(np.prod(series.shape, dtype=np.int64) == series.keyframe.size)


def _grey_or_rgb(pixels: NDArray[Any], page: Any) -> NDArray[Any]:
    if page.photometric == tifffile.PHOTOMETRIC.PALETTE and page.colormap is not None:
        return np.asarray(np.moveaxis(page.colormap[:, pixels], 0, -1) >> 8).astype(np.uint8)
    if pixels.ndim == 3 and page.planarconfig == 2:
        pixels = np.moveaxis(pixels, 0, -1)
    if pixels.ndim == 3:
        pixels = pixels[..., :3] if pixels.shape[-1] >= 3 else pixels[..., 0]
    if pixels.ndim == 3 and pixels.dtype == np.uint16:
        return np.asarray(pixels >> 8).astype(np.uint8)
    if pixels.dtype == np.bool_:
        return pixels.astype(np.uint8)
    return pixels.astype(pixels.dtype.newbyteorder("="))
