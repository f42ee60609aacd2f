"""What the tests of the export share: a small series on disk, its stack, and an export from end to end."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.core.resample import enlarge
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io.export import Exports
from brainsr_desktop.io.messages import (
    CloseExport,
    Exported,
    ExportFormat,
    ExportOpened,
    ExportOptions,
    ModelNote,
    OpenExport,
    WriteFrames,
)
from brainsr_desktop.ipc.messages import JobId
from brainsr_desktop.ipc.shared_array import SharedArray

MODEL = ModelNote("brainsr-x4", "ab" * 32, "half_pixel", "public data", "BrainSR x4", "openvino", "cpu")
JOB = JobId(1)


class Silent:
    """A job context that nobody listens to."""

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Nothing to do."""

    def check_cancelled(self) -> None:
        """Never."""


def tool(name: str) -> str:
    """Path of a program of the system; without it the test fails where CI is set and is skipped elsewhere."""
    found = shutil.which(name)
    if found is None:
        reason = f"{name} is not installed"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def phantom_slice(index: int, rows: int = 12, columns: int = 16) -> NDArray[np.int16]:
    """A smooth picture that is another one for each index."""
    y, x = np.mgrid[0:rows, 0:columns]
    bump = np.exp(-((y - rows / 2) ** 2 + (x - columns / 3 - index) ** 2) / 12.0)
    return np.asarray(np.rint(900 * bump + 3 * x + index), np.int16)


def phantom_dataset(index: int, rows: int = 12, columns: int = 16) -> Dataset:
    """A classic MR slice, double oblique, with the attributes that a scanner writes."""
    data = Dataset()
    data.SpecificCharacterSet = "ISO_IR 100"
    data.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND"]
    data.SOPClassUID = MRImageStorage
    data.SOPInstanceUID = f"1.2.826.0.1.3680043.8.498.77.{index + 1}"
    data.StudyInstanceUID = "1.2.826.0.1.3680043.8.498.77.1001"
    data.SeriesInstanceUID = "1.2.826.0.1.3680043.8.498.77.1002"
    data.FrameOfReferenceUID = "1.2.826.0.1.3680043.8.498.77.1003"
    data.StudyDate, data.StudyTime, data.StudyID = "20200102", "101112", "77"
    data.AcquisitionDate, data.AcquisitionTime = "20200102", "101500"
    data.AccessionNumber, data.ReferringPhysicianName = "ACC5551", "Lindqvist^Berta"
    data.PatientName, data.PatientID = "Mustermann^Käthe", "PID-90210"
    data.PatientBirthDate, data.PatientSex, data.PatientAge = "19500607", "F", "069Y"
    data.PatientWeight = "71.5"
    data.Modality, data.Manufacturer, data.ManufacturerModelName = "MR", "ACME Imaging", "Tesla One"
    data.InstitutionName, data.StationName, data.DeviceSerialNumber = "Klinik Nord", "MRNORD1", "SN-4711"
    data.SoftwareVersions = "V7"
    data.StudyDescription, data.SeriesDescription, data.ProtocolName = (
        "Kopf nativ",
        "t1_mpr sag",
        "t1_mpr Kopf",
    )
    data.SeriesNumber, data.InstanceNumber, data.AcquisitionNumber = 5, index + 11, 1
    data.ImageComments = "seen by Dr. Lindqvist"
    data.BodyPartExamined, data.PatientPosition = "BRAIN", "HFS"
    data.ScanningSequence, data.SequenceVariant, data.ScanOptions = "GR", "SP", ""
    data.MRAcquisitionType, data.RepetitionTime, data.EchoTime = "3D", "1900", "2.97"
    data.EchoTrainLength, data.InversionTime, data.FlipAngle = 1, "1100", "9"
    data.SliceThickness, data.SpacingBetweenSlices = "1.5", "1.5"
    data.AcquisitionMatrix = [0, columns, rows, 0]
    data.PositionReferenceIndicator = ""
    row, column = np.array([0.8, 0.6, 0.0]), np.array([0.0, 0.0, -1.0])
    position = np.array([-20.0, 15.0, 30.0]) + 1.5 * index * np.cross(row, column)
    data.ImagePositionPatient = [f"{value:.6f}" for value in position]
    data.ImageOrientationPatient = [*row, *column]
    data.PixelSpacing = [0.9, 1.1]
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 1
    data.WindowCenter, data.WindowWidth = "450", "900"
    data.add_new(0x00291010, "LO", "private text")
    data.add_new(0x00290010, "LO", "ACME HEADER")
    data.Rows, data.Columns = rows, columns
    data.PixelData = phantom_slice(index, rows, columns).tobytes()
    return data


