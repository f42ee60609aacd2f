"""Mosaics and grids are taken apart to slices that lie where the maker's header says (fault 52)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainsr_desktop.core.series import StackInfo
from brainsr_desktop.io.load import load_stack
from brainsr_desktop.io.mosaic import csa_values, cut_tile
from brainsr_desktop.io.scan import scan_all
from tests import phantom


def one(path: Path) -> StackInfo:
    """The one stack of a path."""
    (stack,) = [stack for series in scan_all([str(path)])[0] for stack in series.stacks]
    return stack


def test_that_tiles_become_slices_at_their_places(tmp_path: Path) -> None:
    stack = one(phantom.mosaic(tmp_path / "m.dcm"))
    assert (stack.slices, stack.geometry.rows, stack.geometry.columns) == (6, 48, 40)
    assert np.allclose(stack.geometry.positions_mm, [(-30, -40, -20 + 4 * z) for z in range(6)])
    pixels = np.zeros(stack.shape, stack.dtype)
    assert load_stack(stack, pixels)[1] == ()
    assert np.array_equal(pixels, phantom.head())
    assert stack.supported


def test_that_the_slice_normal_decides_not_the_cross_product(tmp_path: Path) -> None:
    stack = one(phantom.mosaic(tmp_path / "m.dcm", normal=(0.0, 0.0, -1.0)))
    assert np.allclose(stack.geometry.positions_mm, [(-30, -40, -20 - 4 * z) for z in range(5, -1, -1)])
    pixels = np.zeros(stack.shape, stack.dtype)
    load_stack(stack, pixels)
    assert np.array_equal(pixels, phantom.head()[::-1])


def test_that_a_grid_is_taken_apart(tmp_path: Path) -> None:
    stack = one(phantom.uih_grid(tmp_path / "g.dcm"))
    assert np.allclose(stack.geometry.positions_mm, [(-30, -40, -20 + 4 * z) for z in range(6)])
    pixels = np.zeros(stack.shape, stack.dtype)
    load_stack(stack, pixels)
    assert np.array_equal(pixels, phantom.head())


@pytest.mark.parametrize("csa", [b"", b"SV10", b"SV10\4\3\2\1" + b"\xff" * 200, phantom.csa_header({})])
def test_that_a_mosaic_without_readable_csa_is_shown_whole_and_not_enhanced(
    tmp_path: Path, csa: bytes
) -> None:
    stack = one(phantom.mosaic(tmp_path / "m.dcm", csa=csa))
    assert stack.shape == (1, 144, 120)
    assert stack.why_not == "a mosaic that could not be taken apart"
    assert [problem.code for problem in stack.problems] == ["MOSAIC"]
    assert not stack.has_position


@pytest.mark.parametrize(
    "values",
    [
        {"NumberOfImagesInMosaic": ["17"], "SliceNormalVector": ["0", "0", "1"]},
        {"NumberOfImagesInMosaic": ["0"], "SliceNormalVector": ["0", "0", "1"]},
        {"NumberOfImagesInMosaic": ["1e9"], "SliceNormalVector": ["0", "0", "1"]},
        {"NumberOfImagesInMosaic": ["6"], "SliceNormalVector": ["0", "0", "9"]},
        {"NumberOfImagesInMosaic": ["6"], "SliceNormalVector": ["nan", "0", "1"]},
        {"NumberOfImagesInMosaic": ["six"], "SliceNormalVector": ["0", "0", "1"]},
    ],
)
def test_that_tiles_which_do_not_fit_are_not_guessed(tmp_path: Path, values: dict[str, list[str]]) -> None:
    stack = one(phantom.mosaic(tmp_path / "m.dcm", csa=phantom.csa_header(values)))
    assert stack.why_not == "a mosaic that could not be taken apart"


def test_that_a_grid_without_positions_is_shown_whole(tmp_path: Path) -> None:
    stack = one(phantom.uih_grid(tmp_path / "g.dcm", positions=False))
    assert stack.why_not == "a mosaic that could not be taken apart"


def test_that_the_tiles_of_real_scanners_lie_where_dcm2niix_puts_them(data: Path) -> None:
    siemens = one(data / "siemens_mosaic_sagittal")
    assert (siemens.slices, siemens.shape[1:]) == (36, (64, 64))
    assert (
        np.abs(np.asarray(siemens.geometry.positions_mm) - (-63.0, -116.355, 62.139)).max(axis=1).min() < 1e-3
    )
    assert siemens.geometry.step_mm == pytest.approx(3.6)
    uih = one(data / "uih_dti_grid")
    assert np.allclose(uih.geometry.positions_mm[0], (-154.648, -58.579, -9.219), atol=1e-3)
    assert np.allclose(uih.geometry.positions_mm[-1], (-156.958, -58.579, 70.548), atol=1e-3)


def test_that_both_versions_of_the_csa_header_are_read() -> None:
    version_2 = phantom.csa_header({"A": ["1", "2"], "B": ["text"]})
    assert csa_values(version_2) == {"A": ("1", "2"), "B": ("text",)}
    import struct

    def tag(name: bytes, texts: list[bytes], first: int) -> bytes:
        data = struct.pack("<64si4siii", name, len(texts), b"IS\0\0", 6, 6, 77)
        for index in range(6):
            text = texts[index] + b"\0" if index < len(texts) else b""
            data += struct.pack("<4i", len(text) + first, 77, 77, 77) + text + bytes(-len(text) % 4)
        return data

    version_1 = struct.pack("<II", 2, 77) + tag(b"A", [b"1", b"2"], 6) + tag(b"B", [b"text"], 6)
    assert csa_values(version_1) == {"A": ("1", "2"), "B": ("text",)}


@given(st.binary(max_size=400), st.integers(0, 300))
def test_that_no_bytes_make_the_csa_reader_fail(noise: bytes, at: int) -> None:
    good = phantom.csa_header({"NumberOfImagesInMosaic": ["6"], "SliceNormalVector": ["0", "0", "1"]})
    csa_values(noise)
    csa_values(b"SV10" + noise)
    csa_values(good[:at] + noise[:40] + good[at + 40 :])


def test_that_a_tile_outside_the_picture_is_refused() -> None:
    whole = np.arange(36).reshape(6, 6)
    assert cut_tile(whole, 3, 3, 3).tolist() == [[21, 22, 23], [27, 28, 29], [33, 34, 35]]
    for tile, rows, columns in ((4, 3, 3), (0, 7, 3), (0, 3, 7)):
        with pytest.raises(ValueError, match="not inside"):
            cut_tile(whole, tile, rows, columns)
