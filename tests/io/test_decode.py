"""Pixels of every encoding, right to the value; damage costs a picture, never the process (faults 27 to 42, 100)."""

from __future__ import annotations

import io
import os
import signal
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.pixels.utils import pixel_array

from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.series import FrameInfo
from brainsr_desktop.io.codestream import PixelFormat, check_codestream
from brainsr_desktop.io.decode_process import DecoderProcess
from brainsr_desktop.io.dicom_file import BadDicom
from brainsr_desktop.io.load import load_stack
from brainsr_desktop.io.pixels import DicomPixels, fragments, frame_fragments
from brainsr_desktop.io.scan import scan_all
from tests import phantom
from tests.io import failing_decoders

RLE = "1.2.840.10008.1.2.5"
JPEG_LS = "1.2.840.10008.1.2.4.80"
JPEG_2000 = "1.2.840.10008.1.2.4.90"
BASELINE = "1.2.840.10008.1.2.4.50"
EXTENDED = "1.2.840.10008.1.2.4.51"
LOSSLESS = "1.2.840.10008.1.2.4.57"
LOSSLESS_1 = "1.2.840.10008.1.2.4.70"
ONE = phantom.head(slices=1)


def loaded(path: Path) -> tuple[NDArray[Any], tuple[Problem, ...]]:
    """The pixels of the one stack of a path."""
    (stack,) = [stack for series in scan_all([str(path)])[0] for stack in series.stacks]
    out = np.zeros(stack.shape, stack.dtype)
    return out, load_stack(stack, out)[1]


def written(folder: Path, picture: NDArray[Any], **elements: Any) -> Path:
    """One slice with some elements changed."""

    def edit(dataset: Dataset, _: int) -> None:
        for keyword, value in elements.items():
            setattr(dataset, keyword, value)

    return phantom.classic(folder, pixels=picture[None], edit=edit)[0]


def encoded(path: Path, syntax: str) -> Path:
    """The same file in a transfer syntax that pydicom can write."""
    dataset = pydicom.dcmread(path)
    dataset.compress(syntax, generate_instance_uid=False)
    dataset.save_as(path)
    return path


