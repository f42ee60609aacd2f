"""The attributes of one source slice, whatever file it lies in: classic, enhanced multi-frame, mosaic, UIH grid.

The result speaks the words of classic MR Image Storage: the functional groups of an enhanced frame are translated to
the attributes that mean the same (PS3.3 C.7.6.16, C.8.13), a frame's own group before the shared one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from pydicom import Dataset
from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.tag import BaseTag
from pydicom.valuerep import PersonName, format_number_as_ds

from brainsr_desktop.core.series import FrameInfo
from brainsr_desktop.io.dicom_attributes import KEPT, READ, REPLACED
from brainsr_desktop.io.header import Header
from brainsr_desktop.io.lut import modality_lut
from brainsr_desktop.io.repairs import decoded, encoded, encodings_of

Element: TypeAlias = DataElement | RawDataElement
Numbers: TypeAlias = tuple[float, ...]

_WANTED: Final = frozenset(kept.keyword for kept in KEPT) | READ
_BINARY: Final = frozenset({"US", "SS", "UL", "SL", "FL", "FD"})
_SAME_NAMES: Final = (
    "PixelMeasuresSequence",
    "FrameVOILUTSequence",
    "PixelValueTransformationSequence",
    "MRTimingAndRelatedParametersSequence",
    "MRImagingModifierSequence",
    "MRAveragesSequence",
    "MRReceiveCoilSequence",
    "MRTransmitCoilSequence",
    "MRFOVGeometrySequence",
)
_TRANSLATED: Final = (
    "MREchoSequence",
    "MRModifierSequence",
    "FrameContentSequence",
    "MRDiffusionSequence",
    "MRImageFrameTypeSequence",
    "PlanePositionSequence",
    "PlaneOrientationSequence",
)
_CODE_ITEM: Final = ("CodeValue", "CodingSchemeDesignator", "CodingSchemeVersion", "CodeMeaning")


@dataclass(frozen=True, slots=True)
class SourceSlice:
    """What a source says of one slice.

    ``text`` holds values of string representations as raw bytes in ``encodings``, ``numbers`` those of binary ones,
    ``codes`` code sequences (one mapping an item). ``frame_number`` counts from 1, None for a file with one frame.
    ``dropped`` names the public attributes that do not pass, ``private`` counts the private ones.
    """

    text: Mapping[str, bytes]
    numbers: Mapping[str, Numbers]
    codes: Mapping[str, tuple[Mapping[str, bytes], ...]]
    encodings: Sequence[str]
    frame_number: int | None
    dropped: frozenset[str]
    private: int

    def string(self, keyword: str) -> str:
        """One value as text without padding; empty where absent. For UIDs, codes and numbers in text."""
        return self.text.get(keyword, b"").strip(b"\0 ").decode("latin-1")

    def readable(self, keyword: str) -> str:
        """One value as decoded text; empty where absent."""
        raw = self.text.get(keyword, b"").strip(b"\0 ")
        return decoded(raw, self.encodings) or raw.decode("ascii", "replace")

    @property
    def output_kind(self) -> tuple[str, ...]:
        """What is not mixed in one output series: the component; of enhanced frames also type, echo and stack."""
        values = [value.strip() for value in self.string("ImageType").split("\\")]
        component = next((value for value in values[2:] if value in _COMPONENTS), "")
        if self.frame_number is None:
            return (_COMPONENTS.get(component, ""),)
        return (*values, self.string("EchoTime"), self.string("StackID"))


_COMPONENTS: Final = {
    "M": "magnitude",
    "MAGNITUDE": "magnitude",
    "M_FFE": "magnitude",
    "P": "phase",
    "PHASE": "phase",
    "R": "real",
    "REAL": "real",
    "I": "imaginary",
    "IMAGINARY": "imaginary",
}


def source_slice(dataset: Dataset, frame: FrameInfo) -> SourceSlice:
    """Attributes of one frame of a data set as the reader gives it (values raw or converted)."""
    gathered = _Gathered(encodings_of(_character_set(dataset)))
    gathered.take(dataset, _WANTED)
    if modality_lut(Header(dataset)) is not None:
        # The pixels are the LUT's outputs; a rescale beside it must not be applied to them (`io.lut`).
        for keyword in ("RescaleSlope", "RescaleIntercept", "RescaleType"):
            gathered.text.pop(keyword, None)
    frame_number = None
    if _number_of_frames(dataset) > 1 or "PerFrameFunctionalGroupsSequence" in dataset:
        frame_number = frame.frame + 1
        groups = _groups_of(dataset, frame.frame)
        _translate(gathered, dataset, groups)
        gathered.dropped.update(
            name for name in groups if name not in _SAME_NAMES and name not in _TRANSLATED
        )
    _private_diffusion(gathered, dataset)
    if frame.tile is not None:
        _uih_tile(gathered, dataset, frame.tile)
    return SourceSlice(
        gathered.text,
        gathered.numbers,
        gathered.codes,
        gathered.encodings,
        frame_number,
        frozenset(gathered.dropped | _dropped(dataset)),
        sum(1 for tag in _tags(dataset) if tag.is_private),
    )


class _Gathered:
    def __init__(self, encodings: list[str]) -> None:
        self.encodings = encodings
        self.text: dict[str, bytes] = {}
        self.numbers: dict[str, Numbers] = {}
        self.codes: dict[str, tuple[Mapping[str, bytes], ...]] = {}
        self.dropped: set[str] = set()

    def take(self, dataset: Dataset, keywords: Iterable[str]) -> None:
        """Copy the wanted attributes of a data set or an item under their own names."""
        for keyword in keywords:
            tag = BaseTag(cast(int, tag_for_keyword(keyword)))
            if tag not in dataset:
                continue
            representation = dictionary_VR(tag)
            if representation == "SQ":
                self.codes[keyword] = tuple(self._code(item) for item in _items(dataset, keyword))
            elif representation in _BINARY:
                found = numbers_of(dataset, keyword)
                if found:
                    self.numbers[keyword] = found
            else:
                self.text[keyword] = raw_bytes(dataset.get_item(tag), self.encodings)

    def _code(self, item: Dataset) -> Mapping[str, bytes]:
        return {
            keyword: raw_bytes(item.get_item(keyword), self.encodings)
            for keyword in _CODE_ITEM
            if keyword in item
        }


def raw_bytes(element: Element, encodings: Sequence[str]) -> bytes:
    """The bytes of a text element as they lie in the file; encoded again where pydicom had already decoded them."""
    value: Any = element.value
    if value is None:
        return b""
    if isinstance(value, bytes):
        return value
    if isinstance(value, PersonName):
        return value.original_string or encoded(str(value), encodings)
    if isinstance(value, str) or not isinstance(value, Sequence):
        return encoded(str(value), encodings)
    return encoded("\\".join(str(part) for part in value), encodings)


def numbers_of(dataset: Dataset, keyword: str) -> Numbers:
    """Finite numbers of an attribute; empty where it is absent, not readable or not finite."""
    if keyword not in dataset:
        return ()
    try:
        value = dataset[keyword].value
        parts = value if isinstance(value, Sequence) and not isinstance(value, str | bytes) else [value]
        found = tuple(float(part) for part in parts if part is not None and part != "")
    except (ValueError, TypeError, NotImplementedError, OverflowError):
        return ()
    return found if all(math.isfinite(number) for number in found) else ()


def _character_set(dataset: Dataset) -> bytes | list[str]:
    if "SpecificCharacterSet" not in dataset:
        return b""
    value: Any = dataset.get_item("SpecificCharacterSet").value
    if isinstance(value, bytes):
        return value
    return [value] if isinstance(value, str) else [str(term) for term in value or ()]


def _items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Items of a sequence; none where it is absent or not a sequence."""
    if keyword not in dataset:
        return []
    value: Any = dataset[keyword].value
    return [item for item in value if isinstance(item, Dataset)] if isinstance(value, Sequence) else []


