"""Faults 56 to 63: NIfTI files and pictures that are cut, damaged or of an odd kind."""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import tifffile
from PIL import Image

from brainsr_desktop.core.errors import Problem
from tests import phantom
from tests.faults.kit import Onlooker, Seen
from tests.io.test_nifti import RAS, ras_head

library: Any = nibabel
NAME = "x.nii"


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize(
    ("keep", "sentence"),
    [(200, "inside its header"), (2000, ""), (0.9, "")],
    ids=["in the header", "early", "late"],
)
def test_that_a_cut_nifti_is_told(
    onlooker: Onlooker, opened: Path, compressed: bool, keep: float, sentence: str
) -> None:
    noise = np.random.default_rng(5).integers(0, 60_000, (40, 48, 6), dtype=np.uint16)
    path = phantom.nifti(opened / (NAME + ".gz" * compressed), noise, RAS)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep) if keep < 1 else int(keep)])
    seen = onlooker.look(opened)
    assert set(seen.codes) == {"TRUNCATED"}
    assert sentence in seen.problems[0].reason
    assert all("The file ends" in p.reason or "The compressed file" in p.reason for p in seen.problems)
    assert all(not seen.pixels[stack.id].any() for stack in seen.stacks)


def test_that_one_flipped_byte_of_a_compressed_nifti_is_found(onlooker: Onlooker, opened: Path) -> None:
    path = phantom.nifti(opened / "x.nii.gz", ras_head(), RAS)
    damaged = bytearray(gzip.compress(gzip.decompress(path.read_bytes()), compresslevel=0))
    damaged[len(damaged) // 2] ^= 0x10
    path.write_bytes(damaged)
    seen = onlooker.look(opened)
    assert seen.problem == Problem(str(path), "CORRUPT", "The compressed file is damaged.")
    assert not seen.shown.any()


def test_that_dimensions_are_slices_and_volumes_or_refused(onlooker: Onlooker, opened: Path) -> None:
    four = np.stack([ras_head(), ras_head() + 1], axis=-1)
    phantom.nifti(opened / NAME, four, RAS)
    seen = onlooker.look(opened)
    assert (seen.stack.slices, seen.stack.volumes, seen.problems) == (6, 2, ())
    assert np.array_equal(seen.shown[6:], phantom.head() + 1)
    phantom.nifti(opened / NAME, np.stack([four, four], axis=-1), RAS)
    assert onlooker.look(opened).problem == Problem(
        NAME, "UNSUPPORTED_DIMS", "It has more than four dimensions."
    )
    phantom.nifti(opened / NAME, ras_head()[:, :, 2], RAS)
    seen = onlooker.look(opened)
    assert np.array_equal(seen.shown, phantom.head()[2:3]) and seen.problems == ()


def test_that_complex_values_are_shown_as_magnitude_and_marked(onlooker: Onlooker, opened: Path) -> None:
    phantom.nifti(opened / NAME, ras_head() * np.complex64(0.6 + 0.8j), RAS)
    seen = onlooker.look(opened)
    assert seen.problem == Problem(NAME, "COMPLEX", "Its values are complex.", "The magnitude is shown.")
    assert np.allclose(seen.shown, phantom.head(), rtol=1e-5)


def test_that_a_coloured_nifti_is_for_viewing(onlooker: Onlooker, opened: Path) -> None:
    colour = np.zeros((40, 48, 6), np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")]))
    colour["R"] = ras_head() % 256
    phantom.nifti(opened / NAME, colour, RAS)
    seen = onlooker.look(opened)
    assert seen.stack.why_not == "colour image" and seen.problems == ()
    assert np.array_equal(seen.shown[..., 0], phantom.head() % 256)


def test_that_values_that_are_no_numbers_stay_so(onlooker: Onlooker, opened: Path) -> None:
    values = ras_head().astype(np.float32)
    values[3, 4, 2], values[5, 4, 2] = np.nan, np.inf
    phantom.nifti(opened / NAME, values, RAS)
    seen = onlooker.look(opened)
    assert np.isnan(seen.shown).sum() == 1 and np.isinf(seen.shown).sum() == 1
    phantom.nifti(opened / NAME, np.full_like(values, np.nan), RAS)
    assert np.isnan(onlooker.look(opened).shown).all()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"sform_code": 0, "qform_code": 0}, "It does not say how the picture lies in the patient."),
        (
            {"srow_x": [0, 0, 0, 0], "srow_y": [0] * 4, "srow_z": [0] * 4},
            "Its orientation matrix is not usable.",
        ),
        ({"srow_x": [np.nan, 0, 0, 0]}, "Its orientation matrix is not usable."),
        ({"srow_x": [1, 0.5, 0, 0]}, "Its axes are not at right angles."),
    ],
)
def test_that_a_useless_orientation_is_told_and_not_guessed(
    onlooker: Onlooker, opened: Path, fields: dict[str, Any], sentence: str
) -> None:
    phantom.nifti(opened / NAME, ras_head(), RAS, **fields)
    seen = onlooker.look(opened)
    assert seen.problem == Problem(
        NAME, "NO_ORIENTATION", sentence, "Shown as stored, without a place in the patient."
    )
    assert not seen.stack.has_position and seen.stack.geometry.spacing_mm == pytest.approx((1.5, 1.25))
    assert sorted(seen.shown.ravel()) == sorted(phantom.head().ravel())


