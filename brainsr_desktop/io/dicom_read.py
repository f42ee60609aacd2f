"""DICOM headers: what one file says of itself and of its picture."""

from __future__ import annotations

import math
import re
from typing import Final

import numpy as np
from pydicom.dataset import Dataset

from brainsr_desktop.core.errors import NotAnImage, Problem, ReadError, Truncated
from brainsr_desktop.core.series import FrameInfo, StudyInfo
from brainsr_desktop.io import sources
from brainsr_desktop.io.dicom_checks import (
    check_size,
    check_syntax,
    file_samples,
    missing_bytes,
    pixel_format,
    require_image,
    side,
    trailing_bytes,
)
from brainsr_desktop.io.dicom_file import BadDicom, DicomFile, open_dicom, quiet
from brainsr_desktop.io.dicom_values import (
    curve_of,
    has_modality_lut,
    padding_of,
    rescale,
    unit_of,
    window_of,
)
from brainsr_desktop.io.diffusion import b_value_of, gradient_of
from brainsr_desktop.io.header import Header, tag_of
from brainsr_desktop.io.lut import MODALITY_DTYPE
from brainsr_desktop.io.records import Component, FileFacts, Picture, Plane
from brainsr_desktop.io.text import path_text
from brainsr_desktop.language import tr

UNIT_TOLERANCE: Final = 1e-3
"""Orientation vectors this far from unit length or from a right angle are made straight; beyond it they are refused."""

ROUNDING_TOLERANCE: Final = 1e-4
"""What the rounding of printed numbers explains is straightened without a word."""

_KEYWORDS: Final = [
    "SpecificCharacterSet",
    "ImageType",
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyDate",
    "AcquisitionTime",
    "ContentTime",
    "Modality",
    "Manufacturer",
    "InstitutionName",
    "ReferringPhysicianName",
    "StudyDescription",
    "SeriesDescription",
    "ManufacturerModelName",
    "RecommendedDisplayFrameRate",
    "CineRate",
    "FrameTime",
    "ComplexImageComponent",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "BodyPartExamined",
    "SequenceName",
    "SliceThickness",
    "RepetitionTime",
    "EchoTime",
    "InversionTime",
    "EchoNumbers",
    "MagneticFieldStrength",
    "SpacingBetweenSlices",
    "TriggerTime",
    "FlipAngle",
    "ProtocolName",
    "DiffusionBValue",
    "DiffusionGradientOrientation",
    "DiffusionGradientDirectionSequence",
    "ContributingEquipmentSequence",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SeriesNumber",
    "AcquisitionNumber",
    "InstanceNumber",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "FrameOfReferenceUID",
    "TemporalPositionIdentifier",
    "SliceLocation",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "PixelSpacing",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "WindowCenter",
    "WindowWidth",
    "VOILUTSequence",
    "ModalityLUTSequence",
    "RescaleIntercept",
    "RescaleSlope",
    "RescaleType",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
    "RedPaletteColorLookupTableDescriptor",
]
_PRIVATE_ELEMENTS: Final = {
    0x0019: (0x0A, 0x0C, 0x0E, 0x29, 0xBB, 0xBC, 0xBD),
    0x0029: (0x10, 0x20),
    0x0043: (0x2F, 0x39),
    0x0065: (0x09, 0x37, 0x50, 0x51),
    0x2001: (0x03,),
    0x2005: (0xB0, 0xB1, 0xB2),
}
SCAN_TAGS: Final = tuple(tag_of(name) for name in _KEYWORDS) + tuple(
    tag
    for group, elements in _PRIVATE_ELEMENTS.items()
    for block in range(0x10, 0x18)
    for tag in (group << 16 | block, *(group << 16 | block << 8 | element for element in elements))
)
"""What a scan reads; everything else is passed over without being taken into memory."""