def _tags(dataset: Dataset) -> list[BaseTag]:
    """Tags alone: iterating over a data set itself would decode its values."""
    return sorted(dataset.keys())


def _number_of_frames(dataset: Dataset) -> int:
    found = numbers_of(dataset, "NumberOfFrames")
    return int(found[0]) if found else 1


def _groups_of(dataset: Dataset, frame: int) -> dict[str, Dataset]:
    """First item of each functional group sequence that holds for a frame."""
    holders = _items(dataset, "SharedFunctionalGroupsSequence")[:1]
    holders += _items(dataset, "PerFrameFunctionalGroupsSequence")[frame : frame + 1]
    groups: dict[str, Dataset] = {}
    for holder in holders:
        for tag in _tags(holder):
            if not tag.is_private and dictionary_VR(tag) == "SQ":
                name = keyword_for_tag(tag)
                groups.update((name, item) for item in _items(holder, name)[:1])
    return groups


def _translate(gathered: _Gathered, dataset: Dataset, groups: Mapping[str, Dataset]) -> None:
    for name in _SAME_NAMES:
        if name in groups:
            gathered.take(groups[name], _WANTED)
    none = Dataset()
    group = {name: groups.get(name, none) for name in (*_SAME_NAMES, *_TRANSLATED)}
    _number(gathered, "EchoTime", numbers_of(group["MREchoSequence"], "EffectiveEchoTime"))
    _number(gathered, "InversionTime", numbers_of(group["MRModifierSequence"], "InversionTimes"))
    _number(
        gathered, "ImagingFrequency", numbers_of(group["MRImagingModifierSequence"], "TransmitterFrequency")
    )
    _text(gathered, "ImagedNucleus", _string(dataset, "ResonantNucleus").split("\\")[0])
    _text(gathered, "SequenceName", _string(dataset, "PulseSequenceName"))
    _text(gathered, "ImageType", _string(group["MRImageFrameTypeSequence"], "FrameType"))
    _frame_content(gathered, group["FrameContentSequence"])
    _phase_encoding(gathered, group["MRFOVGeometrySequence"])
    _diffusion(gathered, group["MRDiffusionSequence"])
    _sequence_terms(gathered, dataset, group["MRModifierSequence"], group["MRImagingModifierSequence"])


