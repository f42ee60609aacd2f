"""Makes the sample study in resources/sample from the slices of a public-domain head.

    python packaging/make_sample.py SOURCE [--out FOLDER]

SOURCE holds 50 axial DICOM slices of 384 x 274 (studyforrest, ODC PDDL 1.0). The study gets three series:

1. *T1 fast scan (simulated)*: the slices cut in k-space to half the matrix, with 2 % Rician noise;
2. *T1 reference*: the slices as they are, with headers that a validator accepts;
3. *Localizer*: three planes through the middle of the head, along the patient's axes.

The same source gives the same bytes again: identifiers are made from the source's, dates are the source's.
"""

from __future__ import annotations

import argparse
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, JPEG2000Lossless, MRImageStorage
from pydicom.valuerep import format_number_as_ds
from scipy.ndimage import map_coordinates

from brainsr_desktop.core.degrade import Degradation, degrade

NAMESPACE: Final = uuid.UUID("3f0e6a52-0c0f-5d1e-9a2b-6f6f8f9c7b10")
DEFAULT_OUT: Final = Path(__file__).resolve().parent.parent / "resources" / "sample"

REDUCTION: Final = 2
FAST_SCAN: Final = Degradation(noise_percent=2.0, reduction=REDUCTION, method="kspace", seed=1)
STEPS_PER_UNIT: Final = 16
"""Stored values of the simulated scan are sixteenths, else rounding would weigh as much as the noise."""

LOCALIZER_SIDE_PX: Final = 256
LOCALIZER_SPACING_MM: Final = 1.0
LOCALIZER_PLANES: Final = {
    "axial": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    "coronal": ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0)),
    "sagittal": ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0)),
}

Vector = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]

ORIGIN: Final = "Public-domain T1-weighted head of the studyforrest project (Hanke et al. 2014), de-faced."


@dataclass(frozen=True, slots=True)
class Source:
    """The original slices, sorted from foot to head; `pixels` (slice, row, column) float32 as stored."""

    headers: tuple[Dataset, ...]
    pixels: Image

    @property
    def spacing_mm(self) -> Vector:
        """Between rows, between columns."""
        return np.asarray([float(v) for v in self.headers[0].PixelSpacing])

    @property
    def directions(self) -> tuple[Vector, Vector]:
        """Of growing column index, of growing row index; LPS, length 1."""
        values = np.asarray([float(v) for v in self.headers[0].ImageOrientationPatient])
        return values[:3] / np.linalg.norm(values[:3]), values[3:] / np.linalg.norm(values[3:])

    @property
    def positions_mm(self) -> Vector:
        """Centre of each slice's first pixel, (slice, 3), LPS."""
        return np.asarray([[float(v) for v in h.ImagePositionPatient] for h in self.headers])

    @property
    def step_mm(self) -> float:
        """Distance of neighbouring slices."""
        return float(np.linalg.norm(self.positions_mm[1] - self.positions_mm[0]))


def read_source(folder: Path) -> Source:
    """Read every DICOM file below `folder`."""
    headers = [pydicom.dcmread(path) for path in sorted(folder.rglob("*.dcm"))]
    if not headers:
        raise SystemExit(f"There is no .dcm file in {folder}.")
    headers.sort(key=lambda header: float(header.ImagePositionPatient[2]))
    return Source(tuple(headers), np.stack([h.pixel_array for h in headers]).astype(np.float32))


def made_uid(*parts: object) -> UID:
    """An identifier that follows from what it names (PS3.5 B.2)."""
    return UID(f"2.25.{uuid.uuid5(NAMESPACE, chr(10).join(map(str, parts))).int}")


def decimals(values: Sequence[float] | Vector) -> list[str]:
    """Numbers as DICOM's decimal strings of at most 16 characters."""
    return [format_number_as_ds(float(value)) for value in values]


