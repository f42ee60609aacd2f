"""Removal of patient data from a built data set: the Basic Application Level Confidentiality Profile of DICOM PS3.15
annex E as a table over the white list. An attribute without an entry is removed, so a new one cannot slip through.

Pixels are not changed: a face in the picture stays in the picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal
from uuid import UUID, uuid5

from pydicom import Dataset
from pydicom.datadict import keyword_for_tag

from brainsr_desktop.core.errors import InternalError
from brainsr_desktop.io.dicom_write import derived_uid, put

Action = Literal["keep", "empty", "remove", "identity", "uid"]


def _all(action: Action, keywords: str) -> dict[str, Action]:
    return dict.fromkeys(keywords.split(), action)


ACTIONS: Final[dict[str, Action]] = {
    **_all("identity", "PatientName PatientID"),
    **_all(
        "empty",
        "PatientBirthDate PatientSex StudyDate StudyTime StudyID AccessionNumber ReferringPhysicianName"
        " PositionReferenceIndicator",
    ),
    **_all(
        "uid",
        "SOPInstanceUID SeriesInstanceUID StudyInstanceUID FrameOfReferenceUID ReferencedSOPInstanceUID",
    ),
    **_all(
        "remove",
        "IssuerOfPatientID PatientAge PatientSize PatientWeight AdditionalPatientHistory StudyDescription"
        " AcquisitionDate AcquisitionTime AcquisitionDateTime SeriesDate SeriesTime ContentDate ContentTime"
        " InstanceCreationDate InstanceCreationTime ContributionDateTime StationName DeviceSerialNumber InstitutionName"
        " InstitutionalDepartmentName ProtocolName WindowCenterWidthExplanation"
        " ContrastBolusAgent ContrastBolusRoute ContrastBolusVolume ContrastBolusStartTime ContrastBolusStopTime"
        " ContrastBolusTotalDose ContrastBolusIngredient ContrastBolusIngredientConcentration",
    ),
    **_all(
        "keep",
        "SpecificCharacterSet SOPClassUID ReferencedSOPClassUID Modality SeriesNumber InstanceNumber SoftwareVersions"
        " ImageType ContentQualification ImageComments DerivationDescription DerivationCodeSequence SourceImageSequence"
        " ContributingEquipmentSequence ReferencedFrameNumber SpatialLocationsPreserved PurposeOfReferenceCodeSequence"
        " CodeValue CodingSchemeDesignator CodingSchemeVersion CodeMeaning ContributionDescription"
        " Manufacturer ManufacturerModelName PatientPosition Laterality BodyPartExamined ScanningSequence"
        " SequenceVariant ScanOptions MRAcquisitionType RepetitionTime EchoTime EchoTrainLength InversionTime"
        " SliceThickness"
        " SpacingBetweenSlices SequenceName NumberOfAverages ImagingFrequency ImagedNucleus EchoNumbers"
        " MagneticFieldStrength NumberOfPhaseEncodingSteps PercentSampling PercentPhaseFieldOfView PixelBandwidth"
        " ReconstructionDiameter ReceiveCoilName TransmitCoilName AcquisitionMatrix InPlanePhaseEncodingDirection"
        " FlipAngle SAR dBdt DiffusionBValue DiffusionGradientOrientation AcquisitionNumber TemporalPositionIdentifier"
        " NumberOfTemporalPositions BurnedInAnnotation RecognizableVisualFeatures LossyImageCompression"
        " LossyImageCompressionRatio LossyImageCompressionMethod Rows Columns PixelSpacing ImagePositionPatient"
        " ImageOrientationPatient SliceLocation SamplesPerPixel PhotometricInterpretation BitsAllocated BitsStored"
        " HighBit PixelRepresentation SmallestImagePixelValue LargestImagePixelValue RescaleSlope RescaleIntercept"
        " RescaleType WindowCenter WindowWidth PixelData",
    ),
    # These four say how the patient was made unknown, and `anonymise` writes its own.
    **_all(
        "remove",
        "PatientIdentityRemoved DeidentificationMethod DeidentificationMethodCodeSequence"
        " LongitudinalTemporalInformationModified SeriesDescription",
    ),
}
"""What happens to every attribute that an exported file can hold, at any depth."""

METHOD: Final = "PS3.15 Basic Profile, BrainSR Desktop"


def anonymise(dataset: Dataset, key: UUID, factor: int) -> None:
    """Remove patient data from a built data set, in place.

    `key` is random, one for all files that shall stay together, and never written anywhere: without it a new UID or
    name cannot be traced to the old one.

    Raises:
        InternalError: a private element or one without a keyword is there, which the white list does not let in.
    """
    pseudonym = f"ANON-{uuid5(key, _text(dataset, 'PatientID')).hex[:8]}"
    for level in list(_levels(dataset)):
        _clean(level, key, pseudonym)
    put(dataset, "SeriesDescription", f"MR [SRx{factor}]".encode("ascii"))
    put(dataset, "PatientIdentityRemoved", b"YES")
    put(dataset, "DeidentificationMethod", METHOD.encode("ascii"))
    put(dataset, "LongitudinalTemporalInformationModified", b"REMOVED")
    code = Dataset()
    put(code, "CodeValue", b"113100")
    put(code, "CodingSchemeDesignator", b"DCM")
    put(code, "CodeMeaning", b"Basic Application Confidentiality Profile")
    dataset.DeidentificationMethodCodeSequence = [code]


def _levels(dataset: Dataset) -> Iterator[Dataset]:
    """The data set and every item below it."""
    yield dataset
    for tag in list(dataset.keys()):
        element = dataset.get_item(tag)
        if element.VR == "SQ":
            for item in dataset[tag].value:
                yield from _levels(item)


def _clean(level: Dataset, key: UUID, pseudonym: str) -> None:
    for tag in list(level.keys()):
        keyword = keyword_for_tag(tag)
        if tag.is_private or not keyword:
            raise InternalError(
                "An element that is not on the white list reached the removal of patient data."
            )
        action = ACTIONS.get(keyword, "remove")
        if action == "remove":
            del level[tag]
        elif action == "empty":
            put(level, keyword, b"")
        elif action == "identity":
            put(level, keyword, pseudonym.encode("ascii"))
        elif action == "uid":
            put(level, keyword, derived_uid(key, _text(level, keyword)).encode("ascii"))


def _text(dataset: Dataset, keyword: str) -> str:
    """Raw text of an attribute, decoded byte by byte: only its identity counts here."""
    if keyword not in dataset:
        return ""
    value = dataset.get_item(keyword).value
    raw = value if isinstance(value, bytes) else str(value or "").encode("utf-8")
    return raw.strip(b"\0 ").decode("latin-1")