@pytest.mark.parametrize(
    ("fields", "code", "sentence"),
    [
        ({"dim": [3, -40, 48, 6, 1, 1, 1, 1]}, "BAD_HEADER", "Its header holds impossible sizes."),
        (
            {"dim": [3, 32_000, 32_000, 32_000, 1, 1, 1, 1]},
            "TOO_LARGE",
            "32000 x 32000 x 32000 is more than the program reads.",
        ),
        ({"vox_offset": np.nan}, "BAD_HEADER", "Its header holds impossible values."),
    ],
)
def test_that_an_impossible_header_is_refused_before_anything_is_allocated(
    onlooker: Onlooker, opened: Path, fields: dict[str, Any], code: str, sentence: str
) -> None:
    phantom.nifti(opened / NAME, ras_head(), RAS, **fields)
    seen = onlooker.look(opened)
    assert seen.problem == Problem(NAME, code, sentence) and seen.stacks == ()


def test_that_wide_integers_and_oblique_files_are_read(onlooker: Onlooker, opened: Path) -> None:
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]]
    wide = library.Nifti1Image(ras_head().astype(np.int64) + 2**40, turn @ RAS, dtype="int64")
    library.save(wide, opened / NAME)
    seen = onlooker.look(opened)
    assert np.array_equal(seen.shown, phantom.head().astype(np.int64) + 2**40) and seen.problems == ()
    assert np.allclose(np.abs(seen.stack.geometry.row_direction), (np.cos(0.3), np.sin(0.3), 0), atol=1e-6)


def test_that_half_a_pair_is_told(onlooker: Onlooker, opened: Path) -> None:
    library.save(library.Nifti1Pair(ras_head(), RAS), opened / "pair.img")
    assert np.array_equal(onlooker.look(opened).shown, phantom.head())
    header = (opened / "pair.hdr").read_bytes()
    (opened / "pair.hdr").unlink()
    assert onlooker.look(opened).problem == Problem(
        "pair.img", "NO_PAIR", "An .img file without its .hdr file."
    )
    (opened / "pair.img").unlink()
    (opened / "pair.hdr").write_bytes(header)
    assert onlooker.look(opened).problem == Problem(
        "pair.hdr", "NO_PAIR", "A .hdr file without its .img file."
    )


def pictured(onlooker: Onlooker, opened: Path, picture: Image.Image, **options: Any) -> Seen:
    """A PNG that is looked at."""
    picture.save(opened / "x.png", **options)
    return onlooker.look(opened)


def test_that_pictures_of_every_kind_are_a_stack_without_a_place(onlooker: Onlooker, opened: Path) -> None:
    wide = phantom.head(slices=1)[0]
    eight = (wide // 5).astype(np.uint8)
    seen = pictured(onlooker, opened, Image.fromarray(wide))
    assert np.array_equal(seen.shown[0], wide)
    assert not seen.stack.has_position and not seen.stack.has_spacing and seen.stack.supported
    assert np.array_equal(pictured(onlooker, opened, Image.fromarray(eight)).shown[0], eight)
    with_alpha = Image.merge("LA", [Image.fromarray(eight), Image.new("L", eight.shape[::-1], 90)])
    seen = pictured(onlooker, opened, with_alpha)
    assert np.array_equal(seen.shown[0], eight) and seen.problems == ()
    assert np.array_equal(onlooker.look(opened).shown[0], eight)
    (opened / "x.png").write_bytes(interlaced(eight))
    assert np.array_equal(onlooker.look(opened).shown[0], eight)
    (opened / "x.png").unlink()
    tifffile.imwrite(opened / "x.tif", phantom.head(), photometric="minisblack")
    assert np.array_equal(onlooker.look(opened).shown, phantom.head())


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG file (ISO 15948, 5.3)."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def interlaced(values: np.ndarray[Any, Any]) -> bytes:
    """An 8-bit PNG in seven passes (ISO 15948, 8.2); no library here writes one."""
    passes = (
        (0, 0, 8, 8),
        (0, 4, 8, 8),
        (4, 0, 8, 4),
        (0, 2, 4, 4),
        (2, 0, 4, 2),
        (0, 1, 2, 2),
        (1, 0, 2, 1),
    )
    rows = b"".join(
        b"\0" + row.tobytes()
        for top, left, down, across in passes
        for row in values[top::down, left::across]
        if row.size
    )
    head = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 8, 0, 0, 0, 1)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_that_a_picture_larger_than_the_program_reads_is_refused_by_its_header(
    onlooker: Onlooker, opened: Path
) -> None:
    head = struct.pack(">IIBBBBB", 40_000, 40_000, 16, 0, 0, 0, 0)
    (opened / "x.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"x") + chunk(b"IEND", b"")
    )
    seen = onlooker.look(opened)
    assert seen.problem.path == "x.png" and seen.problem.code == "TOO_LARGE"
    assert seen.problem.reason in (
        "The picture is larger than the program reads.",
        "A picture of 40000 x 40000 is more than the program reads.",
    )


@pytest.mark.parametrize("ending", ["png", "tif", "jpeg"])
def test_that_a_cut_picture_is_told_and_its_neighbours_are_shown(
    onlooker: Onlooker, opened: Path, ending: str
) -> None:
    noise = np.random.default_rng(8).integers(0, 256, (3, 48, 40), dtype=np.uint8)
    for number, picture in enumerate(noise):
        Image.fromarray(picture).save(opened / f"s{number}.{ending}")
    whole = (opened / f"s1.{ending}").read_bytes()
    expected = onlooker.look(opened).shown
    (opened / f"s1.{ending}").write_bytes(whole[: len(whole) * 2 // 3])
    seen = onlooker.look(opened)
    assert set(seen.codes) <= {"DECODE_FAILED", "BAD_HEADER"}
    assert seen.problem.reason in ("The picture is damaged.", "The picture's header is damaged.")
    assert seen.problem.path.endswith(f"s1.{ending}")
    assert np.array_equal(seen.shown[0], expected[0]) and np.array_equal(seen.shown[-1], expected[2])