def encoded_by_gdcm(path: Path, syntax: str) -> Path:
    """The same file in a JPEG syntax, written by GDCM in a process of its own."""
    code = (
        "import gdcm, sys\n"
        "r = gdcm.ImageReader(); r.SetFileName(sys.argv[1]); assert r.Read()\n"
        "c = gdcm.ImageChangeTransferSyntax()\n"
        "kind = gdcm.TransferSyntax.GetTSType(sys.argv[2])\n"
        "c.SetTransferSyntax(gdcm.TransferSyntax(kind)); c.SetInput(r.GetImage()); assert c.Change()\n"
        "w = gdcm.ImageWriter(); w.SetFileName(sys.argv[1]); w.SetFile(r.GetFile()); w.SetImage(c.GetOutput())\n"
        "assert w.Write()\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code, str(path), syntax], check=True, timeout=60)
    return path


def test_that_five_encodings_of_one_picture_are_identical(data: Path) -> None:
    pixels, problems = loaded(data / "siemens_transfer_syntaxes")
    assert problems == ()
    volumes = pixels.reshape(5, 35, 64, 64)
    assert all(np.array_equal(volumes[0], volume) for volume in volumes)
    whole = pydicom.dcmread(data / "siemens_transfer_syntaxes" / "3.dcm").pixel_array
    assert np.array_equal(volumes[0][8], whole[64:128, 128:192])


def test_that_eight_encodings_of_one_picture_are_identical(data: Path) -> None:
    folder = data / "toshiba_small_transfer_syntaxes"
    expected = pydicom.dcmread(folder / "MR_small.dcm").pixel_array
    files = [path for path in sorted(folder.iterdir()) if path.name != "MR_truncated.dcm"]
    assert len({pydicom.dcmread(path).file_meta.TransferSyntaxUID for path in files}) == 6
    for path in files:
        pixels, problems = loaded(path)
        assert problems == () and np.array_equal(pixels[0], expected), path.name


@pytest.mark.parametrize("syntax", [RLE, JPEG_LS, JPEG_2000, LOSSLESS, LOSSLESS_1])
@pytest.mark.parametrize("kind", ["uint8", "12 bits", "int16", "uint16"])
def test_that_lossless_encodings_are_exact(tmp_path: Path, syntax: str, kind: str) -> None:
    if kind == "uint8":
        picture: NDArray[Any] = (ONE[0] // 5).astype(np.uint8)
    else:
        picture = ONE[0].astype(np.int16) - 500 if kind == "int16" else ONE[0]
    elements = {"BitsStored": 12, "HighBit": 11} if kind == "12 bits" else {}
    path = written(tmp_path, picture, **elements)
    if syntax in (LOSSLESS, LOSSLESS_1):
        encoded_by_gdcm(path, syntax)
    else:
        encoded(path, syntax)
    pixels, problems = loaded(path)
    assert problems == ()
    assert np.array_equal(pixels[0], picture) and pixels.dtype == picture.dtype


def test_that_jpeg_baseline_gives_what_its_decoder_gives(tmp_path: Path) -> None:
    picture = (ONE[0] // 5).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=90)
    path = with_codestreams(tmp_path, picture, [buffer.getvalue()], BASELINE)
    pixels, problems = loaded(path)
    assert problems == ()
    assert np.array_equal(pixels[0], np.asarray(Image.open(buffer)))
    assert np.abs(pixels[0].astype(int) - picture).max() < 60


def test_that_twelve_bit_extended_jpeg_is_near_its_original(tmp_path: Path) -> None:
    picture = np.clip(ONE[0] * 3, 0, 4095).astype(np.uint16)
    smooth = np.asarray(Image.fromarray(picture.astype(np.float32)).resize((40, 48), Image.Resampling.BOX))
    picture = np.repeat(np.repeat(smooth, 2, 0), 2, 1).astype(np.uint16)
    path = encoded_by_gdcm(written(tmp_path, picture, BitsStored=12, HighBit=11), EXTENDED)
    pixels, problems = loaded(path)
    assert problems == ()
    assert np.abs(pixels[0].astype(int) - picture).mean() < 0.02 * picture.max()


@pytest.mark.parametrize(
    "name",
    [
        *("JPGExtended.dcm", "JPEG-lossy.dcm", "JPEG2000.dcm", "693_J2KI.dcm", "JPEGLSNearLossless_16.dcm"),
        *("MR_small_RLE.dcm", "MR_small_jp2klossless.dcm", "SC_rgb_jpeg_gdcm.dcm", "image_dfl.dcm"),
    ],
)
def test_that_another_program_reads_the_same_values(name: str) -> None:
    simpleitk = pytest.importorskip("SimpleITK")
    path = Path(pydicom.__file__).parent / "data" / "test_files" / name
    if not path.is_file():
        pytest.skip("this pydicom comes without its test files")
    reader = simpleitk.ImageFileReader()
    reader.SetFileName(str(path))
    header = pydicom.dcmread(path, stop_before_pixels=True)
    slope, intercept = float(header.get("RescaleSlope") or 1), float(header.get("RescaleIntercept") or 0)
    expected = simpleitk.GetArrayFromImage(reader.Execute())
    pixels, problems = loaded(path)
    assert problems == ()
    # the two JPEG libraries round their transforms differently; lossless ones agree to the value
    lossy = name in {"JPGExtended.dcm", "JPEG-lossy.dcm"}
    assert np.abs(pixels.reshape(expected.shape) * slope + intercept - expected).max() <= (4 if lossy else 0)


@pytest.mark.parametrize(
    "name",
    [
        *("SC_rgb_dcmtk_+eb+cy+s4.dcm", "SC_rgb_jpeg_dcmtk.dcm", "SC_rgb_rle.dcm", "SC_rgb_small_odd.dcm"),
        *("SC_rgb_small_odd_big_endian.dcm", "SC_ybr_full_422_uncompressed.dcm", "SC_rgb_gdcm_KY.dcm"),
        *("GDCMJ2K_TextGBR.dcm", "ExplVR_BigEnd.dcm", "SC_rgb_rle_2frame.dcm"),
    ],
)
def test_that_colour_is_shown_as_rgb(name: str) -> None:
    path = Path(pydicom.__file__).parent / "data" / "test_files" / name
    if not path.is_file():
        pytest.skip("this pydicom comes without its test files")
    expected = pixel_array(pydicom.dcmread(path))
    pixels, problems = loaded(path)
    assert problems == ()
    assert np.array_equal(pixels.reshape(expected.shape), expected)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"])
@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "uint32", "int32"])
def test_that_plain_values_of_every_width_are_exact(tmp_path: Path, syntax: str, dtype: str) -> None:
    limits = np.iinfo(dtype)
    picture = np.random.default_rng(1).integers(limits.min, limits.max, (33, 35), dtype, endpoint=True)
    phantom.classic(tmp_path, pixels=picture[None], syntax=syntax)
    pixels, problems = loaded(tmp_path)
    assert problems == ()
    assert pixels.dtype == picture.dtype and np.array_equal(pixels[0], picture)


@pytest.mark.parametrize(
    ("keyword", "dtype"), [("FloatPixelData", "float32"), ("DoubleFloatPixelData", "float64")]
)
def test_that_float_pixels_keep_their_values(tmp_path: Path, keyword: str, dtype: str) -> None:
    picture = np.random.default_rng(2).normal(size=(40, 36)).astype(dtype)
    picture[3, 4] = np.nan

    def edit(dataset: Dataset, _: int) -> None:
        for name in ("PixelData", "BitsStored", "HighBit", "PixelRepresentation"):
            del dataset[name]
        dataset.BitsAllocated = picture.dtype.itemsize * 8
        setattr(dataset, keyword, picture.tobytes())

    phantom.classic(tmp_path, pixels=np.zeros((1, 40, 36), np.uint16), edit=edit)
    pixels, problems = loaded(tmp_path)
    assert problems == () and pixels.dtype == picture.dtype
    assert np.array_equal(pixels[0], picture, equal_nan=True)


def test_that_bits_above_those_stored_are_masked_and_signs_kept(tmp_path: Path) -> None:
    picture = ONE[0] % 4096
    path = written(tmp_path / "u", picture | 0xF000, BitsStored=12, HighBit=11)
    assert np.array_equal(loaded(path)[0][0], picture)
    signed = (ONE[0].astype(np.int16) - 600) % 4096
    path = written(tmp_path / "s", signed.astype(np.int16), BitsStored=12, HighBit=11)
    assert np.array_equal(loaded(path)[0][0], ONE[0].astype(np.int16) - 600)


def test_that_values_with_an_odd_high_bit_are_shown_as_they_are(tmp_path: Path) -> None:
    path = written(tmp_path, ONE[0] | 0x8000, BitsStored=12, HighBit=14)
    assert np.array_equal(loaded(path)[0][0], ONE[0] | 0x8000)


def test_that_monochrome1_numbers_are_not_inverted(tmp_path: Path) -> None:
    path = written(tmp_path, ONE[0], PhotometricInterpretation="MONOCHROME1")
    (series,) = scan_all([str(path)])[0]
    assert series.stacks[0].photometric == "MONOCHROME1"
    assert np.array_equal(loaded(path)[0][0], ONE[0])


def test_that_one_bit_pictures_are_shown_and_not_enhanced(tmp_path: Path) -> None:
    bits = np.random.default_rng(3).integers(0, 2, (33, 37), dtype=np.uint8)

    def edit(dataset: Dataset, _: int) -> None:
        dataset.Rows, dataset.Columns = bits.shape
        dataset.BitsAllocated = dataset.BitsStored = 1
        dataset.HighBit = 0
        packed = np.packbits(bits.ravel(), bitorder="little").tobytes()
        dataset.PixelData = packed + bytes(len(packed) % 2)
        dataset["PixelData"].VR = "OB"

    phantom.classic(tmp_path, pixels=ONE, edit=edit)
    assert np.array_equal(loaded(tmp_path)[0][0], bits)
    assert scan_all([str(tmp_path)])[0][0].stacks[0].why_not == "only 1 bit a pixel"


@pytest.mark.parametrize("planar", [0, 1])
def test_that_planes_of_colour_lie_either_way(tmp_path: Path, planar: int) -> None:
    colour = np.random.default_rng(4).integers(0, 256, (1, 34, 36, 3), np.uint8)

    def edit(dataset: Dataset, _: int) -> None:
        dataset.PlanarConfiguration = planar
        if planar:
            dataset.PixelData = np.moveaxis(colour[0], -1, 0).tobytes()

    phantom.classic(tmp_path, pixels=colour, edit=edit)
    assert np.array_equal(loaded(tmp_path)[0], colour)


@pytest.mark.parametrize(("cut", "rows"), [(1, 48), (2, 47), (80, 47), (1000, 35), (3839, 0)])
def test_that_rows_of_a_cut_file_are_kept(tmp_path: Path, cut: int, rows: int) -> None:
    phantom.classic(tmp_path, pixels=ONE, raw=lambda data, _: data[:-cut])
    pixels, problems = loaded(tmp_path)
    assert np.array_equal(pixels[0, :rows].ravel(), ONE[0, :rows].ravel())
    assert [problem.code for problem in problems] == ([] if rows == 48 else ["TRUNCATED_PIXELS"])


def with_codestreams(
    folder: Path, picture: NDArray[Any], streams: list[bytes], syntax: str, **elements: Any
) -> Path:
    """A file whose compressed pictures are these."""
    folder.mkdir(parents=True, exist_ok=True)
    dataset = phantom.slice_dataset(picture)
    dataset.ImagePositionPatient, dataset.ImageOrientationPatient = [0, 0, 0], list(phantom.AXIAL)
    dataset.PixelSpacing = [1, 1]
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    phantom.compressed(dataset, streams)
    phantom.save(dataset, folder / "x.dcm", syntax)
    return folder / "x.dcm"


@pytest.mark.parametrize("syntax", [RLE, JPEG_LS, JPEG_2000, LOSSLESS_1])
def test_that_a_picture_of_another_size_is_not_shown(tmp_path: Path, syntax: str) -> None:
    path = written(tmp_path, ONE[0])
    path = encoded_by_gdcm(path, syntax) if syntax == LOSSLESS_1 else encoded(path, syntax)
    dataset = pydicom.dcmread(path)
    if syntax == RLE:
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    else:
        dataset.Rows = 128
    dataset.save_as(path)
    pixels, problems = loaded(path)
    assert [problem.code for problem in problems] == ["SIZE_MISMATCH"]
    assert not pixels.any()


def test_that_a_bomb_in_the_size_of_a_picture_never_reaches_a_decoder(tmp_path: Path) -> None:
    path = encoded(written(tmp_path, ONE[0]), JPEG_2000)
    content = bytearray(path.read_bytes())
    start = content.index(b"\xff\x4f\xff\x51")
    content[start + 8 : start + 16] = struct.pack(">II", 60_000, 60_000)
    path.write_bytes(content)
    assert [problem.code for problem in loaded(path)[1]] == ["TOO_LARGE"]


@pytest.mark.parametrize(
    "junk", [b"", b"\0\0", b"\xff\xd8\xff", os.urandom(300), b"\xff\x4f\xff\x51" + bytes(60)]
)
@pytest.mark.parametrize("syntax", [RLE, JPEG_LS, JPEG_2000, BASELINE, EXTENDED, LOSSLESS])
def test_that_junk_for_a_picture_is_told(tmp_path: Path, syntax: str, junk: bytes) -> None:
    path = with_codestreams(tmp_path, ONE[0], [junk] if junk else [], syntax)
    problems = loaded(path)[1]
    assert len(problems) == 1 and problems[0].code in {"DECODE_FAILED", "SIZE_MISMATCH"}


def test_that_wrong_tables_missing_ends_and_split_frames_are_read(tmp_path: Path) -> None:
    path = encoded(written(tmp_path / "a", ONE[0]), RLE)
    dataset = pydicom.dcmread(path)
    value = dataset.PixelData
    item, stream = struct.Struct("<HHI"), value[value.index(struct.pack("<HHI", 0xFFFE, 0xE000, 4)) + 20 :]
    stream = stream[: struct.unpack_from("<I", value, value.index(stream) - 4)[0]]
    third = len(stream) // 3 // 2 * 2
    parts = (stream[:third], stream[third : 2 * third], stream[2 * third :])
    variants = {
        "split": item.pack(0xFFFE, 0xE000, 0)
        + b"".join(item.pack(0xFFFE, 0xE000, len(p)) + p for p in parts),
        "table": item.pack(0xFFFE, 0xE000, 4)
        + struct.pack("<I", 999)
        + item.pack(0xFFFE, 0xE000, len(stream))
        + stream,
    }
    for name, variant in variants.items():
        found = fragments(io.BytesIO(variant + item.pack(0xFFFE, 0xE0DD, 0) + b"rubbish!"), 0)
        assert found == fragments(io.BytesIO(variant), 0)
        (frame,) = frame_fragments(io.BytesIO(variant), found, 1)
        assert b"".join(variant[at : at + size] for at, size in frame) == stream, name
    without_end = path.read_bytes().removesuffix(item.pack(0xFFFE, 0xE0DD, 0))
    path.write_bytes(without_end)
    assert np.array_equal(loaded(path)[0][0], ONE[0])


def test_that_frames_are_found_with_and_without_a_table(tmp_path: Path) -> None:
    item = struct.Struct("<HHI")
    frames = [b"a" * 10, b"b" * 20 + b"\xff\xd9", b"c" * 8 + b"\xff\xd9"]
    pieces = [b"a" * 10, b"b" * 10, b"b" * 10 + b"\xff\xd9", b"c" * 8 + b"\xff\xd9"]
    body = b"".join(item.pack(0xFFFE, 0xE000, len(piece)) + piece for piece in pieces)
    table = struct.pack("<III", 0, 18, 18 + 18 + 20)
    data = item.pack(0xFFFE, 0xE000, 12) + table + body
    parts = frame_fragments(io.BytesIO(data), fragments(io.BytesIO(data), 0), 3)
    assert [b"".join(data[at : at + size] for at, size in part) for part in parts] == frames
    bare = item.pack(0xFFFE, 0xE000, 0) + body
    with pytest.raises(BadDicom):
        frame_fragments(io.BytesIO(bare), fragments(io.BytesIO(bare), 0), 5)


@pytest.mark.parametrize("syntax", [RLE, JPEG_LS, JPEG_2000, LOSSLESS_1, BASELINE, EXTENDED])
def test_that_seeded_damage_never_ends_this_process(tmp_path: Path, syntax: str) -> None:
    if syntax == BASELINE:
        buffer = io.BytesIO()
        Image.fromarray((ONE[0] // 5).astype(np.uint8)).save(buffer, "JPEG")
        path = with_codestreams(tmp_path, (ONE[0] // 5).astype(np.uint8), [buffer.getvalue()], BASELINE)
    elif syntax in (LOSSLESS_1, EXTENDED):
        path = encoded_by_gdcm(written(tmp_path, ONE[0] % 4096, BitsStored=12, HighBit=11), syntax)
    else:
        path = encoded(written(tmp_path, ONE[0]), syntax)
    whole = path.read_bytes()
    start = whole.index(b"\xe0\x7f\x10\x00") + 40
    generator = np.random.default_rng(11)
    before = sorted(tmp_path.iterdir())
    outcomes = set()
    for _ in range(8):
        content = bytearray(whole)
        for position in generator.integers(start, len(content), generator.integers(1, 12)):
            content[position] = generator.integers(0, 256)
        path.write_bytes(
            content[: generator.integers(start, len(content))] if generator.random() < 0.3 else content
        )
        outcomes |= {problem.code for problem in loaded(path)[1]} or {"shown"}
    assert outcomes <= {
        "shown",
        "DECODE_FAILED",
        "SIZE_MISMATCH",
        "DECODER_CRASH",
        "DECODE_TIMEOUT",
        "TRUNCATED_PIXELS",
    }
    assert sorted(tmp_path.iterdir()) == before
    path.write_bytes(whole)
    assert loaded(path)[1] == ()


def test_that_a_cut_jpeg_ls_picture_is_told_before_its_decoder_searches_it() -> None:
    form = PixelFormat(JPEG_LS, 48, 40, 1, "MONOCHROME2", 16, 16, False)
    start = b"\xff\xd8\xff\xf7\0\x0b\x10\0\x30\0\x28\1\1\x11\0"
    check_codestream(start + bytes(100) + b"\xff\xd9\0", form)
    with pytest.raises(BadDicom, match="cut"):
        check_codestream(start + bytes(100), form)


def form_of(path: Path) -> tuple[bytes, PixelFormat]:
    """A good codestream and its format, by way of the reader."""
    reader = DicomPixels(str(path), None)
    form = reader.form
    stream = reader._codestream(0)
    reader.close()
    return stream, form


@pytest.mark.parametrize(
    ("target", "limit_s", "code"),
    [
        (failing_decoders.dies, 20.0, "DECODER_CRASH"),
        (failing_decoders.hangs, 0.3, "DECODE_TIMEOUT"),
        (failing_decoders.never_starts, 20.0, "DECODER_CRASH"),
    ],
)
def test_that_a_decoder_that_dies_or_hangs_costs_one_picture(
    data: Path, target: Any, limit_s: float, code: str
) -> None:
    stream, form = form_of(data / "toshiba_small_transfer_syntaxes" / "MR_small_RLE.dcm")
    decoder = DecoderProcess(limit_s, target)
    with pytest.raises(BadDicom) as caught:
        decoder.decode(stream, form)
    assert caught.value.code == code
    assert decoder.pid is None
    decoder.stop()


def test_that_a_decoder_killed_between_pictures_is_replaced(data: Path) -> None:
    path = data / "toshiba_small_transfer_syntaxes" / "MR_small_RLE.dcm"
    stream, form = form_of(path)
    decoder = DecoderProcess()
    try:
        first = decoder.decode(stream, form)
        killed = decoder.pid
        assert killed is not None
        os.kill(killed, getattr(signal, "SIGKILL", signal.SIGTERM))
        assert np.array_equal(decoder.decode(stream, form), first)
        assert decoder.pid != killed
    finally:
        decoder.stop()
    assert decoder.pid is None


def test_that_the_size_is_read_from_the_codestream_itself(tmp_path: Path) -> None:
    expected = PixelFormat(JPEG_2000, 48, 40, 1, "MONOCHROME2", 16, 16, False)
    path = encoded(written(tmp_path, ONE[0]), JPEG_2000)
    reader = DicomPixels(str(path), None)
    stream = reader._codestream(0)
    reader.close()
    check_codestream(stream, expected)
    for wrong in (
        PixelFormat(JPEG_2000, 40, 48, 1, "MONOCHROME2", 16, 16, False),
        PixelFormat(JPEG_2000, 48, 40, 3, "RGB", 16, 16, False),
        PixelFormat(JPEG_2000, 48, 40, 1, "MONOCHROME2", 8, 8, False),
    ):
        with pytest.raises(BadDicom) as caught:
            check_codestream(stream, wrong)
        assert caught.value.code == "SIZE_MISMATCH"


def test_that_another_picture_in_the_file_is_not_taken_for_the_old_one(tmp_path: Path) -> None:
    path = written(tmp_path, ONE[0])
    reader = DicomPixels(str(path), None)
    with pytest.raises(BadDicom) as caught:
        reader.read(FrameInfo(path=str(path), sop_uid="1.2.3"))
    assert caught.value.code == "CHANGED"
    reader.close()