def facts_of(opened: DicomFile, source: sources.Source) -> tuple[FileFacts, Header]:
    """What a file says of itself. Raises `BadDicom` when it holds no picture, or one that cannot be shown."""
    header = Header(opened.dataset)
    sop_class = header.uid("SOPClassUID")
    require_image(opened, header, sop_class)
    rows, columns = side(header, "Rows"), side(header, "Columns")
    frames = header.integer("NumberOfFrames") or 1
    samples, photometric, allocated, stored, dtype, fault = pixel_format(opened, header)
    if has_modality_lut(header, samples, dtype):
        dtype = MODALITY_DTYPE
    check_size(rows, columns, frames, samples * max(allocated // 8, 1))
    check_syntax(opened.syntax)
    marks = [Problem(source.shown, *repair) for repair in opened.repaired]
    missing = missing_bytes(opened, rows * columns * frames * _stored_samples(header, photometric), allocated)
    if missing > 1:
        reason = tr("The file ends {missing} bytes before its pixel data do.", missing=missing)
        marks.append(
            Problem(source.shown, "TRUNCATED_PIXELS", reason, tr("The rows that are there are shown."))
        )
    if fault:
        marks.append(Problem(source.shown, "BAD_VALUE", fault, tr("Shown, not enhanced.")))
    trailing = trailing_bytes(opened)
    if trailing:
        reason = tr("{trailing} bytes follow its pixel data.", trailing=trailing)
        marks.append(Problem(source.shown, "TRAILING_BYTES", reason, tr("They were ignored.")))
    facts = FileFacts(
        path=source.path,
        member=source.member,
        shown=source.shown,
        size_bytes=source.size_bytes,
        study=_study(header),
        series_uid=header.uid("SeriesInstanceUID"),
        sop_class=sop_class,
        sop_uid=header.uid("SOPInstanceUID"),
        frame_of_reference=header.uid("FrameOfReferenceUID"),
        modality=header.text("Modality"),
        vendor=header.text("Manufacturer"),
        model=header.text("ManufacturerModelName"),
        series_number=header.integer("SeriesNumber"),
        description=header.text("SeriesDescription"),
        syntax=opened.syntax,
        rows=rows,
        columns=columns,
        samples=samples,
        photometric=photometric,
        bits_allocated=allocated,
        bits_stored=stored,
        dtype=dtype,
        frames=frames,
        image_type=header.strings("ImageType"),
        by_ai=_made_by_ai(header),
        body_part=header.text("BodyPartExamined").upper(),
        pictures_per_s=pictures_per_s(header),
        fault=fault,
        header=_corner_text(header),
        marks=tuple(marks),
    )
    return facts, header


def _stored_samples(header: Header, photometric: str) -> int:
    return 2 if photometric == "YBR_FULL_422" else file_samples(header)


def picture_of(facts: FileFacts, header: Header) -> Picture:
    """The picture of a file with one frame."""
    slope, intercept = rescale(header)
    orientation = header.numbers("ImageOrientationPatient", 6)
    position = header.numbers("ImagePositionPatient", 3)
    creator_ge = header.private_tag(0x0043, "GEMS_PARM_01", 0x2F)
    ge_code = header.integer(creator_ge) if creator_ge else None
    return Picture(
        file=facts,
        rows=facts.rows,
        columns=facts.columns,
        plane=plane_of(position, orientation, header),
        spacing_mm=spacing_of(header),
        thickness_mm=_positive(header.number("SliceThickness")),
        image_type=facts.image_type,
        component=component_of(facts.image_type, header.strings("ComplexImageComponent"), ge_code),
        slope=slope,
        intercept=intercept,
        unit=unit_of(header),
        window=window_of(header),
        second_window=window_of(header, 1),
        curve=curve_of(header),
        padding=padding_of(header),
        instance_number=header.integer("InstanceNumber"),
        slice_location=header.number("SliceLocation"),
        acquisition=header.integer("AcquisitionNumber"),
        time_s=seconds(header.text("AcquisitionTime") or header.text("ContentTime")),
        trigger_ms=header.number("TriggerTime"),
        temporal=header.integer("TemporalPositionIdentifier"),
        echo_number=header.integer("EchoNumbers"),
        echo_ms=header.number("EchoTime"),
        inversion_ms=header.number("InversionTime"),
        flip_deg=header.number("FlipAngle"),
        b_value=b_value_of(header),
        gradient=gradient_of(header),
    )


def marks_of(header: Header, shown: str) -> list[Problem]:
    """What reading the values brought to light; to be asked after all have been read."""
    marks = []
    for name in sorted(header.bad):
        code = "BAD_ORIENTATION" if name == "ImageOrientationPatient" else "BAD_VALUE"
        marks.append(
            Problem(shown, code, tr("{name} holds no usable value.", name=name), tr("Treated as absent."))
        )
    for name in sorted(header.straightened - header.bad):
        reason = tr("{name} is not quite at right angles or of unit length.", name=name)
        marks.append(
            Problem(shown, "ORIENTATION_MENDED", reason, tr("Straightened; the slice stays in place."))
        )
    if header.undecoded:
        reason = tr("Some text does not fit the character set that the file names.")
        marks.append(Problem(shown, "CHARSET", reason, tr("Shown with replacement characters.")))
    return marks


def plane_of(position: tuple[float, ...], orientation: tuple[float, ...], header: Header) -> Plane | None:
    """Position and unit directions; None if a part is absent or the vectors are no right angle (to 1e-3)."""
    if len(position) != 3 or len(orientation) != 6:
        return None
    row, column = np.asarray(orientation[:3]), np.asarray(orientation[3:])
    lengths = math.hypot(*row), math.hypot(*column)
    if min(lengths) == 0 or max(abs(length - 1) for length in lengths) > UNIT_TOLERANCE:
        header.bad.add("ImageOrientationPatient")
        return None
    row, column = row / lengths[0], column / lengths[1]
    slant = abs(float(row @ column))
    if slant > UNIT_TOLERANCE:
        header.bad.add("ImageOrientationPatient")
        return None
    if max(slant, *(abs(length - 1) for length in lengths)) > ROUNDING_TOLERANCE:
        header.straightened.add("ImageOrientationPatient")
    column = column - (row @ column) * row
    column /= math.hypot(*column)
    return Plane(_vec(position), _vec(row), _vec(column))


def _vec(
    values: np.ndarray[tuple[int, ...], np.dtype[np.float64]] | tuple[float, ...],
) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])