def _text(gathered: _Gathered, keyword: str, value: str) -> None:
    if value:
        gathered.text[keyword] = value.encode("latin-1", "replace")


def _number(gathered: _Gathered, keyword: str, values: Numbers) -> None:
    if values:
        gathered.text[keyword] = format_number_as_ds(values[0]).encode("ascii")


def _string(dataset: Dataset, keyword: str) -> str:
    if keyword not in dataset:
        return ""
    return raw_bytes(dataset.get_item(keyword), ["latin-1"]).strip(b"\0 ").decode("latin-1")


def _frame_content(gathered: _Gathered, content: Dataset) -> None:
    for source, target in (
        ("FrameAcquisitionNumber", "AcquisitionNumber"),
        ("TemporalPositionIndex", "TemporalPositionIdentifier"),
    ):
        found = numbers_of(content, source)
        _text(gathered, target, str(int(found[0])) if found else "")
    _text(gathered, "StackID", _string(content, "StackID"))
    moment = _string(content, "FrameAcquisitionDateTime").split("+")[0].split("-")[0]
    _text(gathered, "AcquisitionDate", moment[:8])
    _text(gathered, "AcquisitionTime", moment[8:])


def _phase_encoding(gathered: _Gathered, geometry: Dataset) -> None:
    direction = {"COLUMN": "COL", "ROW": "ROW"}.get(_string(geometry, "InPlanePhaseEncodingDirection"), "")
    gathered.text.pop("InPlanePhaseEncodingDirection", None)
    _text(gathered, "InPlanePhaseEncodingDirection", direction)
    frequency = numbers_of(geometry, "MRAcquisitionFrequencyEncodingSteps")
    phase = numbers_of(geometry, "MRAcquisitionPhaseEncodingStepsInPlane")
    if direction and frequency and phase:
        f, p = frequency[0], phase[0]
        gathered.numbers["AcquisitionMatrix"] = (f, 0, 0, p) if direction == "COL" else (0, f, p, 0)


