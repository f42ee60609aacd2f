"""A synthetic head as DICOM (classic, enhanced, mosaic), NIfTI and PNG, with switches for faults.

The head is an ellipsoid skull with a brain, ventricles and three spots that tell left from right, front from back and
head from foot, so that a picture that is turned or mirrored cannot pass.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

Edit = Callable[[Dataset, int], None]
"""Changes the data set of one file before it is written; the number counts files from 0."""

MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
ROOT = "1.2.826.0.1.3680043.8.498"


def head(slices: int = 6, rows: int = 48, columns: int = 40) -> NDArray[np.uint16]:
    """Stored values (slice, row, column) up to 1100: rows to posterior, columns to the left, slices to the head."""
    z, y, x = np.meshgrid(
        np.linspace(-1, 1, slices), np.linspace(-1, 1, rows), np.linspace(-1, 1, columns), indexing="ij"
    )
    values = np.zeros((slices, rows, columns))
    radius = (x / 0.85) ** 2 + (y / 0.9) ** 2 + (z / 1.4) ** 2
    values[radius < 1] = 300
    values[radius < 0.8] = 600
    values[(x / 0.2) ** 2 + (y / 0.3) ** 2 + z**2 < 1] = 150
    values[(x - 0.5) ** 2 + y**2 + z**2 < 0.04] = 1000
    values[x**2 + (y + 0.6) ** 2 + z**2 < 0.03] = 850
    values[x**2 + y**2 + (z - 0.6) ** 2 < 0.03] = 700
    ramp = np.arange(values.size).reshape(values.shape) % 97
    return np.asarray(values + ramp).astype(np.uint16)


def classic(
    folder: Path,
    *,
    pixels: NDArray[Any] | None = None,
    series: int = 1,
    orientation: Sequence[float] = AXIAL,
    first_mm: Sequence[float] = (-30.0, -40.0, -20.0),
    step_mm: float = 4.0,
    spacing_mm: tuple[float, float] = (1.5, 1.25),
    edit: Edit | None = None,
    raw: Callable[[bytes, int], bytes] | None = None,
    syntax: str = ExplicitVRLittleEndian,
    prefix: str = "IM",
    skip: Sequence[int] = (),
) -> list[Path]:
    """A series of classic MR files. ``raw`` may change the written bytes; ``skip`` leaves slices out."""
    pixels = head() if pixels is None else pixels
    folder.mkdir(parents=True, exist_ok=True)
    normal = np.cross(orientation[:3], orientation[3:])
    paths = []
    for number, picture in enumerate(pixels):
        if number in skip:
            continue
        dataset = slice_dataset(picture, series=series, number=number + 1)
        dataset.ImageOrientationPatient = list(orientation)
        dataset.ImagePositionPatient = [
            round(float(v), 6) for v in np.asarray(first_mm) + number * step_mm * normal
        ]
        dataset.PixelSpacing = list(spacing_mm)
        dataset.SliceThickness = step_mm
        if edit is not None:
            edit(dataset, number)
        path = folder / f"{prefix}{number + 1:04d}.dcm"
        save(dataset, path, syntax)
        if raw is not None:
            path.write_bytes(raw(path.read_bytes(), number))
        paths.append(path)
    return paths


def slice_dataset(picture: NDArray[Any], *, series: int = 1, number: int = 1) -> Dataset:
    """A classic MR data set with every required attribute but geometry."""
    dataset = _patient(series)
    dataset.SOPClassUID = MR_IMAGE
    dataset.SOPInstanceUID = f"{ROOT}.{series}.{number}"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "M"]
    dataset.InstanceNumber = number
    dataset.RepetitionTime, dataset.EchoTime, dataset.FlipAngle = 500.0, 12.0, 90.0
    _pixels(dataset, picture)
    return dataset


def _patient(series: int) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = "Phantom^Head", "P1", "19700101"
    dataset.StudyDate, dataset.StudyDescription, dataset.InstitutionName = "20240102", "Test", "Nowhere"
    dataset.Modality, dataset.Manufacturer, dataset.ManufacturerModelName = "MR", "ACME", "Phantom"
    dataset.StudyInstanceUID = f"{ROOT}.99"
    dataset.SeriesInstanceUID = f"{ROOT}.{series}"
    dataset.FrameOfReferenceUID = f"{ROOT}.77"
    dataset.SeriesNumber, dataset.SeriesDescription = series, f"head {series}"
    return dataset


def _pixels(dataset: Dataset, picture: NDArray[Any]) -> None:
    coloured = picture.ndim == (4 if "NumberOfFrames" in dataset else 3)
    rows, columns = picture.shape[-3:-1] if coloured else picture.shape[-2:]
    dataset.Rows, dataset.Columns = rows, columns
    dataset.SamplesPerPixel = 3 if coloured else 1
    dataset.PhotometricInterpretation = "RGB" if coloured else "MONOCHROME2"
    if coloured:
        dataset.PlanarConfiguration = 0
    bits = picture.dtype.itemsize * 8
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, bits, bits - 1
    dataset.PixelRepresentation = int(picture.dtype.kind == "i")
    data = np.ascontiguousarray(picture).tobytes()
    dataset.add(DataElement(0x7FE00010, "OW" if bits > 8 else "OB", data + bytes(len(data) % 2)))


def save(dataset: Dataset, path: Path, syntax: str = ExplicitVRLittleEndian) -> None:
    """Write a data set as it is, right or wrong. Pixel data of big endian files are swapped on the way."""
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    dataset.file_meta.MediaStorageSOPClassUID = UID(dataset.get("SOPClassUID", MR_IMAGE))
    dataset.file_meta.MediaStorageSOPInstanceUID = UID(dataset.get("SOPInstanceUID") or f"{ROOT}.0")
    if syntax == ExplicitVRBigEndian and dataset.BitsAllocated > 8:
        word = dataset.BitsAllocated // 8
        dataset.PixelData = np.frombuffer(dataset.PixelData, f"<u{word}").astype(f">u{word}").tobytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset.save_as(
            path,
            implicit_vr=syntax == ImplicitVRLittleEndian,
            little_endian=syntax != ExplicitVRBigEndian,
            enforce_file_format=True,
        )


def compressed(dataset: Dataset, codestreams: Sequence[bytes]) -> None:
    """Replace the pixel data by codestreams, one a frame; the caller saves with the transfer syntax."""
    dataset.add(DataElement(0x7FE00010, "OB", encapsulate(list(codestreams)), is_undefined_length=True))


def without(keyword: str) -> Edit:
    """An edit that deletes an element."""

    def edit(dataset: Dataset, number: int) -> None:
        if keyword in dataset:
            del dataset[keyword]

    return edit


def with_value(keyword: str, value: Any, only: int | None = None) -> Edit:
    """An edit that sets an element, of one file or of all."""

    def edit(dataset: Dataset, number: int) -> None:
        if only is None or number == only:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                setattr(dataset, keyword, value)

    return edit


def with_bytes(tag: int, value: bytes, vr: bytes | None = None) -> Callable[[bytes, int], bytes]:
    """A change of the written bytes of an element in short form: its value, and perhaps its VR."""

    def change(data: bytes, number: int) -> bytes:
        start = data.index(struct.pack("<HH", tag >> 16, tag & 0xFFFF), 132)
        old = struct.unpack_from("<H", data, start + 6)[0]
        padded = value + b" " * (len(value) % 2)
        kind = vr or data[start + 4 : start + 6]
        return data[: start + 4] + kind + struct.pack("<H", len(padded)) + padded + data[start + 8 + old :]

    return change


def enhanced(
    path: Path,
    *,
    pixels: NDArray[Any] | None = None,
    echoes_ms: Sequence[float] = (12.0,),
    reverse: bool = False,
    step_mm: float = 4.0,
    edit: Edit | None = None,
) -> Path:
    """An enhanced MR file: slices by echoes; ``reverse`` stores the frames from head to foot."""
    pixels = head() if pixels is None else pixels
    order = [(z, echo) for z in range(len(pixels)) for echo in range(len(echoes_ms))]
    order = order[::-1] if reverse else order
    dataset = _patient(1)
    dataset.SOPClassUID, dataset.SOPInstanceUID = ENHANCED_MR, f"{ROOT}.1.1"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "M", "NONE"]
    dataset.NumberOfFrames = len(order)
    _pixels(dataset, np.stack([pixels[z] + 1000 * echo for z, echo in order]).astype(pixels.dtype))
    shared = Dataset()
    shared.PixelMeasuresSequence = Items([_item(PixelSpacing=[1.5, 1.25], SliceThickness=step_mm)])
    shared.PlaneOrientationSequence = Items([_item(ImageOrientationPatient=list(AXIAL))])
    dataset.SharedFunctionalGroupsSequence = Items([shared])
    frames = []
    for z, echo in order:
        frame = Dataset()
        frame.PlanePositionSequence = Items([_item(ImagePositionPatient=[-30.0, -40.0, -20.0 + z * step_mm])])
        frame.MREchoSequence = Items([_item(EffectiveEchoTime=echoes_ms[echo])])
        frame.PixelValueTransformationSequence = Items(
            [_item(RescaleSlope=2.0 + echo, RescaleIntercept=-10.0, RescaleType="US")]
        )
        frames.append(frame)
    dataset.PerFrameFunctionalGroupsSequence = Items(frames)
    if edit is not None:
        edit(dataset, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    save(dataset, path)
    return path


def _item(**values: Any) -> Dataset:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def mosaic(
    path: Path,
    *,
    pixels: NDArray[Any] | None = None,
    normal: Sequence[float] = (0.0, 0.0, 1.0),
    step_mm: float = 4.0,
    csa: bytes | None = None,
) -> Path:
    """A Siemens mosaic of at most 9 slices in 3 x 3 tiles; the first slice begins at (-30, -40, -20) mm."""
    pixels = head() if pixels is None else pixels
    count, rows, columns = pixels.shape
    whole = np.zeros((3 * rows, 3 * columns), pixels.dtype)
    for number, picture in enumerate(pixels):
        top, left = number // 3 * rows, number % 3 * columns
        whole[top : top + rows, left : left + columns] = picture
    dataset = slice_dataset(whole)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"]
    dataset.PixelSpacing = [1.5, 1.25]
    dataset.SliceThickness = dataset.SpacingBetweenSlices = step_mm
    dataset.ImageOrientationPatient = list(AXIAL)
    dataset.ImagePositionPatient = [-30.0 - 1.25 * columns, -40.0 - 1.5 * rows, -20.0]
    data = csa_header(
        {"NumberOfImagesInMosaic": [str(count)], "SliceNormalVector": [f"{v:.8f}" for v in normal]}
    )
    dataset.add(DataElement(0x00290010, "LO", "SIEMENS CSA HEADER"))
    dataset.add(DataElement(0x00291010, "OB", data if csa is None else csa))
    path.parent.mkdir(parents=True, exist_ok=True)
    save(dataset, path)
    return path


def csa_header(values: dict[str, list[str]]) -> bytes:
    """A Siemens CSA header, version 2."""
    data = b"SV10\x04\x03\x02\x01" + struct.pack("<II", len(values), 77)
    for name, texts in values.items():
        data += struct.pack("<64si4siii", name.encode(), len(texts), b"FD\0\0", 4, max(len(texts), 6), 77)
        for index in range(max(len(texts), 6)):
            text = texts[index].encode() + b"\0" if index < len(texts) else b""
            data += struct.pack("<4i", len(text), len(text), 77, len(text)) + text + bytes(-len(text) % 4)
    return data + bytes(len(data) % 2)


def uih_grid(path: Path, *, pixels: NDArray[Any] | None = None, positions: bool = True) -> Path:
    """A grid of 6 slices as United Imaging writes it: 2 rows of 3 tiles, positions in a private sequence."""
    pixels = head() if pixels is None else pixels
    count, rows, columns = pixels.shape
    assert count == 6
    whole = pixels.reshape(2, 3, rows, columns).swapaxes(1, 2).reshape(2 * rows, 3 * columns)
    dataset = slice_dataset(np.ascontiguousarray(whole))
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "M", "VFRAME"]
    dataset.PixelSpacing, dataset.ImageOrientationPatient = [1.5, 1.25], list(AXIAL)
    dataset.SliceThickness = 4.0
    dataset.add(DataElement(0x00650010, "LO", "Image Private Header"))
    if positions:
        items = [_item(ImagePositionPatient=[-30.0, -40.0, -20.0 + 4.0 * z]) for z in range(count)]
        dataset.add(DataElement(0x00651051, "SQ", Items(items)))
    path.parent.mkdir(parents=True, exist_ok=True)
    save(dataset, path)
    return path


def nifti(path: Path, pixels: NDArray[Any], affine: NDArray[np.float64] | None = None, **fields: Any) -> Path:
    """A NIfTI file of an array (i, j, k[, volume]); ``fields`` are header fields to set as they are."""
    import nibabel

    library: Any = nibabel
    image = library.Nifti1Image(pixels, np.eye(4) if affine is None else affine)
    path.parent.mkdir(parents=True, exist_ok=True)
    library.save(image, path)
    if fields:
        data = path.read_bytes()
        header = library.Nifti1Header(data[:348])
        for name, value in fields.items():
            header[name] = value
        path.write_bytes(bytes(header.binaryblock) + data[348:])
    return path


def png_stack(folder: Path, pixels: NDArray[Any] | None = None) -> list[Path]:
    """Pictures named slice1.png, slice2.png ..., so that order by name is not order by number."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    pixels = head(slices=12) if pixels is None else pixels
    paths = [folder / f"slice{number + 1}.png" for number in range(len(pixels))]
    for path, picture in zip(paths, pixels, strict=True):
        Image.fromarray(picture).save(path)
    return paths
