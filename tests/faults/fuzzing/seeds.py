"""What the fuzzer starts from: a small sound file of every kind that the program reads, written once into a folder.

The folder has a folder for each kind; of the files of the reading process, those that come with the source
tree, pydicom's own test files, and one made here for each encoding of the decoder table.
"""

from __future__ import annotations

import gzip
import io
import pickle
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import pydicom
from PIL import Image

from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.geometry import unknown_geometry
from brainsr_desktop.core.recipe import Recipe
from brainsr_desktop.engine import messages as engine_messages
from brainsr_desktop.io import messages
from brainsr_desktop.io.codestream import PixelFormat
from brainsr_desktop.io.scan import scan_all
from brainsr_desktop.ipc import messages as basic
from tests import phantom
from tests.mat_kit import tumour_mask, write_mat
from tests.models.cards import write_model

KINDS: Final = (
    *(
        "dicom",
        "codestream",
        "nifti",
        "raster",
        "mat",
        "numpy",
        "archive",
        "dicomdir",
        "settings",
        "card",
        "weights",
    ),
    *("journal", "report", "arrangement", "measurements", "windows", "runs", "message"),
)
LARGEST_BYTES: Final = 60_000
"""Larger ones are slow, and their mutations hit pixels."""
PICTURE: Final = phantom.head(slices=1, rows=40, columns=36)[0]
BY_PYDICOM: Final = {
    "rle": "1.2.840.10008.1.2.5",
    "jpegls": "1.2.840.10008.1.2.4.80",
    "j2k": "1.2.840.10008.1.2.4.90",
}
BY_GDCM: Final = {
    "extended": "1.2.840.10008.1.2.4.51",
    "lossless": "1.2.840.10008.1.2.4.57",
    "lossless1": "1.2.840.10008.1.2.4.70",
}
RENAMED: Final = {
    "jpegls_near": ("jpegls", "1.2.840.10008.1.2.4.81"),
    "j2k_lossy": ("j2k", "1.2.840.10008.1.2.4.91"),
    "htj2k": ("j2k", "1.2.840.10008.1.2.4.201"),
}
"""Syntaxes that nothing here can write: the same codestream under their name reaches the same decoder."""
_TO_JPEG: Final = """
import gdcm, sys
for path, syntax in zip(sys.argv[1::2], sys.argv[2::2]):
    r = gdcm.ImageReader(); r.SetFileName(path); assert r.Read()
    c = gdcm.ImageChangeTransferSyntax()
    c.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(syntax)))
    c.SetInput(r.GetImage()); assert c.Change()
    w = gdcm.ImageWriter(); w.SetFileName(path); w.SetFile(r.GetFile()); w.SetImage(c.GetOutput()); assert w.Write()
"""


def write_seeds(folder: Path, *more: Path) -> Path:
    """Write all seeds; ``more``: folders whose small files are taken as well."""
    for kind in KINDS:
        (folder / kind).mkdir(parents=True, exist_ok=True)
    _dicom(folder / "dicom", more)
    _codestreams(folder / "codestream")
    _pictures(folder)
    _archives(folder / "archive")
    _dicomdir(folder / "dicomdir")
    _own_files(folder)
    _messages(folder)
    return folder


def _dicom(folder: Path, more: tuple[Path, ...]) -> None:
    data = Path(__file__).parents[2] / "data"
    library = Path(pydicom.__file__).parent / "data" / "test_files"
    for number, source in enumerate((data, library, *more)):
        for path in sorted(source.rglob("*")):
            if path.is_file() and 132 < path.stat().st_size <= LARGEST_BYTES:
                content = path.read_bytes()
                if content[128:132] == b"DICM" and b"1.2.840.10008.1.3.10" not in content[:400]:
                    (folder / f"{number}_{path.parent.name}_{path.name}").write_bytes(content)
    made = folder / "made"
    phantom.classic(made, pixels=PICTURE[None])
    phantom.enhanced(made / "enhanced.dcm", pixels=phantom.head(3, 16, 12), echoes_ms=(12.0, 30.0))
    phantom.mosaic(made / "mosaic.dcm", pixels=phantom.head(6, 16, 12))
    phantom.uih_grid(made / "grid.dcm", pixels=phantom.head(6, 16, 12))
    for name, syntax in (("implicit", ""), ("big", ".2"), ("deflated", ".1.99")):
        phantom.classic(made / name, pixels=PICTURE[None], syntax=f"1.2.840.10008.1.2{syntax}")
    for path in sorted(made.rglob("*.dcm")):
        path.rename(folder / f"made_{path.parent.name}_{path.name}")
    shutil.rmtree(made)


