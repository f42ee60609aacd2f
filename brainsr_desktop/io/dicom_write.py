"""One enlarged slice as a classic MR Image Storage file, whatever its source was (PS3.3 A.4).

Everything in the file is on the white list of `dicom_attributes` or written here. Values pass as raw bytes in the
source's own character set, so names compare equal to the source byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Final, Literal
from uuid import UUID, uuid5

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.charset import convert_encodings, default_encoding
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import FileMetaDataset
from pydicom.tag import BaseTag
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEG2000Lossless, MRImageStorage, RLELossless
from pydicom.valuerep import format_number_as_ds

from brainsr_desktop import __version__
from brainsr_desktop.core.geometry import Geometry, Vec3
from brainsr_desktop.core.recipe import DEGRADED
from brainsr_desktop.core.series import FrameInfo
from brainsr_desktop.io.dicom_attributes import EQUIPMENT, KEPT, MR_VALUE_3, TILED_TYPES, Kept
from brainsr_desktop.io.dicom_sources import SourceSlice
from brainsr_desktop.io.messages import ExportPicture, ModelNote
from brainsr_desktop.io.repairs import cut, decoded, encoded, is_valid_uid, repaired

StoredPixels = NDArray[np.int16] | NDArray[np.uint16]
Syntax = Literal["explicit", "j2k", "rle"]

PROGRAM: Final = "BrainSR Desktop"
MAKER: Final = "The BrainSR Desktop project"
"""Never begins with BR: converters take that for the vendor Bruker."""
REPAIRED_UIDS: Final = UUID("de358145-d35e-4f7a-b478-0a39e060a656")
"""Name space of what replaces a source's UIDs that are not valid."""
IMPLEMENTATION_UID: Final = UID("2.25.301374428938213464093921722318806275714")
IMPLEMENTATION_NAME: Final = f"BRAINSR_{__version__.split('.')[0]}"
NOTICE: Final = "not for primary diagnosis"
LARGEST_INTEGER_STRING: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class ExportFacts:
    """What all files of one export share. ``started`` is local time; ``job`` is the name space of every new UID."""

    job: UUID
    started: datetime
    factor: int
    model: ModelNote
    careful: bool = False


@dataclass(frozen=True, slots=True)
class SliceFacts:
    """Where one enlarged slice belongs.

    ``geometry`` is that of the enlarged slice alone (its one position). ``group`` counts the output series made from
    one source series, from 0. ``volume`` is (number from 1, count) in a series with several volumes. ``rescale`` turns
    stored into source values where the source could not be stored as it is: source = slope * stored + intercept.
    ``copy`` tells apart different pictures that claim one SOP instance UID.
    """

    frame: FrameInfo
    geometry: Geometry
    instance_number: int
    series_number: int
    group: int = 0
    volume: tuple[int, int] | None = None
    rescale: tuple[float, float] | None = None
    photometric: str = "MONOCHROME2"
    copy: int = 0


@dataclass(frozen=True, slots=True)
class Written:
    """A data set ready to be encoded, and what had to be mended: (keyword, what was done)."""

    dataset: Dataset
    repairs: tuple[tuple[str, str], ...]


def derived_uid(name_space: UUID, name: str) -> str:
    """UID from a UUID of version 5 (PS3.5 annex B.2): the same name gives the same UID in one name space."""
    return f"2.25.{uuid5(name_space, name).int}"


def is_network(model: ModelNote) -> bool:
    """Whether a trained network made the picture; interpolations have no weights."""
    return bool(model.sha256)


def derivation_text(facts: ExportFacts) -> str:
    """DerivationDescription, and the notice of other formats: what was done to the source, in ASCII."""
    if facts.model.id == DEGRADED:
        return f"Degraded on purpose to test super-resolution; not a scan. {NOTICE.capitalize()}."
    name = _ascii(facts.model.id)
    how = f"super-resolution x{facts.factor} by a trained network ({name})"
    if facts.careful:
        how += ", mean over 8 flips and turns"
    if not is_network(facts.model):
        how = f"enlargement x{facts.factor} by interpolation ({name})"
    return f"In-plane {how}; no new acquired information. {NOTICE.capitalize()}."


def picture_text(picture: ExportPicture, facts: ExportFacts) -> str:
    """The notice of pictures that are not DICOM, in ASCII."""
    if picture == "original":
        return f"Slices of the source, not enhanced. {NOTICE.capitalize()}."
    if picture == "difference":
        return f"Enhanced slices minus cubic interpolation. {derivation_text(facts)}"
    if picture == "test":
        return f"Test: the source was degraded on purpose first. {derivation_text(facts)}"
    return derivation_text(facts)


