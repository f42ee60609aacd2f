"""The white list: which attributes of a source slice pass into an exported file, and what stands in for absent ones.

An exported file holds these and what `dicom_write` writes itself, nothing else: private, retired, overlay and icon
elements of a source would contradict the new matrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Need = Literal["required", "empty", "optional"]
"""DICOM's types 1, 2 and 3: what is written where the source has no usable value."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An attribute copied from the source. ``otherwise`` is written for a required one without a usable value."""

    keyword: str
    need: Need = "optional"
    otherwise: str = ""


def _all(need: Need, keywords: str) -> tuple[Kept, ...]:
    return tuple(Kept(keyword, need) for keyword in keywords.split())


def _names(keywords: str) -> frozenset[str]:
    return frozenset(keywords.split())


PATIENT: Final = (
    *_all("empty", "PatientName PatientID PatientBirthDate PatientSex"),
    *_all(
        "optional",
        "IssuerOfPatientID PatientAge PatientSize PatientWeight AdditionalPatientHistory PatientIdentityRemoved"
        " DeidentificationMethod DeidentificationMethodCodeSequence LongitudinalTemporalInformationModified",
    ),
)
STUDY: Final = (
    *_all("empty", "StudyDate StudyTime StudyID AccessionNumber ReferringPhysicianName"),
    *_all("optional", "StudyDescription"),
)
SPACE: Final = _all("empty", "PositionReferenceIndicator PatientPosition")
EQUIPMENT: Final = (
    *_all("empty", "Manufacturer"),
    *_all(
        "optional",
        "ManufacturerModelName StationName DeviceSerialNumber InstitutionName InstitutionalDepartmentName",
    ),
)
ACQUISITION: Final = (
    Kept("ScanningSequence", "required", "RM"),
    Kept("SequenceVariant", "required", "NONE"),
    *_all("empty", "ScanOptions MRAcquisitionType RepetitionTime EchoTime EchoTrainLength SliceThickness"),
    *_all(
        "optional",
        "AcquisitionDate AcquisitionTime AcquisitionDateTime AcquisitionNumber BodyPartExamined ProtocolName"
        " InversionTime SpacingBetweenSlices SequenceName NumberOfAverages ImagingFrequency ImagedNucleus EchoNumbers"
        " MagneticFieldStrength NumberOfPhaseEncodingSteps PercentSampling PercentPhaseFieldOfView PixelBandwidth"
        " ReconstructionDiameter ReceiveCoilName TransmitCoilName AcquisitionMatrix InPlanePhaseEncodingDirection"
        " FlipAngle SAR dBdt DiffusionBValue DiffusionGradientOrientation"
        " ContrastBolusAgent ContrastBolusRoute ContrastBolusVolume ContrastBolusStartTime ContrastBolusStopTime"
        " ContrastBolusTotalDose ContrastBolusIngredient ContrastBolusIngredientConcentration"
        " TemporalPositionIdentifier NumberOfTemporalPositions",
    ),
)
PIXEL_FACTS: Final = (
    *_all("optional", "BurnedInAnnotation RecognizableVisualFeatures"),
    Kept("LossyImageCompression", "required", "00"),
    *_all("optional", "LossyImageCompressionRatio LossyImageCompressionMethod"),
)

KEPT: Final = (*PATIENT, *STUDY, *SPACE, *EQUIPMENT, *ACQUISITION, *PIXEL_FACTS)
"""Attributes that pass as they are (but for repairs)."""

READ: Final = _names(
    "SpecificCharacterSet SOPClassUID SOPInstanceUID StudyInstanceUID SeriesInstanceUID FrameOfReferenceUID"
    " SeriesNumber SeriesDescription ImageType SoftwareVersions WindowCenter WindowWidth WindowCenterWidthExplanation"
    " RescaleSlope RescaleIntercept RescaleType Laterality ImageComments"
)
"""Attributes that are read from the source and written changed, or only noted in ``export.json``."""

REPLACED: Final = _names(
    "Modality InstanceNumber ImagePositionPatient ImageOrientationPatient PixelSpacing SliceLocation Rows Columns"
    " SamplesPerPixel PhotometricInterpretation BitsAllocated BitsStored HighBit PixelRepresentation PixelData"
    " SmallestImagePixelValue LargestImagePixelValue InstanceCreationDate InstanceCreationTime SeriesDate SeriesTime"
    " ContentDate ContentTime ContentQualification SourceImageSequence NumberOfFrames SharedFunctionalGroupsSequence"
    " PerFrameFunctionalGroupsSequence FloatPixelData DoubleFloatPixelData"
)
"""Attributes whose source value is not needed: the export has its own. They do not count as dropped."""

MR_VALUE_3: Final = frozenset(
    {
        "DENSITY MAP",
        "DIFFUSION MAP",
        "IMAGE ADDITION",
        "MODULUS SUBTRACT",
        "MPR",
        "OTHER",
        "PHASE MAP",
        "PHASE SUBTRACT",
        "PROJECTION IMAGE",
        "T1 MAP",
        "T2 MAP",
        "VELOCITY MAP",
    }
)
"""Defined terms of ImageType value 3 in MR images (PS3.3 C.8.3.1.1.1)."""

TILED_TYPES: Final = frozenset({"MOSAIC", "VFRAME"})
"""Values of ImageType that call a file a tiled picture; a single tile is none."""