def _codestreams(folder: Path) -> None:
    grey = (PICTURE // 5).astype(np.uint8)
    for name, syntax in BY_PYDICOM.items():
        (path,) = phantom.classic(folder, pixels=PICTURE[None], prefix=name)
        dataset = pydicom.dcmread(path)
        dataset.compress(syntax, generate_instance_uid=False)
        dataset.save_as(path)
    orders: list[str] = []
    for name, syntax in BY_GDCM.items():

        def twelve(dataset: pydicom.Dataset, _number: int) -> None:
            dataset.BitsStored, dataset.HighBit = 12, 11

        (path,) = phantom.classic(folder, pixels=PICTURE[None], prefix=name, edit=twelve)
        orders += [str(path), syntax]
    subprocess.run([sys.executable, "-W", "ignore", "-c", _TO_JPEG, *orders], check=True, timeout=120)
    for name, picture in (("baseline", grey), ("colour", np.stack([grey, grey // 2, 255 - grey], -1))):
        stream = io.BytesIO()
        Image.fromarray(picture).save(stream, "JPEG", quality=90)

        def edit(dataset: pydicom.Dataset, _number: int, stream: bytes = stream.getvalue()) -> None:
            phantom.compressed(dataset, [stream])

        phantom.classic(folder, pixels=picture[None], prefix=name, edit=edit, syntax="1.2.840.10008.1.2.4.50")
    for name, (source, syntax) in RENAMED.items():
        dataset = pydicom.dcmread(folder / f"{source}0001.dcm")
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
        dataset.save_as(folder / f"{name}0001.dcm")


def _pictures(folder: Path) -> None:
    head = phantom.head(4, 20, 16)
    turned = head.transpose(2, 1, 0)
    phantom.nifti(folder / "nifti" / "head.nii", turned)
    phantom.nifti(folder / "nifti" / "head.nii.gz", turned)
    phantom.nifti(folder / "nifti" / "float.nii", turned.astype(np.float32)[..., None].repeat(2, -1))
    phantom.nifti(folder / "nifti" / "complex.nii", turned.astype(np.complex64))
    grey = (head[1] // 5).astype(np.uint8)
    raster = folder / "raster"
    Image.fromarray(head[1]).save(raster / "deep.png")
    Image.fromarray(grey).convert("RGBA").save(raster / "alpha.png")
    Image.fromarray(head[1]).save(raster / "deep.tif")
    Image.fromarray(grey).save(raster / "pages.tif", save_all=True, append_images=[Image.fromarray(grey)] * 2)
    Image.fromarray(grey).save(raster / "lzw.tif", compression="tiff_lzw")
    Image.fromarray(grey).save(raster / "grey.jpg")
    write_mat(folder / "mat" / "1.mat", head[0].astype(np.int16), tumour_mask(*head.shape[1:]))
    write_mat(folder / "mat" / "2.mat", head[0].astype(np.float64), compressed=False, label=None)
    np.save(folder / "numpy" / "head.npy", head)
    np.savez(folder / "numpy" / "two.npz", one=head, two=head.astype(np.float32))
    np.savez_compressed(folder / "numpy" / "packed.npz", images=head, names=np.array(["a", "b"]))


def _archives(folder: Path) -> None:
    (path,) = phantom.classic(folder / "x", pixels=PICTURE[None])
    content = path.read_bytes()
    shutil.rmtree(folder / "x")
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("study/1.dcm", content)
        archive.writestr("../outside.dcm", content[:900])
        archive.writestr("readme.txt", "text")
    with tarfile.open(folder / "a.tar.gz", "w:gz") as packed:
        member = tarfile.TarInfo("1.dcm")
        member.size = len(content)
        packed.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        packed.addfile(link)
    (folder / "1.dcm.gz").write_bytes(gzip.compress(content))


def _dicomdir(folder: Path) -> None:
    library = Path(pydicom.__file__).parent / "data" / "test_files"
    found = [path for path in library.rglob("DICOMDIR*") if path.is_file()]
    for path in sorted(found, key=lambda path: path.stat().st_size)[:4]:
        shutil.copyfile(path, folder / f"{path.parent.name}_DICOMDIR")
    (folder / "DICOMDIR").write_bytes(_made_dicomdir())


def _made_dicomdir() -> bytes:
    record = pydicom.Dataset()
    record.OffsetOfTheNextDirectoryRecord = record.OffsetOfReferencedLowerLevelDirectoryEntity = 0
    record.RecordInUseFlag, record.DirectoryRecordType = 0xFFFF, "IMAGE"
    record.ReferencedFileID = ["STUDY", "IM0001"]
    directory = pydicom.Dataset()
    directory.FileSetID, directory.DirectoryRecordSequence = "X", [record]
    directory.file_meta = pydicom.dataset.FileMetaDataset()
    directory.file_meta.MediaStorageSOPClassUID = pydicom.uid.MediaStorageDirectoryStorage
    directory.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.UID("1.2.3")
    directory.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    stream = io.BytesIO()
    directory.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def _own_files(folder: Path) -> None:
    """Files that the program writes itself and anyone may have edited."""
    versions = Path(__file__).parents[2] / "data" / "versions"
    for kind, pattern in (
        *(("settings", "settings*.toml"), ("journal", "*journal*"), ("report", "export*.json")),
        *(("arrangement", "*arrangements*.json"), ("measurements", "*measurements*.json")),
        *(("windows", "*windows*.json"), ("runs", "*run*.json")),
    ):
        for path in sorted(versions.rglob(pattern)):
            version = path.relative_to(versions).parts[0]
            shutil.copyfile(path, folder / kind / f"{version}_{path.name}")
    made = write_model(folder / "x")
    shutil.copyfile(made / "card.toml", folder / "card" / "made.toml")
    shutil.copyfile(made / "weights.safetensors", folder / "weights" / "made.safetensors")
    shutil.rmtree(folder / "x")
    for card in sorted((Path(__file__).parents[3] / "models").glob("*/card.toml")):
        shutil.copyfile(card, folder / "card" / f"{card.parent.name}.toml")


def _messages(folder: Path) -> None:
    series, summary = scan_all([str(folder / "dicom" / "made_made_IM0001.dcm")])
    (stack,) = series[0].stacks
    job = basic.JobId(7)
    block = basic.ArrayRef("/dev/shm/brainsr-desktop_1_aa", (3, 4), "<f4")
    place = unknown_geometry(20, 16, 1)
    form = PixelFormat("1.2.840.10008.1.2.5", 20, 16, 1, "MONOCHROME2", 16, 12, signed=False)
    said: dict[str, Any] = {
        "hello": basic.Hello(basic.PROTOCOL, 12),
        "progress": basic.Progress(job, 1, 5, "note"),
        "failed": basic.Failed(
            job, basic.ErrorReport("ReadError", "It is cut.", "Copy it again.", "/x", "trace")
        ),
        "log": basic.LogLine("x", 30, "text"),
        "series": messages.SeriesFound(job, series[0]),
        "done": messages.ScanDone(job, summary),
        "loaded": messages.StackLoaded(job, "ab" * 32, (Problem("x", "GONE", "It is gone."),)),
        "load": messages.LoadStack(job, stack, block, (0,)),
        "thumbnail": messages.ThumbnailMade(job, "1", 2, 3, 1, bytes(6)),
        "inferred": engine_messages.Inferred(
            job, 80, 64, place, 0.5, "torch", "cpu", (("psnr", 31.0),), (), False, False
        ),
        "prepare": engine_messages.Prepare(job, Recipe("bicubic", 4)),
        "order": form,
        "picture": ("<u2", (20, 16)),
    }
    for name, message in said.items():
        (folder / "message" / name).write_bytes(pickle.dumps(message))
    (folder / "message" / "harmful").write_bytes(b"cposix\nsystem\n(S'touch harmed'\ntR.")


def seed_kinds(folder: Path) -> dict[str, list[Path]]:
    """The seeds in a folder by kind, in a fixed order."""
    return {kind: sorted(path for path in (folder / kind).iterdir() if path.is_file()) for kind in KINDS}