def coded(value: str, meaning: str) -> Dataset:
    """One code of DICOM's own dictionary (PS3.16 annex D)."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
    return item


def source_images(uids: Sequence[str]) -> list[Dataset]:
    """Items of SourceImageSequence."""
    items = []
    for uid in uids:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = MRImageStorage, uid
        item.PurposeOfReferenceCodeSequence = [coded("121322", "Source image for image processing operation")]
        items.append(item)
    return items


@dataclass(frozen=True, slots=True)
class Series:
    """What the files of one series share. `window` is (centre, width) in units."""

    number: int
    folder: str
    description: str
    derivation: str
    code: tuple[str, str] | None
    image_type: tuple[str, ...]
    window: tuple[float, float]
    protocol: str


@dataclass(frozen=True, slots=True)
class Slice:
    """One picture and its place. `spacing_mm` between rows, between columns; `directions` as in `Source`."""

    stored: npt.NDArray[np.int16 | np.uint16]
    slope: float
    position_mm: Vector
    directions: tuple[Vector, Vector]
    spacing_mm: Vector
    thickness_mm: float
    step_mm: float | None
    source_uids: tuple[str, ...]


def data_set(source: Source, series: Series, index: int, picture: Slice) -> Dataset:
    """A valid MR Image Storage object (PS3.3 A.4) of one slice; `index` counts from 0."""
    header = source.headers[0]
    ds = Dataset()
    ds.ImageType = list(series.image_type)
    ds.SOPClassUID = MRImageStorage
    ds.SOPInstanceUID = made_uid("sop", header.SeriesInstanceUID, series.folder, index)
    ds.StudyDate, ds.StudyTime, ds.StudyID = header.StudyDate, header.StudyTime, "SAMPLE"
    ds.SeriesDate, ds.SeriesTime = header.StudyDate, header.StudyTime
    ds.ContentDate, ds.ContentTime = header.StudyDate, header.StudyTime
    ds.AccessionNumber = ds.ReferringPhysicianName = ""
    ds.Modality, ds.Manufacturer = "MR", header.Manufacturer
    ds.ManufacturerModelName, ds.SoftwareVersions = header.ManufacturerModelName, header.SoftwareVersions
    ds.StudyDescription, ds.SeriesDescription = "Sample study: T1 head", series.description
    ds.DerivationDescription = series.derivation
    if series.code is not None:
        ds.DerivationCodeSequence = [coded(*series.code)]
    ds.SourceImageSequence = source_images(picture.source_uids)
    ds.PatientName, ds.PatientID = "Sample^Head", "SAMPLE"
    ds.PatientBirthDate = ds.PatientSex = ""
    ds.PatientIdentityRemoved, ds.DeidentificationMethod = "YES", "As published: de-faced, dates replaced"
    ds.ContentQualification = "RESEARCH"
    ds.BodyPartExamined, ds.PatientPosition, ds.ProtocolName = "HEAD", "", series.protocol
    # The source says nothing of its sequence: RM and NONE are the terms that claim nothing.
    ds.ScanningSequence, ds.SequenceVariant, ds.ScanOptions, ds.MRAcquisitionType = "RM", "NONE", "", ""
    ds.RepetitionTime = ds.EchoTime = ds.EchoTrainLength = None
    ds.SliceThickness = format_number_as_ds(picture.thickness_mm)
    if picture.step_mm is not None:
        ds.SpacingBetweenSlices = format_number_as_ds(picture.step_mm)
    ds.StudyInstanceUID = made_uid("study", header.StudyInstanceUID)
    ds.SeriesInstanceUID = made_uid("series", header.SeriesInstanceUID, series.folder)
    ds.FrameOfReferenceUID = made_uid("frame", header.FrameOfReferenceUID)
    ds.PositionReferenceIndicator = ""
    ds.SeriesNumber, ds.AcquisitionNumber, ds.InstanceNumber = series.number, 1, index + 1
    ds.ImageOrientationPatient = decimals(np.concatenate(picture.directions))
    ds.ImagePositionPatient = decimals(picture.position_mm)
    add_pixels(ds, series, picture)
    return ds


def add_pixels(ds: Dataset, series: Series, picture: Slice) -> None:
    """Everything that describes the pixels, and the pixels, losslessly compressed."""
    ds.Rows, ds.Columns = picture.stored.shape
    ds.PixelSpacing = decimals(picture.spacing_mm)
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 16, 15
    ds.PixelRepresentation = int(picture.stored.dtype.kind == "i")
    if picture.slope != 1.0:
        ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", format_number_as_ds(picture.slope), "US"
    ds.WindowCenter, ds.WindowWidth = decimals(series.window)
    ds.LossyImageCompression = "00"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.ImplementationClassUID = made_uid("implementation")
    ds.file_meta.ImplementationVersionName = "BRAINSR_SAMPLE"
    ds.compress(JPEG2000Lossless, picture.stored, encoding_plugin="pylibjpeg", generate_instance_uid=False)


def reference_slices(source: Source) -> list[Slice]:
    """The original slices."""
    return [
        Slice(
            stored=image.astype(np.int16),
            slope=1.0,
            position_mm=position,
            directions=source.directions,
            spacing_mm=source.spacing_mm,
            thickness_mm=float(header.SliceThickness),
            step_mm=source.step_mm,
            source_uids=(header.SOPInstanceUID,),
        )
        for header, image, position in zip(source.headers, source.pixels, source.positions_mm, strict=True)
    ]


def fast_scan_slices(source: Source, reference_uids: Sequence[str]) -> list[Slice]:
    """The same slices with half the matrix and noise; the outer edges stay where they are."""
    along_row, along_column = source.directions
    row_mm, column_mm = source.spacing_mm
    shift = (REDUCTION - 1) / 2 * (column_mm * along_row + row_mm * along_column)
    slices = []
    for index, image in enumerate(source.pixels):
        stored = np.rint(degrade(image, FAST_SCAN, slice_index=index) * STEPS_PER_UNIT)
        slices.append(
            Slice(
                stored=stored.astype(np.uint16),
                slope=1.0 / STEPS_PER_UNIT,
                position_mm=source.positions_mm[index] + shift,
                directions=source.directions,
                spacing_mm=source.spacing_mm * REDUCTION,
                thickness_mm=float(source.headers[index].SliceThickness),
                step_mm=source.step_mm,
                source_uids=(reference_uids[index],),
            )
        )
    return slices


def localizer_slices(source: Source, reference_uids: Sequence[str]) -> list[Slice]:
    """Three planes through the middle of the volume, linearly resampled; black outside of it."""
    along_row, along_column = source.directions
    row_mm, column_mm = source.spacing_mm
    to_mm = np.stack(
        [
            (source.positions_mm[-1] - source.positions_mm[0]) / (len(source.headers) - 1),
            along_column * row_mm,
            along_row * column_mm,
        ],
        axis=1,
    )
    centre = source.positions_mm[0] + to_mm @ ((np.asarray(source.pixels.shape) - 1) / 2)
    offsets = (np.arange(LOCALIZER_SIDE_PX) - (LOCALIZER_SIDE_PX - 1) / 2) * LOCALIZER_SPACING_MM
    slices = []
    for plane in LOCALIZER_PLANES.values():
        right, down = (np.asarray(direction) for direction in plane)
        places = centre + offsets[:, None, None] * down + offsets[None, :, None] * right
        indices = np.linalg.solve(to_mm, (places - source.positions_mm[0]).reshape(-1, 3).T)
        values = map_coordinates(source.pixels, indices, order=1, mode="constant", cval=0.0)
        slices.append(
            Slice(
                stored=np.rint(values).reshape(LOCALIZER_SIDE_PX, LOCALIZER_SIDE_PX).astype(np.int16),
                slope=1.0,
                position_mm=places[0, 0],
                directions=(right, down),
                spacing_mm=np.full(2, LOCALIZER_SPACING_MM),
                thickness_mm=LOCALIZER_SPACING_MM,
                step_mm=None,
                source_uids=tuple(reference_uids),
            )
        )
    return slices


def write(source: Source, series: Series, slices: Sequence[Slice], out: Path) -> list[str]:
    """Write one series; its SOP instance UIDs."""
    folder = out / series.folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    uids = []
    for index, picture in enumerate(slices):
        ds = data_set(source, series, index, picture)
        ds.save_as(folder / f"IM{index + 1:04d}.dcm", enforce_file_format=True)
        uids.append(str(ds.SOPInstanceUID))
    return uids


def make_sample(folder: Path, out: Path) -> None:
    """Make the three series in `out`; folders of the same names are replaced."""
    source = read_source(folder)
    high = float(np.percentile(source.pixels[source.pixels > 0], 99.5))
    window = (high / 2, high)
    reference = Series(
        number=2,
        folder="2_t1_reference",
        description="T1 reference",
        derivation=f"{ORIGIN} Every fourth slice, headers completed, pixels unchanged.",
        code=None,
        image_type=("DERIVED", "SECONDARY", "OTHER"),
        window=window,
        protocol="T1",
    )
    reference_uids = write(source, reference, reference_slices(source), out)
    fast_scan = Series(
        number=1,
        folder="1_t1_fast_scan",
        description="T1 fast scan (simulated)",
        derivation=f"Simulated from the series T1 reference: k-space cut to 1/{REDUCTION} in rows and columns, "
        f"{FAST_SCAN.noise_percent:g} % Rician noise.",
        code=("113085", "Spatial resampling"),
        image_type=("DERIVED", "SECONDARY", "OTHER"),
        window=window,
        protocol="T1 fast",
    )
    write(source, fast_scan, fast_scan_slices(source, reference_uids), out)
    localizer = Series(
        number=3,
        folder="3_localizer",
        description="Localizer, three planes",
        derivation="Resampled (linear) from the series T1 reference along the patient's axes.",
        code=("113072", "Multiplanar reformatting"),
        image_type=("DERIVED", "SECONDARY", "MPR", "LOCALIZER"),
        window=window,
        protocol="Localizer",
    )
    write(source, localizer, localizer_slices(source, reference_uids), out)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path, help="folder of the original slices")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="where the study goes")
    options = parser.parse_args()
    make_sample(options.source, options.out)


if __name__ == "__main__":
    main()
