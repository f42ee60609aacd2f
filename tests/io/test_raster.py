"""PNG, JPEG and TIFF as stacks without a place in the patient (fault 63)."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from brainsr_desktop.core.errors import Problem
from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io.load import load_stack
from brainsr_desktop.io.raster_write import write_png, write_tiff
from brainsr_desktop.io.scan import scan_all
from tests import phantom


def loaded(path: Path) -> tuple[StackInfo, NDArray[Any], tuple[Problem, ...]]:
    """The one stack of a path and its pixels."""
    (stack,) = [stack for series in scan_all([str(path)])[0] for stack in series.stacks]
    out = np.zeros(stack.shape, stack.dtype)
    return stack, out, load_stack(stack, out)[1]


def codes(path: Path) -> list[str]:
    """Reason codes of what a scan left out."""
    return [problem.code for problem in scan_all([str(path)])[1].skipped]


def test_that_pngs_are_a_stack_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    phantom.png_stack(tmp_path)
    stack, pixels, problems = loaded(tmp_path)
    assert np.array_equal(pixels, phantom.head(slices=12))
    assert stack.kind == "png" and stack.dtype == "uint16" and problems == ()
    assert not stack.has_position and not stack.has_spacing
    assert stack.order_note == "order from file names" and stack.badges == ("no DICOM",)
    assert stack.supported and stack.files == 12


def test_that_pngs_of_two_sizes_and_folders_are_apart(tmp_path: Path) -> None:
    phantom.png_stack(tmp_path / "a", phantom.head(slices=2))
    phantom.png_stack(tmp_path / "b", phantom.head(slices=3))
    phantom.png_stack(tmp_path / "b" / "c", phantom.head(slices=1, rows=60))
    series, summary = scan_all([str(tmp_path)])
    assert sorted(one.stacks[0].slices for one in series) == [1, 2, 3]
    assert summary.used == 6


@pytest.mark.parametrize(
    ("mode", "samples", "dtype"),
    [
        *(("L", 1, "uint8"), ("LA", 1, "uint8"), ("I;16", 1, "uint16"), ("1", 1, "uint8")),
        *(("RGB", 3, "uint8"), ("RGBA", 3, "uint8"), ("P", 3, "uint8")),
    ],
)
def test_that_every_kind_of_png_is_shown_and_colour_not_enhanced(
    tmp_path: Path, mode: str, samples: int, dtype: str
) -> None:
    values = np.random.default_rng(8).integers(0, 256, (40, 36, 3), np.uint8)
    if mode == "I;16":
        picture = Image.fromarray(values[..., 0].astype(np.uint16) * 200)
    else:
        picture = Image.fromarray(values[..., 0] if mode in ("L", "1") else values).convert(mode)
        if "A" in mode:
            picture.putalpha(100)
    picture.save(tmp_path / "x.png")
    stack, pixels, problems = loaded(tmp_path)
    assert (stack.samples, stack.dtype, problems) == (samples, dtype, ())
    expected = picture.convert("RGB") if samples == 3 else picture.convert("L") if mode == "LA" else picture
    assert np.array_equal(pixels[0], np.asarray(expected).astype(dtype))
    assert stack.supported is (samples == 1 and mode != "1")


def test_that_a_png_larger_than_the_program_reads_is_refused_by_its_header(tmp_path: Path) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 40_000, 40_000, 16, 0, 0, 0, 0))
    (tmp_path / "huge.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", b"x") + chunk(b"IEND", b"")
    )
    assert codes(tmp_path) == ["TOO_LARGE"]


def test_that_damaged_pictures_are_told(tmp_path: Path) -> None:
    paths = phantom.png_stack(tmp_path, phantom.head(slices=3))
    content = paths[1].read_bytes()
    stack, _, _ = loaded(tmp_path)
    paths[1].write_bytes(content[: len(content) // 2])
    out = np.zeros(stack.shape, stack.dtype)
    assert [problem.code for problem in load_stack(stack, out)[1]] == ["DECODE_FAILED"]
    assert np.array_equal(out[2], phantom.head(slices=3)[2])
    paths[2].write_bytes(content[:20])
    (tmp_path / "x.tif").write_bytes(b"II*\0" + bytes(range(60)))
    assert codes(tmp_path) == ["BAD_HEADER", "BAD_HEADER"]


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_that_tiff_pages_are_slices(tmp_path: Path, dtype: str, compression: str | None) -> None:
    values = (phantom.head() % 200).astype(dtype)
    tifffile.imwrite(tmp_path / "x.tif", values, compression=compression, photometric="minisblack")
    stack, pixels, problems = loaded(tmp_path)
    assert stack.kind == "tiff" and stack.dtype == dtype and problems == ()
    assert np.array_equal(pixels, values)
    assert not stack.has_spacing


def test_that_imagej_says_size_and_volumes(tmp_path: Path) -> None:
    values = np.stack([phantom.head(), phantom.head() + 1])
    tifffile.imwrite(
        tmp_path / "x.tif",
        values,
        imagej=True,
        resolution=(1 / 0.8, 1 / 0.5),
        metadata={"axes": "TZYX", "unit": "mm", "spacing": 3.0},
    )
    stack, pixels, _ = loaded(tmp_path)
    assert (stack.slices, stack.volumes) == (6, 2)
    assert stack.has_spacing and stack.geometry.spacing_mm == pytest.approx((0.5, 0.8))
    assert stack.thickness_mm == pytest.approx(3.0)
    assert np.array_equal(pixels, values.reshape(12, 48, 40))


def test_that_dots_per_inch_are_no_scale(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "x.tif", phantom.head(), resolution=(72, 72), resolutionunit="INCH")
    assert not loaded(tmp_path)[0].has_spacing
    tifffile.imwrite(tmp_path / "x.tif", phantom.head(), resolution=(10, 20), resolutionunit="CENTIMETER")
    assert loaded(tmp_path)[0].geometry.spacing_mm == pytest.approx((0.5, 1.0))


def test_that_colour_tiffs_are_for_viewing(tmp_path: Path) -> None:
    colour = np.random.default_rng(9).integers(0, 256, (40, 36, 3), np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", colour, photometric="rgb")
    stack, pixels, _ = loaded(tmp_path / "a.tif")
    assert stack.why_not == "colour image" and np.array_equal(pixels[0], colour)
    planes = np.moveaxis(colour, -1, 0)
    tifffile.imwrite(tmp_path / "b.tif", planes, photometric="rgb", planarconfig="separate")
    assert np.array_equal(loaded(tmp_path / "b.tif")[1][0], colour)


def test_that_single_page_tiffs_are_a_stack(tmp_path: Path) -> None:
    for number, picture in enumerate(phantom.head(slices=11)):
        tifffile.imwrite(tmp_path / f"s{number}.tif", picture)
    assert np.array_equal(loaded(tmp_path)[1], phantom.head(slices=11))


def test_that_our_own_pictures_come_back_with_their_values(tmp_path: Path) -> None:
    signed = phantom.head().astype(np.int16) - 500
    for number, picture in enumerate(signed):
        with (tmp_path / f"IM{number:05}.png").open("wb") as file:
            write_png(file, picture, {})
    stack, pixels, _ = loaded(tmp_path)
    frame = stack.frames[0]
    assert frame is not None and frame.intercept == -32768
    assert np.array_equal(pixels.astype(int) + frame.intercept, signed)
    with (tmp_path / "x.tif").open("wb") as file:
        write_tiff(file, iter(signed), (1, 6, 48, 40), "int16", (4.0, 1.5, 1.25), {})
    stack, pixels, _ = loaded(tmp_path / "x.tif")
    assert np.array_equal(pixels, signed) and stack.geometry.spacing_mm == pytest.approx((1.5, 1.25))


def save_jpeg(path: Path, pixels: NDArray[Any], mode: str = "L") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).convert(mode).save(path, "JPEG", quality=95)


def test_that_jpegs_are_grey_stacks(tmp_path: Path) -> None:
    head = (phantom.head(slices=11) // 5).astype(np.uint8)
    for number, picture in enumerate(head):
        save_jpeg(tmp_path / f"s{number}.jpeg", picture)
    stack, pixels, problems = loaded(tmp_path)
    assert (stack.kind, stack.dtype, stack.samples, stack.slices, problems) == ("jpeg", "uint8", 1, 11, ())
    assert stack.supported and stack.problems == ()
    for number, picture in enumerate(pixels):
        np.testing.assert_array_equal(picture, np.asarray(Image.open(tmp_path / f"s{number}.jpeg")))
    assert np.abs(pixels.astype(int) - head).mean() < 3


@pytest.mark.parametrize("mode", ["RGB", "CMYK"])
def test_that_colour_in_a_jpeg_becomes_its_brightness_and_is_told(tmp_path: Path, mode: str) -> None:
    grey = (phantom.head(slices=1)[0] // 5).astype(np.uint8)
    save_jpeg(tmp_path / "x.jpg", grey, mode)
    stack, pixels, _ = loaded(tmp_path)
    assert np.abs(pixels[0].astype(int) - grey).mean() < 3
    assert [problem.code for problem in stack.problems] == ["COLOUR"] and stack.supported


def test_that_slices_of_many_people_in_one_folder_are_told_apart_by_their_names(tmp_path: Path) -> None:
    """The layout of the ADNI study: AD/218391_78.jpeg."""
    grey = (phantom.head(slices=1)[0] // 5).astype(np.uint8)
    for folder, person, number in (("AD", 218391, 9), ("AD", 218391, 10), ("AD", 36573, 9), ("NC", 7, 1)):
        save_jpeg(tmp_path / folder / f"{person}_{number}.jpeg", grey + person % 7)
    found = {s.stacks[0].description: s.stacks[0] for s in scan_all([str(tmp_path)])[0]}
    assert {name: stack.slices for name, stack in found.items()} == {
        "AD 218391": 2,
        "AD 36573": 1,
        "7_1.jpeg": 1,
    }
    frames = [frame for frame in found["AD 218391"].frames if frame is not None]
    assert [Path(frame.path).stem for frame in frames] == ["218391_9", "218391_10"]


def test_that_names_that_all_stand_alone_stay_together(tmp_path: Path) -> None:
    for name in ("top1", "middle2", "bottom3"):
        phantom.png_stack(tmp_path / "x", phantom.head(slices=1))[0].rename(tmp_path / f"{name}.png")
    assert loaded(tmp_path)[0].slices == 3


def test_that_a_jpeg_named_as_something_else_is_no_image(tmp_path: Path) -> None:
    save_jpeg(tmp_path / "x.dcm", np.zeros((40, 40), np.uint8))
    assert codes(tmp_path) == ["NOT_DICOM"]


def test_that_damaged_jpegs_are_told(tmp_path: Path) -> None:
    noise = np.random.default_rng(2).integers(0, 255, (64, 64), np.uint8)
    save_jpeg(tmp_path / "a.jpg", noise)
    content = (tmp_path / "a.jpg").read_bytes()
    stack, _, _ = loaded(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").write_bytes(content[:-1000])
    out = np.zeros(stack.shape, stack.dtype)
    assert [problem.code for problem in load_stack(stack, out)[1]] == ["DECODE_FAILED"]
    (tmp_path / "a.jpg").write_bytes(content[:30])
    assert codes(tmp_path) == ["BAD_HEADER"]
    start = content.index(b"\xff\xc0") + 5
    (tmp_path / "a.jpg").write_bytes(content[:start] + b"\xff\xff\xff\xff" + content[start + 4 :])
    assert codes(tmp_path) == ["TOO_LARGE"]
