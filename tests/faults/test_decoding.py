"""Faults 27 to 42: pictures that are cut, damaged, too large or of a kind that nobody decodes."""

from __future__ import annotations

import io
import signal
import struct
import threading
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pydicom
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import generate_fragments

from brainsr_desktop.core.errors import Problem
from tests import phantom
from tests.faults.kit import ONE, Onlooker, Spoil

BAD = "bad/IM0001.dcm"
RLE = "1.2.840.10008.1.2.5"
JPEG_LS = "1.2.840.10008.1.2.4.80"
JPEG_2000 = "1.2.840.10008.1.2.4.90"
BASELINE = "1.2.840.10008.1.2.4.50"
ITEM = struct.Struct("<HHI")


def packed(path: Path, syntax: str, **elements: Any) -> bytes:
    """Compress a file in place, then change elements; its codestream."""
    dataset = pydicom.dcmread(path)
    dataset.compress(syntax, generate_instance_uid=False)
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.save_as(path)
    return next(generate_fragments(dataset.PixelData[8 + 4 :]))


def test_that_one_missing_byte_is_padded_and_more_show_the_rows_that_are_there(spoiled: Spoil) -> None:
    seen = spoiled(raw=lambda data, _: data[:-1])
    assert seen.problems == () and np.array_equal(seen.shown, ONE)
    seen = spoiled(raw=lambda data, _: data[:-1000])
    told, loading = seen.problems
    done = "The rows that are there are shown."
    assert told == Problem(
        BAD, "TRUNCATED_PIXELS", "The file ends 1000 bytes before its pixel data do.", done
    )
    assert (loading.code, loading.done) == ("TRUNCATED_PIXELS", done)
    assert loading.reason == "The file ends early: 35 of 48 rows can be read."
    assert loading.path.endswith(BAD)
    assert np.array_equal(seen.shown[0, :35], ONE[0, :35]) and not seen.shown[0, 36:].any()


JUNK = {
    "no fragment": (b"", "The file has no compressed picture."),
    "noise": (
        np.random.default_rng(3).bytes(400),
        "The compressed picture is damaged at its beginning.",
    ),
}