def _diffusion(gathered: _Gathered, diffusion: Dataset) -> None:
    value = numbers_of(diffusion, "DiffusionBValue")
    if value:
        gathered.numbers["DiffusionBValue"] = value[:1]
    for item in _items(diffusion, "DiffusionGradientDirectionSequence")[:1]:
        direction = numbers_of(item, "DiffusionGradientOrientation")
        if len(direction) == 3:
            gathered.numbers["DiffusionGradientOrientation"] = direction


def _sequence_terms(gathered: _Gathered, dataset: Dataset, modifier: Dataset, imaging: Dataset) -> None:
    """ScanningSequence and SequenceVariant from the pulse sequence and modifier attributes (C.8.13.4, C.8.13.5)."""
    pulse = {"SPIN": ["SE"], "GRADIENT": ["GR"], "BOTH": ["SE", "GR"]}.get(
        _string(dataset, "EchoPulseSequence"), []
    )
    if _string(dataset, "EchoPlanarPulseSequence") == "YES":
        pulse = [*pulse, "EP"]
    if _string(modifier, "InversionRecovery") == "YES":
        pulse = [*pulse, "IR"]
    _text(gathered, "ScanningSequence", "\\".join(pulse))
    switches = (
        ("SK", _string(dataset, "SegmentedKSpaceTraversal") == "PARTIAL"),
        ("MTC", _string(imaging, "MagnetizationTransfer") not in ("", "NONE")),
        ("SS", _string(dataset, "SteadyStatePulseSequence") not in ("", "NONE")),
        ("SP", _string(modifier, "Spoiling") not in ("", "NONE")),
    )
    _text(gathered, "SequenceVariant", "\\".join(term for term, on in switches if on) or "NONE")


def _private_diffusion(gathered: _Gathered, dataset: Dataset) -> None:
    """b-value and direction that Siemens and UIH keep in private elements alone."""
    if "DiffusionBValue" in gathered.numbers:
        return
    for group, creator, value_element, direction_element in (
        (0x0019, "SIEMENS MR HEADER", 0x0C, 0x0E),
        (0x0065, "Image Private Header", 0x09, 0x37),
    ):
        try:
            block = dataset.private_block(group, creator)
        except KeyError:
            continue
        value = _private_numbers(block, value_element)
        if len(value) == 1:
            gathered.numbers["DiffusionBValue"] = value
            direction = _private_numbers(block, direction_element)
            if len(direction) == 3:
                gathered.numbers["DiffusionGradientOrientation"] = direction


def _private_numbers(block: Any, element: int) -> Numbers:
    if element not in block:
        return ()
    value = block[element].value
    try:
        text = value.decode("ascii").split("\\") if isinstance(value, bytes) else value
        parts = text if isinstance(text, Sequence) and not isinstance(text, str) else [text]
        found = tuple(float(part) for part in parts)
    except (ValueError, TypeError, UnicodeDecodeError):
        return ()
    return found if all(math.isfinite(number) for number in found) else ()


def _uih_tile(gathered: _Gathered, dataset: Dataset, tile: int) -> None:
    """Acquisition times of one tile of a UIH grid picture (private sequence (0065,xx51), one item a tile)."""
    try:
        items = dataset.private_block(0x0065, "Image Private Header")[0x51].value
    except KeyError:
        return
    if isinstance(items, Sequence) and tile < len(items) and isinstance(items[tile], Dataset):
        gathered.take(items[tile], ("AcquisitionDate", "AcquisitionTime", "AcquisitionDateTime"))


def _dropped(dataset: Dataset) -> set[str]:
    public = (tag for tag in _tags(dataset) if not tag.is_private and tag.group >= 8 and tag.element != 0)
    names = {keyword_for_tag(tag) or f"({tag.group:04X},{tag.element:04X})" for tag in public}
    return names - _WANTED - REPLACED