def spacing_of(header: Header) -> tuple[float, float] | None:
    """PixelSpacing (between rows, between columns) in mm; None if absent or not positive."""
    values = header.numbers("PixelSpacing", 2)
    if not values:
        return None
    if min(values) <= 0:
        header.bad.add("PixelSpacing")
        return None
    return values[0], values[1]


def component_of(
    image_type: tuple[str, ...], complex_component: tuple[str, ...], ge_code: int | None
) -> Component:
    """Magnitude, phase, real or imaginary, by the standard's attribute, the maker's letters or GE's number."""
    for value in (*complex_component, *image_type[2:]):
        found = _COMPONENTS.get(value) or _COMPONENTS.get(value.partition("_")[0] if len(value) < 12 else "")
        if found:
            return found
    if ge_code is not None and 0 < ge_code < 4:
        return _GE_COMPONENTS[ge_code]
    return ""


_GE_COMPONENTS: Final[tuple[Component, ...]] = ("magnitude", "phase", "real", "imaginary")
_COMPONENTS: Final[dict[str, Component]] = {
    "M": "magnitude",
    "MAGNITUDE": "magnitude",
    "P": "phase",
    "PHASE": "phase",
    "PHASE MAP": "phase",
    "R": "real",
    "REAL": "real",
    "I": "imaginary",
    "IMAGINARY": "imaginary",
}


def seconds(time: str) -> float | None:
    """Seconds since midnight of a TM value, or of the time in a DT value."""
    digits = time[8:] if len(time.partition(".")[0]) >= 14 else time
    digits = digits.replace(":", "")
    match = re.match(r"(\d\d)(\d\d)(\d\d(?:\.\d+)?)", digits)
    return int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3]) if match else None


def read_dataset(frame: FrameInfo) -> Dataset:
    """The data set that a frame came from, values raw, without its pixels.

    Raises ReadError families: the file is gone, changed into something else, or damaged.
    """
    try:
        stream = sources.open_content(frame.path, frame.member)
        with quiet(), open_dicom(stream) as opened:
            dataset = opened.dataset
    except BadDicom as error:
        kind = Truncated if error.code.startswith("TRUNCATED") else NotAnImage
        raise kind(f"{path_text(frame.path)}: {error.reason}", path=frame.path) from error
    except OSError as error:
        problem = sources.problem_of(error, path_text(frame.path))
        raise ReadError(f"{problem.path}: {problem.reason}", path=frame.path) from error
    return dataset


def pictures_per_s(header: Header) -> float | None:
    """The rate at which the pictures are to be played (PS3.3 C.7.6.5 and C.7.6.6)."""
    for name in ("RecommendedDisplayFrameRate", "CineRate"):
        rate = _positive(header.number(name))
        if rate is not None:
            return rate
    between_ms = _positive(header.number("FrameTime"))
    return None if between_ms is None else 1000.0 / between_ms


def _made_by_ai(header: Header) -> bool:
    if "[SRX" in header.text("SeriesDescription").upper():
        return True
    items = header.items("ContributingEquipmentSequence")
    return any("BrainSR" in item.text("ManufacturerModelName") for item in items)


def _study(header: Header) -> StudyInfo:
    return StudyInfo(
        study_uid=header.uid("StudyInstanceUID"),
        patient_name=header.text("PatientName", name=True),
        patient_id=header.text("PatientID"),
        birth_date=date_text(header.text("PatientBirthDate")),
        study_date=date_text(header.text("StudyDate")),
        study_description=header.text("StudyDescription"),
        institution=header.text("InstitutionName"),
        referring_physician=header.text("ReferringPhysicianName", name=True),
    )


def date_text(date: str) -> str:
    """A DICOM date as 2022-07-11; anything else as it is."""
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if re.fullmatch(r"\d{8}", date) else date


def _corner_text(header: Header) -> tuple[tuple[str, str], ...]:
    numbers = (
        ("TR", "RepetitionTime", "ms"),
        ("TE", "EchoTime", "ms"),
        ("TI", "InversionTime", "ms"),
        (tr("Flip angle"), "FlipAngle", "°"),
        (tr("Field strength"), "MagneticFieldStrength", "T"),
        (tr("Slice thickness"), "SliceThickness", "mm"),
    )
    texts = (
        ("Sequence", "SequenceName"),
        ("Protocol", "ProtocolName"),
        ("Study", "StudyDescription"),
        ("Institution", "InstitutionName"),
    )
    lines = [(label, _with_unit(header.number(name), unit)) for label, name, unit in numbers]
    lines += [(label, header.text(name)) for label, name in texts]
    lines.append((tr("Study date"), date_text(header.text("StudyDate"))))
    return tuple(line for line in lines if line[1])


def _with_unit(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:g}{'' if unit == '°' else ' '}{unit}"


def _positive(value: float | None) -> float | None:
    return value if value is not None and value > 0 else None