@pytest.mark.parametrize("syntax", [JPEG_LS, JPEG_2000, BASELINE])
@pytest.mark.parametrize("junk", JUNK)
def test_that_a_slice_without_a_usable_codestream_leaves_the_others(
    onlooker: Onlooker, opened: Path, syntax: str, junk: str
) -> None:
    eight_bit = (phantom.head(slices=3) // 5).astype(np.uint8)
    paths = phantom.classic(opened / "bad", pixels=eight_bit)
    dataset = pydicom.dcmread(paths[1])
    stream, sentence = JUNK[junk]
    phantom.compressed(dataset, [stream] if stream else [])
    phantom.save(dataset, paths[1], syntax)
    seen = onlooker.look(opened)
    assert seen.problem == Problem(str(paths[1]), "DECODE_FAILED", sentence)
    assert list(seen.told[seen.stack.id]) == [1]
    assert np.array_equal(seen.shown[::2], eight_bit[::2]) and not seen.shown[1].any()


@pytest.mark.parametrize("syntax", [JPEG_LS, JPEG_2000])
def test_that_half_a_codestream_is_told(onlooker: Onlooker, opened: Path, syntax: str) -> None:
    (path,) = phantom.classic(opened / "bad", pixels=ONE)
    stream = packed(path, syntax)
    dataset = pydicom.dcmread(path)
    phantom.compressed(dataset, [stream[: len(stream) // 2]])
    phantom.save(dataset, path, syntax)
    seen = onlooker.look(opened)
    assert seen.problem.code == "DECODE_FAILED"
    assert seen.problem.reason in ("The compressed picture is damaged.", "The compressed picture is cut.")
    assert not seen.shown.any()


@pytest.mark.parametrize("variant", ["wrong table", "split in three", "no delimiter"])
def test_that_odd_encapsulation_is_read(onlooker: Onlooker, opened: Path, variant: str) -> None:
    (path,) = phantom.classic(opened / "bad", pixels=ONE)
    stream = packed(path, RLE)
    third = len(stream) // 6 * 2
    parts = [stream]
    table = b""
    if variant == "split in three":
        parts = [stream[:third], stream[third : 2 * third], stream[2 * third :]]
    if variant == "wrong table":
        table = struct.pack("<I", 999)
    value = ITEM.pack(0xFFFE, 0xE000, len(table)) + table
    value += b"".join(ITEM.pack(0xFFFE, 0xE000, len(part)) + part for part in parts)
    content = path.read_bytes()
    start = content.index(b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff") + 12
    end = b"" if variant == "no delimiter" else ITEM.pack(0xFFFE, 0xE0DD, 0)
    path.write_bytes(content[:start] + value + end)
    seen = onlooker.look(opened)
    assert seen.problems == () and np.array_equal(seen.shown, ONE)


@pytest.mark.parametrize("syntax", [JPEG_LS, JPEG_2000])
def test_that_a_codestream_of_another_size_is_not_shown(
    onlooker: Onlooker, opened: Path, syntax: str
) -> None:
    (path,) = phantom.classic(opened / "bad", pixels=ONE)
    packed(path, syntax, Rows=128)
    seen = onlooker.look(opened)
    assert seen.problem == Problem(
        str(path),
        "SIZE_MISMATCH",
        "The compressed picture is 48 x 40 x 1, the file says 128 x 40 x 1.",
    )
    assert not seen.shown.any()


def test_that_rle_planes_that_do_not_fit_are_not_shown(onlooker: Onlooker, opened: Path) -> None:
    (path,) = phantom.classic(opened / "bad", pixels=ONE)
    packed(path, RLE, BitsAllocated=8, BitsStored=8, HighBit=7)
    seen = onlooker.look(opened)
    assert seen.problem.code == "SIZE_MISMATCH"
    assert seen.problem.reason == "The compressed picture has 2 planes, the file says 1."
    assert not seen.shown.any()


@pytest.mark.parametrize(
    ("keyword", "value", "sentence"),
    [
        ("Rows", 65_535, "A picture of 65535 x 40 is more than the program reads."),
        ("Columns", 65_535, "A picture of 48 x 65535 is more than the program reads."),
        ("NumberOfFrames", 1_000_000, "1000000 pictures of 48 x 40 are more than the program reads."),
    ],
)
def test_that_huge_sizes_are_refused_before_anything_is_allocated(
    spoiled: Spoil, keyword: str, value: int, sentence: str
) -> None:
    seen = spoiled(edit=phantom.with_value(keyword, value))
    assert seen.problem == Problem(BAD, "TOO_LARGE", sentence)
    assert seen.stacks == ()


def test_that_a_codestream_that_claims_a_huge_picture_never_reaches_a_decoder(
    onlooker: Onlooker, opened: Path
) -> None:
    (path,) = phantom.classic(opened / "bad", pixels=ONE)
    packed(path, JPEG_2000)
    content = bytearray(path.read_bytes())
    start = content.index(b"\xff\x4f\xff\x51")
    content[start + 8 : start + 16] = struct.pack(">II", 60_000, 60_000)
    path.write_bytes(content)
    seen = onlooker.look(opened)
    assert seen.problem == Problem(
        str(path), "TOO_LARGE", "A picture of 60000 x 60000 is more than the program reads."
    )
    assert not seen.shown.any()


def test_that_a_deflated_bomb_is_stopped(spoiled: Spoil) -> None:
    def bomb(data: bytes, number: int) -> bytes:
        data = phantom.with_bytes(0x00020010, b"1.2.840.10008.1.2.1.99\0\0")(data, number)
        start = data.index(b"\x08\x00\x05\x00CS")
        packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
        body = data[start:] + b"\xfc\xff\xfc\xffOB\0\0" + struct.pack("<I", 80_000_000)
        return data[:start] + packer.compress(body + bytes(80_000_000)) + packer.flush()

    seen = spoiled(raw=bomb)
    assert seen.problem == Problem(
        BAD, "TOO_LARGE", "The deflated data set grows beyond every reasonable size."
    )


def test_that_a_run_length_bomb_is_no_picture(onlooker: Onlooker, opened: Path) -> None:
    (path,) = phantom.classic(opened / "bad", pixels=ONE)
    packed(path, RLE)
    run = b"\x81\x00" * 400_000
    header = struct.pack("<16I", 2, 64, 64 + len(run), *[0] * 13)
    dataset = pydicom.dcmread(path)
    phantom.compressed(dataset, [header + run + run])
    phantom.save(dataset, path, RLE)
    seen = onlooker.look(opened)
    assert seen.problem == Problem(
        str(path), "TOO_LARGE", "The compressed picture is longer than any picture of its size can be."
    )
    assert not seen.shown.any()


@pytest.mark.parametrize(
    ("syntax", "name"),
    [
        ("1.2.840.10008.1.2.4.100", "MPEG2 Main Profile / Main Level"),
        ("1.2.840.10008.1.2.4.94", "JPIP Referenced"),
        ("1.2.3.4.5", "1.2.3.4.5"),
    ],
)
def test_that_an_encoding_nobody_decodes_is_named(spoiled: Spoil, syntax: str, name: str) -> None:
    def claim(data: bytes, number: int) -> bytes:
        return phantom.with_bytes(0x00020010, syntax.encode() + b"\0" * (len(syntax) % 2))(data, number)

    seen = spoiled(raw=claim)
    assert seen.problem == Problem(BAD, "UNSUPPORTED_SYNTAX", f"There is no decoder for {name}.")


def test_that_packed_bits_are_refused_and_single_bits_shown(onlooker: Onlooker, opened: Path) -> None:
    (path,) = phantom.classic(opened / "bad", pixels=ONE, edit=phantom.with_value("BitsAllocated", 12))
    assert onlooker.look(opened).problem == Problem(
        BAD, "UNSUPPORTED_BITS", "12 bits a value cannot be read."
    )
    bits = np.random.default_rng(3).integers(0, 2, (48, 40), dtype=np.uint8)

    def edit(dataset: Dataset, _: int) -> None:
        dataset.BitsAllocated = dataset.BitsStored = 1
        dataset.HighBit = 0
        dataset.PixelData = np.packbits(bits.ravel(), bitorder="little").tobytes()
        dataset["PixelData"].VR = "OB"

    path.unlink()
    phantom.classic(opened / "bad", pixels=ONE, edit=edit)
    seen = onlooker.look(opened)
    assert np.array_equal(seen.shown[0], bits) and seen.problems == ()
    assert seen.stack.why_not == "only 1 bit a pixel"


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "uint32", "int32"])
def test_that_values_of_every_width_are_shown_right(onlooker: Onlooker, opened: Path, dtype: str) -> None:
    limits = np.iinfo(dtype)
    values = np.random.default_rng(1).integers(limits.min, limits.max, (1, 48, 40), dtype, endpoint=True)
    phantom.classic(opened / "bad", pixels=values)
    seen = onlooker.look(opened)
    assert seen.problems == () and seen.stack.supported
    assert seen.shown.dtype == values.dtype and np.array_equal(seen.shown, values)


def test_that_floating_point_pixels_are_shown_right_and_enhanced(spoiled: Spoil) -> None:
    values = np.random.default_rng(2).normal(size=(48, 40)).astype(np.float32)

    def edit(dataset: Dataset, _: int) -> None:
        for name in ("PixelData", "BitsStored", "HighBit", "PixelRepresentation"):
            del dataset[name]
        dataset.BitsAllocated = 32
        dataset.FloatPixelData = values.tobytes()

    seen = spoiled(edit=edit)
    assert seen.problems == () and seen.stack.supported
    assert np.array_equal(seen.shown[0], values)


@pytest.mark.parametrize("planar", [0, 1])
def test_that_colour_is_shown_and_not_enhanced(onlooker: Onlooker, opened: Path, planar: int) -> None:
    colour = np.random.default_rng(4).integers(0, 256, (1, 48, 40, 3), np.uint8)

    def edit(dataset: Dataset, _: int) -> None:
        dataset.PlanarConfiguration = planar
        if planar:
            dataset.PixelData = np.moveaxis(colour[0], -1, 0).tobytes()

    phantom.classic(opened / "bad", pixels=colour, edit=edit)
    seen = onlooker.look(opened)
    assert np.array_equal(seen.shown, colour) and seen.problems == ()
    assert seen.stack.why_not == "colour image"


def test_that_a_palette_is_shown_in_its_colours(onlooker: Onlooker, opened: Path) -> None:
    indices = (phantom.head(slices=1) // 5).astype(np.uint8)
    tables = np.random.default_rng(6).integers(0, 65_536, (3, 256)).astype(np.uint16)

    def edit(dataset: Dataset, _: int) -> None:
        dataset.PhotometricInterpretation = "PALETTE COLOR"
        for colour, table in zip(("Red", "Green", "Blue"), tables, strict=True):
            setattr(dataset, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
            setattr(dataset, f"{colour}PaletteColorLookupTableData", table.tobytes())

    phantom.classic(opened / "bad", pixels=indices, edit=edit)
    seen = onlooker.look(opened)
    assert np.array_equal(seen.shown, np.moveaxis(tables[:, indices] >> 8, 0, -1))
    assert seen.stack.why_not == "colour image"


def test_that_a_picture_stored_inverted_keeps_its_numbers(spoiled: Spoil) -> None:
    seen = spoiled(edit=phantom.with_value("PhotometricInterpretation", "MONOCHROME1"))
    assert np.array_equal(seen.shown, ONE) and seen.stack.supported
    assert seen.stack.photometric == "MONOCHROME1" and seen.problems == ()


def stored_in_12_bits(high_bit: int) -> Any:
    """An edit: values of 12 bits, said to end at that bit."""

    def edit(dataset: Dataset, _: int) -> None:
        dataset.BitsStored, dataset.HighBit = 12, high_bit

    return edit


def test_that_bits_above_those_stored_are_masked_but_not_with_an_odd_high_bit(spoiled: Spoil) -> None:
    overlaid = ((ONE % 4096) | 0x8000).astype(np.uint16)
    seen = spoiled(pixels=overlaid, edit=stored_in_12_bits(11))
    assert np.array_equal(seen.shown, ONE % 4096) and seen.stack.supported and seen.problems == ()
    seen = spoiled(pixels=overlaid, edit=stored_in_12_bits(14))
    assert np.array_equal(seen.shown, overlaid)
    assert seen.problem == Problem(
        BAD, "BAD_VALUE", "HighBit is 14 where 11 belongs.", "Shown, not enhanced."
    )
    assert seen.stack.why_not == "unclear pixel values: HighBit is 14 where 11 belongs."


@pytest.mark.parametrize("stored", [0, 17])
def test_that_impossible_bits_stored_are_told(spoiled: Spoil, stored: int) -> None:
    seen = spoiled(edit=phantom.with_value("BitsStored", stored))
    assert seen.problem == Problem(BAD, "BAD_VALUE", f"BitsStored {stored} does not fit 16 bits allocated.")


@pytest.mark.parametrize("value", [b"0", b"nan", b"one"])
def test_that_a_useless_slope_is_one_and_marked(spoiled: Spoil, value: bytes) -> None:
    seen = spoiled(edit=phantom.with_value("RescaleSlope", 2.0), raw=phantom.with_bytes(0x00281053, value))
    assert seen.problem == Problem(
        BAD, "BAD_VALUE", "RescaleSlope holds no usable value.", "Treated as absent."
    )
    assert seen.stack.frames[0] is not None and seen.stack.frames[0].slope == 1.0
    assert np.array_equal(seen.shown, ONE)


@pytest.mark.parametrize("width", [0, -5])
def test_that_a_useless_window_is_left_to_the_program_and_marked(spoiled: Spoil, width: int) -> None:
    def edit(dataset: Dataset, _: int) -> None:
        dataset.WindowCenter, dataset.WindowWidth = 40, width

    seen = spoiled(edit=edit)
    assert seen.problem == Problem(
        BAD, "BAD_VALUE", "WindowWidth holds no usable value.", "Treated as absent."
    )
    assert seen.stack.frames[0] is not None and seen.stack.frames[0].window is None


@pytest.mark.parametrize("value", [0, 7])
def test_that_a_flat_slice_is_shown(spoiled: Spoil, value: int) -> None:
    seen = spoiled(pixels=np.full((1, 48, 40), value, np.uint16))
    assert seen.problems == () and seen.stack.supported and np.all(seen.shown == value)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_that_a_decoder_killed_in_the_middle_of_a_series_costs_no_slice_it_could_read(
    onlooker: Onlooker, opened: Path
) -> None:
    pixels = phantom.head(slices=40, rows=96, columns=80)
    for path in phantom.classic(opened / "bad", pixels=pixels):
        packed(path, JPEG_2000)
    onlooker.look(opened)  # the decoder is running now
    stop = threading.Event()
    killed: list[int] = []

    def kill_now_and_then() -> None:
        while not stop.wait(0.05) and len(killed) < 3:
            for decoder in psutil.Process(onlooker.pid).children():
                if decoder.pid not in killed:
                    killed.append(decoder.pid)
                    decoder.send_signal(signal.SIGKILL)

    killer = threading.Thread(target=kill_now_and_then)
    killer.start()
    try:
        seen = onlooker.look(opened)
    finally:
        stop.set()
        killer.join()
    assert killed
    crashed = set(seen.told[seen.stack.id])
    assert {problem.code for problem in seen.problems} <= {"DECODER_CRASH"}
    assert {problem.reason for problem in seen.problems} <= {
        "The decoder crashed on this picture.",
        "The decoder process did not start.",
    }
    assert all(np.array_equal(seen.shown[i], pixels[i]) for i in range(40) if i not in crashed)
    assert not onlooker.look(opened).problems


def jpeg(values: NDArray[np.uint8]) -> bytes:
    """A baseline codestream."""
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.mark.parametrize("syntax", [BASELINE, JPEG_LS, JPEG_2000, RLE])
def test_that_seeded_damage_costs_pictures_and_nothing_else(
    onlooker: Onlooker, opened: Path, syntax: str
) -> None:
    """150 damaged codestreams of each kind in a series of their own: 600 in all."""
    values = (ONE[0] // 5).astype(np.uint8)
    (path,) = phantom.classic(opened / "bad", pixels=values[None])
    stream = jpeg(values) if syntax == BASELINE else packed(path, syntax)
    path.unlink()
    generator = np.random.default_rng(100 + len(syntax))
    for number in range(150):
        damaged = bytearray(stream)
        for position in generator.integers(2, len(stream), generator.integers(1, 12)):
            damaged[position] = generator.integers(0, 256)
        if generator.random() < 0.2:
            del damaged[int(generator.integers(len(stream) // 4, len(stream))) :]
        dataset = phantom.slice_dataset(values, number=number + 1)
        dataset.PixelSpacing, dataset.ImageOrientationPatient = [1, 1], list(phantom.AXIAL)
        dataset.ImagePositionPatient = [0, 0, 4 * number]
        phantom.compressed(dataset, [bytes(damaged)])
        phantom.save(dataset, opened / "bad" / f"{number:03}.dcm", syntax)
    seen = onlooker.look(opened)
    assert seen.stack.slices == 150 and seen.summary.used == 153
    assert seen.problems
    assert set(seen.codes) <= {
        "DECODE_FAILED",
        "SIZE_MISMATCH",
        "TOO_LARGE",
        "DECODER_CRASH",
        "DECODE_TIMEOUT",
    }