def build(source: SourceSlice, pixels: StoredPixels, facts: ExportFacts, place: SliceFacts) -> Written:
    """The data set of one exported slice.

    `pixels` (rows, columns) int16 or uint16 are stored values; they decide PixelRepresentation. The data set carries
    its pixels native, little endian.
    """
    out = _Output(source)
    for kept in KEPT:
        out.keep(kept)
    _identity(out, facts, place)
    _series(out, facts, place)
    _history(out, facts)
    _acquisition(out, place)
    _geometry(out, place.geometry)
    _values(out, place)
    _pixels(out.dataset, pixels, place.photometric)
    return Written(out.dataset, tuple(out.repairs))


def encode(dataset: Dataset, syntax: Syntax) -> bytes:
    """The complete file of a built data set, in memory: a full disk is then met by plain writing of bytes alone."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MRImageStorage
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = IMPLEMENTATION_UID
    meta.ImplementationVersionName = IMPLEMENTATION_NAME
    dataset.file_meta = meta
    if syntax == "j2k":
        dataset.compress(JPEG2000Lossless, encoding_plugin="pylibjpeg", generate_instance_uid=False)
    elif syntax == "rle":
        dataset.compress(RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)
    _keep_bytes(dataset)
    target = BytesIO()
    dataset.save_as(target, enforce_file_format=True)
    return target.getvalue()


def _keep_bytes(dataset: Dataset) -> None:
    """Have raw values written as they are: pydicom would decode and encode them, and lose what does not fit."""
    named = dataset.get("SpecificCharacterSet")
    dataset.set_original_encoding(False, True, convert_encodings(named) if named else default_encoding)
    for tag in dataset.keys():  # noqa: SIM118 - iterating over the data set would decode its values
        element = dataset.get_item(tag)
        if element.VR == "SQ" and isinstance(element, DataElement):
            for item in element.value:
                _keep_bytes(item)


class _Output:
    """A data set under construction; every source value passes `repaired` on its way in."""

    def __init__(self, source: SourceSlice) -> None:
        self.source = source
        self.dataset = Dataset()
        self.repairs: list[tuple[str, str]] = []
        character_set = self.mended("SpecificCharacterSet")
        if character_set:
            put(self.dataset, "SpecificCharacterSet", character_set)

    def mended(self, keyword: str) -> bytes | None:
        """The repaired source value; None where it is absent or unusable."""
        raw = self.source.text.get(keyword)
        if raw is None:
            return None
        result = repaired(_representation(keyword), raw, self.source.encodings)
        if result.note:
            self.repairs.append((keyword, result.note))
        return result.value

    def keep(self, kept: Kept) -> None:
        """Copy one attribute of the white list."""
        keyword = kept.keyword
        if keyword in self.source.numbers:
            self.dataset.add(_numeric(keyword, self.source.numbers[keyword]))
        elif self.source.codes.get(keyword):
            items = [self._code_item(code) for code in self.source.codes[keyword]]
            setattr(self.dataset, keyword, [item for item in items if "CodeValue" in item])
        else:
            value = self.mended(keyword)
            if value:
                put(self.dataset, keyword, value)
            elif kept.need == "required":
                put(self.dataset, keyword, kept.otherwise.encode("ascii"))
            elif kept.need == "empty":
                put(self.dataset, keyword, b"")

    def _code_item(self, code: Mapping[str, bytes]) -> Dataset:
        item = Dataset()
        for keyword, raw in code.items():
            value = repaired(_representation(keyword), raw, self.source.encodings).value
            if value:
                put(item, keyword, value)
        return item

    def text(self, keyword: str, value: str) -> None:
        """Write ASCII text of the program itself."""
        put(self.dataset, keyword, _ascii(value).encode("ascii"))

    def uid(self, keyword: str, otherwise: str) -> None:
        """Keep a UID of the source; ``otherwise`` where it is absent.

        One that is not valid becomes the same new one in every export, so that the series of its study stay together.
        """
        found = self.source.string(keyword)
        if is_valid_uid(found):
            self.text(keyword, found)
        elif found:
            self.repairs.append((keyword, "not valid, a new one written"))
            self.text(keyword, derived_uid(REPAIRED_UIDS, found))
        else:
            self.repairs.append((keyword, "absent, a new one written"))
            self.text(keyword, otherwise)


def put(dataset: Dataset, keyword: str, value: bytes) -> None:
    """Set an attribute to bytes that go to the file as they are."""
    tag, representation = BaseTag(_tag(keyword)), _representation(keyword)
    padded = value if len(value) % 2 == 0 else value + (b"\0" if representation == "UI" else b" ")
    dataset[tag] = RawDataElement(tag, representation, len(padded), padded, 0, False, True)


def _identity(out: _Output, facts: ExportFacts, place: SliceFacts) -> None:
    source, frame = out.source, place.frame
    out.text("SOPClassUID", MRImageStorage)
    frame_number = source.frame_number or 0
    name = f"sop\n{source.string('SOPInstanceUID')}\n{frame_number}\n{frame.tile or 0}"
    out.text("SOPInstanceUID", derived_uid(facts.job, name + (f"\n{place.copy}" if place.copy else "")))
    series = source.string("SeriesInstanceUID")
    suffix = f"\n{place.group}" if place.group else ""
    out.text("SeriesInstanceUID", derived_uid(facts.job, f"series\n{series}{suffix}"))
    out.uid("StudyInstanceUID", derived_uid(facts.job, f"study\n{source.string('StudyInstanceUID')}"))
    out.uid("FrameOfReferenceUID", derived_uid(facts.job, f"frame of reference\n{series}"))
    out.text("Modality", "MR")
    for keyword in ("SeriesDate", "ContentDate", "InstanceCreationDate"):
        out.text(keyword, facts.started.strftime("%Y%m%d"))
    for keyword in ("SeriesTime", "ContentTime", "InstanceCreationTime"):
        out.text(keyword, facts.started.strftime("%H%M%S.%f"))


def _series(out: _Output, facts: ExportFacts, place: SliceFacts) -> None:
    out.text("SeriesNumber", str(place.series_number))
    out.text("InstanceNumber", str(place.instance_number))
    put(out.dataset, "SeriesDescription", _description(out, f" [SRx{facts.factor}]"))
    own = f"BrainSR {__version__}".encode("ascii")
    versions = out.mended("SoftwareVersions")
    put(out.dataset, "SoftwareVersions", versions + b"\\" + own if versions else own)
    out.text("ImageType", "\\".join(_image_type(out)))
    out.text("ContentQualification", "RESEARCH")
    out.text("ImageComments", _comment(facts))


def _description(out: _Output, mark: str) -> bytes:
    """Description of the source, cut to 52 characters, and a mark that every list of series shows."""
    source, encodings = out.mended("SeriesDescription") or b"", out.source.encodings
    text = decoded(source, encodings)
    tail = mark.encode("ascii")
    if text is None:
        return (source[:52] + tail).lstrip()
    if len(text) <= 52 and decoded(source + tail, encodings) == text + mark:
        return (source + tail).lstrip()
    return encoded((text[:52] + mark).lstrip(), encodings)


def _comment(facts: ExportFacts) -> str:
    made = "AI super-resolution" if is_network(facts.model) else "Interpolation"
    return f"{made} x{facts.factor} - derived, {NOTICE}"


def _image_type(out: _Output) -> list[str]:
    values = (out.mended("ImageType") or b"").decode("latin-1").split("\\")
    rest = [value.strip() for value in values[2:]]
    kind = [] if rest and rest[0] in MR_VALUE_3 else ["OTHER"]
    return ["DERIVED", "SECONDARY", *kind, *(value for value in rest if value not in TILED_TYPES)]


def _history(out: _Output, facts: ExportFacts) -> None:
    out.text("DerivationDescription", cut(derivation_text(facts), "ST"))
    out.dataset.DerivationCodeSequence = [_code("113085", "Spatial resampling")]
    out.dataset.SourceImageSequence = [_source_item(out)]
    out.dataset.ContributingEquipmentSequence = _equipment(out, facts)


def _source_item(out: _Output) -> Dataset:
    item = Dataset()
    for keyword, source in (
        ("ReferencedSOPClassUID", "SOPClassUID"),
        ("ReferencedSOPInstanceUID", "SOPInstanceUID"),
    ):
        found = out.source.string(source)
        valid = found if is_valid_uid(found) else derived_uid(REPAIRED_UIDS, found)
        put(item, keyword, valid.encode("ascii"))
    if out.source.frame_number is not None:
        put(item, "ReferencedFrameNumber", str(out.source.frame_number).encode("ascii"))
    put(item, "SpatialLocationsPreserved", b"NO")
    item.PurposeOfReferenceCodeSequence = [_code("121322", "Source image for image processing operation")]
    return item


def _equipment(out: _Output, facts: ExportFacts) -> list[Dataset]:
    """The program first, the scanner last: converters that read nested items take the last one they meet."""
    program = Dataset()
    put(program, "Manufacturer", MAKER.encode("ascii"))
    put(program, "ManufacturerModelName", PROGRAM.encode("ascii"))
    version = f"BrainSR {__version__}\\{cut(_ascii(facts.model.id), 'LO')}"
    put(program, "SoftwareVersions", version.encode("ascii"))
    put(program, "ContributionDateTime", facts.started.strftime("%Y%m%d%H%M%S.%f").encode("ascii"))
    put(program, "ContributionDescription", cut(derivation_text(facts), "ST").encode("ascii"))
    program.PurposeOfReferenceCodeSequence = [_code("109102", "Processing Equipment")]
    scanner = Dataset()
    for keyword in (*(kept.keyword for kept in EQUIPMENT), "SoftwareVersions"):
        value = repaired(
            _representation(keyword), out.source.text.get(keyword, b""), out.source.encodings
        ).value
        if value:
            put(scanner, keyword, value)
    if "Manufacturer" not in scanner:  # required there, and not to be invented
        return [program]
    scanner.PurposeOfReferenceCodeSequence = [_code("109101", "Acquisition Equipment")]
    return [program, scanner]


def _acquisition(out: _Output, place: SliceFacts) -> None:
    dataset = out.dataset
    if "IR" not in str(dataset.ScanningSequence):
        dataset.pop(_tag("InversionTime"), None)
    if "BodyPartExamined" not in dataset:
        put(dataset, "Laterality", b"")
    contrast = [kept.keyword for kept in KEPT if kept.keyword.startswith("ContrastBolus")]
    if "ContrastBolusAgent" not in dataset and any(keyword in dataset for keyword in contrast):
        put(dataset, "ContrastBolusAgent", b"")
    if place.volume is not None:
        number, count = place.volume
        out.text("AcquisitionNumber", str(number))
        out.text("TemporalPositionIdentifier", str(number))
        out.text("NumberOfTemporalPositions", str(count))


def _geometry(out: _Output, geometry: Geometry) -> None:
    position: Vec3 = geometry.positions_mm[0]
    out.text("PixelSpacing", _decimals(geometry.spacing_mm))
    out.text("ImagePositionPatient", _decimals(position))
    out.text("ImageOrientationPatient", _decimals((*geometry.row_direction, *geometry.column_direction)))
    out.text("SliceLocation", _decimals((float(np.dot(geometry.normal, position)),)))


def _values(out: _Output, place: SliceFacts) -> None:
    """Rescale and window: both numbers of a pair or none."""
    slope, intercept = (_finite(out.mended(keyword)) for keyword in ("RescaleSlope", "RescaleIntercept"))
    known = len(slope) == len(intercept) == 1 and slope[0] != 0.0
    if place.rescale is not None:
        a, b = place.rescale
        outer, offset = (slope[0], intercept[0]) if known else (1.0, 0.0)
        out.text("RescaleSlope", _decimals((outer * a,)))
        out.text("RescaleIntercept", _decimals((outer * b + offset,)))
    elif known:
        put(out.dataset, "RescaleSlope", out.mended("RescaleSlope") or b"")
        put(out.dataset, "RescaleIntercept", out.mended("RescaleIntercept") or b"")
    if "RescaleSlope" in out.dataset:
        put(out.dataset, "RescaleType", out.mended("RescaleType") or b"US")
    centres, widths = out.mended("WindowCenter"), out.mended("WindowWidth")
    if centres and widths and len(_finite(centres)) == len(_finite(widths)) and min(_finite(widths)) > 0.0:
        put(out.dataset, "WindowCenter", centres)
        put(out.dataset, "WindowWidth", widths)
        explanation = out.mended("WindowCenterWidthExplanation")
        if explanation and explanation.count(b"\\") == centres.count(b"\\"):
            put(out.dataset, "WindowCenterWidthExplanation", explanation)


def _pixels(dataset: Dataset, pixels: StoredPixels, photometric: str) -> None:
    signed = pixels.dtype.kind == "i"
    dataset.SamplesPerPixel = 1
    put(dataset, "PhotometricInterpretation", photometric.encode("ascii"))
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.PixelRepresentation = int(signed)
    for keyword, value in (
        ("SmallestImagePixelValue", pixels.min()),
        ("LargestImagePixelValue", pixels.max()),
    ):
        dataset.add(DataElement(_tag(keyword), "SS" if signed else "US", int(value)))
    little = pixels.astype(pixels.dtype.newbyteorder("<"), copy=False)
    dataset.add(DataElement(_tag("PixelData"), "OW", little.tobytes()))


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    put(item, "CodeValue", value.encode("ascii"))
    put(item, "CodingSchemeDesignator", b"DCM")
    put(item, "CodeMeaning", meaning.encode("ascii"))
    return item


def _numeric(keyword: str, values: Sequence[float]) -> DataElement:
    representation = _representation(keyword)
    numbers = list(values) if representation in ("FD", "FL") else [int(value) for value in values]
    return DataElement(_tag(keyword), representation, numbers if len(numbers) > 1 else numbers[0])


def _finite(value: bytes | None) -> list[float]:
    """Numbers of a repaired decimal string."""
    return [float(part) for part in value.split(b"\\") if part] if value else []


def _decimals(values: Sequence[float]) -> str:
    return "\\".join(format_number_as_ds(float(value) + 0.0) for value in values)


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode("ascii")


def _tag(keyword: str) -> int:
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise ValueError(f"{keyword} is no DICOM keyword.")
    return tag


def _representation(keyword: str) -> str:
    return dictionary_VR(_tag(keyword))