def save(data: Dataset, path: Path) -> None:
    """Write a data set as a proper file."""
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.get("SOPClassUID", MRImageStorage)
    data.file_meta.MediaStorageSOPInstanceUID = data.get("SOPInstanceUID", "1.2.3")
    data.save_as(path, enforce_file_format=True)


def phantom_series(folder: Path, slices: int = 5) -> Path:
    """A folder with a small series."""
    folder.mkdir(parents=True)
    for index in range(slices):
        save(phantom_dataset(index), folder / f"slice{index}.dcm")
    return folder


def stacks_of(*paths: Path) -> list[StackInfo]:
    """All stacks of a folder, as the program's own scan finds them."""
    from brainsr_desktop.io.scan import scan_all

    series, _ = scan_all([str(path) for path in paths])
    return [stack for found in series for stack in found.stacks]


def stack_of(path: Path) -> StackInfo:
    """The only stack of a folder."""
    (stack,) = stacks_of(path)
    return stack


@dataclass(frozen=True)
class Loaded:
    """A stack, its stored pixels and the digest that loading them gave."""

    stack: StackInfo
    pixels: NDArray[np.generic]
    digest: str


def load(stack: StackInfo) -> Loaded:
    """Decode a whole stack."""
    from brainsr_desktop.io.load import load_stack

    pixels = np.zeros(stack.shape, stack.dtype)
    digest, problems = load_stack(stack, pixels)
    assert not problems
    return Loaded(stack, pixels, digest)


def open_request(
    loaded: Loaded,
    folder: Path,
    *,
    indices: Iterable[int] | None = None,
    scale: int = 4,
    formats: Sequence[ExportFormat] = ("dicom",),
    model: ModelNote = MODEL,
    options: ExportOptions | None = None,
    taken: tuple[int, ...] = (),
) -> OpenExport:
    """The request to export a stack (or some of its frames) enlarged by `scale`."""
    stack = loaded.stack
    everything = [index for index, frame in enumerate(stack.frames) if frame is not None]
    chosen = options if options is not None else ExportOptions(str(folder), tuple(formats))
    return OpenExport(
        JOB,
        stack,
        loaded.digest,
        tuple(everything if indices is None else indices),
        stack.geometry.enlarged(scale),
        Recipe(model.id, scale),
        model,
        chosen,
        taken,
    )


def enlarged(loaded: Loaded, index: int, scale: int = 4) -> NDArray[np.float32]:
    """The picture that a test's stand-in for a network makes of one slice: bicubic."""
    return np.asarray(enlarge(loaded.pixels[index].astype(np.float32), scale, "bicubic"), np.float32)


def write(exports: Exports, export: int, index: int, pixels: NDArray[np.float32]) -> bool:
    """Hand one picture over as the window does; whether it is safe on disk."""
    block = SharedArray.create((1, *pixels.shape), "float32")
    block.array[0] = pixels
    try:
        answer = exports.write(WriteFrames(JOB, export, (index,), block.ref), Silent())
    finally:
        block.close()
    return answer.indices == (index,)


def write_missing(exports: Exports, opened: ExportOpened, loaded: Loaded, scale: int = 4) -> None:
    """Write all slices that are still wanted."""
    for index in opened.missing:
        assert write(exports, opened.export, index, enlarged(loaded, index, scale))


def export(loaded: Loaded, request: OpenExport) -> Exported:
    """An export from end to end."""
    exports = Exports()
    opened = exports.open(request, Silent())
    write_missing(exports, opened, loaded, request.recipe.scale)
    return exports.close(CloseExport(JOB, opened.export), Silent())


def files_of(folder: Path | str, suffix: str = ".dcm") -> list[Path]:
    """Exported files of a kind, in the order of their names."""
    return sorted(path for path in Path(folder).iterdir() if path.name.endswith(suffix))


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
